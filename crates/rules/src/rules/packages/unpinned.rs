//! Rules about packages without a version.

use std::cell::LazyCell;

use crate::build::{Lookup, Run};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::rules::Context;
use crate::rules::packages::package_calls::Mentions;
use crate::shell::{Invocation, Manager, Package, PackageCall, PackageSource, Verb, arguments};
use crate::text::Span;

crate::rules::family! {
    "apk-unpinned" => |cx, out| check_system(cx, out, &Pinning {
        installs: |call| call.manager == Manager::Apk && call.verb_text == "add",
        is_pinned: |_, _, package| package.version.is_some() || package.source == PackageSource::Path,
        is_pinned_text: |text| text.contains(['=', '<', '>', '~']) || text.starts_with('-'),
        help: "use `name=version` or `name~version`; since Alpine removes old versions, the digest of the base image may be better",
    });
    "apt-unpinned" => |cx, out| check_system(cx, out, &Pinning {
        installs: |call| call.manager == Manager::Apt && call.verb_text == "install",
        is_pinned: |_, _, package| {
            // `name/release` names a release, whose versions change.
            let version = package.version.as_ref().is_some_and(|version| version.operator != "/");
            version || matches!(package.source, PackageSource::Path | PackageSource::Url)
        },
        is_pinned_text: |text| text.contains('=') || text.starts_with('-'),
        help: "use `name=version`; since Debian removes old versions, a dated snapshot or the digest of the base image may be better",
    });
    "dnf-unpinned" => |cx, out| {
        check_rpm(cx, out, |call| matches!(call.manager, Manager::Dnf | Manager::Microdnf) && installs_rpm(call));
    };
    "yum-unpinned" => |cx, out| {
        check_rpm(cx, out, |call| call.manager == Manager::Yum && installs_rpm(call));
    };
    "zypper-unpinned" => |cx, out| check_system(cx, out, &Pinning {
        installs: |call| call.manager == Manager::Zypper && matches!(&*call.verb_text, "install" | "in"),
        is_pinned: |_, _, package| {
            package.version.is_some() || matches!(package.source, PackageSource::Path | PackageSource::Url)
        },
        is_pinned_text: |text| text.contains(['=', '<', '>']),
        help: "`name=version`",
    });
    "gem-unpinned" => |cx, out| check_language(cx, out, "add `:version` or `-v version`", gem);
    "go-unpinned" => |cx, out| check_language(cx, out, "add `@version`", go);
    "npm-unpinned" =>
        |cx, out| check_language(cx, out, "add `@version`, or install from package.json and its lock file", npm);
    "pip-unpinned" =>
        |cx, out| check_language(cx, out, "add `==version`, or install from a requirements file with versions", pip);
}

// Packages of a distribution that are installed without a version: a rule for each package manager.

/// What a rule looks for.
struct Pinning {
    /// Whether a call installs packages by name.
    installs: fn(&PackageCall) -> bool,
    /// Whether a package as written has a version.
    is_pinned: fn(&Run, &PackageCall, &Package) -> bool,
    /// Whether the words of a variable's value have versions.
    is_pinned_text: fn(&str) -> bool,
    /// How to set a version.
    help: &'static str,
}

/// The number of packages that a message names.
const NAMED: usize = 3;

fn installs_rpm(call: &PackageCall) -> bool {
    matches!(&*call.verb_text, "install" | "in" | "module install")
}

fn check_rpm(cx: &Context, out: &mut Findings, installs: fn(&PackageCall) -> bool) {
    let is_pinned_text =
        |text: &str| text.split('-').skip(1).any(|part| part.starts_with(|c: char| c.is_ascii_digit()));
    check_system(cx, out, &Pinning { installs, is_pinned: is_rpm_pinned, is_pinned_text, help: "`name-version`" });
}

fn check_system(cx: &Context, out: &mut Findings, pinning: &Pinning) {
    // A dated snapshot has exactly one version of each package.
    let snapshots = LazyCell::new(|| {
        Mentions::of(cx.build(), |_, text| text.contains("snapshot.debian.org") || text.contains("snapshot.ubuntu.com"))
    });
    for run in cx.build().all_runs() {
        for invocation in run.invocations() {
            let Some(call) = invocation.package_call().filter(|call| (pinning.installs)(call)) else { continue };
            let open: Vec<&Package> =
                call.packages.iter().filter(|package| is_open(&run, &call, package, pinning)).collect();
            let from_input = call.packages.is_empty() && invocation.is_via("xargs");
            let span = match (open.first(), from_input) {
                (Some(first), _) => first.span,
                (None, true) => Span::new(call.span.start, call.verb_span.end),
                (None, false) => continue,
            };
            if snapshots.mentioned_until(&run) {
                break;
            }
            let what = if from_input { "the packages are".to_owned() } else { join_names(&open) };
            out.push(cx.finding(run.place(span), format!("{what} installed without a version")).help(pinning.help));
        }
    }
}

fn is_open(run: &Run, call: &PackageCall, package: &Package, pinning: &Pinning) -> bool {
    if package.absent || (pinning.is_pinned)(run, call, package) {
        return false;
    }
    let value = if package.version.is_none() { run.value_of(package.name.text, package.span.start) } else { None };
    match value {
        Some(value) => !value.split_whitespace().all(pinning.is_pinned_text),
        None => true,
    }
}

/// A name; for a command that prints names, only that it is one.
fn display_name(name: &str) -> String {
    format!("`{}`", name.replace("$()", "$(…)"))
}

fn join_names(open: &[&Package]) -> String {
    let names: Vec<String> = open.iter().take(NAMED).map(|package| display_name(package.name.text)).collect();
    match open.len() {
        1 => format!("{} is", names[0]),
        len if len > NAMED => format!("{} and {} more are", names.join(", "), len - NAMED),
        _ => format!("{} are", names.join(", ")),
    }
}

/// Whether the part after a hyphen is an rpm version: it starts with a digit, or is a variable of the file.
fn has_rpm_version(run: &Run, text: &str, at: u32) -> bool {
    text.split('-').skip(1).any(|part| {
        let variable = part.strip_prefix('$').map(|rest| rest.trim_start_matches('{'));
        let name = variable.map(|rest| {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            &rest[..end]
        });
        match name {
            Some(name) => is_defined(run, name, at),
            None => part.starts_with(|first: char| first.is_ascii_digit()),
        }
    })
}

fn is_defined(run: &Run, name: &str, at: u32) -> bool {
    let scopes = run.build.scopes();
    run.assigned(name, at).is_some()
        || matches!(scopes.lookup_run(run.stage.index, name, run.index), Lookup::Defined(_))
        || matches!(scopes.lookup_global(name), Lookup::Defined(_))
}

/// Whether a package of yum or dnf has a version, or a module has a stream.
fn is_rpm_pinned(run: &Run, call: &PackageCall, package: &Package) -> bool {
    if matches!(package.source, PackageSource::Path | PackageSource::Url) {
        return true;
    }
    let text = package
        .version
        .as_ref()
        .map_or(package.name.text.to_owned(), |version| format!("{}-{}", package.name.text, version.value.text));
    if call.verb_text == "module install" {
        return text.contains(':');
    }
    has_rpm_version(run, &text, package.span.start)
}

// Packages of a language that a command names without a version: a rule for each installer.

/// Packages of a command that have no version: the place of the command, and their names as written.
struct UnpinnedPackages {
    span: Span,
    names: Vec<String>,
}

/// Reports each command in which `find` sees packages without a version.
fn check_language(cx: &Context, out: &mut Findings, help: &str, find: fn(&Invocation) -> Option<UnpinnedPackages>) {
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
