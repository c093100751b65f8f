//! See `rules/full-base.md`.

use std::collections::BTreeSet;

use super::Context;
use crate::build::{Base, BaseImage, Build, Presence, Reference, Slim, Stage, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Basis, Finding, Findings, Impact, ImpactKind, Per, Saves};
use crate::manifest::Ecosystem;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, Verb};
use crate::text::Span;

super::rule!("full-base", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    let Some(root) = build.chain(target).last() else { return };
    let Base::Image(image) = &root.base else { return };
    let Some(slim) = Slim::of(image) else { return };
    if !toolchain::is_application(build, target) || needs_full(cx, target, image, &slim) {
        return;
    }
    let name = Reference::of(image).name;
    let brings = match Reference::of(image).short_name() {
        "debian" => "documentation, manual pages and locales",
        "eclipse-temurin" => "the compiler and the tools of a JDK",
        _ => "compilers, headers, git and more",
    };
    let message = format!("`{image}` brings {brings} that nothing here uses");
    let finding = cx.finding(root.base_span, message).help(format!("stand on `{name}:{}`", slim.tag));
    out.push(edited(cx, root, image, &slim, priced(finding, &slim)));
}

fn priced(finding: Finding, slim: &Slim) -> Finding {
    let Some((full, twin)) = slim.pull else { return finding };
    finding.costs(Impact {
        kind: ImpactKind::PullBytes,
        saves: Some(Saves::Bytes(full.saturating_sub(twin))),
        per: Per::Pull,
        basis: Basis::Typical,
        evidence: "both images built from Debian packages and compressed, measured in November 2026".to_owned(),
    })
}

/// Whether something in the stages that ship uses, or may well use, what slim images lack.
fn needs_full(cx: &Context, target: &Stage, image: &str, slim: &Slim) -> bool {
    let build = cx.build();
    let mut brought: BTreeSet<&str> = BTreeSet::new();
    let mut used: Vec<&str> = Vec::new();
    let (mut compiler, mut headers, mut builds) = (false, false, false);
    let starts = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
    let all = build.chain(target).flat_map(|stage| build.instructions(stage));
    for (index, _) in all.filter(|(_, instruction)| starts.contains(&instruction.keyword)) {
        let Some(code) = build.code(index) else { continue };
        for one in code.script.invocations() {
            if let Some(call) = one.package_call().filter(|call| call.manager.is_system()) {
                let tools = toolchain::build_packages(&call);
                compiler |= tools.iter().any(|tool| toolchain::is_compiler(tool)) || call.has_unknown_packages();
                headers |= !tools.is_empty();
                brought.extend(call.packages.iter().map(|package| package.name.text));
                continue;
            }
            used.extend(one.program);
            builds |= compiles_packages(&one)
                || one.program.is_some_and(|program| data::PYTHON_PACKAGES.has(program, "libraries"));
            if wants_git(&one) {
                used.push("git");
            }
        }
    }
    let missing = used.into_iter().filter(|program| !is_in_slim(image, slim, program)).any(|program| {
        let Some(packages) = Slim::packages_of(program) else { return Program::of(program).is(Kind::Jdk) };
        let brings = |package: &&str| brought.contains(package) || (compiler && toolchain::is_build_package(package));
        !(brought.contains(program) || packages.iter().take(1).any(brings))
    });
    // Headers without a compiler are for the one of the base.
    missing || (!compiler && (builds || headers || projects_need(cx)))
}

fn is_in_slim(image: &str, slim: &Slim, program: &str) -> bool {
    let name = Reference::of(image).short_name();
    let java = name == "eclipse-temurin" && !Program::of(program).is(Kind::Jdk);
    // What `debian` and a JDK's image have beside their own, and what they lack, the twin has or lacks too.
    let twin = format!("{}:{}", Reference::of(image).name, slim.tag);
    let brings = BaseImage::of(&twin).presence(program) == Presence::Has;
    java || name == "debian" || brings || BaseImage::of(image).presence(program) == Presence::Lacks
}

/// Installs that nearly always compile something: gems, Perl modules, C by hand.
fn compiles_packages(one: &Invocation) -> bool {
    if let Some(call) = one.package_call() {
        let installs = matches!(call.verb, Verb::Install | Verb::Upgrade);
        let python = matches!(call.manager, Manager::Pip | Manager::Uv)
            && call
                .packages
                .iter()
                .any(|package| data::PYTHON_PACKAGES.has(&package.name.text.to_ascii_lowercase(), "libraries"));
        let node = matches!(call.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm)
            && call.packages.iter().any(|package| data::NODE_PACKAGES.has(package.name.text, "libraries"));
        let source = call.has(&["--no-binary"]);
        return installs && (python || node || source || matches!(call.manager, Manager::Gem | Manager::Bundle))
            || toolchain::compiles(one).is_some();
    }
    let name = one.program.unwrap_or_default();
    let builds = Program::of(name).is(Kind::BuildTool) || Program::of(name).is(Kind::Compiles);
    builds || matches!(name, "configure" | "playwright") || toolchain::compiles(one).is_some()
}

fn wants_git(one: &Invocation) -> bool {
    one.package_call().is_some() && one.args.iter().any(|word| word.text().contains("git+"))
}

/// Whether a project's manifest names what compiles, calls libraries of the system, or comes from version control.
fn projects_need(cx: &Context) -> bool {
    cx.projects().unwrap_or_default().iter().any(|project| {
        project.dependencies.iter().any(|dependency| {
            let known = match project.ecosystem {
                Ecosystem::Python => data::PYTHON_PACKAGES.has(&dependency.name, "libraries"),
                Ecosystem::Node => data::NODE_PACKAGES.has(&dependency.name, "libraries"),
                _ => false,
            };
            known || dependency.requirement.as_deref().is_some_and(|text| text.contains("git+"))
        })
    })
}

fn edited(cx: &Context, root: &Stage, image: &str, slim: &Slim, finding: Finding) -> Finding {
    let build: &Build = cx.build();
    let written = cx.source().slice(root.base_span);
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or_default();
    if reference.digest.is_some() || build.input().options.build_contexts.iter().any(|(name, _)| name == image) {
        return finding;
    }
    let title = "stand on the slim image";
    let why = "something that the file does not show may need a program or library of the full image";
    if let Some(rest) = slim.tag.strip_prefix(tag) {
        return finding.unsafe_edit(title, why, Span::at(root.base_span.end), rest);
    }
    match written.strip_suffix(tag) {
        Some(before) if written == image => {
            let start = root.base_span.start + before.len() as u32;
            finding.unsafe_edit(title, why, Span::new(start, root.base_span.end), slim.tag.clone())
        }
        _ => finding,
    }
}
