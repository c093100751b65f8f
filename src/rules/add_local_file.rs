//! See `rules/add-local-file.md`.

use super::Context;
use crate::build::{Build, Transfer};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings};

super::rule!("add-local-file", check);

/// Endings of what ADD unpacks (hadolint's list), in the case in which they are written.
const ARCHIVES: [&str; 16] = [
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz",
    ".zst",
];

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        for transfer in build.transfers(stage).iter().filter(|one| one.instruction.keyword == Keyword::Add) {
            if is_for_add(build, transfer) {
                continue;
            }
            let local: Vec<&str> =
                transfer.sources.iter().filter_map(|source| plain(source.text.as_deref()?)).collect();
            let Some(first) = local.first() else { continue };
            let message = format!("ADD of `{first}`: COPY takes it too, and never unpacks or fetches");
            let finding = cx.finding(transfer.instruction.head, message).help("use COPY");
            out.push(edited(build, transfer, &local, finding));
        }
    }
}

/// Whether a flag asks for what only ADD does.
fn is_for_add(build: &Build, transfer: &Transfer) -> bool {
    let flags = build.input().file.transfer(transfer.instruction);
    flags.is_none_or(|flags| flags.checksum.is_some() || flags.keep_git_dir.is_some() || flags.unpack.is_some())
        || build.input().file.flag_argument(transfer.instruction, "from").is_some()
}

/// The source, when it lies in the context and its name is not that of an archive.
fn plain(source: &str) -> Option<&str> {
    let remote = ["http://", "https://", "git://", "ssh://", "git@"].iter().any(|scheme| source.starts_with(scheme));
    let archive = ARCHIVES.iter().any(|ending| source.ends_with(ending));
    (!remote && !archive && !source.is_empty()).then_some(source)
}

fn edited(build: &Build, transfer: &Transfer, local: &[&str], finding: Finding) -> Finding {
    // COPY would leave the others packed, or not fetch them.
    if local.len() != transfer.sources.len() || local.iter().any(|source| source.contains("://")) {
        return finding;
    }
    let file = &build.input().file;
    let name = transfer.instruction.name;
    let copy = if file.str(name).starts_with('a') { "copy" } else { "COPY" };
    match doubt(build, transfer, local) {
        None => finding.safe_edit("use COPY", name.span, copy),
        Some(why) => finding.unsafe_edit("use COPY", why, name.span, copy),
    }
}

/// Why the source may be something that only ADD takes apart or fetches.
fn doubt(build: &Build, transfer: &Transfer, local: &[&str]) -> Option<&'static str> {
    let source = build.input().file.source();
    if transfer.sources.iter().any(|one| source.slice(one.span).contains('$')) {
        return Some("a build argument may make it a URL or an archive");
    }
    let last = |path: &str| path.trim_end_matches('/').rsplit('/').next().unwrap_or_default().to_ascii_lowercase();
    // A root file system without an ending is as likely a folder as an archive.
    let to_root = transfer.destination.as_deref() == Some("/");
    let packed = |name: &str| {
        let ends = |ending: &&str| name.ends_with(&ending.to_ascii_lowercase());
        ARCHIVES.iter().any(ends) || name == "*" || name.ends_with(".*") || (to_root && !name.contains('.'))
    };
    local
        .iter()
        .any(|source| !source.ends_with('/') && packed(&last(source)))
        .then_some("an archive among the sources would no longer be unpacked")
}
