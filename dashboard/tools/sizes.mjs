// Prints what a browser fetches before each page shows: the entry's script, what it imports at once,
// styles and fonts. Parts that are fetched later, by route, are listed apart.
import { readdirSync, readFileSync, statSync } from "node:fs";
import { brotliCompressSync, gzipSync } from "node:zlib";

const dist = new URL("../dist/", import.meta.url);
const manifest = JSON.parse(readFileSync(new URL(".vite/manifest.json", dist), "utf8"));

const reach = (key, seen = new Set()) => {
  if (seen.has(key)) return seen;
  seen.add(key);
  for (const next of manifest[key].imports ?? []) reach(next, seen);
  return seen;
};
const filesOf = (keys) => {
  const files = new Set();
  for (const key of keys) {
    const { file, css = [], assets = [] } = manifest[key];
    for (const name of [file, ...css, ...assets]) files.add(name);
  }
  return [...files];
};
const isPacked = (file) => file.endsWith(".woff2");
const measure = (file) => {
  const bytes = readFileSync(new URL(file, dist));
  if (isPacked(file)) return { raw: bytes.length, gzip: bytes.length, brotli: bytes.length };
  return { raw: bytes.length, gzip: gzipSync(bytes, { level: 9 }).length, brotli: brotliCompressSync(bytes).length };
};
const kB = (bytes) => `${(bytes / 1000).toFixed(1).padStart(7)} kB`;
const row = (name, size) => console.log(`  ${name.padEnd(44)} gzip ${kB(size.gzip)}   brotli ${kB(size.brotli)}`);

for (const page of ["index.html", "admin/index.html"]) {
  const total = { gzip: 0, brotli: 0 };
  console.log(`\n${page}: fetched before it shows`);
  for (const file of [page, ...filesOf(reach(page))]) {
    const size = measure(file);
    total.gzip += size.gzip;
    total.brotli += size.brotli;
    row(file, size);
  }
  row("in all", total);
}

const atOnce = new Set(["index.html", "admin/index.html"].flatMap((page) => filesOf(reach(page))));
console.log("\nfetched later, when a page asks for it");
for (const name of readdirSync(new URL("assets/", dist)).sort()) {
  const file = `assets/${name}`;
  if (/\.(br|gz)$/.test(name) || atOnce.has(file) || !statSync(new URL(file, dist)).isFile()) continue;
  row(file, measure(file));
}
