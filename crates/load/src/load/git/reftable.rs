//! References in the reftable format (gitformat-reftable), which git 3 uses for new repositories: a stack of tables, of
//! which a later one takes precedence. Only the blocks of references are read.

use std::collections::BTreeMap;
use std::fs::File;
use std::io::Read;
use std::path::Path;

use gix_hash::{Kind, ObjectId};

use super::folder::small_file;

/// Bytes that one table may have: a million branches need fewer.
const TABLE_LIMIT: u64 = 128 << 20;

/// Tables of a stack: git merges them long before there are so many.
const MAX_TABLES: usize = 256;

/// Links from reference to reference that are followed, as in git.
const LINKS: usize = 5;

/// Bytes of the header in version 1; version 2 adds the name of the hash.
const HEADER: usize = 24;

/// How names are completed, in the order of gitrevisions.
const COMPLETIONS: [(&str, &str); 6] = [
    ("", ""),
    ("refs/", ""),
    ("refs/tags/", ""),
    ("refs/heads/", ""),
    ("refs/remotes/", ""),
    ("refs/remotes/", "/HEAD"),
];

/// What a reference leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Target {
    Object(ObjectId),
    Link(String),
}

/// The references of a repository.
#[derive(Debug, Default)]
pub(super) struct Reftable {
    references: BTreeMap<String, Target>,
}

/// What a name leads to.
#[derive(Debug, PartialEq, Eq)]
pub(super) enum ReferenceTarget {
    /// An object.
    Object(ObjectId),
    /// A branch that has no commit yet.
    Unborn(String),
    /// No reference has the name.
    Missing,
}

impl Reftable {
    /// Reads the stack of a repository and, over it, that of a linked work tree; `None` if a table is damaged.
    pub(super) fn read(git_dir: &Path, common_dir: &Path, hash: Kind) -> Option<Self> {
        let mut table = Self::default();
        table.add_stack(&common_dir.join("reftable"), hash)?;
        if git_dir != common_dir {
            table.add_stack(&git_dir.join("reftable"), hash)?;
        }
        Some(table)
    }

    /// What a name leads to: `HEAD`, `main`, `origin/main`, `v1`, `refs/heads/main`.
    pub(super) fn find(&self, name: &str) -> ReferenceTarget {
        let full = COMPLETIONS.iter().map(|(before, after)| format!("{before}{name}{after}"));
        let Some((mut name, mut target)) = full.into_iter().find_map(|name| self.references.get_key_value(&name))
        else {
            return ReferenceTarget::Missing;
        };
        for _ in 0..LINKS {
            let Target::Link(next) = target else { break };
            match self.references.get_key_value(next) {
                Some(next) => (name, target) = next,
                None => return ReferenceTarget::Unborn(next.clone()),
            }
        }
        match target {
            Target::Object(id) => ReferenceTarget::Object(*id),
            Target::Link(_) => ReferenceTarget::Unborn(name.clone()),
        }
    }

    fn add_stack(&mut self, folder: &Path, hash: Kind) -> Option<()> {
        let list = small_file(&folder.join("tables.list"))?;
        let list = String::from_utf8(list).ok()?;
        for name in list.lines().take(MAX_TABLES) {
            // Names come from a file: none of them leaves the folder.
            if name.contains(['/', '\\']) || name.starts_with('.') {
                return None;
            }
            let file = File::open(folder.join(name)).ok()?;
            let mut bytes = Vec::new();
            file.take(TABLE_LIMIT).read_to_end(&mut bytes).ok()?;
            self.add_table(&bytes, hash)?;
        }
        Some(())
    }

    /// Adds what a table says; `None` if it is damaged.
    fn add_table(&mut self, table: &[u8], hash: Kind) -> Option<()> {
        let header = match (table.get(..4)?, table.get(4)?) {
            (b"REFT", 1) => HEADER,
            (b"REFT", 2) => HEADER + 4,
            _ => return None,
        };
        let block_size = read_u24(table, 5)?;
        let mut start = 0;
        loop {
            // The first block includes the header.
            let kind = start + if start == 0 { header } else { 0 };
            if table.get(kind) != Some(&b'r') {
                return Some(());
            }
            let length = read_u24(table, kind + 1)?;
            let block = table.get(start..start + length)?;
            self.add_block(block, kind - start + 4, hash)?;
            let next = if block_size > 0 { start + length.div_ceil(block_size) * block_size } else { start + length };
            if next <= start {
                return None;
            }
            start = next;
        }
    }

