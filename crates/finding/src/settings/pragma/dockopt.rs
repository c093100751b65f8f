//! dockopt's own comments: `# dockopt ignore=rule[,rule] until=2027-01-31 reason: free text` above an instruction,
//! `# dockopt ignore-file=…` above the first one.

use super::comment::{Comment, Places, Pragmas};
use crate::finding::{Form, SuppressedRule, Suppression, SuppressionReach};
use crate::inputs::Date;
use crate::settings::entry::listed;
use crate::settings::value::is_foreign;
use crate::settings::{RuleNames, SettingsProblem, closest};
use crate::text::{FileId, Span};

const KEYS: [&str; 2] = ["ignore", "ignore-file"];

pub(super) fn read<P: Places>(file: FileId, places: &P, comments: &[Comment], known: &RuleNames, out: &mut Pragmas) {
    for comment in comments {
        let Some((key, rest)) = assignment(comment.text) else { continue };
        let mut reader = PragmaReader { comment, known, problems: Vec::new() };
        let suppression = reader.read(file, places, key, rest);
        out.problems.append(&mut reader.problems);
        out.suppressions.extend(suppression);
    }
}

/// The key behind `dockopt`, and the offset behind its `=`. A remark that only begins with the name is none.
fn assignment(text: &str) -> Option<((usize, &str), usize)> {
    let start = text.len() - text.trim_start().len();
    let rest = text[start..].strip_prefix("dockopt")?;
    // As other tools write theirs: `# name: ignore=…`.
    let rest = rest.strip_prefix(':').unwrap_or(rest);
    let at = text.len() - rest.trim_start().len();
    let rest = &text[at..];
    let apart = at > start + "dockopt".len();
    let (word, behind) = rest.split_at(rest.find(|c: char| c == '=' || c.is_whitespace()).unwrap_or(rest.len()));
    if apart && KEYS.contains(&word) && !behind.trim_start().starts_with('=') {
        return Some(((at, word), text.len()));
    }
    let equals = rest.find('=')?;
    let key = rest[..equals].trim_end();
    let is_key = !key.is_empty() && key.bytes().all(|byte| byte.is_ascii_alphabetic() || byte == b'-');
    (is_key && apart).then_some(((at, key), at + equals + 1))
}

struct PragmaReader<'a> {
    comment: &'a Comment<'a>,
    known: &'a RuleNames,
    problems: Vec<SettingsProblem>,
}

impl PragmaReader<'_> {
    fn problem(&mut self, span: Span, message: String, help: String) {
        self.problems.push(SettingsProblem { span, error: false, message, help: Some(help) });
    }

    fn read<P: Places>(&mut self, file: FileId, places: &P, key: (usize, &str), at: usize) -> Option<Suppression> {
        let comment = self.comment;
        let (start, key) = key;
        if !KEYS.contains(&key) {
            let help = match closest(key, &KEYS) {
                Some(close) => format!("did you mean `{close}=`?"),
                None => "write `ignore=` or `ignore-file=`".to_owned(),
            };
            self.problem(comment.part(start, start + key.len()), format!("unknown comment `dockopt {key}=`"), help);
            return None;
        }
        let reach = self.read_reach(file, places, key)?;
        let (named, rest) = self.names(at);
        let (until, reasoned) = self.fields(rest);
        if named.is_empty() && self.problems.is_empty() {
            let help = format!("write `# dockopt {key}=rule`");
            self.problem(comment.span, "the comment does not name a rule".to_owned(), help);
        }
        // A day that can't be read must not hide anything for ever.
        let readable = !named.is_empty() && until.is_ok();
        readable.then_some(Suppression {
            file,
            span: comment.span,
            form: Form::Dockopt,
            reach,
            named,
            until: until.ok().flatten(),
            reasoned,
            removal: comment.removal,
            exact: true,
        })
    }

    fn read_reach<P: Places>(&mut self, file: FileId, places: &P, key: &str) -> Option<SuppressionReach> {
        let comment = self.comment;
        if comment.inner {
            let what = "a comment inside an instruction cannot hide findings".to_owned();
            self.problem(comment.span, what, "move it to the line above the instruction".to_owned());
            return None;
        }
        if key == "ignore-file" {
            if comment.line > places.first() {
                let help = format!("move it above the first {}", P::NAME);
                self.problem(comment.span, format!("`ignore-file` must come before the first {}", P::NAME), help);
                return None;
            }
            // What is wrong with its .dockerignore belongs to it, too.
            return Some(SuppressionReach::Everything);
        }
        // Without an instruction below, it reaches nothing, and is told as one that hides nothing.
        let (first, last) = places.below(comment.line).unwrap_or_default();
        Some(SuppressionReach::Lines(file, first, last))
    }

    /// The list of rules, and the offset behind it.
    fn names(&mut self, at: usize) -> (Vec<SuppressedRule>, usize) {
        let text = self.comment.text;
        let mut words: Vec<(usize, usize)> = Vec::new();
        let mut at = at;
        loop {
            at += text[at..].len() - text[at..].trim_start().len();
            let length = text[at..].find(|c: char| c == ',' || c.is_whitespace()).unwrap_or(text[at..].len());
            if length > 0 {
                words.push((at, at + length));
            }
            at += length;
            let rest = text[at..].trim_start();
            let Some(behind) = rest.strip_prefix(',') else { break };
            at = text.len() - behind.len();
        }
        let spans: Vec<Span> = words.iter().map(|word| self.comment.part(word.0, word.1)).collect();
        let mut named = Vec::new();
        for (index, &(start, end)) in words.iter().enumerate() {
            let (word, span) = (&text[start..end], spans[index]);
            match self.known.hidden(word) {
                Some((rules, code)) => {
                    named.push(SuppressedRule {
                        span,
                        text: word.to_owned(),
                        rules,
                        code,
                        removal: listed(&spans, index),
                    });
                }
                None if is_foreign(word) => {
                    named.push(SuppressedRule {
                        span,
                        text: word.to_owned(),
                        rules: Vec::new(),
                        code: None,
                        removal: listed(&spans, index),
                    });
                }
                None => {
                    let help = match self.known.suggest(word, &[]) {
                        Some(close) => format!("did you mean `{close}`? `dockopt rules` lists all rules"),
                        None => "`dockopt rules` lists all rules".to_owned(),
                    };
                    self.problem(span, format!("unknown rule, category or group `{word}`"), help);
                }
            }
        }
        (named, at)
    }

    /// `until=` and `reason:`; the day is an error where it can't be read.
    fn fields(&mut self, at: usize) -> (Result<Option<Date>, ()>, bool) {
        let text = self.comment.text;
        let (mut until, mut at) = (Ok(None), at);
        loop {
            at += text[at..].len() - text[at..].trim_start().len();
            let rest = &text[at..];
            if rest.is_empty() {
                return (until, false);
            }
            if let Some(reason) = rest.strip_prefix("reason:").or_else(|| rest.strip_prefix("reason=")) {
                return (until, !reason.trim().is_empty());
            }
            let length = rest.find(char::is_whitespace).unwrap_or(rest.len());
            let (word, span) = (&rest[..length], self.comment.part(at, at + length));
            at += length;
            let Some(day) = word.strip_prefix("until=") else {
                let help = "after the rules, only `until=YYYY-MM-DD` and `reason: TEXT` are allowed".to_owned();
                self.problem(span, format!("unexpected `{word}`"), help);
                return (until, false);
            };
            until = Date::parse(day).map(Some).ok_or(());
            if until.is_err() {
                self.problem(span, format!("`{day}` is not a date"), "write it as `YYYY-MM-DD`".to_owned());
            }
        }
    }
}
