//! Rules about downloads that nobody verifies, and what a RUN downloads.

use std::collections::BTreeSet;

use crate::build::{Run, SlimImage, StageBase, has_ended};
use crate::data;
use crate::dockerfile::{File, Instruction, Keyword};
use crate::finding::Findings;
use crate::rules::Context;
use crate::rules::packages::package_calls;
use crate::shell::program::options::ProgramOptions;
use crate::shell::program::{Kind, Program, State};
use crate::shell::{
    ExpansionKind, Flag, Invocation, Manager, PackageCall, RedirectOperator, Script, SeparatorKind, Word,
};
use crate::text::{Span, path};

crate::rules::family! {
    "tls-verification-off" => tls_verification_off;
    "download-run-unverified" => download_run_unverified;
}

const MESSAGE: &str = "certificates are not verified: anyone on the network path can impersonate the server";

fn tls_verification_off(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(span) = switched_off(&invocation) else { continue };
            let finding = cx
                .finding(run.place(span), MESSAGE)
                .help("install the certificate of the authority (`ca-certificates`), or pass its file");
            let why = "a server whose certificate can't be verified is then rejected";
            let edit = if has_authorities(cx, &run, &invocation) { edit(&run, &invocation, span) } else { None };
            out.push(
                finding
                    .with(edit, |finding, (place, text)| finding.unsafe_edit("verify certificates", why, place, text)),
            );
        }
        assigned(cx, &run, out);
    }
    let file = &cx.build().input().file;
    for instruction in file.instructions() {
        for (name, value, span) in variables(file, instruction) {
            if is_off(&name, &value) {
                out.push(cx.finding(span, MESSAGE).help("remove the variable; it also applies in every container"));
            }
        }
    }
}

/// Whether a program can verify a public server's certificate at this place: language package managers bring their
/// authorities; other programs need those of the system, in a release that is maintained (older ones lack authorities
/// of today) and with the distribution's own OpenSSL (another one reads another folder).
fn has_authorities(cx: &Context, run: &Run, invocation: &Invocation) -> bool {
    if invocation.package_call().is_some_and(|call| !call.manager.is_system()) {
        return true;
    }
    let build = run.build;
    let StageBase::Image(image) = build.root_base(run.stage) else { return false };
    if cx.inputs().today.is_some_and(|today| has_ended(image, today)) {
        return false;
    }
    let mut installed = SlimImage::has_authorities(image);
    let is_above = |before: &Run| before.stage.index != run.stage.index || before.index <= run.index;
    for stage in build.chain(run.stage) {
        for before in build.runs(stage).take_while(is_above) {
            let text = before.file().logical(before.instruction.text).to_ascii_lowercase();
            if text.contains("openssl") && text.contains("make") {
                return false;
            }
            installed |= text.contains("ca-certificates");
        }
    }
    installed
}

/// The edit that removes the option; of several letters in a word, only its own. A setting written elsewhere has no
/// edit.
fn edit(run: &Run, invocation: &Invocation, span: Span) -> Option<(Span, String)> {
    let word = invocation.args.iter().find(|word| word.span.start == span.start)?;
    let text = word.text();
    if !text.starts_with('-') {
        return None;
    }
    if !text.starts_with("--") && text.len() > 2 && invocation.is("curl") {
        let at = text.find('k')?;
        let letter = word.part(at, at + 1);
        return (run.source(letter) == "k").then(|| (run.place(letter), String::new()));
    }
    package_calls::option_removal(run, invocation, span)
}

/// The pairs of ENV and ARG.
fn variables(file: &File, instruction: &Instruction) -> Vec<(String, String, Span)> {
    let clean = |text: &str| text.trim_matches(['"', '\'']).to_owned();
    match instruction.keyword {
        Keyword::Env => file
            .variables(instruction)
            .iter()
            .map(|variable| (clean(&variable.name.text), clean(&variable.value.text), variable.span))
            .collect(),
        Keyword::Arg => {
            let args = file.args(instruction);
            let pair = |arg: &crate::dockerfile::Arg| {
                Some((clean(&arg.name.text), clean(&arg.default.as_ref()?.text), arg.span))
            };
            args.iter().filter_map(pair).collect()
        }
        _ => Vec::new(),
    }
}

fn is_off(name: &str, value: &str) -> bool {
    if value.is_empty() {
        return false;
    }
    let Some(row) = data::TLS_VARIABLES.row(&name.to_ascii_uppercase()) else { return false };
    row[1] == "-" || data::words(row[1]).any(|known| value.eq_ignore_ascii_case(known))
}

