//! See `rules/cache-mount-unlocked.md`.

use super::Context;
use crate::dockerfile::{Keyword, Mount};
use crate::finding::Findings;
use crate::text::{Span, path};

super::rule!("cache-mount-unlocked", check);

/// Folders that apt locks: a second apt fails while another one holds the lock.
const FOLDERS: [&str; 4] = ["/var/cache/apt", "/var/cache/apt/archives", "/var/lib/apt", "/var/lib/apt/lists"];

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
        for (index, _) in build.instructions(stage) {
            let instruction = build.effective(index);
            if instruction.keyword != Keyword::Run {
                continue;
            }
            for mount in build.input().file.mounts(instruction).iter().filter(|mount| mount.kind() == "cache") {
                let target = mount.target().and_then(|target| build.scopes().expand(stage.index, index, target));
                let target = target.unwrap_or_default();
                let is_apt = FOLDERS.iter().any(|folder| *folder == target.trim_end_matches('/'))
                    || (path::covers(&target, FOLDERS[0]) && target.len() > "/var".len());
                if is_apt && !mount.is_readonly() && !matches!(mount.sharing(), Some("locked" | "private")) {
                    report(cx, mount, &target, out);
                }
            }
        }
    }
}

fn report(cx: &Context, mount: &Mount, target: &str, out: &mut Findings) {
    let message = format!("concurrent builds share `{target}`: apt fails while another build holds its lock");
    let finding = cx.finding(mount.value.span, message).help("add `sharing=locked`, so that the second build waits");
    let title = "lock the cache mount";
    let is_text = |span: Span, text: &str| cx.source().slice(span) == text;
    out.push(match mount.field(&["sharing"]) {
        Some(field) if is_text(field.span, &format!("sharing={}", field.value.as_deref().unwrap_or_default())) => {
            finding.safe_edit(title, field.span, "sharing=locked")
        }
        None if is_text(mount.value.span, &mount.value.text) => {
            finding.safe_edit(title, Span::at(mount.value.span.end), ",sharing=locked")
        }
        _ => finding,
    });
}
