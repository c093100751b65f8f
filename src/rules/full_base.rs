//! See `rules/full-base.md`.

use std::collections::BTreeSet;

use super::Context;
use crate::build::{BaseImage, Build, PackageSize, Presence, Reference, SlimImage, Stage, StageBase, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::manifest::{Dependency, Ecosystem, Project};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::Span;

super::rule!("full-base", check);

/// What the stages that ship use of a full image.
#[derive(Debug, Default)]
struct BaseUse<'a> {
    /// What it may use, nobody knows.
    unknown: bool,
    /// The first command that compiles what it installs.
    install: Option<String>,
    /// Programs that a slim image can have too.
    programs: BTreeSet<&'a str>,
    /// The packages that bring them.
    packages: BTreeSet<&'a str>,
}

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    let Some(root) = build.chain(target).last() else { return };
    let StageBase::Image(image) = &root.base else { return };
    let Some(slim) = SlimImage::of_any(image) else { return };
    if !toolchain::is_application(build, target) {
        return;
    }
    let used = used(cx, target, image, &slim);
    if used.unknown {
        return;
    }
    let short_name = Reference::of(image).short_name();
    let brings = match short_name {
        "debian" => "documentation, manual pages and locales",
        "eclipse-temurin" => "the compiler and the tools of a JDK",
        _ => "compilers, headers, git and more",
    };
    let twin = format!("{}:{}", Reference::of(image).name, slim.tag);
    let listed = |names: &BTreeSet<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (message, help) = match &used.install {
        Some(install) => (
            format!("`{image}` brings compilers and headers that only `{install}` uses"),
            format!("run it in a stage on `{image}`, and copy what it makes and its libraries to `{twin}`"),
        ),
        None if used.packages.is_empty() => {
            (format!("`{image}` brings {brings} that nothing here uses"), format!("stand on `{twin}`"))
        }
        None => {
            let are = if used.programs.len() == 1 { "is" } else { "are" };
            (
                format!("`{image}` brings {brings}; of that only {} {are} used here", listed(&used.programs)),
                format!("stand on `{twin}` and install {}", listed(&used.packages)),
            )
        }
    };
    let finding = priced(cx.finding(root.base_span, message).help(help), &slim, &used, &twin);
    let is_same = used.install.is_none() && used.packages.is_empty();
    out.push(if is_same { edited(cx, root, image, &slim, finding) } else { finding });
}

/// With what the twin is lighter by, packages that it needs taken off.
fn priced(finding: Finding, slim: &SlimImage, used: &BaseUse, twin: &str) -> Finding {
    let Some((full, small)) = slim.pull else { return finding };
    let packages = used.packages.iter().filter_map(|name| PackageSize::of(name, twin));
    let packages: u64 = packages.map(|size| size.disk_bytes).sum();
    let evidence = "both images built from Debian packages and compressed, measured in November 2026";
    match full.saturating_sub(small).saturating_sub(packages) {
        0 => finding,
        bytes => finding.costs(Impact::typical(ImpactKind::PullBytes, bytes, evidence)),
    }
}

/// What the instructions that ship call.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the calls")]
struct Calls<'a> {
    programs: Vec<&'a str>,
    /// Commands that may compile what they install, and whether they surely do.
    installs: Vec<(String, bool)>,
    /// Packages of the system.
    brought: BTreeSet<&'a str>,
    /// Whether a compiler is among them, or may be.
    compiler: bool,
    /// Whether something to build with is.
    headers: bool,
    /// Whether something is built by hand.
    by_hand: bool,
    /// Whether an install takes what is for development, too.
    with_dev: bool,
}

impl<'a> Calls<'a> {
    fn of(build: &'a Build, target: &Stage) -> Self {
        let mut calls = Self::default();
        let starts = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
        let all = build.chain(target).flat_map(|stage| build.instructions(stage));
        for (index, _) in all.filter(|(_, instruction)| starts.contains(&instruction.keyword)) {
            let Some(code) = build.code(index) else { continue };
            code.script.invocations().iter().for_each(|one| calls.take(one));
        }
        calls
    }

