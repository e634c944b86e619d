import { type ChildProcess, spawn } from "node:child_process";
import { createHmac } from "node:crypto";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { dirname, join, resolve } from "node:path";
import { createInterface } from "node:readline";
import { fileURLToPath } from "node:url";
import { DEADLINE_MS } from "./deadline.ts";

const dashboard = fileURLToPath(new URL("../..", import.meta.url));
const program = resolve(dashboard, process.env.PAYRAIL_BIN ?? "../target/debug/payrail");

/** Everything that takes seconds in a demonstration takes milliseconds in a test. */
const QUICK = {
  PAYRAIL_POLL_MS: "20",
  PAYRAIL_RETRY_BASE_MS: "200",
  // A silent bank ends the call itself, soon; a busy machine is given time.
  PAYRAIL_BANK_TIMEOUT_MS: "10000",
  PAYRAIL_LEASE_MS: "30000",
  PAYRAIL_BANK_SILENCE_MS: "300",
  PAYRAIL_BANK_RETURNS_AFTER_MS: "300",
  PAYRAIL_BANK_SEED: "7",
};

/** The all-in-one program in a folder of its own: API, worker, bank and pages. */
export class Server {
  /** Of the operator who works past the pages. */
  private cookie = "";

  private constructor(
    private child: ChildProcess,
    private readonly folder: string,
    private readonly settings: Record<string, string>,
    /** Where it listens, without a slash at the end. */
    readonly url: string,
  ) {}

