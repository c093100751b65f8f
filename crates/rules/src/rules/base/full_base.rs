//! See `rules/full-base.md`.

use std::collections::BTreeSet;

use crate::build::toolchain::Language;
use crate::build::{
    BaseImage, Build, PackageSize, Presence, Reference, SlimImage, Stage, StageBase, runtime_image, service, toolchain,
};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::manifest::{Dependency, Ecosystem, FileKind, Project};
use crate::rules::Context;
use crate::rules::base::stages::with_toolchain_price;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::{Span, path};

crate::rules::rule!("full-base", full_base);

/// What the stages that ship use of the full image.
#[derive(Debug, Default)]
struct BaseUse<'a> {
    /// They may use something that is not known.
    unknown: bool,
    /// The first command that compiles what it installs.
    install: Option<String>,
    /// Whether it certainly does.
    compiles: bool,
    /// Programs that can be installed in the slim image.
    programs: BTreeSet<&'a str>,
    /// Only healthchecks of compose files call them.
    is_by_checks: bool,
    /// The packages that contain them.
    packages: BTreeSet<&'a str>,
}

fn full_base(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = cx.application() else { return };
    let Some(root) = build.chain(target).last() else { return };
    let StageBase::Image(image) = &root.base else { return };
    let Some(slim) = SlimImage::of_any(image) else { return check_toolchain(cx, target, root, image, out) };
    let used = used(cx, target, image, &slim);
    if used.unknown {
        return;
    }
    let short_name = Reference::of(image).short_name();
    let contents = match short_name {
        "debian" => "documentation, manual pages and locales",
        "eclipse-temurin" => "the compiler and the tools of a JDK",
        _ => "compilers, headers, git and more",
    };
    let slim_image = format!("{}:{}", Reference::of(image).name, slim.tag);
    let listed = |names: &BTreeSet<&str>| names.iter().map(|name| format!("`{name}`")).collect::<Vec<_>>().join(", ");
    let (message, help) = match &used.install {
        Some(install) => (
            format!(
                "`{image}` contains compilers and headers that only `{install}` {}",
                if used.compiles { "uses" } else { "may use" }
            ),
            format!(
                "run it in a stage based on `{image}`, and copy its result and libraries to a stage based on `{slim_image}`"
            ),
        ),
        None if used.packages.is_empty() => (
            format!("`{image}` contains {contents} that nothing here uses"),
            format!("use `{slim_image}` as the base image"),
        ),
        None if used.programs.is_empty() => (
            format!("`{image}` contains {contents}; of these, only {} is needed", listed(&used.packages)),
            format!("use `{slim_image}` as the base image and install {}", listed(&used.packages)),
        ),
        None => {
            let are = if used.programs.len() == 1 { "is" } else { "are" };
            let by = if used.is_by_checks { ", by a healthcheck of a compose file" } else { "" };
            (
                format!("`{image}` contains {contents}; of these, only {} {are} used{by}", listed(&used.programs)),
                format!("use `{slim_image}` as the base image and install {}", listed(&used.packages)),
            )
        }
    };
    let finding = with_price(cx.finding(root.base_span, message).help(help), &slim, &used, &slim_image);
    let is_same = used.install.is_none() && used.packages.is_empty();
    out.push(if is_same { edited(cx, root, image, &slim, finding) } else { finding });
}

/// Adds the price: how much smaller the slim image is, minus the packages that it then needs.
fn with_price(finding: Finding, slim: &SlimImage, used: &BaseUse, slim_image: &str) -> Finding {
    let Some((full, small)) = slim.pull else { return finding };
    let packages = used.packages.iter().filter_map(|name| PackageSize::of(name, slim_image));
    let packages: u64 = packages.map(|size| size.disk_bytes).sum();
    let evidence = "both images built from Debian packages and compressed, measured in November 2026";
    match full.saturating_sub(small).saturating_sub(packages) {
        0 => finding,
        bytes => finding.costs(Impact::typical(ImpactKind::PullBytes, bytes, evidence)),
    }
}

/// What the instructions of the final image call.
#[derive(Default)]
#[expect(clippy::struct_excessive_bools, reason = "independent facts about the calls")]
struct Calls<'a> {
    programs: Vec<&'a str>,
    /// What healthchecks of compose files call.
    checks: Vec<&'a str>,
    /// Commands that may compile what they install, and whether they certainly do.
    installs: Vec<(String, bool)>,
    /// System packages.
    brought: BTreeSet<&'a str>,
    /// Whether they include a compiler, or may include one.
    compiler: bool,
    /// Whether they include build packages.
    headers: bool,
    /// Whether a command builds something directly, such as make.
    by_hand: bool,
    /// Whether an install includes dev dependencies.
    with_dev: bool,
}

