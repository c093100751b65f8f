//! Reads tables of an `SQLite` file in memory, from the first page on (sqlite.org/fileformat2.html). Only what rpm's
//! databases need: tables with row numbers, UTF-8, no write-ahead log. A page is used once at most, so that no file can
//! send the reader in circles or make more than it is long.

/// A value.
#[derive(Debug)]
pub(super) enum Cell<'a> {
    Number(i64),
    /// Texts and blobs.
    Bytes(&'a [u8]),
    /// NULL and floating point.
    Other,
}

/// An `SQLite` file.
pub(super) struct Database<'a> {
    bytes: &'a [u8],
    page: usize,
    usable: usize,
}

/// Which pages were used.
struct UsedPages(Vec<bool>);

impl UsedPages {
    /// Whether a page is used for the first time.
    fn first(&mut self, page: u32) -> bool {
        let place = (page as usize).checked_sub(1).and_then(|index| self.0.get_mut(index));
        place.is_some_and(|used| !std::mem::replace(used, true))
    }
}

/// A number of one to nine bytes, seven bits each, the highest first.
fn varint(bytes: &mut &[u8]) -> Option<u64> {
    let mut value = 0;
    for place in 0..9 {
        let (&byte, rest) = bytes.split_first()?;
        *bytes = rest;
        if place == 8 {
            return Some(value << 8 | u64::from(byte));
        }
        value = value << 7 | u64::from(byte & 127);
        if byte < 128 {
            break;
        }
    }
    Some(value)
}

fn big_endian(bytes: &[u8]) -> i64 {
    let sign = if bytes.first().is_some_and(|byte| *byte > 127) { -1 } else { 0 };
    bytes.iter().fold(sign, |value, &byte| value << 8 | i64::from(byte))
}

/// The values of a record, of which the first may stand for the row's number.
fn cells(mut payload: &[u8], row: i64) -> Option<Vec<Cell<'_>>> {
    let whole = payload;
    let header = usize::try_from(varint(&mut payload)?).ok()?;
    let mut types = whole.get(whole.len() - payload.len()..header)?;
    let mut body = whole.get(header..)?;
    let mut cells = Vec::new();
    while !types.is_empty() {
        let kind = varint(&mut types)?;
        let length = match kind {
            0 | 8 | 9 => 0,
            1..=4 => kind,
            5 => 6,
            6 | 7 => 8,
            _ => kind.checked_sub(12)? / 2,
        };
        let (value, rest) = body.split_at_checked(usize::try_from(length).ok()?)?;
        body = rest;
        cells.push(match kind {
            // An INTEGER PRIMARY KEY is kept as NULL.
            0 if cells.is_empty() => Cell::Number(row),
            1..=6 => Cell::Number(big_endian(value)),
            8 | 9 => Cell::Number(kind.cast_signed() - 8),
            12.. => Cell::Bytes(value),
            _ => Cell::Other,
        });
    }
    Some(cells)
}

impl<'a> Database<'a> {
    /// The database of a file; `None` when it is none.
    pub(super) fn new(bytes: &'a [u8]) -> Option<Self> {
        let header = bytes.get(..100).filter(|header| header.starts_with(b"SQLite format 3\0"))?;
        let page = match u16::from_be_bytes([header[16], header[17]]) {
            1 => 65536,
            size if size.is_power_of_two() && size >= 512 => usize::from(size),
            _ => return None,
        };
        let usable = page - usize::from(header[20]);
        (usable >= 480).then_some(Self { bytes, page, usable })
    }

    /// Calls back with each row of a table; false when there is no such table, or a part of it is damaged.
    pub(super) fn rows(&self, table: &str, mut call: impl FnMut(&[Cell<'_>])) -> bool {
        let mut root = None;
        let whole = self.walk(1, |row| {
            if let [Cell::Bytes(b"table"), Cell::Bytes(name), _, Cell::Number(page), ..] = row
                && *name == table.as_bytes()
            {
                root = u32::try_from(*page).ok();
            }
        });
        root.is_some_and(|root| self.walk(root, &mut call)) && whole
    }

    fn page(&self, number: u32) -> Option<&'a [u8]> {
        let start = (number as usize).checked_sub(1)?.checked_mul(self.page)?;
        self.bytes.get(start..)?.get(..self.page)
    }

    /// All rows below a page, in order.
    fn walk(&self, root: u32, mut call: impl FnMut(&[Cell<'_>])) -> bool {
        let mut used = UsedPages(vec![false; self.bytes.len() / self.page]);
        let (mut todo, mut whole, mut long) = (vec![root], true, Vec::new());
        while let Some(number) = todo.pop() {
            let read = used.first(number).then(|| self.read(number, &mut used, &mut todo, &mut long, &mut call));
            whole &= read.flatten().is_some();
        }
        whole
    }

    /// Reads one page of a tree: its rows, or the pages below it.
    fn read(
        &self,
        number: u32,
        used: &mut UsedPages,
        todo: &mut Vec<u32>,
        long: &mut Vec<u8>,
        call: &mut impl FnMut(&[Cell<'_>]),
    ) -> Option<()> {
        let page = self.page(number)?;
        let head = page.get(if number == 1 { 100 } else { 0 }..)?;
        let leaf = match head[0] {
            5 => false,
            13 => true,
            _ => return None,
        };
        let count = usize::from(u16::from_be_bytes([head[3], head[4]]));
        let pointers = head.get(if leaf { 8 } else { 12 }..)?.get(..2 * count)?;
        let starts = pointers.chunks_exact(2).map(|pair| usize::from(u16::from_be_bytes([pair[0], pair[1]])));
        if !leaf {
            let first = todo.len();
            for start in starts {
                todo.push(u32::from_be_bytes(*page.get(start..)?.first_chunk()?));
            }
            todo.push(u32::from_be_bytes(*head.get(8..)?.first_chunk()?));
            todo[first..].reverse();
            return Some(());
        }
        // Cells of one page overlap in no sound file; together they are no longer than the page.
        let mut room = self.page;
        for start in starts {
            let mut rest = page.get(start..self.usable)?;
            let before = rest.len();
            let length = usize::try_from(varint(&mut rest)?).ok()?;
            let row = varint(&mut rest)?.cast_signed();
            let local = self.local(length);
            let here = rest.get(..local)?;
            room = room.checked_sub(before - rest.len() + local)?;
            let payload = if local == length {
                here
            } else {
                long.clear();
                long.extend_from_slice(here);
                let next = u32::from_be_bytes(*rest.get(local..)?.first_chunk()?);
                self.follow(next, length, used, long)?;
                &long[..]
            };
            call(&cells(payload, row)?);
        }
        Some(())
    }

    /// How much of a payload stands in its leaf.
    const fn local(&self, length: usize) -> usize {
        let most = self.usable - 35;
        if length <= most {
            return length;
        }
        let least = (self.usable - 12) * 32 / 255 - 23;
        let fit = least + (length - least) % (self.usable - 4);
        if fit <= most { fit } else { least }
    }

    /// Joins the overflow pages of a payload.
    fn follow(&self, mut next: u32, length: usize, used: &mut UsedPages, payload: &mut Vec<u8>) -> Option<()> {
        while payload.len() < length {
            let page = used.first(next).then(|| self.page(next)).flatten()?;
            next = u32::from_be_bytes(*page.first_chunk()?);
            let more = (length - payload.len()).min(self.usable - 4);
            payload.extend_from_slice(&page[4..4 + more]);
        }
        Some(())
    }
}
