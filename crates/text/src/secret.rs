//! Defines what a secret is: by the words of a name, the format of a value, or the position in a text. Does not know
//! where texts come from.

use std::ops::Range;

use crate::data;
use crate::text::HiddenParts;

mod bundle;
mod call;
mod command;
mod drawn;
mod escape;
mod folder;
mod found;
mod header;
mod pair;
mod sentence;
mod text;
mod token;
mod url;
mod value;
mod variable;

pub use self::bundle::{bundled, bundler, is_bundled};
pub use self::folder::is_folder_for_show;
pub use self::found::{FoundSecret, Sign};
pub use self::text::{certain_in_text, defaults, in_text};
#[doc(hidden)]
pub use self::token::examples as token_examples;
pub use self::token::{Token, exact_token, token_at, token_prefixes};
pub use self::value::is_address;
pub use self::variable::{SecretKind, Variable, is_switch, names_program_secret, names_secret, names_thing, variable};

/// Whether a value is well known, so that masking it would hide ordinary words.
pub fn is_common(value: &str) -> bool {
    data::SECRET_WORDS.has(&value.to_ascii_lowercase(), "common")
}

/// Whether a value is a word that most sentences of dockopt have: it is hidden in its own place alone.
pub fn is_word_of_sentences(value: &str) -> bool {
    data::SECRET_WORDS.has(value, "sentence")
}

/// Whether a value is a dummy: `SECRET_KEY=build-time-dummy ./manage.py collectstatic` satisfies a program without a
/// secret.
pub fn is_filler(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let mixed = lower.len() >= 8
        && lower.bytes().any(|byte| byte.is_ascii_digit())
        && lower.bytes().any(|byte| byte.is_ascii_alphabetic());
    !mixed || data::SECRET_WORDS.with("filler").any(|word| lower.contains(word))
}

/// Whether a file is meant for credentials, by its name and that of its folder (`data/secret_files.tsv`).
pub fn is_credentials_file(holder: &str, name: &str) -> bool {
    let fits = |pattern: &str| match pattern.split_once('*') {
        Some((start, end)) => name.len() >= start.len() + end.len() && name.starts_with(start) && name.ends_with(end),
        None => name == pattern,
    };
    data::SECRET_FILES
        .rows()
        .any(|row| matches!(row, [pattern, folder, ..] if (*folder == "-" || *folder == holder) && fits(pattern)))
}

/// Whether a text contains a secret that is not well known.
pub fn holds_secret(text: &str) -> bool {
    certain_in_text(text).iter().any(|secret| secret.by.is_reported() && !is_common(&secret.value))
}

/// Whether an environment file contains a secret that is not well known, and in a file for tests or development not made
/// up. Its lines are `NAME=value`, optionally with blanks around the sign and `export` before it, as the readers of such
/// files allow.
pub fn environment_file_holds_secret(file: &str, text: &str) -> bool {
    let for_tests = file.split('.').any(|part| data::SECRET_WORDS.has(&part.to_ascii_lowercase(), "test-file"));
    let holds = |line: &str| {
        let line = line.trim();
        let (name, value) = line.strip_prefix("export ").unwrap_or(line).split_once('=')?;
        let name = name.trim();
        if !name.bytes().all(|byte| byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')) {
            return None;
        }
        hidden_of(name, value.trim()).filter(|value| !for_tests || !is_filler(value))
    };
    text.lines().any(|line| holds(line).is_some()) || !for_tests && holds_secret(text)
}

