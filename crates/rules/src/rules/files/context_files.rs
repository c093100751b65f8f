//! Rules about files of the build context.

use std::sync::Arc;

use crate::build::{Build, Stage, Transfer};
use crate::dockerfile::{CheckOptions, Instruction, Keyword};
use crate::finding::{Basis, CostFrequency, Findings, Impact, ImpactKind, Safety, Saving};
use crate::inputs::context::{
    BuildContext, ClassKind, ClassMatch, ContextEntryKind, EntryId, Selector, classify, select,
};
use crate::inputs::{GitModes, IgnoreInput};
use crate::rules::Context;
use crate::rules::files::context_waste;
use crate::rules::files::context_waste::with_lines;
use crate::rules::files::late_changes::slow_step_from;
use crate::text::path;

crate::rules::family! {
    "dockerignore-missing" => dockerignore_missing;
    "dockerfile-in-context" => dockerfile_in_context;
    "file-mode-not-in-git" => file_mode_not_in_git;
    "definition-comment" => definition_comment;
}

fn dockerignore_missing(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let missing = match cx.ignore() {
        IgnoreInput::Missing(_) => true,
        IgnoreInput::Present(_, file) => file.patterns.is_empty() && file.error().is_none(),
        IgnoreInput::Unknown => false,
    };
    if !missing {
        return;
    }
    // These say what is sent, and what it costs.
    let mut others = Findings::new();
    context_waste::useless_context(cx, &mut others);
    context_waste::git_ignored_files_copied(cx, &mut others);
    if others.iter().next().is_some() {
        return;
    }
    let transfers: Vec<&Transfer> = build.needed_stages().flat_map(|stage| build.transfers(stage)).collect();
    let wide_copy = whole_copy(cx, &transfers).or_else(|| folder_copy(cx, &transfers));
    let Some((transfer, lead, unwanted)) = wide_copy else { return };
    let with =
        if unwanted.names.is_empty() { String::new() } else { format!(" with {}", unwanted.names.join(" and ")) };
    let message = format!("{lead} is copied{with}, and no .dockerignore excludes anything");
    let help = "add a .dockerignore that excludes .git, installed packages, caches and secrets";
    let finding = cx.finding(transfer.instruction.head, message).help(help);
    let impact = Impact {
        kind: ImpactKind::ContextBytes,
        saves: Some(Saving::Bytes(unwanted.bytes)),
        per: CostFrequency::Build,
        basis: Basis::Computed,
        is_least: false,
        evidence: "the sizes of these files in the build context".to_owned(),
    };
    out.push(finding.when(unwanted.bytes > 0, |finding| finding.costs(impact)));
}

/// The names that a message gives.
const NAMED: usize = 3;

/// A copy, what it copies, and what of that a .dockerignore usually excludes.
type WideCopy<'t, 'i> = (&'t Transfer<'i>, String, Unwanted);

/// The first copy of the whole context.
fn whole_copy<'t, 'i>(cx: &Context, transfers: &[&'t Transfer<'i>]) -> Option<WideCopy<'t, 'i>> {
    let transfer = transfers.iter().find(|transfer| transfer.is_of_whole_context())?;
    let lead = "the whole build context".to_owned();
    let unwanted = cx.context().map(|context| unwanted(context, |_| true)).unwrap_or_default();
    Some((transfer, lead, unwanted))
}

/// The first copy of a folder that has something to leave out.
fn folder_copy<'t, 'i>(cx: &Context, transfers: &[&'t Transfer<'i>]) -> Option<WideCopy<'t, 'i>> {
    let context = cx.context()?;
    transfers.iter().filter(|transfer| transfer.from.is_none()).find_map(|transfer| {
        transfer.select(context).into_iter().flatten().find_map(|selection| {
            let top =
                selection.tops.iter().flatten().find(|top| context.entry(**top).kind == ContextEntryKind::Directory)?;
            let is_taken = |id: EntryId| {
                selection.entries.binary_search(&id).is_ok()
                    || !context.entries_below(&selection.entries, id).is_empty()
            };
            let unwanted = unwanted(context, is_taken);
            let has_any = !unwanted.names.is_empty();
            has_any.then(|| (*transfer, format!("`{}`", context.path(*top)), unwanted))
        })
    })
}

/// What is copied although a .dockerignore usually excludes it.
#[derive(Default)]
struct Unwanted {
    names: Vec<String>,
    bytes: u64,
}

