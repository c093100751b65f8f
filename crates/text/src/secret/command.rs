//! Secrets that commands take by position or in a short option, without a name: `mysql -pX`, `curl -u user:X`, `curl -H
//! 'Authorization: Bearer X'`, `echo user:X | chpasswd`. The time is linear in the length of the text.

use std::sync::LazyLock;

use hashbrown::HashMap;

use super::escape::closing;
use super::header::is_scheme;
use super::value;
use super::variable::weak_only;
use crate::data;
use crate::text::path;

/// The maximum nesting of quoted scripts.
const DEEPEST: usize = 4;

/// How a program takes a secret: a row of `data/secret_arguments.tsv`.
struct SecretArgument {
    /// The words that stand before it, in this order.
    commands: Vec<&'static str>,
    /// The option that it belongs to; empty for none.
    option: &'static str,
    how: ArgumentForm,
    /// Whether most of such values are no secrets: those that are unlike words are masked, and none is reported.
    is_loose: bool,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum ArgumentForm {
    /// After an option, with or without a blank, begun by a text.
    Value(&'static str),
    /// After an option without a blank; after a blank it would be something else.
    Attached,
    /// After an option and a blank; without one it would be another option.
    Next,
    /// After an option, as `user:password`, or with another sign.
    Login(char),
    /// After an option, as `name=value`.
    Cookie,
    /// In headers.
    Header,
    /// Printed by the command before it in the pipe.
    Piped,
    /// The same, as `user:password`.
    PipedLogin,
    /// The word of this number that is no option.
    Operand(usize),
    /// The last word.
    Last,
    /// A name that says secret, and the next word.
    Pair,
    /// `NAME=VALUE`, each.
    Values,
    /// `NAME=VALUE` after an option.
    Literal,
    /// `user:password`.
    LoginOperand,
    /// `user/password`.
    SlashLogin,
    /// `s/NAME/VALUE/` where the name says secret.
    Replacement,
}

impl ArgumentForm {
    fn of(words: &'static str) -> Option<Self> {
        let (word, more) = words.split_once(' ').unwrap_or((words, ""));
        Some(match word {
            "value" => Self::Value(more),
            "attached" => Self::Attached,
            "next" => Self::Next,
            "login" => Self::Login(more.chars().next().unwrap_or(':')),
            "cookie" => Self::Cookie,
            "header" => Self::Header,
            "piped" => Self::Piped,
            "piped-login" => Self::PipedLogin,
            "last" => Self::Last,
            "pair" => Self::Pair,
            "values" => Self::Values,
            "literal" => Self::Literal,
            "login-operand" => Self::LoginOperand,
            "slash-login" => Self::SlashLogin,
            "replacement" => Self::Replacement,
            // `NAME=VALUE` is found as an assignment.
            "named-values" => return None,
            _ => Self::Operand(word.strip_prefix("operand-")?.parse().ok().filter(|number| *number > 0)?),
        })
    }
}

static PROGRAMS: LazyLock<HashMap<&str, Vec<SecretArgument>>> = LazyLock::new(|| {
    let mut programs: HashMap<&str, Vec<SecretArgument>> = HashMap::new();
    for row in data::SECRET_ARGUMENTS.rows() {
        let (is_loose, how) = row[2].strip_prefix("loose ").map_or((false, row[2]), |how| (true, how));
        let Some(how) = ArgumentForm::of(how) else { continue };
        let mut commands: Vec<&str> = data::words(row[1]).collect();
        let option = commands.pop_if(|last| last.starts_with(['-', '/'])).unwrap_or_default();
        programs.entry(row[0]).or_default().push(SecretArgument { commands, option, how, is_loose });
    }
    programs
});

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
    let mut group: Vec<CommandWord> = Vec::new();
    let mut reader: Vec<CommandWord> = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let rest = &text[at..];
        let c = rest.chars().next().unwrap_or(' ');
        let ends = ends_command(text, at, c);
        if ends {
            command(&words, &before, secrets);
            match c {
                '(' => group.clear(),
                ';' | ')' | '\n' if group.len() < MOST_GROUPED => group.extend(&words),
                _ => {}
            }
            match c {
                // `wg set wg0 private-key <(echo X)`: the command before it reads what is printed.
                '(' if text[..at].ends_with('<') => reader.clone_from(&words),
                ')' => command(&std::mem::take(&mut reader), &group, secrets),
                _ => {}
            }
            before = match c {
                // `(echo X; echo X) | passwd`: all of the group is printed.
                '|' if words.is_empty() => std::mem::take(&mut group),
                '|' => std::mem::take(&mut words),
                _ => Vec::new(),
            };
            words.clear();
        }
        if ends || c.is_whitespace() || matches!(c, ',' | '[' | ']' | '\\') {
            at += c.len_utf8();
            continue;
        }
        let is_behind = |before: char| !before.is_whitespace() && !matches!(before, ',' | '[');
        let glued = !words.is_empty() && text[..at].ends_with(is_behind);
        let (word, len) = word(rest, text[..at].ends_with('\\'));
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
        '#' => text[..at].ends_with([' ', '\t']),
        _ => matches!(c, ';' | '|' | '&' | '(' | ')'),
    }
}

