//! Rules about COPY: what it copies, from where, and with which flags.

use std::collections::HashMap;

use crate::build::{
    BaseImage, Build, EdgeKind, Reference, Setting, Source, StageBase, Transfer, User, is_official, toolchain,
};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Target};
use crate::ignore::{IgnoreFile, MatchedPatterns, Matcher, clean, has_wildcard};
use crate::inputs::IgnoreInput;
use crate::inputs::context::{ContextEntryKind, SourceOutcome};
use crate::rules::Context;
use crate::rules::shared::copied_packages;
use crate::rules::shared::written_paths;
use crate::rules::shared::written_paths::CommandFolder;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word};
use crate::text::{FileId, Span, path};

crate::rules::family! {
    "copy-to-root" => copy_to_root;
    "copy-owned-by-root" => copy_owned_by_root;
    "empty-stage-copied" => empty_stage_copied;
    "many-sources-without-slash" => many_sources_without_slash;
    "unknown-copy-source" => unknown_copy_source;
    "image-root-copied" => image_root_copied;
    "archive-copied" => archive_copied;
    "copied-file-chmod" => copied_file_chmod;
    "ignored-copy-source" => ignored_copy_source;
}

fn copy_to_root(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (stage, transfer) in build.all_transfers().filter(|(_, transfer)| transfer.from.is_none()) {
        let whole = transfer.sources.iter().any(Source::is_everything);
        let to = transfer.destination.as_deref().map(|to| to.trim_end_matches(['/', '.']));
        let here = matches!(build.workdir(stage, transfer.index), Setting::Default(folder) | Setting::Base(folder) if folder == "/");
        let relative = transfer.destination.as_deref().is_some_and(|to| matches!(to, "." | "./"));
        let root = to == Some("") && (!relative || here);
        if whole && root {
            let message = "the whole build context is copied into the root folder, next to the system folders";
            out.push(cx.finding(transfer.instruction.head, message).help("use a separate folder: `WORKDIR /app`"));
        }
    }
}

fn copy_owned_by_root(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for stage in cx.shipped() {
        // Windows does not support `--chown`.
        if matches!(build.root_base(stage), StageBase::Image(reference) if BaseImage::of(reference).is_windows()) {
            continue;
        }
        for transfer in build.transfers(stage) {
            let Setting::By(by, User::Other(user)) = build.user_at(stage, transfer.index) else { continue };
            let owned = file.transfer(transfer.instruction).is_none_or(|copy| copy.chown.is_some());
            if owned {
                continue;
            }
            let message = format!("these files are owned by root, although USER is `{user}`");
            let finding = cx.finding(transfer.instruction.head, message);
            let finding = finding.label(build.instruction(by).head, "USER does not affect COPY and ADD");
            let written = file.operand(build.instruction(by)).map(|operand| operand.text.into_owned()).unwrap_or(user);
            let why = "the program can then change its own files";
            let at = Span::at(transfer.instruction.name.span.end);
            let finding = finding
                .help("add `--chown` if the program must change them; otherwise ignore this, or copy before USER");
            out.push(if written.contains([' ', '"', '\'']) {
                finding
            } else {
                finding.unsafe_edit("make the user the owner", why, at, format!(" --chown={written}"))
            });
        }
    }
}

/// The most copies that are checked; no real file has more.
const MOST_STAGE_COPIES: usize = 1_000;

fn empty_stage_copied(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut checked = 0;
    for stage in build.needed_stages() {
        for copy in copied_packages::stage_copies(build, stage) {
            let makes = |keyword| {
                matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Workdir | Keyword::Onbuild)
            };
            checked += 1;
            if checked > MOST_STAGE_COPIES {
                return;
            }
            let empty = matches!(build.root_base(copy.maker), StageBase::Scratch)
                && build.chain(copy.maker).all(|copy| build.instructions(copy).all(|(_, i)| !makes(i.keyword)));
            let whole = copy.transfer.sources.iter().all(|source| {
                source.text.as_deref().is_none_or(|text| matches!(text.trim_matches('/'), "" | "." | "*"))
            });
            let Some(source) = copy.transfer.sources.first() else { continue };
            if !empty || whole {
                continue;
            }
            let title = copy.maker.title();
            let message = format!("stage `{title}` is empty: it has no files to copy");
            out.push(cx.finding(source.span, message).help("copy from the stage that contains the files"));
        }
    }
}

