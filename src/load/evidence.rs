//! What stands behind a rewrite, beyond the inputs: texts of sources, what git ignores, what compose files say.

mod git;
mod services;
mod sources;

use std::path::Path;

use crate::inputs::Inputs;
use crate::optimize::Evidence;

/// The evidence for the build with this index. What can't be read is left out.
pub fn evidence(inputs: &Inputs, build: usize) -> Evidence {
    let Some(input) = inputs.builds.get(build) else { return Evidence::default() };
    let around = services::around(inputs, input);
    let mut evidence = Evidence {
        services: around.services,
        image_names: around.names,
        named_images: around.images,
        recipes: around.recipes,
        ..Evidence::default()
    };
    let (Some(root), Some(context)) = (&input.context_root, input.context.as_deref()) else { return evidence };
    let root = Path::new(root);
    let git;
    ((evidence.texts, evidence.texts_cut), git) =
        rayon::join(|| sources::texts(root, context, input.projects.as_deref()), || git::told(root, context));
    (evidence.git_ignored, evidence.committed) = (git.ignored, git.committed);
    evidence
}
