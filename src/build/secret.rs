//! Secrets in ARG and ENV: by the words of a name, and by credentials in a URL. Serves the rule that reports them and
//! the mask that keeps them out of every result.

mod command;
mod text;
mod value;

pub use self::text::Sign;

use super::Build;
use crate::dockerfile::{Argument, File, Instruction, Keyword};
use crate::text::Span;

/// A name that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Secret {
    /// Index of the instruction.
    pub instruction: usize,
    /// Where the name stands.
    pub span: Span,
    /// The name.
    pub name: String,
    /// The secret itself, where the file holds it.
    pub value: Option<String>,
    /// Why it counts.
    pub why: SecretKind,
}

/// Why something counts as a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Its name says so.
    Name,
    /// A URL with a password in it.
    Url,
}

/// A secret in plain text outside of ARG and ENV.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Index of the instruction.
    pub instruction: usize,
    /// Where it stands.
    pub span: Span,
    /// What shows that it is one.
    pub by: Sign,
}

/// Words that say secret on their own (BuildKit's list for `SecretsUsedInArgOrEnv`).
const DENIED: [&str; 11] = [
    "apikey",
    "auth",
    "credential",
    "credentials",
    "key",
    "password",
    "pword",
    "passwd",
    "secret",
    "token",
    "passphrase",
];

/// Ends of words that say so too: `PGPASSWORD`, `_authtoken`.
const JOINED: [&str; 7] = ["password", "passwd", "passphrase", "authtoken", "accesstoken", "secretkey", "accesskey"];

/// Words that say that the name is about a secret, not one.
const ALLOWED: [&str; 52] = [
    "stdin",
    "hashing",
    "hasher",
    "hashers",
    "policy",
    "encoder",
    "validators",
    "strength",
    "public",
    "file",
    "version",
    "name",
    "id",
    "alias",
    "path",
    "dir",
    "url",
    "uri",
    "ttl",
    "enabled",
    "disabled",
    "length",
    "max",
    "min",
    "count",
    "header",
    "issuer",
    "algorithm",
    "type",
    "home",
    "level",
    "prefix",
    "suffix",
    "format",
    "expiry",
    "expires",
    "expiration",
    "timeout",
    "size",
    "limit",
    "host",
    "port",
    "user",
    "username",
    "endpoint",
    "mode",
    "method",
    "provider",
    "gpg",
    "sock",
    "required",
    "server",
];

/// Passwords of every tutorial. They are reported as secrets, but hiding them would black out image names and words.
const COMMON: [&str; 16] = [
    "admin",
    "docker",
    "guest",
    "mariadb",
    "minio",
    "minioadmin",
    "mongo",
    "mysql",
    "nats",
    "password",
    "postgres",
    "rabbitmq",
    "redis",
    "root",
    "secret",
    "user",
];

impl Build<'_> {
    /// The secrets in ARG and ENV, also those of ONBUILD, in source order.
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
    /// The secrets in the commands, heredocs, labels and URLs of all other instructions, in source order; a password that
    /// everyone knows is none.
    pub fn written_secrets(&self) -> Vec<Written> {
        let file = &self.input().file;
        let mut written = Vec::new();
        for (index, instruction) in file.instructions().iter().enumerate() {
            let own = file.trigger(instruction).unwrap_or(instruction);
            if matches!(own.keyword, Keyword::Arg | Keyword::Env) {
                continue;
            }
            let start = own.rest.text.start;
            for held in text::in_text(file.str(own.rest)) {
                let range = Span::new(start + held.range.start as u32, start + held.range.end as u32);
                written.extend(one(index, file.locate(range), held));
            }
            for heredoc in &own.heredocs {
                for held in text::in_text(file.source().slice(heredoc.body)) {
                    let start = heredoc.body.start;
                    let span = Span::new(start + held.range.start as u32, start + held.range.end as u32);
                    written.extend(one(index, span, held));
                }
            }
        }
        written.sort_by_key(|one| (one.instruction, one.span, one.by == Sign::Login));
        // What is named and looks like a token is found twice.
        written.dedup_by_key(|one| one.span);
        written
    }
}

/// Whether a text holds a secret that not everyone knows.
pub fn holds_secret(text: &str) -> bool {
    text::in_text(text).iter().any(|held| !COMMON.contains(&held.value.to_ascii_lowercase().as_str()))
}

/// The values in a text that must not be shown, wherever they stand.
pub fn hidden_in(text: &str) -> Vec<String> {
    let mut hidden: Vec<String> = text::in_text(text).into_iter().map(|held| held.value).collect();
    hidden.retain(|value| !COMMON.contains(&value.to_ascii_lowercase().as_str()));
    hidden
}

/// What of a variable's value must not be shown: the whole of it, or the password of a URL.
pub fn hidden_of(name: &str, value: &str) -> Option<String> {
    let hidden = secret(0, Span::default(), name, Some(value))?.value?;
    (!COMMON.contains(&hidden.to_ascii_lowercase().as_str())).then_some(hidden)
}

