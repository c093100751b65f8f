//! The repair of a secret in a build argument: the step passes it as a secret, and the Dockerfile mounts it where it is
//! used. Refuses where something else than a RUN needs it, or somebody else passes it.

use super::argument::{SecretValue, gets, names, uses};
use crate::build::Build;
use crate::dockerfile::{Arguments, Instruction, Keyword};
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::arguments_of_command;
use crate::text::{Source, Span};
use crate::workflow::{BuildCall, Builder, PipelineKind, StepInput, WorkflowArgument, WorkflowPlace};
use crate::yaml::NewValue;

/// RUNs that get the secret where none of them names it.
const UNNAMED: usize = 3;

/// Builds that pass an argument of the same name and are looked at: the next one counts as one of the same Dockerfile.
const CALLERS: usize = 200;

/// The first release of the Dockerfile front end whose secret mounts have `env=` (its release notes, 1.10.0).
const ENV_SINCE: u32 = 10;

/// An argument with the secret that it gets.
type SecretArgument<'a> = (&'a WorkflowArgument, &'a SecretValue);

/// The changes of pipeline and Dockerfiles, or why there are none.
pub(super) fn repair<'a>(
    cx: &WorkflowContext<'a, '_>,
    call: &'a BuildCall,
    argument: SecretArgument<'a>,
    builds: &[&Build],
) -> Vec<WorkflowChange<'a>> {
    let changes = || {
        if let Some(who) = other_caller(cx, call, &argument.0.name, builds) {
            return Err(format!("{who} passes `{}` too", argument.0.name));
        }
        let mut changes = match call.command {
            None => in_action(cx, call, argument)?,
            Some(command) => in_command(cx, call, command, argument)?,
        };
        let mut files = Vec::new();
        for build in builds {
            if !files.contains(&build.input().dockerfile) {
                files.push(build.input().dockerfile);
                changes.extend(in_dockerfile(build, &argument.0.name)?);
            }
        }
        Ok(changes)
    };
    changes().unwrap_or_else(|why| vec![WorkflowChange::Impossible(why)])
}

/// Who else gives one of the Dockerfiles an argument of this name.
fn other_caller(cx: &WorkflowContext, call: &BuildCall, name: &str, builds: &[&Build]) -> Option<String> {
    let is_same = |build: &Build| builds.iter().any(|known| known.input().dockerfile == build.input().dockerfile);
    let others = cx.dockerfiles.passing(name).filter(|(_, known)| !std::ptr::eq(*known, call));
    for (number, (input, known)) in others.enumerate() {
        let other = WorkflowContext { input, first_unread: None, ..*cx };
        if number == CALLERS || other.builds_of(known).iter().any(|(_, build)| is_same(build)) {
            return Some(format!("line {} of `{}`", other.source().line(known.place.span.start), input.path));
        }
    }
    let recipe = builds.iter().find_map(|build| {
        let input = build.input();
        let passes = input.options.build_args.iter().any(|(known, _)| known == name);
        if passes { input.recipe.as_ref() } else { None }
    });
    recipe.map(|recipe| format!("`{recipe}`"))
}

/// In the inputs of an action: the line of `build-args` becomes one of `secrets`.
fn in_action<'a>(
    cx: &WorkflowContext<'a, '_>,
    call: &'a BuildCall,
    (argument, _): SecretArgument,
) -> Result<Vec<WorkflowChange<'a>>, String> {
    let step = cx.step(call);
    let arguments = if call.builder == Builder::Action { step.input("build-args") } else { None };
    let arguments = arguments.ok_or("the action may have no input for secrets")?;
    let source = cx.source();
    let written = source.text().get(argument.place.span.range()).unwrap_or_default();
    if argument.place.file != 0 || !written.starts_with(&format!("{}=", argument.name)) || written.contains('\n') {
        return Err("the line cannot be moved as it is written".to_owned());
    }
    let key = Line::of(source, arguments.key.span).ok_or("`build-args` shares its line with something else")?;
    let Some(secrets) = step.input("secrets") else {
        if arguments.lines.len() == 1 {
            return Ok(vec![WorkflowChange::Replace(arguments.key, "secrets".to_owned())]);
        }
        let text = format!("{}secrets: {written}{}", key.indent, key.end);
        let at = WorkflowPlace { file: 0, span: Span::at(key.whole.start) };
        return Ok(vec![WorkflowChange::Replace(at, text), without_line(source, arguments, argument)?]);
    };
    let removed = if arguments.lines.len() == 1 {
        WorkflowChange::Remove(step.path_to(&["with", &arguments.name]))
    } else {
        without_line(source, arguments, argument)?
    };
    Ok(vec![with_secret(cx, step.path_to(&["with", &secrets.name]), secrets, written)?, removed])
}

/// A line of a file that a key or a member begins.
struct Line<'s> {
    whole: Span,
    indent: &'s str,
    end: &'static str,
}