impl<'a> Calls<'a> {
    fn of(build: &'a Build, target: &Stage) -> Self {
        let mut calls = Self::default();
        let starts = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
        let all = build.chain(target).flat_map(|stage| build.instructions(stage));
        for (index, _) in all.filter(|(_, instruction)| starts.contains(&instruction.keyword)) {
            let Some(code) = build.code(index) else { continue };
            code.script.invocations().iter().for_each(|invocation| calls.take(invocation));
        }
        // Healthchecks of compose files run in the image too.
        for check in &build.input().options.run.checks {
            let commands = check.split([';', '|', '&', '(', ')', '\n']);
            calls.checks.extend(commands.filter_map(|command| command.split_whitespace().next()).map(path::name));
        }
        calls
    }

    fn take(&mut self, invocation: &Invocation<'a>) {
        let call = invocation.package_call();
        if let Some(call) = call.as_ref().filter(|call| call.manager.is_system()) {
            let tools = toolchain::build_packages(call);
            self.compiler |= tools.iter().any(|tool| toolchain::is_compiler(tool)) || call.has_unknown_packages();
            self.headers |= !tools.is_empty();
            self.brought.extend(call.packages.iter().map(|package| package.name.text));
            return;
        }
        self.programs.extend(invocation.program);
        self.by_hand |= is_built_by_hand(invocation);
        if let Some(call) = call
            && toolchain::may_compile(invocation)
        {
            self.with_dev |= !call.says("production");
            self.installs.push((call.title(), compiles_packages(&call)));
        }
        if wants_git(invocation) {
            self.programs.push("git");
        }
    }
}

/// What the stages that ship use, or may use, that the slim image lacks.
fn used<'a>(cx: &'a Context, target: &Stage, image: &str, slim: &SlimImage) -> BaseUse<'a> {
    let mut calls = Calls::of(cx.build(), target);
    let mut used = BaseUse { unknown: calls.by_hand, ..BaseUse::default() };
    let demand = demand_of_build(cx, calls.with_dev);
    used.unknown |= demand == ProjectRequirement::Unknown && !calls.compiler;
    if demand == ProjectRequirement::Git {
        calls.programs.push("git");
    }
    let slim_image = format!("{}:{}", Reference::of(image).name, slim.tag);
    for program in calls.programs.iter().chain(&calls.checks).filter(|program| !is_in_slim(image, slim, program)) {
        let packages = SlimImage::missing_packages(&slim_image, program);
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
    used.is_by_checks = !used.programs.iter().any(|program| calls.programs.contains(program));
    used.packages.extend(runtime_packages(cx).into_iter().filter(|name| !calls.brought.contains(name)));
    // Headers without a compiler are used with the compiler of the base image.
    if !calls.compiler {
        let any = calls.headers || demand == ProjectRequirement::Compiler;
        let sure = calls.installs.iter().find(|(_, compiles)| *compiles);
        used.install = sure.or_else(|| if any { calls.installs.first() } else { None }).map(|(title, _)| title.clone());
        used.compiles = sure.is_some() || demand == ProjectRequirement::Compiler;
        used.unknown |= any && used.install.is_none();
    }
    used
}

fn is_in_slim(image: &str, slim: &SlimImage, program: &str) -> bool {
    let name = Reference::of(image).short_name();
    let java = name == "eclipse-temurin" && !Program::of(program).is(Kind::Jdk);
    // The slim variants of `debian` and of a JDK have the same other programs as the full images.
    let slim_image = format!("{}:{}", Reference::of(image).name, slim.tag);
    let has = BaseImage::of(&slim_image).presence(program) == Presence::Has;
    java || name == "debian" || has || BaseImage::of(image).presence(program) == Presence::Lacks
}

/// Whether an install nearly always compiles something, as for gems.
fn compiles_packages(call: &PackageCall) -> bool {
    let python = matches!(call.manager, Manager::Pip | Manager::Uv);
    let compiled = |name: &str| demand_of(Ecosystem::Python, name) == ProjectRequirement::Compiler;
    let named = python && call.packages.iter().any(|package| compiled(package.name.text));
    let installs = matches!(call.verb, Verb::Install | Verb::Upgrade);
    installs && (named || call.has(&["--no-binary"]) || matches!(call.manager, Manager::Gem | Manager::Bundle))
}

