//! Rung 3 for Python: one virtual environment, created in a build stage and copied to the final stage on the same base
//! image.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "Python and the tools compare names exactly")]

mod stage_copies;
mod install;
mod launch;
mod plan;
mod stage_runs;
#[cfg(test)]
mod tests;
mod variables;
mod version;
mod write;

use super::languages::python::{element, evidence, needs, system};
use super::pass_input::{PassInput, PassOutput};

pub(super) fn stages(scene: &PassInput, turn: &mut PassOutput) {
    let Some(Some(plan)) = turn.ok_or_skip(plan::plan(scene)) else { return };
    let (span, text) = write::PythonWriter::new(scene, &plan).edits();
    let venvs = plan.venvs.join(" and ");
    turn.step(
        format!("installs into {venvs} in a build stage and copies it to the final stage"),
        "pip's cache, compilers, headers and installers are not needed at run time",
        vec![scene.edit(span, text)],
    );
}
