//! Names that users type and that go into files and scripts: only those that mean nothing else there.

use crate::text::SIZE_UNITS;

/// Bytes of a gibibyte.
pub(super) const GIBI: u64 = 1 << 30;

/// Whether a text is a part of a host's name, or a name in Kubernetes, between dots (RFC 1123, in small letters).
fn is_label(text: &str) -> bool {
    let is_plain = |byte: u8| byte.is_ascii_lowercase() || byte.is_ascii_digit() || byte == b'-';
    !text.is_empty() && text.bytes().all(is_plain) && !text.starts_with('-') && !text.ends_with('-')
}

/// A registry as host and port: `registry.example:5000`.
///
/// # Errors
/// What is expected.
pub fn registry_host(text: &str) -> Result<String, String> {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_port = |port: &str| !port.starts_with('+') && port.parse::<u16>().is_ok_and(|port| port > 0);
    if host.len() <= 253
        && host.split('.').all(|label| is_label(&label.to_ascii_lowercase()))
        && port.is_none_or(is_port)
    {
        Ok(text.to_owned())
    } else {
        Err("expected the host of a registry, with its port if it has one, such as `registry.example:5000`".to_owned())
    }
}

/// A name in Kubernetes: a label, or with `has_dots` several that are joined by dots.
///
/// # Errors
/// What is expected.
pub fn cluster_name(text: &str, has_dots: bool) -> Result<String, String> {
    let is_name = if has_dots { text.split('.').all(is_label) } else { is_label(text) };
    if is_name && text.len() <= if has_dots { 253 } else { 63 } {
        Ok(text.to_owned())
    } else {
        Err("expected a name as Kubernetes takes it: small letters, digits and `-`, such as `platform-team`".to_owned())
    }
}

/// A path below the folder that a script and YAML take as it stands.
///
/// # Errors
/// What is expected.
pub fn plain_path(text: &str) -> Result<String, String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || matches!(c, '.' | '_' | '-' | '/');
    let path = text.strip_prefix("./").unwrap_or(text);
    let is_below = path.split('/').all(|part| !matches!(part, "" | "." | "..")) && !path.starts_with('-');
    if path.chars().all(is_plain) && is_below {
        Ok(path.to_owned())
    } else {
        Err("expected a path below the folder, of letters, digits and `._-/`, such as `fleet.jsonl`".to_owned())
    }
}

/// Bytes of a size as Kubernetes writes it (`10Gi`), or as people do (`10GB`).
///
/// # Errors
/// What is expected.
pub fn storage_size(text: &str) -> Result<u64, String> {
    let end = text.find(|c: char| !c.is_ascii_digit()).unwrap_or(text.len());
    let is_unit = |name: &str| name == &text[end..] || name.strip_suffix('B') == Some(&text[end..]);
    let scale = SIZE_UNITS.iter().find(|(name, _)| is_unit(name)).map(|(_, scale)| *scale);
    let size = scale.and_then(|scale| text[..end].parse::<u64>().ok()?.checked_mul(scale));
    size.filter(|size| (GIBI..=1 << 50).contains(size))
        .ok_or_else(|| "expected a size from 1 GiB to 1 PiB, such as `10Gi` or `500GB`".to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn hostile_names_are_refused() {
        for name in ["", "a b", "a\nb", "${{ github.token }}", "$(id)", "a;b", "-a", "a'", "a:0", "a:+5", "a/b", "a..b"]
        {
            assert!(registry_host(name).is_err() && cluster_name(name, true).is_err(), "{name}");
        }
        for path in ["", "/a", "../a", "a/../b", "a b", "-a", "a//b", "$a", "a\n", "."] {
            assert!(plain_path(path).is_err(), "{path}");
        }
        assert_eq!(registry_host("127.0.0.1:5000").as_deref(), Ok("127.0.0.1:5000"));
        assert_eq!(cluster_name("platform-team", false).as_deref(), Ok("platform-team"));
        assert!(cluster_name("a.b", false).is_err() && cluster_name("a.b", true).is_ok());
        assert_eq!(plain_path("./lists/fleet.jsonl").as_deref(), Ok("lists/fleet.jsonl"));
    }

    #[test]
    fn sizes_are_read_as_kubernetes_and_people_write_them() {
        assert_eq!(storage_size("10Gi"), Ok(10 << 30));
        assert_eq!(storage_size("10GiB"), Ok(10 << 30));
        assert_eq!(storage_size("500GB"), Ok(500_000_000_000));
        for size in ["", "10", "-1Gi", "1.5Gi", "10 Gi", "99999999999Ti", "1Mi", "10Gi\n"] {
            assert!(storage_size(size).is_err(), "{size}");
        }
    }
}
