//! What an image needs for its start that its Dockerfile does not bring: a server, a device, a file of settings, variables.

use std::collections::BTreeSet;

use super::run_work::target;
use crate::build::{Build, BuiltProjects, ImageSources, Source, Stage};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::{DependencyScope, Ecosystem, FileKind, Project};
use crate::rules::WorkflowContext;
use crate::sources::patterns;
use crate::sources::variables::{Absence, may_be_refused, variable_reads};
use crate::text::path;
use crate::workflow::LegBuild;

/// Meanings in `data/source_patterns.tsv`.
const NEEDS_MORE: &str = "needs more than its image";
const SETTINGS: &str = "name of a file of settings";
const ADDRESS: &str = "part of a variable that is an address";
const END: &str = "ends the program";

/// Variables that a help can name; a program that asks for more wants to be set up.
const NAMED: usize = 3;

/// Lines behind a read of a variable without a constant name in which the program may end.
const LINES: usize = 6;

/// What an image needs for its start.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum StartNeed {
    /// Nothing but these variables, often none.
    Variables(Vec<String>),
    /// What a start in a pipeline does not give it.
    More,
}

impl StartNeed {
    /// What the image of a build needs, as far as its Dockerfile, manifests and sources show it.
    pub(super) fn of(cx: &WorkflowContext, leg: &LegBuild, build: &Build) -> Self {
        let Some(stage) = target(build, leg) else { return Self::Variables(Vec::new()) };
        let needs_file = || lacks_argument_file(cx, leg, build, stage);
        if asks_server(build) || opens_device(build, stage) || needs_file() {
            return Self::More;
        }
        let sources = sources_of(cx, leg, build, stage);
        let is_more = |(file, text): &(&str, &str)| {
            patterns::shows_in(FileKind::of(file), text, NEEDS_MORE) || lacks_settings(cx, leg, build, stage, text)
        };
        if sources.iter().any(is_more) {
            return Self::More;
        }
        let wanted: Option<Vec<Vec<String>>> =
            sources.iter().map(|(file, text)| wanted_variables(file, text)).collect();
        let Some(wanted) = wanted else { return Self::More };
        let wanted: BTreeSet<String> = wanted.into_iter().flatten().collect();
        let wanted: Vec<String> = wanted.into_iter().filter(|name| build.env_value(stage, name).is_none()).collect();
        let is_address = |name: &String| name.split('_').any(|part| patterns::words(ADDRESS).any(|word| word == part));
        if wanted.len() > NAMED || wanted.iter().any(is_address) {
            return Self::More;
        }
        Self::Variables(wanted)
    }
}

/// Whether the program of an image has a package that talks to a server (`data/client_libraries.tsv`).
fn asks_server(build: &Build) -> bool {
    let projects = build.input().projects.as_deref().map_or(&[][..], Vec::as_slice);
    let has_client = |project: &&Project| {
        let clients = data::CLIENT_LIBRARIES.rows().filter(|row| Ecosystem::of(row[0]) == Some(project.ecosystem));
        let mut sure = clients.filter(|row| !row[2].ends_with('?'));
        sure.any(|row| {
            let is_run = |known: &&crate::manifest::Dependency| known.scope == DependencyScope::Run;
            project.dependencies.iter().filter(is_run).any(|known| known.name == row[1])
        })
    };
    BuiltProjects::of(build, projects).projects.iter().any(has_client)
}

/// Whether a variable of the image names a device that containers have only when they are given it.
fn opens_device(build: &Build, stage: &Stage) -> bool {
    let file = &build.input().file;
    let is_device = |value: &str| {
        let device = value.trim_matches(['"', '\'']).strip_prefix("/dev/");
        device.is_some_and(|device| {
            let name = device.split('/').next().unwrap_or(device);
            !patterns::words("device of each container").any(|known| known == name)
        })
    };
    build.chain(stage).flat_map(|stage| build.instructions(stage)).any(|(_, instruction)| {
        instruction.keyword == Keyword::Env
            && file.variables(instruction).iter().any(|variable| is_device(&variable.value.text))
    })
}

/// Whether the command of a container names a file of settings that no step puts into the image: `--config /etc/app.yml`.
fn lacks_argument_file(cx: &WorkflowContext, leg: &LegBuild, build: &Build, stage: &Stage) -> bool {
    let lines = build.start_lines(stage);
    let words = lines.iter().flat_map(|line| line.iter().skip(1));
    let mut files = words.map(|word| word.split_once('=').map_or(word.as_str(), |(_, value)| value));
    files.any(|file| is_settings(file) && !file.contains('$') && !brings(cx, leg, build, stage, file))
}

