//! Values: which are secrets, and which are placeholders for a secret or name its place.

use std::collections::BTreeSet;

use super::token::changes;
use crate::data;

pub(super) fn unquoted(text: &str) -> &str {
    let text = text.trim();
    let inner = |quote: char| text.strip_prefix(quote)?.strip_suffix(quote);
    inner('"').or_else(|| inner('\'')).unwrap_or(text)
}

pub(super) fn is_secret(value: &str) -> bool {
    let lower = value.to_ascii_lowercase();
    let plain: String = lower.chars().filter(char::is_ascii_alphanumeric).collect();
    // A well-known default is weak, but not a secret: `password`, `00000000-…`.
    let known = data::SECRET_WORDS.has(&plain, "secret")
        || matches!(plain.as_str(), "pass" | "admin" | "user" | "test" | "root");
    let distinct: BTreeSet<char> = plain.chars().collect();
    let placeholder = known
        || distinct.len() <= 2
        || is_sequence(&plain)
        || is_placeholder(&lower)
        || (value.starts_with('<') && value.ends_with('>'));
    let variable = value.starts_with('$') && !value[1..].starts_with(|c: char| c.is_ascii_digit());
    let elsewhere = is_path(value) || variable || value.contains("://") || is_filled_in(value);
    !plain.is_empty() && !data::SECRET_WORDS.has(&plain, "unset") && !placeholder && !elsewhere
}

/// Whether a program or a shell inserts the value: `${NAME}`, `"$NAME"`, `#{name}` of Ruby and Elixir, `{{ name }}`, `<%= name
/// %>`, `%%NAME%%`, `@@NAME@@`.
fn is_filled_in(value: &str) -> bool {
    let inside = |start: &str, end: &str| value.split_once(start).is_some_and(|(_, rest)| rest.contains(end));
    let marked = |mark: &str| value.len() > 2 * mark.len() && value.starts_with(mark) && value.ends_with(mark);
    value.contains("${")
        || value.contains("\"$")
        || inside("#{", "}")
        || inside("{{", "}}")
        || inside("<%", "%>")
        || marked("%%")
        || marked("@@")
}

/// Whether a value is long and mixes letters and digits, unlike a word chosen for its meaning.
pub(super) fn is_random(value: &str) -> bool {
    let long = value.len() >= 16 && !value.contains(char::is_whitespace);
    long && value.bytes().any(|b| b.is_ascii_digit()) && value.bytes().any(|b| b.is_ascii_alphabetic())
}

/// Whether a value is unlike a word or a number: it mixes letters and digits, or is drawn from letters alone, and is no
/// version, size or place.
pub(super) fn is_distinct(value: &str) -> bool {
    let has = |is_kind: fn(&u8) -> bool| value.bytes().any(|byte| is_kind(&byte));
    let is_version = value.starts_with(|c: char| c.is_ascii_digit() || c == 'v') && value.contains('.');
    value.len() >= 6
        && has(u8::is_ascii_alphabetic)
        && (has(u8::is_ascii_digit) || is_drawn_from_letters(value))
        && !value.contains(char::is_whitespace)
        && !is_version
        && is_secret(value)
        && !is_address(value)
}

/// Whether a value of letters has capitals and small letters as no name has them, or ends as base64 does.
fn is_drawn_from_letters(value: &str) -> bool {
    let letters = value.trim_end_matches('=');
    let has_both = letters.bytes().any(|b| b.is_ascii_uppercase()) && letters.bytes().any(|b| b.is_ascii_lowercase());
    let is_padded = letters.len() < value.len();
    letters.len() >= 12
        && has_both
        && letters.bytes().all(|byte| byte.is_ascii_alphabetic() || b"_-+/".contains(&byte))
        && (is_padded || changes(letters.as_bytes()) * 20 >= letters.len() * 7)
}

/// Whether a value is written as the fingerprint or the ID of an `OpenPGP` key, which are public: hexadecimal digits with
/// capitals, 40 or 64 for a fingerprint and 16 for an ID, also in groups (RFC 9580, section 5.5.4).
pub(super) fn is_fingerprint(value: &str) -> bool {
    let digits = value.strip_prefix("0x").unwrap_or(value).bytes().filter(|byte| *byte != b' ');
    let is_digit = |byte: u8| byte.is_ascii_digit() || (b'A'..=b'F').contains(&byte);
    matches!(digits.clone().count(), 16 | 40 | 64) && digits.clone().all(is_digit)
}

