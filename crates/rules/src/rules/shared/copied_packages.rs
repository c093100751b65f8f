//! What a stage copies from another stage: installed Python packages and programs. Shared by the rules about stages that
//! do not fit together.

use std::collections::HashSet;

use crate::build::{Build, Code, Stage, StageBase, Transfer, installed, toolchain};
use crate::data;
use crate::shell::{Invocation, Manager, PackageCall, Verb, Word};
use crate::text::{Span, path};

/// The most stages in a chain and copies in a stage that are checked; no real file has more.
pub(in crate::rules) const DEEPEST: usize = 64;

/// A copy from another stage of the file.
pub(in crate::rules) struct StageCopy<'b, 'a> {
    /// The stage to copy from.
    pub(in crate::rules) maker: &'b Stage,
    /// The COPY.
    pub(in crate::rules) transfer: &'b Transfer<'a>,
}

/// The copies of a stage from other stages, in order.
pub(in crate::rules) fn stage_copies<'b, 'a>(build: &'b Build<'a>, stage: &Stage) -> Vec<StageCopy<'b, 'a>> {
    // Limited, because for each copy the other stage is analysed.
    let all = build.transfers(stage).iter().filter(|transfer| matches!(transfer.from, Some(StageBase::Stage(_))));
    all.take(DEEPEST)
        .filter_map(|transfer| match transfer.from {
            Some(StageBase::Stage(index)) => Some(StageCopy { maker: build.stages().get(index)?, transfer }),
            _ => None,
        })
        .collect()
}

/// Whether two paths are equal or one contains the other.
pub(in crate::rules) fn overlap(a: &str, b: &str) -> bool {
    path::is_within(a, b) || path::is_within(b, a)
}

/// A path made absolute with the working directory of an instruction; `None` if that is not known.
pub(in crate::rules) fn absolute(build: &Build, stage: &Stage, index: usize, path: &str) -> Option<String> {
    crate::build::absolute(path, build.workdir(stage, index).value().map(String::as_str))
}

/// The absolute path that a COPY or ADD of a stage copies to.
pub(in crate::rules) fn destination(build: &Build, stage: &Stage, transfer: &Transfer) -> Option<String> {
    absolute(build, stage, transfer.index, transfer.destination.as_deref()?)
}

/// Folders into which the stages of a chain install Python packages.
pub(in crate::rules) fn python_folders(build: &Build, stage: &Stage) -> Vec<String> {
    let mut folders = Vec::new();
    for stage in build.chain(stage).take(DEEPEST) {
        for run in build.own_runs(stage) {
            let written: Vec<&str> = run.invocations().iter().flat_map(python_folder).collect();
            folders.extend(written.into_iter().filter_map(|folder| absolute(build, stage, run.index, folder)));
        }
    }
    folders
}

/// Virtual environments that the stages of a chain create.
pub(in crate::rules) fn environments(build: &Build, stage: &Stage) -> Vec<String> {
    let mut folders = Vec::new();
    for stage in build.chain(stage).take(DEEPEST) {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            let environments = invocations.iter().filter_map(environment);
            folders.extend(environments.filter_map(|folder| absolute(build, stage, index, folder)));
        }
    }
    folders
}

/// The folder of `python -m venv` and `virtualenv`.
fn environment<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let values: Vec<&str> = invocation.args.iter().filter_map(Word::value).collect();
    let operand = |after: usize| values.get(after..).into_iter().flatten().copied().find(|word| !word.starts_with('-'));
    let program = invocation.program?;
    if program.starts_with("python") && values.first() == Some(&"-m") && values.get(1) == Some(&"venv") {
        return operand(2);
    }
    if program == "virtualenv" { operand(0) } else { None }
}

fn python_folder<'s>(invocation: &Invocation<'s>) -> Vec<&'s str> {
    if let Some(folder) = environment(invocation) {
        return vec![folder];
    }
    let Some(call) = invocation.call_of(&[Manager::Pip, Manager::Uv]) else { return Vec::new() };
    match call.manager {
        Manager::Uv if call.verb_text == "venv" => {
            vec![call.operands.first().and_then(|word| word.value()).unwrap_or(".venv")]
        }
        Manager::Uv if call.verb_text == "sync" => vec![".venv"],
        Manager::Pip | Manager::Uv if matches!(call.verb, Verb::Install | Verb::Download) => {
            let named = ["--prefix", "--target", "-t", "--wheel-dir", "-w"];
            let flags = call.flags.iter().filter(|flag| named.contains(&&*flag.name));
            let mut sources: Vec<&str> =
                flags.filter_map(|flag| Some(flag.value.filter(|v| !v.dynamic)?.text)).collect();
            if call.has(&["--user"]) {
                sources.push("/root/.local");
            }
            sources
        }
        _ => Vec::new(),
    }
}

