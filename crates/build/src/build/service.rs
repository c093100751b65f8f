//! Whether an image starts a service that does not need root, for `root-user` and `last-user-root`. In doubt it does
//! not: tools, CI images and base images run as root for good reasons.

pub use super::audience::is_only_image;
use super::audience::{is_called_for_developers, ships_as_dev};
use super::{BaseImage, Build, Stage, StageBase};
use crate::data;
use crate::dockerfile::{Arguments, Keyword};
use crate::manifest::{FileKind, FileRole};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Verb};
use crate::text::path;

/// Whether the stage is a service that runs as the user that USER sets.
pub fn is_service(build: &Build, stage: &Stage) -> bool {
    if is_development(build, stage) || needs_rights(build, stage) {
        return false;
    }
    let start = Start::of(build, stage);
    // A command that is only set by the base image is a shell or an interpreter for people: a base image or a build
    // container.
    let Some(program) = start.program.as_deref() else { return false };
    let idle = is_idle(program) && !start.is_script;
    if start.programs.iter().any(|program| needs_root(program)) || idle || start.asks_for_help {
        return false;
    }
    // A script or an unknown program most likely starts the server that the image installs.
    if !is_runtime(program) && installs_root_server(build, stage) {
        return false;
    }
    let listens = build.last(stage, Keyword::Expose).is_some() || build.last(stage, Keyword::Healthcheck).is_some();
    listens || (start.arguments > 0 && is_runtime(program)) || start.is_own_program
}

/// Whether a script of the context that the stage starts runs a language's runtime with a program of the project, as its
/// text shows: a service that its Dockerfile alone does not show.
pub fn is_service_by_script(build: &Build, stage: &Stage) -> bool {
    let runs_program = |invocation: &Invocation| {
        invocation.program.is_some_and(is_runtime) && invocation.args.iter().any(|word| !word.text().starts_with('-'))
    };
    let is_root = |invocation: &Invocation| invocation.program.is_some_and(needs_root);
    let scripts = build.start_scripts(stage);
    let invocations: Vec<Invocation> = scripts.iter().flat_map(|(_, script)| script.invocations()).collect();
    may_serve(build, stage) && invocations.iter().any(runs_program) && !invocations.iter().any(is_root)
}

/// Whether the stage may be a service: nothing shows that it is for developers, needs root, or is a tool or a shell for
/// people.
pub fn may_serve(build: &Build, stage: &Stage) -> bool {
    !is_development(build, stage) && may_serve_by_any_name(build, stage)
}

/// The same without the names of the stage and its file.
pub fn may_serve_by_any_name(build: &Build, stage: &Stage) -> bool {
    let start = Start::of(build, stage);
    let idle = start.program.as_deref().is_some_and(is_idle) && !start.is_script;
    let hands_over =
        start.program.as_deref().is_some_and(|program| !is_runtime(program)) && installs_root_server(build, stage);
    !needs_rights(build, stage)
        && !idle
        && !hands_over
        && !start.asks_for_help
        && !start.programs.iter().any(|program| needs_root(program))
}

/// Whether the stage starts what its base image starts, maybe through its own script, and the base image starts as root
/// and drops root.
pub fn leaves_start_to_base(build: &Build, stage: &Stage) -> bool {
    let start = Start::of(build, stage);
    let is_other = |program: &str| is_runtime(program) || start.is_own_program;
    let steps_down =
        || matches!(build.root_base(stage), StageBase::Image(image) if BaseImage::of(image).may_step_down());
    !start.program.as_deref().is_some_and(is_other) && steps_down()
}

/// The program that a container of the stage starts.
#[derive(Default)]
struct Start {
    /// The last path component of the first program.
    program: Option<String>,
    /// The last path components of all programs.
    programs: Vec<String>,
    /// The words after the first program, including those of CMD after ENTRYPOINT.
    arguments: usize,
    /// Whether it only prints its usage, and so is a tool.
    asks_for_help: bool,
    /// Whether a shell runs a script: `bash start.sh`.
    is_script: bool,
    /// Whether CMD, without an ENTRYPOINT, names a program that the build added.
    is_own_program: bool,
}

