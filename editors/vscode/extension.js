// Starts `dockopt lsp` and shows what it answers.
"use strict";

const path = require("node:path");
const vscode = require("vscode");
const { LanguageClient, TransportKind } = require("vscode-languageclient/node");

// Languages by their names in VS Code; what has a general one (YAML, TOML, HCL) by the names of its files.
const SELECTOR = [
  ...["dockerfile", "dockercompose", "dockerbake"].map((language) => ({ scheme: "file", language })),
  ...[
    "**/*.dockerignore",
    "**/dockopt.toml",
    "**/docker-bake*.{hcl,json}",
    "**/{compose,docker-compose}*.{yml,yaml}",
    "**/.github/workflows/*.{yml,yaml}",
    "**/action.{yml,yaml}",
    "**/*.gitlab-ci.{yml,yaml}",
  ].map((pattern) => ({ scheme: "file", pattern })),
];

const DIFF_SCHEME = "dockopt-diff";

class Client extends LanguageClient {
  isStarting = true;

  // Why it does not start is reported once, by `start`, with the setting to change.
  error(message, data, show) {
    super.error(message, data, this.isStarting ? false : show);
  }
}

let client;
let folder;
let isWanted = false;
// Starts and stops follow each other: two servers at once would report everything twice.
let last = Promise.resolve();

async function activate(context) {
  folder = context.extensionPath;
  const diffs = new Map();
  context.subscriptions.push(
    vscode.commands.registerCommand("dockopt.restart", restart),
    vscode.commands.registerCommand("dockopt.showOptimization", () => showOptimization(diffs)),
    vscode.workspace.registerTextDocumentContentProvider(DIFF_SCHEME, {
      provideTextDocumentContent: (uri) => diffs.get(uri.toString()) ?? "",
    }),
    vscode.workspace.onDidCloseTextDocument((document) => diffs.delete(document.uri.toString())),
    vscode.workspace.onDidChangeConfiguration((event) => {
      if (isWanted && event.affectsConfiguration("dockopt")) {
        restart();
      }
    }),
    // The server learns of the trust when it starts.
    vscode.workspace.onDidGrantWorkspaceTrust(() => isWanted && restart()),
    // Many folders with YAML have nothing for the server: it starts with the first file that it reads.
    vscode.workspace.onDidOpenTextDocument((document) => !isWanted && isServed(document) && restart()),
  );
  if (vscode.workspace.textDocuments.some(isServed)) {
    await restart();
  }
}

function isServed(document) {
  return vscode.languages.match(SELECTOR, document) > 0;
}

function restart() {
  isWanted = true;
  last = last.then(stop).then(start);
  return last;
}

async function stop() {
  const old = client;
  client = undefined;
  // A server that has ended already refuses to be stopped.
  await old?.dispose().catch(() => {});
}

async function start() {
  const settings = vscode.workspace.getConfiguration("dockopt");
  const command = settings.get("path") || "dockopt";
  if (command !== path.basename(command) && !path.isAbsolute(command)) {
    complain(`\`dockopt.path\` is \`${command}\`: write an absolute path, or a name that is on the PATH.`);
    return;
  }
  client = new Client(
    "dockopt",
    "dockopt",
    // On Windows a name is looked up in the current folder first. In the workspace, that could be anybody's program.
    { command, args: ["lsp"], transport: TransportKind.stdio, options: { cwd: folder } },
    {
      documentSelector: SELECTOR,
      initializationOptions: {
        codeLens: settings.get("codeLens"),
        audit: settings.get("audit"),
        trusted: vscode.workspace.isTrusted,
      },
    },
  );
  try {
    await client.start();
    client.isStarting = false;
  } catch (error) {
    complain(`\`${command} lsp\` does not start: ${error.message ?? error}`);
  }
}

async function complain(message) {
  const choice = await vscode.window.showErrorMessage(message, "Open Settings");
  if (choice) {
    await vscode.commands.executeCommand("workbench.action.openSettings", "dockopt.path");
  }
}

async function showOptimization(diffs) {
  const document = vscode.window.activeTextEditor?.document;
  if (!document || !isServed(document) || !client?.isRunning()) {
    return vscode.window.showInformationMessage("Open the Dockerfile of the build first.");
  }
  const title = "dockopt works out the optimization";
  const location = vscode.ProgressLocation.Window;
  const answer = await vscode.window.withProgress({ location, title }, () =>
    client.sendRequest("workspace/executeCommand", {
      command: "dockopt.previewOptimization",
      arguments: [client.code2ProtocolConverter.asUri(document.uri)],
    }),
  );
  if (!answer.diff) {
    return vscode.window.showInformationMessage("dockopt would change nothing in this build.");
  }
  // An address is read once: each diff has its own.
  const uri = vscode.Uri.from({
    scheme: DIFF_SCHEME,
    path: `${document.uri.path}.diff`,
    query: Date.now().toString(),
  });
  diffs.set(uri.toString(), answer.diff);
  const shown = await vscode.workspace.openTextDocument(uri);
  await vscode.languages.setTextDocumentLanguage(shown, "diff");
  await vscode.window.showTextDocument(shown, { viewColumn: vscode.ViewColumn.Beside, preview: true });
}

function deactivate() {
  last = last.then(stop);
  return last;
}

module.exports = { activate, deactivate };
