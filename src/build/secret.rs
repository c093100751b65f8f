//! Secrets in ARG and ENV: by the words of a name, and by credentials in a URL. Serves the rule that reports them and
//! the mask that keeps them out of every result.

use std::collections::BTreeSet;

use super::Build;
use crate::dockerfile::Keyword;
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

/// Words that say that the name is about a secret, not one.
const ALLOWED: [&str; 44] = [
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

/// Values that stand for a value.
const PLACEHOLDERS: [&str; 15] = [
    "changeme",
    "changethis",
    "changeit",
    "dummy",
    "placeholder",
    "example",
    "your",
    "replace",
    "xxx",
    "todo",
    "fixme",
    "fake",
    "insert",
    "notused",
    "unused",
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
    /// The secrets in ARG and ENV, in source order.
    pub fn secrets(&self) -> Vec<Secret> {
        let file = &self.input().file;
        let mut secrets = Vec::new();
        for (index, instruction) in file.instructions().iter().enumerate() {
            match instruction.keyword {
                Keyword::Arg => {
                    for arg in file.args(instruction) {
                        let value = arg.default.as_ref().map(|default| &*default.text);
                        secrets.extend(secret(index, arg.name.span, &arg.name.text, value));
                    }
                }
                Keyword::Env => {
                    for pair in file.variables(instruction) {
                        secrets.extend(secret(index, pair.name.span, &pair.name.text, Some(&pair.value.text)));
                    }
                }
                _ => {}
            }
        }
        secrets
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
        in_text(input.file.source().text(), &mut hidden);
        hidden.retain(|value| !COMMON.contains(&value.to_ascii_lowercase().as_str()));
        hidden
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

/// Passwords in URLs and values of assignments, wherever they stand; in time linear in the text.
fn in_text(text: &str, hidden: &mut Vec<String>) {
    for (at, _) in text.match_indices("://") {
        let rest = &text[at..];
        let end =
            rest[3..].find(|c: char| c.is_whitespace() || "/?#\"'`".contains(c)).map_or(rest.len(), |end| end + 3);
        hidden.extend(url_password(&rest[..end]).or_else(|| url_token(&rest[..end])).map(str::to_owned));
    }
    let mut done = 0;
    for (at, _) in text.match_indices('=').filter(|found| found.0 > 0) {
        if at < done {
            continue;
        }
        let before = &text[done..at];
        let outside = |c: char| !c.is_ascii_alphanumeric() && !"_-.".contains(c);
        let start = before.char_indices().rev().find(|found| outside(found.1)).map_or(0, |(at, c)| at + c.len_utf8());
        let name = &before[start..];
        if weak_only(name).is_some() {
            let value = assigned(&text[at + 1..]);
            hidden.extend(secret(0, Span::default(), name, Some(value)).and_then(|secret| secret.value));
            // What was looked at is not looked at again: a value may be full of `=`.
            done = at + 1 + value.len();
        }
    }
}

/// Longest value of an assignment that is looked for.
const LONGEST: usize = 4096;

/// What stands behind a `=`: up to the closing quote on the line, else up to what ends a word.
fn assigned(text: &str) -> &str {
    let mut end = text.len().min(LONGEST);
    while !text.is_char_boundary(end) {
        end -= 1;
    }
    let text = &text[..end];
    if let Some(quote) = text.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &text[1..];
        if let Some(close) = inner.find([quote, '\n']).filter(|close| inner[*close..].starts_with(quote)) {
            return &inner[..close];
        }
    }
    let stop = text.find(|c: char| c.is_whitespace() || ";&|<>()\"'`,".contains(c));
    &text[..stop.unwrap_or(text.len())]
}

fn secret(instruction: usize, span: Span, name: &str, value: Option<&str>) -> Option<Secret> {
    let name = unquoted(name).to_owned();
    let value = value.map(unquoted);
    if let Some(password) = value.and_then(url_password) {
        return Some(Secret { instruction, span, name, value: Some(password.to_owned()), why: SecretKind::Url });
    }
    let weak = weak_only(&name)?;
    let held = match value {
        None => true,
        Some(value) => is_secret_value(value) && (!weak || is_random(value)),
    };
    held.then(|| Secret { instruction, span, name, value: value.map(str::to_owned), why: SecretKind::Name })
}

/// Whether the name is a secret's: `None` when not, `Some(true)` when only the word `key` or `auth` says so.
fn weak_only(name: &str) -> Option<bool> {
    let words = words(name);
    if words.iter().any(|word| ALLOWED.contains(&word.as_str())) {
        return None;
    }
    let denied: Vec<&String> = words.iter().filter(|word| DENIED.contains(&word.as_str())).collect();
    let strong = ["api", "access", "private", "encryption", "signing", "master", "license", "service"];
    let weak = denied.iter().all(|word| matches!(word.as_str(), "key" | "auth"))
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

fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

fn is_secret_value(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    let switch = ["", "true", "false", "yes", "no", "on", "off", "none", "null", "0", "1", "nil", "undefined", "unset"];
    // A default that everyone knows is weak, but no secret: `password`, `00000000-…`.
    let known =
        DENIED.contains(&plain.as_str()) || matches!(plain.as_str(), "pass" | "admin" | "user" | "test" | "root");
    let distinct: BTreeSet<char> = plain.chars().collect();
    let placeholder = known
        || (distinct.len() <= 2)
        || PLACEHOLDERS.iter().any(|word| plain.starts_with(word))
        || (value.starts_with('<') && value.ends_with('>'));
    let elsewhere =
        value.starts_with(['/', '~', '$']) || value.starts_with("./") || value.contains("://") || value.contains("${");
    !switch.contains(&plain.as_str()) && !placeholder && !elsewhere
}

/// Long, and letters with digits: not a word that somebody chose for its meaning.
fn is_random(value: &str) -> bool {
    let long = value.len() >= 16 && !value.contains(char::is_whitespace);
    long && value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// The password in `scheme://user:password@host`.
fn url_password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    // `postgres:postgres@` protects nothing.
    let literal =
        password != user && !password.is_empty() && !password.contains(['$', '<', '{']) && is_secret_value(password);
    literal.then_some(password)
}

/// The token in `scheme://token@host`.
fn url_token(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (login, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
    (!login.contains([':', '$']) && is_random(login)).then_some(login)
}

#[cfg(test)]
mod tests;
