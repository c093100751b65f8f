//! Variables in texts (`$A`, `${A:-b}`, …), as compose-go's `template` package replaces them, and the types that texts
//! become afterwards.

use super::error::ProjectError;
use super::paths::{PathRules, Step};
use super::value::{ComposeData, ComposePlace, ComposeValue};

/// How deep variables may stand in the defaults of others.
const DEPTH: usize = 100;

/// What stands for a value that is not known: it fits texts, ports and other numbers.
const STAND_IN: &str = "1";

/// What to do about a variable without a value.
pub(super) const SET_VARIABLE: &str = "set it in the shell, in `.env` or in a file of `--env-file`";

/// What variables without a value are replaced by.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum StandIn {
    /// Nothing, as by Compose.
    Empty,
    /// A value that fits most places.
    Number,
    /// The variable itself.
    Name,
}

impl StandIn {
    fn text(self, name: &str) -> String {
        match self {
            Self::Empty => String::new(),
            Self::Number => STAND_IN.to_owned(),
            Self::Name => format!("${{{name}}}"),
        }
    }
}

/// A variable that is not set, and for which nothing stands in.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnsetVariable {
    /// Its name.
    pub name: String,
    /// The text that names it; `None` in environment files.
    pub place: Option<ComposePlace>,
}

/// What goes wrong in a text, in words.
#[derive(Debug)]
pub(super) enum TemplateError {
    /// A `$` with a brace behind which no variable follows.
    Syntax,
    /// A variable that must be set is not: its name and what the text says of it.
    Required(String, String),
    /// Too many levels.
    Depth,
    /// Too many bytes.
    Size,
}

/// A text with its variables replaced. `lookup` knows their values; `unset` hears of those without one; `room`: the bytes
/// that values may still have, counted down.
pub(super) fn substitute(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    unset: &mut dyn FnMut(&str),
    room: &mut usize,
) -> Result<String, TemplateError> {
    replace(text, &mut Substitution { lookup, unset, room, required: None, stand_in: StandIn::Empty }, DEPTH)
}

/// Hears of a required variable that is not set, and of what the text says of it.
type OnRequired<'s> = &'s mut dyn FnMut(&str, &str);

struct Substitution<'s> {
    lookup: &'s dyn Fn(&str) -> Option<String>,
    unset: &'s mut dyn FnMut(&str),
    room: &'s mut usize,
    /// Hears of required variables that are not set, and what the text says of them; without it they are errors.
    required: Option<OnRequired<'s>>,
    /// What variables without a value are replaced by.
    stand_in: StandIn,
}

impl Substitution<'_> {
    /// A variable's value, paid for.
    fn value(&mut self, name: &str) -> Result<Option<String>, TemplateError> {
        let value = (self.lookup)(name);
        let length = value.as_ref().map_or(0, String::len);
        *self.room = self.room.checked_sub(length).ok_or(TemplateError::Size)?;
        Ok(value)
    }
}

fn replace(text: &str, substitution: &mut Substitution, depth: usize) -> Result<String, TemplateError> {
    let remaining = depth.checked_sub(1).ok_or(TemplateError::Depth)?;
    let mut out = String::with_capacity(text.len());
    let (mut at, mut line) = (0, BraceLine::default());
    let mut failure = None;
    while let Some(length) = text[at..].find('$') {
        out.push_str(&text[at..at + length]);
        at += length + 1;
        let after = &text[at..];
        if after.starts_with('$') {
            out.push('$');
            at += 1;
        } else if after.starts_with('{') {
            let Some(end) = braces(text, at + 1, &mut line) else {
                return Err(failure.unwrap_or(TemplateError::Syntax));
            };
            match braced(&text[at + 1..end], substitution, remaining) {
                Ok(value) => out.push_str(&value),
                Err(error) => failure = failure.or(Some(error)),
            }
            at = end + 1;
        } else {
            let end = name_end(after);
            if end == 0 {
                out.push('$');
            } else {
                match plain(&after[..end], substitution) {
                    Ok(value) => out.push_str(&value),
                    Err(error) => failure = failure.or(Some(error)),
                }
            }
            at += end;
        }
    }
    out.push_str(&text[at..]);
    failure.map_or(Ok(out), Err)
}

