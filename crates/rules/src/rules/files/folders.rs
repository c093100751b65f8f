//! Rules about folders: WORKDIR, `cd` in a RUN, and `rm` in a folder that may not be the right one.

use std::collections::HashMap;

use crate::rules::Context;
use crate::rules::shared::copied_packages;
use crate::rules::shared::copied_packages::DEEPEST;
use crate::rules::shared::script_end;
use crate::rules::shared::written_paths::CommandFolder;

use crate::build::{BaseImage, Build, Lookup, Run, Setting, Stage, StageBase, User, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Safety};
use crate::shell::program::{Kind, Program, State};
use crate::shell::{
    ExpansionKind, Invocation, Manager, Redirect, RedirectOperator, ScopeKind, Script, SeparatorKind, Verb, Word,
};
use crate::sources::patterns;
use crate::text::{Span, path};

crate::rules::family! {
    "system-workdir" => system_workdir;
    "relative-workdir" => relative_workdir;
    "relative-copy-destination" => relative_copy_destination;
    "workdir-not-writable" => workdir_not_writable;
    "cd-in-run" => cd_in_run;
    "cd-unchecked" => cd_unchecked;
    "rm-of-unset-variable" => rm_of_unset_variable;
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

fn cd_in_run(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        // Only the first command of a RUN can become an instruction before it.
        let Some(invocation) = invocations.iter().find(|invocation| !is_preface(invocation)) else { continue };
        let [folder] = invocation.args else { continue };
        if !invocation.is("cd")
            || invocation.outer as usize != first(&run)
            || !is_for_workdir(&run, folder)
            || !is_direct(invocation)
        {
            continue;
        }
        let finding = cx
            .finding(run.place(invocation.span), "this RUN changes the folder with cd instead of WORKDIR")
            .help("set `WORKDIR` before the RUN");
        out.push(finding.with(edits(&run, invocation, folder), |finding, edits| {
            finding.edits("set the folder with WORKDIR", Safety::Safe, edits)
        }));
    }
}

fn is_preface(invocation: &Invocation) -> bool {
    invocation.is("set")
}

/// Index of the first command other than `set`.
fn first(run: &Run) -> usize {
    let sets_options = |command: &crate::shell::Command| command.name().is_some_and(|name| name.is("set"));
    run.code.script.commands.iter().position(|command| !sets_options(command)).unwrap_or(0)
}

fn is_direct(invocation: &Invocation) -> bool {
    let top = invocation.script.is_top(&invocation.command.place);
    top && invocation.via.iter().all(|wrapper| matches!(wrapper.program, "builtin" | "command"))
}

/// Whether WORKDIR can name the folder: without `~`, `-` and patterns, and only with variables of the file.
fn is_for_workdir(run: &Run, folder: &Word) -> bool {
    let text = folder.text();
    let is_defined =
        |name: &str| matches!(run.build.scopes().lookup(run.stage.index, name, run.index), Lookup::Defined(_));
    let plain = folder.value().is_some()
        || folder.expansions().len() == folder.variables().count() && folder.variables().all(is_defined);
    plain && !text.is_empty() && !matches!(text, "-" | "~") && !text.starts_with("~/") && !folder.is_pattern()
}

/// Replaces `cd … &&` with `WORKDIR` before the RUN, if another WORKDIR follows, so that no other step sees the change.
fn edits(run: &Run, invocation: &Invocation, folder: &Word) -> Option<Vec<(Span, String)>> {
    let after = invocation.command.place.after.filter(|after| after.kind == SeparatorKind::And)?;
    let next = run.code.script.commands.get(invocation.outer as usize + 1)?;
    let path = folder.value().filter(|path| path.starts_with('/') && !path.contains(char::is_whitespace))?;
    let passive = |at: &usize| {
        matches!(run.build.instruction(*at).keyword, Keyword::Env | Keyword::Arg | Keyword::Label | Keyword::User)
    };
    let below = (run.index + 1..run.stage.instructions.end).find(|at| !passive(at))?;
    let workdir = run.build.instruction(below);
    let absolute = workdir.keyword == Keyword::Workdir && run.file().str(workdir.rest).starts_with('/');
    let source = run.file().source();
    let between = source.slice(run.place(Span::new(after.span.end, next.span.start)));
    let blank = between.chars().all(|c| c.is_whitespace() || c == run.file().escape());
    let start = run.place(invocation.command.span).start;
    // Only the same shell can change back to the previous folder.
    let back = run.code.text().is_some_and(|text| ["cd -", "OLDPWD", "~-"].iter().any(|word| text.contains(word)));
    let plain = !back
        && run.instruction.heredocs.is_empty()
        && !run.is_trigger()
        && invocation.via.is_empty()
        && invocation.outer == 0;
    if !absolute || !blank || !plain {
        return None;
    }
    let newline = script_end::line_end(source);
    let above = Span::at(run.instruction.span.start);
    Some(vec![
        (above, format!("WORKDIR {path}{newline}")),
        (Span::new(start, run.place(next.span).start), String::new()),
    ])
}

