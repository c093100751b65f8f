//! Writes tar archives in every dialect, right and wrong. It shares nothing with what reads them.

/// Size of a block.
pub(crate) const BLOCK: usize = 512;

/// How a header says what does not fit into the fields of 1988.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum Dialect {
    /// POSIX 2001: records in a member before it.
    #[default]
    Pax,
    /// POSIX 1988: a prefix of 155 bytes.
    Ustar,
    /// GNU: members of type `L` and `K`, numbers in base 256.
    Gnu,
    /// Without magic.
    V7,
}

/// How a sparse file says where its data lies.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Form {
    /// Type `S`, map in the header and in blocks after it.
    Old,
    /// pax 0.0: a pair of records for each piece.
    Pairs,
    /// pax 0.1: one record.
    Record,
    /// pax 1.0: the map stands before the data.
    Data,
}

/// A file with holes.
#[derive(Clone, Debug)]
pub(crate) struct Sparse {
    pub(crate) form: Form,
    /// Offset and length of each piece; the body holds them one after the other.
    pub(crate) pieces: Vec<(u64, u64)>,
    pub(crate) apparent: u64,
}

/// A member as it is to be written.
#[derive(Clone, Debug, Default)]
pub(crate) struct Member {
    pub(crate) path: Vec<u8>,
    pub(crate) flag: u8,
    pub(crate) mode: u32,
    pub(crate) uid: u64,
    pub(crate) gid: u64,
    pub(crate) mtime: i64,
    pub(crate) link: Vec<u8>,
    pub(crate) body: Vec<u8>,
    pub(crate) device: (u64, u64),
    pub(crate) xattrs: Vec<(String, Vec<u8>)>,
    pub(crate) sparse: Option<Sparse>,
    pub(crate) dialect: Dialect,
    /// Records that only the writing needs.
    pub(crate) records: Vec<(String, Vec<u8>)>,
    /// The size that the header claims, where it is not the body's.
    pub(crate) claims: Option<u64>,
}

impl Member {
    fn new(path: impl AsRef<[u8]>, flag: u8, mode: u32) -> Self {
        Self { path: path.as_ref().to_vec(), flag, mode, mtime: 1_700_000_000, ..Self::default() }
    }

    pub(crate) fn owned_by(mut self, uid: u64, gid: u64) -> Self {
        (self.uid, self.gid) = (uid, gid);
        self
    }

    pub(crate) fn mode(mut self, mode: u32) -> Self {
        self.mode = mode;
        self
    }

    pub(crate) fn mtime(mut self, mtime: i64) -> Self {
        self.mtime = mtime;
        self
    }

    pub(crate) fn flag(mut self, flag: u8) -> Self {
        self.flag = flag;
        self
    }

    pub(crate) fn xattr(mut self, name: &str, value: &[u8]) -> Self {
        self.xattrs.push((name.to_owned(), value.to_vec()));
        self
    }

    pub(crate) fn dialect(mut self, dialect: Dialect) -> Self {
        self.dialect = dialect;
        self
    }

    pub(crate) fn record(mut self, key: &str, value: impl AsRef<[u8]>) -> Self {
        self.records.push((key.to_owned(), value.as_ref().to_vec()));
        self
    }

    pub(crate) fn claims(mut self, size: u64) -> Self {
        self.claims = Some(size);
        self
    }
}

pub(crate) fn file(path: impl AsRef<[u8]>, body: Vec<u8>) -> Member {
    Member { body, ..Member::new(path, b'0', 0o644) }
}

pub(crate) fn dir(path: impl AsRef<[u8]>) -> Member {
    let mut path = path.as_ref().to_vec();
    path.push(b'/');
    Member::new(path, b'5', 0o755)
}

