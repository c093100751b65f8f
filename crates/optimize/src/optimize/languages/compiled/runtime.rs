//! Toolchain images (`data/toolchain_images.tsv`).

use crate::build::Reference;
use crate::data;

/// An image that people compile in.
pub(super) struct Toolchain {
    folder: &'static str,
    /// Whether it has the certificates of the public authorities.
    pub(super) has_certificates: bool,
}

impl Toolchain {
    /// The row of an image; `None` for one that nobody looked at.
    pub(super) fn of(image: &str) -> Option<Self> {
        let name = Reference::of(image).short_name();
        match data::TOOLCHAIN_IMAGES.row(name)? {
            &[_, folder, certificates, ..] => Some(Self { folder, has_certificates: certificates == "yes" }),
            _ => None,
        }
    }
}

/// The folder in which a container of the image works.
pub(super) fn base_folder(image: &str) -> Option<&'static str> {
    Toolchain::of(image).map(|row| row.folder)
}
