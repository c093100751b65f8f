//! Who gets an answer from a route, by the words of its handler and of what is asked before it.

use super::mounts::asks_for_login;
use super::source::{RouteAnswer, RouteSource};
use crate::manifest::Ecosystem;
use crate::sources::code;
use crate::sources::patterns;

/// Lines of a handler that are looked at.
const LINES: usize = 14;

/// Who gets an answer from the route that a call at a place declares; `end`: where the next one begins.
pub(super) fn answer_of(text: &str, at: usize, end: usize) -> RouteAnswer {
    let start = text[..at].rfind('\n').map_or(0, |end| end + 1);
    let body = &text[start..end.max(at)];
    // The decorators of the next function belong to that.
    let lines = body.lines().take(LINES).enumerate();
    let lines = lines.take_while(|(number, line)| *number < 2 || !line.trim_start().starts_with('@'));
    let body: String = lines.flat_map(|(_, line)| [line, "\n"]).collect::<String>().to_ascii_lowercase();
    match () {
        () if patterns::shows(&body, "may refuse") => RouteAnswer::MayRefuse,
        () if patterns::shows(&body, "asks another service") => RouteAnswer::WithOthers,
        () => RouteAnswer::Always,
    }
}

/// What a file asks before each request.
pub(super) struct Guards {
    /// The places from which on requests are asked.
    places: Vec<usize>,
}

/// What is asked before each request of a Python application, and words by which it refuses.
const BEFORE: [&str; 3] = ["before_request", ".middleware(", "add_middleware("];
const REFUSES: [&str; 4] = ["401", "403", "unauthorized", "forbidden"];

impl Guards {
    pub(super) fn of(source: &RouteSource) -> Self {
        let text = source.text();
        let places = match source.kind.ecosystem() {
            Some(Ecosystem::Python) => {
                let lower = text.to_ascii_lowercase();
                let refuses =
                    BEFORE.iter().any(|word| lower.contains(word)) && REFUSES.iter().any(|word| lower.contains(word));
                if refuses { vec![0] } else { Vec::new() }
            }
            // Express asks in the order of the calls.
            Some(Ecosystem::Node) => {
                let uses = text.match_indices(".use(").filter(|(at, _)| {
                    let arguments = code::bracketed(&text[at + ".use".len()..]).map(code::arguments);
                    arguments.is_some_and(|arguments| matches!(arguments[..], [only] if asks_for_login(only)))
                });
                uses.map(|(at, _)| at).collect()
            }
            _ => Vec::new(),
        };
        Self { places }
    }

    /// Whether one stands before a place of the file.
    pub(super) fn stand_before(&self, at: usize) -> bool {
        self.places.iter().any(|place| *place <= at)
    }
}