/// `NODE_TLS_REJECT_UNAUTHORIZED=0 npm ci`, `export GIT_SSL_NO_VERIFY=1`
fn assigned(cx: &Context, run: &Run, out: &mut Findings) {
    for command in &run.code.script.commands {
        for assignment in &command.assignments {
            if assignment.value.value().is_some_and(|value| is_off(&assignment.name_text, value)) {
                out.push(cx.finding(run.place(assignment.span), MESSAGE).help("remove the variable"));
            }
        }
        let exports = command.name().is_some_and(|name| name.is("export") || name.is("env"));
        if !exports {
            continue;
        }
        for word in command.words.iter().skip(1) {
            let pair = word.value().and_then(|text| text.split_once('='));
            if pair.is_some_and(|(name, value)| is_off(name, value)) {
                out.push(cx.finding(run.place(word.span), MESSAGE).help("remove the variable"));
            }
        }
    }
}

/// The option or setting that turns verification off.
fn switched_off(invocation: &Invocation) -> Option<Span> {
    if let Some(download) = Download::of(invocation) {
        return of_download(invocation, &download);
    }
    let text = |names: &[&str]| {
        let value = invocation
            .args
            .iter()
            .position(|word| names.iter().any(|name| word.text().to_ascii_lowercase().contains(name)));
        value.map(|at| &invocation.args[at])
    };
    let value = |word: &Word, off: &[&str]| {
        let text = word.text().to_ascii_lowercase();
        off.iter().any(|value| text.ends_with(value))
    };
    match invocation.program? {
        "git" => {
            let word = text(&["http.sslverify"])?;
            let at = invocation.args.iter().position(|other| other.span == word.span)?;
            let next = invocation.args.get(at + 1).is_some_and(|next| value(next, &["false", "0"]));
            // `git config --unset http.sslVerify` turns it on again.
            let unset = invocation.args.iter().any(|word| word.text().starts_with("--unset"));
            (!unset && (value(word, &["=false", "=0"]) || next)).then_some(word.span)
        }
        "npm" | "yarn" | "pnpm" => {
            let word = text(&["strict-ssl", "enablestrictssl"])?;
            let at = invocation.args.iter().position(|other| other.span == word.span)?;
            let next = invocation.args.get(at + 1).is_some_and(|next| value(next, &["false"]));
            (value(word, &["=false"]) || next && invocation.args.iter().any(|word| word.is("set"))).then_some(word.span)
        }
        "conda" | "mamba" | "micromamba" => {
            let word = text(&["ssl_verify"])?;
            invocation.args.iter().any(|word| value(word, &["false", "no"])).then_some(word.span)
        }
        "composer" => {
            let word = text(&["disable-tls", "secure-http"])?;
            let off = if word.text().contains("disable") { "true" } else { "false" };
            invocation.args.iter().any(|word| value(word, &[off])).then_some(word.span)
        }
        _ => of_manager(&invocation.package_call()?),
    }
}

/// `-k`, `--no-check-certificate`
fn of_download(invocation: &Invocation, download: &Download) -> Option<Span> {
    let names: &[&str] = match download.tool {
        Tool::Curl => &["-k", "--insecure", "--proxy-insecure"],
        Tool::Wget => &["--no-check-certificate"],
    };
    let plain = download.addresses().next().is_some() && download.addresses().all(|text| text.starts_with("http://"));
    let flag = download.flags.iter().find(|flag| names.contains(&&*flag.name))?;
    let word = invocation.args.iter().find(|word| word.span.start == flag.span.start)?;
    (!plain && !download.is_local()).then_some(word.span)
}

fn of_manager(call: &PackageCall) -> Option<Span> {
    let names: &[&str] = match call.manager {
        Manager::Pip => &["--trusted-host"],
        Manager::Uv => &["--allow-insecure-host", "--trusted-host"],
        Manager::Apk => &["--no-check-certificate"],
        _ => &[],
    };
    let local = |text: &str| ["localhost", "127.0.0.1"].iter().any(|host| text.starts_with(host));
    let option = call.flag(names).filter(|flag| !flag.value.is_some_and(|value| local(value.text)));
    let setting = || {
        call.flags.iter().find(|flag| {
            let text = flag.value.map(|value| value.text.to_ascii_lowercase().replace(' ', "")).unwrap_or_default();
            match &*flag.name {
                "-o" | "--option" => text.contains("verify-peer=false") || text.contains("verify-host=false"),
                "--setopt" => ["sslverify=0", "sslverify=false"].iter().any(|end| text.ends_with(end)),
                _ => false,
            }
        })
    };
    option.or_else(setting).map(|flag| flag.span)
}

