//! The archive of a build record: gzip, tar.

use std::sync::atomic::AtomicU64;

use super::foreign::NotABuildLog;
use super::logged_build::BuildLog;
use super::record::{self, Files};
use crate::image::tar::{MemberKind, MemberWalk};
use crate::image::{DecodingReader, Limits};

/// The first bytes of gzip.
pub(super) const MAGIC: [u8; 2] = [0x1f, 0x8b];

/// Bytes of all files.
const UNPACKED: u64 = 256 << 20;

/// Files of the archive.
const FILES: usize = 10_000;

/// Reads an archive.
pub(super) fn read(bytes: &[u8]) -> Result<BuildLog, NotABuildLog> {
    let limits = Limits { inflated_bytes: UNPACKED, ..Limits::default() };
    let inflated = AtomicU64::new(0);
    let reader = DecodingReader::new(bytes, &limits, &inflated, &|_| {});
    let reader = reader.map_err(|error| NotABuildLog::damaged_archive(&error.to_string()))?;
    let mut walk = MemberWalk::new(reader, &limits);
    let mut files = Files::new();
    let mut damage = None;
    while files.len() < FILES {
        let member = match walk.advance() {
            Ok(Some(member)) => member,
            Ok(None) => break,
            Err(error) => {
                damage = Some(error.to_string());
                break;
            }
        };
        if member.kind != MemberKind::File {
            continue;
        }
        let name = String::from_utf8_lossy(&member.name).trim_start_matches("./").to_owned();
        let mut contents = Vec::new();
        let end = loop {
            match walk.piece() {
                Ok([]) => break None,
                Ok(piece) => contents.extend_from_slice(piece),
                Err(error) => break Some(error.to_string()),
            }
        };
        files.insert(name, contents);
        if end.is_some() {
            damage = end;
            break;
        }
    }
    match (record::read(&files), damage) {
        (Ok(mut log), Some(damage)) => {
            log.notices.push(format!("the archive is damaged: {damage}"));
            Ok(log)
        }
        (Ok(log), None) => Ok(log),
        (Err(_), Some(damage)) => Err(NotABuildLog::damaged_archive(&damage)),
        (Err(error), None) => Err(error),
    }
}
