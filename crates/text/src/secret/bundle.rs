//! Secrets in variables that a bundler writes into the pages (`data/bundle_variables.tsv`).

use super::value;
use super::variable::{SecretKind, Variable, is_switch, words};
use crate::data;

/// Whether a bundler writes a variable of this name into the pages, so that only the build reads it.
pub fn is_bundled(name: &str) -> bool {
    data::BUNDLE_VARIABLES.keys().any(|prefix| name.starts_with(prefix))
}

/// The package of the bundler that writes a variable of this name into the pages when the program is built, so that what is
/// set when it starts has no effect, and how sources read it.
pub fn bundler(name: &str) -> Option<(&'static str, &'static str)> {
    let row = data::BUNDLE_VARIABLES.rows().find(|row| name.starts_with(row[0]))?;
    (row[3] != "yes").then_some((row[2], row[4]))
}

/// Whether a variable puts a secret into the pages: its name begins as the bundler wants it, and its other words mean a
/// password or a secret. Keys and tokens are often made for pages, so they do not count.
pub fn bundled(name: &str, value: Option<&str>) -> Option<Variable> {
    let name = value::unquoted(name);
    let rest = data::BUNDLE_VARIABLES.keys().find_map(|prefix| name.strip_prefix(prefix))?;
    let words = words(rest);
    let is_private_key = words.ends_with(&["private".to_owned(), "key".to_owned()]);
    let last = words.last()?;
    let is_secret = is_private_key || data::SECRET_WORDS.has(last, "secret-end") || last == "secret";
    let is_about = words.iter().any(|word| data::SECRET_WORDS.has(word, "about"));
    let literal = value.map(|text| value::literal(value::unquoted(text))).filter(|value| !value.is_empty());
    let is_value = literal.is_none_or(|value| value::is_secret(value) && !is_switch(value));
    (is_secret && !is_about && is_value).then(|| Variable {
        name: name.to_owned(),
        value: literal.map(str::to_owned),
        why: SecretKind::Bundle,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn passwords_in_bundles_count() {
        for (name, value, expected) in [
            ("VITE_ADMIN_PASSWORD", Some("hunter2secret"), true),
            ("REACT_APP_CLIENT_SECRET", None, true),
            ("NEXT_PUBLIC_WALLET_PRIVATE_KEY", None, true),
            ("PUBLIC_DB_PASSWORD", None, true),
            ("VITE_API_KEY", Some("a7Gk2pQ9vLm5xa7Gk2pQ"), false),
            ("NEXT_PUBLIC_MAPBOX_TOKEN", Some("a7Gk2pQ9vLm5xa7Gk2pQ"), false),
            ("VITE_PASSWORD_MIN_LENGTH", Some("8"), false),
            ("VITE_SHOW_PASSWORD", Some("true"), false),
            ("VITE_FORGOT_PASSWORD_URL", Some("/forgot"), false),
            ("PUBLIC_KEY", None, false),
            ("ADMIN_PASSWORD", Some("hunter2secret"), false),
        ] {
            assert_eq!(bundled(name, value).is_some(), expected, "{name}");
        }
    }
}
