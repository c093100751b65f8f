//! What of a final tree is of no use at run time, by path: caches, documentation, headers, compilers, …

use std::collections::BTreeMap;
use std::sync::OnceLock;

use rayon::iter::{IntoParallelRefIterator, ParallelIterator};
use regex::bytes::{Regex, RegexBuilder, RegexSet, RegexSetBuilder};
use serde::Deserialize;

use crate::image::folder_summary::places;
use crate::image::{Compression, EntryId, EntryKind, Image, ImageTree, PathId, Place, Sum};

/// What of a `trim` category is not worth a word.
const TRIM_BYTES: u64 = 1 << 20;

/// What of all `toolchain` categories together is not worth a word.
const TOOLCHAIN_BYTES: u64 = 20 << 20;

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

/// The table with its patterns ready.
struct CategoryTable {
    categories: Vec<Category>,
    includes: RegexSet,
    excludes: Vec<Option<Regex>>,
}

/// A row of the table.
#[derive(Deserialize)]
struct CategoryRow {
    name: String,
    cls: String,
    include: String,
    exclude: String,
    fix: String,
}

impl CategoryTable {
    fn get() -> &'static Self {
        static TABLE: OnceLock<CategoryTable> = OnceLock::new();
        // A test reads the table, so that the embedded one is whole.
        TABLE.get_or_init(|| {
            Self::read(include_str!("../../data/image_categories.json")).unwrap_or_else(|_| Self {
                categories: Vec::new(),
                includes: RegexSet::empty(),
                excludes: Vec::new(),
            })
        })
    }

    fn read(text: &str) -> Result<Self, String> {
        let rows: Vec<CategoryRow> = serde_json::from_str(text).map_err(|error| error.to_string())?;
        let mut builder = RegexSetBuilder::new(rows.iter().map(|row| &row.include));
        let includes = builder.unicode(false).dot_matches_new_line(true).build().map_err(|error| error.to_string())?;
        let (mut categories, mut excludes) = (Vec::new(), Vec::new());
        for row in rows {
            let class = match row.cls.as_str() {
                "waste" => CategoryClass::Waste,
                "trim" => CategoryClass::Trim,
                "toolchain" => CategoryClass::Toolchain,
                "optional" => CategoryClass::Optional,
                other => return Err(format!("`{other}` is not a class")),
            };
            let mut builder = RegexBuilder::new(&row.exclude);
            let exclude =
                builder.unicode(false).dot_matches_new_line(true).build().map_err(|error| error.to_string())?;
            excludes.push((!row.exclude.is_empty()).then_some(exclude));
            categories.push(Category { name: row.name, class, fix: row.fix });
        }
        Ok(Self { categories, includes, excludes })
    }

    /// The first category that a path is of, by its place in the table.
    fn first(&self, path: &[u8]) -> Option<usize> {
        // Whether any matches is known in a quarter of the time that it takes to know which.
        if !self.includes.is_match(path) {
            return None;
        }
        let excluded = |&place: &usize| {
            self.excludes.get(place).and_then(Option::as_ref).is_some_and(|exclude| exclude.is_match(path))
        };
        self.includes.matches(path).into_iter().find(|place| !excluded(place))
    }
}

/// The categories in the order in which they are tried.
pub fn all_categories() -> &'static [Category] {
    &CategoryTable::get().categories
}

/// The category of a path, without a slash at its start; `lib/` of merged file systems is `usr/lib/`.
pub fn category_of(path: &[u8]) -> Option<&'static Category> {
    let table = CategoryTable::get();
    table.first(path).and_then(|place| table.categories.get(place))
}

/// What a final tree has of each category, empty ones left out, in the table's order. A file is of the first category
/// that matches; one that is switched off (`off`, by name) takes its files and is left out.
pub fn categorize(image: &Image, tree: &ImageTree, off: &[&str]) -> Vec<CategoryUse> {
    let table = CategoryTable::get();
    let links = top_links(image, tree);
    let files: Vec<(PathId, EntryId)> =
        tree.inodes().filter(|&(_, id)| image.entry(id).kind == EntryKind::File && image.entry(id).size > 0).collect();
    let sorted = files.par_iter().map_init(Vec::new, |buffer, &(path, id)| {
        image.paths.write(path, buffer);
        canonicalize(buffer, &links);
        table.first(buffer).map(|place| (place, path, id))
    });
    let mut sorted_files: Vec<(usize, PathId, EntryId)> = sorted.flatten_iter().collect();
    sorted_files.sort_unstable();
    let same = sorted_files.chunk_by(|left, right| left.0 == right.0);
    same.filter_map(|files| {
        let category = table.categories.get(files.first()?.0)?;
        (!off.contains(&category.name.as_str())).then(|| sum_up(image, category, files))
    })
    .collect()
}