/// A line of a text, from some place in it on: where it ends, and its last closing brace. Kept from one variable to the
/// next, so that a long line is searched once.
#[derive(Default)]
struct BraceLine {
    end: usize,
    last: Option<usize>,
}

impl BraceLine {
    fn last(&mut self, text: &str, at: usize) -> Option<usize> {
        if at >= self.end {
            self.end = text[at..].find('\n').map_or(text.len(), |end| at + end);
            self.last = text[at..self.end].rfind('}').map(|last| at + last);
        }
        self.last.filter(|last| *last >= at)
    }
}

/// The length of the variable's name that a text begins with.
pub(super) fn name_end(text: &str) -> usize {
    let is_first = text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_');
    if !is_first {
        return 0;
    }
    text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len())
}

/// Where the braces are closed that are open before `start`; `None` where no variable with an operator of Compose's
/// stands in them.
fn braces(text: &str, start: usize, line: &mut BraceLine) -> Option<usize> {
    let inside = &text[start..];
    let name = name_end(inside);
    if name == 0 {
        return None;
    }
    let rest = &inside[name..];
    if rest.starts_with('}') {
        return Some(start + name);
    }
    let operator = rest.strip_prefix(':').unwrap_or(rest);
    if !operator.starts_with(['-', '+', '?']) {
        return None;
    }
    // The pattern takes the last brace of the line; then the first that closes what is open counts, if there is one.
    let last = line.last(text, start)?;
    let bytes = &text.as_bytes()[..=last];
    let (mut open, mut at) = (1_usize, start + 1);
    while let Some(byte) = bytes.get(at) {
        match byte {
            b'}' => {
                open -= 1;
                if open == 0 {
                    return Some(at);
                }
            }
            b'{' => {
                open += 1;
                // As compose-go has it: what follows an opening brace is not looked at.
                at += 1;
            }
            _ => {}
        }
        at += 1;
    }
    Some(last)
}

fn plain(name: &str, substitution: &mut Substitution) -> Result<String, TemplateError> {
    Ok(substitution.value(name)?.unwrap_or_else(|| {
        (substitution.unset)(name);
        substitution.stand_in.text(name)
    }))
}

/// What stands between braces: a variable, alone or with an operator and a text.
fn braced(inside: &str, substitution: &mut Substitution, depth: usize) -> Result<String, TemplateError> {
    let (name, rest) = inside.split_at(name_end(inside));
    let (counts_empty, rest) = rest.strip_prefix(':').map_or((false, rest), |rest| (true, rest));
    let Some(operator) = rest.chars().next() else { return plain(name, substitution) };
    // The text is replaced whether it is used or not: what is wrong in it counts.
    let text = replace(&rest[1..], substitution, depth)?;
    let value = substitution.value(name)?;
    let is_set = value.as_ref().is_some_and(|value| !(counts_empty && value.is_empty()));
    match operator {
        '-' if !is_set => Ok(text),
        '+' if is_set => Ok(text),
        '?' if !is_set => match &mut substitution.required {
            Some(required) => {
                required(name, &text);
                Ok(match substitution.stand_in {
                    StandIn::Name => StandIn::Name.text(name),
                    _ => STAND_IN.to_owned(),
                })
            }
            None => Err(TemplateError::Required(name.to_owned(), text)),
        },
        _ => Ok(value.unwrap_or_default()),
    }
}

/// Replaces the variables in all texts of a file, and makes numbers and truth values of those that must be some.
pub(super) fn interpolate(
    value: &mut ComposeValue,
    lookup: &dyn Fn(&str) -> Option<String>,
    notes: &mut InterpolationNotes,
) -> Result<(), ProjectError> {
    walk(value, Some(PathRules::root()), lookup, notes)
}

