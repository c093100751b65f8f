//! See `rules/rewrite-possible.md`: what only a rewrite of the whole build can change. `optimize` works it out, and `audit` shows it: no rule looks at
//! the builds itself.

crate::rules::rule!("rewrite-possible", no_check);

/// It finds nothing by itself.
fn no_check(_: &crate::rules::Context, _: &mut crate::finding::Findings) {}