  /** `payouts`: how many a merchant has made already, in the last 60 days, with ₹1,000 crore to spend. */
  static async start(settings: Record<string, string> = {}, payouts = 0): Promise<Server> {
    if (!existsSync(program)) throw new Error(`${program} is not there: build it, or set PAYRAIL_BIN`);
    const folder = await mkdtemp(join(tmpdir(), "payrail-browser-"));
    const child = serve(folder, settings);
    try {
      const started = new Server(child, folder, settings, await address(child));
      // Beside the server, which has made the database a demonstration.
      if (payouts > 0) await fill(folder, settings, payouts);
      return started;
    } catch (error) {
      child.kill("SIGKILL");
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  }

  /** A call as a client of the API makes it, past the browser. */
  async call(key: string, path: string, init: RequestInit = {}): Promise<Response> {
    const headers = { Authorization: `Api-Key ${key}`, "Content-Type": "application/json", ...init.headers };
    return await fetch(`${this.url}${path}`, { ...init, headers });
  }

  async json<T = unknown>(key: string, path: string): Promise<T> {
    const response = await this.call(key, path);
    if (!response.ok) throw new Error(`${path}: ${response.status} ${await response.text()}`);
    return (await response.json()) as T;
  }

  async payout(key: string, id: string): Promise<{ status: string; in_doubt: object | null }> {
    return await this.json(key, `/api/v1/payouts/${id}/`);
  }

  /** Asks for a payout past the browser; the id of what was accepted. */
  async pay(key: string, amount_paise: number, bank_account_id: string): Promise<string> {
    const response = await this.call(key, "/api/v1/payouts/", {
      method: "POST",
      headers: { "Idempotency-Key": crypto.randomUUID() },
      body: JSON.stringify({ amount_paise, bank_account_id }),
    });
    if (response.status !== 201) throw new Error(`not accepted: ${response.status} ${await response.text()}`);
    return ((await response.json()) as { id: string }).id;
  }

  /** What an operator does, past the pages. */
  private async operate(path: string, body: object): Promise<void> {
    const send = (to: string, what: object, headers: Record<string, string> = {}) =>
      fetch(`${this.url}/admin/api/v1/${to}`, {
        method: "POST",
        headers: { "Content-Type": "application/json", Origin: this.url, ...headers },
        body: JSON.stringify(what),
      });
    if (!this.cookie) {
      const signedIn = await send("session", { name: "admin", password: "payrail-demo-admin" });
      this.cookie = signedIn.headers
        .getSetCookie()
        .map((set) => set.split(";")[0])
        .join("; ");
    }
    const done = await send(path, body, { Cookie: this.cookie, "Idempotency-Key": crypto.randomUUID() });
    if (!done.ok) throw new Error(`${path}: ${done.status} ${await done.text()}`);
  }

  async fund(merchant: string, amount_paise: number, description: string): Promise<void> {
    await this.operate(`merchants/${merchant}/fund`, { amount_paise, description });
  }

  /** Ends doubts about a merchant's payouts, as the bank's letter says. */
  async resolve(key: string, ids: readonly string[], outcome: "paid" | "not_paid", reason: string): Promise<void> {
    const { id: merchant } = await this.json<{ id: string }>(key, "/api/v1/me/");
    const utr = outcome === "paid" ? { utr: `UTR${Date.now()}` } : {};
    for (const id of ids) await this.operate(`merchants/${merchant}/payouts/${id}/decide`, { outcome, reason, ...utr });
  }

  /** Ends the process but keeps its data: a server that is gone. */
  async kill(): Promise<void> {
    await ended(this.child, "SIGKILL");
  }

  /** A worker in a process of its own, on the same database. */
  startWorker(): { kill: () => Promise<void> } {
    const worker = serve(this.folder, { ...this.settings, PAYRAIL_ROLE: "worker" });
    return { kill: () => ended(worker, "SIGKILL") };
  }

  /** It takes connections and answers nothing: a machine that hangs. */
  hang(): void {
    this.child.kill("SIGSTOP");
  }

  goOn(): void {
    this.child.kill("SIGCONT");
  }

  /** The same server again, at the same address; some of its settings may be others. */
  async restart(changed: Record<string, string> = {}): Promise<void> {
    this.child = serve(this.folder, { ...this.settings, PAYRAIL_ADDR: new URL(this.url).host, ...changed });
    await address(this.child);
  }

  async stop(): Promise<void> {
    await ended(this.child, "SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** No setting of the outer world's may leak in. */
const environment = (folder: string, settings: Record<string, string>) => ({
  PATH: process.env.PATH,
  DATABASE_URL: `sqlite://${join(folder, "payrail.db")}`,
  PAYRAIL_BANK_BOOK: join(folder, "bank.db"),
  PAYRAIL_ADDR: "127.0.0.1:0",
  PAYRAIL_BANK_ADDR: "127.0.0.1:0",
  PAYRAIL_LOG: "error",
  ...QUICK,
  ...settings,
});

/** A simulated bank in a process and a folder of its own. */
export class Bank {
  private constructor(
    private readonly child: ChildProcess,
    private readonly folder: string,
    readonly url: string,
  ) {}

  static async start(): Promise<Bank> {
    const folder = await mkdtemp(join(tmpdir(), "payrail-bank-"));
    const child = run("bank", folder, {});
    return new Bank(child, folder, await address(child));
  }

  async identity(): Promise<string> {
    const stated = (await (await fetch(`${this.url}/v1/identity`)).json()) as { identity: string };
    return stated.identity;
  }

  /** How many payouts it was sent. */
  async transfers(): Promise<number> {
    const list = (await (await fetch(`${this.url}/v1/transfers`)).json()) as { transfers: unknown[] };
    return list.transfers.length;
  }

  async stop(): Promise<void> {
    await ended(this.child, "SIGTERM");
    await rm(this.folder, { recursive: true, force: true });
  }
}

const serve = (folder: string, settings: Record<string, string>): ChildProcess => run("serve", folder, settings);

const run = (command: string, folder: string, settings: Record<string, string>): ChildProcess =>
  spawn(program, [command], {
    cwd: folder,
    stdio: ["ignore", "pipe", "inherit"],
    env: environment(folder, settings),
  });

const KEYS_SEED = "browser";
/** The key of the merchant with a history. */
export const FILLED = `prk_${createHmac("sha256", KEYS_SEED).update("0").digest("hex")}`;

async function fill(folder: string, settings: Record<string, string>, payouts: number): Promise<void> {
  const options = ["--merchants", "1", "--payouts", String(payouts), "--days", "60", "--keys-seed", KEYS_SEED];
  const child = spawn(join(dirname(program), "payrail-bench"), ["fill", ...options, "--json"], {
    cwd: folder,
    stdio: ["ignore", "ignore", "inherit"],
    env: environment(folder, settings),
  });
  const status = await new Promise<number | null>((done) => child.once("exit", done));
  if (status !== 0) throw new Error(`payrail-bench fill ended with status ${status}`);
}

export const ACME = "api-key-acme-agency";
export const FIAZ = "api-key-freelancer-fiaz";
export const TINY = "api-key-tiny-studio";

/** The program says where it listens: the port was the system's choice. */
function address(child: ChildProcess): Promise<string> {
  return new Promise((found, failed) => {
    const late = setTimeout(() => failed(new Error("payrail did not say where it listens")), DEADLINE_MS);
    child.once("error", failed);
    child.once("exit", (code) => failed(new Error(`payrail ended with status ${code} before it listened`)));
    const lines = createInterface({ input: child.stdout as NodeJS.ReadableStream });
    lines.on("line", (line) => {
      const port = /listening on http:\/\/[^\s:]+:(\d+)/.exec(line)?.[1];
      if (!port) return;
      clearTimeout(late);
      found(`http://127.0.0.1:${port}`);
    });
  });
}

async function ended(child: ChildProcess, signal: NodeJS.Signals): Promise<void> {
  if (child.exitCode !== null || child.signalCode !== null) return;
  // A test may have failed while it hung.
  child.kill("SIGCONT");
  const gone = new Promise<void>((done) => child.once("exit", () => done()));
  child.kill(signal);
  await gone;
}
