//! See `rules/recursive-chown.md`.

use std::ops::Range;

use crate::build::{BaseImage, Build, Purpose, Stage, StageBase, Transfer};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Basis, CostFrequency, Finding, Findings, Impact, ImpactKind, Safety, Saving, Severity};
use crate::rules::Context;
use crate::rules::files::copies;
use crate::rules::shared::copied_packages;
use crate::rules::shared::written_paths::{self, CommandFolder};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Word};
use crate::text::path;

crate::rules::rule!("recursive-chown", check);

/// The number of copies that are remembered, and of findings that get a fix; no real file has more.
const REMEMBERED: usize = 100;

/// Below this many bytes a second copy is only worth a remark.
const WORTHWHILE: u64 = 100_000;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut copied: Vec<(String, &Transfer)> = Vec::new();
    let mut edits = 0;
    let shipped: Vec<&Stage> = cx.shipped().collect();
    for stage in shipped.iter().rev() {
        let mut transfers = build.transfers(stage).iter().peekable();
        for run in build.own_runs(stage) {
            let (index, instruction, invocations) = (run.index, run.instruction, run.invocations());
            while let Some(transfer) = transfers.next_if(|transfer| transfer.index < index) {
                if copied.len() < REMEMBERED {
                    copied.extend(copied_tree(build, stage, transfer));
                }
            }
            // A RUN is one layer, however often it changes a file.
            let mut counted: Vec<usize> = Vec::new();
            let mut folder = CommandFolder::of(build, stage, index);
            for invocation in &invocations {
                folder.follow(invocation);
                let Some((value, paths)) = recursive(invocation) else { continue };
                let paths: Vec<String> =
                    paths.iter().filter_map(|word| word.value()).filter_map(|path| folder.join(path)).collect();
                let below = |to: &str| paths.iter().any(|path| written_paths::takes_away(path, to));
                let idle =
                    |transfer: &Transfer| invocation.is("chmod") && changes_nothing(build, transfer, value.text());
                let hit: Vec<&(String, &Transfer)> =
                    copied.iter().filter(|(to, transfer)| below(to) && !idle(transfer)).collect();
                let Some((_, first)) = hit.first() else { continue };
                let size =
                    |transfer: &Transfer| written_paths::bytes(cx, transfer).or_else(|| copied_bytes(cx, transfer));
                let bytes: Option<u64> = hit.iter().try_fold(0, |sum, (_, transfer)| Some(sum + size(transfer)?));
                let is_whole = hit.iter().all(|(_, transfer)| transfer.from.is_none());
                let is_small = is_whole && bytes.is_some_and(|bytes| bytes < WORTHWHILE);
                let new = hit.iter().filter(|(_, transfer)| !counted.contains(&transfer.index));
                let new: Option<u64> = new.clone().try_fold(0, |sum, (_, transfer)| Some(sum + size(transfer)?));
                counted.extend(hit.iter().map(|(_, transfer)| transfer.index));
                let program = invocation.program.unwrap_or_default();
                let installs = installs_below(build, stage, index, &paths);
                let message = message(program, &hit, &installs);
                let span = run.place(invocation.span);
                let needs_user =
                    edits < REMEMBERED && is_made_between(build, stage, (first.index, index), invocation, value);
                let help = advice(invocation, value.text(), needs_user);
                let finding = cx.finding(span, message).help(help).label(first.instruction.head, "copied here");
                let finding = finding.when(is_small, |finding| finding.lowered(Severity::Info));
                let finding = priced(finding, new, is_whole, !installs.is_empty());
                let run = ChownRun { stage, instruction, alone: invocations.len() == 1, paths: &paths };
                edits += 1;
                out.push(if edits > REMEMBERED {
                    finding
                } else {
                    edited(build, finding, &run, &hit, invocation, value)
                });
            }
        }
        let room = REMEMBERED.saturating_sub(copied.len());
        copied.extend(transfers.take(room).filter_map(|transfer| copied_tree(build, stage, transfer)));
    }
}

/// The folder that a copy writes to, if it copies more than a file.
fn copied_tree<'b, 'a>(build: &Build, stage: &Stage, transfer: &'b Transfer<'a>) -> Option<(String, &'b Transfer<'a>)> {
    let to = copied_packages::absolute(build, stage, transfer.index, transfer.destination.as_deref()?)?;
    is_tree(transfer).then_some((to, transfer))
}

