//! Pass `next-standalone`: the image contains only the files that Next.js traced for its server (`output:
//! "standalone"`), and neither sources nor installed packages. A variable of the build selects this output, so no
//! source changes.

mod second_stage;
mod server;
mod write;

use std::collections::BTreeSet;
use std::ops::RangeInclusive;

use self::second_stage::SecondStage;
use self::server::Server;
use super::stage_parts::{self, PartPurpose, StageParts};
use super::{next, words};
use crate::build::{Purpose, Stage, StageBase};
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::IgnoreInput;
use crate::manifest::{Ecosystem, FileKind, FileRole, Framework, Project};
use crate::optimize::assumption::Support;
use crate::optimize::languages::node::container_uses::ContainerUse;
use crate::optimize::languages::node::{container_uses, started_project};
use crate::optimize::pass_input::{PassInput, PassOutput, refuse_if};
use crate::optimize::reason::reasons;
use crate::sources::comments::blank_comments;
use crate::sources::object_literals::{Literal, literal};
use crate::text::path;

/// Major versions that take the output from the environment of their build: 12.3.7, 13.5.11, 14.2.35, 15.5.29 and 16.4.6
/// were tried.
const MAJORS: RangeInclusive<u32> = 12..=16;

/// The first version that brings what its optimizer of images needs.
const BRINGS_SHARP: u32 = 15;

/// Environment files that `next start` reads, and that a build does not put beside its traced server (15.1.9, 16.1.6 and 16.4.6
/// take `.env` and `.env.production`: `build/index.js`).
const UNTRACED_ENVIRONMENTS: [&str; 2] = [".env.local", ".env.production.local"];

/// Takes what was traced.
pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let Some(stage) = stage_parts::divisible_stage(input) else { return };
    let Some((project, args)) = next_server(input, stage) else { return };
    let Some((builder, parts)) = builder(input, stage, project) else { return };
    let Some((server, second)) = output.ok_or_skip(read(input, (stage, builder), &parts, &args)) else { return };
    let edits = match &second {
        Some(second) => write::edits(input, stage, &parts, &server, second),
        None => vec![write::edit(input, stage, &parts, &server)],
    };
    let why = "Next.js traces what its server loads, and no source reads files by itself";
    output.step("copies only the files that Next.js traced for its server", why, edits);
    let untraced = "a package may read a file that its code does not name".to_owned();
    output.assume("the server loads only files that Next.js traces", Some((Support::Open, untraced)));
    if server.variables.iter().any(|(name, value)| *name == "HOSTNAME" && value == ALL_OF_IPV4) {
        let both = "`next start` listens on IPv6 too, the server that Next.js wrote on IPv4 alone".to_owned();
        output.assume("nobody asks the server over IPv6", Some((Support::Open, both)));
    }
    if let Some((_, port)) = server.variables.iter().find(|(name, _)| *name == "PORT") {
        let why = format!("`next start` listened on {port} whatever it says");
        output.assume("nobody starts the container with another `PORT`", Some((Support::Open, why)));
    }
    let missing = UNTRACED_ENVIRONMENTS
        .into_iter()
        .filter(|name| !server.environments.contains(name) && !is_excluded(input, &path::join(&project.root, name)));
    let missing: Vec<String> = missing.map(|name| format!("`{name}`")).collect();
    if !missing.is_empty() {
        output.assume(format!("no build context has {}", missing.join(" or ")), None);
    }
}

/// The stage that builds the project and its parts: the final one, or the one other that does.
fn builder<'a, 's>(
    input: &'s PassInput<'a>,
    stage: &'s Stage,
    project: &Project,
) -> Option<(&'s Stage, StageParts<'a>)> {
    let builds = |stage: &Stage| input.build.own_runs(stage).any(|run| builds_next(input, project, run.index));
    let mut builders = input.build.needed_stages().filter(|other| other.index != stage.index && builds(other));
    let builder = match (builds(stage), builders.next(), builders.next()) {
        (false, Some(builder), None) => builder,
        _ => stage,
    };
    let parts = stage_parts::read(input, builder).ok()??;
    (parts.project.root == project.root).then_some((builder, parts))
}

/// Whether a RUN builds a project of Next.js.
fn builds_next(input: &PassInput, project: &Project, index: usize) -> bool {
    let Some(code) = input.build.code(index) else { return false };
    let commands = code.script.invocations();
    let mut all = commands.iter().flat_map(|command| started_project::commands(Some(project), &words::of(command)));
    all.any(|words| words::name(&words[0]) == "next" && words.get(1).is_some_and(|word| word == "build"))
}

