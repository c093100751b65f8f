//! Extended headers of POSIX.1-2001 ("pax"): records of length, key and value.

use std::ops::Range;

use percent_encoding::percent_decode;

use crate::image::base64;
use crate::image::layer::Xattrs;

/// What the records of one extended header set. Of equal keys the last counts; empty values set nothing.
#[derive(Debug, Default)]
pub(super) struct Records {
    text: Vec<u8>,
    values: [Option<Range<usize>>; KEYS.len()],
    /// Extended attributes, sorted by name.
    pub(super) xattrs: Xattrs,
    encoded: Xattrs,
    /// Offsets and lengths, in turn, of sparse 0.0.
    pub(super) fragments: Vec<u64>,
}

/// A record that is looked at.
#[derive(Clone, Copy, Debug)]
pub(super) enum Key {
    Path,
    Link,
    Uid,
    Gid,
    Size,
    Mtime,
    SparseMajor,
    SparseMinor,
    SparseName,
    SparseSize,
    SparseRealSize,
    SparseMap,
    SparseBlocks,
}

const KEYS: [&[u8]; 13] = [
    b"path",
    b"linkpath",
    b"uid",
    b"gid",
    b"size",
    b"mtime",
    b"GNU.sparse.major",
    b"GNU.sparse.minor",
    b"GNU.sparse.name",
    b"GNU.sparse.size",
    b"GNU.sparse.realsize",
    b"GNU.sparse.map",
    b"GNU.sparse.numblocks",
];

impl Records {
    /// Forgets all, so that the next header can be read into its [`Self::text`].
    pub(super) fn clear(&mut self) {
        self.text.clear();
        self.values = Default::default();
        self.xattrs.clear();
        self.encoded.clear();
        self.fragments.clear();
    }

    /// Where the header's bytes are put before they are read.
    pub(super) fn text(&mut self) -> &mut Vec<u8> {
        &mut self.text
    }

    /// Reads the records; the answer is what is wrong.
    pub(super) fn read(&mut self) -> Result<(), &'static str> {
        let text = std::mem::take(&mut self.text);
        let mut at = 0;
        let mut outcome = Ok(());
        while at < text.len() {
            match record(&text[at..]) {
                Some((key, value, length)) => {
                    outcome = self.take(&text, at + key.start..at + key.end, at + value.start..at + value.end);
                    at += length;
                }
                None => outcome = Err("invalid record in an extended header"),
            }
            if outcome.is_err() {
                break;
            }
        }
        self.text = text;
        self.normalise();
        outcome
    }

    fn take(&mut self, text: &[u8], key: Range<usize>, value: Range<usize>) -> Result<(), &'static str> {
        let name = &text[key];
        let content = &text[value.clone()];
        if let Some(index) = KEYS.iter().position(|known| *known == name) {
            if index <= Key::Link as usize && content.contains(&0) {
                return Err("an extended header has a path with a NUL");
            }
            self.values[index] = (!value.is_empty()).then_some(value);
        } else if name.contains(&0) {
            return Err("an extended header has a key with a NUL");
        } else if let Some(attribute) = name.strip_prefix(b"SCHILY.xattr.") {
            self.xattrs.push((attribute.into(), content.into()));
        } else if let Some(attribute) = name.strip_prefix(b"LIBARCHIVE.xattr.") {
            let content: Vec<u8> = content.iter().copied().filter(|byte| *byte != b'\n').collect();
            if let Some(content) = base64::decode(&content) {
                self.encoded.push((percent_decode(attribute).collect(), content.into()));
            }
        } else if name == b"GNU.sparse.offset" || name == b"GNU.sparse.numbytes" {
            let is_offset = name.ends_with(b"offset");
            let number = decimal(content).and_then(|number| u64::try_from(number).ok());
            match number {
                Some(number) if is_offset == self.fragments.len().is_multiple_of(2) => self.fragments.push(number),
                _ => return Err("invalid sparse map in an extended header"),
            }
        }
        Ok(())
    }

    /// Sorts the attributes; of equal names the last counts, and what libarchive wrote only where nobody else did.
    fn normalise(&mut self) {
        self.encoded.append(&mut self.xattrs);
        std::mem::swap(&mut self.encoded, &mut self.xattrs);
        self.xattrs.sort_by(|(left, _), (other, _)| left.cmp(other));
        self.xattrs.dedup_by(|later, earlier| {
            let same = later.0 == earlier.0;
            if same {
                std::mem::swap(later, earlier);
            }
            same
        });
        self.xattrs.retain(|(_, value)| !value.is_empty());
    }

    /// A record's value, where it is set.
    pub(super) fn value(&self, key: Key) -> Option<&[u8]> {
        self.values[key as usize].clone().map(|range| &self.text[range])
    }

    /// A record's value as a number, where it is set; an error where it is none.
    pub(super) fn number(&self, key: Key) -> Result<Option<i64>, &'static str> {
        let Some(value) = self.value(key) else { return Ok(None) };
        decimal(value).map(Some).ok_or("invalid number in an extended header")
    }

    /// The time of modification in whole seconds, rounded down.
    pub(super) fn mtime(&self) -> Result<Option<i64>, &'static str> {
        let Some(value) = self.value(Key::Mtime) else { return Ok(None) };
        let wrong = "invalid time in an extended header";
        let mut halves = value.splitn(2, |&byte| byte == b'.');
        let seconds = halves.next().and_then(decimal).ok_or(wrong)?;
        let fraction = halves.next().unwrap_or_default();
        if !fraction.iter().all(u8::is_ascii_digit) {
            return Err(wrong);
        }
        let below = value.starts_with(b"-") && fraction.iter().any(|&digit| digit != b'0');
        Ok(Some(seconds.saturating_sub(i64::from(below))))
    }

    /// Whether it sets something that files have.
    pub(super) fn sets_anything(&self) -> bool {
        self.values.iter().any(Option::is_some) || !self.xattrs.is_empty()
    }
}

