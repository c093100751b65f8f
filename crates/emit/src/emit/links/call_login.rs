//! The login that the call of a client has in its arguments: `ConnectionParameters("rabbit", credentials=…)`; without one,
//! some clients log in as a user whom the server knows from the start.

use std::cell::Cell;

use super::fixed_address::key_role;
use super::mention::{ConnectionRole, Mention};
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{ServerImage, is_word};
use crate::manifest::FileKind;
use crate::sources::code::{arguments, bracketed, call, last_name, words};
use crate::sources::patterns::{self, WordPattern};
use crate::sources::values::{Evaluator, SourceValue};
use crate::text::path;
use crate::variables::VariableFile;

/// How a call logs in.
#[derive(Clone, Debug, PartialEq, Eq)]
enum CallLogin {
    /// With a user and a password that stand in a source.
    Written(String, String),
    /// With none.
    Guest,
    /// With one that nobody can read there.
    Hidden,
}

/// The most calls of a file that are looked at.
const MOST_CALLS: usize = 100;

/// The logins of a program in the calls that open its connections to servers of which it knows the address, as mentions
/// without a host.
pub(super) fn call_logins(input: &EmitInput, application: &Application, mentions: &[Mention]) -> Vec<Mention> {
    let addresses = mentions.iter().filter(|known| known.role == ConnectionRole::Host);
    let mut rows: Vec<ServerImage> = addresses.map(|known| known.row).collect();
    rows.sort_by_key(|row| row.host);
    rows.dedup_by_key(|row| row.host);
    // What variables say is known.
    let has_login = |row: &ServerImage| {
        let is_part = |role| matches!(role, ConnectionRole::User | ConnectionRole::Password | ConnectionRole::Url);
        mentions.iter().any(|known| known.row.host == row.host && is_part(known.role))
    };
    rows.retain(|row| !has_login(row));
    rows.into_iter().filter_map(|row| call_login(input, application, row)).collect()
}

/// The login in the calls of a program that open connections to a kind of server; `None` where one of them hides it.
fn call_login(input: &EmitInput, application: &Application, row: ServerImage) -> Option<Mention> {
    let is_of_row = |pattern: &WordPattern| pattern.argument.split(' ').next() == Some(row.host);
    let calls: Vec<WordPattern> = patterns::of("opens a connection").filter(is_of_row).collect();
    let is_source = |file: &&VariableFile| FileKind::of(&file.below).has_code() && file.is_of_program();
    let sources: Vec<&VariableFile> = application.code_files(input).filter(is_source).collect();
    let is_variable = Cell::new(false);
    let variables = |_: &str| {
        is_variable.set(true);
        Vec::new()
    };
    let folder = |file: &str| Some(path::parent(file).to_owned());
    let texts = sources.iter().map(|file| (file.below.as_str(), file.source.text()));
    let evaluator = Evaluator::new(texts, &variables, &folder);
    let mut known: Option<(CallLogin, String)> = None;
    for file in &sources {
        let of_file: Vec<&WordPattern> = calls.iter().filter(|call| call.is_of(FileKind::of(&file.below))).collect();
        if !of_file.iter().any(|call| file.source.text().contains(call.text)) {
            continue;
        }
        let read = CallReader { evaluator: &evaluator, file: &file.below, server: row.host, is_variable: &is_variable };
        for (at, login) in read.logins(&of_file) {
            match (login, &known) {
                (CallLogin::Hidden, _) => return None,
                (login, None | Some((CallLogin::Guest, _))) => known = Some((login, place(&file.source, at))),
                _ => {}
            }
        }
    }
    let (login, place) = known?;
    let scheme = row.url_schemes().next()?;
    let value = match &login {
        CallLogin::Written(user, password) => format!("{scheme}://{user}:{password}@/"),
        _ => format!("{scheme}:///"),
    };
    Some(Mention {
        variable: None,
        role: ConnectionRole::Url,
        row,
        value: Some(value),
        has_default: true,
        is_setting: false,
        reason: "the source has the login".to_owned(),
        place: Some(place),
    })
}

/// Reads the calls of a source.
struct CallReader<'r, 'e> {
    evaluator: &'r Evaluator<'e>,
    file: &'r str,
    server: &'r str,
    /// Set when an expression reads a variable of the environment.
    is_variable: &'r Cell<bool>,
}

impl CallReader<'_, '_> {
    /// How the calls that these patterns begin log in, each with its place.
    fn logins(&self, calls: &[&WordPattern]) -> Vec<(usize, CallLogin)> {
        let text = self.evaluator.source(self.file);
        let mut logins: Vec<(usize, CallLogin)> = Vec::new();
        for pattern in calls {
            for (at, _) in text.match_indices(pattern.text).take(MOST_CALLS) {
                let end = at + pattern.text.trim_end_matches('(').len();
                let open = end + text[end..].len() - text[end..].trim_start().len();
                let is_known = logins.iter().any(|(known, _)| *known == at);
                if is_known || !text[open..].starts_with(['(', '{']) {
                    continue;
                }
                let Some(inside) = bracketed(&text[open..]) else { continue };
                let settings = self.login((at, inside), pattern);
                logins.extend(settings.map(|login| (at, if sets_login(text) { CallLogin::Hidden } else { login })));
            }
        }
        logins
    }