/// Whether a command compiles code directly, or installs packages that need system libraries that are not in the tables.
fn is_built_by_hand(invocation: &Invocation) -> bool {
    if toolchain::compiles(invocation).is_some() {
        return true;
    }
    let Some(call) = invocation.package_call() else {
        let name = invocation.program.unwrap_or_default();
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

/// What a package requires of the image that it is installed in.
fn demand_of(ecosystem: Ecosystem, name: &str) -> ProjectRequirement {
    let name = name.to_ascii_lowercase();
    let (libraries, row) = match ecosystem {
        Ecosystem::Python => (data::PYTHON_PACKAGES.has(&name, "libraries"), data::PYTHON_SYSTEM_PACKAGES.row(&name)),
        Ecosystem::Node => (data::NODE_PACKAGES.has(&name, "libraries"), None),
        _ => (false, None),
    };
    match row {
        Some(&[_, "no", build, ..]) if build != "-" => ProjectRequirement::Compiler,
        Some(&[_, "no", ..]) => ProjectRequirement::Unknown,
        _ if libraries => ProjectRequirement::Unknown,
        _ => ProjectRequirement::Nothing,
    }
}

/// The Debian packages that dependencies load or call when they run.
pub(in crate::rules) fn runtime_packages(cx: &Context) -> BTreeSet<&'static str> {
    let mut packages = BTreeSet::new();
    for project in cx.projects().unwrap_or_default() {
        for dependency in &project.dependencies {
            let name = dependency.name.to_ascii_lowercase();
            let run = match project.ecosystem {
                Ecosystem::Python => data::PYTHON_SYSTEM_PACKAGES.row(&name).map(|row| row[3]),
                Ecosystem::Node => {
                    let row = data::NODE_SYSTEM_PACKAGES.row(&name);
                    row.filter(|row| !is_from(dependency, row[1])).map(|row| row[2])
                }
                _ => None,
            };
            packages.extend(run.into_iter().filter(|run| *run != "-").flat_map(data::words));
        }
    }
    packages
}

/// Whether a dependency is of a major version or of a later one; `major`: `-` for none.
fn is_from(dependency: &Dependency, major: &str) -> bool {
    let version = dependency.version.as_deref().or(dependency.requirement.as_deref()).unwrap_or_default();
    let digits = version.trim_start_matches(|c: char| !c.is_ascii_digit());
    let first = digits.split(|c: char| !c.is_ascii_digit()).next().and_then(|number| number.parse::<u32>().ok());
    major.parse().is_ok_and(|major: u32| first.is_some_and(|first| first >= major))
}

/// Whether an install certainly compiles something: what it names, or what the projects of its language depend on.
pub(in crate::rules) fn compiles_certainly(cx: &Context, call: &PackageCall) -> bool {
    let Some(ecosystem) = Ecosystem::of_manager(call.manager) else { return true };
    let of_language = cx.projects().unwrap_or_default().iter().filter(|project| project.ecosystem == ecosystem);
    let is_compiled = |name: &str| {
        demand_of(ecosystem, name) == ProjectRequirement::Compiler
            || ecosystem == Ecosystem::Node && data::NODE_PACKAGES.has(name, "compiles")
    };
    !matches!(ecosystem, Ecosystem::Python | Ecosystem::Node)
        || call.has(&["--no-binary"])
        || call.packages.iter().any(|package| is_compiled(package.name.text))
        || of_language.into_iter().any(|project| {
            let mut dependencies = project.dependencies.iter();
            compiles(project, !call.says("production")) || dependencies.any(|known| is_compiled(&known.name))
        })
}

fn wants_git(invocation: &Invocation) -> bool {
    invocation.package_call().is_some() && invocation.args.iter().any(|word| word.text().contains("git+"))
}

/// What the manifests of the projects require of the image.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
enum ProjectRequirement {
    Nothing,
    /// A dependency is fetched with git.
    Git,
    /// A dependency is compiled.
    Compiler,
    /// A dependency needs system libraries that are not in the tables.
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
    let compiled = if projects.iter().any(|project| compiles(project, with_dev)) {
        ProjectRequirement::Compiler
    } else {
        ProjectRequirement::Nothing
    };
    dependencies.map(of).max().unwrap_or(ProjectRequirement::Nothing).max(compiled)
}

/// Whether an install of the project compiles a package: by its lock files, if a Node project has them.
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
    if reference.digest.is_some() || build.input().options.named_context(image).is_some() {
        return finding;
    }
    let title = "use the slim image";
    let why = "something not shown in this file may need a program or library of the full image";
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

// A final stage that is based on a toolchain's image and only starts what was compiled before.

/// Reports the toolchain if no instruction of the final image uses it.
pub(in crate::rules) fn check_toolchain(cx: &Context, target: &Stage, root: &Stage, image: &str, out: &mut Findings) {
    let build = cx.build();
    let Some(language) = Language::of_image(image) else { return };
    let Some(small) = runtime_image(image, language, true).filter(|small| small != image) else { return };
    // If the image compiles the project itself, another rule reports it.
    if toolchain::compiled(build, target).is_some() || !starts_compiled_program(cx, target, language) {
        return;
    }
    let starts = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint, Keyword::Healthcheck];
    let all = build.chain(target).flat_map(|stage| build.instructions(stage));
    let mut programs = BTreeSet::new();
    let mut packages = BTreeSet::new();
    for (index, _) in all.filter(|(_, instruction)| starts.contains(&instruction.keyword)) {
        let Some(code) = build.code(index) else { return };
        for invocation in code.script.invocations() {
            if uses_toolchain(&invocation, language) {
                return;
            }
            if let Some(call) = invocation.package_call().filter(|call| call.manager.is_system()) {
                packages.extend(call.packages.iter().map(|package| package.name.text.to_owned()));
            }
            let Some(program) = invocation.program else { continue };
            let missing = SlimImage::packages_of(program).unwrap_or_default();
            programs.extend(missing.first().map(|package| (*package).to_owned()));
        }
    }
    let (contents, what) = match language {
        Language::Go => ("the Go toolchain", "the program is already compiled"),
        Language::Rust => ("the Rust toolchain", "the program is already compiled"),
        Language::C => ("compilers and headers", "the program is already compiled"),
        Language::Java => ("a JDK and build tools", "the program needs only a Java runtime"),
        Language::DotNet => ("the .NET SDK", "the program needs only the .NET runtime"),
    };
    let mut wanted: Vec<String> = programs.difference(&packages).map(|package| format!("`{package}`")).collect();
    if matches!(language, Language::Rust | Language::Go) {
        wanted.push("`ca-certificates` and the libraries that the program loads (see `ldd`)".to_owned());
    }
    let wanted = if wanted.is_empty() { String::new() } else { format!("; install {}", wanted.join(", ")) };
    let message = format!("`{image}` contains {contents}, but {what}");
    let finding = cx.finding(root.base_span, message).help(format!("use `{small}` as the base image{wanted}"));
    out.push(with_toolchain_price(language, image, finding));
}

