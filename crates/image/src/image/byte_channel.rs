//! Bytes that one thread hands to another, which reads them; bounded.

use std::io::{self, Read};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};

/// Bytes that are handed on at once, about.
pub(super) const PIECE: usize = 256 << 10;

/// Pieces that wait at most.
const PIECES: usize = 16;

/// The end where bytes go in.
pub(super) struct Sender {
    pieces: SyncSender<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
}

/// The end where they are read.
pub(super) struct FeedReader {
    pieces: Receiver<io::Result<Vec<u8>>>,
    piece: Vec<u8>,
    used: usize,
}

/// Nobody reads any more.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct FeedClosed;

/// Both ends.
pub(super) fn new_feed() -> (Sender, FeedReader) {
    let (into, from) = sync_channel(PIECES);
    (Sender { pieces: into, piece: Vec::new() }, FeedReader { pieces: from, piece: Vec::new(), used: 0 })
}

impl Sender {
    /// Hands bytes on; waits while too many are not yet read.
    pub(super) fn send(&mut self, bytes: &[u8]) -> Result<(), FeedClosed> {
        self.piece.extend_from_slice(bytes);
        if self.piece.len() >= PIECE { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> Result<(), FeedClosed> {
        let piece = std::mem::replace(&mut self.piece, Vec::with_capacity(PIECE));
        self.pieces.send(Ok(piece)).map_err(|_| FeedClosed)
    }

    /// Ends it: well, or because no more can be had.
    pub(super) fn end(mut self, wrong: Option<io::Error>) {
        // Who has stopped reading needs no end.
        let _ = if self.piece.is_empty() { Ok(()) } else { self.flush() };
        if let Some(wrong) = wrong {
            let _ = self.pieces.send(Err(wrong));
        }
    }
}

impl Read for FeedReader {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        while self.used == self.piece.len() {
            match self.pieces.recv() {
                Ok(piece) => (self.piece, self.used) = (piece?, 0),
                Err(_) => return Ok(0),
            }
        }
        let now = buffer.len().min(self.piece.len() - self.used);
        buffer[..now].copy_from_slice(&self.piece[self.used..self.used + now]);
        self.used += now;
        Ok(now)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn transferred_files_are_read() {
        let (mut sender, mut feed) = new_feed();
        let bytes: Vec<u8> = (0..PIECE as u32 + 1000).map(|number| number as u8).collect();
        bytes.chunks(1000).for_each(|chunk| assert_eq!(sender.send(chunk), Ok(())));
        sender.end(None);
        let mut read = Vec::new();
        feed.read_to_end(&mut read).unwrap();
        assert_eq!(read, bytes);
    }

    #[test]
    fn an_end_may_be_a_failure() {
        let (mut sender, mut feed) = new_feed();
        sender.send(b"abc").unwrap();
        sender.end(Some(io::Error::other("gone")));
        let mut read = Vec::new();
        assert!(feed.read_to_end(&mut read).is_err());
        assert_eq!(read, b"abc");
        let (mut sender, feed) = super::new_feed();
        drop(feed);
        assert_eq!(sender.send(&vec![0; PIECE]), Err(FeedClosed));
    }
}
