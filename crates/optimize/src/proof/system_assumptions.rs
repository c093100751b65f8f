//! What programs need from the system: the version of the language, the C library, certificates, time zones, locales.

use super::difference::ImageDifference;
use super::explanation::Explanation;
use std::collections::BTreeSet;

use super::check::{Check, Observation};
use super::command::command;
use super::declared_config::DeclaredConfig;
use super::image_side::ImageSide;
use super::modules::is_run_by_node;
use crate::build::CERTIFICATES;
use crate::image::PathId;
use crate::manifest::FileKind;
use crate::shell::program::{Kind, Program};
use crate::text::path;

/// Interpreters whose version shows in a path: folder, and how the names begin.
const PYTHONS: [&str; 2] = ["/usr/local/bin", "/usr/bin"];

/// Compares what is there.
pub(super) fn check(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig) -> Check {
    let mut seen = Observation::default();
    versions(before, after, declared, &mut seen);
    libc(before, after, &mut seen);
    certificates(before, after, &mut seen);
    zones(before, after, declared, &mut seen);
    locales(before, after, declared, &mut seen);
    programs(before, after, declared, &mut seen);
    if seen.is_empty() {
        return Check::skipped("system", "the original's program needs nothing of it that is compared");
    }
    seen.check("system")
}

/// What runs a program: `python3.13`, `node 22`.
pub(super) fn runtimes(side: &ImageSide) -> BTreeSet<String> {
    let mut versions = BTreeSet::new();
    for name in ["python3", "python"] {
        versions.extend(side.program(name).and_then(|path| python(side, path)));
    }
    for folder in PYTHONS {
        let Some(folder) = side.find(folder) else { continue };
        if versions.is_empty() {
            versions.extend(side.tree.children(folder).filter_map(|path| python(side, path)));
        }
    }
    let variable = |name: &str, program: &str| {
        side.program(program)?;
        let version = side.variable(name)?;
        Some(format!("{program} {}", version.trim_start_matches('v').split('.').next()?))
    };
    versions.extend(variable("NODE_VERSION", "node"));
    versions.extend(variable("RUBY_VERSION", "ruby").or_else(|| variable("RUBY_MAJOR", "ruby")));
    versions.extend(variable("PHP_VERSION", "php"));
    versions
}

/// `python3.13` of `/usr/local/bin/python3.13`.
fn python(side: &ImageSide, path: PathId) -> Option<String> {
    let name = String::from_utf8_lossy(side.image.paths.name(path)).into_owned();
    let minor = name.strip_prefix("python3.")?;
    minor.bytes().all(|byte| byte.is_ascii_digit()).then_some(name)
}

fn versions(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig, seen: &mut Observation) {
    let (old, new) = (runtimes(before), runtimes(after));
    let starts =
        |name: &str| name.split([' ', '.']).next().unwrap_or_default().trim_end_matches(char::is_numeric).to_owned();
    // A full base has a Python of its distribution beside what the image is for.
    let used = used(before, declared);
    for runtime in &old {
        let kind = starts(runtime);
        let now: Vec<&String> = new.iter().filter(|other| starts(other) == kind).collect();
        if now.is_empty() {
            if used.contains(&kind) {
                seen.judge(
                    declared.replaces_server.then_some(Explanation::OtherServerRuntime),
                    &ImageDifference::RuntimeMissing { runtime: runtime.clone() },
                );
            }
        } else if !now.contains(&runtime) {
            let now: Vec<&str> = now.into_iter().map(String::as_str).collect();
            if used.contains(&kind) {
                seen.fail(ImageDifference::Runtime { after: now.join(", "), before: runtime.clone() });
            }
        } else if used.contains(&kind) {
            seen.explain(ImageDifference::SameRuntime { runtime: runtime.clone() });
        }
    }
}

