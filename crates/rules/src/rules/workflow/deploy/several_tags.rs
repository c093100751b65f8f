//! A rule about the output of docker/metadata-action that has one line for each tag, where one image is wanted.

use crate::finding::{Finding, Findings, Safety};
use crate::manifest::FileKind;
use crate::rules::workflow::steps::verbatim;
use crate::rules::{WorkflowChange, WorkflowContext};
use crate::shell::{Invocation, Word};
use crate::sources::patterns;
use crate::text::{Span, path};
use crate::workflow::{Job, Step, StepScript, WorkflowPlace};
use crate::yaml;

crate::rules::family! {
    of_workflow
    "several-tags-as-one" => several_tags_as_one;
}

/// Meanings in `data/source_patterns.tsv`.
const ACTION: &str = "action that takes one image";
const PROGRAM: &str = "program that takes one image";

/// An expression with several lines: as it is written between `${{` and `}}`.
struct TagList {
    expression: String,
    /// The expression of its first line, where it can be written in the same place.
    first: Option<String>,
}

/// A list of tags where one image is wanted.
fn several_tags_as_one(cx: &WorkflowContext, out: &mut Findings) {
    if !cx.source().text().contains("docker/metadata-action") {
        return;
    }
    for job in &cx.workflow().jobs {
        let mut lists: Vec<TagList> = tag_lists(job);
        lists.extend(cx.workflow().jobs.iter().filter(|other| other.id != job.id).flat_map(|other| outputs(cx, other)));
        if lists.is_empty() {
            continue;
        }
        for step in &job.steps {
            for list in &lists {
                of_action(cx, step, list, out);
                let scripts = step.script.iter().chain(remote(cx, job, step));
                for script in scripts {
                    of_script(cx, step, script, list, out);
                }
            }
        }
    }
}

/// What a step runs on other machines.
fn remote<'a>(cx: &WorkflowContext<'a, '_>, job: &Job, step: &Step) -> Vec<&'a StepScript> {
    let number = cx.workflow().jobs.iter().position(|known| std::ptr::eq(known, job));
    let at = job.steps.iter().position(|known| std::ptr::eq(known, step));
    let is_own = |known: &&crate::workflow::RemoteScript| Some(known.job) == number && Some(known.step) == at;
    cx.input.remote_scripts.iter().filter(is_own).filter_map(|known| known.commands.script.as_ref()).collect()
}

/// The lists that steps of a job make.
fn tag_lists(job: &Job) -> Vec<TagList> {
    let is_list = |step: &&Step| step.uses("docker/metadata-action") && has_several(step);
    let ids = job.steps.iter().filter(is_list).filter_map(|step| step.id.as_deref());
    let list = |id: &str| TagList {
        expression: format!("steps.{id}.outputs.tags"),
        first: Some(format!("fromJSON(steps.{id}.outputs.json).tags[0]")),
    };
    ids.map(list).collect()
}

/// The outputs of a job that are such lists, as others name them.
fn outputs(cx: &WorkflowContext, job: &Job) -> Vec<TagList> {
    let lists = tag_lists(job);
    if lists.is_empty() || job.key("outputs").is_none() {
        return Vec::new();
    }
    let tree = yaml::read(cx.source().text());
    let outputs = tree.root().and_then(|root| root.get("jobs")?.get(&job.id)?.get("outputs"));
    let mut named = Vec::new();
    for entry in outputs.into_iter().flat_map(yaml::YamlNode::entries) {
        let Some((name, value)) = entry.key.text().zip(entry.value.text()) else { continue };
        if lists.iter().any(|list| is_whole(value, &list.expression)) {
            named.push(TagList { expression: format!("needs.{}.outputs.{name}", job.id), first: None });
        }
    }
    named
}

/// Whether a step of docker/metadata-action gives more than one tag at once, in some runs at least.
fn has_several(step: &Step) -> bool {
    if step.input("images").is_some_and(|images| images.lines.len() > 1) {
        return true;
    }
    let lines = step.input("tags").map_or(&[][..], |tags| &tags.lines);
    let (mut always, mut on_event, mut of_version) = (0, 0, 0);
    for line in lines {
        let has = |word: &str| line.text.split(',').any(|field| field.trim().starts_with(word));
        // Which of them are on, only a run knows.
        if has("enable=") || line.text.starts_with('#') {
            continue;
        }
        if has("type=sha") || has("type=raw") || !has("type=") {
            always += 1;
        } else if has("type=semver") || has("type=pep440") {
            of_version += 1;
        } else if has("type=ref") {
            on_event += 1;
        }
    }
    always > 1 || of_version > 1 || always == 1 && on_event + of_version > 0
}

/// Whether a value is the expression and nothing else.
fn is_whole(value: &str, expression: &str) -> bool {
    let inner = value.trim().strip_prefix("${{").and_then(|rest| rest.strip_suffix("}}"));
    inner.is_some_and(|inner| inner.trim() == expression)
}

