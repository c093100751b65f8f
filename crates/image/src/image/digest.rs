//! Content digests as the OCI image specification writes them.

use std::fmt;
use std::str::FromStr;

use sha2::Digest as _;

use crate::text::hex;

/// The hash that a digest is made with.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Algorithm {
    /// SHA-256, what all builders use.
    Sha256,
    /// SHA-512, the other one that the specification registers.
    Sha512,
}

impl Algorithm {
    /// As written before the colon.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Sha256 => "sha256",
            Self::Sha512 => "sha512",
        }
    }

    /// Length of the hash in bytes.
    pub const fn length(self) -> usize {
        match self {
            Self::Sha256 => 32,
            Self::Sha512 => 64,
        }
    }
}

/// A digest: `sha256:` and 64 hexadecimal digits (OCI image-spec, descriptor.md, "Digests").
#[derive(Clone, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Digest {
    algorithm: Algorithm,
    hash: Box<[u8]>,
}

impl Digest {
    /// A digest of a hash that was worked out; `None` when its length is not the algorithm's.
    pub fn new(algorithm: Algorithm, hash: &[u8]) -> Option<Self> {
        (hash.len() == algorithm.length()).then(|| Self { algorithm, hash: hash.into() })
    }

    /// The digest of bytes.
    pub fn of(algorithm: Algorithm, bytes: &[u8]) -> Self {
        let hash: Box<[u8]> = match algorithm {
            Algorithm::Sha256 => sha2::Sha256::digest(bytes).as_slice().into(),
            Algorithm::Sha512 => sha2::Sha512::digest(bytes).as_slice().into(),
        };
        Self { algorithm, hash }
    }

    /// The hash that it is made with.
    pub const fn algorithm(&self) -> Algorithm {
        self.algorithm
    }

    /// The hexadecimal digits alone.
    pub fn hex(&self) -> String {
        hex(&self.hash)
    }

    /// The first twelve digits, as docker shows image IDs.
    pub fn short(&self) -> String {
        let mut hex = self.hex();
        hex.truncate(12);
        hex
    }
}

/// A digest that is worked out piece by piece.
#[derive(Clone, Debug)]
pub enum DigestState {
    /// With SHA-256.
    Sha256(sha2::Sha256),
    /// With SHA-512.
    Sha512(sha2::Sha512),
}

impl DigestState {
    /// That of no bytes.
    pub fn new(algorithm: Algorithm) -> Self {
        match algorithm {
            Algorithm::Sha256 => Self::Sha256(sha2::Sha256::new()),
            Algorithm::Sha512 => Self::Sha512(sha2::Sha512::new()),
        }
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        match self {
            Self::Sha256(state) => state.update(bytes),
            Self::Sha512(state) => state.update(bytes),
        }
    }

    /// The digest of all bytes; there always is one.
    pub fn digest(self) -> Option<Digest> {
        match self {
            Self::Sha256(state) => Digest::new(Algorithm::Sha256, &state.finalize()),
            Self::Sha512(state) => Digest::new(Algorithm::Sha512, &state.finalize()),
        }
    }
}

impl fmt::Display for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(formatter, "{}:{}", self.algorithm.name(), self.hex())
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, formatter)
    }
}

/// A text that is no digest of a known algorithm.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotADigest;

impl FromStr for Digest {
    type Err = NotADigest;

    fn from_str(text: &str) -> Result<Self, NotADigest> {
        let (name, hex) = text.split_once(':').ok_or(NotADigest)?;
        let algorithm =
            [Algorithm::Sha256, Algorithm::Sha512].into_iter().find(|a| a.name() == name).ok_or(NotADigest)?;
        if hex.len() != algorithm.length() * 2 || !hex.bytes().all(|b| matches!(b, b'0'..=b'9' | b'a'..=b'f')) {
            return Err(NotADigest);
        }
        let digit = |byte: u8| if byte <= b'9' { byte - b'0' } else { byte - b'a' + 10 };
        let hash: Vec<u8> = hex.as_bytes().chunks_exact(2).map(|pair| digit(pair[0]) << 4 | digit(pair[1])).collect();
        Self::new(algorithm, &hash).ok_or(NotADigest)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_digest_is_read_and_written_alike() {
        let text = format!("sha256:{}", "0a".repeat(32));
        assert_eq!(text.parse::<Digest>().map(|digest| digest.to_string()), Ok(text));
        for wrong in ["", "sha256:", "sha256:0A", "md5:00", &format!("sha256:{}", "0A".repeat(32)), "../x"] {
            assert_eq!(wrong.parse::<Digest>(), Err(NotADigest), "{wrong}");
        }
    }
}