    /// Adds the records of a block, which begin at `start`; the block ends with the offsets of its restarts.
    fn add_block(&mut self, block: &[u8], start: usize, hash: Kind) -> Option<()> {
        let restarts = usize::from(u16::from_be_bytes(block.get(block.len().checked_sub(2)?..)?.try_into().ok()?));
        let end = block.len().checked_sub(2 + 3 * restarts)?;
        let mut records = Records { bytes: block.get(..end)?, at: start };
        let mut name: Vec<u8> = Vec::new();
        while records.at < end {
            let kept = records.number()?;
            let suffix = records.number()?;
            let added = records.take(usize::try_from(suffix >> 3).ok()?)?;
            name.truncate(usize::try_from(kept).ok().filter(|kept| *kept <= name.len())?);
            name.extend_from_slice(added);
            let _update = records.number()?;
            let target = match suffix & 7 {
                0 => None,
                1 => Some(Target::Object(records.id(hash)?)),
                // A tag, and the object that it leads to.
                2 => {
                    let id = records.id(hash)?;
                    records.id(hash)?;
                    Some(Target::Object(id))
                }
                3 => {
                    let length = usize::try_from(records.number()?).ok()?;
                    Some(Target::Link(String::from_utf8(records.take(length)?.to_vec()).ok()?))
                }
                _ => return None,
            };
            let name = String::from_utf8_lossy(&name).into_owned();
            match target {
                Some(target) => self.references.insert(name, target),
                None => self.references.remove(&name),
            };
        }
        Some(())
    }
}

/// The records of a block, and how far they were read.
struct Records<'b> {
    bytes: &'b [u8],
    at: usize,
}

impl<'b> Records<'b> {
    fn take(&mut self, length: usize) -> Option<&'b [u8]> {
        let bytes = self.bytes.get(self.at..self.at.checked_add(length)?)?;
        self.at += length;
        Some(bytes)
    }

    fn id(&mut self, hash: Kind) -> Option<ObjectId> {
        ObjectId::try_from(self.take(hash.len_in_bytes())?).ok()
    }

    /// A number of variable length, as in the offsets of packs.
    fn number(&mut self) -> Option<u64> {
        let mut byte = *self.take(1)?.first()?;
        let mut value = u64::from(byte & 0x7f);
        while byte & 0x80 != 0 {
            byte = *self.take(1)?.first()?;
            value = value.checked_add(1)?.checked_mul(128)? | u64::from(byte & 0x7f);
        }
        Some(value)
    }
}

fn read_u24(bytes: &[u8], at: usize) -> Option<usize> {
    let [a, b, c] = bytes.get(at..at + 3)?.try_into().ok()?;
    Some(u32::from_be_bytes([0, a, b, c]) as usize)
}

#[cfg(test)]
mod tests {
    use super::Reftable;
    use gix_hash::Kind;

    #[test]
    fn damaged_tables_are_refused_without_a_panic() {
        // HEAD links to refs/heads/main.
        let mut table = b"REFT\x01\0\0\0".to_vec();
        table.extend([0; 16]);
        let record = [b"\0\x23HEAD\0\x0frefs/heads/main".as_slice(), &[0, 0, 28, 0, 1]].concat();
        table.push(b'r');
        table.extend(&(u32::try_from(24 + 4 + record.len()).unwrap()).to_be_bytes()[1..]);
        table.extend(&record);
        let read = |bytes: &[u8]| Reftable::default().add_table(bytes, Kind::Sha1);
        assert!(read(&table).is_some());
        for at in 0..table.len() {
            let _ = read(&table[..at]);
            for value in [0, 1, 0x7f, 0x80, 0xff] {
                let mut other = table.clone();
                other[at] = value;
                let _ = read(&other);
            }
        }
        assert!(read(&table[..30]).is_none());
    }
}
