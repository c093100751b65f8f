//! What the second of two builds of one Dockerfile took from the build cache, in all.

use super::layers::LayerPair;
use super::reuse::StepReuse;
use crate::analysis::ImageAnalysis;

/// How the steps of the second build fared, above its base image.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct CacheUse {
    /// Steps that were taken from the cache.
    pub reused: usize,
    /// Steps that ran again with the same contents.
    pub rebuilt_equal: usize,
    /// Steps that ran again with other contents.
    pub rebuilt_changed: usize,
    /// Steps that only the second image has.
    pub added: usize,
    /// The first step that was not reused, as index of the pairs of layers. Layers of the base image count here: another
    /// base image is the first miss.
    pub first_miss: Option<usize>,
}

impl CacheUse {
    /// Counts the steps; `None` if the images have no step in common above their base images, so that they are no
    /// builds of one Dockerfile.
    pub(super) fn of(after: &ImageAnalysis, pairs: &[LayerPair]) -> Option<Self> {
        let mut cache_use = Self::default();
        let mut is_comparable = false;
        for (index, pair) in pairs.iter().enumerate() {
            let Some(new) = pair.after else { continue };
            if pair.reuse != StepReuse::Reused {
                cache_use.first_miss = cache_use.first_miss.or(Some(index));
            }
            if after.is_base(new) {
                continue;
            }
            is_comparable |= pair.before.is_some();
            let count = match pair.reuse {
                StepReuse::Reused => &mut cache_use.reused,
                StepReuse::RebuiltEqual => &mut cache_use.rebuilt_equal,
                StepReuse::RebuiltChanged => &mut cache_use.rebuilt_changed,
                StepReuse::Added => &mut cache_use.added,
                StepReuse::Removed => continue,
            };
            *count += 1;
        }
        is_comparable.then_some(cache_use)
    }

    /// All steps of the second build that made a layer.
    pub const fn steps(&self) -> usize {
        self.reused + self.rebuilt_equal + self.rebuilt_changed + self.added
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::analysis::{AnalysisOptions, Difference, analyse};
    use crate::finding::Mask;
    use crate::image::{Algorithm, Digest, Read};
    use dockopt_testing::sketch;

    /// A base layer and steps `instruction @time contents`; equal contents and modification times have equal digests.
    fn image(steps: &[&str]) -> ImageAnalysis {
        let parts = |step: &&str| {
            let (instruction, rest) = step.split_once(" @").unwrap();
            let (time, contents) = rest.split_once(' ').unwrap();
            [instruction, time, contents].map(str::to_owned)
        };
        let steps: Vec<[String; 3]> = ["base @0 99"].iter().chain(steps).map(parts).collect();
        let history: Vec<String> = steps.iter().map(|[instruction, ..]| format!("HISTORY {instruction}\n")).collect();
        let history = history.concat();
        let layers: Vec<String> = steps
            .iter()
            .map(|[.., contents]| format!("100644 0:0 {} x", contents.split('~').next().unwrap()))
            .collect();
        let mut image = sketch(&format!("{history}\n{}", layers.join("\n\n")));
        for (number, [_, time, contents]) in steps.iter().enumerate() {
            image.layers[number].history = Some(number);
            image.layers[number].diff_id = Some(Digest::of(Algorithm::Sha256, contents.as_bytes()));
            image.config.history[number].created = Some(time.clone());
        }
        analyse(Read { images: vec![image], ..Read::default() }, &AnalysisOptions::default(), &mut Mask::default())
            .images
            .remove(0)
    }

    #[track_caller]
    fn check(before: &[&str], after: &[&str], expected: &str) {
        let (before, after) = (image(before), image(after));
        let difference = Difference::new(&before, &after, false);
        let words: Vec<&str> = difference.layers.iter().map(|pair| pair.reuse.name()).collect();
        let miss = difference.cache_use.and_then(|cache_use| cache_use.first_miss);
        assert_eq!(format!("{} {miss:?}", words.join(" ")), expected);
    }

    #[test]
    fn times_of_the_history_tell_reused_steps_from_rebuilt_ones() {
        let first = ["COPY a @1 10", "RUN b @1 20", "COPY c @1 30"];
        check(&first, &first, "reused reused reused reused None");
        check(
            &first,
            &["COPY a @1 10", "RUN b @2 20~2", "COPY c @2 31"],
            "reused reused rebuilt_equal rebuilt_changed Some(2)",
        );
        // `--no-cache`: COPY writes the same bytes.
        check(
            &first,
            &["COPY a @2 10", "RUN b @2 20~2", "COPY c @2 30"],
            "reused rebuilt_equal rebuilt_equal rebuilt_equal Some(1)",
        );
    }

    #[test]
    fn added_steps_are_misses_and_removed_steps_are_not() {
        let first = ["COPY a @1 10", "RUN b @1 20", "COPY c @1 30"];
        check(&first, &["COPY a @1 10", "COPY c @2 30~2"], "reused reused removed rebuilt_equal Some(3)");
        check(
            &first,
            &["COPY a @1 10", "RUN x @2 5", "RUN b @2 20~2"],
            "reused reused added rebuilt_equal removed Some(2)",
        );
    }

    #[test]
    fn images_without_a_common_step_have_no_cache_use() {
        let (before, after) = (image(&["COPY a @1 10"]), image(&["RUN x @2 5"]));
        assert_eq!(Difference::new(&before, &after, false).cache_use, None);
    }
}