/// How many commands before and after a command may belong to it.
const NEAR: usize = 32;

fn download_run_unverified(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        let invocations = run.invocations();
        let mut seen = BTreeSet::new();
        let mut unverified = None;
        for (at, invocation) in invocations.iter().enumerate() {
            // Only nearby commands belong together.
            let near = &invocations[at.saturating_sub(NEAR)..invocations.len().min(at + NEAR)];
            let mut stored = || {
                let span = stored(near, invocation)?;
                unverified.get_or_insert_with(|| !verifies(&run)).then_some(span)
            };
            let Some(span) =
                piped(near, invocation).or_else(|| substituted(&run, near, invocation)).or_else(&mut stored)
            else {
                continue;
            };
            let place = run.place(span);
            // `sh -c` is found again for each command in its script.
            if seen.insert(place) {
                out.push(finding(cx, &run, place));
            }
        }
    }
}

fn finding(cx: &Context, run: &Run, place: Span) -> crate::finding::Finding {
    let text = run.file().source().slice(place);
    let address = text.split(|c: char| c.is_whitespace() || "\"'()".contains(c)).find(|word| word.contains("://"));
    let host = address.and_then(|text| text.split_once("://")).and_then(|(_, rest)| rest.split(['/', '?']).next());
    let host = host.and_then(|host| host.rsplit('@').next());
    let who = match host.filter(|host| !host.is_empty() && !host.contains('$')) {
        Some(host) => format!("`{host}`"),
        None => "the server".to_owned(),
    };
    cx.finding(place, format!("a download from {who} is run without verification"))
        .help("download a fixed version, verify its checksum and then run it, or copy the tool from an image")
}

/// `curl … | sh`: from the download to the interpreter's name.
fn piped(all: &[Invocation], invocation: &Invocation) -> Option<Span> {
    if invocation.command.place.pipe_index == 0 || !reads_program(invocation) {
        return None;
    }
    let commands = &invocation.script.commands;
    let last = commands.partition_point(|command| command.span.start < invocation.command.span.start);
    commands.get(last).filter(|command| std::ptr::eq(*command, invocation.command))?;
    let before = pipeline(invocation.script, last);
    let feeds = |other: &&Invocation| {
        let is_other_command =
            |index: &usize| commands.get(*index).is_some_and(|command| std::ptr::eq(command, other.command));
        before.iter().take(before.len() - 1).any(is_other_command) && fetches(other)
    };
    let from = all.iter().find(feeds)?;
    Some(Span::new(from.span.start, invocation.path.span.end))
}

/// `curl -o x.sh … && sh x.sh`: the download of a file that is run.
fn stored(all: &[Invocation], invocation: &Invocation) -> Option<Span> {
    let program = run_file(invocation)?;
    let before = all
        .iter()
        .filter(|other| other.span.end <= invocation.span.start && std::ptr::eq(other.script, invocation.script));
    before
        .rev()
        .find(|other| fetches(other) && saved_file(other).is_some_and(|file| is_same(file, program)))
        .map(|o| o.span)
}

/// The file that is run: by its path, or by an interpreter.
fn run_file<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let path = invocation.path.value()?;
    if path.contains('/') && !path.starts_with("/bin/") && !path.starts_with("/usr/bin/") {
        return Some(path);
    }
    let program = invocation.program?;
    let known = Program::of(program);
    let interpreter = known.is_shell() || known.is(Kind::Interpreter) || known.state == State::Any;
    let first = invocation.args.iter().find(|word| !word.text().starts_with(['-', '+']) || word.is_dynamic())?;
    // `sh -e file`, but `perl -e text`, `sh -c text`, `python -m module`.
    let letters: &[char] = if known.is_shell() { &['c', 's'] } else { &['c', 'm', 'e', 'r'] };
    let takes_text = invocation.args.iter().take_while(|word| word.text().starts_with('-')).any(|word| {
        let text = word.text();
        !text.starts_with("--") && text[1..].contains(letters)
    });
    if interpreter && !takes_text { first.value() } else { None }
}

