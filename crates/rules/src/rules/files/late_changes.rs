//! Rules about steps that rerun although nothing they use has changed.

use crate::build::{Build, Stage, toolchain};
use crate::data;
use crate::dockerfile::{Instruction, Keyword, Mount};
use crate::finding::{FileEdit, Finding, Findings, Fix, Impact, Safety, Severity, Target};
use crate::inputs::context::ContextEntryKind;
use crate::rules::Context;
use crate::rules::shared::copied_packages::absolute;
use crate::shell::program::{Kind, Program};
use crate::shell::{InputKind, Invocation, Manager, PackageCall, PackageSource, Verb};
use crate::text::{Span, path};

crate::rules::family! {
    "volatile-argument-early" => volatile_argument_early;
    "wide-bind-mount" => wide_bind_mount;
}

/// The number of such ARGs that are checked; no real file has more.
const MOST: usize = 100;

fn volatile_argument_early(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut looked = 0;
    for (stage, index, instruction) in build.needed_of(Keyword::Arg) {
        let args = build.input().file.args(instruction);
        for arg in &args {
            let name = &*arg.name.text;
            let default = arg.default.as_ref().map(|default| &*default.text);
            let is_version = !is_volatile(name, default);
            if is_version && !(is_chosen_version(name, default) && is_used(build, stage, index, name)) {
                continue;
            }
            looked += 1;
            if looked > MOST {
                return;
            }
            let step = step_above_use(build, stage, index, name);
            // Of other programs nobody can tell that they read no variable of that name.
            let Some(step) = step.filter(|step| !is_version || is_quiet(build, step.index)) else { continue };
            let line = cx.source().line(step.span.start);
            let message = format!(
                "each new `{name}` reruns every RUN below, even `{}` in line {line}, which does not use it",
                step.name
            );
            let finding = cx
                .finding(arg.span, message)
                .help(help(build, (stage, index), name, &step))
                .label(step.span, "reruns")
                .costs(Impact::slower_rebuild("the ARG is above the step in its stage"));
            // Somebody bumps it now and then: it does not change with every build.
            let finding = finding.when(is_version, |finding| finding.lowered(Severity::Info));
            let alone = args.len() == 1;
            out.push(if alone { edited(build, stage, (index, instruction), name, finding) } else { finding });
        }
    }
}

fn is_volatile(name: &str, default: Option<&str>) -> bool {
    let upper = name.to_ascii_uppercase();
    let placeholder =
        |text: &str| matches!(text, "" | "unknown" | "none" | "0.0.0") || data::TAG_WORDS.has(text, "channel");
    let open = default.is_none_or(|text| placeholder(text.trim_matches('"')));
    data::VARIABLES.has(&upper, "volatile") || (open && data::VARIABLES.has(&upper, "version"))
}

/// Whether it is the version of a tool, with a default that people raise.
fn is_chosen_version(name: &str, default: Option<&str>) -> bool {
    let is_number = |text: &str| text.starts_with(|c: char| c.is_ascii_digit()) && text.contains('.');
    let default = default.map(|text| text.trim_matches(['"', '\'']).trim_start_matches('v'));
    default.is_some_and(is_number) && name.to_ascii_uppercase().ends_with("VERSION")
}

