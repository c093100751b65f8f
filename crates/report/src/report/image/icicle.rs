//! What each layer stores, folder by folder, as a picture: parts that are too small to be seen are summed.

use std::collections::{BTreeMap, HashSet};

use super::shown_line;
use crate::analysis::ImageAnalysis;
use crate::image::packages::ImagePackages;
use crate::image::{EntryId, MemberOutcome, PathId};
use crate::report::page::{Block, Chart, IcicleMark, IcicleNode, Tone, toned};
use crate::report::units::{bytes, grouped};
use crate::wire::{LayerPartJson, LayerTreeJson, list};

/// Folders and files of an image that are shown; each may have one part for what is too small.
const PARTS: usize = 2_000;

/// As [`PARTS`], in a result for programs.
const WRITTEN_PARTS: usize = 120;

/// Levels of folders that are shown.
const LEVELS: usize = 24;

/// Bytes after which the name of a folder goes no further.
const LONGEST: usize = 200;

/// What a layer stores at a path and below it.
#[derive(Clone, Copy, Debug, Default)]
struct Stored {
    bytes: u64,
    /// Those that the final tree does not have.
    lost: u64,
    /// Those of contents that are stored at several places.
    duplicate: u64,
    package: Option<PackageShare>,
}

/// To which packages contents belong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum PackageShare {
    /// All of them to one: its number.
    Whole(u32),
    /// To none, or to several.
    Mixed,
}

impl Stored {
    const fn add(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.lost += other.lost;
        self.duplicate += other.duplicate;
        self.package = match (self.package, other.package) {
            (None, package) | (package, None) => package,
            (Some(PackageShare::Whole(package)), Some(PackageShare::Whole(other))) if package == other => self.package,
            _ => Some(PackageShare::Mixed),
        };
    }

    fn mark(self) -> IcicleMark {
        match self {
            Self { bytes: 0, .. } => IcicleMark::Used,
            _ if self.lost == self.bytes => IcicleMark::Wasted,
            _ if self.duplicate == self.bytes => IcicleMark::Duplicate,
            _ => IcicleMark::Used,
        }
    }
}

/// A layer: its sum, and what it stores in each folder, the largest first.
#[derive(Debug, Default)]
struct LayerParts {
    sum: Stored,
    parts: BTreeMap<PathId, Vec<(PathId, Stored)>>,
}

impl LayerParts {
    fn new(analysis: &ImageAnalysis, layer: usize, duplicates: &HashSet<EntryId>) -> Self {
        let mut open: BTreeMap<PathId, Stored> = BTreeMap::new();
        for (index, entry) in analysis.image.layers[layer].entries.iter().enumerate().filter(|(_, e)| e.size > 0) {
            let id = EntryId { layer: layer as u32, index: index as u32 };
            let is_lost = matches!(analysis.tree.outcome(id), MemberOutcome::Lost { .. });
            let package = analysis.packages.as_ref().and_then(|packages| packages.owner(entry.path));
            open.entry(entry.path).or_default().add(Stored {
                bytes: entry.size,
                lost: if is_lost { entry.size } else { 0 },
                duplicate: if duplicates.contains(&id) { entry.size } else { 0 },
                package: Some(package.map_or(PackageShare::Mixed, PackageShare::Whole)),
            });
        }
        let mut layer_parts = Self::default();
        // A parent's number is smaller than its children's.
        while let Some((path, stored)) = open.pop_last() {
            if path == PathId::ROOT {
                layer_parts.sum = stored;
                break;
            }
            let parent = analysis.image.paths.parent(path);
            open.entry(parent).or_default().add(stored);
            layer_parts.parts.entry(parent).or_default().push((path, stored));
        }
        for parts in layer_parts.parts.values_mut() {
            parts.sort_by_key(|(path, stored)| (std::cmp::Reverse(stored.bytes), *path));
        }
        layer_parts
    }
}

/// The picture, and what is left out of it; nothing where no layer was read.
pub(super) fn blocks(analysis: &ImageAnalysis) -> Vec<Block> {
    let (layers, above) = layers(analysis, PARTS);
    if layers.iter().all(|(_, node)| node.bytes == 0) {
        return Vec::new();
    }
    let layers = layers.into_iter().map(|(_, node)| node).collect();
    let mut blocks = vec![Chart::Icicle { name: "Folders and files by layer".to_owned(), layers }.into()];
    if above > 0 {
        let limit = bytes(above);
        blocks.push(toned(format!("Folders and files of up to {limit} are summed as `smaller`."), Tone::Dim).into());
    }
    blocks
}

/// The picture for programs: what a report draws that does not have the image.
pub(super) fn wire(analysis: &ImageAnalysis) -> Vec<LayerTreeJson> {
    let (layers, _) = layers(analysis, WRITTEN_PARTS);
    list(layers, |(layer, node)| {
        let mut parts = Vec::new();
        push_parts(&mut parts, node.parts, 1);
        LayerTreeJson { layer: layer + 1, bytes: node.bytes, mark: node.mark, parts }
    })
}

