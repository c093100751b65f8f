//! Secrets in a Dockerfile: in ARG and ENV, and in the text of all other instructions. Used by the rules that report
//! them and by the mask that keeps them out of all output.

use super::Build;
use crate::dockerfile::{Argument, File, Instruction, Keyword};
use crate::secret::{
    FoundSecret, SecretKind, Sign, bundled, certain_in_text, hidden_parts, is_common, reportable, variable,
};
use crate::text::Span;

/// A variable that contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Index of the instruction.
    pub instruction: usize,
    /// The span of the name.
    pub span: Span,
    /// The name.
    pub name: String,
    /// The secret itself, if the file contains it.
    pub value: Option<String>,
    /// Why it counts.
    pub why: SecretKind,
}

/// A secret in plain text outside ARG and ENV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WrittenSecret {
    /// Index of the instruction.
    pub instruction: usize,
    /// Its span.
    pub span: Span,
    /// Why it counts as a secret.
    pub by: Sign,
}

impl Build<'_> {
    /// The secrets in ARG and ENV, including ONBUILD, in source order.
    pub fn secrets(&self) -> Vec<Secret> {
        let file = &self.input().file;
        let mut secrets = Vec::new();
        for (index, instruction) in file.instructions().iter().enumerate() {
            for (name, value) in pairs(file, file.trigger(instruction).unwrap_or(instruction)) {
                secrets.extend(secret(index, name.span, &name.text, value.as_ref().map(|value| &*value.text)));
            }
        }
        secrets
    }
}

impl Build<'_> {
    /// The secrets in the commands, heredocs, labels and URLs of all other instructions, and in values of ARG and ENV whose names
    /// do not tell, in source order; a well-known password is not a secret.
    pub fn written_secrets(&self) -> Vec<WrittenSecret> {
        let file = &self.input().file;
        let mut written = Vec::new();
        for (index, instruction) in file.instructions().iter().enumerate() {
            let inner = file.trigger(instruction).unwrap_or(instruction);
            if matches!(inner.keyword, Keyword::Arg | Keyword::Env) {
                for value in unnamed_values(file, inner) {
                    for secret in reportable(file.source().slice(value)) {
                        written.extend(written_secret(index, placed(value, &secret), secret));
                    }
                }
                continue;
            }
            let rest = inner.rest.text;
            for secret in reportable(file.str(inner.rest)) {
                written.extend(written_secret(index, file.locate(placed(rest, &secret)), secret));
            }
            for heredoc in &inner.heredocs {
                for secret in reportable(file.source().slice(heredoc.body)) {
                    written.extend(written_secret(index, placed(heredoc.body, &secret), secret));
                }
            }
        }
        written.sort_by_key(|secret| (secret.instruction, secret.span, secret.by == Sign::Login));
        // A value with a secret name that also looks like a token is found twice.
        written.dedup_by_key(|secret| secret.span);
        written
    }
}

fn written_secret(instruction: usize, span: Span, secret: FoundSecret) -> Option<WrittenSecret> {
    (!span.is_empty()).then_some(WrittenSecret { instruction, span, by: secret.by })
}

/// Where a secret in a part of the file stands.
fn placed(part: Span, secret: &FoundSecret) -> Span {
    Span::new(part.start + secret.range.start as u32, part.start + secret.range.end as u32)
}

/// The values of an ARG or ENV whose names do not say that they are secrets.
fn unnamed_values(file: &File, instruction: &Instruction) -> Vec<Span> {
    let values = pairs(file, instruction).into_iter().filter_map(|(name, value)| {
        let value = value?;
        secret(0, name.span, &name.text, Some(&value.text)).is_none().then_some(value.span)
    });
    values.collect()
}

/// The names that an ARG or ENV sets, with their values.
fn pairs<'f>(file: &'f File, instruction: &'f Instruction) -> Vec<(Argument<'f>, Option<Argument<'f>>)> {
    match instruction.keyword {
        Keyword::Arg => file.args(instruction).into_iter().map(|arg| (arg.name, arg.default)).collect(),
        Keyword::Env => file.variables(instruction).into_iter().map(|pair| (pair.name, Some(pair.value))).collect(),
        _ => Vec::new(),
    }
}

