//! See `rules/secret-in-arg-or-env.md`.

use super::Context;
use super::secret_word::is_secret;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::secret::SecretKind;

super::rule!("secret-in-arg-or-env", check);

fn check(cx: &Context, out: &mut Findings) {
    let allowed = cx.list("allow");
    for secret in cx.build().secrets().into_iter().filter(|secret| !allowed.contains(&secret.name)) {
        let name = &secret.name;
        let instruction = cx.build().instruction(secret.instruction);
        let trigger = cx.build().input().file.trigger(instruction);
        let arg = trigger.unwrap_or(instruction).keyword == Keyword::Arg;
        // Only the config and history of what ships are published.
        let ships = cx.build().stage_of(secret.instruction).is_some_and(|stage| cx.build().ships(stage));
        let message = match (secret.why, arg) {
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
        let help = if arg {
            format!("pass it to the RUN that needs it: `RUN --mount=type=secret,id={0},env={0} …`", name.trim())
        } else {
            "set it when the container starts, or mount it in the RUN that needs it: `RUN --mount=type=secret,id=… …`"
                .to_owned()
        };
        let mut finding = cx.finding(secret.span, message).help(help);
        // BuildKit checks only names, and neither before the first FROM nor in triggers.
        let inside = cx.build().stage_of(secret.instruction).is_some() && trigger.is_none();
        if !inside || !is_secret(name.trim()) {
            finding = finding.without("SecretsUsedInArgOrEnv");
        }
        out.push(finding);
    }
}
