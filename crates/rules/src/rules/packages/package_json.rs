//! Rules about commands of npm, Yarn and pnpm that the project's package.json lets fail.

use super::lock_files::is_certain;
use crate::build::{BaseImage, Build, FoundVariable, Run, ScriptCall, Stage, StageBase, installed};
use crate::data;
use crate::finding::Findings;
use crate::manifest::{Ecosystem, Project};
use crate::rules::Context;
use crate::rules::base::node_build;
use crate::rules::files::copied_programs::newest_node_version;
use crate::shell::{Invocation, Manager, Verb, Word, parse};
use crate::sources::patterns;
use crate::text::{Span, listed, path};

crate::rules::family! {
    "npm-protocol-refused" => npm_protocol_refused;
    "old-bundler-on-new-node" => old_bundler_on_new_node;
    "package-script-missing" => package_script_missing;
}

/// The first release of Node whose OpenSSL refuses MD4.
const WITHOUT_MD4: u32 = 17;

/// Meanings in `data/source_patterns.tsv`.
const MAKING: &str = "word of a package manager that writes package.json";
const BRINGING: &str = "program that may bring a package.json";

/// What lets OpenSSL 3 take MD4.
const PROVIDER: &str = "openssl-legacy-provider";

/// Names that a help has room for.
const NAMED: usize = 8;

fn node_projects<'i>(cx: &Context<'_, 'i>) -> Vec<&'i Project> {
    let projects = cx.projects().unwrap_or_default();
    projects.iter().filter(|project| project.ecosystem == Ecosystem::Node).collect()
}

/// Whether a stage may get a package.json that the build context does not have: by a step, from another stage, or from an
/// unknown base.
fn may_make_manifests(build: &Build, stage: &Stage) -> bool {
    if !matches!(build.root_base(stage), StageBase::Image(image) if BaseImage::of(image).source().is_some()) {
        return true;
    }
    let makes = |invocation: Invocation| {
        let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
        let first = words.first().copied().unwrap_or_default();
        match invocation.program {
            Some("git") => words.contains(&"clone"),
            Some("npm" | "yarn" | "pnpm" | "bun") => patterns::words(MAKING).any(|word| word == first),
            Some(program) => patterns::words(BRINGING).any(|name| name == program),
            None => false,
        }
    };
    let mut stages = build.chain(stage);
    stages.any(|stage| build.called(stage).any(makes) || build.transfers(stage).iter().any(|it| it.from.is_some()))
}

fn package_script_missing(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let projects = node_projects(cx);
    if projects.is_empty() {
        return;
    }
    let file = &build.input().file;
    let mut missing: Vec<(Span, MissingScript)> = Vec::new();
    for run in build.ordinary_runs().filter(|run| !may_make_manifests(build, run.stage)) {
        for invocation in run.invocations().iter().filter(|invocation| is_certain(invocation)) {
            let script = MissingScript::of(cx, &projects, invocation);
            missing.extend(script.map(|script| (run.place(invocation.span), script)));
        }
    }
    for stage in build.target().into_iter().filter(|stage| !may_make_manifests(build, stage)) {
        let Some(launch) = build.launch(stage) else { continue };
        for invocation in launch.script().invocations().iter().filter(|invocation| is_certain(invocation)) {
            let script = MissingScript::of(cx, &projects, invocation);
            missing.extend(script.map(|script| (launch.place(file, invocation.span), script)));
        }
    }
    let scripts = projects.iter().flat_map(|project| &project.scripts).map(|script| script.name.as_str());
    let names: Vec<&str> = scripts.take(NAMED + 1).collect();
    for (place, MissingScript { name, manifest }) in missing {
        let message = format!("`{manifest}` has no script `{name}`: the command fails");
        let help = match names.len() {
            0 => "it has none: start the program itself, or add the script".to_owned(),
            1..=NAMED => format!("it has {}", listed(&names)),
            _ => "call one that it has, or add it".to_owned(),
        };
        out.push(cx.finding(place, message).help(help));
    }
}

/// A script that a command calls and that no package.json has.
struct MissingScript<'p> {
    name: String,
    /// The file that lacks it.
    manifest: &'p str,
}

