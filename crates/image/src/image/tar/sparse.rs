//! Maps of sparse files: which parts of them are stored.

use crate::image::tar::header::{Block, number};
use crate::image::tar::pax::{Key, Records, decimal};

/// Offsets and lengths, ascending.
pub(super) type Map = Vec<(u64, u64)>;

/// Which map of a pax header says where it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum SparseMapPlace {
    /// In the header itself (0.0 and 0.1).
    Header,
    /// Before the contents (1.0).
    Contents,
}

const WRONG: &str = "invalid sparse map";

/// Where the map is, if the file is sparse. Unknown versions are no maps.
pub(super) fn place(records: &Records) -> Option<SparseMapPlace> {
    match (records.value(Key::SparseMajor), records.value(Key::SparseMinor)) {
        (Some(b"0"), Some(b"0" | b"1")) => Some(SparseMapPlace::Header),
        (Some(b"1"), Some(b"0")) => Some(SparseMapPlace::Contents),
        (None, None) if records.value(Key::SparseMap).is_some() => Some(SparseMapPlace::Header),
        (None, None) if !records.fragments.is_empty() => Some(SparseMapPlace::Header),
        _ => None,
    }
}

/// The map that a pax header holds.
pub(super) fn of_header(records: &Records) -> Result<Map, &'static str> {
    let blocks = records.number(Key::SparseBlocks)?.ok_or(WRONG)?;
    let numbers = if records.fragments.is_empty() {
        let text = records.value(Key::SparseMap).unwrap_or_default();
        if text.is_empty() {
            Some(Vec::new())
        } else {
            let number = |part| decimal(part).and_then(|number| u64::try_from(number).ok());
            text.split(|&byte| byte == b',').map(number).collect()
        }
    } else {
        Some(records.fragments.clone())
    };
    let numbers: Vec<u64> = numbers.ok_or(WRONG)?;
    if !numbers.len().is_multiple_of(2) || i64::try_from(numbers.len() / 2) != Ok(blocks) {
        return Err(WRONG);
    }
    Ok(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

/// How many lines the map before contents has, by its first one.
pub(super) fn lines(text: &[u8]) -> Result<u64, &'static str> {
    let first = text.split(|&byte| byte == b'\n').next().and_then(decimal);
    let count = first.and_then(|count| u64::try_from(count).ok()).ok_or(WRONG)?;
    count.checked_mul(2).and_then(|lines| lines.checked_add(1)).ok_or(WRONG)
}

/// The map before contents, of which all lines are there.
pub(super) fn of_text(text: &[u8]) -> Result<Map, &'static str> {
    let count = usize::try_from(lines(text)?).map_err(|_| WRONG)?;
    let numbers = text.split(|&byte| byte == b'\n').take(count).skip(1);
    let numbers = numbers.map(|line| decimal(line).and_then(|number| u64::try_from(number).ok()).ok_or(WRONG));
    let numbers: Vec<u64> = numbers.collect::<Result<_, _>>()?;
    Ok(numbers.chunks_exact(2).map(|pair| (pair[0], pair[1])).collect())
}

/// Places of the maps in GNU headers: start, number of fragments, place of the mark that more follow.
pub(super) const FIRST: (usize, usize, usize) = (386, 4, 482);
pub(super) const FURTHER: (usize, usize, usize) = (0, 21, 504);

/// Adds the fragments that a block of a GNU header holds; the answer is whether a further block follows.
pub(super) fn of_block(block: &Block, place: (usize, usize, usize), map: &mut Map) -> Result<bool, &'static str> {
    let (start, count, more) = place;
    for entry in block[start..start + count * 24].chunks_exact(24).take_while(|entry| entry[0] != 0) {
        let field = |field| number(field).and_then(|number| u64::try_from(number).ok()).ok_or(WRONG);
        map.push((field(&entry[..12])?, field(&entry[12..])?));
    }
    Ok(block[more] != 0)
}

/// The real size in a GNU header.
pub(super) fn real_size(block: &Block) -> Result<u64, &'static str> {
    number(&block[483..495]).and_then(|size| u64::try_from(size).ok()).ok_or(WRONG)
}

/// Holds a map against the size that the file has once unpacked and the bytes that are stored for it.
pub(super) fn check(map: &Map, size: u64, stored: u64) -> Result<(), &'static str> {
    let (mut end, mut sum) = (0u64, 0u64);
    for &(offset, length) in map {
        let after = offset.checked_add(length).filter(|after| *after <= size && offset >= end).ok_or(WRONG)?;
        // Lengths do not overlap, so their sum is at most the size.
        (end, sum) = (after, sum + length);
    }
    if sum == stored && i64::try_from(size).is_ok() {
        Ok(())
    } else {
        Err("a sparse map does not match the stored bytes")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn maps_are_held_against_sizes() {
        for (map, size, stored, right) in [
            (vec![], 8 << 30, 0, true),
            (vec![(0, 512), (1024, 512)], 2048, 1024, true),
            (vec![(0, 512), (512, 0)], 512, 512, true),
            (vec![(0, 512)], 2048, 1024, false),
            (vec![(512, 512), (0, 512)], 2048, 1024, false),
            (vec![(0, 512), (256, 512)], 2048, 1024, false),
            (vec![(2000, 512)], 2048, 512, false),
            (vec![(u64::MAX, 2)], 2048, 512, false),
        ] {
            assert_eq!(check(&map, size, stored).is_ok(), right, "{map:?}");
        }
    }

    #[test]
    fn a_map_is_read_from_lines() {
        assert_eq!(lines(b"2\n0\n51"), Ok(5));
        assert_eq!(of_text(b"1\n0\n512\n\0\0"), Ok(vec![(0, 512)]));
        assert_eq!(of_text(b"0\n\0"), Ok(vec![]));
        assert_eq!(of_text(b"1\n0\nx\n"), Err(WRONG));
        assert_eq!(lines(b"9223372036854775807\n"), Ok(u64::MAX));
        assert_eq!(lines(b"-1\n"), Err(WRONG));
    }
}
