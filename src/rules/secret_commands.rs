//! Rules about secrets that a RUN writes or names.

use super::written_paths::{self, CommandFolder};
use super::{Context, copied_packages};
use crate::build::{Build, Run, StageBase, service};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::secret::Sign;
use crate::shell::{Invocation, Word};
use crate::text::{Span, path};

super::family! {
    "secret-in-command" => secret_in_command;
    "password-in-layer" => password_in_layer;
    "key-in-layer" => key_in_layer;
}

fn secret_in_command(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let public = cx.settings().map(|settings| settings.public_values.as_slice()).unwrap_or_default();
    for written in build.written_secrets() {
        let text = build.input().file.source().slice(written.span);
        if public.iter().any(|value| value == text) {
            continue;
        }
        let instruction = build.instruction(written.instruction);
        let ships = build.stage_of(written.instruction).is_some_and(|stage| build.ships(stage));
        let what = match &written.by {
            Sign::Login => "a password in a URL or login".to_owned(),
            Sign::Look | Sign::Throwaway | Sign::Hint => "the token of a service".to_owned(),
            Sign::Name(name) => format!("the value of `{}`", name.trim_start_matches('-')),
        };
        let who = match (ships, instruction.keyword) {
            (true, _) => "anyone with the image",
            (false, _) => "anyone with this file",
        };
        let message = format!("{what} is in plain text: {who} can read it");
        let help = match instruction.keyword {
            Keyword::Run => "revoke it, then pass the new one to the step: `RUN --mount=type=secret,id=…,env=… …`",
            _ => "revoke it, then pass the new one when the container starts",
        };
        out.push(cx.finding(written.span, message).help(help));
    }
}

fn password_in_layer(cx: &Context, out: &mut Findings) {
    for run in cx.build().all_runs() {
        // A password passed as a secret is deliberate.
        let secret = run.file().mounts(run.instruction).iter().any(|mount| mount.kind() == "secret");
        if secret {
            continue;
        }
        for invocation in &run.invocations() {
            let Some(span) = sets_password(invocation) else { continue };
            let (message, help) = if is_empty(run.file().source().slice(run.place(span))) {
                ("the account has an empty password", "leave `-p` out: the account is then locked")
            } else {
                (
                    "the password (or its hash) is stored in the image and is the same in every container",
                    "give the account no password, or set it when the container starts",
                )
            };
            out.push(cx.finding(run.place(span), message).help(help));
        }
    }
}

/// Whether an option ends with an empty string.
fn is_empty(option: &str) -> bool {
    option.ends_with("''") || option.ends_with("\"\"")
}

fn sets_password(invocation: &Invocation) -> Option<Span> {
    let has = |names: &[&str]| invocation.args.iter().any(|word| names.contains(&word.text()));
    match invocation.program? {
        "chpasswd" if !has(&["--help", "-h"]) => Some(invocation.span),
        "passwd" if invocation.command.place.pipe_index > 0 || has(&["--stdin", "-d", "--delete"]) => {
            Some(invocation.span)
        }
        "passwd" if !invocation.command.redirects.is_empty() && !has(&["-l", "--lock", "-S", "-u"]) => {
            let reads = invocation.command.redirects.iter().any(|redirect| redirect.body.is_some());
            reads.then_some(invocation.span)
        }
        "useradd" | "usermod" => {
            let (flags, _) = invocation.arguments();
            let flag = flags.into_iter().find(|flag| matches!(&*flag.name, "-p" | "--password"))?;
            let value = flag.value?;
            // These values are not hashes: they lock the account.
            let locked = matches!(value.text, "*" | "!" | "!!" | "x" | "!*");
            (!locked).then_some(flag.span)
        }
        _ => None,
    }
}