impl Start {
    fn of(build: &Build, stage: &Stage) -> Self {
        let mut start = Self::default();
        for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
            let Some((index, instruction)) = build.last(stage, keyword) else { continue };
            let Some(code) = build.code(index) else { continue };
            let invocations = code.script.invocations();
            start.asks_for_help |= invocations.iter().any(asks_for_help);
            // The words of CMD are the arguments of an ENTRYPOINT.
            if keyword == Keyword::Cmd && start.program.is_some() {
                if let Arguments::Json(words) = &instruction.arguments {
                    start.arguments += words.len();
                    start.asks_for_help |= words.iter().any(|word| is_help(&word.value));
                    start.programs.extend(words.first().map(|word| path::name(&word.value).to_owned()));
                }
                continue;
            }
            for invocation in &invocations {
                let path = invocation.path.value().unwrap_or_default();
                if start.program.is_none() && !path.is_empty() {
                    start.program = Some(path::name(path).to_owned());
                    start.arguments = invocation.args.len();
                    let script = invocation.args.iter().any(|arg| !arg.text().starts_with('-'));
                    start.is_script = script && path::name(path).ends_with("sh");
                    start.is_own_program = keyword == Keyword::Cmd && is_own(path);
                }
                start.programs.push(path::name(path).to_owned());
            }
        }
        start
    }
}

/// Whether names say that the stage is for developers, or an intermediate stage.
pub fn is_development(build: &Build, stage: &Stage) -> bool {
    (is_named_for_step(stage) && !is_only_image(build, stage)) || is_for_developers(build, stage)
}

/// Whether names say that the stage is for developers. The last stage may still have the name of an intermediate stage,
/// if the file once had another stage below it.
pub fn is_for_developers(build: &Build, stage: &Stage) -> bool {
    is_named_for_developers(build, stage) || build.is_for_developers_only(stage)
}

/// The same by names and comments alone, whatever a container of the stage starts.
pub fn is_named_for_developers(build: &Build, stage: &Stage) -> bool {
    let path = build.input().file.source().name().to_ascii_lowercase();
    let file = path.rsplit(['/', '\\']).next().unwrap_or_default();
    let is_told = |word: &str| {
        let role = FileRole::of_folder(word);
        data::NAME_WORDS.has(word, "for-developers") || matches!(role, Some(FileRole::Test | FileRole::Documentation))
    };
    path.contains(".devcontainer/")
        || words(file).any(is_told)
        || stage.name.as_deref().is_some_and(|name| words(name).any(|word| is_told(word) && !is_step(word)))
            && !ships_as_dev(build, stage)
        || is_called_for_developers(build, stage)
}

/// Whether the stage has the name of an intermediate stage: `builder`.
pub fn is_named_for_step(stage: &Stage) -> bool {
    stage.name.as_deref().is_some_and(|name| words(name).any(is_step))
}

fn is_step(word: &str) -> bool {
    data::NAME_WORDS.has(word, "step")
}

fn words(name: &str) -> impl Iterator<Item = &str> {
    name.split(|c: char| !c.is_ascii_alphanumeric())
}

fn needs_root(program: &str) -> bool {
    let program = Program::of(program);
    program.is(Kind::StepsDown) || program.is(Kind::Root)
}

/// Whether a container of the stage manages the network or devices of its host, according to compose or its packages.
fn needs_rights(build: &Build, stage: &Stage) -> bool {
    build.input().options.run.has_rights || build.installs_any(stage, "host-network")
}

/// Whether a system package of the stage's chain contains a server that is started as root.
fn installs_root_server(build: &Build, stage: &Stage) -> bool {
    build.installs_any(stage, "root-server")
}

impl Build<'_> {
    /// Whether a RUN of the stage's chain installs a system package with this role in `data/system_packages.tsv`.
    pub fn installs_any(&self, stage: &Stage, role: &str) -> bool {
        let codes = self.chain(stage).flat_map(|stage| self.instructions(stage));
        codes.filter_map(|(index, _)| self.code(index)).flat_map(|code| code.script.invocations()).any(|invocation| {
            let call = invocation.package_call().filter(|call| call.verb == Verb::Install && call.manager.is_system());
            call.is_some_and(|call| {
                call.packages.iter().any(|package| data::SYSTEM_PACKAGES.has(package.name.text, role))
            })
        })
    }
}

fn is_runtime(program: &str) -> bool {
    Program::of(program).is(Kind::Runtime)
}

fn is_idle(program: &str) -> bool {
    Program::of(program).is(Kind::Idle)
}

/// Whether it is a path to a program, not a script, outside the folders of the distribution.
fn is_own(path: &str) -> bool {
    let system = ["/bin/", "/sbin/", "/usr/bin/", "/usr/sbin/"];
    path.contains('/') && !FileKind::of(path).is_shell() && !system.iter().any(|folder| path.starts_with(folder))
}

fn asks_for_help(invocation: &Invocation) -> bool {
    invocation.args.iter().filter_map(|word| word.value()).any(is_help)
}

fn is_help(word: &str) -> bool {
    matches!(word, "--help" | "-h" | "help" | "--version" | "-?")
}
