//! See `rules/secret-in-command.md`.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::secret::Sign;

super::rule!("secret-in-command", check);

fn check(cx: &Context, out: &mut Findings) {
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
