// A session over npm's vscode-languageserver-protocol, the library of VS Code, as one that counts in UTF-16.
//   npm ci && node protocol.mjs PROGRAM
import assert from "node:assert/strict";
import { spawn } from "node:child_process";
import fs from "node:fs";
import os from "node:os";
import path from "node:path";
import { pathToFileURL } from "node:url";
import * as lsp from "vscode-languageserver-protocol/node";

const TIMEOUT = 15_000;
const program = process.argv[2];
if (process.argv.length !== 3 || !fs.existsSync(program)) {
  console.error("usage: node protocol.mjs PROGRAM (a dockopt)");
  process.exit(2);
}
const work = fs.mkdtempSync(path.join(os.tmpdir(), "dockopt-protocol-"));
process.on("exit", () => fs.rmSync(work, { recursive: true, force: true }));
const project = path.join(work, "project");
fs.cpSync(new URL("../../fixtures/task-tracker", import.meta.url), project, { recursive: true });
// The root of the project, as in a clone.
fs.mkdirSync(path.join(project, ".git"));

const server = spawn(path.resolve(program), ["lsp", "--stdio"], { stdio: ["pipe", "pipe", "inherit"] });
process.on("exit", () => server.kill("SIGKILL"));
const ended = new Promise((resolve) => server.on("exit", (code, signal) => resolve({ code, signal })));
const connection = lsp.createProtocolConnection(
  new lsp.StreamMessageReader(server.stdout),
  new lsp.StreamMessageWriter(server.stdin),
);

let step = "start";
const passed = [];
function begin(name) {
  passed.push(step);
  step = name;
}
function within(promise, what) {
  const late = new Promise((_, reject) => {
    setTimeout(() => reject(new Error(`${what} did not come`)), TIMEOUT).unref();
  });
  return Promise.race([promise, late]);
}
const request = (type, params) => within(connection.sendRequest(type, params), `the answer to ${type.method}`);

// What the server says on its own; `waiting` looks at each change of it.
const diagnostics = new Map();
const registrations = [];
const appliedEdits = [];
let refreshes = 0;
const waiting = new Set();
const changed = () => waiting.forEach((look) => look());
connection.onNotification(lsp.PublishDiagnosticsNotification.type, (params) => {
  diagnostics.set(params.uri, params);
  changed();
});
connection.onRequest(lsp.RegistrationRequest.type, (params) => {
  registrations.push(...params.registrations);
  changed();
});
connection.onRequest(lsp.ApplyWorkspaceEditRequest.type, (params) => {
  appliedEdits.push(params);
  changed();
  return { applied: true };
});
connection.onRequest(lsp.CodeLensRefreshRequest.type, () => {
  refreshes += 1;
  changed();
});
function eventually(what, get) {
  let look;
  const result = new Promise((resolve) => {
    look = () => {
      const value = get();
      if (value) resolve(value);
    };
    waiting.add(look);
    look();
  });
  return within(result, what).finally(() => waiting.delete(look));
}