/// The kinds of run times that the container's program needs.
fn used(side: &ImageSide, declared: &DeclaredConfig) -> BTreeSet<String> {
    use crate::manifest::Ecosystem::{Node, Php, Python, Ruby};
    let pairs = [(Python, "python"), (Node, "node"), (Ruby, "ruby"), (Php, "php")];
    let mut used: BTreeSet<String> = pairs
        .iter()
        .filter(|(language, _)| declared.speaks(&[*language]))
        .map(|(_, name)| (*name).to_owned())
        .collect();
    let words = command(side.config(), &declared.scripts);
    let text = words.join(" ");
    for (_, name) in pairs {
        if text.split(|c: char| !c.is_alphanumeric()).any(|word| word.trim_end_matches(char::is_numeric) == name) {
            used.insert(name.to_owned());
        }
    }
    // Without a project that tells, the base's language counts.
    if used.is_empty() {
        for (_, name) in pairs {
            if side.variable(&format!("{}_VERSION", name.to_uppercase())).is_some() {
                used.insert(name.to_owned());
            }
        }
    }
    used
}

/// Whether the container's program is of this run time.
pub(super) fn starts(side: &ImageSide, declared: &DeclaredConfig, name: &str) -> bool {
    let words = command(side.config(), &declared.scripts);
    let kind = name.trim_end_matches(char::is_numeric);
    let first = words.first().map(|word| path::name(word).trim_end_matches(|c: char| c.is_numeric() || c == '.'));
    let is_kind = first == Some(kind) || kind == "node" && first.is_some_and(is_run_by_node);
    // A shell's text or a script may start anything.
    is_kind
        || first.is_some_and(|first| first == "sh" || FileKind::of(first).is_shell())
            && used(side, declared).contains(kind)
}

fn libc(before: &ImageSide, after: &ImageSide, seen: &mut Observation) {
    let kind = |side: &ImageSide| {
        let folders = ["/lib", "/lib64", "/usr/lib"].into_iter().filter_map(|folder| side.find(folder));
        let names: BTreeSet<Vec<u8>> = folders
            .flat_map(|folder| side.tree.children(folder))
            .map(|path| side.image.paths.name(path).to_vec())
            .collect();
        let any_starts_with = |start: &[u8]| names.iter().any(|name| name.starts_with(start));
        match (any_starts_with(b"ld-musl-"), any_starts_with(b"ld-linux")) {
            (true, false) => Some("musl"),
            (false, true) => Some("glibc"),
            _ => None,
        }
    };
    if let (Some(old), Some(new)) = (kind(before), kind(after))
        && old != new
    {
        seen.fail(ImageDifference::CLibrary { after: new.to_string(), before: old.to_string() });
    }
}

/// Whether nothing but node, which brings its own, runs.
fn brings_its_own(side: &ImageSide, declared: &DeclaredConfig) -> bool {
    let used = used(side, declared);
    used.len() == 1 && used.contains("node")
}

fn certificates(before: &ImageSide, after: &ImageSide, seen: &mut Observation) {
    let path = CERTIFICATES;
    let holds =
        |side: &ImageSide| side.find(path).and_then(|path| side.entry_at(path)).is_some_and(|entry| entry.size > 0);
    if holds(before) && !holds(after) {
        let is_node = after.variable("NODE_EXTRA_CA_CERTS").is_none() && after.program("node").is_some();
        let python = after.program("python3").is_some();
        let why = match () {
            () if is_node && !python => Some(Explanation::NodeCertificates),
            () if after.program("nginx").is_some() => Some(Explanation::NginxCertificates),
            () => None,
        };
        seen.judge(why, &ImageDifference::CertificatesMissing { path: path.to_string() });
    }
}

fn zones(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig, seen: &mut Observation) {
    let path = "/usr/share/zoneinfo";
    let count = |side: &ImageSide| side.find(path).map_or(0, |folder| side.below(folder).len());
    // Minimal ones have UTC alone.
    if count(before) > 10 && count(after) <= 10 {
        let module = |side: &ImageSide| {
            side.packages.packages.iter().any(|package| &*package.name == "tzdata" && !package.ecosystem.is_system())
        };
        let why = match () {
            () if module(after) => Some(Explanation::TzdataPackage),
            () if brings_its_own(before, declared) => Some(Explanation::NodeContainsIt),
            () if declared.replaces_server => Some(Explanation::ServesFiles),
            () if declared.stands_alone => Some(Explanation::NoTimeZones),
            () => None,
        };
        seen.judge(why, &ImageDifference::TimeZonesMissing { path: path.to_string() });
    }
}

