//! Rules about curl, wget, git and what they fetch in a RUN.

use std::collections::BTreeMap;

use super::Context;
use super::download::{self, Download, Tool};
use crate::build::{Reference, Run, StageBase, is_remote_source, toolchain};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, RedirectOperator, SeparatorKind, Verb, Word, program::Kind, program::Program};
use crate::text::path;

super::family! {
    "curl-without-fail" => curl_without_fail;
    "download-without-retry" => download_without_retry;
    "wget-and-curl" => wget_and_curl;
    "wget-progress" => wget_progress;
    "remote-source-in-run" => remote_source_in_run;
    "git-unpinned" => git_unpinned;
}

/// The most arguments that are compared with each other.
const MANY: usize = 500;

fn curl_without_fail(cx: &Context, out: &mut Findings) {
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
            out.push(finding.with(run.option_insertion(invocation, "-f"), |finding, (at, text)| {
                finding.unsafe_edit("fail on HTTP errors", why, at, text)
            }));
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

fn download_without_retry(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(download) = Download::of(&invocation).filter(|download| download.tool == Tool::Curl) else {
                continue;
            };
            let careful = ["--retry", "-K", "--config"];
            let fetches = download.addresses().next().is_some() && !download.asks_only() && !download.is_local();
            if !fetches || download.has(&careful) || invocation.args.iter().any(|word| run.may_be_option(word)) {
                continue;
            }
            let finding = cx
                .finding(
                    run.place(invocation.path.span),
                    "a single network error fails the build: curl does not retry by default",
                )
                .help("add `--retry 5`");
            let exec = run.code.is_exec() && invocation.via.is_empty();
            out.push(match run.option_insertion(&invocation, "--retry 5") {
                Some((at, text)) if !exec => finding.safe_edit("retry after a failure", at, text),
                _ => finding,
            });
        }
    }
}

fn wget_and_curl(cx: &Context, out: &mut Findings) {
    for stage in cx.build().stages() {
        let (mut curl, mut wget) = (false, false);
        for run in cx.build().runs(stage) {
            let invocations = run.invocations();
            let calls: Vec<&Invocation> = invocations
                .iter()
                .filter(|invocation| (invocation.is("curl") || invocation.is("wget")) && !is_fallback(invocation))
                .collect();
            curl |= calls.iter().any(|call| call.is("curl"));
            wget |= calls.iter().any(|call| call.is("wget"));
            let Some(last) = calls.last() else { continue };
            if !(curl && wget) {
                continue;
            }
            let other = if last.is("curl") { "wget" } else { "curl" };
            let message = format!("this stage also downloads with {other}: one of the two programs is enough");
            out.push(
                cx.finding(run.place(last.path.span), message).help("use one program for all downloads of a stage"),
            );
        }
    }
}

/// `curl … || wget …`: uses the one that is installed.
fn is_fallback(invocation: &Invocation) -> bool {
    let or = |separator: Option<crate::shell::Separator>| {
        separator.is_some_and(|separator| separator.kind == SeparatorKind::Or)
    };
    or(invocation.command.place.before) || or(invocation.command.place.after)
}

fn wget_progress(cx: &Context, out: &mut Findings) {
    let mut busybox: BTreeMap<usize, bool> = BTreeMap::new();
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(download) = Download::of(&invocation).filter(|download| download.tool == Tool::Wget) else {
                continue;
            };
            if download.asks_only() || is_quiet(&download) || is_redirected(&invocation) {
                continue;
            }
            if *busybox.entry(run.stage.index).or_insert_with(|| is_busybox(&run)) {
                continue;
            }
            let finding = cx
                .finding(
                    run.place(invocation.path.span),
                    "wget's progress bar fills the build log with a line per 50 kB",
                )
                .help("use `wget -nv` (errors stay visible) or `wget -q`");
            out.push(finding.with(run.option_insertion(&invocation, "-nv"), |finding, (at, text)| {
                finding.safe_edit("turn off the progress bar", at, text)
            }));
        }
    }
}

fn is_quiet(download: &Download) -> bool {
    let not_verbose =
        |flag: &crate::shell::Flag| &*flag.name == "-n" && flag.value.is_some_and(|v| v.text.starts_with('v'));
    download.says("quiet") || download.flags.iter().any(not_verbose)
}

fn is_redirected(invocation: &Invocation) -> bool {
    invocation.command.redirects.iter().any(|redirect| match redirect.operator {
        RedirectOperator::WriteBoth | RedirectOperator::AppendBoth => true,
        RedirectOperator::Write | RedirectOperator::Append => redirect.descriptor == Some(2),
        _ => false,
    })
}

/// The wget of busybox has no such progress bar in a log, and no `-nv`, unless GNU wget is installed.
fn is_busybox(run: &Run) -> bool {
    let alpine = match run.build.root_base(run.stage) {
        StageBase::Image(text) => {
            let reference = Reference::of(text);
            let tagged = reference.tag.is_some_and(|tag| tag.contains("alpine"));
            tagged || matches!(reference.short_name(), "alpine" | "busybox")
        }
        _ => false,
    };
    let installs = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|call| {
            call.manager == Manager::Apk
                && call.verb == Verb::Install
                && call.packages.iter().any(|p| p.name.text == "wget")
        })
    };
    alpine && !run.build.runs(run.stage).any(|run| run.invocations().iter().any(installs))
}

