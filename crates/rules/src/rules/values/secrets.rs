//! Rules about secrets.

use std::collections::BTreeSet;

use crate::build::{Build, Run, StageBase, Transfer, has_public_name, service};
use crate::data;
use crate::dockerfile::{Argument, Instruction, Keyword};
use crate::finding::{Findings, Safety, Severity};
use crate::inputs::IgnoreInput;
use crate::inputs::context::{
    BuildContext, Certainty, ClassMatch, ContextEntryKind as EntryKind, EntryId, secret_certainty,
};
use crate::rules::Context;
use crate::rules::files::context_waste::{brought_back_by_git, is_brought_back, with_lines};
use crate::rules::shared::copied_packages;
use crate::rules::shared::later_failure::name_of;
use crate::rules::shared::written_paths;
use crate::rules::shared::written_paths::CommandFolder;
use crate::secret::{SecretKind, Sign, names_secret, reportable};
use crate::shell::program::{Kind, Program};
use crate::shell::{Command, Invocation, Word};
use crate::text::{Span, path};

crate::rules::family! {
    "secret-in-command" => secret_in_command;
    "password-in-layer" => password_in_layer;
    "key-in-layer" => key_in_layer;
    "secret-file-copied" => secret_file_copied;
    "secret-in-context" => secret_in_context;
    "secret-named-variable" => secret_named_variable;
    "secret-in-arg-or-env" => secret_in_arg_or_env;
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
        // Another rule says it of accounts.
        if written.by == Sign::Throwaway && sets_account_password(build, written.instruction) {
            continue;
        }
        let ships = build.stage_of(written.instruction).is_some_and(|stage| build.ships(stage));
        let what = match &written.by {
            Sign::Login => "a password in a URL or login".to_owned(),
            Sign::Look => "the token of a service".to_owned(),
            Sign::Throwaway | Sign::Hint => "what looks like a password or a token".to_owned(),
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
        let finding = cx.finding(written.span, message).help(help);
        let is_sure = written.by.is_reported();
        out.push(if is_sure { finding } else { finding.lowered(Severity::Warning) });
    }
    for comment in secrets_in_comments(build) {
        let message = "what looks like a password or a token is in a comment: anyone with this file can read it";
        out.push(cx.finding(comment, message).help("revoke it, and delete the comment").lowered(Severity::Warning));
    }
}

/// Whether a RUN sets the password of an account.
fn sets_account_password(build: &Build, instruction: usize) -> bool {
    let code = build.code(instruction);
    code.is_some_and(|code| code.script.invocations().iter().any(|invocation| sets_password(invocation).is_some()))
}

