//! The loop of the server: messages of the client and answers of the workers in, messages out.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, Instant};

use crossbeam_channel::{Receiver, at, never, select, unbounded};
use gen_lsp_types::{
    CodeAction, DidChangeTextDocumentParams, DidOpenTextDocumentParams, ExecuteCommandParams, PublishDiagnosticsParams,
    Uri,
};
use lsp_server::{Connection, ErrorCode, Message, Notification, Request, RequestId, Response};
use serde::Serialize;
use serde_json::{Value, json};

use super::capabilities::{EditorClient, of_server, watchers};
use super::job::{Answer, ChangeAnswer, ChangeKind, Job, Worker};
use super::open_document::{AUDIT_DEBOUNCE, DEBOUNCE, Deadline, HISTORY_DEBOUNCE, OpenDocument, VersionAnalysis};
use super::requests::{RequestSite, all_diagnostics, answer, command_uri, document_uri, needs_analysis, read};
use super::transport::UNREADABLE;
use crate::cli::session::name_of_source;
use crate::editor::{DocumentKind, EditorText, OpenVersion, OpenVersions, changes_edit, path_of};
use crate::inputs::Date;
use crate::load::{GatherRequest, set_open_text};
use crate::rules::AllRules;

/// How long other documents wait when one that they depend on changes.
const DEPENDENTS: Duration = Duration::from_millis(200);

/// Documents that are kept with the facts of their build contexts.
const MOST_AUDITS: usize = 8;

/// Changes that are worked out at most; more are refused.
const MOST_JOBS: usize = 100;

/// Questions that wait for a check at most; more are refused.
const MOST_WAITING: usize = 1_000;

/// Serves one client; whether it said good-bye before it went.
///
/// # Errors
/// What the client did before the session began.
pub(super) fn serve(connection: Connection, today: Option<Date>) -> Result<bool, String> {
    let (id, params) = connection.initialize_start().map_err(|error| {
        if error.channel_is_disconnected() {
            "the client went before the session began".to_owned()
        } else {
            error.to_string()
        }
    })?;
    let client = match EditorClient::of(&params) {
        Ok(client) => client,
        Err(error) => {
            let message = format!("the parameters of `initialize` cannot be read: {error}");
            let _ =
                connection.sender.send(Response::new_err(id, ErrorCode::InvalidParams as i32, message.clone()).into());
            return Err(message);
        }
    };
    // Names in messages are relative to the workspace, as those of a command that runs there.
    if let Some(root) = client.roots.first() {
        let _ = std::env::set_current_dir(root);
    }
    let top = std::env::current_dir().unwrap_or_else(|_| PathBuf::from("/"));
    let result = json!({
        "capabilities": of_server(&client),
        "serverInfo": { "name": "dockopt", "version": env!("CARGO_PKG_VERSION") },
    });
    let _ = connection.sender.send(Response::new_ok(id, result).into());
    let client_options = client.options;
    let (sender, answers) = unbounded();
    let mut server = Server {
        connection,
        client,
        top,
        request: GatherRequest { today, shellcheck: client_options.trusted, ..GatherRequest::new(&AllRules) },
        documents: BTreeMap::new(),
        waiting: Vec::new(),
        linter: Worker::start(sender.clone()),
        auditor: Worker::start(sender),
        requests: 0,
        texts: 0,
        editions: 0,
        is_shut_down: false,
    };
    Ok(server.run(&answers))
}

struct Server {
    connection: Connection,
    client: EditorClient,
    /// What names are relative to.
    top: PathBuf,
    request: GatherRequest,
    /// The open documents by their addresses.
    documents: BTreeMap<String, OpenDocument>,
    /// Questions that wait until a document was checked.
    waiting: Vec<Request>,
    linter: Worker,
    auditor: Worker,
    /// Requests that were sent to the client.
    requests: i32,
    /// Counts the changes of all texts: what was worked out before one is out of date.
    texts: u64,
    /// The number that the next state of a document gets; no two have one, also of documents that are opened again.
    editions: u64,
    is_shut_down: bool,
}