fn many_sources_without_slash(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (stage, index, instruction) in build.all_effective_of(Keyword::Copy) {
        let Some(parts) = build.input().file.transfer(instruction) else { continue };
        if parts.sources.len() + parts.heredocs.len() < 2 {
            continue;
        }
        let written = &parts.destination;
        // The value of a variable may end with a slash.
        let Some(folder) = build.expand(stage, index, &written.text) else { continue };
        if folder.ends_with('/') || folder == "." {
            continue;
        }
        let finding = cx.finding_at(
            index,
            written.span,
            format!("`{}` is a folder, but does not end with a slash", written.text),
        );
        let finding = finding.help("end the destination with `/`");
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
        let plain = !written.text.is_empty() && written.text.bytes().all(plain);
        out.push(finding.when(plain && cx.source().slice(written.span) == written.text, |finding| {
            finding.safe_edit("add the slash", written.span, format!("{}/", written.text))
        }));
    }
}

fn unknown_copy_source(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for edge in build.edges().iter().filter(|edge| edge.kind != EdgeKind::From) {
        let StageBase::Image(name) = &edge.to else { continue };
        let number = name.parse::<i64>().is_ok();
        let is_plain = !name.contains([':', '/', '.', '@']) && !number;
        if !is_plain || is_official(Reference::of(name).short_name()) || is_context_of_pipeline(cx, name) {
            continue;
        }
        let finding = cx.finding(edge.span, format!("there is no stage `{name}`, so the builder pulls it as an image"));
        let finding = match edge.kind {
            EdgeKind::Copy => finding,
            _ => finding.without("DL3022"),
        };
        // A stage that copies from itself, or from one that follows it, is a circle.
        let above = &build.stages()[..edge.stage.min(build.stages().len())];
        let is_above = |near: &&str| {
            above.iter().any(|stage| stage.name.as_deref().is_some_and(|name| name.eq_ignore_ascii_case(near)))
        };
        out.push(match build.nearest_stage(name).filter(is_above) {
            // A name that the builder rejects, or that has another meaning in a flag, is not suggested.
            Some(near) if near.chars().all(|c| c.is_ascii_alphanumeric() || "_.-".contains(c)) => finding
                .help(format!("did you mean the stage `{near}`?"))
                .unsafe_edit(format!("use `{near}`"), "the name is a guess: the closest known one", edge.span, near),
            _ => finding.help("name a stage above; for an image, add its version"),
        });
    }
}

/// Whether a build of a pipeline of the run has a named context of that name.
fn is_context_of_pipeline(cx: &Context, name: &str) -> bool {
    let calls = cx.inputs().workflows.iter().flat_map(|input| input.calls.iter());
    let names = calls.flat_map(|call| &call.contexts).filter_map(|context| context.text.split_once('='));
    names.into_iter().any(|(known, _)| known.trim().eq_ignore_ascii_case(name))
}

/// The number of such copies that are checked; no real file has more.
const MOST_ROOT_COPIES: usize = 100;

fn image_root_copied(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut looked = 0;
    for stage in build.needed_stages() {
        // Copying into an empty image squashes a tree into one layer, which is intended.
        if matches!(build.root_base(stage), StageBase::Scratch) {
            continue;
        }
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.from.is_some()) {
            let to = copied_packages::destination(build, stage, transfer);
            let is_root = |text: &str| text.starts_with('/') && matches!(text.trim_matches('/'), "" | ".");
            let whole = transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(is_root));
            let Some(source) = whole else { continue };
            if to.is_none_or(|to| to != "/") {
                continue;
            }
            looked += 1;
            if looked > MOST_ROOT_COPIES {
                return;
            }
            if is_overlay(build, transfer.from.as_ref()) {
                continue;
            }
            let message = "this copies the whole file system of another image over this one";
            out.push(cx.finding(source.span, message).help("copy only the paths that are needed"));
        }
    }
}

/// Whether the image may be meant as an overlay: one used as it is that is not a distribution's or a language's, or one
/// that a stage assembles in an empty image.
fn is_overlay(build: &Build, from: Option<&StageBase>) -> bool {
    let official = |image: &str| is_official(Reference::of(image).short_name());
    match from {
        Some(StageBase::Stage(index)) => build.stages().get(*index).is_none_or(|maker| {
            let runs = |stage| build.instructions(stage).any(|(_, instruction)| instruction.keyword == Keyword::Run);
            match build.root_base(maker) {
                StageBase::Image(image) => !official(image) && !build.chain(maker).any(runs),
                _ => true,
            }
        }),
        // In a fragment, a plain name may be a stage of the file that includes it.
        Some(StageBase::Image(image)) => {
            !(official(image) || (build.is_fragment() && !image.contains(['/', ':', '.', '@'])))
        }
        _ => true,
    }
}

