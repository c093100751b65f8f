//! Level 3 for Python: one virtual environment, created in a build stage and copied to the final stage on the same base
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

pub(super) fn stages(input: &PassInput, output: &mut PassOutput) {
    let Some(Some(plan)) = output.ok_or_skip(plan::plan(input)) else { return };
    let (span, text) = write::PythonWriter::new(input, &plan).edits();
    let venvs = plan.venvs.join(" and ");
    output.step(
        format!("installs into {venvs} in a build stage and copies it to the final stage"),
        "pip's cache, compilers, headers and installers are not needed at run time",
        vec![input.edit(span, text)],
    );
}
