//! See `rules/multiple-cmd.md`.

use super::{Context, once};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("multiple-cmd", check);

fn check(cx: &Context, out: &mut Findings) {
    once::check(cx, Keyword::Cmd, "DL4003", out);
}
