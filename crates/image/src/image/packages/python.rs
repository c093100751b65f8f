//! What Python's installers write down (`PyPA` specifications: recording installed distributions, core metadata).

use serde::Deserialize;

use super::fact::{JsonBool, NameHash, Need, PackageFactKind, Record, word};
use super::list::ListMaker;

/// `METADATA` and `PKG-INFO`: header fields up to the first empty line.
pub(super) fn metadata(bytes: &[u8]) -> Option<PackageFactKind> {
    let mut record = Record::default();
    let mut needs = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end) {
        if line.is_empty() {
            break;
        }
        let Some(colon) = memchr::memchr(b':', line) else { continue };
        let value = line[colon + 1..].trim_ascii();
        match &line[..colon] {
            b"Name" => record.name = word(value),
            b"Version" => record.version = word(value),
            b"Requires-Dist" => needs.extend(requirement(value)),
            _ => {}
        }
    }
    record.needs = needs.into();
    (!record.name.is_empty()).then(|| PackageFactKind::Metadata(Box::new(record)))
}

/// `name[extra] >=1 ; marker`. What only Windows or macOS needs is none; what an extra needs is weak.
fn requirement(value: &[u8]) -> Option<Need> {
    let (wanted, marker) =
        value.iter().position(|&byte| byte == b';').map_or((value, &b""[..]), |cut| value.split_at(cut));
    let has = |text: &[u8]| memchr::memmem::find(marker, text).is_some();
    let elsewhere = [&b"win32"[..], b"Windows", b"darwin", b"Darwin", b"\"nt\"", b"'nt'"].into_iter().any(has);
    if elsewhere && (has(b"==") || has(b"===")) && !has(b"!=") && !has(b" or ") {
        return None;
    }
    let end = wanted.iter().position(|byte| !byte.is_ascii_alphanumeric() && !b"-_.".contains(byte));
    let name = &wanted[..end.unwrap_or(wanted.len())];
    (!name.is_empty()).then(|| Need { name: normalized(name), or_next: false, weak: has(b"extra") })
}

/// A name as the index compares it (PEP 503).
pub(super) fn normalized(name: &[u8]) -> NameHash {
    let mut text = Vec::with_capacity(name.len());
    for &byte in name {
        if !b"-_.".contains(&byte) {
            text.push(byte.to_ascii_lowercase());
        } else if text.last() != Some(&b'-') {
            text.push(b'-');
        }
    }
    NameHash::of(&text)
}

/// `RECORD`: CSV with a path, a hash and a size.
pub(super) fn record(bytes: &[u8]) -> PackageFactKind {
    let mut maker = ListMaker::default();
    let mut unquoted = Vec::new();
    for line in bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii_end) {
        let Some(rest) = line.strip_prefix(b"\"") else {
            maker.add(line.split(|&byte| byte == b',').next().unwrap_or_default());
            continue;
        };
        unquoted.clear();
        let mut bytes = rest.iter().peekable();
        while let Some(&byte) = bytes.next() {
            if byte == b'"' && bytes.next() != Some(&b'"') {
                break;
            }
            unquoted.push(byte);
        }
        maker.add(&unquoted);
    }
    PackageFactKind::Files(maker.finish())
}

/// `installed-files.txt` and `SOURCES.txt`: one path a line.
pub(super) fn egg_files(bytes: &[u8]) -> PackageFactKind {
    let mut maker = ListMaker::default();
    bytes.split(|&byte| byte == b'\n').for_each(|line| maker.add(line.trim_ascii()));
    PackageFactKind::Files(maker.finish())
}

/// `requires.txt`: requirements; those below `[extra]` belong to an extra.
pub(super) fn egg_requires(bytes: &[u8]) -> PackageFactKind {
    let (mut needs, mut weak) = (Vec::new(), false);
    for line in bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        weak |= line.starts_with(b"[");
        needs.extend(requirement(line).map(|need| Need { weak: need.weak || weak, ..need }));
    }
    PackageFactKind::Metadata(Box::new(Record { needs: needs.into(), ..Record::default() }))
}

/// `INSTALLER`: `pip`, `uv`, …
pub(super) fn installer(bytes: &[u8]) -> PackageFactKind {
    PackageFactKind::Installer(word(bytes.split(u8::is_ascii_whitespace).next().unwrap_or_default()))
}

/// `direct_url.json` (PEP 610): only whether the code is elsewhere.
pub(super) fn direct_url(bytes: &[u8]) -> Option<PackageFactKind> {
    #[derive(Deserialize)]
    struct DirectUrl {
        dir_info: SitePackages,
    }
    #[derive(Deserialize)]
    struct SitePackages {
        #[serde(default)]
        editable: JsonBool,
    }
    serde_json::from_slice::<DirectUrl>(bytes)
        .ok()
        .filter(|url| url.dir_info.editable.0)
        .map(|_| PackageFactKind::Editable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(requirement_text: &str, expected: Option<(&str, bool)>) {
        let expected = expected.map(|(name, weak)| Need { weak, ..Need::of(name.as_bytes()) });
        assert_eq!(requirement(requirement_text.as_bytes()), expected, "{requirement_text}");
    }

    #[test]
    fn requirements_are_read() {
        check("Typing_Extensions>=4.8.0", Some(("typing-extensions", false)));
        check("uvicorn[standard] (>=0.12) ; extra == \"all\"", Some(("uvicorn", true)));
        check("colorama>=0.4; sys_platform == \"win32\"", None);
        check("uvloop; sys_platform != 'win32'", Some(("uvloop", false)));
        check("", None);
    }

    #[test]
    fn records_may_be_quoted() {
        let plain = record(b"a/b.py,sha256=x,1\r\n../../../bin/x,,\n");
        let quoted = record(b"\"a/b.py\",sha256=x,1\n\"../../../bin/x\",,\n");
        assert_eq!(plain, quoted);
        assert_eq!(
            direct_url(b"{\"url\": \"file:///x\", \"dir_info\": {\"editable\": true}}"),
            Some(PackageFactKind::Editable)
        );
    }
}
