//! Secrets in URLs: passwords and tokens before the host, signatures and keys in the query, addresses that are secrets
//! as a whole.

use super::found::{FoundSecret, Sign};
use super::{token, value};
use crate::data;

/// All of the addresses of a text.
pub(super) fn urls(text: &str, secrets: &mut Vec<FoundSecret>) {
    let mut done = 0;
    for (at, _) in text.match_indices("://") {
        if at < done {
            continue;
        }
        let rest = &text[at..];
        let end = rest[3..]
            .find(|c: char| c.is_whitespace() || matches!(c, '/' | '?' | '#' | '"' | '\'' | '`'))
            .map_or(rest.len(), |end| end + 3);
        let url = &rest[..end];
        let certain = value::url_password(url).or_else(|| value::url_token(url));
        let part = certain.map(|part| (part, Sign::Login)).or_else(|| Some((loose_login(url)?, Sign::Hint)));
        secrets.extend(part.map(|(part, sign)| FoundSecret::part(text, part, sign)));
        secrets.extend(hook(&rest[3..]).map(|part| FoundSecret::part(text, part, Sign::Hint)));
        done = at + end;
    }
}

/// What may be a secret in an address, or in a login without one.
pub(super) fn url_hints(text: &str, secrets: &mut Vec<FoundSecret>) {
    parameters(text, secrets);
    logins(text, secrets);
    relays(text, secrets);
}

/// A password that other signs leave out: with a `$` in it, or one that is the user's name.
fn loose_login(url: &str) -> Option<&str> {
    let (login, _) = url.get(3..)?.rsplit_once('@')?;
    let (user, password) = login.split_once(':').unwrap_or(("", login));
    let is_inserted = password.starts_with(['$', '<', '{', '%']) || password.contains("${") || password.contains("$(");
    (password != user && !is_inserted && value::is_distinct(password)).then_some(password)
}

/// The secret part of the address of a hook (`data/secret_urls.tsv`).
fn hook(address: &str) -> Option<&str> {
    let slash = address.find('/').filter(|slash| address[..*slash].contains('.'))?;
    let (host, path) = address.split_at(slash);
    let host = host.rsplit('@').next().unwrap_or(host);
    let is_host = |known: &str| host.strip_suffix(known).is_some_and(|rest| rest.is_empty() || rest.ends_with('.'));
    let row = data::SECRET_URLS.rows().find(|row| is_host(row[0]) && path.starts_with(row[1]))?;
    let rest = &path[row[1].len()..];
    let is_end = |c: char| c.is_whitespace() || matches!(c, '"' | '\'' | '`' | ')' | '>' | '<' | ',' | ';' | '\\');
    let rest = &rest[..rest.find(is_end).unwrap_or(rest.len())];
    (!rest.is_empty() && !rest.starts_with(['$', '{', '<'])).then_some(rest)
}

/// `?sig=…`, `&X-Amz-Signature=…`.
fn parameters(text: &str, secrets: &mut Vec<FoundSecret>) {
    for (at, _) in text.match_indices(['?', '&']) {
        let rest = &text[at + 1..];
        let rest = rest.strip_prefix("amp;").unwrap_or(rest);
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_');
        let length = rest.bytes().take(LONGEST_PARAMETER).take_while(is_name).count();
        let Some(value) = rest[length..].strip_prefix('=') else { continue };
        if !data::SECRET_WORDS.has(&rest[..length].to_ascii_lowercase(), "parameter") {
            continue;
        }
        let end = value.bytes().take(token::LONGEST).take_while(|byte| is_value(*byte)).count();
        let value = &value[..end];
        if value.len() >= 8 && value::is_distinct(value) {
            secrets.push(FoundSecret::part(text, value, Sign::Hint));
        }
    }
}

/// The maximum length of a parameter's name.
const LONGEST_PARAMETER: usize = 40;

const fn is_value(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.' | b'~' | b'%' | b'+' | b'/' | b'=')
}

/// `user:password@host` without a scheme: `curl user:p4ss@host`, `me:p4ss@tcp(db)/x`.
fn logins(text: &str, secrets: &mut Vec<FoundSecret>) {
    let is_part = |c: char| !c.is_whitespace() && !matches!(c, '"' | '\'' | '`' | '(' | ')' | ',' | ';' | '=' | '/');
    let mut done = 0;
    for (at, _) in text.match_indices('@') {
        let from = text.ceil_char_boundary(done.max(at.saturating_sub(LONGEST_LOGIN)));
        let before = &text[from..at];
        let start = before.rfind(|c| !is_part(c)).map_or(0, |end| before.ceil_char_boundary(end + 1));
        done = at + 1;
        // `:pserver:user:password@host`
        let login = before[start..].trim_start_matches(':');
        let Some((user, password)) = login.split_once(':') else {
            secrets.extend(slash_login(&before[..start], login).map(|part| FoundSecret::part(text, part, Sign::Hint)));
            continue;
        };
        let host = &text[at + 1..];
        let is_digest = host.starts_with("sha256:") || host.starts_with("sha512:");
        let is_host = host.starts_with(|c: char| c.is_ascii_alphabetic()) && !is_digest;
        let is_inserted = password.starts_with('$') || password.contains("${") || password.contains("$(");
        let is_word = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-');
        if is_host && !user.is_empty() && user.chars().all(is_word) && !is_inserted && value::is_distinct(password) {
            secrets.push(FoundSecret::part(text, password, Sign::Hint));
        }
    }
}

/// The password of `jdbc:oracle:thin:user/password@host`.
fn slash_login<'t>(before: &str, password: &'t str) -> Option<&'t str> {
    let is_oracle = before.strip_suffix('/')?.rsplit(char::is_whitespace).next()?.contains("jdbc:oracle:");
    (is_oracle && value::is_distinct(password)).then_some(password)
}

/// `[smtp.example.com]:587 user:password` of Postfix.
fn relays(text: &str, secrets: &mut Vec<FoundSecret>) {
    for (at, _) in text.match_indices("]:") {
        let rest = &text[at + 2..text.floor_char_boundary(at.saturating_add(LONGEST_LOGIN))];
        let port = rest.bytes().take_while(u8::is_ascii_digit).count();
        let login = if port > 0 { rest[port..].strip_prefix([' ', '\t']) } else { None };
        let login = login.unwrap_or_default().trim_start();
        let login = login.split(|c: char| c.is_whitespace() || matches!(c, '"' | '\'')).next().unwrap_or_default();
        let password = login.split_once(':').map(|(_, password)| password).filter(|it| value::is_distinct(it));
        secrets.extend(password.map(|part| FoundSecret::part(text, part, Sign::Hint)));
    }
}

/// The maximum length of a login.
const LONGEST_LOGIN: usize = 300;
