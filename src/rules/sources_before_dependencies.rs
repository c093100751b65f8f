//! See `rules/sources-before-dependencies.md`.

use super::Context;
use crate::build::{Build, Stage, Transfer};
use crate::cache::{Origins, source_file};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Basis, Findings, Impact, ImpactKind, Per};
use crate::inputs::context::BuildContext;
use crate::manifest::{Ecosystem, Project};
use crate::shell::{Manager, PackageCall, PackageSource, Verb};
use crate::text::Span;

super::rule!("sources-before-dependencies", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let origins = cx.context().map(|context| Origins::new(context, cx.projects()));
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        let mut sources: Option<(Transfer, Option<String>)> = None;
        let mut fetched = Vec::new();
        let mut transfers = build.transfers(stage).into_iter().peekable();
        for (index, instruction) in build.instructions(stage) {
            while let Some(transfer) = transfers.next_if(|transfer| transfer.index <= index) {
                if sources.is_none() && transfer.from.is_none() {
                    sources = takes_sources(&transfer, cx.context().zip(origins.as_ref())).map(|file| (transfer, file));
                }
            }
            if instruction.keyword != Keyword::Run {
                continue;
            }
            let Some(install) = install(cx, build, stage, (index, instruction), &fetched) else { continue };
            match sources.take() {
                Some((transfer, file)) => {
                    report(cx, &transfer, file.as_deref(), &install, out);
                    // One finding for each stage: the first copy makes all later installs run again.
                    break;
                }
                None => fetched.push(install.manager),
            }
        }
    }
}

/// An install of a project's dependencies.
struct Install {
    manager: Manager,
    span: Span,
    text: String,
}

/// Whether a COPY takes source files: an example of them, where the context was looked at.
#[allow(clippy::option_option, reason = "none at all, and one without a name, are two answers")]
fn takes_sources(transfer: &Transfer, known: Option<(&BuildContext, &Origins)>) -> Option<Option<String>> {
    match known {
        Some((context, origins)) => source_file(transfer, context, origins).map(Some),
        None => transfer.sources.iter().any(crate::build::Source::is_everything).then_some(None),
    }
}

/// The first call of a RUN that installs what a manifest names. `fetched` are the managers that did so before.
fn install(
    cx: &Context,
    build: &Build,
    stage: &Stage,
    (index, instruction): (usize, &Instruction),
    fetched: &[Manager],
) -> Option<Install> {
    let code = build.code(index)?;
    let file = &build.input().file;
    let cached = file.mounts(instruction).iter().any(|mount| mount.kind() == "cache");
    for invocation in code.script.invocations() {
        let Some(call) = invocation.package_call() else { continue };
        let counts = match call.verb {
            Verb::Install | Verb::Download => call.is_from_manifest() && !builds_itself(&call),
            // A compiler fetches what it needs; with a cache mount, or after a download of its own, that costs little.
            Verb::Build => {
                fetches_to_build(call.manager)
                    && !cached
                    && !fetched.contains(&call.manager)
                    && needs_any(cx, call.manager)
            }
            _ => false,
        };
        if counts {
            let span = code.place(file, call.span);
            let text = shown(&call);
            let _ = stage;
            return Some(Install { manager: call.manager, span, text });
        }
    }
    None
}

/// `pip install .` builds the project from its sources: no copy of manifests alone would do.
fn builds_itself(call: &PackageCall) -> bool {
    call.manager == Manager::Pip && call.packages.iter().any(|package| package.source == PackageSource::Path)
}

const fn fetches_to_build(manager: Manager) -> bool {
    matches!(manager, Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle | Manager::Dotnet)
}

/// Whether the project has dependencies at all, as far as its manifests tell.
fn needs_any(cx: &Context, manager: Manager) -> bool {
    let ecosystem = match manager {
        Manager::Go => Ecosystem::Go,
        Manager::Cargo => Ecosystem::Rust,
        _ => return true,
    };
    let of = |project: &&Project| project.ecosystem == ecosystem;
    match cx.projects() {
        Some(projects) if projects.iter().any(|project| of(&project)) => {
            projects.iter().filter(of).any(|project| !project.dependencies.is_empty())
        }
        _ => true,
    }
}

/// `uv sync`, `npm ci`: program and verb.
fn shown(call: &PackageCall) -> String {
    format!("{} {}", call.program, call.verb_text).trim().to_owned()
}

fn report(cx: &Context, transfer: &Transfer, file: Option<&str>, install: &Install, out: &mut Findings) {
    let example = file.map(|file| format!(" (`{file}` among them)")).unwrap_or_default();
    let message =
        format!("sources{example} are copied before `{}`: each change installs all dependencies again", install.text);
    let help = "copy the manifest and the lock file, install, then copy the sources";
    let evidence = "the copy stands above the install in its stage".to_owned();
    let impact =
        Impact { kind: ImpactKind::RebuildSeconds, saves: None, per: Per::Build, basis: Basis::Computed, evidence };
    let finding = cx.finding(transfer.instruction.head, message).help(help).costs(impact);
    out.push(finding.label(install.span, "this runs again"));
}
