//! From the last column of the sorted rows to the contents, runs written out, with their checksum.

use super::What;
use super::symbols::Symbols;

/// After so many equal bytes comes how often the byte is to be repeated.
const RUN: u8 = 4;

/// The contents of a block.
pub(super) struct Output {
    /// The cell of the next byte.
    at: u32,
    /// Cells that aren't read yet.
    left: usize,
    /// The last byte, how often in a row it was read, and how often it is still to be written.
    last: u8,
    equal: u8,
    repeat: u8,
    checksum: u32,
}

impl Output {
    pub(super) fn new() -> Self {
        Self { at: 0, left: 0, last: 0, equal: 0, repeat: 0, checksum: 0 }
    }

    /// Puts into each cell, above its byte, which cell comes after it.
    pub(super) fn begin(&mut self, symbols: &mut Symbols, origin: u32) -> Result<(), What> {
        let mut first = 0;
        for count in &mut symbols.counts {
            first += std::mem::replace(count, first);
        }
        for index in 0..symbols.cells.len() {
            let byte = (symbols.cells[index] & 0xff) as usize;
            let place = symbols.counts[byte];
            symbols.counts[byte] += 1;
            symbols.cells[place as usize] |= (index as u32) << 8;
        }
        let Some(cell) = symbols.cells.get(origin as usize) else {
            return Err("a block begins after its end");
        };
        *self = Self { at: cell >> 8, left: symbols.cells.len(), checksum: u32::MAX, ..Self::new() };
        Ok(())
    }

    /// Writes on; how many bytes.
    pub(super) fn write(&mut self, cells: &[u32], output: &mut [u8]) -> usize {
        let mut written = 0;
        while written < output.len() {
            if self.repeat > 0 {
                let now = usize::from(self.repeat).min(output.len() - written);
                output[written..written + now].fill(self.last);
                self.repeat -= now as u8;
                written += now;
                continue;
            }
            if self.left == 0 {
                break;
            }
            let Some(cell) = cells.get(self.at as usize) else { break };
            self.at = cell >> 8;
            self.left -= 1;
            let byte = *cell as u8;
            if self.equal == RUN {
                (self.equal, self.repeat) = (0, byte);
                continue;
            }
            self.equal = if byte == self.last { self.equal + 1 } else { 1 };
            self.last = byte;
            output[written] = byte;
            written += 1;
        }
        for byte in &output[..written] {
            let index = (self.checksum >> 24) as u8 ^ byte;
            self.checksum = self.checksum << 8 ^ CHECKSUMS[usize::from(index)];
        }
        written
    }

    /// Whether nothing is left to write.
    pub(super) fn is_whole(&self) -> bool {
        self.left == 0 && self.repeat == 0
    }

    /// Of what was written.
    pub(super) fn checksum(&self) -> u32 {
        !self.checksum
    }
}

/// CRC-32 with the highest bit first, of each byte.
pub(super) const CHECKSUMS: [u32; 256] = {
    let mut table = [0; 256];
    let mut byte = 0;
    while byte < 256 {
        let mut sum = (byte as u32) << 24;
        let mut bit = 0;
        while bit < 8 {
            sum = if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 };
            bit += 1;
        }
        table[byte] = sum;
        byte += 1;
    }
    table
};