impl<'s> Line<'s> {
    /// The line of something that nothing but white space stands before.
    fn of(source: &'s Source, span: Span) -> Option<Self> {
        let line = source.line(span.start);
        let whole = Span::new(source.line_span(line).start, source.line_span(line + 1).start);
        let indent = source.text().get(whole.start as usize..span.start as usize)?;
        let end = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
        indent.chars().all(|c| c == ' ').then_some(Self { whole, indent, end })
    }
}

/// One line less in a block of several.
fn without_line<'a>(
    source: &Source,
    input: &StepInput,
    argument: &WorkflowArgument,
) -> Result<WorkflowChange<'a>, String> {
    let line = Line::of(source, argument.place.span);
    let is_block = source.line(input.key.span.start) < source.line(argument.place.span.start);
    let line = if is_block { line } else { None }.ok_or("the argument shares its line with something else")?;
    Ok(WorkflowChange::Replace(WorkflowPlace { file: 0, span: line.whole }, String::new()))
}

/// One line more in `secrets`.
fn with_secret<'a>(
    cx: &WorkflowContext<'a, '_>,
    path: Vec<&'a str>,
    secrets: &StepInput,
    written: &str,
) -> Result<WorkflowChange<'a>, String> {
    let source = cx.source();
    let last = secrets.lines.last().ok_or("`secrets` is empty")?;
    let key = Line::of(source, secrets.key.span).ok_or("`secrets` shares its line with something else")?;
    if source.line(secrets.key.span.start) < source.line(last.place.span.start) {
        let line = Line::of(source, last.place.span).ok_or("`secrets` is not written line by line")?;
        let at = WorkflowPlace { file: 0, span: Span::at(last.place.span.end) };
        return Ok(WorkflowChange::Replace(at, format!("{}{}{written}", line.end, line.indent)));
    }
    let first = source.text().get(last.place.span.range()).unwrap_or_default();
    let (indent, end) = (key.indent, key.end);
    Ok(WorkflowChange::Set(path, NewValue::Block(format!(" |{end}{indent}  {first}{end}{indent}  {written}"))))
}

/// In a command: `--build-arg NAME=$VALUE` becomes `--secret id=NAME,env=VALUE`.
fn in_command<'a>(
    cx: &WorkflowContext<'a, '_>,
    call: &'a BuildCall,
    command: Span,
    (argument, value): SecretArgument<'a>,
) -> Result<Vec<WorkflowChange<'a>>, String> {
    let (name, step) = (&argument.name, cx.step(call));
    if !matches!(call.builder, Builder::Docker | Builder::Buildx) {
        return Err("only `docker build` is known to pass secrets to a RUN in this way".to_owned());
    }
    let script = step.script.as_ref().ok_or("the command is in no script")?;
    let invocations = script.commands().invocations();
    let invocation = invocations.iter().find(|known| known.span == command).ok_or("the command was not read")?;
    let (flags, _) = arguments_of_command("docker", "build", invocation.args);
    let is_it =
        |value: &str| value == name || value.strip_prefix(name.as_str()).is_some_and(|rest| rest.starts_with('='));
    let mut named = flags
        .iter()
        .filter(|flag| flag.name == "--build-arg" && flag.value.as_ref().is_some_and(|value| is_it(value.text)));
    let (Some(flag), None) = (named.next(), named.next()) else {
        return Err("the option was not read, or is there twice".to_owned());
    };
    let span = script.text.verbatim(flag.span).ok_or("the option is not written in one piece")?;
    let place = |span| WorkflowPlace { span, ..script.text.place };
    let option = |variable: &str| WorkflowChange::Replace(place(span), format!("--secret id={name},env={variable}"));
    match value {
        SecretValue::Expression(text) => {
            let mut changes = vec![option(name)];
            if step.variables.iter().any(|(known, _)| known == name) {
                return Err(format!("the step has a variable `{name}`"));
            }
            let text = NewValue::Inline(text.clone());
            changes.push(match step.variables.first() {
                Some(_) => WorkflowChange::Set(step.path_to(&["env", name]), text),
                None => WorkflowChange::Set(step.path_to(&["env"]), NewValue::Mapping(vec![(name.clone(), text)])),
            });
            Ok(changes)
        }
        SecretValue::Variable(variable) => {
            let is_set = sets(&script.text.text, variable);
            if is_set || !matches!(cx.workflow().kind, PipelineKind::Github | PipelineKind::Gitlab) {
                return Err(format!("whether `{variable}` is in the environment of the command is not known"));
            }
            Ok(vec![option(variable)])
        }
    }
}

/// Whether a script sets a variable, so that it may not be in the environment of commands.
fn sets(script: &str, variable: &str) -> bool {
    let is_set = |(at, text): (usize, &str)| {
        let before = &script[..at];
        let is_name = |c: char| c.is_ascii_alphanumeric() || "_$".contains(c);
        let option = before.trim_end().ends_with("--build-arg") || before.ends_with("--build-arg=");
        script[at + text.len()..].starts_with('=') && !before.ends_with(is_name) && !option
    };
    script.match_indices(variable).any(is_set)
}

