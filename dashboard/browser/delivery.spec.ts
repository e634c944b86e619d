import type { Browser, Response } from "playwright-core";
import { afterAll, beforeAll, describe, expect, test } from "vitest";
import { launch, Watched } from "./harness/browser.ts";
import { Server } from "./harness/server.ts";

// How the pages come over the wire: small, compressed, cacheable, and with a policy that lets nothing else in.
const FIRST_PAGE_MAX = 250_000;
const WORTH_COMPRESSING = 512;

let browser: Browser;
let server: Server;

beforeAll(async () => {
  [browser, server] = await Promise.all([launch(), Server.start()]);
});
afterAll(async () => {
  await browser?.close();
  await server?.stop();
});

const ends = { "the merchant's page": "/", "the operator's page": "/admin/" };

describe.each(Object.entries(ends))("%s", (_name, path) => {
  test("is fetched in less than 250 kB, compressed, its parts cacheable for ever", async () => {
    const watched = await Watched.open(browser, server.url);
    const responses: Response[] = [];
    watched.page.on("response", (response) => responses.push(response));
    await watched.page.goto(path, { waitUntil: "networkidle" });
    await watched.page.getByRole("heading").first().waitFor();

    let bytes = 0;
    for (const response of responses) {
      const sizes = await response.request().sizes();
      bytes += sizes.responseBodySize + sizes.responseHeadersSize;
      const { pathname } = new URL(response.url());
      if (!pathname.startsWith("/assets/")) continue;
      const headers = await response.allHeaders();
      expect(pathname).toMatch(/-[\w-]{8,}\.\w+$/);
      expect(headers["cache-control"], pathname).toBe("public, max-age=31536000, immutable");
      // Below that size the headers weigh more than the compression saves.
      if (/\.(js|css)$/.test(pathname) && sizes.responseBodySize > WORTH_COMPRESSING) {
        expect(headers["content-encoding"], pathname).toMatch(/^(br|gzip)$/);
        expect(headers.vary, pathname).toMatch(/accept-encoding/i);
      }
    }
    console.log(`${path}: ${(bytes / 1000).toFixed(1)} kB in ${responses.length} answers, headers included`);
    expect(bytes).toBeGreaterThan(20_000);
    expect(bytes).toBeLessThan(FIRST_PAGE_MAX);
    await watched.close();
  });

  test("comes with the security headers, and a new nonce each time", async () => {
    const get = () => fetch(`${server.url}${path}`, { headers: { Accept: "text/html" } });
    const [first, second] = await Promise.all([get(), get()]);
    const policy = first.headers.get("content-security-policy") ?? "";
    const nonce = /style-src 'self' 'nonce-([^']+)'/.exec(policy)?.[1] ?? "";
    expect(nonce.length).toBeGreaterThanOrEqual(16);
    expect(policy.split("; ").sort()).toEqual(
      [
        "default-src 'none'",
        "script-src 'self'",
        `style-src 'self' 'nonce-${nonce}'`,
        "img-src 'self' data:",
        "font-src 'self'",
        "connect-src 'self'",
        "base-uri 'none'",
        "form-action 'self'",
        "frame-ancestors 'none'",
      ].sort(),
    );
    expect(Object.fromEntries(first.headers)).toMatchObject({
      "cache-control": "no-cache",
      "x-content-type-options": "nosniff",
      "x-frame-options": "DENY",
      "referrer-policy": expect.stringMatching(/^(no-referrer|same-origin|strict-origin)/),
      "permissions-policy": expect.stringContaining("camera=()"),
      "cross-origin-opener-policy": "same-origin",
      "cross-origin-resource-policy": "same-origin",
    });
    const html = await first.text();
    expect(html).toContain(nonce);
    expect(html).not.toContain("__CSP_NONCE__");
    expect(second.headers.get("content-security-policy")).not.toContain(nonce);
  });
});

test("a script that somebody slipped into the page does not run", async () => {
  const watched = await Watched.open(browser, server.url);
  watched.allow(/Content.Security.Policy/i);
  await watched.page.goto("/");
  const ran = await watched.page.evaluate(async () => {
    const script = document.createElement("script");
    script.textContent = "globalThis.slippedIn = true";
    const refused = new Promise((done) => document.addEventListener("securitypolicyviolation", done));
    document.body.append(script);
    await refused;
    return "slippedIn" in globalThis;
  });
  expect(ran).toBe(false);
  await watched.close();
});

test("a deep link is answered with its page, an unknown path of the API with JSON", async () => {
  const html = { headers: { Accept: "text/html" } };
  for (const [path, title] of [
    ["/payouts/some-id", "<title>PayRail</title>"],
    ["/admin/merchants/some-id", "<title>PayRail Admin</title>"],
  ] as const) {
    const response = await fetch(`${server.url}${path}`, html);
    expect(response.status).toBe(200);
    expect(await response.text()).toContain(title);
  }
  for (const path of ["/api/v1/no-such", "/admin/api/v1/no-such", "/assets/no-such.js"]) {
    const response = await fetch(`${server.url}${path}`, html);
    expect(response.status, path).toBe(404);
    expect(response.headers.get("content-type"), path).toMatch(/json/);
  }
});
