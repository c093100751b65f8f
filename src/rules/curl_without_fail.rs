//! See `rules/curl-without-fail.md`.

use super::Context;
use super::download::{self, Download, Tool};
use crate::build::Run;
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word};
use crate::text::path;

super::rule!("curl-without-fail", check);

/// The most arguments that are compared with each other.
const MANY: usize = 500;

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        // These programs reject an error page themselves.
        let reader =
            |invocation: &&Invocation| invocation.program.is_some_and(|program| Program::of(program).is(Kind::Strict));
        let strict = invocations.iter().filter(reader).flat_map(|invocation| invocation.args);
        // An install names the downloaded file.
        let installs = invocations
            .iter()
            .filter(|invocation| invocation.package_call().is_some())
            .flat_map(|invocation| invocation.args);
        let installed = installs.filter(|word| !word.text().contains(['*', '$']));
        let read: Vec<&Word> = strict.chain(installed).collect();
        let mut verified = None;
        for invocation in &invocations {
            let Some(download) = Download::of(invocation).filter(|download| is_meant(&run, invocation, download))
            else {
                continue;
            };
            let Some(file) = download.file(invocation) else { continue };
            if is_read(&read, file, &download) {
                continue;
            }
            if *verified.get_or_insert_with(|| download::verifies(&run)) {
                break;
            }
            let finding = cx
                .finding(run.place(invocation.path.span), "curl stores the server's error page as if it were the file")
                .help("add `-f`, so that curl fails if the server returns an error");
            let why = "a build that continued with an error page now fails";
            let name = invocation.path.value().unwrap_or_default();
            out.push(match run.insertion_after(invocation.path.span, name, "-f") {
                Some((at, text)) => finding.unsafe_edit("fail on HTTP errors", why, at, text),
                None => finding,
            });
        }
    }
}

/// Whether it is a download by curl that ignores the HTTP status.
fn is_meant(run: &Run, invocation: &Invocation, download: &Download) -> bool {
    download.tool == Tool::Curl
        && !download.asks_only()
        && !["fails", "reports", "request"].iter().any(|meaning| download.says(meaning))
        && !download.is_local()
        && !download.addresses().all(|text| text.starts_with("ftp") || text.starts_with("file:"))
        && !invocation.args.iter().any(|word| run.may_be_option(word))
}

/// Whether a program reads the file and rejects an invalid one. Assumed if there are too many files to compare.
fn is_read(read: &[&Word], file: &str, download: &Download) -> bool {
    let name = |text: &str| path::name(text).to_owned();
    let names: Vec<String> = if file.is_empty() { download.addresses().map(name).collect() } else { vec![name(file)] };
    let takes = |word: &&Word| {
        let text = word.text();
        text.contains(['*', '$']) || names.iter().any(|name| text.contains(name.as_str()))
    };
    read.len() > MANY || names.len() > MANY || read.iter().any(takes)
}
