//! Archives made for tests, block by block.

use crate::image::tar::BLOCK;

/// The mark at an archive's end.
pub(crate) const END: [u8; 2 * BLOCK] = [0; 2 * BLOCK];

/// Puts the checksum into a header.
pub(crate) fn with_checksum(mut block: Vec<u8>) -> Vec<u8> {
    block[148..156].fill(b' ');
    let sum: u32 = block[..BLOCK].iter().map(|&byte| u32::from(byte)).sum();
    block[148..156].copy_from_slice(format!("{sum:06o}\0 ").as_bytes());
    block
}

/// A header with fields at places of their own.
pub(crate) fn header(name: &str, flag: u8, size: usize, fields: &[(usize, &[u8])]) -> Vec<u8> {
    let mut block = vec![0; BLOCK];
    let mut put = |at: usize, bytes: &[u8]| block[at..at + bytes.len()].copy_from_slice(bytes);
    put(0, name.as_bytes());
    put(100, b"0000644\0");
    put(108, b"0000001\0");
    put(116, b"0000002\0");
    put(124, format!("{size:011o}\0").as_bytes());
    put(136, b"00000000100\0");
    put(156, &[flag]);
    put(257, b"ustar\x0000");
    for (at, bytes) in fields {
        put(*at, bytes);
    }
    with_checksum(block)
}

/// Bytes, filled up to whole blocks.
pub(crate) fn padded(contents: &[u8]) -> Vec<u8> {
    let mut padded = contents.to_vec();
    padded.resize(contents.len().next_multiple_of(BLOCK), 0);
    padded
}

/// A header and its contents.
pub(crate) fn member(name: &str, flag: u8, contents: &[u8]) -> Vec<u8> {
    [header(name, flag, contents.len(), &[]), padded(contents)].concat()
}

/// A link.
pub(crate) fn link(name: &str, flag: u8, target: &str) -> Vec<u8> {
    header(name, flag, 0, &[(157, target.as_bytes())])
}

/// An extended header of pax with records.
pub(crate) fn pax(flag: u8, records: &[(&str, &str)]) -> Vec<u8> {
    let record = |(key, value): &(&str, &str)| {
        let bytes = key.len() + value.len() + 3;
        let length = (1..9).map(|digits| bytes + digits).find(|sum| sum.to_string().len() + bytes == *sum).unwrap();
        format!("{length} {key}={value}\n")
    };
    member("pax", flag, records.iter().map(record).collect::<String>().as_bytes())
}

/// All parts and the mark at the end.
pub(crate) fn archive(parts: &[Vec<u8>]) -> Vec<u8> {
    [parts.concat(), END.to_vec()].concat()
}
