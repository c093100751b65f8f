//! Two images ─► what one has that the other has not. Each byte of the difference is told once: by its category, else its
//! package, else its folder, and as waste where no final tree has it.

mod cache_use;
mod config;
mod files;
mod folders;
mod layers;
mod packages;
mod parts;
mod reuse;
mod sums;
mod version;

pub use self::cache_use::CacheUse;
pub use self::config::ConfigChange;
pub use self::files::{FileChange, PathChangeKind};
pub use self::folders::FolderChange;
pub use self::layers::LayerPair;
pub use self::packages::{PackageChange, PackageHow};
pub use self::parts::{DiffPart, PartKind};
pub use self::reuse::StepReuse;
pub use self::sums::{CategoryChange, Sums, delta};
use self::sums::{categories, new_layers, sums};
use crate::analysis::ImageAnalysis;

/// What one image has that another one has not.
#[derive(Debug)]
pub struct Difference {
    /// What the first one weighs.
    pub before: Sums,
    /// What the second one weighs.
    pub after: Sums,
    /// What makes up the difference of the bytes on disk, to the byte, most bytes first; empty where contents of one of
    /// the images were not read.
    pub parts: Vec<DiffPart>,
    /// Bytes as they are stored of the layers that whoever has the first image pulls for the second one.
    pub new_pull_bytes: u64,
    /// Bytes of that pull, with unpacked layers estimated as gzip.
    pub new_likely_pull_bytes: u64,
    /// How many of the lowest layers are the same.
    pub shared_layers: usize,
    /// All layers in order, those that belong together in one row.
    pub layers: Vec<LayerPair>,
    /// What the second of two builds of one Dockerfile took from its cache; `None` for other images.
    pub cache_use: Option<CacheUse>,
    /// Packages that came, went, or changed, most bytes first.
    pub packages: Vec<PackageChange>,
    /// Categories whose bytes changed, most bytes first.
    pub categories: Vec<CategoryChange>,
    /// Folders whose bytes changed, most bytes first; each with all that is below it.
    pub folders: Vec<FolderChange>,
    /// Files and links that came, went, or have other contents, most bytes first.
    pub files: Vec<FileChange>,
    /// Members of which only owner, permissions, attributes or times changed, in the order of their paths.
    pub metadata: Vec<FileChange>,
    /// What containers start with.
    pub config: Vec<ConfigChange>,
}

impl Difference {
    /// Holds two images against each other. With `semantic`, times of modification and the order of members in layers
    /// are no difference.
    pub fn new(before: &ImageAnalysis, after: &ImageAnalysis, semantic: bool) -> Self {
        let (old, new) = (sums(before), sums(after));
        let read = old.disk_bytes.is_some() && new.disk_bytes.is_some();
        let (layers, shared_layers) = layers::pairs(before, after, semantic);
        let new_layers = new_layers(before, after);
        let mut difference = Self {
            before: old,
            after: new,
            parts: Vec::new(),
            new_pull_bytes: new_layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.blob_bytes)),
            new_likely_pull_bytes: new_layers.iter().fold(0, |sum, layer| sum.saturating_add(layer.pull_bytes())),
            shared_layers,
            cache_use: CacheUse::of(after, &layers),
            layers,
            packages: Vec::new(),
            categories: Vec::new(),
            folders: Vec::new(),
            files: Vec::new(),
            metadata: Vec::new(),
            config: config::changes(before, after),
        };
        if read {
            let joined = files::PathPairs::new(before, after);
            let changes = files::changes(before, after, &joined, semantic);
            difference.parts = parts::parts(before, after, &changes.bytes);
            difference.files = changes.files;
            difference.metadata = changes.metadata;
            difference.folders = folders::changes(before, after, &joined);
            difference.packages = packages::changes(before, after);
            difference.categories = categories(before, after);
        }
        difference
    }

    /// The difference in a few parts, which are the whole: what builds software in one, the largest by their names, then
    /// further packages, and the rest as `other`.
    pub fn summary(&self) -> Vec<(String, i64)> {
        parts::summary(&self.parts)
    }

    /// The difference of the bytes on disk.
    pub fn bytes(&self) -> Option<i64> {
        Some(delta(self.before.disk_bytes?, self.after.disk_bytes?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{AnalysisOptions, analyse};
    use crate::finding::Mask;
    use crate::image::Read;
    use dockopt_testing::sketch;

    fn analysis(text: &str) -> ImageAnalysis {
        let read = Read { images: vec![sketch(text)], ..Read::default() };
        analyse(read, &AnalysisOptions::default(), &mut Mask::default()).images.remove(0)
    }

    /// Differences as lines: parts, then files.
    #[track_caller]
    fn check(before: &str, after: &str, expected: &[&str]) {
        let (before, after) = (analysis(before), analysis(after));
        let difference = Difference::new(&before, &after, true);
        let sum: i64 = difference.parts.iter().map(|part| part.bytes).sum();
        assert_eq!(Some(sum), difference.bytes(), "the parts are the whole");
        let mut lines: Vec<String> =
            difference.parts.iter().map(|part| format!("{:+} {}", part.bytes, part.name)).collect();
        for file in &difference.files {
            let image = if file.after.is_some() { &after } else { &before };
            let path = file.after.or(file.before).map(|path| image.image.paths.text(path)).unwrap_or_default();
            lines.push(format!("{:?} {path} {:+}", file.how, file.bytes()));
        }
        assert_eq!(lines, expected);
        let back = Difference::new(&after, &before, true);
        assert_eq!(back.bytes(), difference.bytes().map(|bytes| -bytes));
        assert_eq!(back.files.len(), difference.files.len());
    }

    #[test]
    fn every_byte_is_counted_once() {
        check("100644 0:0 10 a", "100644 0:0 10 a", &[]);
        check(
            "100644 0:0 10 usr/lib/x/a\n100644 0:0 7 srv/b\n100644 0:0 900 root/.cache/pip/http/x",
            "100644 0:0 30 usr/lib/x/a\n100644 0:0 5 srv/c",
            &[
                "-900 pip-cache",
                "+20 /usr/lib",
                "-2 /srv",
                "Removed root/.cache/pip/http/x -900",
                "Changed usr/lib/x/a +20",
                "Removed srv/b -7",
                "Added srv/c +5",
            ],
        );
    }

    #[test]
    fn waste_is_a_part_of_its_own() {
        check("100644 0:0 100 a\n100644 0:0 5 b\n\n0 0:0 0 .wh.a", "100644 0:0 5 b", &["-100 wasted"]);
    }

    #[test]
    fn names_of_one_file_count_once() {
        check("100644 0:0 50 a", "100644 0:0 50 a\n100644 0:0 0 b => a", &["Added b +0"]);
        check("100644 0:0 50 a\n100644 0:0 0 b => a", "100644 0:0 50 b = a 50", &["Removed a -50"]);
    }

    #[test]
    fn modes_are_not_contents() {
        let (before, after) =
            (analysis("100644 0:0 50 a\n40755 0:0 0 d/"), analysis("100755 0:0 50 a\n40755 1:0 0 d/"));
        let difference = Difference::new(&before, &after, true);
        assert_eq!((difference.files.len(), difference.metadata.len()), (0, 2));
    }
}
