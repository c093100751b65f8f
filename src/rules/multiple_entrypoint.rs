//! See `rules/multiple-entrypoint.md`.

use super::{Context, once};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("multiple-entrypoint", check);

fn check(cx: &Context, out: &mut Findings) {
    once::check(cx, Keyword::Entrypoint, "DL4004", out);
}