impl Server {
    fn run(&mut self, answers: &Receiver<Answer>) -> bool {
        loop {
            self.start_jobs();
            let timer = self.next_deadline().map_or_else(never, at);
            let messages = self.connection.receiver.clone();
            select! {
                recv(messages) -> message => match message {
                    Ok(Message::Request(request)) => self.on_request(request),
                    Ok(Message::Notification(notification)) if notification.method == "exit" => return self.is_shut_down,
                    Ok(Message::Notification(notification)) => self.on_notification(notification),
                    Ok(Message::Response(_)) => {}
                    Err(_) => return self.is_shut_down,
                },
                recv(answers) -> answer => if let Ok(answer) = answer {
                    self.on_answer(answer);
                },
                recv(timer) -> _ => {}
            }
        }
    }

    fn next_deadline(&self) -> Option<Instant> {
        let lint = self.documents.values().filter_map(|open| open.due).map(|due| due.at);
        let audit = self.documents.values().filter_map(|open| open.audit_due).map(|due| due.at);
        let lint = if self.linter.open == 0 { lint.min() } else { None };
        let audit = if self.auditor.open == 0 { audit.min() } else { None };
        lint.into_iter().chain(audit).min()
    }

    /// Gives each worker that has nothing to do the document that has waited longest.
    fn start_jobs(&mut self) {
        let now = Instant::now();
        if self.linter.open == 0 {
            let due = self.documents.iter_mut().filter(|(_, open)| open.due.is_some_and(|due| due.at <= now));
            if let Some((uri, open)) = due.min_by_key(|(_, open)| open.due.map(|due| due.at)) {
                open.due = None;
                let (document, path) = (open.document.clone(), open.path.clone());
                let request = self.request.for_next_run();
                self.linter.give(Job::Lint { uri: uri.clone(), edition: open.edition, document, path, request });
            }
        }
        if self.auditor.open == 0 {
            let due = self.documents.iter_mut().filter(|(_, open)| open.audit_due.is_some_and(|due| due.at <= now));
            if let Some((uri, open)) = due.min_by_key(|(_, open)| open.audit_due.map(|due| due.at)) {
                let has_history = std::mem::take(&mut open.wants_history);
                open.audit_due = None;
                let (path, request) = (open.path.clone(), self.request.for_next_run());
                self.auditor.give(Job::Audit { uri: uri.clone(), edition: open.edition, path, request, has_history });
            }
        }
    }

    fn on_notification(&mut self, notification: Notification) {
        let Notification { method, params } = notification;
        match method.as_str() {
            "initialized" if self.client.can_watch => self.ask("client/registerCapability", watchers()),
            "textDocument/didOpen" => match read(&params) {
                Ok(params) => self.open(params),
                Err((_, why)) => self.log(&format!("`{method}` cannot be read: {why}")),
            },
            "textDocument/didChange" => match read(&params) {
                Ok(params) => self.change(params),
                // The text is another than the client's from now on.
                Err((_, why)) => self.log(&format!("`{method}` cannot be read: {why}")),
            },
            UNREADABLE => {
                self.log(&format!("a message cannot be read: {}", params["why"].as_str().unwrap_or_default()));
            }
            "textDocument/didSave" => self.save(document_uri(&params).unwrap_or_default()),
            "textDocument/didClose" => self.close(document_uri(&params).unwrap_or_default()),
            "$/cancelRequest" => self.cancel(&params["id"]),
            "workspace/didChangeWatchedFiles" | "workspace/didChangeWorkspaceFolders" => self.schedule_all(DEPENDENTS),
            "workspace/didChangeConfiguration" => {
                self.client.options = self.client.options.with(&params["settings"]);
                self.request.shellcheck = self.client.options.trusted;
                self.schedule_all(DEBOUNCE);
            }
            _ => {}
        }
    }

    fn next_edition(&mut self) -> u64 {
        self.editions += 1;
        self.editions
    }

    fn log(&self, message: &str) {
        self.send(Notification::new("window/logMessage".to_owned(), json!({ "type": 1, "message": message })));
    }

