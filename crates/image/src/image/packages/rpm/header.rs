//! An rpm header: an index of tags, and their data (rpm's docs/manual/format.md; tag numbers of rpmtag.h).

use crate::image::packages::fact::{NameHash, Need, Record, word};
use crate::image::packages::list::ListMaker;

const NAME: u32 = 1000;
const VERSION: u32 = 1001;
const RELEASE: u32 = 1002;
const EPOCH: u32 = 1003;
const ARCH: u32 = 1022;
const OLD_FILE_NAMES: u32 = 1027;
const PROVIDE_NAME: u32 = 1047;
const REQUIRE_NAME: u32 = 1049;
const DIRECTORY_INDEXES: u32 = 1116;
const BASE_NAMES: u32 = 1117;
const DIRECTORY_NAMES: u32 = 1118;
const RECOMMEND_NAME: u32 = 5046;

/// A header without its magic, as databases keep it.
struct Header<'a> {
    index: &'a [u8],
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn new(blob: &'a [u8]) -> Option<Self> {
        let length = |at: usize| Some(u32::from_be_bytes(*blob.get(at..)?.first_chunk()?) as usize);
        let (index, data) = blob.get(8..)?.split_at_checked(length(0)?.checked_mul(16)?)?;
        Some(Self { index, data: data.get(..length(4)?)? })
    }

    /// A tag's data from its start on, with the number of its values.
    fn tag(&self, tag: u32) -> Option<(&'a [u8], usize)> {
        let field =
            |entry: &[u8], at: usize| u32::from_be_bytes([entry[at], entry[at + 1], entry[at + 2], entry[at + 3]]);
        let entry = self.index.chunks_exact(16).find(|entry| field(entry, 0) == tag)?;
        Some((self.data.get(field(entry, 8) as usize..)?, field(entry, 12) as usize))
    }

    /// The texts of a tag, as many as it has at most.
    fn texts(&self, tag: u32) -> impl Iterator<Item = &'a [u8]> + use<'a> {
        let (data, count) = self.tag(tag).unwrap_or_default();
        // The piece after the last end is no text.
        data.split_inclusive(|&byte| byte == 0).take(count).filter_map(|text| text.strip_suffix(b"\0"))
    }

    fn text(&self, tag: u32) -> &'a [u8] {
        self.texts(tag).next().unwrap_or_default()
    }

    fn numbers(&self, tag: u32) -> impl Iterator<Item = u32> + use<'a> {
        let (data, count) = self.tag(tag).unwrap_or_default();
        data.chunks_exact(4).take(count).map(|bytes| u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }
}

/// The package of a header; keys (`gpg-pubkey`) are none.
pub(super) fn package(blob: &[u8]) -> Option<Record> {
    let header = Header::new(blob)?;
    let (name, epoch) = (header.text(NAME), header.numbers(EPOCH).next());
    if name.is_empty() || name == b"gpg-pubkey" {
        return None;
    }
    let epoch = epoch.map(|epoch| format!("{epoch}:")).unwrap_or_default();
    let version = [epoch.as_bytes(), header.text(VERSION), b"-", header.text(RELEASE)].concat();
    let mut needs_files = ListMaker::default();
    let mut needs = Vec::new();
    for need in header.texts(REQUIRE_NAME).chain(header.texts(RECOMMEND_NAME)) {
        match need.first() {
            Some(b'/') => needs_files.add(need),
            // `(a if b)`: which one counts depends on what there is.
            Some(b'(') => {}
            _ if need.starts_with(b"rpmlib(") => {}
            _ => needs.push(Need::of(need)),
        }
    }
    Some(Record {
        name: word(name),
        version: word(&version),
        architecture: word(header.text(ARCH)),
        needs: needs.into(),
        provides: header.texts(PROVIDE_NAME).map(NameHash::of).collect(),
        files: files(&header),
        needs_files: needs_files.finish(),
        ..Record::default()
    })
}

fn files(header: &Header<'_>) -> crate::image::packages::list::FileList {
    let mut maker = ListMaker::default();
    let folders: Vec<&[u8]> = header.texts(DIRECTORY_NAMES).collect();
    for (name, folder) in header.texts(BASE_NAMES).zip(header.numbers(DIRECTORY_INDEXES)) {
        if let Some(folder) = folders.get(folder as usize) {
            maker.add_below(folder, name);
        }
    }
    header.texts(OLD_FILE_NAMES).for_each(|path| maker.add(path));
    maker.finish()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A header of string lists.
    fn header(tags: &[(u32, &str)]) -> Vec<u8> {
        let (mut index, mut data) = (Vec::new(), Vec::new());
        for (tag, texts) in tags {
            let count = texts.split(' ').count() as u32;
            for field in [*tag, 8, data.len() as u32, count] {
                index.extend(field.to_be_bytes());
            }
            texts.split(' ').for_each(|text| data.extend([text.as_bytes(), b"\0"].concat()));
        }
        [&(tags.len() as u32).to_be_bytes()[..], &(data.len() as u32).to_be_bytes(), &index, &data].concat()
    }

    #[test]
    fn headers_are_read() {
        let blob = header(&[
            (NAME, "bash"),
            (VERSION, "5.3"),
            (RELEASE, "1"),
            (REQUIRE_NAME, "rpmlib(X) libc.so.6 /bin/sh (a"),
        ]);
        let record = package(&blob).unwrap();
        assert_eq!((&*record.name, &*record.version), ("bash", "5.3-1"));
        assert_eq!(*record.needs, [Need::of(b"libc.so.6")]);
        assert!(!record.needs_files.is_empty());
    }

    #[test]
    fn lies_do_no_harm() {
        let blob = header(&[(NAME, "bash"), (BASE_NAMES, "a b"), (DIRECTORY_NAMES, "/usr/")]);
        for at in 0..blob.len() {
            for value in [0, 1, 127, 255] {
                let mut changed = blob.clone();
                changed[at] = value;
                let _ = package(&changed);
            }
            let _ = package(&blob[..at]);
        }
    }
}
