//! See `rules/dev-dependencies-kept.md`.

mod start;

use std::collections::BTreeSet;

use super::Context;
use super::kept_cache::behind_verb;
use crate::build::installed::{self, is_set};
use crate::build::{Build, DownloadSize, Lookup, Stage, StageBase, VariableValue, service};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::manifest::DependencyScope;
use crate::shell::program::Program;
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::{Span, path};

super::rule!("dev-dependencies-kept", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if !build.is_ordinary() {
        return;
    }
    let Some(target) = build.target().filter(|target| service::is_service(build, target)) else { return };
    let ends = std::iter::once(target).chain(environments(build, target));
    for (end, stage) in ends.flat_map(|end| build.chain(end).map(move |stage| (end, stage))) {
        for (index, _) in build.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run) {
            let Some(code) = build.code(index).filter(|code| code.is_ordinary()) else { continue };
            let invocations = code.script.invocations();
            for (at, invocation) in invocations.iter().enumerate() {
                let Some(call) = invocation.package_call() else { continue };
                let place = (stage, index);
                let Some((flag, help)) = leave_out(build, place, invocation, &call) else { continue };
                let Some(project) = installed::of(cx.build(), place, invocation, &call) else { continue };
                let dev: Vec<&str> = project
                    .project
                    .dependencies
                    .iter()
                    .filter(|dependency| dependency.scope == DependencyScope::Dev)
                    .map(|dependency| dependency.name.as_str())
                    .collect();
                let used = invocations[at + 1..].iter().any(|invocation| !is_harmless(invocation))
                    || is_used_below(build, end, place)
                    || start::may_need_dev(build, target, project.project)
                    || build.input().options.run.is_for_development;
                let [first, ..] = dev.as_slice() else { continue };
                if used {
                    continue;
                }
                let others = match dev.len() {
                    1 => String::new(),
                    2 => format!(" and `{}`", dev[1]),
                    count => format!(" and {} others", count - 1),
                };
                let message = format!("`{}` also installs dev dependencies: `{first}`{others}", call.title());
                let span = code.place(&build.input().file, call.span);
                let loads_by_mode = call.manager == Manager::Composer && loads_dev_by_mode(cx, target);
                let help = if loads_by_mode {
                    format!("{help}, and set `APP_ENV=prod`: `{BUNDLES}` loads bundles by it")
                } else {
                    help
                };
                let finding = priced(&project, cx.finding(span, message).help(help));
                let why = "the container no longer starts if it needs one of them";
                out.push(match behind_verb(cx, code, &call) {
                    Some(at) if !flag.is_empty() && !loads_by_mode => {
                        finding.unsafe_edit(format!("add `{flag}`"), why, Span::at(at), format!(" {flag}"))
                    }
                    _ => finding,
                });
            }
        }
    }
}

/// Where Symfony lists what it loads in which mode.
const BUNDLES: &str = "config/bundles.php";

/// Whether the program of a stage loads packages for development unless a variable says otherwise, and none does.
fn loads_dev_by_mode(cx: &Context, target: &Stage) -> bool {
    let mode = cx.build().scopes().lookup(target.index, "APP_ENV", usize::MAX);
    let is_production = match mode {
        Lookup::Defined(variable) => {
            let VariableValue::Known(text) = &variable.value else { return true };
            let modes = data::MODE_VARIABLES.row("APP_ENV").map_or("", |row| row[1]);
            !text.is_empty() && data::words(modes).all(|mode| mode != &**text)
        }
        _ => false,
    };
    !is_production && cx.context().is_some_and(|context| context.find(BUNDLES).is_some())
}

/// Adds the price: the packages of the lock file that are only for development.
fn priced(project: &installed::InstalledProject, finding: Finding) -> Finding {
    let locked = project.install.and_then(|install| Some((install.lock.as_deref()?, install.locked.as_ref()?)));
    let sizes = locked.and_then(|(file, locked)| {
        let dev = locked.packages.iter().filter(|(_, package)| package.dev_only == Some(true));
        let names: Vec<&str> = dev.map(|(name, _)| name.as_str()).collect();
        let bytes = DownloadSize::sum(project.project.ecosystem, names.iter().copied())?;
        (!names.is_empty()).then_some((file, names.len(), bytes))
    });
    let Some((file, count, (archives, disk))) = sizes else {
        let evidence = "the manifest lists them, and no later step uses them";
        return finding.costs(Impact::unknown(ImpactKind::PullBytes, evidence));
    };
    let date = DownloadSize::date(project.project.ecosystem);
    let evidence =
        format!("{count} packages in `{file}` are dev dependencies; sizes of the registry's archives on {date}");
    finding.costs(Impact::typical(ImpactKind::DiskBytes, disk, &*evidence)).costs(Impact::typical(
        ImpactKind::PullBytes,
        archives,
        evidence,
    ))
}

