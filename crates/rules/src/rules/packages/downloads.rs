//! Rules about downloads: by RUN and by ADD.

use std::cell::LazyCell;
use std::collections::BTreeMap;

use crate::build::{Build, Reference, Run, Stage, StageBase, Transfer, is_remote_source};
use crate::dockerfile::Keyword;
use crate::finding::{Finding, Findings};
use crate::image::is_archive;
use crate::inputs::context::ContextEntryKind;
use crate::rules::Context;
use crate::rules::packages::verification;
use crate::rules::packages::verification::{Download, Tool};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, RedirectOperator, SeparatorKind, Verb, Word};
use crate::sources::patterns;
use crate::text::path;

crate::rules::family! {
    "curl-without-fail" => curl_without_fail;
    "download-without-retry" => download_without_retry;
    "wget-and-curl" => wget_and_curl;
    "wget-progress" => wget_progress;
    "remote-source-in-run" => remote_source_in_run;
    "git-unpinned" => git_unpinned;
    "add-local-file" => add_local_file;
    "add-url-unverified" => add_url_unverified;
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
            if *verified.get_or_insert_with(|| verification::verifies(&run)) {
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
    for run in build.needed_runs().filter(|run| !run.is_trigger()) {
        let invocations = run.invocations();
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
            out.push(cx.finding(run.place(invocation.span), message).help(help));
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
    for run in build.ordinary_runs() {
        let invocations = run.invocations();
        for (at, invocation) in invocations.iter().enumerate() {
            let help = if clones_default_branch(invocation) {
                "name a tag (`--branch v1.2`), or check out a commit after it"
            } else if installs_default_branch(invocation) {
                "add `--rev` or `--tag`"
            } else {
                continue;
            };
            // A later command may choose the commit.
            let mut later = build.own_runs(run.stage).filter(|later| later.index > run.index);
            if invocations[at + 1..].iter().any(chooses_commit)
                || later.any(|later| later.invocations().iter().any(chooses_commit))
            {
                continue;
            }
            let span = run.place(invocation.span);
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

/// File name endings of archives that ADD unpacks (hadolint's list); the case matters.
const ARCHIVES: [&str; 16] = [
    ".tar", ".Z", ".bz2", ".gz", ".lz", ".lzma", ".tZ", ".tb2", ".tbz", ".tbz2", ".tgz", ".tlz", ".tpz", ".txz", ".xz",
    ".zst",
];

fn add_local_file(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.stages() {
        let triggers = build.trigger_transfers(stage);
        let all = build.transfers(stage).iter().chain(&triggers);
        for transfer in all.filter(|transfer| transfer.instruction.keyword == Keyword::Add) {
            if is_for_add(build, transfer) {
                continue;
            }
            let mut local: Vec<&str> =
                transfer.sources.iter().filter_map(|source| plain(source.text.as_deref()?)).collect();
            // A trigger runs in another build, with another context.
            let is_trigger = build.is_trigger(transfer.index);
            local.retain(|source| is_trigger || content(cx, source) != Content::Archive);
            let Some(first) = local.first() else { continue };
            let message = format!("ADD of `{first}`: COPY is enough, and never unpacks or downloads");
            let finding = cx.finding_at(transfer.index, transfer.instruction.head, message).help("use COPY");
            out.push(if is_trigger { finding } else { edited(cx, transfer, &local, finding) });
        }
    }
}

/// Whether a flag asks for something that only ADD does.
fn is_for_add(build: &Build, transfer: &Transfer) -> bool {
    let flags = build.input().file.transfer(transfer.instruction);
    flags.is_none_or(|flags| flags.checksum.is_some() || flags.keep_git_dir.is_some() || flags.unpack.is_some())
        || build.input().file.flag_argument(transfer.instruction, "from").is_some()
}

/// The source, if it is in the context and its name is not that of an archive.
fn plain(source: &str) -> Option<&str> {
    let remote = ["http://", "https://", "git://", "ssh://", "git@"].iter().any(|scheme| source.starts_with(scheme));
    let archive = ARCHIVES.iter().any(|ending| source.ends_with(ending));
    (!remote && !archive && !source.is_empty()).then_some(source)
}

fn edited(cx: &Context, transfer: &Transfer, local: &[&str], finding: Finding) -> Finding {
    // COPY would not unpack or download the other sources.
    if local.len() != transfer.sources.len() || local.iter().any(|source| source.contains("://")) {
        return finding;
    }
    let name = transfer.instruction.name;
    let copy = if cx.build().input().file.str(name).starts_with('a') { "copy" } else { "COPY" };
    let argument = transfer.sources.iter().any(|source| cx.source().slice(source.span).contains('$'));
    let doubt = if argument {
        Some("a build argument may turn it into a URL or an archive")
    } else if local.iter().any(|source| content(cx, source) != Content::Plain) {
        Some("an archive among the sources would no longer be unpacked")
    } else {
        None
    };
    match doubt {
        None => finding.safe_edit("use COPY", name.span, copy),
        Some(why) => finding.unsafe_edit("use COPY", why, name.span, copy),
    }
}

/// How ADD treats a source. ADD recognises archives by their content, not by their name.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Content {
    /// A folder, or a file that is not an archive.
    Plain,
    /// An archive or a compressed file.
    Archive,
    /// The content was not read.
    Unknown,
}

fn content(cx: &Context, source: &str) -> Content {
    let path = source.trim_start_matches("./").trim_matches('/');
    if source.ends_with('/') || matches!(path, "" | ".") {
        return Content::Plain;
    }
    let entry = cx.context().and_then(|context| Some(context.entry(context.find(path)?)));
    if entry.is_some_and(|entry| {
        entry.kind == ContextEntryKind::Directory || (entry.kind == ContextEntryKind::File && entry.amount.bytes == 0)
    }) {
        return Content::Plain;
    }
    match cx.text_of(path) {
        Some(head) if is_archive(head) => Content::Archive,
        Some(_) => Content::Plain,
        None => Content::Unknown,
    }
}

fn add_url_unverified(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in build.needed_stages() {
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
    let checks = |run: &Run| verification::verifies(run) || run.invocations().iter().any(sums);
    build.runs(stage).filter(checks).map(|run| run.index).last()
}