/// A whole number with sign.
pub(super) fn decimal(text: &[u8]) -> Option<i64> {
    std::str::from_utf8(text).ok()?.parse().ok()
}

/// `length key=value\n`: places of key and value, and the length.
fn record(text: &[u8]) -> Option<(Range<usize>, Range<usize>, usize)> {
    // No length has more digits than fit into a number.
    let space = text.iter().take(20).position(|&byte| byte == b' ')?;
    let length = usize::try_from(decimal(&text[..space])?).ok()?;
    if length < 5 || length > text.len() || length <= space + 1 || text[length - 1] != b'\n' {
        return None;
    }
    let (start, end) = (space + 1, length - 1);
    let equals = start + text[start..end].iter().position(|&byte| byte == b'=')?;
    (equals > start).then_some((start..equals, equals + 1..end, length))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &[u8]) -> Result<Records, &'static str> {
        let mut records = Records::default();
        records.text().extend_from_slice(text);
        records.read().map(|()| records)
    }

    #[test]
    fn records_are_read() {
        let records = read(
            b"12 path=a/b\n20 mtime=-1.5000000\n8 path=\n25 SCHILY.xattr.user.a=b\n35 LIBARCHIVE.xattr.user.b%20=eA==\n",
        );
        let records = records.unwrap();
        assert_eq!(records.value(Key::Path), None);
        assert_eq!(records.mtime(), Ok(Some(-2)));
        let xattrs: Vec<(&[u8], &[u8])> = records.xattrs.iter().map(|(k, v)| (&**k, &**v)).collect();
        assert_eq!(xattrs, [(&b"user.a"[..], &b"b"[..]), (b"user.b ", b"x")]);
    }

    #[test]
    fn headers_of_libarchive_are_decoded() {
        for (record, name, value) in [
            (&b"35 LIBARCHIVE.xattr.user.b%20=eA==\n"[..], "user.b ", "x"),
            (b"31 LIBARCHIVE.xattr.user.b=eHk\n", "user.b", "xy"),
            (b"35 LIBARCHIVE.xattr.user.b%2=eHl\n6\n", "user.b%2", "xyz"),
            (b"33 LIBARCHIVE.xattr.user.%+f=eH=\n", "user.%+f", "x"),
        ] {
            let records = read(record).unwrap();
            let xattrs: Vec<(&[u8], &[u8])> = records.xattrs.iter().map(|(k, v)| (&**k, &**v)).collect();
            assert_eq!(xattrs, [(name.as_bytes(), value.as_bytes())]);
        }
        assert!(read(b"33 LIBARCHIVE.xattr.user.b=!!!!=\n").unwrap().xattrs.is_empty());
    }

    #[test]
    fn invalid_records_are_errors() {
        for wrong in [
            &b"12 path=a/b"[..],
            b"13 path=a/b\n",
            b"11 path=a/b\n",
            b"4 a\n",
            b"6 =ab\n",
            b"6 abc\n",
            b"99999999999999999999 a=b\n",
            b"-6 a=b\n",
            b"13 path=a\0bc\n",
            b"\0\0\0\0",
        ] {
            assert!(read(wrong).is_err(), "{wrong:?}");
        }
    }
}
