//! Rules about what pipelines send to the builder.

use std::collections::BTreeSet;

use crate::build::{Build, Stage, Transfer};
use crate::finding::{Basis, CostFrequency, Finding, Findings, Impact, ImpactKind, Saving};
use crate::ignore::MatchedPatterns;
use crate::inputs::{IgnoreInput, Inputs, WorkflowInput};
use crate::rules::WorkflowContext;
use crate::text::{FileId, path};
use crate::workflow::{BuildCall, Builder, LegBuild, PipelineKind, Step};

crate::rules::family! {
    of_workflow
    "context-too-large-in-pipeline" => context_too_large_in_pipeline;
}

/// Rules about Dockerfiles that say the same.
const SAME: [&str; 2] = ["useless-context", "dockerignore-missing"];

/// Bytes of a checkout that are worth a line in .dockerignore.
const WORTHWHILE: u64 = 1_000_000;

/// Bytes of a file or folder that are worth a line of their own.
const WORTH_A_LINE: u64 = 100_000;

/// Paths that a message names.
const NAMED: usize = 3;

/// The folder with the repository's history.
const GIT: &str = ".git";

fn context_too_large_in_pipeline(cx: &WorkflowContext, out: &mut Findings) {
    // Of a machine that people work on nobody knows what lies there.
    if !cx.workflow().kind.is_pipeline() {
        return;
    }
    let mut seen = BTreeSet::new();
    for call in cx.calls() {
        let is_plain = matches!(call.builder, Builder::Action | Builder::Docker | Builder::Buildx);
        for (leg, build) in cx.builds_of(call) {
            let is_new = is_plain && seen.insert((build.input().dockerfile, leg.context.clone()));
            if is_new && let Some(finding) = finding_of(cx, call, leg, build) {
                out.push(finding);
            }
        }
    }
}

/// The finding about a build; of a checkout only the files that git has are there.
fn finding_of(cx: &WorkflowContext, call: &BuildCall, leg: &LegBuild, build: &Build) -> Option<Finding> {
    let input = build.input();
    let root = input.context_root.as_deref()?;
    let context = input.context.as_deref()?;
    if path::normalize(&cx.repository().name(&leg.context)) != path::normalize(root) {
        return None;
    }
    let sent = build.sent_files(context).filter(|sent| sent.whole)?;
    let is_checked_out = |name: &str| {
        let name = path::child(&leg.context, name);
        cx.repository().has(&name) || cx.repository().below(&name).next().is_some()
    };
    let mut useless: Vec<(String, u64)> = Vec::new();
    let git = sent_git(cx, call, leg, build);
    if git.is_some() {
        useless.push((GIT.to_owned(), 0));
    }
    let entries = build.useless(context, &sent).into_iter();
    let sizes = entries.map(|class_match| (context.path(class_match.entry), class_match.amount.bytes));
    useless.extend(sizes.filter(|(name, bytes)| name != GIT && *bytes >= WORTH_A_LINE && is_checked_out(name)));
    let bytes: u64 = useless.iter().map(|(_, bytes)| bytes).sum();
    if useless.is_empty() || bytes < WORTHWHILE && useless[0].0 != GIT {
        return None;
    }
    let names: Vec<String> = useless.iter().take(NAMED).map(|(name, _)| format!("`{name}`")).collect();
    let more = useless.len() - names.len();
    let more = if more > 0 { format!(" and {more} more") } else { String::new() };
    let dockerfile = cx.inputs.source(input.dockerfile).name();
    let lead = if matches!(input.ignore, IgnoreInput::Present(..)) { "" } else { "no .dockerignore: " };
    let unread = if lead.is_empty() { None } else { unread_ignore_file(cx, leg) };
    let message =
        format!("{lead}`{dockerfile}` takes {}{more} of the checkout, which no build needs", names.join(", "));
    let finding = cx.finding(call.place, message)?;
    let mut finding = finding.help(format!("exclude them in `{}`", path::child(root, ".dockerignore")));
    if git == Some(SentGit::IntoImage) {
        finding.notes.push(note_on_image(cx, call));
    }
    if let Some(unread) = unread {
        finding.notes.push(format!(
            "Docker does not read `{unread}`: it takes `.dockerignore` at the top of the context, or `{}.dockerignore`",
            leg.file
        ));
    }
    Some(if bytes < WORTHWHILE {
        finding.costs(Impact {
            per: CostFrequency::Commit,
            ..Impact::slower_rebuild("each commit changes the repository's history and thus the copied files")
        })
    } else {
        finding.costs(Impact {
            kind: ImpactKind::ContextBytes,
            saves: Some(Saving::Bytes(bytes)),
            per: CostFrequency::Build,
            basis: Basis::Computed,
            is_least: false,
            evidence: format!("sizes of the files that git has in `{root}`"),
        })
    })
}

/// Where the history of a repository goes that no build needs.
#[derive(Clone, Copy, PartialEq, Eq)]
enum SentGit {
    /// Into a stage that nobody gets.
    IntoStage,
    /// Into the image.
    IntoImage,
}