/// The most archives that are checked; no real file has more.
const MOST: usize = 100;

/// Whether a command verifies a file by its checksum or signature.
fn verifies(invocation: &Invocation) -> bool {
    invocation.program.is_some_and(|program| Program::of(program).is(Kind::Verifies))
}

fn archive_copied(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut checked = 0;
    for stage in build.needed_stages() {
        let runs: Vec<_> = toolchain::runs(build, stage).collect();
        // ADD would unpack the archive without verification, which is worse.
        if runs.iter().any(|(_, _, all)| all.iter().any(verifies)) {
            continue;
        }
        for transfer in build.transfers(stage) {
            if transfer.instruction.keyword != Keyword::Copy || transfer.from.is_some() {
                continue;
            }
            for source in &transfer.sources {
                let text = source.text.as_deref().unwrap_or_default();
                let name = path::name(text);
                if text.ends_with('/')
                    || !written_paths::is_archive(name)
                    || name.strip_suffix(".zst").is_some()
                    || name.contains(['*', '?', '['])
                {
                    continue;
                }
                checked += 1;
                if checked > MOST {
                    return;
                }
                // COPY may give it another name.
                let target = transfer.destination.as_deref().and_then(|path| path.rsplit('/').next());
                let target = target.filter(|target| !matches!(*target, "" | "." | "..") && transfer.sources.len() == 1);
                let mut below = runs.iter().filter(|(index, ..)| *index > transfer.index);
                let unpacked = below.find_map(|(index, _, all)| {
                    let names = || target.into_iter().chain([name]);
                    let unpacks = |invocation: &Invocation| names().find(|name| unpacks(invocation, name));
                    all.iter().find_map(|invocation| Some((unpacks(invocation)?, *index, invocation.span)))
                });
                let Some((name, index, span)) = unpacked else { continue };
                let message =
                    format!("`{name}` is copied and then unpacked: ADD does both and leaves no archive in the layer");
                let finding = cx.finding(transfer.instruction.head, message);
                let finding =
                    finding.help("use ADD with the folder that `tar` unpacks to, and remove the `tar` command");
                let label = build.code(index).map(|code| code.place(&build.input().file, span));
                out.push(label.into_iter().fold(finding, |finding, span| finding.label(span, "unpacked here")));
            }
        }
    }
}

/// Whether a command is tar and unpacks a file with that name.
fn unpacks(invocation: &Invocation, name: &str) -> bool {
    if !invocation.is("tar") && !invocation.is("bsdtar") {
        return false;
    }
    let extracts = |word: &Word| {
        let text = word.text();
        let letters = text.strip_prefix('-').filter(|rest| !rest.starts_with('-'));
        matches!(text, "--extract" | "--get") || letters.is_some_and(|letters| letters.contains('x'))
    };
    let old = invocation.args.first().is_some_and(|word| !word.text().starts_with('-') && word.text().contains('x'));
    let names_archive = |word: &Word| word.text().rsplit(['/', '=']).next() == Some(name);
    (old || invocation.args.iter().any(extracts)) && invocation.args.iter().any(names_archive)
}

/// The most instructions between COPY and RUN for which there is a fix.
const NEAR: usize = 16;

