//! Variables of a script that hold the command of Docker: `DC="docker compose -f prod.yml"`, and then `$DC up -d`.

use std::collections::BTreeMap;

use super::script::ScriptText;
use crate::shell::{self, Command, Script};
use crate::text::Span;

/// Bytes that a value may have.
const LONGEST: usize = 300;

/// A script with the commands in place of the variables that hold them, as far as one value is known for each.
pub(super) fn with_commands(text: ScriptText) -> ScriptText {
    let shell_text = text.for_shell();
    if !text.is_placed() || !may_hold_command(shell_text) {
        return text;
    }
    let script = shell::parse(shell_text);
    let values = commands_of_variables(&script, shell_text);
    if values.is_empty() {
        return text;
    }
    let mut pieces: Vec<(Span, Option<&str>)> = Vec::new();
    let mut end = 0;
    for invocation in script.invocations() {
        let span = invocation.path.span;
        let is_own = std::ptr::eq(invocation.script, &raw const script) && span.start >= end;
        let written = if is_own { shell_text.get(span.range()).unwrap_or_default() } else { "" };
        let Some(value) = variable_of(written).and_then(|(name, is_quoted)| {
            values.get(name).map(String::as_str).filter(|value| !is_quoted || !value.contains(' '))
        }) else {
            continue;
        };
        pieces.extend([(Span::new(end, span.start), None), (span, Some(value))]);
        end = span.end;
    }
    if pieces.is_empty() {
        return text;
    }
    pieces.push((Span::new(end, shell_text.len() as u32), None));
    text.of_replaced(&pieces)
}

/// Whether a variable may be set to the command of Docker, told without reading the script: most scripts call it and no more.
fn may_hold_command(text: &str) -> bool {
    text.match_indices("docker").any(|(at, _)| {
        let before = text[..at].trim_end_matches(' ');
        let before = before.strip_suffix("sudo").unwrap_or(before).trim_end_matches(' ');
        before.ends_with(['=', '"', '\'', '(', '-'])
    })
}

/// The variable that a word is, and whether it is one word to the shell: `$A`, `${A}`, `"$A"`; `"${A[@]}"` is many.
fn variable_of(written: &str) -> Option<(&str, bool)> {
    let inner = written.strip_prefix('"').and_then(|rest| rest.strip_suffix('"'));
    let name = inner.unwrap_or(written).strip_prefix('$')?;
    let name = name.strip_prefix('{').and_then(|rest| rest.strip_suffix('}')).unwrap_or(name);
    let list = name.strip_suffix("[@]");
    let name = list.unwrap_or(name);
    let is_name = !name.is_empty() && name.chars().all(|c| c.is_ascii_alphanumeric() || c == '_');
    is_name.then_some((name, inner.is_some() && list.is_none()))
}

/// The variables that hold a call of Docker whatever branch the script takes.
fn commands_of_variables(script: &Script, text: &str) -> BTreeMap<String, String> {
    let mut known: BTreeMap<&str, Vec<Option<&str>>> = BTreeMap::new();
    for command in &script.commands {
        for (name, value) in assigned(command, text) {
            known.entry(name).or_default().push(command_in(name, value));
        }
    }
    let single_value = |(name, values): (&str, Vec<Option<&str>>)| {
        let values: Vec<&str> = values.into_iter().collect::<Option<Vec<_>>>()?;
        let mut values = values.into_iter().filter(|value| !value.is_empty());
        let first = values.next()?;
        let mut chosen = first;
        for value in values {
            if arguments(value) != arguments(first) {
                return None;
            }
            if value.contains("docker compose") {
                chosen = value;
            }
        }
        Some((name.to_owned(), chosen.to_owned()))
    };
    known.into_iter().filter_map(single_value).collect()
}