/// The option that excludes dev dependencies (empty if only a setting does), and the help text. `None` if they are already
/// excluded, or if the call installs no dependencies.
fn leave_out(
    build: &Build,
    place: (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<(&'static str, String)> {
    if call.verb != Verb::Install || !call.is_from_manifest() || !call.packages.is_empty() {
        return None;
    }
    // A member of a workspace has its own groups.
    if call.says("member") {
        return None;
    }
    let has_variable = |names: &[&str]| is_set(build, place, invocation, names);
    let node = || {
        let production = build.run_variable(place.0, place.1, invocation, "NODE_ENV");
        production.is_some_and(|value| value.text().is_none_or(|value| value == "production"))
            || has_variable(&["NPM_CONFIG_OMIT", "npm_config_omit", "NPM_CONFIG_PRODUCTION", "npm_config_production"])
    };
    let add = |flag: &'static str| Some((flag, format!("add `{flag}`")));
    match call.manager {
        _ if call.says("production") || call.says("berry") => None,
        Manager::Npm if node() || call.says("global") => None,
        Manager::Npm => add("--omit=dev"),
        Manager::Yarn | Manager::Pnpm | Manager::Bun if node() => None,
        Manager::Yarn if call.verb_text == "workspaces focus" => None,
        Manager::Yarn | Manager::Bun => add("--production"),
        Manager::Uv if call.verb_text != "sync" || has_variable(&["UV_NO_DEV", "UV_NO_DEFAULT_GROUPS"]) => None,
        Manager::Poetry => add("--only main"),
        Manager::Pnpm | Manager::Pdm => add("--prod"),
        Manager::Composer if has_variable(&["COMPOSER_NO_DEV"]) => None,
        Manager::Uv | Manager::Composer => add("--no-dev"),
        Manager::Bundle if has_variable(&["BUNDLE_WITHOUT", "BUNDLE_ONLY"]) => None,
        Manager::Bundle if mentions(build, "without") => None,
        Manager::Bundle => Some(("", "set `BUNDLE_WITHOUT=development:test`".into())),
        _ => None,
    }
}

fn mentions(build: &Build, word: &str) -> bool {
    let file = &build.input().file;
    file.instructions()
        .iter()
        .any(|instruction| instruction.keyword == Keyword::Run && file.logical(instruction.text).contains(word))
}

/// Stages whose virtual environment is copied into the final image.
fn environments<'b>(build: &'b Build, target: &Stage) -> impl Iterator<Item = &'b Stage> {
    let environment = |text: &str| matches!(path::name(text), ".venv" | "venv" | "env");
    let copied: BTreeSet<usize> = build
        .transfers(target)
        .iter()
        .filter(|transfer| transfer.sources.iter().filter_map(|source| source.text.as_deref()).any(environment))
        .filter_map(|transfer| match transfer.from {
            Some(StageBase::Stage(index)) => Some(index),
            _ => None,
        })
        .collect();
    build.stages().iter().filter(move |stage| copied.contains(&stage.index))
}

/// Whether a later RUN may use the installed packages, in a stage that ships or whose environment does.
fn is_used_below(build: &Build, end: &Stage, (stage, index): (&Stage, usize)) -> bool {
    build.chain(end).take_while(|below| below.index >= stage.index).any(|below| {
        build.instructions(below).any(|(at, instruction)| {
            let below_it = at > index && instruction.keyword == Keyword::Run;
            below_it
                && build
                    .code(at)
                    .is_none_or(|code| code.script.invocations().iter().any(|invocation| !is_harmless(invocation)))
        })
    })
}

/// Whether a program never needs a dev dependency, whatever its arguments are.
fn is_harmless(invocation: &Invocation) -> bool {
    // Python packages are built in isolated environments.
    let installs = |call: &PackageCall| {
        call.verb == Verb::Install
            && matches!(call.manager, Manager::Uv | Manager::Poetry | Manager::Pdm | Manager::Pip)
    };
    if let Some(call) = invocation.package_call() {
        let apart = call.manager.is_system() || call.manager == Manager::Corepack;
        return apart || call.verb == Verb::Clean || installs(&call);
    }
    invocation.program.is_some_and(|program| Program::of(program).keeps_to_arguments())
}
