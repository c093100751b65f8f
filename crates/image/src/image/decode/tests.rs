use std::io::{Read, Write};
use std::sync::atomic::{AtomicU64, Ordering};

use crate::image::decode::{DecodingReader, sniff};
use crate::image::fault::{Fault, FaultKind};
use crate::image::layer::Compression;
use crate::image::limits::Limits;

/// 40 times `hello xz `, by xz.
const XZ: &[u8] =
    b"\xfd\x37\x7a\x58\x5a\x00\x00\x04\xe6\xd6\xb4\x46\x02\x00\x21\x01\x0c\x00\x00\x00\x8f\x98\x41\x9c\xe0\x01\
    \x67\x00\x12\x5d\x00\x34\x19\x49\xdb\x85\x5c\x63\xb2\x2e\x6c\x15\x02\x97\x3c\xf8\x18\x00\x00\x00\x00\x00\
    \x02\x37\xaa\x39\xde\xfc\x2c\x2f\x00\x01\x2e\xe8\x02\x00\x00\x00\x0e\xf4\x5e\x4c\xb1\xc4\x67\xfb\x02\x00\
    \x00\x00\x00\x04\x59\x5a";

// By Python's bz2.
const BZIP2_EMPTY: &[u8] = b"\x42\x5a\x68\x39\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00";
/// `a`
const BZIP2_ONE: &[u8] =
    b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x19\x93\x9b\x6b\x00\x00\x00\x01\x00\x20\x00\x20\x00\x21\x18\x46\x82\
    \xee\x48\xa7\x0a\x12\x03\x32\x73\x6d\x60";
/// A million zeros, level 1.
const BZIP2_ZEROS: &[u8] =
    b"\x42\x5a\x68\x31\x31\x41\x59\x26\x53\x59\x79\xd3\x9e\x48\x00\x07\xa8\xc0\x40\xc0\x00\x00\x02\x00\x08\x20\x00\
    \x30\xcc\x09\xaa\x69\x95\x24\x36\xa9\x49\x0f\x17\x72\x45\x38\x50\x90\x79\xd3\x9e\x48";
/// Half a million times `ab`, level 9: two blocks.
const BZIP2_PAIRS: &[u8] =
    b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x11\x1f\x2a\x98\x03\x6e\xe3\x01\x00\x30\x00\x20\x00\x30\x80\x4d\x46\
    \x8a\x84\x22\x61\x50\x84\x4e\x62\x82\xb2\x4c\xa6\xb2\xed\x73\xd5\x52\x00\xc3\x59\x02\x00\x60\x00\x40\x00\x41\
    \x48\x10\x64\xa4\xa0\xb4\x52\x50\x5c\x5d\xc9\x14\xe1\x42\x41\x52\x1e\xfe\x64";

