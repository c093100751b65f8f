//! The contents of the two stages of a Python image: which stage installs, into which virtual environment, and what the
//! program needs from the build at run time.

use crate::optimize::languages::python::stage_blocker::PythonBlocker;
use std::collections::{BTreeMap, BTreeSet};

use super::evidence::{self, Wish};
use super::run_parts::{PartPurpose, RunPart, parts};
use super::{launch, version};
use crate::build::{Build, Reference, Stage, StageBase, Transfer};
use crate::dockerfile::Keyword;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::shell::{InputKind, Invocation, Manager, Word};
use crate::sources::patterns;
use crate::text::path;

/// Where the environment is made unless the author or the tool has a place for it.
pub(super) const VENV: &str = "/opt/venv";

/// RUNs by their indexes, taken apart; `None` for those that can't be.
pub(super) type Runs<'b> = BTreeMap<usize, Option<Vec<RunPart<'b>>>>;

/// The stages of a Python image, before they are written down.
#[derive(Debug)]
pub(super) struct PythonPlan<'b> {
    /// The stage that installs and ships.
    pub stage: &'b Stage,
    /// Its RUNs.
    pub runs: Runs<'b>,
    /// The first and the last instruction that installs dependencies.
    pub installs: (usize, usize),
    /// The environments that the run-time stage takes over.
    pub venvs: Vec<String>,
    /// Whether [`VENV`] has to be made, as the original installs into the base's Python.
    pub makes: bool,
    /// Whether the environment sees the base's own packages (setuptools up to Python 3.11, pip).
    pub sees_base: bool,
    /// Which pip installs into the environment.
    pub pip: Pip,
    /// Whether tools are told the environment by `VIRTUAL_ENV`.
    pub names_environment: bool,
    /// Tools that scripts or commands call in the container.
    pub kept_tools: BTreeSet<Manager>,
    /// A folder that is copied from the build stage, as installing writes into it.
    pub whole: Option<String>,
    /// What a script or dependency wants of the image.
    pub wish: Wish,
}

/// Which pip installs into the environment.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Pip {
    /// That of the base, told where.
    Bases,
    /// One of the environment's own: the base's is too old to install elsewhere, or a tool asks for one.
    Own,
}

/// Works out the stages; `None` where nothing in the image installs Python dependencies, or they come from another stage
/// already.
pub(super) fn plan<'b>(input: &PassInput<'b>) -> Result<Option<PythonPlan<'b>>, PythonBlocker> {
    let build: &'b Build<'b> = input.build;
    let Some(target) = build.target().filter(|_| build.is_ordinary()) else { return Ok(None) };
    let wish = evidence::wish(input, target);
    let mut stages: Vec<(&'b Stage, Runs<'b>)> = Vec::new();
    for stage in build.chain(target) {
        let runs = runs(input, stage, wish.setuptools);
        if runs.values().flatten().flatten().any(|part| part.purpose == PartPurpose::Install) {
            stages.push((stage, runs));
        } else if let Some(index) = unread_install(input, stage) {
            let line = build.instruction(index).start_line;
            return Err(PythonBlocker::InstallIsNoPlainList { line });
        }
    }
    let (stage, runs) = match stages.len() {
        0 => return Ok(None),
        1 => stages.remove(0),
        _ => return Err(PythonBlocker::TwoInstallingStages),
    };
    base_allows(input, stage)?;
    others_allow(input, target, stage)?;
    if let Some(why) = super::version::reason_for_fetched_python(input, stage) {
        return Err(why);
    }
    let is_install = |all: &Option<Vec<RunPart>>| all.iter().flatten().any(|part| part.purpose == PartPurpose::Install);
    let mut indexes = runs.iter().filter(|(_, all)| is_install(all)).map(|(index, _)| *index);
    let first = indexes.next().unwrap_or(stage.start);
    let last = indexes.next_back().unwrap_or(first);
    let mut plan = PythonPlan {
        stage,
        runs,
        installs: (first, last),
        venvs: Vec::new(),
        makes: false,
        sees_base: false,
        pip: Pip::Bases,
        names_environment: false,
        kept_tools: BTreeSet::new(),
        whole: None,
        wish,
    };
    plan.separates(input)?;
    plan.environments(input)?;
    plan.run_time(input, target)?;
    refuse_if(!plan.gains(input), PythonBlocker::NothingToSave)?;
    Ok(Some(plan))
}

