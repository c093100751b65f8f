//! Rules about tools in the final image that nothing runs there.

use memchr::memmem;
use std::sync::LazyLock;

use crate::build::{Build, Code, Libc, PackageSize, Stage, StageBase, libc, releases, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::manifest::{Ecosystem, FileKind, FileRole, INSTALL_SCRIPTS, Project, comes_compiled, python_name};
use crate::rules::Context;
use crate::rules::base::full_base::{compiles_certainly, runtime_packages};
use crate::rules::shared::copied_packages::stage_copies;
use crate::shell::program::{Kind, Language, Program};
use crate::shell::{Invocation, Manager, Package, PackageCall, PackageSource, Verb, Word};
use crate::sources::literals::string_literals;
use crate::text::Span;

crate::rules::family! {
    "build-tools-shipped" => build_tools_shipped;
    "debug-tools-shipped" => debug_tools_shipped;
}

/// The most installs that are checked; no real file has more.
const MOST: usize = 100;

/// Packages that a message names.
const NAMED: usize = 3;

/// Libraries that are removed together with a compiler, although compiled packages load them.
const LIBRARIES: &str =
    ", but keep the libraries that the result loads (see `ldd`): libstdc++ and libgomp are removed with a compiler";

/// The same of headers: `apk del libzip-dev` removes libzip too.
const LIBRARIES_OF_HEADERS: &str =
    ", but keep the libraries that the result loads (see `ldd`): they are removed with their headers";

fn build_tools_shipped(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    // If the image compiles the project itself, another rule reports it.
    let is_application = toolchain::is_application(build, target) || toolchain::is_started_by_compose(build, target);
    if !is_application || toolchain::base_compiles(build, target) || toolchain::compiled(build, target).is_some() {
        return;
    }
    if runtime_packages(cx).into_iter().any(toolchain::is_build_package) {
        return;
    }
    let shipped: Vec<&Stage> = cx.shipped().collect();
    if compiles_at_run_time(cx, &shipped) {
        return;
    }
    let called = compilers_called(build);
    let mut checked = 0;
    for stage in shipped.iter().rev() {
        for (index, _, invocations) in toolchain::runs(build, stage) {
            let removal = toolchain::last_removal(&invocations);
            let compile = invocations.iter().rposition(toolchain::may_compile);
            for (at, invocation) in invocations.iter().enumerate() {
                let Some(call) = invocation.package_call() else { continue };
                let tools = toolchain::build_packages(&call);
                if tools.is_empty() {
                    continue;
                }
                checked += 1;
                if checked > MOST {
                    return;
                }
                if removal.is_some_and(|last| at <= last) || invocation.args.iter().any(is_elsewhere) {
                    continue;
                }
                if called.iter().any(|compiler| tools.iter().any(|tool| brings(tool, compiler))) {
                    continue;
                }
                let later = if compile.is_some_and(|last| at <= last) { &invocations[at..] } else { &[] };
                let compiler = later.iter().find(|invocation| toolchain::may_compile(invocation));
                let in_same_run = compiler.map(|compiler| (index, compiler.clone()));
                let Some((place, user)) = in_same_run.or_else(|| used_below(build, &shipped, index)) else {
                    if called.is_empty()
                        && is_needless(build, target, &shipped, (index, at), &tools)
                        && let Some(finding) = needless_finding(cx, (stage, index), &call, &tools)
                    {
                        out.push(finding);
                    }
                    continue;
                };
                let mut users = vec![name(&user)];
                let more = compilers_after(build, &shipped, (index, at), &user);
                for other in more.into_iter().chain(first_called_tool(build, &shipped, (index, at), &tools)) {
                    if !users.contains(&other) {
                        users.push(other);
                    }
                }
                if let Some(finding) = finding(cx, (stage, index), &call, &tools, (place, &user, &users)) {
                    out.push(finding);
                }
            }
        }
    }
}

/// Whether a package of the image or of its project calls a compiler while the program runs.
fn compiles_at_run_time(cx: &Context, shipped: &[&Stage]) -> bool {
    let is_known = |name: &str| data::COMPILING_PACKAGES.contains(name);
    let installs = |invocation: Invocation| {
        let call = invocation.package_call();
        call.is_some_and(|call| call.packages.iter().any(|package| is_known(package.name.text)))
    };
    let projects = cx.projects().unwrap_or_default();
    shipped.iter().any(|stage| cx.build().called(stage).any(installs))
        || projects.iter().flat_map(|project| &project.dependencies).any(|dependency| is_known(&dependency.name))
}

/// The finding; `place`: the RUN of `user`, the first command that needs the tools.
fn finding(
    cx: &Context,
    (stage, index): (&Stage, usize),
    call: &PackageCall,
    tools: &[&str],
    (place, user, users): (usize, &Invocation, &[String]),
) -> Option<Finding> {
    let build = cx.build();
    let file = &build.input().file;
    let span = build.code(index)?.place(file, span(call));
    let shipped = format!("{} {} in the final image", listed(tools), is_or_are(tools));
    if let [user_name] = users
        && (all_wheels(build, stage, user) || nothing_locked_compiles(cx, user))
    {
        let message =
            format!("{shipped}, and nothing needs {}: all that `{user_name}` installs comes compiled", pronoun(tools));
        let finding = cx.finding(span, message).help(format!("leave {} out", pronoun(tools)));
        return Some(priced(build, stage, tools, finding));
    }
    let is_certain = user.package_call().is_none_or(|call| compiles_certainly(cx, &call));
    let need = match users {
        _ if !is_certain => "may need",
        [_] => "needs",
        _ => "need",
    };
    let message = format!("{shipped}, but only {} {need} {}", quoted(users), pronoun(tools));
    let finding = cx.finding(span, message).help(format!(
        "run {} in a separate stage and copy its result, or remove {} in the same RUN{}",
        quoted(users),
        pronoun(tools),
        libraries(user, tools)
    ));
    let finding = priced(build, stage, tools, finding);
    let is_near = build.instruction(place).start_line == build.instruction(index).start_line;
    let label = if is_near { None } else { build.code(place).map(|code| code.place(file, user.span)) };
    let text = if is_certain { "needed here" } else { "may be needed here" };
    Some(label.into_iter().fold(finding, |finding, span| finding.label(span, text)))
}

/// Whether nothing behind an install needs a compiler or headers: each later command is known and compiles nothing, and what
/// the image starts is no script that may.
fn is_needless(build: &Build, target: &Stage, shipped: &[&Stage], place: (usize, usize), tools: &[&str]) -> bool {
    let is_known = |invocation: &Invocation| {
        let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
        let runs_others = [Kind::Recipes, Kind::Interpreter, Kind::Shell, Kind::BuildTool, Kind::Bundler];
        let is_call = invocation.package_call().is_some_and(|call| call.verb != Verb::Run && call.verb != Verb::Build);
        let calls_tool = invocation.program.is_some_and(|program| tools.contains(&program));
        // A package that lies there may depend on one of the tools.
        let installs_file = invocation.is("dpkg") || invocation.is("rpm");
        !calls_tool
            && !installs_file
            && (is_call || program.is_verified && !runs_others.into_iter().any(|kind| program.is(kind)))
    };
    let runs: Vec<usize> = shipped
        .iter()
        .flat_map(|stage| build.instructions(stage))
        .filter(|(at, instruction)| *at >= place.0 && instruction.keyword == Keyword::Run)
        .map(|(at, _)| at)
        .collect();
    let is_read = |at: &usize| build.code(*at).is_some_and(Code::is_ordinary);
    runs.iter().all(is_read)
        && invocations_after(build, shipped, place).all(|invocation| is_known(&invocation))
        && starts_no_compiler(build, target, tools)
}

/// Whether what the image starts compiles nothing, as far as it can be read; what the script of a start does is known with
/// the context alone.
fn starts_no_compiler(build: &Build, target: &Stage, tools: &[&str]) -> bool {
    let Some(launch) = build.launch(target) else { return false };
    let scripts = build.start_scripts(target);
    let is_script = |invocation: &Invocation| {
        let mut words = invocation.args.iter().chain([invocation.path]).filter_map(Word::value);
        words.any(|word| FileKind::of(word).is_shell() || word.contains("entrypoint"))
    };
    let invocations = launch.script().invocations();
    if build.input().texts.is_some() && scripts.is_empty() && invocations.iter().any(is_script) {
        return false;
    }
    // What another program does at the start is not known: a server of compilers is one, too.
    let is_runtime = |invocation: &Invocation| invocation.program.is_some_and(|it| Program::of(it).is(Kind::Runtime));
    if !takes_built_files(build, target) && !invocations.first().is_some_and(is_runtime) {
        return false;
    }
    let is_unknown = |invocation: &Invocation| invocation.program.is_none_or(|it| !Program::of(it).is_verified);
    if scripts.iter().any(|(_, script)| script.invocations().iter().any(is_unknown)) {
        return false;
    }
    let compiles = |invocation: &Invocation| {
        toolchain::may_compile(invocation) || invocation.program.is_some_and(|program| tools.contains(&program))
    };
    let mut all = invocations.into_iter().chain(scripts.iter().flat_map(|(_, script)| script.invocations()));
    !all.any(|invocation| compiles(&invocation))
}

/// Whether the image takes files from a stage of the file that compiles.
fn takes_built_files(build: &Build, target: &Stage) -> bool {
    let copies = build.chain(target).flat_map(|stage| stage_copies(build, stage));
    copies.into_iter().any(|copy| {
        build.chain(copy.maker).any(|maker| build.called(maker).any(|invocation| toolchain::may_compile(&invocation)))
    })
}

/// The finding where nothing uses the tools at all.
fn needless_finding(
    cx: &Context,
    (stage, index): (&Stage, usize),
    call: &PackageCall,
    tools: &[&str],
) -> Option<Finding> {
    let build = cx.build();
    let span = build.code(index)?.place(&build.input().file, span(call));
    let (are, them) = (is_or_are(tools), pronoun(tools));
    let message =
        format!("{} {are} in the final image, and no step behind the install compiles anything", listed(tools));
    let is_headers = tools.iter().all(|tool| tool.ends_with("-dev") || tool.ends_with("-devel"));
    let help = format!("leave {them} out{}", if is_headers { LIBRARIES_OF_HEADERS } else { LIBRARIES });
    Some(priced(build, stage, tools, cx.finding(span, message).help(help)))
}

/// What is removed together with the tools, although the result needs it.
fn libraries(user: &Invocation, tools: &[&str]) -> &'static str {
    let is_headers = |tool: &&str| tool.ends_with("-dev") || tool.ends_with("-devel");
    match user.package_call() {
        Some(_) => LIBRARIES,
        None if tools.iter().any(is_headers) => LIBRARIES_OF_HEADERS,
        None => "",
    }
}