fn remote_source_in_run(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for (index, _, invocations) in build.needed_stages().flat_map(|stage| toolchain::runs(build, stage)) {
        let Some(code) = build.code(index) else { continue };
        for (at, invocation) in invocations.iter().enumerate() {
            let next = invocations.get(at + 1);
            let (message, help) = if clones(invocation) {
                (
                    "`git clone` stays cached even if the repository changes; ADD checks for changes",
                    "use `ADD https://….git#ref folder`",
                )
            } else if next.is_some_and(|next| unpacks(invocation, next)) {
                (
                    "this download stays cached even if the archive changes; ADD checks for changes and can unpack it",
                    "use `ADD --unpack https://… folder`, with `--checksum`",
                )
            } else {
                continue;
            };
            let span = code.place(&build.input().file, invocation.span);
            out.push(cx.finding(span, message).help(help));
        }
    }
}

fn literal_url(invocation: &Invocation) -> bool {
    invocation
        .args
        .iter()
        .filter_map(Word::value)
        .any(|text| text.starts_with("https://") || text.starts_with("http://"))
}

/// A clone of a public repository without submodules.
fn clones(invocation: &Invocation) -> bool {
    let first = invocation.args.first().is_some_and(|word| word.is("clone"));
    let submodules = invocation.args.iter().any(|word| word.text().starts_with("--recurs"));
    invocation.is("git") && first && !submodules && literal_url(invocation)
}

/// `curl URL | tar -x`.
fn unpacks(invocation: &Invocation, next: &Invocation) -> bool {
    let fetches = (invocation.is("curl") || invocation.is("wget")) && literal_url(invocation);
    let header =
        invocation.args.iter().any(|word| matches!(word.text(), "-H" | "--header" | "-u" | "--user" | "--cert"));
    let piped = invocation.command.place.pipe_len == 2
        && invocation.command.place.pipe_index == 0
        && next.command.place.pipe_index == 1;
    let extracts = next.args.iter().take(1).any(|word| word.text().contains('x') || word.is("--extract"));
    let strips = next.args.iter().any(|word| word.text().starts_with("--strip"));
    fetches && !header && piped && next.is("tar") && extracts && !strips
}

/// What the default branch means.
const WHY: &str = "takes what the default branch has on that day: a later build gets other sources";

fn git_unpinned(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if cx.is_for_developers_only() {
        return;
    }
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        let invocations = code.script.invocations();
        for (at, invocation) in invocations.iter().enumerate() {
            let help = if clones_default_branch(invocation) {
                "name a tag (`--branch v1.2`), or check out a commit after it"
            } else if installs_default_branch(invocation) {
                "add `--rev` or `--tag`"
            } else {
                continue;
            };
            // A later command may choose the commit.
            let later = build
                .instructions(stage)
                .filter(|(place, instruction)| *place > index && instruction.keyword == Keyword::Run);
            let mut chooses = invocations[at + 1..].iter().any(chooses_commit);
            chooses |= later
                .filter_map(|(place, _)| build.code(place))
                .any(|code| code.script.invocations().iter().any(chooses_commit));
            if chooses {
                continue;
            }
            let span = code.place(&build.input().file, invocation.span);
            let name = if invocation.is("git") { "git clone" } else { "cargo install --git" };
            out.push(cx.finding(span, format!("`{name}` {WHY}")).help(help));
        }
    }
    for (_, transfer) in build.needed_transfers() {
        let source = transfer.sources.iter().find(|source| source.text.as_deref().is_some_and(is_default_branch));
        let Some(source) = source else { continue };
        let finding = cx.finding_at(transfer.index, source.span, format!("ADD of a repository {WHY}"));
        out.push(finding.help("name a tag or a commit: `https://….git#v1.2`"));
    }
}

/// A repository without a reference after `#` or in the query.
fn is_default_branch(text: &str) -> bool {
    is_remote_source(text) && text.trim_end_matches(".git").len() < text.len() && !text.contains(['#', '?', '$'])
}

/// `git clone` of a remote repository without a branch, tag or commit.
fn clones_default_branch(invocation: &Invocation) -> bool {
    let mut words = invocation.args.iter().skip_while(|word| !word.is("clone")).skip(1).peekable();
    let is_option = |word: &&Word| {
        let text = word.text();
        ["-b", "--branch", "--revision", "--mirror", "--bare"]
            .iter()
            .any(|option| text == *option || text.starts_with(&format!("{option}=")))
            || text.starts_with("-b") && text.len() > 2
            || word.is_dynamic()
    };
    let is_remote = |word: &Word| is_remote_source(word.text());
    invocation.is("git")
        && words.peek().is_some()
        && words.clone().any(is_remote)
        && !words.any(|word| is_option(&word))
}

/// `cargo install --git URL`
fn installs_default_branch(invocation: &Invocation) -> bool {
    let call = invocation.call_of(&[Manager::Cargo]);
    call.is_some_and(|call| {
        call.verb_text == "install"
            && call.has(&["--git"])
            && !call.has(&["--rev", "--tag", "--branch"])
            && !invocation.args.iter().any(Word::is_dynamic)
    })
}

/// Whether a command may choose the commit of a repository that was cloned before it.
fn chooses_commit(invocation: &Invocation) -> bool {
    let chooses = |word: &Word| ["checkout", "reset", "switch", "fetch", "pull"].iter().any(|verb| word.is(verb));
    invocation.is("git") && invocation.args.iter().any(chooses)
}