/// The secrets in the comments of a Dockerfile.
fn secrets_in_comments(build: &Build) -> Vec<Span> {
    let file = &build.input().file;
    let mut places = Vec::new();
    for comment in file.instructions().iter().flat_map(|instruction| &instruction.comments) {
        for secret in reportable(file.logical(*comment)) {
            let start = comment.start + secret.range.start as u32;
            places.push(file.locate(Span::new(start, start + secret.value.len() as u32)));
        }
    }
    places
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

fn secret_file_copied(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    for stage in cx.shipped() {
        let triggers = build.trigger_transfers(stage);
        for transfer in build.transfers(stage).iter().chain(&triggers) {
            for source in &transfer.sources {
                let Some(path) = source.text.as_deref() else { continue };
                if source.is_remote() {
                    continue;
                }
                let (folder, name) = path::split(path);
                let holder = path::name(folder);
                let known = path.trim_start_matches("./").trim_matches('/');
                let sure = secret_certainty(holder, name)
                    .is_some_and(|certainty| certainty < Certainty::Possible || build.file_holds_secret(known));
                // `meta.env` and `*.env` may be anything.
                let vague =
                    name.contains(['*', '?', '[']) || (name.strip_suffix(".env").is_some_and(|stem| !stem.is_empty()));
                if !sure || vague || build.environment_file_holds_secret(known) == Some(false) || has_public_name(path)
                {
                    continue;
                }
                let empty = match transfer.from {
                    None => size(cx, known) == Some(0),
                    Some(_) => is_made_empty(cx, transfer, name),
                };
                if empty {
                    continue;
                }
                let message = format!(
                    "`{name}` is stored in a layer: anyone with the image can read it, even if a later step deletes it"
                );
                let help = "mount it in the RUN that needs it (`RUN --mount=type=secret,id=…,target=… …`), or pass it when the container starts";
                out.push(cx.finding_at(transfer.index, source.span, message).help(help));
            }
        }
    }
}

/// The size of a file in the context; `None` if there is no such file, or the context is unknown.
fn size(cx: &Context, path: &str) -> Option<u64> {
    let context = cx.context()?;
    let entry = context.entry(context.find(path)?);
    (entry.kind == EntryKind::File).then_some(entry.amount.bytes)
}

/// Whether the stage that a COPY takes a file from creates it empty (`touch key.pem`) and never writes to it: a
/// placeholder for a real key.
fn is_made_empty(cx: &Context, transfer: &Transfer, name: &str) -> bool {
    let build = cx.build();
    let Some(StageBase::Stage(index)) = transfer.from else { return false };
    let Some(maker) = build.stages().get(index) else { return false };
    // Copying a folder may bring a file with content.
    let has_bytes = |bytes: Option<u64>| bytes.is_some_and(|bytes| bytes > 0);
    let mut sources = build.transfers(maker).iter().flat_map(|transfer| &transfer.sources);
    if sources.any(|source| source.text.as_deref().is_some_and(|text| path::name(text) == name))
        || has_bytes(size(cx, name))
    {
        return false;
    }
    let mut is_created = false;
    for (index, _) in build.chain(maker).flat_map(|stage| build.instructions(stage)) {
        for command in build.code(index).iter().flat_map(|code| &code.script.commands) {
            let is_it = |word: &Word| word.value().is_some_and(|text| path::name(text) == name);
            let redirected = command.redirects.iter().filter_map(|redirect| redirect.target.as_ref()).any(is_it);
            if !redirected && !command.words.iter().any(is_it) {
                continue;
            }
            if makes_empty(command, redirected) {
                is_created = true;
            } else if !Program::of(name_of(command)).is(Kind::NoContent) {
                return false;
            }
        }
    }
    is_created
}

/// Whether a command creates an empty file: `touch x`, `: > x`, `install -m 600 /dev/null x`, `truncate -s 0 x`.
fn makes_empty(command: &Command, redirected: bool) -> bool {
    let has = |text: &str| command.words.iter().any(|word| word.is(text));
    match name_of(command) {
        "" | ":" | "true" => redirected,
        "touch" => true,
        "install" | "cp" | "cat" => has("/dev/null"),
        "truncate" => has("0") || has("-s0") || has("--size=0"),
        _ => false,
    }
}

/// The number of files that a message names.
const NAMED: usize = 4;

fn secret_in_context(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(context) = cx.context() else { return };
    let stages = build.needed_stages();
    // A file is reported once, for the stage that ships it if there is one.
    let mut transfers: Vec<(bool, &Transfer)> = stages
        .flat_map(|stage| build.transfers(stage).iter().map(|transfer| (build.ships(stage), transfer)))
        .filter(|(_, transfer)| transfer.from.is_none())
        .collect();
    transfers.sort_by_key(|(ships, transfer)| (!ships, transfer.index));
    let secrets: Vec<&ClassMatch> = secrets(cx, context);
    if secrets.is_empty() {
        return;
    }
    let mut reported: BTreeSet<EntryId> = BTreeSet::new();
    for (ships, transfer) in &transfers {
        let selections = transfer.select(context);
        let takes = |entry: EntryId| {
            selections.iter().flatten().any(|selection| selection.entries.binary_search(&entry).is_ok())
        };
        let new: Vec<&&ClassMatch> =
            secrets.iter().filter(|secret| takes(secret.entry) && reported.insert(secret.entry)).collect();
        if new.is_empty() {
            continue;
        }
        let names: Vec<String> = new.iter().take(NAMED).map(|new| format!("`{}`", context.path(new.entry))).collect();
        let more = new.len() - names.len();
        let more = if more == 0 { String::new() } else { format!(" and {more} more") };
        let (verb, them) = if new.len() == 1 { ("is sent", "its name") } else { ("are sent", "their names") };
        let place = if *ships { "into the image" } else { "to the builder and its cache" };
        let message = format!("{}{more} {verb} {place}: judging by {them}, they contain secrets", names.join(", "));
        let message = if new.len() == 1 { message.replace("they contain", "it contains") } else { message };
        let mut finding = cx.finding(transfer.instruction.head, message).help("exclude them in .dockerignore");
        let kept: Vec<String> =
            new.iter().map(|new| context.path(new.entry)).filter(|path| is_wanted(cx, path)).collect();
        let excluded = new.iter().filter(|new| !kept.contains(&context.path(new.entry)));
        let mut patterns: Vec<String> = excluded.map(|new| new.pattern.clone()).collect();
        let notes = kept.iter().map(|path| format!("not excluded by a fix: the program may insist on `{path}`"));
        finding.notes.extend(notes);
        patterns.sort_unstable();
        patterns.dedup();
        let safety = Safety::Unsafe("the program may read its settings from such a file in the image".into());
        let broken = matches!(cx.ignore(), IgnoreInput::Present(_, file) if file.error().is_some());
        out.push(if broken || !is_own(cx) { finding } else { with_lines(cx, &patterns, safety, finding) });
    }
}

/// Files whose names look like secrets and that no COPY names.
fn secrets<'c>(cx: &Context, context: &'c BuildContext) -> Vec<&'c ClassMatch> {
    let named = cx.build().named_paths(true);
    let all = crate::inputs::context::classify(context).iter();
    all.filter(|class_match| {
        let path = context.path(class_match.entry);
        cx.build().is_secret_file(context, class_match) && !named.at_or_below(&path) && !is_brought_back(cx, &path)
    })
    .collect()
}

