//! Rules about secrets in pipelines.

mod argument;
mod repair;

use std::collections::BTreeSet;

use self::argument::{SecretValue, gets, names, stored_line, uses};
use self::repair::repair;
use crate::build::Build;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Finding, Findings, Safety, Severity};
use crate::inputs::{BuildInput, BuildOptions};
use crate::rules::WorkflowContext;
use crate::rules::shared::written_secrets::{WrittenValue, values_of_text, written_values};
use crate::secret::{bundled, hidden_parts, is_bundled, names_secret};
use crate::text::{Source, listed};
use crate::workflow::{BuildCall, Builder, LegBuild, PipelineKind, WorkflowArgument, WorkflowPlace, expression_names};
use crate::yaml::{self, YamlNode, YamlTree};

crate::rules::family! {
    of_workflow
    "secret-as-build-argument" => secret_as_build_argument;
    "workflow-secret-in-clear" => workflow_secret_in_clear;
}

/// Secrets of one build that are followed into its Dockerfiles.
const SECRETS: usize = 50;

/// Tokens that are worth nothing once the job has ended.
const SHORT_LIVED: [&str; 3] = ["GITHUB_TOKEN", "CI_JOB_TOKEN", "ACTIONS_RUNTIME_TOKEN"];

/// What a Dockerfile does with a build argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Reach {
    /// The line of the instruction that gets it first.
    line: u32,
    /// Whether that is in the image's history, and not in that of another stage alone.
    ships: bool,
}

/// A secret that a build hands over as an argument.
struct LeakedSecret<'c, 'b, 'i> {
    argument: &'c WorkflowArgument,
    value: SecretValue,
    /// The builds that get it.
    builds: Vec<&'b Build<'i>>,
    reach: Reach,
    is_for_the_container: bool,
}

fn workflow_secret_in_clear(cx: &WorkflowContext, out: &mut Findings) {
    for (number, file) in (0..).zip(&cx.input.parts) {
        let Some(source) = file.map(|file| cx.inputs.source(file)) else { continue };
        if source.hidden(hidden_parts).ranges.is_empty() {
            continue;
        }
        let is_yaml = matches!(cx.workflow().kind, PipelineKind::Github | PipelineKind::Gitlab);
        let values = if is_yaml { yaml_secrets(source) } else { values_of_text(source.text()) };
        for value in values {
            let message = format!("{} is in the pipeline: anyone who can read the repository has it", value.subject());
            let place = WorkflowPlace { file: number, span: value.span };
            let Some(finding) = cx.finding(place, message) else { continue };
            let finding = finding.help("revoke it, and take the new one from the secrets of the repository");
            out.push(if value.is_sure { finding } else { finding.lowered(Severity::Warning) });
        }
    }
}

fn yaml_secrets(source: &Source) -> Vec<WrittenValue> {
    let tree = yaml::read(source.text());
    let values = tree.root().into_iter().flat_map(|root| written_values(source.text(), root));
    // A password of a test's database opens nothing else, wherever the file repeats it.
    let known = variables_of_services(&tree);
    let is_of_service = |value: &WrittenValue| {
        let is_below = value.keys.first().is_some_and(|key| key == "jobs")
            && value.keys.get(2).is_some_and(|key| key == "services");
        is_below || known.contains(source.text()[value.span.range()].trim_matches(['"', '\'']))
    };
    values.filter(|value| !is_of_service(value)).collect()
}

/// The values of the variables that the services of jobs get.
fn variables_of_services(tree: &YamlTree) -> BTreeSet<String> {
    let jobs = tree.root().and_then(|root| root.get("jobs"));
    let services = jobs.into_iter().flat_map(YamlNode::entries).filter_map(|job| job.value.get("services"));
    let variables = services.flat_map(YamlNode::entries).filter_map(|service| service.value.get("env"));
    variables.flat_map(YamlNode::entries).filter_map(|variable| variable.value.text()).map(str::to_owned).collect()
}

fn secret_as_build_argument(cx: &WorkflowContext, out: &mut Findings) {
    for call in cx.calls() {
        let secrets = call.arguments.iter().filter_map(|argument| Some((argument, value_of(cx, call, argument)?)));
        let mut secrets = secrets.take(SECRETS).peekable();
        if secrets.peek().is_none() {
            continue;
        }
        let inputs: Vec<BuildInput> = cx.builds_of(call).iter().map(|(leg, build)| of_leg(leg, build)).collect();
        let builds: Vec<Build> = inputs.iter().map(Build::new).collect();
        let mut leaked: Vec<LeakedSecret> =
            secrets.filter_map(|(argument, value)| leaked_secret(&builds, argument, value)).collect();
        // What one line says of several is said once.
        while let Some(first) = leaked.first() {
            let key = |secret: &LeakedSecret| {
                let place = secret.argument.place;
                let line = cx.input.file_of(place).map(|file| cx.inputs.source(file).line(place.span.start));
                (place.file, line, secret.reach.ships, secret.is_for_the_container)
            };
            let of_line = key(first);
            let (same, others): (Vec<_>, Vec<_>) = leaked.into_iter().partition(|secret| key(secret) == of_line);
            leaked = others;
            if let Some(finding) = finding_of(cx, call, &same) {
                out.push(finding);
            }
        }
    }
}

