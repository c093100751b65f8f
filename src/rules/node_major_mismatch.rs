//! See `rules/node-major-mismatch.md`.

use super::{Context, node_addons};
use crate::finding::Findings;

super::rule!("node-major-mismatch", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        let Some(version) = node_addons::node_version(build, stage) else { continue };
        for addons in node_addons::copied_addons(build, stage) {
            let (path, span) = &addons.copy.source;
            let Some(package) = addons.by_node() else { continue };
            let maker = addons.copy.place.0;
            let theirs = node_addons::node_version(build, maker).filter(|theirs| *theirs != version);
            let (Some(theirs), false) = (theirs, out.iter().any(|finding| finding.span == *span)) else { continue };
            let message = format!(
                "`{path}` was installed with Node {theirs} in stage `{}`, but this stage runs Node {version}: `{package}` was compiled for the other one and cannot be loaded",
                maker.title()
            );
            let finding = cx.finding(*span, message).help("use the same major version of Node in both stages");
            out.push(finding.label(addons.place(build), "installed here"));
        }
    }
}
