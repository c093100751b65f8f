//! A rule about texts of others that are pasted into scripts and messages.

use crate::data;
use crate::finding::{Finding, Findings};
use crate::rules::WorkflowContext;
use crate::sources::patterns;
use crate::text::Span;
use crate::workflow::{PipelineKind, ScriptText, Step, WorkflowPlace};

crate::rules::family! {
    of_workflow
    "event-text-in-script" => event_text_in_script;
}

/// Meaning in `data/source_patterns.tsv`.
const REMOTE: &str = "action that runs commands on another machine";

/// The action whose input is a script, too.
const SCRIPT_ACTION: &str = "actions/github-script";

/// Expressions of one text that are looked at.
const EXPRESSIONS: usize = 100;

/// A title or a message that becomes a part of a program, or of JSON.
fn event_text_in_script(cx: &WorkflowContext, out: &mut Findings) {
    for (_, step) in cx.steps() {
        if let Some(script) = &step.script {
            report_script(cx, &script.text, false, out);
        }
        for input in &step.inputs {
            if is_script(step, &input.name) {
                report_script(cx, &input.script, step.uses(SCRIPT_ACTION), out);
            } else if input.value.text.starts_with('{') {
                for (name, what, place) in pasted(&input.script, true) {
                    if let Some(finding) = in_json(cx, &name, what, place) {
                        out.push(finding);
                    }
                }
            }
        }
    }
    if cx.workflow().kind == PipelineKind::Gitlab {
        report_variables(cx, out);
    }
}

/// Whether an input of an action is a program.
fn is_script(step: &Step, input: &str) -> bool {
    let of_remote = |action: &str| {
        patterns::of(REMOTE).any(|known| known.text.eq_ignore_ascii_case(action) && known.argument == input)
    };
    let is_remote = step.action.as_ref().is_some_and(|action| of_remote(&action.name));
    is_remote || step.uses(SCRIPT_ACTION) && input == "script"
}

fn report_script(cx: &WorkflowContext, script: &ScriptText, is_javascript: bool, out: &mut Findings) {
    for (name, what, place) in pasted(script, false) {
        if is_javascript {
            let message = format!("`{name}` is pasted into the script: a {what} with a quote runs as JavaScript");
            let help = "hand it over as a variable (`env: TEXT: …`), and read `process.env.TEXT`";
            if let Some(finding) = cx.finding(place, message) {
                out.push(finding.help(help));
            }
            continue;
        }
        let message = format!("`{name}` is pasted into the script: a {what} with a quote or `$(…)` runs as a command");
        let Some(finding) = cx.finding(place, message) else { continue };
        out.push(finding.help(format!(
            "hand it over as a variable (`env:` with `TEXT: ${{{{ {name} }}}}`; `envs: TEXT` for ssh-action), and write `\"$TEXT\"`"
        )));
    }
}

fn in_json(cx: &WorkflowContext, name: &str, what: &str, place: WorkflowPlace) -> Option<Finding> {
    let message = format!(
        "`{name}` is pasted into JSON: a quote or a line break in the {what} makes it invalid, and nothing is sent"
    );
    let help = format!("write `${{{{ toJSON({name}) }}}}` without quotes around it");
    Some(cx.finding(place, message)?.help(help))
}

/// The texts of others that stand as they are in a text, with what they are; `in_quotes`: those alone that stand in quotes.
fn pasted(script: &ScriptText, in_quotes: bool) -> Vec<(String, &'static str, WorkflowPlace)> {
    let text = script.text.as_str();
    let mut places = Vec::new();
    let mut from = 0;
    for _ in 0..EXPRESSIONS {
        let Some(start) = text[from..].find("${{").map(|at| from + at) else { break };
        let Some(end) = text[start..].find("}}").map(|at| start + at + 2) else { break };
        from = end;
        let line = text[..start].rsplit('\n').next().unwrap_or_default();
        let is_quoted = line.matches('"').count() % 2 == 1;
        if in_quotes && !is_quoted || line.trim_start().starts_with('#') {
            continue;
        }
        if let Some((name, what)) = text_of_others(&text[start + 3..end - 2]) {
            places.push((name.to_owned(), what, script.place_of(Span::new(start as u32, end as u32))));
        }
    }
    places
}

/// The text of others that an expression is, or may be: one of those between `||`.
fn text_of_others(expression: &str) -> Option<(&str, &'static str)> {
    let is_plain = |term: &str| !term.contains(['(', '=', '&', '!', '<', '>']);
    let mut terms = expression.split("||").map(str::trim).filter(|term| is_plain(term));
    terms.find_map(|term| Some((term, data::EVENT_TEXTS.row(term)?[1])))
}

/// Variables of GitLab in the JSON that `curl` sends: in a script of its own a shell reads them as values.
fn report_variables(cx: &WorkflowContext, out: &mut Findings) {
    for (_, step) in cx.steps() {
        let Some(script) = &step.script else { continue };
        for invocation in step.invocations().iter().filter(|known| known.is("curl")) {
            for word in invocation.args.iter().filter(|word| word.is_dynamic()) {
                let text = script.text.slice(word.span.range());
                if !text.trim_start_matches(['"', '\'']).trim_start().starts_with('{') {
                    continue;
                }
                let named = |row: &data::Row| {
                    text.contains(&format!("${}", row[0])) || text.contains(&format!("${{{}}}", row[0]))
                };
                let Some(row) = data::EVENT_TEXTS.rows().find(named) else { continue };
                let message = format!(
                    "`${}` is pasted into JSON: a quote or a line break in the {} makes it invalid, and nothing is sent",
                    row[0], row[1]
                );
                let Some(finding) = cx.finding(script.text.place_of(word.span), message) else { continue };
                out.push(finding.help(format!(
                    "let a program write the JSON: `jq -n --arg text \"${}\" '{{text: $text}}' | curl -d @- …`",
                    row[0]
                )));
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn questions_about_a_text_paste_nothing() {
        for (expression, expected) in [
            (" github.head_ref ", true),
            ("github.head_ref || github.ref_name", true),
            ("github.event.head_commit.message", true),
            ("contains(github.event.head_commit.message, 'a')", false),
            ("github.head_ref == 'main'", false),
            ("github.event.pull_request.head.ref && 'a'", false),
            ("github.sha", false),
        ] {
            assert_eq!(text_of_others(expression).is_some(), expected, "{expression}");
        }
    }
}