fn copied_file_chmod(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        let mut copied: HashMap<String, Vec<written_paths::CopiedPath>> = HashMap::new();
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.sources.len() == 1) {
            for file in written_paths::copied(build, stage, transfer) {
                copied.entry(file.path.clone()).or_default().push(file);
            }
        }
        for run in build.own_runs(stage) {
            let invocations = run.invocations();
            let mut folder = CommandFolder::of(build, stage, run.index);
            for invocation in &invocations {
                folder.follow(invocation);
                let Some((mode, path)) = chmod(invocation) else { continue };
                let Some(path) = folder.join(path) else { continue };
                let Some(file) = copied.get(&path).and_then(|all| all.iter().rev().find(|file| file.index < run.index))
                else {
                    continue;
                };
                let kind = kind(cx, &file.source);
                if kind == Some(ContextEntryKind::Directory) {
                    continue;
                }
                let parts = build.input().file.transfer(file.instruction);
                if parts.is_none_or(|parts| parts.chmod.is_some()) {
                    continue;
                }
                let (octal, safety) = match mode {
                    "+x" | "a+x" | "u+x" | "ugo+x" => {
                        ("755", Safety::Unsafe("sets all mode bits of the file, whatever they were".to_owned()))
                    }
                    _ if kind.is_none() && !has_ending(&path) => {
                        (mode, Safety::Unsafe("if it is a folder, its files get that mode, too".to_owned()))
                    }
                    _ => (mode, Safety::Safe),
                };
                let line = file.instruction.start_line;
                let message = format!("this chmod stores `{path}` in a second layer: line {line} can set the mode");
                let flag = format!("--chmod={octal}");
                let mut finding = cx.finding(run.place(invocation.span), message).help(format!("copy with `{flag}`"));
                // There is no fix if the instructions are further apart.
                let mut between = file.index + 1..run.index;
                let near = between.len() <= NEAR;
                let quiet = near && between.all(|at| build.instruction(at).keyword != Keyword::Run);
                if invocations.len() == 1
                    && quiet
                    && invocation.via.is_empty()
                    && invocation.command.redirects.is_empty()
                {
                    finding.fixes.extend(flag_fix(build, &[file.instruction], &flag, run.instruction, safety));
                }
                out.push(finding);
            }
        }
    }
}

/// Whether a source is a file or a folder; `None` if the context is not known.
fn kind(cx: &Context, source: &Source) -> Option<ContextEntryKind> {
    let path = source.text.as_deref()?.trim_start_matches("./").trim_matches('/');
    let context = cx.context()?;
    Some(context.entry(context.find(path)?).kind)
}

/// Whether a path looks like a file by its ending: `run.sh`, but not `conf.d`.
fn has_ending(path: &str) -> bool {
    let name = crate::text::path::name(path);
    name.trim_start_matches('.').rsplit_once('.').is_some_and(|(_, ending)| ending != "d")
}

/// Mode and path of `chmod MODE PATH`.
fn chmod<'s>(invocation: &Invocation<'s>) -> Option<(&'s str, &'s str)> {
    let [mode, path] = invocation.args else { return None };
    let (mode, path) = (mode.value()?, path.value()?);
    let octal = matches!(mode.len(), 3 | 4) && mode.bytes().all(|byte| (b'0'..=b'7').contains(&byte));
    let fits = octal || matches!(mode, "+x" | "a+x" | "u+x" | "ugo+x");
    (invocation.is("chmod") && fits && !invocation.args.iter().any(Word::is_pattern)).then_some((mode, path))
}

// The edit that moves a change of owner or mode from a RUN into the COPY. Shared by the rules about such layers.

/// Adds a flag to COPYs and removes the RUN that did the same.
pub(in crate::rules) fn flag_fix(
    build: &Build,
    copies: &[&Instruction],
    flag: &str,
    run: &Instruction,
    safety: Safety,
) -> Option<Fix> {
    let source = build.input().file.source();
    let target = || Target::File(build.input().dockerfile);
    let mut edits: Vec<FileEdit> = copies
        .iter()
        .map(|copy| FileEdit { target: target(), span: Span::at(copy.name.span.end), text: format!(" {flag}") })
        .collect();
    let first = source.line_span(run.start_line);
    let last = source.line_span(run.end_line);
    // There is no fix if a comment would be removed, or if the line also contains another instruction.
    let text = source.slice(run.span);
    let comment = text.lines().any(|line| line.trim_start().starts_with('#'));
    let end = source.text().len() as u32;
    let (start, stop) = if run.end_line < source.line_count() {
        (first.start, source.line_span(run.end_line + 1).start)
    } else if source.text().ends_with('\n') || run.start_line == 1 {
        (first.start, end)
    } else {
        // The last line does not end with a newline, so the one before it is removed.
        (source.line_span(run.start_line - 1).end, end)
    };
    if comment || stop < last.end {
        return None;
    }
    edits.push(FileEdit { target: target(), span: Span::new(start, stop), text: String::new() });
    Some(Fix { title: format!("copy with `{flag}`"), safety, edits })
}

