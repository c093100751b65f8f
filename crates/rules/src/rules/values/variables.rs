//! Rules about variables.

use std::collections::{BTreeMap, HashMap, HashSet};

use crate::build::{Build, Lookup, Stage, UndefinedReason, UndefinedVariable};
use crate::dockerfile::expand::{Lex, Operator, uses};
use crate::dockerfile::{Instruction, Keyword, Variable};
use crate::finding::{Finding, Findings};
use crate::rules::Context;
use crate::rules::shared::script_end;
use crate::text::Span;

crate::rules::family! {
    "env-self-reference" => env_self_reference;
    "lost-arg" => lost_arg;
    "repeated-variable" => repeated_variable;
    "undefined-variable" => undefined_variable;
    "variable-of-base" => variable_of_base;
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
    let text = format!("{}{keyword} ", crate::rules::shared::script_end::line_end(source));
    finding.unsafe_edit("split the ENV", why, gap, text)
}

fn lost_arg(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if build.is_fragment() {
        return;
    }
    let line_end = script_end::line_end(cx.source());
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
                    .or_insert_with(|| crate::dockerfile::start_with_comments(cx.source(), instruction));
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
fn with_removal(cx: &Context, setting: &VariableSetting, finding: Finding) -> Finding {
    let lines = script_end::removable_lines(&cx.build().input().file, setting.instruction);
    // A comment above belongs to the instruction and would be read as one of the next.
    let start = crate::dockerfile::start_with_comments(cx.source(), setting.instruction);
    match lines.filter(|lines| setting.is_alone && start >= lines.start) {
        Some(lines) => finding.safe_edit("remove it", lines, ""),
        None => finding,
    }
}

fn undefined_variable(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut compared = 0;
    for stage in build.stages() {
        for (index, instruction) in build.instructions(stage) {
            let undefined = build.undefined(stage, index);
            if undefined.is_empty() {
                continue;
            }
            let guarded = guarded_names(cx.source().slice(instruction.span));
            let is_env = instruction.keyword == Keyword::Env;
            let pairs = if is_env { build.input().file.variables(instruction) } else { Vec::new() };
            let names: HashSet<&str> = pairs.iter().map(|pair| &*pair.name.text).collect();
            for undefined_variable in undefined {
                let near = near(build, (stage, index), &undefined_variable.name, &mut compared)
                    .filter(|near| *near != undefined_variable.name);
                // A variable that the base image may set counts as a typo only if it is close to a known name.
                if undefined_variable.why == UndefinedReason::NotInStage
                    || (undefined_variable.why == UndefinedReason::Perhaps
                        && !near.is_some_and(|near| is_slip(&undefined_variable.name, near)))
                {
                    continue;
                }
                // This syntax shows that the author knows that it may be empty.
                if guarded.contains(undefined_variable.name.as_str()) {
                    continue;
                }
                // `env-self-reference` reports that.
                if is_set_beside((&pairs, &names), &undefined_variable) {
                    continue;
                }
                let then = if undefined_variable.guarded { "its default always applies" } else { "it is empty here" };
                let message = format!("`{}` is not set, so {then}", undefined_variable.name);
                let help = match near {
                    Some(near) => format!("did you mean `{near}`?"),
                    None if own_pair(&pairs, &undefined_variable).is_some() => {
                        "remove it: the variable has no previous value".to_owned()
                    }
                    None => "set it with ARG or ENV above".to_owned(),
                };
                let joined = path_like_join(cx, &pairs, &undefined_variable);
                let (message, help) = match &joined {
                    Some(joined) if near.is_none() => {
                        (joined.message(&undefined_variable.name), format!("remove it, or write `{}`", joined.text))
                    }
                    _ => (message, help),
                };
                let mut finding = cx.finding(undefined_variable.span, message).help(help);
                if let (Some(joined), None) = (joined, near) {
                    let why = "an empty entry means the current folder to many programs";
                    finding = finding.unsafe_edit("add it only if it is set", why, joined.span, joined.text);
                }
                let text = cx.source().slice(undefined_variable.span);
                if let (Some(near), 1) = (near, text.matches(undefined_variable.name.as_str()).count()) {
                    let why = "the name is a guess: the closest known one";
                    let text = text.replacen(undefined_variable.name.as_str(), near, 1);
                    finding = finding.unsafe_edit(format!("use `{near}`"), why, undefined_variable.span, text);
                }
                out.push(finding);
            }
        }
    }
}

/// Names of a file that undefined ones are compared with, to find the one that is meant.
const COMPARED: usize = 30_000;

/// The variable that a name was probably meant to be; only of the first ones in a file, as each is compared with all names.
pub(in crate::rules) fn near<'b>(
    build: &'b Build,
    (stage, index): (&Stage, usize),
    name: &str,
    compared: &mut usize,
) -> Option<&'b str> {
    // At most each instruction above defines a name.
    *compared += index + 1;
    if *compared > COMPARED {
        return None;
    }
    build.scopes().nearest(stage.index, name, index)
}

