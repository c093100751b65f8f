//! Packages of npm with compiled parts that a stage gets from another stage (`data/node_addons.tsv`). Shared by the rules
//! about packages that do not fit the stage.

use super::copied_installs::{CopiedInstall, copied_installs};
use crate::build::{Build, Reference, Release, Stage, StageBase, installed, releases};
use crate::data;
use crate::manifest::{Dependency, DependencyScope, Ecosystem};
use crate::shell::{Manager, Verb};
use crate::text::Span;

/// Packages with compiled parts, and how they come into the stage.
pub(super) struct CopiedAddons<'b, 'a> {
    addons: Vec<Addon>,
    /// The install and the COPY.
    pub(super) copy: CopiedInstall<'b, 'a>,
    span: Span,
}

struct Addon {
    package: &'static str,
    /// Whether it works with the C library alone that it was installed for.
    needs_libc: bool,
    /// Whether it works with the major version of Node alone that it was installed for.
    needs_node: bool,
}

impl CopiedAddons<'_, '_> {
    /// The first that was compiled for a C library.
    pub(super) fn by_libc(&self) -> Option<&'static str> {
        self.addons.iter().find(|addon| addon.needs_libc).map(|addon| addon.package)
    }

    /// The first that was compiled for a major version of Node.
    pub(super) fn by_node(&self) -> Option<&'static str> {
        self.addons.iter().find(|addon| addon.needs_node).map(|addon| addon.package)
    }

    /// Where it is installed.
    pub(super) fn place(&self, build: &Build) -> Span {
        self.copy.code.place(&build.input().file, self.span)
    }
}

/// The packages with compiled parts that a stage copies from others; none where a command installs or compiles them
/// again.
pub(super) fn copied_addons<'b, 'a>(build: &'b Build<'a>, stage: &Stage) -> Vec<CopiedAddons<'b, 'a>> {
    let mut copies = Vec::new();
    let compiles_again = |invocation: &crate::shell::Invocation| {
        let call =
            invocation.package_call().filter(|call| Ecosystem::of_manager(call.manager) == Some(Ecosystem::Node));
        call.is_some_and(|call| call.verb == Verb::Install || call.verb_text == "rebuild")
    };
    let runs = crate::build::toolchain::runs(build, stage).flat_map(|run| run.2);
    if runs.into_iter().any(|invocation| compiles_again(&invocation)) {
        return copies;
    }
    for copy in copied_installs(build, stage) {
        let invocations = copy.code.script.invocations();
        let Some(invocation) = invocations.get(copy.at) else { continue };
        let Some(call) = invocation.package_call() else { continue };
        let is_node = matches!(call.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun);
        // The options name the system that they install for.
        if !is_node || call.has(&["--libc", "--os", "--platform"]) {
            continue;
        }
        let Some(project) = installed::of(build, copy.place, invocation, &call) else { continue };
        let dependencies = project.project.dependencies.iter();
        let run = dependencies.filter(|dependency| dependency.scope == DependencyScope::Run);
        let addons: Vec<Addon> = run.filter_map(Addon::of).collect();
        if !addons.is_empty() {
            copies.push(CopiedAddons { addons, span: call.span, copy });
        }
    }
    copies
}

impl Addon {
    fn of(dependency: &Dependency) -> Option<Self> {
        let &[package, libc, node, ..] = data::NODE_ADDONS.row(&dependency.name)? else { return None };
        let version = dependency.version.as_deref().or(dependency.requirement.as_deref())?;
        let version = numbers(version.trim_start_matches(|c: char| !c.is_ascii_digit()));
        let depends = |from: &str| !version.is_empty() && (from == "-" || version < numbers(from));
        Some(Self { package, needs_libc: depends(libc), needs_node: depends(node) })
    }
}

fn numbers(version: &str) -> Vec<u32> {
    version.split('.').map_while(|part| part.parse().ok()).collect()
}

/// The major version of Node that the image of a stage brings, by its name.
pub(super) fn node_version(build: &Build, stage: &Stage) -> Option<u32> {
    let StageBase::Image(image) = build.root_base(stage) else { return None };
    let release = releases(image).into_iter().find(|release| release.product == "node");
    // `gcr.io/distroless/nodejs22-debian12`
    let named = || Reference::of(image).last_name().strip_prefix("nodejs")?.split('-').next()?.parse().ok();
    release.and_then(Release::number).or_else(named)
}
