//! Rules about ENV, ARG and ENV that depend on each other.

use std::collections::{BTreeMap, HashMap};

use super::{Context, line_edits};
use crate::build::{Build, Lookup, Stage, UndefinedReason};
use crate::dockerfile::{Instruction, Keyword, Variable, expand::Lex, expand::Operator, expand::uses};
use crate::finding::{FileEdit, Finding, Findings, Fix, Safety, Target};
use crate::text::Span;

super::family! {
    "env-self-reference" => env_self_reference;
    "lost-arg" => lost_arg;
    "repeated-variable" => repeated_variable;
}

fn env_self_reference(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let file = &build.input().file;
    for (stage, index, instruction) in build.all_effective_of(Keyword::Env) {
        let pairs = file.variables(instruction);
        if pairs.len() < 2 {
            continue;
        }
        let undefined = build.undefined(stage, index);
        let places = places(&pairs, file.escape());
        for (at, pair) in pairs.iter().enumerate() {
            if let Some(finding) = overwritten_value(cx, index, &pairs, at, &places[&*pair.name.text]) {
                out.push(finding);
            }
            for used in uses(&pair.value.text, Lex::new(file.escape())) {
                let set = places.get(used.name).map(|places| places.first);
                let Some(set) = set.filter(|set| *set != at) else { continue };
                // A value that extends its own variable loses what this ENV added before, whether or not it was already set.
                if pair.name.text != used.name && is_set(cx, stage.index, used.name, index) {
                    continue;
                }
                let name = &pair.name.text;
                let message = format!("`{name}` uses the old value of `{}`, not the one set in this ENV", used.name);
                let mut finding = cx
                    .finding_at(index, pair.value.span, message)
                    .help(format!("set `{}` in a separate ENV before this one", used.name));
                // hadolint recognises only these two forms.
                if used.operator != Operator::Plain {
                    finding = finding.without("DL3044");
                }
                if !undefined.iter().any(|undefined_variable| {
                    undefined_variable.name == used.name && undefined_variable.why == UndefinedReason::Nowhere
                }) {
                    finding = finding.without("UndefinedVar");
                }
                let splits = set < at && !build.is_trigger(index);
                out.push(if splits { split(cx, instruction, &pairs, at, finding) } else { finding });
            }
        }
    }
}

/// Where the pairs of one name stand among those of an ENV.
struct AssignmentRange {
    first: usize,
    last: usize,
    /// The last of them that uses the variable itself.
    extends: Option<usize>,
}

/// The places of each name. Kept, as an ENV may have thousands of pairs.
fn places<'p>(pairs: &'p [Variable], escape: char) -> HashMap<&'p str, AssignmentRange> {
    let mut places: HashMap<&'p str, AssignmentRange> = HashMap::new();
    for (at, pair) in pairs.iter().enumerate() {
        let name: &str = &pair.name.text;
        let of_name = places.entry(name).or_insert(AssignmentRange { first: at, last: at, extends: None });
        of_name.last = at;
        if uses(&pair.value.text, Lex::new(escape)).iter().any(|used| used.name == name) {
            of_name.extends = Some(at);
        }
    }
    places
}

/// A value that has no effect: the same ENV sets the variable again without using it.
fn overwritten_value(
    cx: &Context,
    index: usize,
    pairs: &[Variable],
    at: usize,
    places: &AssignmentRange,
) -> Option<Finding> {
    let pair = &pairs[at];
    // If a later value extends this one, the finding is reported there.
    if places.last == at || places.extends.is_some_and(|other| other > at) {
        return None;
    }
    let last = &pairs[places.last];
    let message = format!("this value of `{}` is overwritten in the same ENV", pair.name.text);
    let finding = cx.finding_at(index, pair.span, message).help("keep one of them").without("UndefinedVar");
    let refers = uses(&pair.value.text, Lex::new(cx.build().input().file.escape()));
    let known = refers.iter().any(|used| used.name == pair.name.text && used.operator == Operator::Plain);
    Some((if known { finding } else { finding.without("DL3044") }).label(last.span, "set again"))
}

/// Whether an earlier instruction sets the variable, so that the old value may be intended.
fn is_set(cx: &Context, stage: usize, name: &str, at: usize) -> bool {
    matches!(cx.build().scopes().lookup(stage, name, at), Lookup::Defined(variable) if variable.instruction.is_some())
}

/// Splits the ENV in two, if only blanks separate the pairs.
fn split(cx: &Context, instruction: &Instruction, pairs: &[Variable], at: usize, finding: Finding) -> Finding {
    let source = cx.source();
    let gap = Span::new(pairs[at - 1].span.end, pairs[at].span.start);
    let blank = !gap.is_empty() && source.slice(gap).bytes().all(|byte| byte == b' ' || byte == b'\t');
    if !blank {
        return finding;
    }
    let keyword = source.slice(instruction.name.span);
    let why = "the variable then gets the new value";
    let text = format!("{}{keyword} ", super::line_edits::line_end(source));
    finding.unsafe_edit("split the ENV", why, gap, text)
}

fn lost_arg(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if build.is_fragment() {
        return;
    }
    let line_end = line_edits::line_end(cx.source());
    for stage in build.stages() {
        // One line fixes all uses of a name in a stage.
        let mut places: BTreeMap<String, u32> = BTreeMap::new();
        for (index, instruction) in build.instructions(stage) {
            for undefined_variable in build
                .undefined(stage, index)
                .into_iter()
                .filter(|undefined_variable| undefined_variable.why == UndefinedReason::NotInStage)
            {
                let at = *places
                    .entry(undefined_variable.name.clone())
                    .or_insert_with(|| line_edits::above(cx.source(), instruction));
                let (unless, why) = if undefined_variable.may_be_in_base {
                    let why =
                        "the variable was empty here, or had the value of the base image, and now has that of the ARG";
                    (" unless its base image sets it", why)
                } else {
                    ("", "the variable was empty here and now has its value")
                };
                let message = format!(
                    "`{}` is empty here{unless}, because this stage does not declare `ARG {0}`",
                    undefined_variable.name
                );
                let help = format!("add `ARG {}` to the stage, above this line", undefined_variable.name);
                let text = format!("ARG {}{line_end}", undefined_variable.name);
                let title = format!("declare `{}`", undefined_variable.name);
                out.push(cx.finding(undefined_variable.span, message).help(help).unsafe_edit(
                    title,
                    why,
                    Span::at(at),
                    text,
                ));
            }
        }
    }
}

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

fn repeated_variable(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
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
        let setting = |name: &str, value: Option<String>, span, is_alone| VariableSetting {
            index,
            instruction,
            name: name.to_owned(),
            value,
            span,
            is_alone,
        };
        match instruction.keyword {
            Keyword::Arg => {
                let args = file.args(instruction);
                let is_alone = args.len() == 1;
                settings.extend(args.into_iter().map(|arg| {
                    let value = arg.default.map(|default| default.text.to_string());
                    setting(&arg.name.text, value, arg.span, is_alone)
                }));
            }
            Keyword::Env => {
                let pairs = file.variables(instruction);
                let is_alone = pairs.len() == 1;
                settings.extend(
                    pairs
                        .into_iter()
                        .map(|pair| setting(&pair.name.text, Some(pair.value.text.to_string()), pair.span, is_alone)),
                );
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
