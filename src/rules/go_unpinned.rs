//! See `rules/go-unpinned.md`.

use super::Context;
use super::unpinned::{self, Unpinned};
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, PackageSource, Verb};

super::rule!("go-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    unpinned::check(cx, out, "add `@version`", find);
}

fn find(invocation: &Invocation) -> Option<Unpinned> {
    let call = invocation.package_call().filter(|call| call.manager == Manager::Go)?;
    let mut names: Vec<String> = Vec::new();
    if call.verb == Verb::Install {
        let remote =
            call.packages.iter().filter(|one| one.source == PackageSource::Index && !is_standard(one.name.text));
        let any = remote.filter(|one| {
            one.version.as_ref().is_none_or(|version| matches!(version.value.text, "latest" | "none" | "upgrade" | ""))
        });
        names.extend(any.map(|one| one.name.text.to_owned()));
    }
    // What follows the package are the program's own arguments.
    if call.verb_text == "run"
        && let Some(package) = call.operands.first().map(|word| word.text())
    {
        let host = package.split('/').next().unwrap_or_default();
        let remote = host.contains('.') && !host.starts_with('.') && package.contains('/');
        let (name, version) = package.split_once('@').unwrap_or((package, "latest"));
        if remote && matches!(version, "latest" | "none") {
            names.push(name.to_owned());
        }
    }
    Some(Unpinned { span: call.span, names })
}

/// The patterns that stand for packages of Go itself or of the module.
fn is_standard(name: &str) -> bool {
    matches!(name, "std" | "cmd" | "all" | "tool" | "work")
}
