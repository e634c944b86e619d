import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Takes the pictures, on the same harness as the tests: `npm run screenshots`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    environment: "node",
    include: ["browser/screenshots.ts"],
    maxWorkers: 1,
    testTimeout: 300_000,
    hookTimeout: 60_000,
  },
});
