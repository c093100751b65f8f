//! Rules about secrets in ARG, ENV and their names.

use std::collections::BTreeSet;

use super::Context;
use crate::build::Build;
use crate::dockerfile::{Argument, Instruction, Keyword};
use crate::finding::{Findings, Severity};
use crate::secret::{SecretKind, names_secret};

super::family! {
    "secret-named-variable" => secret_named_variable;
    "secret-in-arg-or-env" => secret_in_arg_or_env;
}

/// Words that make a name look like a secret.
const DENIED: [&str; 10] =
    ["apikey", "auth", "credential", "credentials", "key", "password", "pword", "passwd", "secret", "token"];

/// Words that make such a name harmless.
const ALLOWED: [&str; 3] = ["public", "file", "version"];

/// Whether `docker build --check` treats a variable of that name as a secret.
pub(super) fn is_secret(name: &str) -> bool {
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
