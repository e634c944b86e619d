import "./admin.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { makeQueryClient } from "@/api/query-client";
import { start } from "@/ui/start";
import { AppName } from "@/ui/use-title";
import { sessionQuery } from "./queries";
import { router } from "./router";

document.documentElement.dataset.app = "admin";

// Whoever was signed in is asked to sign in again, on the page where they are.
const queries = makeQueryClient((client) => {
  client.setQueryData(sessionQuery.queryKey, (session) => session && { ...session, operator: null, expires_at: null });
});

start(
  <AppName value="PayRail Admin">
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </AppName>,
);
