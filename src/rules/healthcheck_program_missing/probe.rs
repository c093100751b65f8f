//! A check by curl or wget, said in the language of the image (data: project research on healthchecks, runtimes).

use crate::build::{Base, BaseImage, Build, Code, Presence, Stage};
use crate::shell::{Invocation, Redirect, Word};

/// The exec form of the check in the image's own language; `None` unless the whole check is one plain GET of one address.
pub(super) fn of(build: &Build, stage: &Stage, code: &Code) -> Option<String> {
    let Base::Image(reference) = build.root_base(stage) else { return None };
    let invocations = code.script.invocations();
    // `… || exit 1` says nothing: any other status is unhealthy as well.
    let (request, rest) = invocations.split_first()?;
    let idle = |one: &Invocation| one.is("exit") && one.args.iter().all(|word| word.is("1"));
    if !rest.iter().all(idle) || request.command.redirects.iter().any(|redirect| !is_discard(redirect)) {
        return None;
    }
    if !code.script.compounds.is_empty() || request.command.place.pipe_len != 1 || request.command.place.negated {
        return None;
    }
    let url = url(request)?;
    let image = BaseImage::of(reference);
    if image.presence("python") == Presence::Has {
        return Some(format!(
            "[\"python\", \"-c\", \"import sys,urllib.request as u;sys.exit(0 if u.urlopen('{url}',timeout=3).status<400 else 1)\"]"
        ));
    }
    (image.presence("node") == Presence::Has)
        .then(|| format!("[\"node\", \"-e\", \"fetch('{url}').then(r=>process.exit(r.ok?0:1),()=>process.exit(1))\"]"))
}

/// `> /dev/null`, `2>&1`.
fn is_discard(redirect: &Redirect) -> bool {
    redirect.target.as_ref().is_some_and(|target| target.is("/dev/null") || target.is("1") || target.is("2"))
}

/// The address, when the options only say to be quiet and to fail.
fn url(request: &Invocation) -> Option<String> {
    let quiet: &[&str] = match request.program? {
        "curl" => &[
            "-f",
            "--fail",
            "-s",
            "-S",
            "-fs",
            "-sf",
            "-fsS",
            "-sSf",
            "-fSs",
            "-sS",
            "-Ss",
            "-fL",
            "-sfL",
            "-fsSL",
            "-L",
            "--silent",
            "--show-error",
        ],
        "wget" => {
            &["-q", "-qO-", "-qO", "-O-", "-O", "-", "--quiet", "--spider", "-qS", "--tries=1", "--no-verbose", "-nv"]
        }
        _ => return None,
    };
    let mut url = None;
    let mut words = request.args.iter().peekable();
    while let Some(word) = words.next() {
        let text = word.value()?;
        match text {
            "-o" | "--output" | "-O" if words.peek().is_some_and(|next| next.is("/dev/null") || next.is("-")) => {
                words.next();
            }
            _ if quiet.contains(&text) || text == "/dev/null" => {}
            _ if is_plain_url(word) && url.is_none() => {
                let scheme = if text.contains("://") { "" } else { "http://" };
                url = Some(format!("{scheme}{text}"));
            }
            _ => return None,
        }
    }
    url
}

/// An address that needs no quoting in any of the languages.
fn is_plain_url(word: &Word) -> bool {
    let text = word.text();
    let plain = |c: char| c.is_ascii_alphanumeric() || ":/.-_?=&%".contains(c);
    let host = text.strip_prefix("http://").unwrap_or(text);
    !text.starts_with('-')
        && text.chars().all(plain)
        && (host.starts_with("localhost") || host.starts_with("127.0.0.1"))
}
