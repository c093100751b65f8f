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
    let (start, cells) = requests.find_map(|cells| Some((normal.find(cells[0])?, cells)))?;
    let open = start + cells[0].len() - 1;
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
