//! See `rules/wide-bind-mount.md`.

use super::Context;
use super::copied_packages::absolute;
use super::slow_step::slow_step_from;
use crate::build::{Build, Stage};
use crate::dockerfile::{Instruction, Keyword, Mount};
use crate::finding::{Findings, Impact};
use crate::inputs::context::ContextEntryKind;
use crate::shell::program::{Kind, Program};
use crate::shell::{InputKind, Invocation, Manager, PackageCall, PackageSource, Verb};
use crate::text::path;

super::rule!("wide-bind-mount", check);

/// Paths that a command may name in a mount to be told what to bind instead.
const MOST_NAMED: usize = 3;

fn check(cx: &Context, out: &mut Findings) {
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
