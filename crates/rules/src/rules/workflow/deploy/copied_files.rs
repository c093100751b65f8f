//! A rule about files that a host uses and that no step brings there.

use super::action::Action;
use super::flow::{FlowCommand, flows};
use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::rules::workflow::checked_out::is_read_by_default;
use crate::sources::patterns;
use crate::text::path;
use crate::workflow::{ComposeCall, PipelineKind};

crate::rules::family! {
    of_workflow
    "deployed-file-not-copied" => deployed_file_not_copied;
}

/// Meanings in `data/source_patterns.tsv`.
const COPIES: &str = "brings files to another machine";
const FETCHES: &str = "brings files to the machine that runs it";
const DOWNLOAD: &str = "in a line with a download: what it brings";

/// Compose files that are looked at.
const COMPOSES: usize = 100;

/// A compose file or a script of the repository that a host uses, where nothing brings it to the host.
fn deployed_file_not_copied(cx: &WorkflowContext, out: &mut Findings) {
    let is_known = matches!(cx.workflow().kind, PipelineKind::Github | PipelineKind::Gitlab);
    if !is_known || cx.input.remote_scripts.is_empty() || !cx.repository().is_complete || copies(cx) {
        return;
    }
    let mut flows = flows(cx);
    flows.sort_by_key(|flow| flow.fallback.is_some());
    for flow in flows {
        let remote: Vec<&FlowCommand> = flow.commands.iter().filter(|command| command.host.is_some()).collect();
        let used: Vec<UsedFile> = remote.iter().filter_map(|command| used_file(cx, command)).collect();
        // What a script does that is not known may bring the file, too.
        let is_open = |file: &UsedFile| file.text.is_none_or(fetches);
        if used.iter().any(is_open) || remote.iter().any(|command| fetches(&command.script.text.text)) {
            continue;
        }
        let Some((file, command)) = used.iter().find_map(|file| Some((file.path.as_deref()?, file.command))) else {
            continue;
        };
        let message = format!(
            "nothing brings `{file}` to the host: it uses the one that somebody put there, and no change arrives"
        );
        let Some(finding) = cx.finding(command.script.text.place_of(command.span()), message) else { continue };
        out.push(finding.help(
            "copy it there first (`rsync`, `scp`, appleboy/scp-action), or `git pull` on the host, and start that commit",
        ));
        return;
    }
}

/// Whether a script may bring files to the machine that runs it.
fn fetches(text: &str) -> bool {
    let downloads = |line: &str| {
        let mut rests = ["curl", "wget"].into_iter().filter_map(|program| Some(line.split_once(program)?.1));
        rests.any(|rest| patterns::shows(rest, DOWNLOAD))
    };
    patterns::shows(text, FETCHES) || text.lines().any(downloads)
}

/// A file that a command on a host uses.
struct UsedFile<'c, 'a, 't> {
    command: &'c FlowCommand<'a>,
    /// The file of the repository of that name.
    path: Option<String>,
    /// What it does, where it is a script; `None` where that is not known.
    text: Option<&'t str>,
}

/// The compose file or the script that a command on a host uses.
fn used_file<'c, 'a, 't>(cx: &WorkflowContext<'t, '_>, command: &'c FlowCommand<'a>) -> Option<UsedFile<'c, 'a, 't>> {
    let files = &cx.repository().files;
    if let Some(word) = command.command.script_word() {
        let name = path::name(word.text());
        let script = cx
            .inputs
            .workflows
            .iter()
            .find(|input| input.workflow.kind == PipelineKind::Script && path::name(&input.path) == name);
        let text = script.map(|script| cx.inputs.source(script.file).text());
        return Some(UsedFile { command, path: script.map(|script| script.path.clone()), text });
    }
    let call = ComposeCall::of(command.script, &command.command)?;
    if !matches!(Action::of(command), Action::Start(_)) {
        return None;
    }
    let path = if let Some((file, _)) = call.files.first() {
        let name = path::name(file.constant()?);
        files.iter().find(|known| path::name(known) == name).cloned()
    } else {
        let composes = cx.repository().composes(COMPOSES).unwrap_or_default();
        composes.into_iter().filter(|file| is_read_by_default(file)).min_by_key(|file| file.matches('/').count())
    };
    Some(UsedFile { command, path, text: Some("") })
}

/// Whether a pipeline of the repository brings files to another machine, or may.
fn copies(cx: &WorkflowContext) -> bool {
    let others = cx.inputs.workflows.iter().filter(|other| other.workflow.kind.is_pipeline());
    let mut texts = others.map(|other| cx.inputs.source(other.file).text());
    texts.any(|text| patterns::shows(text, COPIES)) || patterns::shows(cx.source().text(), COPIES)
}