fn locales(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig, seen: &mut Observation) {
    let wanted = ["LC_ALL", "LANG"].iter().find_map(|name| after.variable(name).or_else(|| before.variable(name)));
    let wanted = wanted.unwrap_or_default();
    let plain = matches!(wanted.split('.').next().unwrap_or_default(), "" | "C" | "POSIX");
    let archive = |side: &ImageSide| side.find("/usr/lib/locale/locale-archive").is_some();
    let name = wanted.replace("UTF-8", "utf8");
    let has_locale = |side: &ImageSide| {
        archive(side) || [wanted, &name].iter().any(|name| side.find(&format!("/usr/lib/locale/{name}")).is_some())
    };
    if !plain && has_locale(before) && !has_locale(after) {
        seen.fail(ImageDifference::LocaleMissing { locale: wanted.to_string() });
    }
    let universal = |side: &ImageSide| {
        ["C.utf8", "C.UTF-8"].iter().any(|name| side.find(&format!("/usr/lib/locale/{name}")).is_some())
    };
    if plain && wanted.contains("UTF") && universal(before) && !universal(after) {
        let why = brings_its_own(before, declared).then_some(Explanation::NodeContainsIt);
        seen.judge(why, &ImageDifference::LocaleMissing { locale: wanted.to_string() });
    }
}

/// Programs that start those of packages: `npx vite`.
const STARTERS: [&str; 5] = ["bunx", "npm", "npx", "pnpm", "yarn"];

/// The program that containers start, and that of the healthcheck.
fn programs(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig, seen: &mut Observation) {
    let words = |side: &ImageSide| {
        let config = side.config();
        let mut all: Vec<String> = config.entrypoint.iter().flatten().take(1).cloned().collect();
        let first = command(config, &declared.scripts).into_iter().next();
        // A program that is started by its path needs no PATH.
        let full = |name: String| {
            let ends = |word: &&String| word.strip_suffix(&name).is_some_and(|folder| folder.ends_with('/'));
            config.entrypoint.iter().chain(&config.cmd).flatten().find(ends).cloned().unwrap_or(name)
        };
        all.extend(first.map(full));
        if all.is_empty() {
            all.extend(config.cmd.iter().flatten().take(1).cloned());
        }
        match config.healthcheck.as_deref() {
            Some([kind, program, ..]) if kind == "CMD" => all.push(program.clone()),
            Some([kind, text, ..]) if kind == "CMD-SHELL" => {
                let script = crate::shell::parse(text);
                let names = script
                    .invocations()
                    .into_iter()
                    .filter_map(|invocation| invocation.path.value().map(str::to_owned))
                    .collect::<Vec<_>>();
                all.extend(names);
            }
            _ => {}
        }
        all
    };
    for name in words(after).iter().filter(|name| !Program::of(name).is(Kind::Builtin)) {
        let simple = !name.contains(['$', '`', '\'', '"', ' ']) && !name.is_empty();
        // What starts a script of package.json puts this folder into PATH.
        let of_package = format!("node_modules/.bin/{name}");
        let has = |side: &ImageSide| {
            let config = side.config();
            let mut written = config.entrypoint.iter().chain(&config.cmd).chain(&config.healthcheck).flatten();
            let runs_packages = written.clone().any(|word| word.split(' ').any(|part| STARTERS.contains(&part)));
            let is_of_package = !name.contains('/') && (runs_packages || !written.any(|word| word.contains(name)));
            side.program(name).is_some() || is_of_package && side.program(&of_package).is_some()
        };
        if simple && !has(after) {
            let too = !has(before) && words(before).contains(name);
            seen.judge(
                too.then_some(Explanation::OriginalLacksIt),
                &ImageDifference::ProgramMissing { name: name.clone() },
            );
        }
    }
}
