use super::encoder::bzip2;
use super::*;

// Made by Python's bz2.
const EMPTY: &[u8] = b"\x42\x5a\x68\x39\x17\x72\x45\x38\x50\x90\x00\x00\x00\x00";
/// `a`
const ONE: &[u8] =
    b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x19\x93\x9b\x6b\x00\x00\x00\x01\x00\x20\x00\x20\x00\x21\x18\x46\x82\
    \xee\x48\xa7\x0a\x12\x03\x32\x73\x6d\x60";
/// Runs of 4, 5, 300 and 3.
const RUNS: &[u8] =
    b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x07\xcb\xa4\x32\x00\x00\x03\x51\x00\xe0\x00\x00\x20\x3c\x00\x00\x08\
    \x20\x00\x22\x34\xc2\x68\x43\x02\x13\x84\x72\x0d\x8b\xc4\x4c\xa7\xc5\xdc\x91\x4e\x14\x24\x01\xf2\xe9\x0c\x80";
/// A million zeros, level 1.
const ZEROS: &[u8] =
    b"\x42\x5a\x68\x31\x31\x41\x59\x26\x53\x59\x79\xd3\x9e\x48\x00\x07\xa8\xc0\x40\xc0\x00\x00\x02\x00\x08\x20\x00\
    \x30\xcc\x09\xaa\x69\x95\x24\x36\xa9\x49\x0f\x17\x72\x45\x38\x50\x90\x79\xd3\x9e\x48";
/// Half a million times `ab`, level 9: two blocks.
const PAIRS: &[u8] =
    b"\x42\x5a\x68\x39\x31\x41\x59\x26\x53\x59\x11\x1f\x2a\x98\x03\x6e\xe3\x01\x00\x30\x00\x20\x00\x30\x80\x4d\x46\
    \x8a\x84\x22\x61\x50\x84\x4e\x62\x82\xb2\x4c\xa6\xb2\xed\x73\xd5\x52\x00\xc3\x59\x02\x00\x60\x00\x40\x00\x41\
    \x48\x10\x64\xa4\xa0\xb4\x52\x50\x5c\x5d\xc9\x14\xe1\x42\x41\x52\x1e\xfe\x64";

/// Decodes streams, with so many bytes of input and of room at a time; what is wrong, else.
fn decoded(blob: &[u8], piece: usize, room: usize) -> Result<Vec<u8>, String> {
    let mut decoder = Bzip2::new();
    let (mut contents, mut at) = (Vec::new(), 0);
    let mut buffer = vec![0; room];
    loop {
        // What isn't used of a piece comes again, with no more than was left of it.
        let mut given = &blob[at..blob.len().min(at + piece)];
        if given.is_empty() {
            return Err("ends early".to_owned());
        }
        loop {
            let step = decoder.step(given, &mut buffer).map_err(|wrong| wrong.at(0).what)?;
            contents.extend_from_slice(&buffer[..step.written]);
            at += step.read;
            given = &given[step.read..];
            if step.ended {
                if at == blob.len() {
                    return Ok(contents);
                }
                assert!(decoder.restart().is_ok());
            } else if step.read == 0 && step.written == 0 {
                assert!(given.is_empty());
                break;
            }
        }
    }
}

#[track_caller]
fn check(blob: &[u8], contents: &[u8]) {
    assert!(decoded(blob, 1 << 17, 1 << 15).as_deref() == Ok(contents));
    if contents.len() < 10_000 {
        for (piece, room) in [(1, 1), (1, 100), (2, 3), (7, 100), (9, 1), (1000, 1)] {
            assert!(decoded(blob, piece, room).as_deref() == Ok(contents), "{piece} {room}");
        }
    }
}

#[track_caller]
fn wrong(blob: &[u8], what: &str) {
    let found = decoded(blob, 1 << 17, 1 << 15).unwrap_err();
    assert!(found.contains(what), "{found}");
}

