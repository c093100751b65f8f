//! See `rules/secret-in-arg-or-env.md`.

use super::Context;
use crate::build::SecretKind;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("secret-in-arg-or-env", check);

fn check(cx: &Context, out: &mut Findings) {
    for secret in cx.build().secrets() {
        let name = &secret.name;
        let arg = cx.build().instruction(secret.instruction).keyword == Keyword::Arg;
        let message = match (secret.why, arg) {
            (SecretKind::Url, _) => {
                format!("the URL in `{name}` holds a password: everyone who has the image can read it")
            }
            (SecretKind::Name, true) => format!("the value of `{name}` stays in the image's history"),
            (SecretKind::Name, false) => format!("the value of `{name}` stands in the image's config"),
        };
        let help = if arg {
            format!("give it to the RUN that needs it: `RUN --mount=type=secret,id={0},env={0} …`", name.trim())
        } else {
            "set it when the container starts, or mount it where a RUN needs it: `RUN --mount=type=secret,id=… …`"
                .to_owned()
        };
        out.push(cx.finding(secret.span, message).help(help));
    }
}
