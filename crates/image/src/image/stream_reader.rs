//! The door forward: one pass over an archive that comes as a stream, its parts in whatever order. Whatever may be a layer is
//! read as one while it comes by; documents are kept; in the end both are joined.

use std::collections::BTreeMap;
use std::io::{self, BufRead};
use std::sync::{Condvar, Mutex};

use rayon::Scope;

use crate::image::assemble::{assemble, copy, with_archive};
use crate::image::blob::{BlobOutcome, ReadRun, StoppableReader};
use crate::image::byte_channel::new_feed;
use crate::image::decode::{DecodingReader, sniff};
use crate::image::digest::{Algorithm, Digest};
use crate::image::document::{DocumentPart, Documents, Length, digits, promised};
use crate::image::error::{Error, ImageErrorKind};
use crate::image::layer::Compression;
use crate::image::members::{Members, broken, damage, unreadable};
use crate::image::options::{ImageOptions, Read};
use crate::image::plan::{Plan, plan};
use crate::image::tar::{MemberWalk, Skip, TarError};
use crate::text::exact_bytes;

/// Bytes that tell what a member is: one header of an archive.
const HEAD: usize = 512;

/// What is smaller is a document unless it is an archive, or compressed: `oci-layout`, `VERSION`.
const SMALL: u64 = 4096;

/// Bytes of all documents that are kept.
const DOCUMENT_BYTES: usize = 256 << 20;

/// What is known of a member.
#[derive(Debug)]
enum MemberFate {
    Document(Vec<u8>, u64),
    /// The number of its outcome, and its length.
    Layer(usize, u64),
}

/// Reads the images of an archive from its start to its end: standard input, what an engine sends.
///
/// # Errors
/// As [`read`](crate::image::read).
pub fn read_forward(mut archive: impl io::Read + Send, options: &ImageOptions<'_>) -> Result<Read, Error> {
    let run = ReadRun::new(options);
    let source = StoppableReader { blob: &mut archive, stop: options.cancelled };
    let quiet = |_| {};
    let decoded = DecodingReader::new(source, &options.limits, &run.inflated, &quiet);
    let mut decoded = run.check_stopped().and(decoded.map_err(|fault| damage(&fault)))?;
    if decoded.fill_buf().is_ok_and(<[u8]>::is_empty) {
        return Err(Error::new(ImageErrorKind::NotAnImage, "it is empty"));
    }
    // A layer's reader waits for this thread, so it is none of the pool's.
    let pool = ReadRun::pool()?;
    let shared = ForwardState::new(pool.current_num_threads() + 2);
    let mut pass = Pass { run: &run, shared: &shared, members: Members::default(), documents: 0, layers: 0 };
    let walk = MemberWalk::new(decoded, &options.limits);
    let ended = pool.in_place_scope(|scope| pass.go(walk, scope));
    run.check_stopped()?;
    let damaged = ended?;
    let Pass { members, .. } = pass;
    if let Some(error) = damaged.clone()
        && members.is_empty()
    {
        return Err(error);
    }
    with_archive(join(&members, &shared, &run), &members.notices, damaged.as_ref())
}

/// What the threads share: outcomes by number, and how many more layers may be read at once.
struct ForwardState {
    outcomes: Mutex<BTreeMap<usize, BlobOutcome>>,
    room: Mutex<usize>,
    freed: Condvar,
}

impl ForwardState {
    fn new(room: usize) -> Self {
        Self { outcomes: Mutex::default(), room: Mutex::new(room), freed: Condvar::new() }
    }

    /// Waits until one more layer may be read.
    fn enter(&self) {
        if let Ok(room) = self.room.lock()
            && let Ok(mut room) = self.freed.wait_while(room, |room| *room == 0)
        {
            *room -= 1;
        }
    }

    fn leave(&self, number: usize, outcome: BlobOutcome) {
        if let Ok(mut outcomes) = self.outcomes.lock() {
            outcomes.insert(number, outcome);
        }
        if let Ok(mut room) = self.room.lock() {
            *room += 1;
        }
        self.freed.notify_one();
    }
}

/// One pass over an archive.
struct Pass<'a> {
    run: &'a ReadRun<'a>,
    shared: &'a ForwardState,
    members: Members<MemberFate>,
    /// Bytes of the documents so far.
    documents: usize,
    /// How many members were read as layers.
    layers: usize,
}

