// Cuts Inter (SIL Open Font License 1.1) down to what the pages print: Latin letters from one file of
// the package, the rupee sign from another, weights 400 to 700. Names in other scripts fall back to the
// reader's own fonts. The results are not committed; `npm run generate` makes them.
import { existsSync, mkdirSync } from "node:fs";
import { readFile, writeFile } from "node:fs/promises";
import subsetFont from "subset-font";

const range = (from, to) => String.fromCodePoint(...Array.from({ length: to - from + 1 }, (_, i) => from + i));
const files = {
  latin: [range(0x20, 0x7e), range(0xa0, 0xff), "–—‘’“”•…‹›−×→←↑↓"].join(""),
  "latin-ext": "₹",
};

const source = new URL("../node_modules/@fontsource-variable/inter/files/", import.meta.url);
const target = new URL("../src/ui/fonts/", import.meta.url);
mkdirSync(target, { recursive: true });

for (const [name, text] of Object.entries(files)) {
  const made = new URL(`inter-${name}.woff2`, target);
  if (existsSync(made)) continue;
  const font = await readFile(new URL(`inter-${name}-wght-normal.woff2`, source));
  const axes = { wght: { min: 400, max: 700 } };
  await writeFile(made, await subsetFont(font, text, { targetFormat: "woff2", variationAxes: axes }));
}