fn runs<'b>(input: &PassInput<'b>, stage: &Stage, setuptools: bool) -> Runs<'b> {
    input
        .build
        .instructions_of(stage, Keyword::Run)
        .map(|(index, _)| (index, parts(input, index, setuptools)))
        .collect()
}

/// A RUN that installs Python packages but can't be taken apart.
fn unread_install(input: &PassInput, stage: &Stage) -> Option<usize> {
    let mut runs = input.build.instructions_of(stage, Keyword::Run);
    let installs = |index: usize| {
        let text = input.source().slice(input.build.instruction(index).span);
        parts(input, index, false).is_none() && patterns::shows(text, "installs packages of Python")
    };
    runs.find(|(index, _)| installs(*index)).map(|(index, _)| index)
}

/// Only images whose Python is known to make environments that can be copied.
fn base_allows(input: &PassInput, stage: &Stage) -> Result<(), PythonBlocker> {
    let StageBase::Image(image) = input.build.root_base(stage) else { return Err(PythonBlocker::UnknownBase) };
    let reference = Reference::of(image);
    let (name, last) = (reference.name, reference.last_name());
    if ["cuda", "nvidia", "pytorch", "tensorflow", "rocm"].iter().any(|word| image.contains(word)) {
        return Err(PythonBlocker::GpuLibraries { image: image.clone() });
    }
    refuse_if(["conda", "mamba"].iter().any(|word| image.contains(word)), PythonBlocker::CondaImage)?;
    let known = last == "python" || name.ends_with("astral-sh/uv");
    if known && !image.contains("windows") && !image.contains("nanoserver") {
        return Ok(());
    }
    Err(PythonBlocker::UnofficialImage { image: image.clone() })
}

/// Other stages must not need what goes.
fn others_allow(input: &PassInput, target: &Stage, stage: &Stage) -> Result<(), PythonBlocker> {
    let build = input.build;
    let ours: Vec<usize> = build.chain(target).map(|build| build.index).collect();
    for other in build.stages().iter().filter(|other| !ours.contains(&other.index)) {
        if !build.chain(other).any(|below| below.index == stage.index) {
            continue;
        }
        let uses = build.instructions(other).any(|(index, _)| {
            let Some(code) = build.code(index) else { return false };
            code.script.invocations().iter().any(|invocation| invocation.package_call().is_some())
        });
        if uses {
            let why = PythonBlocker::OtherStageBuilds { stage: other.title(), base: stage.title() };
            return Err(why);
        }
    }
    let later = build.edges().iter().filter(|edge| edge.stage >= stage.index);
    let numbered = later.into_iter().any(|edge| {
        let text = input.source().slice(edge.span).trim_matches('"');
        text.parse::<usize>().is_ok_and(|number| number >= stage.index)
    });
    refuse_if(numbered, PythonBlocker::NumberedStage)?;
    Ok(())
}

impl<'b> PythonPlan<'b> {
    /// All parts of a purpose, in order.
    pub(super) fn of_class(&self, purpose: PartPurpose) -> impl Iterator<Item = (usize, &RunPart<'b>)> {
        let all = self.runs.iter().flat_map(|(index, all)| all.iter().flatten().map(move |flatten| (*index, flatten)));
        all.filter(move |(_, part)| part.purpose == purpose)
    }