fn gzip(contents: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

fn zstd(contents: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

fn bzip2(contents: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(contents).unwrap();
    encoder.finish().unwrap()
}

/// Bytes that compress badly, more than one chunk of them.
fn noise(bytes: usize) -> Vec<u8> {
    let mut state = 0x9e37_79b9_7f4a_7c15u64;
    let mut next = || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        (state >> 32) as u8 & 0x3f
    };
    (0..bytes).map(|_| next()).collect()
}

fn decoded_with(blob: &[u8], limits: &Limits) -> Result<Vec<u8>, (Vec<u8>, Fault)> {
    let inflated = AtomicU64::new(0);
    let read = AtomicU64::new(0);
    let progress = |bytes| {
        read.fetch_add(bytes, Ordering::Relaxed);
    };
    let mut decoded = DecodingReader::new(blob, limits, &inflated, &progress).map_err(|fault| (Vec::new(), fault))?;
    let mut contents = Vec::new();
    match decoded.read_to_end(&mut contents) {
        Ok(_) => {
            assert_eq!(decoded.position(), blob.len() as u64);
            assert_eq!(read.load(Ordering::Relaxed), blob.len() as u64);
            Ok(contents)
        }
        Err(error) => Err((contents, error.get_ref().unwrap().downcast_ref::<Fault>().unwrap().clone())),
    }
}

fn decoded(blob: &[u8]) -> Result<Vec<u8>, (Vec<u8>, Fault)> {
    decoded_with(blob, &Limits::default())
}

#[track_caller]
fn check(blob: &[u8], compression: Compression, contents: &[u8]) {
    assert_eq!(sniff(blob), compression);
    assert!(decoded(blob).is_ok_and(|bytes| bytes == contents));
}

#[track_caller]
fn wrong(blob: &[u8], kind: FaultKind, what: &str) {
    let (_, fault) = decoded(blob).unwrap_err();
    assert_eq!(fault.kind, kind);
    assert!(fault.to_string().contains(what), "{fault}");
}

#[test]
fn all_compressions_are_recognized_by_their_first_bytes() {
    let contents = noise(700_000);
    check(&contents, Compression::None, &contents);
    check(b"", Compression::None, b"");
    check(b"BZh9 is a name", Compression::None, b"BZh9 is a name");
    check(&gzip(&contents), Compression::Gzip, &contents);
    check(&zstd(&contents), Compression::Zstd, &contents);
    check(&bzip2(&contents), Compression::Bzip2, &contents);
    check(XZ, Compression::Xz, &b"hello xz ".repeat(40));
}

#[test]
fn streams_may_follow_one_another() {
    let (first, second) = (noise(300_000), b"two".to_vec());
    let both = [&first[..], &second].concat();
    for (encode, compression) in
        [(gzip as fn(&[u8]) -> Vec<u8>, Compression::Gzip), (zstd, Compression::Zstd), (bzip2, Compression::Bzip2)]
    {
        check(&[encode(&first), encode(&second)].concat(), compression, &both);
        check(&[encode(b""), encode(&second)].concat(), compression, &second);
        wrong(&[&encode(&second)[..], b"junk"].concat(), FaultKind::Corrupt, "is followed by other bytes");
    }
    check(&[XZ, &[0; 8], XZ].concat(), Compression::Xz, &b"hello xz ".repeat(80));
    wrong(&[XZ, b"junk"].concat(), FaultKind::Corrupt, "xz stream is corrupt");
    // eStargz: thousands of members.
    let many: Vec<u8> = (0..500).flat_map(|_| gzip(b"x")).collect();
    check(&many, Compression::Gzip, &[b'x'; 500]);
}

#[test]
fn zstd_frames_may_be_there_to_be_skipped() {
    let skipped = [&[0x5a, 0x2a, 0x4d, 0x18, 0, 8, 4, 0][..], &vec![1; 0x4_0800]].concat();
    let contents = noise(200_000);
    check(&[&skipped[..], &zstd(&contents), &skipped].concat(), Compression::Zstd, &contents);
    check(&skipped, Compression::Zstd, b"");
    wrong(&skipped[..1000], FaultKind::Truncated, "zstd stream ends early");
}

#[test]
fn zeros_may_follow_gzip_alone() {
    check(&[&gzip(b"one")[..], &vec![0; 300_000]].concat(), Compression::Gzip, b"one");
    for after in [&b"\0\0\x1f\x8b"[..], b"\0x"] {
        wrong(&[&gzip(b"one")[..], after].concat(), FaultKind::Corrupt, "is followed by");
    }
    wrong(&[&zstd(b"one")[..], &[0; 8]].concat(), FaultKind::Corrupt, "is followed by");
}

#[test]
fn a_wrong_checksum_is_called_so_after_the_contents() {
    let mut blob = gzip(&noise(700));
    let at = blob.len() - 8;
    blob[at] ^= 1;
    wrong(&blob, FaultKind::Corrupt, "gzip stream is corrupt: incorrect data check");
    blob[at] ^= 1;
    blob[at + 4] ^= 1;
    wrong(&blob, FaultKind::Corrupt, "gzip stream is corrupt: incorrect length check");
}

#[test]
fn truncated_and_changed_archives_are_errors() {
    let contents = noise(500);
    for blob in [gzip(&contents), zstd(&contents), bzip2(&contents), XZ.to_vec()] {
        let name = sniff(&blob).name();
        // Shorter ones are told for something else.
        for end in 10..blob.len() {
            let (_, fault) = decoded(&blob[..end]).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Truncated, "{name} {end}: {fault}");
        }
        for at in 0..blob.len() {
            let mut flipped = blob.clone();
            flipped[at] ^= 1 << (at % 8);
            match decoded(&flipped) {
                // Times and names in gzip's header are held against nothing; other first bytes are another thing.
                Ok(bytes) => assert!(at < 10 || bytes == contents, "{name} {at}"),
                Err((_, fault)) => assert!(!fault.what.is_empty()),
            }
        }
    }
}