/// The first word of a text, and its length in bytes. `is_escaped`: a backslash stands before its quote.
fn word(rest: &str, is_escaped: bool) -> (&str, usize) {
    if let Some(quote) = rest.chars().next().filter(|c| matches!(c, '"' | '\'')) {
        let inner = &rest[1..];
        // A quote that is not closed is an apostrophe.
        let end = closing(inner, quote, is_escaped);
        let closed = inner[end..].starts_with(quote);
        return (&inner[..end], 1 + end + usize::from(closed));
    }
    let ends = |byte: &u8| byte.is_ascii_whitespace() || b";|&()\"'`".contains(byte);
    let end = rest.bytes().position(|byte| ends(&byte)).unwrap_or(rest.len());
    // Words of an exec form are quoted: a comma belongs to the word.
    (&rest[..end], end)
}

/// How many words of a group `( … )` are kept.
const MOST_GROUPED: usize = 64;

/// How many programs of one command are looked at: `sudo -S docker login -p …`.
const MOST_PROGRAMS: usize = 6;

fn command<'t>(words: &[CommandWord<'t>], piped: &[CommandWord<'t>], secrets: &mut Vec<GivenSecret<'t>>) {
    let mut programs = 0;
    for (index, word) in words.iter().enumerate() {
        if word.glued {
            continue;
        }
        let program = program_name(word.text);
        if program == "printf" {
            formatted(&words[index + 1..], secrets);
        }
        if matches!(program, "echo" | "printf") {
            written(&words[index + 1..], secrets);
        }
        let Some(arguments) = PROGRAMS.get(program) else { continue };
        let words = &words[index + 1..];
        for argument in arguments {
            argument.take(words, piped, secrets);
        }
        if arguments.iter().any(|argument| argument.how == ArgumentForm::Header) {
            for (index, word) in words.iter().enumerate() {
                header(word.text, &words[index + 1..], secrets);
            }
        }
        programs += 1;
        if programs == MOST_PROGRAMS {
            break;
        }
    }
}

/// The operands of `printf 'password=%s' X` whose place in the format has a name that says secret.
fn formatted<'t>(words: &[CommandWord<'t>], secrets: &mut Vec<GivenSecret<'t>>) {
    let Some(at) = words.iter().position(|word| word.text.contains('%')) else { return };
    let format = words[at].text;
    for (before, word) in format.split("%s").take(format.matches("%s").count()).zip(&words[at + 1..]) {
        let before = before.trim_end_matches([' ', '"', '\'', '\\', ':', '=']);
        let is_outside = |c: char| !c.is_ascii_alphanumeric() && !matches!(c, '_' | '-' | '.');
        let start = before.rfind(is_outside).map_or(0, |end| before.ceil_char_boundary(end + 1));
        // `\n` before a name belongs to the line before.
        let name = if before[..start].ends_with('\\') { before[start..].get(1..) } else { Some(&before[start..]) };
        if name.is_some_and(|name| weak_only(name).is_some()) {
            take(Some(word.text), false, secrets);
        }
    }
}

/// What is written into a file whose name says secret: `echo X > /run/secrets/db_password`.
fn written<'t>(words: &[CommandWord<'t>], secrets: &mut Vec<GivenSecret<'t>>) {
    let Some(at) = words.iter().position(|word| word.text.starts_with('>')) else { return };
    let file = words[at].text.trim_start_matches('>');
    let file = if file.is_empty() { words.get(at + 1).map_or("", |word| word.text) } else { file };
    if weak_only(path::name(file)).is_some() {
        loose(words[..at].iter().map(|word| word.text), secrets);
    }
}

/// The words that are unlike words of a language.
fn loose<'t>(words: impl Iterator<Item = &'t str>, secrets: &mut Vec<GivenSecret<'t>>) {
    let distinct = words.map(|word| word.trim_end_matches('\\')).filter(|word| value::is_distinct(word));
    secrets.extend(distinct.map(|value| GivenSecret { value, is_throwaway: true }));
}

/// The program that a word starts; `NOTE=mysql` is how a config keeps a variable.
fn program_name(word: &str) -> &str {
    let program = word.rsplit('=').next().unwrap_or(word);
    // `/etc/passwd` is a file.
    let is_file = ["/etc/", "/run/", "/var/"].iter().any(|folder| program.starts_with(folder));
    if is_file { "" } else { path::name(program) }
}

