import { expect } from "vitest";
import type { Server } from "./server.ts";

/** Waits until a payout is in doubt. */
export const untilInDoubt = async (server: Server, key: string, id: string): Promise<void> => {
  await expect.poll(async () => (await server.payout(key, id)).in_doubt).not.toBeNull();
};

/** A payout in doubt: its bank account never answers. */
export async function payInDoubt(server: Server, key: string, paise: number): Promise<string> {
  const id = await server.pay(key, paise, "demo-silent");
  await untilInDoubt(server, key, id);
  return id;
}