    fn take(&mut self, one: &Invocation<'a>) {
        let call = one.package_call();
        if let Some(call) = call.as_ref().filter(|call| call.manager.is_system()) {
            let tools = toolchain::build_packages(call);
            self.compiler |= tools.iter().any(|tool| toolchain::is_compiler(tool)) || call.has_unknown_packages();
            self.headers |= !tools.is_empty();
            self.brought.extend(call.packages.iter().map(|package| package.name.text));
            return;
        }
        self.programs.extend(one.program);
        self.by_hand |= is_built_by_hand(one);
        if let Some(call) = call.filter(|_| toolchain::may_compile(one)) {
            self.with_dev |= !call.says("production");
            self.installs.push((call.title(), compiles_packages(&call)));
        }
        if wants_git(one) {
            self.programs.push("git");
        }
    }
}

/// What the stages that ship use, or may well use, of what slim images lack.
fn used<'a>(cx: &'a Context, target: &Stage, image: &str, slim: &SlimImage) -> BaseUse<'a> {
    let mut calls = Calls::of(cx.build(), target);
    let mut used = BaseUse { unknown: calls.by_hand, ..BaseUse::default() };
    let demand = demand_of_build(cx, calls.with_dev);
    used.unknown |= demand == ProjectRequirement::Unknown && !calls.compiler;
    if demand == ProjectRequirement::Git {
        calls.programs.push("git");
    }
    let twin = format!("{}:{}", Reference::of(image).name, slim.tag);
    for program in calls.programs.iter().filter(|program| !is_in_slim(image, slim, program)) {
        let packages = SlimImage::missing_packages(&twin, program);
        let Some(first) = packages.first() else {
            used.unknown |= Program::of(program).is(Kind::Jdk);
            continue;
        };
        let is_tool = toolchain::is_build_package(first);
        if !(calls.brought.contains(program) || calls.brought.contains(first) || calls.compiler && is_tool) {
            used.unknown |= is_tool;
            used.programs.insert(*program);
            used.packages.extend(packages.iter().filter(|name| !calls.brought.contains(*name)));
        }
    }
    // Headers without a compiler are for the one of the base.
    if !calls.compiler {
        let any = calls.headers || demand == ProjectRequirement::Compiler;
        let sure = calls.installs.iter().find(|(_, compiles)| *compiles);
        used.install = sure.or_else(|| calls.installs.first().filter(|_| any)).map(|(title, _)| title.clone());
        used.unknown |= any && used.install.is_none();
    }
    used
}

fn is_in_slim(image: &str, slim: &SlimImage, program: &str) -> bool {
    let name = Reference::of(image).short_name();
    let java = name == "eclipse-temurin" && !Program::of(program).is(Kind::Jdk);
    // What `debian` and a JDK's image have beside their own, and what they lack, the twin has or lacks too.
    let twin = format!("{}:{}", Reference::of(image).name, slim.tag);
    let brings = BaseImage::of(&twin).presence(program) == Presence::Has;
    java || name == "debian" || brings || BaseImage::of(image).presence(program) == Presence::Lacks
}

/// Installs that nearly always compile something: gems, Perl modules.
fn compiles_packages(call: &PackageCall) -> bool {
    let python = matches!(call.manager, Manager::Pip | Manager::Uv);
    let compiled = |name: &str| demand_of(Ecosystem::Python, name) == ProjectRequirement::Compiler;
    let named = python && call.packages.iter().any(|package| compiled(package.name.text));
    let installs = matches!(call.verb, Verb::Install | Verb::Upgrade);
    installs && (named || call.has(&["--no-binary"]) || matches!(call.manager, Manager::Gem | Manager::Bundle))
}