fn of_action(cx: &WorkflowContext, step: &Step, list: &TagList, out: &mut Findings) {
    let Some(action) = &step.action else { return };
    let known = patterns::of(ACTION).filter(|pattern| pattern.text.eq_ignore_ascii_case(&action.name));
    for pattern in known {
        let Some(input) = step.input(pattern.argument).filter(|input| is_whole(&input.value.text, &list.expression))
        else {
            continue;
        };
        let Some(finding) = finding(cx, input.value.place, list) else { continue };
        let source = cx.input.file_of(input.value.place).map(|file| cx.inputs.source(file).text());
        let written = source.and_then(|text| text.get(input.value.place.span.range()));
        let at = written.and_then(|text| text.find(&list.expression));
        let place = at.map(|at| {
            let start = input.value.place.span.start + at as u32;
            WorkflowPlace { span: Span::new(start, start + list.expression.len() as u32), ..input.value.place }
        });
        out.push(with_fix(cx, finding, place, list));
    }
}

fn of_script(cx: &WorkflowContext, step: &Step, script: &StepScript, list: &TagList, out: &mut Findings) {
    let variables = step.variables.iter().filter(|(_, text)| is_whole(&text.text, &list.expression));
    let mut variables: Vec<String> = variables.map(|(name, _)| name.clone()).collect();
    variables.extend(set_to(script, list));
    if variables.is_empty() && !script.text.text.contains(&list.expression) {
        return;
    }
    for invocation in script.commands().invocations() {
        let is_export = invocation.is("export");
        let is_known = invocation.program.is_some_and(|name| patterns::words(PROGRAM).any(|known| known == name));
        let takes_one = is_export || is_known || runs_script_for_one(cx, &invocation);
        for word in invocation.args.iter().filter(|word| takes_one && word.is_dynamic()) {
            // A variable in quotes may hold several lines.
            if is_export && word.is_quoted() {
                continue;
            }
            let Some(inner) = expression(script, word, list) else {
                let uses = |name: &String| {
                    word.variables().eq(std::iter::once(name.as_str()))
                        && [format!("${name}"), format!("${{{name}}}")].contains(&word.text().to_owned())
                };
                if !is_export
                    && variables.iter().any(uses)
                    && let Some(finding) = finding(cx, script.text.place_of(word.span), list)
                {
                    out.push(finding);
                }
                continue;
            };
            let Some(finding) = finding(cx, script.text.place_of(word.span), list) else { continue };
            out.push(with_fix(cx, finding, verbatim(script, inner), list));
        }
    }
}

/// The variables that a script sets to a list: `export IMAGE="${{ … }}"`.
fn set_to(script: &StepScript, list: &TagList) -> Vec<String> {
    let holds = |text: &str| is_whole(text.trim_matches(['"', '\'']), &list.expression);
    let assignments = script.commands().commands.iter().flat_map(|command| &command.assignments);
    let assigned = assignments.filter(|known| holds(script.text.slice(known.value.span.range())));
    let mut names: Vec<String> = assigned.map(|known| known.name_text.to_string()).collect();
    for invocation in script.commands().invocations().iter().filter(|known| known.is("export")) {
        let texts = invocation.args.iter().map(|word| script.text.slice(word.span.range()));
        let pairs = texts.filter_map(|text| text.split_once('='));
        names.extend(pairs.filter(|(_, value)| holds(value)).map(|(name, _)| name.to_owned()));
    }
    names
}

/// Whether a command runs a script of the repository that reads its first argument, and no others.
fn runs_script_for_one(cx: &WorkflowContext, invocation: &Invocation) -> bool {
    let first = invocation.args.first();
    let script = if invocation.path.text().contains('/') { Some(invocation.path) } else { first };
    let Some(name) = script.map(|word| path::name(word.text())).filter(|name| FileKind::of(name).is_shell()) else {
        return false;
    };
    let inputs = cx.inputs.workflows.iter().filter(|input| path::name(&input.path) == name);
    let mut texts = inputs.map(|input| cx.inputs.source(input.file).text());
    let reads_one = |text: &str| {
        let reads_more = ["$@", "$*", "${@", "${*", "$2", "${2", "shift"].iter().any(|sign| text.contains(sign));
        (text.contains("$1") || text.contains("${1")) && !reads_more
    };
    texts.next().is_some_and(reads_one) && texts.next().is_none()
}

/// Where a word holds the expression, in the text of its script.
fn expression(script: &StepScript, word: &Word, list: &TagList) -> Option<Span> {
    let text = script.text.slice(word.span.range());
    let open = text.find("${{")?;
    let len = text[open..].find("}}")?;
    if text[open + 3..open + len].trim() != list.expression {
        return None;
    }
    let start = word.span.start + (open + text[open..].find(&list.expression)?) as u32;
    Some(Span::new(start, start + list.expression.len() as u32))
}

fn finding(cx: &WorkflowContext, place: WorkflowPlace, list: &TagList) -> Option<Finding> {
    let message = format!("`{}` has a line for each tag, and one image is wanted here", list.expression);
    let finding = cx.finding(place, message)?;
    Some(match &list.first {
        Some(first) => finding.help(format!("take the first one: `${{{{ {first} }}}}`")),
        None => finding.help("give the job an output with one tag: `fromJSON(steps.ID.outputs.json).tags[0]`"),
    })
}

fn with_fix(cx: &WorkflowContext, finding: Finding, place: Option<WorkflowPlace>, list: &TagList) -> Finding {
    match place.zip(list.first.clone()) {
        Some((place, first)) => {
            cx.fixed(finding, "take the first tag", Safety::Safe, &[WorkflowChange::Replace(place, first)])
        }
        None => finding,
    }
}
