//! The output of the build: where compilers and moves put it, and which part of it the container starts.

use std::collections::{BTreeMap, BTreeSet};

use super::image_paths;
use crate::build::{Build, Stage};
use crate::data;
use crate::manifest::{Ecosystem, FileKind, Project};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Script, Word};
use crate::text::path;

/// Something that is made in the build stage and copied to the next.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Product {
    /// Its absolute path; it may hold wildcards.
    pub path: String,
    /// Whether it is a folder.
    pub folder: bool,
}

/// What is made where, as far as commands tell.
#[derive(Debug, Default)]
pub(super) struct Products {
    all: BTreeSet<Product>,
    /// Whether `go install` makes programs whose names are not known.
    pub unnamed: bool,
    /// Index of the last RUN that makes or moves one.
    pub last: Option<usize>,
}

/// What a RUN is asked about.
struct RunPlace<'b, 'a> {
    build: &'b Build<'a>,
    stage: &'b Stage,
    index: usize,
    projects: &'b [Project],
    files: Option<&'b BTreeMap<String, String>>,
}

impl Products {
    /// Follows the RUNs of a stage's chain.
    pub(super) fn of(
        build: &Build,
        stages: &[&Stage],
        projects: &[Project],
        files: Option<&BTreeMap<String, String>>,
    ) -> Self {
        let mut products = Self::default();
        for stage in stages {
            for (index, _, invocations) in crate::build::toolchain::runs(build, stage) {
                let at = RunPlace { build, stage, index, projects, files };
                for invocation in &invocations {
                    if products.follow(&at, &invocations, invocation).is_some() {
                        products.last = Some(index);
                    }
                }
            }
        }
        products
    }

