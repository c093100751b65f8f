//! What stands before a block's symbols: its checksum, the bytes that occur, the codes.

use super::What;
use super::bits::Bits;
use super::huffman::{LONGEST, SYMBOLS, Table};

/// Tables of a block at most.
const TABLES: usize = 6;

/// Choices of a table that a block can need; others are read over, as by bzip2 1.0.8.
const CHOICES: usize = 18_002;

/// The head of a block.
pub(super) struct Head {
    part: Part,
    /// Of the block's contents.
    pub(super) checksum: u32,
    /// The row that the contents are.
    pub(super) origin: u32,
    /// The bytes that occur, the one that was last first; sorted at the block's begin.
    pub(super) front: [u8; 256],
    /// How many they are.
    pub(super) bytes: usize,
    /// The codes.
    pub(super) tables: Vec<Table>,
    /// Which of the tables is for each group of symbols.
    pub(super) choices: Vec<u8>,
    /// Groups of 16 bytes of which some occur, the lowest highest.
    groups: u16,
    /// Choices still to read.
    left: u64,
    /// Tables, the one that was chosen last first.
    recent: [u8; TABLES],
    /// How many they are.
    wanted: usize,
    /// The next group, rank or symbol.
    next: usize,
    lengths: [u8; SYMBOLS],
    length: usize,
}

/// What comes next.
#[derive(Clone, Copy)]
enum Part {
    Checksum,
    Origin,
    Groups,
    Bytes,
    Counts,
    Choices,
    Start,
    Lengths,
    Over,
}

impl Head {
    pub(super) fn new() -> Self {
        Self {
            part: Part::Checksum,
            checksum: 0,
            origin: 0,
            front: [0; 256],
            bytes: 0,
            tables: Vec::new(),
            choices: Vec::new(),
            groups: 0,
            left: 0,
            recent: [0; TABLES],
            wanted: 0,
            next: 0,
            lengths: [0; SYMBOLS],
            length: 0,
        }
    }

    /// Makes ready for the next block.
    pub(super) fn begin(&mut self) {
        (self.part, self.bytes, self.next) = (Part::Checksum, 0, 0);
        self.tables.clear();
        self.choices.clear();
    }

    /// Symbols of the block: two for runs, one for each byte but the one in front, the end.
    pub(super) fn symbols(&self) -> usize {
        self.bytes + 2
    }

    /// Reads on; whether all is there.
    pub(super) fn read(&mut self, bits: &mut Bits<'_>) -> Result<bool, What> {
        loop {
            let fed = match self.part {
                Part::Checksum => bits.take(32).map(|checksum| {
                    self.checksum = checksum as u32;
                    self.part = Part::Origin;
                }),
                Part::Origin => match bits.take(25) {
                    Some(origin) if origin >> 24 != 0 => {
                        return Err("a block is randomised, as bzip2 before 0.9.5 did it; compress it anew");
                    }
                    origin => origin.map(|origin| {
                        self.origin = origin as u32;
                        self.part = Part::Groups;
                    }),
                },
                Part::Groups => bits.take(16).map(|groups| {
                    self.groups = groups as u16;
                    self.part = Part::Bytes;
                }),
                Part::Bytes => self.occurring(bits)?,
                Part::Counts => self.counts(bits)?,
                Part::Choices => self.choice(bits)?,
                Part::Start => bits.take(5).map(|length| {
                    (self.length, self.next) = (length as usize, 0);
                    self.part = Part::Lengths;
                }),
                Part::Lengths => self.codes(bits)?,
                Part::Over => return Ok(true),
            };
            if fed.is_none() {
                return Ok(false);
            }
        }
    }

    fn occurring(&mut self, bits: &mut Bits<'_>) -> Result<Option<()>, What> {
        while self.next < 16 {
            if self.groups & (0x8000 >> self.next) != 0 {
                let Some(which) = bits.take(16) else { return Ok(None) };
                for byte in (0..16).filter(|byte| which & (0x8000 >> byte) != 0) {
                    self.front[self.bytes] = (self.next << 4 | byte) as u8;
                    self.bytes += 1;
                }
            }
            self.next += 1;
        }
        if self.bytes == 0 {
            return Err("a block has no bytes");
        }
        self.part = Part::Counts;
        Ok(Some(()))
    }

    fn counts(&mut self, bits: &mut Bits<'_>) -> Result<Option<()>, What> {
        let Some(counts) = bits.take(18) else { return Ok(None) };
        (self.wanted, self.left) = ((counts >> 15) as usize, counts & 0x7fff);
        if !(2..=TABLES).contains(&self.wanted) || self.left == 0 {
            return Err("a block has another number of tables than 2 to 6, or uses none");
        }
        self.recent = std::array::from_fn(|table| table as u8);
        self.next = 0;
        self.part = Part::Choices;
        Ok(Some(()))
    }

    /// Each choice is the rank of a table among those chosen last, in ones before a zero.
    fn choice(&mut self, bits: &mut Bits<'_>) -> Result<Option<()>, What> {
        while self.left > 0 {
            let Some(bit) = bits.take(1) else { return Ok(None) };
            if bit == 1 {
                self.next += 1;
                if self.next >= self.wanted {
                    return Err("a block chooses a table that it doesn't have");
                }
                continue;
            }
            self.recent[..=self.next].rotate_right(1);
            if self.choices.len() < CHOICES {
                self.choices.push(self.recent[0]);
            }
            self.left -= 1;
            self.next = 0;
        }
        self.part = Part::Start;
        Ok(Some(()))
    }

    /// Each length is told by steps from the one before it.
    fn codes(&mut self, bits: &mut Bits<'_>) -> Result<Option<()>, What> {
        let symbols = self.symbols();
        while self.next < symbols {
            if !(1..=LONGEST).contains(&self.length) {
                return Err("a code has another length than 1 to 20 bits");
            }
            // A table is never the last thing in a stream.
            if !bits.has(2) {
                return Ok(None);
            }
            match bits.next(2) {
                0 | 1 => {
                    bits.skip(1);
                    self.lengths[self.next] = self.length as u8;
                    self.next += 1;
                }
                step => {
                    bits.skip(2);
                    self.length = if step == 2 { self.length + 1 } else { self.length - 1 };
                }
            }
        }
        self.tables.push(Table::new(&self.lengths[..symbols])?);
        self.part = if self.tables.len() == self.wanted { Part::Over } else { Part::Start };
        Ok(Some(()))
    }
}