/// Whether a path names a file of settings rather than a program or its data.
fn is_settings(file: &str) -> bool {
    let ending =
        path::name(file).rsplit_once('.').filter(|(stem, _)| !stem.is_empty()).map_or("", |(_, ending)| ending);
    matches!(ending, "yml" | "yaml" | "toml" | "conf" | "json") && !file.contains("://")
}

/// Whether a source names a usual file of settings that the image lacks, and ends the program somewhere.
fn lacks_settings(cx: &WorkflowContext, leg: &LegBuild, build: &Build, stage: &Stage, text: &str) -> bool {
    let is_named = |name: &str| {
        text.match_indices(name).any(|(at, _)| {
            let before = text[..at].chars().next_back();
            before.is_some_and(|c| "\"'/`".contains(c)) && text[at + name.len()..].starts_with(['"', '\'', '`'])
        })
    };
    let ends = || patterns::shows(text, END);
    patterns::words(SETTINGS).any(|name| is_named(name) && !brings(cx, leg, build, stage, name)) && ends()
}

/// Whether a step may put a file of this path into the image: its name stands in the Dockerfile, or a COPY takes a folder
/// where the repository has such a file.
fn brings(cx: &WorkflowContext, leg: &LegBuild, build: &Build, stage: &Stage, file: &str) -> bool {
    let name = path::name(file);
    let source = build.input().file.source();
    let is_written = |keyword| matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::Volume);
    let mut instructions = build.chain(stage).flat_map(|stage| build.instructions(stage));
    let is_named = instructions
        .any(|(_, instruction)| is_written(instruction.keyword) && source.slice(instruction.span).contains(name));
    let mut transfers = build.chain(stage).flat_map(|stage| build.transfers(stage));
    is_named
        || transfers.any(|transfer| match (&transfer.from, &transfer.destination) {
            (None, _) => takes_folder(cx, leg, &transfer.sources, name),
            (Some(_), Some(to)) => transfer.sources.iter().any(Source::is_everything) || path::is_below(file, to),
            (Some(_), None) => true,
        })
}

/// Whether sources of a COPY are the context, or folders of it with a file of this name.
fn takes_folder(cx: &WorkflowContext, leg: &LegBuild, sources: &[Source], name: &str) -> bool {
    let has_below = |folder: &str| {
        let folder = path::normalize(&path::join(&leg.context, folder.trim_start_matches('/')));
        let folder = if folder == "." { String::new() } else { folder };
        cx.repository().below(&folder).any(|known| path::name(known) == name)
    };
    sources.iter().any(|source| match source.text.as_deref() {
        Some(_) if source.is_everything() => has_below(""),
        text => text.is_none_or(has_below),
    })
}

/// The sources that may run in the image, by their paths below the context.
fn sources_of<'a>(
    cx: &WorkflowContext<'a, '_>,
    leg: &LegBuild,
    build: &Build,
    stage: &Stage,
) -> Vec<(&'a str, &'a str)> {
    let projects = build.input().projects.as_deref().map_or(&[][..], Vec::as_slice);
    let below = cx.repository().texts.iter().filter_map(|(file, source)| {
        let file = if leg.context.is_empty() { file.as_str() } else { path::relative(file, &leg.context)? };
        let kind = FileKind::of(file);
        (kind.has_code() && !kind.is_shell() && !kind.is_test()).then(|| (file, source.text()))
    });
    let mut files: Vec<(&str, &str)> = below.collect();
    let sources = ImageSources::of(build, Some(stage), projects, &files);
    files.retain(|(file, _)| sources.may_run(file));
    files
}

/// The variables without which a source ends the program, or may; `None` where only running it tells their names.
fn wanted_variables(file: &str, text: &str) -> Option<Vec<String>> {
    let reads = variable_reads(path::name(file), text);
    let ends = |at: usize| text[at..].lines().take(LINES).any(|line| patterns::shows(line, END));
    if reads.unknown.is_some_and(ends) {
        return None;
    }
    let is_wanted = |absence: &Absence, at| match absence {
        Absence::Fails => true,
        Absence::Continues => may_be_refused(text, at),
        Absence::Default(_) => false,
    };
    let wanted = reads.reads.into_iter().filter(|read| is_wanted(&read.absence, read.at));
    Some(wanted.map(|read| read.name).collect())
}
