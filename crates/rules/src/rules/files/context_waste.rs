//! Rules about files that a build does not need, and lines of .dockerignore.

use crate::build::{Build, GIT_IGNORE_LINES, IgnoredName, Source, TakenFile, may_take_in, toolchain};
use crate::finding::{
    Basis, CostFrequency, FileEdit, Finding, Findings, Fix, Impact, ImpactKind, Safety, Saving, Severity, Target,
};
use crate::ignore::MatchedPatterns;
use crate::inputs::IgnoreInput;
use crate::inputs::context::{BuildContext, ClassKind, ClassMatch, EntryId};
use crate::manifest::{Ecosystem, FileKind, is_manifest};
use crate::rules::Context;
use crate::shell::{Invocation, Verb};
use crate::sources::patterns;
use crate::text::{Span, path};

crate::rules::family! {
    "useless-context" => useless_context;
    "git-ignored-files-copied" => git_ignored_files_copied;
}

/// The number of paths that a message names.
const NAMED: usize = 3;

/// Below this many bytes, a line in an ignore file is not worth it.
const WORTHWHILE: u64 = 100_000;

/// See `rules/useless-context.md`.
pub(in crate::rules) fn useless_context(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(context) = cx.context() else { return };
    let Some(fetched) = build.sent_files(context) else { return };
    let mut useless = build.useless(context, &fetched);
    useless.retain(|class_match| {
        !is_brought_back(cx, &context.path(class_match.entry)) && !is_wanted(cx, context, class_match)
    });
    if !is_worthwhile(useless.iter()) {
        return;
    }
    let Some(span) = first_copy(build) else { return };
    let cautious: Vec<Option<Safety>> = useless.iter().map(|class_match| safety(cx, context, class_match)).collect();
    let edited: Vec<&ClassMatch> =
        useless.iter().zip(&cautious).filter(|(_, how)| how.is_some()).map(|(f, _)| f).collect();
    let (mut plain, mut all, mut why) = (Vec::new(), Vec::new(), None);
    let mut plain_matches = Vec::new();
    for (class_match, safety) in useless.iter().zip(cautious) {
        let Some(pattern) = safety.as_ref().and_then(|_| pattern(context, &edited, class_match)) else { continue };
        if let Some(Safety::Unsafe(reason)) = safety {
            why = Some(reason);
        } else {
            plain.push(pattern.clone());
            plain_matches.push(class_match);
        }
        all.push(pattern);
    }
    // A file with one line that saves nothing looks as if the rest were taken care of.
    if !is_worthwhile(plain_matches.iter().copied()) {
        plain.clear();
    }
    let mut finding = finding(cx, context, span, &useless, why.is_some());
    // After the safe fix, the rest is found again.
    for (mut patterns, safety) in [(plain, Some(Safety::Safe)), (all, why.map(Safety::Unsafe))] {
        let Some(safety) = safety else { continue };
        patterns.sort_unstable();
        patterns.dedup();
        finding = with_lines(cx, &patterns, safety, finding);
    }
    out.push(finding);
}

/// Whether lines for these entries are worth it.
fn is_worthwhile<'m>(matches: impl IntoIterator<Item = &'m ClassMatch>) -> bool {
    let (mut bytes, mut changes) = (0, false);
    for class_match in matches {
        bytes += class_match.amount.bytes;
        // The history changes with each commit and reruns steps, however small it is; the others only cost their size.
        changes |= class_match.class.kind == ClassKind::VersionControl;
    }
    bytes >= WORTHWHILE || bytes > 0 && changes
}