/// The names in `${NAME+…}` and `${NAME:+…}`.
fn guarded_names(text: &str) -> HashSet<&str> {
    let uses = text.match_indices("${").map(|(at, _)| &text[at + 2..]);
    let names = uses.filter_map(|inner| {
        let end = inner.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
        let (name, rest) = inner.split_at(end);
        rest.strip_prefix(':').unwrap_or(rest).starts_with('+').then_some(name)
    });
    names.collect()
}

/// A use of a variable in its own value, joined by `:`.
struct JoinedUse {
    /// The use with the colon.
    span: Span,
    /// The text that joins the value only if it is set.
    text: String,
    /// Whether the colon is after the use.
    first: bool,
}

impl JoinedUse {
    fn message(&self, name: &str) -> String {
        let what = if self.first { "begins" } else { "ends" };
        format!(
            "`{name}` has no value yet, so the new value {what} with an empty entry, which many programs treat as the current folder"
        )
    }
}

/// `ENV X=$X:/lib`, `ENV X="/lib:$X"`.
fn path_like_join(cx: &Context, pairs: &[Variable], undefined_variable: &UndefinedVariable) -> Option<JoinedUse> {
    let (pair_span, source) = (own_pair(pairs, undefined_variable)?, cx.source());
    let before = source.slice(Span::new(pair_span.start, undefined_variable.span.start)).trim_matches('"');
    let behind = source.slice(Span::new(undefined_variable.span.end, pair_span.end)).trim_matches('"');
    let (used, name) = (source.slice(undefined_variable.span), &undefined_variable.name);
    if before.is_empty() && behind.starts_with(':') {
        let span = Span::new(undefined_variable.span.start, undefined_variable.span.end + 1);
        return Some(JoinedUse { span, text: format!("${{{name}:+{used}:}}"), first: true });
    }
    let last = behind.is_empty() && before.ends_with(':');
    let span = Span::new(undefined_variable.span.start.saturating_sub(1), undefined_variable.span.end);
    last.then(|| JoinedUse { span, text: format!("${{{name}:+:{used}}}"), first: false })
}

/// The value in an ENV that uses the variable which it sets.
fn own_pair(pairs: &[Variable], undefined_variable: &UndefinedVariable) -> Option<Span> {
    if undefined_variable.guarded {
        return None;
    }
    let is_own = |pair: &&Variable| {
        pair.value.span.contains(undefined_variable.span) && *pair.name.text == *undefined_variable.name
    };
    pair_around(pairs, undefined_variable).filter(is_own).map(|pair| pair.value.span)
}

/// The pair of an ENV in which a variable is used.
fn pair_around<'p, 't>(pairs: &'p [Variable<'t>], undefined_variable: &UndefinedVariable) -> Option<&'p Variable<'t>> {
    let behind = pairs.partition_point(|pair| pair.span.start <= undefined_variable.span.start);
    pairs[..behind].last().filter(|pair| undefined_variable.span.end <= pair.span.end)
}

/// Whether a name is so close to a known one that it is probably a typo: `HOME` and `ROLE` are not that close.
pub(in crate::rules) fn is_slip(name: &str, near: &str) -> bool {
    let distance = strsim::osa_distance(name, near);
    distance <= if name.len() >= 8 { 2 } else { 1 }
}

/// Whether another pair of the same ENV sets the variable; `names`: those that it sets.
fn is_set_beside((pairs, names): (&[Variable], &HashSet<&str>), undefined_variable: &UndefinedVariable) -> bool {
    names.contains(undefined_variable.name.as_str())
        && pair_around(pairs, undefined_variable).is_some_and(|pair| *pair.name.text != *undefined_variable.name)
}

fn variable_of_base(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let mut compared = 0;
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            for undefined_variable in build
                .undefined(stage, index)
                .into_iter()
                .filter(|undefined_variable| undefined_variable.why == UndefinedReason::Perhaps)
            {
                // A name close to a known one is a typo, and reported as such.
                let near = near(build, (stage, index), &undefined_variable.name, &mut compared);
                if near.is_some_and(|near| is_slip(&undefined_variable.name, near)) {
                    continue;
                }
                let message = format!(
                    "this file does not set `{}`: it is empty unless the base image sets it",
                    undefined_variable.name
                );
                out.push(
                    cx.finding(undefined_variable.span, message)
                        .help("set it in this file, or add a comment that the base image sets it"),
                );
            }
        }
    }
}