pub(crate) fn symlink(path: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Member {
    Member { link: to.as_ref().to_vec(), ..Member::new(path, b'2', 0o777) }
}

pub(crate) fn hardlink(path: impl AsRef<[u8]>, to: impl AsRef<[u8]>) -> Member {
    Member { link: to.as_ref().to_vec(), ..Member::new(path, b'1', 0o644) }
}

/// Removes a path.
pub(crate) fn gone(path: &str) -> Member {
    let (folder, name) = path.rsplit_once('/').map_or((String::new(), path), |(f, n)| (format!("{f}/"), n));
    Member::new(format!("{folder}.wh.{name}"), b'0', 0o600)
}

/// Removes what is below a folder.
pub(crate) fn opaque(folder: &str) -> Member {
    Member::new(format!("{folder}/.wh..wh..opq"), b'0', 0o600)
}

pub(crate) fn special(path: &str, flag: u8, device: (u64, u64)) -> Member {
    Member { device, ..Member::new(path, flag, 0o600) }
}

pub(crate) fn sparse(path: &str, form: Form, apparent: u64, pieces: &[(u64, u64)], body: Vec<u8>) -> Member {
    let sparse = Some(Sparse { form, pieces: pieces.to_vec(), apparent });
    Member { sparse, ..file(path, body) }
}

/// The members, and the two empty blocks that end an archive.
pub(crate) fn archive(members: &[Member]) -> Vec<u8> {
    let mut out = Vec::new();
    for member in members {
        write(member, &mut out);
    }
    out.resize(out.len() + 2 * BLOCK, 0);
    out
}

/// One member with all that goes before it.
pub(crate) fn write(member: &Member, out: &mut Vec<u8>) {
    let mut head = Head::of(member);
    let mut records = member.records.clone();
    let mut map = Vec::new();
    if let Some(sparse) = &member.sparse {
        map = head.sparse(sparse, member, &mut records);
    }
    let values = member.xattrs.iter().map(|(name, value)| (format!("SCHILY.xattr.{name}"), value.clone()));
    records.extend(values);
    match member.dialect {
        Dialect::Pax => head.overflow(&mut records),
        Dialect::Gnu => head.long_names(out),
        Dialect::Ustar => head.split(),
        Dialect::V7 => {}
    }
    if !records.is_empty() {
        let text = pax(&records);
        entry(b'x', b"PaxHeaders/x", &text, out);
    }
    out.extend(head.block(member.dialect));
    out.extend(map);
    out.extend(&member.body);
    pad(out);
}

/// Fills up the last block.
pub(crate) fn pad(out: &mut Vec<u8>) {
    out.resize(out.len().next_multiple_of(BLOCK), 0);
}

/// A member that describes others: `g`, `x`, `L`, `K`.
pub(crate) fn entry(flag: u8, name: &[u8], body: &[u8], out: &mut Vec<u8>) {
    let dialect = if matches!(flag, b'L' | b'K') { Dialect::Gnu } else { Dialect::Ustar };
    let head = Head { path: name.to_vec(), flag, mode: 0o644, size: body.len() as u64, ..Head::default() };
    out.extend(head.block(dialect));
    out.extend(body);
    pad(out);
}

/// Records of a pax header: each begins with its own length.
pub(crate) fn pax(records: &[(String, Vec<u8>)]) -> Vec<u8> {
    let mut text = Vec::new();
    for (key, value) in records {
        let rest = key.len() + value.len() + 3;
        let mut length = rest + 1;
        while length != rest + length.to_string().len() {
            length = rest + length.to_string().len();
        }
        text.extend(format!("{length} {key}=").bytes());
        text.extend(value);
        text.push(b'\n');
    }
    text
}

#[derive(Default)]
struct Head {
    path: Vec<u8>,
    prefix: Vec<u8>,
    flag: u8,
    mode: u32,
    uid: u64,
    gid: u64,
    size: u64,
    mtime: i64,
    link: Vec<u8>,
    device: (u64, u64),
    /// What lies in the last bytes of a GNU header.
    tail: Option<Vec<u8>>,
}

impl Head {
    fn of(member: &Member) -> Self {
        Self {
            path: member.path.clone(),
            flag: member.flag,
            mode: member.mode,
            uid: member.uid,
            gid: member.gid,
            size: member.claims.unwrap_or(member.body.len() as u64),
            mtime: member.mtime,
            link: member.link.clone(),
            device: member.device,
            ..Self::default()
        }
    }

    /// Says where the data lies; what stands between header and data.
    fn sparse(&mut self, sparse: &Sparse, member: &Member, records: &mut Vec<(String, Vec<u8>)>) -> Vec<u8> {
        let mut add = |key: &str, value: String| records.push((format!("GNU.sparse.{key}"), value.into_bytes()));
        let name = String::from_utf8_lossy(&member.path).into_owned();
        match sparse.form {
            Form::Old => return self.old_sparse(sparse),
            Form::Pairs => {
                add("size", sparse.apparent.to_string());
                add("numblocks", sparse.pieces.len().to_string());
                for (offset, length) in &sparse.pieces {
                    add("offset", offset.to_string());
                    add("numbytes", length.to_string());
                }
            }
            Form::Record => {
                add("size", sparse.apparent.to_string());
                add("numblocks", sparse.pieces.len().to_string());
                let map: Vec<String> =
                    sparse.pieces.iter().map(|(offset, length)| format!("{offset},{length}")).collect();
                add("map", map.join(","));
                add("name", name);
                self.path = b"GNUSparseFile.0/x".to_vec();
            }
            Form::Data => {
                add("major", "1".into());
                add("minor", "0".into());
                add("name", name);
                add("realsize", sparse.apparent.to_string());
                self.path = b"GNUSparseFile.0/x".to_vec();
                let mut map = format!("{}\n", sparse.pieces.len());
                sparse.pieces.iter().for_each(|(offset, length)| map.push_str(&format!("{offset}\n{length}\n")));
                let mut map = map.into_bytes();
                pad(&mut map);
                self.size += map.len() as u64;
                return map;
            }
        }
        Vec::new()
    }

    fn old_sparse(&mut self, sparse: &Sparse) -> Vec<u8> {
        self.flag = b'S';
        let piece = |&(offset, length): &(u64, u64)| {
            [number(offset.into(), 12, true), number(length.into(), 12, true)].concat()
        };
        let (first, rest) = sparse.pieces.split_at(sparse.pieces.len().min(4));
        let mut tail: Vec<u8> = first.iter().flat_map(piece).collect();
        tail.resize(96, 0);
        tail.push(u8::from(!rest.is_empty()));
        tail.extend(number(i128::from(sparse.apparent), 12, true));
        self.tail = Some(tail);
        let mut blocks = Vec::new();
        for (index, chunk) in rest.chunks(21).enumerate() {
            let mut block: Vec<u8> = chunk.iter().flat_map(piece).collect();
            block.resize(504, 0);
            block.push(u8::from((index + 1) * 21 < rest.len()));
            block.resize(BLOCK, 0);
            blocks.extend(block);
        }
        blocks
    }

    /// Moves what does not fit into records.
    fn overflow(&mut self, records: &mut Vec<(String, Vec<u8>)>) {
        let mut add = |key: &str, value: Vec<u8>| records.push((key.to_owned(), value));
        if self.path.len() > 100 {
            add("path", std::mem::replace(&mut self.path, b"long".to_vec()));
        }
        if self.link.len() > 100 {
            add("linkpath", std::mem::replace(&mut self.link, b"long".to_vec()));
        }
        for (key, value) in [("uid", &mut self.uid), ("gid", &mut self.gid)] {
            if *value > 0o777_7777 {
                add(key, value.to_string().into_bytes());
                *value = 0;
            }
        }
        if self.size > 0o777_7777_7777 {
            add("size", self.size.to_string().into_bytes());
            self.size = 0;
        }
        if self.mtime < 0 {
            add("mtime", self.mtime.to_string().into_bytes());
            self.mtime = 0;
        }
    }

    fn long_names(&mut self, out: &mut Vec<u8>) {
        for (flag, name) in [(b'K', &mut self.link), (b'L', &mut self.path)] {
            if name.len() > 100 {
                entry(flag, b"././@LongLink", &[name.as_slice(), b"\0"].concat(), out);
                name.truncate(100);
            }
        }
    }

    fn split(&mut self) {
        if self.path.len() <= 100 {
            return;
        }
        let least = self.path.len() - 101;
        let cut = self.path.iter().enumerate().position(|(at, &byte)| byte == b'/' && at >= least);
        let cut = cut.expect("a name that fits");
        self.prefix = self.path[..cut].to_vec();
        self.path.drain(..=cut);
    }

    fn block(&self, dialect: Dialect) -> Vec<u8> {
        let gnu = dialect == Dialect::Gnu || self.tail.is_some();
        let mut out = self.path.clone();
        assert!(out.len() <= 100, "a name that is too long");
        out.resize(100, 0);
        out.extend(number(self.mode.into(), 8, gnu));
        out.extend(number(self.uid.into(), 8, gnu));
        out.extend(number(self.gid.into(), 8, gnu));
        out.extend(number(self.size.into(), 12, gnu));
        out.extend(number(self.mtime.into(), 12, gnu));
        out.extend(b"        ");
        out.push(self.flag);
        out.extend(&self.link);
        out.resize(257, 0);
        if dialect != Dialect::V7 {
            out.extend(if gnu { *b"ustar  \0" } else { *b"ustar\x0000" });
            out.resize(329, 0);
            out.extend(number(self.device.0.into(), 8, gnu));
            out.extend(number(self.device.1.into(), 8, gnu));
            out.extend(&self.prefix);
        }
        if let Some(tail) = &self.tail {
            out.resize(386, 0);
            out.extend(tail);
        }
        out.resize(BLOCK, 0);
        checked(out)
    }
}

/// With the sum of its bytes.
pub(crate) fn checked(mut block: Vec<u8>) -> Vec<u8> {
    block[148..156].fill(b' ');
    let sum: u32 = block.iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// In octal, or in base 256 where that does not do.
fn number(value: i128, width: usize, gnu: bool) -> Vec<u8> {
    let octal = format!("{value:0width$o}\0", width = width - 1);
    if value >= 0 && octal.len() == width {
        return octal.into_bytes();
    }
    assert!(gnu, "{value} needs base 256");
    let mut bytes = value.to_be_bytes()[16 - width..].to_vec();
    bytes[0] |= 0x80;
    bytes
}
