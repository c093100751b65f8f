//! See `rules/unsigned-packages.md`.

use super::prompts::sets;
use super::{Context, option_removal};
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, PackageCall, PackageSource, Verb, Word};
use crate::text::Span;

super::rule!("unsigned-packages", check);

fn check(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let option = switch(&invocation);
            let Some(span) = option.or_else(|| source(&invocation)) else { continue };
            let place = run.place(span);
            let message = "package signatures are not checked: anyone who can alter the download gets root here";
            let finding = cx.finding(place, message).help("add the key of the repository to the package manager");
            let why = "packages whose signature can't be checked are then rejected";
            let edit = option.and_then(|span| option_removal::of(&run, &invocation, span));
            out.push(match edit {
                Some((place, text)) => finding.unsafe_edit("check signatures", why, place, text),
                None => finding,
            });
        }
    }
}

/// The option that turns the check off.
fn switch(invocation: &Invocation) -> Option<Span> {
    use Manager::{Apk, Apt, Dnf, Microdnf, Yum, Zypper};
    if invocation.is("rpm") {
        let off = |word: &&Word| matches!(word.text(), "--nosignature" | "--nogpg" | "--noverify");
        return invocation.args.iter().find(off).map(|word| word.span);
    }
    let call = invocation.call_of(&[Apt, Apk, Dnf, Yum, Microdnf, Zypper])?;
    // `apk index` and `apk verify` install nothing, and with `--no-network` only files of the build are installed.
    let is_local = call.manager == Manager::Apk && (call.verb == Verb::Other || call.has(&["--no-network"]));
    if is_local || installs_files(&call) {
        return None;
    }
    let names: &[&str] = match call.manager {
        Manager::Apt => &["--allow-unauthenticated", "--force-yes", "--allow-insecure-repositories"],
        Manager::Apk => &["--allow-untrusted"],
        Manager::Dnf | Manager::Yum | Manager::Microdnf => &["--nogpgcheck", "--no-gpgchecks", "--no-gpgcheck"],
        Manager::Zypper => &["--no-gpg-checks", "--no-gpgcheck", "--no-gpgcheck-strict", "--allow-unsigned-rpm"],
        _ => return None,
    };
    if let Some(flag) = call.flag(names) {
        return Some(flag.span);
    }
    let on = ["true", "1", "yes", "on"];
    let off = ["false", "0", "no", "off"];
    let set = match call.manager {
        Manager::Apt => ["apt::get::allowunauthenticated", "acquire::allowinsecurerepositories"]
            .iter()
            .any(|name| sets(&call, &["-o", "--option"], name, &on)),
        _ => sets(&call, &["--setopt"], "gpgcheck", &off),
    };
    let options = ["-o", "--option", "--setopt"];
    let is_option = |text: &str| {
        ["authenticated", "insecure", "gpgcheck"].iter().any(|part| text.to_ascii_lowercase().contains(part))
    };
    let flag = || {
        call.flags.iter().find(|flag| options.contains(&&*flag.name) && flag.value.is_some_and(|v| is_option(v.text)))
    };
    if set { flag().map(|flag| flag.span) } else { None }
}

/// Whether only files are installed: files created in this build have no signature.
fn installs_files(call: &PackageCall) -> bool {
    let local = |package: &crate::shell::Package| package.source == PackageSource::Path;
    call.verb == Verb::Install && !call.packages.is_empty() && call.packages.iter().all(local)
}

/// `echo "deb [trusted=yes] …" > /etc/apt/sources.list`
fn source(invocation: &Invocation) -> Option<Span> {
    let writes = matches!(invocation.program, Some("echo" | "printf" | "sed" | "add-apt-repository" | "tee"));
    let trusts = |word: &&Word| {
        // Files in the image do not come from the network.
        let text: String = word.text().lines().filter(|line| !line.contains("] file:")).collect::<Vec<_>>().join("\n");
        (text.contains("[trusted=yes") || text.contains(" trusted=yes")) && text.contains("deb")
            || text.lines().any(|line| matches!(line.trim(), "gpgcheck=0" | "gpgcheck = 0"))
    };
    if writes { invocation.args.iter().find(trusts).map(|word| word.span) } else { None }
}
