//! Rules about WORKDIR and paths that are relative to it.

use super::Context;
use crate::build::{BaseImage, Build, Setting, Stage, StageBase, User};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{
    Invocation, Manager, Redirect, RedirectOperator, Script, SeparatorKind, Verb, Word, program::Kind,
    program::Program, program::State,
};
use crate::sources::patterns;

super::family! {
    "system-workdir" => system_workdir;
    "relative-workdir" => relative_workdir;
    "relative-copy-destination" => relative_copy_destination;
    "workdir-not-writable" => workdir_not_writable;
}

fn system_workdir(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (stage, index, instruction) in build.all_of(Keyword::Workdir) {
        let Setting::By(_, folder) = build.workdir(stage, index + 1) else { continue };
        if data::SYSTEM_FOLDERS.has(folder.as_str(), "system") {
            let message =
                format!("WORKDIR is the system folder {folder}: files written there are mixed with the system's");
            out.push(cx.finding(instruction.head, message).help("use a separate folder: /app, /srv/…"));
        }
    }
}

fn relative_workdir(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // How WORKDIR was set in each stage so far: not at all, relative, absolute.
    let mut ends: Vec<WorkdirState> = Vec::new();
    for stage in build.stages() {
        let mut state = match stage.base {
            StageBase::Stage(parent) => ends.get(parent).copied().unwrap_or(WorkdirState::Unset),
            _ => WorkdirState::Unset,
        };
        for (index, instruction) in build.instructions_of(stage, Keyword::Workdir) {
            let Some(operand) = build.input().file.operand(instruction) else { continue };
            // A value that depends on the base image or on the build may be absolute.
            let Some(folder) = build.expand(stage, index, &operand.text) else {
                state = WorkdirState::Absolute;
                continue;
            };
            if is_absolute(build, stage, &folder) {
                state = WorkdirState::Absolute;
                continue;
            }
            if state != WorkdirState::Absolute {
                let first = state == WorkdirState::Unset;
                out.push(finding(cx, stage, (index, &operand.text, operand.span), first));
                state = WorkdirState::Relative;
            }
        }
        ends.push(state);
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum WorkdirState {
    Unset,
    Relative,
    Absolute,
}

fn finding(
    cx: &Context,
    stage: &Stage,
    (index, written, span): (usize, &str, crate::text::Span),
    first: bool,
) -> crate::finding::Finding {
    let message =
        format!("`{written}` is relative to the working directory of the base image, which this file does not set");
    let mut finding = cx.finding(span, message).help("write the absolute path");
    // The other linter checks only the text.
    let bare = written.trim_matches(['"', '\'']);
    let mut chars = bare.chars();
    let drive = chars.next().is_some_and(char::is_alphabetic) && chars.next() == Some(':');
    if bare.starts_with('$') || drive {
        finding = finding.without("DL3000");
    }
    if !first {
        finding = finding.without("WorkdirRelativePath");
    }
    let plain = written.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.' | b'/'));
    let here = matches!(written, "." | "./") && first;
    if !here && (!plain || written.split('/').any(|part| part.starts_with('.'))) {
        return finding;
    }
    let text = if here { "/".to_owned() } else { format!("/{written}") };
    // Behind another one, the folder is no longer that of the base image.
    let folder = if first { cx.build().workdir(stage, index) } else { Setting::Unknown };
    match folder {
        Setting::Default(folder) | Setting::Base(folder) if folder == "/" => {
            finding.safe_edit("write the absolute path", span, text)
        }
        _ => finding.unsafe_edit(
            "write the absolute path",
            "the working directory of the base image may not be `/`",
            span,
            text,
        ),
    }
}

fn is_absolute(build: &Build, stage: &Stage, folder: &str) -> bool {
    // The other escape character is meant for Windows paths.
    let windows = matches!(build.root_base(stage), StageBase::Image(name) if BaseImage::of(name).is_windows())
        || build.input().file.escape() == '`';
    let drive = folder.get(1..).is_some_and(|rest| rest.starts_with(':'));
    folder.starts_with('/') || (windows && (drive || folder.starts_with('\\')))
}

fn relative_copy_destination(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    // Whether a WORKDIR was set in each stage so far, or in a stage that it is based on.
    let mut ends: Vec<bool> = Vec::new();
    for stage in build.stages() {
        let mut set = match stage.base {
            StageBase::Stage(parent) => ends.get(parent).copied().unwrap_or(false),
            _ => false,
        };
        for (index, instruction) in build.instructions(stage) {
            set |= instruction.keyword == Keyword::Workdir;
            if set || instruction.keyword != Keyword::Copy {
                continue;
            }
            let Some(parts) = build.input().file.transfer(instruction) else { continue };
            let written = &parts.destination;
            let bare = written.text.trim_matches(['"', '\'']);
            let drive = bare.chars().nth(1) == Some(':');
            if bare.starts_with(['/', '$', '\\']) || drive {
                continue;
            }
            let message = format!(
                "`{}` is relative to the working directory of the base image, which this file does not set",
                written.text
            );
            let finding = cx.finding(written.span, message).help("set WORKDIR first, or write the absolute path");
            let plain = bare.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-/.".contains(&byte))
                && bare.split('/').all(|part| !matches!(part, "." | ".."));
            let known = matches!(build.workdir(stage, index), Setting::Default(folder) | Setting::Base(folder) if folder == "/");
            out.push(finding.when(known && plain && cx.source().slice(written.span) == written.text, |finding| {
                finding.safe_edit("write the absolute path", written.span, format!("/{}", written.text))
            }));
        }
        ends.push(set);
    }
}

/// The number of steps that are checked; a file has one or two.
const MOST: usize = 32;

fn workdir_not_writable(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let launched = build.launch(stage);
    let at_start = launched.as_ref().map(|launch| launch.index);
    let mut candidates = 0;
    for below in build.chain(stage) {
        for (index, instruction) in build.instructions(below) {
            let runs = instruction.keyword == Keyword::Run || at_start == Some(index);
            let Some(code) = build.code(index) else { continue };
            if !runs {
                continue;
            }
            let Some(invocation) = installs(&code.script).or_else(|| makes(cx, &code.script)) else { continue };
            candidates += 1;
            if candidates > MOST {
                return;
            }
            let at = if at_start == Some(index) { usize::MAX } else { index };
            let Some((folder, user)) = foreign(build, below, at) else { continue };
            let program = invocation.program.unwrap_or_default();
            let message =
                format!("`{program}` writes to {folder}, which belongs to root: user `{user}` has no permission");
            let help = format!("change the owner above USER: `RUN chown {user} {folder}`");
            out.push(cx.finding(code.place(&build.input().file, invocation.span), message).help(help));
        }
    }
}

/// The folder and the user at an instruction, if root created the folder and no step changed its owner.
fn foreign(build: &Build, stage: &Stage, at: usize) -> Option<(String, String)> {
    let Setting::By(_, User::Other(user)) = build.user_at(stage, at) else { return None };
    let Setting::By(maker, folder) = build.workdir(stage, at) else { return None };
    let StageBase::Image(reference) = build.root_base(stage) else { return None };
    let by = match build.user_at(build.stage_of(maker)?, maker) {
        Setting::By(_, user) | Setting::Base(user) | Setting::Default(user) => user,
        Setting::Unknown => return None,
    };
    let known = data::SYSTEM_FOLDERS.has(folder.as_str(), "project") && BaseImage::of(reference).source().is_some();
    let source = build.input().file.source();
    let is_repaired = build.chain(stage).any(|stage| {
        build.instructions(stage).any(|(index, instruction)| {
            let text = source.slice(instruction.span);
            let steps = instruction.keyword == Keyword::Run && patterns::shows(text, "may give a folder to a user");
            // A COPY that creates the folder first sets its owner.
            let copies =
                matches!(instruction.keyword, Keyword::Copy | Keyword::Add) && index < maker && text.contains(&folder);
            steps || copies || (instruction.keyword == Keyword::Volume && text.contains(&folder))
        })
    });
    (known && by == User::Root && !is_repaired).then_some((folder, user))
}

/// The commands of a script that stays in its first folder.
fn at_home(script: &Script) -> Option<Vec<Invocation<'_>>> {
    let invocations = script.invocations();
    let leaves = |invocation: &Invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        program.state == State::Folder || program.is(Kind::User)
    };
    (!invocations.iter().any(leaves)).then_some(invocations)
}