fn one(instruction: usize, span: Span, held: text::Held) -> Option<Written> {
    let lower = held.value.to_ascii_lowercase();
    let known = COMMON.contains(&lower.as_str());
    // `SECRET_KEY=build-time-dummy ./manage.py collectstatic` gives a program what it asks for, and no secret.
    let filler = ["dummy", "build", "test", "temp", "fake", "default", "example", "dev", "secret", "password", "123"];
    let mixed = lower.len() >= 8
        && lower.bytes().any(|byte| byte.is_ascii_digit())
        && lower.bytes().any(|byte| byte.is_ascii_alphabetic());
    let chosen = matches!(held.by, Sign::Name(_)) && (!mixed || filler.iter().any(|word| lower.contains(word)));
    (!known && !chosen && !span.is_empty()).then_some(Written { instruction, span, by: held.by })
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
    /// Every value that must not be shown: the secrets of ARG and ENV, those given with `--build-arg`, passwords in URLs
    /// and what is assigned to a secret's name anywhere in the text (`export TOKEN=…`, `--password=…`).
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
        hidden.extend(text::in_text(source.text()).into_iter().map(|held| held.value));
        if source.embedding().is_some_and(|embedding| embedding.doubled) {
            // As it stands in the file.
            let doubled = hidden.iter().filter(|value| value.contains('$')).map(|value| value.replace('$', "$$"));
            hidden.extend(doubled.collect::<Vec<_>>());
            hidden.extend(text::in_text(source.host().text()).into_iter().map(|held| held.value));
        }
        self.over_lines(&mut hidden);
        hidden.retain(|value| !COMMON.contains(&value.to_ascii_lowercase().as_str()));
        hidden
    }

    /// What stands on several lines in the source: the value, and each line's piece of it.
    fn over_lines(&self, hidden: &mut Vec<String>) {
        let file = &self.input().file;
        for instruction in file.instructions() {
            if instruction.start_line == instruction.end_line {
                continue;
            }
            for held in text::in_text(file.logical(instruction.text)) {
                hidden.push(held.value);
                let start = instruction.text.start;
                let place = file.locate(Span::new(start + held.range.start as u32, start + held.range.end as u32));
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

    /// Words without a `=` in an `ENV NAME=value` that names a secret: a value with blanks whose quotes are missing. The
    /// builder refuses it and quotes such a word in its message.
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

/// A value over several lines as it stands in the source, and its part of each line.
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
    let name = value::unquoted(name).to_owned();
    let found = value.map(|text| value::literal(value::unquoted(text)));
    if let Some(password) = found.and_then(value::url_password) {
        return Some(Secret { instruction, span, name, value: Some(password.to_owned()), why: SecretKind::Url });
    }
    let weak = weak_only(&name);
    let held = match (found, weak) {
        (Some(value), _) if text::is_token(value) => true,
        (None, weak) => weak.is_some(),
        (Some(_), None) => false,
        (Some(value), Some(weak)) => value::is_secret(value) && (!weak || value::is_random(value)),
    };
    held.then(|| Secret { instruction, span, name, value: found.map(str::to_owned), why: SecretKind::Name })
}

/// Whether a name says that a secret stands behind it, and not its name, place or kind.
pub fn names_secret(name: &str) -> bool {
    weak_only(name).is_some()
}

/// Whether the name is a secret's: `None` when not, `Some(true)` when only the word `key` or `auth` says so.
fn weak_only(name: &str) -> Option<bool> {
    let words = words(name);
    if words.iter().any(|word| ALLOWED.contains(&word.as_str())) {
        return None;
    }
    let last = words.len().saturating_sub(1);
    let is_denied = |(at, word): (usize, &String)| match word.as_str() {
        // The folder that one is in, and words that say something else in the middle of a name.
        "pwd" => at == last && at > 0 && !matches!(words[at - 1].as_str(), "old" | "current" | "initial" | "init"),
        "pass" | "pat" => at == last,
        word => DENIED.contains(&word) || JOINED.iter().any(|end| word.ends_with(end) && !word.starts_with("no")),
    };
    let denied: Vec<&String> =
        words.iter().enumerate().filter(|found| is_denied(*found)).map(|found| found.1).collect();
    let strong = ["api", "access", "private", "encryption", "signing", "master", "license", "service"];
    let weak = denied.iter().all(|word| matches!(word.as_str(), "key" | "auth" | "pat"))
        && !words.iter().any(|word| strong.contains(&word.as_str()));
    (!denied.is_empty()).then_some(weak)
}

/// `DB_PASSWORD`, `apiKey`, `HTTPToken`: words in lower case.
fn words(name: &str) -> Vec<String> {
    let mut words = Vec::new();
    let mut word = String::new();
    let mut chars = name.chars().peekable();
    let mut before = None;
    while let Some(c) = chars.next() {
        let hump = c.is_uppercase()
            && before.is_some_and(|b: char| {
                b.is_lowercase() || (b.is_uppercase() && chars.peek().is_some_and(|n| n.is_lowercase()))
            });
        if !c.is_alphanumeric() || hump {
            words.push(std::mem::take(&mut word));
        }
        if c.is_alphanumeric() {
            word.extend(c.to_lowercase());
        }
        before = Some(c);
    }
    words.push(word);
    words.retain(|word| !word.is_empty());
    words
}

#[cfg(test)]
mod tests;