fn key_in_layer(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target() else { return };
    if cx.is_for_developers_only() || service::is_for_developers(build, target) {
        return;
    }
    for Run { stage, index, code, .. } in cx.build().ordinary_runs() {
        let mut folder = CommandFolder::of(build, stage, index);
        let invocations = code.script.invocations();
        for (at, invocation) in invocations.iter().enumerate() {
            folder.follow(invocation);
            let Some((title, output)) = key(invocation) else { continue };
            let file = output.as_deref().and_then(|output| folder.join(output));
            // An expansion names a file that may be deleted below.
            let (known, place) = match (&output, file) {
                (None, _) => (true, None),
                (Some(_), Some(file)) => (!file.starts_with("/dev/") && !file.starts_with("/tmp/"), Some(file)),
                (Some(_), None) => (false, None),
            };
            if !known || is_deleted(&folder, &invocations[at + 1..], place.as_deref()) {
                continue;
            }
            let ships = build.ships(stage);
            if !ships && !place.as_deref().is_some_and(|file| is_copied(build, target.index, stage.index, file)) {
                continue;
            }
            let file = place.map(|file| format!(" (`{}`)", path::name(&file))).unwrap_or_default();
            let message = format!(
                "`{title}` writes a key{file} into a layer: all containers share it, and anyone with the image can read it"
            );
            let help = "make it when the container starts, or mount it then";
            out.push(cx.finding(code.place(&build.input().file, invocation.span), message).help(help));
        }
    }
}

/// The command in two words and the file that it writes, if it makes a key.
fn key(invocation: &Invocation) -> Option<(String, Option<String>)> {
    let program = invocation.program?;
    let first = invocation.args.first().and_then(Word::value).map(path::name);
    // `php artisan key:generate`
    let (name, args) = match first {
        Some(script) if program == "php" => (script, &invocation.args[1..]),
        _ => (program, invocation.args),
    };
    let has = |words: &str| data::words(words).any(|known| args.iter().any(|word| word.is(known)));
    data::KEY_COMMANDS.rows().filter(|cells| cells[0] == name).find_map(|cells| {
        let &[_, with, without, output, ..] = cells else { return None };
        if with != "-" && !has(with) || without != "-" && has(without) || args.iter().any(|word| word.is("--help")) {
            return None;
        }
        let written = output_of(invocation, args, output);
        if output != "-" && written.is_none() {
            return None;
        }
        let verb = match args.iter().map(Word::text).find(|text| !text.is_empty()) {
            Some(verb) if name != "make-ssl-cert" => format!(" {verb}"),
            _ => String::new(),
        };
        Some((format!("{name}{verb}"), written))
    })
}

/// The file that an option or a redirection names.
fn output_of(invocation: &Invocation, args: &[Word], options: &str) -> Option<String> {
    let named = |option: &str| {
        let at = args.iter().position(|word| word.is(option))?;
        Some(args.get(at + 1)?.text().to_owned())
    };
    let redirected = || {
        let mut redirects = invocation.command.redirects.iter();
        let redirect = redirects.find(|redirect| matches!(redirect.descriptor, None | Some(1)))?;
        Some(redirect.target.as_ref()?.text().to_owned())
    };
    data::words(options)
        .filter(|option| *option != "-")
        .find_map(|option| if option == ">" { redirected() } else { named(option) })
}

/// Whether a later command of the RUN deletes the file or its folder, or may.
fn is_deleted(folder: &CommandFolder, later: &[Invocation], file: Option<&str>) -> bool {
    later.iter().any(|invocation| {
        let removes = invocation.is("shred") || invocation.is("rm");
        let is_it = |word: &Word| {
            let path = word.value().and_then(|text| folder.join(text));
            path.is_none_or(|path| file.is_none_or(|file| written_paths::takes_away(&path, file)))
        };
        removes && invocation.args.iter().filter(|word| !word.text().starts_with('-')).any(is_it)
    })
}

/// Whether the final image copies a file of another stage.
fn is_copied(build: &Build, target: usize, maker: usize, file: &str) -> bool {
    let chain = build.stages().get(target).into_iter().flat_map(|target| build.chain(target));
    chain.flat_map(|stage| build.transfers(stage)).any(|transfer| {
        let is_from = matches!(transfer.from, Some(StageBase::Stage(index)) if index == maker);
        is_from
            && transfer
                .sources
                .iter()
                .filter_map(|source| source.text.as_deref())
                .any(|source| source != "/" && copied_packages::overlap(&path::join("/", source), file))
    })
}