impl SecretArgument {
    /// Takes the secrets of a program's words.
    fn take<'t>(&self, words: &[CommandWord<'t>], piped: &[CommandWord<'t>], secrets: &mut Vec<GivenSecret<'t>>) {
        let Some(at) = self.behind_commands(words) else { return };
        let words = &words[at..];
        if self.is_loose {
            let mut secrets_of_row = Vec::new();
            self.take_operand(words, &mut secrets_of_row);
            loose(secrets_of_row.into_iter().map(|secret| secret.value), secrets);
            return;
        }
        let is_throwaway = self.commands.is_empty();
        let values = || words.iter().enumerate().filter_map(|(at, word)| self.value(word.text, words.get(at + 1)));
        match self.how {
            ArgumentForm::Value(start) => {
                for value in values() {
                    take(value.strip_prefix(start), is_throwaway, secrets);
                }
            }
            ArgumentForm::Attached => {
                for (at, word) in words.iter().enumerate() {
                    let rest = word.text.strip_prefix(self.option);
                    let next = words.get(at + 1).filter(|next| next.glued).map(|next| next.text);
                    take(rest.and_then(|rest| if rest.is_empty() { next } else { Some(rest) }), true, secrets);
                }
            }
            ArgumentForm::Next => {
                let option = words.iter().position(|word| word.text == self.option);
                let next = option.and_then(|at| words.get(at + 1)).filter(|next| !next.text.starts_with('-'));
                take(next.map(|next| next.text), is_throwaway, secrets);
            }
            ArgumentForm::Login(sign) => values().for_each(|login| take_password(login, sign, false, secrets)),
            ArgumentForm::Cookie => {
                for value in values().flat_map(|cookies| cookies.split(';')).filter_map(|pair| pair.split_once('=')) {
                    take(Some(value.1), false, secrets);
                }
            }
            ArgumentForm::Literal => {
                for value in values().filter_map(|pair| pair.split_once('=')) {
                    take(Some(value.1), false, secrets);
                }
            }
            ArgumentForm::Piped if self.is_given(words) => {
                for word in piped_words(words, piped) {
                    take(Some(word), true, secrets);
                }
            }
            ArgumentForm::PipedLogin => {
                // `printf 'user:%s' X`
                let is_formatted = piped.iter().any(|word| word.text.contains(":%s"));
                for word in piped_words(words, piped) {
                    take_password(word, ':', true, secrets);
                    take(Some(word).filter(|word| is_formatted && !word.contains(':')), true, secrets);
                }
            }
            _ => self.take_operand(words, secrets),
        }
    }

    /// Takes the secrets among the words that are no options.
    fn take_operand<'t>(&self, words: &[CommandWord<'t>], secrets: &mut Vec<GivenSecret<'t>>) {
        let is_throwaway = self.commands.is_empty();
        let mut operands = words.iter().filter(|word| !word.text.starts_with('-') && !word.text.contains('>'));
        match self.how {
            ArgumentForm::Operand(number) => {
                take(operands.nth(number - 1).map(|word| word.text), is_throwaway, secrets);
            }
            ArgumentForm::Last if self.is_given(words) => {
                // `net use x: //server/share X /user:me`
                let is_option = |word: &&CommandWord| word.text.starts_with('/') && word.text.contains(':');
                take(operands.rfind(|word| !is_option(word)).map(|word| word.text), is_throwaway, secrets);
            }
            ArgumentForm::Pair => {
                let operands: Vec<&CommandWord> = operands.collect();
                for pair in operands.windows(2).filter(|pair| weak_only(pair[0].text).is_some()) {
                    let value = Some(pair[1].text).filter(|value| value::is_distinct(value));
                    take(value, false, secrets);
                }
            }
            ArgumentForm::Values => {
                for pair in operands.filter_map(|word| word.text.split_once('=')) {
                    take(Some(pair.1), false, secrets);
                }
            }
            ArgumentForm::LoginOperand => {
                for word in operands.filter(|word| !word.text.contains("://")) {
                    take_password(word.text, ':', false, secrets);
                }
            }
            ArgumentForm::SlashLogin => {
                let login = operands.next().and_then(|word| word.text.split('@').next());
                let login = login.and_then(|login| login.split_once('/')).filter(|login| !login.0.is_empty());
                take(login.map(|login| login.1), true, secrets);
            }
            ArgumentForm::Replacement => {
                for word in operands {
                    let rest = word.text.strip_prefix('s').unwrap_or_default();
                    let Some(sign) = rest.chars().next().filter(char::is_ascii_punctuation) else { continue };
                    let mut parts = rest[1..].split(sign);
                    let name = parts.next().unwrap_or_default().trim_matches(|c: char| !c.is_ascii_alphanumeric());
                    take(parts.next().filter(|_| weak_only(name).is_some()), true, secrets);
                }
            }
            _ => {}
        }
    }

    /// Where the words behind the commands begin.
    fn behind_commands(&self, words: &[CommandWord]) -> Option<usize> {
        let mut at = 0;
        for command in &self.commands {
            let is_it = |word: &CommandWord| match command.strip_suffix('*') {
                Some(start) => word.text.starts_with(start),
                None => word.text == *command,
            };
            at += words[at..].iter().position(is_it)? + 1;
        }
        Some(at)
    }

    /// Whether the option is among the words, where there is one.
    fn is_given(&self, words: &[CommandWord]) -> bool {
        self.option.is_empty() || words.iter().any(|word| word.text == self.option)
    }

    /// The value of the option at a word.
    fn value<'t>(&self, word: &'t str, next: Option<&CommandWord<'t>>) -> Option<&'t str> {
        if self.option.is_empty() {
            return None;
        }
        let rest = word.strip_prefix(self.option)?;
        let is_short = self.option.len() == 2 || self.option.ends_with([':', '=']);
        match rest {
            "" => next.filter(|next| next.glued || !next.text.starts_with('-')).map(|next| next.text),
            // `--password="X"`
            "=" => next.filter(|next| next.glued).map(|next| next.text),
            rest => rest.strip_prefix('=').or(is_short.then_some(rest)),
        }
        .map(|value| value.strip_prefix('=').unwrap_or(value))
    }
}

