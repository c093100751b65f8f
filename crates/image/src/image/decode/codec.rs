//! The decompressors behind one face: bytes in, bytes out, and whether a stream of them has ended.

use std::fmt;
use std::io;

use zstd::stream::raw::{DParameter, Decoder as Zstd, Operation};

use crate::image::fault::{Fault, FaultKind};
use crate::image::layer::Compression;
use crate::image::limits::Limits;

/// What one call did.
pub(super) struct DecodeStep {
    /// Bytes of input used.
    pub(super) read: usize,
    /// Bytes of output made.
    pub(super) written: usize,
    /// Whether the stream has ended; another one may follow.
    pub(super) ended: bool,
}

/// Why a stream can't be decoded further.
pub(super) struct DecodeFault {
    kind: FaultKind,
    what: String,
    source: Option<io::Error>,
}

impl DecodeFault {
    /// What a decompressor says.
    pub(super) fn new(kind: FaultKind, compression: Compression, what: impl fmt::Display) -> Self {
        let name = compression.name();
        let what = match kind {
            FaultKind::Limit => format!("the {name} stream exceeds a limit: {what}"),
            _ => format!("the {name} stream is corrupt: {what}"),
        };
        Self { kind, what, source: None }
    }

    /// No more input, though the stream goes on.
    pub(super) fn early(compression: Compression) -> Self {
        let what = format!("the {} stream ends early", compression.name());
        Self { kind: FaultKind::Truncated, what, source: None }
    }

    /// Something that is no stream comes after one.
    pub(super) fn trailing(compression: Compression) -> Self {
        let what = format!("the {} stream is followed by other bytes", compression.name());
        Self { kind: FaultKind::Corrupt, what, source: None }
    }

    /// The source fails.
    pub(super) fn unreadable(error: io::Error) -> Self {
        Self { kind: FaultKind::Unreadable(error.kind()), what: String::new(), source: Some(error) }
    }

    /// With its place in the blob.
    pub(super) fn at(self, offset: u64) -> Fault {
        match self.source {
            Some(error) => Fault::unreadable(&error, offset),
            None => Fault { kind: self.kind, what: self.what, offset, tar_offset: None },
        }
    }
}

/// A decompressor of streams that may follow one another.
pub(super) trait Unpack: Send {
    /// Decodes as much as there is input and room for.
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<DecodeStep, DecodeFault>;

    /// Makes ready for the next stream.
    fn restart(&mut self) -> Result<(), DecodeFault>;
}

/// gzip, with checksum and length of each member.
pub(super) struct Gzip {
    stream: flate2::Decompress,
    /// What is wrong after the bytes that were handed out last.
    met: Option<String>,
}

/// Bits of deflate's window: 32 KiB.
const WINDOW_BITS: u8 = 15;

impl Gzip {
    pub(super) fn new() -> Self {
        Self { stream: flate2::Decompress::new_gzip(WINDOW_BITS), met: None }
    }
}

impl Unpack for Gzip {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<DecodeStep, DecodeFault> {
        if let Some(what) = self.met.take() {
            return Err(DecodeFault::new(FaultKind::Corrupt, Compression::Gzip, what));
        }
        let stream = &mut self.stream;
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, output, flate2::FlushDecompress::None);
        let (read, written) = ((stream.total_in() - read) as usize, (stream.total_out() - written) as usize);
        match status {
            Ok(status) => Ok(DecodeStep { read, written, ended: status == flate2::Status::StreamEnd }),
            Err(error) => {
                let what = error.message().unwrap_or("invalid deflate data");
                postpone(&mut self.met, Compression::Gzip, what, DecodeStep { read, written, ended: false })
            }
        }
    }

    fn restart(&mut self) -> Result<(), DecodeFault> {
        *self = Self::new();
        Ok(())
    }
}

/// Hands out what came before an error first; the next call meets the error.
fn postpone(
    met: &mut Option<String>,
    compression: Compression,
    what: &str,
    step: DecodeStep,
) -> Result<DecodeStep, DecodeFault> {
    if step.written == 0 {
        return Err(DecodeFault::new(FaultKind::Corrupt, compression, what));
    }
    *met = Some(what.to_owned());
    Ok(step)
}

