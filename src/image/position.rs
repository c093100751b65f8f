//! The door by position: documents first, then all layers of the chosen images side by side, the biggest first.

use crate::image::error::{Error, Trouble};
use crate::image::options::{Options, Read};
use crate::image::store::{ReadAt, Store};

/// Reads the images of a store.
///
/// # Errors
/// When there is nothing to show: no image, none that is asked for, none that can be read. Damage to a part of an image is
/// told in [`Read::damaged`].
pub fn read(store: &dyn Store, options: &Options<'_>) -> Result<Read, Error> {
    let _ = (store, options);
    Err(Error::new(Trouble::Unsupported, "not yet"))
}

/// Reads the images of an archive that can be read anywhere: by position, or from its start to its end where it is
/// compressed as a whole.
///
/// # Errors
/// As [`read`].
pub fn read_archive(archive: &dyn ReadAt, options: &Options<'_>) -> Result<Read, Error> {
    let _ = (archive, options);
    Err(Error::new(Trouble::Unsupported, "not yet"))
}