// A document as an editor has it.
class Open {
  constructor(name, languageId) {
    this.path = path.join(project, name);
    this.uri = pathToFileURL(this.path).href;
    this.version = 1;
    this.text = fs.readFileSync(this.path, "utf8");
    const item = { uri: this.uri, languageId, version: 1, text: this.text };
    connection.sendNotification(lsp.DidOpenTextDocumentNotification.type, { textDocument: item });
  }
  get id() {
    return { uri: this.uri };
  }
  get lines() {
    return this.text.split("\n");
  }
  // The place of a text, and some characters on.
  at(part, more = 0) {
    const offset = this.text.indexOf(part);
    assert.notEqual(offset, -1, `\`${part}\` is not in the text`);
    const before = this.text.slice(0, offset + more).split("\n");
    return { line: before.length - 1, character: before.at(-1).length };
  }
  in(range) {
    const offset = ({ line, character }) => this.lines.slice(0, line).join("\n").length + (line ? 1 : 0) + character;
    return this.text.slice(offset(range.start), offset(range.end));
  }
  // Edits of one state of the text, applied from its end.
  apply(edits) {
    const later = (a, b) => b.range.start.line - a.range.start.line || b.range.start.character - a.range.start.character;
    const changes = [...edits].sort(later).map(({ range, newText }) => ({ range, text: newText }));
    for (const { range, text } of changes) {
      const [before, after] = [{ start: { line: 0, character: 0 }, end: range.start }, range.end];
      const end = { line: this.lines.length, character: 0 };
      this.text = this.in(before) + text + this.in({ start: after, end });
    }
    this.version += 1;
    connection.sendNotification(lsp.DidChangeTextDocumentNotification.type, {
      textDocument: { uri: this.uri, version: this.version },
      contentChanges: changes,
    });
  }
  insert(position, newText) {
    this.apply([{ range: { start: position, end: position }, newText }]);
  }
  // The edits of this document in an edit of the workspace.
  editsOf(edit) {
    assert.ok(edit?.documentChanges, "the client has documentChanges");
    const mine = edit.documentChanges.filter((change) => change.textDocument?.uri === this.uri);
    for (const { textDocument } of mine) {
      assert.equal(textDocument.version, this.version, "the version of an edit");
    }
    return mine.flatMap((change) => change.edits);
  }
  save() {
    fs.writeFileSync(this.path, this.text);
    connection.sendNotification(lsp.DidSaveTextDocumentNotification.type, { textDocument: this.id });
  }
  close() {
    connection.sendNotification(lsp.DidCloseTextDocumentNotification.type, { textDocument: this.id });
  }
  found(code) {
    const known = diagnostics.get(this.uri);
    return known?.version === this.version ? known.diagnostics.find((item) => item.code === code) : undefined;
  }
  finds(code) {
    return eventually(`the diagnostic ${code}`, () => this.found(code));
  }
  findsNo(code) {
    return eventually(`the end of ${code}`, () => {
      const known = diagnostics.get(this.uri);
      return known?.version === this.version && !known.diagnostics.some((item) => item.code === code);
    });
  }
  actions(position, only) {
    return request(lsp.CodeActionRequest.type, {
      textDocument: this.id,
      range: { start: position, end: position },
      context: { diagnostics: [], ...(only && { only }) },
    });
  }
  ask(type, position, more = {}) {
    return request(type, { textDocument: this.id, position, ...more });
  }
}

// The text that an item of a completion leads to.
function completed(open, item) {
  assert.ok(item.textEdit, `${item.label} names what it replaces`);
  const { line } = item.textEdit.range.start;
  const text = open.lines[line];
  return text.slice(0, item.textEdit.range.start.character) + item.textEdit.newText + text.slice(item.textEdit.range.end.character);
}

