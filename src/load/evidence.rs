//! What stands behind a rewrite, beyond the inputs.

use crate::inputs::Inputs;
use crate::optimize::Evidence;

/// The evidence for the build with this index.
pub fn evidence(inputs: &Inputs, build: usize) -> Evidence {
    let _ = (inputs, build);
    Evidence::default()
}