/// Whether the container starts a server or another program that was compiled before. A tool that is found by
/// name or is in a system folder may call the toolchain, as linters do, so it does not count.
fn starts_compiled_program(cx: &Context, target: &Stage, language: Language) -> bool {
    let build = cx.build();
    let Some(launch) = build.launch(target) else { return false };
    let invocations = launch.script().invocations();
    let Some(first) = invocations.first() else { return false };
    let path = first.path.value().unwrap_or_default();
    match language {
        Language::Java => invocations.iter().any(|invocation| invocation.is("java")),
        Language::DotNet => invocations.iter().any(|invocation| invocation.is("dotnet") && starts_library(invocation)),
        _ => {
            let listens = [Keyword::Expose, Keyword::Healthcheck].iter().any(|key| build.last(target, *key).is_some());
            let (folder, name) = path::split(path);
            let is_apart = path.contains('/') && path::name(folder) != "bin";
            let is_script = Program::of(name).is(Kind::Shell) || FileKind::of(path).is_shell() || name.contains('.');
            !path.is_empty() && !is_script && (is_apart || listens && service::is_service(build, target))
        }
    }
}

/// Whether `dotnet` is called with a program that is built.
fn starts_library(invocation: &Invocation) -> bool {
    invocation.args.first().is_some_and(|word| matches!(word.text().rsplit_once('.'), Some((_, "dll"))))
}

/// Whether a command belongs to the toolchain, or may need it.
fn uses_toolchain(invocation: &Invocation, language: Language) -> bool {
    let Some(name) = invocation.program else { return false };
    let program = Program::of(name);
    let starts = matches!(language, Language::DotNet) && name == "dotnet" && starts_library(invocation);
    let tool = [Kind::Toolchain, Kind::Compiler, Kind::Compiles, Kind::BuildTool, Kind::Jdk];
    !starts
        && name != "java"
        && (tool.iter().any(|kind| program.is(*kind)) || name == "dotnet" || toolchain::may_compile(invocation))
}