/// The flag of COPY that does the same; a world-writable mode is never suggested.
fn advice(invocation: &Invocation, value: &str, needs_user: bool) -> String {
    let flag = match invocation.program.unwrap_or_default() {
        "chown" => format!("copy with `--chown={}`", value.trim_end_matches(':')),
        _ if is_mode(value) && !value.ends_with(['2', '3', '6', '7']) => format!("copy with `--chmod={value}`"),
        _ => "copy with `--chmod` and the mode that you need".to_owned(),
    };
    let user = if needs_user { "create the user above the copy; " } else { "" };
    format!("{user}{flag}")
}

fn message(program: &str, hit: &[&(String, &Transfer)], installs: &[u32]) -> String {
    let lines: Vec<u32> = hit.iter().map(|(_, transfer)| transfer.instruction.start_line).collect();
    let copied = copying(&lines);
    let also = match installs.first() {
        Some(line) => format!(", and what line {line} installs,"),
        None => String::new(),
    };
    format!("`{program} -R` stores everything that {copied}{also} a second time in this layer")
}

/// Whether a symbolic mode leaves the usual modes of copied files unchanged: 0644 or 0755 for files and 0755 for
/// folders, as git and a umask of 022 create them.
fn changes_nothing(build: &Build, transfer: &Transfer, mode: &str) -> bool {
    let parts = build.input().file.transfer(transfer.instruction);
    let usual = parts.is_some_and(|parts| parts.chmod.is_none());
    usual && [0o644, 0o755].into_iter().all(|bits| symbolic(bits, mode) == Some(bits))
}

/// The result of applying a symbolic mode (`u+rwX,go-w`) to a mode; `None` if it is not valid, or affects more than the
/// nine permission bits.
fn symbolic(bits: u32, mode: &str) -> Option<u32> {
    mode.split(',').try_fold(bits, |bits, clause| {
        let at = clause.find(['+', '-', '='])?;
        let (who, rest) = clause.split_at(at);
        let mask = who.chars().try_fold(0, |mask, letter| {
            Some(
                mask | [('u', 0o700), ('g', 0o070), ('o', 0o007), ('a', 0o777)]
                    .iter()
                    .find(|(who, _)| *who == letter)?
                    .1,
            )
        })?;
        // Without a letter the umask applies.
        let mask = if who.is_empty() { 0o755 } else { mask };
        let named = rest[1..].chars().try_fold(0, |named, letter| {
            Some(
                named
                    | match letter {
                        'r' => 0o444,
                        'w' => 0o222,
                        'x' => 0o111,
                        'X' if bits & 0o111 != 0 => 0o111,
                        'X' => 0,
                        _ => return None,
                    },
            )
        })? & mask;
        Some(match &rest[..1] {
            "+" => bits | named,
            "-" => bits & !named,
            _ => bits & !mask | named,
        })
    })
}

/// `line 3 copies`, `lines 3, 5 and 7 copy`.
fn copying(lines: &[u32]) -> String {
    let texts: Vec<String> = lines.iter().map(ToString::to_string).collect();
    match texts.as_slice() {
        [] => String::new(),
        [line] => format!("line {line} copies"),
        [first @ .., last] if texts.len() <= 4 => format!("lines {} and {last} copy", first.join(", ")),
        _ => format!("line {} and {} more lines copy", texts[0], texts.len() - 1),
    }
}

struct ChownRun<'r> {
    stage: &'r Stage,
    instruction: &'r Instruction,
    /// Whether the RUN runs nothing else.
    alone: bool,
    paths: &'r [String],
}

/// Whether the path may be a folder: a single file costs little.
fn is_tree(transfer: &Transfer) -> bool {
    transfer.sources.iter().any(|source| {
        let text = source.text.as_deref().unwrap_or(".");
        let name = path::name(text);
        !source.is_remote()
            && (source.is_everything() || text.ends_with('/') || !name.contains('.') || name.contains('*'))
    })
}

/// Owner or mode, and the paths, of `chown -R` and `chmod -R`.
fn recursive<'s>(invocation: &Invocation<'s>) -> Option<(&'s Word, Vec<&'s Word>)> {
    if !invocation.is("chown") && !invocation.is("chmod") {
        return None;
    }
    let is_recursive =
        |text: &str| text == "--recursive" || (text.starts_with('-') && !text.starts_with("--") && text.contains('R'));
    let recursive = invocation.args.iter().any(|word| is_recursive(word.text()));
    if !recursive || invocation.flag("--reference").is_some() || invocation.flag("--from").is_some() {
        return None;
    }
    let mut operands = invocation.args.iter().filter(|word| !word.text().starts_with('-'));
    let value = operands.next()?;
    Some((value, operands.collect()))
}