fn unwanted(context: &BuildContext, is_taken: impl Fn(EntryId) -> bool) -> Unwanted {
    let kinds = [ClassKind::VersionControl, ClassKind::Dependencies, ClassKind::Secret, ClassKind::Bytecode];
    let is_unwanted = |known: &&ClassMatch| kinds.contains(&known.class.kind) && is_taken(known.entry);
    let mut unwanted = Unwanted::default();
    for class_match in classify(context).iter().filter(is_unwanted) {
        unwanted.bytes += class_match.amount.bytes;
        if unwanted.names.len() < NAMED {
            unwanted.names.push(format!("`{}`", context.path(class_match.entry)));
        }
    }
    unwanted
}

/// The fewest commits that are worth a line in .dockerignore.
const FEWEST: u32 = 2;

/// One of so many commits.
const SHARE: u32 = 100;

fn dockerfile_in_context(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some((context, history)) = cx.context().zip(cx.history()) else { return };
    if history.definition_only.is_empty() {
        return;
    }
    let named = build.named_paths(true);
    let mut files = definition_files(cx, context);
    files.retain(|file| !named.at_or_below(file));
    if files.is_empty() || named.unknown {
        return;
    }
    for stage in build.needed_stages() {
        for step in taking_steps(build, stage, context) {
            let line = step.instruction.start_line;
            let Some(reruns) = history.definition_only.get(&line).copied() else { continue };
            if reruns < FEWEST || reruns.saturating_mul(SHARE) < history.builds {
                continue;
            }
            let copied = definition_files_of(&step, context, &files);
            if copied.is_empty() {
                continue;
            }
            let Some(slow) = slow_step_from(build, stage, step.index) else { continue };
            let quoted: Vec<String> = copied.iter().map(|file| format!("`{file}`")).collect();
            let are = if quoted.len() == 1 { "is" } else { "are" };
            let message = format!(
                "{} {are} among the files of this step, so an edit of the Dockerfile reruns `{}` below it",
                quoted.join(" and "),
                slow.name
            );
            let message =
                if slow.span.start >= step.instruction.span.end { message } else { message.replace(" below it", "") };
            let impact = Impact {
                saves: Some(Saving::Reruns { reruns, builds: history.builds }),
                per: CostFrequency::Commit,
                ..Impact::slower_rebuild(format!(
                    "the step reran in {reruns} of the last {} commits for no other file, by git history",
                    history.builds
                ))
            };
            let finding = cx
                .finding(step.instruction.head, message)
                .help("exclude them in .dockerignore: the builder reads both files all the same")
                .label(slow.span, "reruns")
                .costs(impact);
            let wanted = |file: &String| {
                cx.ask_neighbours(format!("copies {file}"), |other| {
                    let named = other.named_paths(true);
                    (named.unknown || named.at_or_below(file)).then(String::new)
                })
            };
            let safety = Safety::Unsafe("a program in the image may read them".to_owned());
            let is_writable = !copied.iter().any(|file| wanted(file).is_some() || file.contains(['*', '?', '[', '\\']));
            out.push(if is_writable { with_lines(cx, &copied, safety, finding) } else { finding });
            return;
        }
    }
}

/// The Dockerfile and the .dockerignore, as far as they lie in the context.
fn definition_files(cx: &Context, context: &BuildContext) -> Vec<String> {
    let root = path::normalize(context.root());
    let place = |name: &str| path::relative(&path::normalize(name), &root).map(str::to_owned);
    let ignore = match cx.ignore() {
        IgnoreInput::Present(file, _) => place(cx.inputs().source(*file).name()),
        IgnoreInput::Unknown | IgnoreInput::Missing(_) => None,
    };
    let all = place(cx.source().name()).into_iter().chain(ignore);
    all.filter(|file| context.find(file).is_some()).collect()
}

/// Those of the files that a step takes.
fn definition_files_of(step: &TakingStep, context: &BuildContext, files: &[String]) -> Vec<String> {
    files.iter().filter(|file| context.find(file).is_some_and(|id| step.takes(id))).cloned().collect()
}

/// With more files than these, the file system is the reason, and not a file.
const SINGLE: usize = 20;

