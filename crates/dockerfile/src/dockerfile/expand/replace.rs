//! Cuts and replaces what a glob matches in a variable's value, with the quirks of Go's regular expressions.

use super::ExpandErrorKind;
use super::glob::{Budget, Direction, Glob};
use super::letters::is_name;

/// The value without what the pattern matches at one of its ends.
pub(super) fn trimmed<'v>(
    pattern: &str,
    value: &'v str,
    greedy: bool,
    direction: Direction,
    budget: &mut Budget,
) -> Result<&'v str, ExpandErrorKind> {
    budget.spend(pattern.len() + value.len())?;
    if direction == Direction::Start {
        let text: Vec<char> = value.chars().collect();
        let length = Glob::new(pattern, greedy)?.at_start(&text, budget)?.unwrap_or(0);
        return Ok(&value[byte_length(&text[..length])..]);
    }
    let text: Vec<char> = value.chars().rev().collect();
    let length = Glob::new(&reversed(pattern), greedy)?.at_start(&text, budget)?.unwrap_or(0);
    Ok(&value[..value.len() - byte_length(&text[..length])])
}

/// A pattern backwards, each escape still before its character. An escape at the end comes to stand in front and
/// escapes what follows there, as in the builder.
fn reversed(pattern: &str) -> String {
    let mut out = Vec::with_capacity(pattern.len());
    let mut chars = pattern.chars();
    while let Some(c) = chars.next() {
        if c == '\\' {
            out.extend(chars.next());
        }
        out.push(c);
    }
    out.iter().rev().collect()
}

fn byte_length(text: &[char]) -> usize {
    text.iter().map(|c| c.len_utf8()).sum()
}

/// Writes `value` to `out`, its first match or (`all`) every match replaced.
pub(super) fn replace(
    out: &mut String,
    glob: &Glob,
    value: &str,
    replacement: &str,
    all: bool,
    budget: &mut Budget,
) -> Result<(), ExpandErrorKind> {
    budget.spend(value.len())?;
    let text: Vec<char> = value.chars().collect();
    let mut copied = 0;
    let mut from = 0;
    let mut known_end = None;
    while from <= text.len() {
        let Some(hit) = glob.find(&text, from, &mut known_end, budget)? else { break };
        out.extend(&text[copied..hit.start]);
        if !all {
            budget.spend(replacement.len())?;
            out.push_str(replacement);
            copied = hit.end;
            break;
        }
        // An empty match right behind another match is none.
        if hit.end > copied || hit.start == 0 {
            push_template(out, replacement, &text[hit.clone()], budget)?;
        }
        copied = hit.end;
        from = hit.end.max(from + 1);
    }
    out.extend(&text[copied..]);
    Ok(())
}

/// The replacement of `//` is a template of Go's regular expressions: `$0` is the match, another name is nothing, `$$`
/// is `$`, a lone `$` stays.
fn push_template(out: &mut String, template: &str, hit: &[char], budget: &mut Budget) -> Result<(), ExpandErrorKind> {
    budget.spend(template.len())?;
    let mut rest = template;
    while let Some((before, after)) = rest.split_once('$') {
        out.push_str(before);
        if let Some(after) = after.strip_prefix('$') {
            out.push('$');
            rest = after;
            continue;
        }
        let Some((name, after)) = template_name(after) else {
            out.push('$');
            rest = after;
            continue;
        };
        if name == "0" {
            budget.spend(hit.len())?;
            out.extend(hit);
        }
        rest = after;
    }
    out.push_str(rest);
    Ok(())
}

/// `name` or `{name}` at the start of `text`, and what follows.
fn template_name(text: &str) -> Option<(&str, &str)> {
    let inner = text.strip_prefix('{');
    let text = inner.unwrap_or(text);
    let length = text.find(|c| !is_name(c)).unwrap_or(text.len());
    let (name, rest) = text.split_at(length);
    if name.is_empty() {
        return None;
    }
    let rest = if inner.is_some() { rest.strip_prefix('}')? } else { rest };
    Some((name, rest))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(value: &str, pattern: &str, replacement: &str, all: bool, expected: &str) {
        let mut out = String::new();
        let glob = Glob::new(pattern, true).unwrap();
        replace(&mut out, &glob, value, replacement, all, &mut Budget::new(1000)).unwrap();
        assert_eq!(out, expected, "{value} {pattern}");
    }

    #[test]
    fn the_matches_of_a_long_line_look_for_its_end_once() {
        let (value, mut out) = ("a".repeat(10_000), String::new());
        // For each character a constant, where a search for the end of the line from each match would take half of a hundred
        // million.
        let mut budget = Budget::new(value.len() * 20);
        replace(&mut out, &Glob::new("a", true).unwrap(), &value, "b", true, &mut budget).unwrap();
        assert_eq!(out, "b".repeat(10_000));
    }

    #[test]
    fn replacements() {
        check("a-b-c", "-", "+", false, "a+b-c");
        check("a-b-c", "-", "+", true, "a+b+c");
        check("a-b-c", "-*", "", true, "a");
        check("a\nb", "*", "x", true, "x\nx");
        check("é日", "", "-", true, "-é-日-");
        check("é日", "", "-", false, "-é日");
        check("aab", "a*", "-", true, "-");
        check("a.b", ".", "\\", true, "a\\b");
    }

    #[test]
    fn templates_of_go() {
        check("abc", "b", "<$0>", true, "a<b>c");
        check("abc", "b", "<${0}$1$x$1y>", true, "a<b>c");
        check("abc", "b", "$$0 $ $- ${ ${} ${0", true, "a$0 $ $- ${ ${} ${0c");
        check("abc", "b", "$0", false, "a$0c");
        check("abc", "b", "$01 $00", true, "a c");
    }

    #[test]
    fn trims() {
        let trim = |pattern, value, greedy, direction| {
            trimmed(pattern, value, greedy, direction, &mut Budget::new(1000)).unwrap().to_owned()
        };
        assert_eq!(trim("*/", "/usr/lib/x", false, Direction::Start), "usr/lib/x");
        assert_eq!(trim("*/", "/usr/lib/x", true, Direction::Start), "x");
        assert_eq!(trim("/*", "/usr/é/x", false, Direction::End), "/usr/é");
        assert_eq!(trim("/*", "/usr/é/x", true, Direction::End), "");
        assert_eq!(trim("\\**\\*", "a***yy*", true, Direction::End), "a");
        assert_eq!(reversed("a\\*c"), "c\\*a");
        assert_eq!(reversed("\\\\\\ab"), "b\\a\\\\");
        assert_eq!(reversed("ab\\"), "\\ba");
    }
}
