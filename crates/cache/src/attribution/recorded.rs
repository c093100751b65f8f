//! The builder's own record, and the Dockerfile in it.

use crate::image::{Attestation, Digest, Image, Provenance, RecordedLayer};
use crate::inputs::{BuildInput, BuildOptions};
use crate::text::Source;

/// The record of how an image was built, among what stands beside it.
pub fn provenance(image: &Image, attestations: &[Attestation]) -> Option<Provenance> {
    let about = |attestation: &&Attestation| match (&attestation.subject, &image.manifest) {
        (Some(subject), Some(manifest)) => subject == manifest,
        _ => attestations.len() == 1,
    };
    let statements = attestations.iter().filter(about).flat_map(|attestation| &attestation.statements);
    let records = statements.filter_map(|statement| Provenance::read(statement.bytes.as_deref()?).ok().flatten());
    records.max_by_key(|record| record.layers(&blobs(image)).iter().flatten().count())
}

/// The digests of an image's blobs.
fn blobs(image: &Image) -> Vec<Option<&Digest>> {
    image.layers.iter().map(|layer| layer.digest.as_ref()).collect()
}

/// What the record says of each layer; `None` when it knows none of them.
pub(super) fn layers(image: &Image, provenance: Option<&Provenance>) -> Option<Vec<Option<RecordedLayer>>> {
    let layers = provenance?.layers(&blobs(image));
    layers.iter().any(Option::is_some).then_some(layers)
}

/// The recorded build, as if its Dockerfile had been given.
pub(super) fn input(provenance: &Provenance) -> Option<BuildInput> {
    let recorded = provenance.texts.first().filter(|text| !text.text.is_empty())?;
    let options = BuildOptions {
        target: provenance.target.clone(),
        build_args: provenance.build_args.clone(),
        ..BuildOptions::default()
    };
    Some(BuildInput::new(&Source::of(&recorded.name, &recorded.text), options))
}
