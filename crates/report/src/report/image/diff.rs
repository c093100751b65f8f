//! `image diff` for people and programs.

mod json;
mod sections;

pub use self::json::write as image_diff_json;
pub use self::sections::image_diff;

use super::{shown_line, shown_path};
use crate::analysis::{
    ConfigChange, Difference, FileChange, ImageAnalysis, LayerPair, PackageChange, PackageHow, StepReuse,
};
use crate::image::PathId;
use crate::report::units::{bytes, count};

/// Two images, and what one has that the other has not.
#[derive(Clone, Copy, Debug)]
pub struct ImageDiff<'a> {
    /// The first image.
    pub before: &'a ImageAnalysis,
    /// The second image.
    pub after: &'a ImageAnalysis,
    /// The difference.
    pub difference: &'a Difference,
    /// What was told of the sources.
    pub notices: &'a [String],
    /// Levels of folders.
    pub depth: u32,
    /// Rows of a list.
    pub top: usize,
}

impl ImageDiff<'_> {
    fn path(&self, before: Option<PathId>, after: Option<PathId>) -> String {
        match (before, after) {
            (_, Some(path)) => shown_path(self.after, path),
            (Some(path), None) => shown_path(self.before, path),
            (None, None) => "/".to_owned(),
        }
    }

    fn file(&self, file: &FileChange) -> String {
        self.path(file.before, file.after)
    }

    /// Bytes of a pair of layers; `None` where one was not read.
    fn layer_bytes(&self, pair: &LayerPair) -> [Option<u64>; 2] {
        let layer_of = |analysis: &ImageAnalysis, at: Option<usize>| match at {
            None => Some(0),
            Some(at) => analysis.image.layers[at].tar_bytes.and(analysis.layers.get(at)).map(|layer| layer.file_bytes),
        };
        [layer_of(self.before, pair.before), layer_of(self.after, pair.after)]
    }

    fn instruction(&self, pair: &LayerPair) -> Option<&str> {
        let after = pair.after.and_then(|at| self.after.instruction(at));
        after.or_else(|| pair.before.and_then(|at| self.before.instruction(at)))
    }

    /// `Dockerfile:3 → Dockerfile:5`.
    fn line(&self, pair: &LayerPair) -> String {
        let before = pair.before.and_then(|at| shown_line(self.before, at));
        let after = pair.after.and_then(|at| shown_line(self.after, at));
        match (before, after) {
            (Some(before), Some(after)) if before != after => format!("{before} → {after}"),
            (before, after) => after.or(before).unwrap_or_default(),
        }
    }

    /// `build cache: 4 of 6 steps reused, 2 rebuilt; first miss: Dockerfile:5 COPY . .`; `None` for images that are no
    /// builds of one Dockerfile.
    fn cache_sentence(&self) -> Option<String> {
        let cache_use = self.difference.cache_use?;
        if let Some(sentence) = self.continuation() {
            return Some(sentence);
        }
        let steps = count(cache_use.steps() as u64, "step");
        let mut parts = vec![format!("{} of {steps} reused", cache_use.reused)];
        for (number, what) in [
            (cache_use.rebuilt_equal, "rebuilt with equal contents"),
            (cache_use.rebuilt_changed, "rebuilt with other contents"),
            (cache_use.added, "added"),
        ] {
            if number > 0 {
                parts.push(format!("{number} {what}"));
            }
        }
        let Some(miss) = cache_use.first_miss else { return Some(format!("build cache: {}", parts.join(", "))) };
        let pair = self.difference.layers.get(miss)?;
        let first = if pair.after.is_some_and(|layer| self.after.is_base(layer)) {
            "the base image".to_owned()
        } else {
            let words = [self.line(pair), self.instruction(pair).unwrap_or_default().to_owned()];
            words.into_iter().filter(|word| !word.is_empty()).collect::<Vec<_>>().join(" ")
        };
        Some(format!("build cache: {}; first miss: {first}", parts.join(", ")))
    }

    /// What is said where one image has all steps of the other and further ones on top: it may be built from the other as
    /// its base image, so that nothing is known of a build cache. `None` for others.
    fn continuation(&self) -> Option<String> {
        let number = |reuse| self.difference.layers.iter().filter(|pair| pair.reuse == reuse).count();
        let (reused, added, removed) =
            (number(StepReuse::Reused), number(StepReuse::Added), number(StepReuse::Removed));
        let (longer, shorter, steps) = match (added, removed) {
            (steps @ 1.., 0) => ("second", "first", steps),
            (0, steps @ 1..) => ("first", "second", steps),
            _ => return None,
        };
        let is_on_top = self.difference.layers.iter().skip(reused).all(|pair| pair.reuse != StepReuse::Reused);
        (is_on_top && reused + steps == self.difference.layers.len()).then(|| {
            let steps = count(steps as u64, "step");
            format!("the {longer} image has all steps of the {shorter} image and {steps} on top of them")
        })
    }

    /// What the second build did with a step, in a word or two; nothing for images that are no builds of one Dockerfile.
    fn reuse(&self, pair: &LayerPair) -> &'static str {
        match pair.reuse {
            _ if self.difference.cache_use.is_none() => "",
            StepReuse::Reused => "reused",
            StepReuse::RebuiltEqual => "rebuilt, equal",
            StepReuse::RebuiltChanged => "rebuilt",
            StepReuse::Added => "added",
            StepReuse::Removed => "removed",
        }
    }

    /// `−812 MB: −640 MB build tools, −120 MB pip cache, +3 MB curl, −55 MB other`.
    fn sentence(&self) -> String {
        let Some(whole) = self.difference.bytes() else {
            return format!("{} to pull; layer contents were not read", signed(self.pull()));
        };
        let parts = self.difference.summary();
        if parts.is_empty() {
            let files = self.difference.files.len();
            return if files == 0 { "no files differ".to_owned() } else { format!("same size, {files} files differ") };
        }
        let parts: Vec<String> = parts.iter().map(|(name, bytes)| format!("{} {name}", signed(*bytes))).collect();
        format!("{}: {}", if whole == 0 { "±0".to_owned() } else { signed(whole) }, parts.join(", "))
    }

    /// How sure the bytes of the pulls are.
    fn pull_doubt(&self) -> Option<&'static str> {
        let sides = [&self.difference.before, &self.difference.after];
        if sides.iter().any(|side| side.pull_is_uncompressed && side.pull_estimate.is_none()) {
            return Some("layers stored uncompressed");
        }
        sides.iter().any(|side| side.pull_estimate.is_some()).then_some("estimated as gzip")
    }

    fn pull(&self) -> i64 {
        crate::analysis::delta(self.difference.before.likely_pull_bytes(), self.difference.after.likely_pull_bytes())
    }
}

