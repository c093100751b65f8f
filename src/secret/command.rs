//! Secrets that commands take by position or by a short option, where no name says so: `mysql -pX`, `curl -u user:X`,
//! `curl -H 'Authorization: Bearer X'`, `echo user:X | chpasswd`. In time linear in the text.

use super::value;
use super::variable::weak_only;
use crate::text::path;

/// Scripts in quotes in scripts in quotes.
const DEEPEST: usize = 4;

/// Programs of one kind: their names, and how they take a secret.
const PROGRAMS: [(&[&str], Kind); 7] = [
    (&["curl", "wget", "http", "https", "xh", "xhs"], Kind::Http),
    (
        &[
            "mysql",
            "mysqladmin",
            "mysqlcheck",
            "mysqldump",
            "mysqlimport",
            "mysqlshow",
            "mariadb",
            "mariadb-admin",
            "mariadb-dump",
        ],
        Kind::Attached("-p"),
    ),
    (&["sshpass", "mongo", "mongosh", "mongodump", "mongorestore", "twine"], Kind::Option("-p")),
    (&["redis-cli"], Kind::Option("-a")),
    (&["ldapadd", "ldapmodify", "ldapsearch", "ldapwhoami"], Kind::Option("-w")),
    (&["docker", "podman", "nerdctl", "buildah", "skopeo", "oras", "helm", "crane", "regctl", "az"], Kind::Registry),
    (&["chpasswd"], Kind::Piped),
];

/// How a program takes a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Kind {
    /// In headers and as `user:password`.
    Http,
    /// Behind an option without a blank; with one it would be something else.
    Attached(&'static str),
    /// Behind an option, with a blank or without.
    Option(&'static str),
    /// As `-p` of its `login`.
    Registry,
    /// As `user:password` of the command before it in the pipe.
    Piped,
}

/// Options of HTTP clients whose value is `user:password`.
const LOGINS: [&str; 6] = ["-u", "--user", "-U", "--proxy-user", "-a", "--auth"];

/// Words in front of the secret in the header that says who asks.
const SCHEMES: [&str; 7] = ["apikey", "basic", "bearer", "digest", "key", "negotiate", "token"];

/// A secret that a command is given.
pub(super) struct Given<'t> {
    /// It; a part of the text.
    pub(super) value: &'t str,
    /// Whether it may be one that only the build's own servers and users have: to be masked, but no news.
    pub(super) is_throwaway: bool,
}

/// All of a text.
pub(super) fn in_commands(text: &str) -> Vec<Given<'_>> {
    let mut given = Vec::new();
    nested(text, 0, &mut given);
    given
}

/// A word of a command; quotes are off.
#[derive(Clone, Copy)]
struct Word<'t> {
    text: &'t str,
    /// Whether nothing stands between it and the word before.
    glued: bool,
}

fn nested<'t>(text: &'t str, depth: usize, given: &mut Vec<Given<'t>>) {
    let mut before: Vec<Word> = Vec::new();
    let mut words: Vec<Word> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().unwrap_or(' ');
        let ends = ends_command(text, at, c);
        if ends {
            command(&words, &before, given);
            before = if c == '|' { std::mem::take(&mut words) } else { Vec::new() };
            words.clear();
        }
        if ends || c.is_whitespace() || matches!(c, ',' | '[' | ']' | '\\') {
            at += c.len_utf8();
            continue;
        }
        let glued = text[..at].ends_with(|before: char| !before.is_whitespace() && !matches!(before, ',' | '['));
        let (word, len) = word(rest);
        if depth < DEEPEST && word.contains(char::is_whitespace) {
            nested(word, depth + 1, given);
        }
        words.push(Word { text: word, glued });
        at += len.max(c.len_utf8());
    }
    command(&words, &before, given);
}

/// Whether a command ends at this character: at a line's end too, unless it is continued.
fn ends_command(text: &str, at: usize, c: char) -> bool {
    match c {
        '\n' => !text[..at].trim_end_matches(['\r', ' ', '\t']).ends_with(['\\', '`']),
        _ => matches!(c, ';' | '|' | '&' | '(' | ')'),
    }
}

