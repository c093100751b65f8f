//! See `rules/lock-file-unchecked.md`.

use super::Context;
use super::kept_cache::behind_verb;
use crate::build::installed::{self, is_set};
use crate::build::{Build, Run, Stage};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings};
use crate::manifest::Tool;
use crate::shell::{Invocation, LockUse, Manager, PackageCall, Verb};
use crate::text::{Span, listed, path};

super::rule!("lock-file-unchecked", check);

const WHY: &str = "it fails if the lock file does not match the manifest";

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().ordinary_runs() {
        let Run { build, stage, index, code, .. } = run;
        for invocation in code.script.invocations() {
            let place = (stage, index);
            let Some(call) = invocation.package_call().filter(|call| call.lock == Some(LockUse::Preferred)) else {
                continue;
            };
            // `uv sync $UV_OPTIONS`: the variable may contain the option that checks.
            if invocation.args.iter().any(|word| run.may_be_option(word)) {
                continue;
            }
            let Some((flag, help)) = find_cure(cx, place, &invocation, &call) else { continue };
            if !installed::has_lock(cx.build(), place, &invocation, &call) || installed::changes_manifest(build, stage)
            {
                continue;
            }
            let title = call.title();
            let span = code.place(&build.input().file, call.span);
            if let Some((message, first)) = outdated(build, place, &invocation, &call) {
                out.push(cx.finding(span, message).help(format!("{first}, then {help}")));
                break;
            }
            let message = format!("`{title}` silently resolves the versions again when the lock file is out of date");
            let finding = cx.finding(span, message).help(help);
            let at = flag.and_then(|flag| Some((flag, end_of_verb(cx, code, &call)?)));
            let plain = call.manager == Manager::Bundle && invocation.via.is_empty() && !code.is_exec();
            let start = || code.place(&build.input().file, Span::at(invocation.path.span.start));
            // With its current content, the lock file may make the build fail.
            let may_be_strict = fits(build, place, &invocation, &call);
            out.push(match at {
                Some((flag, at)) if may_be_strict => edited(finding, flag, at),
                _ if !may_be_strict => finding,
                _ if plain => finding.unsafe_edit("set `BUNDLE_FROZEN`", WHY, start(), "BUNDLE_FROZEN=true "),
                _ => finding,
            });
            break;
        }
    }
}

