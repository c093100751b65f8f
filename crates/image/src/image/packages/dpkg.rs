//! What dpkg and apt write down (deb822, dpkg(1) "FILES", apt-mark(8)).

use super::fact::{NameHash, Need, PackageFactKind, Record, word};
use super::list::ListMaker;

/// Stanzas of `Field: value` lines, parted by empty lines; continuation lines are left out.
struct ControlParagraphs<'a> {
    lines: std::slice::Split<'a, u8, fn(&u8) -> bool>,
}

fn stanzas(bytes: &[u8]) -> ControlParagraphs<'_> {
    ControlParagraphs { lines: bytes.split(|&byte| byte == b'\n') }
}

impl<'a> ControlParagraphs<'a> {
    /// Calls back with each field of the next stanza; false at the end.
    fn next(&mut self, mut call: impl FnMut(&'a [u8], &'a [u8])) -> bool {
        let mut some = false;
        for line in self.lines.by_ref() {
            let line = line.trim_ascii_end();
            if line.is_empty() {
                if some {
                    return true;
                }
                continue;
            }
            some = true;
            if line[0] != b' '
                && line[0] != b'\t'
                && let Some(colon) = memchr::memchr(b':', line)
            {
                call(&line[..colon], line[colon + 1..].trim_ascii());
            }
        }
        some
    }
}

/// `status`: the packages whose files are there. A file of `status.d` says nothing of a state.
pub(super) fn status(bytes: &[u8]) -> PackageFactKind {
    let mut records = Vec::new();
    let mut all = stanzas(bytes);
    loop {
        let mut record = Record::default();
        let (mut needs, mut gone) = (Vec::new(), false);
        let some = all.next(|field, value| match field {
            b"Package" => record.name = word(value),
            b"Version" => record.version = word(value),
            b"Architecture" => record.architecture = word(value),
            b"Essential" => record.essential |= value == b"yes",
            b"Priority" => record.essential |= value == b"required",
            b"Status" => {
                let state = value.rsplit(|&byte| byte == b' ').next().unwrap_or_default();
                gone = matches!(state, b"config-files" | b"not-installed" | b"half-installed");
            }
            // What `apt autoremove` leaves in place for another package, Recommends too.
            b"Depends" | b"Pre-Depends" | b"Recommends" => relations(value, &mut needs),
            b"Provides" => record.provides = provided(value),
            _ => {}
        });
        if !some {
            break;
        }
        if !gone && !record.name.is_empty() {
            record.needs = needs.into();
            records.push(record);
        }
    }
    PackageFactKind::Database(records.into())
}

/// `a (>= 1) | b:any, c`.
fn relations(value: &[u8], needs: &mut Vec<Need>) {
    for group in value.split(|&byte| byte == b',') {
        let mut alternatives =
            group.split(|&byte| byte == b'|').map(relation).filter(|name| !name.is_empty()).peekable();
        while let Some(name) = alternatives.next() {
            needs.push(Need { or_next: alternatives.peek().is_some(), ..Need::of(name) });
        }
    }
}

fn relation(text: &[u8]) -> &[u8] {
    let text = text.trim_ascii();
    let end = text.iter().position(|byte| matches!(byte, b' ' | b':' | b'(' | b'[' | b'<')).unwrap_or(text.len());
    &text[..end]
}

fn provided(value: &[u8]) -> Box<[NameHash]> {
    value.split(|&byte| byte == b',').map(|split| NameHash::of(relation(split))).collect()
}

/// `info/*.list` and `info/*.conffiles`: one path a line.
pub(super) fn list(bytes: &[u8]) -> PackageFactKind {
    let mut maker = ListMaker::default();
    for line in bytes.split(|&byte| byte == b'\n').map(<[u8]>::trim_ascii) {
        // A conffile that a newer version dropped: `remove-on-upgrade /etc/x`.
        maker.add(line.strip_prefix(b"remove-on-upgrade ").unwrap_or(line));
    }
    PackageFactKind::Files(maker.finish())
}

/// `*.md5sums`: a sum, two blanks, and a path without a leading slash.
pub(super) fn sums(bytes: &[u8]) -> PackageFactKind {
    let mut maker = ListMaker::default();
    for line in bytes.split(|&byte| byte == b'\n') {
        if let Some(cut) = memchr::memchr(b' ', line) {
            maker.add(line[cut..].trim_ascii());
        }
    }
    PackageFactKind::Files(maker.finish())
}

/// `diversions`: three lines each: the path, where it went, and the package that keeps the path (`:` for the
/// administrator).
pub(super) fn diversions(bytes: &[u8]) -> PackageFactKind {
    let lines: Vec<&[u8]> = bytes.split(|&byte| byte == b'\n').collect();
    let all = lines.chunks_exact(3).map(|lines| (lines[0].into(), lines[1].into(), NameHash::of(lines[2])));
    PackageFactKind::Diversions(all.collect())
}

/// `extended_states`: the packages that are marked as installed by themselves, each as its name, and as its name with its
/// architecture.
pub(super) fn automatic(bytes: &[u8]) -> PackageFactKind {
    let mut names = Vec::new();
    let mut all = stanzas(bytes);
    loop {
        let (mut name, mut architecture, mut automatic) = (&b""[..], &b""[..], false);
        let some = all.next(|field, value| match field {
            b"Package" => name = value,
            b"Architecture" => architecture = value,
            b"Auto-Installed" => automatic = value == b"1",
            _ => {}
        });
        if !some {
            return PackageFactKind::Names(names.into());
        }
        if automatic {
            names.extend([NameHash::of(name), NameHash::of(name).union(NameHash::of(architecture))]);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn status_has_what_is_installed() {
        let text = b"Package: git\nStatus: install ok installed\nArchitecture: amd64\nVersion: 1:2.47-1\n\
            Depends: libc6 (>= 2.38), perl:any | perl-base,\nDescription: fast\n .\n Package: not\nPre-Depends: dpkg\n\n\n\
            Package: old\nStatus: deinstall ok config-files\nVersion: 1\n\nPackage: base\nEssential: yes\nPriority: required";
        let PackageFactKind::Database(records) = status(text) else { panic!() };
        assert_eq!(records.iter().map(|record| &*record.name).collect::<Vec<_>>(), ["git", "base"]);
        let need = |name: &str, or_next| Need { or_next, ..Need::of(name.as_bytes()) };
        let needs = [need("libc6", false), need("perl", true), need("perl-base", false), need("dpkg", false)];
        assert_eq!(*records[0].needs, needs);
        assert!(records[1].essential && !records[0].essential);
    }

    #[test]
    fn states_name_what_is_automatic() {
        let text = b"Package: a\nArchitecture: amd64\nAuto-Installed: 1\n\nPackage: b\nAuto-Installed: 0\n";
        let PackageFactKind::Names(names) = automatic(text) else { panic!() };
        assert!(names.contains(&NameHash::of(b"a")) && !names.contains(&NameHash::of(b"b")));
    }
}