async function main() {
  connection.listen();

  begin("initialize");
  const rootUri = pathToFileURL(project).href;
  const { capabilities, serverInfo } = await request(lsp.InitializeRequest.type, {
    processId: process.pid,
    rootUri,
    workspaceFolders: [{ uri: rootUri, name: "project" }],
    initializationOptions: { codeLens: true, audit: true, trusted: false },
    capabilities: {
      workspace: {
        applyEdit: true,
        workspaceEdit: {
          documentChanges: true,
          resourceOperations: ["create"],
          changeAnnotationSupport: { groupsOnLabel: true },
        },
        didChangeWatchedFiles: { dynamicRegistration: true },
        codeLens: { refreshSupport: true },
      },
      textDocument: {
        codeAction: { dataSupport: true, resolveSupport: { properties: ["edit"] } },
        rename: { prepareSupport: true },
      },
    },
  });
  assert.equal(serverInfo.name, "dockopt");
  assert.equal(capabilities.positionEncoding, "utf-16");
  assert.ok(capabilities.foldingRangeProvider && capabilities.codeLensProvider && capabilities.renameProvider);
  connection.sendNotification(lsp.InitializedNotification.type, {});
  const watch = await eventually("the registration", () => registrations[0]);
  assert.equal(watch.method, "workspace/didChangeWatchedFiles");
  assert.ok(watch.registerOptions.watchers.some(({ globPattern }) => globPattern.includes("dockopt.toml")));

  begin("open");
  const docker = new Open("backend/Dockerfile", "dockerfile");
  const secret = await docker.finds("secret-in-arg-or-env");
  assert.deepEqual([secret.severity, secret.source], [lsp.DiagnosticSeverity.Error, "dockopt"]);
  assert.match(docker.in(secret.range), /^SECRET_KEY/);
  assert.match(secret.codeDescription.href, /\/rules\/secret-in-arg-or-env\.md$/);
  const [message, ...rest] = docker.found("full-base").message.split("\n");
  assert.match(message, /^`python:3\.13` contains compilers/);
  assert.match(rest.find((line) => line.startsWith("costs ")), /^costs ~\d+ MB per pull \(/);
  assert.match(rest.at(-1), /^help: use `python:3\.13-slim`/);
  assert.equal((await docker.finds("dev-dependencies-kept")).source, "dockopt audit");
  await eventually("the request to show lenses again", () => refreshes > 0);

  begin("lenses");
  const lenses = await request(lsp.CodeLensRequest.type, { textDocument: docker.id });
  const lens = lenses.find((one) => one.range.start.line === 0).command.title;
  assert.match(lens, /^~\d+ MB to pull · fix saves ~\d+ MB per pull$/);
  const copy = lenses.find((one) => one.range.start.line === docker.at("COPY . .").line).command.title;
  assert.match(copy, /in \d+ files .* a source change \(`app\/main\.py`\) reruns 3 steps/);

  begin("type");
  const prefix = 'RUN echo "😀\t😀" && ';
  const typed = `${prefix}apt-get update && apt-get install -y curl`;
  docker.insert(docker.at("EXPOSE"), `${typed}\n`);
  // One key after the other, faster than the server checks.
  const line = docker.at("EXPOSE").line - 1;
  for (const [index, key] of [..." wget"].entries()) {
    docker.insert({ line, character: typed.length + index }, key);
  }
  const lists = await eventually("the diagnostic of the new line", () => {
    const known = diagnostics.get(docker.uri);
    return known.version === docker.version &&
      known.diagnostics.find((item) => item.code === "apt-lists-kept" && item.range.start.line === line);
  });
  assert.equal(docker.in(lists.range), "apt-get update");
  assert.equal(lists.range.start.character, prefix.length, "in units of UTF-16");
  assert.equal(docker.found("dev-dependencies-kept"), undefined, "only while the text is the one on disk");

  begin("fix");
  const fix = (await docker.actions(lists.range.start)).find(({ title }) => title === "delete the lists in the same RUN");
  assert.deepEqual([fix.kind, fix.isPreferred], ["quickfix", true]);
  docker.apply(docker.editsOf(fix.edit));
  assert.equal(docker.lines[line], `${typed} wget && rm -rf /var/lib/apt/lists/*`);
  await eventually("the end of the diagnostic", () => {
    const known = diagnostics.get(docker.uri);
    return known.version === docker.version &&
      !known.diagnostics.some((item) => item.code === "apt-lists-kept" && item.range.start.line === line);
  });
  const risky = (await docker.actions({ line: 0, character: 6 }, ["quickfix"])).find(({ title }) => title.includes("(unsafe: "));
  assert.ok(risky && !risky.isPreferred, "unsafe fixes are named as such");

  begin("fix all");
  const [fixAll, ...others] = await docker.actions({ line: 0, character: 0 }, ["source.fixAll"]);
  assert.deepEqual([fixAll.kind, fixAll.edit, others], ["source.fixAll.dockopt", undefined, []]);
  const resolved = await request(lsp.CodeActionResolveRequest.type, fixAll);
  docker.apply(docker.editsOf(resolved.edit));
  assert.match(docker.text, /^CMD \["uvicorn", "app\.main:app",/m);
  assert.match(docker.text, /libpq-dev vim && rm -rf \/var\/lib\/apt\/lists\/\*$/m);
  await docker.findsNo("shell-form-command");

  begin("ignore");
  const ignore = (await docker.actions(docker.at("SECRET_KEY"))).find(({ title }) => title.startsWith("Ignore `secret-in-arg-or-env`"));
  docker.apply(docker.editsOf(ignore.edit));
  await docker.findsNo("secret-in-arg-or-env");
  assert.equal(docker.lines[docker.at("ENV SECRET_KEY").line - 1], "# dockopt ignore=secret-in-arg-or-env reason: accepted; say why");

  begin("optimize");
  const optimize = (await docker.actions({ line: 0, character: 0 }, ["refactor"])).find(({ kind }) => kind === "refactor.rewrite");
  const rewrite = (await request(lsp.CodeActionResolveRequest.type, optimize)).edit;
  assert.ok(docker.editsOf(rewrite).some(({ newText }) => newText.includes("FROM python:3.13-slim")));
  const [annotation] = Object.values(rewrite.changeAnnotations);
  assert.equal(annotation.needsConfirmation, true, "the client shows it first");
  const execute = (command) => request(lsp.ExecuteCommandRequest.type, { command, arguments: [docker.uri] });
  const { diff } = await execute("dockopt.previewOptimization");
  assert.match(diff, /^--- a\/backend\/Dockerfile\n\+\+\+ b\/backend\/Dockerfile\n@@ /m);
  assert.match(diff, /^\+FROM python:3\.13-slim/m);
  const answer = await execute("dockopt.optimize");
  assert.ok(answer.files > 0);
  const applied = await eventually("workspace/applyEdit", () => appliedEdits[0]);
  assert.deepEqual(applied.edit, rewrite, "the command does what the action does");
  await assert.rejects(execute("dockopt.nothing"), /is not known/);

  begin("hover");
  const hover = await docker.ask(lsp.HoverRequest.type, docker.at("python:3.13"));
  assert.equal(hover.contents.kind, "markdown");
  assert.match(hover.contents.value, /MB to pull \(.*\)/);
  assert.match(hover.contents.value, /root/);
  const steps = await docker.ask(lsp.HoverRequest.type, docker.at("RUN uv sync"));
  assert.match(steps.contents.value, /cache: reruns after a source change/);

  begin("complete");
  const end = docker.at("EXPOSE");
  docker.insert(end, "RUN --mo\n");
  const items = await docker.ask(lsp.CompletionRequest.type, { line: end.line, character: 8 });
  const mount = items.find(({ label }) => label === "--mount=");
  assert.equal(completed(docker, mount), "RUN --mount=");
  docker.apply([{ range: { start: end, end: { line: end.line, character: 8 } }, newText: "# dockopt ignore=root-" }]);
  const names = await docker.ask(lsp.CompletionRequest.type, { line: end.line, character: 22 });
  assert.equal(completed(docker, names.find(({ label }) => label === "root-user")), "# dockopt ignore=root-user");
  docker.apply([{ range: { start: end, end: { line: end.line + 1, character: 0 } }, newText: "" }]);

  begin("outline and folding");
  const [stage] = await request(lsp.DocumentSymbolRequest.type, { textDocument: docker.id });
  assert.ok(stage.children.some(({ name }) => name.startsWith("COPY --from=")));
  const folds = await request(lsp.FoldingRangeRequest.type, { textDocument: docker.id });
  const health = docker.at("HEALTHCHECK").line;
  assert.ok(folds.some(({ startLine, endLine }) => startLine === health && endLine === health + 1));
  assert.ok(folds.some(({ startLine, endLine }) => startLine === 0 && endLine >= docker.at("CMD [").line));

  begin("rename");
  const web = new Open("dashboard/Dockerfile", "dockerfile");
  await web.finds("full-base");
  web.insert({ line: web.lines.length - 1, character: 0 }, "FROM nginx:1.26\nCOPY --from=build /app/dist /usr/share/nginx/html\n");
  web.insert(web.at("FROM node:22", 12), " AS build");
  const use = web.at("--from=build", 8);
  const prepared = await web.ask(lsp.PrepareRenameRequest.type, use);
  assert.deepEqual([web.in(prepared.range), prepared.placeholder], ["build", "build"]);
  const places = await web.ask(lsp.ReferencesRequest.type, use, { context: { includeDeclaration: true } });
  assert.deepEqual(places.map(({ range }) => web.in(range)), ["build", "build"]);
  const definition = await web.ask(lsp.DefinitionRequest.type, use);
  assert.deepEqual(definition.range.start, web.at("build"));
  await assert.rejects(web.ask(lsp.RenameRequest.type, use, { newName: "not a name" }));
  web.apply(web.editsOf(await web.ask(lsp.RenameRequest.type, use, { newName: "assets" })));
  assert.match(web.text, /^FROM node:22 AS assets$/m);
  assert.match(web.text, /^COPY --from=assets /m);

  begin("watched files");
  await docker.finds("root-user");
  const settings = path.join(project, "dockopt.toml");
  const tell = (type) => connection.sendNotification(lsp.DidChangeWatchedFilesNotification.type, {
    changes: [{ uri: pathToFileURL(settings).href, type }],
  });
  fs.writeFileSync(settings, 'ignore = ["root-user"]\n');
  tell(lsp.FileChangeType.Created);
  await docker.findsNo("root-user");
  fs.writeFileSync(settings, '[rules.root-user]\nseverity = "error"\n');
  tell(lsp.FileChangeType.Changed);
  const root = await docker.finds("root-user");
  assert.equal(root.severity, lsp.DiagnosticSeverity.Error);
  fs.rmSync(settings);
  tell(lsp.FileChangeType.Deleted);
  await eventually("the severity of the rule", () => docker.found("root-user")?.severity === lsp.DiagnosticSeverity.Warning);

  begin("settings that are open");
  fs.writeFileSync(settings, "");
  const open = new Open("dockopt.toml", "toml");
  open.insert({ line: 0, character: 0 }, 'ignore = ["root-');
  const rules = await open.ask(lsp.CompletionRequest.type, { line: 0, character: 16 });
  assert.equal(completed(open, rules.find(({ label }) => label === "root-user")), 'ignore = ["root-user');
  open.insert({ line: 0, character: 16 }, 'user"]\n');
  await docker.findsNo("root-user");
  open.close();
  await docker.finds("root-user");

  begin("compose");
  const compose = new Open("compose.yaml", "dockercompose");
  await eventually("a diagnostic", () => diagnostics.get(compose.uri)?.diagnostics.length > 0);
  const nats = compose.at("- nats", 3);
  const service = await compose.ask(lsp.DefinitionRequest.type, nats);
  assert.deepEqual(service.range.start, compose.at("  nats:", 2));
  const anchor = await compose.ask(lsp.DefinitionRequest.type, compose.at("*backend-environment", 3));
  assert.equal(anchor.range.start.line, compose.at("&backend-environment").line);
  const image = await compose.ask(lsp.HoverRequest.type, compose.at("image: pgvector", 8));
  assert.match(image.contents.value, /5432/);
  const blocks = await request(lsp.FoldingRangeRequest.type, { textDocument: compose.id });
  assert.ok(blocks.some(({ startLine, endLine }) => startLine === compose.at("  nats:").line && endLine === compose.at("  api:").line - 2));
  compose.insert(compose.at("- nats"), "- po\n      ");
  const services = await compose.ask(lsp.CompletionRequest.type, compose.at("- po\n", 4));
  assert.equal(completed(compose, services.find(({ label }) => label === "postgres")).trim(), "- postgres");
  compose.close();

  begin("options");
  connection.sendNotification(lsp.DidChangeConfigurationNotification.type, { settings: { dockopt: { codeLens: false } } });
  const none = await request(lsp.CodeLensRequest.type, { textDocument: docker.id });
  assert.equal(none?.length ?? 0, 0);

  begin("save");
  docker.save();
  assert.equal((await docker.finds("dev-dependencies-kept")).source, "dockopt audit");

  begin("close");
  for (const document of [docker, web]) {
    document.close();
    await eventually("the end of all diagnostics", () => diagnostics.get(document.uri).diagnostics.length === 0);
  }
  await request(lsp.ShutdownRequest.type);
  await connection.sendNotification(lsp.ExitNotification.type);
  assert.deepEqual(await within(ended, "the end of the server"), { code: 0, signal: null });
  begin("end");
}

try {
  await main();
  console.log(`protocol: ${passed.slice(1).length} steps pass: ${passed.slice(1).join(", ")}`);
  process.exit(0);
} catch (error) {
  console.error(`protocol: ${step}: ${error.stack ?? error}`);
  process.exit(1);
}
