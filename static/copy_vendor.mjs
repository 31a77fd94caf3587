// Copies what the pages and the PDF use out of node_modules into static/vendor, with licences and checksums.
//
//   npm ci && npm run vendor          rewrite static/vendor
//   npm run vendor:check              compare static/vendor with its manifest; exits 1 and names what differs
//
// The result is committed: nothing here runs on a machine that only serves Makewhere.
import { createHash } from "node:crypto";
import { mkdir, readFile, readdir, rm, writeFile } from "node:fs/promises";
import { createRequire } from "node:module";
import { dirname, join, relative, sep } from "node:path";
import { fileURLToPath } from "node:url";

const require = createRequire(import.meta.url);
const here = dirname(fileURLToPath(import.meta.url));
const modules = join(here, "..", "node_modules");
const vendor = join(here, "vendor");
const MANIFEST = "manifest.json";

// Every icon that a template names; a name missing from the package stops the run.
const ICONS = `
  adjustments alert-triangle arrow-back-up arrow-down arrow-up arrows-sort ban bolt building building-factory-2 calendar check
  chevron-down chevron-left chevron-right chevron-up circle-check circle-dashed circle-x clock copy device-desktop dots download
  external-link eye eye-off file-text filter flag gauge help history inbox info-circle layout-grid link list-check lock logout
  menu-2 message moon paperclip pencil player-stop plus refresh scale search settings shield-check signature sun trash upload
  user users versions x
`.trim().split(/\s+/);

const LICENCES = {
  htmx: ["htmx.org/LICENSE", "htmx.org", "0BSD"],
  inter: ["inter-ui/LICENSE.txt", "inter-ui", "OFL-1.1"],
  icons: ["@tabler/icons/LICENSE", "@tabler/icons", "MIT"],
};

// @tabler/core ships no licence file; its package.json and its style sheet's banner say MIT.
const TABLER_LICENCE = `MIT License

Copyright (c) 2018-2026 The Tabler Authors

Permission is hereby granted, free of charge, to any person obtaining a copy
of this software and associated documentation files (the "Software"), to deal
in the Software without restriction, including without limitation the rights
to use, copy, modify, merge, publish, distribute, sublicense, and/or sell
copies of the Software, and to permit persons to whom the Software is
furnished to do so, subject to the following conditions:

The above copyright notice and this permission notice shall be included in all
copies or substantial portions of the Software.

THE SOFTWARE IS PROVIDED "AS IS", WITHOUT WARRANTY OF ANY KIND, EXPRESS OR
IMPLIED, INCLUDING BUT NOT LIMITED TO THE WARRANTIES OF MERCHANTABILITY,
FITNESS FOR A PARTICULAR PURPOSE AND NONINFRINGEMENT. IN NO EVENT SHALL THE
AUTHORS OR COPYRIGHT HOLDERS BE LIABLE FOR ANY CLAIM, DAMAGES OR OTHER
LIABILITY, WHETHER IN AN ACTION OF CONTRACT, TORT OR OTHERWISE, ARISING FROM,
OUT OF OR IN CONNECTION WITH THE SOFTWARE OR THE USE OR OTHER DEALINGS IN THE
SOFTWARE.
`;

const version = async (name) => JSON.parse(await readFile(join(modules, name, "package.json"), "utf8")).version;
const sha256 = (bytes) => createHash("sha256").update(bytes).digest("hex");
// A hashed-name static storage follows source-map comments and fails on a map that is not shipped.
const withoutSourceMap = (text) => text.replace(/\n?\/[/*]# sourceMappingURL=[^\n*]*(\*\/)?\s*$/, "\n");

async function files(folder) {
  const found = [];
  for (const entry of await readdir(folder, { withFileTypes: true })) {
    const path = join(folder, entry.name);
    if (entry.isDirectory()) found.push(...(await files(path)));
    else if (entry.name !== MANIFEST || folder !== vendor) found.push(relative(vendor, path).split(sep).join("/"));
  }
  return found.sort();
}

async function put(path, bytes) {
  const target = join(vendor, path);
  await mkdir(dirname(target), { recursive: true });
  await writeFile(target, bytes);
}

async function sprite() {
  const symbols = [];
  for (const name of ICONS) {
    const svg = await readFile(join(modules, "@tabler/icons/icons/outline", `${name}.svg`), "utf8");
    const body = svg.replace(/^[\s\S]*?<svg[\s\S]*?>\n?/, "").replace(/<\/svg>\s*$/, "");
    const paths = body.replace(/\s*<path stroke="none" d="M0 0h24v24H0z" fill="none" \/>/, "").trim();
    symbols.push(`<symbol id="${name}" viewBox="0 0 24 24" fill="none" stroke="currentColor" stroke-width="1.75" `
      + `stroke-linecap="round" stroke-linejoin="round">${paths.replace(/\s*\n\s*/g, "")}</symbol>`);
  }
  return `<svg xmlns="http://www.w3.org/2000/svg">\n${symbols.join("\n")}\n</svg>\n`;
}

async function write() {
  await rm(vendor, { recursive: true, force: true });
  const text = async (path) => withoutSourceMap(await readFile(join(modules, path), "utf8"));
  await put("htmx/htmx.min.js", await text("htmx.org/dist/htmx.min.js"));
  await put("tabler/tabler.min.css", await text("@tabler/core/dist/css/tabler.min.css"));
  await put("icons/icons.svg", await sprite());
  await put("inter/InterVariable.woff2", await readFile(join(modules, "inter-ui/variable/InterVariable.woff2")));
  // Typst reads neither WOFF2 nor variable axes, so the PDF has four static cuts, unpacked losslessly from the same package.
  for (const cut of ["Regular", "Italic", "SemiBold", "Bold"]) {
    const packed = await readFile(join(modules, `inter-ui/web/Inter-${cut}.woff2`));
    await put(`inter/Inter-${cut}.ttf`, Buffer.from(await require("wawoff2").decompress(packed)));
  }
  const packages = { "@tabler/core": { version: await version("@tabler/core"), licence: "MIT", file: "tabler/LICENSE" } };
  await put("tabler/LICENSE", TABLER_LICENCE);
  for (const [folder, [path, name, licence]] of Object.entries(LICENCES)) {
    await put(`${folder}/LICENSE`, await readFile(join(modules, path)));
    packages[name] = { version: await version(name), licence, file: `${folder}/LICENSE` };
  }
  const sums = {};
  for (const path of await files(vendor)) sums[path] = sha256(await readFile(join(vendor, path)));
  await writeFile(join(vendor, MANIFEST), JSON.stringify({ packages, sha256: sums }, null, 2) + "\n");
  console.log(`static/vendor: ${Object.keys(sums).length} files of ${Object.keys(packages).length} packages`);
}

async function check() {
  const { sha256: sums } = JSON.parse(await readFile(join(vendor, MANIFEST), "utf8"));
  const there = await files(vendor);
  const wrong = there.filter((path) => !(path in sums)).map((path) => `not in the manifest: ${path}`);
  for (const [path, sum] of Object.entries(sums)) {
    if (!there.includes(path)) wrong.push(`missing: ${path}`);
    else if (sha256(await readFile(join(vendor, path))) !== sum) wrong.push(`changed: ${path}`);
  }
  wrong.forEach((line) => console.error(line));
  process.exitCode = wrong.length ? 1 : 0;
}

await (process.argv.includes("--check") ? check() : write());