/// Bytes from which files of a category are worth a finding, those of compilers together; `None` for never.
pub const fn least_bytes(class: CategoryClass) -> Option<u64> {
    match class {
        CategoryClass::Waste => Some(1),
        CategoryClass::Trim => Some(TRIM_BYTES + 1),
        CategoryClass::Toolchain => Some(TOOLCHAIN_BYTES + 1),
        CategoryClass::Optional => None,
    }
}

/// Bytes from which waste that a layer leaves is worth a finding about an image: a file that a package manager touches costs
/// nobody anything.
pub const WORTH_IN_IMAGE: u64 = 100_000;

/// Bytes from which they are worth a finding about the Dockerfile, where no rule says more: nobody rebuilds an image for
/// fewer. Higher than [`WORTH_IN_IMAGE`], because `image` shows what is there and `audit` what to change.
pub const WORTH_IN_AUDIT: u64 = 10 * WORTH_IN_IMAGE;

/// Those that are worth a finding by the thresholds of their classes.
pub fn worth_a_finding(category_uses: &[CategoryUse]) -> impl Iterator<Item = &CategoryUse> {
    let toolchain: u64 = category_uses
        .iter()
        .filter(|category_use| category_use.category.class == CategoryClass::Toolchain)
        .map(|category_use| category_use.bytes)
        .sum();
    category_uses.iter().filter(move |category_use| match category_use.category.class {
        CategoryClass::Toolchain => toolchain > TOOLCHAIN_BYTES,
        class => least_bytes(class).is_some_and(|least| category_use.bytes >= least),
    })
}

fn sum_up(image: &Image, category: &'static Category, files: &[(usize, PathId, EntryId)]) -> CategoryUse {
    let mut layers: BTreeMap<u32, CategoryLayer> = BTreeMap::new();
    let (mut sum, mut compressed) = (Sum::default(), true);
    for &(_, _, id) in files {
        let entry = image.entry(id);
        let layer = layers.entry(id.layer).or_insert(CategoryLayer { layer: id.layer, files: 0, bytes: 0 });
        layer.files += 1;
        layer.bytes = layer.bytes.saturating_add(entry.size);
        sum.add(Sum { files: 1, bytes: entry.size, compressed: entry.compressed });
        compressed &= image.layers[id.layer as usize].compression != Compression::None;
    }
    let each = files.iter().map(|&(_, path, id)| {
        let entry = image.entry(id);
        (path, Sum { files: 1, bytes: entry.size, compressed: entry.compressed })
    });
    CategoryUse {
        category,
        files: sum.files,
        bytes: sum.bytes,
        compressed: compressed.then_some(sum.compressed),
        layers: layers.into_values().collect(),
        places: places(&image.paths, each),
    }
}

/// Symbolic links at the root to directories (`lib` to `usr/lib`): their names, and where they point.
fn top_links(image: &Image, tree: &ImageTree) -> Vec<(Vec<u8>, Vec<u8>)> {
    let links = tree.children(PathId::ROOT).filter_map(|path| {
        let id = tree.inode(tree.at(path)?);
        let target = image.layers[id.layer as usize].targets.get(&id.index)?;
        let parts = target.split(|&byte| byte == b'/').filter(|part| !part.is_empty() && *part != b".");
        let target = parts.collect::<Vec<_>>().join(&b'/');
        let simple = !target.split(|&byte| byte == b'/').any(|part| part == b"..");
        (image.entry(id).kind == EntryKind::Symlink && simple).then(|| (image.paths.name(path).to_vec(), target))
    });
    links.collect()
}

