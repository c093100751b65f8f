//! Whether a variable is a secret: by the words of its name, or the format of its value.

use std::sync::LazyLock;

use super::{token, value};
use crate::data;

/// A variable that contains a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name, without quotes.
    pub name: String,
    /// The secret itself, if it has a value.
    pub value: Option<String>,
    /// Why it counts.
    pub why: SecretKind,
}

/// Why something counts as a secret.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SecretKind {
    /// Because of its name.
    Name,
    /// A URL with a password in it.
    Url,
    /// Because a bundler writes it into the pages.
    Bundle,
}

/// Whether a variable is a secret: by its name, or by its value.
pub fn variable(name: &str, value: Option<&str>) -> Option<Variable> {
    let name = value::unquoted(name).to_owned();
    let literal = value.map(|text| value::literal(value::unquoted(text)));
    if let Some(password) = literal.and_then(value::url_password) {
        return Some(Variable { name, value: Some(password.to_owned()), why: SecretKind::Url });
    }
    // Everyone who uses the program sees it.
    if literal.is_some_and(|value| data::SECRET_WORDS.with("publishable").any(|start| value.starts_with(start))) {
        return None;
    }
    let weak = weak_only(&name);
    let is_secret = match (literal, weak) {
        (Some(value), _) if token::is_reported_token(value) => true,
        (None, weak) => weak.is_some(),
        (Some(_), None) => false,
        (Some(value), Some(true)) => {
            value::is_secret(value) && value::is_random(value) && !value::is_fingerprint(value)
        }
        (Some(value), Some(false)) => value::is_secret(value),
    };
    is_secret.then(|| Variable { name, value: literal.map(str::to_owned), why: SecretKind::Name })
}

/// Whether a name means that the value is a secret, not the secret's name, place or kind.
pub fn names_secret(name: &str) -> bool {
    weak_only(name).is_some()
}

/// Whether a name is that of a secret that a program draws for itself, and that nobody else gives it: `SECRET_KEY`, `SALT`.
pub fn names_program_secret(name: &str) -> bool {
    let words = words(name);
    let has = |word: &String, role| data::SECRET_WORDS.has(word, role);
    let is_secret = words.iter().any(|word| has(word, "secret") || has(word, "drawn"));
    is_secret && words.iter().all(|word| has(word, "of-program"))
}

/// Whether a value switches something or counts, so that it is no secret: `true`, `1`.
pub fn is_switch(value: &str) -> bool {
    let lower = value.trim().to_ascii_lowercase();
    let is_number = !lower.is_empty() && lower.bytes().all(|byte| byte.is_ascii_digit());
    is_number || data::SWITCH_VALUES.contains(&lower) || data::SECRET_WORDS.has(&lower, "unset")
}

/// Whether the name is that of a secret: `None` if not, `Some(true)` if only because of the word `key` or `auth`.
pub(super) fn weak_only(name: &str) -> Option<bool> {
    if !may_name(name.as_bytes()) {
        return None;
    }
    if data::SECRET_WORDS.has(&name.to_ascii_lowercase(), "secret-name") {
        return Some(false);
    }
    let words = words(name);
    let last = words.len().saturating_sub(1);
    // `BUNDLE_GEMS__EXAMPLE__COM`: what Bundler gives a host; other settings with such names are known.
    if words.first().is_some_and(|word| word == "bundle") && name.contains("__") {
        let is_setting = words.get(1).is_none_or(|word| data::SECRET_WORDS.has(word, "bundler-setting"));
        return (!is_setting).then_some(true);
    }
    // `SERVER_PASSWORD` says whose password it is, `PASSWORD_SERVER` something about passwords.
    let is_strong = words.last().is_some_and(|word| data::SECRET_WORDS.has(word, "owned"));
    let is_about = |(at, word): (usize, &String)| {
        data::SECRET_WORDS.has(word, "about") && !(is_strong && at < last && data::SECRET_WORDS.has(word, "owner"))
    };
    let ends_about = words.last().is_some_and(|word| data::SECRET_WORDS.has(word, "about-last"));
    if ends_about || words.iter().enumerate().any(is_about) {
        return None;
    }
    let is_denied = |(at, word): (usize, &String)| match word.as_str() {
        // The working directory, and words that mean something else in the middle of a name.
        "pwd" => at == last && at > 0 && !matches!(words[at - 1].as_str(), "old" | "current" | "initial" | "init"),
        word if data::SECRET_WORDS.has(unnumbered(word), "secret-last") => at == last,
        word => {
            let word = unnumbered(word);
            let ends = || data::SECRET_WORDS.with("secret-end").any(|end| word.ends_with(end));
            data::SECRET_WORDS.has(word, "secret") || (!word.starts_with("no") && ends())
        }
    };
    let denied: Vec<&String> = words.iter().enumerate().filter(|word| is_denied(*word)).map(|word| word.1).collect();
    // The checksum of a key is public; that of a password helps to guess it.
    let is_key = |word: &&String| word.as_str() == "key";
    if denied.iter().all(is_key) && words.iter().any(|word| data::SECRET_WORDS.has(word, "digest")) {
        return None;
    }
    let weak = denied.iter().all(|word| data::SECRET_WORDS.has(unnumbered(word), "weak"))
        && !words.iter().any(|word| data::SECRET_WORDS.has(word, "strong"));
    (!denied.is_empty()).then_some(weak)
}

/// A word without the digits at its end: `PASSWORD2`.
fn unnumbered(word: &str) -> &str {
    let plain = word.trim_end_matches(|c: char| c.is_ascii_digit());
    if plain.is_empty() { word } else { plain }
}

/// Whether a value with this name is what something is called: a user, a database.
pub fn names_thing(name: &str) -> bool {
    words(name).last().is_some_and(|word| data::SECRET_WORDS.has(word, "thing")) && !names_secret(name)
}

/// Whether a word that says secret may be in a name: most names are done here.
fn may_name(name: &[u8]) -> bool {
    (0..name.len()).any(|at| {
        let rest = &name[at..];
        let is_start = |word: &&[u8]| rest.get(..word.len()).is_some_and(|start| start.eq_ignore_ascii_case(word));
        SECRET_STARTS[usize::from(rest[0].to_ascii_lowercase())].iter().any(is_start)
    })
}

/// The words that say secret, by their first letter.
static SECRET_STARTS: LazyLock<Vec<Vec<&[u8]>>> = LazyLock::new(|| {
    let mut starts = vec![Vec::new(); 256];
    for role in SECRET_ROLES {
        for word in data::SECRET_WORDS.with(role) {
            starts[usize::from(word.as_bytes()[0])].push(word.as_bytes());
        }
    }
    // `MYSQL_PWD`: not in the table, as alone it is the working directory.
    starts[usize::from(b'p')].push(b"pwd");
    starts[usize::from(b'b')].push(b"bundle_");
    starts
});

/// The roles of words that say secret.
const SECRET_ROLES: [&str; 5] = ["secret", "secret-end", "secret-last", "secret-name", "drawn"];

/// `DB_PASSWORD`, `apiKey`, `HTTPToken`: words in lower case.
pub(super) fn words(name: &str) -> Vec<String> {
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
mod tests {
    use super::*;

    #[test]
    fn every_word_that_says_secret_may_be_in_a_name() {
        for role in SECRET_ROLES {
            for word in data::SECRET_WORDS.with(role) {
                assert!(may_name(word.as_bytes()), "{word}");
            }
        }
    }
}
