//! What apk writes down (apk-package(5): the installed database and the world).

use super::fact::{NameHash, Need, PackageFactKind, Record, word};
use super::list::ListMaker;

/// `lib/apk/db/installed`: lines of a letter, a colon and a value; packages are parted by empty lines.
pub(super) fn installed(bytes: &[u8]) -> PackageFactKind {
    let mut records = Vec::new();
    let (mut record, mut files, mut folder) = (Record::default(), ListMaker::default(), &b""[..]);
    for line in bytes.split(|&byte| byte == b'\n').chain([&b""[..]]) {
        let line = line.trim_ascii_end();
        let Some((letter, value)) =
            line.split_first().and_then(|(letter, rest)| Some((letter, rest.strip_prefix(b":")?)))
        else {
            if line.is_empty() && !record.name.is_empty() {
                record.files = std::mem::take(&mut files).finish();
                records.push(std::mem::take(&mut record));
                folder = b"";
            }
            continue;
        };
        match letter {
            b'P' => record.name = word(value),
            b'V' => record.version = word(value),
            b'A' => record.architecture = word(value),
            b'D' => record.needs = needs(value),
            b'p' => record.provides = words(value).map(|word| NameHash::of(package_name(word))).collect(),
            b'i' => record.pulled_by = words(value).map(|word| NameHash::of(package_name(word))).collect(),
            b'F' => folder = value,
            b'R' => files.add_below(folder, value),
            _ => {}
        }
    }
    PackageFactKind::Database(records.into())
}

/// `etc/apk/world`: what somebody asked for.
pub(super) fn world(bytes: &[u8]) -> PackageFactKind {
    PackageFactKind::Names(
        words(bytes).filter(|word| word[0] != b'!').map(|word| NameHash::of(package_name(word))).collect(),
    )
}

fn needs(value: &[u8]) -> Box<[Need]> {
    words(value).filter(|word| word[0] != b'!').map(|word| Need::of(package_name(word))).collect()
}

fn words(value: &[u8]) -> impl Iterator<Item = &[u8]> {
    value.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty())
}

/// A name without its version and repository: `musl>=1.2`, `x@edge`.
fn package_name(word: &[u8]) -> &[u8] {
    let end = word.iter().position(|byte| matches!(byte, b'<' | b'>' | b'=' | b'~' | b'@')).unwrap_or(word.len());
    &word[..end]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_database_has_files() {
        let text =
            b"C:Q1x=\nP:busybox\nV:1.37.0-r12\nA:x86_64\nD:so:libc.musl-x86_64.so.1 !bad x>=2\np:/bin/sh cmd:ls=1\n\
            F:bin\nM:0:0:1777\nR:ls\na:0:0:777\nR:sh\nF:etc/apk\n\nP:.build-deps\nV:20260101.0\nD:gcc\n";
        let PackageFactKind::Database(records) = installed(text) else { panic!() };
        assert_eq!((&*records[0].name, &*records[0].version, records.len()), ("busybox", "1.37.0-r12", 2));
        assert_eq!(*records[0].needs, [Need::of(b"so:libc.musl-x86_64.so.1"), Need::of(b"x")]);
        assert_eq!(*records[0].provides, [NameHash::of(b"/bin/sh"), NameHash::of(b"cmd:ls")]);
        assert!(!records[0].files.is_empty() && records[1].files.is_empty());
    }
}