fn finding(cx: &Context, context: &BuildContext, span: Span, useless: &[ClassMatch], is_doubtful: bool) -> Finding {
    let bytes: u64 = useless.iter().map(|class_match| class_match.amount.bytes).sum();
    let parts: Vec<String> =
        useless.iter().take(NAMED).map(|class_match| format!("`{}`", context.path(class_match.entry))).collect();
    let more = useless.len() - parts.len();
    let more = if more == 0 { String::new() } else { format!(" and {more} more") };
    let sent = if useless.len() == 1 { "is sent" } else { "are sent" };
    let them = if useless.len() == 1 { "it" } else { "them" };
    let lead = if matches!(cx.ignore(), IgnoreInput::Present(..)) { "" } else { "no .dockerignore: " };
    let needs = if is_doubtful { "is known to need" } else { "needs" };
    let message = format!("{lead}{}{more} {sent} to the builder although no build {needs} {them}", parts.join(", "));
    let finding = cx.finding(span, message).help("exclude them in .dockerignore");
    let has_history = useless.iter().any(|class_match| class_match.class.kind == ClassKind::VersionControl);
    let finding = if has_history { finding.costs(rerun()) } else { finding };
    finding.costs(Impact {
        kind: ImpactKind::ContextBytes,
        saves: Some(Saving::Bytes(bytes)),
        per: CostFrequency::Build,
        basis: Basis::Computed,
        is_least: false,
        evidence: format!("sizes of the files that COPY selects in `{}`", context.root()),
    })
}

/// The steps after the copy rerun after each commit.
fn rerun() -> Impact {
    Impact {
        per: CostFrequency::Commit,
        ..Impact::slower_rebuild("each commit changes the repository's history and thus the copied files")
    }
}

/// Whether another build with the same .dockerignore may need a path of the context.
fn is_wanted(cx: &Context, context: &BuildContext, class_match: &ClassMatch) -> bool {
    let question = format!("wants {}", context.path(class_match.entry));
    cx.ask_neighbours(question, |other| other.needs_entry(context, class_match).then(String::new)).is_some()
}

/// Whether an exception of .dockerignore includes a path or something below it, so that it is sent on purpose.
pub(in crate::rules) fn is_brought_back(cx: &Context, path: &str) -> bool {
    let IgnoreInput::Present(_, file) = cx.ignore() else { return false };
    file.patterns.iter().any(|pattern| pattern.negated && may_take_in(&pattern.text, path))
}

/// Whether the fix may exclude a path: `None` if it must not.
fn safety(cx: &Context, context: &BuildContext, class_match: &ClassMatch) -> Option<Safety> {
    let path = context.path(class_match.entry);
    if !is_made_anew(class_match) {
        return None;
    }
    // A line that the builder rejects makes the whole file ineffective.
    if matches!(cx.ignore(), IgnoreInput::Present(_, file) if file.error().is_some()) {
        return None;
    }
    let is_unknown = |build: &Build| build.named_paths(true).unknown.then(String::new);
    if is_unknown(cx.build()).or_else(|| cx.ask_neighbours("copies the unknown", is_unknown)).is_some() {
        return Some(Safety::Unsafe("a COPY takes a path that is known only during the build".into()));
    }
    let why = match class_match.class.kind {
        ClassKind::VersionControl => {
            let others = || cx.ask_neighbours("reads the history", |other| other.may_read_history(true));
            cx.build().may_read_history(false).or_else(others)
        }
        ClassKind::Dependencies if path.contains('/') || has_several(cx, &path) => {
            Some(format!("no step is known to install the content of `{path}`"))
        }
        ClassKind::Dependencies if cx.build().lays_over(context, class_match) => Some(format!(
            "the copy of `{path}` overwrites what an earlier step installed; the image would then contain only the latter"
        )),
        _ => None,
    };
    Some(why.map_or(Safety::Safe, Safety::Unsafe))
}

/// Whether the folder of installed packages may belong to another project than the one that a step installs.
fn has_several(cx: &Context, path: &str) -> bool {
    let ecosystem = match path {
        "node_modules" => Ecosystem::Node,
        "vendor" => Ecosystem::Php,
        ".bundle" => Ecosystem::Ruby,
        _ => return false,
    };
    let projects = cx.projects().unwrap_or_default().iter().filter(|project| project.ecosystem == ecosystem);
    projects.into_iter().any(|project| !project.root.is_empty() && project.workspace.is_none())
}