/// The file that a download is saved to.
fn saved_file<'s>(invocation: &Invocation<'s>) -> Option<&'s str> {
    let download = Download::of(invocation)?;
    match download.file(invocation)? {
        "" => {
            let address = download.operands.first()?.value()?;
            let path = address.split(['?', '#']).next().unwrap_or(address);
            path.split_once("://")?.1.rsplit_once('/').map(|(_, name)| name).filter(|name| !name.is_empty())
        }
        file => Some(file),
    }
}

/// Whether both paths name the same file; a name without a folder is relative to the current folder.
fn is_same(saved: &str, run: &str) -> bool {
    let (saved, run) = (saved.trim_start_matches("./"), run.trim_start_matches("./"));
    let name = |path: &str| path::name(path).to_owned();
    saved == run || ((!saved.contains('/') || !run.contains('/')) && name(saved) == name(run))
}

/// Whether a command is an interpreter that reads its program from standard input.
fn reads_program(invocation: &Invocation) -> bool {
    let Some(program) = invocation.program else { return false };
    let operands =
        || invocation.args.iter().map(Word::text).skip_while(|text| text.len() > 1 && text.starts_with(['-', '+']));
    let has = |letters: &[char]| {
        let short = |text: &str| text.starts_with('-') && !text.starts_with("--") && text[1..].contains(letters);
        invocation.args.iter().take_while(|word| word.text().starts_with('-')).any(|word| short(word.text()))
    };
    let from_input = || matches!(operands().next(), None | Some("-"));
    if Program::of(program).is_shell() {
        return !has(&['c']) && (from_input() || has(&['s']));
    }
    let version = |name: &str| {
        program.strip_prefix(name).is_some_and(|rest| rest.bytes().all(|b| b.is_ascii_digit() || b == b'.'))
    };
    if version("python") {
        return !has(&['c', 'm']) && from_input();
    }
    match program {
        "perl" | "ruby" => !has(&['e', 'n', 'p']) && from_input(),
        "node" => !has(&['e', 'p']) && from_input(),
        "php" => !has(&['r', 'f']) && (from_input() || invocation.args.first().is_some_and(|word| word.is("--"))),
        _ => false,
    }
}

fn fetches(invocation: &Invocation) -> bool {
    Download::of(invocation).is_some_and(|download| !download.asks_only() && !download.is_local())
}

/// `sh -c "$(curl …)"`, `bash <(curl …)`, `eval "$(curl …)"`, `. <(curl …)`
fn substituted(run: &Run, all: &[Invocation], invocation: &Invocation) -> Option<Span> {
    let words = &run.code.script.commands.get(invocation.outer as usize)?.words;
    let name = |word: &Word| word.value().map(|text| path::name(text).to_owned());
    let at = words.iter().position(|word| {
        name(word).is_some_and(|name| {
            let program = Program::of(&name);
            program.is_shell() || program.is(Kind::Interpreter) || program.state == State::Any
        })
    })?;
    let word = program_word(words, at)?;
    let output = word
        .expansions()
        .iter()
        .find(|expansion| expansion.kind == ExpansionKind::Command && expansion.within.start == 0)?;
    let from = all.iter().find(|other| output.span.contains(other.span) && fetches(other))?;
    Some(Span::new(words[at].span.start, from.span.end.max(word.span.end)))
}

/// The word that contains the script, given the index of the interpreter.
fn program_word(words: &[Word], at: usize) -> Option<&Word> {
    let mut next = at + 1;
    while let Some(word) = words.get(next) {
        let text = word.text();
        if !text.starts_with('-') || word.is_dynamic() {
            return Some(word);
        }
        next += 1;
    }
    None
}

// Calls of curl and wget: their options, what they download and where it is stored.

/// The program that downloads.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::rules) enum Tool {
    Curl,
    Wget,
}

/// A call of curl or wget.
pub(in crate::rules) struct Download<'s> {
    pub(in crate::rules) tool: Tool,
    pub(in crate::rules) flags: Vec<Flag<'s>>,
    pub(in crate::rules) operands: Vec<&'s Word>,
}

impl<'s> Download<'s> {
    /// The download of an invocation; `None` for another program.
    pub(in crate::rules) fn of(invocation: &Invocation<'s>) -> Option<Self> {
        let tool = match invocation.program? {
            "curl" => Tool::Curl,
            "wget" => Tool::Wget,
            _ => return None,
        };
        let (flags, operands) = invocation.arguments();
        Some(Self { tool, flags, operands })
    }

