//! What the two builds declare about how their images may differ.

use std::collections::{BTreeMap, BTreeSet};

use crate::build::{Build, Stage, StageBase, absolute};
use crate::dockerfile::Keyword;
use crate::inputs::context::ContextEntryKind;
use crate::inputs::{BuildInput, Inputs};
use crate::manifest::{DependencyScope, Ecosystem, python_name};
use crate::text::path;

/// What the builds say, and what the rewrite declares.
#[expect(clippy::struct_excessive_bools, reason = "declarations that do not depend on each other")]
#[derive(Clone, Debug, Default)]
pub struct DeclaredConfig {
    /// What the rewrite says that it did, in words.
    pub steps: Vec<String>,
    /// Whether the rewrite puts another server in the place of the original's.
    pub replaces_server: bool,
    /// Whether that one is a web server, which serves files alone.
    pub serves_files: bool,
    /// Whether the rewrite takes what Next.js traced for its server, and starts that.
    pub traces_files: bool,
    /// Whether the rewrite starts a compiled program instead of the toolchain that compiles it.
    pub compiles_start: bool,
    /// Whether the rewrite builds sites in stages of their own, in folders that its steps name.
    pub bundles_sites: bool,
    /// Scripts of package.json, by name.
    pub scripts: BTreeMap<String, String>,
    /// Variables that the original's Dockerfile sets in the image.
    pub own_variables: BTreeSet<String>,
    /// Folders of the image that hold the application: WORKDIR, and where COPY puts something.
    pub folders: BTreeSet<String>,
    /// Whether the rewrite stands on nothing, as its program asks for nothing of a system.
    pub stands_alone: bool,
    /// The folder in which the rewrite works where the original worked in `/`.
    pub moved: Option<String>,
    /// Files of the context in the original: their path in the image, and in the context.
    pub brought: BTreeMap<String, String>,
    /// Files of the context that the rewrite's .dockerignore keeps out.
    pub ignored: BTreeSet<String>,
    /// Files of the context that the rewrite itself changes: the Dockerfile, its .dockerignore.
    pub rewritten: BTreeSet<String>,
    /// Files of the context that a compiler builds into the program, or that tell about the project alone.
    pub built_in: BTreeSet<String>,
    /// Languages of the projects in the context.
    pub ecosystems: Vec<Ecosystem>,
    /// Direct dependencies by ecosystem and name; whether they are wanted at run time.
    pub dependencies: BTreeMap<(Ecosystem, String), bool>,
    /// What lock files hold, by ecosystem and name; whether only development needs it, where they tell.
    pub locked: BTreeMap<(Ecosystem, String), Option<bool>>,
    /// Names of the projects in the context.
    pub projects: BTreeSet<(Ecosystem, String)>,
}

/// The folder of the image that is built now, where the other one works in `/`.
fn moved(before: &Build, after: &Build) -> Option<String> {
    let folder = |build: &Build| build.workdir(build.target()?, usize::MAX).value().cloned();
    folder(after).filter(|now| now != "/" && folder(before).as_deref() == Some("/"))
}

impl DeclaredConfig {
    /// What the builds with this index in two sets of inputs say.
    pub fn of(before: &Inputs, after: &Inputs, build: usize) -> Self {
        let mut declared = Self::default();
        let (old, new) = (&before.sources, &after.sources);
        let (Some(before), Some(after)) = (before.builds.get(build), after.builds.get(build)) else { return declared };
        let root = before.context_root.as_deref().unwrap_or_default().trim_start_matches("./").trim_end_matches('/');
        for (index, source) in new.iter().enumerate() {
            let same = old.get(index).is_some_and(|old| old.bytes() == source.bytes());
            let name = source.name().trim_start_matches("./");
            let below = if matches!(root, "" | ".") { Some(name) } else { name.strip_prefix(root) };
            if let Some(below) = below
                && !same
            {
                declared.rewritten.insert(below.trim_start_matches('/').to_owned());
            }
        }
        let read = Build::new(before);
        let now = Build::new(after);
        declared.moved = moved(&read, &now);
        declared.stands_alone = now.target().is_some_and(|target| *now.root_base(target) == StageBase::Scratch);
        declared.take_projects(before);
        if let Some(target) = read.target() {
            declared.take_target(&read, target);
        }
        for stage in read.stages().iter().filter(|stage| read.is_needed(stage)) {
            declared.take_files(&read, stage);
        }
        let context = after.context.as_deref();
        let is_out = |path: &&String| context.is_some_and(|context| context.find(path).is_none());
        declared.ignored = declared.brought.values().filter(is_out).cloned().collect();
        declared
    }