/// The line that excludes exactly this path; `None` if there is no simple one.
fn pattern(context: &BuildContext, edited: &[&ClassMatch], class_match: &ClassMatch) -> Option<String> {
    let Some(name) = class_match.pattern.strip_prefix("**/") else { return Some(class_match.pattern.clone()) };
    let takes = |id: EntryId| match name.strip_prefix('*') {
        Some(end) => context.entry(id).name.ends_with(end),
        None => context.entry(id).name == name,
    };
    let is_excluded = |id: EntryId| {
        edited.iter().any(|class_match| class_match.entry == id || context.is_below(id, class_match.entry))
    };
    let same =
        edited.iter().all(|other| other.pattern != class_match.pattern || other.class.kind != ClassKind::Dependencies)
            || !edited.iter().any(|other| other.pattern == class_match.pattern && other.entry != class_match.entry);
    if same && !context.entries().any(|id| takes(id) && !is_excluded(id)) {
        return Some(class_match.pattern.clone());
    }
    let path = context.path(class_match.entry);
    // Characters that a line can't contain unescaped, or that a reader would not see.
    let odd = |c: char| "*?[]\\\u{fffd}".contains(c) || c.is_control() || ('\u{2028}'..='\u{2069}').contains(&c);
    (!path.contains(odd) && !path.starts_with(['!', '#']) && path.trim() == path).then_some(path)
}

/// The first COPY or ADD from the context in a needed stage.
pub(in crate::rules) fn first_copy(build: &Build) -> Option<Span> {
    let needed = build.needed_stages();
    let mut transfers = needed.flat_map(|stage| build.transfers(stage)).filter(|transfer| transfer.from.is_none());
    let wide = |transfer: &crate::build::Transfer| transfer.sources.iter().any(crate::build::Source::is_everything);
    let all: Vec<_> = transfers.by_ref().collect();
    let best = all.iter().find(|transfer| wide(transfer)).or_else(|| all.first())?;
    Some(best.instruction.head)
}

/// Files that the build creates itself or never reads. Build results and logs may be needed in the image.
fn is_made_anew(class_match: &ClassMatch) -> bool {
    match class_match.class.kind {
        ClassKind::VersionControl
        | ClassKind::Dependencies
        | ClassKind::Bytecode
        | ClassKind::ToolCache
        | ClassKind::Editor
        | ClassKind::Pipeline => true,
        ClassKind::BuildOutput | ClassKind::Leftover | ClassKind::Secret => false,
    }
}

/// Where npm and its like install.
const NODE_FOLDER: &str = "node_modules";

/// Names of output folders that templates of .gitignore list for projects of any kind.
pub const COMMON_OUTPUTS: [&str; 3] = ["dist", "build", "out"];

/// Paths that a message names.
const NAMED_FILES: usize = 4;

/// See `rules/git-ignored-files-copied.md`.
pub(in crate::rules) fn git_ignored_files_copied(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let (Some(context), Some(text)) = (cx.context(), cx.text_of(".gitignore")) else { return };
    let Some(span) = whole_copy(build) else { return };
    if cx.is_for_developers_only() {
        return;
    }
    let text = String::from_utf8_lossy(text);
    let copied_paths = build.named_paths(true);
    let mut names: Vec<(IgnoredName, ClassKind)> = Vec::new();
    for ignored in IgnoredName::all(&text) {
        let name = ignored.name;
        let is_known = names.iter().any(|(known, _)| known.name == name);
        // What is there is reported by the rules on the context.
        if is_known
            || context.find(name).is_some()
            || copied_paths.at_or_below(name)
            || brought_back_by_git(&text, name)
            || cx.projects().is_some_and(|projects| !ignored.has_maker(projects))
        {
            continue;
        }
        let kind = ignored.kind(context).filter(|kind| counts(build, *kind, name) && has_language(context, name));
        if let Some(kind) = kind
            && !is_excluded(cx, name)
        {
            names.push((ignored, kind));
        }
    }
    // Secrets first, then installed packages.
    names.sort_by_key(|(_, kind)| (*kind != ClassKind::Secret, *kind != ClassKind::Dependencies));
    if names.is_empty() {
        return;
    }
    let listed: Vec<String> = names.iter().take(NAMED_FILES).map(|(top, _)| format!("`{}`", top.name)).collect();
    let more = match names.len() - listed.len() {
        0 => String::new(),
        more => format!(" and {more} more"),
    };
    let message = format!(
        "on a developer's machine this also copies {}{more}: .gitignore lists {}, .dockerignore does not",
        listed.join(", "),
        if names.len() == 1 { "it" } else { "them" }
    );
    let mut finding = cx.finding(span, message).help("exclude in .dockerignore what .gitignore lists");
    if names.iter().all(|(_, kind)| *kind != ClassKind::Secret) {
        finding.severity = Severity::Info;
    }
    if names.iter().any(|(top, _)| top.is_environment()) && loads_environment(cx) {
        finding.notes.push("not excluded by a fix: the program may load its `.env` from the image".to_owned());
        names.retain(|(top, _)| !top.is_environment());
    }
    let mut lines: Vec<String> = names.iter().map(|(top, _)| line_for(top, context)).collect();
    lines.sort_unstable();
    let safety = Safety::Unsafe("an image that is built where they exist then lacks them".into());
    let is_broken = matches!(cx.ignore(), IgnoreInput::Present(_, file) if file.error().is_some());
    out.push(if is_broken || lines.is_empty() { finding } else { with_lines(cx, &lines, safety, finding) });
}

