// Fetches the program of a release, and compares it with the SHA-256 that this package holds.
// DOCKOPT_DOWNLOADS: where releases are; file: works as well.
"use strict";
const { execFileSync } = require("node:child_process");
const { createHash } = require("node:crypto");
const fs = require("node:fs");
const path = require("node:path");
const { fileURLToPath } = require("node:url");
const { version } = require("./package.json");

const TARGETS = {
  "darwin-arm64": "aarch64-apple-darwin",
  "darwin-x64": "x86_64-apple-darwin",
  "linux-arm64": "aarch64-unknown-linux-musl",
  "linux-x64": "x86_64-unknown-linux-musl",
  "win32-x64": "x86_64-pc-windows-msvc",
};
const isWindows = process.platform === "win32";
const program = path.join(__dirname, isWindows ? "dockopt.exe" : "dockopt");

async function download(url) {
  if (url.startsWith("file:")) return fs.readFileSync(fileURLToPath(url));
  const response = await fetch(url);
  if (!response.ok) throw new Error(`cannot download ${url}: HTTP ${response.status}`);
  return Buffer.from(await response.arrayBuffer());
}

async function install() {
  const target = TARGETS[`${process.platform}-${process.arch}`];
  if (!target) throw new Error(`no release for ${process.platform} on ${process.arch}`);
  const name = `dockopt-v${version}-${target}`;
  const archive = `${name}.${isWindows ? "zip" : "tar.gz"}`;
  const from = process.env.DOCKOPT_DOWNLOADS ?? "https://github.com/dockopt/dockopt/releases/download";
  const bytes = await download(`${from}/v${version}/${archive}`);
  const sum = createHash("sha256").update(bytes).digest("hex");
  if (sum !== require("./checksums.json")[archive]) throw new Error(`${archive} does not have the recorded SHA-256`);
  const folder = fs.mkdtempSync(path.join(__dirname, "new-"));
  try {
    fs.writeFileSync(path.join(folder, archive), bytes);
    // That of Windows reads zip, too; another one may stand before it in PATH.
    const tar = isWindows ? path.join(process.env.SystemRoot, "System32", "tar.exe") : "tar";
    execFileSync(tar, ["-xf", archive], { cwd: folder });
    fs.renameSync(path.join(folder, name, path.basename(program)), program);
  } finally {
    fs.rmSync(folder, { recursive: true, force: true });
  }
}

module.exports = { install, program };
if (require.main === module) {
  install().catch((error) => {
    console.error(`error: ${error.message}`);
    process.exitCode = 1;
  });
}
