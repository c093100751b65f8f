//! See `rules/repeated-variable.md`.

use super::{Context, line_edits};
use crate::build::{Build, Stage};
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Target};
use crate::text::Span;

super::rule!("repeated-variable", check);

/// Settings of variables in a stage that are compared; no real file has more.
const MOST: usize = 500;

/// A variable that an ARG or ENV sets.
#[derive(Clone)]
struct VariableSetting<'a> {
    index: usize,
    instruction: &'a Instruction,
    name: String,
    /// The value as written; `None` for an ARG without a default.
    value: Option<String>,
    span: Span,
    /// Whether its instruction sets nothing else.
    is_alone: bool,
}

impl VariableSetting<'_> {
    fn is_arg(&self) -> bool {
        self.instruction.keyword == Keyword::Arg
    }

    /// Whether its value takes the one before.
    fn reads_itself(&self) -> bool {
        self.value.as_deref().is_some_and(|value| value.contains('$') && value.contains(&self.name))
    }
}

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        let settings = settings(build, stage);
        for (at, first) in settings.iter().enumerate() {
            let Some(second) = settings[at + 1..].iter().find(|other| other.name == first.name) else { continue };
            if !second.reads_itself()
                && first.value != second.value
                && let Some(finding) = finding(cx, stage, first, second)
            {
                out.push(finding);
            }
        }
    }
}

fn settings<'a>(build: &Build<'a>, stage: &Stage) -> Vec<VariableSetting<'a>> {
    let file = &build.input().file;
    let mut settings = Vec::new();
    for (index, instruction) in build.instructions(stage) {
        match instruction.keyword {
            Keyword::Arg => {
                let args = file.args(instruction);
                let is_alone = args.len() == 1;
                settings.extend(args.into_iter().map(|arg| VariableSetting {
                    index,
                    instruction,
                    name: arg.name.text.to_string(),
                    value: arg.default.map(|default| default.text.to_string()),
                    span: arg.span,
                    is_alone,
                }));
            }
            Keyword::Env => {
                let pairs = file.variables(instruction);
                let is_alone = pairs.len() == 1;
                settings.extend(pairs.into_iter().map(|pair| VariableSetting {
                    index,
                    instruction,
                    name: pair.name.text.to_string(),
                    value: Some(pair.value.text.to_string()),
                    span: pair.span,
                    is_alone,
                }));
            }
            _ => {}
        }
        // One instruction may set a hundred thousand.
        settings.truncate(MOST);
        if settings.len() == MOST {
            break;
        }
    }
    // A name with an expansion is another one in each build.
    settings.retain(|setting| !setting.name.is_empty() && !setting.name.contains('$'));
    settings
}

fn finding(cx: &Context, stage: &Stage, first: &VariableSetting, second: &VariableSetting) -> Option<Finding> {
    let name = &first.name;
    let line = |setting: &VariableSetting| cx.source().line(setting.span.start);
    let (message, help, at) = match (first.is_arg(), second.is_arg()) {
        // What RUN sees is not what the container gets.
        (false, true) => {
            let default = second.value.as_deref().filter(|default| !default.is_empty())?;
            let mut below = cx.build().instructions(stage).filter(|(index, _)| *index > second.index);
            below.find(|(_, instruction)| instruction.keyword == Keyword::Run)?;
            let message = format!(
                "RUN sees `{name}` as `{default}` below this ARG, but the container gets the value of the ENV in line {}",
                line(first)
            );
            (message, format!("set it once: `ARG {name}={default}`, then `ENV {name}=${name}`"), second)
        }
        _ if is_used_between(cx.build(), stage, first, second) => return None,
        (true, false) => {
            let is_open = |value: &String| value.contains('$');
            if second.value.as_ref().is_none_or(is_open) {
                return None;
            }
            let message =
                format!("`--build-arg {name}` has no effect: line {} sets `{name}` to a fixed value", line(second));
            (message, format!("remove the ARG, or write `ENV {name}=${name}`"), first)
        }
        (true, true) => {
            second.value.as_ref()?;
            first.value.as_ref()?;
            (
                format!("this default of `{name}` has no effect: line {} declares it again", line(second)),
                remove(first),
                first,
            )
        }
        (false, false) => {
            (format!("this value of `{name}` has no effect: line {} sets it again", line(second)), remove(first), first)
        }
    };
    let finding = cx.finding(at.span, message).help(help);
    Some(if first.is_arg() == second.is_arg() { with_removal(cx, first, finding) } else { finding })
}

fn remove(setting: &VariableSetting) -> String {
    format!("remove it: only the last value of `{}` counts", setting.name)
}

/// Whether something between two settings may read the first: a RUN, which gets it in its environment, or an instruction
/// that names it.
fn is_used_between(build: &Build, stage: &Stage, first: &VariableSetting, second: &VariableSetting) -> bool {
    let source = build.input().file.source();
    let names = |instruction: &Instruction| source.slice(instruction.span).contains(&first.name);
    let is_setting = |index: usize| index == first.index || index == second.index;
    let between = build.instructions(stage).filter(|(index, _)| (first.index..=second.index).contains(index));
    let mut others = between.filter(|(index, _)| !is_setting(*index));
    let is_read = others.any(|(_, instruction)| {
        matches!(instruction.keyword, Keyword::Run | Keyword::Onbuild | Keyword::Unknown) || names(instruction)
    });
    // Other pairs of the second instruction still see the first value.
    let text = source.slice(second.instruction.span);
    is_read
        || first.index != second.index
            && [format!("${}", first.name), format!("${{{}", first.name)].iter().any(|name| text.contains(name))
}

/// The finding with an edit that removes the whole instruction, if it sets nothing else.
fn with_removal(cx: &Context, setting: &VariableSetting, mut finding: Finding) -> Finding {
    let source = cx.source();
    let lines = line_edits::of(source, setting.instruction);
    // A comment above belongs to the instruction and would be read as one of the next.
    let has_comment = line_edits::above(source, setting.instruction) < lines.start;
    if setting.is_alone && !has_comment {
        let edits = vec![FileEdit { target: Target::File(cx.file()), span: lines, text: String::new() }];
        finding.fixes.push(Fix { title: "remove it".to_owned(), safety: Safety::Safe, edits });
    }
    finding
}
