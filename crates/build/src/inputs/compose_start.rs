//! Which compose files the scripts and pipelines of a repository start.

use super::workflow_input::WorkflowInput;
use crate::text::path;
use crate::workflow::{ComposeCall, Step, StepCommand};

/// Variables that hold each other.
const DEEPEST: usize = 4;

/// A command that starts services: `docker compose -f compose.yaml up`.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ComposeStart {
    /// The files that it names, from the top of the repository as far as that is known; none where Compose chooses them.
    pub files: Vec<String>,
    /// The script or pipeline.
    pub by: String,
    /// Whether it starts them on a machine of its own, and not on the one that runs a pipeline.
    pub is_on_host: bool,
}

/// A call of Compose with the files that it names.
#[derive(Clone, Debug)]
pub struct FileCall {
    /// The call.
    pub call: ComposeCall,
    /// The files as in [`ComposeStart::files`]; `None` where only a run knows them.
    pub files: Option<Vec<String>>,
    /// Whether `ssh` runs it on another machine.
    pub is_remote: bool,
}

impl ComposeStart {
    /// Those of a run; `None` where only a run knows which files one of them names.
    pub fn all(workflows: &[WorkflowInput]) -> Option<Vec<Self>> {
        let mut starts = Vec::new();
        for workflow in workflows {
            for FileCall { call, files, is_remote } in FileCall::all(workflow) {
                if call.command.is_empty() {
                    return None;
                }
                if call.command == "up" {
                    let is_on_host = is_remote || !workflow.workflow.kind.is_pipeline();
                    starts.push(Self { files: files?, by: workflow.path.clone(), is_on_host });
                }
            }
        }
        Some(starts)
    }

    /// Whether it names a file; `name`: as the user would type it.
    pub fn names(&self, name: &str) -> bool {
        self.files.iter().any(|file| path::ends_with(name, file))
    }
}

impl FileCall {
    /// The calls of a script or pipeline, those on other machines with them.
    pub fn all(workflow: &WorkflowInput) -> Vec<Self> {
        let calls = if workflow.workflow.kind.is_pipeline() {
            ComposeCall::all(&workflow.workflow)
        } else {
            workflow.compose_calls.to_vec()
        };
        let step = |call: &ComposeCall| workflow.workflow.jobs.get(call.job)?.steps.get(call.step);
        let calls = calls.into_iter().map(|call| Self { files: files_of(&call, step(&call)), call, is_remote: false });
        let remote = workflow.remote_scripts.iter().map(|remote| &remote.commands).flat_map(|step| {
            let calls = calls_of_step(step).into_iter();
            calls.map(move |call| Self { files: files_of(&call, Some(step)), call, is_remote: true })
        });
        calls.chain(remote).collect()
    }
}

fn calls_of_step(step: &Step) -> Vec<ComposeCall> {
    let Some(script) = &step.script else { return Vec::new() };
    StepCommand::all(step).iter().filter_map(|command| ComposeCall::of(script, command)).collect()
}

/// The files that a call names: by `-f`, or by the variable that Compose reads.
fn files_of(call: &ComposeCall, step: Option<&Step>) -> Option<Vec<String>> {
    let script = step.and_then(|step| step.script.as_ref()).map_or("", |script| &script.text.text);
    if call.files.is_empty() && script.contains("COMPOSE_FILE") {
        let listed = expanded("$COMPOSE_FILE", script, &mut Vec::new());
        return listed.split(':').map(known_file).collect();
    }
    let file = |(text, path): &(crate::workflow::WorkflowText, Option<String>)| {
        path.clone().or_else(|| known_file(&expanded(&text.text, script, &mut Vec::new())))
    };
    call.files.iter().map(file).collect()
}

/// A path, or what of it stands behind the folder that a variable holds.
fn known_file(text: &str) -> Option<String> {
    let Some((_, tail)) = text.rsplit_once('$') else {
        return (!text.is_empty()).then(|| path::normalize(text));
    };
    let tail = path::normalize(tail.strip_prefix('/')?);
    let tail = tail.trim_start_matches("../");
    (!tail.is_empty() && tail != ".").then(|| tail.to_owned())
}

