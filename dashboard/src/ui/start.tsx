import "./styles.css";
import { type ReactNode, StrictMode } from "react";
import { createRoot } from "react-dom/client";
import { allowOwnStyles } from "./nonce";
import { startTheme } from "./theme";
import { Toasts } from "./toast";
import { TooltipProvider } from "./tooltip";

/** What both applications do first: the theme before anything is drawn, then the page. */
export function start(page: ReactNode): void {
  allowOwnStyles();
  startTheme();
  const root = document.getElementById("root");
  if (!root) throw new Error("The page has no #root to draw into.");
  createRoot(root).render(
    <StrictMode>
      <TooltipProvider>
        <Toasts>{page}</Toasts>
      </TooltipProvider>
    </StrictMode>,
  );
}
