//! The walk over an archive's members.

use std::io::{self, Read};

use crate::image::limits::Limits;
use crate::image::tar::header::{self, Block, Dialect};
use crate::image::tar::pax::{Key, Records};
use crate::image::tar::{BLOCK, End, Member, MemberKind, Skip, TarError, sparse};
use crate::text::exact_bytes;

/// Goes over the members of an archive, one after the other.
#[derive(Debug)]
pub struct MemberWalk<'a, S> {
    source: S,
    limits: &'a Limits,
    member: Member,
    records: Records,
    long: LongNames,
    offset: u64,
    /// Contents of the current member that were not yet read, and padding after them.
    remaining: u64,
    padding: u64,
    /// Bytes of the piece that was handed out last, which the source still holds.
    lent: usize,
    /// Contents that a hard link may have: POSIX lets it, and most writers give a size without contents.
    doubtful: u64,
    members: u64,
    end: Option<End>,
}

/// Names of GNU that don't fit into a header.
#[derive(Debug, Default)]
struct LongNames {
    name: Vec<u8>,
    link: Vec<u8>,
}

impl<'a, S: Skip> MemberWalk<'a, S> {
    /// Starts at the source's place, which is offset 0.
    pub fn new(source: S, limits: &'a Limits) -> Self {
        let (member, records, long) = (Member::default(), Records::default(), LongNames::default());
        let (offset, remaining, padding, end) = (0, 0, 0, None);
        Self {
            source,
            limits,
            member,
            records,
            long,
            offset,
            remaining,
            padding,
            lent: 0,
            doubtful: 0,
            members: 0,
            end,
        }
    }

    /// The source, at the walk's place.
    pub fn source(&mut self) -> &mut S {
        self.finish_entry();
        &mut self.source
    }

    /// Bytes of the archive that were passed.
    pub fn offset(&self) -> u64 {
        self.offset
    }

    /// The member that [`Self::advance`] reached last.
    pub fn member(&self) -> &Member {
        &self.member
    }

    pub(crate) fn member_mut(&mut self) -> &mut Member {
        &mut self.member
    }

    /// How the archive ends, once its end is reached.
    pub fn end(&self) -> Option<End> {
        self.end
    }

    /// The next member; passes over what is left of the one before. `None` at the archive's end.
    ///
    /// # Errors
    /// When there is no next one though there should be.
    pub fn advance(&mut self) -> Result<Option<&Member>, TarError> {
        Ok(if self.end.is_none() && self.next()? { Some(&self.member) } else { None })
    }

    /// The next piece of what the archive holds for the current member; empty at its end.
    ///
    /// # Errors
    /// When the source can't be read, or ends before the contents do.
    pub fn piece(&mut self) -> Result<&[u8], TarError> {
        self.piece_of(u64::MAX)
    }

    /// As [`Self::piece`], with so many bytes at most.
    pub(crate) fn piece_of(&mut self, most: u64) -> Result<&[u8], TarError> {
        self.finish_entry();
        let most = usize::try_from(self.remaining.min(most)).unwrap_or(usize::MAX);
        if most == 0 {
            return Ok(&[]);
        }
        let available = self.source.fill_buf()?.len();
        if available == 0 {
            return Err(TarError::Truncated(self.offset));
        }
        self.lent = available.min(most);
        self.remaining -= self.lent as u64;
        self.offset += self.lent as u64;
        Ok(&self.source.fill_buf()?[..self.lent])
    }

    /// Passes over what is left of the current member, so that the source stands at the next one's headers.
    ///
    /// # Errors
    /// As [`Self::advance`].
    pub fn leave(&mut self) -> Result<(), TarError> {
        self.finish_entry();
        let (remaining, padding) = (std::mem::take(&mut self.remaining), std::mem::take(&mut self.padding));
        if remaining + padding == 0 {
            return Ok(());
        }
        let passed = self.source.skip(remaining + padding)?;
        self.offset += passed;
        if passed < remaining {
            return Err(TarError::Truncated(self.offset));
        }
        if passed < remaining + padding {
            self.end = Some(End::Unpadded);
        }
        Ok(())
    }

    fn finish_entry(&mut self) {
        self.source.consume(std::mem::take(&mut self.lent));
    }

    fn next(&mut self) -> Result<bool, TarError> {
        self.long.name.clear();
        self.long.link.clear();
        self.records.clear();
        let mut start = None;
        loop {
            self.leave()?;
            let at = self.offset;
            let block = if self.end.is_some() { None } else { self.header()? };
            let Some(block) = block else {
                // Extended headers without the member that they describe.
                return if start.is_some() { Err(TarError::Truncated(self.offset)) } else { Ok(false) };
            };
            let corrupt = |what: &str| TarError::Corrupt(at, what.to_owned());
            let dialect = header::dialect(&block).ok_or_else(|| corrupt("a tar header is missing"))?;
            let flag = header::flag(&block);
            self.remaining = header::size(&block).ok_or_else(|| corrupt("a tar header's size is not a number"))?;
            self.padding = padding(self.remaining);
            let start = *start.get_or_insert(at);
            match flag {
                b'x' | b'X' | b'g' => {
                    self.records.clear();
                    self.extended(at)?;
                    if flag == b'g' {
                        self.global(start);
                        return Ok(true);
                    }
                }
                b'L' => self.long.name = self.special(at)?,
                b'K' => self.long.link = self.special(at)?,
                _ => {
                    self.fill(&block, dialect, flag).map_err(|what| corrupt(&what))?;
                    (self.member.offset, self.member.size) = (start, self.remaining);
                    self.map(&block, dialect, flag, at)?;
                    self.check(at)?;
                    return Ok(true);
                }
            }
        }
    }

