//! The door forward: one pass over an archive that comes as a stream, its parts in whatever order.

use std::io;

use crate::image::error::{Error, Trouble};
use crate::image::options::{Options, Read};

/// Reads the images of an archive from its start to its end: standard input, what an engine sends.
///
/// # Errors
/// As [`read`](crate::image::read).
pub fn read_forward(archive: impl io::Read + Send, options: &Options<'_>) -> Result<Read, Error> {
    let _ = (archive, options);
    Err(Error::new(Trouble::Unsupported, "not yet"))
}
