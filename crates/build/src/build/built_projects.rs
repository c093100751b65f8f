//! Which projects of a repository are in the image of a build: those that its commands select (`turbo prune web`, by
//! `data/workspace_selectors.tsv`) with what they depend on, else those of which it takes a manifest.

use std::collections::BTreeSet;

use super::{Build, Stage};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind, FileRole, Project};
use crate::shell::{Invocation, Manager};
use crate::text::path;

/// The projects of a repository that are in the image of a build.
#[derive(Clone, Debug, Default)]
pub struct BuiltProjects<'p> {
    /// Those that commands select first.
    pub projects: Vec<&'p Project>,
    /// The folders of the projects that commands select, without what these depend on.
    pub selected: BTreeSet<&'p str>,
    /// The folders of all projects, and whether the commands leave them in.
    folders: Vec<(&'p str, bool)>,
}

impl<'p> BuiltProjects<'p> {
    /// The projects of the build among those of its context.
    pub fn of(build: &Build, projects: &'p [Project]) -> Self {
        let selected: Vec<&Project> = match selections(build) {
            Some(names) => projects.iter().filter(|project| names.iter().any(|name| is_named(project, name))).collect(),
            None => Vec::new(),
        };
        if selected.is_empty() {
            return Self { projects: sent_projects(build, projects), ..Self::default() };
        }
        let mut kept = selected.clone();
        let mut at = 0;
        while let Some(project) = kept.get(at).copied() {
            at += 1;
            let is_kept = |other: &&Project| kept.iter().any(|known| std::ptr::eq(*known, *other));
            let more = projects.iter().filter(|other| !is_kept(other) && needs(project, other));
            kept.extend(more.collect::<Vec<_>>());
        }
        let ecosystem = selected[0].ecosystem;
        let used = used_ecosystems(build);
        let sources = build.context_sources().unwrap_or_default();
        for project in projects.iter().filter(|project| project.ecosystem != ecosystem) {
            let is_copied = |source: &String| {
                let source = path::normalize(source.trim_start_matches('/'));
                !project.root.is_empty() && path::is_within(&source, &project.root)
            };
            if used.contains(&project.ecosystem) || sources.iter().any(is_copied) {
                kept.push(project);
            }
        }
        let folders = projects.iter().map(|project| {
            let root = project.root.as_str();
            (root, root.is_empty() || kept.iter().any(|known| known.root == root))
        });
        let folders = folders.collect();
        Self { projects: kept, selected: selected.iter().map(|project| project.root.as_str()).collect(), folders }
    }

    /// Whether a file of the context, by its path, is in none of the projects that the commands leave out.
    pub fn holds(&self, file: &str) -> bool {
        let around = self.folders.iter().filter(|(folder, _)| path::is_within(file, folder));
        around.max_by_key(|(folder, _)| folder.len()).is_none_or(|(_, is_in)| *is_in)
    }
}

impl BuiltProjects<'_> {
    /// Whether a file is a script for the repository as a whole, of which the build takes parts.
    pub fn leaves_out_script(&self, file: &str) -> bool {
        let kind = FileKind::of(file);
        let mut inner = self.folders.iter().filter(|(folder, _)| !folder.is_empty());
        !self.selected.is_empty()
            && !self.selected.contains("")
            && kind.has_code()
            && kind.role() == FileRole::Script
            && !inner.any(|(folder, _)| path::is_within(file, folder))
    }
}

/// Whether a build works on parts of a workspace only.
pub fn selects_projects(build: &Build) -> bool {
    selections(build).is_some_and(|names| !names.is_empty())
}

/// The programs that a build tells by name which project of a workspace they work on: `npm` of `npm run build -w api`. They
/// need the workspace around it.
pub fn selecting_programs(build: &Build) -> BTreeSet<&'static str> {
    let mut programs = BTreeSet::new();
    for_each_call(build, |_, _, invocation| {
        let words = std::iter::once(invocation.path).chain(invocation.args).map(|word| word.text().to_owned());
        let words: Vec<String> = words.collect();
        let is_gradle = invocation.package_call().is_some_and(|call| call.manager == Manager::Gradle);
        let selections = selections_of(&words).into_iter().filter(|(_, text)| {
            // A task of Gradle without a project is one of the folder that it works in.
            let is_task = is_gradle && !text.contains(':');
            !is_task && selected_name(text) != Ok(None)
        });
        programs.extend(selections.map(|(program, _)| program));
    });
    programs
}

