//! Which sources of a build context may run in its image: those of the projects that the build selects, in languages that
//! the image interprets; of a Go module whose build compiles one program (`go build ./cmd/api`), none of the others.

use std::collections::BTreeSet;

use super::built_projects::{needs, used_ecosystems};
use super::programs::interpreter;
use super::{Build, BuiltProjects, Programs, Stage};
use crate::manifest::{Ecosystem, FileKind, Project, is_manifest};
use crate::shell::{Manager, Verb};
use crate::text::path;

/// The sources of a build context that may run in its image.
pub struct ImageSources<'p> {
    projects: BuiltProjects<'p>,
    /// The languages of the files that nothing in the image interprets.
    silent_languages: BTreeSet<Ecosystem>,
    /// The folders of the programs of Go, and whether the build compiles them; none where it names none.
    folders: Vec<(String, bool)>,
    /// The folders of other programs of Node than that of the context's root.
    others: Vec<&'p str>,
    /// The folders of projects in languages that the build has nothing to do with.
    idle: Vec<(&'p str, Ecosystem)>,
}

impl<'p> ImageSources<'p> {
    /// Those of a build whose image is a stage, by the projects of the context, and by the paths and texts of its files.
    pub fn of(build: &Build, stage: Option<&Stage>, projects: &'p [Project], files: &[(&str, &str)]) -> Self {
        let languages: BTreeSet<Ecosystem> = files.iter().filter_map(|(file, _)| language(file)).collect();
        let programs = stage.map(|stage| Programs::of(build, stage));
        let is_silent = |language: &Ecosystem| programs.as_ref().is_some_and(|known| !known.may_interpret(*language));
        Self {
            projects: BuiltProjects::of(build, projects),
            silent_languages: languages.into_iter().filter(is_silent).collect(),
            folders: main_folders(build, files),
            others: other_programs(build, stage, projects),
            idle: idle_projects(build, projects),
        }
    }

    /// Whether the build takes a project, and has to do with its language.
    pub fn builds(&self, project: &Project) -> bool {
        let is_idle = self.idle.contains(&(project.root.as_str(), project.ecosystem));
        !is_idle && self.projects.projects.iter().any(|known| std::ptr::eq(*known, project))
    }

    /// Whether one of the files may run in the image, if the builder takes it.
    pub fn may_run(&self, file: &str) -> bool {
        let around = self.folders.iter().filter(|(folder, _)| !folder.is_empty() && path::is_within(file, folder));
        self.projects.holds(file)
            && !self.projects.leaves_out_script(file)
            && around.max_by_key(|(folder, _)| folder.len()).is_none_or(|(_, is_built)| *is_built)
            && !self.others.iter().any(|folder| path::is_within(file, folder))
            && language(file).is_none_or(|language| !self.silent_languages.contains(&language))
            && !self.is_idle(file)
    }

    /// Whether a source or a manifest is of a project in a language that the build has nothing to do with.
    fn is_idle(&self, file: &str) -> bool {
        let of_file = language(file).or_else(|| is_manifest(file).map(|kind| kind.ecosystem));
        self.idle.iter().any(|(folder, it)| of_file == Some(*it) && path::is_within(file, folder))
    }
}

/// The language of a source file.
fn language(file: &str) -> Option<Ecosystem> {
    Some(FileKind::of(file)).filter(|kind| kind.has_code()).and_then(FileKind::ecosystem)
}

/// The folders of projects that a build with a tool for another language neither installs nor names, nor what interprets them.
fn idle_projects<'p>(build: &Build, projects: &'p [Project]) -> Vec<(&'p str, Ecosystem)> {
    let used = used_ecosystems(build);
    if !projects.iter().any(|project| used.contains(&project.ecosystem)) {
        return Vec::new();
    }
    let text = build.input().file.source().text();
    let is_named = |project: &Project| {
        let name = interpreter(project.ecosystem).map(|name| name.trim_end_matches('3'));
        text.contains(&project.root) || name.is_none_or(|name| text.contains(name))
    };
    let idle = projects.iter().filter(|project| !project.root.is_empty() && !used.contains(&project.ecosystem));
    idle.filter(|project| !is_named(project)).map(|project| (project.root.as_str(), project.ecosystem)).collect()
}

/// The folders of other programs of Node than that of the context's root: projects that this one does not need, and that
/// neither the Dockerfile nor its scripts name. None where the container starts a file, whose imports are followed.
fn other_programs<'p>(build: &Build, stage: Option<&Stage>, projects: &'p [Project]) -> Vec<&'p str> {
    let nodes = || projects.iter().filter(|project| project.ecosystem == Ecosystem::Node);
    let is_program = |project: &Project| project.script("start").is_some() || !project.frameworks.is_empty();
    let root = nodes().find(|project| project.root.is_empty() && project.members.is_empty() && is_program(project));
    let (Some(root), Some(stage)) = (root, stage) else { return Vec::new() };
    let lines = if nodes().count() > 1 { build.start_lines(stage) } else { return Vec::new() };
    if lines.iter().flatten().any(|word| FileKind::of(word).is_code()) || build.context_sources().is_none() {
        return Vec::new();
    }
    let text = build.input().file.source().text();
    let is_named =
        |folder: &str| text.contains(folder) || root.scripts.iter().any(|script| script.command.contains(folder));
    let is_other = |project: &&Project| {
        !project.root.is_empty() && !project.frameworks.is_empty() && !needs(root, project) && !is_named(&project.root)
    };
    nodes().filter(is_other).map(|project| project.root.as_str()).collect()
}

/// The folders of the programs of Go among some files, and whether the build compiles them.
fn main_folders(build: &Build, files: &[(&str, &str)]) -> Vec<(String, bool)> {
    let mut files = files.iter().filter(|(file, _)| FileKind::of(file).is_source_of(Ecosystem::Go)).peekable();
    let named = if files.peek().is_some() { compiled_packages(build) } else { Vec::new() };
    if named.is_empty() {
        return Vec::new();
    }
    let mut folders: Vec<(String, bool)> = Vec::new();
    for (file, text) in files {
        let folder = path::parent(file);
        let is_main = || text.lines().any(|line| line.trim_end() == "package main");
        if folders.last().is_none_or(|(last, _)| last != folder) && is_main() {
            let is_named = |name: &String| path::ends_with(folder, name);
            folders.push((folder.to_owned(), named.iter().any(is_named)));
        }
    }
    // A name that fits no folder shows nothing.
    if folders.iter().any(|(_, is_built)| *is_built) { folders } else { Vec::new() }
}

/// The packages that `go build` and `go install` compile, without `./`.
pub fn compiled_packages(build: &Build) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for invocation in build.needed_stages().flat_map(|stage| build.called(stage)) {
        let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Go) else { continue };
        if !matches!(call.verb, Verb::Build | Verb::Install) {
            continue;
        }
        for word in invocation.args.iter().filter_map(|word| word.text().strip_prefix("./")) {
            // All packages, or one that only the build knows.
            if word.contains(['$', '*']) || word.contains("...") {
                return Vec::new();
            }
            // `./cmd/api/main.go` stands for its folder.
            let package = path::normalize(word);
            named.push(if FileKind::of(&package).is_code() { path::parent(&package).to_owned() } else { package });
        }
    }
    named.retain(|name| !name.is_empty());
    named
}