/// The first COPY of the whole context, in a needed stage.
fn whole_copy(build: &Build) -> Option<Span> {
    let needed = build.needed_stages();
    let mut transfers = needed.flat_map(|stage| build.transfers(stage));
    let copy = transfers.find(|transfer| {
        let is_whole = transfer.sources.iter().any(Source::is_everything);
        transfer.from.is_none() && transfer.exclude.is_empty() && is_whole
    })?;
    Some(copy.instruction.head)
}

/// Whether the program may load a file of variables: a source or a script says so, or a package of the projects does it.
fn loads_environment(cx: &Context) -> bool {
    let shows = |text: &str| patterns::shows(text, "loads environment files");
    let mut projects = cx.projects().unwrap_or_default().iter();
    cx.texts().any(|text| shows(&String::from_utf8_lossy(text)))
        || projects.any(|project| {
            project.dependencies.iter().any(|known| shows(&known.name))
                || project.scripts.iter().any(|script| shows(&script.command))
        })
}

/// The line for .dockerignore. What the context has by this name elsewhere is tracked, or is reported by other rules.
fn line_for(ignored: &IgnoredName, context: &BuildContext) -> String {
    let is_elsewhere = context.entries().any(|id| context.entry(id).name == ignored.name);
    if ignored.is_anchored || is_elsewhere { ignored.name.to_owned() } else { format!("**/{}", ignored.name) }
}

/// Whether packages of a folder's language may be installed at all: .gitignore files are often made for any project.
fn has_language(context: &BuildContext, name: &str) -> bool {
    let ecosystem = match name {
        NODE_FOLDER => Ecosystem::Node,
        _ if name.ends_with("venv") => Ecosystem::Python,
        _ => return true,
    };
    context.entries().any(|id| {
        let name = context.entry(id).name;
        let is_manifest = is_manifest(name).is_some_and(|kind| kind.ecosystem == ecosystem);
        is_manifest || ecosystem == Ecosystem::Python && FileKind::of(name).ecosystem() == Some(ecosystem)
    })
}

fn counts(build: &Build, kind: ClassKind, name: &str) -> bool {
    match kind {
        ClassKind::Secret | ClassKind::Dependencies => true,
        // Otherwise the image may be made of what the host built, or .gitignore may be a template for any project.
        ClassKind::BuildOutput => builds(build) && (!COMMON_OUTPUTS.contains(&name) || is_named(build, name)),
        _ => false,
    }
}

/// Whether an instruction names a folder, as a part of a path.
fn is_named(build: &Build, name: &str) -> bool {
    let source = build.input().file.source();
    let is_part = |c: char| c.is_alphanumeric() || matches!(c, '.' | '-' | '_');
    build.input().file.instructions().iter().any(|instruction| {
        let text = source.slice(instruction.span);
        text.match_indices(name).any(|(at, _)| {
            let rest = &text[at + name.len()..];
            !text[..at].ends_with(is_part)
                && !rest.starts_with(is_part)
                && (text[..at].ends_with('/') || rest.starts_with('/'))
        })
    })
}

