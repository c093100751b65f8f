//! What an engine makes of layers, worked out from what was put in: a second, plain opinion that shares no code with
//! the program's. Definitions: whiteouts act on lower layers only; a file's bytes are lost with its last name, by what
//! took that name away.

use std::collections::{BTreeMap, BTreeSet};

use sha2::{Digest, Sha256};

use super::tar::Member;

/// Contents of this size count as duplicates.
const DUPLICATE: u64 = 4_096;

/// Figures of one image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Totals {
    pub(crate) stored_file_bytes: u64,
    pub(crate) merged_bytes: u64,
    pub(crate) merged_files: u64,
    pub(crate) merged_entries: u64,
    pub(crate) deleted: u64,
    pub(crate) overwritten: u64,
    pub(crate) metadata_only: u64,
    pub(crate) same_layer_duplicate: u64,
    pub(crate) duplicate_content_bytes: u64,
}

/// One path of the final tree; names of one file say the same, but for their path.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Node {
    /// As the header has it: `0`, `2`, `3`, `4`, `5`, `6`.
    pub(crate) kind: u8,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    pub(crate) mtime: i64,
    /// Bytes that the layer stores.
    pub(crate) size: u64,
    /// Bytes that it pretends to have.
    pub(crate) apparent: u64,
    pub(crate) target: Vec<u8>,
    pub(crate) device: (u64, u64),
    pub(crate) xattrs: BTreeMap<String, Vec<u8>>,
    pub(crate) content: [u8; 32],
}

impl Node {
    fn of(member: &Member) -> Self {
        let is_folder = member.flag == b'5' || matches!(member.flag, 0 | b'0') && member.path.ends_with(b"/");
        let kind = if is_folder {
            b'5'
        } else if matches!(member.flag, 0 | b'7') {
            b'0'
        } else {
            member.flag
        };
        let size = if kind == b'0' { member.body.len() as u64 } else { 0 };
        Self {
            kind,
            mode: member.mode & 0o7777,
            uid: member.uid,
            gid: member.gid,
            mtime: member.mtime,
            size,
            apparent: member.sparse.as_ref().map_or(size, |sparse| sparse.apparent),
            target: if kind == b'2' { member.link.clone() } else { Vec::new() },
            device: if matches!(kind, b'3' | b'4') { member.device } else { (0, 0) },
            xattrs: member.xattrs.iter().cloned().collect(),
            content: Sha256::digest(&member.body).into(),
        }
    }
}

#[derive(Debug)]
struct Inode {
    node: Node,
    layer: usize,
    names: usize,
}

#[derive(Clone, Copy)]
enum Lost {
    Deleted,
    Overwritten,
}

/// The final tree, and how it came to be.
#[derive(Debug, Default)]
pub(crate) struct Model {
    tree: BTreeMap<Vec<u8>, usize>,
    inodes: Vec<Inode>,
    totals: Totals,
    /// Folders that some member lies below, whether or not they have an entry.
    implied: BTreeSet<Vec<u8>>,
}

/// Without `.`, `..`, empty parts.
pub(crate) fn clean(path: &[u8]) -> Vec<u8> {
    let mut parts: Vec<&[u8]> = Vec::new();
    for part in path.split(|&byte| byte == b'/') {
        match part {
            b"" | b"." => {}
            b".." => drop(parts.pop()),
            _ => parts.push(part),
        }
    }
    parts.join(&b'/')
}

fn split(path: &[u8]) -> (&[u8], &[u8]) {
    match path.iter().rposition(|&byte| byte == b'/') {
        Some(at) => (&path[..at], &path[at + 1..]),
        None => (b"", path),
    }
}

fn is_below(path: &[u8], folder: &[u8]) -> bool {
    folder.is_empty() || path.len() > folder.len() && path.starts_with(folder) && path[folder.len()] == b'/'
}

impl Model {
    /// The result of layers, the lowest first.
    pub(crate) fn of(layers: &[Vec<Member>]) -> Self {
        let mut model = Self::default();
        for (number, members) in layers.iter().enumerate() {
            model.layer(number, members);
        }
        model
    }

