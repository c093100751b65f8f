//! bzip2, as bzip2 1.0.8 reads it: streams of blocks, each with its checksum. A block takes 3.6 MB at most.

mod bits;
#[cfg(test)]
pub(super) mod encoder;
mod head;
mod huffman;
mod output;
mod symbols;
#[cfg(test)]
mod tests;

use self::bits::Bits;
use self::head::Head;
use self::output::Output;
use self::symbols::Symbols;
use crate::image::decode::codec::{Step, Unpack, Wrong};
use crate::image::fault::FaultKind;
use crate::image::layer::Compression;

/// Why a stream isn't bzip2.
type What = &'static str;

/// Bytes of a block for each level.
const LEVEL: usize = 100_000;

/// Before a block: pi.
const BLOCK: u64 = 0x3141_5926_5359;

/// After the last one: its root.
const END: u64 = 0x1772_4538_5090;

/// A decoder of one stream after the other.
pub(super) struct Bzip2 {
    state: State,
    /// Bits that were taken from the input and not yet used.
    bits: u64,
    count: u32,
    /// Bytes of a block at most, before runs are written out.
    limit: usize,
    /// The checksums of the blocks so far.
    sum: u32,
    head: Head,
    symbols: Symbols,
    output: Output,
    failed: Option<What>,
}

/// What comes next.
#[derive(Clone, Copy)]
enum State {
    Header,
    Magic,
    Head,
    Symbols,
    Output,
    Sum,
    Ended,
}

/// Why decoding pauses.
enum Pause {
    /// There is no more input.
    Starved,
    /// There is no more room.
    Full,
    Ended,
}

impl Bzip2 {
    pub(super) fn new() -> Self {
        Self {
            state: State::Header,
            bits: 0,
            count: 0,
            limit: 0,
            sum: 0,
            head: Head::new(),
            symbols: Symbols::new(),
            output: Output::new(),
            failed: None,
        }
    }

    /// Goes on until input or room run out.
    fn run(&mut self, bits: &mut Bits<'_>, output: &mut [u8], written: &mut usize) -> Result<Pause, What> {
        loop {
            let fed = match self.state {
                State::Header => self.header(bits)?,
                State::Magic => self.magic(bits)?,
                State::Head => {
                    let whole = self.head.read(bits)?;
                    if whole {
                        self.symbols.begin();
                        self.state = State::Symbols;
                    }
                    whole
                }
                State::Symbols => {
                    let whole = self.symbols.read(&mut self.head, self.limit, bits)?;
                    if whole {
                        self.output.begin(&mut self.symbols, self.head.origin)?;
                        self.state = State::Output;
                    }
                    whole
                }
                State::Output => {
                    *written += self.output.write(&self.symbols.cells, &mut output[*written..]);
                    if !self.output.is_whole() {
                        return Ok(Pause::Full);
                    }
                    self.check()?;
                    true
                }
                State::Sum => self.sum(bits)?,
                State::Ended => return Ok(Pause::Ended),
            };
            if !fed {
                return Ok(Pause::Starved);
            }
        }
    }

    fn header(&mut self, bits: &mut Bits<'_>) -> Result<bool, What> {
        let Some(header) = bits.take(32) else { return Ok(false) };
        let level = match (header as u32).to_be_bytes() {
            [b'B', b'Z', b'h', level @ b'1'..=b'9'] => level - b'0',
            _ => return Err("it has no header"),
        };
        self.limit = usize::from(level) * LEVEL;
        self.sum = 0;
        self.state = State::Magic;
        Ok(true)
    }

    fn magic(&mut self, bits: &mut Bits<'_>) -> Result<bool, What> {
        let Some(magic) = bits.take(48) else { return Ok(false) };
        self.state = match magic {
            BLOCK => {
                self.head.begin();
                State::Head
            }
            END => State::Sum,
            _ => return Err("neither a block nor its end is where one should be"),
        };
        Ok(true)
    }

    /// Holds a block against its checksum.
    fn check(&mut self) -> Result<(), What> {
        if self.output.checksum() != self.head.checksum {
            return Err("a block has another checksum than it says");
        }
        self.sum = self.sum.rotate_left(1) ^ self.head.checksum;
        self.state = State::Magic;
        Ok(())
    }

    /// Holds the stream against its checksum.
    fn sum(&mut self, bits: &mut Bits<'_>) -> Result<bool, What> {
        let Some(sum) = bits.take(32) else { return Ok(false) };
        if sum != u64::from(self.sum) {
            return Err("it has another checksum than it says");
        }
        bits.align();
        self.state = State::Ended;
        Ok(true)
    }
}

impl Unpack for Bzip2 {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<Step, Wrong> {
        let mut bits = Bits::new(self.bits, self.count, input);
        let mut written = 0;
        let pause = match self.failed {
            Some(what) => Err(what),
            None => self.run(&mut bits, output, &mut written),
        };
        // Bits that a stream waits for are its own; what else was taken may belong to what comes after it.
        if !matches!(pause, Ok(Pause::Starved)) {
            bits.give_back();
        }
        let read;
        (self.bits, self.count, read) = bits.state();
        match pause {
            Ok(pause) => Ok(Step { read, written, ended: matches!(pause, Pause::Ended) }),
            Err(what) => {
                self.failed = Some(what);
                // What came before the error is handed out first; the next call meets the error again.
                if written > 0 {
                    return Ok(Step { read, written, ended: false });
                }
                Err(Wrong::new(FaultKind::Corrupt, Compression::Bzip2, what))
            }
        }
    }

    fn restart(&mut self) -> Result<(), Wrong> {
        // The tables and the block's memory are used again.
        (self.state, self.bits, self.count, self.failed) = (State::Header, 0, 0, None);
        Ok(())
    }
}
