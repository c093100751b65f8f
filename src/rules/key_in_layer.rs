//! See `rules/key-in-layer.md`.

use super::written_paths::{self, CommandFolder};
use super::{Context, copied_packages};
use crate::build::{Build, Run, StageBase, service};
use crate::data;
use crate::finding::Findings;
use crate::shell::{Invocation, Word};
use crate::text::path;

super::rule!("key-in-layer", check);

fn check(cx: &Context, out: &mut Findings) {
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