/// Whether a project works with another one of its repository: a package that it depends on, or the workspace around it.
pub(super) fn needs(project: &Project, other: &Project) -> bool {
    let is_around = other.root.is_empty() || path::is_below(&project.root, &other.root);
    let is_dependency = || {
        let name = other.name.as_deref().unwrap_or_default();
        let is_it = |known: &str| match project.ecosystem {
            // `group:artifact` of Maven, `:libs:core` of Gradle.
            Ecosystem::Java if known.starts_with(':') => known[1..].replace(':', "/") == other.root,
            Ecosystem::Java => known.rsplit(':').next() == Some(name) && !name.is_empty(),
            _ => !name.is_empty() && is_same_name(known, name),
        };
        project.dependencies.iter().any(|known| is_it(&known.name))
    };
    // What the project files of .NET refer to is restored with them; a solution names all.
    let is_restored = || {
        let is_solution = |file: &str| matches!(path::name(file).rsplit('.').next(), Some("sln" | "slnx"));
        let mut installs = project.installs.iter().filter(|install| !is_solution(&install.manifest));
        project.ecosystem == Ecosystem::DotNet
            && installs
                .any(|install| other.manifests.iter().any(|file| install.files.contains(file) && !is_solution(file)))
    };
    // One folder may have manifests of several languages.
    project.root == other.root
        || project.ecosystem == other.ecosystem && (is_around || is_dependency() || is_restored())
}

/// Python takes `-`, `_` and `.` as the same.
fn is_same_name(left: &str, right: &str) -> bool {
    let plain = |c: char| if c == '_' || c == '.' { '-' } else { c.to_ascii_lowercase() };
    left.chars().map(plain).eq(right.chars().map(plain))
}

/// Whether a command means a project: by its name, with or without its scope, by its folder or by a program in it.
pub(super) fn is_named(project: &Project, name: &str) -> bool {
    let is_tail = |whole: &str| whole == name || whole.strip_suffix(name).is_some_and(|rest| rest.ends_with('/'));
    project.name.as_deref().is_some_and(is_tail)
        || !project.root.is_empty() && is_tail(&project.root)
        || project.entry_points.iter().any(|program| program.name == name)
}

/// The ecosystems whose package managers the build calls.
pub(super) fn used_ecosystems(build: &Build) -> BTreeSet<Ecosystem> {
    let mut used = BTreeSet::new();
    for_each_call(build, |_, _, invocation| {
        used.extend(invocation.package_call().and_then(|call| Ecosystem::of_manager(call.manager)));
    });
    used
}

fn for_each_call(build: &Build, mut visit: impl FnMut(&Stage, usize, &Invocation)) {
    for stage in build.needed_stages() {
        for (index, instruction) in build.instructions(stage) {
            if matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint)
                && let Some(code) = build.code(index)
            {
                code.script.invocations().iter().for_each(|invocation| visit(stage, index, invocation));
            }
        }
    }
}

/// The projects that the commands of a build name; `None` where a pattern or a variable names them.
fn selections(build: &Build) -> Option<BTreeSet<String>> {
    let mut names = BTreeSet::new();
    let mut is_open = false;
    for_each_call(build, |stage, index, invocation| {
        let words = std::iter::once(invocation.path).chain(invocation.args);
        let words: Vec<String> = words
            .map(|word| {
                if word.is_dynamic() {
                    build.scopes().expand(stage.index, index, word.text()).unwrap_or_else(|| "*".to_owned())
                } else {
                    word.text().to_owned()
                }
            })
            .collect();
        for text in selecting_words(&words).into_iter().flat_map(|text| text.split(',')) {
            match selected_name(text) {
                Ok(name) => names.extend(name),
                Err(()) => is_open = true,
            }
        }
    });
    (!is_open).then_some(names)
}

/// The names of the projects that a command line selects, as far as they are no patterns.
pub(super) fn selected_names(words: &[String]) -> Vec<String> {
    let texts = selecting_words(words).into_iter().flat_map(|text| text.split(','));
    texts.filter_map(|text| selected_name(text).ok()?).collect()
}

/// The words of a command line that select projects.
fn selecting_words(words: &[String]) -> Vec<&str> {
    selections_of(words).into_iter().map(|(_, text)| text).collect()
}

