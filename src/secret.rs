//! What a secret is: by the words of a name, by the look of a value, by the place in a text. Knows nothing of where texts
//! come from.

mod command;
mod text;
mod token;
mod value;

pub use self::text::{Held, Sign, in_text};
pub use self::token::{Token, exact_token, token_prefixes};

/// A variable that holds a secret.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variable {
    /// Its name, without quotes.
    pub name: String,
    /// The secret itself, where it has one.
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

/// Whether everybody knows a value, so that hiding it would black out ordinary words.
pub fn is_common(value: &str) -> bool {
    COMMON.contains(&value.to_ascii_lowercase().as_str())
}

/// Whether a value was chosen for its meaning: `SECRET_KEY=build-time-dummy ./manage.py collectstatic` gives a program what
/// it asks for, and no secret.
pub fn is_filler(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let filler = ["dummy", "build", "test", "temp", "fake", "default", "example", "dev", "secret", "password", "123"];
    let mixed = lower.len() >= 8
        && lower.bytes().any(|byte| byte.is_ascii_digit())
        && lower.bytes().any(|byte| byte.is_ascii_alphabetic());
    !mixed || filler.iter().any(|word| lower.contains(word))
}

/// Whether a text holds a secret that not everyone knows.
pub fn holds_secret(text: &str) -> bool {
    in_text(text).iter().any(|held| !is_common(&held.value))
}

/// The values in a text that must not be shown, wherever they stand.
pub fn hidden_in(text: &str) -> Vec<String> {
    let mut hidden: Vec<String> = in_text(text).into_iter().map(|held| held.value).collect();
    hidden.retain(|value| !is_common(value));
    hidden
}

/// What of a variable's value must not be shown: the whole of it, or the password of a URL.
pub fn hidden_of(name: &str, value: &str) -> Option<String> {
    let hidden = variable(name, Some(value))?.value?;
    (!is_common(&hidden)).then_some(hidden)
}

/// Whether a variable is a secret: by its name, or by its value.
pub fn variable(name: &str, value: Option<&str>) -> Option<Variable> {
    let name = value::unquoted(name).to_owned();
    let found = value.map(|text| value::literal(value::unquoted(text)));
    if let Some(password) = found.and_then(value::url_password) {
        return Some(Variable { name, value: Some(password.to_owned()), why: SecretKind::Url });
    }
    let weak = weak_only(&name);
    let held = match (found, weak) {
        (Some(value), _) if token::is_token(value) => true,
        (None, weak) => weak.is_some(),
        (Some(_), None) => false,
        (Some(value), Some(weak)) => value::is_secret(value) && (!weak || value::is_random(value)),
    };
    held.then(|| Variable { name, value: found.map(str::to_owned), why: SecretKind::Name })
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
