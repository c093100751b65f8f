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
pub struct KnownBase {
    /// As the user calls it.
    pub name: String,
    /// The digest of its config: an image is not its own base.
    pub id: Option<Digest>,
    /// The digest of its manifest or index, where it is known.
    pub manifest: Option<Digest>,
    /// Its layers' diff IDs, the lowest first.
    pub diff_ids: Vec<Digest>,
}

impl KnownBase {
    /// What there is to know of an image.
    pub fn of(image: &Image) -> Self {
        let diff_ids = image.layers.iter().map_while(|layer| layer.diff_id.clone()).collect();
        Self { name: image.reference.clone(), id: image.id.clone(), manifest: image.manifest.clone(), diff_ids }
    }
}

/// Annotations and labels that name the base (OCI image-spec, annotations.md).
const NAME: &str = "org.opencontainers.image.base.name";
const DIGEST: &str = "org.opencontainers.image.base.digest";

/// The base of an image among known ones: that which the image names, else that with the most layers in common. Where
/// there is none, its layers are a guess.
pub fn base(image: &Image, known: &[KnownBase]) -> Base {
    let annotation = |key: &str| image.annotations.iter().find(|(name, _)| name == key).map(|(_, value)| value);
    let annotation_or_label =
        |key: &str| annotation(key).or_else(|| image.config.labels.get(key)).filter(|value| !value.is_empty());
    let digest: Option<Digest> = annotation_or_label(DIGEST).and_then(|digest| digest.parse().ok());
    let is_below = |known: &&KnownBase| {
        let image_diff_ids = image.layers.iter().map(|layer| layer.diff_id.as_ref());
        let is_itself = known.id.is_some() && known.id == image.id;
        !is_itself
            && known.diff_ids.len() <= image.layers.len()
            && known.diff_ids.iter().map(Some).zip(image_diff_ids).all(|(a, b)| a == b)
    };
    let has_named_digest = |known: &KnownBase| digest.is_some() && known.manifest == digest;
    let base = known.iter().filter(is_below).max_by_key(|known| (has_named_digest(known), known.diff_ids.len()));
    let name = annotation_or_label(NAME).cloned();
    match base.filter(|known| !known.diff_ids.is_empty()) {
        Some(base) => {
            let name = if has_named_digest(base) { name } else { None };
            let layers = base.diff_ids.len();
            Base { layers, name: name.or_else(|| Some(base.name.clone())), how: BaseHow::Layers }
        }
        None => Base { layers: usize::from(image.layers.len() > 1), name, how: BaseHow::Guess },
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::{Algorithm, Layer};

    fn digest(name: char) -> Digest {
        Digest::new(Algorithm::Sha256, &[name as u8; 32]).unwrap()
    }

    fn known_base(name: &str, diff_ids: &str) -> KnownBase {
        let manifest = name.chars().next().map(digest);
        KnownBase {
            name: name.to_owned(),
            id: manifest.clone(),
            manifest,
            diff_ids: diff_ids.chars().map(digest).collect(),
        }
    }

    #[track_caller]
    fn check(diff_ids: &str, annotations: &[(&str, String)], expected: (usize, Option<&str>, BaseHow)) {
        let layer = |name| Layer { diff_id: Some(digest(name)), ..Layer::default() };
        let mut image =
            Image { layers: diff_ids.chars().map(layer).collect(), id: Some(digest('s')), ..Image::default() };
        image.annotations = annotations.iter().map(|(name, value)| ((*name).to_owned(), value.clone())).collect();
        let all = [
            known_base("self", "abcd"),
            known_base("nothing", ""),
            known_base("debian", "a"),
            known_base("python", "ab"),
            known_base("x", "ab"),
            known_base("other", "zb"),
        ];
        let base = base(&image, &all);
        assert_eq!((base.layers, base.name.as_deref(), base.how), expected);
    }

    #[test]
    fn the_known_image_with_most_layers_is_the_base() {
        check(
            "abcd",
            &[(DIGEST, digest('p').to_string()), (NAME, "docker.io/python:3".into())],
            (2, Some("docker.io/python:3"), BaseHow::Layers),
        );
        check("abcd", &[(DIGEST, digest('d').to_string())], (1, Some("debian"), BaseHow::Layers));
        check("abcd", &[(NAME, "alpine".into())], (2, Some("x"), BaseHow::Layers));
        check("ac", &[], (1, Some("debian"), BaseHow::Layers));
        check("ef", &[(NAME, "alpine".into())], (1, Some("alpine"), BaseHow::Guess));
        check("e", &[(DIGEST, "../x".into())], (0, None, BaseHow::Guess));
    }
}
