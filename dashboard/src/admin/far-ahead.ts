/** No wait that settings allow is longer; the server decides by the same bound. */
const LONGEST_WAIT_MS = 3_600_000;

export const isFarAhead = (dueAt: string, now: number) => new Date(dueAt).getTime() > now + LONGEST_WAIT_MS;