/// The compilers that the program starts itself, as far as its sources name them in a string.
fn compilers_called(build: &Build) -> Vec<&'static str> {
    let Some(texts) = build.input().texts.as_ref() else { return Vec::new() };
    let mut called = Vec::new();
    for (path, bytes) in &**texts {
        let kind = FileKind::of(path);
        if !kind.is_code() || matches!(kind.role(), FileRole::Test | FileRole::Documentation | FileRole::Vendored) {
            continue;
        }
        let is_new = |name: &&&str| !called.contains(*name) && begins_string(bytes, name);
        let named: Vec<&str> = C_COMPILERS.iter().filter(is_new).copied().collect();
        if !named.is_empty() {
            let text = String::from_utf8_lossy(bytes);
            let literals = string_literals(path, &text);
            called.extend(
                named.into_iter().filter(|name| {
                    literals.iter().any(|literal| literal.text.split_whitespace().next() == Some(*name))
                }),
            );
        }
    }
    called
}

static C_COMPILERS: LazyLock<Vec<&'static str>> = LazyLock::new(|| {
    Program::with(Kind::Compiler).filter(|name| Program::of(name).language == Some(Language::C)).collect()
});

/// Whether a quote stands before a name: a look that is much cheaper than to read the strings.
fn begins_string(text: &[u8], name: &str) -> bool {
    let is_quote = |at: usize| text[..at].trim_ascii_end().last().is_some_and(|byte| b"\"'`".contains(byte));
    memmem::find_iter(text, name).any(is_quote)
}