/// What is noted on the way.
pub(super) struct InterpolationNotes<'n> {
    pub(super) unset: &'n mut Vec<UnsetVariable>,
    pub(super) room: &'n mut usize,
    /// Required variables that are not set; without a list they are errors.
    pub(super) required: Option<&'n mut Vec<ProjectError>>,
    /// What other variables without a value are replaced by.
    pub(super) stand_in: StandIn,
}

impl InterpolationNotes<'_> {
    fn required_count(&self) -> usize {
        self.required.as_ref().map_or(0, |required| required.len())
    }
}

fn walk(
    value: &mut ComposeValue,
    rules: Option<&'static PathRules>,
    lookup: &dyn Fn(&str) -> Option<String>,
    notes: &mut InterpolationNotes,
) -> Result<(), ProjectError> {
    let place = value.place;
    match &mut value.data {
        ComposeData::Text(text) => {
            let (unset, required) = (notes.unset.len(), notes.required_count());
            if text.contains('$') {
                *text = noted(text, lookup, notes, place)?;
            }
            if let Some(how) = rules.and_then(|rules| rules.how(Step::Cast)) {
                let is_stand_in =
                    notes.required_count() > required || notes.stand_in != StandIn::Empty && notes.unset.len() > unset;
                value.data = match cast(text, how) {
                    Err(_) if is_stand_in => cast(stand_in_of(how), how),
                    result => result,
                }
                .map_err(|message| {
                    let error = ProjectError::at(place, message);
                    match notes.unset.get(unset) {
                        Some(UnsetVariable { name, .. }) => error.help(format!("`{name}` is not set: {SET_VARIABLE}")),
                        None => error,
                    }
                })?;
            }
        }
        ComposeData::List(items) => {
            let rules = rules.and_then(PathRules::item);
            for item in items {
                walk(item, rules, lookup, notes)?;
            }
        }
        ComposeData::Map(map) => {
            for (key, entry) in map.iter_mut() {
                walk(&mut entry.value, rules.and_then(|rules| rules.at(key)), lookup, notes)?;
            }
        }
        _ => {}
    }
    Ok(())
}

/// A text with its variables replaced, and what is noted of them.
fn noted(
    text: &str,
    lookup: &dyn Fn(&str) -> Option<String>,
    notes: &mut InterpolationNotes,
    place: Option<ComposePlace>,
) -> Result<String, ProjectError> {
    let InterpolationNotes { unset, room, required, stand_in } = notes;
    let mut missing = Vec::new();
    let replaced = replace(
        text,
        &mut Substitution {
            lookup,
            unset: &mut |name| unset.push(UnsetVariable { name: name.to_owned(), place }),
            room,
            required: required.is_some().then_some(&mut |name, text| missing.push((name.to_owned(), text.to_owned()))),
            stand_in: *stand_in,
        },
        DEPTH,
    );
    if let Some(required) = required {
        let errors = missing.into_iter().map(|(name, why)| TemplateError::Required(name, why));
        required.extend(errors.map(|error| template_error(error, text, place)));
    }
    replaced.map_err(|error| template_error(error, text, place))
}

/// What is wrong with a text's variables, as an error.
pub(super) fn template_error(error: TemplateError, text: &str, place: Option<ComposePlace>) -> ProjectError {
    let shown: String = text.lines().next().unwrap_or_default().chars().take(80).collect();
    match error {
        TemplateError::Syntax => ProjectError::at(place, format!("`{shown}` has a `${{` that begins no variable"))
            .help("write `$$` for a `$` that is meant for the container; after a name only `:-`, `-`, `:?`, `?`, `:+` and `+` may follow")
            .of_form(),
        TemplateError::Required(name, text) => {
            let why = if text.is_empty() { String::new() } else { format!(": {text}") };
            ProjectError::at(place, format!("the required variable `{name}` is not set{why}"))
                .help(format!("{SET_VARIABLE}: `{name}=…`"))
        }
        TemplateError::Size => ProjectError::at(place, "the values of all variables together are too long"),
        TemplateError::Depth => {
            ProjectError::at(place, format!("variables stand in each other more than {DEPTH} levels deep"))
        }
    }
}

