//! Files that a checkout writes otherwise than a commit stores them: Git LFS, and converted line ends (gitattributes).

use std::fs::{self, File};
use std::io::{self, Write};
use std::path::Path;

use gix_hash::ObjectId;
use sha2::Digest as _;

use super::folder::small_file;
use super::repository::Repository;
use crate::image::{Algorithm, Digest};

/// Bytes of a Git LFS pointer are fewer than this (its specification).
const POINTER: usize = 1024;

/// The first line of a Git LFS pointer.
const POINTER_VERSION: &str = "version https://git-lfs.github.com/spec/v1";

/// Bytes of a file whose line ends are compared.
const FILE: u64 = 64 << 20;

impl Repository {
    /// Whether a file of the work tree is what a checkout makes of a stored file: the file that a Git LFS pointer names,
    /// or one that differs in line ends only, which the repository converts.
    pub(super) fn is_checkout_of(&self, file: &Path, stored: ObjectId) -> bool {
        let Some(length) = fs::symlink_metadata(file).ok().filter(fs::Metadata::is_file).map(|file| file.len()) else {
            return false;
        };
        if let Some(pointer) = self.lfs_pointer(stored) {
            return pointer.size == length && sha256(file).is_ok_and(|hash| hash == pointer.sha256);
        }
        if length > FILE || !self.converts_line_ends() {
            return false;
        }
        let (Ok(bytes), Ok(stored)) = (fs::read(file), self.blob(stored, FILE as usize)) else { return false };
        with_line_feeds(&bytes) == with_line_feeds(&stored)
    }

    fn lfs_pointer(&self, stored: ObjectId) -> Option<LfsPointer> {
        LfsPointer::parse(&String::from_utf8(self.blob(stored, POINTER).ok()?).ok()?)
    }

    /// Whether a checkout may write other line ends: `core.autocrlf`, or attributes at the top of the work tree.
    fn converts_line_ends(&self) -> bool {
        if self.config.auto_crlf {
            return true;
        }
        let attributes = self.work_tree().and_then(|top| small_file(&top.join(".gitattributes"))).unwrap_or_default();
        let attributes = String::from_utf8_lossy(&attributes);
        let lines = attributes.lines().filter(|line| !line.trim_start().starts_with('#'));
        let mut words = lines.flat_map(|line| line.split_whitespace().skip(1));
        words.any(|word| word.starts_with("eol=") || word.starts_with("text"))
    }
}

/// What a commit stores of a file in Git LFS (git-lfs/docs/spec.md).
struct LfsPointer {
    sha256: String,
    /// Bytes of the file.
    size: u64,
}

impl LfsPointer {
    fn parse(text: &str) -> Option<Self> {
        let mut lines = text.lines();
        if lines.next()? != POINTER_VERSION {
            return None;
        }
        let (mut sha256, mut size) = (None, None);
        for line in lines {
            match line.split_once(' ') {
                Some(("oid", value)) => sha256 = value.strip_prefix("sha256:").map(str::to_owned),
                Some(("size", value)) => size = value.parse().ok(),
                _ => {}
            }
        }
        Some(Self { sha256: sha256?, size: size? })
    }
}

/// The SHA-256 of a file, in hexadecimal digits.
fn sha256(file: &Path) -> io::Result<String> {
    let mut hasher = sha2::Sha256::new();
    io::copy(&mut File::open(file)?, &mut Writer(&mut hasher))?;
    let digest = Digest::new(Algorithm::Sha256, hasher.finalize().as_slice());
    Ok(digest.map(|digest| digest.hex()).unwrap_or_default())
}

struct Writer<'h>(&'h mut sha2::Sha256);

impl Write for Writer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.update(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

fn with_line_feeds(bytes: &[u8]) -> Vec<u8> {
    let mut converted = Vec::with_capacity(bytes.len());
    for (index, byte) in bytes.iter().enumerate() {
        if *byte != b'\r' || bytes.get(index + 1) != Some(&b'\n') {
            converted.push(*byte);
        }
    }
    converted
}