    fn open(&mut self, params: DidOpenTextDocumentParams) {
        let item = params.text_document;
        let Some(path) = path_of(&item.uri) else { return };
        let language = serde_json::to_value(&item.language_id).unwrap_or_default();
        let kind = DocumentKind::of(&path, language.as_str().unwrap_or_default());
        let encoding = self.client.edits.encoding;
        let document = EditorText::new(path.clone(), kind, item.version, item.text, encoding);
        let below =
            if self.top.parent().is_some() { path.strip_prefix(&self.top).ok().map(Path::to_owned) } else { None };
        let edition = self.next_edition();
        let mut open = OpenDocument::new(item.uri.clone(), document, below.unwrap_or(path), edition);
        open.is_saved = open.is_on_disk();
        open.share();
        self.texts += 1;
        self.documents.insert(item.uri.0.clone(), open);
        self.schedule_audit(&item.uri.0, Duration::ZERO);
        self.schedule_dependents(&item.uri.0);
    }

    fn change(&mut self, params: DidChangeTextDocumentParams) {
        let uri = params.text_document.text_document_identifier.uri.0;
        let edition = self.next_edition();
        let Some(open) = self.documents.get_mut(&uri) else { return };
        self.texts += 1;
        open.document.apply(params.text_document.version, params.content_changes);
        // Whoever takes a change back is where they were.
        open.is_saved = open.is_on_disk();
        open.schedule(edition, DEBOUNCE);
        open.share();
        self.schedule_audit(&uri, AUDIT_DEBOUNCE);
        self.schedule_dependents(&uri);
    }

    fn save(&mut self, uri: &str) {
        let edition = self.next_edition();
        let Some(open) = self.documents.get_mut(uri) else { return };
        self.texts += 1;
        open.is_saved = open.is_on_disk();
        open.schedule(edition, Duration::ZERO);
        open.share();
        self.schedule_audit(uri, Duration::ZERO);
        self.schedule_dependents(uri);
    }