/// Whether a package brings a compiler: `clang-dev` and `clang-18` bring `clang`.
fn brings(tool: &str, compiler: &str) -> bool {
    let family = |name: &str| name.split(['-', '+']).next().map(str::to_owned);
    toolchain::is_compiler(tool)
        && (family(tool) == family(compiler) || matches!(tool, "build-essential" | "build-base" | "base-devel"))
}

/// Whether pip installs nothing but packages that are known to have a wheel for the base's Python, and only pip may compile.
fn all_wheels(build: &Build, stage: &Stage, user: &Invocation) -> bool {
    let StageBase::Image(image) = build.root_base(stage) else { return false };
    let Some(call) = user.package_call().filter(|call| matches!(call.manager, Manager::Pip | Manager::Uv)) else {
        return false;
    };
    let is_other = |invocation: &Invocation| {
        toolchain::may_compile(invocation) && invocation.package_call().is_none_or(|other| other.span != call.span)
    };
    let invocations: Vec<Invocation> =
        build.chain(stage).flat_map(|stage| toolchain::runs(build, stage)).flat_map(|run| run.2).collect();
    if invocations.iter().any(is_other) || !matches!(libc(image), Some(Libc::Glibc(_))) {
        return false;
    }
    let options = ["--no-binary", "--no-build-isolation", "--editable", "-e"];
    if call.has(&options) || call.packages.iter().any(|package| package.source != PackageSource::Index) {
        return false;
    }
    let minor = releases(image)
        .into_iter()
        .find(|release| release.product == "python")
        .and_then(|release| release.version.split('.').nth(1).and_then(|minor| minor.parse().ok()));
    // Which of the projects a file of requirements belongs to does not matter where all come compiled.
    let projects = build.input().projects.as_deref().into_iter().flatten();
    let projects: Vec<&Project> = projects.filter(|project| project.ecosystem == Ecosystem::Python).collect();
    let names_file = call.packages.is_empty() || call.has(&["-r", "--requirement"]);
    if names_file && projects.is_empty() {
        return false;
    }
    let direct = projects.iter().flat_map(|project| &project.dependencies);
    let direct = direct.map(|known| (python_name(&known.name), known.version.as_deref()));
    let locks = projects.iter().flat_map(|project| &project.installs).filter_map(|install| install.locked.as_ref());
    let locked = locks.flat_map(|locked| &locked.packages);
    let locked = locked.map(|(name, package)| (name.clone(), package.version.as_deref()));
    let named = call.packages.iter().map(|package| (python_name(package.name.text), None));
    let mut all = direct.chain(locked).chain(named).peekable();
    all.peek().is_some() && all.all(|(name, version)| comes_compiled(&name, minor, version))
}