/// What is said of a lock file that does not fit its manifest now, and what is to be done first: an install that checks
/// it would fail.
fn outdated(
    build: &Build,
    place: (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<(String, String)> {
    let known = installed::of(build, place, invocation, call)?;
    let install = known.install?;
    let lock = path::name(install.lock.as_deref()?);
    let first = format!("bring `{lock}` up to date");
    let missing = known.project.missing_in_lock(install);
    if !missing.is_empty() {
        let title = call.title();
        let message = format!("`{title}` resolves the versions again, as `{lock}` lacks {}", listed(&missing));
        return Some((message, first));
    }
    let is_read = install.locked.as_ref().is_some_and(|locked| !locked.packages.is_empty());
    (is_read && call.manager == Manager::Uv && known.project.is_in_sync(install) == Some(false)).then(|| {
        let title = call.title();
        let message = format!("`{title}` resolves the versions again, as `{lock}` was written for other dependencies");
        (message, first)
    })
}

/// Whether nothing in the context shows that an install that checks the lock file would fail: it is known to list
/// packages if the manifest names any, for the image's platform, and it was not written for other dependencies.
fn fits(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> bool {
    let Some(known) = installed::of(build, place, invocation, call) else { return true };
    let Some(install) = known.install else { return true };
    let locked = install.locked.as_ref();
    let is_empty = locked.is_none_or(|locked| locked.packages.is_empty());
    let is_for_images = locked.is_none_or(|locked| !locked.for_other_systems);
    let lists_packages = !is_empty || known.project.dependencies.is_empty();
    is_for_images && lists_packages && known.project.is_in_sync(install) != Some(false)
}

fn edited(finding: Finding, flag: &str, at: u32) -> Finding {
    finding.unsafe_edit(format!("add `{flag}`"), WHY, Span::at(at), format!(" {flag}"))
}

/// After the verb; `yarn` alone has none.
fn end_of_verb(cx: &Context, code: &crate::build::Code, call: &PackageCall) -> Option<u32> {
    if !call.verb_text.is_empty() {
        return behind_verb(cx, code, call);
    }
    let span = code.place(&cx.build().input().file, call.verb_span);
    (!code.is_exec() && cx.source().slice(span) == call.program).then_some(span.end)
}

/// The option that makes the package manager fail instead, if there is one, and what to do. `None` if it fails already.
fn find_cure(
    cx: &Context,
    place: (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<(Option<&'static str>, String)> {
    let build = cx.build();
    let has_variable = |names: &[&str]| is_set(build, place, invocation, names);
    let add = |flag: &'static str| Some((Some(flag), format!("add `{flag}`")));
    match call.manager {
        Manager::Yarn if call.has(&["--offline", "--pure-lockfile"]) || call.verb_text == "workspaces focus" => None,
        Manager::Yarn => match yarn(cx) {
            Some(Tool::YarnBerry) if has_variable(&["CI", "YARN_ENABLE_IMMUTABLE_INSTALLS"]) => None,
            Some(Tool::YarnBerry) => add("--immutable"),
            Some(_) => add("--frozen-lockfile"),
            None => Some((None, "add `--frozen-lockfile` (yarn 1) or `--immutable` (yarn 2 and later)".into())),
        },
        Manager::Pnpm if has_variable(&["CI", "npm_config_frozen_lockfile", "NPM_CONFIG_FROZEN_LOCKFILE"]) => None,
        Manager::Pnpm if call.has(&["--offline", "--no-frozen-lockfile"]) || call.verb_text == "deploy" => None,
        Manager::Pnpm | Manager::Bun | Manager::Pdm => add("--frozen-lockfile"),
        Manager::Uv if has_variable(&["UV_FROZEN", "UV_LOCKED"]) || call.has(&["--upgrade", "-U", "--script"]) => None,
        Manager::Pipenv => add("--deploy"),
        Manager::Cargo
            if !matches!(&*call.verb_text, "build" | "b" | "fetch" | "zigbuild") || call.has(&["--offline"]) =>
        {
            None
        }
        Manager::Uv | Manager::Cargo => add("--locked"),
        Manager::Bundle if has_variable(&["BUNDLE_FROZEN", "BUNDLE_DEPLOYMENT"]) || is_configured(cx) => None,
        Manager::Bundle if call.verb == Verb::Install && !call.has(&["--local"]) => {
            if is_for_other_systems(build, place, invocation, call) {
                let first = "run `bundle lock --add-platform x86_64-linux`, because Gemfile.lock does not list the image's platform";
                return Some((None, format!("{first}; then set `BUNDLE_FROZEN=1` or `BUNDLE_DEPLOYMENT=1`")));
            }
            Some((None, "set `BUNDLE_FROZEN=1` or `BUNDLE_DEPLOYMENT=1`".into()))
        }
        _ => None,
    }
}

/// Whether a frozen install would fail because of the platforms that the lock file lists.
fn is_for_other_systems(build: &Build, place: (&Stage, usize), invocation: &Invocation, call: &PackageCall) -> bool {
    let install = installed::of(build, place, invocation, call).and_then(|install| install.install);
    install.and_then(|install| install.locked.as_ref()).is_some_and(|locked| locked.for_other_systems)
}

/// Which version of yarn, according to the lock files in the context.
fn yarn(cx: &Context) -> Option<Tool> {
    let mut tools = cx.projects()?.iter().flat_map(|project| &project.installs).map(|install| install.tool);
    let mut only_tool = None;
    while let Some(tool) = tools.find(|tool| matches!(tool, Tool::YarnClassic | Tool::YarnBerry)) {
        if only_tool.is_some_and(|other| other != tool) {
            return None;
        }
        only_tool = Some(tool);
    }
    only_tool
}

/// `bundle config set frozen true`, `bundle config --global deployment 1`
fn is_configured(cx: &Context) -> bool {
    let file = &cx.build().input().file;
    let mut runs = file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Run | Keyword::Copy));
    runs.any(|run| {
        let text = file.logical(run.text);
        (text.contains("config") && (text.contains("frozen") || text.contains("deployment")))
            || text.contains(".bundle")
    })
}
