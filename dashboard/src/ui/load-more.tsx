import type { ReactNode } from "react";
import { Button } from "./button";

interface LoadMoreProps {
  isBusy: boolean;
  onClick: () => void;
  error?: string | null;
  children: ReactNode;
}

/** The end of a list that goes on. */
export function LoadMore({ isBusy, onClick, error, children }: LoadMoreProps) {
  return (
    <div className="flex flex-col items-center gap-2 border-line border-t p-3">
      {error && (
        <p role="alert" className="text-bad">
          {error}
        </p>
      )}
      <Button variant="ghost" isBusy={isBusy} onClick={onClick}>
        {children}
      </Button>
    </div>
  );
}