#[test]
fn bzip2_of_other_programs_is_read() {
    let pairs = b"ab".repeat(500_000);
    for (blob, contents) in [
        (BZIP2_EMPTY, &b""[..]),
        (BZIP2_ONE, b"a"),
        (BZIP2_ZEROS, &vec![0; 1_000_000]),
        (BZIP2_PAIRS, &pairs),
        (&[BZIP2_ONE, BZIP2_EMPTY, BZIP2_ZEROS].concat(), &[&b"a"[..], &vec![0; 1_000_000]].concat()),
    ] {
        check(blob, Compression::Bzip2, contents);
        for end in 10..blob.len() {
            // A cut between two streams is an end.
            if end == BZIP2_ONE.len() || end == BZIP2_ONE.len() + BZIP2_EMPTY.len() {
                continue;
            }
            let (_, fault) = decoded(&blob[..end]).unwrap_err();
            assert_eq!(fault.kind, FaultKind::Truncated, "{end}: {fault}");
        }
    }
}

#[test]
fn changed_bits_of_bzip2_are_errors() {
    for (blob, contents) in [(BZIP2_ONE, &b"a"[..]), (&bzip2(b"banana"), b"banana")] {
        for bit in 80..8 * blob.len() {
            let mut flipped = blob.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match decoded(&flipped) {
                // A table that no group chooses, the rest of the last byte.
                Ok(bytes) => assert_eq!(bytes, contents, "{bit}"),
                Err((_, fault)) => assert!(!fault.what.is_empty()),
            }
        }
    }
    let mut sum = BZIP2_PAIRS.to_vec();
    *sum.last_mut().unwrap() ^= 0x40;
    let (contents, fault) = decoded(&sum).unwrap_err();
    assert_eq!((contents.len(), fault.kind), (1_000_000, FaultKind::Corrupt));
    assert!(fault.what.contains("the bzip2 stream is corrupt: invalid data"), "{fault}");
    // Two blocks of 500 kB, in a stream of level 1.
    let mut level = BZIP2_PAIRS.to_vec();
    level[3] = b'1';
    wrong(&level, FaultKind::Corrupt, "invalid data");
    wrong(&[BZIP2_ONE, b"Bunk"].concat(), FaultKind::Corrupt, "it has no header");
}

#[test]
fn noise_after_a_header_of_bzip2_is_an_error() {
    let bytes = noise(60 * 2_000);
    for (round, noise) in bytes.chunks(60).enumerate() {
        assert!(decoded(&[&BZIP2_ONE[..10 + round % 20], noise].concat()).is_err(), "{round}");
    }
}

#[test]
fn decompressed_bytes_are_bounded() {
    let limits = Limits { inflated_bytes: 100_000, window_bytes: 1 << 20, ..Limits::default() };
    let (read, fault) = decoded_with(&gzip(&vec![0; 1 << 20]), &limits).unwrap_err();
    assert!(read.len() <= 1 << 17);
    assert_eq!(fault.kind, FaultKind::Limit);
    let mut encoder = zstd::Encoder::new(Vec::new(), 1).unwrap();
    encoder.window_log(24).unwrap();
    encoder.write_all(&noise(100)).unwrap();
    let (_, fault) = decoded_with(&encoder.finish().unwrap(), &limits).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Limit, "{fault}");
    let (_, fault) = decoded_with(XZ, &Limits { window_bytes: 1 << 10, ..limits }).unwrap_err();
    assert_eq!(fault.kind, FaultKind::Limit, "{fault}");
}

/// A source that fails after its first bytes.
struct FailingReader(usize);

impl Read for FailingReader {
    fn read(&mut self, buffer: &mut [u8]) -> std::io::Result<usize> {
        if self.0 == 0 {
            return Err(std::io::Error::new(std::io::ErrorKind::ConnectionReset, "gone"));
        }
        let now = self.0.min(buffer.len());
        buffer[..now].fill(b'a');
        self.0 -= now;
        Ok(now)
    }
}

#[test]
fn a_failing_source_does_not_stop_the_run() {
    let (limits, inflated) = (Limits::default(), AtomicU64::new(0));
    let mut decoded = DecodingReader::new(FailingReader(300_000), &limits, &inflated, &|_| ()).unwrap();
    let error = decoded.read_to_end(&mut Vec::new()).unwrap_err();
    let fault = error.get_ref().unwrap().downcast_ref::<Fault>().unwrap();
    assert_eq!(fault.kind, FaultKind::Unreadable(std::io::ErrorKind::ConnectionReset));
    assert_eq!(fault.to_string(), "cannot be read: gone (byte 262144 of the blob)");
}