/// Whether an install for Node takes what the lock files name, of which no package is compiled.
fn nothing_locked_compiles(cx: &Context, user: &Invocation) -> bool {
    let Some(call) = user.package_call().filter(|call| call.packages.is_empty()) else { return false };
    if Ecosystem::of_manager(call.manager) != Some(Ecosystem::Node) || call.verb != Verb::Install {
        return false;
    }
    // The project's own scripts may compile.
    let is_built = cx.context().is_some_and(|context| context.find("binding.gyp").is_some());
    let runs =
        |project: &&Project| project.scripts.iter().any(|script| INSTALL_SCRIPTS.contains(&script.name.as_str()));
    let projects = || cx.projects().unwrap_or_default().iter().filter(|project| project.ecosystem == Ecosystem::Node);
    if is_built || projects().any(|project| runs(&project)) {
        return false;
    }
    let mut locks =
        projects().map(|project| project.installs.iter().find_map(|install| install.locked.as_ref())).peekable();
    locks.peek().is_some() && locks.all(|locked| locked.is_some_and(|locked| !locked.compiles(true)))
}

fn priced(build: &Build, stage: &Stage, tools: &[&str], finding: Finding) -> Finding {
    let StageBase::Image(image) = build.root_base(stage) else { return finding };
    let Some(size) = PackageSize::heaviest(tools, image) else { return finding };
    finding.costs(Impact::typical(ImpactKind::DiskBytes, size.disk_bytes, size.evidence()))
}

/// Whether an option installs into another root file system.
fn is_elsewhere(word: &Word) -> bool {
    word.text().starts_with("--installroot") || word.text().starts_with("--root=") || word.is("--root")
}