/// Puts what a symbolic link at the root points to in its place.
fn canonicalize(path: &mut Vec<u8>, links: &[(Vec<u8>, Vec<u8>)]) {
    let Some(end) = memchr::memchr(b'/', path) else { return };
    if let Some((_, target)) = links.iter().find(|(name, _)| path[..end] == **name) {
        path.splice(..end, target.iter().copied());
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::test_layers::sketch;

    #[test]
    fn the_table_is_read_whole() {
        let rows = include_str!("../../data/image_categories.json").matches("\"name\"").count();
        let table =
            CategoryTable::read(include_str!("../../data/image_categories.json")).map(|table| table.categories.len());
        assert_eq!(table, Ok(rows));
        assert_eq!(all_categories().len(), rows);
    }

    #[track_caller]
    fn check(path: &str, expected: &str) {
        let name = category_of(path.as_bytes()).map_or("", |category| &category.name);
        assert_eq!(name, expected, "{path}");
    }

    #[test]
    fn a_path_is_of_one_category() {
        for (path, expected) in [
            ("var/lib/apt/lists/deb.debian.org_dists_trixie_InRelease", "apt-lists"),
            ("var/lib/apt/lists/lock", ""),
            ("var/lib/apt/lists/partial/x", "apt-lists"),
            ("var/cache/apt/pkgcache.bin", "apt-cache"),
            ("root/.cache/pip/http-v2/1", "pip-cache"),
            ("app/.git/HEAD", "vcs"),
            ("app/.gitignore", ""),
            ("usr/share/doc/tar/copyright", ""),
            ("usr/share/doc/tar/NEWS.gz", "docs"),
            ("usr/share/locale/de/LC_MESSAGES/x.mo", "locale"),
            ("usr/share/locale/en_GB/LC_MESSAGES/x.mo", ""),
            ("usr/lib/x86_64-linux-gnu/libc.a", "static-libs"),
            ("usr/lib/python3.13/__pycache__/x.pyc", "bytecode"),
            ("tmp/__pycache__/x.pyc", "tmp"),
            ("app/tests/x.py", ""),
            ("app/node_modules/x/tests/a.js", "tests"),
            ("app/static/x.js.map", "source-maps"),
            ("tmp", ""),
            ("tmp/a\nb", "tmp"),
        ] {
            check(path, expected);
        }
        assert_eq!(category_of(b"tmp/\xff").map(|category| category.class), Some(CategoryClass::Waste));
    }

    #[test]
    fn the_final_tree_is_summed_up() {
        let image = sketch(
            "40755 0:0 0 root/\n100644 0:0 100 root/.cache/pip/a\n100644 0:0 0 root/.cache/pip/b => root/.cache/pip/a\n\
             100644 0:0 1048577 usr/share/doc/x/NEWS\n100644 0:0 900 var/log/gone\n100644 0:0 7 app/main.py\n\n\
             100644 0:0 40 root/.cache/pip/c\n0 0:0 0 var/log/.wh.gone\n100644 0:0 20971520 usr/include/x.h\n\
             100644 0:0 1 usr/lib/libx.a\n100644 0:0 1048576 usr/share/man/man1/x.1\n100644 0:0 9 app/x.pyc",
        );
        let tree = ImageTree::new(&image);
        let category_uses = categorize(&image, &tree, &[]);
        let sums: Vec<(&str, u64, u64)> = category_uses
            .iter()
            .map(|category_use| (category_use.category.name.as_str(), category_use.files, category_use.bytes))
            .collect();
        let (man, doc, headers) = (1_048_576, 1_048_577, 20_971_520);
        let rest = [("man", 1, man), ("static-libs", 1, 1), ("headers", 1, headers)];
        assert_eq!(sums[..3], [("pip-cache", 2, 140), ("bytecode", 1, 9), ("docs", 1, doc)]);
        assert_eq!(sums[3..], rest);
        let layer = |layer, bytes| CategoryLayer { layer, files: 1, bytes };
        assert_eq!(category_uses[0].layers, [layer(0, 100), layer(1, 40)]);
        let places: Vec<String> = category_uses[0].places.iter().map(|place| image.paths.text(place.path)).collect();
        assert_eq!((places, category_uses[0].compressed), (vec!["root/.cache/pip".to_owned()], None));
        let worth: Vec<&str> =
            worth_a_finding(&category_uses).map(|worth_a_finding| worth_a_finding.category.name.as_str()).collect();
        assert_eq!(worth, ["pip-cache", "docs", "static-libs", "headers"]);
        assert_eq!(categorize(&image, &tree, &["pip-cache"]).len(), 5);
    }

    #[test]
    fn links_at_the_root_are_followed() {
        let image = sketch("120777 0:0 0 lib -> usr/lib\n100644 0:0 5 lib/gcc/cc1");
        assert_eq!(categorize(&image, &ImageTree::new(&image), &[])[0].category.name, "compilers");
    }
}
