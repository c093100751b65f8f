//! A rule about revisions of task definitions of ECS.

use crate::finding::Findings;
use crate::rules::WorkflowContext;
use crate::shell::Invocation;
use crate::sources::patterns;
use crate::workflow::{Step, WorkflowText, expression_names};

crate::rules::family! {
    of_workflow
    "task-definition-not-revision" => task_definition_not_revision;
}

/// Meaning in `data/source_patterns.tsv`.
const COMMIT: &str = "variable of a pipeline with a commit, a branch or a tag";

const OPTION: &str = "--task-definition";

/// `--task-definition shop:COMMIT`, where ECS has numbers.
fn task_definition_not_revision(cx: &WorkflowContext, out: &mut Findings) {
    for (_, step) in cx.steps() {
        for invocation in step.invocations().iter().filter(|known| known.is("aws")) {
            let Some(text) = task_definition(step, invocation) else { continue };
            let Some((_, revision)) = text.text.rsplit_once(':').filter(|(_, revision)| is_no_number(revision)) else {
                continue;
            };
            let message = format!(
                "ECS has no revision `{revision}` of a task definition: revisions are numbers, and the command fails"
            );
            let Some(finding) = cx.finding(text.place, message) else { continue };
            out.push(finding.help(
                "register a task definition with the image of the commit (`aws ecs register-task-definition`, or aws-actions/amazon-ecs-render-task-definition), and name the revision that it returns",
            ));
        }
    }
}

/// The value of the option that names a task definition.
fn task_definition(step: &Step, invocation: &Invocation) -> Option<WorkflowText> {
    let script = step.script.as_ref()?;
    if !invocation.args.first().is_some_and(|word| word.is("ecs")) {
        return None;
    }
    let mut words = invocation.args.iter();
    let word = words.find(|word| word.text().starts_with(OPTION))?;
    let text = script.text_of(if word.is(OPTION) { words.next()? } else { word });
    let value = text.text.strip_prefix("--task-definition=").unwrap_or(&text.text).to_owned();
    Some(WorkflowText { text: value, ..text })
}

/// Whether a revision is a text, or a variable that holds a commit, a branch or a tag.
fn is_no_number(revision: &str) -> bool {
    let is_commit = |name: &str| patterns::words(COMMIT).any(|known| known == name);
    if !revision.contains('$') {
        // What a program fills in stands in braces or brackets.
        return revision.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"._-".contains(&byte))
            && !revision.is_empty()
            && !revision.bytes().all(|byte| byte.is_ascii_digit());
    }
    let names = expression_names(revision);
    let variable = revision.trim_matches(['$', '{', '}', '"']);
    names.iter().any(|name| is_commit(name)) || names.is_empty() && is_commit(variable)
}