    /// Whether what installs can be told from what else is done.
    fn separates(&self, input: &PassInput) -> Result<(), PythonBlocker> {
        let line = |index: usize| input.build.instruction(index).start_line;
        for (index, all) in &self.runs {
            let Some(all) = all.as_ref() else { continue };
            if *index > self.installs.1 {
                continue;
            }
            let variable = all
                .iter()
                .flat_map(|invocation| &invocation.invocations)
                .find(|invocation| invocation.path.text().starts_with('$'));
            if let Some(invocation) = variable {
                let why =
                    PythonBlocker::UnknownProgram { line: line(*index), program: invocation.path.text().to_string() };
                return Err(why);
            }
            let is_project = |part: &RunPart| {
                let calls = part.invocations.iter().filter_map(Invocation::package_call);
                let mut inputs = calls.flat_map(|call| call.inputs);
                part.purpose == PartPurpose::Install
                    && inputs.any(|input| matches!(input.kind, InputKind::Package | InputKind::Editable))
            };
            let enters = |part: &RunPart| part.invocations.iter().any(|call| call.is("cd"));
            let fetches = |part: &RunPart| part.purpose == PartPurpose::Other;
            if all.iter().any(is_project) && all.iter().any(enters) && all.iter().any(fetches) {
                return Err(PythonBlocker::FetchesProject { line: line(*index) });
            }
        }
        Ok(())
    }

