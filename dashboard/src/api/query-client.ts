import { MutationCache, QueryCache, QueryClient } from "@tanstack/react-query";
import { ApiError } from "./errors";

const RETRIES = 2;

/** What a further try cannot mend is not tried again. */
function retry(failures: number, error: Error): boolean {
  const isFinal = error instanceof ApiError && error.status < 500;
  return !isFinal && failures < RETRIES;
}

/** `onSignedOut` is told when an answer says that nobody is signed in any more. */
export function makeQueryClient(onSignedOut: (client: QueryClient) => void): QueryClient {
  const look = (error: Error) => {
    if (error instanceof ApiError && error.status === 401 && error.code !== "invalid_api_key") onSignedOut(client);
  };
  const client: QueryClient = new QueryClient({
    queryCache: new QueryCache({ onError: look }),
    mutationCache: new MutationCache({ onError: look }),
    defaultOptions: {
      // Without a network a query fails, and says so, rather than waiting in silence.
      queries: { retry, staleTime: 5_000, networkMode: "always", retryDelay: (count) => 500 * 2 ** count },
      mutations: { retry: false, networkMode: "always" },
    },
  });
  return client;
}
