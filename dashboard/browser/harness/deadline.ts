/** How long a test waits for anything: far longer than a busy machine needs, so that only a hang uses it up. */
export const DEADLINE_MS = 120_000;