/// Whether a step builds the project.
fn builds(build: &Build) -> bool {
    let needed = build.needed_stages();
    let mut invocations = needed.flat_map(|stage| toolchain::runs(build, stage)).flat_map(|run| run.2);
    invocations.any(|invocation: Invocation| {
        let call = invocation.package_call();
        toolchain::compiles(&invocation).is_some()
            || call.is_some_and(|call| call.verb == Verb::Build || call.verb == Verb::Run)
    })
}

// Edits of .dockerignore: lines that exclude paths from the context.

/// Whether a .gitignore brings back a path, a file of its name, or something in it: then the repository has it on purpose.
pub(in crate::rules) fn brought_back_by_git(gitignore: &str, file: &str) -> bool {
    let lines = gitignore.lines().take(GIT_IGNORE_LINES).filter_map(|line| line.trim().strip_prefix('!'));
    lines.map(|line| line.trim_matches('/')).any(|line| path::covers(file, line) || line == path::name(file))
}

/// Whether .dockerignore excludes a path of the context, or all below it but what it brings back (`dist/*`, `!dist/app`);
/// whether it is there or not.
pub(in crate::rules) fn is_excluded(cx: &Context, path: &str) -> bool {
    let IgnoreInput::Present(_, file) = cx.ignore() else { return false };
    let matcher = file.matcher();
    let excludes = |path: &str| matcher.decide(path, &MatchedPatterns::default()).is_ok_and(|verdict| verdict.excluded);
    // No pattern names this file.
    excludes(path) || excludes(&format!("{path}/\u{e000}"))
}

/// The finding with an edit that adds `patterns` to the effective .dockerignore, or creates one; no edit if it is
/// unknown which file that is. Patterns of files that a later step takes by name are left out, and a note says so.
pub(in crate::rules) fn with_lines(cx: &Context, patterns: &[String], safety: Safety, mut finding: Finding) -> Finding {
    let mut kept = Vec::with_capacity(patterns.len());
    for pattern in patterns {
        match needed_by(cx, pattern) {
            Some(why) if finding.notes.contains(&why) => {}
            Some(why) => finding.notes.push(why),
            None => kept.push(pattern.clone()),
        }
    }
    let patterns = kept;
    if patterns.is_empty() {
        return finding;
    }
    let (target, span, text, title) = match cx.ignore() {
        IgnoreInput::Missing(path) => {
            (Target::New(path.clone()), Span::at(0), patterns.join("\n") + "\n", "create a .dockerignore")
        }
        IgnoreInput::Present(file, _) => {
            let source = cx.inputs().source(*file);
            let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
            let start = if source.text().is_empty() || source.text().ends_with('\n') { "" } else { newline };
            let text = format!("{start}{}{newline}", patterns.join(newline));
            (Target::File(*file), Span::at(source.text().len() as u32), text, "add the patterns to .dockerignore")
        }
        IgnoreInput::Unknown => return finding,
    };
    let edits = vec![FileEdit { target, span, text }];
    finding.fixes.push(Fix { title: title.to_owned(), safety, edits });
    finding
}

/// Why a pattern may not be added: a step of this build, or of one with the same .dockerignore, takes such a file by name.
fn needed_by(cx: &Context, pattern: &str) -> Option<String> {
    let context = cx.context()?;
    let says = |build: &Build, file: &str| {
        let TakenFile { path, line, keyword } = build.taken_by_name(context, pattern)?;
        let name = build.input().file.source().name();
        let place = if file == name { format!("line {line}") } else { format!("{name}:{line}") };
        let why = format!("not excluded by a fix: the {} of {place} takes `{path}`", keyword.as_str());
        Some(why)
    };
    let file = cx.source().name();
    says(cx.build(), file).or_else(|| cx.ask_neighbours(format!("takes {pattern} by name"), |other| says(other, "")))
}
