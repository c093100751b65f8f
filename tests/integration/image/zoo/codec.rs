//! Compresses, in the forms that builders write.

use std::io::Write;

use flate2::Compression as Level;
use flate2::GzBuilder;
use flate2::write::GzEncoder;
use sha2::{Digest, Sha256};

use super::tar::{self, Member};

/// A form of a blob.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Codec {
    Plain,
    Gzip,
    /// Several members, as pigz and bgzip write them.
    GzipMembers,
    /// With all fields that a header may have.
    GzipFields,
    Zstd,
    ZstdFrames,
    /// A frame to be skipped comes first.
    ZstdSkip,
    /// Frames, and the table of contents in frames to be skipped.
    ZstdChunked,
    Bzip2,
    BzipStreams,
    Xz,
    XzStreams,
}

/// Makes a blob.
pub(crate) fn pack(codec: Codec, bytes: &[u8]) -> Vec<u8> {
    let halves = || bytes.split_at(bytes.len() / 3);
    let joined = |encode: fn(&[u8]) -> Vec<u8>| [encode(halves().0), encode(halves().1)].concat();
    match codec {
        Codec::Plain => bytes.to_vec(),
        Codec::Gzip => gzip(bytes),
        Codec::GzipMembers => [joined(gzip), gzip(b"")].concat(),
        Codec::GzipFields => {
            let fields = GzBuilder::new().filename("layer.tar").comment("made by hand").extra(b"AB\x02\0hi".to_vec());
            finish(fields.mtime(1).write(Vec::new(), Level::best()), bytes)
        }
        Codec::Zstd => zstd(bytes),
        Codec::ZstdFrames => joined(zstd),
        Codec::ZstdSkip => [skipped(b"first of all"), zstd(bytes)].concat(),
        Codec::ZstdChunked => {
            let pieces: Vec<Vec<u8>> = bytes.chunks(1_500).map(zstd).collect();
            let table = skipped(&zstd(br#"{"version":1,"entries":[]}"#));
            [pieces.concat(), table, skipped(&[b"GNUlInUx".as_slice(), &[7; 56]].concat())].concat()
        }
        Codec::Bzip2 => bzip2(bytes),
        Codec::BzipStreams => joined(bzip2),
        Codec::Xz => xz(bytes),
        Codec::XzStreams => [joined(xz), vec![0; 8]].concat(),
    }
}

pub(crate) fn gzip(bytes: &[u8]) -> Vec<u8> {
    finish(GzEncoder::new(Vec::new(), Level::default()), bytes)
}

fn finish(mut encoder: GzEncoder<Vec<u8>>, bytes: &[u8]) -> Vec<u8> {
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

pub(crate) fn zstd(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = zstd::Encoder::new(Vec::new(), 3).unwrap();
    encoder.include_checksum(true).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// A zstd frame that holds no data.
fn skipped(bytes: &[u8]) -> Vec<u8> {
    [&0x184d_2a50_u32.to_le_bytes(), &u32::try_from(bytes.len()).unwrap().to_le_bytes(), bytes].concat()
}

fn bzip2(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn xz(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = lzma_rust2::XzWriter::new(Vec::new(), lzma_rust2::XzOptions::with_preset(1)).unwrap();
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

/// The members of a layer with those that eStargz adds: marker and table of contents. Engines unpack them as files.
pub(crate) fn with_index(members: &[Member]) -> Vec<Member> {
    let landmark = tar::file(".prefetch.landmark", vec![0xf]);
    let index = tar::file("stargz.index.json", br#"{"version":1,"entries":[]}"#.to_vec());
    members.iter().cloned().chain([landmark, index]).collect()
}

/// An eStargz blob of all members of a layer: a gzip member for each, and a footer.
pub(crate) fn estargz(members: &[Member]) -> (Vec<u8>, Vec<u8>) {
    let mut pieces: Vec<Vec<u8>> = Vec::new();
    for member in members {
        let mut piece = Vec::new();
        tar::write(member, &mut piece);
        pieces.push(piece);
    }
    pieces.push(vec![0; 2 * tar::BLOCK]);
    let footer = GzBuilder::new().extra([b"SG\x16\0".as_slice(), format!("{:016x}STARGZ", 0).as_bytes()].concat());
    let blob: Vec<u8> = pieces.iter().flat_map(|piece| gzip(piece)).collect();
    let footer = footer.write(Vec::new(), Level::none()).finish().unwrap();
    ([blob, footer].concat(), pieces.concat())
}

/// `sha256:…`
pub(crate) fn digest(bytes: &[u8]) -> String {
    format!("sha256:{}", hex(&Sha256::digest(bytes)))
}

pub(crate) fn hex(bytes: &[u8]) -> String {
    bytes.iter().fold(String::new(), |text, byte| text + &format!("{byte:02x}"))
}

/// Bytes that hardly compress, the same for the same words.
pub(crate) fn noise(words: &str, length: usize) -> Vec<u8> {
    let mut state = words
        .bytes()
        .fold(0xcbf2_9ce4_8422_2325_u64, |state, byte| (state ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3));
    let mut bytes = Vec::with_capacity(length + 8);
    while bytes.len() < length {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        bytes.extend(state.to_le_bytes());
    }
    bytes.truncate(length);
    bytes
}
