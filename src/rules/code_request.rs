//! Requests in checks that are written in Python or JavaScript: `python -c`, `node -e` (`data/check_requests.tsv`).

use crate::data;
use crate::shell::{Invocation, Script, Word};
use crate::text::Span;

/// A request whose response is not looked at.
pub(super) struct UnreadRequest {
    /// The function as written: `requests.get`.
    pub(super) function: &'static str,
    /// The text that checks the status.
    pub(super) help: &'static str,
    /// Its span in the script.
    pub(super) span: Span,
    /// Where `.raise_for_status()` can be added.
    pub(super) end: Option<Span>,
}

/// The request of a check that is nothing but code with a request whose status nobody looks at.
pub(super) fn unread_request(script: &Script) -> Option<UnreadRequest> {
    let invocations = script.invocations();
    let (code, rest) = invocations.split_first()?;
    let exits = rest.iter().all(|command| command.is("exit") || command.is("false"));
    let place = &code.command.place;
    if !exits || !code.via.is_empty() || place.scope != 0 || place.pipe_len != 1 || place.negated {
        return None;
    }
    find(code)
}

fn find(invocation: &Invocation) -> Option<UnreadRequest> {
    let program = invocation.program?;
    let language = match program {
        _ if program.starts_with("python") => "python",
        "node" | "nodejs" | "bun" => "node",
        _ => return None,
    };
    let is_code = |word: &Word| word.is(if language == "python" { "-c" } else { "-e" }) || word.is("--eval");
    let at = invocation.args.iter().position(is_code)?;
    let word = invocation.args.get(at + 1)?;
    let text = word.text();
    // What is only printed decides nothing.
    let lower = without_prints(text.to_ascii_lowercase());
    let reads = |cells: data::Row| cells[2] == "reads" && lower.contains(cells[0]);
    if data::CHECK_REQUESTS.rows().any(reads) || has_word(&lower, "ok") || has_word(&lower, "if") {
        return None;
    }
    let normal = text.replace('"', "'");
    let mut requests = data::CHECK_REQUESTS.rows().filter(|cells| cells[1] == language);
    let (start, open, cells) = requests.find_map(|cells| {
        let (start, length) = find_call(&normal, cells[0])?;
        Some((start, start + length - 1, cells))
    })?;
    // Where the response is printed, the call's own value is needed.
    let is_plain = lower.len() == text.len() && word.part(start, open) != word.span;
    let end = if cells[2] == "raise" && is_plain { close(text, open) } else { None };
    Some(UnreadRequest {
        function: cells[0].trim_start_matches('.').trim_end_matches('('),
        help: cells[3],
        span: word.part(start, open),
        end: end.map(|end| Span::at(word.part(start, end).end)),
    })
}

/// Where code calls a function of the table (`requests.get(`), and the length of the call up to its parenthesis: as the
/// table has it, by a name that an import gives it, or by a variable that its object is assigned to.
fn find_call(code: &str, call: &str) -> Option<(usize, usize)> {
    if let Some(start) = code.find(call) {
        return Some((start, call.len()));
    }
    let (object, function) = call.rsplit_once('.').filter(|(object, _)| !object.is_empty())?;
    let function = function.trim_end_matches('(');
    let (module, maker) = object.split_once('.').unwrap_or((object, ""));
    let mut names: Vec<String> = Vec::new();
    for statement in code.split([';', '\n']).map(str::trim) {
        if let Some(imported) = statement.strip_prefix("from ").and_then(|rest| rest.strip_prefix(module)) {
            let list = imported.trim_start().strip_prefix("import ").unwrap_or_default();
            let of_function = |name: &&str| maker.is_empty() && *name == function;
            names.extend(
                list.split(',').filter_map(|item| given_name(item, of_function)).map(|name| format!("{name}(")),
            );
        } else if let Some(list) = statement.strip_prefix("import ") {
            let others = list.split(',').filter_map(|item| given_name(item, |name| *name == module));
            let prefix = if maker.is_empty() { String::new() } else { format!("{maker}.") };
            names.extend(others.map(|name| format!("{name}.{prefix}{function}(")));
        } else if let Some((variable, _)) = statement.split_once('=').filter(|(_, value)| value.trim() == object) {
            names.push(format!("{}.{function}(", variable.trim()));
        }
    }
    let is_part = |c: char| c.is_ascii_alphanumeric() || "_.".contains(c);
    names.iter().find_map(|name| {
        let mut places = code.match_indices(name.as_str());
        let (start, _) = places.find(|(start, _)| !code[..*start].ends_with(is_part))?;
        Some((start, name.len()))
    })
}

/// The name that an item of an import has in the code: `g` of `get as g`.
fn given_name(item: &str, is_meant: impl Fn(&&str) -> bool) -> Option<&str> {
    let (name, alias) = item.split_once(" as ").unwrap_or((item, item));
    is_meant(&name.trim()).then(|| alias.trim())
}

/// The code without what it prints.
fn without_prints(mut text: String) -> String {
    for function in ["print(", "console.log("] {
        let mut from = 0;
        while let Some(start) = text.get(from..).and_then(|rest| rest.find(function)).map(|at| from + at) {
            let end = close(&text, start + function.len() - 1).unwrap_or(text.len());
            text.replace_range(start..end, "");
            from = start;
        }
    }
    text
}

fn has_word(text: &str, word: &str) -> bool {
    text.split(|c: char| !c.is_ascii_alphanumeric()).any(|part| part == word)
}

/// The end of the call whose parenthesis opens at `open`.
fn close(text: &str, open: usize) -> Option<usize> {
    let mut depth = 0_usize;
    for (at, c) in text[open..].char_indices() {
        match c {
            '(' => depth += 1,
            ')' if depth == 1 => return Some(open + at + 1),
            ')' => depth = depth.checked_sub(1)?,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::find_call;

    #[test]
    fn calls_are_found_by_the_names_that_code_gives_them() {
        for (code, call, expected) in [
            ("import requests; requests.get('u')", "requests.get(", "requests.get("),
            ("from requests import get; get('u')", "requests.get(", "get("),
            ("from requests import post, get as g; g('u')", "requests.get(", "g("),
            ("import sys, requests as r; r.get('u')", "requests.get(", "r.get("),
            ("import requests as r; r.Session().get('u')", "requests.Session().get(", "r.Session().get("),
            ("import requests; s = requests.Session(); s.get('u')", "requests.Session().get(", "s.get("),
            ("from httpx import get; target('u')", "httpx.get(", ""),
            ("from urllib.request import urlopen; urlopen('u')", "requests.get(", ""),
            ("from cache import get; get('u')", "requests.get(", ""),
        ] {
            let written = find_call(code, call).map_or("", |(start, length)| &code[start..start + length]);
            assert_eq!(written, expected, "{code}");
        }
    }
}
