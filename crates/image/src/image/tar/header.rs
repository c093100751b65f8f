//! One header block: fields, numbers, checksum, dialect.

use std::ops::Range;

use crate::image::tar::{BLOCK, Member, MemberKind};

/// A header as it is stored.
pub(super) type Block = [u8; BLOCK];

const NAME: Range<usize> = 0..100;
const MODE: Range<usize> = 100..108;
const UID: Range<usize> = 108..116;
const GID: Range<usize> = 116..124;
const SIZE: Range<usize> = 124..136;
const MTIME: Range<usize> = 136..148;
const CHECKSUM: Range<usize> = 148..156;
const FLAG: usize = 156;
const LINK: Range<usize> = 157..257;
const MAGIC: Range<usize> = 257..263;
const VERSION: Range<usize> = 263..265;
const DEVICE_MAJOR: Range<usize> = 329..337;
const DEVICE_MINOR: Range<usize> = 337..345;
const PREFIX: Range<usize> = 345..500;
const STAR_PREFIX: Range<usize> = 345..476;
const STAR_TRAILER: Range<usize> = 508..512;
const GNU_ATIME: Range<usize> = 345..357;
const GNU_CTIME: Range<usize> = 357..369;

/// Who wrote a header.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Dialect {
    /// Before POSIX: no magic.
    V7,
    /// POSIX; pax too.
    Ustar,
    /// Schily's tar, with times in the prefix's end.
    Star,
    /// GNU, with times instead of a prefix.
    Gnu,
}

/// A field's text: up to the first NUL.
pub(super) fn text(field: &[u8]) -> &[u8] {
    &field[..field.iter().position(|&byte| byte == 0).unwrap_or(field.len())]
}

/// A number: octal digits among spaces and NULs, or base 256 where the first bit is set. Empty fields are 0.
pub(super) fn number(field: &[u8]) -> Option<i64> {
    match field.first() {
        Some(first) if first & 0x80 != 0 => base_256(field),
        _ => octal(field).and_then(|number| i64::try_from(number).ok()),
    }
}

fn octal(field: &[u8]) -> Option<u64> {
    let blank = |byte: &u8| matches!(byte, b' ' | 0);
    let start = field.iter().position(|byte| !blank(byte)).unwrap_or(field.len());
    let end = field.iter().rposition(|byte| !blank(byte)).map_or(start, |last| last + 1);
    text(&field[start..end]).iter().try_fold(0u64, |number, &byte| {
        let digit = byte.checked_sub(b'0').filter(|digit| *digit < 8)?;
        number.checked_mul(8)?.checked_add(u64::from(digit))
    })
}

/// Two's complement, the highest byte first, without the bit that marks it.
fn base_256(field: &[u8]) -> Option<i64> {
    let negative = field[0] & 0x40 != 0;
    let first = i64::from(field[0] & 0x3f) | if negative { !0x3f } else { 0 };
    field[1..].iter().try_fold(first, |number, &byte| Some(number.checked_mul(256)? | i64::from(byte)))
}

/// Whether all of a block is zero.
pub(super) fn is_zero(block: &Block) -> bool {
    block.iter().all(|&byte| byte == 0)
}

/// Who wrote a header; `None` where its checksum is wrong, so that it is none. Old tars summed signed bytes.
pub(super) fn dialect(block: &Block) -> Option<Dialect> {
    let written = octal(&block[CHECKSUM])?;
    let blank = u64::from(b' ') * CHECKSUM.len() as u64;
    let of_field: u64 = block[CHECKSUM].iter().map(|&byte| u64::from(byte)).sum();
    let sum = block.iter().map(|&byte| u32::from(byte)).sum::<u32>();
    if written != u64::from(sum) - of_field + blank {
        let mut signed: i64 = block.iter().map(|&byte| i64::from(byte.cast_signed())).sum();
        signed -= block[CHECKSUM].iter().map(|&byte| i64::from(byte.cast_signed())).sum::<i64>();
        if i64::try_from(written).ok()? != signed + blank.cast_signed() {
            return None;
        }
    }
    Some(match (&block[MAGIC], &block[VERSION]) {
        (b"ustar\0", _) if block[STAR_TRAILER] == *b"tar\0" => Dialect::Star,
        (b"ustar\0", _) => Dialect::Ustar,
        (b"ustar ", b" \0") => Dialect::Gnu,
        _ => Dialect::V7,
    })
}