    fn close(&mut self, uri: &str) {
        let Some(open) = self.documents.remove(uri) else { return };
        self.texts += 1;
        set_open_text(&open.document.path, None);
        self.publish(open.uri, None, Vec::new());
        let (gone, waiting) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|request| document_uri(&request.params) == Some(uri));
        self.waiting = waiting;
        for request in Vec::from_iter::<Vec<Request>>(gone) {
            self.respond(request.id, Ok(Value::Null));
        }
        // Others were checked with the text that was open.
        self.schedule_all(DEPENDENTS);
    }

    fn schedule_all(&mut self, wait: Duration) {
        let uris: Vec<String> = self.documents.keys().cloned().collect();
        for uri in uris {
            let edition = self.next_edition();
            if let Some(open) = self.documents.get_mut(&uri) {
                // It may be the file on disk that changed.
                open.is_saved = open.is_on_disk();
                open.schedule(edition, wait);
            }
            self.schedule_audit(&uri, wait + AUDIT_DEBOUNCE);
        }
    }

    /// Documents that are checked with the text of another: Dockerfiles with settings, ignore and compose files, and these and
    /// pipelines with Dockerfiles.
    fn schedule_dependents(&mut self, uri: &str) {
        let Some(kind) = self.documents.get(uri).map(|open| open.document.kind) else { return };
        let depends = |other: DocumentKind| match kind {
            DocumentKind::Dockerfile => {
                matches!(other, DocumentKind::Compose | DocumentKind::Pipeline | DocumentKind::Ignore)
            }
            DocumentKind::Settings | DocumentKind::Ignore | DocumentKind::Compose | DocumentKind::Bake => {
                other != DocumentKind::Other
            }
            DocumentKind::Pipeline | DocumentKind::Other => false,
        };
        let path = self.documents.get(uri).map(|open| open.document.path.clone()).unwrap_or_default();
        // Settings and compose files name others, whatever these are called.
        let is_read = |open: &OpenDocument| {
            open.lint.as_ref().is_some_and(|lint| name_of_source(&lint.analysis, &self.top, &path).is_some())
        };
        let documents = self.documents.iter().filter(|(other, open)| {
            *other != uri && (depends(open.document.kind) || kind == DocumentKind::Other && is_read(open))
        });
        let dependents: Vec<String> = documents.map(|(other, _)| other.clone()).collect();
        for other in dependents {
            let edition = self.next_edition();
            if let Some(open) = self.documents.get_mut(&other) {
                open.schedule(edition, DEPENDENTS);
            }
            self.schedule_audit(&other, DEPENDENTS + AUDIT_DEBOUNCE);
        }
    }

    fn schedule_audit(&mut self, uri: &str, wait: Duration) {
        let Some(open) = self.documents.get_mut(uri) else { return };
        let has_context = matches!(open.document.kind, DocumentKind::Dockerfile | DocumentKind::Compose);
        if self.client.options.audit && has_context && !open.document.is_too_long() {
            open.audit_due = Some(Deadline::after(open.audit_due, wait));
            open.wants_history = false;
        }
    }

    fn cancel(&mut self, id: &Value) {
        let is_it = |request: &Request| serde_json::to_value(&request.id).is_ok_and(|known| known == *id);
        if let Some(index) = self.waiting.iter().position(is_it) {
            let request = self.waiting.remove(index);
            self.respond(request.id, Err((ErrorCode::RequestCanceled, "cancelled".to_owned())));
        } else {
            self.auditor.cancel(id);
        }
    }

    fn on_request(&mut self, request: Request) {
        if self.is_shut_down {
            let error = (ErrorCode::InvalidRequest, "the server is shut down".to_owned());
            return self.respond(request.id, Err(error));
        }
        match request.method.as_str() {
            "shutdown" => {
                self.is_shut_down = true;
                self.respond(request.id, Ok(Value::Null));
            }
            "initialize" => {
                self.respond(request.id, Err((ErrorCode::InvalidRequest, "the session has begun".to_owned())));
            }
            "codeAction/resolve" => self.resolve(request),
            "workspace/executeCommand" => self.execute(request),
            _ => self.answer_or_wait(request),
        }
    }

    fn answer_or_wait(&mut self, request: Request) {
        let uri = document_uri(&request.params).unwrap_or_default();
        let Some(open) = self.documents.get_mut(uri) else {
            let result = if request.method.starts_with("textDocument/") {
                Ok(Value::Null)
            } else {
                Err((ErrorCode::MethodNotFound, format!("`{}` is not supported", request.method)))
            };
            return self.respond(request.id, result);
        };
        if needs_analysis(&request.method) && open.current_lint().is_none() {
            if self.waiting.len() >= MOST_WAITING {
                let error = (ErrorCode::RequestFailed, "too many questions wait for an answer".to_owned());
                return self.respond(request.id, Err(error));
            }
            // Somebody waits: the text is checked now.
            open.due = open.due.map(|_| Deadline::now());
            self.waiting.push(request);
            return;
        }
        self.answer_now(&request);
    }

    fn answer_now(&mut self, request: &Request) {
        let versions = self.versions();
        let site = RequestSite { client: &self.client, top: &self.top, versions: &versions };
        let open = document_uri(&request.params).and_then(|uri| self.documents.get(uri));
        let result = open.map_or(Ok(Value::Null), |open| answer(request, open, site));
        let result = result.map(|value| self.with_edits(request, value));
        self.respond(request.id.clone(), result);
    }

    /// Actions without their edits are nothing for a client that cannot ask for them later.
    fn with_edits(&self, request: &Request, mut value: Value) -> Value {
        if request.method == "textDocument/codeAction"
            && !self.client.can_resolve
            && let Some(actions) = value.as_array_mut()
        {
            for action in actions.iter_mut().filter(|action| action["data"].is_object()) {
                let uri = action["data"]["uri"].clone();
                let title = action["title"].clone();
                let what = if action["data"]["what"] == "fix-all" { "dockopt.fixAll" } else { "dockopt.optimize" };
                action["command"] = json!({ "title": title, "command": what, "arguments": [uri] });
            }
        }
        value
    }

    fn versions(&self) -> OpenVersions {
        let version = |open: &OpenDocument| OpenVersion { uri: open.uri.clone(), version: open.document.version };
        self.documents.values().map(|open| (open.document.path.clone(), version(open))).collect()
    }

    fn resolve(&mut self, request: Request) {
        let action: CodeAction = match read(&request.params) {
            Ok(action) => action,
            Err(error) => return self.respond(request.id, Err(error)),
        };
        let data = action.data.clone().unwrap_or_default();
        let uri = data["uri"].as_str().unwrap_or_default().to_owned();
        let answer = ChangeAnswer::Resolve(Box::new(action));
        let is_fix = data["what"] == "fix-all";
        self.start_changes(request.id, &uri, answer, is_fix);
    }

    fn execute(&mut self, request: Request) {
        let command: ExecuteCommandParams = match read(&request.params) {
            Ok(command) => command,
            Err(error) => return self.respond(request.id, Err(error)),
        };
        let uri = command_uri(command.arguments.as_deref()).unwrap_or_else(|| Uri(String::new())).0;
        match command.command.as_str() {
            "dockopt.optimize" => self.start_changes(request.id, &uri, ChangeAnswer::Apply, false),
            "dockopt.fixAll" => self.start_changes(request.id, &uri, ChangeAnswer::Apply, true),
            "dockopt.previewOptimization" => {
                self.start_changes(request.id, &uri, ChangeAnswer::Show(String::new()), false);
            }
            other => {
                let error = (ErrorCode::InvalidParams, format!("the command `{other}` is not known"));
                self.respond(request.id, Err(error));
            }
        }
    }

    /// Works out what a fix of the file or a rewrite of its build changes.
    fn start_changes(&mut self, id: RequestId, uri: &str, answer: ChangeAnswer, is_fix: bool) {
        let Some(open) = self.documents.get(uri) else {
            let error = (ErrorCode::InvalidParams, format!("the document `{uri}` is not open"));
            return self.respond(id, Err(error));
        };
        if !open.document.path.is_file() {
            let message = "save the file first: what lies around it is read from disk";
            return self.respond(id, Err((ErrorCode::RequestFailed, message.to_owned())));
        }
        if self.auditor.open >= MOST_JOBS {
            let message = "too many changes are being worked out";
            return self.respond(id, Err((ErrorCode::RequestFailed, message.to_owned())));
        }
        let (path, request, texts) = (open.path.clone(), self.request.for_next_run(), self.texts);
        let kind = if is_fix { ChangeKind::Fixes } else { ChangeKind::Rewrite };
        self.auditor.give(Job::Changes { id, answer, kind, texts, path, request });
    }

    fn on_answer(&mut self, answer: Answer) {
        match answer {
            Answer::Lint { uri, edition, analysis } => {
                self.linter.open -= 1;
                let Some(open) = self.documents.get_mut(&uri) else { return };
                open.lint = Some(VersionAnalysis { edition, analysis: Arc::new(*analysis) });
                // What is out of date is not shown: the next check is on its way.
                if edition == open.edition {
                    self.show(&uri);
                    self.answer_waiting(&uri);
                }
            }
            Answer::Audit { uri, edition, analysis, has_history } => {
                self.auditor.open -= 1;
                let Some(open) = self.documents.get_mut(&uri) else { return };
                if open.is_saved && !has_history && open.audit_due.is_none() && analysis.is_some() {
                    open.wants_history = true;
                    open.audit_due = Some(Deadline::after(None, HISTORY_DEBOUNCE));
                }
                open.audit = analysis.map(|analysis| VersionAnalysis { edition, analysis: Arc::new(*analysis) });
                // What `lint` says of it comes first.
                let is_current = edition == open.edition && open.current_lint().is_some();
                self.forget_audits(&uri);
                if is_current {
                    self.show(&uri);
                    if self.client.can_refresh_lenses && self.client.options.code_lens {
                        self.ask("workspace/codeLens/refresh", Value::Null);
                    }
                }
            }
            Answer::Failed { is_lint, id, uri } => {
                let worker = if is_lint { &mut self.linter } else { &mut self.auditor };
                worker.open -= 1;
                let message = "dockopt failed on this text; please report it";
                let (ids, waiting): (Vec<Request>, Vec<Request>) = std::mem::take(&mut self.waiting)
                    .into_iter()
                    .partition(|request| is_lint && document_uri(&request.params) == uri.as_deref());
                self.waiting = waiting;
                for id in id.into_iter().chain(ids.into_iter().map(|request| request.id)) {
                    self.respond(id, Err((ErrorCode::InternalError, message.to_owned())));
                }
                let params = json!({ "type": 1, "message": message });
                self.send(Notification::new("window/showMessage".to_owned(), params));
            }
            Answer::Cancelled { id } => {
                self.auditor.open -= 1;
                self.respond(id, Err((ErrorCode::RequestCanceled, "cancelled".to_owned())));
            }
            Answer::Changes { id, answer, kind, texts, changes } => {
                self.auditor.open -= 1;
                if texts == self.texts {
                    self.answer_changes(id, answer, kind, &changes);
                } else {
                    let message = "the text has changed; ask again";
                    self.respond(id, Err((ErrorCode::ContentModified, message.to_owned())));
                }
            }
        }
    }

    fn answer_changes(
        &mut self,
        id: RequestId,
        answer: ChangeAnswer,
        kind: ChangeKind,
        changes: &[crate::fix::Change],
    ) {
        let versions = self.versions();
        // A fix is applied as it is; what rewrites a build is shown first where the client can.
        let asks = (kind == ChangeKind::Rewrite).then_some(kind.title());
        let edit = changes_edit(changes, &self.top, asks, (self.client.edits, &versions));
        if edit.is_none() && !matches!(answer, ChangeAnswer::Show(_)) {
            let message = match (changes.is_empty(), kind) {
                (true, ChangeKind::Fixes) => "no safe fix is left",
                (true, ChangeKind::Rewrite) => "there is nothing to optimize here",
                (false, _) => "the change makes a new file, which this editor cannot; run `dockopt optimize --write`",
            };
            return self.respond(id, Err((ErrorCode::RequestFailed, message.to_owned())));
        }
        let result = match answer {
            ChangeAnswer::Resolve(mut action) => {
                action.edit = Some(edit.unwrap_or_default());
                serde_json::to_value(action)
            }
            ChangeAnswer::Show(diff) => Ok(json!({ "diff": diff })),
            ChangeAnswer::Apply => {
                if let Some(edit) = edit {
                    self.ask("workspace/applyEdit", json!({ "label": kind.title(), "edit": edit }));
                }
                Ok(json!({ "files": changes.len() }))
            }
        };
        self.respond(id, result.map_err(|error| (ErrorCode::InternalError, error.to_string())));
    }

    /// Forgets the facts of other documents' contexts where there are many: each may hold the names of a million files.
    fn forget_audits(&mut self, uri: &str) {
        let with_audit = self.documents.iter().filter(|(_, open)| open.audit.is_some());
        let others = with_audit.filter(|(other, _)| *other != uri);
        let (count, oldest) =
            (others.clone().count(), others.min_by_key(|(_, open)| open.audit.as_ref().map(|audit| audit.edition)));
        let Some(oldest) = oldest.map(|(other, _)| other.clone()) else { return };
        if count < MOST_AUDITS {
            return;
        }
        if let Some(open) = self.documents.get_mut(&oldest) {
            open.audit = None;
        }
        // What only it told has no action any more.
        self.show(&oldest);
    }

    fn answer_waiting(&mut self, uri: &str) {
        let (ready, waiting): (Vec<Request>, Vec<Request>) = std::mem::take(&mut self.waiting)
            .into_iter()
            .partition(|request| document_uri(&request.params) == Some(uri));
        self.waiting = waiting;
        for request in ready {
            self.answer_now(&request);
        }
    }

    fn show(&mut self, uri: &str) {
        let Some(open) = self.documents.get(uri) else { return };
        let diagnostics = all_diagnostics(open, &self.top);
        self.publish(open.uri.clone(), Some(open.document.version), diagnostics);
    }

    fn publish(&self, uri: Uri, version: Option<i32>, diagnostics: Vec<gen_lsp_types::Diagnostic>) {
        let params = PublishDiagnosticsParams { uri, version, diagnostics };
        self.send(Notification::new("textDocument/publishDiagnostics".to_owned(), params));
    }

    fn respond(&self, id: RequestId, result: Result<Value, (ErrorCode, String)>) {
        self.send(match result {
            Ok(value) => Response::new_ok(id, value),
            Err((code, message)) => Response::new_err(id, code as i32, message),
        });
    }

    fn ask(&mut self, method: &str, params: impl Serialize) {
        self.requests += 1;
        self.send(Request::new(self.requests.into(), method.to_owned(), params));
    }

    /// A client that is gone gets nothing; the loop ends when its input does.
    fn send(&self, message: impl Into<Message>) {
        let _ = self.connection.sender.send(message.into());
    }
}