/// Whether the repository or the program shows that it wants a file: .gitignore brings it back, or a source names it.
/// Readers of `.env` do without it.
fn is_wanted(cx: &Context, file: &str) -> bool {
    let gitignore = cx.text_of(".gitignore").map(String::from_utf8_lossy);
    if gitignore.is_some_and(|text| brought_back_by_git(&text, file)) {
        return true;
    }
    let name = path::name(file);
    let quotes = [b'"', b'\'', b'`'];
    name != ".env"
        && cx.texts().any(|text| {
            memchr::memmem::find_iter(text, name).any(|at| {
                let before = at.checked_sub(1).and_then(|at| text.get(at));
                let is_path = before == Some(&b'/');
                let is_end = |byte: &u8| quotes.contains(byte) || is_path && byte.is_ascii_whitespace();
                (is_path || before.is_some_and(|byte| quotes.contains(byte)))
                    && text.get(at + name.len()).is_some_and(is_end)
            })
        })
}

/// Whether no other build with the same .dockerignore copies such files.
fn is_own(cx: &Context) -> bool {
    let takes = |other: &Build| {
        other.context_sources().unwrap_or_default().iter().any(|context_source| context_source.contains(".env"))
    };
    cx.ask_neighbours("takes an environment", |other| takes(other).then(String::new)).is_none()
}

/// Words that make a name look like a secret.
const DENIED: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];

/// Words that make such a name harmless.
const ALLOWED: [&str; 3] = ["public", "file", "version"];

/// Whether `docker build --check` treats a variable of that name as a secret.
pub(in crate::rules) fn is_secret(name: &str) -> bool {
    let lower = name.to_ascii_lowercase();
    let has = |words: &[&str]| lower.split('_').any(|word| words.contains(&word));
    has(&DENIED) && !has(&ALLOWED)
}

fn secret_named_variable(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let secrets = build.secrets();
    let known: BTreeSet<(usize, &str)> =
        secrets.iter().map(|secret| (secret.instruction, secret.name.trim())).collect();
    let first = build.stages().first().map_or(0, |stage| stage.start);
    let global = build.input().file.instructions().iter().enumerate().take(first);
    let of_stages = build.stages().iter().flat_map(|stage| build.effective_instructions(stage));
    for (index, instruction) in global.chain(of_stages) {
        for (name, value) in pairs(build, instruction) {
            let text = match build.stage_of(index) {
                Some(stage) => build.expand(stage, index, &name.text),
                None => Some(name.text.to_string()),
            };
            let Some(text) = text else { continue };
            if cx.list("allow").contains(&text) || !is_secret(&text) || known.contains(&(index, text.as_str())) {
                continue;
            }
            let mut finding = cx.finding(name.span, format!("the name `{text}` looks like a secret"));
            finding = finding.help("pass secrets to a RUN with `--mount=type=secret`, never with ARG or ENV");
            let empty = instruction.keyword == Keyword::Env
                && value.is_some_and(|value| matches!(&*value.text, "" | "\"\"" | "''"));
            let known = names_secret(&text) && !text.to_ascii_lowercase().contains("apikey");
            if empty || !(known || is_listed_by_hadolint(&text)) {
                finding = finding.without("DL3064");
            }
            // The builder's check covers neither lines above the first FROM nor ONBUILD; hadolint covers both.
            if index < first || build.is_trigger(index) {
                finding = finding.without("SecretsUsedInArgOrEnv");
            }
            out.push(finding);
        }
    }
}

/// The variables that an ARG or ENV sets, with their values.
fn pairs<'i>(build: &Build<'i>, instruction: &'i Instruction) -> Vec<(Argument<'i>, Option<Argument<'i>>)> {
    let file = &build.input().file;
    match instruction.keyword {
        Keyword::Arg => file.args(instruction).into_iter().map(|arg| (arg.name, arg.default)).collect(),
        Keyword::Env => file.variables(instruction).into_iter().map(|pair| (pair.name, Some(pair.value))).collect(),
        _ => Vec::new(),
    }
}

