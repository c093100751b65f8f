//! Pass `lock-respecting-install`.

use crate::build::{Build, installed};
use crate::finding::Finding;
use crate::fix::FixLevel;
use crate::inputs::Inputs;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::optimize::rule_fixes;
use crate::shell::Manager;

const RULES: [&str; 3] = ["npm-install-beside-lock", "lock-file-unchecked", "lock-file-ignored"];

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let vet = |_: &Inputs, build: &Build, finding: &mut Finding| {
        if !fits(build, finding) {
            finding.fixes.clear();
        }
    };
    let rewrite = rule_fixes::apply_fixes_of(input, &RULES, FixLevel::Unsafe, &vet);
    if let Some(edit) = rewrite.edit {
        let why = "the lock file matches the manifest";
        output.step("installs exactly the locked versions, or fails", why, vec![edit]);
    }
}

/// Whether the lock file fits what the manifest asks for, so that the stricter command does the same.
fn fits(build: &Build, finding: &Finding) -> bool {
    rule_fixes::calls_at(build, finding.span, |place, invocation, call| {
        let project = installed::of(build, place, invocation, call)?;
        if !project.has_lock {
            return None;
        }
        let install = project.install?;
        // A RUN may put another manifest in the place of the one that was read.
        if installed::changes_manifest(build, place.0) {
            return None;
        }
        // Cargo's lock file is compared with all members.
        let whole = call.manager == Manager::Cargo;
        let alone = project.project.members.is_empty() && project.project.workspace.is_none();
        let resolves = finding.rule == "lock-file-ignored" && !whole;
        Some((alone || whole) && !resolves && project.project.is_in_sync(install) == Some(true))
    })
    .unwrap_or(false)
}
