//! Streams of one compression, one after the other, and what may follow the last.

use std::io::{self, Read};

use lzma_rust2::XzReader;

use crate::image::decode::chunk::Input;
use crate::image::decode::codec::{Bzip2, DecodeFault, Gzip, Unpack, Zstandard};
use crate::image::fault::FaultKind;
use crate::image::layer::Compression;
use crate::image::limits::Limits;

/// A blob and its decompressor.
pub(super) enum Codec<'a, R: Read> {
    /// None.
    Stored(Input<'a, R>),
    /// One that takes what it is given.
    Streams(Streams<'a, R>),
    /// One that fetches its input itself.
    Xz(Box<XzReader<Input<'a, R>>>),
}

/// A decompressor that takes what it is given.
pub(super) struct Streams<'a, R> {
    input: Input<'a, R>,
    unpack: Box<dyn Unpack>,
    compression: Compression,
    /// Whether a stream has ended and none has begun after it.
    between: bool,
    /// Whether zeros came after the last one.
    padded: bool,
}

impl<'a, R: Read> Codec<'a, R> {
    pub(super) fn new(input: Input<'a, R>, compression: Compression, limits: &Limits) -> Result<Self, DecodeFault> {
        let unpack: Box<dyn Unpack> = match compression {
            Compression::None => return Ok(Self::Stored(input)),
            Compression::Gzip => Box::new(Gzip::new()),
            Compression::Zstd => Box::new(Zstandard::new(limits)?),
            Compression::Bzip2 => Box::new(Bzip2::new()),
            Compression::Xz => {
                // The dictionary, and what the decoder needs beside it.
                let memory = u32::try_from(limits.window_bytes >> 10).unwrap_or(u32::MAX).saturating_add(256);
                return Ok(Self::Xz(Box::new(XzReader::new_mem_limit(input, true, memory))));
            }
        };
        Ok(Self::Streams(Streams { input, unpack, compression, between: false, padded: false }))
    }

    pub(super) fn input(&self) -> &Input<'a, R> {
        match self {
            Self::Stored(input) => input,
            Self::Streams(streams) => &streams.input,
            Self::Xz(reader) => reader.inner(),
        }
    }

    pub(super) fn input_mut(&mut self) -> &mut Input<'a, R> {
        match self {
            Self::Stored(input) => input,
            Self::Streams(streams) => &mut streams.input,
            Self::Xz(reader) => reader.inner_mut(),
        }
    }

    /// Decodes into a buffer; `None` at the end, and 0 bytes are none.
    pub(super) fn step(&mut self, output: &mut [u8]) -> Result<Option<usize>, DecodeFault> {
        match self {
            // Is handed on in whole chunks instead.
            Self::Stored(_) => Ok(None),
            Self::Streams(streams) => streams.step(output),
            Self::Xz(reader) => match reader.read(output) {
                Ok(0) => Ok(None),
                Ok(written) => Ok(Some(written)),
                Err(error) if reader.inner().has_failed() => Err(DecodeFault::unreadable(error)),
                Err(error) => Err(match error.kind() {
                    io::ErrorKind::UnexpectedEof => DecodeFault::early(Compression::Xz),
                    io::ErrorKind::OutOfMemory => DecodeFault::new(FaultKind::Limit, Compression::Xz, &error),
                    _ => DecodeFault::new(FaultKind::Corrupt, Compression::Xz, &error),
                }),
            },
        }
    }
}

impl<R: Read> Streams<'_, R> {
    fn step(&mut self, output: &mut [u8]) -> Result<Option<usize>, DecodeFault> {
        let bytes = self.input.fill().map_err(DecodeFault::unreadable)?;
        let over = bytes.is_empty();
        if self.between {
            match bytes {
                [] => return Ok(None),
                // gzip(1) takes zeros after the last member as the padding of a tape.
                [0, ..] if self.compression == Compression::Gzip => {
                    let zeros = bytes.iter().take_while(|&&byte| byte == 0).count();
                    self.input.consume(zeros);
                    self.padded = true;
                    return Ok(Some(0));
                }
                // A stream's first byte; the decompressor looks at those after it, which may be in the next chunk.
                [first, ..] if !self.padded && begins(self.compression, *first) => self.unpack.restart()?,
                _ => return Err(DecodeFault::trailing(self.compression)),
            }
            self.between = false;
        }
        let step = self.unpack.step(bytes, output)?;
        self.input.consume(step.read);
        self.between = step.ended;
        if step.ended || step.read > 0 || step.written > 0 {
            return Ok(Some(step.written));
        }
        Err(if over {
            DecodeFault::early(self.compression)
        } else {
            DecodeFault::new(FaultKind::Corrupt, self.compression, "it produces no more output")
        })
    }
}

/// Whether a stream may begin with a byte.
fn begins(compression: Compression, first: u8) -> bool {
    match compression {
        Compression::Gzip => first == 0x1f,
        Compression::Zstd => first == 0x28 || (0x50..=0x5f).contains(&first),
        Compression::Bzip2 => first == b'B',
        Compression::None | Compression::Xz => false,
    }
}