    /// All.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Product> {
        self.all.iter()
    }

    fn follow(&mut self, at: &RunPlace, all: &[Invocation], invocation: &Invocation) -> Option<()> {
        let folder = image_paths::folder(at.build, at.stage, at.index, all, invocation)?;
        let text = |word: &Word| image_paths::text(at.build, at.stage, at.index, invocation, word);
        match invocation.program? {
            "go" => self.go(at, invocation, &folder),
            "cp" | "mv" | "install" => {
                let operands: Vec<&Word> =
                    invocation.args.iter().filter(|word| !word.text().starts_with('-')).collect();
                let (to, from) = operands.split_last()?;
                let to = path::join(&folder, &text(to)?);
                let into = from.len() > 1 || text(operands.last()?)?.ends_with('/') || self.is_folder(at, &to);
                for word in from {
                    self.moved(at, &path::join(&folder, &text(word)?), &to, into, invocation.is("mv"));
                }
                Some(())
            }
            "rm" => {
                for word in invocation.args.iter().filter(|word| !word.text().starts_with('-')) {
                    let gone = path::join(&folder, &text(word)?);
                    self.all.retain(|product| !path::is_within(&product.path, &gone));
                }
                None
            }
            "curl" | "wget" => {
                let at = invocation.args.iter().position(|word| matches!(word.text(), "-o" | "-O" | "--output"))?;
                let path = path::join(&folder, &text(invocation.args.get(at + 1)?)?);
                self.add(path, false).then_some(())
            }
            "dotnet" => {
                let call = invocation.package_call()?;
                if call.verb_text != "publish" {
                    return None;
                }
                let out = call.flag(&["-o", "--output"])?.value?;
                (!out.dynamic && self.add(path::join(&folder, out.text), true)).then_some(())
            }
            "cargo" => {
                let call = invocation
                    .package_call()
                    .filter(|call| call.verb_text == "install" && call.manager == Manager::Cargo)?;
                let path = call.flag(&["--path"])?.value?.text;
                let root = path::join(&folder, path);
                let project = at.project(&root, Ecosystem::Rust)?;
                let to =
                    call.flag(&["--root"]).and_then(|flag| flag.value).map_or("/usr/local/cargo", |root| root.text);
                let named = call.flag(&["--bin"]).and_then(|flag| flag.value).map(|value| value.text);
                for entry in project.entry_points.iter().filter(|entry| named.is_none_or(|bin| bin == entry.name)) {
                    self.add(format!("{to}/bin/{}", entry.name), false);
                }
                Some(())
            }
            name if Program::of(name).is(Kind::Cc) => {
                let at = invocation.args.iter().position(|word| word.is("-o"))?;
                self.add(path::join(&folder, &text(invocation.args.get(at + 1)?)?), false).then_some(())
            }
            _ => None,
        }
    }

    fn add(&mut self, path: String, folder: bool) -> bool {
        self.all.insert(Product { path, folder });
        true
    }

    fn is_folder(&self, at: &RunPlace, path: &str) -> bool {
        let below = format!("{path}/");
        data::SYSTEM_FOLDERS.contains(path) && !data::SYSTEM_FOLDERS.has(path, "project")
            || image_paths::workdir(at.build, at.stage, at.index).as_deref() == Some(path)
            || self
                .all
                .iter()
                .any(|product| (product.folder && product.path == path) || product.path.starts_with(&below))
            || at.files.is_some_and(|files| {
                files.range(below.clone()..).next().is_some_and(|(file, _)| file.starts_with(&below))
            })
    }

    fn moved(&mut self, at: &RunPlace, from: &str, to: &str, into: bool, away: bool) {
        let name = path::name(from);
        let folder = self.all.iter().any(|product| product.folder && product.path == from);
        if into && name.contains(['*', '?']) {
            self.all.insert(Product { path: path::join(to, name), folder: false });
        } else {
            let path = if into { path::join(to, name) } else { to.to_owned() };
            let is_source = at.files.is_some_and(|files| files.contains_key(from));
            if !is_source {
                self.all.insert(Product { path, folder });
            }
        }
        if away {
            self.all.retain(|product| !path::is_within(&product.path, from));
        }
    }

    fn go(&mut self, at: &RunPlace, invocation: &Invocation, folder: &str) -> Option<()> {
        let call = invocation.package_call()?;
        let text = |word: &Word| image_paths::text(at.build, at.stage, at.index, invocation, word);
        let folder = match call.flag(&["-C"]).and_then(|flag| flag.value) {
            Some(value) => path::join(folder, value.text),
            None => folder.to_owned(),
        };
        let names: Vec<String> = match &*call.verb_text {
            "build" => call.operands.iter().map(|word| text(word)).collect::<Option<_>>()?,
            "install" => call.packages.iter().map(|package| package.name.text.to_owned()).collect(),
            _ => return None,
        };
        if call.verb_text == "install" {
            // A tool of another module has a version; what needs it at run time names it.
            for name in names.iter().filter(|name| !name.contains('@')) {
                match at.go_name(&folder, name) {
                    Some(name) => _ = self.add(format!("/go/bin/{name}"), false),
                    None => self.unnamed = true,
                }
            }
            return (!names.is_empty()).then_some(());
        }
        let output = invocation.args.iter().position(|word| word.is("-o")).and_then(|at| invocation.args.get(at + 1));
        let output = output.or_else(|| invocation.flag("-o"));
        let many = names.len() > 1 && !names.iter().all(|name| FileKind::of(name).is_source_of(Ecosystem::Go))
            || names.iter().any(|name| name.ends_with("..."));
        let name = || at.go_name(&folder, names.first().map_or(".", String::as_str));
        if let Some(word) = output {
            let written = text(word)?;
            let written = written.strip_prefix("-o=").unwrap_or(&written);
            let path = path::join(&folder, written);
            if written.ends_with('/') || many || self.is_folder(at, &path) {
                return match (many, name()) {
                    (false, Some(name)) => self.add(path::join(&path, &name), false).then_some(()),
                    _ => self.add(path, true).then_some(()),
                };
            }
            return self.add(path, false).then_some(());
        }
        if many {
            return None;
        }
        self.add(path::join(&folder, &name()?), false).then_some(())
    }
}