    /// Fills the member from a header and what the extended ones before it say.
    fn fill(&mut self, block: &Block, dialect: Dialect, flag: u8) -> Result<(), String> {
        let member = &mut self.member;
        header::read(block, dialect, member).map_err(|field| format!("a tar header's {field} is not a number"))?;
        let set = |field: &mut Vec<u8>, value: Option<&[u8]>| {
            if let Some(value) = value {
                field.clear();
                field.extend_from_slice(value);
            }
        };
        set(&mut member.name, self.records.value(Key::Path));
        set(&mut member.link, self.records.value(Key::Link));
        set(&mut member.name, Some(self.long.name.as_slice()).filter(|name| !name.is_empty()));
        set(&mut member.link, Some(self.long.link.as_slice()).filter(|link| !link.is_empty()));
        member.uid = self.records.number(Key::Uid)?.unwrap_or(member.uid);
        member.gid = self.records.number(Key::Gid)?.unwrap_or(member.gid);
        member.mtime = self.records.mtime()?.unwrap_or(member.mtime);
        member.xattrs = std::mem::take(&mut self.records.xattrs);
        member.sparse = None;
        member.kind = header::kind(flag, &member.name);
        if let Some(size) = self.records.number(Key::Size)? {
            self.remaining = u64::try_from(size).map_err(|_| "an extended header's size is negative")?;
        }
        self.doubtful = if member.kind == MemberKind::Hardlink { self.remaining } else { 0 };
        if member.kind.is_header_only() {
            self.remaining = 0;
        }
        self.padding = padding(self.remaining);
        Ok(())
    }

    /// Reads the map of a sparse file, wherever it is.
    fn map(&mut self, block: &Block, dialect: Dialect, flag: u8, at: u64) -> Result<(), TarError> {
        let corrupt = |what: &str| TarError::Corrupt(at, what.to_owned());
        let mut map = Vec::new();
        if flag == b'S' {
            if dialect != Dialect::Gnu {
                return Err(corrupt("a sparse file in a format other than GNU"));
            }
            self.member.size = sparse::real_size(block).map_err(corrupt)?;
            let mut more = sparse::of_block(block, sparse::FIRST, &mut map).map_err(corrupt)?;
            let mut blocks = 0;
            while more {
                blocks += BLOCK as u64;
                self.bounded(blocks, at)?;
                let next = self.block()?.ok_or(TarError::Truncated(self.offset))?;
                more = sparse::of_block(&next, sparse::FURTHER, &mut map).map_err(corrupt)?;
            }
        } else {
            let Some(place) = sparse::place(&self.records) else {
                (self.member.stored, self.member.contents) = (self.remaining, self.offset);
                return Ok(());
            };
            if self.member.kind.is_header_only() {
                return Err(corrupt("a member that is not a file has a sparse map"));
            }
            if let Some(name) = self.records.value(Key::SparseName) {
                self.member.name.clear();
                self.member.name.extend_from_slice(name);
            }
            let (size, real) = (self.records.number(Key::SparseSize), self.records.number(Key::SparseRealSize));
            if let Some(size) = size.map_err(corrupt)?.or(real.map_err(corrupt)?) {
                self.member.size = u64::try_from(size).map_err(|_| corrupt("a sparse file's size is negative"))?;
            }
            map = match place {
                sparse::SparseMapPlace::Header => sparse::of_header(&self.records).map_err(corrupt)?,
                sparse::SparseMapPlace::Contents => self.map_before_contents(at)?,
            };
        }
        sparse::check(&map, self.member.size, self.remaining).map_err(corrupt)?;
        (self.member.stored, self.member.contents, self.member.sparse) = (self.remaining, self.offset, Some(map));
        Ok(())
    }

    fn map_before_contents(&mut self, at: u64) -> Result<sparse::Map, TarError> {
        let mut text = Vec::new();
        let (mut lines, mut wanted) = (0, 1);
        while lines < wanted {
            if self.remaining < BLOCK as u64 {
                return Err(TarError::Corrupt(at, "a sparse map is longer than the stored data".to_owned()));
            }
            self.bounded(text.len() as u64 + BLOCK as u64, at)?;
            let block = self.block()?.ok_or(TarError::Truncated(self.offset))?;
            self.remaining -= BLOCK as u64;
            text.extend_from_slice(&block);
            lines += memchr::memchr_iter(b'\n', &block).count() as u64;
            if wanted == 1 && lines > 0 {
                wanted = sparse::lines(&text).map_err(|what| TarError::Corrupt(at, what.to_owned()))?;
            }
        }
        sparse::of_text(&text).map_err(|what| TarError::Corrupt(at, what.to_owned()))
    }