/// The bytes that the stage of a `COPY --from` took from the context to where it copies from; what its RUNs made there
/// comes on top.
fn copied_bytes(cx: &Context, transfer: &Transfer) -> Option<u64> {
    let build = cx.build();
    let Some(StageBase::Stage(index)) = transfer.from else { return None };
    let from = build.stages().get(index)?;
    let mut sum = 0;
    for source in &transfer.sources {
        let folder = path::join("/", source.text.as_deref()?);
        for stage in build.chain(from) {
            for earlier in build.transfers(stage).iter().filter(|earlier| earlier.from.is_none()) {
                let to = copied_packages::absolute(build, stage, earlier.index, earlier.destination.as_deref()?)?;
                if path::is_within(&to, &folder) {
                    sum += written_paths::bytes(cx, earlier)?;
                }
            }
        }
    }
    (sum > 0).then_some(sum)
}

/// The lines of RUNs of the final image above an instruction that install a project's packages below one of some paths.
fn installs_below(build: &Build, stage: &Stage, before: usize, paths: &[String]) -> Vec<u32> {
    let mut lines = Vec::new();
    for stage in build.chain(stage) {
        for run in build.own_runs(stage).filter(|run| run.index < before) {
            let mut folder = CommandFolder::of(build, stage, run.index);
            for invocation in run.invocations() {
                folder.follow(&invocation);
                let is_below = folder.join(".").is_some_and(|at| paths.iter().any(|path| path::is_within(&at, path)));
                if is_below && Purpose::of(&invocation) == Purpose::Install && !is_system_wide(&invocation) {
                    lines.push(run.instruction.start_line);
                }
            }
        }
    }
    lines
}

/// Whether an install goes into the folders of an interpreter, and not into that of the project.
fn is_system_wide(invocation: &Invocation) -> bool {
    invocation.package_call().is_some_and(|call| matches!(call.manager, Manager::Pip | Manager::Bundle | Manager::Go))
}

fn priced(finding: Finding, bytes: Option<u64>, is_whole: bool, is_installed: bool) -> Finding {
    let Some(bytes) = bytes.filter(|bytes| *bytes > 0) else { return finding };
    let evidence = match (is_whole, is_installed) {
        (true, false) => "the size of what the COPY takes from the context",
        (true, true) => "what the COPY takes from the context, without what is installed there",
        (false, _) => "what the other stage took from the context, without what its steps made",
    };
    finding.costs(Impact {
        kind: ImpactKind::DiskBytes,
        saves: Some(Saving::Bytes(bytes)),
        per: CostFrequency::Pull,
        basis: Basis::Computed,
        is_least: !is_whole || is_installed,
        evidence: evidence.to_owned(),
    })
}

/// Adds the fix, if the RUN does nothing else and no step in between could create files there.
fn edited(
    build: &Build,
    mut finding: Finding,
    run: &ChownRun,
    hit: &[&(String, &Transfer)],
    invocation: &Invocation,
    value: &Word,
) -> Finding {
    let Some(value) = value.value() else {
        return finding;
    };
    if !(run.alone && invocation.via.is_empty() && invocation.command.redirects.is_empty()) {
        return finding;
    }
    let file = &build.input().file;
    let chown = invocation.is("chown");
    let fits = if chown { is_owner(value) } else { is_mode(value) };
    let exact = |to: &str| run.paths.iter().any(|path| path == to);
    let is_of_stage = |index: usize| run.stage.instructions.contains(&index);
    let free = |transfer: &Transfer| {
        let parts = file.transfer(transfer.instruction);
        parts.is_some_and(|parts| if chown { parts.chown.is_none() } else { parts.chmod.is_none() })
    };
    let first = hit.iter().map(|(_, transfer)| transfer.index).min().unwrap_or_default();
    let between = build
        .instructions(run.stage)
        .filter(|(at, invocation)| *at > first && invocation.start_line < run.instruction.start_line);
    let quiet = between.into_iter().all(|(_, invocation)| invocation.keyword != Keyword::Run);
    let all = run.paths.iter().all(|path| hit.iter().any(|(to, _)| to == path));
    let known = !chown || is_known(build, run.stage, first, value);
    if !fits
        || !quiet
        || !all
        || !known
        || !hit.iter().all(|(to, transfer)| exact(to) && is_of_stage(transfer.index) && free(transfer))
    {
        return finding;
    }
    let copies: Vec<&Instruction> = hit.iter().map(|(_, transfer)| transfer.instruction).collect();
    let safety = if makes_folder(build, run, first) {
        Safety::Unsafe("the folder itself was created before and keeps its owner and mode".to_owned())
    } else if run.paths.iter().any(|path| path.matches('/').count() > 1) {
        Safety::Unsafe("parent folders that the COPY creates get the same owner and mode".to_owned())
    } else if chown && !value.contains(':') {
        Safety::Unsafe("the group changes to the user's group".to_owned())
    } else {
        Safety::Safe
    };
    let flag = format!("{}={value}", if chown { "--chown" } else { "--chmod" });
    finding.fixes.extend(copies::flag_fix(build, &copies, &flag, run.instruction, safety));
    finding
}

