import { fileURLToPath } from "node:url";
import { defineConfig } from "vitest/config";

/** Tests in a real browser against a real server: `npm run test:browser`. */
export default defineConfig({
  root: fileURLToPath(new URL("..", import.meta.url)),
  test: {
    environment: "node",
    include: ["browser/**/*.spec.ts"],
    // Each file has a server, a bank and a browser of its own; more of them at once only get slower.
    maxWorkers: 2,
    testTimeout: 60_000,
    hookTimeout: 60_000,
    slowTestThreshold: 15_000,
  },
});