/// The word that a text begins with, and the bytes that it takes.
fn word(rest: &str) -> (&str, usize) {
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &rest[1..];
        // A quote that closes on no line is an apostrophe.
        let end = inner.find([quote, '\n']).unwrap_or(inner.len());
        let closed = inner[end..].starts_with(quote);
        return (&inner[..end], 1 + end + usize::from(closed));
    }
    let end = rest.find(|c: char| c.is_whitespace() || ";|&()\"'`".contains(c)).unwrap_or(rest.len());
    // Words of an exec form are quoted: a comma belongs to the word.
    (&rest[..end], end)
}

fn command<'t>(words: &[Word<'t>], piped: &[Word<'t>], given: &mut Vec<Given<'t>>) {
    let mut kind = None;
    let mut login = false;
    for (index, one) in words.iter().enumerate() {
        if !one.glued
            && let Some(found) = program(one.text)
        {
            kind = Some(found);
            login = false;
            if found == Kind::Piped {
                for word in piped {
                    take_password(word.text.trim_end_matches("\\n"), found, given);
                }
            }
            continue;
        }
        let next = words.get(index + 1);
        let Some(kind) = kind else { continue };
        match kind {
            Kind::Http => http(one.text, next, given),
            Kind::Attached(flag) => take(behind(flag, one.text, next, true), kind, given),
            Kind::Option(flag) => take(behind(flag, one.text, next, false), kind, given),
            Kind::Registry if login => take(behind("-p", one.text, next, false), kind, given),
            Kind::Registry => login = one.text == "login",
            Kind::Piped => {}
        }
    }
}

fn program(word: &str) -> Option<Kind> {
    let name = path::name(word);
    PROGRAMS.iter().find(|(names, _)| names.contains(&name)).map(|(_, kind)| *kind)
}

/// The value of a short option.
fn behind<'t>(flag: &str, word: &'t str, next: Option<&Word<'t>>, attached: bool) -> Option<&'t str> {
    match word.strip_prefix(flag)? {
        "" => next.filter(|next| next.glued || (!attached && !next.text.starts_with('-'))).map(|next| next.text),
        value => Some(value),
    }
}

fn take<'t>(found: Option<&'t str>, kind: Kind, given: &mut Vec<Given<'t>>) {
    let is_throwaway = !matches!(kind, Kind::Http | Kind::Registry);
    given.extend(found.filter(|value| value::is_secret(value)).map(|value| Given { value, is_throwaway }));
}

/// The password of `user:password`.
fn take_password<'t>(login: &'t str, kind: Kind, given: &mut Vec<Given<'t>>) {
    let password = login.split_once(':').map(|(_, password)| password);
    // `1000:1000` is a user and a group.
    take(password.filter(|it| !it.bytes().all(|byte| byte.is_ascii_digit())), kind, given);
}

fn http<'t>(word: &'t str, next: Option<&Word<'t>>, given: &mut Vec<Given<'t>>) {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    if LOGINS.contains(&name) {
        take_password(if value.is_empty() { next.map_or("", |next| next.text) } else { value }, Kind::Http, given);
    } else if let Some(login) = word.strip_prefix("-u").filter(|_| !word.starts_with("--")) {
        take_password(login, Kind::Http, given);
    }
    let header = if name == "--header" { value } else { word.strip_prefix("-H").unwrap_or(word) };
    let Some((name, value)) = header.split_once(':') else { return };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let who = ["authorization", "proxy-authorization"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let cookie = name.eq_ignore_ascii_case("cookie");
    if !is_name || !(who || cookie || weak_only(name).is_some()) {
        return;
    }
    let is_scheme = |word: &&str| SCHEMES.iter().any(|known| word.eq_ignore_ascii_case(known));
    let unnamed = next.filter(|next| value.is_empty() && !next.text.contains(':')).map_or(value, |next| next.text);
    let mut parts: Vec<&str> = unnamed.split([' ', '\t', ';']).filter(|part| !part.is_empty()).collect();
    if parts.first().is_some_and(is_scheme) && parts.len() > 1 {
        parts.remove(0);
    }
    for part in parts {
        let part = if cookie { part.split_once('=').map_or(part, |(_, value)| value) } else { part };
        take(Some(part), Kind::Http, given);
    }
}
