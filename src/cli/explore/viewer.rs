//! The start of a file of a layer, as text or as hexadecimal numbers. Memory is bounded however long the file is.

use std::io::{self, Seek, SeekFrom, Write};

use crate::image::PathId;
use crate::report::{clean_bytes, width};

/// Bytes of a file that are kept.
pub(super) const VIEW_BYTES: usize = 1_000_000;

/// Bytes on a row of hexadecimal numbers.
const HEX: usize = 16;

/// Columns by which keys scroll.
const STEP: usize = 8;

/// Columns of a tab.
const TAB: usize = 4;

/// The start of the contents of a file that is read; what follows is dropped.
#[derive(Debug, Default)]
pub(super) struct FileStart {
    bytes: Vec<u8>,
    position: usize,
}

impl Write for FileStart {
    fn write(&mut self, buffer: &[u8]) -> io::Result<usize> {
        let room = VIEW_BYTES.saturating_sub(self.position).min(buffer.len());
        self.bytes.truncate(self.position.min(VIEW_BYTES));
        self.bytes.extend_from_slice(&buffer[..room]);
        self.position = self.position.saturating_add(buffer.len());
        Ok(buffer.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Seek for FileStart {
    fn seek(&mut self, to: SeekFrom) -> io::Result<u64> {
        match to {
            // A file is written anew from its start; nothing else is needed.
            SeekFrom::Start(0) => {
                self.position = 0;
                Ok(0)
            }
            _ => Err(io::ErrorKind::Unsupported.into()),
        }
    }
}

/// What is shown of a file.
#[derive(Debug, Default)]
pub(super) struct FileView {
    pub(super) path: PathId,
    /// Bytes of the whole file.
    pub(super) size: u64,
    bytes: Vec<u8>,
    /// Where each line starts.
    lines: Vec<usize>,
    longest: usize,
    is_hex: bool,
    pub(super) top: usize,
    pub(super) left: usize,
    pub(super) page: usize,
}

impl FileView {
    /// `size` is that of the whole file.
    pub(super) fn new(path: PathId, start: FileStart, size: u64) -> Self {
        let mut bytes = start.bytes;
        bytes.truncate(usize::try_from(size).unwrap_or(usize::MAX));
        let mut lines = vec![0];
        lines.extend(memchr::memchr_iter(b'\n', &bytes).map(|end| end + 1));
        lines.pop_if(|last| *last == bytes.len());
        let ends = lines.iter().copied().skip(1).chain([bytes.len()]);
        let longest = lines.iter().zip(ends).map(|(start, end)| end - start).max().unwrap_or(0);
        Self { path, size, lines, longest, is_hex: !is_text(&bytes), bytes, ..Self::default() }
    }

    pub(super) const fn is_hex(&self) -> bool {
        self.is_hex
    }

    /// Whether the file goes on after what is shown.
    pub(super) const fn is_cut(&self) -> bool {
        self.size > self.bytes.len() as u64
    }

    pub(super) const fn rows(&self) -> usize {
        if self.is_hex { self.bytes.len().div_ceil(HEX) } else { self.lines.len() }
    }

    /// Scrolls no further than needed for so many rows.
    pub(super) fn show(&mut self, page: usize) {
        self.page = page.max(1);
        self.top = self.top.min(self.rows().saturating_sub(self.page));
    }

    pub(super) fn toggle_hex(&mut self) {
        self.is_hex = !self.is_hex;
        (self.top, self.left) = (0, 0);
    }

    pub(super) fn scroll_right(&mut self) {
        let most = if self.is_hex { 11 + HEX * 4 } else { self.longest * TAB };
        if self.left + STEP < most {
            self.left += STEP;
        }
    }

    pub(super) const fn scroll_left(&mut self) {
        self.left = self.left.saturating_sub(STEP);
    }

    /// A row as it may be shown, from the column that is scrolled to.
    pub(super) fn row(&self, number: usize, columns: usize) -> String {
        if self.is_hex {
            return columns_of(&self.hex_row(number), self.left, columns);
        }
        let Some(&start) = self.lines.get(number) else { return String::new() };
        let end = self.lines.get(number + 1).copied().unwrap_or(self.bytes.len());
        // A column takes four bytes at most, and a tab four columns.
        let line = self.bytes[start..end].trim_ascii_end();
        let line = &line[..line.len().min((self.left + columns + 1) * 4)];
        let mut text = String::new();
        for (index, part) in line.split(|&byte| byte == b'\t').enumerate() {
            if index > 0 {
                let gap = TAB - width(&text) % TAB;
                text.push_str(&" ".repeat(gap));
            }
            text.push_str(&clean_bytes(part));
        }
        columns_of(&text, self.left, columns)
    }

    fn hex_row(&self, number: usize) -> String {
        let start = number * HEX;
        let Some(bytes) = self.bytes.get(start..(start + HEX).min(self.bytes.len())) else { return String::new() };
        let mut text = format!("{start:08x} ");
        for index in 0..HEX {
            text.push_str(if index == HEX / 2 { "  " } else { " " });
            text.push_str(&bytes.get(index).map_or("  ".to_owned(), |byte| format!("{byte:02x}")));
        }
        text.push_str("  ");
        text.extend(bytes.iter().map(|&byte| if byte.is_ascii_graphic() || byte == b' ' { byte as char } else { '.' }));
        text
    }
}

/// Whether contents are text in UTF-8, the last character of which may be cut.
fn is_text(bytes: &[u8]) -> bool {
    let is_utf8 = std::str::from_utf8(bytes).is_err_and(|error| error.error_len().is_some());
    !is_utf8 && !bytes.contains(&0)
}

/// So many columns of a text from one on.
fn columns_of(text: &str, left: usize, columns: usize) -> String {
    let mut column = 0;
    let mut result = String::new();
    for c in text.chars() {
        let mut encoded = [0; 4];
        let end = column + width(c.encode_utf8(&mut encoded));
        if end > left + columns {
            break;
        }
        if column >= left {
            result.push(c);
        } else if end > left {
            // Half of a wide character.
            result.push(' ');
        }
        column = end;
    }
    result
}

#[cfg(test)]
mod tests {
    use super::*;

    fn view(bytes: &[u8]) -> FileView {
        let mut start = FileStart::default();
        // Another file came first.
        start.write_all(&[b'o'; 40]).unwrap();
        start.rewind().unwrap();
        bytes.chunks(1_000).for_each(|piece| start.write_all(piece).unwrap());
        FileView::new(PathId::ROOT, start, bytes.len() as u64)
    }

    fn rows(view: &FileView, columns: usize) -> Vec<String> {
        (0..view.rows()).map(|row| view.row(row, columns)).collect()
    }

    #[test]
    fn text_is_shown_by_lines() {
        let mut file = view("a\tb\r\n\n\x1b[2J\u{202e}日本x\n".as_bytes());
        assert_eq!(rows(&file, 40), ["a   b", "", "␛[2J\u{fffd}日本x"]);
        assert!(!file.is_hex() && !file.is_cut());
        file.scroll_right();
        assert_eq!(rows(&file, 40), ["", "", " x"]);
        file.scroll_left();
        assert_eq!(rows(&file, 8), ["a   b", "", "␛[2J\u{fffd}日"]);
        assert_eq!(rows(&view(b""), 40), [""; 0]);
        assert_eq!(rows(&view(b"x"), 40), ["x"]);
    }

    #[test]
    fn other_contents_are_numbers() {
        let mut file = view(b"\x7fELF\0\x01 more than one row");
        assert_eq!(
            rows(&file, 80),
            [
                "00000000  7f 45 4c 46 00 01 20 6d  6f 72 65 20 74 68 61 6e  .ELF.. more than",
                "00000010  20 6f 6e 65 20 72 6f 77                            one row",
            ]
        );
        file.toggle_hex();
        assert_eq!(rows(&file, 80), ["␡ELF␀␁ more than one row"]);
        let mut latin = view(b"caf\xe9 au lait\n");
        assert!(latin.is_hex());
        latin.toggle_hex();
        assert_eq!(rows(&latin, 40), ["caf\\xe9 au lait"]);
    }

    #[test]
    fn long_files_are_cut() {
        let whole = "é".repeat(VIEW_BYTES);
        let file = view(whole.as_bytes());
        assert!(file.is_cut() && !file.is_hex());
        assert_eq!(file.bytes.len(), VIEW_BYTES);
        assert_eq!(file.size, 2 * VIEW_BYTES as u64);
        assert_eq!(file.row(0, 5), "ééééé");
        let lines = view(&b"a\n".repeat(VIEW_BYTES));
        assert_eq!(lines.rows(), VIEW_BYTES / 2);
    }
}