    /// Whether one of these options is given.
    pub(in crate::rules) fn has(&self, names: &[&str]) -> bool {
        self.flags.iter().any(|flag| names.contains(&&*flag.name))
    }

    /// Whether an option with this meaning is given (`data/program_options.tsv`).
    pub(in crate::rules) fn says(&self, meaning: &str) -> bool {
        let options = ProgramOptions::of(if self.tool == Tool::Curl { "curl" } else { "wget" });
        self.flags.iter().any(|flag| options.has(&flag.name, meaning))
    }

    /// Whether it only asks the program for its version or its help.
    pub(in crate::rules) fn asks_only(&self) -> bool {
        self.has(&["--version", "-V", "--help", "-h"])
    }

    /// The addresses that are downloaded, as far as they are known.
    pub(in crate::rules) fn addresses(&self) -> impl Iterator<Item = &str> {
        let named = self.flags.iter().filter(|flag| &*flag.name == "--url").filter_map(|flag| flag.value);
        self.operands.iter().map(|word| word.text()).chain(named.map(|value| value.text))
    }

    /// Whether all addresses are on this machine.
    pub(in crate::rules) fn is_local(&self) -> bool {
        let local = ["localhost", "127.0.0.1", "[::1]", "0.0.0.0", "file://"];
        let mut addresses = self.addresses().peekable();
        addresses.peek().is_some() && addresses.all(|text| local.iter().any(|host| text.contains(host)))
    }

    /// The file that is written by an option or a redirect; empty if its name is taken from the address.
    pub(in crate::rules) fn file(&self, invocation: &Invocation<'s>) -> Option<&'s str> {
        let (named, from_address): (&[&str], &[&str]) = match self.tool {
            Tool::Curl => (&["-o", "--output"], &["-O", "--remote-name", "--remote-name-all"]),
            Tool::Wget => (&["-O", "--output-document"], &[]),
        };
        let value = self.flags.iter().find(|flag| named.contains(&&*flag.name)).and_then(|flag| flag.value);
        if let Some(value) = value {
            return Some(value.text).filter(|text| !matches!(*text, "-" | "/dev/null" | "/dev/stdout"));
        }
        if self.has(from_address) {
            return Some("");
        }
        let redirects = &invocation.command.redirects;
        let written = redirects.iter().find(|redirect| {
            let writes = matches!(
                redirect.operator,
                RedirectOperator::Write | RedirectOperator::Append | RedirectOperator::Clobber
            );
            writes && matches!(redirect.descriptor, None | Some(1))
        });
        match written {
            Some(redirect) => redirect.target.as_ref().map(Word::text).filter(|text| *text != "/dev/null"),
            None if self.tool == Tool::Wget => Some(""),
            None => None,
        }
    }
}

/// Whether a checksum or a signature is verified somewhere in the RUN.
pub(in crate::rules) fn verifies(run: &Run) -> bool {
    run.invocations().iter().any(|invocation| {
        let sums =
            invocation.program.is_some_and(|name| name.ends_with("sum") || name == "shasum" || name == "openssl");
        let text = |texts: &[&str]| invocation.args.iter().any(|word| texts.contains(&word.text()));
        let letters =
            |word: &Word| word.text().starts_with('-') && !word.text().starts_with("--") && word.text().contains('c');
        sums && (invocation.is("openssl") || text(&["--check", "--status"]) || invocation.args.iter().any(letters))
            || matches!(invocation.program, Some("gpg" | "gpg2" | "gpgv"))
                && (invocation.is("gpgv") || text(&["--verify", "--batch"]))
            || matches!(invocation.program, Some("cosign" | "minisign" | "slsa-verifier"))
    })
}

/// The indices of the commands of a pipeline, first to last, given that of its last simple command.
pub(in crate::rules) fn pipeline(script: &Script, last: usize) -> Vec<usize> {
    let Some(end) = script.commands.get(last) else { return Vec::new() };
    let mut indexes = vec![last];
    let mut wanted = end.place.pipe_index;
    for (index, command) in script.commands[..last].iter().enumerate().rev() {
        if wanted == 0 {
            break;
        }
        let place = &command.place;
        if place.scope != end.place.scope || place.pipe_len != end.place.pipe_len {
            continue;
        }
        if place.pipe_index >= wanted || place.after.is_none_or(|after| after.kind != SeparatorKind::Pipe) {
            break;
        }
        wanted = place.pipe_index;
        indexes.push(index);
    }
    indexes.reverse();
    indexes
}
