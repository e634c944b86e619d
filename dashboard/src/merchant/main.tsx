import { QueryClientProvider } from "@tanstack/react-query";
import { RouterProvider } from "@tanstack/react-router";
import { makeQueryClient } from "@/api/query-client";
import { start } from "@/ui/start";
import { router } from "./router";
import { noteSessionEnd } from "./session";

const client = makeQueryClient(noteSessionEnd);

start(
  <QueryClientProvider client={client}>
    <RouterProvider router={router} />
  </QueryClientProvider>,
);
