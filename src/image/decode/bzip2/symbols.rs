//! From symbols to the last column of the sorted rows.

use super::What;
use super::bits::Bits;
use super::head::Head;

/// Symbols of a group: each has a table of its own.
const GROUP: usize = 50;

/// The symbols of a block.
pub(super) struct Symbols {
    /// The bytes of the last column; [`Output`](super::output::Output) puts links above them.
    pub(super) cells: Vec<u32>,
    /// How often each byte occurs.
    pub(super) counts: [u32; 256],
    /// The group, and symbols of it that are still to come.
    group: usize,
    left: usize,
    table: usize,
    /// A run of the byte in front so far, and what the next digit of its length weighs.
    run: usize,
    weight: usize,
}

impl Symbols {
    pub(super) fn new() -> Self {
        Self { cells: Vec::new(), counts: [0; 256], group: 0, left: 0, table: 0, run: 0, weight: 1 }
    }

    /// Makes ready for the next block.
    pub(super) fn begin(&mut self) {
        self.cells.clear();
        self.counts = [0; 256];
        (self.group, self.left, self.run, self.weight) = (0, 0, 0, 1);
    }

    /// Reads on; whether the block is whole.
    pub(super) fn read(&mut self, head: &mut Head, limit: usize, bits: &mut Bits<'_>) -> Result<bool, What> {
        let end = head.symbols() - 1;
        loop {
            if self.left == 0 {
                let Some(table) = head.choices.get(self.group) else {
                    return Err("a block has more symbols than it chooses tables for");
                };
                (self.table, self.left) = (usize::from(*table), GROUP);
                self.group += 1;
            }
            let Some(table) = head.tables.get(self.table) else {
                return Err("a block chooses a table that it doesn't have");
            };
            while self.left > 0 {
                let Some(symbol) = table.symbol(bits)? else { return Ok(false) };
                self.left -= 1;
                let symbol = usize::from(symbol);
                if symbol < 2 {
                    self.run += self.weight << symbol;
                    self.weight <<= 1;
                    if self.run > limit {
                        return Err(LONG);
                    }
                    continue;
                }
                if self.run > 0 {
                    self.repeat(head.front[0], limit)?;
                }
                if symbol == end {
                    return Ok(true);
                }
                if self.cells.len() >= limit {
                    return Err(LONG);
                }
                let byte = to_front(&mut head.front, symbol - 1);
                self.cells.push(u32::from(byte));
                self.counts[usize::from(byte)] += 1;
            }
        }
    }

    fn repeat(&mut self, byte: u8, limit: usize) -> Result<(), What> {
        if self.cells.len() + self.run > limit {
            return Err(LONG);
        }
        self.cells.resize(self.cells.len() + self.run, u32::from(byte));
        self.counts[usize::from(byte)] += self.run as u32;
        (self.run, self.weight) = (0, 1);
        Ok(())
    }
}

const LONG: What = "a block is longer than its stream's level allows";

/// Moves the byte at a place (1 to 255) to the front.
fn to_front(front: &mut [u8; 256], place: usize) -> u8 {
    let place = place & 0xff;
    let byte = front[place];
    // A call costs more than moving a few.
    if place < 16 {
        for at in (1..=place).rev() {
            front[at] = front[at - 1];
        }
    } else {
        front.copy_within(..place, 1);
    }
    front[0] = byte;
    byte
}