fn runs() -> Vec<u8> {
    [&[b'a'; 4][..], &[b'b'; 5], &[b'c'; 300], &[b'd'; 3]].concat()
}

#[test]
fn what_python_writes_is_read() {
    check(EMPTY, b"");
    check(ONE, b"a");
    check(RUNS, &runs());
    check(ZEROS, &vec![0; 1_000_000]);
    check(PAIRS, &b"ab".repeat(500_000));
}

#[test]
fn what_the_encoder_writes_is_read() {
    assert_eq!(bzip2(b"")[4..], EMPTY[4..]);
    let all: Vec<u8> = (0..=255).collect();
    let text = b"she sells sea shells by the sea shore\n".repeat(6_000);
    let runs: Vec<u8> = (0..600).flat_map(|length| vec![length as u8; length]).collect();
    for contents in [&b""[..], b"a", b"ab", b"banana", &all, &all.repeat(9), &runs, &text] {
        check(&bzip2(contents), contents);
    }
}

#[test]
fn streams_follow_one_another() {
    check(&[ONE, EMPTY, RUNS, &bzip2(b"banana"), ONE].concat(), &[b"a", &runs()[..], b"banana", b"a"].concat());
    check(&[ZEROS, PAIRS, ONE].concat(), &[&vec![0; 1_000_000], &b"ab".repeat(500_000)[..], b"a"].concat());
    wrong(&[ONE, b"junk"].concat(), "it has no header");
}

#[test]
fn what_is_cut_is_an_error() {
    for blob in [EMPTY, ONE, RUNS, ZEROS, PAIRS, &bzip2(b"banana")] {
        for end in 0..blob.len() {
            assert_eq!(decoded(&blob[..end], 64, 1 << 15).unwrap_err(), "ends early", "{end}");
        }
    }
}

#[test]
fn what_is_changed_is_an_error() {
    let all: Vec<u8> = (0..=255).collect();
    for (blob, contents) in [(ONE, &b"a"[..]), (RUNS, &runs()), (&bzip2(b"banana"), b"banana"), (&bzip2(&all), &all)] {
        let mut silent = 0;
        for bit in 0..8 * blob.len() {
            let mut flipped = blob.to_vec();
            flipped[bit / 8] ^= 1 << (bit % 8);
            match decoded(&flipped, 64, 1 << 15) {
                // A larger level, a table that no group chooses, the last byte's rest.
                Ok(found) => {
                    silent += 1;
                    assert_eq!(found, contents, "{bit}");
                }
                Err(what) => assert!(!what.is_empty()),
            }
        }
        assert!(silent < blob.len(), "{silent}");
    }
}

#[test]
fn noise_after_a_header_is_an_error() {
    let mut state = 1u64;
    for round in 0..5_000 {
        let mut blob = ONE[..10 + round % 20].to_vec();
        for _ in 0..60 {
            state = state.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(1);
            blob.push((state >> 56) as u8 & if round % 2 == 0 { 0xff } else { 0x3f });
        }
        assert!(decoded(&blob, 64, 1 << 15).is_err());
    }
}

#[test]
fn what_is_wrong_is_said() {
    let changed = |blob: &[u8], at: usize, bits: u8| {
        let mut changed = blob.to_vec();
        changed[at] ^= bits;
        changed
    };
    wrong(&changed(ONE, 3, b'9'), "it has no header");
    wrong(&changed(ONE, 4, 1), "neither a block nor its end");
    wrong(&changed(ONE, 10, 1), "a block has another checksum than it says");
    wrong(&changed(EMPTY, 13, 1), "it has another checksum than it says");
    wrong(&changed(ONE, 14, 0x80), "a block is randomised");
    wrong(&changed(ONE, 16, 1), "a block begins after its end");
    wrong(&changed(ONE, 19, 0x20), "a block has no bytes");
    // Two blocks of 900 kB, in a stream of level 1.
    wrong(&changed(PAIRS, 3, b'9' ^ b'1'), "a block is longer than its stream's level allows");
}
