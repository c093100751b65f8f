//! Node projects that are compiled in the stage that ships: what `single-stage-build` says of them.

use crate::build::{
    Build, Code, DownloadSize, FoundVariable, ScriptCall, Stage, StageBase, installed, is_command, serves_developers,
    toolchain,
};
use crate::data;
use crate::finding::{Finding, Impact, ImpactKind};
use crate::manifest::{DependencyScope, Ecosystem, Project, is_typescript};
use crate::rules::Context;
use crate::shell::{Invocation, Manager, Verb, Word, parse};
use crate::text::Span;

/// How deep scripts of package.json that run other ones are followed.
const DEEPEST: usize = 4;

/// A command that compiles a Node project in a stage that ships.
struct NodeBuild<'b, 'a> {
    code: &'b Code<'a>,
    place: (&'b Stage, usize),
    span: Span,
    title: String,
    /// The usual folder of what it writes.
    result: &'static str,
}

/// The finding about the last build of a Node project in the stages that ship, if its program runs without the compiler.
pub(in crate::rules) fn finding(cx: &Context, target: &Stage) -> Option<Finding> {
    let build = cx.build();
    let node_build = last_build(cx, target)?;
    if starts_sources(build, target) || leaves_out(build, target) {
        return None;
    }
    let dev = dev_packages(build, target);
    let ships = match &dev {
        Some(dev) if dev.is_empty => "the compiler and the sources ship",
        Some(_) => "the compiler, the dev dependencies and the sources ship",
        None => return None,
    };
    let message = format!("{ships} with the output of `{}`", node_build.title);
    let image = match build.root_base(target) {
        StageBase::Image(image) => image.as_str(),
        _ => "…",
    };
    let result = node_build.result;
    let (stage, index) = node_build.place;
    let from = build
        .workdir(stage, index)
        .value()
        .map_or_else(|| "…".to_owned(), |folder| folder.trim_end_matches('/').to_owned());
    let install =
        if dev.as_ref().is_some_and(|dev| dev.is_empty) { "" } else { ", the install without dev dependencies," };
    let help = format!(
        "build in a separate stage: `FROM {image} AS build` …, `FROM {image}`{install} and `COPY --from=build {from}/{result} ./{result}`"
    );
    let span = node_build.code.place(&build.input().file, node_build.span);
    let finding = cx.finding(span, message).help(help);
    let known = dev.and_then(|dev| dev.price);
    let unknown = || Impact::unknown(ImpactKind::DiskBytes, "what a build stage leaves out depends on the project");
    Some(match known {
        Some((disk, pull)) => finding.costs(disk).costs(pull),
        None => finding.costs(unknown()),
    })
}

/// The last command that compiles, in the stages that ship.
fn last_build<'b, 'a>(cx: &Context<'b, 'a>, target: &'b Stage) -> Option<NodeBuild<'b, 'a>> {
    let build = cx.build();
    for stage in build.chain(target) {
        let runs: Vec<_> = toolchain::runs(build, stage).collect();
        for (index, _, invocations) in runs.iter().rev() {
            let compiles = |invocation: &&Invocation| result_of(cx, invocation, 0).is_some();
            let Some(invocation) = invocations.iter().rev().find(compiles) else { continue };
            return Some(NodeBuild {
                code: build.code(*index)?,
                place: (stage, *index),
                span: invocation.span,
                title: title(invocation),
                result: result_of(cx, invocation, 0)?,
            });
        }
    }
    None
}

/// Whether a command compiles or bundles the sources of a Node project.
pub(in crate::rules) fn compiles(cx: &Context, invocation: &Invocation) -> bool {
    result_of(cx, invocation, 0).is_some()
}

/// The folder that a command compiles into; `None` if it does not compile. What a script of package.json does is unknown
/// without it: one that is called `build` builds.
fn result_of(cx: &Context, invocation: &Invocation, depth: usize) -> Option<&'static str> {
    if let Some(call) = ScriptCall::of(invocation) {
        let node = |projects| -> Vec<&str> {
            let projects: &[Project] = projects;
            projects
                .iter()
                .filter(|project| project.ecosystem == Ecosystem::Node)
                .filter_map(|project| call.script(project))
                .collect()
        };
        match cx.projects().map(node) {
            Some(commands) if !commands.is_empty() => {
                if depth == DEEPEST {
                    return None;
                }
                let inner = |command: &str| {
                    parse(command).invocations().iter().find_map(|inner| result_of(cx, inner, depth + 1))
                };
                return commands.into_iter().find_map(inner);
            }
            None if call.name == "build" || call.name.starts_with("build:") => return Some("dist"),
            _ => {}
        }
    }
    let line: Vec<&str> = invocation.command.words.iter().map(Word::text).collect();
    data::NODE_BUILDS.rows().find_map(|row| {
        let has = |off: &str| line.iter().any(|word| word.split('=').next() == Some(off));
        (is_command(&line, row[0]) && !data::words(row[1]).any(has)).then_some(row[2])
    })
}