/// The first source of a copy that contains installed Python packages: its text and position.
pub(in crate::rules) fn python_packages(build: &Build, copy: &StageCopy) -> Option<(String, Span)> {
    let folders = python_folders(build, copy.maker);
    let holds = |text: &str| {
        let by_name = text.contains("site-packages") || text.contains("dist-packages");
        by_name || (text.starts_with('/') && text.len() > 1 && folders.iter().any(|folder| overlap(folder, text)))
    };
    let source = copy.transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(holds))?;
    Some((source.text.clone()?, source.span))
}

/// The minor version of Python in the tag of the base image: `3.12`.
pub(in crate::rules) fn python_version(build: &Build, stage: &Stage) -> Option<String> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let reference = crate::build::Reference::of(image);
    if reference.short_name() != "python" {
        return None;
    }
    minor(reference.tag?.split('-').next()?)
}

/// `3.12` of `3.12.1`.
pub(in crate::rules) fn minor(version: &str) -> Option<String> {
    let mut parts = version.split('.');
    let (major, minor) = (parts.next()?, parts.next()?);
    let plain = |part: &str| !part.is_empty() && part.bytes().all(|byte| byte.is_ascii_digit());
    (plain(major) && plain(minor)).then(|| format!("{major}.{minor}"))
}

// Installs of a project's packages that a stage gets by `COPY --from`, directly or through further stages. Shared by the
// rules about dev dependencies and about packages that do not fit the stage.

/// The most stages that are visited for one stage; no real file has more.
const MOST: usize = 64;

/// An install whose packages a COPY takes.
pub(in crate::rules) struct CopiedInstall<'b, 'a> {
    /// The stage and the RUN that install.
    pub(in crate::rules) place: (&'b Stage, usize),
    /// The RUN's script.
    pub(in crate::rules) code: &'b Code<'a>,
    /// The position of the command in it.
    pub(in crate::rules) at: usize,
    /// The folder of the packages, by its last name.
    pub(in crate::rules) folder: String,
    /// The source that the last COPY names, and its position.
    pub(in crate::rules) source: (String, Span),
    /// Where the packages are on their way: each stage, and the instruction after which they are in it.
    pub(in crate::rules) way: Vec<(&'b Stage, usize)>,
}

/// The installs whose packages a stage copies from other stages.
pub(in crate::rules) fn copied_installs<'b, 'a>(build: &'b Build<'a>, stage: &Stage) -> Vec<CopiedInstall<'b, 'a>> {
    let mut search = Search { build, visited: HashSet::new(), installs: Vec::new() };
    for copy in stage_copies(build, stage) {
        for (text, span) in sources_of(&copy) {
            search.visit(copy.maker, &path::join("/", &text), &(text, span), &[]);
        }
    }
    search.installs
}

struct Search<'b, 'a> {
    build: &'b Build<'a>,
    visited: HashSet<(usize, String, u32)>,
    installs: Vec<CopiedInstall<'b, 'a>>,
}

impl<'b> Search<'b, '_> {
    fn visit(&mut self, end: &'b Stage, taken_path: &str, source: &(String, Span), way: &[(&'b Stage, usize)]) {
        let is_new = self.visited.insert((end.index, taken_path.to_owned(), source.1.start));
        if !is_new || self.visited.len() > MOST {
            return;
        }
        for stage in self.build.chain(end).take(DEEPEST) {
            self.installs_of(end, stage, taken_path, source, way);
            for copy in stage_copies(self.build, stage) {
                let index = copy.transfer.index;
                let Some(to) = destination(self.build, stage, copy.transfer) else { continue };
                let further: Vec<_> = way.iter().copied().chain([(end, index)]).collect();
                for (text, _) in sources_of(&copy) {
                    let from = path::join("/", &text);
                    // What is taken lies in the copied folder, or contains it.
                    let origin = match path::relative(taken_path, &to) {
                        Some(rest) => path::join(&from, rest),
                        None if path::is_within(&to, taken_path) => from,
                        None => continue,
                    };
                    self.visit(copy.maker, &origin, source, &further);
                }
            }
        }
    }

    fn installs_of(
        &mut self,
        end: &'b Stage,
        stage: &'b Stage,
        taken_path: &str,
        source: &(String, Span),
        way: &[(&'b Stage, usize)],
    ) {
        for (index, _, invocations) in toolchain::runs(self.build, stage) {
            for (at, invocation) in invocations.iter().enumerate() {
                let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Install) else { continue };
                let folders = package_folders(self.build, (stage, index), invocation, &call);
                let Some(folder) = folders.iter().find(|folder| is_taken(taken_path, folder)) else { continue };
                let Some(code) = self.build.code(index).filter(|code| code.is_ordinary()) else { continue };
                self.installs.push(CopiedInstall {
                    place: (stage, index),
                    code,
                    at,
                    folder: path::name(folder).to_owned(),
                    source: source.clone(),
                    way: way.iter().copied().chain([(end, index)]).collect(),
                });
            }
        }
    }
}

