import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { DEADLINE_MS } from "./harness/deadline.ts";

/** Tests in a real browser against a real server: `npm run test:browser`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    environment: "node",
    include: ["browser/**/*.spec.ts"],
    // Each file has a server, a bank and a browser of its own; more of them at once only get slower.
    maxWorkers: 2,
    // What a test waits for has a deadline of its own. Longer than several of those: its message is the better one.
    testTimeout: 5 * DEADLINE_MS,
    hookTimeout: 5 * DEADLINE_MS,
    slowTestThreshold: 15_000,
    expect: { poll: { timeout: DEADLINE_MS, interval: 50 } },
  },
});
