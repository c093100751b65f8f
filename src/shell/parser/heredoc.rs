//! Here-documents: bodies after a line end, and the expansions inside them.

use super::simple::Owner;
use super::word::{Builder, Purpose};
use super::{Frame, Parser};

/// Bodies inside expansions inside bodies; each level reads its lines once more.
const MAX_NESTED: u32 = 8;

/// A here-document whose body has not come yet.
pub(super) struct Pending {
    pub(super) owner: Owner,
    /// Index among the owner's redirects.
    pub(super) index: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) delimiter: String,
    pub(super) tabs: bool,
    pub(super) expands: bool,
}

/// A body being read.
pub(super) struct Heredoc {
    start: usize,
    end: usize,
    /// After the delimiter's line.
    next: usize,
    expands: bool,
    around: Option<(usize, u32)>,
}

impl Parser<'_> {
    /// Steps over a line end and the bodies that start after it. The frame that reads on must be pushed already.
    pub(super) fn newline(&mut self) {
        self.at += 1;
        if self.pending.len() <= self.pending_base {
            return;
        }
        if self.heredocs >= MAX_NESTED {
            return self.stop();
        }
        let mut frames = Vec::new();
        let mut at = self.at;
        for pending in self.pending.split_off(self.pending_base) {
            let (end, next, closed) = self.body_end(at, &pending);
            if !closed {
                self.unterminated(pending.start, pending.end);
            }
            let body = Some(self.span(at, end));
            let redirects = match pending.owner {
                Owner::Command(index) => &mut self.script.commands[index as usize].redirects,
                Owner::Compound(index) => &mut self.script.compounds[index as usize].redirects,
            };
            if let Some(redirect) = redirects.get_mut(pending.index) {
                redirect.body = body;
            }
            frames.push(Heredoc { start: at, end, next, expands: pending.expands, around: None });
            at = next;
        }
        for heredoc in frames.into_iter().rev() {
            self.push(Frame::Heredoc(heredoc));
        }
    }

    /// End of the body, start of what follows the delimiter, whether there is a delimiter.
    fn body_end(&self, from: usize, pending: &Pending) -> (usize, usize, bool) {
        let from = from.min(self.limit);
        let mut start = from;
        while start < self.limit {
            let end = memchr::memchr(b'\n', &self.bytes[start..self.limit]).map_or(self.limit, |len| start + len);
            let line = &self.text[start..end];
            let line = if pending.tabs { line.trim_start_matches('\t') } else { line };
            if line.strip_suffix('\r').unwrap_or(line) == pending.delimiter {
                return (start, (end + 1).min(self.limit), true);
            }
            start = end + 1;
        }
        (self.limit, self.limit, false)
    }

    pub(super) fn heredoc(&mut self, mut heredoc: Heredoc) {
        if self.stopped {
            return self.leave_heredoc(&heredoc);
        }
        if heredoc.around.is_none() {
            self.at = heredoc.start;
            if !heredoc.expands {
                return self.leave_heredoc(&heredoc);
            }
            heredoc.around = Some((self.limit, self.parens));
            self.limit = heredoc.end;
            self.parens = 0;
            self.heredocs += 1;
            self.builders.push(Builder::muted(self.at, Purpose::Dropped));
        }
        let rest = &self.bytes[self.at.min(self.limit)..self.limit];
        let Some(len) = rest.iter().position(|byte| matches!(byte, b'$' | b'`' | b'\\')) else {
            return self.leave_heredoc(&heredoc);
        };
        self.at += len;
        self.frames.push(Frame::Heredoc(heredoc));
        match self.bytes[self.at] {
            b'\\' => {
                self.at += 1;
                if !self.ended() {
                    self.at += self.char_len(self.at);
                }
            }
            b'`' => self.open_backquote(),
            _ => self.dollar(true),
        }
    }

    fn leave_heredoc(&mut self, heredoc: &Heredoc) {
        if let Some((limit, parens)) = heredoc.around {
            self.builders.pop();
            self.heredocs -= 1;
            self.parens = parens;
            if !self.stopped {
                self.limit = limit;
            }
        }
        if !self.stopped {
            self.at = heredoc.next;
        }
    }
}
