//! See `rules/debug-tools-shipped.md`.

use super::Context;
use crate::build::{Build, PackageSize, Stage, StageBase, toolchain};
use crate::data;
use crate::finding::{Findings, Impact, ImpactKind};
use crate::shell::{Manager, Verb};

super::rule!("debug-tools-shipped", check);

/// Whether a system package is only useful at an interactive terminal.
pub fn is_debug_tool(name: &str) -> bool {
    data::SYSTEM_PACKAGES.has(name, "debug")
}

/// The most packages that are checked; no real file has more.
const MOST: usize = 100;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    if !toolchain::is_application(build, target) {
        return;
    }
    // If people work in the container, their tools belong there.
    if cx.shipped().any(|stage| installs_shell_for_people(build, stage)) {
        return;
    }
    let mut checked = 0;
    for stage in cx.shipped() {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            let cleaned = toolchain::last_removal(&invocations).is_some();
            for call in invocations.iter().filter_map(crate::shell::Invocation::package_call) {
                if cleaned || call.verb != Verb::Install || !call.manager.is_system() {
                    continue;
                }
                for package in
                    call.packages.iter().filter(|package| data::SYSTEM_PACKAGES.has(package.name.text, "debug"))
                {
                    let name = package.name.text;
                    checked += 1;
                    if checked > MOST {
                        return;
                    }
                    if is_used(build, target, index, name) {
                        continue;
                    }
                    let Some(code) = build.code(index) else { continue };
                    let message = format!("`{name}` is in the final image, but nothing here uses it");
                    let help = "remove it, and debug with `docker debug` or a container that shares the namespaces of this one";
                    let mut finding = cx.finding(code.place(&build.input().file, package.span), message).help(help);
                    if let StageBase::Image(image) = build.root_base(stage)
                        && let Some(size) = PackageSize::of(name, image)
                        && call.manager == Manager::Apt
                    {
                        finding =
                            finding.costs(Impact::typical(ImpactKind::DiskBytes, size.disk_bytes, size.evidence()));
                    }
                    out.push(finding);
                }
            }
        }
    }
}

/// Whether a stage installs tools for interactive work: another shell, a terminal multiplexer.
fn installs_shell_for_people(build: &Build, stage: &Stage) -> bool {
    toolchain::runs(build, stage).flat_map(|(_, _, invocations)| invocations).any(|invocation| {
        let call = invocation.package_call().filter(|call| call.verb == Verb::Install && call.manager.is_system());
        call.is_some_and(|call| {
            call.packages.iter().any(|package| data::SYSTEM_PACKAGES.has(package.name.text, "interactive"))
        })
    })
}

/// Whether another instruction of the final image mentions the package.
fn is_used(build: &Build, target: &Stage, index: usize, name: &str) -> bool {
    let name = name.split('-').next().unwrap_or(name);
    let mut all = build.chain(target).flat_map(|stage| build.instructions(stage));
    all.any(|(at, instruction)| {
        let text = build.input().file.source().slice(instruction.span);
        at != index && text.split(|c: char| !c.is_ascii_alphanumeric()).any(|word| word == name)
    })
}