/// bzip2, with the checksum of each block and of each stream. A block takes 3.6 MB at most.
pub(super) struct Bzip2 {
    stream: bzip2::Decompress,
    streams: u32,
    /// What is wrong after the bytes that were handed out last.
    met: Option<String>,
}

/// Streams in a blob. Each allocates the memory of a block, however short it is; programs that write many put a block
/// of 100 kB or more into each.
const MOST_STREAMS: u32 = 1_000_000;

impl Bzip2 {
    pub(super) fn new() -> Self {
        Self { stream: bzip2::Decompress::new(false), streams: 1, met: None }
    }
}

impl Unpack for Bzip2 {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<DecodeStep, DecodeFault> {
        if let Some(what) = self.met.take() {
            return Err(DecodeFault::new(FaultKind::Corrupt, Compression::Bzip2, what));
        }
        let stream = &mut self.stream;
        let (read, written) = (stream.total_in(), stream.total_out());
        let status = stream.decompress(input, output);
        let (read, written) = ((stream.total_in() - read) as usize, (stream.total_out() - written) as usize);
        let step = DecodeStep { read, written, ended: status == Ok(bzip2::Status::StreamEnd) };
        match status {
            Ok(bzip2::Status::MemNeeded) => {
                Err(DecodeFault::new(FaultKind::Limit, Compression::Bzip2, "not enough memory for a block"))
            }
            Ok(_) => Ok(step),
            Err(bzip2::Error::DataMagic) => postpone(&mut self.met, Compression::Bzip2, "it has no header", step),
            Err(_) => postpone(&mut self.met, Compression::Bzip2, "invalid data", step),
        }
    }

    fn restart(&mut self) -> Result<(), DecodeFault> {
        if self.streams == MOST_STREAMS {
            let what = format!("more than {MOST_STREAMS} streams");
            return Err(DecodeFault::new(FaultKind::Limit, Compression::Bzip2, what));
        }
        *self = Self { streams: self.streams + 1, ..Self::new() };
        Ok(())
    }
}

/// zstd; frames that are to be skipped are.
pub(super) struct Zstandard(Zstd<'static>);

impl Zstandard {
    pub(super) fn new(limits: &Limits) -> Result<Self, DecodeFault> {
        let mut decoder = Zstd::new().map_err(|error| zstd_wrong(&error))?;
        // The library takes windows of 1 KiB to 2 GiB.
        let log = limits.window_bytes.max(1 << 10).ilog2().min(31);
        decoder.set_parameter(DParameter::WindowLogMax(log)).map_err(|error| zstd_wrong(&error))?;
        Ok(Self(decoder))
    }
}

impl Unpack for Zstandard {
    fn step(&mut self, input: &[u8], output: &mut [u8]) -> Result<DecodeStep, DecodeFault> {
        let status = self.0.run_on_buffers(input, output).map_err(|error| zstd_wrong(&error))?;
        Ok(DecodeStep { read: status.bytes_read, written: status.bytes_written, ended: status.remaining == 0 })
    }

    fn restart(&mut self) -> Result<(), DecodeFault> {
        self.0.reinit().map_err(|error| zstd_wrong(&error))
    }
}

fn zstd_wrong(error: &io::Error) -> DecodeFault {
    let what = error.to_string();
    let large = what.contains("too much memory");
    DecodeFault::new(if large { FaultKind::Limit } else { FaultKind::Corrupt }, Compression::Zstd, what)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn streams_of_bzip2_are_counted() {
        let mut decoder = Bzip2 { streams: MOST_STREAMS - 1, ..Bzip2::new() };
        assert!(decoder.restart().is_ok());
        let fault = decoder.restart().unwrap_err().at(5);
        assert_eq!(fault.kind, FaultKind::Limit);
        assert!(fault.what.contains("exceeds a limit: more than 1000000 streams"), "{}", fault.what);
    }
}
