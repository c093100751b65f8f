//! What the sources tell of the image: modules that nobody declares, programs that they start, browsers.

use super::stage_blocker::PythonBlocker;
use crate::build::Stage;
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, FileKind};
use crate::optimize::pass_input::PassInput;
use crate::shell::program::{Kind, Language, Program};
use crate::text::path;

/// What the program wants of the image beside its dependencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(in crate::optimize) struct Wish {
    /// The sources import setuptools, `pkg_resources` or distutils.
    pub setuptools: bool,
    /// Something calls pip in the container.
    pub base_packages: bool,
}

/// Looks through sources and commands.
pub(in crate::optimize) fn wish(input: &PassInput, target: &Stage) -> Wish {
    let mut wish = Wish::default();
    let modules = ["pkg_resources", "setuptools", "distutils"];
    let words = modules.into_iter().chain(["\"-m\", \"pip\"", "-m pip install"]).collect::<Vec<_>>();
    for (path, text) in input.evidence.perhaps_holding(&words) {
        let name = path::name(path);
        if is_source(name) && !name.starts_with("setup.") {
            wish.setuptools |= imports(text, &modules);
            wish.base_packages |= text.contains("\"-m\", \"pip\"") || text.contains("-m pip install");
        }
    }
    let scripts = scripts(input, target).into_iter().map(|(_, text)| text.to_owned());
    for text in scripts.chain(commands(input, target)) {
        wish.base_packages |= text.contains("pip install") || text.contains("pip3 install");
    }
    wish
}

/// The scripts that a container starts, and those that they start, by the names in their texts.
pub(in crate::optimize) fn scripts<'s>(input: &PassInput<'s>, target: &Stage) -> Vec<(&'s str, &'s str)> {
    let known: Vec<(&str, &str)> = input
        .evidence
        .texts
        .iter()
        .filter(|(path, text)| is_script(path::name(path), text))
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .take(MOST_SCRIPTS)
        .collect();
    let mut texts: Vec<(&str, &str)> = Vec::new();
    let mut waiting = commands(input, target);
    while let Some(text) = waiting.pop() {
        for (path, script) in &known {
            let name = path::name(path);
            if text.contains(name) && !texts.iter().any(|(known_path, _)| known_path == path) {
                texts.push((path, script));
                waiting.push((*script).to_owned());
            }
        }
    }
    texts
}

/// Scripts that are looked at; no real project has more.
const MOST_SCRIPTS: usize = 100;

/// Python sources.
pub(in crate::optimize) fn is_source(name: &str) -> bool {
    FileKind::of(name).is_source_of(Ecosystem::Python)
}

/// What a container runs beside Python sources: shell scripts, process lists, crontabs.
fn is_script(name: &str, text: &str) -> bool {
    let shell = text.lines().next().is_some_and(|line| line.starts_with("#!") && line.ends_with("sh"));
    shell || FileKind::of(name).starts_processes()
}

/// Whether a source imports one of these modules at the beginning of a line.
pub(in crate::optimize) fn imports(text: &str, modules: &[&str]) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let Some(rest) = line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")) else { return false };
        let top = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        modules.contains(&top)
    })
}

/// The texts that start things in a container: CMD, ENTRYPOINT, HEALTHCHECK, and compose's commands.
pub(in crate::optimize) fn commands(input: &PassInput, target: &Stage) -> Vec<String> {
    let starts = input.last_of(target, &[Keyword::Entrypoint, Keyword::Cmd, Keyword::Healthcheck]);
    let mut texts: Vec<String> = starts.iter().map(|(_, start)| input.source().slice(start.span).to_owned()).collect();
    for service in &input.evidence.services {
        texts.extend(service.command.clone());
        texts.extend(service.healthcheck.clone());
    }
    texts
}

/// Why something in the container runs the base's Python, and would miss what an environment elsewhere holds.
pub(in crate::optimize) fn bound_to_base(input: &PassInput, target: &Stage) -> Option<PythonBlocker> {
    let shebangs = input.evidence.texts.iter().filter(|(_, text)| text.starts_with("#!"));
    let shebangs = shebangs.filter_map(|(_, text)| text.lines().next()).map(str::to_owned);
    let scripts = scripts(input, target).into_iter().map(|(_, text)| text.to_owned());
    // supervisord reads its programs from wherever its configuration was put.
    let supervised = input.evidence.holding(&["[program:"]).map(|(_, text)| text.clone());
    let started: Vec<String> =
        scripts.chain(commands(input, target)).chain(crontabs(input)).chain(supervised).collect();
    if let Some(path) = started.iter().cloned().chain(shebangs).find_map(|text| absolute_program(&text)) {
        return Some(PythonBlocker::CalledByPath { path: path.to_string() });
    }
    let sets_path_of_python = started.iter().any(|text| sets_path(text) && text.contains("python"));
    sets_path_of_python.then_some(PythonBlocker::CustomPath)
}

/// A program of the base's Python that a text calls by its path: in the environment it stands elsewhere.
fn absolute_program(text: &str) -> Option<&'static str> {
    let is_own = |rest: &str| {
        let name = rest.split(|c: char| !(c.is_ascii_alphanumeric() || "-_.".contains(c))).next().unwrap_or_default();
        let program = Program::of(name);
        program.is(Kind::PipScript) || program.language == Some(Language::Python)
    };
    let known = ["/usr/local/bin/", "/root/.local/bin/", "/usr/local/lib/python"];
    known.into_iter().find(|path| {
        text.match_indices(path).any(|(at, _)| path.ends_with("python") || is_own(&text[at + path.len()..]))
    })
}

/// Whether a text sets a PATH that keeps nothing of the image's and has the folder of the base's Python.
fn sets_path(text: &str) -> bool {
    text.lines().any(|line| {
        line.match_indices("PATH=").any(|(at, name)| {
            let whole = !line[..at].ends_with(|c: char| c.is_ascii_alphanumeric() || c == '_');
            let value = line[at + name.len()..].split([' ', ',', ';', '&']).next().unwrap_or_default();
            whole && value.contains("/usr/local/bin") && !value.contains("$PATH") && !value.contains("${PATH")
        })
    })
}

/// What cron is told: files named for it or by a step that names it, and such steps. Cron hands no ENV on.
fn crontabs(input: &PassInput) -> Vec<String> {
    let steps = input.file().instructions().iter();
    let steps = steps.filter(|step| matches!(step.keyword, Keyword::Run | Keyword::Copy | Keyword::Add));
    let steps: Vec<&str> = steps.map(|step| input.source().slice(step.span)).filter(|text| tells_cron(text)).collect();
    let files = input.evidence.texts.iter().filter(|(path, _)| {
        let name = path::name(path);
        !is_source(name) && (name.contains("cron") || steps.iter().any(|step| step.contains(name)))
    });
    // What the copy to cron's folder says of itself is a path.
    let runs = steps.iter().filter(|step| step.contains("python")).map(|step| (*step).to_owned());
    files.map(|(_, text)| text.clone()).chain(runs).collect()
}

fn tells_cron(step: &str) -> bool {
    step.contains("/etc/cron") || step.contains("/var/spool/cron") || step.contains("crontab")
}
