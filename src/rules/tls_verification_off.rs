//! See `rules/tls-verification-off.md`.

use super::download::{Download, Tool};
use super::end_of_life::EndOfLife;
use super::{Context, option_removal};
use crate::build::{Run, SlimImage, StageBase};
use crate::data;
use crate::dockerfile::{File, Instruction, Keyword};
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, PackageCall, Word};
use crate::text::Span;

super::rule!("tls-verification-off", check);

const MESSAGE: &str = "certificates are not verified: anyone on the network path can impersonate the server";

fn check(cx: &Context, out: &mut Findings) {
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
    if cx.inputs().today.is_some_and(|today| EndOfLife::of(image, today).is_some()) {
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
    option_removal::of(run, invocation, span)
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
