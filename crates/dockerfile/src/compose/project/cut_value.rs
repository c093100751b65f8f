//! Values that lose a part: a `$` in them was meant as it is, and begins the name of a variable that is not set.

use super::interpolate::name_end;
use super::value::ComposePlace;
use crate::secret;

/// A value of an environment file that loses a part.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct CutValue {
    /// Its variable.
    pub name: String,
    /// Where that is written.
    pub place: ComposePlace,
    /// The value as it is written.
    pub text: String,
}

/// Whether a value loses a part: it has `$` and a name that `is_unset`, where no variable is likely to be meant. `name`: of
/// the variable that has the value.
///
/// ```
/// # use dockopt_dockerfile::compose::project::loses_part;
/// assert!(loses_part("OTHER", "p$ssw0rd", &|_| true));
/// assert!(loses_part("USERS", "admin:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/", &|_| true));
/// assert!(!loses_part("PATH", "$HOME/bin", &|_| true) && !loses_part("A", "p$$ssw0rd ${B}", &|_| true));
/// ```
pub fn loses_part(name: &str, text: &str, is_unset: &dyn Fn(&str) -> bool) -> bool {
    let is_secret = secret::names_secret(name);
    let mut at = 0;
    while let Some(length) = text[at..].find('$') {
        let start = at + length;
        let after = &text[start + 1..];
        let end = name_end(after);
        let before = text[..start].chars().next_back();
        if end > 0 && is_unset(&after[..end]) && is_meant_so(before, &after[..end], &after[end..], is_secret) {
            return true;
        }
        // Two stand for one.
        at = start + 1 + if after.starts_with('$') { 1 } else { end };
    }
    false
}

/// Whether a `$` is likely to be a part of the value.
fn is_meant_so(before: Option<char>, name: &str, after: &str, is_secret: bool) -> bool {
    let is_in_word = before.is_some_and(char::is_alphanumeric);
    // Variables of the environment are written in capital letters.
    if !name.contains(|c: char| c.is_ascii_lowercase()) {
        return is_in_word && is_secret;
    }
    let is_whole = before.is_none() && after.is_empty();
    is_in_word || is_secret && !is_whole || after.starts_with('$')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_are_lost_where_no_variable_is_meant() {
        for (name, text) in [
            ("DB_PASSWORD", "ab$cd12"),
            ("OTHER", "p$ssw0rd"),
            ("DATABASE_URL", "postgres://app:se$cret@db/app"),
            ("ADMIN_PASSWORD", "Pa$SWORD1"),
            ("API_TOKEN", "%$x9/"),
            ("HASH", "$2b$12$R9h/cIPz0gi.URNNX3kh2OPST9/PgBkqquzi.Ss7KIUgO2t0jWMUW"),
            ("users", "admin:$apr1$H6uskkkW$IgXLP6ewTrSuBkTrqE8wj/"),
        ] {
            assert!(loses_part(name, text, &|_| true), "{name}={text}");
            assert!(!loses_part(name, text, &|_| false), "{name}={text}");
        }
        for (name, text) in [
            ("DATA", "$HOME/data"),
            ("IMAGE", "app:$TAG"),
            ("DB_PASSWORD", "$db_password"),
            ("DB_PASSWORD", "${DB}x"),
            ("PRICE", "5$ and $5"),
            ("A", "p$$ssw0rd"),
            ("A", "$"),
            ("A", ""),
        ] {
            assert!(!loses_part(name, text, &|_| true), "{name}={text}");
        }
    }
}