    /// Where the installs put things.
    fn environments(&mut self, input: &PassInput) -> Result<(), PythonBlocker> {
        let author = self.authors_venv(input);
        let mut venvs: Vec<String> = Vec::new();
        let mut sees_base = self.wish.base_packages || python_below_3_12(input, self.stage);
        let (mut makes, mut names_environment, mut whole) = (false, false, None);
        let installs: Vec<(usize, Invocation<'b>)> = self
            .of_class(PartPurpose::Install)
            .flat_map(|(index, part)| part.invocations.iter().map(move |call| (index, call.clone())))
            .collect();
        for (index, part) in &installs {
            let folder = input.build.workdir(self.stage, *index).value().cloned().unwrap_or_else(|| "/".to_owned());
            let Some(call) = part.package_call() else {
                // `python setup.py develop`, `python -m spacy download`.
                let text: Vec<&str> = part.args.iter().map(Word::text).collect();
                refuse_if(text.iter().any(|word| word.ends_with("setup.py")), PythonBlocker::SetupPy)?;
                if text.contains(&"spacy") {
                    sees_base = true;
                    makes |= author.is_none();
                }
                continue;
            };
            let elsewhere = ["--target", "-t", "--prefix", "--root"];
            if matches!(call.manager, Manager::Pip | Manager::Uv) && call.has(&elsewhere) {
                return Err(PythonBlocker::CustomFolder);
            }
            let editable = call.inputs.iter().any(|input| input.kind == InputKind::Editable);
            match (call.manager, &*call.verb_text) {
                (Manager::Conda, _) => return Err(PythonBlocker::CondaImage),
                (Manager::Uv, "sync") => {
                    let venv = project_environment(input, self.stage, *index, &folder);
                    refuse_if(venv.starts_with("/usr"), PythonBlocker::BasePython)?;
                    add(&mut venvs, venv);
                }
                (Manager::Pdm, _) => add(&mut venvs, path::join(&folder, ".venv")),
                (Manager::Poetry | Manager::Pipenv, _) if author.is_none() => (makes, names_environment) = (true, true),
                _ if author.is_none() => makes = true,
                _ => {}
            }
            if editable && matches!(call.manager, Manager::Pip | Manager::Uv | Manager::Pipenv) {
                whole = Some(folder);
            }
        }
        venvs.extend(author);
        if makes {
            add(&mut venvs, VENV.to_owned());
        }
        (self.venvs, self.makes, self.names_environment, self.whole) = (venvs, makes, names_environment, whole);
        self.sees_base = sees_base && makes;
        let uses_own_pip = makes && (version::pip_is_old(input.build, self.stage) || self.old_poetry());
        self.pip = if uses_own_pip { Pip::Own } else { Pip::Bases };
        Ok(())
    }

    /// Whether Poetry before 1.2 is installed, which takes an environment without pip for a broken one.
    fn old_poetry(&self) -> bool {
        let calls = self.runs.values().flatten().flatten().flat_map(|part| &part.invocations);
        calls.filter_map(Invocation::package_call).flat_map(|call| call.packages).any(|package| {
            let old = |version: &str| ["0.", "1.0", "1.1"].iter().any(|old| version.starts_with(old));
            package.name.text == "poetry" && package.version.is_some_and(|version| old(version.value.text))
        })
    }

    /// The environment that the original makes itself.
    fn authors_venv(&self, input: &PassInput) -> Option<String> {
        let (index, part) = self.of_class(PartPurpose::Venv).next()?;
        // Official Python images work in `/`.
        let workdir = input.build.workdir(self.stage, index).value().cloned().unwrap_or_default();
        let call = part.invocations.last()?;
        let operand = call.args.iter().rev().find(|word| !word.text().starts_with('-'));
        let name = operand.map(Word::text).filter(|text| !matches!(*text, "venv" | "virtualenv")).unwrap_or(".venv");
        let name = input.build.scopes().expand(self.stage.index, index, name)?;
        Some(path::join(&workdir, &name))
    }

    /// What the container's own commands call.
    fn run_time(&mut self, input: &PassInput, target: &Stage) -> Result<(), PythonBlocker> {
        let base = if self.makes { evidence::bound_to_base(input, target) } else { None };
        if let Some(why) = base.or_else(|| launch::bound(input, target)) {
            return Err(why);
        }
        self.kept_tools = launch::tools_at_run_time(input, target);
        Ok(())
    }

    /// Whether the run-time stage would be smaller at all.
    fn gains(&self, input: &PassInput) -> bool {
        let StageBase::Image(image) = input.build.root_base(self.stage) else { return false };
        let full = !["slim", "alpine"].iter().any(|word| image.contains(word));
        let tools = self.of_class(PartPurpose::Tool).any(|(_, part)| {
            let heavy = |call: &Invocation| call.package_call().is_none_or(|call| call.packages.iter().any(is_heavy));
            part.invocations.iter().any(heavy)
        });
        let builds = self.of_class(PartPurpose::System).any(|(_, part)| super::system::builds(part));
        let copied = input.build.transfers(self.stage).iter().any(|transfer| is_tool_copy(transfer));
        full || tools || builds || (copied && self.kept_tools.is_empty())
    }
}

fn is_heavy(package: &crate::shell::Package) -> bool {
    !matches!(package.name.text, "pip" | "setuptools" | "wheel")
}

fn add(venvs: &mut Vec<String>, venv: String) {
    if !venvs.contains(&venv) {
        venvs.push(venv);
    }
}

/// The environment of `uv sync`: `UV_PROJECT_ENVIRONMENT`, else `.venv` in the project's folder.
fn project_environment(input: &PassInput, stage: &Stage, index: usize, folder: &str) -> String {
    let set = input.build.known_value(stage, "UV_PROJECT_ENVIRONMENT", index);
    let name = set.unwrap_or_else(|| ".venv".to_owned());
    path::join(folder, &name)
}

/// Whether the base's Python may be older than 3.12: such images bring setuptools, which packages import undeclared.
fn python_below_3_12(input: &PassInput, stage: &Stage) -> bool {
    let StageBase::Image(image) = input.build.root_base(stage) else { return true };
    let tag = Reference::of(image).tag.unwrap_or_default();
    let version = tag.trim_start_matches("python").split('-').next().unwrap_or_default();
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(3)), Some(Ok(minor))) => minor < 12,
        // `latest`, `3`, `slim`: a current Python.
        (Some(Ok(3) | Err(_)), None) => false,
        _ => true,
    }
}

/// Whether a COPY brings a program that installs: `COPY --from=ghcr.io/astral-sh/uv /uv /bin/`.
pub(super) fn is_tool_copy(transfer: &Transfer) -> bool {
    let Some(StageBase::Image(image)) = &transfer.from else { return false };
    let tool = |text: &str| matches!(path::name(text), "uv" | "uvx" | "poetry" | "pdm");
    image.contains("astral-sh/uv") || transfer.sources.iter().all(|source| source.text.as_deref().is_some_and(tool))
}
