//! The members of an archive that holds an image: by name, links followed.

use std::collections::BTreeMap;
use std::io;

use crate::image::document::clean;
use crate::image::error::{Error, ImageErrorKind};
use crate::image::fault::Fault;
use crate::image::tar::{Member, MemberKind, TarError};
use crate::text::path;

/// Members of one archive at most.
const MEMBERS: usize = 200_000;

/// Links to links.
const LINKS: usize = 8;

/// Sentences about one archive at most.
const NOTICES: usize = 20;

#[derive(Debug)]
enum MemberSlot<T> {
    File(T),
    Link(String),
}

/// Files of an archive, with what is known of each.
#[derive(Debug)]
pub(super) struct Members<T> {
    slots: BTreeMap<String, MemberSlot<T>>,
    count: usize,
    pub(super) notices: Vec<String>,
}

impl<T> Default for Members<T> {
    fn default() -> Self {
        Self { slots: BTreeMap::new(), count: 0, notices: Vec::new() }
    }
}

impl<T> Members<T> {
    /// Takes in a member: a link at once; of a file the answer is the name by which its contents are to be kept.
    pub(super) fn add(&mut self, member: &Member) -> Result<Option<String>, Error> {
        self.count += 1;
        if self.count > MEMBERS {
            return Err(Error::new(ImageErrorKind::TooLarge, format!("more than {MEMBERS} members in the archive")));
        }
        // What is no UTF-8 cannot be named by a document.
        let Some(name) = std::str::from_utf8(&member.name).ok().and_then(clean) else { return Ok(None) };
        let target = std::str::from_utf8(&member.link).unwrap_or_default();
        match member.kind {
            MemberKind::Symlink => {
                let folder = path::parent(&name);
                let target = if target.starts_with('/') { None } else { clean(&path::join(folder, target)) };
                if let Some(target) = target {
                    self.put(name, MemberSlot::Link(target));
                }
            }
            MemberKind::Hardlink => {
                if let Some(target) = clean(target) {
                    self.put(name, MemberSlot::Link(target));
                }
            }
            MemberKind::File if member.sparse.is_some() => {
                self.add_notice(format!("`{name}` is a sparse file in the archive, which is not supported"));
            }
            MemberKind::File => return Ok(Some(name)),
            _ => {}
        }
        Ok(None)
    }

    /// Keeps what is known of a file; of several with one name the last one counts.
    pub(super) fn keep(&mut self, name: String, known: T) {
        self.put(name, MemberSlot::File(known));
    }

    fn put(&mut self, name: String, slot: MemberSlot<T>) {
        if self.slots.contains_key(&name) {
            self.add_notice(format!("`{name}` is in the archive more than once; using the last one"));
        }
        self.slots.insert(name, slot);
    }

    fn add_notice(&mut self, notice: String) {
        if self.notices.len() < NOTICES && !self.notices.contains(&notice) {
            self.notices.push(notice);
        }
    }

    /// What a name stands for.
    pub(super) fn find(&self, name: &str) -> Option<&T> {
        let mut slot = self.slots.get(name)?;
        for _ in 0..LINKS {
            match slot {
                MemberSlot::File(known) => return Some(known),
                MemberSlot::Link(target) => slot = self.slots.get(target)?,
            }
        }
        None
    }

    /// Whether nothing is known.
    pub(super) fn is_empty(&self) -> bool {
        self.count == 0
    }
}

/// What is wrong with an archive that can't be walked further; `first`: not even its first member could be read.
pub(super) fn broken(error: &TarError, first: bool) -> Error {
    let message = error.to_string();
    match error {
        TarError::Read(error) => unreadable(error),
        TarError::Corrupt(..) if first => {
            Error::new(ImageErrorKind::NotAnImage, "not a tar archive, compressed or not")
                .help("use an archive written by `docker save`, or an OCI layout")
        }
        TarError::Truncated(offset) | TarError::Corrupt(offset, _) => {
            Error::new(ImageErrorKind::Damaged, message).from_start(*offset).help("export or copy the image again")
        }
        TarError::Limit(offset, _) => Error::new(ImageErrorKind::TooLarge, message).from_start(*offset),
    }
}

/// What is wrong with a source, which may itself be a decoder.
pub(super) fn unreadable(error: &io::Error) -> Error {
    match error.get_ref().and_then(|inner| inner.downcast_ref::<Fault>()) {
        Some(fault) => damage(fault),
        None => Error::io(error),
    }
}

/// What is wrong with a compressed blob.
pub(super) fn damage(fault: &Fault) -> Error {
    use crate::image::fault::FaultKind;
    let trouble = match fault.kind {
        FaultKind::Unreadable(kind) => Error::io(&io::Error::from(kind)).trouble,
        FaultKind::Truncated | FaultKind::Corrupt => ImageErrorKind::Damaged,
        FaultKind::Limit => ImageErrorKind::TooLarge,
    };
    let message = match fault.tar_offset {
        Some(offset) => format!("{} (byte {offset} of the archive inside)", fault.what),
        None => fault.what.clone(),
    };
    let error = Error::new(trouble, message).from_start(fault.offset);
    match trouble {
        ImageErrorKind::Damaged => error.help("export or pull the image again"),
        ImageErrorKind::TooLarge if fault.what.ends_with("uncompressed") => {
            error.help("it may be a decompression bomb; if you trust it, raise the limit with `--max-bytes SIZE`")
        }
        _ => error,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn member(kind: MemberKind, name: &str, link: &str) -> Member {
        Member { kind, name: name.into(), link: link.into(), ..Member::default() }
    }

    #[test]
    fn links_are_followed_and_do_not_loop() {
        let mut members = Members::default();
        let mut add = |kind, name: &str, link: &str| {
            if let Some(path) = members.add(&member(kind, name, link)).unwrap() {
                members.keep(path, name.to_owned());
            }
        };
        add(MemberKind::File, "./a/layer.tar", "");
        add(MemberKind::Symlink, "b/layer.tar", "../a/layer.tar");
        add(MemberKind::Hardlink, "c.tar", "./a/layer.tar");
        add(MemberKind::Symlink, "d", "e");
        add(MemberKind::Symlink, "e", "d");
        add(MemberKind::Symlink, "f", "../../etc/passwd");
        add(MemberKind::Symlink, "g", "/a/layer.tar");
        add(MemberKind::Directory, "h/", "");
        add(MemberKind::File, "a/../../x", "");
        for name in ["a/layer.tar", "b/layer.tar", "c.tar"] {
            assert_eq!(members.find(name).map(String::as_str), Some("./a/layer.tar"), "{name}");
        }
        for name in ["d", "e", "f", "g", "h", "x"] {
            assert_eq!(members.find(name), None, "{name}");
        }
        assert!(members.notices.is_empty());
        members.keep("a/layer.tar".to_owned(), "new".to_owned());
        assert_eq!(members.find("b/layer.tar").map(String::as_str), Some("new"));
        assert_eq!(members.notices.len(), 1);
    }
}
