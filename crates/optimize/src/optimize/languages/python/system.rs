//! Debian packages: which ones build Python dependencies, and which ones these load when they run
//! (`data/python_system_packages.tsv`, `data/debian_libraries.tsv`, `data/slim_programs.tsv`).

use super::evidence;
use super::run_parts::RunPart;
use crate::build::toolchain::is_build_package;
use crate::build::{SlimImage, Stage};
use crate::data;
use crate::optimize::debian::behind_headers;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Verb};
use crate::sources::patterns;
use crate::text::path;

/// What a distribution wants of Debian.
pub(in crate::optimize) struct Row {
    pub dist: &'static str,
    /// Whether it comes as a wheel.
    pub wheel: bool,
    /// To build it.
    pub build: Vec<&'static str>,
    /// To run it.
    pub run: Vec<&'static str>,
}

pub(in crate::optimize) fn distributions() -> impl Iterator<Item = Row> {
    let list = |cell| data::words(cell).collect();
    data::PYTHON_SYSTEM_PACKAGES.rows().filter_map(move |cells| match cells {
        &[dist, wheel, build, run, ..] => Some(Row { dist, wheel: wheel == "yes", build: list(build), run: list(run) }),
        _ => None,
    })
}

/// The package that brings a program which only the full Python image has; Python itself both have.
pub(in crate::optimize) fn package_of(program: &str) -> Option<&'static str> {
    if program == "python3" {
        return None;
    }
    SlimImage::packages_of(program)?.first().copied()
}

/// What becomes of a package of an install in one of the stages.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::optimize) enum Fate {
    /// It stays.
    Stays,
    /// It is not needed there.
    Goes,
    /// These stand in its place.
    Becomes(String),
}

/// Whether a part installs a package that only serves to build.
pub(in crate::optimize) fn builds(part: &RunPart) -> bool {
    packages(part).iter().any(|name| only_builds(name))
}

/// The system packages that a part installs.
pub(in crate::optimize) fn packages<'e>(part: &'e RunPart) -> Vec<&'e str> {
    let calls = part.invocations.iter().filter_map(Invocation::package_call);
    let installs = calls.filter(|call| call.manager.is_system() && call.verb == Verb::Install);
    installs.flat_map(|call| call.packages.into_iter().map(|package| package.name.text)).collect()
}

fn only_builds(name: &str) -> bool {
    is_build_package(name) || name.starts_with("postgresql-server-dev") || matches!(name, "python3-dev" | "libtool-bin")
}

/// The program of a package that fetches or unpacks things for a build.
fn fetcher(package: &str) -> Option<&str> {
    let program = match package {
        "gnupg" | "gnupg2" => "gpg",
        "xz-utils" => "tar",
        "mercurial" => "hg",
        "7zip" | "p7zip-full" => "7z",
        "openssh-client" => "ssh",
        _ => package,
    };
    data::SYSTEM_PACKAGES.has(package, "fetches").then_some(program)
}

/// Whether a package that the author installs is needed to build. `texts` are the RUNs of the build stage.
pub(in crate::optimize) fn serves_build(input: &PassInput, name: &str, texts: &str) -> bool {
    if only_builds(name) {
        return true;
    }
    match fetcher(name) {
        Some("git") => unread(input) || uses_git(input) || mentions(texts, "git"),
        Some(program) => mentions(texts, program),
        None => matches!(name, "ca-certificates" | "lsb-release" | "apt-transport-https") && mentions(texts, "curl"),
    }
}

/// What becomes of a package in the run-time stage. `texts` is what the container and the stage's own RUNs call.
pub(in crate::optimize) fn fate_at_run_time(
    input: &PassInput,
    stage: &Stage,
    name: &str,
    build: &str,
    texts: &str,
) -> Fate {
    if name.ends_with("-dev") && only_builds(name) {
        // Where it is not known what stands behind the headers, they stay.
        return match behind_headers(input, stage, name) {
            Some(names) if names.is_empty() => Fate::Goes,
            Some(names) => Fate::Becomes(names.join(" ")),
            None => Fate::Stays,
        };
    }
    if only_builds(name) {
        return Fate::Goes;
    }
    if crate::build::toolchain::is_debug_tool(name) && !mentions(texts, name.split('-').next().unwrap_or(name)) {
        return Fate::Goes;
    }
    match fetcher(name) {
        Some(program) if serves_build(input, name, build) && !mentions(texts, program) => {
            if unread(input) || sources_call(input, program) { Fate::Stays } else { Fate::Goes }
        }
        _ => Fate::Stays,
    }
}