impl RunPlace<'_, '_> {
    /// The project at a folder of the image.
    fn project(&self, folder: &str, ecosystem: Ecosystem) -> Option<&Project> {
        let root = image_paths::origin(self.files?, folder)?;
        self.projects.iter().find(|project| project.ecosystem == ecosystem && project.root == root)
    }

    /// What `go build` calls the program of a package.
    fn go_name(&self, folder: &str, package: &str) -> Option<String> {
        let file = FileKind::of(package);
        if file.is_source_of(Ecosystem::Go) {
            return Some(path::name(file.without_ending()).to_owned());
        }
        if package.ends_with("...") {
            return None;
        }
        let at = if package.starts_with('.') { path::join(folder, package) } else { package.to_owned() };
        if !package.starts_with('.') || self.project(&at, Ecosystem::Go).is_some() {
            let module = self.project(&at, Ecosystem::Go).and_then(|project| project.name.clone());
            return last_part(&module.unwrap_or_else(|| package.to_owned()));
        }
        last_part(&at)
    }
}

/// The last part of a module's path that is no version.
fn last_part(path: &str) -> Option<String> {
    let is_version = |part: &&str| {
        part.strip_prefix('v').is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let part = path.split('/').rev().find(|part| !part.is_empty() && !is_version(part))?;
    Some(part.to_owned())
}

/// Absolute paths that a container of a stage starts from: programs named with a folder, archives, class paths.
/// `None` where a word decides that only the container knows.
pub(super) fn started_paths(script: &Script, folder: &str) -> StartedPaths {
    let mut out = StartedPaths::default();
    for invocation in script.invocations() {
        let Some(program) = invocation.path.value() else {
            out.unknown = true;
            continue;
        };
        if program.contains('/') {
            out.paths.insert(path::join(folder, program));
        } else {
            out.names.insert(program.to_owned());
        }
        let mut words = invocation.args.iter();
        let name = invocation.program.unwrap_or_default();
        let (before, mut dynamic) = (out.paths.len(), false);
        while let Some(word) = words.next() {
            let Some(text) = word.value() else {
                dynamic = true;
                continue;
            };
            let path = |text: &str| path::join(folder, text);
            match text {
                "-jar" if name == "java" => out.paths.extend(words.next().and_then(Word::value).map(path)),
                "-cp" | "-classpath" | "--class-path" if name == "java" => {
                    let entries = words.next().and_then(Word::value).unwrap_or_default();
                    out.paths.extend(
                        entries
                            .split(':')
                            .filter(|entry| !entry.is_empty())
                            .map(|entry| path(entry.trim_end_matches("/*"))),
                    );
                }
                _ if name == "java" && text.starts_with("-javaagent:") => {
                    out.paths.extend(text.split(':').nth(1).and_then(|agent| agent.split('=').next()).map(path));
                }
                _ if name == "dotnet" && text.ends_with(".dll") => _ = out.paths.insert(path(text)),
                _ if name == "java" && text.ends_with(".jar") && !text.starts_with('-') => {
                    _ = out.paths.insert(path(text));
                }
                _ => {}
            }
        }
        out.unknown |= dynamic && out.paths.len() == before && matches!(name, "java" | "dotnet");
    }
    out
}

/// What a container starts.
#[derive(Debug, Default)]
pub(super) struct StartedPaths {
    /// Absolute paths.
    pub paths: BTreeSet<String>,
    /// Programs that are looked for in PATH.
    pub names: BTreeSet<String>,
    /// Whether something more only the container knows.
    pub unknown: bool,
}

impl StartedPaths {
    /// Both together.
    pub(super) fn join(&mut self, other: Self) {
        self.paths.extend(other.paths);
        self.names.extend(other.names);
        self.unknown |= other.unknown;
    }
}