fn cd_unchecked(cx: &Context, out: &mut Findings) {
    // The folders of the current stage.
    let mut known: Option<(usize, Folders)> = None;
    for run in cx.build().all_runs().filter(|run| !run.code.is_exec()) {
        let mut folder = CommandFolder::of(run.build, run.stage, run.index);
        let mut created: Vec<String> = Vec::new();
        for invocation in &run.invocations() {
            let aim = if invocation.is("cd") || invocation.is("pushd") {
                invocation.args.first().and_then(|word| path_of(&run, word))
            } else {
                None
            };
            let aim = aim.and_then(|path| folder.join(&path));
            folder.follow(invocation);
            if created.len() < REMEMBERED {
                created.extend(made_by(invocation).filter_map(|path| folder.join(path)));
            }
            if !matches!(invocation.program, Some("cd" | "pushd")) {
                continue;
            }
            // A string for another shell is not checked; a heredoc is the script of the RUN.
            let is_own_script =
                std::ptr::eq(invocation.script, &raw const run.code.script) || !run.instruction.heredocs.is_empty();
            let text = run.code.text().unwrap_or_default();
            if !is_own_script || !is_open(invocation) || has_checked_scope(text, invocation) {
                continue;
            }
            if known.as_ref().is_none_or(|(stage, _)| *stage != run.stage.index) {
                known = Some((run.stage.index, Folders::of(run.build, run.stage)));
            }
            let is_there = |path: &String| {
                let above = known.as_ref().is_some_and(|(_, folders)| folders.has(path, run.index));
                above || created.iter().any(|created_path| path::is_within(created_path, path))
            };
            if aim.as_ref().is_some_and(is_there) {
                continue;
            }
            let name = invocation.program.unwrap_or_default();
            let finding = cx
                .finding(
                    run.place(invocation.span),
                    format!("if this {name} fails, the following commands run in the wrong folder"),
                )
                .help(format!("write `{name} … || exit 1`, join the commands with `&&`, or use `set -e`"));
            let text = &run.code.text().unwrap_or_default().get(invocation.command.span.range()).unwrap_or_default();
            let why = "a build that continued in the wrong folder now fails";
            let plain = invocation.command.span.end == invocation.span.end;
            out.push(
                finding.with(
                    run.insertion_after(invocation.command.span, text, "|| exit 1")
                        .filter(|_| plain && run.code.script.problems.is_empty() && text.starts_with(name)),
                    |finding, (at, text)| finding.unsafe_edit("exit if it fails", why, at, text),
                ),
            );
        }
    }
}

fn is_open(invocation: &Invocation) -> bool {
    let place = &invocation.command.place;
    let checked = place.after.is_some_and(|after| matches!(after.kind, SeparatorKind::And | SeparatorKind::Or));
    let is_condition = invocation.script.enclosing(place).any(|scope| scope.kind == ScopeKind::Condition);
    // The parent folder and `/` always exist.
    let sure = match invocation.args {
        [] => true,
        // So does the one that it came from.
        [word] => word.value().is_some_and(|text| text == "-" || text.bytes().all(|byte| matches!(byte, b'.' | b'/'))),
        _ => false,
    };
    // After `&&` and at the end, its status is that of the list.
    let ends = place.after.is_none() && place.before.is_some();
    !checked && !is_condition && !sure && !ends && !place.options.errexit
}

/// Whether a command is the last of a list whose status the script checks: `if …; then …; cd /srv; fi && …`.
fn has_checked_scope(text: &str, invocation: &Invocation) -> bool {
    let Some(scope) = invocation.script.enclosing(&invocation.command.place).next() else { return false };
    if scope.last_end != Some(invocation.command.span.end) {
        return false;
    }
    let closer = match scope.kind {
        ScopeKind::Branch => "fi",
        ScopeKind::Group => "}",
        ScopeKind::Subshell => ")",
        _ => return false,
    };
    let is_blank = |c: char| c.is_whitespace() || c == '\\' || c == ';';
    let rest = text.get(scope.span.end as usize..).map(|rest| rest.trim_start_matches(is_blank));
    let rest =
        rest.and_then(|rest| rest.strip_prefix(closer)).map(|rest| rest.trim_start_matches([' ', '\t', '\\', '\n']));
    rest.is_some_and(|rest| rest.starts_with("&&") || rest.starts_with("||"))
}

/// The most folders created by a RUN that are remembered.
const REMEMBERED: usize = 100;

/// The folder that a word names, with variables of the file that the script does not set.
fn path_of(run: &Run, word: &Word) -> Option<String> {
    if let Some(path) = word.value() {
        return Some(path.to_owned());
    }
    let (build, stage) = (run.build, run.stage.index);
    let script = &run.code.script;
    let is_set = |name: &str| {
        script.commands.iter().flat_map(|command| &command.assignments).any(|assignment| &*assignment.name_text == name)
    };
    let is_defined = |name: &str| matches!(build.scopes().lookup(stage, name, run.index), Lookup::Defined(_));
    let plain = word.expansions().len() == word.variables().count() && run.code.is_ordinary();
    let known = plain && word.variables().all(|name| is_defined(name) && !is_set(name));
    build.scopes().expand(stage, run.index, word.text()).filter(|path| known && !path.is_empty())
}

