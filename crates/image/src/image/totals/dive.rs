//! The figures of another tool.

use crate::image::{EntryId, EntryKind, Image, ImageTree, PathId};

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
struct SeenPath {
    times: u32,
    sum: u64,
    least: u64,
}

/// What a layer has at a path: the last member that is no whiteout, and whether something is below it.
#[derive(Clone, Copy, Default)]
struct LayerNode {
    layer: u32,
    size: u64,
    inner: bool,
    directory: bool,
}

impl Dive {
    /// dive's figures of an image. It looks at what has nothing below it in its layer: each size seen at a path is
    /// summed up, and the least of them is taken for what is needed. A whiteout counts nothing, one of a directory all
    /// that is lost with it; opaque markers are ignored. All copies at a path that is seen twice are called wasted.
    /// Unlike dive this goes on after a whiteout of a path that is not there.
    pub fn new(image: &Image, tree: &ImageTree) -> Self {
        let mut seen = vec![SeenPath::default(); image.paths.len()];
        let mut nodes = vec![LayerNode::default(); image.paths.len()];
        let mut above_lowest = 0u64;
        for (number, layer) in image.layers.iter().enumerate() {
            let number = number as u32;
            let sizes = (0..layer.entries.len() as u32).map(|index| image.apparent(EntryId { layer: number, index }));
            if number > 0 {
                above_lowest = sizes.fold(above_lowest, u64::saturating_add);
            }
            let members = || layer.entries.iter().enumerate().map(|(index, entry)| (index as u32, entry));
            for (index, entry) in members().filter(|(_, entry)| entry.kind == EntryKind::Whiteout) {
                let id = EntryId { layer: number, index };
                // dive knows a directory only by the last layer that has something there.
                let known = nodes[entry.path.index()].directory;
                if !tree.is_dangling(id) {
                    let replaced = if known { tree.taken_by(id) } else { None };
                    see(&mut seen[entry.path.index()], replaced.unwrap_or_default());
                }
            }
            let mut touched = Vec::new();
            for (index, entry) in members() {
                let whiteout = entry.kind == EntryKind::Whiteout;
                let at = if whiteout { image.paths.parent(entry.path) } else { entry.path };
                touch(image, &mut nodes, at, number + 1, &mut touched);
                let node = &mut nodes[at.index()];
                if whiteout {
                    node.inner = true;
                } else if entry.kind != EntryKind::Opaque {
                    node.size = image.apparent(EntryId { layer: number, index });
                    node.directory = entry.kind == EntryKind::Directory;
                }
            }
            for path in touched.into_iter().filter(|path| !nodes[path.index()].inner && *path != PathId::ROOT) {
                see(&mut seen[path.index()], nodes[path.index()].size);
            }
        }
        let sum = |figure: fn(&SeenPath) -> u64| seen.iter().map(figure).fold(0u64, u64::saturating_add);
        let (least, all) = (sum(|seen| seen.least), sum(|seen| seen.sum));
        let wasted_bytes = sum(|seen| if seen.times > 1 { seen.sum } else { 0 });
        Self {
            efficiency: super::share(least, all),
            wasted_bytes,
            user_wasted_ratio: (above_lowest > 0).then(|| super::ratio(wasted_bytes, above_lowest)),
        }
    }
}

fn see(seen: &mut SeenPath, size: u64) {
    seen.least = if seen.times == 0 { size } else { seen.least.min(size) };
    seen.times += 1;
    seen.sum = seen.sum.saturating_add(size);
}

/// Makes a layer's nodes for a path and those above it.
fn touch(image: &Image, nodes: &mut [LayerNode], path: PathId, layer: u32, touched: &mut Vec<PathId>) {
    let (mut at, mut inner) = (path, false);
    loop {
        let node = &mut nodes[at.index()];
        let known = node.layer == layer;
        if !known {
            *node = LayerNode { layer, ..LayerNode::default() };
            touched.push(at);
        }
        node.inner |= inner;
        if at == PathId::ROOT || known {
            return;
        }
        (at, inner) = (image.paths.parent(at), true);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::image::test_layers::sketch;

    #[track_caller]
    fn check(text: &str, efficiency: f64, wasted: u64) {
        let image = sketch(text);
        let dive = Dive::new(&image, &ImageTree::new(&image));
        assert!((dive.efficiency - efficiency).abs() < 1e-9, "{dive:?} of {text}");
        assert_eq!(dive.wasted_bytes, wasted, "{text}");
    }

    /// What dive 0.13.1 said of archives with these members.
    #[test]
    fn figures_are_those_of_dive() {
        let folder =
            "40755 0:0 0 d/\n100644 0:0 3000 d/a\n40755 0:0 0 d/e/\n100644 0:0 4000 d/e/b\n100644 0:0 500 k\n\n";
        check("100644 0:0 100000 a\n\n100600 0:0 100000 a\n\n100640 0:0 100000 a", 1.0 / 3.0, 300_000);
        check(&format!("{folder}0 0:0 0 .wh.d"), 1.0, 0);
        check(&format!("{folder}40755 0:0 0 d/\n0 0:0 0 d/.wh..wh..opq\n100644 0:0 10 d/n"), 1.0, 0);
        check(&format!("{folder}40755 0:0 0 d/\n0 0:0 0 d/.wh.a"), 0.6, 3000);
        check("100644 0:0 50000 a\n100644 0:0 0 b => a\n\n0 0:0 0 .wh.a", 0.0, 50_000);
        check("100644 0:0 100 a\n\n0 0:0 0 .wh.a\n100644 0:0 50 a", 0.0, 150);
        check("40755 0:0 0 e/\n100644 0:0 7 x\n\n0 0:0 0 .wh.e\n100644 0:0 9 x", 0.4375, 16);
        check("100644 0:0 1000 a\n100644 0:0 500 a\n\n100644 0:0 10 z", 1.0, 0);
        // Directories that the last layer with something in them has not as a member.
        check(
            "40755 0:0 0 e/\n100644 0:0 70 e/f\n\n100644 0:0 80 e/f\n\n0 0:0 0 .wh.e\n\n40755 0:0 0 e/",
            70.0 / 150.0,
            150,
        );
        check(
            "100644 0:0 111 p/q/r\n100644 0:0 222 p/q/s\n\n0 0:0 0 p/.wh.q\n\n100644 0:0 9 p/q/r",
            231.0 / 342.0,
            120,
        );
        check(
            &format!(
                "{folder}100644 0:0 3000 d/a\n100644 0:0 1234 m/n/o\n\n0 0:0 0 m/n/.wh.o\n100644 0:0 1 d/e/b\n\n\
                 0 0:0 0 .wh.d\n120777 0:0 0 s -> k\n100644 0:0 5 d/a"
            ),
            506.0 / 11_740.0,
            11_240,
        );
    }
}