/// All addresses, without those of IPv6.
const ALL_OF_IPV4: &str = "0.0.0.0";

/// The project whose server the container starts by `next start`, and what stands behind that.
fn next_server<'a>(input: &PassInput<'a>, stage: &Stage) -> Option<(&'a Project, Vec<String>)> {
    let launch = input.build.launch(stage)?;
    let project = started_project::project(input, stage, launch.index)?;
    let script = launch.script();
    let invocations = script.invocations();
    let mut commands =
        invocations.iter().flat_map(|invocation| started_project::commands(Some(project), &words::of(invocation)));
    let (command, None) = (commands.next()?, commands.next()) else { return None };
    let is_next = words::name(&command[0]) == "next" && command.get(1).is_some_and(|word| word == "start");
    let ours = input.build.stage_of(launch.index).map(|stage_of| stage_of.index) == Some(stage.index);
    (is_next && ours && project.frameworks.contains(&Framework::Next)).then(|| (project, command[2..].to_vec()))
}

/// Whether a source or a configuration names a package.
fn is_named(input: &PassInput, package: &str) -> bool {
    let mut texts = input.evidence.holding(&[package]);
    texts.any(|(path, _)| FileKind::of(path).has_code())
}

fn read(
    input: &PassInput,
    (stage, builder): (&Stage, &Stage),
    parts: &StageParts,
    args: &[String],
) -> Result<(Server, Option<SecondStage>), StandaloneBlocker> {
    let project = parts.project;
    let version = next::major(project).filter(|major| MAJORS.contains(major));
    let major = version.ok_or(StandaloneBlocker::UnsupportedVersion)?;
    let is_told = configuration(input, builder, project)?;
    if let Some(what) = container_uses::in_containers(input, stage) {
        return Err(StandaloneBlocker::ContainerUse { what });
    }
    if !project.members.is_empty() || project.workspace.is_some() || parts.is_berry() {
        return Err(StandaloneBlocker::Workspace);
    }
    let loads = |name: &str| match name {
        "sharp" => major < BRINGS_SHARP,
        // Many a manifest has what nothing imports any more; other packages load drivers and the like.
        name => {
            data::NODE_PACKAGES.has(name, "untraced")
                && (!data::NODE_PACKAGES.has(name, "imported") || is_named(input, name))
        }
    };
    if let Some(dependency) = project.dependencies.iter().find(|dependency| loads(&dependency.name)) {
        return Err(StandaloneBlocker::UntracedPackage { package: dependency.name.clone() });
    }
    if major < BRINGS_SHARP && input.evidence.holding(&["next/image"]).next().is_some() {
        return Err(StandaloneBlocker::Images);
    }
    if let Some(file) = reads_files(input, project) {
        return Err(StandaloneBlocker::UsesFiles { file: file.to_string() });
    }
    let context = input.context().ok_or(StandaloneBlocker::UnknownContext)?;
    let build = steps(input, builder, parts)?;
    let entrypoint = input.build.last(stage, Keyword::Entrypoint).is_some();
    refuse_if(entrypoint && input.build.last(stage, Keyword::Cmd).is_some(), StandaloneBlocker::Entrypoint)?;
    let second =
        if stage.index == builder.index { None } else { Some(second_stage::read(input, stage, (builder, parts))?) };
    let takes =
        |name: &str| second.as_ref().is_none_or(|second| second.is_whole || name == "public" && second.has_public);
    let server = Server {
        variables: variables(input, args)?,
        build,
        is_told,
        has_public: context.find(&path::join(&project.root, "public")).is_some() && takes("public"),
        environments: if takes("") { environments(input, project) } else { Vec::new() },
    };
    Ok((server, second))
}

/// The environment files of the project that its server reads when it starts and that are not traced, as far as the context
/// may have them.
fn environments(input: &PassInput, project: &Project) -> Vec<&'static str> {
    let is_sent = |name: &str| {
        let path = path::join(&project.root, name);
        let has = input.context().is_some_and(|context| context.find(&path).is_some());
        let is_named = || input.evidence.holding(&[name]).next().is_some();
        has || input.evidence.absent.contains(&path) || is_named() && !is_excluded(input, &path)
    };
    UNTRACED_ENVIRONMENTS.into_iter().filter(|name| is_sent(name)).collect()
}

