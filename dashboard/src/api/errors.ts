import type { Problem } from "./types";

/** The server answered, and the answer is no. */
export class ApiError extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Partial<Problem> & Record<string, unknown>;
  readonly retryAfterSeconds: number | null;

  constructor(response: Response, body: unknown) {
    const problem = typeof body === "object" && body !== null ? (body as Partial<Problem>) : {};
    super(problem.detail ?? `The server answered ${response.status}.`);
    this.name = "ApiError";
    this.status = response.status;
    this.code = problem.code ?? "";
    this.problem = problem;
    const seconds = Number(response.headers.get("retry-after") ?? Number.NaN);
    this.retryAfterSeconds = Number.isFinite(seconds) ? seconds : null;
  }

  /** The sentences about one field, if the server has any. */
  field(name: string): string[] {
    const texts = this.problem[name];
    return Array.isArray(texts) ? texts.filter((text): text is string => typeof text === "string") : [];
  }
}

/** No answer came, or not all of one: nothing is known of what the server did. */
export class ConnectionLost extends Error {
  constructor(cause: unknown) {
    super("The server cannot be reached.", { cause });
    this.name = "ConnectionLost";
  }
}

/** An error in words for a person. */
export function inWords(error: unknown): string {
  if (error instanceof ConnectionLost) return "The server cannot be reached. Check the connection and try again.";
  if (error instanceof ApiError && error.status === 429) {
    const seconds = error.retryAfterSeconds;
    return seconds ? `Too many attempts. Try again in ${seconds} s.` : "Too many attempts. Try again in a while.";
  }
  if (error instanceof ApiError) return error.message;
  return "Something went wrong on this page. Reload it and try again.";
}