impl<'a> Pass<'a> {
    /// Goes through it; the answer is what is wrong with it, if it ends too soon.
    fn go<S: Skip>(&mut self, mut walk: MemberWalk<'_, S>, scope: &Scope<'a>) -> Result<Option<Error>, Error> {
        loop {
            self.run.check_stopped()?;
            let (name, bytes) = match walk.advance() {
                Ok(Some(member)) => {
                    let bytes = member.stored;
                    let Some(name) = self.members.add(member)? else { continue };
                    (name, bytes)
                }
                Ok(None) => {
                    // A checksum may follow, and who writes waits until all is read.
                    let rest = walk.source().skip(self.run.options.limits.inflated_bytes);
                    return Ok(rest.err().map(|error| unreadable(&error)));
                }
                Err(error) => return Ok(Some(broken(&error, self.members.is_empty()))),
            };
            let mut head = Vec::with_capacity(HEAD);
            let mut wrong = None;
            while head.len() < HEAD {
                match walk.piece() {
                    Ok([]) => break,
                    Ok(piece) => head.extend_from_slice(piece),
                    Err(error) => {
                        wrong = Some(error);
                        break;
                    }
                }
            }
            let ended = if is_document(&head, bytes) {
                self.document(&mut walk, name, (head, wrong), bytes)?
            } else {
                self.layer(&mut walk, &name, (head, wrong), bytes, scope)
            };
            if let Some(error) = ended {
                return Ok(Some(broken(&error, false)));
            }
        }
    }

    /// Keeps a document.
    fn document<S: Skip>(
        &mut self,
        walk: &mut MemberWalk<'_, S>,
        name: String,
        (mut document, mut wrong): (Vec<u8>, Option<TarError>),
        bytes: u64,
    ) -> Result<Option<TarError>, Error> {
        let most = self.run.options.limits.document_bytes.saturating_add(1);
        while wrong.is_none() && (document.len() as u64) < most {
            match walk.piece() {
                Ok([]) => break,
                Ok(piece) => document.extend_from_slice(piece),
                Err(error) => wrong = Some(error),
            }
        }
        document.truncate(usize::try_from(most).unwrap_or(usize::MAX));
        self.documents += document.len();
        if self.documents > DOCUMENT_BYTES {
            let message = format!("more than {} of documents in the archive", exact_bytes(DOCUMENT_BYTES as u64));
            return Err(Error::new(ImageErrorKind::TooLarge, message).at(&name));
        }
        self.members.keep(name, MemberFate::Document(document, bytes));
        Ok(wrong)
    }

    /// Has a candidate layer read by another thread.
    fn layer<S: Skip>(
        &mut self,
        walk: &mut MemberWalk<'_, S>,
        name: &str,
        (head, mut wrong): (Vec<u8>, Option<TarError>),
        bytes: u64,
        scope: &Scope<'a>,
    ) -> Option<TarError> {
        let number = self.layers;
        self.layers += 1;
        self.members.keep(name.to_owned(), MemberFate::Layer(number, bytes));
        let (run, shared) = (self.run, self.shared);
        if !run.options.contents {
            return wrong;
        }
        shared.enter();
        let (mut sender, mut feed) = new_feed();
        let place = name.to_owned();
        scope.spawn(move |_| {
            let digest = promised(&place).map(|digest| digest.algorithm());
            let digest = digest.or_else(|| digits(&place).map(|_| Algorithm::Sha256));
            let outcome = run.read(&place, &mut feed, Some(bytes), digest);
            drop(feed);
            shared.leave(number, outcome);
        });
        let mut sent = sender.send(&head);
        while sent.is_ok() && wrong.is_none() {
            match walk.piece() {
                Ok([]) => break,
                Ok(piece) => sent = sender.send(piece),
                Err(error) => wrong = Some(error),
            }
        }
        // An archive that ends early is a layer that ends early.
        let unreadable = match &wrong {
            Some(TarError::Read(error)) => Some(io::Error::other(error.to_string())),
            _ => None,
        };
        sender.end(unreadable);
        wrong
    }
}

/// Whether a member is a document, by its first bytes: a layer is compressed, or begins with an archive's header.
fn is_document(head: &[u8], bytes: u64) -> bool {
    if sniff(head) != Compression::None || is_header(head) {
        return false;
    }
    matches!(head.trim_ascii_start().first(), Some(b'{' | b'[')) || bytes <= SMALL
}

/// Whether a file that begins so is compressed or an archive.
pub fn is_archive(head: &[u8]) -> bool {
    sniff(head) != Compression::None || is_header(head)
}