fn file_mode_not_in_git(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some((context, modes)) = cx.context().zip(cx.git_modes()) else { return };
    if modes.executable.is_empty() {
        return;
    }
    for step in build.needed_stages().flat_map(|stage| taking_steps(build, stage, context)) {
        let differing = differing(&step, context, modes);
        let Some(((first, executable), more)) = differing.split_first() else { continue };
        let others = match more.len() {
            0 => String::new(),
            1 => " and 1 other file".to_owned(),
            count => format!(" and {count} other files"),
        };
        let verb = if more.is_empty() { "is" } else { "are" };
        let here = if *executable { "not executable" } else { "executable" };
        let in_clone = if *executable { format!("but {verb}") } else { "but not".to_owned() };
        let message =
            format!("`{first}`{others} {verb} {here} here, {in_clone} in a clone: a builder there misses the cache");
        let help = if differing.len() > SINGLE {
            "build in a clone on a file system that keeps modes (in WSL: not below /mnt)".to_owned()
        } else if *executable {
            format!("git records {first} as executable and ignores the file's mode (core.fileMode): `chmod +x {first}`")
        } else {
            format!("git ignores the file's mode (core.fileMode): `git update-index --chmod=+x {first}` records it")
        };
        out.push(cx.finding(step.instruction.head, message).help(help));
        // The same files in a later step are the same mistake.
        return;
    }
}

/// The files of a step whose mode git records otherwise, and whether it records them as executable.
fn differing<'m>(step: &TakingStep, context: &BuildContext, modes: &'m GitModes) -> Vec<(&'m str, bool)> {
    let is_taken = |file: &str| context.find(file).is_some_and(|id| step.takes(id));
    let all = modes.executable.iter().map(|(file, executable)| (file.as_str(), *executable));
    let mut differing: Vec<(&str, bool)> = all.filter(|(file, _)| is_taken(file)).collect();
    // A message says one thing: what is executable here comes first, because it works here and fails elsewhere.
    if let Some(first) = differing.iter().map(|(_, executable)| *executable).min() {
        differing.retain(|(_, executable)| *executable == first);
    }
    differing
}

fn definition_comment(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    // This check is experimental in BuildKit, and off unless the file enables it.
    let is_enabled = file.check().and_then(|check| {
        CheckOptions::parse(&check.value)
            .ok()
            .map(|options| options.experimental_all || options.experimental.contains(&"InvalidDefinitionDescription"))
    });
    for instruction in file.instructions() {
        let names: Vec<String> = match instruction.keyword {
            Keyword::Arg => file.args(instruction).iter().map(|arg| arg.name.text.to_string()).collect(),
            Keyword::From => {
                file.from(instruction).and_then(|from| from.name).iter().map(|name| name.text.to_lowercase()).collect()
            }
            _ => continue,
        };
        let (Some(name), Some(comment)) = (names.first(), instruction.comments.last()) else { continue };
        let text = file.logical(*comment);
        let word = text.split(' ').next().unwrap_or_default();
        if names.iter().any(|name| name == word) {
            continue;
        }
        let message = format!("the comment above `{name}` is not its description: it does not start with `{name}`");
        let finding = cx.finding(instruction.head, message);
        let finding = finding.help(format!("start it with `# {name} `, or put a `#` line in between"));
        out.push(if is_enabled == Some(true) { finding } else { finding.without("InvalidDefinitionDescription") });
    }
}

/// A step and what it takes.
pub(in crate::rules) struct TakingStep<'a> {
    /// The index of the instruction.
    pub(in crate::rules) index: usize,
    /// The instruction.
    pub(in crate::rules) instruction: &'a Instruction,
    /// The entries of the context, by source.
    pub(in crate::rules) entries: Vec<Arc<[EntryId]>>,
}

impl TakingStep<'_> {
    /// Whether it takes an entry.
    pub(in crate::rules) fn takes(&self, id: EntryId) -> bool {
        self.entries.iter().any(|entries| entries.binary_search(&id).is_ok())
    }
}

/// The steps of a stage that take something of the context, in the order of the file. Sources that are known only during
/// the build take nothing.
pub(in crate::rules) fn taking_steps<'a>(
    build: &Build<'a>,
    stage: &Stage,
    context: &BuildContext,
) -> Vec<TakingStep<'a>> {
    let copies = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none());
    let mut steps: Vec<TakingStep> = copies
        .map(|transfer| {
            let selected = transfer.select(context).into_iter().flatten();
            let entries = selected.map(|selection| selection.entries).collect();
            TakingStep { index: transfer.index, instruction: transfer.instruction, entries }
        })
        .collect();
    for (index, source) in build.bound(stage) {
        let Some(selection) =
            source.and_then(|source| select(context, &source, Selector { parents: false, exclude: &[] }).ok())
        else {
            continue;
        };
        steps.push(TakingStep { index, instruction: build.instruction(index), entries: vec![selection.entries] });
    }
    steps.sort_by_key(|step| step.index);
    steps
}