/// The secret of an argument with the builds that get it; `None` where none does.
fn leaked_secret<'c, 'b, 'i>(
    builds: &'b [Build<'i>],
    argument: &'c WorkflowArgument,
    value: SecretValue,
) -> Option<LeakedSecret<'c, 'b, 'i>> {
    let name = &argument.name;
    if builds.iter().any(|build| is_public_as(build, name)) {
        return None;
    }
    let reaches: Vec<(&Build, Reach)> = builds.iter().filter_map(|build| Some((build, reach(build, name)?))).collect();
    let shipped = reaches.iter().find(|(_, reach)| reach.ships);
    let (first, reach) = shipped.or_else(|| reaches.first()).copied()?;
    let is_for_the_container = reaches.iter().all(|(build, _)| is_for_the_container(build, name));
    let others = reaches.iter().map(|(build, _)| *build).filter(|build| !std::ptr::eq(*build, first));
    let builds = std::iter::once(first).chain(others).collect();
    Some(LeakedSecret { argument, value, builds, reach, is_for_the_container })
}

/// The finding about secrets of one line of a build.
fn finding_of(cx: &WorkflowContext, call: &BuildCall, secrets: &[LeakedSecret]) -> Option<Finding> {
    let first = secrets.first()?;
    let names: Vec<&str> = secrets.iter().map(|secret| secret.argument.name.as_str()).collect();
    let list = listed(&names);
    let message = match (names.len(), first.reach.ships) {
        (1, true) => format!("the secret {list} is a build argument: its value is stored in the history of the image"),
        (1, false) => {
            format!("the secret {list} is a build argument: its value stays in the build cache and provenance")
        }
        (_, true) => {
            format!("the secrets {list} are build arguments: their values are stored in the history of the image")
        }
        (_, false) => {
            format!("the secrets {list} are build arguments: their values stay in the build cache and provenance")
        }
    };
    let mut finding = cx.finding(first.argument.place, message)?;
    for secret in secrets {
        let dockerfile = secret.builds.first().map(|build| cx.inputs.source(build.input().dockerfile).name());
        let (dockerfile, line) = (dockerfile.unwrap_or_default(), secret.reach.line);
        let what = if names.len() == 1 { "it".to_owned() } else { format!("`{}`", secret.argument.name) };
        finding.notes.push(format!("`{dockerfile}` uses {what} in line {line}"));
    }
    if first.is_for_the_container {
        let (object, given) =
            if names.len() == 1 { ("the ARG and the ENV", "it") } else { ("each ARG and ENV", "them") };
        let safer = format!(
            "the container reads {given} from its environment or a file: `env_file`, or a secret of the service"
        );
        return Some(finding.help(format!("leave {object} out, and give {list} at the start; {safer}")));
    }
    let name = names[0];
    let passed = match call.command {
        Some(_) => format!("`--secret id={name},env=…`"),
        None => format!("`secrets: {name}=…`"),
    };
    let pass = if names.len() == 1 { "pass it as a secret" } else { "pass each as a secret" };
    let mount = format!("`RUN --mount=type=secret,id={name},env={name} …`");
    let stored = first.builds.iter().find_map(|build| stored_line(build, name));
    if let Some(line) = stored {
        return Some(finding.help(format!(
            "{pass}: {passed}, and put the mount, {mount}, on the RUN that fetches: the one in line {line} writes the value to a \
             file, which its layer keeps even so"
        )));
    }
    let finding = finding.help(format!("{pass}: {passed}, and {mount} in the Dockerfile"));
    // One after the other: the mounts of a RUN have one place.
    let changes = repair(cx, call, (first.argument, &first.value), &first.builds);
    let why = format!(
        "builds by hand get `{name}` by `--secret id={name},env={name}` from then on, and values that were stored stay so \
         until they are revoked"
    );
    let title =
        if names.len() == 1 { "pass the secret by a mount".to_owned() } else { format!("pass `{name}` by a mount") };
    Some(cx.fixed(finding, &title, Safety::Unsafe(why), &changes))
}

