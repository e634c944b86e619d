import { queryOptions, skipToken } from "@tanstack/react-query";
import { answer, client } from "@/api/client";
import { pagedList } from "@/api/paged-list";
import type { components, paths } from "@/api/schema";

/** The operators' API: its words, and one place for what each page asks. */
type Schemas = components["schemas"];
export type Operator = Schemas["Operator"];
export type OperatorSession = Schemas["OperatorSession"];
export type Overview = Schemas["Overview"];
export type TrialBalance = Schemas["TrialBalance"];
export type VerifyStatus = Schemas["VerifyStatus"];
export type VerifyReport = Schemas["VerifyReport"];
export type Merchant = Schemas["Merchant"];
export type MerchantDetail = Schemas["MerchantDetail"];
export type MerchantWithKey = Schemas["MerchantWithKey"];
export type ApiKey = Schemas["ApiKey"];
export type IssuedKey = Schemas["IssuedKey"];
export type Funded = Schemas["Funded"];
export type AdminPayout = Schemas["AdminPayout"];
export type AdminPayoutTimeline = Schemas["AdminPayoutTimeline"];
export type AdminLedgerEntry = Schemas["AdminLedgerEntry"];
export type IdempotencyRecord = Schemas["IdempotencyRecord"];
export type OperatorAction = Schemas["OperatorAction"];
export type OperatorLine = Schemas["OperatorLine"];
export type OperatorWithPassword = Schemas["OperatorWithPassword"];
export type WorkerState = Schemas["WorkerState"];
export type RecentAnswer = Schemas["RecentAnswer"];
export type RailBank = Schemas["RailBank"];
export type MetBank = Schemas["MetBank"];
export type Decision = Schemas["Decision"];
export type AdminException = Schemas["AdminException"];
export type AdminWaitingReturn = Schemas["AdminWaitingReturn"];
export type Owner = AdminPayout["merchant"];

/** What is shown of the present: asked again at this pace while the page is looked at. */
const LIVE_MS = 5_000;
const WATCHING_MS = 1_000;

export const sessionQuery = queryOptions({
  queryKey: ["session"],
  queryFn: ({ signal }) => answer(client.GET("/admin/api/v1/session", { signal })),
  staleTime: Number.POSITIVE_INFINITY,
});

/** Whether the session of whoever was signed in here ended without their doing. */
export const endedQuery = queryOptions({
  queryKey: ["session-ended"],
  queryFn: skipToken,
  initialData: false,
  staleTime: Number.POSITIVE_INFINITY,
  gcTime: Number.POSITIVE_INFINITY,
});

export const overviewQuery = queryOptions({
  queryKey: ["overview"],
  queryFn: ({ signal }) => answer(client.GET("/admin/api/v1/overview", { signal })),
  refetchInterval: LIVE_MS,
});

export const operatorsQuery = queryOptions({
  queryKey: ["operators"],
  queryFn: ({ signal }) => answer(client.GET("/admin/api/v1/operators", { signal })),
  refetchInterval: LIVE_MS,
});

export const verifyQuery = queryOptions({
  queryKey: ["verify"],
  queryFn: ({ signal }) => answer(client.GET("/admin/api/v1/verify", { signal })),
  refetchInterval: (query) => (query.state.data?.running ? WATCHING_MS : LIVE_MS),
});

export const DOUBTFUL_LIMIT = 200;

export const doubtfulQuery = queryOptions({
  queryKey: ["doubtful"],
  queryFn: ({ signal }) =>
    answer(client.GET("/admin/api/v1/doubtful", { params: { query: { limit: DOUBTFUL_LIMIT } }, signal })),
  refetchInterval: LIVE_MS,
});

export const WAITING_LIMIT = 200;

export const waitingReturnsQuery = queryOptions({
  queryKey: ["waiting-returns"],
  queryFn: ({ signal }) =>
    answer(client.GET("/admin/api/v1/returns/waiting", { params: { query: { limit: WAITING_LIMIT } }, signal })),
  refetchInterval: LIVE_MS,
});

export const merchantQuery = (id: string) =>
  queryOptions({
    queryKey: ["merchant", id],
    queryFn: ({ signal }) => answer(client.GET("/admin/api/v1/merchants/{id}", { params: { path: { id } }, signal })),
    refetchInterval: LIVE_MS,
  });

const isUnderWay = (payout?: AdminPayoutTimeline) => payout?.status === "pending" || payout?.status === "processing";

export const payoutQuery = (merchant: string, id: string) =>
  queryOptions({
    queryKey: ["timeline", merchant, id],
    queryFn: ({ signal }) =>
      answer(
        client.GET("/admin/api/v1/merchants/{merchant}/payouts/{id}", { params: { path: { merchant, id } }, signal }),
      ),
    refetchInterval: (query) => (isUnderWay(query.state.data) ? WATCHING_MS : LIVE_MS),
  });

type ListName = "merchants" | "payouts" | "exceptions" | "ledger" | "records" | "actions";
type Row<Name extends ListName> =
  paths[`/admin/api/v1/${Name}`]["get"]["responses"][200]["content"]["application/json"][number];

const list = <Name extends ListName>(name: Name) =>
  pagedList<Row<Name>>(["list", name], (query, signal) => {
    // Every list takes its filters in the query; which ones, each page knows.
    const path = `/admin/api/v1/${name}` as "/admin/api/v1/merchants";
    return client.GET(path, { params: { query }, signal });
  });

export const merchantList = list("merchants");
export const payoutList = list("payouts");
export const exceptionList = list("exceptions");
export const ledgerList = list("ledger");
export const recordList = list("records");
export const actionList = list("actions");

export type Found = Schemas["AdminSearchAnswer"];

/** What a text names exactly, over all merchants. */
export const searchEverything = (q: string, signal: AbortSignal): Promise<Found> =>
  answer(client.GET("/admin/api/v1/search", { params: { query: { q } }, signal }));
