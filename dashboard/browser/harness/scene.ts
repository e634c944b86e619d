import { fileURLToPath } from "node:url";
import type { Browser } from "playwright-core";
import { afterAll, afterEach, beforeAll } from "vitest";
import { launch, Watched } from "./browser.ts";
import { Server } from "./server.ts";

const FAILURES = fileURLToPath(new URL("../../../target/browser-failures/", import.meta.url));

type OpenOptions = NonNullable<Parameters<typeof Watched.open>[2]> & { host?: string };

/** A server and a browser for the tests of a file; each test opens windows of its own, which close with it. */
export class Scene {
  private browserOrNull: Browser | null = null;
  private serverOrNull: Server | null = null;
  private windows: Watched[] = [];

  get server(): Server {
    if (!this.serverOrNull) throw new Error("the server has not been started");
    return this.serverOrNull;
  }

  /** `host`: a name for this machine other than its address. */
  async open({ host, ...options }: OpenOptions = {}): Promise<Watched> {
    if (!this.browserOrNull) throw new Error("the browser has not been started");
    const origin = host ? this.server.url.replace("127.0.0.1", host) : this.server.url;
    const opened = await Watched.open(this.browserOrNull, origin, options);
    this.windows.push(opened);
    return opened;
  }

  async start(settings: Record<string, string>, payouts: number): Promise<void> {
    [this.browserOrNull, this.serverOrNull] = await Promise.all([launch(), Server.start(settings, payouts)]);
  }

  /** What the windows of a failed test show, for whoever looks into it. */
  async keepPictures(name: string): Promise<void> {
    const file = (index: number) => `${FAILURES}${name.replace(/\W+/g, "-").slice(0, 80)}-${index}.png`;
    await Promise.allSettled(this.windows.map(({ page }, index) => page.screenshot({ path: file(index) })));
  }

  /** Fails if anything went wrong in a window. */
  async closeWindows(): Promise<void> {
    const windows = this.windows.splice(0);
    const ended = await Promise.allSettled(windows.map((window) => window.close()));
    for (const end of ended) if (end.status === "rejected") throw end.reason;
  }

  async stop(): Promise<void> {
    await this.browserOrNull?.close();
    await this.serverOrNull?.stop();
  }
}

/** `payouts`: how many a merchant (`FILLED`) has made already. */
export function scene(settings: Record<string, string> = {}, payouts = 0): Scene {
  const made = new Scene();
  beforeAll(() => made.start(settings, payouts), 180_000);
  afterEach(async ({ task }) => {
    if (task.result?.state === "fail") await made.keepPictures(task.name);
    await made.closeWindows();
  });
  afterAll(() => made.stop());
  return made;
}
