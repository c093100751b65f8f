//! Whether uv uses the Python of the base image, or downloads another one to a folder that is not copied.

use crate::build::{Build, FoundVariable, Reference, Stage, StageBase, installed};
use crate::manifest::{Ecosystem, LanguageVersion};
use crate::optimize::languages::python::stage_blocker::PythonBlocker;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Manager};

/// Why uv fetches a Python in one of a stage's RUNs; `None` where it takes the base's.
pub(super) fn reason_for_fetched_python(input: &PassInput, stage: &Stage) -> Option<PythonBlocker> {
    let build = input.build;
    stage.instructions.clone().find_map(|index| {
        let code = build.code(index)?;
        code.script.invocations().iter().find_map(|invocation| fetched_by(input, stage, index, invocation))
    })
}

fn fetched_by(input: &PassInput, stage: &Stage, index: usize, invocation: &Invocation) -> Option<PythonBlocker> {
    let build = input.build;
    let call = invocation.package_call().filter(|call| call.manager == Manager::Uv)?;
    if call.verb_text == "python install" {
        return Some(PythonBlocker::InstallsPython);
    }
    let variable = |name: &str| build.run_variable(stage, index, invocation, name).and_then(FoundVariable::text);
    let never = variable("UV_PYTHON_DOWNLOADS")
        .is_some_and(|text| matches!(&*text, "never" | "0" | "false" | "manual"))
        || variable("UV_PYTHON_PREFERENCE").is_some_and(|text| text == "only-system")
        || installed::is_set(build, (stage, index), invocation, &["UV_NO_MANAGED_PYTHON"])
        || call.has(&["--no-python-downloads", "--no-managed-python", "--system"]);
    if never || !matches!(&*call.verb_text, "sync" | "venv") {
        return None;
    }
    let python_version = base_version(build, stage)?;
    let option = invocation.args.iter().position(|word| matches!(word.text(), "--python" | "-p"));
    let option = option.and_then(|at| invocation.args.get(at + 1)).map(|word| word.text().to_owned());
    let joined_option =
        || invocation.args.iter().find_map(|word| Some(word.text().strip_prefix("--python=")?.to_owned()));
    let requested = match option.or_else(joined_option).or_else(|| variable("UV_PYTHON")) {
        Some(version) => (!is_named(&version, &python_version)).then_some(version),
        None => unfit(input, (stage, index), invocation, &python_version),
    }?;
    let python_version = if python_version.is_empty() { "no Python".to_owned() } else { python_version.join(".") };
    Some(PythonBlocker::FetchesPython { requested: requested.clone(), of_base: python_version.clone() })
}

/// What the project asks for and the base does not have: the first line of a file of versions, or else the manifest.
fn unfit(
    input: &PassInput,
    place: (&Stage, usize),
    invocation: &Invocation,
    python_version: &[String],
) -> Option<String> {
    let folder = installed::folder_of(input.build, place, invocation)?;
    let projects = input.projects_of(Ecosystem::Python);
    let is_present = |version: &&LanguageVersion| installed::is_at(input.build, place, &version.path, &folder);
    let versions: Vec<&LanguageVersion> = projects.flat_map(|project| &project.language).filter(is_present).collect();
    let is_file = |version: &&LanguageVersion| version.path.ends_with(".python-version");
    if let Some(file) = versions.iter().copied().find(is_file) {
        return (!is_named(&file.requirement, python_version)).then(|| file.requirement.clone());
    }
    let wanted = versions.iter().find(|version| version.path.ends_with("pyproject.toml"));
    if python_version.is_empty() {
        return Some(wanted.map_or_else(|| "3".to_owned(), |version| version.requirement.clone()));
    }
    wanted.filter(|version| !fits(&version.requirement, python_version)).map(|version| version.requirement.clone())
}

/// The numbers of the base's Python, as far as its tag tells; empty where it brings none. `None` where nothing is known.
fn base_version(build: &Build, stage: &Stage) -> Option<Vec<String>> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or_default();
    let version = if reference.name.ends_with("astral-sh/uv") {
        let part = tag.split('-').find_map(|part| part.strip_prefix("python"));
        let Some(part) = part else { return Some(Vec::new()) };
        part
    } else {
        tag.split('-').next()?
    };
    let parts: Vec<String> = version.split('.').map(str::to_owned).collect();
    let plain = parts.iter().all(|part| part.parse::<u32>().is_ok());
    (plain && parts.len() > 1).then_some(parts)
}

/// Whether the base's pip is older than 22.3, which brought `--python`: in the last images of these patch releases.
pub(super) fn pip_is_old(build: &Build, stage: &Stage) -> bool {
    let number = |parts: &[String], at: usize| parts.get(at).and_then(|part| part.parse::<u32>().ok());
    base_version(build, stage).is_some_and(|parts| match (number(&parts, 0), number(&parts, 1), number(&parts, 2)) {
        (Some(3), Some(..=6), _) => true,
        (Some(3), Some(7..=9), Some(patch)) => patch < 16,
        (Some(3), Some(10), Some(patch)) => patch < 9,
        _ => false,
    })
}

/// Whether a request names the base's Python: `3.13`, `cpython-3.13`, a path.
fn is_named(request: &str, python_version: &[String]) -> bool {
    let version = request.trim().trim_start_matches(|c: char| !c.is_ascii_digit());
    if request.contains('/') || version.is_empty() {
        return true;
    }
    if request.starts_with(['<', '>', '=', '~', '!']) {
        return fits(request, python_version);
    }
    let requested_parts: Vec<&str> = version.split('.').collect();
    requested_parts.len() <= python_version.len()
        && requested_parts.iter().zip(python_version).all(|(part, own_part)| part == own_part)
}

/// Whether a Python fits a list such as `>=3.12,<3.14`, as far as minor versions tell.
fn fits(list: &str, python_version: &[String]) -> bool {
    let minor = |parts: &[&str]| -> Option<(u32, u32)> {
        Some((parts.first()?.parse().ok()?, parts.get(1).map_or(Some(0), |text| text.parse().ok())?))
    };
    let texts: Vec<&str> = python_version.iter().map(String::as_str).collect();
    let Some(python_version) = minor(&texts) else { return true };
    list.split(',').map(str::trim).all(|clause| {
        let version = clause.trim_start_matches(['<', '>', '=', '~', '!', ' ']);
        let parts: Vec<&str> = version.trim_end_matches(".*").split('.').collect();
        let Some(requested_minor) = minor(&parts) else { return true };
        let patch = parts.get(2).is_some_and(|text| *text != "0");
        match clause[..clause.len() - version.len()].trim() {
            ">=" | ">" => python_version >= requested_minor,
            "<" => python_version < requested_minor || (patch && python_version == requested_minor),
            "<=" => python_version <= requested_minor,
            "==" | "===" if parts.len() == 1 => python_version.0 == requested_minor.0,
            "==" | "===" => python_version == requested_minor,
            "~=" if patch || parts.len() > 2 => python_version == requested_minor,
            "~=" => python_version >= requested_minor && python_version.0 == requested_minor.0,
            _ => true,
        }
    })
}