/// Whether a Dockerfile hands a build argument on to the container, and no RUN names it.
fn is_for_the_container(build: &Build, name: &str) -> bool {
    let instructions = || build.needed_stages().flat_map(|stage| build.instructions(stage)).map(|(_, known)| known);
    let is_handed_on = |known: &&Instruction| known.keyword == Keyword::Env && uses(build, known, name);
    let is_run = |known: &&Instruction| known.keyword == Keyword::Run && names(build, known, name);
    instructions().any(|known| is_handed_on(&known)) && !instructions().any(|known| is_run(&known))
}

/// The build of a leg: of its stage.
fn of_leg(leg: &LegBuild, build: &Build) -> BuildInput {
    let input = build.input().clone();
    let target = leg.target.clone().or_else(|| input.options.target.clone());
    BuildInput { options: BuildOptions { target, ..input.options.clone() }, ..input }
}

/// Whether bundlers write a variable of this name into what every browser gets.
fn is_public(name: &str) -> bool {
    is_bundled(name) && bundled(name, None).is_none()
}

/// Whether a Dockerfile hands a build argument on under such a name: `ENV VITE_URL=$URL`.
fn is_public_as(build: &Build, name: &str) -> bool {
    let file = &build.input().file;
    let texts = [format!("${name}"), format!("${{{name}}}")];
    let instructions = build.needed_stages().flat_map(|stage| build.instructions(stage)).map(|(_, known)| known);
    let pairs = instructions
        .filter(|known| known.keyword == Keyword::Env)
        .flat_map(|known| file.source().slice(known.span).split_whitespace().filter_map(|pair| pair.split_once('=')));
    let mut public = pairs.filter(|(key, _)| is_public(key)).map(|(_, value)| value.trim_matches('"'));
    public.any(|value| texts.iter().any(|text| text == value))
}

/// The secret that an argument gets; `None` where it is none, or one that everybody may read.
fn value_of(cx: &WorkflowContext, call: &BuildCall, argument: &WorkflowArgument) -> Option<SecretValue> {
    let name = &argument.name;
    let is_variable = matches!(call.builder, Builder::Docker | Builder::Buildx | Builder::Kaniko | Builder::Other);
    if is_public(name) || name.is_empty() || !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let Some(value) = &argument.value else {
        let is_kept = names_secret(name) && !SHORT_LIVED.contains(&name.as_str());
        return is_kept.then(|| SecretValue::Variable(name.clone()));
    };
    if reads_secret(value) {
        return Some(SecretValue::Expression(value.clone()));
    }
    let variable = |name: &str| {
        let step = cx.step(call).variables.iter().rev().find(|(known, _)| known == name).map(|(_, text)| text);
        step.or_else(|| cx.job(call).variable(name))
    };
    let of_environment = expression_names(value).into_iter().find_map(|name| variable(name.strip_prefix("env.")?));
    if of_environment.is_some_and(|text| reads_secret(&text.text)) {
        return Some(SecretValue::Expression(value.clone()));
    }
    if !is_variable {
        return None;
    }
    // Within single quotes it is no variable.
    let value = value.strip_prefix('"').and_then(|value| value.strip_suffix('"')).unwrap_or(value);
    let read = value.strip_prefix('$')?;
    let read = read.strip_prefix('{').and_then(|read| read.strip_suffix('}')).unwrap_or(read);
    if read.is_empty() || !read.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'_') {
        return None;
    }
    let is_secret = match variable(read) {
        Some(text) if text.constant().is_some() => false,
        Some(text) => reads_secret(&text.text) || names_secret(read) && !text.text.contains("secrets."),
        None => names_secret(read) && !SHORT_LIVED.contains(&read),
    };
    is_secret.then(|| SecretValue::Variable(read.to_owned()))
}

/// Whether an expression reads a secret that is worth something when the job has ended.
fn reads_secret(text: &str) -> bool {
    let names = expression_names(text);
    let mut secrets = names.iter().filter_map(|name| name.strip_prefix("secrets."));
    secrets.any(|name| !SHORT_LIVED.contains(&name))
}

/// What of the needed stages gets the build argument; `None` where nothing does.
fn reach(build: &Build, name: &str) -> Option<Reach> {
    let mut reached: Vec<Reach> = Vec::new();
    for stage in build.needed_stages() {
        for (index, instruction) in build.instructions(stage) {
            let gets = match instruction.keyword {
                Keyword::Run => gets(build, stage, index, name),
                Keyword::Env => gets(build, stage, index, name) && uses(build, instruction, name),
                _ => false,
            };
            if gets {
                reached.push(Reach { line: instruction.start_line, ships: build.ships(stage) });
            }
        }
    }
    reached.sort_by_key(|reach| (!reach.ships, reach.line));
    reached.first().copied()
}