/// Whether the .dockerignore keeps a path out of the context.
fn is_excluded(input: &PassInput, path: &str) -> bool {
    let IgnoreInput::Present(_, file) = &input.input().ignore else { return false };
    file.matcher().matches_only(path).is_ok_and(|(is_excluded, _)| is_excluded)
}

/// Whether the build has to be told, as the configuration does not name the output itself; an error where it says
/// something that only holds for the server that reads it when it starts.
fn configuration(input: &PassInput, stage: &Stage, project: &Project) -> Result<bool, StandaloneBlocker> {
    let names = FileKind::endings_of(Ecosystem::Node).map(|ending| format!("next.config{ending}"));
    for path in names.map(|name| path::join(&project.root, &name)) {
        if input.context().is_none_or(|context| context.find(&path).is_none()) {
            continue;
        }
        let text =
            input.evidence.texts.get(&path).ok_or_else(|| StandaloneBlocker::UnreadFile { path: path.clone() })?;
        let text = blank_comments(text);
        refuse_if(text.contains("RuntimeConfig"), StandaloneBlocker::RuntimeConfiguration { path: path.clone() })?;
        if let Some(name) = variable_of_server(input, stage, &text) {
            return Err(StandaloneBlocker::ReadsVariable { path: path.clone(), name: name.clone() });
        }
        if ["distDir", "outputFileTracingRoot", "outputFileTracing"].iter().any(|key| text.contains(key)) {
            return Err(StandaloneBlocker::SetsOutput { path: path.clone() });
        }
        return match literal(&text, "output") {
            Literal::Missing => Ok(true),
            Literal::Text("standalone") => Ok(false),
            _ => Err(StandaloneBlocker::OtherOutput { path: path.clone() }),
        };
    }
    Ok(true)
}

/// A variable that a configuration reads, and that the build is not given.
fn variable_of_server(input: &PassInput, stage: &Stage, text: &str) -> Option<String> {
    const OF_BUILDS: [&str; 3] = ["NODE_ENV", "ANALYZE", "CI"];
    let mut set: BTreeSet<String> = OF_BUILDS.map(str::to_owned).into();
    for (_, instruction) in input.build.instructions(stage) {
        match instruction.keyword {
            Keyword::Arg => set.extend(input.file().args(instruction).into_iter().map(|arg| arg.name.text.to_string())),
            Keyword::Env => {
                set.extend(input.file().variables(instruction).iter().map(|variable| variable.name.text.to_string()));
            }
            _ => {}
        }
    }
    let is_set = |name: &str| input.evidence.services.iter().any(|service| service.environment.contains(name));
    text.match_indices("process.env").find_map(|(at, word)| {
        let rest = text[at + word.len()..].strip_prefix('.').unwrap_or_default();
        let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
        let name = &rest[..end];
        (name.is_empty() || !set.contains(name) || is_set(name)).then(|| format!("process.env.{name}"))
    })
}

/// A source that reads or writes files by the functions of Node.js.
fn reads_files<'a>(input: &PassInput<'a>, project: &Project) -> Option<&'a str> {
    let words = ["'fs", "\"fs", "node:fs", "process.cwd", "child_process"];
    let mut holding = input.evidence.holding(&words).filter(|(path, _)| {
        let kind = FileKind::of(path);
        let settings = path::name(path).contains(".config.");
        kind.has_code() && !settings && kind.role() == FileRole::Program && path::is_within(path, &project.root)
    });
    holding.next().map(|(path, _)| path.as_str())
}

/// What `next start` is told, as its server takes it.
fn variables(input: &PassInput, args: &[String]) -> Result<Vec<(&'static str, String)>, StandaloneBlocker> {
    // The engine sets `HOSTNAME` to the container's own name, on whose address alone it would listen.
    let mut host = ALL_OF_IPV4.to_owned();
    let mut port = None;
    let mut words = args.iter();
    while let Some(word) = words.next() {
        let (name, value) = word.split_once('=').map_or((word.as_str(), None), |(name, value)| (name, Some(value)));
        let mut value = || value.or_else(|| words.next().map(String::as_str)).unwrap_or_default().to_owned();
        match name {
            "-p" | "--port" => port = Some(value()),
            "-H" | "--hostname" => host = value(),
            _ => return Err(StandaloneBlocker::UnsupportedOption { word: word.clone() }),
        }
    }
    let mut variables = Vec::new();
    match port.as_deref() {
        None | Some("$PORT" | "${PORT}" | "${PORT:-3000}") => {}
        Some(text) if text.parse::<u16>().is_ok_and(|port| port > 0) => {
            if input.evidence.services.iter().any(|service| service.environment.contains("PORT")) {
                return Err(StandaloneBlocker::OtherPort);
            }
            variables.push(("PORT", text.to_owned()));
        }
        Some(text) => return Err(StandaloneBlocker::UnknownPort { text: text.to_string() }),
    }
    refuse_if(host.contains('$'), StandaloneBlocker::UnknownHost { host: host.clone() })?;
    variables.push(("HOSTNAME", host));
    Ok(variables)
}

