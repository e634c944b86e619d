import { fileURLToPath } from "node:url";
import { constants } from "node:zlib";
import tailwindcss from "@tailwindcss/vite";
import react from "@vitejs/plugin-react";
import type { Connect, Plugin } from "vite";
import { compression, defineAlgorithm } from "vite-plugin-compression2";
import { defineConfig } from "vitest/config";

const here = (path: string) => fileURLToPath(new URL(path, import.meta.url));
const api = process.env.PAYRAIL_API ?? "http://127.0.0.1:8000";

/** The server answers every path under /admin/ with the operators' page; so does the dev server. */
function adminPages(): Plugin {
  const rewrite: Connect.NextHandleFunction = (request, _response, next) => {
    const isPage = request.headers.accept?.includes("text/html") ?? false;
    const [path = ""] = (request.url ?? "").split("?");
    if (isPage && /^\/admin(\/|$)/.test(path) && !path.startsWith("/admin/api/")) request.url = "/admin/index.html";
    next();
  };
  return {
    name: "payrail-admin-pages",
    configureServer: (server) => void server.middlewares.use(rewrite),
    configurePreviewServer: (server) => void server.middlewares.use(rewrite),
  };
}

// What changes together ships together: React and the router rarely, the pages often. A few files of some
// size, not dozens of crumbs. Charts, forms and the command palette are left out: they are fetched when needed.
const later = /node_modules[\\/](@visx|d3-|cmdk|react-hook-form|zod|@hookform)|command-palette/;
const shared = /node_modules[\\/]|src[\\/](ui|lib|api)[\\/]/;
const groups = [
  { name: "react", test: /node_modules[\\/](react|react-dom|scheduler)[\\/]/, priority: 3 },
  { name: "data", test: /node_modules[\\/](@tanstack|openapi-fetch|use-sync-external-store)[\\/]/, priority: 2 },
  { name: "ui", test: (id: string) => shared.test(id) && !later.test(id), priority: 1 },
];

const proxy = { "/api": { target: api }, "/admin/api": { target: api } };

export default defineConfig(({ command }) => ({
  plugins: [
    react(),
    tailwindcss(),
    adminPages(),
    // Pages themselves are not compressed ahead: the server puts a fresh nonce into each answer.
    compression({
      include: /\.(js|css|svg|json|txt)$/,
      exclude: /\.vite[\\/]/,
      threshold: 512,
      algorithms: [
        defineAlgorithm("gzip", { level: 9 }),
        defineAlgorithm("brotliCompress", { params: { [constants.BROTLI_PARAM_QUALITY]: 11 } }),
      ],
    }),
  ],
  resolve: { alias: { "@": here("src") } },
  // The server replaces it by a fresh value in every answer.
  html: command === "build" ? { cspNonce: "__CSP_NONCE__" } : {},
  build: {
    target: "es2022",
    // Browsers that know light-dark(): rewritten for older ones, it would no longer follow a dark part of a page.
    cssTarget: ["chrome123", "firefox128", "safari17.5"],
    manifest: true,
    // A data: URL would need a hole in the Content-Security-Policy.
    assetsInlineLimit: 0,
    rolldownOptions: {
      input: { merchant: here("index.html"), admin: here("admin/index.html") },
      output: { codeSplitting: { groups } },
    },
  },
  server: {
    port: 5173,
    strictPort: true,
    proxy,
  },
  preview: { port: 5173, strictPort: true, proxy },
  test: {
    // A test that needs a page says so in its first line.
    environment: "node",
    // Far longer than a busy machine needs: only a hang uses it up.
    testTimeout: 180_000,
    include: ["src/**/*.test.{ts,tsx}"],
    setupFiles: ["src/test-setup.ts"],
    restoreMocks: true,
  },
}));
