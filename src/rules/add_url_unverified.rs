//! See `rules/add-url-unverified.md`.

use std::cell::LazyCell;

use super::Context;
use super::download;
use crate::build::{Build, Run, Stage};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::Invocation;
use crate::sources::patterns;

super::rule!("add-url-unverified", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages().iter().filter(|stage| build.is_needed(stage)) {
        let last_check = LazyCell::new(|| last_check(build, stage));
        let triggers = build.trigger_transfers(stage);
        let all = build.transfers(stage).iter().chain(&triggers);
        for transfer in all.filter(|transfer| transfer.instruction.keyword == Keyword::Add) {
            let checked = build.input().file.transfer(transfer.instruction).is_none_or(|add| add.checksum.is_some());
            if checked || *last_check > Some(transfer.index) {
                continue;
            }
            let source = build.input().file.source();
            let urls =
                transfer.sources.iter().filter(|url| is_file(url.text.as_deref().unwrap_or(source.slice(url.span))));
            for url in urls {
                let message = "the downloaded file goes into the image unverified";
                // A checksum belongs to the file of one platform.
                let is_of_platform = patterns::shows(source.slice(url.span), "names a platform of the build");
                let help = if is_of_platform {
                    "download it in a RUN that compares the checksum of each platform: `--checksum` takes one, and the files differ"
                } else {
                    "add `--checksum=sha256:…` with the checksum of the expected file"
                };
                out.push(cx.finding_at(transfer.index, url.span, message).help(help));
            }
        }
    }
}

/// Whether a URL is a file on a web server. Repositories do not count (the commit is their checksum), and neither do URLs
/// that are fetched because their content changes.
fn is_file(url: &str) -> bool {
    let url = url.trim_matches('"');
    let Some((_, rest)) = url.split_once("://").filter(|(scheme, _)| matches!(*scheme, "http" | "https")) else {
        return false;
    };
    let path = rest.split(['#', '?']).next().unwrap_or(rest);
    let changes = ["api.github.com/", "/git/refs/", "random", "worldtimeapi", "timestamp"];
    path.trim_end_matches('/').strip_suffix(".git").is_none() && !changes.iter().any(|part| rest.contains(part))
}

/// The last step of a stage that checks a file.
fn last_check(build: &Build, stage: &Stage) -> Option<usize> {
    let sums = |invocation: &Invocation| invocation.program.is_some_and(|program| program.ends_with("sum"));
    let checks = |run: &Run| download::verifies(run) || run.invocations().iter().any(sums);
    build.runs(stage).filter(checks).map(|run| run.index).last()
}