/// The RUN that builds; an error where a step does what the last stage may miss.
fn steps(input: &PassInput, stage: &Stage, parts: &StageParts) -> Result<usize, StandaloneBlocker> {
    let build = input.build;
    let is_build =
        |index: usize| build.instruction(index).keyword == Keyword::Run && builds_next(input, parts.project, index);
    let build_part = parts.all.iter().rfind(|part| is_build(part.index)).ok_or(StandaloneBlocker::NoBuild)?.index;
    if build.code(build_part).is_none_or(|code| code.is_exec() || !code.is_ordinary()) {
        return Err(StandaloneBlocker::UnsupportedBuild);
    }
    for part in &parts.all {
        let instruction = build.instruction(part.index);
        let account = || {
            let code = build.code(part.index);
            code.is_some_and(|code| {
                code.script.invocations().iter().all(|invocation| Purpose::of(invocation) == Purpose::Account)
            })
        };
        match part.purpose {
            PartPurpose::Files if !account() && part.index < build_part => {
                return Err(StandaloneBlocker::RunCreatesFiles);
            }
            PartPurpose::Build | PartPurpose::Copy if part.index > build_part => {
                return Err(StandaloneBlocker::StepAfterBuild);
            }
            PartPurpose::Image if matches!(instruction.keyword, Keyword::Volume) => {
                return Err(StandaloneBlocker::Volume);
            }
            PartPurpose::Setting if instruction.keyword == Keyword::Shell => return Err(StandaloneBlocker::OtherShell),
            _ => {}
        }
    }
    if parts.folder == "/" || parts.folder.starts_with("/?") || matches!(stage.base, StageBase::Stage(_)) {
        return Err(StandaloneBlocker::InRootFolder);
    }
    Ok(build_part)
}

reasons! {
    /// Why a Next.js image keeps its sources and packages.
    pub(super) StandaloneBlocker {
        ContainerUse { what: ContainerUse }: "{what}";
        UnsupportedVersion: "the version of Next.js is unknown or not supported";
        Workspace: "it is part of a workspace, or its packages are outside `node_modules`";
        UntracedPackage { package: String }: "`{package}` may load files that Next.js does not trace";
        UsesFiles { file: String }: "`{file}` uses files, and it is not known which of them at run time";
        UnknownContext: "the build context is not known";
        UnreadFile { path: String }: "`{path}` cannot be read";
        RuntimeConfiguration { path: String }: "`{path}` has settings that are read at start-up";
        ReadsVariable { path: String, name: String }: "`{path}` reads `{name}`, which may be set only at start-up";
        SetsOutput { path: String }: "`{path}` sets the output folder or the traced files";
        OtherOutput { path: String }: "`output` in `{path}` is neither unset nor `standalone`";
        UnsupportedOption { word: String }: "the traced server does not support `{word}`";
        Images: "before version 15 the traced server sends images as they are, and a source uses `next/image`";
        OtherPort: "compose sets `PORT`, but `next start` uses another port";
        UnknownPort { text: String }: "the port `{text}` is not known";
        UnknownHost { host: String }: "the host `{host}` is not known";
        NoBuild: "no RUN builds it";
        BuiltInStage { stage: String }: "stage `{stage}` builds it, and the final stage does not copy what it built";
        OtherSystem { stage: String }: "stage `{stage}` has another C library than the final one, for which it would install `sharp`";
        UnsupportedBuild: "the RUN that builds it is not supported";
        RunCreatesFiles: "a RUN creates files that the server may need";
        StepAfterBuild: "a step after its build adds files that the server may need";
        Volume: "the image has a VOLUME";
        OtherShell: "the stage sets another SHELL";
        Entrypoint: "an ENTRYPOINT starts it";
        InRootFolder: "the project is in `/`, or the stage is based on another stage";
    }
}
