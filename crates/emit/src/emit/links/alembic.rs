//! The database that migrations of Alembic name in `alembic.ini`, where nothing gives them another one.

use super::mention::{ConnectionRole, Mention, UrlParts};
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{LOCAL_HOSTS, ServerImage, is_service_host};
use crate::sources::code::words;
use crate::sources::values::without_comments;
use crate::text::path;

/// The address in a program's `alembic.ini`: its `env.py` connects with the settings of the file (Alembic docs: tutorial,
/// editing the .ini file).
pub(super) fn alembic_address(input: &EmitInput, application: &Application) -> Option<Mention> {
    let (value, url, place) = ini_address(input, application)?;
    let row = ServerImage::with_scheme(url.kind())?;
    let is_plain = is_service_host(&url.host) && !value.contains('%');
    is_plain.then(|| Mention {
        variable: None,
        role: ConnectionRole::Url,
        row,
        value: Some(value.to_owned()),
        has_default: true,
        is_setting: false,
        reason: format!("its migrations go to `{}`", url.host),
        place: Some(place),
    })
}

/// Where `alembic.ini` leads the migrations of a program to their own container, which no variable changes.
pub(super) fn own_container_place(input: &EmitInput, application: &Application) -> Option<String> {
    let (_, url, place) = ini_address(input, application)?;
    LOCAL_HOSTS.contains(&url.host.as_str()).then_some(place)
}

/// The URL that `env.py` takes from `alembic.ini` alone, and its place.
fn ini_address<'e>(input: &EmitInput<'e>, application: &Application) -> Option<(&'e str, UrlParts, String)> {
    let files = || application.code_files(input);
    let of_name = |name: &'static str| files().filter(move |file| path::name(&file.below) == name);
    let takes_others = |text: &str| {
        let text = text.replace('\'', "\"");
        let others = [
            "_option(\"sqlalchemy.url\", ",
            "getenv",
            "\"sqlalchemy.url\"] =",
            "\"sqlalchemy.url\":",
            "create_engine(",
        ];
        others.iter().any(|word| text.contains(word)) || words(&text, "environ").next().is_some()
    };
    let is_fixed = |text: &str| text.contains("engine_from_config") && !takes_others(text);
    if !of_name("env.py").any(|file| is_fixed(&without_comments(&file.below, file.source.text()))) {
        return None;
    }
    of_name("alembic.ini").find_map(|file| {
        let (line, value) = ini_value(file.source.text(), "sqlalchemy.url")?;
        Some((value, UrlParts::of(value)?, format!("{}:{line}", file.source.name())))
    })
}

/// The value of a key of an INI file, with its line.
pub(super) fn ini_value<'t>(text: &'t str, key: &str) -> Option<(usize, &'t str)> {
    let value = |line: &'t str| line.trim().strip_prefix(key)?.trim_start().strip_prefix('=').map(str::trim);
    text.lines().enumerate().find_map(|(at, line)| Some((at + 1, value(line)?)))
}