/// A text with the values that a script gives to its variables, or their defaults; `$` stands for what only a run knows.
/// `open`: the variables that it is the value of.
fn expanded<'t>(text: &'t str, script: &'t str, open: &mut Vec<&'t str>) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some((before, behind)) = rest.split_once('$') {
        out.push_str(before);
        let (name, default);
        (name, default, rest) = variable(behind);
        let value = if open.contains(&name) || open.len() >= DEEPEST { None } else { assigned(script, name) };
        match value.or(default) {
            Some(value) => {
                open.push(name);
                out.push_str(&expanded(value, script, open));
                open.pop();
            }
            None => out.push('$'),
        }
    }
    out.push_str(rest);
    out
}

/// The variable behind a `$`, its default, and what follows it; no name for what is none.
fn variable(behind: &str) -> (&str, Option<&str>, &str) {
    let is_part = |c: char| c.is_ascii_alphanumeric() || c == '_';
    if let Some(inner) = behind.strip_prefix("{{") {
        return ("", None, inner.split_once("}}").map_or("", |(_, rest)| rest));
    }
    if behind.starts_with('(') {
        return ("", None, behind.rsplit_once(')').map_or("", |(_, rest)| rest));
    }
    let Some(inner) = behind.strip_prefix('{') else {
        let end = behind.find(|c| !is_part(c)).unwrap_or(behind.len());
        return (&behind[..end], None, &behind[end..]);
    };
    let end = inner.find(|c| !is_part(c)).unwrap_or(inner.len());
    let (name, operator) = inner.split_at(end);
    let mut depth = 1;
    let close = operator.find(|c| {
        depth += i32::from(c == '{') - i32::from(c == '}');
        depth == 0
    });
    let (operator, rest) = close.map_or((operator, ""), |close| (&operator[..close], &operator[close + 1..]));
    let default = [":-", "-", ":="].iter().find_map(|sign| operator.strip_prefix(sign));
    (name, default, rest)
}

/// The only value that a script gives to a variable.
fn assigned<'t>(script: &'t str, name: &str) -> Option<&'t str> {
    let value = |line: &'t str| {
        let line = line.trim_start();
        let words = ["export ", "readonly ", "local ", "declare -r "];
        let line = words.iter().find_map(|word| line.strip_prefix(word)).unwrap_or(line);
        let value = line.strip_prefix(name)?.strip_prefix('=')?.trim_end();
        let quote = ['"', '\''].into_iter().find(|quote| value.starts_with(*quote));
        match quote {
            Some(quote) => value[1..].split(quote).next(),
            None => value.split([' ', ';', '\t']).next(),
        }
    };
    let mut values = script.lines().filter_map(value);
    let first = values.next()?;
    (!name.is_empty() && values.all(|other| other == first)).then_some(first)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, script: &str, expected: Option<&str>) {
        assert_eq!(known_file(&expanded(text, script, &mut Vec::new())).as_deref(), expected, "{text}");
    }

    #[test]
    fn files_in_variables_are_known() {
        check("$C", "C=\"${COMPOSE_FILE:-prod.yml}\"\n", Some("prod.yml"));
        check("${COMPOSE_FILE}", "COMPOSE_FILE=\"${COMPOSE_FILE:-prod.yml}\"\n", Some("prod.yml"));
        check("$base", "base=\"$ROOT/deploy/a.yml\"\n", Some("deploy/a.yml"));
        check("$(dirname \"$0\")/../a.yml", "", Some("a.yml"));
        check("${X:-${Y:-b.yml}}", "", Some("b.yml"));
        check("a-$ENV.yml", "ENV=prod\n", Some("a-prod.yml"));
        check("a-$ENV.yml", "ENV=prod\nENV=stage\n", None);
        check("$1", "", None);
        check("${{ inputs.file }}", "", None);
        check("$A", "A=$B\nB=$A\n", None);
        check("./a/../b.yml", "", Some("b.yml"));
    }
}
