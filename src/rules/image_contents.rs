//! Files of a built image that are not needed at run time: see `rules/image-leftover-files.md` and
//! `rules/image-development-files.md`.

use super::category_rules::rule_of_contents;
use super::image::{ImageContext, ImageCost, ImageFinding};
use crate::image::{CategoryClass, CategoryLayer, CategoryUse, PathId, all_categories, worth_a_finding};

super::family! {
    of_image
    "image-development-files" => |cx, out| check(cx, false, out);
    "image-leftover-files" => |cx, out| check(cx, true, out);
}

fn check(cx: &ImageContext<'_>, is_waste: bool, out: &mut Vec<ImageFinding>) {
    for category_use in worth_a_finding(cx.categories) {
        let category = category_use.category;
        if (category.class == CategoryClass::Waste) != is_waste {
            continue;
        }
        let layers = || above_base(category_use, cx.base);
        let Some(most) = layers().max_by_key(|layer| layer.bytes) else { continue };
        let bytes: u64 = layers().map(|layer| layer.bytes).sum();
        // A part of a category is assumed to compress as the whole does.
        let share = |compressed: u64| match category_use.bytes {
            0 => 0,
            all => (u128::from(compressed) * u128::from(bytes) / u128::from(all)) as u64,
        };
        let cost = ImageCost {
            lost: None,
            category: Some(&category.name),
            rule: rule_of_category(category_use, cx.base, |layer| cx.instruction(layer)),
            by: None,
            is_base: false,
            files: layers().map(|layer| layer.files).sum(),
            bytes,
            compressed: category_use.compressed.map(share),
        };
        let path = category_use.places.first().map_or(PathId::ROOT, |place| place.path);
        let message = format!("files of the category `{}` are not needed at run time", category.name);
        out.push(ImageFinding {
            cost: Some(cost),
            ..ImageFinding::at(path, most.layer as usize, message, &category.fix)
        });
    }
}

fn above_base(category_use: &CategoryUse, base: usize) -> impl Iterator<Item = &CategoryLayer> {
    category_use.layers.iter().filter(move |layer| layer.layer as usize >= base)
}

/// The rule for Dockerfiles that finds what leaves such files; `None` if all of them are from the base image, of so many
/// layers. `instruction` gives that of a layer on one line.
pub fn rule_of_category<'a>(
    category_use: &CategoryUse,
    base: usize,
    instruction: impl Fn(usize) -> &'a str,
) -> Option<&'static str> {
    let most = above_base(category_use, base).max_by_key(|layer| layer.bytes)?;
    rule_of_contents(&category_use.category.name, instruction(most.layer as usize))
}

/// The rule about built images that finds files of a category; `None` for categories that are never findings.
pub fn image_rule_of_category(category: &str) -> Option<&'static str> {
    match all_categories().iter().find(|known| known.name == category)?.class {
        CategoryClass::Waste => Some("image-leftover-files"),
        CategoryClass::Trim | CategoryClass::Toolchain => Some("image-development-files"),
        CategoryClass::Optional => None,
    }
}
