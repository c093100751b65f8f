//! A rule about blue and green files of Compose that make one project.

use super::deployment::{Deployment, deployments};
use super::edits::risky;
use crate::finding::Findings;
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::text::{Span, path};
use crate::workflow::{ComposeCall, StepScript, WorkflowPlace, WorkflowText};
use crate::yaml;

crate::rules::family! {
    of_workflow
    "projects-share-name" => projects_share_name;
}

/// The pair of names that such files have.
const COLOURS: [&str; 2] = ["blue", "green"];

/// A call with the only file that it names.
struct ColourCall<'a> {
    call: ComposeCall,
    file: WorkflowText,
    script: &'a StepScript,
}

/// Two files of one folder are one project, if nothing names it: each takes the other's containers.
fn projects_share_name(cx: &WorkflowContext, out: &mut Findings) {
    let source = cx.source().text();
    if !source.contains("compose") || source.contains("COMPOSE_PROJECT_NAME") || !source.contains("up") {
        return;
    }
    let calls = colour_calls(&deployments(cx));
    let mut pairs: Vec<String> = Vec::new();
    for known in calls.iter().filter(|known| known.call.command == "up") {
        let ColourCall { call, file, .. } = known;
        let Some((other, pair)) = other_colour(cx, known, &calls).zip(without_colour(&file.text)) else { continue };
        if pairs.contains(&pair) || is_named(cx, call, file) || path::name(&file.text) == other {
            continue;
        }
        let name = path::name(&file.text);
        let message = format!(
            "`{name}` and `{other}` are one project: each replaces the containers of the other, and `down` removes both"
        );
        let Some(finding) = cx.finding(file.place, message) else { continue };
        let finding = finding.help("give each a project: `docker compose -p NAME -f FILE`, or `name:` in the file");
        let same = calls.iter().filter(|known| without_colour(&known.file.text).as_ref() == Some(&pair));
        let changes: Option<Vec<WorkflowChange>> = same.map(|known| add_project_name(cx, &known.file)).collect();
        let safety = risky("what runs under the old name of the project stays until somebody stops it");
        out.push(match changes {
            Some(changes) => cx.fixed(finding, "give each colour a project of its own", safety, &changes),
            None => finding,
        });
        pairs.push(pair);
    }
}

/// The name of a file with a mark in place of its colour, or of the variable that stands for it.
fn without_colour(file: &str) -> Option<String> {
    if let Some((before, _, behind)) = variable(file) {
        return Some(format!("{before}*{behind}"));
    }
    let colour = COLOURS.into_iter().find(|colour| path::name(file).contains(colour))?;
    Some(path::normalize(&path::child(path::parent(file), &path::name(file).replacen(colour, "*", 1))))
}

fn colour_calls<'a>(deployments: &[Deployment<'a>]) -> Vec<ColourCall<'a>> {
    let mut calls: Vec<ColourCall> = Vec::new();
    for (command, _) in deployments.iter().flat_map(|deployment| &deployment.steps) {
        let Some(call) = ComposeCall::of(command.script, &command.command).filter(|call| call.project.is_none()) else {
            continue;
        };
        let [(file, _)] = &call.files[..] else { continue };
        let file = file.clone();
        if calls.iter().all(|known| known.file.place != file.place) {
            calls.push(ColourCall { call, file, script: command.script });
        }
    }
    calls
}

/// The file of the other colour: one that a call names, or for a name with a variable, one of the repository or of a
/// value that the script gives it.
fn other_colour(cx: &WorkflowContext, known: &ColourCall, calls: &[ColourCall]) -> Option<String> {
    let file = &known.file.text;
    if let Some((before, name, behind)) = variable(file) {
        let names = COLOURS.map(|colour| path::name(&format!("{before}{colour}{behind}")).to_owned());
        let has = |name: &String| cx.repository().files.iter().any(|known| path::name(known) == name);
        let is_known = names.iter().all(has) || COLOURS.iter().all(|colour| gets(known.script, name, colour));
        return is_known.then(|| names[1].clone());
    }
    let at = COLOURS.iter().position(|colour| path::name(file).contains(colour))?;
    let wanted = path::child(path::parent(file), &path::name(file).replacen(COLOURS[at], COLOURS[1 - at], 1));
    let mut others = calls.iter().map(|other| &other.file.text);
    others.find(|other| path::normalize(other) == path::normalize(&wanted)).map(|other| path::name(other).to_owned())
}

/// Whether a script gives a variable this value somewhere.
fn gets(script: &StepScript, variable: &str, value: &str) -> bool {
    let name = variable.trim_matches(['$', '{', '}']);
    let assignments = script.commands().commands.iter().flat_map(|command| &command.assignments);
    assignments.into_iter().any(|assignment| &*assignment.name_text == name && assignment.value.is(value))
}

/// The only variable of a text, with what stands before and behind it.
fn variable(text: &str) -> Option<(&str, &str, &str)> {
    let start = text.find("{{").or_else(|| text.find('$'))?;
    let start = text[..start].rfind('$').unwrap_or(start);
    let rest = &text[start..];
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let len = if rest.starts_with("${{") || rest.starts_with("{{") {
        rest.find("}}")? + 2
    } else if rest.starts_with("${") {
        rest.find('}')? + 1
    } else {
        1 + rest[1..].find(|c| !is_name(c)).unwrap_or(rest.len() - 1)
    };
    let behind = &rest[len..];
    (!behind.contains(['$', '{'])).then_some((&text[..start], &rest[..len], behind))
}

/// Whether a file names its project.
fn is_named(cx: &WorkflowContext, call: &ComposeCall, file: &WorkflowText) -> bool {
    let texts = &cx.repository().texts;
    let path = call.files.first().and_then(|(_, path)| path.as_ref());
    let (before, behind) =
        variable(&file.text).map_or((file.text.as_str(), ""), |(before, _, behind)| (before, behind));
    let is_it = |known: &str| {
        let name = path::name(known);
        path.is_some_and(|path| path == known) || name.starts_with(path::name(before)) && name.ends_with(behind)
    };
    let mut named = texts.iter().filter(|(known, _)| is_it(known)).map(|(_, source)| source);
    named.any(|source| yaml::read(source.text()).root().is_some_and(|root| root.get("name").is_some()))
}

/// A call gets the name of its project behind its file.
fn add_project_name(cx: &WorkflowContext, file: &WorkflowText) -> Option<WorkflowChange<'static>> {
    let text = cx.inputs.source(cx.input.file_of(file.place)?).text().get(file.place.span.range())?;
    let is_whole = text.trim_matches(['"', '\'']) == file.text;
    let name = path::name(&file.text);
    let stem = name.strip_suffix(".yml").or_else(|| name.strip_suffix(".yaml"))?;
    let (before, variable, behind) = variable(stem).unwrap_or((stem, "", ""));
    let clean = |text: &str| text.replace(['.', '_'], "-").to_ascii_lowercase();
    let name = format!("{}{variable}{}", clean(before), clean(behind));
    let name = if variable.is_empty() { name } else { format!("\"{name}\"") };
    let span = Span::at(file.place.span.end);
    is_whole.then(|| WorkflowChange::Replace(WorkflowPlace { span, ..file.place }, format!(" -p {name}")))
}
