//! Which sources of a build context may run in its image: those of the projects that the build selects, in languages that
//! the image interprets; of a Go module whose build compiles one program (`go build ./cmd/api`), none of the others.

use super::built_projects::needs;
use super::{Build, BuiltProjects, Programs, Stage};
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::shell::{Manager, Verb};
use crate::text::path;

/// The sources of a build context that may run in its image.
pub struct ImageSources<'b, 'i> {
    projects: BuiltProjects<'b>,
    programs: Option<Programs<'b, 'i>>,
    /// The folders of the programs of Go, and whether the build compiles them; none where it names none.
    folders: Vec<(String, bool)>,
    /// The folders of other programs of Node than that of the context's root.
    others: Vec<&'b str>,
}

impl<'b, 'i> ImageSources<'b, 'i> {
    /// Those of a build whose image is a stage, by the projects of the context, and by the paths and texts of its files.
    pub fn of<'t>(
        build: &'b Build<'i>,
        stage: Option<&'b Stage>,
        projects: &'b [Project],
        files: impl Iterator<Item = (&'t str, &'t str)>,
    ) -> Self {
        Self {
            // One project is in the image, whatever the commands select.
            projects: if projects.len() > 1 { BuiltProjects::of(build, projects) } else { BuiltProjects::default() },
            programs: stage.map(|stage| Programs::of(build, stage)),
            folders: main_folders(build, files),
            others: other_programs(build, stage, projects),
        }
    }

    /// Whether a file may run in the image, if the builder takes it.
    pub fn may_run(&self, file: &str) -> bool {
        let ecosystem = Some(FileKind::of(file)).filter(|kind| kind.has_code()).and_then(FileKind::ecosystem);
        let mut pairs = self.programs.iter().zip(ecosystem);
        let around = self.folders.iter().filter(|(folder, _)| !folder.is_empty() && path::is_within(file, folder));
        self.projects.holds(file)
            && !self.projects.leaves_out_script(file)
            && around.max_by_key(|(folder, _)| folder.len()).is_none_or(|(_, is_built)| *is_built)
            && !self.others.iter().any(|folder| path::is_within(file, folder))
            && pairs.all(|(programs, ecosystem)| programs.may_interpret(ecosystem))
    }
}

/// The folders of other programs of Node than that of the context's root, which does not need them. There are none where a
/// file is started, whose imports tell, or where the Dockerfile or a script names them.
fn other_programs<'p>(build: &Build, stage: Option<&Stage>, projects: &'p [Project]) -> Vec<&'p str> {
    let nodes = || projects.iter().filter(|project| project.ecosystem == Ecosystem::Node);
    let is_program = |project: &Project| project.script("start").is_some() || !project.frameworks.is_empty();
    let root = nodes().find(|project| project.root.is_empty() && project.members.is_empty() && is_program(project));
    let (Some(root), Some(stage)) = (root, stage) else { return Vec::new() };
    if nodes().count() < 2 {
        return Vec::new();
    }
    let lines = build.start_lines(stage);
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
fn main_folders<'t>(build: &Build, files: impl Iterator<Item = (&'t str, &'t str)>) -> Vec<(String, bool)> {
    let mut files = files.filter(|(file, _)| FileKind::of(file).is_source_of(Ecosystem::Go)).peekable();
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
fn compiled_packages(build: &Build) -> Vec<String> {
    let mut named: Vec<String> = Vec::new();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        for (index, _) in build.instructions(stage).filter(|(_, known)| known.keyword == Keyword::Run) {
            let Some(code) = build.code(index) else { continue };
            for invocation in code.script.invocations() {
                let Some(call) = invocation.package_call().filter(|call| call.manager == Manager::Go) else { continue };
                if !matches!(call.verb, Verb::Build | Verb::Install) {
                    continue;
                }
                for word in invocation.args.iter().filter_map(|word| word.text().strip_prefix("./")) {
                    // All packages, or one that only the build knows.
                    if word.contains(['$', '*']) || word.contains("...") {
                        return Vec::new();
                    }
                    named.push(path::normalize(word));
                }
            }
        }
    }
    named.retain(|name| !name.is_empty());
    named
}
