//! See `rules/constant-platform.md`.

use super::Context;
use crate::dockerfile::expand::{Lex, uses};
use crate::finding::Findings;

super::rule!("constant-platform", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let Some(from) = cx.build().from_of(stage).and_then(|from| file.from(from)) else { continue };
        let Some(platform) = from.platform.filter(|platform| !platform.text.is_empty()) else { continue };
        if !uses(&platform.text, Lex::new(file.escape())).is_empty() {
            continue;
        }
        let name = stage.name.as_deref().unwrap_or_default();
        let Some((system, architecture)) = crate::dockerfile::platform(&platform.text) else { continue };
        if name.contains(&system) || name.contains(&architecture) {
            continue;
        }
        let message = format!("`{}` is built whatever platform the build asks for", platform.text);
        let help = "leave the flag out; for a stage that only builds, use `--platform=$BUILDPLATFORM`";
        out.push(cx.finding(platform.span, message).help(help));
    }
}
