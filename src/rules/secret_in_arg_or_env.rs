//! See `rules/secret-in-arg-or-env.md`.

use super::Context;
use super::secret_word::is_secret;
use crate::build::Build;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Findings, Severity};
use crate::secret::SecretKind;

super::rule!("secret-in-arg-or-env", check);

fn check(cx: &Context, out: &mut Findings) {
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
