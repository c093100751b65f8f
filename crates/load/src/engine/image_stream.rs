//! An image, or files of a container, on their way from an engine. Engines report what fails in the middle by words behind the bytes.

use std::fmt;
use std::io::{self, Read};
use std::sync::Arc;
use std::time::Duration;

use serde::Deserialize;
use ureq::{Body, BodyReader};

use super::connection::{Connection, Timeout};
use crate::remote::Paced;

/// Bytes at the end of what came in which such words are looked for.
const WORDS: usize = 4 << 10;

/// What the pace of an archive is judged by.
const IDLE: Duration = Duration::from_secs(30);

/// How they begin.
const BEGIN: &[u8] = br#"{"errorDetail":"#;

/// An image as `docker save` writes it, or files as `docker cp` and `docker export` do: read to its end, or an error.
pub struct ImageArchive {
    connection: Arc<Connection>,
    reader: Paced<BodyReader<'static>>,
    /// The last bytes that came.
    tail: Vec<u8>,
}

#[derive(Deserialize)]
struct Words {
    error: String,
}

impl fmt::Debug for ImageArchive {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(out, "image from {}", self.connection.endpoint.name)
    }
}

impl ImageArchive {
    pub(super) fn new(connection: Arc<Connection>, body: Body) -> Self {
        let reader = body.into_with_config().limit(u64::MAX).reader();
        Self { connection, reader: Paced::new(reader, IDLE), tail: Vec::new() }
    }

    fn next(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.reader.read(buffer) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                read => return read.map_err(|error| self.connection.broken(&error, Timeout::Image).into_io()),
            }
        }
    }
}

/// The words at the end of some bytes.
fn words(bytes: &[u8]) -> Option<String> {
    let end = bytes.trim_ascii_end();
    if !end.ends_with(b"}") {
        return None;
    }
    let at = end.windows(BEGIN.len()).rposition(|part| part == BEGIN)?;
    serde_json::from_slice(&end[at..]).ok().map(|words: Words| words.error)
}

impl Read for ImageArchive {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        if buffer.is_empty() {
            return Ok(0);
        }
        let count = self.next(buffer)?;
        if count == 0 {
            // At the end of an archive there are zeros.
            return words(&self.tail).map_or(Ok(0), |message| Err(self.connection.gave_up(&message).into_io()));
        }
        let last = &buffer[count.saturating_sub(WORDS)..count];
        let kept_bytes = self.tail.len().saturating_sub(WORDS - last.len());
        self.tail.drain(..kept_bytes);
        self.tail.extend(last);
        Ok(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_behind_the_bytes_are_heard() {
        let body = b"\0\0\0{\"errorDetail\":{\"message\":\"no space\"},\"error\":\"no space\"}\r\n";
        assert_eq!(words(body).as_deref(), Some("no space"));
        assert_eq!(words(b"\0\0\0"), None);
        assert_eq!(words(b"{}"), None);
        assert_eq!(words(b"{\"errorDetail\":}"), None);
    }
}