/// The first command in a later instruction that may need a compiler.
fn used_below<'b>(build: &'b Build, shipped: &[&Stage], index: usize) -> Option<(usize, Invocation<'b>)> {
    for (at, _, invocations) in shipped.iter().rev().flat_map(|stage| toolchain::runs(build, stage)) {
        if at > index
            && let Some(invocation) = invocations.into_iter().find(toolchain::may_compile)
        {
            return Some((at, invocation));
        }
    }
    None
}

/// What else compiles after the install, where its first user is no package manager: `docker-php-ext-install` builds what
/// `docker-php-ext-configure` has set up.
fn compilers_after(build: &Build, shipped: &[&Stage], place: (usize, usize), user: &Invocation) -> Vec<String> {
    if user.package_call().is_some() {
        return Vec::new();
    }
    invocations_after(build, shipped, place)
        .filter(|other| other.package_call().is_none() && toolchain::may_compile(other))
        .map(|other| name(&other))
        .collect()
}

/// The commands behind one of a step.
fn invocations_after<'b>(
    build: &'b Build,
    shipped: &[&Stage],
    (index, at): (usize, usize),
) -> impl Iterator<Item = Invocation<'b>> {
    let runs = shipped.iter().rev().flat_map(|stage| toolchain::runs(build, stage)).filter(move |run| run.0 >= index);
    runs.flat_map(move |(place, _, all)| all.into_iter().skip(if place == index { at + 1 } else { 0 }))
}

/// The first of the tools that a command after the install runs by name.
fn first_called_tool(build: &Build, shipped: &[&Stage], place: (usize, usize), tools: &[&str]) -> Option<String> {
    let later = invocations_after(build, shipped, place);
    let mut programs =
        later.filter(|invocation| invocation.package_call().is_none()).filter_map(|invocation| invocation.program);
    programs.find(|program| tools.contains(program)).map(str::to_owned)
}

fn quoted(users: &[String]) -> String {
    let users: Vec<String> = users.iter().map(|user| format!("`{user}`")).collect();
    users.join(" and ")
}

/// The command in two words: `pip install`.
fn name(invocation: &Invocation) -> String {
    match invocation.package_call() {
        Some(call) if !call.verb_text.is_empty() => call.title(),
        _ => invocation.program.unwrap_or_default().to_owned(),
    }
}

/// From the first to the last build package.
fn span(call: &PackageCall) -> Span {
    let tool = |package: &&Package| toolchain::is_build_package(package.name.text);
    let mut tools = call.packages.iter().filter(tool).map(|package| package.span);
    let first = tools.next().unwrap_or(call.span);
    first.to(tools.next_back().unwrap_or(first))
}

fn listed(tools: &[&str]) -> String {
    let named: Vec<String> = tools.iter().take(NAMED).map(|tool| format!("`{tool}`")).collect();
    match (named.as_slice(), tools.len().saturating_sub(NAMED)) {
        ([tool], _) => tool.clone(),
        (named, 0) => format!("{} and {}", named[..named.len() - 1].join(", "), named[named.len() - 1]),
        (named, more) => format!("{} and {more} more build packages", named.join(", ")),
    }
}

fn is_or_are(tools: &[&str]) -> &'static str {
    if tools.len() == 1 { "is" } else { "are" }
}

fn pronoun(tools: &[&str]) -> &'static str {
    if tools.len() == 1 { "it" } else { "them" }
}

/// The most packages that are checked; no real file has more.
const MOST_INSTALLS: usize = 100;

fn debug_tools_shipped(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = cx.application() else { return };
    // If people work in the container, their tools belong there.
    if cx.shipped().any(|stage| installs_shell_for_people(build, stage)) {
        return;
    }
    let mut checked = 0;
    for stage in cx.shipped() {
        for run in build.own_runs(stage) {
            let invocations = run.invocations();
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
                    if checked > MOST_INSTALLS {
                        return;
                    }
                    if is_used(build, target, run.index, name) {
                        continue;
                    }
                    let message = format!("`{name}` is in the final image, but nothing here uses it");
                    let help = "remove it, and debug with `docker debug` or a container that shares the namespaces of this one";
                    let mut finding = cx.finding(run.place(package.span), message).help(help);
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
