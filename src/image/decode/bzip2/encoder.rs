//! A plain encoder, for tests: level 1, one code for each block.

/// Bytes of a block; a run at its end may go a few past it.
const BLOCK: usize = 99_000;

/// Bits of a code at most: no block has more than 2¹⁷ symbols.
const LONGEST: u32 = 17;

/// One stream.
pub(crate) fn bzip2(contents: &[u8]) -> Vec<u8> {
    let mut bits = Bits { bytes: b"BZh1".to_vec(), held: 0, count: 0 };
    let mut rest = contents;
    let mut sum = 0u32;
    while !rest.is_empty() {
        let (runs, used) = runs(rest);
        let checksum = checksum(&rest[..used]);
        sum = sum.rotate_left(1) ^ checksum;
        bits.put(0x3141_5926_5359, 48);
        bits.put(u64::from(checksum), 32);
        block(&runs, &mut bits);
        rest = &rest[used..];
    }
    bits.put(0x1772_4538_5090, 48);
    bits.put(u64::from(sum), 32);
    bits.put(0, 7);
    bits.bytes
}

struct Bits {
    bytes: Vec<u8>,
    held: u64,
    count: u32,
}

impl Bits {
    /// The highest of so many bits first.
    fn put(&mut self, value: u64, bits: u32) {
        for bit in (0..bits).rev() {
            self.held = self.held << 1 | (value >> bit & 1);
            self.count += 1;
            if self.count == 8 {
                self.bytes.push(self.held as u8);
                self.count = 0;
            }
        }
    }
}

fn checksum(contents: &[u8]) -> u32 {
    let step = |sum: u32| if sum >> 31 == 1 { sum << 1 ^ 0x04c1_1db7 } else { sum << 1 };
    !contents.iter().fold(u32::MAX, |sum, byte| (0..8).fold(sum ^ u32::from(*byte) << 24, |sum, _| step(sum)))
}

/// Four equal bytes, then how many more: a block of them, and how much it takes.
fn runs(contents: &[u8]) -> (Vec<u8>, usize) {
    let (mut runs, mut used) = (Vec::new(), 0);
    while used < contents.len() && runs.len() < BLOCK {
        let byte = contents[used];
        let length = contents[used..].iter().take(259).take_while(|other| **other == byte).count();
        runs.extend(std::iter::repeat_n(byte, length.min(4)));
        runs.extend(length.checked_sub(4).map(|more| more as u8));
        used += length;
    }
    (runs, used)
}

fn block(runs: &[u8], bits: &mut Bits) {
    let rows = sorted(runs);
    let origin = rows.iter().position(|row| *row == 0).unwrap();
    bits.put(origin as u64, 25);
    let mut front: Vec<u8> = (0..=255).filter(|byte| runs.contains(byte)).collect();
    let bytes: Vec<u8> = (0..=255).collect();
    let used = |group: &[u8]| group.iter().any(|byte| front.contains(byte));
    bytes.chunks(16).for_each(|group| bits.put(u64::from(used(group)), 1));
    for group in bytes.chunks(16).filter(|group| used(group)) {
        for byte in group {
            bits.put(u64::from(front.contains(byte)), 1);
        }
    }
    let last = rows.iter().map(|row| runs[(row + runs.len() - 1) % runs.len()]);
    let end = front.len() + 1;
    let symbols = symbols(last, &mut front, end);
    let lengths = lengths(&symbols, end + 1);
    let groups = symbols.len().div_ceil(50);
    bits.put(2, 3);
    bits.put(groups as u64, 15);
    // The second table is as the first, and no group chooses it.
    (0..groups).for_each(|_| bits.put(0, 1));
    for _ in 0..2 {
        let mut length = lengths[0];
        bits.put(u64::from(length), 5);
        for own in &lengths {
            while length != *own {
                bits.put(if length < *own { 2 } else { 3 }, 2);
                length = if length < *own { length + 1 } else { length - 1 };
            }
            bits.put(0, 1);
        }
    }
    let codes = codes(&lengths);
    for symbol in symbols {
        bits.put(codes[symbol], lengths[symbol]);
    }
}

/// Where the rotations begin, sorted: by their first 8 bytes, then by twice as many in each round.
fn sorted(runs: &[u8]) -> Vec<usize> {
    let count = runs.len();
    let start = |row: usize| (0..8).fold(0, |key, at| key << 8 | u64::from(runs[(row + at) % count]));
    let mut keys: Vec<(u64, u64, usize)> = (0..count).map(|row| (start(row), 0, row)).collect();
    let mut ranks = vec![0; count];
    let mut width = 8;
    loop {
        keys.sort_unstable();
        let mut rank = 0;
        for at in 0..count {
            if at > 0 && (keys[at].0, keys[at].1) != (keys[at - 1].0, keys[at - 1].1) {
                rank = at as u64;
            }
            ranks[keys[at].2] = rank;
        }
        let equal = keys.windows(2).any(|pair| (pair[0].0, pair[0].1) == (pair[1].0, pair[1].1));
        if !equal || width >= 2 * count {
            return keys.into_iter().map(|(_, _, row)| row).collect();
        }
        for key in &mut keys {
            *key = (ranks[key.2], ranks[(key.2 + width) % count], key.2);
        }
        width *= 2;
    }
}

/// Places in a list whose last used byte stands in front; runs of place 0 as numbers of the digits 1 and 2.
fn symbols(last: impl Iterator<Item = u8>, front: &mut [u8], end: usize) -> Vec<usize> {
    let mut symbols = Vec::new();
    let mut run = 0usize;
    let flush = |run: &mut usize, symbols: &mut Vec<usize>| {
        while *run > 0 {
            *run -= 1;
            symbols.push(*run % 2);
            *run /= 2;
        }
    };
    for byte in last {
        let place = front.iter().position(|other| *other == byte).unwrap();
        if place == 0 {
            run += 1;
            continue;
        }
        flush(&mut run, &mut symbols);
        front[..=place].rotate_right(1);
        symbols.push(place + 1);
    }
    flush(&mut run, &mut symbols);
    symbols.push(end);
    symbols
}

/// A complete code: Shannon's lengths, shortened while there is room, the most frequent first.
fn lengths(symbols: &[usize], count: usize) -> Vec<u32> {
    let mut often = vec![0usize; count];
    for symbol in symbols {
        often[*symbol] += 1;
    }
    let total: usize = often.iter().map(|often| (*often).max(1)).sum();
    let mut lengths: Vec<u32> =
        often.iter().map(|often| total.div_ceil((*often).max(1)).next_power_of_two().ilog2()).collect();
    let weight = |length: u32| 1usize << (LONGEST - length);
    let mut room = (1 << LONGEST) - lengths.iter().map(|length| weight(*length)).sum::<usize>();
    let mut order: Vec<usize> = (0..count).collect();
    order.sort_by_key(|symbol| std::cmp::Reverse(often[*symbol]));
    while room > 0 {
        for symbol in &order {
            if weight(lengths[*symbol]) <= room {
                room -= weight(lengths[*symbol]);
                lengths[*symbol] -= 1;
            }
        }
    }
    lengths
}

fn codes(lengths: &[u32]) -> Vec<u64> {
    let mut codes = vec![0; lengths.len()];
    let mut code = 0;
    for length in 1..=LONGEST {
        code <<= 1;
        for symbol in (0..lengths.len()).filter(|symbol| lengths[*symbol] == length) {
            codes[symbol] = code;
            code += 1;
        }
    }
    codes
}