fn ignored_copy_source(cx: &Context, out: &mut Findings) {
    let IgnoreInput::Present(file, ignore) = cx.ignore() else { return };
    if ignore.error().is_some() {
        return;
    }
    let matcher = ignore.matcher();
    for (_, transfer) in cx.build().all_transfers().filter(|(_, transfer)| transfer.from.is_none()) {
        out_of(cx, (*file, ignore, &matcher), transfer, out);
    }
}

fn out_of(cx: &Context, by: (FileId, &IgnoreFile, &Matcher), transfer: &Transfer, out: &mut Findings) {
    let (file, ignore, matcher) = by;
    let selected = cx.context().map(|context| transfer.select(context));
    for (at, source) in transfer.sources.iter().enumerate().filter(|(_, source)| !source.is_remote()) {
        let Some(text) = &source.text else { continue };
        let warned = matcher.warns_of(text).ok().flatten();
        let decided = match selected.as_ref().map(|selected| selected.get(at).and_then(Option::as_ref)) {
            Some(Some(selection)) => match &selection.outcome {
                SourceOutcome::Missing(Some(excluded)) if !comes_back(matcher, text) => Some(excluded.pattern as usize),
                _ => None,
            },
            Some(None) => None,
            None => surely(matcher, text),
        };
        let Some(pattern) = warned.or(decided) else { continue };
        let Some(pattern) = ignore.patterns.get(pattern) else { continue };
        let sources = cx.inputs().source(file);
        let line = sources.line(pattern.span.start);
        let message =
            format!("`{text}` is excluded by {} line {line} (`{}`)", sources.name(), sources.slice(pattern.span));
        let mut finding = cx.finding(source.span, message);
        if warned.is_none() {
            finding = finding.without("CopyIgnoredFile");
        }
        out.push(with_fix(cx, finding, file, text));
    }
}

/// Whether an exception includes a path again: if it is still missing, there is no such file.
fn comes_back(matcher: &Matcher, text: &str) -> bool {
    let path = clean(text);
    let path = path.trim_matches('/');
    let mut above = MatchedPatterns::default();
    let ends = path.match_indices('/').map(|(at, _)| at).chain([path.len()]);
    for end in ends {
        let Ok(verdict) = matcher.decide(&path[..end], &above) else { return false };
        if verdict.excluded && (end == path.len() || matcher.prunes(&path[..end])) {
            return false;
        }
        above = verdict.inherited;
    }
    !path.is_empty() && !has_wildcard(path)
}

/// The pattern that excludes a path, whatever is below it.
fn surely(matcher: &Matcher, text: &str) -> Option<usize> {
    let path = clean(text);
    let path = path.trim_matches('/');
    if path == "." || path.is_empty() || has_wildcard(path) {
        return None;
    }
    // Like a walk of the context: everything below a folder that it does not enter is excluded too.
    let mut above = MatchedPatterns::default();
    let ends: Vec<usize> = path.match_indices('/').map(|(at, _)| at).chain([path.len()]).collect();
    for end in ends {
        let verdict = matcher.decide(&path[..end], &above).ok()?;
        let pruned = verdict.excluded && (!matcher.has_exceptions() || matcher.prunes(&path[..end]));
        if pruned {
            return verdict.decided_by;
        }
        above = verdict.inherited;
    }
    None
}

fn with_fix(cx: &Context, finding: Finding, file: FileId, text: &str) -> Finding {
    let path = clean(text);
    let path = path.trim_matches('/');
    if path == "." || path.is_empty() {
        return finding.help("exclude less in .dockerignore");
    }
    let line = format!("!{path}");
    let finding = finding.help(format!("add the exception `{line}` to .dockerignore"));
    let source = cx.inputs().source(file);
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'/');
    if !path.bytes().all(plain) || !source.is_exact(Span::new(0, source.text().len() as u32)) {
        return finding;
    }
    let end = crate::rules::shared::script_end::line_end(source);
    let gap = if source.text().is_empty() || source.text().ends_with('\n') { "" } else { end };
    let edit = FileEdit {
        target: Target::File(file),
        span: Span::at(source.text().len() as u32),
        text: format!("{gap}{line}{end}"),
    };
    let why = "what the line excludes may be a secret, or large".to_owned();
    let mut finding = finding;
    finding.fixes.push(Fix { title: format!("add `{line}`"), safety: Safety::Unsafe(why), edits: vec![edit] });
    finding
}