/// The type flag.
pub(super) fn flag(block: &Block) -> u8 {
    block[FLAG]
}

/// Bytes that follow the header, as it says.
pub(super) fn size(block: &Block) -> Option<u64> {
    number(&block[SIZE]).and_then(|size| u64::try_from(size).ok())
}

/// Fills a member from its header; the answer is the name of the field that is no number.
pub(super) fn read(block: &Block, dialect: Dialect, member: &mut Member) -> Result<(), &'static str> {
    member.mode = number(&block[MODE]).ok_or("mode")?;
    member.uid = number(&block[UID]).ok_or("owner")?;
    member.gid = number(&block[GID]).ok_or("group")?;
    member.mtime = number(&block[MTIME]).ok_or("time")?;
    member.link.clear();
    member.link.extend_from_slice(text(&block[LINK]));
    member.name.clear();
    member.device = (0, 0);
    if dialect != Dialect::V7 {
        member.device.0 = number(&block[DEVICE_MAJOR]).ok_or("device number")?;
        member.device.1 = number(&block[DEVICE_MINOR]).ok_or("device number")?;
        let prefix = prefix(block, dialect);
        if !prefix.is_empty() {
            member.name.extend_from_slice(prefix);
            member.name.push(b'/');
        }
    }
    member.name.extend_from_slice(text(&block[NAME]));
    Ok(())
}

fn prefix(block: &Block, dialect: Dialect) -> &[u8] {
    match dialect {
        Dialect::V7 => &[],
        Dialect::Ustar => text(&block[PREFIX]),
        Dialect::Star => text(&block[STAR_PREFIX]),
        Dialect::Gnu => {
            // Go before 1.8, and so old engines, wrote a prefix over the times.
            let time = |field: &[u8]| field[0] == 0 || number(field).is_some();
            let prefix = text(&block[PREFIX]);
            let times = time(&block[GNU_ATIME]) && time(&block[GNU_CTIME]);
            if times || !prefix.is_ascii() { &[] } else { prefix }
        }
    }
}

/// What a type flag says.
pub(super) fn kind(flag: u8, name: &[u8]) -> MemberKind {
    match flag {
        0 if name.ends_with(b"/") => MemberKind::Directory,
        0 | b'0' | b'S' => MemberKind::File,
        b'1' => MemberKind::Hardlink,
        b'2' => MemberKind::Symlink,
        b'3' => MemberKind::CharacterDevice,
        b'4' => MemberKind::BlockDevice,
        b'5' => MemberKind::Directory,
        b'6' => MemberKind::Fifo,
        other => MemberKind::Other(other),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_of_all_kinds_are_read() {
        for (field, value) in [
            (&b"0000644\0"[..], Some(0o644)),
            (b"   644 \0", Some(0o644)),
            (b"\0\0\0\0\0\0\0\0", Some(0)),
            (b"        ", Some(0)),
            (b"77777777", Some(0o77_777_777)),
            (b"644\0junk", Some(0o644)),
            (b"0000648\0", None),
            (b"-000001\0", None),
            (b"\x80\0\0\0\0\0\x01\0", Some(256)),
            (b"\xff\xff\xff\xff\xff\xff\xff\xff", Some(-1)),
            (b"\xff\xff\xff\xff\xff\xff\xff\x00", Some(-256)),
            (b"\x80\0\0\0\x7f\xff\xff\xff\xff\xff\xff\xff", Some(i64::MAX)),
            (b"\x80\0\0\0\x80\0\0\0\0\0\0\0", None),
            (b"\xff\xff\xff\xff\x80\0\0\0\0\0\0\0", Some(i64::MIN)),
            (b"\xff\xff\xff\xff\x7f\0\0\0\0\0\0\0", None),
            (b"\xbf\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff\xff", None),
            (b"777777777777777777777777", None),
        ] {
            assert_eq!(number(field), value, "{field:?}");
        }
    }
}
