//! A Unix socket, or one end of a pair of which a program has the other.

use std::io::{self, Read, Write};
use std::os::fd::OwnedFd;
use std::os::unix::net::UnixStream;
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

pub(in crate::engine) struct Line(UnixStream);

impl Line {
    pub(in crate::engine) fn open(path: &Path) -> io::Result<Self> {
        UnixStream::connect(path).map(Self)
    }

    /// Starts a program whose input and output are the line's other end: unlike pipes, it can be waited for with a limit.
    pub(in crate::engine) fn spawn(command: &mut Command) -> io::Result<(Self, Child)> {
        let (local, other) = UnixStream::pair()?;
        let (input, output): (OwnedFd, OwnedFd) = (other.try_clone()?.into(), other.into());
        let child = command.stdin(Stdio::from(input)).stdout(Stdio::from(output)).spawn()?;
        // While the command keeps the other end open, the program's end is not heard.
        command.stdin(Stdio::null()).stdout(Stdio::null());
        Ok((Self(local), child))
    }

    pub(super) fn write(&mut self, bytes: &[u8], limit: Option<Duration>) -> io::Result<()> {
        self.0.set_write_timeout(limit)?;
        self.0.write_all(bytes).map_err(timeout_error)
    }

    pub(super) fn read(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> io::Result<usize> {
        self.0.set_read_timeout(limit)?;
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map_err(timeout_error),
            }
        }
    }

    pub(super) fn is_open(&mut self) -> bool {
        let looked = self.0.set_nonblocking(true).and_then(|()| {
            let read = self.0.read(&mut [0]);
            self.0.set_nonblocking(false)?;
            read
        });
        // Between two answers nothing comes: neither an end nor a byte.
        looked.is_err_and(|error| error.kind() == io::ErrorKind::WouldBlock)
    }
}

fn timeout_error(error: io::Error) -> io::Error {
    if error.kind() == io::ErrorKind::WouldBlock { io::ErrorKind::TimedOut.into() } else { error }
}
