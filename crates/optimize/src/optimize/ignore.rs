//! Level `ignore`: writes a .dockerignore from the files in the build context, or adds lines to the author's. It
//! excludes no file that a COPY names, that a manifest or a source mentions, or that another build with the same
//! .dockerignore needs.

mod deployment;
mod code;
mod evidence;
mod exclusion;
mod group;
mod host_scripts;
mod junk;
mod lines;
mod reason;
mod secrets;
mod whole_folders;
#[cfg(test)]
mod tests;

use self::exclusion::{Exclusion, WORTHWHILE};
use self::group::Group;
use self::lines::SectionLines;
use self::reason::ContextReason;
use super::pass_input::{PassInput, PassOutput};
use crate::finding::{FileEdit, Target};
use crate::inputs::IgnoreInput;
use crate::text::{Span, bytes};

/// Parts that a reason names.
const NAMED: usize = 3;

pub(super) fn run(input: &PassInput, output: &mut PassOutput) {
    let Some(group) = Group::new(input) else { return };
    if group.takes_unknown() {
        output.skip(ContextReason::UnknownCopySource);
        return;
    }
    let present = match &input.input().ignore {
        IgnoreInput::Present(_, file) if file.error().is_some() => {
            output.skip(ContextReason::InvalidIgnoreFile);
            return;
        }
        IgnoreInput::Present(_, file) => !file.patterns.is_empty(),
        IgnoreInput::Missing(_) => false,
        IgnoreInput::Unknown => return,
    };
    let mut gone = junk::find_exclusions(&group, output);
    if group.takes_everything() {
        deployment::add(&group, &mut gone);
    }
    whole_folders::join(&group, &mut gone);
    gone.extend(secrets::find_exclusions(&group, output));
    if present {
        gone.retain(|exclusion| !group.is_brought_back(exclusion.entry));
        repair(input, &group, &gone, output);
    } else {
        write(input, &group, &gone, output);
    }
}

/// Writes a file where there is none, or into one without a pattern.
fn write(input: &PassInput, group: &Group, gone: &[Exclusion], output: &mut PassOutput) {
    let mut lines = SectionLines::of(group, gone);
    // A build that names what it takes is sent nothing else.
    if group.takes_everything() {
        lines.protect(group, gone);
    }
    if lines.is_empty() {
        return;
    }
    let text = lines.text();
    let edit = match &input.input().ignore {
        IgnoreInput::Missing(path) => FileEdit { target: Target::New(path.clone()), span: Span::at(0), text },
        IgnoreInput::Present(file, _) => {
            let source = input.inputs.source(*file);
            let gap = if source.text().is_empty() || source.text().ends_with('\n') { "" } else { "\n" };
            let span = Span::at(source.text().len() as u32);
            FileEdit { target: Target::File(*file), span, text: format!("{gap}{text}") }
        }
        IgnoreInput::Unknown => return,
    };
    output.step("writes .dockerignore", summary_of_group(group, gone), vec![edit]);
}

/// Adds what is missing behind the author's lines.
fn repair(input: &PassInput, group: &Group, gone: &[Exclusion], output: &mut PassOutput) {
    let total: u64 = gone.iter().map(|gone| gone.bytes).sum();
    if total < WORTHWHILE && !gone.iter().any(|exclusion| exclusion.worth) {
        return;
    }
    let gone: Vec<Exclusion> =
        gone.iter().filter(|exclusion| exclusion.worth || exclusion.bytes >= WORTHWHILE).cloned().collect();
    let lines = SectionLines::of(group, &gone);
    let IgnoreInput::Present(file, _) = &input.input().ignore else { return };
    if lines.is_empty() {
        return;
    }
    let source = input.inputs.source(*file);
    let newline = if source.text().contains("\r\n") { "\r\n" } else { "\n" };
    let gap = if source.text().ends_with('\n') { "" } else { newline };
    let text: String = lines.plain().flat_map(|line| [line, newline]).collect();
    let span = Span::at(source.text().len() as u32);
    let edit = FileEdit { target: Target::File(*file), span, text: format!("{gap}{text}") };
    let added: Vec<String> = lines.plain().map(|line| format!("`{line}`")).collect();
    output.step(format!("adds {} to .dockerignore", added.join(", ")), summary_of_group(group, &gone), vec![edit]);
}

/// `212 MB of 215 MB are not needed in the build context: node_modules (180 MB), .git (30 MB)`.
fn summary_of_group(group: &Group, gone: &[Exclusion]) -> String {
    let saved: u64 = gone.iter().map(|gone| gone.bytes).sum();
    let all = group.sent();
    if saved == 0 {
        return "keeps out secrets and generated files that may appear later".to_owned();
    }
    let mut largest: Vec<&Exclusion> = gone.iter().filter(|exclusion| exclusion.bytes > 0).collect();
    largest.sort_by(|a, b| b.bytes.cmp(&a.bytes).then(a.entry.cmp(&b.entry)));
    let named: Vec<String> = largest
        .iter()
        .take(NAMED)
        .map(|largest| format!("`{}` ({})", group.context.path(largest.entry), bytes(largest.bytes)))
        .collect();
    format!("{} of {} are not needed in the build context: {}", bytes(saved), bytes(all), named.join(", "))
}
