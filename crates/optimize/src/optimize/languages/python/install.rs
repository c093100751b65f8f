//! Install commands with the path of the virtual environment.

use super::plan::{Pip, PythonPlan, VENV};
use super::run_parts::RunPart;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Manager, Verb, Word};
use crate::text::{Edit, Span, path};

/// Where a span of the script of a part's RUN stands in the source.
pub(super) fn place(input: &PassInput, part: &RunPart, span: Span) -> Span {
    let indexes = input.file().instructions();
    let index = indexes.partition_point(|index| index.span.start <= part.span.start).saturating_sub(1);
    input.build.code(index).map_or(span, |code| code.place(input.file(), span))
}

/// The text of a part that installs, into the environment that the plan makes.
pub(super) fn into(input: &PassInput, plan: &PythonPlan, part: &RunPart) -> String {
    let as_is = input.source().slice(part.span).to_owned();
    if !plan.makes {
        return as_is;
    }
    let edits: Vec<Edit> =
        part.invocations.iter().flat_map(|invocation| of_one(input, plan, part, invocation)).collect();
    input.slice_with(part.span, &edits).unwrap_or(as_is)
}

fn of_one(input: &PassInput, plan: &PythonPlan, part: &RunPart, invocation: &Invocation) -> Vec<Edit> {
    let Some(call) = invocation.package_call() else { return Vec::new() };
    let mut edits: Vec<Edit> = Vec::new();
    let mut drop = |names: &[&str]| {
        for word in invocation.args.iter().filter(|word| names.contains(&word.text())) {
            edits.extend(without_word(input, part, invocation, word));
        }
    };
    if part.purpose == super::run_parts::PartPurpose::Tool {
        return Vec::new();
    }
    match call.manager {
        Manager::Pip if matches!(call.verb, Verb::Install | Verb::Remove) => {
            drop(&["--user", "--break-system-packages"]);
            if plan.pip == Pip::Own {
                let path = place(input, part, invocation.path.span);
                let name = path::name(invocation.path.text());
                edits.push(Edit { span: path, text: format!("{VENV}/bin/{name}") });
                return edits;
            }
            // Behind `pip`, also in `python -m pip`.
            let module = invocation.args.iter().take(4).position(|word| word.is("-m"));
            let named = module.and_then(|at| invocation.args.get(at + 1)).unwrap_or(invocation.path);
            let at = place(input, part, named.span).end;
            edits.push(Edit { span: Span::at(at), text: format!(" --python {VENV}") });
        }
        Manager::Uv if call.verb_text.starts_with("pip ") => {
            drop(&["--system", "--break-system-packages"]);
            let at = place(input, part, call.verb_span).end;
            edits.push(Edit { span: Span::at(at), text: format!(" --python {VENV}") });
        }
        Manager::Pipenv => drop(&["--system"]),
        _ => {}
    }
    edits
}

fn without_word(input: &PassInput, part: &RunPart, invocation: &Invocation, word: &Word) -> Option<Edit> {
    let at = invocation.args.iter().position(|other| other.span == word.span)?;
    let before = at.checked_sub(1).map_or(invocation.path.span, |index| invocation.args[index].span);
    let (before, span) = (place(input, part, before), place(input, part, word.span));
    Some(Edit { span: Span::new(before.end, span.end), text: String::new() })
}
