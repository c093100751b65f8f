//! See `rules/onbuild-in-final.md`.

use super::Context;
use crate::build::toolchain;
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("onbuild-in-final", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(target) = build.target().filter(|target| build.ships(target)) else { return };
    if !toolchain::is_application(build, target) {
        return;
    }
    for (_, instruction) in
        build.instructions(target).filter(|(_, instruction)| instruction.keyword == Keyword::Onbuild)
    {
        let message = "ONBUILD does nothing in this image; it runs in images that are based on it";
        out.push(cx.finding(instruction.head, message).help("write the instruction without ONBUILD, or remove it"));
    }
}
