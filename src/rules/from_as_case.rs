//! See `rules/from-as-case.md`.

use super::Context;
use crate::dockerfile::Arguments;
use crate::finding::Findings;

super::rule!("from-as-case", check);

fn check(cx: &Context, out: &mut Findings) {
    let file = &cx.build().input().file;
    for stage in cx.build().stages() {
        let Some(from) = cx.build().from_of(stage) else { continue };
        let Arguments::Words(words) = &from.arguments else { continue };
        let [_, sign, _, ..] = words.as_slice() else { continue };
        let (keyword, written) = (file.str(from.name), file.str(*sign));
        let right = if keyword == keyword.to_lowercase() {
            written.to_lowercase()
        } else if keyword == keyword.to_uppercase() {
            written.to_uppercase()
        } else {
            continue;
        };
        if written == right {
            continue;
        }
        let mut finding = cx.finding(sign.span, format!("`{written}` and `{keyword}` differ in case"));
        if right.eq_ignore_ascii_case("as") {
            finding = finding.safe_edit(format!("write `{right}`"), sign.span, right);
        }
        out.push(finding);
    }
}
