//! What the second of two builds took from the build cache, judged by the images alone. The builder keeps a step's time
//! in the history when it takes the step's layer from its cache, and writes a new one when the step runs again.
//!
//! With `SOURCE_DATE_EPOCH` all times are equal: a step that ran again with equal bytes then counts as reused.

use crate::analysis::ImageAnalysis;

/// What the second build did with the step of a layer.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepReuse {
    /// It took the layer from its cache.
    Reused,
    /// It ran the step again, and the layer has the same contents.
    RebuiltEqual,
    /// It ran the step again, and the layer has other contents.
    RebuiltChanged,
    /// Only the second image has the step.
    Added,
    /// Only the first image has the step.
    Removed,
}

impl StepReuse {
    /// As results name it.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Reused => "reused",
            Self::RebuiltEqual => "rebuilt_equal",
            Self::RebuiltChanged => "rebuilt_changed",
            Self::Added => "added",
            Self::Removed => "removed",
        }
    }

    /// Of two layers, either of which may be missing. `is_identical`: their bytes are the same; `is_equal`: their
    /// members are the same, whatever their times.
    pub(super) fn of(
        (before, old): (&ImageAnalysis, Option<usize>),
        (after, new): (&ImageAnalysis, Option<usize>),
        (is_identical, is_equal): (bool, bool),
    ) -> Self {
        let (Some(old), Some(new)) = (old, new) else {
            return if new.is_some() { Self::Added } else { Self::Removed };
        };
        let in_base = before.is_base(old) && after.is_base(new);
        let (was, is) = (created(before, old), created(after, new));
        let same_time = was.is_none() || is.is_none() || was == is;
        match (is_identical, is_equal) {
            (true, _) if in_base || same_time => Self::Reused,
            (true, _) | (_, true) => Self::RebuiltEqual,
            (false, false) => Self::RebuiltChanged,
        }
    }
}

/// When the history says that a layer was made.
fn created(analysis: &ImageAnalysis, layer: usize) -> Option<&str> {
    let step = analysis.image.layers.get(layer)?.history?;
    analysis.image.config.history.get(step)?.created.as_deref()
}