/// What the command before a pipe prints, and what a here-string holds.
fn piped_words<'t>(words: &[CommandWord<'t>], piped: &[CommandWord<'t>]) -> Vec<&'t str> {
    let prints = |word: &CommandWord| matches!(program_name(word.text), "echo" | "printf");
    let start = piped.iter().position(prints).map_or(piped.len(), |at| at + 1);
    let mut printed: Vec<&str> = piped[start..].iter().map(|word| word.text).collect();
    for (at, word) in words.iter().enumerate() {
        match word.text.strip_prefix("<<<") {
            Some("") => printed.extend(words.get(at + 1).map(|word| word.text)),
            Some(text) => printed.push(text),
            None => {}
        }
    }
    let is_value =
        |word: &&str| !word.starts_with('-') && !word.contains('%') && !matches!(*word, "" | "echo" | "printf");
    printed.into_iter().flat_map(|word| word.split("\\n")).filter(is_value).collect()
}

fn take<'t>(value: Option<&'t str>, is_throwaway: bool, secrets: &mut Vec<GivenSecret<'t>>) {
    // The quotes around it may be escaped.
    let value = value.map(|value| value.trim_end_matches('\\'));
    secrets.extend(value.filter(|value| value::is_secret(value)).map(|value| GivenSecret { value, is_throwaway }));
}

/// The password of `user:password`.
fn take_password<'t>(login: &'t str, sign: char, is_throwaway: bool, secrets: &mut Vec<GivenSecret<'t>>) {
    let password = login.split_once(sign).map(|(_, password)| password);
    // `1000:1000` is a user and a group.
    take(password.filter(|it| !it.bytes().all(|byte| byte.is_ascii_digit())), is_throwaway, secrets);
}

fn header<'t>(word: &'t str, behind: &[CommandWord<'t>], secrets: &mut Vec<GivenSecret<'t>>) {
    let (name, value) = word.split_once('=').unwrap_or((word, ""));
    let header = if name == "--header" { value } else { word.strip_prefix("-H").unwrap_or(word) };
    let Some((name, value)) = header.split_once(':') else { return };
    let is_name = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"-_".contains(&byte));
    let who = ["authorization", "proxy-authorization"].iter().any(|known| name.eq_ignore_ascii_case(known));
    let cookie = name.eq_ignore_ascii_case("cookie");
    if !is_name || !(who || cookie || weak_only(name).is_some()) {
        return;
    }
    let (value, behind) = match behind {
        [next, rest @ ..] if value.is_empty() && !next.text.contains(':') => (next.text, rest),
        _ => (value, behind),
    };
    let mut parts: Vec<&str> = value.split([' ', '\t', ';']).filter(|part| !part.is_empty()).collect();
    // Without quotes, as between the doubled ones of YAML, the secret is a word of its own behind the scheme.
    if let ([scheme], [next, ..]) = (&*parts, behind)
        && is_scheme(scheme)
    {
        parts.push(next.text);
    }
    if parts.first().is_some_and(|word| is_scheme(word)) && parts.len() > 1 {
        parts.remove(0);
    }
    for part in parts {
        let part = if cookie { part.split_once('=').map_or(part, |(_, value)| value) } else { part };
        take(Some(part), false, secrets);
    }
}