/// C by hand, packages that need libraries of which no table knows the names, a project's own program.
fn is_built_by_hand(one: &Invocation) -> bool {
    if toolchain::compiles(one).is_some() {
        return true;
    }
    let Some(call) = one.package_call() else {
        let name = one.program.unwrap_or_default();
        let builds = Program::of(name).is(Kind::BuildTool) || Program::of(name).is(Kind::Compiles);
        return builds
            || matches!(name, "configure" | "playwright")
            || demand_of(Ecosystem::Python, name) == ProjectRequirement::Unknown;
    };
    let Some(ecosystem) = Ecosystem::of_manager(call.manager) else { return false };
    let installs = matches!(call.verb, Verb::Install | Verb::Upgrade);
    installs
        && call.packages.iter().any(|package| demand_of(ecosystem, package.name.text) == ProjectRequirement::Unknown)
}

/// What a package asks of the image that it is installed in.
fn demand_of(ecosystem: Ecosystem, name: &str) -> ProjectRequirement {
    let name = name.to_ascii_lowercase();
    let (libraries, row) = match ecosystem {
        Ecosystem::Python => (data::PYTHON_PACKAGES.has(&name, "libraries"), data::PYTHON_SYSTEM_PACKAGES.row(&name)),
        Ecosystem::Node => (data::NODE_PACKAGES.has(&name, "libraries"), None),
        _ => (false, None),
    };
    match row {
        Some(&[_, _, build, ..]) if build != "-" => ProjectRequirement::Compiler,
        Some(&[_, "no", ..]) => ProjectRequirement::Unknown,
        _ if libraries => ProjectRequirement::Unknown,
        _ => ProjectRequirement::Nothing,
    }
}

fn wants_git(one: &Invocation) -> bool {
    one.package_call().is_some() && one.args.iter().any(|word| word.text().contains("git+"))
}

/// What the manifests of the projects ask of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ProjectRequirement {
    Nothing,
    /// Something comes from version control.
    Git,
    /// Something is compiled.
    Compiler,
    /// Something calls libraries of the system.
    Unknown,
}

fn demand_of_build(cx: &Context, with_dev: bool) -> ProjectRequirement {
    let projects = cx.projects().unwrap_or_default();
    let dependencies = projects
        .iter()
        .flat_map(|project| project.dependencies.iter().map(|dependency| (project.ecosystem, dependency)));
    let of = |(ecosystem, dependency): (Ecosystem, &Dependency)| {
        let git = dependency.requirement.as_deref().is_some_and(|text| text.contains("git+"));
        demand_of(ecosystem, &dependency.name).max(if git {
            ProjectRequirement::Git
        } else {
            ProjectRequirement::Nothing
        })
    };
    let compiled = if projects.iter().any(|one| compiles(one, with_dev)) {
        ProjectRequirement::Compiler
    } else {
        ProjectRequirement::Nothing
    };
    dependencies.map(of).max().unwrap_or(ProjectRequirement::Nothing).max(compiled)
}

/// Whether a package of npm is compiled when a project is installed, by its lock files where there are some.
fn compiles(project: &Project, with_dev: bool) -> bool {
    let mut locked = project.installs.iter().filter_map(|install| install.locked.as_ref()).peekable();
    if project.ecosystem != Ecosystem::Node || locked.peek().is_none() {
        return project.names_compiled();
    }
    locked.any(|locked| locked.compiles(with_dev))
}

fn edited(cx: &Context, root: &Stage, image: &str, slim: &SlimImage, finding: Finding) -> Finding {
    let build: &Build = cx.build();
    let written = cx.source().slice(root.base_span);
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or_default();
    if reference.digest.is_some() || build.input().options.build_contexts.iter().any(|(name, _)| name == image) {
        return finding;
    }
    let title = "stand on the slim image";
    let why = "something that the file does not show may need a program or library of the full image";
    if reference.tag.is_none() {
        let named = written == image;
        let edit =
            |finding: Finding| finding.unsafe_edit(title, why, Span::at(root.base_span.end), format!(":{}", slim.tag));
        return if named { edit(finding) } else { finding };
    }
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
