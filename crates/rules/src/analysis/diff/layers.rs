//! Which layer of one image is which of another.

use super::reuse::StepReuse;
use crate::analysis::ImageAnalysis;
use crate::image::Layer;

/// Cells of the table that finds what two images have in common.
const CELLS: usize = 1_000_000;

/// Layers that belong together; one is missing where a layer comes or goes.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct LayerPair {
    /// The first image's.
    pub before: Option<usize>,
    /// The second image's.
    pub after: Option<usize>,
    /// Whether they hold the same.
    pub same: bool,
    /// What the second build did with the step.
    pub reuse: StepReuse,
}

/// All layers in order, and how many of the lowest are the same.
pub(super) fn pairs(before: &ImageAnalysis, after: &ImageAnalysis, semantic: bool) -> (Vec<LayerPair>, usize) {
    let (old, new) = (&before.image.layers, &after.image.layers);
    let prints = |analysis: &ImageAnalysis| -> Vec<Option<u128>> {
        let print = |layer: &Layer| layer.tar_bytes.is_some().then(|| print(analysis, layer));
        analysis.image.layers.iter().map(print).collect()
    };
    let (old_prints, new_prints) = (prints(before), prints(after));
    let is_identical = |a: usize, b: usize| {
        let id = |layer: &Layer| layer.diff_id.clone().or_else(|| layer.digest.clone());
        id(&old[a]).is_some() && id(&old[a]) == id(&new[b])
    };
    let is_equal =
        |a: usize, b: usize| is_identical(a, b) || (old_prints[a].is_some() && old_prints[a] == new_prints[b]);
    let same = |a: usize, b: usize| if semantic { is_equal(a, b) } else { is_identical(a, b) };
    let pair = |a: Option<usize>, b: Option<usize>| {
        let both = a.zip(b);
        let likeness = (both.is_some_and(|(a, b)| is_identical(a, b)), both.is_some_and(|(a, b)| is_equal(a, b)));
        LayerPair {
            before: a,
            after: b,
            same: both.is_some_and(|(a, b)| same(a, b)),
            reuse: StepReuse::of((before, a), (after, b), likeness),
        }
    };
    let shared = (0..old.len().min(new.len())).take_while(|&at| same(at, at)).count();
    let mut pairs: Vec<LayerPair> = (0..shared).map(|at| pair(Some(at), Some(at))).collect();
    let alike = |a: usize, b: usize| {
        let instruction = before.instruction(a);
        same(a, b) || (instruction.is_some() && instruction == after.instruction(b))
    };
    let mut at = (shared, shared);
    for (a, b) in common((shared, old.len()), (shared, new.len()), alike).into_iter().chain([(old.len(), new.len())]) {
        pairs.extend((at.0..a).map(|a| pair(Some(a), None)));
        pairs.extend((at.1..b).map(|b| pair(None, Some(b))));
        if a < old.len() {
            pairs.push(pair(Some(a), Some(b)));
        }
        at = (a + 1, b + 1);
    }
    (pairs, shared)
}

/// The longest common subsequence; none where that takes too long.
fn common(old: (usize, usize), new: (usize, usize), same: impl Fn(usize, usize) -> bool) -> Vec<(usize, usize)> {
    let (rows, columns) = (old.1 - old.0, new.1 - new.0);
    if rows.saturating_mul(columns) > CELLS {
        return Vec::new();
    }
    let width = columns + 1;
    let mut longest = vec![0_u32; (rows + 1) * width];
    for a in (0..rows).rev() {
        for b in (0..columns).rev() {
            longest[a * width + b] = if same(old.0 + a, new.0 + b) {
                longest[(a + 1) * width + b + 1] + 1
            } else {
                longest[(a + 1) * width + b].max(longest[a * width + b + 1])
            };
        }
    }
    let (mut a, mut b, mut pairs) = (0, 0, Vec::new());
    while a < rows && b < columns {
        if same(old.0 + a, new.0 + b) {
            pairs.push((old.0 + a, new.0 + b));
            (a, b) = (a + 1, b + 1);
        } else if longest[(a + 1) * width + b] >= longest[a * width + b + 1] {
            a += 1;
        } else {
            b += 1;
        }
    }
    pairs
}

/// The same for layers with the same members, whatever their order and times.
fn print(analysis: &ImageAnalysis, layer: &Layer) -> u128 {
    let mut path = Vec::new();
    let mut sum = 0_u128;
    for (index, entry) in layer.entries.iter().enumerate() {
        analysis.image.paths.write(entry.path, &mut path);
        let attributes = layer.xattrs.get(&(index as u32));
        let link = analysis.image.paths.bytes(entry.link);
        let rest = (entry.kind, entry.mode, entry.uid, entry.gid, entry.size, entry.content, attributes, link);
        path.extend_from_slice(format!("\0{rest:?}").as_bytes());
        sum = sum.wrapping_add(twox_hash::XxHash3_128::oneshot(&path));
    }
    sum
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{AnalysisOptions, analyse};
    use crate::finding::Mask;
    use crate::image::Read;
    use dockopt_testing::sketch;

    /// Layers as `before/after`, with `=` for those that are the same.
    #[track_caller]
    fn check(before: &str, after: &str, expected: &str) {
        let analysis = |text: &str| {
            let mut image = sketch(text);
            (0..image.layers.len()).for_each(|number| image.layers[number].history = Some(number));
            let read = Read { images: vec![image], ..Read::default() };
            analyse(read, &AnalysisOptions::default(), &mut Mask::default()).images.remove(0)
        };
        let (pairs, _) = pairs(&analysis(before), &analysis(after), true);
        let number = |at: Option<usize>| at.map_or("-".to_owned(), |at| at.to_string());
        let line = |pair: &LayerPair| {
            format!("{}{}{}", number(pair.before), if pair.same { '=' } else { '/' }, number(pair.after))
        };
        assert_eq!(pairs.iter().map(line).collect::<Vec<_>>().join(" "), expected);
    }

    #[test]
    fn layers_are_joined_by_contents_then_by_instruction() {
        let base = "HISTORY base\nHISTORY RUN a\nHISTORY COPY b\n\n100644 0:0 1 x\n100644 0:0 1 y\n\n";
        let order = "HISTORY base\nHISTORY RUN a\nHISTORY COPY b\n\n100644 0:0 1 y\n100644 0:0 1 x\n\n";
        let rest = "100644 0:0 2 a\n\n100644 0:0 3 b";
        check(&format!("{base}{rest}"), &format!("{order}{rest}"), "0=0 1=1 2=2");
        check(&format!("{base}{rest}"), &format!("{order}100644 0:0 9 a\n\n100644 0:0 3 b"), "0=0 1/1 2=2");
        check(
            &format!("{base}{rest}"),
            "HISTORY base\nHISTORY COPY b\n\n100644 0:0 1 y\n100644 0:0 1 x\n\n100644 0:0 4 b",
            "0=0 1/- 2/1",
        );
        check("", &format!("{base}{rest}"), "-/0 -/1 -/2");
    }
}