impl<'b> CopiedInstall<'b, '_> {
    /// The commands after the install, with their stages and instructions, on the packages' way to the stage that copies
    /// them.
    pub(in crate::rules) fn later(&self, build: &'b Build) -> Vec<((&'b Stage, usize), Invocation<'b>)> {
        let rest = self.code.script.invocations().into_iter().skip(self.at + 1);
        let mut later: Vec<_> = rest.map(|invocation| (self.place, invocation)).collect();
        for &(end, after) in &self.way {
            for stage in build.chain(end) {
                for (index, _, invocations) in toolchain::runs(build, stage).filter(|run| run.0 > after) {
                    later.extend(invocations.into_iter().map(|invocation| ((stage, index), invocation)));
                }
            }
        }
        later
    }

    /// Whether a command deletes, moves or installs the whole folder again.
    pub(in crate::rules) fn is_replaced_by(&self, invocation: &Invocation) -> bool {
        let names_it = || {
            let mut words = invocation.args.iter().filter_map(|word| word.value());
            words.any(|word| path::name(word) == self.folder)
        };
        matches!(invocation.program, Some("rm" | "mv" | "find" | "rimraf")) && names_it()
    }
}

/// The sources that a COPY names, without patterns and without what it leaves out.
fn sources_of(copy: &StageCopy) -> Vec<(String, Span)> {
    if copy.transfer.parents || !copy.transfer.exclude.is_empty() {
        return Vec::new();
    }
    let sources = copy.transfer.sources.iter();
    sources
        .filter_map(|source| Some((source.text.clone()?, source.span)))
        .filter(|(text, _)| !text.contains(['*', '?', '[']))
        .collect()
}

/// Whether a copied path is a folder of packages, or contains it. A folder below an unknown one is known by its name.
fn is_taken(taken_path: &str, folder: &str) -> bool {
    let is_of_python = path::name(taken_path) == SITE_PACKAGES || path::name(taken_path) == "dist-packages";
    match folder.strip_prefix("/?/") {
        Some(SITE_PACKAGES) => is_of_python || ["/usr/local", "/usr/local/lib"].contains(&taken_path),
        Some(rest) => path::ends_with(taken_path, rest),
        None => {
            taken_path != "/" && path::is_within(folder, taken_path)
                || is_of_python && path::is_within(taken_path, folder)
        }
    }
}

/// The folder of Python's packages outside environments; the path above it names the version.
const SITE_PACKAGES: &str = "site-packages";

/// The folders that an install from a manifest may put its packages into.
pub(in crate::rules) fn package_folders(
    build: &Build,
    place: (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Vec<String> {
    let Some(folder) = installed::folder(build, place, invocation, call) else { return Vec::new() };
    let variable = |name: &str| {
        let value = build.run_variable(place.0, place.1, invocation, name)?;
        value.text().map(|value| path::join(&folder, &value))
    };
    let below = |name: &str| path::join(&folder, name);
    match call.manager {
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun | Manager::Composer => {
            data::PACKAGE_FOLDERS.row(call.manager.name()).map(|row| below(row[2])).into_iter().collect()
        }
        Manager::Bundle => {
            let named = ["BUNDLE_PATH", "GEM_HOME"].into_iter().filter_map(variable);
            ["/usr/local/bundle".to_owned(), below("vendor/bundle")].into_iter().chain(named).collect()
        }
        Manager::Uv | Manager::Pdm => {
            let named = ["UV_PROJECT_ENVIRONMENT", "VIRTUAL_ENV"].into_iter().filter_map(variable);
            let known = environments(build, place.0);
            [below(".venv")].into_iter().chain(named).chain(known).collect()
        }
        Manager::Poetry | Manager::Pipenv => {
            let inside =
                mentions(build, place.0, &["virtualenvs.in-project true", "VENV_IN_PROJECT", "VIRTUALENVS_IN_PROJECT"]);
            let outside = mentions(build, place.0, &["virtualenvs.create false", "VIRTUALENVS_CREATE"]);
            let folder = if inside { below(".venv") } else { "/?/.venv".to_owned() };
            let system = (outside || call.has(&["--system"])).then(|| format!("/?/{SITE_PACKAGES}"));
            let known = environments(build, place.0);
            [folder].into_iter().chain(system).chain(variable("VIRTUAL_ENV")).chain(known).collect()
        }
        _ => Vec::new(),
    }
}

/// Whether the text of a stage's chain contains one of these words.
fn mentions(build: &Build, stage: &Stage, words: &[&str]) -> bool {
    let file = &build.input().file;
    build.chain(stage).take(DEEPEST).flat_map(|stage| build.instructions(stage)).any(|(_, instruction)| {
        let text = file.logical(instruction.text);
        words.iter().any(|word| text.contains(word))
    })
}
