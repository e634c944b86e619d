import createClient from "openapi-fetch";
import { noteAnswer, noteLost } from "@/lib/connection";
import { ApiError, ConnectionLost } from "./errors";
import type { paths } from "./schema";

/** Typed by the server's own OpenAPI document. The session's cookie goes along by itself. */
export const client = createClient<paths>({ baseUrl: "" });

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
    // A body that breaks off in the middle ends here too: that is no answer either. (What we cancel says nothing.)
    if (!(cause instanceof DOMException && cause.name === "AbortError")) noteLost();
    throw new ConnectionLost(cause);
  }
  const { response } = result;
  noteAnswer();
  if (!response.ok) throw new ApiError(response, result.error);
  return { data: result.data as Data, response };
}

export const answer = async <Data>(sending: Promise<Result<Data>>): Promise<Data> => (await whole(sending)).data;
