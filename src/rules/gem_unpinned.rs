//! See `rules/gem-unpinned.md`.

use super::Context;
use super::unpinned::{self, Unpinned};
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, PackageSource, Verb};

super::rule!("gem-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    unpinned::check(cx, out, "add `:version` or `-v version`", find);
}

fn find(invocation: &Invocation) -> Option<Unpinned> {
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install && call.manager == Manager::Gem)?;
    let any_fits = call.packages.iter().filter(|one| one.source == PackageSource::Index && one.version.is_none());
    Some(Unpinned { span: call.span, names: any_fits.map(|one| one.name.text.to_owned()).collect() })
}
