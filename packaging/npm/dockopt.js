#!/usr/bin/env node
// Runs the program; fetches it first where scripts of packages do not run on install.
"use strict";
const { spawnSync } = require("node:child_process");
const { existsSync } = require("node:fs");
const { install, program } = require("./install.js");

async function main() {
  if (!existsSync(program)) await install();
  const { status, signal, error } = spawnSync(program, process.argv.slice(2), { stdio: "inherit" });
  if (error) throw error;
  if (signal) process.kill(process.pid, signal);
  process.exitCode = status ?? 2;
}

main().catch((error) => {
  console.error(`error: ${error.message}`);
  process.exitCode = 2;
});
