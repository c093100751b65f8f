//! Several Dockerfiles of one program: images that hold the same sources and start the same. One of them becomes a service.

use std::collections::{BTreeMap, BTreeSet};

use super::application::{Application, base_name};
use super::built_server::image_variable;
use super::entrypoint::{hands_over, last_line};
use crate::build::{Build, StageBase};
use crate::data;
use crate::dockerfile::Keyword;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::manifest::{Ecosystem, FileKind};
use crate::shell::Manager;
use crate::sources::patterns;
use crate::text::path;

/// The languages whose sources an image starts: what a compiler made of the same sources may be another program.
const INTERPRETED: [Ecosystem; 4] = [Ecosystem::Node, Ecosystem::Python, Ecosystem::Ruby, Ecosystem::Php];

/// What makes two images the same program.
#[derive(PartialEq, Eq)]
struct ProgramIdentity {
    /// Its sources.
    files: BTreeSet<usize>,
    /// The words that start it, without options and addresses.
    words: Vec<String>,
    /// What its image sets the variables to that its sources read.
    variables: BTreeMap<String, String>,
    /// Whether it takes tasks, or plans them.
    role: (bool, bool),
}

impl ProgramIdentity {
    fn of(input: &EmitInput, application: &Application) -> Option<Self> {
        if compiles(&application.build) {
            return None;
        }
        let files: BTreeSet<usize> = application.code.files.iter().copied().collect();
        let is_source = |at: &usize| {
            let file = &input.files.files[*at];
            FileKind::of(&file.below).has_code() && file.is_of_program()
        };
        let files: BTreeSet<usize> = files.into_iter().filter(is_source).collect();
        let is_interpreted = |at: &usize| {
            let kind = FileKind::of(&input.files.files[*at].below);
            INTERPRETED.iter().any(|ecosystem| kind.is_source_of(*ecosystem))
        };
        if !files.iter().any(is_interpreted) {
            return None;
        }
        let names = application.code.reads.iter().map(|(_, read)| read.name.as_str());
        let names = names.filter(|name| *name != "PORT" && !data::MODE_VARIABLES.contains(name));
        let variables = names.filter_map(|name| Some((name.to_owned(), image_variable(application, name)?)));
        Some(Self {
            files,
            words: start_words(input, application)?,
            variables: variables.collect(),
            role: (application.is_worker, application.is_scheduler),
        })
    }

    /// Whether another image has nearly all of the same sources, and starts the same.
    fn is_same(&self, other: &Self) -> bool {
        let (shared, most) = (self.files.intersection(&other.files).count(), self.files.len().max(other.files.len()));
        shared * 10 >= most * 9
            && self.words == other.words
            && self.variables == other.variables
            && self.role == other.role
    }
}

/// Whether a compiler makes what the image starts.
fn compiles(build: &Build) -> bool {
    let mut calls = build.needed_stages().flat_map(|stage| build.called(stage));
    calls.any(|invocation| {
        let manager = invocation.package_call().map(|call| call.manager);
        matches!(manager, Some(Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle | Manager::Dotnet))
    })
}

/// The words that start a program, those of its entrypoint's script where that is the whole command.
fn start_words(input: &EmitInput, application: &Application) -> Option<Vec<String>> {
    let build = &application.build;
    let stage = build.target()?;
    let command = build.last(stage, Keyword::Cmd).map(|(_, cmd)| build.input().file.str(cmd.rest));
    let text = match (&application.start, last_line(input, application)) {
        (Some(start), _) => start.words.join(" "),
        (None, Some(_)) if hands_over(input, application) => command?.to_owned(),
        (None, Some(line)) if command.is_none() => line.to_owned(),
        _ if application.command.is_empty() => return base_name(build).map(|name| vec![name.to_owned()]),
        _ => application.command.clone(),
    };
    if text.contains('$') {
        return None;
    }
    let words =
        text.split(|c: char| c.is_whitespace() || "[],\"'".contains(c)).map(|word| word.trim_start_matches("./"));
    let is_address = |word: &str| word.chars().all(|c| c.is_ascii_digit() || ".:".contains(c));
    let is_of_server = |word: &str| {
        let name = word.split('=').next().unwrap_or(word);
        patterns::words("changes only how a server works").any(|option| option == name)
    };
    let words = words.filter(|word| *word != "exec" && !is_of_server(word) && !is_address(word));
    Some(words.map(str::to_owned).collect())
}

/// Keeps one of the images of a program, and notes the others.
pub(in crate::emit) fn leave_out_variants(
    input: &EmitInput,
    applications: &mut Vec<Application>,
    plan: &mut ComposePlan,
) {
    let identities: Vec<Option<ProgramIdentity>> =
        applications.iter().map(|known| ProgramIdentity::of(input, known)).collect();
    let mut order: Vec<usize> = (0..applications.len()).collect();
    order.sort_by_key(|at| rank(&applications[*at]));
    let mut kept: Vec<usize> = Vec::new();
    let mut variants: BTreeSet<usize> = BTreeSet::new();
    for at in order {
        let same = kept.iter().find(|other| match (&identities[at], &identities[**other]) {
            (Some(left), Some(right)) => left.is_same(right),
            _ => false,
        });
        match same {
            Some(other) => {
                let name = |at: usize| input.inputs.source(applications[at].build.input().dockerfile).name();
                plan.notes.push(format!("{} is left out: {} starts the same program", name(at), name(*other)));
                variants.insert(at);
            }
            None => kept.push(at),
        }
    }
    let mut at = 0;
    applications.retain(|_| {
        at += 1;
        !variants.contains(&(at - 1))
    });
}

/// The order in which the Dockerfiles of a program are preferred: one that has what its packages want, that lies where
/// people look, and that has the usual name.
fn rank(application: &Application) -> (usize, bool, bool, String) {
    let place = &application.build.input().place;
    let is_hidden = place.split('/').any(|folder| folder.starts_with('.'));
    (lacked_packages(application), is_hidden, path::name(place) != "Dockerfile", place.clone())
}

/// How many packages of the system a small image lacks that the gems of a program are built with.
fn lacked_packages(application: &Application) -> usize {
    let build = &application.build;
    let text = build.input().file.source().text();
    let is_small = build.target().is_some_and(|stage| match build.root_base(stage) {
        StageBase::Image(image) => image.contains("slim"),
        _ => false,
    });
    if !is_small {
        return 0;
    }
    let projects = application.projects().filter(|project| project.ecosystem == Ecosystem::Ruby);
    let gems = projects.flat_map(|project| &project.dependencies);
    let rows = gems.filter_map(|gem| data::GEM_SYSTEM_PACKAGES.row(&gem.name.replace('_', "-")));
    let packages: BTreeSet<&str> = rows.flat_map(|row| data::words(row[1])).collect();
    packages.into_iter().filter(|package| !text.contains(package)).count()
}