    fn take_projects(&mut self, input: &BuildInput) {
        for project in input.projects.as_deref().into_iter().flatten() {
            self.ecosystems.push(project.ecosystem);
            for dependency in &project.dependencies {
                let runs = matches!(dependency.scope, DependencyScope::Run | DependencyScope::Optional);
                let known = self.dependencies.entry((project.ecosystem, dependency.name.clone())).or_insert(false);
                *known |= runs;
            }
            let python = project.ecosystem == Ecosystem::Python;
            let name = project.name.as_deref().map(|name| if python { python_name(name) } else { name.to_owned() });
            self.projects.extend(name.map(|name| (project.ecosystem, name)));
            let locked = project.installs.iter().filter_map(|install| install.locked.as_ref());
            for (name, package) in locked.flat_map(|locked| &locked.packages) {
                let dev_only = self.locked.entry((project.ecosystem, name.clone())).or_insert(package.dev_only);
                // Where one lock file wants it at run time, it is wanted.
                if package.dev_only != Some(true) {
                    *dev_only = package.dev_only;
                }
            }
            for script in &project.scripts {
                self.scripts.entry(script.name.clone()).or_insert_with(|| script.command.clone());
            }
        }
    }

    fn take_target(&mut self, build: &Build<'_>, target: &Stage) {
        for stage in build.chain(target) {
            for (index, instruction) in build.instructions(stage) {
                if instruction.keyword == Keyword::Env {
                    let variables = build.input().file.variables(instruction);
                    self.own_variables.extend(variables.iter().map(|variable| variable.name.text.to_string()));
                }
                if instruction.keyword == Keyword::Workdir
                    && let Some(folder) = build.workdir(stage, index + 1).value()
                {
                    self.folders.insert(folder.clone());
                }
            }
            for transfer in build.transfers(stage) {
                let from_image = matches!(transfer.from, Some(StageBase::Image(_)));
                let to = transfer.destination.as_deref();
                let folder = build.workdir(stage, transfer.index);
                if let Some(to) = to.and_then(|to| absolute(to, folder.value().map(String::as_str)))
                    && !from_image
                {
                    self.folders.insert(to);
                }
            }
        }
    }

    fn take_files(&mut self, build: &Build<'_>, stage: &Stage) {
        let Some(context) = build.input().context.as_deref() else { return };
        for transfer in build.transfers(stage).iter().filter(|transfer| transfer.from.is_none()) {
            let folder = build.workdir(stage, transfer.index);
            let written = transfer.destination.as_deref().unwrap_or_default();
            let Some(to) = absolute(written, folder.value().map(String::as_str)) else { continue };
            let selections: Vec<_> = transfer.select(context).into_iter().flatten().collect();
            let several = selections.len() > 1 || selections.iter().any(|selection| selection.tops.len() > 1);
            let is_folder = several
                || written.ends_with('/')
                || written.ends_with('.')
                || self.folders.contains(&to) && written == ".";
            for selection in &selections {
                for top in &selection.tops {
                    let single = top.filter(|id| context.entry(*id).kind != ContextEntryKind::Directory);
                    let base = top.map(|id| context.path(id)).unwrap_or_default();
                    for &id in
                        selection.entries.iter().filter(|id| context.entry(**id).kind != ContextEntryKind::Directory)
                    {
                        let path = context.path(id);
                        let below = match (single, base.is_empty()) {
                            (Some(entry), _) if entry == id && is_folder => Some(path::name(&path)),
                            (Some(entry), _) if entry == id => Some(""),
                            (Some(_), _) => None,
                            (None, true) => Some(path.as_str()),
                            (None, false) => path::relative(&path, &base),
                        };
                        let Some(below) = below else { continue };
                        self.brought.insert(path::join(&to, below), path);
                    }
                }
            }
        }
    }

    /// Whether a step of the rewrite names something.
    pub fn names(&self, word: &str) -> bool {
        let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric() && c != '_');
        self.steps.iter().any(|step| {
            step.match_indices(word).any(|(at, _)| {
                is_edge(step[..at].chars().next_back()) && is_edge(step[at + word.len()..].chars().next())
            })
        })
    }

    /// Whether a project of the context has this name.
    pub fn names_project(&self, language: Ecosystem, name: &str) -> bool {
        self.projects.contains(&(language, name.to_owned()))
    }

    /// Whether a project's language is one of these.
    pub fn speaks(&self, languages: &[Ecosystem]) -> bool {
        self.ecosystems.iter().any(|ecosystem| languages.contains(ecosystem))
    }
}
