//! Files that are sent to the builder although the build does not need them.

use super::history::asks_history;
use super::{Build, Code, SentFiles, Transfer};
use crate::dockerfile::Keyword;
use crate::ignore::{has_wildcard, path_match};
use crate::inputs::context::{BuildContext, Certainty, ClassKind, ClassMatch, EntryId};
use crate::manifest::FileKind;
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::sources::patterns;
use crate::text::path;

/// The paths that COPY, ADD and bind mounts name in the build context.
#[derive(Clone, Debug, Default)]
pub struct NamedPaths {
    /// Components of the paths, with wildcards.
    paths: Vec<Vec<String>>,
    /// Whether one of them is the whole context.
    pub whole: bool,
    /// Whether one is known only during the build.
    pub unknown: bool,
}

impl NamedPaths {
    fn add(&mut self, source: Option<&str>) {
        let Some(source) = source else {
            self.unknown = true;
            return;
        };
        // The part after `/./` with `--parents` is a path like any other.
        let path = path::join("/", source);
        let parts: Vec<String> = path.split('/').filter(|part| !part.is_empty()).map(str::to_owned).collect();
        if parts.iter().all(|part| matches!(part.as_str(), "*" | "**")) {
            self.whole = true;
        } else {
            self.paths.push(parts);
        }
    }

    /// Whether a path, or something below it, is named.
    pub fn at_or_below(&self, path: &str) -> bool {
        self.paths.iter().any(|parts| parts.len() >= path.split('/').count() && overlaps_pattern(parts, path))
            || self.paths.iter().any(|parts| parts.iter().any(|part| part == "**") && overlaps_pattern(parts, path))
    }

    /// Whether a parent folder of a path is named.
    pub fn above(&self, path: &str) -> bool {
        self.paths.iter().any(|parts| parts.len() < path.split('/').count() && overlaps_pattern(parts, path))
    }
}

/// Whether a pattern and a path match up to the length of the shorter one; `**` matches anything.
pub(super) fn overlaps_pattern<S: AsRef<str>>(pattern: &[S], path: &str) -> bool {
    for (part, name) in pattern.iter().map(AsRef::as_ref).zip(path.split('/')) {
        if part == "**" {
            return true;
        }
        if part != name && !path_match(part, name).unwrap_or(true) {
            return false;
        }
    }
    true
}

/// Whether a pattern may take a path or something below it.
pub fn may_take_in(pattern: &str, path: &str) -> bool {
    let parts: Vec<&str> = pattern.split('/').collect();
    let deep = parts.iter().any(|part| part.contains("**"));
    (deep || parts.len() >= path.split('/').count()) && overlaps_pattern(&parts, path)
}

/// The package managers that fill a folder of installed packages.
fn managers(folder: &str) -> &'static [Manager] {
    match folder {
        "node_modules" => &[Manager::Npm, Manager::Yarn, Manager::Pnpm, Manager::Bun],
        "vendor" => &[Manager::Composer],
        ".bundle" => &[Manager::Bundle],
        // A folder of any name is a virtual environment if its content says so.
        _ => &[Manager::Pip, Manager::Uv, Manager::Poetry, Manager::Pdm, Manager::Pipenv, Manager::Conda],
    }
}

fn is_install(call: &PackageCall) -> bool {
    call.verb == Verb::Install && call.is_from_manifest() && !call.has(&["-g", "--global"])
}

/// Whether a package manager installs outside an environment in the project's folder.
fn is_elsewhere(manager: Manager) -> bool {
    matches!(manager, Manager::Pip | Manager::Conda)
}

/// Whether a COPY takes a path, or a parent folder of it.
fn copies_path(transfer: &Transfer, path: &str) -> bool {
    let mut named = NamedPaths::default();
    transfer.sources.iter().filter(|source| !source.is_remote()).for_each(|source| named.add(source.text.as_deref()));
    named.whole || named.unknown || named.above(path) || named.at_or_below(path)
}