fn push_parts(all: &mut Vec<LayerPartJson>, nodes: Vec<IcicleNode>, level: usize) {
    for node in nodes {
        all.push(LayerPartJson { level, name: node.name, bytes: node.bytes, mark: node.mark });
        push_parts(all, node.parts, level + 1);
    }
}

/// Each layer that was read by its index, with about the `most` largest parts of all; and what parts have at most that are
/// summed.
fn layers(analysis: &ImageAnalysis, most: usize) -> (Vec<(usize, IcicleNode)>, u64) {
    let duplicates: HashSet<EntryId> =
        analysis.duplicates.iter().flat_map(|equal| equal.copies.iter().map(|(_, id)| *id)).collect();
    let read = (0..analysis.image.layers.len()).filter(|layer| analysis.image.layers[*layer].tar_bytes.is_some());
    let layers: Vec<(usize, LayerParts)> =
        read.map(|layer| (layer, LayerParts::new(analysis, layer, &duplicates))).collect();
    let picture = IcicleWriter { analysis, above: least(&layers, most) };
    let nodes = layers.iter().map(|(layer, parts)| (*layer, picture.layer(*layer, parts))).collect();
    (nodes, picture.above)
}

/// What parts have at most that are not shown.
fn least(layers: &[(usize, LayerParts)], most: usize) -> u64 {
    let parts = layers.iter().flat_map(|(_, layer)| layer.parts.values().flatten());
    let mut all: Vec<u64> = parts.map(|(_, stored)| stored.bytes).collect();
    if all.len() <= most {
        return 0;
    }
    *all.select_nth_unstable_by(most, |a, b| b.cmp(a)).1
}

struct IcicleWriter<'a> {
    analysis: &'a ImageAnalysis,
    /// Parts with more bytes are shown.
    above: u64,
}

impl IcicleWriter<'_> {
    fn layer(&self, layer: usize, parts: &LayerParts) -> IcicleNode {
        IcicleNode {
            name: format!("layer {}", layer + 1),
            bytes: parts.sum.bytes,
            about: self.analysis.instruction(layer).unwrap_or_default().to_owned(),
            line: shown_line(self.analysis, layer).unwrap_or_else(|| self.maker(layer)),
            mark: parts.sum.mark(),
            parts: self.parts(parts, PathId::ROOT, parts.sum, 1),
        }
    }

    /// Whose layer it is, where no line is known.
    fn maker(&self, layer: usize) -> String {
        if self.analysis.is_base(layer) { "base".to_owned() } else { String::new() }
    }

    /// What is in a folder, as far as it is large enough.
    fn parts(&self, layer: &LayerParts, folder: PathId, stored: Stored, level: usize) -> Vec<IcicleNode> {
        let all = layer.parts.get(&folder).map(Vec::as_slice).unwrap_or_default();
        if level > LEVELS {
            return Vec::new();
        }
        let (large, small) = all.split_at(all.partition_point(|(_, part)| part.bytes > self.above));
        let mut nodes: Vec<IcicleNode> =
            large.iter().map(|(path, part)| self.part(layer, (*path, *part), stored.package, level)).collect();
        if !small.is_empty() {
            let mut sum = Stored::default();
            for (_, part) in small {
                sum.add(*part);
            }
            let name = format!("{} smaller", grouped(small.len() as u64));
            nodes.push(IcicleNode { name, bytes: sum.bytes, mark: sum.mark(), ..IcicleNode::default() });
        }
        nodes
    }

    fn part(
        &self,
        layer: &LayerParts,
        (mut path, stored): (PathId, Stored),
        above: Option<PackageShare>,
        level: usize,
    ) -> IcicleNode {
        let name = |path| String::from_utf8_lossy(self.analysis.image.paths.name(path)).into_owned();
        let mut names = name(path);
        // A folder with nothing but a folder in it tells nothing on its own.
        while let Some([(only, _)]) = layer.parts.get(&path).map(Vec::as_slice)
            && names.len() < LONGEST
        {
            path = *only;
            names.push_str(&format!("/{}", name(path)));
        }
        let is_above = above == stored.package;
        if let (Some(PackageShare::Whole(id)), Some(packages), false) =
            (stored.package, &self.analysis.packages, is_above)
        {
            names.push_str(&package_words(packages, id));
        }
        IcicleNode {
            name: names,
            bytes: stored.bytes,
            mark: stored.mark(),
            parts: self.parts(layer, path, stored, level + 1),
            ..IcicleNode::default()
        }
    }
}

/// ` (numpy 2.1)`.
fn package_words(packages: &ImagePackages, id: u32) -> String {
    let package = packages.packages.get(id as usize);
    package.map(|package| format!(" ({})", format!("{} {}", package.name, package.version).trim())).unwrap_or_default()
}