/// A text as another type.
fn cast(text: &str, how: &str) -> Result<ComposeData, String> {
    match how {
        "integer" => integer(text).map(ComposeData::Integer).ok_or_else(|| format!("`{text}` is not a whole number")),
        "number" => number(text).map(ComposeData::Float).ok_or_else(|| format!("`{text}` is not a number")),
        _ => boolean(text)
            .map(ComposeData::Bool)
            .ok_or_else(|| format!("`{text}` is not a boolean: write `true` or `false`")),
    }
}

/// What stands for a value that is not known where it becomes another type.
fn stand_in_of(how: &str) -> &'static str {
    if matches!(how, "integer" | "number") { STAND_IN } else { "false" }
}

/// A whole number as Go's `strconv.ParseInt` reads it in base 10.
pub(super) fn integer(text: &str) -> Option<i64> {
    let digits = text.strip_prefix(['+', '-']).unwrap_or(text);
    (!digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok()).flatten()
}

/// A number as Go's `strconv.ParseFloat` reads it, without its hexadecimal forms.
pub(super) fn number(text: &str) -> Option<f64> {
    let value: f64 = text.parse().ok()?;
    let is_word = text.trim_start_matches(['+', '-']).starts_with(|c: char| c.is_ascii_alphabetic());
    (value.is_finite() || is_word).then_some(value)
}

/// A truth value with the words of YAML 1.1, which Compose takes with a warning.
pub(super) fn boolean(text: &str) -> Option<bool> {
    match text.to_lowercase().as_str() {
        "true" | "y" | "yes" | "on" => Some(true),
        "false" | "n" | "no" | "off" => Some(false),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn of(text: &str) -> Result<String, String> {
        let lookup = |name: &str| match name {
            "A" => Some("1".to_owned()),
            "EMPTY" => Some(String::new()),
            _ => None,
        };
        substitute(text, &lookup, &mut |_| {}, &mut 1_000_000).map_err(|error| format!("{error:?}"))
    }

    #[test]
    fn variables_are_replaced_as_compose_does_it() {
        for (text, expected) in [
            ("$A-${A}", "1-1"),
            ("${B:-two}", "two"),
            ("${EMPTY:-two}${EMPTY-three}", "two"),
            ("${B:-${C:-${A}}}", "1"),
            ("${A:+set}${B:+set}${EMPTY+x}${EMPTY:+x}", "setx"),
            ("${A:?must}${A?}", "11"),
            ("$$A costs $", "$A costs $"),
            ("postgres://u:${P:-p}@db/x", "postgres://u:p@db/x"),
            ("${P:-{\"a\": {}}} $1", "{\"a\": {}} $1"),
            ("${P:-x} and } here", "x and } here"),
            ("${P:-a{b} c", "a{b c"),
            ("$(date) $1 ${B-a:-b}", "$(date) $1 a:-b"),
        ] {
            assert_eq!(of(text).as_deref(), Ok(expected), "{text}");
        }
        for text in ["${A", "${}", "${A/b/c}", "${1}", "${A:}", "${A:-${}}", "${A:-${B:?x}}", "${B?no}", "${A:-\n}"] {
            assert!(of(text).is_err(), "{text}");
        }
        assert!(of(&"${A:-".repeat(1_000_000)).is_err());
        assert!(of(&format!("{}{}", "${A:-".repeat(1_000), "}".repeat(1_000))).is_err());
        assert_eq!(of(&"${B:-x}".repeat(100_000)).map(|text| text.len()), Ok(100_000));
    }
}
