//! Packages named in a command without a version: shared by the rules of each language.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::Invocation;
use crate::text::Span;

/// Packages of a command that any version fits: where the command stands, and their names as written.
pub(super) struct Unpinned {
    pub(super) span: Span,
    pub(super) names: Vec<String>,
}

/// Reports each command in which `find` sees packages without a version.
pub(super) fn check(cx: &Context, out: &mut Findings, help: &str, find: impl Fn(&Invocation) -> Option<Unpinned>) {
    let build = cx.build();
    for stage in build.stages() {
        for (index, _) in build.instructions(stage) {
            let Some(code) = build.code(index).filter(|_| build.effective(index).keyword == Keyword::Run) else {
                continue;
            };
            for invocation in code.script.invocations() {
                let Some(found) = find(&invocation).filter(|found| !found.names.is_empty()) else { continue };
                let names: Vec<String> = found.names.iter().map(|name| format!("`{name}`")).collect();
                let message = match names.as_slice() {
                    [one] => format!("{one} has no version: the next build may install another one"),
                    [first, second] => format!("{first} and {second} have no version"),
                    [first, rest @ ..] => format!("{first} and {} others have no version", rest.len()),
                    [] => continue,
                };
                out.push(cx.finding(code.place(&build.input().file, found.span), message).help(help));
            }
        }
    }
}
