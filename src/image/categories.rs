//! What of a final tree is of no use at run time, by path: caches, documentation, headers, compilers, …

use crate::image::{Image, Place, Tree};

/// How a category is judged.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum CategoryClass {
    /// Always worth a finding.
    Waste,
    /// Worth a finding above 1 MiB.
    Trim,
    /// Worth one finding together with all others of the class, above 20 MiB.
    Toolchain,
    /// Shown, never a finding.
    Optional,
}

/// A category of the embedded table.
#[derive(Debug)]
pub struct Category {
    /// Its name: `pip-cache`.
    pub name: String,
    /// How it is judged.
    pub class: CategoryClass,
    /// What to do about it.
    pub fix: String,
}

/// What an image has of one category.
#[derive(Debug)]
pub struct CategoryUse {
    /// The category.
    pub category: &'static Category,
    /// Files, hard links once.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
    /// Their share of the compressed blobs; `None` where one of their layers is not compressed.
    pub compressed: Option<u64>,
    /// The same by the layer that wrote them, those that wrote none left out.
    pub layers: Vec<CategoryLayer>,
    /// Where most of it is, most bytes first; directories, or single files.
    pub places: Vec<Place>,
}

/// What one layer wrote of a category.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CategoryLayer {
    /// The layer.
    pub layer: u32,
    /// Files, hard links once.
    pub files: u64,
    /// Their bytes.
    pub bytes: u64,
}

/// The categories in the order in which they are tried.
pub fn all_categories() -> &'static [Category] {
    &[]
}

/// What a final tree has of each category, empty ones left out, in the table's order. A file is of the first category
/// that matches; one that is switched off (`off`, by name) takes its files and is left out.
pub fn categorize(image: &Image, tree: &Tree, off: &[&str]) -> Vec<CategoryUse> {
    let _ = (image, tree, off);
    Vec::new()
}

/// Those that are worth a finding by the thresholds of their classes.
pub fn worth_a_finding(found: &[CategoryUse]) -> impl Iterator<Item = &CategoryUse> {
    found.iter().filter(|_| false)
}