    fn layer(&mut self, number: usize, members: &[Member]) {
        let members: Vec<(Vec<u8>, &Member)> =
            members.iter().map(|member| (clean(&member.path), member)).filter(|(path, _)| !path.is_empty()).collect();
        for (path, _) in &members {
            let slashes = path.iter().enumerate().filter(|(_, byte)| **byte == b'/');
            self.implied.extend(slashes.map(|(at, _)| path[..at].to_vec()));
            let (folder, name) = split(path);
            if name == b".wh..wh..opq" {
                self.clear(folder, number, Lost::Deleted);
            } else if let Some(name) = name.strip_prefix(b".wh.").filter(|name| !name.starts_with(b".wh.")) {
                let path = if folder.is_empty() { name.to_vec() } else { [folder, b"/", name].concat() };
                self.clear(&path, number, Lost::Deleted);
                self.lose(&path, number, Lost::Deleted, None);
            }
        }
        let mut later = Vec::new();
        for (at, (path, member)) in members.iter().enumerate() {
            if path.split(|&byte| byte == b'/').any(|part| part.starts_with(b".wh.")) {
                continue;
            }
            if member.flag != b'1' {
                let node = Node::of(member);
                self.totals.stored_file_bytes += node.size;
                self.inodes.push(Inode { node, layer: number, names: 0 });
                self.place(path, self.inodes.len() - 1, number);
                continue;
            }
            let target = clean(&member.link);
            let comes = members[at..].iter().any(|(other, member)| *other == target && member.flag != b'1');
            match self.tree.get(&target) {
                Some(&inode) if !comes || self.inodes[inode].layer == number => self.place(path, inode, number),
                _ => later.push((path, target)),
            }
        }
        for (path, target) in later {
            if let Some(&inode) = self.tree.get(&target) {
                self.place(path, inode, number);
            }
        }
    }

    fn place(&mut self, path: &[u8], inode: usize, number: usize) {
        for at in path.iter().enumerate().filter(|(_, byte)| **byte == b'/').map(|(at, _)| at) {
            let is_folder = |&inode: &usize| self.inodes[inode].node.kind == b'5';
            if self.tree.get(&path[..at]).is_some_and(|inode| !is_folder(inode)) {
                self.lose(&path[..at], number, Lost::Overwritten, None);
            }
        }
        let is_folder = self.inodes[inode].node.kind == b'5';
        if !is_folder {
            self.clear(path, number, Lost::Overwritten);
        }
        match self.tree.get(path).copied() {
            Some(old) if old == inode => return,
            Some(old) if is_folder && self.inodes[old].node.kind == b'5' => self.inodes[old].names = 0,
            _ => self.lose(path, number, Lost::Overwritten, Some(inode)),
        }
        self.inodes[inode].names += 1;
        self.tree.insert(path.to_vec(), inode);
    }

    /// Takes away all below a folder.
    fn clear(&mut self, folder: &[u8], number: usize, how: Lost) {
        let below: Vec<Vec<u8>> = self.tree.keys().filter(|path| is_below(path, folder)).cloned().collect();
        for path in &below {
            self.lose(path, number, how, None);
        }
    }

    fn lose(&mut self, path: &[u8], number: usize, how: Lost, by: Option<usize>) {
        let Some(old) = self.tree.remove(path) else { return };
        let same = by
            .map(|by| &self.inodes[by].node)
            .is_some_and(|new| new.kind == b'0' && new.content == self.inodes[old].node.content);
        let inode = &mut self.inodes[old];
        inode.names -= 1;
        if inode.names > 0 || inode.node.kind != b'0' {
            return;
        }
        let totals = &mut self.totals;
        let kind = match how {
            _ if inode.layer == number => &mut totals.same_layer_duplicate,
            Lost::Deleted => &mut totals.deleted,
            Lost::Overwritten if same => &mut totals.metadata_only,
            Lost::Overwritten => &mut totals.overwritten,
        };
        *kind += inode.node.size;
    }

    pub(crate) fn totals(&self) -> Totals {
        let mut totals = self.totals.clone();
        let remaining: BTreeSet<usize> = self.tree.values().copied().collect();
        let mut contents: BTreeMap<[u8; 32], (u64, u64)> = BTreeMap::new();
        for &inode in &remaining {
            let node = &self.inodes[inode].node;
            totals.merged_entries += 1;
            if node.kind == b'0' {
                totals.merged_files += 1;
                totals.merged_bytes += node.size;
                contents.entry(node.content).or_insert((node.size, 0)).1 += 1;
            }
        }
        let twice = contents.values().filter(|(size, _)| *size >= DUPLICATE);
        totals.duplicate_content_bytes = twice.map(|(size, count)| size * (count - 1)).sum();
        let lost = totals.deleted + totals.overwritten + totals.metadata_only + totals.same_layer_duplicate;
        assert_eq!(totals.stored_file_bytes, totals.merged_bytes + lost, "the model is wrong");
        totals
    }

    /// Path and what is there.
    pub(crate) fn listing(&self) -> BTreeMap<Vec<u8>, Node> {
        self.tree.iter().map(|(path, &inode)| (path.clone(), self.inodes[inode].node.clone())).collect()
    }

    /// Whether a folder may be there without an entry.
    pub(crate) fn implies(&self, folder: &[u8]) -> bool {
        self.implied.contains(folder)
    }

    /// Names of files that have more than one, in order.
    pub(crate) fn groups(&self) -> BTreeSet<Vec<Vec<u8>>> {
        let mut names: BTreeMap<usize, Vec<Vec<u8>>> = BTreeMap::new();
        for (path, &inode) in &self.tree {
            names.entry(inode).or_default().push(path.clone());
        }
        names.into_values().filter(|names| names.len() > 1).collect()
    }
}