/// The command as people know it: `npx tsc`, `npm run build`.
fn title(invocation: &Invocation) -> String {
    let words = invocation.command.words.iter().map(Word::text);
    words.take_while(|word| !word.starts_with('-')).take(4).collect::<Vec<_>>().join(" ")
}

/// Whether the container starts sources, or a server for developers: then it needs what it was built from.
fn starts_sources(build: &Build, target: &Stage) -> bool {
    let lines = build.start_lines(target);
    let is_source = |word: &String| is_typescript(word);
    let loads_sources = |word: &String| {
        data::NODE_PROGRAMS.row(word).is_some_and(|row| data::words(row[2]).any(|beside| beside == "typescript"))
    };
    lines.is_empty()
        || lines
            .iter()
            .any(|line| serves_developers(line) || line.iter().any(|word| is_source(word) || loads_sources(word)))
}

/// Whether a command of the stages that ship takes packages or sources away again, or installs without dev dependencies.
fn leaves_out(build: &Build, target: &Stage) -> bool {
    let removes = |invocation: &Invocation| {
        let deletes = invocation.is("rm") && invocation.args.iter().any(|word| word.text().contains("node_modules"));
        let call = invocation.package_call();
        deletes
            || call.is_some_and(|call| {
                call.verb_text.starts_with("prune") || is_node(call.manager) && call.says("production")
            })
    };
    let is_production = |stage: &Stage, index: usize, invocation: &Invocation| {
        let mode = build.run_variable(stage, index, invocation, "NODE_ENV").map(FoundVariable::text);
        invocation.package_call().is_some_and(|call| is_node(call.manager) && call.verb == Verb::Install)
            && mode.is_some_and(|mode| mode.is_none_or(|mode| mode == "production"))
    };
    build.chain(target).any(|stage| {
        toolchain::runs(build, stage).any(|(index, _, invocations)| {
            invocations.iter().any(|invocation| removes(invocation) || is_production(stage, index, invocation))
        })
    })
}

const fn is_node(manager: Manager) -> bool {
    matches!(manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun)
}

/// The dev dependencies that the stages which ship install.
struct DevPackages {
    /// Whether the manifest is known to list none.
    is_empty: bool,
    /// Their size on disk and packed, if it is known.
    price: Option<(Impact, Impact)>,
}

/// `None` if nothing is installed from a manifest.
fn dev_packages(build: &Build, target: &Stage) -> Option<DevPackages> {
    for stage in build.chain(target) {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            for invocation in &invocations {
                let call = invocation.package_call().filter(|call| is_node(call.manager));
                let Some(call) = call.filter(|call| call.verb == Verb::Install && call.is_from_manifest()) else {
                    continue;
                };
                let Some(installed) = installed::of(build, (stage, index), invocation, &call) else {
                    return Some(DevPackages { is_empty: false, price: None });
                };
                let mut dependencies = installed.project.dependencies.iter();
                let is_empty = !dependencies.any(|dependency| dependency.scope == DependencyScope::Dev);
                return Some(DevPackages { is_empty, price: price(&installed) });
            }
        }
    }
    None
}

/// The price of the packages that the lock file marks as dev dependencies.
fn price(installed: &installed::InstalledProject) -> Option<(Impact, Impact)> {
    let install = installed.install?;
    let (file, locked) = (install.lock.as_deref()?, install.locked.as_ref()?);
    let dev = locked.packages.iter().filter(|(_, package)| package.dev_only == Some(true));
    let names: Vec<&str> = dev.map(|(name, _)| name.as_str()).collect();
    if names.is_empty() {
        return None;
    }
    let (archives, disk) = DownloadSize::sum(Ecosystem::Node, names.iter().copied())?;
    let date = DownloadSize::date(Ecosystem::Node);
    let evidence = format!(
        "{} packages in `{file}` are dev dependencies; sizes of the registry's archives on {date}",
        names.len()
    );
    let pull = Impact::typical(ImpactKind::PullBytes, archives, evidence.clone());
    Some((Impact::typical(ImpactKind::DiskBytes, disk, evidence), pull))
}
