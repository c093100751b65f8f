//! Answers that come byte by byte: each byte comes in time, and the whole never does.

use std::io::{self, Read};
use std::time::{Duration, Instant};

/// Bytes per second below which an answer is given up.
const LEAST: u64 = 1 << 10;

/// Reads in one span below which a pause, not a trickle, is why so little came.
const READS: u32 = 8;

/// A reader that fails where its source sends next to nothing for a span of time.
#[derive(Debug)]
pub(crate) struct Paced<R> {
    reader: R,
    span: Duration,
    since: Instant,
    bytes: u64,
    reads: u32,
}

impl<R> Paced<R> {
    /// Judges each span of twice the time that the other side may be silent.
    pub(crate) fn new(reader: R, idle: Duration) -> Self {
        Self { reader, span: idle * 2, since: Instant::now(), bytes: 0, reads: 0 }
    }

    /// Takes in what came; an error where it is too little.
    fn judge(&mut self, count: usize) -> io::Result<usize> {
        self.bytes += count as u64;
        self.reads += 1;
        let past = self.since.elapsed();
        if past < self.span || count == 0 {
            return Ok(count);
        }
        if self.reads >= READS && u128::from(self.bytes) * 1000 < u128::from(LEAST) * past.as_millis() {
            let what = format!("only {} bytes came in {:.0} s", self.bytes, past.as_secs_f64().max(1.0));
            return Err(io::Error::new(io::ErrorKind::TimedOut, what));
        }
        (self.since, self.bytes, self.reads) = (Instant::now(), 0, 0);
        Ok(count)
    }
}

impl<R: Read> Read for Paced<R> {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        let count = self.reader.read(buffer)?;
        self.judge(count)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A source that sends a few bytes, then waits.
    struct Trickle(usize, Duration);

    impl Read for Trickle {
        fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
            std::thread::sleep(self.1);
            let count = self.0.min(buffer.len());
            buffer[..count].fill(b'x');
            Ok(count)
        }
    }

    fn bytes_of(source: Trickle, most: u64) -> io::Result<u64> {
        let mut bytes = Vec::new();
        let read = Paced::new(source, Duration::from_millis(100)).take(most).read_to_end(&mut bytes);
        read.map(|count| count as u64)
    }

    #[test]
    fn a_trickle_ends_and_a_stream_or_a_pause_does_not() {
        let trickle = bytes_of(Trickle(1, Duration::from_millis(10)), 1 << 20).unwrap_err();
        assert_eq!(trickle.kind(), io::ErrorKind::TimedOut);
        assert!(trickle.to_string().contains("bytes came in"), "{trickle}");
        assert_eq!(bytes_of(Trickle(1 << 16, Duration::from_millis(10)), 1 << 21).unwrap(), 1 << 21);
        assert_eq!(bytes_of(Trickle(10, Duration::from_millis(250)), 30).unwrap(), 30);
    }
}
