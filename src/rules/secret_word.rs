//! Names that look like secrets, as defined by BuildKit's own check.

/// Words that make a name look like a secret.
const DENIED: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];

/// Words that make such a name harmless.
const ALLOWED: [&str; 3] = ["public", "file", "version"];

/// Whether `docker build --check` treats a variable of that name as a secret.
pub(super) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| lower.split('_').any(|word| words.contains(&word));
    has(&DENIED) && !has(&ALLOWED)
}
