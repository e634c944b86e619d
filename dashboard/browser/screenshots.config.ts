import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";
import { DEADLINE_MS } from "./harness/deadline.ts";

/** Takes the pictures, on the same harness as the tests: `npm run screenshots`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    environment: "node",
    include: ["browser/screenshots.ts"],
    maxWorkers: 1,
    testTimeout: 5 * DEADLINE_MS,
    hookTimeout: 5 * DEADLINE_MS,
    expect: { poll: { timeout: DEADLINE_MS, interval: 50 } },
  },
});