/// The first slow step below an ARG, if no step in between needs the value.
fn step_above_use(build: &Build, stage: &Stage, index: usize, name: &str) -> Option<SlowStep> {
    let mut names = vec![name.to_owned()];
    let copies = build.transfers(stage);
    // A new commit changes the sources too.
    let commit = ["COMMIT", "SHA", "HASH", "REV", "REF"].iter().any(|part| name.to_ascii_uppercase().contains(part))
        && !name.to_ascii_uppercase().contains("DATE");
    for (at, instruction) in build.instructions(stage).filter(|(at, _)| *at > index) {
        let uses = mentions_any(build, instruction, &names);
        match instruction.keyword {
            // They create no layer, and can be moved too.
            Keyword::Env => {
                let pairs = build.input().file.variables(instruction);
                let taking =
                    pairs.iter().filter(|pair| names.iter().any(|name| pair.value.text.contains(name.as_str())));
                let more: Vec<String> = taking.map(|pair| pair.name.text.to_string()).collect();
                names.extend(more);
            }
            Keyword::Arg | Keyword::Label => {}
            _ if uses => return None,
            Keyword::Copy | Keyword::Add if commit => {
                let mut copies_here = copies.iter().filter(|copy| copy.index == at && copy.from.is_none());
                if copies_here.any(|copy| copy.sources.iter().any(crate::build::Source::is_everything)) {
                    return None;
                }
            }
            Keyword::Run => {
                build.code(at)?;
                if let Some(step) = slow_step(build, at) {
                    return Some(step);
                }
            }
            _ => {}
        }
    }
    None
}

fn mentions_any(build: &Build, instruction: &Instruction, names: &[String]) -> bool {
    let text = build.input().file.source().slice(instruction.span);
    names.iter().any(|name| text.contains(name.as_str()))
}

fn help(build: &Build, (stage, index): (&Stage, usize), name: &str, step: &SlowStep) -> String {
    let names = [name.to_owned()];
    let mut users =
        build.instructions(stage).filter(|(at, instruction)| *at > index && mentions_any(build, instruction, &names));
    let advice = match users.next() {
        Some((_, user)) if user.span.start < step.span.start => {
            format!("move it and the {} that uses it below that RUN", build.input().file.str(user.name).to_uppercase())
        }
        _ if is_used(build, stage, index, name) => "declare it right above its first use".to_owned(),
        _ => "remove it: nothing in this stage uses it".to_owned(),
    };
    let link = if advice.contains(": ") { ", and" } else { ":" };
    format!("{advice}{link} an ARG is part of the cache key of each RUN below it")
}

/// Whether a step below uses it, in its stage or in the stages that are based on that.
fn is_used(build: &Build, stage: &Stage, index: usize, name: &str) -> bool {
    let above = |other: &&Stage| build.chain(other).any(|stage_above| stage_above.index == stage.index);
    let mut below = build.stages().iter().filter(above).flat_map(|stage| build.instructions(stage));
    below.any(|(at, instruction)| at > index && mentions_any(build, instruction, &[name.to_owned()]))
}

/// Adds the fix that moves the ARG right above its first use, if there are steps in between.
fn edited(
    build: &Build,
    stage: &Stage,
    (index, instruction): (usize, &Instruction),
    name: &str,
    mut finding: Finding,
) -> Finding {
    let names = [name.to_owned()];
    let below: Vec<(usize, &Instruction)> = build.instructions(stage).filter(|(at, _)| *at > index).collect();
    let Some(using) = below.iter().position(|(_, instruction)| mentions_any(build, instruction, &names)) else {
        return finding;
    };
    let between = &below[..using];
    let runs: Vec<usize> =
        between.iter().filter(|(_, instruction)| instruction.keyword == Keyword::Run).map(|(at, _)| *at).collect();
    let source = build.input().file.source();
    let user = below[using].1;
    // A pair that shares its line with others, or has its own comments, is not moved.
    let single = instruction.start_line == instruction.end_line;
    let has_comment = instruction.start_line > 1
        && source.slice(source.line_span(instruction.start_line - 1)).trim_start().starts_with('#');
    if runs.is_empty() || !single || has_comment {
        return finding;
    }
    let whole =
        Span::new(source.line_span(instruction.start_line).start, source.line_span(instruction.start_line + 1).start);
    // Comments above the instruction that uses it belong to that instruction.
    let mut line = user.start_line;
    while line > 1 && source.slice(source.line_span(line - 1)).trim_start().starts_with('#') {
        line -= 1;
    }
    let at = source.line_span(line).start;
    let quiet = runs.iter().all(|run| is_quiet(build, *run));
    let safety = if quiet {
        Safety::Safe
    } else {
        Safety::Unsafe(format!("a program in the steps in between may read `{name}` from its environment"))
    };
    let target = || Target::File(build.input().dockerfile);
    let edits = vec![
        FileEdit { target: target(), span: whole, text: String::new() },
        FileEdit { target: target(), span: Span::at(at), text: source.slice(whole).to_owned() },
    ];
    finding.fixes.push(Fix { title: format!("move it above line {}", user.start_line), safety, edits });
    finding
}