/// Whether a word stands in a text.
fn mentions(text: &str, word: &str) -> bool {
    text.split(|c: char| !(c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))).any(|part| part == word)
}

/// Whether dependencies or the version come from a repository.
pub(in crate::optimize) fn uses_git(input: &PassInput) -> bool {
    let has_version = input.source().text().contains("PRETEND_VERSION");
    let versioners = patterns::words_in("Python", "takes its version from the history");
    let mut names = vec!["git+"];
    if !has_version {
        names.extend(versioners);
    }
    let manifests = input.evidence.texts.iter().filter(|(path, _)| {
        let name = path::name(path);
        name.ends_with(".txt")
            || name.ends_with(".toml")
            || matches!(name, "setup.py" | "setup.cfg" | "Pipfile" | "uv.lock")
    });
    let from_text = |text: &str| names.iter().any(|word| text.contains(word));
    let in_manifest = manifests.into_iter().any(|(_, text)| from_text(text));
    let requirement = |dependency: &crate::manifest::Dependency| {
        dependency.requirement.as_ref().is_some_and(|text| text.contains("git+"))
    };
    let in_project = input.projects().iter().any(|project| project.dependencies.iter().any(requirement));
    in_manifest || in_project
}

/// Whether nobody read the sources, so that nothing is known of what they call.
fn unread(input: &PassInput) -> bool {
    input.evidence.texts.is_empty() || input.evidence.texts_cut
}

/// Whether a Python source starts a program: `["git", …]`, `("git …`.
fn sources_call(input: &PassInput, program: &str) -> bool {
    call_any(&starters(input), program)
}

/// The texts of Python sources that may start programs.
pub(in crate::optimize) fn starters<'a>(input: &PassInput<'a>) -> Vec<&'a str> {
    let texts = input
        .evidence
        .holding(&patterns::words_in("Python", "starts programs"))
        .filter(|(path, _)| evidence::is_source(path));
    texts.map(|(_, text)| text.as_str()).collect()
}

/// Whether one of the texts that may start programs starts this one.
pub(in crate::optimize) fn call_any(starters: &[&str], program: &str) -> bool {
    starters.iter().any(|text| calls(text, program))
}

/// Whether a quoted text that begins with the program stands behind `[`, `(`, `=` or `"-c",`, or the program behind
/// another command in a quoted text.
fn calls(text: &str, program: &str) -> bool {
    text.match_indices(program).any(|(at, _)| {
        let (before, after) = (&text[..at], &text[at + program.len()..]);
        if !after.starts_with(['"', '\'', ' ']) {
            return false;
        }
        let Some(quoted) = before.strip_suffix(['"', '\'']) else {
            let line = before.rsplit('\n').next().unwrap_or_default();
            let next = ["&&", ";", "|", "$("].iter().any(|end| line.trim_end().ends_with(end));
            return next && line.contains(['"', '\'']);
        };
        let quoted = quoted.trim_end_matches(['f', 'r', ' ', '\n']);
        quoted.ends_with(['[', '(', '=']) || ["\"-c\",", "'-c',"].iter().any(|end| quoted.ends_with(end))
    })
}

/// Whether a source imports what only a full image has the library of: slim ones leave Tk out.
pub(in crate::optimize) fn imports_tk(input: &PassInput) -> bool {
    let mut texts = input.evidence.perhaps_holding(&["tkinter", "turtle"]);
    texts.any(|(path, text)| evidence::is_source(path) && evidence::imports(text, &["tkinter", "turtle"]))
}
