//! Decoding ahead of the walk, on a thread that has nothing else to do.
//!
//! No thread ever waits for work that is not already running: where nobody helps, the walk decodes for itself. So a pool
//! of one thread does, and a pool whose threads are all at their own layers.

use std::collections::VecDeque;
use std::io::{self, Read};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use rayon::Scope;

use crate::image::decode::{Decoder, Piece};
use crate::image::fault::Fault;

/// Pieces that wait for the walk at most.
const DEPTH: usize = 4;

type DecodedPart = Result<Option<Piece>, Fault>;

/// A decoder that several threads may run, one at a time.
pub(super) struct ReadAhead<'a, R: Read> {
    state: Mutex<ReadAheadState<'a, R>>,
    changed: Condvar,
}

struct ReadAheadState<'a, R: Read> {
    /// `None` while somebody runs it.
    decoder: Option<Decoder<'a, R>>,
    ready: VecDeque<DecodedPart>,
    /// Whether a job is on its way or at work.
    scheduled: bool,
    over: bool,
    /// Whether whoever ran it did not come back.
    lost: bool,
}

impl<'a, R: Read + Send> ReadAhead<'a, R> {
    pub(super) fn new(decoder: Decoder<'a, R>) -> Self {
        let (ready, decoder) = (VecDeque::with_capacity(DEPTH), Some(decoder));
        let state = ReadAheadState { decoder, ready, scheduled: false, over: false, lost: false };
        Self { state: Mutex::new(state), changed: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, ReadAheadState<'a, R>> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// The next piece; has those after it decoded, if somebody is idle.
    pub(super) fn next<'scope>(&'scope self, scope: &Scope<'scope>) -> DecodedPart
    where
        'a: 'scope,
    {
        let mut state = self.lock();
        let piece = loop {
            if let Some(piece) = state.ready.pop_front() {
                break piece;
            }
            if let Some(decoder) = state.decoder.take() {
                drop(state);
                let (piece, after) = self.decode(decoder);
                state = after;
                break piece;
            }
            if state.lost {
                return Err(Fault::unreadable(&io::Error::other("decoding stopped"), 0));
            }
            state = self.changed.wait(state).unwrap_or_else(PoisonError::into_inner);
        };
        if !state.over && !state.scheduled {
            state.scheduled = true;
            scope.spawn(|_| self.work());
        }
        piece
    }

    /// The decoder, once its last piece was taken.
    pub(super) fn into_decoder(self) -> Option<Decoder<'a, R>> {
        self.state.into_inner().unwrap_or_else(PoisonError::into_inner).decoder
    }

    /// Decodes until enough is ready, or somebody else is at it.
    fn work(&self) {
        let mut state = self.lock();
        while !state.over && state.ready.len() < DEPTH {
            let Some(decoder) = state.decoder.take() else { break };
            drop(state);
            let (piece, after) = self.decode(decoder);
            state = after;
            state.ready.push_back(piece);
            self.changed.notify_all();
        }
        state.scheduled = false;
    }

    /// Decodes one piece. The lock that comes with it was not let go since the decoder was put back, so that pieces stay
    /// in order.
    fn decode(&self, decoder: Decoder<'a, R>) -> (DecodedPart, MutexGuard<'_, ReadAheadState<'a, R>>) {
        let mut turn = DecoderTurn { ahead: self, decoder: Some(decoder) };
        let piece = turn.decoder.as_mut().map_or(Ok(None), Decoder::piece);
        let mut state = self.lock();
        state.decoder = turn.decoder.take();
        state.over |= matches!(piece, Ok(None));
        (piece, state)
    }
}

/// Somebody runs the decoder.
struct DecoderTurn<'s, 'a, R: Read + Send> {
    ahead: &'s ReadAhead<'a, R>,
    decoder: Option<Decoder<'a, R>>,
}

/// A decoder that panics must not leave the others waiting.
impl<R: Read + Send> Drop for DecoderTurn<'_, '_, R> {
    fn drop(&mut self) {
        if self.decoder.is_some() {
            self.ahead.lock().lost = true;
            self.ahead.changed.notify_all();
        }
    }
}
