// Makes `dist/extension.js`, one file with what it needs, and `dist/LICENSES.txt`, which the licenses of that demand.
"use strict";

const fs = require("node:fs");
const path = require("node:path");
const esbuild = require("esbuild");

process.chdir(__dirname);
const { metafile } = esbuild.buildSync({
  entryPoints: ["extension.js"],
  outfile: "dist/extension.js",
  bundle: true,
  minify: true,
  metafile: true,
  platform: "node",
  format: "cjs",
  // VS Code 1.91 has Node 20.
  target: "node20",
  external: ["vscode"],
});

const PACKAGE = /^.*node_modules\/(?:@[^/]+\/)?[^/]+/;
const folders = new Set(Object.keys(metafile.inputs).map((file) => PACKAGE.exec(file)?.[0]));
folders.delete(undefined);
const texts = [...folders].sort().map((folder) => {
  const { name, version, license } = JSON.parse(fs.readFileSync(path.join(folder, "package.json"), "utf8"));
  const file = fs.readdirSync(folder).find((entry) => /^licen[cs]e/i.test(entry));
  if (!file) {
    throw new Error(`${name} has no license file`);
  }
  return `${name} ${version} (${license})\n\n${fs.readFileSync(path.join(folder, file), "utf8").trim()}\n`;
});
fs.writeFileSync("dist/LICENSES.txt", texts.join(`\n${"-".repeat(80)}\n\n`));
