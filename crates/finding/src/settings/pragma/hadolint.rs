//! hadolint's comments, as its 2.15 reads them: every letter counts, and so does the very next line.

use std::collections::BTreeMap;

use super::comment::{Comment, Pragmas};
use crate::dockerfile::{File, Keyword};
use crate::finding::{Form, SuppressedRule, Suppression, SuppressionReach};
use crate::settings::RuleNames;
use crate::settings::entry::listed;
use crate::text::{FileId, Span};

/// Which findings the comment is for.
#[derive(Clone, Copy, PartialEq, Eq)]
enum CommentScope {
    Line,
    Stage,
    Global,
}

pub(super) fn read(file: FileId, dockerfile: &File, comments: &[Comment], known: &RuleNames, out: &mut Pragmas) {
    let mut scoped = Vec::new();
    for comment in comments.iter().filter(|comment| !comment.inner) {
        scoped.extend(ignored(comment.text).map(|(scope, names)| (*comment, scope, names)));
    }
    let stages = stages(
        dockerfile,
        scoped.iter().filter(|ignored| ignored.1 == CommentScope::Stage).map(|ignored| ignored.0.line + 1),
    );
    for (comment, scope, names) in scoped {
        let next = comment.line + 1;
        let reach = match scope {
            CommentScope::Global => SuppressionReach::File(file),
            CommentScope::Line => SuppressionReach::Lines(file, next, next),
            // What follows the line below the comment, up to where the next stage begins: that line is still in it.
            CommentScope::Stage => SuppressionReach::Lines(file, next + 1, stages[&next]),
        };
        let spans: Vec<Span> = names.iter().map(|name| comment.part(name.0, name.1)).collect();
        let mut named = Vec::new();
        for (index, &(start, end)) in names.iter().enumerate() {
            let text = comment.text[start..end].to_owned();
            let (rules, code) = match known.code(&text) {
                Some((code, rule)) => (vec![rule], Some(code)),
                None => (known.rules_named(&text).to_vec(), None),
            };
            named.push(SuppressedRule { span: spans[index], text, rules, code, removal: listed(&spans, index) });
        }
        let last = names.last().map_or(0, |name| name.1);
        let remark = comment.text[last..].trim_start_matches([' ', '\t', '#']).trim();
        out.suppressions.push(Suppression {
            file,
            span: comment.span,
            form: if scope == CommentScope::Line { Form::Hadolint } else { Form::HadolintWide },
            reach,
            named,
            until: None,
            reasoned: !remark.is_empty(),
            removal: comment.removal,
            exact: true,
        });
    }
}

/// For each line at which a region of `stage ignore` begins, the line at which the next one does.
fn stages(dockerfile: &File, pragmas: impl Iterator<Item = u32>) -> BTreeMap<u32, u32> {
    let froms = dockerfile
        .instructions()
        .iter()
        .filter(|instruction| instruction.keyword == Keyword::From)
        .map(|instruction| instruction.start_line);
    let mut begins: Vec<u32> = froms.chain(pragmas).collect();
    begins.sort_unstable();
    begins.dedup();
    let ends = begins.iter().skip(1).copied().chain([u32::MAX]);
    begins.iter().copied().zip(ends).collect()
}

/// The names that a comment ignores, as ranges in its text.
fn ignored(text: &str) -> Option<(CommentScope, Vec<(usize, usize)>)> {
    let mut cursor = Cursor { text, at: 0 };
    cursor.blanks();
    cursor.word("hadolint")?;
    cursor.blanks1()?;
    let scope = if cursor.word("global").is_some() {
        cursor.blanks1()?;
        CommentScope::Global
    } else if cursor.word("stage").is_some() {
        cursor.blanks1()?;
        CommentScope::Stage
    } else {
        CommentScope::Line
    };
    cursor.word("ignore")?;
    cursor.blanks();
    cursor.word("=")?;
    cursor.blanks();
    let mut names = Vec::new();
    loop {
        names.push(cursor.code()?);
        cursor.blanks();
        // A remark ends the list, whatever is in it.
        if cursor.at == text.len() || cursor.word("#").is_some() {
            return Some((scope, names));
        }
        cursor.word(",")?;
        cursor.blanks();
    }
}

/// Reads one piece after the other.
struct Cursor<'a> {
    text: &'a str,
    at: usize,
}

impl Cursor<'_> {
    fn take(&mut self, is: impl Fn(u8) -> bool) -> usize {
        let start = self.at;
        self.at += self.text.as_bytes()[start..].iter().take_while(|byte| is(**byte)).count();
        self.at - start
    }

    fn blanks(&mut self) {
        self.take(|byte| byte == b' ' || byte == b'\t');
    }

    fn blanks1(&mut self) -> Option<()> {
        (self.take(|byte| byte == b' ' || byte == b'\t') > 0).then_some(())
    }

    fn word(&mut self, word: &str) -> Option<()> {
        let is_word = self.text[self.at..].starts_with(word);
        self.at += if is_word { word.len() } else { 0 };
        is_word.then_some(())
    }

    fn code(&mut self) -> Option<(usize, usize)> {
        let start = self.at;
        let length = self.take(|byte| matches!(byte, b'D' | b'L' | b'S' | b'C' | b'0'..=b'9'));
        (length > 0).then_some((start, self.at))
    }
}