impl<'p> MissingScript<'p> {
    fn of(cx: &Context, projects: &[&'p Project], invocation: &Invocation) -> Option<Self> {
        let call = ScriptCall::of(invocation)?;
        let words: Vec<&str> = invocation.args.iter().map(Word::text).collect();
        let is_run = words.iter().any(|word| matches!(*word, "run" | "run-script"));
        let is_open = words.contains(&"--if-present") || invocation.args.iter().any(Word::is_dynamic);
        // What else a manager takes behind `run`, or alone, may be a program of a package.
        let is_script = match invocation.program? {
            // `env` is a script of npm's own.
            "npm" => is_run && call.name != "env" || matches!(call.name, "start" | "test"),
            "pnpm" => is_run || call.name == "start",
            "yarn" => matches!(call.name, "start" | "build" | "dev"),
            _ => false,
        };
        let of_call: Vec<&&Project> = projects.iter().filter(|project| call.is_of(project)).collect();
        if !is_script || is_open || projects.iter().any(|project| project.script(call.name).is_some()) {
            return None;
        }
        // `npm start` runs server.js where there is no script.
        let may_be_there = |folder: &str| {
            let server = path::join(folder, "server.js");
            cx.context().is_none_or(|context| context.find(&server).is_some())
        };
        if call.name == "start" && of_call.iter().any(|project| may_be_there(&project.root)) {
            return None;
        }
        let manifests = of_call.iter().flat_map(|project| &project.manifests);
        let manifest = manifests.into_iter().find(|file| path::name(file) == "package.json")?;
        Some(Self { name: call.name.to_owned(), manifest })
    }
}

fn npm_protocol_refused(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for Run { stage, index, code, .. } in build.ordinary_runs() {
        for invocation in code.script.invocations() {
            let Some(call) = invocation.package_call() else { continue };
            let installs = call.manager == Manager::Npm && call.verb == Verb::Install && call.packages.is_empty();
            if !installs || invocation.program != Some("npm") {
                continue;
            }
            let Some(project) = installed::of(build, (stage, index), &invocation, &call) else { continue };
            let refused = project.project.dependencies.iter().find_map(|dependency| {
                let wanted = dependency.requirement.as_deref()?;
                let protocol = wanted.split_once(':')?.0;
                data::NPM_PROTOCOLS.row(protocol).map(|row| (dependency, wanted, row[1]))
            });
            let Some((dependency, wanted, managers)) = refused else { continue };
            let message = format!(
                "npm refuses `{}` of package.json (`{wanted}`): `{}` fails with EUNSUPPORTEDPROTOCOL",
                dependency.name,
                call.title()
            );
            let help = format!("install with the package manager that the project is written for ({managers})");
            out.push(cx.finding(code.place(&build.input().file, call.span), message).help(help));
            return;
        }
    }
}

fn old_bundler_on_new_node(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let projects = node_projects(cx);
    // `node-options=--openssl-legacy-provider` of .npmrc holds for all scripts.
    let allows = |project: &&Project| {
        let file = path::join(&project.root, ".npmrc");
        let is_there = cx.context().is_some_and(|context| context.find(&file).is_some());
        is_there
            && cx.text_of(&file).is_none_or(|text| text.windows(PROVIDER.len()).any(|part| part == PROVIDER.as_bytes()))
    };
    if projects.iter().any(allows) {
        return;
    }
    for Run { stage, index, code, .. } in build.ordinary_runs() {
        let Some(version) = newest_node_version(build, stage).filter(|version| *version >= WITHOUT_MD4) else {
            continue;
        };
        for invocation in code.script.invocations() {
            let Some(call) = ScriptCall::of(&invocation) else { continue };
            if allows_md4(build, (stage, index), &invocation) {
                continue;
            }
            let bundles = |text: &str| parse(text).invocations().iter().any(|it| node_build::compiles(cx, it));
            let old = projects.iter().find_map(|project| {
                let text = call.script(project).filter(|text| !text.contains(PROVIDER))?;
                if bundles(text) { old_webpack(project) } else { None }
            });
            let Some((package, remedy)) = old else { continue };
            let node = if version == u32::MAX { "the newest Node".to_owned() } else { format!("Node {version}") };
            let message = format!(
                "the build of {package} ends with ERR_OSSL_EVP_UNSUPPORTED on {node}: its webpack needs MD4, which OpenSSL 3 refuses"
            );
            let help = format!("update {remedy}, or set `ENV NODE_OPTIONS=--openssl-legacy-provider` above this step");
            out.push(cx.finding(code.place(&build.input().file, invocation.span), message).help(help));
            return;
        }
    }
}

/// Whether a variable lets OpenSSL take what it refuses, or its value is not known.
fn allows_md4(build: &Build, (stage, at): (&Stage, usize), invocation: &Invocation) -> bool {
    let allows = |value: FoundVariable| value.text().is_none_or(|text| text.contains(PROVIDER));
    build.run_variable(stage, at, invocation, "NODE_OPTIONS").is_some_and(allows)
}

/// The package of a project that brings a webpack which calls MD4, and what to update. Tried on Node 20 on 2026-11-30: webpack
/// 4.46.0, 5.53.0, 5.54.0 and 5.60.0 fail, 4.47.0 and 5.61.0 do not.
fn old_webpack(project: &Project) -> Option<(String, &'static str)> {
    let locked = project.locked_version("webpack");
    if let Some(version) = locked {
        let mut numbers = version.split('.').map(|number| number.parse::<u32>().unwrap_or(u32::MAX));
        let (major, minor) = (numbers.next()?, numbers.next()?);
        let is_old = major < 4 || major == 4 && minor < 47 || major == 5 && minor < 61;
        return is_old.then(|| (format!("webpack {version}"), "webpack to 4.47 or 5.61 and later"));
    }
    data::OLD_BUNDLERS.rows().find_map(|row| {
        let &[package, first, remedy, ..] = row else { return None };
        let major = project.major_version(package)?;
        (major < first.parse().ok()?).then(|| (format!("{package} {major}"), remedy))
    })
}
