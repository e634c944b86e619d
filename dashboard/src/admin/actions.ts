import { useMutation, useQueryClient } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { type Decision, endedQuery, sessionQuery } from "./queries";

const isAboutSession = (name: unknown) => String(name).startsWith("session");

/** Everything that an operator can do. Whatever it was, what is on show is fetched anew after it. */
function useAct<Given, Answer>(act: (given: Given) => Promise<Answer>) {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: act,
    // Refused or not: the refusal may well be news of what happened meanwhile. It is not waited for: what was
    // acted on may be gone from the page afterwards, and with it whoever has to say how it went.
    onSettled: () => void queries.invalidateQueries({ predicate: ({ queryKey }) => !isAboutSession(queryKey[0]) }),
  });
}

export function useSignIn() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { name: string; password: string }) => answer(client.POST("/admin/api/v1/session", { body })),
    onSuccess: (session) => {
      queries.removeQueries({ predicate: ({ queryKey }) => !isAboutSession(queryKey[0]) });
      queries.setQueryData(endedQuery.queryKey, false);
      queries.setQueryData(sessionQuery.queryKey, session);
    },
  });
}

export function useSignOut() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: () => answer(client.DELETE("/admin/api/v1/session")),
    onSuccess: () => {
      queries.setQueryData(endedQuery.queryKey, false);
      queries.setQueryData(sessionQuery.queryKey, (session) => session && { ...session, operator: null });
      return queries.invalidateQueries({ queryKey: sessionQuery.queryKey });
    },
  });
}

export const useCreateMerchant = () =>
  useAct((body: { name: string; email: string }) => answer(client.POST("/admin/api/v1/merchants", { body })));

export const useIssueKey = (id: string) =>
  useAct(() => answer(client.POST("/admin/api/v1/merchants/{id}/keys", { params: { path: { id } } })));

export const useRotateKey = (id: string) =>
  useAct((key_id: string) =>
    answer(client.POST("/admin/api/v1/merchants/{id}/keys/{key_id}/rotate", { params: { path: { id, key_id } } })),
  );

export const useRevokeKey = (id: string) =>
  useAct((key_id: string) =>
    answer(client.POST("/admin/api/v1/merchants/{id}/keys/{key_id}/revoke", { params: { path: { id, key_id } } })),
  );

/** `key` names the intention: sent again after a lost answer it funds no second time. */
export const useFund = (id: string) =>
  useAct(({ key, ...body }: { key: string; amount_paise: number; description: string }) =>
    answer(
      client.POST("/admin/api/v1/merchants/{id}/fund", {
        params: { path: { id }, header: { "Idempotency-Key": key } },
        body,
      }),
    ),
  );

export const useAsk = () =>
  useAct((path: { merchant: string; id: string }) =>
    answer(client.POST("/admin/api/v1/merchants/{merchant}/payouts/{id}/ask", { params: { path } })),
  );

/** The next step, which a wrong clock set far in the future, is due at once. */
export const useBringForward = (merchant: string, id: string) =>
  useAct((reason: string) =>
    answer(
      client.POST("/admin/api/v1/merchants/{merchant}/payouts/{id}/bring-forward", {
        params: { path: { merchant, id } },
        body: { reason },
      }),
    ),
  );

export const useDecide = (merchant: string, id: string) =>
  useAct((body: Decision) =>
    answer(
      client.POST("/admin/api/v1/merchants/{merchant}/payouts/{id}/decide", {
        params: { path: { merchant, id } },
        body,
      }),
    ),
  );

export const useResolveException = (id: string) =>
  useAct((reason: string) =>
    answer(client.POST("/admin/api/v1/exceptions/{id}/resolve", { params: { path: { id } }, body: { reason } })),
  );

export const useConfirmBank = () =>
  useAct((body: { rail: string; identity: string; under_way: number; reason: string }) =>
    answer(client.POST("/admin/api/v1/bank/confirm", { body })),
  );

export const useInvite = () =>
  useAct((body: { name: string; role: "viewer" | "operator" }) =>
    answer(client.POST("/admin/api/v1/operators", { body })),
  );

export const useDisableOperator = () =>
  useAct((id: string) => answer(client.POST("/admin/api/v1/operators/{id}/disable", { params: { path: { id } } })));

export const useEnableOperator = () =>
  useAct((id: string) => answer(client.POST("/admin/api/v1/operators/{id}/enable", { params: { path: { id } } })));

export const useResetPassword = () =>
  useAct((id: string) =>
    answer(client.POST("/admin/api/v1/operators/{id}/reset-password", { params: { path: { id } } })),
  );

/** An operator's own. The session goes on, and is told anew: with a one-time password nothing else was open. */
export function useChangePassword() {
  const queries = useQueryClient();
  return useMutation({
    mutationFn: (body: { current_password: string; new_password: string }) =>
      answer(client.POST("/admin/api/v1/session/password", { body })),
    onSuccess: (session) => queries.setQueryData(sessionQuery.queryKey, session),
  });
}

export const useVerify = () => useAct(() => answer(client.POST("/admin/api/v1/verify")));
