//! Looks for places in contents that stream by, whatever the pieces' borders.

/// Bytes that are looked at together.
const CHUNK: usize = 64 << 10;

/// Something that looks for places.
pub(super) trait StreamSearch {
    /// Bytes that it wants to see after a place, at most.
    const AHEAD: usize;

    /// Looks at what is not used up yet, and says how many bytes are now. All but [`Self::AHEAD`] must be, unless it is
    /// the last call.
    fn look(&mut self, window: &[u8], last: bool) -> usize;

    /// Whether nothing more is wanted.
    fn is_done(&self) -> bool;
}

/// Feeds a [`StreamSearch`].
#[derive(Debug)]
pub(super) struct Stream<L> {
    look: L,
    window: Vec<u8>,
}

impl<L: StreamSearch> Stream<L> {
    /// A stream at its start.
    pub(super) const fn new(look: L) -> Self {
        Self { look, window: Vec::new() }
    }

    /// Takes the next piece.
    pub(super) fn take(&mut self, piece: &[u8]) {
        let mut rest = piece;
        let before = self.window.len();
        if before > 0 {
            // The border: what was left over, and enough of the piece to be sure about all of that.
            self.window.extend_from_slice(&piece[..piece.len().min(L::AHEAD)]);
            let used = self.look.look(&self.window, false).max(self.window.len().saturating_sub(L::AHEAD));
            if piece.len() <= L::AHEAD {
                self.window.drain(..used.min(self.window.len()));
                return;
            }
            rest = &piece[used.saturating_sub(before).min(piece.len())..];
            self.window.clear();
        }
        while !self.look.is_done() {
            let window = &rest[..rest.len().min(CHUNK + L::AHEAD)];
            let used = self.look.look(window, false).max(window.len().saturating_sub(L::AHEAD));
            rest = &rest[used.min(rest.len())..];
            if rest.len() <= L::AHEAD {
                self.window.extend_from_slice(rest);
                return;
            }
        }
    }

    /// What was found.
    pub(super) fn finish(mut self) -> L {
        while !self.look.is_done() && !self.window.is_empty() {
            let used = self.look.look(&self.window, true);
            if used == 0 {
                break;
            }
            self.window.drain(..used.min(self.window.len()));
        }
        self.look
    }
}