    fn check(&mut self, at: u64) -> Result<(), TarError> {
        self.members += 1;
        let limits = self.limits;
        if self.members > limits.entries {
            return Err(TarError::Limit(at, format!("more than {} members", limits.entries)));
        }
        if self.member.name.len().max(self.member.link.len()) > limits.path_bytes {
            return Err(TarError::Limit(
                at,
                format!("a path is longer than {}", exact_bytes(limits.path_bytes as u64)),
            ));
        }
        let parts = self.member.name.split(|&byte| byte == b'/').filter(|part| !part.is_empty());
        // A part and its slash are two bytes.
        if self.member.name.len() / 2 >= limits.path_parts && parts.count() > limits.path_parts {
            return Err(TarError::Limit(at, format!("a path has more than {} parts", limits.path_parts)));
        }
        Ok(())
    }

    fn global(&mut self, start: u64) {
        let kind = MemberKind::Global(self.records.sets_anything());
        self.member = Member { kind, offset: start, contents: self.offset, ..Member::default() };
    }

    /// Reads an extended header's records.
    fn extended(&mut self, at: u64) -> Result<(), TarError> {
        let mut text = std::mem::take(self.records.text());
        let outcome = self.gather(&mut text, at);
        *self.records.text() = text;
        outcome?;
        self.records.read().map_err(|what| TarError::Corrupt(at, what.to_owned()))
    }

    /// Reads a GNU header's long name.
    fn special(&mut self, at: u64) -> Result<Vec<u8>, TarError> {
        let mut text = Vec::new();
        self.gather(&mut text, at)?;
        text.truncate(header::text(&text).len());
        Ok(text)
    }

    /// Appends all contents of an extended header.
    fn gather(&mut self, text: &mut Vec<u8>, at: u64) -> Result<(), TarError> {
        self.bounded(self.remaining, at)?;
        loop {
            let piece = self.piece()?;
            if piece.is_empty() {
                return Ok(());
            }
            text.extend_from_slice(piece);
        }
    }

    fn bounded(&self, bytes: u64, at: u64) -> Result<(), TarError> {
        let most = self.limits.header_bytes;
        if bytes <= most {
            return Ok(());
        }
        Err(TarError::Limit(at, format!("an extended header is longer than {}", exact_bytes(most))))
    }

    /// The next header block; `None` at the archive's end.
    fn header(&mut self) -> Result<Option<Block>, TarError> {
        let doubtful = std::mem::take(&mut self.doubtful);
        let Some(mut block) = self.block()? else {
            self.end = Some(End::Unmarked);
            return Ok(None);
        };
        if doubtful > 0 && !header::is_zero(&block) && header::dialect(&block).is_none() {
            // These are the contents of the hard link before.
            self.remaining = doubtful.saturating_sub(BLOCK as u64);
            self.padding = if doubtful > BLOCK as u64 { padding(doubtful) } else { 0 };
            self.leave()?;
            let Some(next) = self.block()? else {
                self.end = Some(End::Unmarked);
                return Ok(None);
            };
            block = next;
        }
        if !header::is_zero(&block) {
            return Ok(Some(block));
        }
        let at = self.offset;
        match self.block()? {
            None => self.end = Some(End::Unmarked),
            Some(block) if header::is_zero(&block) => self.end = Some(End::Marked),
            Some(_) => return Err(TarError::Corrupt(at, "a single block of zeros in the archive".to_owned())),
        }
        Ok(None)
    }

    /// One block; `None` where the source ends before it.
    fn block(&mut self) -> Result<Option<Block>, TarError> {
        self.finish_entry();
        let mut block = [0; BLOCK];
        let mut filled = 0;
        while filled < BLOCK {
            let available = self.source.fill_buf()?;
            if available.is_empty() {
                return if filled == 0 { Ok(None) } else { Err(TarError::Truncated(self.offset)) };
            }
            let now = available.len().min(BLOCK - filled);
            block[filled..filled + now].copy_from_slice(&available[..now]);
            self.source.consume(now);
            filled += now;
            self.offset += now as u64;
        }
        Ok(Some(block))
    }
}

/// Contents of the current member, as stored. Errors of the archive are [`TarError`]s inside.
impl<S: Skip> Read for MemberWalk<'_, S> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let from_tar = |error| match error {
            TarError::Read(error) => error,
            TarError::Truncated(_) => io::Error::new(io::ErrorKind::UnexpectedEof, error),
            TarError::Corrupt(..) | TarError::Limit(..) => io::Error::new(io::ErrorKind::InvalidData, error),
        };
        let piece = self.piece_of(buffer.len() as u64).map_err(from_tar)?;
        buffer[..piece.len()].copy_from_slice(piece);
        Ok(piece.len())
    }
}

fn padding(size: u64) -> u64 {
    size.wrapping_neg() % BLOCK as u64
}
