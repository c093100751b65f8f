//! A named pipe of Windows, or a program's pipes. They know no time limits: a thread reads, one request at a time, so that
//! a write never waits for a read of the same pipe.

use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::Duration;

/// Bytes of one read.
const CHUNK: usize = 64 << 10;

pub(in crate::engine) struct Line {
    writer: Box<dyn Write + Send + Sync>,
    asks: SyncSender<()>,
    answers: std::sync::Mutex<Receiver<io::Result<Vec<u8>>>>,
    /// What was read and not taken.
    left: Vec<u8>,
}

impl Line {
    pub(in crate::engine) fn open(path: &Path) -> io::Result<Self> {
        let file: File = OpenOptions::new().read(true).write(true).open(path)?;
        Ok(Self::new(file.try_clone()?, file))
    }

    pub(in crate::engine) fn spawn(command: &mut Command) -> io::Result<(Self, Child)> {
        let mut child = command.stdin(Stdio::piped()).stdout(Stdio::piped()).spawn()?;
        match (child.stdout.take(), child.stdin.take()) {
            (Some(reader), Some(writer)) => Ok((Self::new(reader, writer), child)),
            _ => Err(io::ErrorKind::BrokenPipe.into()),
        }
    }

    fn new(mut reader: impl Read + Send + 'static, writer: impl Write + Send + Sync + 'static) -> Self {
        let (asks, requests) = sync_channel::<()>(1);
        let (answer, answers) = sync_channel(1);
        thread::spawn(move || {
            while requests.recv().is_ok() {
                let mut chunk = vec![0; CHUNK];
                let read = reader.read(&mut chunk).map(|count| {
                    chunk.truncate(count);
                    chunk
                });
                if answer.send(read).is_err() {
                    break;
                }
            }
        });
        Self { writer: Box::new(writer), asks, answers: std::sync::Mutex::new(answers), left: Vec::new() }
    }

    pub(super) fn write(&mut self, bytes: &[u8], _limit: Option<Duration>) -> io::Result<()> {
        self.writer.write_all(bytes)?;
        self.writer.flush()
    }

    pub(super) fn read(&mut self, buffer: &mut [u8], limit: Option<Duration>) -> io::Result<usize> {
        if self.left.is_empty() {
            self.asks.send(()).map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            let answers = self.answers.get_mut().map_err(|_| io::Error::from(io::ErrorKind::BrokenPipe))?;
            let answer = match limit {
                Some(limit) => answers.recv_timeout(limit),
                None => answers.recv().map_err(|_| RecvTimeoutError::Disconnected),
            };
            self.left = match answer {
                Ok(read) => read?,
                Err(RecvTimeoutError::Timeout) => return Err(io::ErrorKind::TimedOut.into()),
                Err(RecvTimeoutError::Disconnected) => return Err(io::ErrorKind::BrokenPipe.into()),
            };
        }
        let count = self.left.len().min(buffer.len());
        buffer[..count].copy_from_slice(&self.left[..count]);
        self.left.drain(..count);
        Ok(count)
    }

    /// What was not asked for is not known.
    #[allow(clippy::unused_self)] // The socket's answer needs it.
    pub(super) const fn is_open(&mut self) -> bool {
        true
    }
}
