//! `os-release`: which distribution an image is of (os-release(5)).

use super::fact::{PackageFactKind, word};
use super::result::SystemRelease;

/// What the file says; `None` where it names no distribution.
pub(super) fn read(bytes: &[u8]) -> Option<PackageFactKind> {
    let value = |key: &[u8]| {
        let lines = bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii);
        let value = lines.filter_map(|line| line.strip_prefix(key)?.strip_prefix(b"=")).next_back()?;
        Some(word(value).trim_matches(['"', '\'']).into())
    };
    let id: Box<str> = value(b"ID")?;
    let is_id = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || matches!(c, '.' | '_' | '-');
    let is_valid = !id.is_empty() && id.chars().all(is_id);
    is_valid.then(|| PackageFactKind::Release(SystemRelease { id, version: value(b"VERSION_ID").unwrap_or_default() }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: Option<(&str, &str)>) {
        let release = read(text.as_bytes()).map(|fact| match fact {
            PackageFactKind::Release(release) => release,
            other => panic!("{other:?}"),
        });
        let expected = expected.map(|(id, version)| SystemRelease { id: id.into(), version: version.into() });
        assert_eq!(release, expected, "{text}");
    }

    #[test]
    fn the_distribution_is_read() {
        let debian = "PRETTY_NAME=\"Debian GNU/Linux 12\"\nVERSION_ID=\"12\"\nID=debian\nID_LIKE=x\n";
        check(debian, Some(("debian", "12")));
        check("ID='alpine'\r\nVERSION_ID=3.20.3\r\n", Some(("alpine", "3.20.3")));
        check("ID=arch\n", Some(("arch", "")));
        check("ID=\"a b\"\n", None);
        check("VERSION_ID=1\n", None);
        check("", None);
    }
}
