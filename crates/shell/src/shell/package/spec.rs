//! Package specifications: name, version and where the package comes from, in each manager's own notation.

use super::call::{Package, PackageCall, PackageSource, Version};
use super::{Manager, Verb};
use crate::shell::Word;
use crate::shell::argument::ArgumentValue;

pub(super) fn package(manager: Manager, word: &Word) -> Package<'_> {
    use Manager as M;
    let text = word.text();
    let whole = |source| Package {
        name: ArgumentValue::of(word, 0, text.len()),
        version: None,
        source,
        absent: false,
        span: word.span,
    };
    let named = text.split_once('@').is_some_and(|(name, _)| !name.contains([':', '/']) && !name.is_empty());
    if text.contains("://") && !named && !text.contains("::") || text.starts_with("git@") {
        return whole(PackageSource::Url);
    }
    if is_path(manager, text) {
        return whole(PackageSource::Path);
    }
    match manager {
        M::Apt => apt(word),
        M::Apk => apk(word),
        M::Dnf | M::Yum | M::Microdnf => rpm(word),
        M::Pip | M::Uv | M::Pipenv | M::Pdm | M::Poetry => python(word),
        M::Npm | M::Yarn | M::Pnpm | M::Bun => node(word),
        M::Conda => conda(word),
        M::Gem | M::Composer => divided(word, &[":", "=", " "]),
        M::Dotnet => divided(word, &["::", "@"]),
        M::Zypper | M::Pacman => divided(word, OPERATORS),
        M::Go | M::Cargo | M::Corepack | M::Bundle | M::Maven | M::Gradle => divided(word, &["@"]),
    }
}

/// Longest first.
const OPERATORS: &[&str] = &["===", "==", "~=", "!=", "<=", ">=", "=~", "><", "=", "<", ">", "~"];

fn is_path(manager: Manager, text: &str) -> bool {
    use Manager as M;
    let relative = matches!(text, "." | ".." | "~") || ["./", "../", "~/"].iter().any(|start| text.starts_with(start));
    let file = |endings: &[&str]| endings.iter().any(|ending| text.ends_with(ending));
    let slash = text.contains('/') && !text.starts_with('$');
    let archive = match manager {
        M::Apt => text.starts_with('/') || file(&[".deb", ".dsc", ".changes"]),
        M::Apk => text.starts_with('/') || file(&[".apk"]),
        M::Dnf | M::Yum | M::Microdnf | M::Zypper => file(&[".rpm"]),
        M::Pip | M::Uv | M::Pipenv | M::Pdm | M::Poetry => {
            let direct = text.contains('@') || text.contains("://");
            let archive = file(&[".whl", ".zip", ".tar", ".tgz"]) || text.contains(".tar.");
            !direct && (archive || slash) || text.starts_with(".[")
        }
        M::Npm | M::Yarn | M::Pnpm | M::Bun => {
            text.starts_with("file:")
                || text.starts_with("link:")
                || text.starts_with('/')
                || file(&[".tgz", ".tar.gz", ".tar"])
        }
        M::Conda => file(&[".tar.bz2", ".conda"]),
        M::Gem => file(&[".gem"]),
        M::Go => text.starts_with('/'),
        _ => false,
    };
    relative || archive
}

/// First place of one of `marks` outside expansions, and the mark.
fn find<'m>(word: &Word, from: usize, marks: &[&'m str]) -> Option<(usize, &'m str)> {
    let text = word.text();
    let mut at = from;
    while at < text.len() {
        // No mark begins so, and an expansion is stepped over at its first other byte.
        if text.as_bytes()[at].is_ascii_alphanumeric() {
            at += 1;
            continue;
        }
        // Steps over an expansion as a whole: what is inside it divides nothing.
        if let Some(expansion) = word.expansion_after(at).filter(|expansion| expansion.within.start as usize <= at) {
            at = expansion.within.end as usize;
            continue;
        }
        if let Some(mark) = marks.iter().find(|mark| text.as_bytes()[at..].starts_with(mark.as_bytes())) {
            return Some((at, mark));
        }
        at += 1;
    }
    None
}

/// A name up to `name_end`, and the version after `operator` at `at`, if any.
fn built(word: &Word, name: (usize, usize), version: Option<(usize, usize, usize)>) -> Package<'_> {
    let version = version.map(|(operator, start, end)| Version {
        operator: word.text()[operator..start].trim(),
        value: trimmed(word, start, end),
    });
    let name = trimmed(word, name.0, name.1);
    Package { name, version, source: PackageSource::Index, absent: false, span: word.span }
}

fn trimmed(word: &Word, start: usize, end: usize) -> ArgumentValue<'_> {
    let text = &word.text()[start..end];
    let start = start + (text.len() - text.trim_start().len());
    ArgumentValue::of(word, start, start + text.trim().len())
}

/// `name OPERATOR version`
fn divided<'s>(word: &'s Word, marks: &[&str]) -> Package<'s> {
    let len = word.text().len();
    match find(word, 1.min(len), marks) {
        Some((at, mark)) => built(word, (0, at), Some((at, at + mark.len(), len))),
        None => built(word, (0, len), None),
    }
}

