import { type QueryClient, queryOptions, skipToken, useQuery, useQueryClient } from "@tanstack/react-query";
import { createContext, useContext } from "react";
import type { Session } from "@/api/types";
import { signOut } from "./actions";
import { sessionQuery } from "./queries";

export type Merchant = NonNullable<Session["merchant"]>;

/** Who was signed in when the session ended by itself; null when nobody was, or they signed out. */
const endedQuery = queryOptions({
  queryKey: ["session-ended"],
  queryFn: skipToken,
  initialData: null as Merchant | null,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

/** Drops all that was read for the merchant, but not what is known of the session itself. */
function clearReadings(client: QueryClient): void {
  client.removeQueries({ predicate: ({ queryKey }) => !String(queryKey[0]).startsWith("session") });
}

/** An answer said that nobody is signed in any more: the sign-in page shows, at the address one was at. */
export function noteSessionEnd(client: QueryClient): void {
  const session = client.getQueryData(sessionQuery.queryKey);
  if (!session?.merchant) return;
  client.setQueryData(endedQuery.queryKey, session.merchant);
  client.setQueryData(sessionQuery.queryKey, { ...session, merchant: null, expires_at: null });
}

export const useEndedSession = (): Merchant | null => useQuery(endedQuery).data ?? null;

/** Takes the answer to a sign-in for the session from now on. */
export function useSignedIn(): (session: Session) => void {
  const client = useQueryClient();
  return (session) => {
    clearReadings(client);
    client.setQueryData(endedQuery.queryKey, null);
    client.setQueryData(sessionQuery.queryKey, session);
  };
}

/** Ends the session on the server first: a page that only looks signed out would be a lie. */
export function useSignOut(): () => Promise<void> {
  const client = useQueryClient();
  return async () => {
    await signOut();
    const session = client.getQueryData(sessionQuery.queryKey);
    client.setQueryData(endedQuery.queryKey, null);
    if (session) client.setQueryData(sessionQuery.queryKey, { ...session, merchant: null, expires_at: null });
    clearReadings(client);
  };
}

export interface SignedIn {
  merchant: Merchant;
  /** The program runs as a demonstration: demo accounts and the double-spend panel are offered. */
  isDemo: boolean;
}

export const SignedInContext = createContext<SignedIn | null>(null);

export function useSignedInMerchant(): SignedIn {
  const signedIn = useContext(SignedInContext);
  if (!signedIn) throw new Error("Only pages behind the sign-in may ask who is signed in.");
  return signedIn;
}