/// `−812 MB`, `+3 kB`, `0 B`.
fn signed(amount: i64) -> String {
    let sign = match amount {
        0 => "",
        1.. => "+",
        _ => "−",
    };
    format!("{sign}{}", bytes(amount.unsigned_abs()))
}

/// `curl 8.1 → 8.2`.
fn package(change: &PackageChange) -> String {
    let list = |versions: &[String]| match versions {
        [version] => version.clone(),
        [version, .., last] => format!("{version} … {last}"),
        [] => String::new(),
    };
    let (before, after) = (list(&change.before), list(&change.after));
    match change.how {
        PackageHow::Added | PackageHow::Resized => format!("{} {after}", change.name),
        PackageHow::Removed => format!("{} {before}", change.name),
        _ => format!("{} {before} → {after}", change.name),
    }
}

/// `ENV PATH`, and what it was and is.
fn setting(change: &ConfigChange) -> (String, String) {
    let name = change.name.as_ref().map(|name| format!(" {name}")).unwrap_or_default();
    let text = match (&change.before, &change.after) {
        (Some(before), Some(after)) => format!("{before} → {after}"),
        (None, Some(after)) => format!("set: {after}"),
        (Some(before), None) => format!("removed: {before}"),
        (None, None) => String::new(),
    };
    (format!("{}{name}", change.setting), text)
}
