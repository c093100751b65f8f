//! See `rules/curl-without-fail.md`.

use super::Context;
use super::download::{self, Download, Tool};
use super::run_instructions::{self, Run};
use crate::finding::Findings;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word};
use crate::text::path;

super::rule!("curl-without-fail", check);

/// Arguments that are compared with each other.
const MANY: usize = 500;

fn check(cx: &Context, out: &mut Findings) {
    for run in run_instructions::all(cx) {
        let invocations = run.invocations();
        // They refuse an error page themselves.
        let reader = |one: &&Invocation| one.program.is_some_and(|program| Program::of(program).is(Kind::Strict));
        let strict = invocations.iter().filter(reader).flat_map(|one| one.args);
        // An install of a file that was fetched names it.
        let installs = invocations.iter().filter(|one| one.package_call().is_some()).flat_map(|one| one.args);
        let installed = installs.filter(|word| !word.text().contains(['*', '$']));
        let read: Vec<&Word> = strict.chain(installed).collect();
        let mut verified = None;
        for one in &invocations {
            let Some(download) = Download::of(one).filter(|download| is_meant(&run, one, download)) else { continue };
            let Some(file) = download.file(one) else { continue };
            if is_read(&read, file, &download) {
                continue;
            }
            if *verified.get_or_insert_with(|| download::verifies(&run)) {
                break;
            }
            let finding = cx
                .finding(run.place(one.path.span), "an error page of the server is stored as if it were the file")
                .help("`curl -f` fails where the server answers with an error");
            let why = "a build that went on with an error page ends here then";
            let name = one.path.value().unwrap_or_default();
            out.push(match run.insertion_after(one.path.span, name, "-f") {
                Some((at, text)) => finding.unsafe_edit("fail on an error", why, at, text),
                None => finding,
            });
        }
    }
}

/// A download by curl whose status nobody asks for.
fn is_meant(run: &Run, one: &Invocation, download: &Download) -> bool {
    download.tool == Tool::Curl
        && !download.asks_only()
        && !["fails", "reports", "request"].iter().any(|meaning| download.says(meaning))
        && !download.is_local()
        && !download.addresses().all(|text| text.starts_with("ftp") || text.starts_with("file:"))
        && !one.args.iter().any(|word| run.may_be_option(word))
}

/// Whether the file goes to a program that knows its form; where very many files do, it may be among them.
fn is_read(read: &[&Word], file: &str, download: &Download) -> bool {
    let name = |text: &str| path::name(text).to_owned();
    let names: Vec<String> = if file.is_empty() { download.addresses().map(name).collect() } else { vec![name(file)] };
    let takes = |word: &&Word| {
        let text = word.text();
        text.contains(['*', '$']) || names.iter().any(|name| text.contains(name.as_str()))
    };
    read.len() > MANY || names.len() > MANY || read.iter().any(takes)
}