impl Build<'_> {
    /// Entries that are transferred although no step needs them, largest first. Not included: entries that a COPY
    /// names, secrets, results that the image may contain, installed packages that no step installs, and a history that
    /// a step reads.
    pub fn useless(&self, context: &BuildContext, fetched: &SentFiles) -> Vec<ClassMatch> {
        let named = self.named_paths(true);
        let linked = self.linked(context);
        let git = self.reads_history();
        let mut useless = fetched.doubtful(context);
        useless.retain(|class_match| {
            let path = context.path(class_match.entry);
            let wanted = match class_match.class.kind {
                ClassKind::Secret => true,
                ClassKind::VersionControl => git || named.above(&path),
                ClassKind::Dependencies => !self.installs(context.entry(class_match.entry).name, false),
                ClassKind::Editor | ClassKind::Pipeline => {
                    class_match.class.certainty == Certainty::Possible || named.above(&path)
                }
                _ => class_match.class.certainty == Certainty::Possible,
            };
            let is_linked = |id: &EntryId| *id == class_match.entry || context.is_below(*id, class_match.entry);
            !wanted && !named.at_or_below(&path) && !linked.iter().any(is_linked)
        });
        useless
    }

    /// Whether any stage may need an entry of the context that another build with the same .dockerignore does not need.
    pub fn needs_entry(&self, context: &BuildContext, class_match: &ClassMatch) -> bool {
        let named = self.named_paths(true);
        let path = context.path(class_match.entry);
        let is_linked = |id: &EntryId| *id == class_match.entry || context.is_below(*id, class_match.entry);
        if named.at_or_below(&path) || self.linked(context).iter().any(is_linked) {
            return true;
        }
        if !named.whole && !named.unknown && !named.above(&path) {
            return false;
        }
        match class_match.class.kind {
            ClassKind::VersionControl => named.above(&path) || self.reads_history(),
            ClassKind::Dependencies => !self.installs(context.entry(class_match.entry).name, true),
            ClassKind::Editor | ClassKind::Pipeline => named.above(&path),
            _ => false,
        }
    }

    /// The targets of plain sources of any stage, with symbolic links followed.
    fn linked(&self, context: &BuildContext) -> Vec<EntryId> {
        let mut linked = Vec::new();
        for transfer in self.stages().iter().flat_map(|stage| self.transfers(stage)) {
            for (source, selection) in transfer.sources.iter().zip(transfer.select(context)) {
                if source.text.as_deref().is_some_and(|text| !has_wildcard(text)) {
                    linked.extend(selection.iter().flat_map(|selection| &selection.tops).flatten());
                }
            }
        }
        linked
    }

    /// The paths that the needed stages, or all of them, name in the build context.
    pub fn named_paths(&self, all: bool) -> NamedPaths {
        let mut named = NamedPaths::default();
        for stage in self.stages().iter().filter(|stage| all || self.is_needed(stage)) {
            for transfer in self.transfers(stage).iter().filter(|transfer| transfer.from.is_none()) {
                for source in transfer.sources.iter().filter(|source| !source.is_remote()) {
                    named.add(source.text.as_deref());
                }
            }
            for (_, source) in self.bound(stage) {
                named.add(source.as_deref());
            }
        }
        named
    }

    /// Whether a step installs the content of a folder of installed packages: from the manifest, into the project.
    /// `all`: also the steps of stages that the target does not need.
    fn installs(&self, folder: &str, all: bool) -> bool {
        let makes = self.installer(folder);
        self.run_codes(all).any(makes)
    }

    /// Whether a script installs the content of a folder of that name.
    fn installer<'s>(&'s self, folder: &str) -> impl Fn(&Code) -> bool + use<'s> {
        let managers = managers(folder);
        let python = managers.contains(&Manager::Pip);
        // pip installs outside an environment that it is not run from: an environment that the Dockerfile names may be
        // the host's.
        let file = &self.input().file;
        let mentions = |i: &crate::dockerfile::Instruction| file.source().slice(i.span).contains(folder);
        let is_named = python && file.instructions().iter().any(mentions);
        let installs = move |call: PackageCall| {
            let elsewhere = is_named && is_elsewhere(call.manager);
            managers.contains(&call.manager)
                && ((is_install(&call) && !elsewhere) || (python && call.verb_text == "venv"))
        };
        move |code| {
            let makes = |invocation: &Invocation| {
                invocation.package_call().is_some_and(installs)
                    || (python && super::history::makes_environment(invocation))
            };
            code.script.invocations().iter().any(makes)
        }
    }

    /// Whether a COPY overwrites packages that a step installs with those of the context, so that the image contains a
    /// mixture: no step below the COPY installs them again.
    pub fn lays_over(&self, context: &BuildContext, class_match: &ClassMatch) -> bool {
        let folder = context.entry(class_match.entry).name;
        let managers = managers(folder);
        let fills = |code: &Code| {
            let invocations = code.script.invocations();
            let mut calls = invocations.iter().filter_map(Invocation::package_call);
            calls.any(|call| managers.contains(&call.manager) && is_install(&call) && !is_elsewhere(call.manager))
        };
        if !self.run_codes(false).any(fills) {
            return false;
        }
        let path = context.path(class_match.entry);
        let makes = self.installer(folder);
        let needed = || self.stages().iter().filter(|stage| self.is_needed(stage));
        needed().any(|stage| {
            let below = |from: usize| {
                let instructions = self.instructions(stage).filter(move |(index, _)| *index > from);
                let later = needed().filter(|other| other.index > stage.index);
                let later = later.filter(|other| self.chain(other).any(|ancestor| ancestor.index == stage.index));
                instructions.chain(later.flat_map(|other| self.instructions(other)))
            };
            let copies = self.transfers(stage).iter().filter(|transfer| transfer.from.is_none());
            copies.into_iter().filter(|transfer| copies_path(transfer, &path)).any(|transfer| {
                let mut runs = below(transfer.index).filter(|(_, instruction)| instruction.keyword == Keyword::Run);
                !runs.any(|(index, _)| self.code(index).is_some_and(&makes))
            })
        })
    }

    /// The scripts of the RUNs, by default only of those that the target needs.
    fn run_codes(&self, all: bool) -> impl Iterator<Item = &Code<'_>> {
        let runs = self.all_runs().filter(move |run| all || self.is_needed(run.stage));
        runs.filter(|run| !run.is_trigger()).map(|run| run.code)
    }

    /// Whether a step or the image's own command calls git, names its folder, or calls a tool that takes versions from
    /// tags; also through a makefile, manifest or script that was read.
    fn reads_history(&self) -> bool {
        if self.text_with_history().is_some() {
            return true;
        }
        let file = &self.input().file;
        let runs = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
        file.instructions().iter().enumerate().filter(|(_, i)| runs.contains(&i.keyword)).any(|(index, instruction)| {
            let text = file.source().slice(instruction.span);
            let reads = |invocation: &Invocation| {
                asks_history(invocation)
                    || (!invocation.is("rm") && invocation.args.iter().any(|word| names_history(word.text())))
            };
            let calls = || {
                let invocations = self.code(index).map(|code| code.script.invocations()).unwrap_or_default();
                invocations.iter().any(reads)
            };
            let kind = FileKind::of(file.source().name());
            patterns::shows_word(kind, text, "takes its version from the history") || (text.contains("git") && calls())
        })
    }
}

