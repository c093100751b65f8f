//! See `rules/redundant-platform.md`.

use super::Context;
use crate::dockerfile::expand::{Lex, Operator, uses};
use crate::finding::Findings;
use crate::text::Span;

super::rule!("redundant-platform", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let Some(instruction) = cx.build().from_of(stage) else { continue };
        let Some(from) = file.from(instruction) else { continue };
        let Some(platform) = from.platform else { continue };
        let variables = uses(&platform.text, Lex::new(file.escape()));
        let whole = platform.text.trim_matches('"').len() as u32;
        let [used] = variables.as_slice() else { continue };
        if used.name != "TARGETPLATFORM" || used.span.len() != whole {
            continue;
        }
        let plain = used.operator == Operator::Plain;
        let Some(flag) = instruction.flags.iter().find(|flag| file.flag_name(flag) == "platform") else { continue };
        let mut finding =
            cx.finding(flag.word.span, "`--platform=$TARGETPLATFORM` is redundant: it is the default of FROM");
        finding = finding.help("remove the flag");
        if !plain {
            finding = finding.without("DL3065");
        }
        let span = Span::new(flag.word.span.start, from.image.span.start);
        let between = file.source().slice(Span::new(flag.word.span.end, from.image.span.start));
        if between.bytes().all(|byte| byte == b' ' || byte == b'\t') {
            finding = finding.safe_edit("remove the flag", span, "");
        }
        out.push(finding);
    }
}