/// Names without such a word that hadolint's DL3064 lists.
fn is_listed_by_hadolint(name: &str) -> bool {
    ["APPLICATION_KEY", "AWS_ACCESS_KEY_ID"].iter().any(|listed| name.eq_ignore_ascii_case(listed))
}

fn secret_in_arg_or_env(cx: &Context, out: &mut Findings) {
    let allowed = cx.list("allow");
    let public = cx.settings().map(|settings| settings.public_values.as_slice()).unwrap_or_default();
    let is_public = |value: &Option<String>| value.as_ref().is_some_and(|value| public.contains(value));
    for secret in
        cx.build().secrets().into_iter().filter(|secret| !allowed.contains(&secret.name) && !is_public(&secret.value))
    {
        let name = &secret.name;
        let instruction = cx.build().instruction(secret.instruction);
        let trigger = cx.build().input().file.trigger(instruction);
        let arg = trigger.unwrap_or(instruction).keyword == Keyword::Arg;
        // Only the config and history of what ships are published.
        let ships = cx.build().stage_of(secret.instruction).is_some_and(|stage| cx.build().ships(stage));
        let message = match (secret.why, arg) {
            (SecretKind::Bundle, _) => {
                format!("`{name}` is compiled into the pages: anyone who opens them can read its value")
            }
            _ if !ships && secret.value.is_some() => {
                format!("the value of `{name}` is in this file: anyone with the file can read it")
            }
            _ if !ships => format!("the value of `{name}` stays in the build cache and provenance"),
            (SecretKind::Url, _) => {
                format!("the URL in `{name}` contains a password: anyone with the image can read it")
            }
            (SecretKind::Name, true) => format!("the value of `{name}` is stored in the image's history"),
            (SecretKind::Name, false) => format!("the value of `{name}` is stored in the image's config"),
        };
        let is_read = |by: fn(Keyword) -> bool| !arg || reads(cx.build(), secret.instruction, by);
        let by_run = is_read(|keyword| keyword == Keyword::Run);
        let is_unread = !by_run && !is_read(|keyword| keyword != Keyword::Arg);
        let has_run = || runs_below(cx.build(), secret.instruction);
        let help = if secret.why == SecretKind::Bundle {
            "keep it on a server: what begins with such a prefix is made for the browser".to_owned()
        } else if is_unread && has_run() {
            format!(
                "delete it if no program that a RUN starts reads it, else pass it there: `RUN --mount=type=secret,id={0},env={0} …`",
                name.trim()
            )
        } else if is_unread {
            "delete it: no instruction below it reads it".to_owned()
        } else if arg && by_run {
            format!("pass it to the RUN that needs it: `RUN --mount=type=secret,id={0},env={0} …`", name.trim())
        } else {
            "set it when the container starts, or mount it in the RUN that needs it: `RUN --mount=type=secret,id=… …`"
                .to_owned()
        };
        let mut finding = cx.finding(secret.span, message).help(help);
        // Whether anybody passes a value, and whether a program reads it, is unknown.
        if is_unread && secret.value.is_none() {
            finding.severity = Severity::Warning;
        }
        // BuildKit checks only names, and neither before the first FROM nor in triggers.
        let inside = cx.build().stage_of(secret.instruction).is_some() && trigger.is_none();
        if !inside || !is_secret(name.trim()) {
            finding = finding.without("SecretsUsedInArgOrEnv");
        }
        out.push(finding);
    }
}

/// Whether an instruction below an ARG names it; an ARG above all stages is read in them.
fn reads(build: &Build, arg: usize, by: fn(Keyword) -> bool) -> bool {
    let name = build.input().file.source().slice(build.instruction(arg).span);
    any_below(build, arg, &|instruction| {
        let text = build.input().file.source().slice(instruction.span);
        let keyword = instruction.keyword;
        by(keyword) && (keyword == Keyword::Run || text.contains('$')) && names(name, text)
    })
}

/// Whether a RUN below an ARG gets it in its environment.
fn runs_below(build: &Build, arg: usize) -> bool {
    any_below(build, arg, &|instruction| instruction.keyword == Keyword::Run)
}

fn any_below(build: &Build, arg: usize, is_meant: &dyn Fn(&Instruction) -> bool) -> bool {
    let Some(stage) = build.stage_of(arg) else { return true };
    let is_below = |index: usize, above: usize| above != stage.index || index > arg;
    let mut stages = build.stages().iter().filter(|other| build.chain(other).any(|below| below.index == stage.index));
    stages.any(|other| {
        build.instructions(other).any(|(index, instruction)| is_below(index, other.index) && is_meant(instruction))
    })
}

/// Whether a text names a variable of an ARG instruction.
fn names(arg: &str, text: &str) -> bool {
    let mut words = arg.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).skip(1);
    words.any(|word| !word.is_empty() && text.contains(word))
}
