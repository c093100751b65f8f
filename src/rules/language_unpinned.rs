//! Packages of a language that a command names without a version: a rule for each installer.

use super::Context;
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::shell::{Invocation, Manager, Package, PackageSource, Verb, arguments};
use crate::text::Span;

super::family! {
    "gem-unpinned" => |cx, out| check(cx, out, "add `:version` or `-v version`", gem);
    "go-unpinned" => |cx, out| check(cx, out, "add `@version`", go);
    "npm-unpinned" =>
        |cx, out| check(cx, out, "add `@version`, or install from package.json and its lock file", npm);
    "pip-unpinned" =>
        |cx, out| check(cx, out, "add `==version`, or install from a requirements file with versions", pip);
}

/// Packages of a command that have no version: the place of the command, and their names as written.
struct UnpinnedPackages {
    span: Span,
    names: Vec<String>,
}

/// Reports each command in which `find` sees packages without a version.
fn check(cx: &Context, out: &mut Findings, help: &str, find: fn(&Invocation) -> Option<UnpinnedPackages>) {
    let build = cx.build();
    for (index, _) in build.stages().iter().flat_map(|stage| build.instructions(stage)) {
        let Some(code) = build.code(index) else {
            continue;
        };
        if build.effective(index).keyword != Keyword::Run {
            continue;
        }
        for invocation in code.script.invocations() {
            let Some(unpinned) = find(&invocation).filter(|unpinned| !unpinned.names.is_empty()) else { continue };
            let names: Vec<String> = unpinned.names.iter().map(|name| format!("`{name}`")).collect();
            let message = match names.as_slice() {
                [name] => format!("{name} has no version, so the next build may install a different one"),
                [first, second] => format!("{first} and {second} have no version"),
                [first, rest @ ..] => format!("{first} and {} others have no version", rest.len()),
                [] => continue,
            };
            out.push(cx.finding(code.place(&build.input().file, unpinned.span), message).help(help));
        }
    }
}

fn gem(invocation: &Invocation) -> Option<UnpinnedPackages> {
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install && call.manager == Manager::Gem)?;
    let any_fits =
        call.packages.iter().filter(|package| package.source == PackageSource::Index && package.version.is_none());
    Some(UnpinnedPackages { span: call.span, names: any_fits.map(|any_fit| any_fit.name.text.to_owned()).collect() })
}

fn go(invocation: &Invocation) -> Option<UnpinnedPackages> {
    let call = invocation.package_call().filter(|call| call.manager == Manager::Go)?;
    let mut names: Vec<String> = Vec::new();
    if call.verb == Verb::Install {
        let remote = call
            .packages
            .iter()
            .filter(|package| package.source == PackageSource::Index && !is_standard(package.name.text));
        let any = remote.filter(|package| {
            package
                .version
                .as_ref()
                .is_none_or(|version| matches!(version.value.text, "latest" | "none" | "upgrade" | ""))
        });
        names.extend(any.map(|package| package.name.text.to_owned()));
    }
    // Arguments after the package belong to the program.
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
    Some(UnpinnedPackages { span: call.span, names })
}

/// The patterns for packages of Go itself or of the module.
fn is_standard(name: &str) -> bool {
    matches!(name, "std" | "cmd" | "all" | "tool" | "work")
}

fn npm(invocation: &Invocation) -> Option<UnpinnedPackages> {
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install)?;
    if !matches!(call.manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun) {
        return None;
    }
    let names = call
        .packages
        .iter()
        .filter(|package| any_npm_fits(package))
        .map(|package| package.name.text.to_owned())
        .collect();
    Some(UnpinnedPackages { span: call.span, names })
}

fn any_npm_fits(package: &Package) -> bool {
    match package.source {
        PackageSource::Index => {
            package.version.as_ref().is_none_or(|version| matches!(version.value.text, "latest" | "next" | "*" | ""))
        }
        // A repository needs a commit; an archive does not.
        PackageSource::Url => {
            let text = package.name.text;
            let archive = text.starts_with("http") && [".tgz", ".tar.gz"].iter().any(|ending| text.ends_with(ending));
            !archive && !text.contains('#')
        }
        PackageSource::Path | PackageSource::Group => false,
    }
}

fn pip(invocation: &Invocation) -> Option<UnpinnedPackages> {
    if let Some(unpinned) = pipx(invocation) {
        return Some(unpinned);
    }
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install)?;
    let is_pip = call.manager == Manager::Pip || (call.manager == Manager::Uv && call.verb_text == "pip install");
    if !is_pip || call.has(&["-c", "--constraint", "--constraints"]) {
        return None;
    }
    let names = call
        .packages
        .iter()
        .filter(|package| any_pip_fits(package))
        .map(|package| package.name.text.to_owned())
        .collect();
    Some(UnpinnedPackages { span: call.span, names })
}

fn any_pip_fits(package: &Package) -> bool {
    match package.source {
        PackageSource::Index => package.version.is_none(),
        // The text after the last `@` after the host is a commit, branch or tag.
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
fn pipx(invocation: &Invocation) -> Option<UnpinnedPackages> {
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
    Some(UnpinnedPackages { span: invocation.span, names })
}
