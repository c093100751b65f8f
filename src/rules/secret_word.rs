//! Names that sound like secrets, as BuildKit's own check reads them.

/// Words that make a name one.
const DENIED: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];

/// Words that make it none again.
const ALLOWED: [&str; 3] = ["public", "file", "version"];

/// Whether `docker build --check` takes a variable of that name for a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| lower.split('_').any(|word| words.contains(&word));
    has(&DENIED) && !has(&ALLOWED)
}
