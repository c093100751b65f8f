//! See `rules/floating-base.md`.

use super::Context;
use super::base_version::{FloatingReason, UnversionedImage, unversioned};
use crate::build::{Reference, is_suite};
use crate::finding::Findings;
use crate::text::path;

super::rule!("floating-base", check);

fn check(cx: &Context, out: &mut Findings) {
    let is_meant =
        |image: &UnversionedImage| image.chosen && image.how == FloatingReason::Channel && !is_moot(cx, image);
    for image in unversioned(cx).into_iter().filter(is_meant) {
        let finding = cx.finding(image.edge.span, image.message()).help(image.help());
        out.push(finding);
    }
}

/// Whether a file of the project chooses the compiler (`rust-toolchain.toml`), not the image. Then the tag only matters for
/// the distribution, which it names.
fn is_moot(cx: &Context, image: &UnversionedImage) -> bool {
    let Some(context) = cx.context() else { return false };
    let reference = Reference::of(image.image);
    let mut words = reference.tag.unwrap_or_default().split('-');
    reference.short_name() == "rust"
        && words.any(is_suite)
        && context.children(None).any(|id| path::name(context.entry(id).name).starts_with("rust-toolchain"))
}