impl Build<'_> {
    /// Every value that must not be shown: the secrets of ARG and ENV, those of `--build-arg`, passwords in URLs and
    /// values assigned to a secret's name anywhere in the text (`export TOKEN=…`, `--password=…`).
    pub fn hidden(&self) -> Vec<String> {
        let input = self.input();
        let secrets = self.secrets();
        let mut instructions: Vec<usize> = secrets.iter().map(|secret| secret.instruction).collect();
        instructions.dedup();
        let mut hidden: Vec<String> = secrets.into_iter().filter_map(|secret| secret.value).collect();
        for (name, value) in &input.options.build_args {
            hidden.extend(secret(0, Span::default(), name, Some(value)).and_then(|secret| secret.value));
        }
        for instruction in instructions {
            hidden.extend(self.loose_words(instruction));
        }
        let source = input.file.source();
        hidden.extend(source.hidden(hidden_parts).values.iter().cloned());
        if source.embedding().is_some_and(|embedding| embedding.doubled) {
            // As written in the file.
            let doubled = hidden.iter().filter(|value| value.contains('$')).map(|value| value.replace('$', "$$"));
            hidden.extend(doubled.collect::<Vec<_>>());
            hidden.extend(source.host().hidden(hidden_parts).values.iter().cloned());
        }
        self.over_lines(&mut hidden);
        hidden.retain(|value| !is_common(value));
        hidden
    }

    /// Values over several lines of the source: the whole value, and its part of each line.
    fn over_lines(&self, hidden: &mut Vec<String>) {
        let file = &self.input().file;
        for instruction in file.instructions() {
            if instruction.start_line == instruction.end_line {
                continue;
            }
            for secret in certain_in_text(file.logical(instruction.text)) {
                hidden.push(secret.value);
                let start = instruction.text.start;
                let place = file.locate(Span::new(start + secret.range.start as u32, start + secret.range.end as u32));
                pieces(file.source().slice(place), hidden);
            }
            for (name, value) in pairs(file, file.trigger(instruction).unwrap_or(instruction)) {
                let Some(value) = value.filter(|value| secret(0, name.span, &name.text, Some(&value.text)).is_some())
                else {
                    continue;
                };
                pieces(file.source().slice(value.span), hidden);
            }
        }
    }

    /// Words without a `=` in an `ENV NAME=value` that names a secret: a value with blanks whose quotes are missing.
    /// The builder rejects it and quotes such a word in its message.
    fn loose_words(&self, instruction: usize) -> Vec<String> {
        let file = &self.input().file;
        let Some(instruction) = file.instructions().get(instruction) else { return Vec::new() };
        let text = file.source().slice(instruction.span);
        let mut words = text.split_whitespace().skip(1);
        let assigns = words.next().is_some_and(|first| first.contains('='));
        if instruction.keyword != Keyword::Env || !assigns || text.contains(['"', '\'']) {
            return Vec::new();
        }
        words.filter(|word| !word.contains('=') && word.len() > 1).map(str::to_owned).collect()
    }
}

/// A value over several lines as written in the source, and its part of each line.
fn pieces(raw: &str, hidden: &mut Vec<String>) {
    if !raw.contains('\n') {
        return;
    }
    hidden.push(raw.to_owned());
    for line in raw.lines() {
        let piece = line.trim().trim_end_matches(['\\', '`']).trim().trim_matches(['"', '\'']);
        if !piece.starts_with('#') {
            hidden.push(piece.to_owned());
        }
    }
}

fn secret(instruction: usize, span: Span, name: &str, value: Option<&str>) -> Option<Secret> {
    let secret = bundled(name, value).or_else(|| variable(name, value))?;
    Some(Secret { instruction, span, name: secret.name, value: secret.value, why: secret.why })
}
