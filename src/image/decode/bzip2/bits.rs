//! Bits, the highest of a byte first, out of pieces of input that follow one another.

/// Bits that were taken and input that was not.
pub(super) struct Bits<'i> {
    /// The next bits, the first one highest. Below `count` of them may stand those of the input that come after.
    held: u64,
    count: u32,
    input: &'i [u8],
    read: usize,
}

impl<'i> Bits<'i> {
    /// Goes on with what was left of the piece before.
    pub(super) fn new(held: u64, count: u32, input: &'i [u8]) -> Self {
        Self { held, count, input, read: 0 }
    }

    /// What is held, how many bits of it count, and bytes that were read of this piece.
    pub(super) fn state(&self) -> (u64, u32, usize) {
        let held = if self.count == 0 { 0 } else { self.held & (u64::MAX << (64 - self.count)) };
        (held, self.count, self.read)
    }

    /// Takes in what there is room for: 56 bits are there, unless the input ends.
    pub(super) fn fill(&mut self) {
        if let Some(next) = self.input[self.read..].first_chunk() {
            self.held |= u64::from_be_bytes(*next).unbounded_shr(self.count);
            let bytes = (64 - self.count) / 8;
            self.read += bytes as usize;
            self.count += 8 * bytes;
            return;
        }
        while self.count <= 56 && self.read < self.input.len() {
            self.held |= u64::from(self.input[self.read]) << (56 - self.count);
            self.read += 1;
            self.count += 8;
        }
    }

    /// Bits that are held.
    pub(super) fn count(&self) -> u32 {
        self.count
    }

    /// The next bits (1 to 32); those that aren't there are anything.
    pub(super) fn next(&self, bits: u32) -> u32 {
        (self.held >> (64 - bits)) as u32
    }

    /// Uses bits that are held.
    pub(super) fn skip(&mut self, bits: u32) {
        self.held = self.held.unbounded_shl(bits);
        self.count = self.count.saturating_sub(bits);
    }

    /// Whether so many bits (56 at most) are there.
    pub(super) fn has(&mut self, bits: u32) -> bool {
        if self.count < bits {
            self.fill();
        }
        self.count >= bits
    }

    /// Uses the next bits (1 to 56); `None` when they aren't all there yet.
    pub(super) fn take(&mut self, bits: u32) -> Option<u64> {
        if !self.has(bits) {
            return None;
        }
        let taken = self.held >> (64 - bits);
        self.skip(bits);
        Some(taken)
    }

    /// Skips to the next whole byte.
    pub(super) fn align(&mut self) {
        self.skip(self.count % 8);
    }

    /// Gives back whole bytes of this piece that aren't used.
    pub(super) fn give_back(&mut self) {
        let bytes = self.read.min(self.count as usize / 8);
        self.read -= bytes;
        self.count -= 8 * bytes as u32;
    }
}
