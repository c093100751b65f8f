//! What an image weighed before: of an image, or of a saved result of one.

use serde::Deserialize;

use crate::image::{Contents, Image, ImageTree, Totals};

/// What an image weighed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Weight {
    /// What it is called.
    pub names: Vec<String>,
    /// Bytes on disk; `None` where its contents were not read.
    pub disk_bytes: Option<u64>,
}

impl Weight {
    /// What an image weighs.
    pub fn of(image: &Image) -> Self {
        let unread = image.layers.iter().any(|layer| layer.contents == Contents::NotAsked);
        let disk_bytes = (!unread).then(|| Totals::new(image, &ImageTree::new(image)).disk_bytes);
        Self { names: [&image.reference].into_iter().chain(&image.names).cloned().collect(), disk_bytes }
    }

    /// The one of several that was this image before: by a name, else the only one.
    pub fn pick<'w>(weights: &'w [Self], image: &Image) -> Option<&'w Self> {
        let is_image_name = |name: &String| *name == image.reference || image.names.contains(name);
        weights.iter().find(|weight| weight.names.iter().any(is_image_name)).or(match weights {
            [only] => Some(only),
            _ => None,
        })
    }
}

#[derive(Deserialize)]
struct Saving {
    images: Vec<SavedImage>,
}

#[derive(Deserialize)]
struct SavedImage {
    #[serde(rename = "ref", default)]
    reference: String,
    #[serde(default)]
    names: Vec<String>,
    totals: SavedTotals,
}

#[derive(Deserialize)]
struct SavedTotals {
    disk_bytes: Option<u64>,
}

/// Reads what `dockopt image --format json` wrote, of any version: only names and sizes are looked at.
///
/// # Errors
/// What is wrong with it, in one sentence without a full stop.
pub fn weights(text: &[u8]) -> Result<Vec<Weight>, String> {
    let saved: Saving = serde_json::from_slice(text)
        .map_err(|error| format!("it is not output of `dockopt image --format json`: {error}"))?;
    if saved.images.is_empty() {
        return Err("it contains no image".to_owned());
    }
    let weight = |image: SavedImage| Weight {
        names: [image.reference].into_iter().chain(image.names).filter(|name| !name.is_empty()).collect(),
        disk_bytes: image.totals.disk_bytes,
    };
    Ok(saved.images.into_iter().map(weight).collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn saved_results_are_read_leniently() {
        let read = weights(
            br#"{"new": [[]], "images": [{"ref": "a:1", "totals": {"disk_bytes": 5, "x": {}}}, {"totals": {}}]}"#,
        );
        let named =
            |names: &[&str], disk_bytes| Weight { names: names.iter().map(|&n| n.to_owned()).collect(), disk_bytes };
        let read = read.unwrap();
        assert_eq!(read, [named(&["a:1"], Some(5)), named(&[], None)]);
        let image = Image { reference: "b".to_owned(), names: vec!["a:1".to_owned()], ..Image::default() };
        assert_eq!(Weight::pick(&read, &image), Some(&read[0]));
        assert_eq!(Weight::pick(&read, &Image::default()), None);
        assert_eq!(Weight::pick(&read[..1], &Image::default()), Some(&read[0]));
        for text in ["", "{}", "[]", "{\"images\": []}", "{\"images\": [{}]}"] {
            assert!(weights(text.as_bytes()).is_err(), "{text}");
        }
    }
}
