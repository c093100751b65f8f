//! Names of images, as the distribution project's reference package reads them. Knows no registry.

use crate::dockerfile::verdict::argument::go_lower;

/// Checks a name that may lack domain and tag; the error is the package's text.
pub(super) fn check_reference(name: &str) -> Result<(), String> {
    const FORMAT: &str = "invalid reference format";
    if name.len() == 64 && name.bytes().all(|byte| byte.is_ascii_digit() || matches!(byte, b'a'..=b'f')) {
        return Err(format!("invalid repository name ({name}), cannot specify 64-byte hexadecimal strings"));
    }
    let (domain, rest) = split_domain(name);
    let path = rest.split_once(':').map_or(&*rest, |(path, _)| path);
    if path.to_lowercase() != path {
        return Err(format!("{FORMAT}: repository name ({path}) must be lowercase"));
    }
    if !is_name(&domain, &rest) {
        // Some letters beyond ASCII are small ASCII letters in lower case.
        let is_lower_name = is_name(&go_lower(&domain), &go_lower(&rest));
        return Err(if is_lower_name { "repository name must be lowercase" } else { FORMAT }.to_owned());
    }
    if path.split('@').next().is_some_and(|path| path.len() > 255) {
        return Err("repository name must not be more than 255 characters".to_owned());
    }
    rest.split_once('@').map_or(Ok(()), |(_, digest)| check_digest(digest))
}

/// Whether domain and the rest have the form of a name with tag and digest.
fn is_name(domain: &str, rest: &str) -> bool {
    let (rest, digest) = match rest.split_once('@') {
        Some((rest, digest)) => (rest, Some(digest)),
        None => (rest, None),
    };
    let (path, tag) = match rest.split_once(':') {
        Some((path, tag)) => (path, Some(tag)),
        None => (rest, None),
    };
    is_domain(domain) && is_path(path) && tag.is_none_or(is_tag) && digest.is_none_or(is_digest)
}

/// The domain and the rest: the first part is a domain when it looks like one.
fn split_domain(name: &str) -> (String, String) {
    // The names of the default registry stand for any domain here.
    const DEFAULT: &str = "default";
    let with_library = |rest: &str| if rest.contains('/') { rest.to_owned() } else { format!("library/{rest}") };
    match name.split_once('/') {
        Some((first, rest)) if first == "localhost" || first.contains(['.', ':']) || first.to_lowercase() != first => {
            (first.to_owned(), rest.to_owned())
        }
        _ => (DEFAULT.to_owned(), with_library(name)),
    }
}

fn is_domain(domain: &str) -> bool {
    let (host, port) = match domain.strip_prefix('[').and_then(|rest| rest.split_once(']')) {
        Some((address, after)) => {
            let is_address =
                !address.is_empty() && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':');
            return is_address && (after.is_empty() || after.strip_prefix(':').is_some_and(is_port));
        }
        None => domain.split_once(':').map_or((domain, None), |(host, port)| (host, Some(port))),
    };
    let is_label = |label: &str| {
        let edges_fit = !label.starts_with('-') && !label.ends_with('-');
        !label.is_empty() && edges_fit && label.bytes().all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
    };
    host.split('.').all(is_label) && port.is_none_or(is_port)
}

fn is_port(port: &str) -> bool {
    !port.is_empty() && port.bytes().all(|byte| byte.is_ascii_digit())
}

/// Components of small letters and digits with single separators: `.`, `_`, `__` or dashes.
fn is_path(path: &str) -> bool {
    let is_separator = |text: &str| matches!(text, "." | "_" | "__") || text.bytes().all(|byte| byte == b'-');
    path.split('/').all(|component| {
        let is_word = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit();
        component.starts_with(is_word)
            && component.ends_with(is_word)
            && component.split(is_word).filter(|between| !between.is_empty()).all(is_separator)
    })
}

fn is_tag(tag: &str) -> bool {
    let is_word = |byte: u8| byte.is_ascii_alphanumeric() || byte == b'_';
    (1..=128).contains(&tag.len())
        && tag.as_bytes().first().is_some_and(|&byte| is_word(byte))
        && tag.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'-'))
}

/// The form of a digest inside a reference; [`check_digest`] wants more.
fn is_digest(digest: &str) -> bool {
    digest.split_once(':').is_some_and(|(algorithm, hex)| {
        let is_part = |part: &str| {
            part.starts_with(|c: char| c.is_ascii_alphabetic()) && part.bytes().all(|byte| byte.is_ascii_alphanumeric())
        };
        algorithm.split(['-', '_', '+', '.']).all(is_part)
            && hex.len() >= 32
            && hex.bytes().all(|byte| byte.is_ascii_hexdigit())
    })
}

/// A digest such as `sha256:…`; the error is the package's text.
pub(super) fn check_digest(digest: &str) -> Result<(), String> {
    let Some((algorithm, hex)) = digest.split_once(':').filter(|(_, hex)| !hex.is_empty()) else {
        return Err("invalid checksum digest format".to_owned());
    };
    let len = match algorithm {
        "sha256" => 64,
        "sha384" => 96,
        "sha512" => 128,
        _ if algorithm.is_empty()
            || !algorithm
                .bytes()
                .all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || matches!(b, b'+' | b'.' | b'_' | b'-')) =>
        {
            return Err("invalid checksum digest format".to_owned());
        }
        _ => return Err("unsupported digest algorithm".to_owned()),
    };
    if hex.len() != len {
        return Err("invalid checksum digest length".to_owned());
    }
    let is_hex = hex.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f'));
    if is_hex { Ok(()) } else { Err("invalid checksum digest format".to_owned()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(name: &str, expected: Option<&str>) {
        assert_eq!(check_reference(name).err().as_deref(), expected, "{name}");
    }

    #[test]
    fn names_are_checked() {
        let digest = format!("a@sha256:{}", "0".repeat(64));
        for name in ["a", "a/b:1", "x.y:5000/a__b/c-d--e:T_.-", "localhost/a", "[::1]:5000/a", "UP/a", &digest] {
            check(name, None);
        }
        let format = Some("invalid reference format");
        for name in ["a:", "a#b", "a;", "a=b", "https://x/a.git", "a:1#2", "", "a//b", "a_", "a..b", "a@sha256:1", "-a"]
        {
            check(name, format);
        }
        check("localh\u{212a}st/x", Some("repository name must be lowercase"));
        check("A", Some("invalid reference format: repository name (library/A) must be lowercase"));
        check(
            &"0".repeat(64),
            Some(&*format!("invalid repository name ({}), cannot specify 64-byte hexadecimal strings", "0".repeat(64))),
        );
    }
}