    /// How a call logs in; `None` where a URL says so, or it does not say where the server is.
    fn login(&self, (at, inside): (usize, &str), pattern: &WordPattern) -> Option<CallLogin> {
        let mut list = arguments(inside);
        if let [object] = list[..]
            && object.starts_with('{')
        {
            list = arguments(bracketed(object)?);
        }
        let mut cells = pattern.argument.split(' ').skip(1);
        let is_by_place = cells.next() == Some("first");
        let mut is_address = is_by_place && !list.is_empty();
        let (mut user, mut password) = (None, None);
        if let (Some(first), Some(second)) = (cells.next(), cells.next()) {
            let argument = |cell: &str| list.get(cell.parse::<usize>().ok()? - 1).copied();
            (user, password) = (argument(first), argument(second));
        }
        let is_placed = user.is_some();
        for (index, argument) in list.iter().enumerate() {
            let Some((key, value)) = keyed(argument) else {
                let is_plain = argument.starts_with(['"', '\'']) || argument.bytes().all(|byte| byte.is_ascii_digit());
                match call(argument).or_else(|| self.bound_call(argument)) {
                    _ if is_placed || is_plain || index == 0 && is_by_place => {}
                    Some((callee, login)) if self.holds_login(callee) => return Some(self.login_of(at, login)),
                    _ => return if is_by_place { Some(CallLogin::Hidden) } else { None },
                }
                continue;
            };
            let key = last_name(key.trim_end().trim_end_matches(['"', '\''])).to_ascii_uppercase();
            match key_role(&format!("{key}=")) {
                _ if key == "CREDENTIALS" => {
                    let login = call(value).or_else(|| self.bound_call(value));
                    let (_, login) = login.filter(|(callee, _)| self.holds_login(callee)).unwrap_or_default();
                    return Some(self.login_of(at, login));
                }
                Some(ConnectionRole::Url) => return None,
                Some(ConnectionRole::Host) => is_address = true,
                Some(ConnectionRole::User) => user = Some(value),
                Some(ConnectionRole::Password) => password = Some(value),
                _ => {}
            }
        }
        match (user, password) {
            _ if !is_address => None,
            (None, None) => Some(CallLogin::Guest),
            (Some(user), Some(password)) => Some(self.written(at, user, password)),
            _ => Some(CallLogin::Hidden),
        }
    }

    /// The call whose result has a name in this source: `creds = PlainCredentials(…)`.
    fn bound_call(&self, name: &str) -> Option<(&str, &str)> {
        let text = self.evaluator.source(self.file);
        let name = last_name(name);
        if name.is_empty() {
            return None;
        }
        let mut places = words(text, name).take(MOST_CALLS);
        places.find_map(|at| {
            let value = text[at + name.len()..].trim_start().strip_prefix('=')?.trim_start();
            let open = value.find('(')?;
            let callee = &value[..open];
            let is_name = callee.chars().all(|c| c.is_alphanumeric() || c == '_' || c == '.');
            if !is_name || callee.is_empty() {
                return None;
            }
            Some((callee, bracketed(&value[open..])?))
        })
    }

    fn holds_login(&self, callee: &str) -> bool {
        let name = format!("{}(", last_name(callee));
        patterns::of("holds a login").any(|pattern| pattern.argument == self.server && pattern.text == name)
    }

    /// The login that a call holds, by its arguments.
    fn login_of(&self, at: usize, list: &str) -> CallLogin {
        let values: Vec<&str> =
            arguments(list).into_iter().map(|known| keyed(known).map_or(known, |(_, value)| value)).collect();
        match values[..] {
            [user, password, ..] => self.written(at, user, password),
            _ => CallLogin::Hidden,
        }
    }

    /// A login whose parts the source writes out.
    fn written(&self, at: usize, user: &str, password: &str) -> CallLogin {
        let is_plain = |text: &String| {
            text.chars().all(|c| c.is_ascii_graphic()) && !text.contains(['/', '?', '%', '{', '$', '<', '@', ':'])
        };
        match (self.text(at, user), self.text(at, password)) {
            (Some(user), Some(password)) if is_word(&user) && is_plain(&password) => CallLogin::Written(user, password),
            _ => CallLogin::Hidden,
        }
    }

    /// The only text that an expression can be, whatever the environment has.
    fn text(&self, at: usize, expression: &str) -> Option<String> {
        self.is_variable.set(false);
        let values = self.evaluator.value(self.file, at, expression)?;
        match (values.len(), values.into_iter().next()?) {
            (1, SourceValue::Text(text)) if !self.is_variable.get() && !text.is_empty() => Some(text),
            _ => None,
        }
    }
}

/// The key and the value of an argument: `host="rabbit"`, `hostname: "rabbit"`, `'user' => "app"`.
fn keyed(argument: &str) -> Option<(&str, &str)> {
    let end = argument.find(['=', ':'])?;
    let key = argument[..end].trim().trim_matches(['"', '\'']);
    let is_key = !key.is_empty() && key.chars().all(|c| c.is_alphanumeric() || c == '_');
    let value = argument[end + 1..].trim_start_matches('>').trim_start();
    // `amqp://…` in quotes is no key.
    let is_text = argument.starts_with(['"', '\''])
        && !argument[end..].starts_with("=>")
        && !argument[..end].trim_end().ends_with(['"', '\'']);
    (is_key && !is_text).then_some((key, value))
}

/// Whether a source sets a login apart from the call: `factory.Password = …`.
fn sets_login(text: &str) -> bool {
    let is_set = |member: &str| {
        let rest = |at: usize| text[at + member.len()..].trim_start();
        text.match_indices(member)
            .take(MOST_CALLS)
            .any(|(at, _)| rest(at).starts_with('=') && !rest(at).starts_with("=="))
    };
    [".credentials", ".Password", ".UserName"].into_iter().any(is_set)
}
