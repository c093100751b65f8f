//! The values of examples without what only stands for one: `DB_HOST=your_host`, `postgres://<user>:<password>@<host>/shop`.

use super::links::mention::{ConnectionRole, UrlParts, parts};
use super::server_image::ServerImage;
use crate::data;
use crate::variables::ExampleVariable;

/// The examples, with no value for addresses, users and databases where the file only says that there has to be one.
pub(super) fn without_placeholders(examples: &[ExampleVariable]) -> Vec<ExampleVariable> {
    let settled = |example: &ExampleVariable| {
        let upper = example.name.to_ascii_uppercase();
        let is_connection = parts(&upper).is_some_and(|(.., role)| !matches!(role, ConnectionRole::Password));
        if !is_connection && !example.value.contains("://") {
            return example.clone();
        }
        ExampleVariable { value: shown_value(&example.value), ..example.clone() }
    };
    examples.iter().map(settled).collect()
}

/// What a value says: of a URL of a server the scheme, and the parts that stand for themselves.
fn shown_value(value: &str) -> String {
    let Some(url) = UrlParts::of(value) else {
        let host = value.split(':').next().unwrap_or_default();
        return if is_placeholder(host) { String::new() } else { value.to_owned() };
    };
    let names = [&url.user, &url.host, &url.database];
    if !names.into_iter().any(|name| is_placeholder(name)) {
        return value.to_owned();
    }
    let Some(row) = ServerImage::with_scheme(url.kind()) else {
        return if is_placeholder(&url.host) { String::new() } else { value.to_owned() };
    };
    // Braces stand for parts that the URL has, and nobody knows.
    let is_open = is_placeholder(&url.host);
    let or_open = |text: &str, open: &str, is_wanted: bool| match text {
        "" if is_open && is_wanted => open.to_owned(),
        text if is_placeholder(text) => open.to_owned(),
        text => text.to_owned(),
    };
    let login = match (or_open(&url.user, "{user}", row.asks_for_login()), or_open(&url.password, "{password}", false))
    {
        (user, password) if user.is_empty() && password.is_empty() => String::new(),
        (user, password) => format!("{user}:{password}@"),
    };
    let database = or_open(&url.database, "{database}", row.is_database());
    let host = if is_open { "" } else { &url.host };
    let port = url.port.map(|port| format!(":{port}")).unwrap_or_default();
    let path = if database.is_empty() { String::new() } else { format!("/{database}") };
    format!("{}://{login}{host}{port}{path}{}", url.scheme, url.query)
}

/// Whether a name only stands for one: `your_host`, `<host>`, `xxx`, `changeme`, `yourdomain.com`.
fn is_placeholder(text: &str) -> bool {
    let lower = text.to_ascii_lowercase();
    let words: Vec<&str> = lower.split(|c: char| !c.is_ascii_alphanumeric()).filter(|word| !word.is_empty()).collect();
    let joined = words.concat();
    // `yourls` is a program.
    let is_yours = |word: &&str| {
        word.strip_prefix("your").is_some_and(|rest| {
            rest.is_empty() || rest == "domain" || data::CONNECTION_WORDS.contains(&rest.to_ascii_uppercase())
        })
    };
    let is_changed = joined.starts_with("change") && data::SECRET_WORDS.has(&joined, "placeholder");
    (lower.starts_with('<') && lower.ends_with('>'))
        || words.iter().any(is_yours)
        || joined.len() > 2 && joined.bytes().all(|byte| byte == b'x')
        || is_changed
        || ["replace", "placeholder"].iter().any(|word| joined.starts_with(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn placeholders_are_no_values() {
        for (value, shown) in [
            ("your_host", ""),
            ("<host>", ""),
            ("xxx", ""),
            ("changeme", ""),
            ("your_host:5432", ""),
            ("https://yourdomain.com", ""),
            ("postgresql+asyncpg://your_url_postgres", "postgresql+asyncpg://{user}:@/{database}"),
            (
                "postgres://<user>:<password>@<host>:5432/shop?ssl=off",
                "postgres://{user}:{password}@:5432/shop?ssl=off",
            ),
            ("postgres://your_user:secret@db/your_db", "postgres://{user}:secret@db/{database}"),
            ("redis://your_host:6379/0", "redis://:6379/0"),
            // Names of programs and services.
            ("yourls", "yourls"),
            ("changelog", "changelog"),
            ("db:5432", "db:5432"),
            ("postgres://app:secret@db/shop", "postgres://app:secret@db/shop"),
            ("http://users:8000", "http://users:8000"),
        ] {
            assert_eq!(shown_value(value), shown, "{value}");
        }
    }
}
