//! See `rules/npm-install-beside-lock.md`.

use super::Context;
use crate::build::{Build, Code, Release, Stage, StageBase, releases};
use crate::build::{Run, installed};
use crate::finding::{FileEdit, Findings, Fix, Safety, Target};
use crate::shell::{Invocation, LockUse, Manager, PackageCall, Verb};
use crate::text::path;

super::rule!("npm-install-beside-lock", check);

fn check(cx: &Context, out: &mut Findings) {
    for Run { build, stage, index, code, .. } in cx.build().ordinary_runs() {
        for invocation in code.script.invocations() {
            let Some(call) = invocation.call_of(&[Manager::Npm]).filter(installs_all) else { continue };
            if lacks_ci(build, stage) || installed::changes_manifest(build, stage) {
                break;
            }
            let place = (stage, index);
            let Some(risk) = risk(cx, place, &invocation, &call) else { continue };
            let span = code.place(&build.input().file, call.span);
            let message = "`npm install` may change the lock file; `npm ci` follows it or fails";
            let mut finding = cx.finding(span, message).help("run `npm ci`");
            finding.fixes.extend(fix(cx, code, &call, risk));
            out.push(finding);
        }
    }
}

/// Whether the base is a Node.js whose npm does not support lock files: npm 5 came with Node.js 8.
fn lacks_ci(build: &Build, stage: &Stage) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    let major = |release: &Release| release.version.split('.').next().and_then(|major| major.parse::<u32>().ok());
    releases(image)
        .into_iter()
        .any(|release| release.product == "node" && major(release).is_some_and(|major| major < 8))
}

/// `npm install` without packages, in a project.
fn installs_all(call: &PackageCall) -> bool {
    call.manager == Manager::Npm
        && call.verb == Verb::Install
        && call.is_from_manifest()
        && call.lock != Some(LockUse::Required)
        && !["no-lock", "global", "simulates"].iter().any(|meaning| call.says(meaning))
}

/// Why `npm ci` might not do the same; empty if it does. `None` if there is no lock file.
fn risk(
    cx: &Context,
    (stage, index): (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<&'static str> {
    let build = cx.build();
    if cx.projects().is_none() || cx.context().is_none() {
        return names_lock(build, (stage, index)).then_some("it fails if the lock file does not match package.json");
    }
    let project = installed::of(cx.build(), (stage, index), invocation, call)?;
    if !project.has_lock {
        return None;
    }
    let install = project.install?;
    if project.project.is_in_sync(install) == Some(false) {
        return None;
    }
    if installed_before(build, (stage, index)) {
        return Some("it deletes what was installed before");
    }
    let simple = project.project.members.is_empty() && project.project.workspace.is_none();
    let known = project.project.is_in_sync(install) == Some(true) && simple;
    Some(if known { "" } else { "it fails if the lock file does not match package.json" })
}

/// Whether a COPY above names the lock file itself; a pattern may match nothing.
fn names_lock(build: &Build, (stage, index): (&Stage, usize)) -> bool {
    let is_lock = |text: &str| {
        let name = path::name(text);
        matches!(name, "package-lock.json" | "npm-shrinkwrap.json")
    };
    let above = build.transfers(stage).iter().filter(|transfer| transfer.from.is_none() && transfer.index < index);
    above.flat_map(|transfer| &transfer.sources).any(|source| source.text.as_deref().is_some_and(is_lock))
}

/// Whether packages that the manifest does not name were installed into the project.
fn installed_before(build: &Build, (stage, index): (&Stage, usize)) -> bool {
    for below in build.chain(stage) {
        for (at, _) in build.instructions(below).filter(|(at, _)| below.index != stage.index || *at <= index) {
            let Some(code) = build.code(at) else { continue };
            let named = |call: &PackageCall| {
                call.manager == Manager::Npm
                    && call.verb == Verb::Install
                    && !call.packages.is_empty()
                    && !call.has(&["-g", "--global"])
            };
            if code.has_package_call(named) {
                return true;
            }
        }
    }
    false
}

fn fix(cx: &Context, code: &Code, call: &PackageCall, risk: &'static str) -> Option<Fix> {
    let span = code.place(&cx.build().input().file, call.verb_span);
    let exact = cx.source().slice(span) == call.verb_text && !code.is_exec();
    let safety = if risk.is_empty() { Safety::Safe } else { Safety::Unsafe(risk.into()) };
    let edits = vec![FileEdit { target: Target::File(cx.file()), span, text: "ci".into() }];
    exact.then(|| Fix { title: "install from the lock file".into(), safety, edits })
}
