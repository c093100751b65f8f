//! Level 3 for Python: one virtual environment, created in a build stage and copied to the final stage on the same base
//! image.

#![allow(clippy::case_sensitive_file_extension_comparisons, reason = "Python and the tools compare names exactly")]

pub(in crate::optimize) mod run_parts;
pub(in crate::optimize) mod evidence;
mod install;
mod launch;
mod made_folders;
pub(in crate::optimize) mod needs;
mod plan;
pub(in crate::optimize) mod stage_blocker;
mod stage_copies;
mod stage_runs;
pub(in crate::optimize) mod system;
mod variables;
mod version;
mod write;

#[cfg(test)]
mod tests;

use crate::optimize::pass_input::{PassInput, PassOutput};

pub(in crate::optimize) fn stages(input: &PassInput, output: &mut PassOutput) {
    let Some(Some(plan)) = output.ok_or_skip(plan::plan(input)) else { return };
    let (span, text) = write::PythonWriter::new(input, &plan).edits();
    let venvs = plan.venvs.join(" and ");
    output.step(
        format!("installs into {venvs} in a build stage and copies it to the final stage"),
        if text.contains("--system-site-packages") {
            "pip's cache, compilers, headers and installers are not needed at run time; \
             `--system-site-packages` leaves setuptools, which Python below 3.12 brings, to packages that import it"
        } else {
            "pip's cache, compilers, headers and installers are not needed at run time"
        },
        vec![input.edit(span, text)],
    );
}
