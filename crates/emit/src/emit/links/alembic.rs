//! The database that migrations of Alembic name in `alembic.ini`, where nothing gives them another one.

use super::mention::{ConnectionRole, Mention, UrlParts};
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::server_image::{ServerImage, is_service_host};
use crate::text::path;

/// The address in a program's `alembic.ini`: its `env.py` connects with the settings of the file (Alembic docs: tutorial,
/// editing the .ini file).
pub(super) fn alembic_address(input: &EmitInput, application: &Application) -> Option<Mention> {
    let files = || application.code_files(input);
    let of_name = |name: &'static str| files().filter(move |file| path::name(&file.below) == name);
    let takes_others = |text: &str| {
        ["set_main_option", "set_section_option", "environ", "getenv", "[\"sqlalchemy.url\"] ="]
            .iter()
            .any(|word| text.contains(word))
    };
    let is_fixed = |text: &str| text.contains("engine_from_config") && !takes_others(text);
    if !of_name("env.py").any(|file| is_fixed(file.source.text())) {
        return None;
    }
    of_name("alembic.ini").find_map(|file| {
        let (line, value) = ini_value(file.source.text(), "sqlalchemy.url")?;
        let url = UrlParts::of(value)?;
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
            place: Some(format!("{}:{line}", file.source.name())),
        })
    })
}

/// The value of a key of an INI file, with its line.
pub(super) fn ini_value<'t>(text: &'t str, key: &str) -> Option<(usize, &'t str)> {
    let value = |line: &'t str| line.trim().strip_prefix(key)?.trim_start().strip_prefix('=').map(str::trim);
    text.lines().enumerate().find_map(|(at, line)| Some((at + 1, value(line)?)))
}