/// The variables that a command sets, with the values as they are written.
pub(super) fn assigned<'t>(command: &Command, text: &'t str) -> Vec<(&'t str, &'t str)> {
    let is_declaration = command
        .name()
        .and_then(|word| word.value())
        .is_some_and(|name| matches!(name, "export" | "readonly" | "local" | "declare" | "typeset"));
    if !command.words.is_empty() && !is_declaration {
        return Vec::new();
    }
    let of_command = command.assignments.iter().map(|assignment| assignment.span);
    let of_words = command.words.iter().skip(1).map(|word| word.span);
    let texts = of_command.chain(of_words).filter_map(|span| text.get(span.range()));
    texts.filter_map(|written| written.split_once('=')).collect()
}

/// The call of Docker that a value is, empty for no value; `None` for anything else.
fn command_in<'t>(name: &str, value: &'t str) -> Option<&'t str> {
    let between = |text: &'t str, start: &str, end: &str| text.strip_prefix(start)?.strip_suffix(end);
    let unquoted = |text: &'t str| between(text, "\"", "\"").or_else(|| between(text, "'", "'")).unwrap_or(text);
    let value = between(value, "(", ")").unwrap_or_else(|| unquoted(value)).trim();
    // `${DC:-docker compose}` is that where nobody says otherwise.
    let by_default = [":-", "-", ":="].iter().find_map(|sign| between(value, &format!("${{{name}{sign}"), "}"));
    let value = unquoted(by_default.unwrap_or(value));
    let is_plain =
        value.len() <= LONGEST && !value.contains([';', '|', '&', '<', '>', '(', ')', '`', '\\', '\n', '"', '\'']);
    let program = value.strip_prefix("sudo ").unwrap_or(value).split(' ').next().unwrap_or_default();
    (is_plain && matches!(program, "docker" | "docker-compose" | "")).then_some(value)
}

/// What stands behind the program.
fn arguments(value: &str) -> &str {
    let value = value.strip_prefix("sudo ").unwrap_or(value);
    let programs = ["docker-compose", "docker compose", "docker"];
    programs.iter().find_map(|program| value.strip_prefix(program)).unwrap_or(value).trim()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::workflow::WorkflowPlace;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let script = ScriptText::new(text, text, WorkflowPlace::of(Span::new(0, text.len() as u32)));
        let script = with_commands(script);
        let last = script.text.rsplit(['\n', ';']).next().unwrap_or_default().trim();
        assert_eq!(last, expected, "{text}");
        let start = (script.text.len() - last.len()) as u32;
        let written = script.place_of(Span::new(start, script.text.len() as u32)).span;
        assert!(text.ends_with(&text[written.range()]), "{text}: {:?}", &text[written.range()]);
    }

    #[test]
    fn commands_stand_in_place_of_variables() {
        check("DC=\"docker compose -f a.yml\"\n$DC up -d", "docker compose -f a.yml up -d");
        check("DC='docker compose'; ${DC} up", "docker compose up");
        check("export DC=docker-compose\nsudo $DC up", "sudo docker-compose up");
        check("D=docker; \"$D\" ps", "docker ps");
        check("DC=(docker compose -f \"a\")\n\"${DC[@]}\" up", "\"${DC[@]}\" up");
        check("DC=(docker compose -f a)\n\"${DC[@]}\" up", "docker compose -f a up");
        check("DC=${DC:-docker compose}\n$DC up", "docker compose up");
        check("DC=\"docker compose -f $FILE\"\n$DC up", "docker compose -f $FILE up");
        check("DC=\nif a; then DC=\"docker-compose\"; else DC=\"docker compose\"; fi\n$DC up", "docker compose up");
    }

    #[test]
    fn variables_with_other_values_stay() {
        check("DC=\"docker compose\"\nDC=$(find)\n$DC up", "$DC up");
        check("DC=\"docker compose -f a\"\nDC=\"docker compose -f b\"\n$DC up", "$DC up");
        check("DC=\"docker compose\"\n\"$DC\" up", "\"$DC\" up");
        check("DC=\"docker compose\"\necho $DC", "echo $DC");
        check("DC=\"echo docker compose\"\n$DC up", "$DC up");
        check("DC=\"docker compose\" a\n$DC up", "$DC up");
    }
}
