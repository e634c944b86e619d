import { createServer, type IncomingMessage, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { json } from "node:stream/consumers";

interface Order {
  reference: string;
  amount_paise: number;
  bank_account_id: string;
}

/** As the bank's list of returns has it. */
interface Returned {
  number: number;
  reference: string;
  amount_paise: number;
  utr: string;
  reason: string;
  returned_at: string;
}

/** The account that gets no definite answer. */
export const SILENT = "bank-says-nothing";

/** A bank that pays what it is told to, and states returns that the test makes up. Its address is its name. */
export class LyingBank {
  private readonly returns: Returned[] = [];
  private readonly server: Server;

  private constructor() {
    this.server = createServer(async (request, response) => {
      const body = await this.answer(request);
      response.writeHead(body ? 200 : 503, { "Content-Type": "application/json" });
      response.end(JSON.stringify(body ?? {}));
    });
  }

  static async open(): Promise<LyingBank> {
    const bank = new LyingBank();
    await new Promise<void>((listens) => bank.server.listen(0, "127.0.0.1", listens));
    return bank;
  }

  get url(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`;
  }

  /** Under what the bank says that it paid. */
  static utr = (reference: string): string => `UTR${reference.slice(-12).toUpperCase()}`;

  /** From now on its list of returns has this line too. */
  state(reference: string, amount_paise: number, utr = LyingBank.utr(reference)): void {
    const number = this.returns.length + 1;
    this.returns.push({
      number,
      reference,
      amount_paise,
      utr,
      reason: "came back",
      returned_at: "2026-01-01T00:00:00Z",
    });
  }

  async close(): Promise<void> {
    this.server.closeAllConnections();
    await new Promise((closed) => this.server.close(closed));
  }

  private async answer(request: IncomingMessage): Promise<object | null> {
    const url = new URL(request.url ?? "/", this.url);
    const after = Number(url.searchParams.get("after"));
    if (url.pathname === "/v1/returns") return { returns: this.returns.filter(({ number }) => number > after) };
    if (request.method === "GET" && url.pathname === "/v1/transfers") return { transfers: [] };
    if (request.method !== "POST" || url.pathname !== "/v1/transfers") return null;
    const { reference, amount_paise, bank_account_id } = (await json(request)) as Order;
    if (bank_account_id === SILENT) return null;
    return { status: "paid", utr: LyingBank.utr(reference), reference, amount_paise };
  }
}
