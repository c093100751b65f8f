//! How programs log in to a server: the user, the database and where the password stands.

use super::mention::{ConnectionRole, Mention, UrlParts};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::built_server::image_variable;
use crate::emit::server_image::{ServerImage, is_word};
use crate::secret;

/// Servers whose clients log in under a name where their address has none (`RabbitMQ` docs: access control, default user).
const GUESTS: [(&str, &str); 1] = [("rabbitmq", "guest")];

/// Where the password of a server stands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::emit) enum BackendPassword {
    /// In a variable.
    Variable(String),
    /// In the source of a program.
    Fixed(String),
}

impl BackendPassword {
    /// What a value of the compose file has for it.
    pub(in crate::emit) fn value(&self) -> String {
        match self {
            Self::Variable(name) => format!("${{{name}:?set it in .env}}"),
            Self::Fixed(password) => password.replace('$', "$$"),
        }
    }
}

/// How programs log in to a server.
pub(in crate::emit) struct ServerLogin {
    pub(in crate::emit) user: String,
    pub(in crate::emit) database: String,
    /// The variable that holds the password.
    pub(in crate::emit) variable: String,
    pub(in crate::emit) password: BackendPassword,
    /// Where the password stands in a source that only a variable should hold.
    pub(in crate::emit) password_place: Option<String>,
    /// Whether the server asks for a password.
    pub(in crate::emit) is_asked: bool,
    /// Whether it does so only because a program fails without one.
    pub(in crate::emit) is_secured: bool,
    /// Whether the image of a program sets a password.
    pub(in crate::emit) is_in_image: bool,
}

/// How programs log in to the server of a name, whose tables a script makes in a database (`of_script`); `program`: the one that builds its image.
pub(in crate::emit) fn login(
    row: ServerImage,
    (name, of_script): (&str, Option<&str>),
    mentions: &[&Mention],
    program: Option<&Application>,
) -> ServerLogin {
    let urls: Vec<UrlParts> = mentions.iter().filter_map(|mention| UrlParts::of(mention.value.as_deref()?)).collect();
    let of_role = |role: ConnectionRole| mentions.iter().filter(move |mention| mention.role == role);
    let value = |role| of_role(role).find_map(|mention| mention.value.clone()).filter(|value| is_word(value));
    let text = |part: fn(&UrlParts) -> &str| urls.iter().map(part).find(|text| is_word(text)).map(str::to_owned);
    let of_image = |settings: &str, part: &str| set_part(settings, program?, part).filter(|value| !value.is_empty());
    let only_user = || row.only_user().map(str::to_owned);
    let user = only_user().or_else(|| of_image(row.settings, "{user}"));
    let user = user.or_else(|| text(|url| &url.user)).or_else(|| value(ConnectionRole::User));
    let user = user.unwrap_or_else(|| "app".to_owned());
    let settings = row.settings_of(&user);
    let set = |part: &str| of_image(&settings, part);
    let named = || mentions.iter().find_map(|mention| mention.database());
    let database = set("{database}").or_else(named).or_else(|| value(ConnectionRole::Database));
    // What overrides a setting has a long name of its framework's.
    let passwords = of_role(ConnectionRole::Password).filter(|mention| !mention.is_setting);
    let variable = passwords.into_iter().find_map(|mention| mention.variable.clone());
    let variable = variable.unwrap_or_else(|| format!("{}_PASSWORD", name.to_ascii_uppercase().replace('-', "_")));
    // The one that an image sets gives way to a variable: no second file says it.
    let is_in_image = set("{password}").or_else(|| set("{file}")).is_some();
    let fixed = mentions.iter().find_map(|mention| Some((mention.fixed_password()?, mention.place.clone())));
    let guest = guest(row, mentions);
    let user = guest.map_or(user, str::to_owned);
    let fixed = fixed.or_else(|| Some((guest?.to_owned(), None)));
    // What looks like a secret does not come into another file.
    let (fixed, password_place) = match fixed {
        Some((password, place)) if !secret::written_in(&variable, &password).is_empty() => (None, place),
        fixed => (fixed.map(|(password, _)| password), None),
    };
    let is_read = program.is_some_and(|known| known.code.reads.iter().any(|(_, read)| read.name == variable));
    let is_needed = of_role(ConnectionRole::Password).any(|known| !known.has_default);
    let is_secured =
        program.is_none() && row.secured != "-" && (is_needed || fixed.is_some() || password_place.is_some());
    let has_password = ["{password}", "{file}"].iter().any(|part| settings.contains(part));
    ServerLogin {
        user,
        database: database.unwrap_or_else(|| of_script.unwrap_or("app").to_owned()),
        password: fixed.map_or_else(|| BackendPassword::Variable(variable.clone()), BackendPassword::Fixed),
        variable,
        password_place,
        is_asked: has_password || is_read || is_secured,
        is_secured,
        is_in_image,
    }
}

/// The user, and password, of a server whose address stands in a source without a login.
fn guest(row: ServerImage, mentions: &[&Mention]) -> Option<&'static str> {
    let &(_, guest) = GUESTS.iter().find(|(host, _)| *host == row.host)?;
    let is_open = |mention: &&Mention| {
        let url = mention.value.as_deref().and_then(UrlParts::of);
        mention.variable.is_none() && url.is_some_and(|url| url.user.is_empty())
    };
    let has_login = |mention: &&Mention| {
        let is_part = matches!(mention.role, ConnectionRole::User | ConnectionRole::Password);
        let url = mention.value.as_deref().and_then(UrlParts::of);
        is_part || url.is_some_and(|url| !url.user.is_empty())
    };
    (mentions.iter().any(is_open) && !mentions.iter().any(has_login)).then_some(guest)
}

/// What the image of a program sets the variable to that settings of a row have for a part: `{database}`.
fn set_part(settings: &str, application: &Application, part: &str) -> Option<String> {
    let setting = data::words(settings).filter_map(|setting| setting.split_once('=')).find(|(_, value)| *value == part);
    image_variable(application, setting?.0.trim_end_matches("_FILE"))
}

/// Whether the image of a program sets what a setting of the row does.
pub(in crate::emit) fn is_set_by_image(setting: &str, application: Option<&Application>) -> bool {
    let name = setting.split('=').next().unwrap_or_default();
    let is_set = |known: &Application| {
        image_variable(known, name).is_some() || image_variable(known, name.trim_end_matches("_FILE")).is_some()
    };
    application.is_some_and(is_set)
}