/// Where a build takes the history of the repository; `None` where it does not, or that does not matter.
fn sent_git(cx: &WorkflowContext, call: &BuildCall, leg: &LegBuild, build: &Build) -> Option<SentGit> {
    let ignore = &build.input().ignore;
    // The git context of docker/build-push-action has no such folder.
    let is_sent = leg.context.is_empty() && call.context.is_some() && keeps_git(ignore);
    let into = match ships_context(build) {
        true => SentGit::IntoImage,
        // Nobody gets that stage, and each run makes it again: without a cache, or as each commit changes a file that is not
        // left out.
        false if matches!(ignore, IgnoreInput::Present(..)) && is_cached(cx, call) => SentGit::IntoStage,
        false => return None,
    };
    (is_sent && !names_git(build) && !calls_git(cx, leg)).then_some(into)
}

/// What it means that the history gets into an image: pipelines fetch one commit, or a few.
fn note_on_image(cx: &WorkflowContext, call: &BuildCall) -> String {
    let is_whole = |step: &Step| step.input("fetch-depth").is_some_and(|depth| depth.value.text == "0");
    let history = match cx.workflow().kind {
        PipelineKind::Github if cx.job(call).steps.iter().any(is_whole) => "the whole history",
        PipelineKind::Github | PipelineKind::Gitlab => "the commits that are fetched",
        _ => "the whole history",
    };
    let token = match cx.workflow().kind {
        PipelineKind::Github => ", and, with actions/checkout before v6, the token of the run in `.git/config`",
        _ => "",
    };
    format!("`COPY` puts `{GIT}` into the image: {history}{token}")
}

/// Whether a build reads a cache that builds of the pipelines write: without the information that goes into an image nothing
/// of that is reused.
fn is_cached(cx: &WorkflowContext, call: &BuildCall) -> bool {
    let is_inline = |call: &BuildCall| call.arguments.iter().any(|argument| argument.name == "BUILDKIT_INLINE_CACHE");
    let writes = |call: &BuildCall| !call.cache_to.is_empty() || is_inline(call);
    !call.cache_from.is_empty() && cx.inputs.workflows.iter().flat_map(|input| input.calls.iter()).any(writes)
}

/// A .dockerignore beside the Dockerfile, where that does not lie at the top of the context.
fn unread_ignore_file(cx: &WorkflowContext, leg: &LegBuild) -> Option<String> {
    let folder = path::parent(&leg.file);
    let file = path::child(folder, ".dockerignore");
    (folder != leg.context && cx.repository().has(&file)).then_some(file)
}

/// Whether a stage that ships has a copy of the whole context.
fn ships_context(build: &Build) -> bool {
    let copies_all = |stage: &Stage| build.transfers(stage).iter().any(Transfer::is_of_whole_context);
    build.stages().iter().any(|stage| build.ships(stage) && copies_all(stage))
}

/// Whether a Dockerfile has git, which may read the history, also in a script that it runs.
fn names_git(build: &Build) -> bool {
    let text = build.input().file.source().text();
    text.split(|c: char| !(c.is_ascii_alphanumeric() || "-_./".contains(c))).any(|word| matches!(word, "git" | GIT))
}

/// Whether makefiles and scripts of the context, which a RUN may call, ask for the history: the base image may have git.
fn calls_git(cx: &WorkflowContext, leg: &LegBuild) -> bool {
    let asks = |text: &str| {
        ["describe", "rev-parse", "rev-list", "log "].iter().any(|verb| text.contains(&format!("git {verb}")))
    };
    let is_local = |input: &&WorkflowInput| {
        let is_inside = leg.context.is_empty() || path::is_within(&input.path, &leg.context);
        is_inside && !input.workflow.kind.is_pipeline()
    };
    let mut scripts = cx.inputs.workflows.iter().filter(is_local);
    scripts.any(|input| asks(cx.inputs.source(input.file).text()))
}

/// Whether the history of the repository is sent.
fn keeps_git(ignore: &IgnoreInput) -> bool {
    match ignore {
        IgnoreInput::Unknown => false,
        IgnoreInput::Missing(_) => true,
        IgnoreInput::Present(_, file) => {
            let verdict = file.matcher().decide(GIT, &MatchedPatterns::default());
            verdict.is_ok_and(|verdict| !verdict.excluded) && file.error().is_none()
        }
    }
}

/// Takes out what rules about Dockerfiles say in the same run.
pub(in crate::rules) fn drop_repeated(findings: &mut Vec<Finding>, inputs: &Inputs, builds: &[Build]) {
    let reported: BTreeSet<FileId> =
        findings.iter().filter(|finding| SAME.contains(&finding.rule)).map(|finding| finding.file).collect();
    let files = builds.iter().map(|build| build.input().dockerfile).filter(|file| reported.contains(file));
    let names: BTreeSet<&str> = files.map(|file| inputs.source(file).name()).collect();
    let is_repeated = |finding: &Finding| finding.message.split('`').any(|word| names.contains(word));
    findings.retain(|finding| finding.rule != RULES[0].name || !is_repeated(finding));
}