/// The secrets in a text that are worth a finding: those beyond doubt, and others whose value looks drawn and not chosen. Words that
/// look drawn by themselves may be anything, such as a checksum.
pub fn reportable(text: &str) -> Vec<FoundSecret> {
    let mut secrets = Vec::new();
    text::placed(text, &mut secrets);
    secrets.extend(drawn::private_keys(text).into_iter().map(|key| FoundSecret::part(text, &text[key], Sign::Look)));
    secrets.extend(
        drawn::password_hashes(text).into_iter().map(|hash| FoundSecret::part(text, &text[hash], Sign::Throwaway)),
    );
    let is_worth_it = |secret: &FoundSecret| match secret.by {
        Sign::Login | Sign::Look => true,
        Sign::Name(_) => !is_filler(&secret.value),
        Sign::Throwaway | Sign::Hint => looks_drawn(&secret.value),
    };
    secrets.retain(|secret| !is_common(&secret.value) && is_worth_it(secret));
    let rank = |by: &Sign| match by {
        Sign::Look => 0,
        Sign::Name(_) => 1,
        Sign::Login => 2,
        Sign::Throwaway | Sign::Hint => 3,
    };
    secrets.sort_by_key(|secret| (secret.range.start, rank(&secret.by)));
    let mut end = 0;
    secrets.retain(|secret| {
        let is_new = secret.range.start >= end;
        end = end.max(secret.range.end);
        is_new
    });
    secrets
}

/// The shortest value that is told from a word that somebody chose.
const DRAWN: usize = 10;

fn looks_drawn(value: &str) -> bool {
    let is_checksum =
        matches!(value.len(), 32 | 40 | 64 | 96 | 128) && value.bytes().all(|byte| byte.is_ascii_hexdigit());
    value.len() >= DRAWN && !is_filler(value) && value::is_distinct(value) && !is_checksum
}

/// What of a text must not be shown: the places of all secrets, and the values that must not be shown elsewhere either.
/// What only its place tells is shown elsewhere, unless it is unlike a word.
pub fn hidden_parts(text: &str) -> HiddenParts {
    let mut hidden = HiddenParts::default();
    for secret in in_text(text) {
        if is_common(&secret.value) {
            continue;
        }
        hidden.ranges.push(secret.range.clone());
        if secret.by == Sign::Hint && !is_unlike_words(&secret.value) {
            continue;
        }
        if secret.value.contains('\n') {
            hidden.values.extend(secret.value.lines().filter(|line| is_unlike_words(line)).map(str::to_owned));
        }
        // As it is written within quotes of another text.
        hidden.values.extend(Some(&text[secret.range]).filter(|raw| **raw != secret.value).map(str::to_owned));
        hidden.values.push(secret.value);
    }
    hidden
}

/// The values in a text that must not be shown, wherever they are.
pub fn hidden_in(text: &str) -> Vec<String> {
    hidden_parts(text).values
}

fn is_unlike_words(value: &str) -> bool {
    value.len() > 16 && !value.contains(' ') || value::is_distinct(value)
}

/// The spans of a text that must not be shown.
pub fn hidden_ranges(text: &str) -> Vec<Range<usize>> {
    hidden_parts(text).ranges
}

/// The spans of the tokens in a text that are reported wherever they stand.
pub fn token_ranges(text: &str) -> Vec<Range<usize>> {
    token::tokens(text).into_iter().filter(|token| token.1).map(|token| token.0).collect()
}

/// The values in a text that are secrets beyond doubt, and not made up for a test.
pub fn certain_in(text: &str) -> Vec<String> {
    let certain = certain_in_text(text).into_iter().filter(|secret| !is_common(&secret.value));
    certain.map(|secret| secret.value).collect()
}

/// The part of a variable's value that must not be shown: all of it, or the password of a URL.
pub fn hidden_of(name: &str, value: &str) -> Option<String> {
    let token = || Some(value::unquoted(value)).filter(|value| token::is_token(value)).map(str::to_owned);
    let hidden = variable(name, Some(value)).and_then(|secret| secret.value).or_else(token)?;
    (!is_common(&hidden)).then_some(hidden)
}

/// The parts of a variable's value that are secret and not made up for a test.
pub fn written_in(name: &str, value: &str) -> Vec<String> {
    if is_address(value) {
        return Vec::new();
    }
    let mut hidden = certain_in(value);
    hidden.extend(hidden_of(name, value));
    hidden.retain(|value| !value.is_empty() && !is_filler(value));
    hidden
}

/// Whether a file of variables shows how such a file is written, by its name: `.env.example`.
pub fn is_example_file(name: &str) -> bool {
    name.split(['.', '-', '_']).any(|part| data::SECRET_WORDS.has(&part.to_ascii_lowercase(), "shown-file"))
}

#[cfg(test)]
mod tests;