/// Whether no program of a RUN reads the variables of a project.
fn is_quiet(build: &Build, run: usize) -> bool {
    build.code(run).is_some_and(|code| code.script.invocations().iter().all(reads_no_environment))
}

/// Programs that are known to ignore the variables of a project.
fn reads_no_environment(invocation: &Invocation) -> bool {
    if let Some(call) = invocation.package_call() {
        return call.manager.is_system();
    }
    invocation
        .program
        .map(Program::of)
        .is_some_and(|program| program.is_verified && program.keeps_to_arguments() && !program.is(Kind::Environment))
}

/// Paths that a command may name in a mount to be told what to bind instead.
const MOST_NAMED: usize = 3;

fn wide_bind_mount(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (stage, index, instruction) in build.needed_of(Keyword::Run) {
        for mount in build.input().file.mounts(instruction) {
            let Some(wide) = WideMount::of(cx, stage, (index, &mount)) else { continue };
            let Some(use_of_mount) = wide.use_by(build, stage, index, instruction) else { continue };
            if slow_step_from(build, stage, index).is_none() || wide.lacks_any(cx, &use_of_mount) {
                continue;
            }
            let (message, help) = wide.advice(&use_of_mount);
            let impact = Impact::slower_rebuild("the files of a bind mount are part of the cache key of its RUN");
            out.push(cx.finding(mount.value.span, message).help(help).costs(impact));
        }
    }
}

/// A bind mount of a folder of the context.
struct WideMount {
    /// The folder in the context; empty for all of it.
    source: String,
    /// Where the command sees it.
    target: String,
}

/// What a command does with a mount that is wider than it needs.
enum MountUse {
    /// Nothing names it.
    Nothing,
    /// It reads these paths of the mount.
    Paths(Vec<String>),
    /// It downloads what manifests list.
    Manifests(String, Manager),
}

impl WideMount {
    fn of(cx: &Context, stage: &Stage, (index, mount): (usize, &Mount)) -> Option<Self> {
        if mount.kind() != "bind" || mount.from().is_some_and(|from| !from.is_empty()) {
            return None;
        }
        let build = cx.build();
        let expand = |text: &str| build.scopes().expand(stage.index, index, text);
        let source = path::normalize(expand(mount.source().unwrap_or("."))?.trim_start_matches('/'));
        let target = absolute(build, stage, index, &expand(mount.target()?)?)?;
        let is_folder = || {
            let id = cx.context().and_then(|context| context.find(&source));
            id.zip(cx.context()).is_some_and(|(id, context)| context.entry(id).kind == ContextEntryKind::Directory)
        };
        (source.is_empty() || is_folder()).then_some(Self { source, target })
    }