/// The same, each with the program that it is for.
fn selections_of(words: &[String]) -> Vec<(&'static str, &str)> {
    let mut selections = Vec::new();
    for row in data::WORKSPACE_SELECTORS.rows() {
        let (program, command, selector) = (row[0], row[1], row[2]);
        let Some(at) = words.iter().position(|word| path::name(word) == program) else { continue };
        let mut rest = &words[at + 1..];
        if command != "-" {
            let Some(at) = rest.iter().position(|word| word == command) else { continue };
            rest = &rest[at + 1..];
        }
        let operands = rest.iter().filter(|word| !word.starts_with('-')).map(String::as_str);
        let mut selectors: Vec<&str> = Vec::new();
        match selector {
            "FIRST" => selectors.extend(operands.take(1)),
            "ALL" => selectors.extend(operands),
            option => {
                for (at, word) in rest.iter().enumerate() {
                    match word.strip_prefix(option) {
                        Some("") => selectors.extend(rest.get(at + 1).map(String::as_str)),
                        Some(value) => selectors.extend(value.strip_prefix('=')),
                        None => {}
                    }
                }
            }
        }
        selections.extend(selectors.into_iter().map(|text| (program, text)));
    }
    selections
}

/// The name in a selector: `web` of `...{./apps/web}^...` and of `web:build`, `libs/core` of `:libs:core:jar`, `Api` of
/// `src/Api/Api.csproj`; nothing where it leaves projects out, an error where it is a pattern.
fn selected_name(text: &str) -> Result<Option<String>, ()> {
    if text.starts_with('!') {
        return Ok(None);
    }
    if text.contains(['*', '[', '$']) {
        return Err(());
    }
    let plain = text.trim_matches(|c: char| ".^{}'\"".contains(c)).trim_matches('/');
    if let Some((name, ending)) = path::name(plain).rsplit_once('.')
        && ending.ends_with("proj")
    {
        return Ok(Some(name.to_owned()));
    }
    // A task of Gradle stands behind its project; a module of Maven alone.
    let parts: Vec<&str> = plain.split(':').filter(|part| !part.is_empty()).collect();
    let name = match (plain.starts_with(':'), parts.as_slice()) {
        (true, [folders @ .., _]) if !folders.is_empty() => folders.join("/"),
        _ => parts.first().copied().unwrap_or_default().to_owned(),
    };
    Ok((!name.is_empty()).then_some(name))
}

/// The projects of which a build takes a manifest, or what their tools have compiled; all where it takes none.
fn sent_projects<'p>(build: &Build, projects: &'p [Project]) -> Vec<&'p Project> {
    let all = || projects.iter().collect();
    let Some(context) = build.input().context.as_deref() else { return all() };
    let (Some(sent), Some(sources)) = (build.sent_files(context), build.context_sources()) else { return all() };
    let is_sent = |path: &String| context.find(path).is_some_and(|id| sent.files.binary_search(&id).is_ok());
    let is_compiled = |project: &Project| {
        sources.iter().any(|source| {
            let source = path::normalize(source.trim_start_matches('/'));
            let rest = path::relative(&source, &project.root).unwrap_or_default();
            let first = rest.split('/').next().unwrap_or_default();
            FileRole::of_folder(first) == Some(FileRole::Output) || data::FOLDER_NAMES.has(first, "compiled")
        })
    };
    let kept: Vec<&Project> =
        projects.iter().filter(|project| project.manifests.iter().any(is_sent) || is_compiled(project)).collect();
    if kept.is_empty() { all() } else { kept }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commands_name_the_projects_that_they_work_on() {
        for (line, expected) in [
            ("turbo prune --scope=web --docker", "web"),
            ("npx turbo prune @shop/web @shop/api --docker --out-dir out", "@shop/web @shop/api out"),
            ("pnpm turbo run build --filter=web...", "web"),
            ("pnpm --filter ./apps/api deploy --prod /srv", "apps/api"),
            ("pnpm --filter !web --filter api build", "api"),
            ("npm run build -w packages/server --workspace=web", "web packages/server"),
            ("yarn workspace web build", "web"),
            ("nx run web:build", "web"),
            ("cargo build --release -p api", "api"),
            ("dotnet publish src/Api/Api.csproj -o /out", "Api out"),
            ("mvn -B -pl :api,libs/core -am package", "api libs/core"),
            ("./gradlew :services:api:bootJar --no-daemon", "services/api"),
            ("pnpm install --frozen-lockfile", ""),
        ] {
            let words: Vec<String> = line.split(' ').map(str::to_owned).collect();
            let mut names: Vec<String> = Vec::new();
            for name in selecting_words(&words)
                .into_iter()
                .flat_map(|text| text.split(','))
                .filter_map(|text| selected_name(text).unwrap())
            {
                if !names.contains(&name) {
                    names.push(name);
                }
            }
            assert_eq!(names.join(" "), expected, "{line}");
        }
        assert_eq!(selected_name("./apps/*"), Err(()));
        assert_eq!(selected_name("[origin/main]"), Err(()));
    }
}
