//! Which image runs programs that a toolchain's image built (`data/java_images.tsv`, `data/java_runtimes.tsv`,
//! `data/image_suites.tsv`).

use super::toolchain::Language;
use super::{Libc, Reference, SlimImage, libc, releases, stands_on};
use crate::data;

/// The path of the public CA certificates that programs try first.
pub const CERTIFICATES: &str = "/etc/ssl/certs/ca-certificates.crt";

/// The image that runs a program which the toolchain of an image built; `web`: for .NET, a server.
pub fn runtime_image(image: &str, language: Language, web: bool) -> Option<String> {
    let reference = Reference::of(image);
    if reference.digest.is_some() {
        return None;
    }
    match language {
        Language::Go | Language::Rust | Language::C => distribution(image),
        Language::Java => {
            java(&reference).or_else(|| Some(format!("{}:{}", reference.name, SlimImage::of(image)?.tag)))
        }
        Language::DotNet => {
            let tag = reference.tag.filter(|tag| tag.starts_with(|c: char| c.is_ascii_digit()))?;
            let aot = tag.split('-').any(|word| word == "aot");
            let kind = if web { "aspnet" } else { "runtime" };
            if aot {
                return None;
            }
            let root = reference.name.strip_suffix("/sdk")?;
            // `8.0.100` is a version of the SDK; the runtimes have other versions.
            let (version, rest) = tag.split_once('-').map_or((tag, String::new()), |(v, rest)| (v, format!("-{rest}")));
            let short = version.split('.').take(2).collect::<Vec<_>>().join(".");
            Some(format!("{root}/{kind}:{short}{rest}"))
        }
    }
}

/// The small image of the same release of Debian or Alpine that the toolchain's image is based on.
fn distribution(image: &str) -> Option<String> {
    let reference = Reference::of(image);
    if let Some(alpine) = releases(image).into_iter().find(|release| release.product == "alpine") {
        return Some(format!("alpine:{}", alpine.version));
    }
    let musl = libc(image) == Some(Libc::Musl) && matches!(reference.short_name(), "golang" | "rust");
    // A later release runs programs that were linked with an earlier C library.
    if let Some(suite) = stands_on(image).or_else(|| if musl { stands_on("golang:1-alpine") } else { None }) {
        return Some(match suite.strip_prefix("alpine") {
            Some(version) => format!("alpine:{version}"),
            None => format!("debian:{suite}-slim"),
        });
    }
    match libc(image)? {
        Libc::Glibc(Some(release)) if !release.name.is_empty() => Some(format!("debian:{}-slim", release.name)),
        // The newest release of Debian: images that name none are based on it.
        Libc::Glibc(None) if matches!(reference.short_name(), "golang" | "rust") => {
            stands_on("golang:1").map(|release| format!("debian:{release}-slim"))
        }
        _ => None,
    }
}

fn java(reference: &Reference) -> Option<String> {
    let tag = reference.tag.unwrap_or("latest");
    let mut images = data::JAVA_IMAGES.rows();
    let version = images.find_map(|cells| match cells {
        &[image, tags, java, ..] if image == reference.short_name() => {
            tags.split(' ').any(|name| name == tag).then_some(java)
        }
        _ => None,
    });
    if let Some(version) = version {
        return Some(format!("eclipse-temurin:{version}-jre"));
    }
    data::JAVA_RUNTIMES.rows().find_map(|cells| {
        let &[image, before, runtime, form, rest, dropped, ..] = cells else { return None };
        if image != reference.short_name() {
            return None;
        }
        let from = match before {
            "-" => tag,
            before => tag.find(before).map(|at| &tag[at + before.len()..])?,
        };
        let mut words = from.split('-');
        let first = words.next()?;
        let version = first.split(['.', 'u', '_']).next()?;
        let long = ["8", "11", "17", "21", "25"].contains(&version);
        let headless = form == "headless" && version != "8";
        if !long || (form == "headless" && !headless) {
            return None;
        }
        let mut kept_words = Vec::new();
        for word in words {
            if data::words(rest).any(|known| known == word) {
                kept_words.push(word);
            } else if !data::words(dropped).any(|known| known == word) {
                return None;
            }
        }
        let mut words = vec![version];
        if form == "headless" {
            words.extend(kept_words.iter().copied());
        }
        words.push(form);
        if form == "jre" {
            words.extend(kept_words.iter().copied());
        }
        Some(format!("{runtime}:{}", words.join("-")))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runtimes_follow_their_publishers() {
        use Language::{DotNet, Go, Java, Rust};
        for (image, language, expected) in [
            ("golang:1.24-bookworm", Go, "debian:bookworm-slim"),
            ("golang:1.24", Go, "debian:trixie-slim"),
            ("golang:1.22", Go, "debian:bookworm-slim"),
            ("golang:1.18", Go, "debian:bullseye-slim"),
            ("golang:1.23.4", Go, "debian:bookworm-slim"),
            ("golang", Go, "debian:trixie-slim"),
            ("golang:latest", Go, "debian:trixie-slim"),
            ("golang:1.22-alpine", Go, "alpine:3.21"),
            ("golang:1.22-alpine3.19", Go, "alpine:3.19"),
            ("golang@sha256:0000", Go, ""),
            ("rust:1.95-slim-bookworm", Rust, "debian:bookworm-slim"),
            ("rust:1.75", Rust, "debian:bookworm-slim"),
            ("maven:3.9-eclipse-temurin-21", Java, "eclipse-temurin:21-jre"),
            ("maven:3-eclipse-temurin-17-alpine", Java, "eclipse-temurin:17-jre-alpine"),
            ("maven:3.8.5-openjdk-17", Java, "eclipse-temurin:17-jre"),
            ("maven:3.8-openjdk-18", Java, ""),
            ("maven:3.9-amazoncorretto-21", Java, "amazoncorretto:21-headless"),
            ("maven:3.9.6", Java, "eclipse-temurin:21-jre"),
            ("maven:3.0.1", Java, ""),
            ("golang:alpine", Go, "alpine:3.24"),
            ("gradle:8.7.0-jdk17", Java, "eclipse-temurin:17-jre"),
            ("gradle:8-jdk21-alpine", Java, "eclipse-temurin:21-jre-alpine"),
            ("openjdk:17-jdk-slim", Java, "eclipse-temurin:17-jre"),
            ("openjdk:8-jdk-alpine", Java, "eclipse-temurin:8-jre-alpine"),
            ("openjdk:17.0.1-jdk-slim", Java, "eclipse-temurin:17-jre"),
            ("eclipse-temurin:21-jdk-noble", Java, "eclipse-temurin:21-jre-noble"),
            ("mcr.microsoft.com/dotnet/sdk:8.0", DotNet, "mcr.microsoft.com/dotnet/aspnet:8.0"),
            ("mcr.microsoft.com/dotnet/sdk:8.0-alpine", DotNet, "mcr.microsoft.com/dotnet/aspnet:8.0-alpine"),
            ("mcr.microsoft.com/dotnet/sdk:8.0.100", DotNet, "mcr.microsoft.com/dotnet/aspnet:8.0"),
        ] {
            assert_eq!(runtime_image(image, language, true).unwrap_or_default(), expected, "{image}");
        }
    }
}
