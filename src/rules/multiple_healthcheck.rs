//! See `rules/multiple-healthcheck.md`.

use super::{Context, once};
use crate::dockerfile::Keyword;
use crate::finding::Findings;

super::rule!("multiple-healthcheck", check);

fn check(cx: &Context, out: &mut Findings) {
    once::check(cx, Keyword::Healthcheck, "DL3012", out);
}
