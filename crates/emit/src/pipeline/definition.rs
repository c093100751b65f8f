//! The files that say what an image takes. A pipeline has the list of what it takes as it was when the pipeline was written, and
//! a digest of these: the script that looks images up (`templates/pipeline/look-up.sh`) works the digest out again, and does not
//! go by the list where it is another.

use super::image::RepositoryImage;
use super::input::PipelineInput;
use crate::image::{Algorithm, Digest};

/// Hexadecimal digits of the digest.
const DIGITS: usize = 16;

/// The digest of the files that say what an image takes. Options and the build context are not among them: they stand in the
/// pipeline too, which builds with what stands there.
pub(super) fn definition_digest(input: &PipelineInput, image: &RepositoryImage) -> String {
    let file = &image.dockerfile;
    let places = [
        file.clone(),
        format!("{file}.dockerignore"),
        format!("{}/.dockerignore", image.context),
        ".gitmodules".to_owned(),
    ];
    let mut text = Vec::new();
    for place in places {
        let Some(bytes) = (input.bytes_of)(&place) else { continue };
        text.extend_from_slice(place.as_bytes());
        text.push(b'\n');
        text.extend_from_slice(&bytes);
        text.push(b'\n');
    }
    // Git may check lines out with other ends than they have in its objects.
    text.retain(|byte| *byte != b'\r');
    let mut digits = Digest::of(Algorithm::Sha256, &text).hex();
    digits.truncate(DIGITS);
    digits
}