/// The folders that `mkdir` creates.
fn made_by<'s>(invocation: &Invocation<'s>) -> impl Iterator<Item = &'s str> {
    let args = if invocation.is("mkdir") { invocation.args } else { &[] };
    let words = args.iter().filter_map(Word::value);
    words.filter(|word| !word.starts_with('-'))
}

/// Folders that certainly exist, each with the index of the instruction that creates it.
struct Folders(HashMap<String, usize>);

impl Folders {
    /// The folders of WORKDIR, COPY and mkdir in a stage and the stages it is based on.
    fn of(build: &Build, stage: &Stage) -> Self {
        let mut folders = Self(HashMap::new());
        for stage in build.chain(stage).take(DEEPEST) {
            for (index, _) in build.instructions_of(stage, Keyword::Workdir) {
                folders.add(build.workdir(stage, index + 1).value().cloned(), index);
            }
            for transfer in build.transfers(stage) {
                folders.add(copied_packages::destination(build, stage, transfer), transfer.index);
            }
            for (index, _, invocations) in toolchain::runs(build, stage) {
                let mut folder = CommandFolder::of(build, stage, index);
                for invocation in &invocations {
                    folder.follow(invocation);
                    for path in made_by(invocation) {
                        folders.add(folder.join(path), index);
                    }
                }
            }
        }
        folders
    }

    /// Adds a folder and its parents.
    fn add(&mut self, path: Option<String>, index: usize) {
        let Some(path) = path else { return };
        let mut rest = path.trim_end_matches('/');
        while rest.len() > 1 {
            let first = self.0.entry(rest.to_owned()).or_insert(index);
            *first = index.min(*first);
            rest = path::parent(rest);
        }
    }

    fn has(&self, path: &str, index: usize) -> bool {
        let path = if path == "/" { path } else { path.trim_end_matches('/') };
        data::SYSTEM_FOLDERS.has(path, "everywhere") || self.0.get(path).is_some_and(|first| *first < index)
    }
}

/// The maximum size of a script that is checked, in bytes.
const LONGEST: usize = 64 << 10;

fn rm_of_unset_variable(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        // No real script is that long, and each variable is searched for in all of it.
        if run.code.text().is_none_or(|text| text.len() > LONGEST) {
            continue;
        }
        for invocation in run
            .invocations()
            .iter()
            .filter(|invocation| is_recursive(invocation) && !invocation.command.place.options.nounset)
        {
            for word in invocation.args.iter().filter(|word| is_risky(&run, word)) {
                let text = word.text();
                let rest = &text[text.find('/').unwrap_or(0)..];
                let message = format!("this deletes `{rest}` if the variable is empty");
                out.push(
                    cx.finding(run.place(word.span), message)
                        .help("write `${NAME:?}`, which stops the script if it is empty"),
                );
            }
        }
    }
}

fn is_recursive(invocation: &Invocation) -> bool {
    let letters = |word: &Word| {
        let text = word.text();
        text == "--recursive" || text.starts_with('-') && !text.starts_with("--") && text.contains(['r', 'R'])
    };
    invocation.is("rm") && invocation.args.iter().any(letters)
}

/// `"$DIR/"*`, `"$DIR/usr"`, if nothing shows that DIR has a value.
fn is_risky(run: &Run, word: &Word) -> bool {
    let [expansion] = word.expansions() else { return false };
    let ExpansionKind::Variable(name) = &expansion.kind else { return false };
    let text = word.text();
    let written = text.get(expansion.within.range()).unwrap_or_default();
    let Some(rest) = text.get(expansion.within.end as usize..).filter(|rest| rest.starts_with('/')) else {
        return false;
    };
    let path = rest.trim_matches('/').trim_end_matches('*').trim_end_matches('/');
    let guarded = [":?", ":-", ":="].iter().any(|mark| written.contains(mark));
    let known = run.value_of(&format!("${name}"), word.span.start).is_some_and(|value| !value.is_empty());
    let looped = name.bytes().all(|byte| byte.is_ascii_lowercase()) && is_set_otherwise(run, name);
    expansion.within.start == 0
        && expansion.quoted
        && (path.is_empty() || data::SYSTEM_FOLDERS.has(&format!("/{path}"), "root"))
        && !(guarded || known || looped)
}

/// Set by `for`, `read` or a substitution.
fn is_set_otherwise(run: &Run, name: &str) -> bool {
    let text = run.code.text().unwrap_or_default();
    [format!("for {name} "), format!("read {name}"), format!("{name}=")].iter().any(|set| text.contains(set.as_str()))
}
