//! A connection without a network: a socket, a named pipe, another program's input and output.

use std::fmt;
use std::io;
use std::process::Child;
use std::time::Duration;

#[cfg(not(unix))]
mod pump;
#[cfg(unix)]
mod socket;

#[cfg(not(unix))]
pub(super) use self::pump::Line;
#[cfg(unix)]
pub(super) use self::socket::Line;

/// A line, and the program at its other end, which ends with it.
pub(super) struct Wire {
    line: Line,
    program: Option<Child>,
}

impl fmt::Debug for Wire {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        out.write_str("wire")
    }
}

impl Wire {
    pub(super) const fn new(line: Line, program: Option<Child>) -> Self {
        Self { line, program }
    }

    /// Writes all, or fails; `TimedOut` when nothing is taken for that long.
    pub(super) fn write(&mut self, bytes: &[u8], limit: Option<Duration>) -> io::Result<()> {
        self.line.write(bytes, limit)
    }

    /// Reads what is there; `TimedOut` when nothing comes for that long.
    pub(super) fn read(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> io::Result<usize> {
        self.line.read(buffer, limit)
    }

    /// Whether the other end is still there, as far as can be told without waiting.
    pub(super) fn is_open(&mut self) -> bool {
        let ended = self.program.as_mut().is_some_and(|program| !matches!(program.try_wait(), Ok(None)));
        !ended && self.line.is_open()
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        if let Some(program) = &mut self.program {
            // One that has ended is not there to be ended.
            let _ = program.kill();
            let _ = program.wait();
        }
    }
}
