//! Pass `lock-file-copied`: the lock file of a Node project comes into the image with its manifest, so that installs take
//! the versions that were tested.

use crate::build::{Stage, Transfer, installed};
use crate::finding::FileEdit;
use crate::manifest::Ecosystem;
use crate::optimize::pass_input::{PassInput, PassOutput};
use crate::shell::{Invocation, Verb};
use crate::text::{Span, path};

pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    for stage in input.build.needed_stages() {
        for run in input.build.own_runs(stage) {
            for invocation in run.invocations() {
                let Some((edit, lock)) = copied_lock(input, (stage, run.index), &invocation) else { continue };
                let why = format!("`{lock}` matches the manifest in its folder, and no COPY takes it");
                output.step("copies the lock file with the manifest", why, edit);
                return;
            }
        }
    }
}

/// The edits that copy the lock file of an install, and its path; `None` where it is there, does not fit the manifest, or
/// no COPY names the manifest alone.
fn copied_lock(
    input: &PassInput,
    (stage, at): (&Stage, usize),
    invocation: &Invocation,
) -> Option<(Vec<FileEdit>, String)> {
    let build = input.build;
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install && call.packages.is_empty())?;
    let known = installed::of(build, (stage, at), invocation, &call)?;
    let is_open = !known.has_lock && known.project.ecosystem == Ecosystem::Node;
    let install = if is_open { known.install? } else { return None };
    let lock = install.lock.clone()?;
    input.context()?.find(&lock)?;
    let is_alone = known.project.members.is_empty() && known.project.workspace.is_none();
    let is_in_sync = known.project.is_in_sync(install) == Some(true);
    // Who names it, deletes or makes it.
    let is_named = input.source().text().contains(path::name(&lock));
    if !is_alone || !is_in_sync || is_named || installed::changes_manifest(build, stage) {
        return None;
    }
    let manifest = known.project.manifests.iter().find(|manifest| installed::is_manifest(call.manager, manifest))?;
    let transfers = build.transfers(stage).iter().filter(|transfer| transfer.index < at && transfer.from.is_none());
    let edits = transfers.filter_map(|transfer| with_lock(input, transfer, manifest, &lock)).next_back()?;
    Some((edits, lock))
}

/// The edits of a COPY that names a manifest, so that it takes the lock file too.
fn with_lock(input: &PassInput, transfer: &Transfer, manifest: &str, lock: &str) -> Option<Vec<FileEdit>> {
    let is_manifest = |text: &str| text.trim_start_matches("./").trim_start_matches('/') == manifest;
    let source = transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(is_manifest))?;
    let text = input.source().slice(source.span);
    let quote = if text.ends_with('"') { "\"" } else { "" };
    let plain = text.trim_matches('"');
    let front = plain.strip_suffix(manifest)?;
    let separator = if quote.is_empty() { " " } else { ", " };
    let mut edits = vec![input.edit(Span::at(source.span.end), format!("{separator}{quote}{front}{lock}{quote}"))];
    // Several files need a folder.
    let place = input.file().transfer(transfer.instruction)?.destination;
    let written = input.source().slice(place.span);
    let is_folder = written.trim_end_matches('"').ends_with(['/', '.']);
    if path::name(written.trim_matches('"')) == path::name(manifest) {
        return None;
    }
    if !is_folder {
        let end = place.span.end - u32::from(written.ends_with('"'));
        edits.push(input.edit(Span::at(end), "/"));
    }
    Some(edits)
}
