//! The figures of another tool.

use crate::image::{EntryId, Image, Kind, PathId, Tree};

/// The figures that dive 0.13 works out, with its oddities, for those who have thresholds of it.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Dive {
    /// `efficiencyScore`; 1 where there is nothing.
    pub efficiency: f64,
    /// `inefficientBytes`, `wastedBytes`.
    pub wasted_bytes: u64,
    /// `userWastedPercent` as a ratio; `None` where all layers but the lowest are empty.
    pub user_wasted_ratio: Option<f64>,
}

/// What was seen at a path.
#[derive(Clone, Copy, Default)]
struct Seen {
    times: u32,
    sum: u64,
    least: u64,
}

/// What a layer has at a path: the last member that is no whiteout, and whether something is below it.
#[derive(Clone, Copy, Default)]
struct Node {
    layer: u32,
    size: u64,
    inner: bool,
}

impl Dive {
    /// dive's figures of an image. It looks at what has nothing below it in its layer: each size seen at a path is
    /// summed up, and the least of them is taken for what is needed. A whiteout counts nothing, one of a directory all
    /// that is lost with it; opaque markers are ignored. All copies at a path that is seen twice are called wasted.
    /// Unlike dive this goes on after a whiteout of a path that is not there.
    pub fn new(image: &Image, tree: &Tree) -> Self {
        let mut seen = vec![Seen::default(); image.paths.len()];
        let mut nodes = vec![Node::default(); image.paths.len()];
        let mut above_lowest = 0u64;
        for (number, layer) in image.layers.iter().enumerate() {
            let number = number as u32;
            let sizes = (0..layer.entries.len() as u32).map(|index| image.apparent(EntryId { layer: number, index }));
            if number > 0 {
                above_lowest = sizes.fold(above_lowest, u64::saturating_add);
            }
            let mut touched = Vec::new();
            for (index, entry) in layer.entries.iter().enumerate() {
                let id = EntryId { layer: number, index: index as u32 };
                let whiteout = entry.kind == Kind::Whiteout;
                if whiteout && !tree.is_dangling(id) {
                    see(&mut seen[entry.path.index()], tree.taken_by(id).unwrap_or_default());
                }
                let at = if whiteout { image.paths.parent(entry.path) } else { entry.path };
                touch(image, &mut nodes, at, number + 1, &mut touched);
                if whiteout {
                    nodes[at.index()].inner = true;
                } else if entry.kind != Kind::Opaque {
                    nodes[at.index()].size = image.apparent(id);
                }
            }
            for path in touched.into_iter().filter(|path| !nodes[path.index()].inner && *path != PathId::ROOT) {
                see(&mut seen[path.index()], nodes[path.index()].size);
            }
        }
        let sum = |figure: fn(&Seen) -> u64| seen.iter().map(figure).fold(0u64, u64::saturating_add);
        let (least, all) = (sum(|seen| seen.least), sum(|seen| seen.sum));
        let wasted_bytes = sum(|seen| if seen.times > 1 { seen.sum } else { 0 });
        Self {
            efficiency: super::share(least, all),
            wasted_bytes,
            user_wasted_ratio: (above_lowest > 0).then(|| super::ratio(wasted_bytes, above_lowest)),
        }
    }
}

fn see(seen: &mut Seen, size: u64) {
    seen.least = if seen.times == 0 { size } else { seen.least.min(size) };
    seen.times += 1;
    seen.sum = seen.sum.saturating_add(size);
}

/// Makes a layer's nodes for a path and those above it.
fn touch(image: &Image, nodes: &mut [Node], path: PathId, layer: u32, touched: &mut Vec<PathId>) {
    let (mut at, mut inner) = (path, false);
    loop {
        let node = &mut nodes[at.index()];
        let known = node.layer == layer;
        if !known {
            *node = Node { layer, ..Node::default() };
            touched.push(at);
        }
        node.inner |= inner;
        if at == PathId::ROOT || known {
            return;
        }
        (at, inner) = (image.paths.parent(at), true);
    }
}
