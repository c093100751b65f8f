//! tally's comments, as its 0.45 reads them: `# tally ignore=rule,rule;reason=text` for the next instruction, `# tally global
//! ignore=…` for the file. Its names may stand without their namespace.

use super::comment::{Comment, Pragmas};
use crate::dockerfile::File;
use crate::finding::{Form, SuppressedRule, Suppression, SuppressionReach};
use crate::settings::RuleNames;
use crate::settings::entry::listed;
use crate::text::{FileId, Span};

pub(super) fn read(file: FileId, dockerfile: &File, comments: &[Comment], known: &RuleNames, out: &mut Pragmas) {
    for comment in comments.iter().filter(|comment| !comment.inner) {
        let Some(ignored) = IgnoreComment::of(comment.text) else { continue };
        let mut lines = dockerfile.instructions().iter().map(|instruction| instruction.start_line);
        let next = lines.find(|line| *line > comment.line).unwrap_or_default();
        let reach =
            if ignored.is_global { SuppressionReach::File(file) } else { SuppressionReach::Lines(file, next, next) };
        let spans: Vec<Span> = ignored.names.iter().map(|name| comment.part(name.0, name.1)).collect();
        let named = ignored.names.iter().enumerate().map(|(index, &(start, end))| {
            let text = comment.text[start..end].to_owned();
            let (rules, code) =
                known.hidden(&text).or_else(|| known.hidden(&format!("tally/{text}"))).unwrap_or_default();
            SuppressedRule { span: spans[index], text, rules, code, removal: listed(&spans, index) }
        });
        out.suppressions.push(Suppression {
            file,
            span: comment.span,
            form: Form::Tally,
            reach,
            named: named.collect(),
            until: None,
            reasoned: ignored.has_reason,
            removal: comment.removal,
            exact: true,
        });
    }
}

/// What a comment ignores.
struct IgnoreComment {
    is_global: bool,
    /// As ranges in its text.
    names: Vec<(usize, usize)>,
    has_reason: bool,
}

impl IgnoreComment {
    fn of(text: &str) -> Option<Self> {
        let rest = word(text.trim_start(), "tally")?;
        let rest = rest.strip_prefix(char::is_whitespace)?.trim_start();
        let (is_global, rest) = match word(rest, "global") {
            Some(rest) => (true, rest.strip_prefix(char::is_whitespace)?.trim_start()),
            None => (false, rest),
        };
        let list = word(rest, "ignore")?.trim_start().strip_prefix('=')?;
        let (list, reason) = list.split_once(';').map_or((list, None), |(list, reason)| (list, Some(reason)));
        let reason = match reason {
            Some(reason) => word(reason, "reason")?.trim_start().strip_prefix('=')?.trim(),
            None => "",
        };
        let mut at = text.len() - rest.len() + rest.find('=')? + 1;
        let mut names = Vec::new();
        for part in list.split(',') {
            let name = part.trim();
            let is_name = |c: char| c.is_ascii_alphanumeric() || "_/.-".contains(c);
            if name.is_empty() || !name.chars().all(is_name) {
                return None;
            }
            let start = at + (part.len() - part.trim_start().len());
            names.push((start, start + name.len()));
            at += part.len() + 1;
        }
        Some(Self { is_global, names, has_reason: !reason.is_empty() })
    }
}

/// What stands behind a word, in any case.
fn word<'t>(text: &'t str, word: &str) -> Option<&'t str> {
    text.get(..word.len()).filter(|start| start.eq_ignore_ascii_case(word)).map(|_| &text[word.len()..])
}
