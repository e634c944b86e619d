import createClient from "openapi-fetch";
import { noteAnswer, noteLost } from "@/lib/connection";
import { ApiError, ConnectionLost } from "./errors";
import type { paths } from "./schema";

/** A server that takes a request and says nothing is as good as gone. Writing takes longer than reading. */
const READ_WITHIN_MS = 10_000;
const WRITE_WITHIN_MS = 30_000;

/** Ends a request whose answer does not come in time. Whoever sends it may end it sooner. */
function fetchInTime(request: Request): Promise<Response> {
  const within = request.method === "GET" ? READ_WITHIN_MS : WRITE_WITHIN_MS;
  return fetch(request, { signal: AbortSignal.any([request.signal, AbortSignal.timeout(within)]) });
}

/** Typed by the server's OpenAPI document. The browser sends the session's cookie with every request. */
export const client = createClient<paths>({ baseUrl: "", fetch: fetchInTime });

/** Answers of a proxy that cannot reach the server, or of a server that cannot reach its database. */
const UNREACHABLE = [502, 503, 504];

export interface Result<Data> {
  data?: Data;
  error?: unknown;
  response: Response;
}

/** An answer in full, or an error that says whether there was an answer at all. */
export async function whole<Data>(sending: Promise<Result<Data>>): Promise<{ data: Data; response: Response }> {
  let result: Result<Data>;
  try {
    result = await sending;
  } catch (cause) {
    // A body that breaks off in the middle ends here too: that is no answer either. (What the page cancels says
    // nothing about the server; what took too long does.)
    if (!(cause instanceof DOMException && cause.name === "AbortError")) noteLost();
    throw new ConnectionLost(cause);
  }
  const { response } = result;
  if (UNREACHABLE.includes(response.status)) noteLost();
  else noteAnswer();
  if (!response.ok) throw new ApiError(response, result.error);
  return { data: result.data as Data, response };
}

export const answer = async <Data>(sending: Promise<Result<Data>>): Promise<Data> => (await whole(sending)).data;