fn is_owner(text: &str) -> bool {
    let plain = |part: &str| !part.is_empty() && part.chars().all(|c| c.is_ascii_alphanumeric() || "-_.".contains(c));
    text.split(':').count() <= 2 && text.split(':').all(plain)
}

fn is_mode(text: &str) -> bool {
    matches!(text.len(), 3 | 4) && text.bytes().all(|byte| (b'0'..=b'7').contains(&byte))
}

/// The names of an owner; numbers need no account.
fn names(owner: &str) -> impl Iterator<Item = &str> {
    owner.split(':').filter(|name| !name.bytes().all(|byte| byte.is_ascii_digit()))
}

/// A name without quotes and braces: `${USER}` is `$USER`.
fn plain(name: &str) -> String {
    name.replace(['{', '}', '"'], "")
}

/// Whether the user that `chown` names is created only after the COPY, so that `--chown` would not find it.
fn is_made_between(
    build: &Build,
    stage: &Stage,
    (copy, chown): (usize, usize),
    invocation: &Invocation,
    owner: &Word,
) -> bool {
    let makes = |name: &str| makes_account(build, stage, copy + 1..chown + 1, name);
    invocation.is("chown") && names(owner.text()).any(|name| makes(name) && !is_known(build, stage, copy, name))
}

/// Whether the user exists when the COPY runs.
fn is_known(build: &Build, stage: &Stage, index: usize, owner: &str) -> bool {
    let account = match build.root_base(stage) {
        StageBase::Image(image) => BaseImage::of(image).unprivileged_user(),
        _ => None,
    };
    let is_created = |name: &str| makes_account(build, stage, 0..index, name);
    names(owner).all(|name| name == "root" || Some(name) == account || is_created(name))
}

/// Whether a step at one of these places makes an account, or changes it.
fn makes_account(build: &Build, stage: &Stage, places: Range<usize>, name: &str) -> bool {
    let runs = build.chain(stage).flat_map(|stage| build.own_runs(stage)).filter(|run| places.contains(&run.index));
    runs.flat_map(|run| run.invocations()).any(|invocation| {
        invocation.program.is_some_and(|program| Program::of(program).is(Kind::Accounts))
            && invocation.args.iter().any(|word| plain(word.text()) == plain(name))
    })
}

/// Whether a WORKDIR or RUN above names the folder, so that the COPY does not create it.
fn makes_folder(build: &Build, run: &ChownRun, first: usize) -> bool {
    build.chain(run.stage).flat_map(|stage| build.instructions(stage)).filter(|(at, _)| *at < first).any(
        |(at, instruction)| {
            let text = build.input().file.logical(instruction.text);
            match instruction.keyword {
                Keyword::Workdir => build.stage_of(at).is_some_and(|stage| {
                    let folder = build.workdir(stage, at + 1);
                    folder
                        .value()
                        .is_none_or(|folder| run.paths.iter().any(|path| written_paths::takes_away(path, folder)))
                }),
                Keyword::Run | Keyword::Volume => run.paths.iter().any(|path| text.contains(path.as_str())),
                _ => false,
            }
        },
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn symbolic_modes_are_applied() {
        let idle = |mode: &str| [0o644, 0o755].into_iter().all(|bits| symbolic(bits, mode) == Some(bits));
        for mode in
            ["o+rX", "a+rX", "u+rwX", "go+rX", "+r", "+rX", "go-w", "u=rwX,go=rX", "u+rwX,go+rX,go-w", "u+w", "+w"]
        {
            assert!(idle(mode), "{mode}");
        }
        for mode in ["+x", "g+w", "o-r", "go=", "a=r", "u+s", "g=u", "755", "", "a+rwX", "o-X"] {
            assert!(!idle(mode), "{mode}");
        }
    }
}