    /// How the command uses it, if that is known and it needs less.
    fn use_by(&self, build: &Build, stage: &Stage, index: usize, instruction: &Instruction) -> Option<MountUse> {
        let code = build.code(index)?;
        let text = code.text()?;
        let invocations = code.script.invocations();
        let workdir = absolute(build, stage, index, ".")?;
        let enters = |invocation: &Invocation| {
            let folder = invocation.args.first().and_then(|word| word.value());
            let folder = folder.and_then(|folder| crate::build::absolute(folder, Some(&workdir)));
            (invocation.is("cd") || invocation.is("pushd"))
                && folder.is_none_or(|folder| path::is_within(&folder, &self.target))
        };
        if path::is_within(&workdir, &self.target) || invocations.iter().any(enters) {
            return downloads(&invocations);
        }
        // What a command reads of the folder that it stands in is not seen.
        if workdir != "/" && path::is_within(&self.target, &workdir) || self.is_in_variable(build) {
            return None;
        }
        // The body of a heredoc that a command reads is not in the script.
        let is_hidden = !instruction.heredocs.is_empty() && text.contains("<<");
        if is_hidden || !invocations.iter().all(|invocation| reads_only_what_is_named(invocation, &self.target)) {
            return None;
        }
        let relative = self.target.trim_start_matches('/');
        let named = paths_below(text, &self.target)?;
        if text.matches(relative).count() > text.matches(&self.target).count() {
            return None;
        }
        if named.is_empty() {
            return Some(MountUse::Nothing);
        }
        let is_called = |invocation: &Invocation| path::is_within(invocation.path.text(), &self.target);
        if named.len() > MOST_NAMED || invocations.iter().any(is_called) {
            return None;
        }
        Some(MountUse::Paths(named))
    }

    /// Whether the context lacks a path that the command names: a mount of it would fail.
    fn lacks_any(&self, cx: &Context, use_of_mount: &MountUse) -> bool {
        let (MountUse::Paths(paths), Some(context)) = (use_of_mount, cx.context()) else { return false };
        paths.iter().any(|name| context.find(&path::child(&self.source, name)).is_none())
    }

    /// Whether a variable of the file may name it.
    fn is_in_variable(&self, build: &Build) -> bool {
        let source = build.input().file.source();
        let mut variables = build
            .input()
            .file
            .instructions()
            .iter()
            .filter(|instruction| matches!(instruction.keyword, Keyword::Arg | Keyword::Env));
        variables.any(|instruction| source.slice(instruction.span).contains(&self.target))
    }

    /// The message and the help.
    fn advice(&self, use_of_mount: &MountUse) -> (String, String) {
        let folder = if self.source.is_empty() { "the build context".to_owned() } else { format!("`{}`", self.source) };
        let reruns = format!("a change of any file in {folder} reruns it");
        match use_of_mount {
            MountUse::Nothing => {
                let message = format!("nothing in this command reads the bind mount `{}`, but {reruns}", self.target);
                (message, "remove the mount".to_owned())
            }
            MountUse::Paths(paths) => {
                let full: Vec<String> =
                    paths.iter().map(|name| format!("`{}`", path::child(&self.target, name))).collect();
                let message = format!("this command reads only {} of the bind mount, but {reruns}", full.join(", "));
                let mount = |name: &String| {
                    let (source, target) = (path::child(&self.source, name), path::child(&self.target, name));
                    format!("--mount=type=bind,source={source},target={target}")
                };
                let mounts: Vec<String> = paths.iter().map(mount).collect();
                (message, format!("bind what it reads: `{}`", mounts.join(" ")))
            }
            MountUse::Manifests(command, manager) => {
                let message = format!("`{command}` reads only the manifests of this bind mount, but {reruns}");
                let example =
                    if *manager == Manager::Go { "go.mod and go.sum" } else { "the manifest and the lock file" };
                (message, format!("bind only {example}, each with `--mount=type=bind,source=FILE,target=FILE`"))
            }
        }
    }
}

/// The download of dependencies, if a command does nothing else in the folder of the mount.
fn downloads(invocations: &[Invocation]) -> Option<MountUse> {
    let mut known = None;
    for invocation in invocations {
        match invocation.package_call() {
            Some(call) if call.manager.is_system() => {}
            Some(call) if needs_manifests(&call) => known = Some(MountUse::Manifests(call.title(), call.manager)),
            None if reads_nothing(invocation) => {}
            _ => return None,
        }
    }
    known
}