/// Whether a value says where something is or what it is called, and is no secret: `broker:9095`, several of them, or the
/// name of a class (`org.example.Provider`).
pub fn is_address(value: &str) -> bool {
    let is_label =
        |part: &str| !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"-_".contains(&b));
    let is_host = |host: &str| host.split('.').all(is_label) && host.contains(|c: char| c.is_ascii_alphabetic());
    let is_port = |port: &str| (2..=5).contains(&port.len()) && port.bytes().all(|byte| byte.is_ascii_digit());
    let is_class = value.split('.').count() > 2
        && value.split('.').all(|part| is_label(part) && part.starts_with(|c: char| c.is_ascii_alphabetic()))
        && value.rsplit('.').next().is_some_and(|last| last.starts_with(|c: char| c.is_ascii_uppercase()));
    is_class
        || value
            .split(',')
            .all(|part| part.trim().split_once(':').is_some_and(|(host, port)| is_host(host) && is_port(port)))
}

/// The password in `scheme://user:password@host`.
pub(super) fn url_password(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let authority = rest.split(['/', '?', '#']).next()?;
    let (login, _) = authority.rsplit_once('@')?;
    let (user, password) = login.split_once(':')?;
    // `postgres:postgres@` is not a real password.
    let literal =
        password != user && !password.is_empty() && !password.contains(['$', '<', '{']) && is_secret(password);
    literal.then_some(password)
}

/// The token in `scheme://token@host`.
pub(super) fn url_token(value: &str) -> Option<&str> {
    let (_, rest) = value.split_once("://")?;
    let (login, _) = rest.split(['/', '?', '#']).next()?.rsplit_once('@')?;
    (!login.contains([':', '$']) && is_random(login)).then_some(login)
}

/// The literal default of a variable: `${X:-literal}`; otherwise the whole text.
pub(super) fn literal(text: &str) -> &str {
    let inner = text.strip_prefix("${").and_then(|rest| rest.strip_suffix('}'));
    let Some(inner) = inner else { return text };
    let Some(at) = inner.rfind(":-").map(|at| at + 2).or_else(|| inner.find('-').map(|at| at + 1)) else { return text };
    let operand = inner[at..].trim_end_matches('}');
    if operand.contains('$') { text } else { unquoted(operand) }
}

/// Whether digits and letters follow each other from the first to the last: `0123456789abcdef0123456789abcdef`. A short
/// sequence may be a weak password: `12345678`.
fn is_sequence(plain: &str) -> bool {
    let follows =
        |pair: &[u8]| matches!(pair, [b'9', b'0' | b'a'] | [b'f', b'0'] | [b'z', b'a']) || pair[0] + 1 == pair[1];
    plain.len() >= 16 && plain.as_bytes().windows(2).all(follows)
}

/// Whether a value is a path, which names the place of a secret. Random text may begin with a single slash.
fn is_path(value: &str) -> bool {
    match value.strip_prefix('/') {
        Some(rest) => rest.contains('/') || rest.is_empty() || data::SECRET_WORDS.has(rest, "path"),
        None => value.starts_with("~/") || value.starts_with("./") || value.starts_with("../") || value == "~",
    }
}

/// `your-token-here`, `change_me`, `yourpassword`: by whole words, as a value may begin like one.
fn is_placeholder(lower: &str) -> bool {
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let Some(first) = words.first() else { return false };
    // `not-secret`, `only-a-mock`: some words count at any position.
    // `xxxx`, `abc...`: the rest is left to the reader.
    let is_left_out = |word: &&str| word.len() >= 4 && word.bytes().all(|byte| byte == b'x');
    if words.iter().any(is_left_out) || lower.ends_with("...") || lower.ends_with('…') {
        return true;
    }
    let is_placeholder = |word: &str| data::SECRET_WORDS.has(word, "placeholder");
    let says_so =
        words.iter().any(|word| is_placeholder(word)) || words.windows(2).any(|pair| is_placeholder(&pair.concat()));
    let is_filler_word = |word: &str| {
        let rest = data::SECRET_WORDS.with("placeholder").filter_map(|known| word.strip_prefix(known));
        let mut rest = rest.map(|rest| rest.trim_end_matches(|c: char| c.is_ascii_digit()));
        rest.any(|rest| {
            rest.is_empty()
                || data::SECRET_WORDS.has(rest, "placeholder-rest")
                || data::SECRET_WORDS.with("secret").any(|known| rest.starts_with(known))
        })
    };
    (is_filler_word(first) || says_so) && !words.iter().any(|word| is_random(word))
}