/// `.git`, `/src/.git/HEAD`; not `project.git` nor `.gitignore`.
fn names_history(word: &str) -> bool {
    word.split(['/', '=', ':']).any(|part| part == ".git")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: named at or below, named above.
    fn check(sources: &[&str], path: &str, expected: (bool, bool)) {
        let mut named = NamedPaths::default();
        for source in sources {
            named.add(Some(source));
        }
        assert_eq!((named.at_or_below(path), named.above(path)), expected, "{sources:?} and {path}");
    }

    #[test]
    fn a_source_names_what_is_at_below_or_above_it() {
        check(&[".git/HEAD"], ".git", (true, false));
        check(&["./.git"], ".git", (true, false));
        check(&["/web/"], "web/.git", (false, true));
        check(&["."], ".git", (false, false));
        check(&["src", ".gitignore"], ".git", (false, false));
        check(&[".g*"], ".git", (true, false));
        check(&["a/../.git/refs"], ".git", (true, false));
    }

    #[test]
    fn an_exception_may_bring_back_what_is_below() {
        assert!(may_take_in("node_modules/private", "node_modules"));
        assert!(may_take_in("**/*.py", "web/.venv"));
        assert!(!may_take_in("src", "src/__pycache__"));
        assert!(!may_take_in("src/app.py", "node_modules"));
    }

    #[test]
    fn only_the_folder_itself_is_history() {
        assert!(names_history("/src/.git/HEAD") && names_history("--git-dir=.git"));
        assert!(!names_history("https://example.com/a.git") && !names_history(".gitignore"));
    }
}
