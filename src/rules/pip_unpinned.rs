//! See `rules/pip-unpinned.md`.

use super::Context;
use super::unpinned::{self, Unpinned};
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, Package, PackageSource, Verb, arguments};

super::rule!("pip-unpinned", check);

fn check(cx: &Context, out: &mut Findings) {
    unpinned::check(cx, out, "add `==version`, or install from a list with versions", find);
}

fn find(invocation: &Invocation) -> Option<Unpinned> {
    if let Some(found) = pipx(invocation) {
        return Some(found);
    }
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install)?;
    let is_pip = call.manager == Manager::Pip || (call.manager == Manager::Uv && call.verb_text == "pip install");
    if !is_pip || call.has(&["-c", "--constraint", "--constraints"]) {
        return None;
    }
    let names = call.packages.iter().filter(|package| any_fits(package)).map(|one| one.name.text.to_owned()).collect();
    Some(Unpinned { span: call.span, names })
}

fn any_fits(package: &Package) -> bool {
    match package.source {
        PackageSource::Index => package.version.is_none(),
        // What follows the last `@` behind the host is a commit, branch or tag.
        PackageSource::Url => {
            let text = package.name.text;
            let path =
                text.split_once("://").map_or(text, |(_, rest)| rest).split_once('/').map_or("", |(_, path)| path);
            text.starts_with("git+") && !path.contains('@')
        }
        PackageSource::Path | PackageSource::Group => false,
    }
}

/// `pipx install name`
fn pipx(invocation: &Invocation) -> Option<Unpinned> {
    let words = match invocation.program? {
        "pipx" => invocation.args,
        python if python.starts_with("python") => {
            let at = invocation.args.iter().position(|word| word.is("pipx"))?;
            at.checked_sub(1).filter(|before| invocation.args[*before].is("-m"))?;
            &invocation.args[at + 1..]
        }
        _ => return None,
    };
    let verb = words.iter().position(|word| word.is("install"))?;
    let (_, operands) = arguments("pipx", &words[verb + 1..]);
    let mut names = Vec::new();
    if invocation.flag("--spec").is_none() {
        let is_unpinned = |name: &&str| !name.contains(['=', '<', '>', '~', '/', '@']) && !name.starts_with('.');
        names.extend(operands.iter().map(|word| word.text()).filter(is_unpinned).map(str::to_owned));
    }
    Some(Unpinned { span: invocation.span, names })
}