/// Whether it reads nothing but manifests.
fn needs_manifests(call: &PackageCall) -> bool {
    let is_listed = call.inputs.iter().all(|input| input.kind != InputKind::Editable)
        && call.packages.iter().all(|package| package.source != PackageSource::Path);
    let is_download = call.verb == Verb::Download || call.manager == Manager::Pip && call.verb == Verb::Install;
    is_download && call.is_from_manifest() && is_listed
}

/// Whether it changes the shell only, or prints its arguments.
fn reads_nothing(invocation: &Invocation) -> bool {
    invocation.program.map(Program::of).is_some_and(|program| program.is_neutral() || program.is(Kind::Idle))
}

/// Whether it reads no file that its arguments do not name.
fn reads_only_what_is_named(invocation: &Invocation, target: &str) -> bool {
    match invocation.package_call() {
        // A list of requirements may include others.
        Some(call) => call.manager.is_system() || !invocation.args.iter().any(|word| word.text().contains(target)),
        None => invocation
            .program
            .map(Program::of)
            .is_some_and(|program| program.is_verified && program.keeps_to_arguments() && !program.is(Kind::Unpacks)),
    }
}

/// The paths below a folder that a text names; `None` if it names the folder itself, or a path with an expansion.
fn paths_below(text: &str, folder: &str) -> Option<Vec<String>> {
    let is_part = |c: char| c.is_ascii_alphanumeric() || "._-+@/".contains(c);
    let mut paths: Vec<String> = Vec::new();
    for (at, _) in text.match_indices(folder) {
        if text[..at].ends_with(is_part) {
            continue;
        }
        let rest = &text[at + folder.len()..];
        let end = rest.find(|c: char| !is_part(c)).unwrap_or(rest.len());
        let (name, next) = rest.split_at(end);
        let Some(name) = name.strip_prefix('/') else {
            // `/src-old` is another folder.
            if name.is_empty() {
                return None;
            }
            continue;
        };
        let is_whole = next.is_empty() || next.starts_with([' ', '\t', '\n', '"', '\'', ';', ')', '&', '|']);
        if name.is_empty() || name.ends_with('/') || name.contains("..") || !is_whole {
            return None;
        }
        if !paths.iter().any(|known| known == name) {
            paths.push(name.to_owned());
        }
    }
    Some(paths)
}

// Steps that take long: they install, download or compile.

/// A command that takes long.
pub(in crate::rules) struct SlowStep {
    /// The index of the instruction.
    index: usize,
    /// Where it stands.
    pub(in crate::rules) span: Span,
    /// What it is called.
    pub(in crate::rules) name: String,
}

/// The first slow command of a RUN.
pub(in crate::rules) fn slow_step(build: &Build, index: usize) -> Option<SlowStep> {
    let code = build.code(index)?;
    let invocations = code.script.invocations();
    let invocation = invocations.iter().find(|invocation| takes_time(invocation))?;
    Some(SlowStep { index, span: code.place(&build.input().file, invocation.span), name: command(invocation) })
}

/// The first slow command at or below an instruction of a stage.
pub(in crate::rules) fn slow_step_from(build: &Build, stage: &Stage, index: usize) -> Option<SlowStep> {
    toolchain::runs(build, stage).filter(|(at, ..)| *at >= index).find_map(|(at, ..)| slow_step(build, at))
}

/// Whether it installs, downloads or compiles.
fn takes_time(invocation: &Invocation) -> bool {
    if let Some(call) = invocation.package_call() {
        return matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download | Verb::Build)
            || call.verb == Verb::Run && call.operands.iter().any(|word| word.text().contains("build"));
    }
    toolchain::may_compile(invocation)
        || invocation
            .program
            .map(Program::of)
            .is_some_and(|program| program.is(Kind::Fetches) || program.is(Kind::Unpacks))
}

fn command(invocation: &Invocation) -> String {
    match invocation.package_call() {
        Some(call) if !call.verb_text.is_empty() => format!("{} {}", call.program, call.verb_text),
        _ => invocation.program.unwrap_or_default().to_owned(),
    }
}
