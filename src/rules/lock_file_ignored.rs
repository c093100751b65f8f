//! See `rules/lock-file-ignored.md`.

use super::Context;
use super::kept_cache::behind_verb;
use crate::build::{Code, Stage};
use crate::build::{Run, installed};
use crate::finding::{Finding, Findings};
use crate::shell::{InputKind, Invocation, LockUse, Manager, PackageCall, PackageSource, Verb};
use crate::text::Span;

super::rule!("lock-file-ignored", check);

fn check(cx: &Context, out: &mut Findings) {
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call() else { continue };
            let place = (stage, index);
            let finding = left_behind(cx, place, code, (&invocation, &call))
                .or_else(|| overridden(cx, place, code, (&invocation, &call)));
            if let Some(finding) = finding {
                out.push(finding);
            }
        }
    }
}

type Called<'c, 's> = (&'c Invocation<'s>, &'c PackageCall<'s>);

/// The manifest is copied, but the lock file next to it is not.
fn left_behind(cx: &Context, place: (&Stage, usize), code: &Code, (invocation, call): Called) -> Option<Finding> {
    let reads = call.lock == Some(LockUse::Preferred) && matches!(call.verb, Verb::Install | Verb::Build);
    if !reads || call.manager == Manager::Go || call.has(&["--no-lockfile", "--no-package-lock"]) {
        return None;
    }
    let project = installed::of(cx.build(), place, invocation, call).filter(|project| !project.has_lock)?;
    let lock = project.install?.lock.as_deref()?;
    // The lock file of another package manager may be the one that counts.
    let context = cx.context()?;
    context.find(lock)?;
    let message = format!("`{}` resolves all versions again, because `{lock}` is not copied", call.title());
    let span = code.place(&cx.build().input().file, call.span);
    Some(cx.finding(span, message).help(format!("copy `{lock}` together with the manifest, above this step")))
}

/// The command ignores the lock file, or writes a new one.
fn overridden(cx: &Context, place: (&Stage, usize), code: &Code, (invocation, call): Called) -> Option<Finding> {
    let (what, help) = ignoring_option(call)?;
    if !installed::has_lock(cx.build(), place, invocation, call) {
        return None;
    }
    let file = &cx.build().input().file;
    let message = format!("`{}` {what}", call.title());
    let finding = cx.finding(code.place(file, call.span), message).help(help);
    let why = "the installed versions change";
    let verb = code.place(file, call.verb_span);
    let exact = cx.source().slice(verb) == call.verb_text && !code.is_exec();
    Some(match (call.manager, call.verb) {
        (Manager::Composer | Manager::Bundle, Verb::Upgrade) if exact && call.packages.is_empty() => {
            finding.unsafe_edit("install what the lock file says", why, verb, "install")
        }
        (Manager::Cargo, Verb::Install) => finding.with(behind_verb(cx, code, call), |finding, at| {
            finding.unsafe_edit("add `--locked`", why, Span::at(at), " --locked")
        }),
        _ => finding,
    })
}

fn ignoring_option(call: &PackageCall) -> Option<(&'static str, &'static str)> {
    use Manager as M;
    let rewrites = (
        "resolves all versions again and ignores the lock file",
        "install from the lock file; update it outside the build",
    );
    let global = call.has(&["-g", "--global"]) || call.verb_text.starts_with("global");
    match (call.manager, call.verb) {
        (M::Composer | M::Bundle | M::Poetry | M::Pipenv | M::Cargo, Verb::Upgrade) if !global => Some(rewrites),
        (M::Npm | M::Yarn | M::Pnpm | M::Bun, Verb::Upgrade) if !global && call.packages.is_empty() => Some(rewrites),
        (M::Uv, Verb::Install) if call.verb_text == "sync" && call.has(&["--upgrade", "-U"]) => Some(rewrites),
        (M::Go, Verb::Other) if call.verb_text == "mod tidy" => {
            Some(("may change go.mod and go.sum", "run it outside the build, and `go mod download` here"))
        }
        (M::Go, Verb::Install) if call.verb_text == "get" && call.has(&["-u"]) => Some(rewrites),
        (M::Cargo, Verb::Install) if call.has(&["--path"]) && !call.has(&["--locked", "--frozen"]) => {
            Some(("ignores Cargo.lock", "add `--locked`"))
        }
        (M::Uv, Verb::Install) if call.verb_text == "pip install" => {
            let ignores_lock = call.inputs.iter().any(|input| match input.kind {
                InputKind::Requirements => input.path.text.trim_start_matches("./") == "pyproject.toml",
                InputKind::Editable => input.path.text == ".",
                _ => false,
            });
            let ignores_lock = ignores_lock
                || call
                    .packages
                    .iter()
                    .any(|package| package.source == PackageSource::Path && package.name.text == ".");
            (ignores_lock && !call.has(&["--no-deps"])).then_some(("ignores uv.lock", "run `uv sync --locked`"))
        }
        _ => None,
    }
}