/// In the Dockerfile: its ARG goes, and the RUNs that use it mount it.
fn in_dockerfile<'a>(build: &Build, name: &str) -> Result<Vec<WorkflowChange<'a>>, String> {
    let input = build.input();
    let file = &input.file;
    if input.template.is_some() || file.source().embedding().is_some() {
        return Err("the Dockerfile is part of another file".to_owned());
    }
    let has_env = front_end_has_env(file.syntax().map(|syntax| syntax.value.into_owned()).as_deref())?;
    let mut changes = Vec::new();
    let (mut named, mut silent): (Vec<&Instruction>, Vec<&Instruction>) = (Vec::new(), Vec::new());
    for (index, instruction) in file.instructions().iter().enumerate() {
        let gets = build.stage_of(index).is_some_and(|stage| gets(build, stage, index, name));
        match instruction.keyword {
            Keyword::Arg if file.args(instruction).iter().any(|arg| arg.name.text == name) => {
                changes.push(without_arg(build, instruction, name)?);
            }
            Keyword::Run if gets && names(build, instruction, name) => named.push(instruction),
            Keyword::Run if gets => silent.push(instruction),
            Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Healthcheck => {}
            _ if uses(build, instruction, name) => {
                let keyword = file.str(instruction.name).to_ascii_uppercase();
                return Err(format!("{keyword} in line {} uses `{name}` too", instruction.start_line));
            }
            _ => {}
        }
    }
    let runs = if named.is_empty() { silent } else { named };
    if changes.is_empty() || runs.len() > UNNAMED && !runs.iter().any(|run| names(build, run, name)) {
        return Err(format!("no RUN names `{name}`: which program reads it is not known"));
    }
    for run in runs {
        let has_it = file.mounts(run).iter().any(|mount| {
            mount.kind() == "secret" && mount.fields.iter().any(|field| field.value.as_deref() == Some(name))
        });
        if !has_it {
            changes.extend(with_mount(build, run, name, has_env)?);
        }
    }
    Ok(changes)
}

/// Whether the secret mounts of a front end can set variables.
fn front_end_has_env(syntax: Option<&str>) -> Result<bool, String> {
    let Some(syntax) = syntax else { return Ok(true) };
    let image = syntax.split('@').next().unwrap_or_default();
    let Some(tag) = image.trim_start_matches("docker.io/").strip_prefix("docker/dockerfile") else {
        return Err(format!("what the front end `{image}` can mount is not known"));
    };
    let numbers = tag.trim_start_matches(':').split(['.', '-']).take(2).map(str::parse::<u32>);
    Ok(!matches!(numbers.collect::<Vec<_>>()[..], [Ok(major), Ok(minor)] if (major, minor) < (1, ENV_SINCE)))
}

fn without_arg<'a>(build: &Build, instruction: &Instruction, name: &str) -> Result<WorkflowChange<'a>, String> {
    let file = &build.input().file;
    let args = file.args(instruction);
    let Some(arg) = args.iter().find(|arg| arg.name.text == name) else { return Err("the ARG is gone".to_owned()) };
    if arg.default.as_ref().is_some_and(|default| !matches!(&*default.text, "" | "\"\"" | "''")) {
        return Err(format!("`ARG {name}` in line {} has a default", instruction.start_line));
    }
    let source = file.source();
    let span = if args.len() == 1 {
        Span::new(source.line_span(instruction.start_line).start, source.line_span(instruction.end_line + 1).start)
    } else if instruction.start_line == instruction.end_line {
        // With the blank before it.
        let text = &source.text()[..arg.span.start as usize];
        Span::new(text.trim_end_matches([' ', '\t']).len() as u32, arg.span.end)
    } else {
        return Err(format!("`ARG {name}` is on several lines with others"));
    };
    Ok(WorkflowChange::Elsewhere(build.input().dockerfile, span, String::new()))
}

fn with_mount<'a>(
    build: &Build,
    run: &Instruction,
    name: &str,
    has_env: bool,
) -> Result<Vec<WorkflowChange<'a>>, String> {
    let change = |at: u32, text: String| WorkflowChange::Elsewhere(build.input().dockerfile, Span::at(at), text);
    let at = run.name.span.end;
    if has_env {
        return Ok(vec![change(at, format!(" --mount=type=secret,id={name},env={name}"))]);
    }
    if !matches!(run.arguments, Arguments::Raw(_)) || !run.heredocs.is_empty() {
        return Err(format!("the RUN in line {} is no plain command, which an old front end needs", run.start_line));
    }
    Ok(vec![
        change(at, format!(" --mount=type=secret,id={name}")),
        change(run.rest.span.start, format!("{name}=\"$(cat /run/secrets/{name})\" && export {name} && ")),
    ])
}
