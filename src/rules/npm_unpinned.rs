//! See `rules/npm-unpinned.md`.

use super::Context;
use super::unpinned::{self, Unpinned};
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, Package, PackageSource, Verb};

super::rule!("npm-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    unpinned::check(cx, out, "add `@version`, or install from package.json and its lock file", find);
}

fn find(invocation: &Invocation) -> Option<Unpinned> {
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install)?;
    if !matches!(call.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun) {
        return None;
    }
    let names = call.packages.iter().filter(|package| any_fits(package)).map(|one| one.name.text.to_owned()).collect();
    Some(Unpinned { span: call.span, names })
}

fn any_fits(package: &Package) -> bool {
    match package.source {
        PackageSource::Index => {
            package.version.as_ref().is_none_or(|version| matches!(version.value.text, "latest" | "next" | "*" | ""))
        }
        // A repository needs a commit; an archive is what it is.
        PackageSource::Url => {
            let text = package.name.text;
            let archive = text.starts_with("http") && [".tgz", ".tar.gz"].iter().any(|ending| text.ends_with(ending));
            !archive && !text.contains('#')
        }
        PackageSource::Path | PackageSource::Group => false,
    }
}
