//! How a job gets the tools of a project (`data/pipeline_tools.tsv`).

use std::collections::BTreeSet;

use super::image::context_folder;
use super::input::PipelineInput;
use crate::build::{Build, Reference, StageBase};
use crate::data;
use crate::manifest::{Ecosystem, Project, Tool, version_numbers};
use crate::text::path;

/// A tool that a job needs.
#[derive(Clone, Debug)]
pub(super) struct JobTool {
    /// The program that installs packages.
    pub(super) name: &'static str,
    /// The action of GitHub that sets it up.
    pub(super) action: &'static str,
    /// Its inputs.
    pub(super) inputs: Vec<(String, String)>,
    /// A command that runs before.
    pub(super) before: Option<&'static str>,
    /// The image of a job of GitLab; the version of a matrix stands for `{version}`.
    pub(super) image: String,
    /// What installs it there.
    pub(super) prepare: Option<&'static str>,
    /// The variable with the folder of its cache.
    pub(super) cache: Option<&'static str>,
    /// The lock file from the top of the repository.
    pub(super) lock: Option<String>,
    /// The input with the version of the language.
    pub(super) version_input: Option<&'static str>,
}

impl JobTool {
    /// The tool of a project in a folder of the repository; nothing where the table has none.
    pub(super) fn of(input: &PipelineInput, project: &Project) -> Option<Self> {
        let install = project.install()?;
        let row = data::PIPELINE_TOOLS.row(install.tool.name())?;
        let &[name, action, inputs, before, image, prepare, cache, default, ..] = row else { return None };
        let cell = |text: &'static str| (text != "-").then_some(text);
        let lock = &install.lock;
        let of_image = image_version(input, project);
        let is_of_image = of_image.is_some();
        let version = of_image.or_else(|| manifest_version(project)).unwrap_or_else(|| default.to_owned());
        let folder = if project.root.is_empty() { "." } else { &project.root };
        let filled = |text: &str| {
            let text = text.replace("{lock}", lock.as_deref().unwrap_or_default()).replace("{folder}", folder);
            text.replace("{manifest}", &install.manifest).replace("{version}", &version)
        };
        // uv takes a version that the project asks for by itself; the image may have an older one than that.
        let is_left_out = |key: &str| name == "uv" && key == "python-version" && !is_of_image;
        let inputs_of_row = data::words(inputs).filter_map(|word| {
            let (word, needs_lock) = word.strip_suffix(":lock").map_or((word, false), |word| (word, true));
            let (key, value) = word.split_once('=')?;
            (!is_left_out(key) && (lock.is_some() || !needs_lock)).then(|| (key.to_owned(), filled(value)))
        });
        let version_input = data::words(inputs).filter_map(|word| word.split_once('='));
        let version_input = version_input.filter(|(_, value)| *value == "{version}").map(|(key, _)| key).next();
        Some(Self {
            name,
            action,
            inputs: inputs_of_row.collect(),
            before: cell(before),
            image: filled(image),
            prepare: cell(prepare),
            cache: cell(cache),
            lock: lock.clone(),
            version_input,
        })
    }
}

/// The version of a project's language in the image that is built with it.
pub(super) fn image_version(input: &PipelineInput, project: &Project) -> Option<String> {
    let is_bun = project.install().is_some_and(|install| install.tool == Tool::Bun);
    let names = if is_bun { &["oven/bun"][..] } else { language_images(project.ecosystem) };
    let of_project = input.inputs.builds.iter().filter(|build| {
        let context = context_folder(input.root, build).unwrap_or_default();
        let is_it = |known: &Project| {
            known.ecosystem == project.ecosystem && path::normalize(&path::child(&context, &known.root)) == project.root
        };
        build.projects.iter().flat_map(|all| all.iter()).any(is_it)
    });
    let versions = of_project.flat_map(|build| {
        let build = Build::new(build);
        build.stages().iter().filter_map(|stage| tag_version(&stage.base, names)).collect::<Vec<_>>()
    });
    let version: String = versions.last()?;
    // `jdk17` is a tag of maven and gradle, `jdk17.0` is none.
    if project.ecosystem == Ecosystem::Java { major(&version) } else { Some(version) }
}

/// The number before the first dot.
fn major(version: &str) -> Option<String> {
    version.split('.').next().map(str::to_owned)
}

/// The first version that its manifest names.
fn manifest_version(project: &Project) -> Option<String> {
    if project.install().is_some_and(|install| install.tool == Tool::Bun) {
        return None;
    }
    let requirement = &project.language.first()?.requirement;
    let start = requirement.find(|c: char| c.is_ascii_digit())?;
    let version = plain_version(&requirement[start..].replace('_', "."))?;
    match project.ecosystem {
        // 1.8 is the old name of 8.
        Ecosystem::Java => major(version.strip_prefix("1.").unwrap_or(&version)),
        Ecosystem::Node => major(&version),
        _ => Some(version),
    }
}

/// The images that a language is in.
const fn language_images(ecosystem: Ecosystem) -> &'static [&'static str] {
    match ecosystem {
        Ecosystem::Python => &["python"],
        Ecosystem::Node => &["node"],
        Ecosystem::Go => &["golang"],
        Ecosystem::Rust => &["rust"],
        Ecosystem::Java => &["eclipse-temurin", "amazoncorretto", "openjdk"],
        Ecosystem::DotNet => &["mcr.microsoft.com/dotnet/sdk"],
        Ecosystem::Ruby => &["ruby"],
        Ecosystem::Php => &["php"],
    }
}

fn tag_version(base: &StageBase, names: &[&str]) -> Option<String> {
    let StageBase::Image(text) = base else { return None };
    let reference = Reference::of(text);
    names.contains(&reference.short_name()).then_some(())?;
    plain_version(reference.tag?)
}

/// The numbers at the start of a text: `3.13` of `3.13-slim`; at most two.
fn plain_version(text: &str) -> Option<String> {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let numbers: Vec<&str> = text[..end].split('.').filter(|part| !part.is_empty()).take(2).collect();
    (!numbers.is_empty()).then(|| numbers.join("."))
}

/// The versions of the language that the manifests name: several classifiers of a Python package, several alternatives of
/// `engines`. Nothing where they name one or leave it open.
pub(super) fn language_versions(project: &Project, text_of: impl Fn(&str) -> Option<String>) -> Vec<String> {
    const CLASSIFIER: &str = "Programming Language :: Python :: 3.";
    let mut versions: Vec<String> = match project.ecosystem {
        Ecosystem::Python => {
            let texts = project.manifests.iter().filter_map(|file| text_of(file));
            let minor = |text: &str| {
                let rest = text.split(CLASSIFIER).skip(1);
                let numbers = rest.map(|rest| rest.chars().take_while(char::is_ascii_digit).collect::<String>());
                numbers.filter(|number| !number.is_empty()).map(|number| format!("3.{number}")).collect::<Vec<_>>()
            };
            texts.flat_map(|text| minor(&text)).collect()
        }
        Ecosystem::Node => {
            let alternatives = project.language.iter().flat_map(|known| known.requirement.split("||"));
            let exact = alternatives.map(|text| text.trim().trim_start_matches(['^', '~', 'v', '=']));
            let mut majors = BTreeSet::new();
            let major = |version: &String| version.split('.').next().map(str::to_owned);
            exact.filter_map(plain_version).filter(|version| majors.insert(major(version))).collect()
        }
        _ => Vec::new(),
    };
    versions.sort_by_key(|version| version_numbers(version));
    versions.dedup();
    if versions.len() > 1 { versions } else { Vec::new() }
}
