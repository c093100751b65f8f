//! Secrets that commands take by position or in a short option, without a name: `mysql -pX`, `curl -u user:X`, `curl -H
//! 'Authorization: Bearer X'`, `echo user:X | chpasswd`. The time is linear in the length of the text.

use std::sync::LazyLock;

use hashbrown::HashMap;

use super::value;
use super::variable::weak_only;
use crate::data;
use crate::text::path;

/// The maximum nesting of quoted scripts.
const DEEPEST: usize = 4;

/// How a program takes a secret, from `data/program_options.tsv`.
#[derive(Clone, Copy)]
struct SecretOption {
    /// The command of the program that takes it; empty for any.
    command: &'static str,
    option: &'static str,
    how: OptionForm,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum OptionForm {
    /// After an option, with or without a blank.
    Secret,
    /// After an option without a blank; after a blank it would be something else.
    Attached,
    /// After an option, as `user:password`.
    Login,
    /// In headers.
    Header,
    /// As `user:password` of the command before it in the pipe.
    Piped,
}

static PROGRAMS: LazyLock<HashMap<&str, Vec<SecretOption>>> = LazyLock::new(|| {
    let mut programs: HashMap<&str, Vec<SecretOption>> = HashMap::new();
    for row in data::PROGRAM_OPTIONS.rows() {
        let how = |word| {
            Some(match word {
                "secret" => OptionForm::Secret,
                "attached-secret" => OptionForm::Attached,
                "login" => OptionForm::Login,
                "header" => OptionForm::Header,
                "piped-login" => OptionForm::Piped,
                _ => return None,
            })
        };
        let (program, command) = row[0].split_once(' ').unwrap_or((row[0], ""));
        let options = data::words(row[2]).filter_map(how).map(|how| SecretOption { command, option: row[1], how });
        let mut options = options.peekable();
        if options.peek().is_some() {
            programs.entry(program).or_default().extend(options);
        }
    }
    programs
});

/// Words before the secret in an authorization header.
const SCHEMES: [&str; 7] = ["apikey", "basic", "bearer", "digest", "key", "negotiate", "token"];

/// A secret in the arguments of a command.
pub(super) struct GivenSecret<'t> {
    /// The secret; a part of the text.
    pub(super) value: &'t str,
    /// Whether it may be valid only for servers and users of the build itself: it is masked, but not reported.
    pub(super) is_throwaway: bool,
}

/// All secrets in a text.
pub(super) fn in_commands(text: &str) -> Vec<GivenSecret<'_>> {
    let mut secrets = Vec::new();
    nested(text, 0, &mut secrets);
    secrets
}

/// A word of a command, without its quotes.
#[derive(Clone, Copy)]
struct CommandWord<'t> {
    text: &'t str,
    /// Whether it follows the previous word directly.
    glued: bool,
}

fn nested<'t>(text: &'t str, depth: usize, secrets: &mut Vec<GivenSecret<'t>>) {
    let mut before: Vec<CommandWord> = Vec::new();
    let mut words: Vec<CommandWord> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().unwrap_or(' ');
        let ends = ends_command(text, at, c);
        if ends {
            command(&words, &before, secrets);
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
            nested(word, depth + 1, secrets);
        }
        words.push(CommandWord { text: word, glued });
        at += len.max(c.len_utf8());
    }
    command(&words, &before, secrets);
}

/// Whether a command ends at this character; a newline ends it too, unless the line is continued.
fn ends_command(text: &str, at: usize, c: char) -> bool {
    match c {
        '\n' => !text[..at].trim_end_matches(['\r', ' ', '\t']).ends_with(['\\', '`']),
        _ => matches!(c, ';' | '|' | '&' | '(' | ')'),
    }
}

/// The first word of a text, and its length in bytes.
fn word(rest: &str) -> (&str, usize) {
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &rest[1..];
        // A quote that is not closed is an apostrophe.
        let end = inner.find([quote, '\n']).unwrap_or(inner.len());
        let closed = inner[end..].starts_with(quote);
        return (&inner[..end], 1 + end + usize::from(closed));
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b";|&()\"'`".contains(byte);
    let end = rest.bytes().position(|byte| ends(&byte)).unwrap_or(rest.len());
    // Words of an exec form are quoted: a comma belongs to the word.
    (&rest[..end], end)
}

fn command<'t>(words: &[CommandWord<'t>], piped: &[CommandWord<'t>], secrets: &mut Vec<GivenSecret<'t>>) {
    let mut ways: &[SecretOption] = &[];
    let mut command = "";
    for (index, argument) in words.iter().enumerate() {
        if !argument.glued
            && let Some(program) = PROGRAMS.get(path::name(argument.text))
        {
            ways = program;
            command = "";
            if ways.iter().any(|way| way.how == OptionForm::Piped) {
                for word in piped {
                    take_password(word.text.trim_end_matches("\\n"), true, secrets);
                }
            }
            continue;
        }
        let next = words.get(index + 1);
        for way in ways.iter().filter(|way| way.command.is_empty() || way.command == command) {
            match way.how {
                OptionForm::Secret => {
                    take(value_after_flag(way.option, argument.text, next, false), way.command.is_empty(), secrets);
                }
                OptionForm::Attached => take(value_after_flag(way.option, argument.text, next, true), true, secrets),
                OptionForm::Login => login(way.option, argument.text, next, secrets),
                OptionForm::Header | OptionForm::Piped => {}
            }
        }
        if ways.iter().any(|way| way.how == OptionForm::Header) {
            header(argument.text, next, secrets);
        }
        if ways.iter().any(|way| way.command == argument.text) {
            command = argument.text;
        }
    }
}

/// The value of a short option.
fn value_after_flag<'t>(flag: &str, word: &'t str, next: Option<&CommandWord<'t>>, attached: bool) -> Option<&'t str> {
    match word.strip_prefix(flag)? {
        "" => next.filter(|next| next.glued || (!attached && !next.text.starts_with('-'))).map(|next| next.text),
        value if flag.starts_with("--") => value.strip_prefix('='),
        value => Some(value),
    }
}

fn take<'t>(value: Option<&'t str>, is_throwaway: bool, secrets: &mut Vec<GivenSecret<'t>>) {
    secrets.extend(value.filter(|value| value::is_secret(value)).map(|value| GivenSecret { value, is_throwaway }));
}

/// The password of `user:password`.
fn take_password<'t>(login: &'t str, is_throwaway: bool, secrets: &mut Vec<GivenSecret<'t>>) {
    let password = login.split_once(':').map(|(_, password)| password);
    // `1000:1000` is a user and a group.
    take(password.filter(|it| !it.bytes().all(|byte| byte.is_ascii_digit())), is_throwaway, secrets);
}

/// `--user user:password`, `--user=user:password`, `-uuser:password`.
fn login<'t>(option: &str, word: &'t str, next: Option<&CommandWord<'t>>, secrets: &mut Vec<GivenSecret<'t>>) {
    let login = match word.strip_prefix(option) {
        Some("") => next.map(|next| next.text),
        Some(rest) if option.starts_with("--") => rest.strip_prefix('='),
        rest => rest.map(|rest| rest.strip_prefix('=').unwrap_or(rest)),
    };
    take_password(login.unwrap_or_default(), false, secrets);
}

fn header<'t>(word: &'t str, next: Option<&CommandWord<'t>>, secrets: &mut Vec<GivenSecret<'t>>) {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
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
        take(Some(part), false, secrets);
    }
}