/// A package manager that certainly writes to the folder in which it is started.
fn installs(script: &Script) -> Option<Invocation<'_>> {
    at_home(script)?.into_iter().find(|invocation| {
        invocation.package_call().is_some_and(|call| {
            let local = matches!(call.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Composer);
            local
                && call.verb == Verb::Install
                && call.is_from_manifest()
                && !["folder", "global", "simulates"].iter().any(|meaning| call.says(meaning))
        })
    })
}

/// `git clone URL`, `touch file`, `… > file`: commands that create a new entry there.
fn makes<'s>(cx: &Context, script: &'s Script) -> Option<Invocation<'s>> {
    // An existing file may belong to the user.
    let has_chown = || cx.source().text().contains("--chown");
    let here = |word: &Word| word.value().is_some_and(|text| !text.is_empty() && !text.contains(['/', '*']));
    let writes = |redirect: &Redirect| {
        matches!(redirect.operator, RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber)
            && redirect.target.as_ref().is_some_and(here)
    };
    let plain = |invocation: &&Invocation| {
        let tried = invocation.command.place.after.is_some_and(|after| after.kind == SeparatorKind::Or);
        invocation.via.is_empty() && invocation.command.place.scope == 0 && !tried
    };
    at_home(script).filter(|_| script.compounds.is_empty())?.into_iter().filter(|invocation| plain(&invocation)).find(
        |invocation| {
            let operands = || invocation.args.iter().filter(|word| !word.text().starts_with('-'));
            match invocation.program {
                Some("git") => match invocation.args {
                    [clone, address] if clone.is("clone") => address.text().contains(['/', ':']),
                    [clone, _, folder] if clone.is("clone") => here(folder) && !folder.text().starts_with('-'),
                    _ => false,
                },
                Some("touch") => operands().count() > 0 && invocation.args.iter().all(here) && !has_chown(),
                _ => invocation.command.redirects.iter().any(writes) && !has_chown(),
            }
        },
    )
}
