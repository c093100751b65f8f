//! Which of the system packages that a build installs the program needs at run time.

use crate::build::toolchain::is_build_package;
use crate::build::{Build, Libc, Stage, StageBase, libc, stands_on};
use crate::data;
use crate::shell::{Manager, PackageCall, PackageSource};

/// The packages that replace installed ones at run time: none for build tools, libraries for their headers.
pub(super) fn runtime_packages(
    build: &Build,
    stage: &Stage,
    call: &PackageCall,
    wanted: IsProgramCalled,
) -> Vec<String> {
    let suite = match build.root_base(stage) {
        StageBase::Image(image) if call.manager == Manager::Apt => suite(image),
        _ => None,
    };
    let mut packages: Vec<String> = Vec::new();
    for package in &call.packages {
        let name = package.name.text;
        if package.absent || package.name.dynamic || package.source != PackageSource::Index {
            packages.push(name.to_owned());
        } else if let Some(run) = java(name) {
            packages.push(run);
        } else if is_source(name) || is_java_library(name) && !wanted(JAVA_FOLDER) {
            // The archive holds what it needs.
        } else if let Some(libraries) = libraries(name, suite) {
            packages.extend(libraries.iter().map(|library| (*library).to_owned()));
        } else if call.manager == Manager::Apt && suite.is_none() && is_library(name) {
            // What stands behind the headers is not known for this release.
            packages.push(name.to_owned());
        } else if !is_build_package(name) && (!data::SYSTEM_PACKAGES.has(name, "build-time") || wanted(program(name))) {
            packages.push(name.to_owned());
        }
    }
    let mut seen = std::collections::BTreeSet::new();
    packages.retain(|name| seen.insert(name.clone()));
    packages
}

/// Whether a package brings headers of a library, and not those of the C library or the kernel.
fn is_library(name: &str) -> bool {
    name.starts_with("lib") && name.ends_with("-dev") && !matches!(name, "libc6-dev" | "libc-dev")
}

/// Where Debian's Java libraries lie.
pub(super) const JAVA_FOLDER: &str = "/usr/share/java";

fn is_java_library(name: &str) -> bool {
    name.starts_with("lib") && name.ends_with("-java")
}

/// The program that people call a package's by.
fn program(package: &str) -> &str {
    match package {
        "xz-utils" => "xz",
        "gnupg" => "gpg",
        "protobuf-compiler" => "protoc",
        other => other,
    }
}

/// The install command with other packages.
pub(super) fn command(text: &str, kept_names: &[String]) -> String {
    let script = crate::shell::parse(text);
    let invocations = script.invocations();
    let Some((invocation, call)) =
        invocations.first().and_then(|invocation| Some((invocation, invocation.package_call()?)))
    else {
        return text.to_owned();
    };
    let mut out =
        text[..invocation.args.first().map_or(text.len(), |word| word.span.start as usize)].trim_end().to_owned();
    let packages: Vec<u32> = call.packages.iter().map(|package| package.span.start).collect();
    let value = |word: &crate::shell::Word| {
        // The name of apk's group of packages stands where a package does not.
        packages.contains(&word.span.start)
    };
    for word in invocation.args.iter().filter(|word| !value(word)) {
        out.push(' ');
        out.push_str(&text[word.span.start as usize..word.span.end as usize]);
    }
    for name in kept_names {
        out.push(' ');
        out.push_str(name);
    }
    out
}

/// The libraries that programs linked with the headers of a package load, in a release of Debian
/// (`data/library_packages.tsv`).
pub(super) fn libraries(name: &str, suite: Option<&str>) -> Option<Vec<&'static str>> {
    let column = if suite? == "bookworm" { 1 } else { 2 };
    let cells = data::LIBRARY_PACKAGES.row(name)?;
    Some(data::words(cells.get(column)?).collect())
}

/// The release of Debian that an image stands on, where the table of libraries knows it.
pub(super) fn suite(image: &str) -> Option<&'static str> {
    let name = match libc(image)? {
        Libc::Glibc(Some(release)) => release.name,
        Libc::Glibc(None) => stands_on(image)?,
        _ => return None,
    };
    matches!(name, "bookworm" | "trixie").then_some(name)
}

/// The runtime of a Java development kit of Debian, Ubuntu or Alpine.
fn java(name: &str) -> Option<String> {
    if matches!(name, "default-jdk" | "default-jdk-headless") {
        return Some("default-jre-headless".into());
    }
    let rest = name.strip_prefix("openjdk")?;
    let (dash, version) = match rest.strip_prefix('-') {
        Some(rest) => ("-", rest.strip_suffix("-jdk-headless").or_else(|| rest.strip_suffix("-jdk"))?),
        None => ("", rest.strip_suffix("-jdk").unwrap_or(rest)),
    };
    let is_number = !version.is_empty() && version.bytes().all(|byte| byte.is_ascii_digit());
    is_number.then(|| format!("openjdk{dash}{version}-jre-headless"))
}

/// Debian's packages of sources of Go and Rust, which programs are compiled from, and of Maven's plugins.
fn is_source(name: &str) -> bool {
    name.starts_with("golang")
        || name.starts_with("maven-")
        || (name.starts_with("lib") && name.ends_with("-plugin-java"))
        || (name.starts_with("librust-") && name.ends_with("-dev"))
}

/// Whether the container calls a program of the system.
pub(super) type IsProgramCalled<'w> = &'w dyn Fn(&str) -> bool;
