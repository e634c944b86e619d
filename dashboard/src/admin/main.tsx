import "./admin.css";
import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { makeQueryClient } from "@/api/query-client";
import { start } from "@/ui/start";
import { AppName } from "@/ui/use-title";
import { endedQuery, sessionQuery } from "./queries";
import { router } from "./router";

document.documentElement.dataset.app = "admin";

// Whoever was signed in is asked to sign in again, on the page where they are.
const queries = makeQueryClient((client) => {
  const session = client.getQueryData(sessionQuery.queryKey);
  if (!session?.operator) return;
  client.setQueryData(endedQuery.queryKey, true);
  client.setQueryData(sessionQuery.queryKey, { ...session, operator: null, expires_at: null });
});

start(
  <AppName value="PayRail Admin">
    <QueryClientProvider client={queries}>
      <RouterProvider router={router} />
    </QueryClientProvider>
  </AppName>,
);
