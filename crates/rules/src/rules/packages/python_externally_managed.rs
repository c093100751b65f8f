//! See `rules/python-externally-managed.md`.

use super::lock_files::is_certain;
use crate::build::{Build, Libc, Reference, Release, Run, Stage, StageBase, installed, libc, releases};
use crate::finding::Findings;
use crate::rules::Context;
use crate::rules::files::copied_programs::newest_node_version;
use crate::shell::{Invocation, Manager, PackageCall, Verb, Word};
use crate::sources::patterns;

crate::rules::rule!("python-externally-managed", check);

/// The first releases whose Python refuses pip: Debian 12, Ubuntu 23.04, Alpine 3.19; the tags of Node's images that are based on
/// such a release of Alpine.
const DEBIAN: u32 = 12;
const UBUNTU: u32 = 23;
const ALPINE: u32 = 19;
const NODE: u32 = 20;

/// Packages that bring the pip of a system.
const PIPS: [&str; 2] = ["python3-pip", "py3-pip"];

/// Meanings in `data/source_patterns.tsv`.
const ELSEWHERE: &str = "option of pip that installs outside of the system's folders, or whatever the system says";
const OTHER_PYTHON: &str = "text of a step with a Python of its own, or one that takes packages";
const ENVIRONMENT: &str = "variable that makes pip install elsewhere, or whatever the system says";
const PYTHON_IMAGE: &str = "part of the name of an image that brings a Python of its own";
const ACTIVATION: &str = "text of a script that makes pip install elsewhere";

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for Run { stage, index, code, .. } in build.ordinary_runs() {
        let invocations = code.script.invocations();
        let calls = invocations.iter().filter_map(|invocation| Some((invocation, invocation.package_call()?)));
        let mut calls = calls.filter(|(invocation, call)| installs_into_system(invocation, call));
        let call = calls.find(|(invocation, _)| !has_environment(build, (stage, index), invocation));
        let Some((_, call)) = call else { continue };
        let StageBase::Image(image) = build.root_base(stage) else { continue };
        let Some(system) = managed_system(build, stage, image) else { continue };
        if !has_system_pip(build, stage, index) {
            continue;
        }
        let message = format!(
            "`{}` fails with externally-managed-environment: the Python of {system} takes packages from the system alone",
            call.title()
        );
        let help = "install into a virtual environment: `RUN python3 -m venv /opt/venv` and `ENV PATH=/opt/venv/bin:$PATH` above this step";
        out.push(cx.finding(code.place(&build.input().file, call.span), message).help(help));
        return;
    }
}

/// The system of an image whose Python refuses pip.
fn managed_system(build: &Build, stage: &Stage, image: &str) -> Option<String> {
    // A Python of its own comes first in PATH, and nothing marks it.
    if brings_python(image) {
        return None;
    }
    match libc(image)? {
        Libc::Glibc(release) => {
            let from_tag = releases(image).into_iter().find(|release| matches!(release.product, "debian" | "ubuntu"));
            let release = from_tag.copied().or(release)?;
            let first = if release.product == "ubuntu" { UBUNTU } else { DEBIAN };
            (release.number()? >= first).then(|| release.title())
        }
        Libc::Musl => {
            let release = releases(image).into_iter().find(|release| release.product == "alpine");
            let Some(release) = release else {
                // A tag with a minor version may be older than the release of Alpine.
                let tag = Reference::of(image).tag.unwrap_or_default();
                let has_minor = tag.split('-').next().is_some_and(|version| version.contains('.'));
                let is_new = !has_minor && newest_node_version(build, stage).is_some_and(|version| version >= NODE);
                return (Reference::of(image).short_name() == "alpine" || is_new).then(|| "Alpine".to_owned());
            };
            let minor: u32 = release.version.split('.').nth(1)?.parse().ok()?;
            (minor >= ALPINE).then(|| release.title())
        }
        Libc::None => None,
    }
}

/// Whether an image has a Python that is not that of its system.
fn brings_python(image: &str) -> bool {
    let is_python = |release: &&Release| release.product == "python";
    let name = Reference::of(image).name.to_ascii_lowercase();
    releases(image).iter().any(is_python) || patterns::shows(&name, PYTHON_IMAGE)
}

/// Whether a step up to this one installs the system's pip, and none makes it take packages.
fn has_system_pip(build: &Build, stage: &Stage, index: usize) -> bool {
    let mut has_pip = false;
    for below in build.chain(stage) {
        for run in build.own_runs(below).filter(|run| below.index != stage.index || run.index <= index) {
            let text = run.code.text().unwrap_or_default();
            // A Python of its own, or one that is told to take packages.
            if patterns::shows(text, OTHER_PYTHON) {
                return false;
            }
            let calls = run.invocations();
            let mut calls = calls.iter().filter_map(Invocation::package_call);
            has_pip |= calls.any(|call| call.packages.iter().any(|package| PIPS.contains(&package.name.text)));
        }
        if build.transfers(below).iter().any(|transfer| transfer.from.is_some()) {
            return false;
        }
    }
    has_pip
}

/// Whether a command is an install of the pip that is found first.
fn installs_into_system(invocation: &Invocation, call: &PackageCall) -> bool {
    let is_plain = !invocation.path.text().contains('/') && !invocation.path.is_dynamic();
    let is_elsewhere =
        |word: &Word| patterns::words(ELSEWHERE).any(|option| word.text().split('=').next() == Some(option));
    call.manager == Manager::Pip
        && call.verb == Verb::Install
        && is_plain
        && is_certain(invocation)
        && !invocation.args.iter().any(|word| is_elsewhere(word) || word.is_dynamic())
}

/// Whether an environment is active, or pip is allowed to.
fn has_environment(build: &Build, (stage, at): (&Stage, usize), invocation: &Invocation) -> bool {
    let names: Vec<&str> = patterns::words(ENVIRONMENT).collect();
    let script = build.code(at).and_then(|code| code.text().map(str::to_owned)).unwrap_or_default();
    installed::is_set(build, (stage, at), invocation, &names)
        || build.run_variable(stage, at, invocation, "PATH").is_some()
        || patterns::shows(&script, ACTIVATION)
}
