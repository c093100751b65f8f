//! Prefix codes.

use super::What;
use super::bits::Bits;

/// Bits of a code at most.
pub(super) const LONGEST: usize = 20;

/// Symbols at most: all bytes but the one in front, two for runs of that one, the end.
pub(super) const SYMBOLS: usize = 258;

/// Codes of so many bits are looked up at once.
const SHORT: usize = 10;

/// The codes of one table.
pub(super) struct Table {
    /// By the next [`SHORT`] bits: the symbol and, below, the bits of its code (5 of them); 0 for longer codes.
    short: [u16; 1 << SHORT],
    /// By length: the first code after those of the length, filled up to [`LONGEST`] bits.
    ends: [u32; LONGEST + 1],
    /// By length: what is to be added to a code for its place in `order`, modulo 2³².
    places: [u32; LONGEST + 1],
    /// Symbols by their codes.
    order: [u16; SYMBOLS],
}

impl Table {
    /// Codes of such lengths (1 to [`LONGEST`]). Some may be left over, as some encoders write it.
    pub(super) fn new(lengths: &[u8]) -> Result<Self, What> {
        let mut table =
            Self { short: [0; 1 << SHORT], ends: [0; LONGEST + 1], places: [0; LONGEST + 1], order: [0; SYMBOLS] };
        let (mut code, mut place) = (0u32, 0);
        for length in 1..=LONGEST {
            code <<= 1;
            table.places[length] = (place as u32).wrapping_sub(code);
            for (symbol, _) in lengths.iter().enumerate().filter(|&(_, own)| usize::from(*own) == length) {
                if code >> length != 0 {
                    return Err("a table has more codes than there are");
                }
                table.order[place] = symbol as u16;
                if length <= SHORT {
                    let free = SHORT - length;
                    let first = (code as usize) << free;
                    table.short[first..first + (1 << free)].fill((symbol as u16) << 5 | length as u16);
                }
                code += 1;
                place += 1;
            }
            table.ends[length] = code << (LONGEST - length);
        }
        Ok(table)
    }

    /// The next symbol; `None` when its code isn't all there yet.
    #[inline]
    pub(super) fn symbol(&self, bits: &mut Bits<'_>) -> Result<Option<u16>, What> {
        if bits.count() < LONGEST as u32 {
            bits.fill();
        }
        let next = bits.next(LONGEST as u32);
        let short = self.short[next as usize >> (LONGEST - SHORT)];
        if short != 0 {
            let length = u32::from(short & 31);
            if length > bits.count() {
                return Ok(None);
            }
            bits.skip(length);
            return Ok(Some(short >> 5));
        }
        self.long(next, bits)
    }

    #[cold]
    fn long(&self, next: u32, bits: &mut Bits<'_>) -> Result<Option<u16>, What> {
        let length = (SHORT + 1..=LONGEST).find(|&length| next < self.ends[length]);
        if length.unwrap_or(LONGEST) > bits.count() as usize {
            return Ok(None);
        }
        let Some(length) = length else { return Err("a code stands for nothing") };
        bits.skip(length as u32);
        let place = (next >> (LONGEST - length)).wrapping_add(self.places[length]);
        Ok(self.order.get(place as usize).copied())
    }
}