/// `name[:arch][=version | /release]`, `name-`
fn apt(word: &Word) -> Package<'_> {
    let text = word.text();
    let version = find(word, 0, &["=", "/"]);
    let end = version.map_or(text.len(), |(at, _)| at);
    let name_end = find(word, 0, &[":"]).map_or(end, |(at, _)| at.min(end));
    let mut package = built(word, (0, name_end), version.map(|(at, _)| (at, at + 1, text.len())));
    if version.is_none() && text.ends_with('-') && !word.is_dynamic() && text.len() > 1 {
        package.name = ArgumentValue::of(word, 0, text.len() - 1);
        package.absent = true;
    }
    package
}

/// `name=1`, `name~1`, `name<2`, `name@tag`, `!name`
fn apk(word: &Word) -> Package<'_> {
    let text = word.text();
    let start = usize::from(text.starts_with('!'));
    let mut package = match find(word, start, OPERATORS) {
        Some((at, mark)) => built(word, (start, at), Some((at, at + mark.len(), text.len()))),
        None => built(word, (start, find(word, start, &["@"]).map_or(text.len(), |(at, _)| at)), None),
    };
    package.absent = start == 1;
    package
}

/// `name[-version[-release]][.arch]`, `@group`
fn rpm(word: &Word) -> Package<'_> {
    let text = word.text();
    if text.starts_with('@') {
        let mut group = built(word, (0, text.len()), None);
        group.source = PackageSource::Group;
        return group;
    }
    let mut from = 0;
    while let Some((at, _)) = find(word, from, &["-"]) {
        if is_rpm_version(word, at + 1) {
            return built(word, (0, at), Some((at, at + 1, text.len())));
        }
        from = at + 1;
    }
    divided(word, OPERATORS)
}

/// Whether a version starts here: `1.2`, `1.2-3.el9`, `1:1.2`, `$VERSION`; not the `11` of `java-11-openjdk`.
fn is_rpm_version(word: &Word, from: usize) -> bool {
    let rest = &word.text()[from..];
    if word.is_dynamic_within(from, from + 1) {
        return true;
    }
    let mut parts = rest.split('-');
    let first = parts.next().unwrap_or_default();
    let release = parts.next();
    let digit = |part: &str| part.starts_with(|first: char| first.is_ascii_digit());
    let dotted = first.contains('.') && !first.ends_with(".x86_64") && !first.ends_with(".noarch");
    let released = release.is_some_and(|part| digit(part) || part.starts_with(['*', '$']));
    digit(first) && (dotted || released) && release.is_none_or(|_| released) && parts.next().is_none()
}

/// `name[extras] OPERATOR version ; marker` and `name @ url` (PEP 508)
fn python(word: &Word) -> Package<'_> {
    let text = word.text();
    if text.starts_with("git+") {
        let mut package = built(word, (0, text.len()), None);
        package.source = PackageSource::Url;
        return package;
    }
    let end = find(word, 0, &[";"]).map_or(text.len(), |(at, _)| at);
    let operator = find(word, 0, OPERATORS).filter(|(at, _)| *at < end);
    let at_sign = find(word, 0, &["@"]).filter(|(at, _)| *at < end && operator.is_none_or(|(first, _)| *at < first));
    let version = at_sign.or(operator);
    let name_end = version.map_or(end, |(at, _)| at);
    let name_end = find(word, 0, &["["]).map_or(name_end, |(at, _)| at.min(name_end));
    let mut package = built(word, (0, name_end), version.map(|(at, mark)| (at, at + mark.len(), end)));
    if at_sign.is_some() && text.contains("://") {
        package.source = PackageSource::Url;
    }
    package
}

/// `[@scope/]name[@version]`, `user/repository`, `github:…`
fn node(word: &Word) -> Package<'_> {
    let text = word.text();
    let scoped = text.starts_with('@');
    let at = find(word, usize::from(scoped), &["@"]);
    let mut package = built(word, (0, at.map_or(text.len(), |(at, _)| at)), at.map(|(at, _)| (at, at + 1, text.len())));
    let repository = !scoped && !package.name.dynamic && package.name.text.contains('/');
    if repository || text.starts_with("git") && text.contains(':') {
        package.name = ArgumentValue::of(word, 0, text.len());
        package.version = None;
        package.source = PackageSource::Url;
    }
    package
}

/// `[channel::]name[=version[=build]]`, `name 1.2`
fn conda(word: &Word) -> Package<'_> {
    let len = word.text().len();
    let start = find(word, 0, &["::"]).map_or(0, |(at, _)| at + 2);
    let marks = [OPERATORS, &[" "]].concat();
    match find(word, start, &marks) {
        Some((at, mark)) => built(word, (start, at), Some((at, at + mark.len(), len))),
        None => built(word, (start, len), None),
    }
}

/// `gem install x -v 1`, `cargo install x --version 1`: the option holds for every package without its own version.
pub(super) fn apply_version_flag(call: &mut PackageCall<'_>) {
    let names: &[&str] = match call.manager {
        Manager::Gem => &["-v", "--version"],
        Manager::Cargo => &["--version", "--vers"],
        Manager::Dotnet => &["--version"],
        _ => &[],
    };
    if call.verb == Verb::Install
        && let Some(value) = call.flag(names).and_then(|flag| flag.value)
    {
        let operator = if call.has(&["-v"]) { "-v" } else { "--version" };
        for package in &mut call.packages {
            package.version.get_or_insert(Version { operator, value });
        }
    }
}