/// Whether a block is the header of an archive's member: its checksum fits (POSIX.1-2024, pax, "ustar Interchange Format").
fn is_header(block: &[u8]) -> bool {
    let Some(written) = block.get(148..156) else { return false };
    if block.len() < HEAD {
        return false;
    }
    let written = String::from_utf8_lossy(written);
    let written = u32::from_str_radix(written.trim_matches([' ', '\0']), 8);
    let blank = |(index, &byte): (usize, &u8)| u32::from(if (148..156).contains(&index) { b' ' } else { byte });
    written == Ok(block[..HEAD].iter().enumerate().map(blank).sum())
}

impl Documents for Members<MemberFate> {
    fn read(&self, name: &str, _part: DocumentPart, bytes: u64) -> Result<Option<Vec<u8>>, Error> {
        let most = usize::try_from(bytes).unwrap_or(usize::MAX);
        match self.find(name) {
            Some(MemberFate::Document(bytes, _)) => Ok(Some(bytes[..bytes.len().min(most)].to_vec())),
            // No document: what reads it will say so.
            Some(MemberFate::Layer(..)) => Ok(Some(Vec::new())),
            None => Ok(None),
        }
    }

    fn length(&self, name: &str) -> Result<Length, Error> {
        Ok(match self.find(name) {
            Some(MemberFate::Document(_, bytes) | MemberFate::Layer(_, bytes)) => Length::Bytes(*bytes),
            None => Length::Absent,
        })
    }
}

/// Joins documents and layers.
fn join(members: &Members<MemberFate>, shared: &ForwardState, run: &ReadRun<'_>) -> Result<Read, Error> {
    let plan = plan(members, run.options)?;
    let outcomes = if run.options.contents { outcomes(&plan, members, shared, run) } else { BTreeMap::new() };
    run.check_stopped()?;
    assemble(plan, outcomes, members, run.options)
}

/// The outcomes of the layers that the documents name.
fn outcomes(
    plan: &Plan,
    members: &Members<MemberFate>,
    shared: &ForwardState,
    run: &ReadRun<'_>,
) -> BTreeMap<String, BlobOutcome> {
    let mut collected = BTreeMap::new();
    let mut read = shared.outcomes.lock().map(|mut outcomes| std::mem::take(&mut *outcomes)).unwrap_or_default();
    let blobs = || plan.images.iter().flat_map(|planned| &planned.blobs);
    let mut names: BTreeMap<&str, usize> = BTreeMap::new();
    let mut uses: BTreeMap<usize, usize> = BTreeMap::new();
    for name in blobs().filter_map(|blob| blob.name.as_deref()) {
        if let (Some(MemberFate::Layer(number, _)), None) = (members.find(name), names.insert(name, 0)) {
            *uses.entry(*number).or_default() += 1;
        }
    }
    read.retain(|number, _| uses.contains_key(number));
    for blob in blobs() {
        let Some(name) = blob.name.as_deref().filter(|name| !collected.contains_key(*name)) else { continue };
        let outcome = match members.find(name) {
            // It looked like a document, and is named as a layer: an archive of two empty blocks is no longer.
            Some(MemberFate::Document(document, bytes)) => {
                let digest = blob.digest.as_ref().map(Digest::algorithm).or(blob.named.then_some(Algorithm::Sha256));
                Some(run.read(&blob.place, &mut document.as_slice(), Some(*bytes), digest))
            }
            Some(MemberFate::Layer(number, _)) => {
                let remaining = uses.get_mut(number).map_or(0, |uses| {
                    *uses -= 1;
                    *uses
                });
                if remaining == 0 { read.remove(number) } else { read.get(number).and_then(|read| copy(read).ok()) }
            }
            None => None,
        };
        if let Some(mut outcome) = outcome {
            if let Some(error) = &mut outcome.error {
                error.place = Some(blob.place.clone());
            }
            collected.insert(name.to_owned(), outcome);
        }
    }
    collected
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn documents_are_distinguished_from_layers() {
        let check = |head: &[u8], bytes, expected| assert_eq!(is_document(head, bytes), expected, "{head:?}");
        check(b"{\"a\":1}", 1 << 40, true);
        check(b"1.0", 3, true);
        check(&[0; 512], 1024, true);
        check(&[0; 512], 10240, false);
        check(&[0x1f, 0x8b, 8, 0], 20, false);
        let mut header = [0u8; 512];
        header[..2].copy_from_slice(b"{a");
        header[148..156].copy_from_slice(b"000734\0 ");
        check(&header, 1024, false);
        header[148] = b'1';
        check(&header, 1024, true);
    }
}
