import { type Browser, type BrowserContext, type BrowserContextOptions, chromium, type Page } from "playwright-core";
import { expect } from "vitest";
import { DEADLINE_MS } from "./deadline.ts";

/** A name for this machine that is not `localhost`: over plain HTTP its pages are no secure context. */
export const PLAIN_HOST = "payrail.internal";

/** Chromium reaches for nothing but what a page asks of it. */
const FLAGS = [
  `--host-resolver-rules=MAP ${PLAIN_HOST} 127.0.0.1`,
  "--no-sandbox",
  "--disable-background-networking",
  "--disable-quic",
  "--no-first-run",
  "--disable-component-update",
  "--disable-sync",
];

export const launch = (): Promise<Browser> =>
  chromium.launch({ executablePath: process.env.CHROMIUM_BIN ?? "/usr/bin/chromium", args: FLAGS });

export const DESKTOP = { width: 1280, height: 800 };
export const PHONE = { width: 390, height: 844 };

interface WatchOptions extends BrowserContextOptions {
  /** Origins besides its own that the page is meant to call. */
  alsoCalls?: string[];
}

/** A page under watch: whatever goes wrong in it fails the test, unless the test said that it would. */
export class Watched {
  private readonly faults: string[] = [];
  private readonly allowed: RegExp[] = [];

  private constructor(
    readonly context: BrowserContext,
    readonly page: Page,
    private readonly origins: Set<string>,
  ) {}

  static async open(browser: Browser, origin: string, options: WatchOptions = {}): Promise<Watched> {
    const { alsoCalls = [], ...rest } = options;
    const context = await browser.newContext({
      baseURL: origin,
      viewport: DESKTOP,
      locale: "en-IN",
      timezoneId: "Asia/Kolkata",
      reducedMotion: "reduce",
      ...rest,
    });
    context.setDefaultTimeout(DEADLINE_MS);
    const watched = new Watched(context, await context.newPage(), new Set([origin, ...alsoCalls]));
    await watched.watch();
    return watched;
  }

  /** A refusal that the test provokes: the browser reports every answer of 400 and more as an error. */
  allow(...expected: RegExp[]): this {
    this.allowed.push(...expected);
    return this;
  }

  /** Ends the page; fails if anything went wrong in it. */
  async close(): Promise<void> {
    await this.context.close();
    expect(this.faults.filter((fault) => !this.allowed.some((pattern) => pattern.test(fault)))).toEqual([]);
  }

  private async watch(): Promise<void> {
    await this.context.addInitScript(() => {
      document.addEventListener("securitypolicyviolation", (event) => {
        console.error(`Content-Security-Policy: ${event.violatedDirective} refused ${event.blockedURI}`);
      });
    });
    this.context.on("console", (message) => {
      if (message.type() !== "error" && message.type() !== "warning") return;
      this.faults.push(`console: ${message.text()} (${message.location().url})`);
    });
    this.context.on("weberror", (error) => this.faults.push(`uncaught: ${error.error().stack ?? error.error()}`));
    this.context.on("request", (request) => {
      const url = new URL(request.url());
      if (url.protocol.startsWith("http") && !this.origins.has(url.origin)) {
        this.faults.push(`a request left the origin: ${request.url()}`);
      }
    });
  }
}
