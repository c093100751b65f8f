//! See `rules/dev-dependencies-kept.md`.

use std::collections::BTreeSet;

use crate::build::installed::is_set;
use crate::build::{
    Build, Code, DownloadSize, Lookup, Reference, Stage, StageBase, VariableValue, installed, serves_developers,
    service, toolchain,
};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings, Impact, ImpactKind};
use crate::manifest::{DependencyScope, Ecosystem, FileKind, Project};
use crate::rules::Context;
use crate::rules::shared::copied_packages;
use crate::rules::shared::copied_packages::CopiedInstall;
use crate::rules::shared::kept_cache::behind_verb;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, Verb, Word, parse};
use crate::text::{Span, path};

crate::rules::rule!("dev-dependencies-kept", dev_dependencies_kept);

/// An install whose packages are in the final image.
struct ShippedInstall<'b, 'a> {
    place: (&'b Stage, usize),
    code: &'b Code<'a>,
    /// The position of the command in its script.
    at: usize,
    /// Whether a command after it may need its dev dependencies.
    is_used: bool,
    /// The source of the COPY that takes the packages from another stage.
    source: Option<Span>,
}

fn dev_dependencies_kept(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if !build.is_ordinary() {
        return;
    }
    let is_server = |target: &&Stage| service::is_service(build, target) || serves_php(build, target);
    let Some(target) = build.target().filter(is_server) else { return };
    let mut known = BTreeSet::new();
    for install in installs_of(build, target).into_iter().chain(copied(build, target)) {
        if known.insert((install.place.1, install.at))
            && let Some(finding) = finding(cx, target, &install)
        {
            out.push(finding);
        }
    }
}

fn finding(cx: &Context, target: &Stage, install: &ShippedInstall) -> Option<Finding> {
    let (build, code, place) = (cx.build(), install.code, install.place);
    let invocations = code.script.invocations();
    let invocation = invocations.get(install.at)?;
    let call = invocation.package_call()?;
    let (flag, help) = leave_out(build, place, invocation, &call)?;
    let project = installed::of(build, place, invocation, &call)?;
    let dependencies = project.project.dependencies.iter();
    let dev: Vec<&str> = dependencies
        .filter(|dependency| dependency.scope == DependencyScope::Dev)
        .map(|dependency| dependency.name.as_str())
        .collect();
    let is_needed = may_need_dev(build, target, project.project)
        || is_called_by_script(build, target, project.project)
        || build.input().options.run.is_for_development;
    let [first, ..] = dev.as_slice() else { return None };
    if is_needed || (install.is_used && install.source.is_none()) {
        return None;
    }
    let others = match dev.len() {
        1 => String::new(),
        2 => format!(" and `{}`", dev[1]),
        count => format!(" and {} others", count - 1),
    };
    let message = format!("`{}` also installs dev dependencies: `{first}`{others}", call.title());
    let span = code.place(&build.input().file, call.span);
    let loads_by_mode = call.manager == Manager::Composer && loads_dev_by_mode(cx, target);
    let help = match install.is_used {
        true => format!("the build needs them: install again without them {}", again(&call, flag)),
        false if loads_by_mode => format!("{help}, and set `APP_ENV=prod`: `{BUNDLES}` loads bundles by it"),
        false => help,
    };
    let finding = priced(&project, cx.finding(span, message).help(help));
    let finding = install.source.into_iter().fold(finding, |finding, source| finding.label(source, "copied here"));
    let why = "the container no longer starts if it needs one of them";
    Some(match behind_verb(cx, code, &call) {
        Some(at) if !flag.is_empty() && !loads_by_mode && !install.is_used => {
            finding.unsafe_edit(format!("add `{flag}`"), why, Span::at(at), format!(" {flag}"))
        }
        _ => finding,
    })
}

/// How to be rid of them after a build that needs them.
fn again(call: &PackageCall, flag: &str) -> String {
    match call.manager {
        Manager::Npm => "after it (`npm prune --omit=dev`), or in a stage of its own that is copied instead".to_owned(),
        Manager::Pnpm => "after it (`pnpm prune --prod`), or in a stage of its own that is copied instead".to_owned(),
        _ if flag.is_empty() => "in a stage of its own, and copy from that".to_owned(),
        _ => format!("after it (`{flag}`), or in a stage of its own that is copied instead"),
    }
}

/// The installs of the stages that the final image consists of.
fn installs_of<'b, 'a>(build: &'b Build<'a>, target: &'b Stage) -> Vec<ShippedInstall<'b, 'a>> {
    let mut installs = Vec::new();
    for stage in build.chain(target) {
        for run in build.own_runs(stage).filter(|run| run.code.is_ordinary()) {
            let invocations = run.invocations();
            for (at, _) in invocations.iter().enumerate().filter(|(_, invocation)| invocation.manager().is_some()) {
                let place = (stage, run.index);
                let is_used = invocations[at + 1..].iter().any(|invocation| !is_harmless(invocation))
                    || is_used_below(build, target, place);
                installs.push(ShippedInstall { place, code: run.code, at, is_used, source: None });
            }
        }
    }
    installs
}

/// The installs whose packages the final image gets from other stages, as far as nothing shows that they are without dev
/// dependencies in the end.
fn copied<'b, 'a>(build: &'b Build<'a>, target: &'b Stage) -> Vec<ShippedInstall<'b, 'a>> {
    let mut installs = Vec::new();
    for copy in build.chain(target).flat_map(|stage| copied_packages::copied_installs(build, stage)) {
        let later = copy.later(build);
        let after_copy = is_replaced_in(build, target, &copy);
        if after_copy || later.iter().any(|(place, invocation)| drops_dev(build, *place, invocation, &copy)) {
            continue;
        }
        let is_used = later.iter().any(|(_, invocation)| !is_harmless(invocation));
        let source = Some(copy.source.1);
        installs.push(ShippedInstall { place: copy.place, code: copy.code, at: copy.at, is_used, source });
    }
    installs
}

/// Whether a step of the final image changes what is copied.
fn is_replaced_in(build: &Build, target: &Stage, copy: &CopiedInstall) -> bool {
    build.chain(target).any(|stage| {
        toolchain::runs(build, stage).any(|(index, _, invocations)| {
            invocations.iter().any(|invocation| drops_dev(build, (stage, index), invocation, copy))
        })
    })
}

/// Whether a command after an install takes dev dependencies away, or puts others in their place.
fn drops_dev(build: &Build, place: (&Stage, usize), invocation: &Invocation, copy: &CopiedInstall) -> bool {
    if copy.is_replaced_by(invocation) {
        return true;
    }
    let Some(call) = invocation.package_call() else { return false };
    let drops = ["prune", "deploy", "autoclean", "clean"].iter().any(|verb| call.verb_text.starts_with(verb))
        && (call.verb != Verb::Clean || call.manager == Manager::Bundle)
        || call.verb == Verb::Remove && !call.manager.is_system();
    let excludes = call.verb == Verb::Install
        && call.is_from_manifest()
        && call.packages.is_empty()
        && leave_out(build, place, invocation, &call).is_none();
    drops || excludes
}

/// Where Symfony lists what it loads in which mode.
const BUNDLES: &str = "config/bundles.php";

/// Whether the program of a stage loads packages for development unless a variable says otherwise, and none does.
fn loads_dev_by_mode(cx: &Context, target: &Stage) -> bool {
    let mode = cx.build().scopes().lookup(target.index, "APP_ENV", usize::MAX);
    let is_production = match mode {
        Lookup::Defined(variable) => {
            let VariableValue::Known(text) = &variable.value else { return true };
            let modes = data::MODE_VARIABLES.row("APP_ENV").map_or("", |row| row[1]);
            !text.is_empty() && data::words(modes).all(|mode| mode != &**text)
        }
        _ => false,
    };
    !is_production && cx.context().is_some_and(|context| context.find(BUNDLES).is_some())
}

/// Adds the price: the packages of the lock file that are only for development.
fn priced(project: &installed::InstalledProject, finding: Finding) -> Finding {
    let locked = project.install.and_then(|install| Some((install.lock.as_deref()?, install.locked.as_ref()?)));
    let sizes = locked.and_then(|(file, locked)| {
        let dev = locked.packages.iter().filter(|(_, package)| package.dev_only == Some(true));
        let names: Vec<&str> = dev.map(|(name, _)| name.as_str()).collect();
        let bytes = DownloadSize::sum(project.project.ecosystem, names.iter().copied())?;
        (!names.is_empty()).then_some((file, names.len(), bytes))
    });
    let Some((file, count, (archives, disk))) = sizes else {
        let evidence = "the manifest lists them, and no later step uses them";
        return finding.costs(Impact::unknown(ImpactKind::PullBytes, evidence));
    };
    let date = DownloadSize::date(project.project.ecosystem);
    let evidence =
        format!("{count} packages in `{file}` are dev dependencies; sizes of the registry's archives on {date}");
    finding.costs(Impact::typical(ImpactKind::DiskBytes, disk, &*evidence)).costs(Impact::typical(
        ImpactKind::PullBytes,
        archives,
        evidence,
    ))
}

/// The option that excludes dev dependencies (empty if only a setting does), and the help text. `None` if they are already
/// excluded, or if the call installs no dependencies.
fn leave_out(
    build: &Build,
    place: (&Stage, usize),
    invocation: &Invocation,
    call: &PackageCall,
) -> Option<(&'static str, String)> {
    if call.verb != Verb::Install || !call.is_from_manifest() || !call.packages.is_empty() {
        return None;
    }
    // A member of a workspace has its own groups.
    if call.says("member") {
        return None;
    }
    let has_variable = |names: &[&str]| is_set(build, place, invocation, names);
    let node = || {
        let production = build.run_variable(place.0, place.1, invocation, "NODE_ENV");
        production.is_some_and(|value| value.text().is_none_or(|value| value == "production"))
            || has_variable(&["NPM_CONFIG_OMIT", "npm_config_omit", "NPM_CONFIG_PRODUCTION", "npm_config_production"])
    };
    let add = |flag: &'static str| Some((flag, format!("add `{flag}`")));
    match call.manager {
        _ if call.says("production") || call.says("berry") => None,
        Manager::Npm if node() || call.says("global") => None,
        Manager::Npm => add("--omit=dev"),
        Manager::Yarn | Manager::Pnpm | Manager::Bun if node() => None,
        Manager::Yarn if call.verb_text == "workspaces focus" => None,
        Manager::Yarn | Manager::Bun => add("--production"),
        Manager::Uv if call.verb_text != "sync" || has_variable(&["UV_NO_DEV", "UV_NO_DEFAULT_GROUPS"]) => None,
        Manager::Poetry => add("--only main"),
        Manager::Pnpm | Manager::Pdm => add("--prod"),
        Manager::Composer if has_variable(&["COMPOSER_NO_DEV"]) => None,
        Manager::Uv | Manager::Composer => add("--no-dev"),
        Manager::Bundle if has_variable(&["BUNDLE_WITHOUT", "BUNDLE_ONLY"]) => None,
        Manager::Bundle if mentions(build, "without") => None,
        Manager::Bundle => Some(("", "set `BUNDLE_WITHOUT=development:test`".into())),
        _ => None,
    }
}

fn mentions(build: &Build, word: &str) -> bool {
    let file = &build.input().file;
    file.instructions()
        .iter()
        .any(|instruction| instruction.keyword == Keyword::Run && file.logical(instruction.text).contains(word))
}

/// Whether a later RUN may use the installed packages, in a stage that ships or whose environment does.
fn is_used_below(build: &Build, end: &Stage, (stage, index): (&Stage, usize)) -> bool {
    build.chain(end).take_while(|below| below.index >= stage.index).any(|below| {
        build.instructions_of(below, Keyword::Run).filter(|(at, _)| *at > index).any(|(at, _)| {
            build.code(at).is_none_or(|code| code.script.invocations().iter().any(|known| !is_harmless(known)))
        })
    })
}

/// Whether a program never needs a dev dependency, whatever its arguments are.
fn is_harmless(invocation: &Invocation) -> bool {
    // Python packages are built in isolated environments.
    let installs = |call: &PackageCall| {
        call.verb == Verb::Install
            && matches!(call.manager, Manager::Uv | Manager::Poetry | Manager::Pdm | Manager::Pip)
    };
    if let Some(call) = invocation.package_call() {
        let apart = call.manager.is_system() || call.manager == Manager::Corepack;
        return apart || call.verb == Verb::Clean || installs(&call);
    }
    invocation.program.is_some_and(|program| Program::of(program).keeps_to_arguments())
}

// Whether a container may start with a dev dependency. The answer is yes if it is not known.

/// How deep scripts that call other scripts are followed.
const DEEPEST: usize = 4;

/// Whether ENTRYPOINT or CMD may need a dev dependency.
pub(in crate::rules) fn may_need_dev(build: &Build, target: &Stage, project: &Project) -> bool {
    let starts = [Keyword::Entrypoint, Keyword::Cmd].into_iter().filter_map(|keyword| build.last(target, keyword));
    let mut programs = 0;
    for (index, _) in starts {
        let Some(code) = build.code(index) else { return true };
        for invocation in code.script.invocations() {
            programs += 1;
            if needs(&invocation, project, 0) {
                return true;
            }
        }
    }
    programs == 0 && !has_php_server(build, target)
}

/// Whether the stage starts a server of the official PHP image, which runs as root only to listen.
pub(in crate::rules) fn serves_php(build: &Build, target: &Stage) -> bool {
    let serves = |program: &str| matches!(program, "apache2-foreground" | "php-fpm");
    if service::is_development(build, target) {
        return false;
    }
    match build.launch(target) {
        Some(launch) => launch.script().invocations().iter().any(|invocation| invocation.program.is_some_and(serves)),
        None => has_php_server(build, target),
    }
}

/// Whether the base image starts PHP's server: `php:8.4-fpm`.
fn has_php_server(build: &Build, target: &Stage) -> bool {
    let StageBase::Image(image) = build.root_base(target) else { return false };
    let reference = Reference::of(image);
    let tag = reference.tag.unwrap_or_default();
    reference.short_name() == "php" && tag.split('-').any(|word| matches!(word, "fpm" | "apache"))
}

fn needs(invocation: &Invocation, project: &Project, depth: usize) -> bool {
    let Some(program) = invocation.program else { return true };
    if names_dev(invocation, program, project) {
        return true;
    }
    match project.ecosystem {
        // What its settings name is loaded, too: plugins of ESLint by `react-scripts start`.
        Ecosystem::Node => serves_developers(&words_of(invocation)) || node(invocation, program, project, depth),
        // `uv run` and similar programs install what is missing when they start.
        Ecosystem::Python => {
            let known = Program::of(program);
            known.is(Kind::Packages) || known.is_shell() || is_script(program)
        }
        _ => is_script(program),
    }
}

/// Whether a command or one of its words is a dev dependency.
fn names_dev(invocation: &Invocation, program: &str, project: &Project) -> bool {
    let names = |word: &str| {
        let last = path::name(word);
        project.dependencies.iter().any(|dependency| {
            dependency.scope == DependencyScope::Dev
                && (dependency.name == last
                    || dependency.name.ends_with(&format!("/{last}"))
                    // A module of the package: `tsconfig-paths/register`.
                    || path::is_within(word, &dependency.name))
        })
    };
    names(program) || invocation.args.iter().any(|word| names(word.text()))
}

/// Whether a script that the image takes by name calls a dev dependency: tests that run in the container.
pub(in crate::rules) fn is_called_by_script(build: &Build, target: &Stage, project: &Project) -> bool {
    let Some(texts) = build.input().texts.as_deref() else { return false };
    build.scripts_copied_by_name(target).iter().any(|path| {
        let text = texts.get(path).map(|bytes| String::from_utf8_lossy(bytes)).unwrap_or_default();
        let script = parse(&text);
        let calls =
            |invocation: &Invocation| invocation.program.is_some_and(|program| names_dev(invocation, program, project));
        script.invocations().iter().any(calls)
    })
}

fn words_of(invocation: &Invocation) -> Vec<String> {
    invocation.command.words.iter().map(|word| word.text().to_owned()).collect()
}

fn is_script(program: &str) -> bool {
    FileKind::of(program).is_shell() || program.contains("entrypoint")
}

/// Whether a command of a Node project may need one: not Node itself, the program of a dependency, or a script of
/// package.json that only runs those.
fn node(invocation: &Invocation, program: &str, project: &Project, depth: usize) -> bool {
    let run = |name: &str| {
        let Some(command) = project.script(name) else { return true };
        if depth >= DEEPEST {
            return true;
        }
        let script = parse(command);
        script.invocations().iter().any(|invocation| needs(invocation, project, depth + 1))
    };
    match program {
        "node" | "nodejs" | "tini" | "dumb-init" | "docker-entrypoint.sh" => false,
        "npm" | "yarn" | "pnpm" | "bun" => {
            let mut words = invocation.args.iter().map(Word::text).filter(|word| !word.starts_with('-'));
            match words.next() {
                Some("run" | "run-script") => words.next().is_none_or(run),
                Some("exec" | "dlx" | "x") | None => true,
                Some(name) => run(name),
            }
        }
        _ => !project
            .dependencies
            .iter()
            .any(|dependency| dependency.scope == DependencyScope::Run && dependency.name == program),
    }
}
