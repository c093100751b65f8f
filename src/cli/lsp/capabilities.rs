//! What the server can, and what the client says it can.

use std::path::PathBuf;

use serde_json::{Value, json};

use crate::editor::{ClientEdits, PositionEncoding, path_of};

/// Commands that a client may run; each gets the address of a document.
pub(super) const COMMANDS: [&str; 3] = ["dockopt.fixAll", "dockopt.optimize", "dockopt.previewOptimization"];

/// What is known of a client.
#[derive(Clone, Debug, Default)]
pub(super) struct EditorClient {
    pub(super) edits: ClientEdits,
    /// Whether an action may get its edit when it is chosen.
    pub(super) can_resolve: bool,
    /// Whether it tells of changes of files when it is asked to.
    pub(super) can_watch: bool,
    /// Whether it asks for lenses again when it is told to.
    pub(super) can_refresh_lenses: bool,
    /// The folders of the workspace.
    pub(super) roots: Vec<PathBuf>,
    pub(super) options: ServerOptions,
}

/// What a user sets in the client, under `initializationOptions` or the section `dockopt` of its settings.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct ServerOptions {
    /// Lines with prices above instructions.
    pub(super) code_lens: bool,
    /// Whether the build context is looked at.
    pub(super) audit: bool,
    /// Whether other programs may be started: `ShellCheck`, where settings ask for it.
    pub(super) trusted: bool,
}

impl Default for ServerOptions {
    fn default() -> Self {
        Self { code_lens: true, audit: true, trusted: false }
    }
}

impl ServerOptions {
    /// The options with what a value sets; other types than expected change nothing.
    pub(super) fn with(mut self, value: &Value) -> Self {
        let value = value.get("dockopt").unwrap_or(value);
        let set = |key: &str, option: &mut bool| {
            if let Some(is_on) = value.get(key).and_then(Value::as_bool) {
                *option = is_on;
            }
        };
        set("codeLens", &mut self.code_lens);
        set("audit", &mut self.audit);
        set("trusted", &mut self.trusted);
        self
    }
}

impl EditorClient {
    /// What a client says of itself in the parameters of `initialize`. They are not read as the type of the protocol: that is
    /// hundreds of structs for these few answers.
    ///
    /// # Errors
    /// The parameters have no capabilities.
    pub(super) fn of(params: &Value) -> Result<Self, &'static str> {
        let capabilities =
            params.get("capabilities").filter(|value| value.is_object()).ok_or("they have no capabilities")?;
        let is = |pointer: &str| capabilities.pointer(pointer).and_then(Value::as_bool) == Some(true);
        let has = |pointer: &str, word: &str| {
            let list = capabilities.pointer(pointer).and_then(Value::as_array);
            list.is_some_and(|list| list.iter().any(|item| item == word))
        };
        let encodings = capabilities.pointer("/general/positionEncodings").cloned().unwrap_or_default();
        let edits = ClientEdits {
            encoding: PositionEncoding::choose(&serde_json::from_value::<Vec<_>>(encodings).unwrap_or_default()),
            has_versions: is("/workspace/workspaceEdit/documentChanges"),
            can_create: has("/workspace/workspaceEdit/resourceOperations", "create"),
            can_ask: capabilities
                .pointer("/workspace/workspaceEdit/changeAnnotationSupport")
                .is_some_and(Value::is_object),
        };
        Ok(Self {
            edits,
            can_resolve: has("/textDocument/codeAction/resolveSupport/properties", "edit"),
            can_watch: is("/workspace/didChangeWatchedFiles/dynamicRegistration"),
            can_refresh_lenses: is("/workspace/codeLens/refreshSupport"),
            roots: roots(params),
            options: params
                .get("initializationOptions")
                .map_or_else(ServerOptions::default, |options| ServerOptions::default().with(options)),
        })
    }
}

fn roots(params: &Value) -> Vec<PathBuf> {
    let uri = |value: &Value| path_of(&gen_lsp_types::Uri(value.as_str()?.to_owned()));
    let folders = params["workspaceFolders"].as_array().into_iter().flatten();
    let mut roots: Vec<PathBuf> = folders.filter_map(|folder| uri(&folder["uri"])).collect();
    if roots.is_empty() {
        roots.extend(uri(&params["rootUri"]).or_else(|| params["rootPath"].as_str().map(PathBuf::from)));
    }
    roots
}

/// What the server can for a client.
pub(super) fn of_server(client: &EditorClient) -> Value {
    json!({
        "positionEncoding": client.edits.encoding.kind(),
        "textDocumentSync": { "openClose": true, "change": 2, "save": { "includeText": false } },
        "hoverProvider": true,
        "completionProvider": { "triggerCharacters": ["-", "=", "$", "{", ",", "\"", "[", " "] },
        "definitionProvider": true,
        "referencesProvider": true,
        "documentSymbolProvider": true,
        "foldingRangeProvider": true,
        "codeActionProvider": {
            "codeActionKinds": ["quickfix", "source.fixAll", "source.fixAll.dockopt", "refactor.rewrite"],
            "resolveProvider": true,
        },
        "codeLensProvider": { "resolveProvider": false },
        "renameProvider": { "prepareProvider": true },
        "executeCommandProvider": { "commands": COMMANDS },
        "workspace": { "workspaceFolders": { "supported": true, "changeNotifications": true } },
    })
}

/// Files whose changes on disk change what is found.
pub(super) fn watchers() -> Value {
    let globs = [
        "**/{dockopt.toml,.hadolint.yaml,.hadolint.yml,.dockerignore,*.dockerignore}",
        "**/{Dockerfile*,*.Dockerfile,*.dockerfile,Containerfile*}",
        "**/{compose,docker-compose}*.{yml,yaml}",
        "**/docker-bake*.{hcl,json}",
        "**/.github/workflows/*.{yml,yaml}",
        "**/{.env,package.json,package-lock.json,yarn.lock,pnpm-lock.yaml,pyproject.toml,uv.lock,poetry.lock,requirements*.txt}",
        "**/{go.mod,go.sum,Cargo.toml,Cargo.lock,pom.xml,build.gradle,build.gradle.kts,Gemfile,Gemfile.lock,composer.json,composer.lock}",
    ];
    let watchers: Vec<Value> = globs.iter().map(|glob| json!({ "globPattern": glob })).collect();
    json!({ "registrations": [{
        "id": "dockopt-files",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": { "watchers": watchers },
    }] })
}
