//! What the sources tell of the image: modules that nobody declares, programs that they start, browsers.

use crate::build::Stage;
use crate::dockerfile::Keyword;
use crate::optimize::scene::Scene;

/// What the program wants of the image beside its dependencies.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Wish {
    /// The sources import setuptools, `pkg_resources` or distutils.
    pub setuptools: bool,
    /// Something calls pip in the container.
    pub base_packages: bool,
}

/// Looks through sources and commands.
pub(super) fn wish(scene: &Scene, target: &Stage) -> Wish {
    let mut wish = Wish::default();
    let modules = ["pkg_resources", "setuptools", "distutils"];
    let words = modules.into_iter().chain(["\"-m\", \"pip\"", "-m pip install"]).collect::<Vec<_>>();
    for (path, text) in scene.evidence.perhaps_holding(&words) {
        let name = path.rsplit('/').next().unwrap_or(path);
        if is_source(name) && !name.starts_with("setup.") {
            wish.setuptools |= imports(text, &modules);
            wish.base_packages |= text.contains("\"-m\", \"pip\"") || text.contains("-m pip install");
        }
    }
    let scripts = scripts(scene, target).into_iter().map(|(_, text)| text.to_owned());
    for text in scripts.chain(commands(scene, target)) {
        wish.base_packages |= text.contains("pip install") || text.contains("pip3 install");
    }
    wish
}

/// The scripts that a container starts, and those that they start, by the names in their texts.
pub(super) fn scripts<'s>(scene: &Scene<'s>, target: &Stage) -> Vec<(&'s str, &'s str)> {
    let known: Vec<(&str, &str)> = scene
        .evidence
        .texts
        .iter()
        .filter(|(path, text)| is_script(path.rsplit('/').next().unwrap_or(path), text))
        .map(|(path, text)| (path.as_str(), text.as_str()))
        .take(MOST_SCRIPTS)
        .collect();
    let mut found: Vec<(&str, &str)> = Vec::new();
    let mut waiting = commands(scene, target);
    while let Some(text) = waiting.pop() {
        for (path, script) in &known {
            let name = path.rsplit('/').next().unwrap_or(path);
            if text.contains(name) && !found.iter().any(|(one, _)| one == path) {
                found.push((path, script));
                waiting.push((*script).to_owned());
            }
        }
    }
    found
}

/// Scripts that are looked at; no real project has more.
const MOST_SCRIPTS: usize = 100;

/// Python sources.
pub(super) fn is_source(name: &str) -> bool {
    name.ends_with(".py")
}

/// What a container runs beside Python sources: shell scripts, process lists, crontabs.
fn is_script(name: &str, text: &str) -> bool {
    let ends = [".sh", ".bash", ".conf", ".ini", ".cron", ".service"];
    let shell = text.lines().next().is_some_and(|line| line.starts_with("#!") && line.ends_with("sh"));
    shell || ends.iter().any(|end| name.ends_with(end)) || matches!(name, "Procfile" | "crontab")
}

/// Whether a source imports one of these modules at the beginning of a line.
pub(super) fn imports(text: &str, modules: &[&str]) -> bool {
    text.lines().any(|line| {
        let line = line.trim_start();
        let Some(rest) = line.strip_prefix("import ").or_else(|| line.strip_prefix("from ")) else { return false };
        let top = rest.split(|c: char| !(c.is_alphanumeric() || c == '_')).next().unwrap_or_default();
        modules.contains(&top)
    })
}

/// The texts that start things in a container: CMD, ENTRYPOINT, HEALTHCHECK, and compose's commands.
pub(super) fn commands(scene: &Scene, target: &Stage) -> Vec<String> {
    let started = [Keyword::Entrypoint, Keyword::Cmd, Keyword::Healthcheck].into_iter();
    let own = started.filter_map(|keyword| scene.build.last(target, keyword));
    let mut texts: Vec<String> = own.map(|(_, one)| scene.source().slice(one.span).to_owned()).collect();
    for service in &scene.evidence.services {
        texts.extend(service.command.clone());
        texts.extend(service.healthcheck.clone());
    }
    texts
}

/// A program of the base's Python that is called by its path: in the environment it stands elsewhere.
pub(super) fn absolute_program(scene: &Scene, target: &Stage) -> Option<&'static str> {
    let known = ["/usr/local/bin/", "/usr/local/lib/python", "/root/.local/bin/"];
    let programs = ["python", "gunicorn", "uvicorn", "celery", "flask", "uwsgi", "django-admin", "alembic", "3."];
    let calls = |text: &str| {
        known.into_iter().find(|path| {
            let mut rests = text.match_indices(path).map(|(at, _)| &text[at + path.len()..]);
            rests.any(|rest| programs.iter().any(|program| rest.starts_with(program)))
        })
    };
    let shebangs = scene.evidence.texts.iter().filter(|(_, text)| text.starts_with("#!"));
    let shebangs = shebangs.filter_map(|(_, text)| text.lines().next()).map(str::to_owned);
    let scripts = scripts(scene, target).into_iter().map(|(_, text)| text.to_owned());
    scripts.chain(commands(scene, target)).chain(shebangs).find_map(|text| calls(&text))
}
