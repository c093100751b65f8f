//! What /bin/sh of an image is.

use super::{Base, BaseImage, Build, Presence, Reference, Stage, is_suite};
use crate::data;

/// What /bin/sh of an image is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Sh {
    /// Of Debian and Ubuntu: POSIX and nothing else.
    Dash,
    /// Of Alpine and busybox: some of bash, also `-o pipefail`.
    Ash,
    /// Of Fedora, Red Hat, SUSE, Arch.
    Bash,
    /// Not known.
    Unknown,
}

impl Build<'_> {
    /// What /bin/sh is in a stage.
    pub fn system_shell(&self, stage: &Stage) -> Sh {
        let Base::Image(text) = self.root_base(stage) else { return Sh::Unknown };
        let reference = Reference::of(text);
        let (name, tag) = (reference.short_name(), reference.tag.unwrap_or_default());
        let words = || tag.split(['-', '.', '_']);
        let last = reference.last_name();
        if matches!(last, "alpine" | "busybox")
            || words().any(|word| word.starts_with("alpine"))
            || tag.contains("alpine")
        {
            return Sh::Ash;
        }
        if matches!(name, "debian" | "ubuntu")
            || words().any(|word| word == "slim" || is_suite(word))
            || tag.contains("ubuntu")
            || tag.contains("debian")
        {
            return Sh::Dash;
        }
        // `21-ubi9-minimal`, `17-oraclelinux8`.
        let is_bash =
            |word: &str| data::IMAGE_FAMILIES.has(word.trim_end_matches(|c: char| c.is_ascii_digit()), "bash");
        if data::IMAGE_FAMILIES.has(last, "bash")
            || words().any(is_bash)
            || is_openjdk_of_oracle(name, tag)
            || name.starts_with("redhat/")
            || name.contains("/ubi")
            || name.starts_with("opensuse/")
        {
            return Sh::Bash;
        }
        // Official images without a word on their system stand on Debian where they are known to have bash.
        match BaseImage::of(text).presence("bash") {
            Presence::Has => Sh::Dash,
            Presence::Lacks | Presence::Unknown => Sh::Unknown,
        }
    }
}

/// Whether it is an `openjdk` that names no system, on Oracle Linux since version 12.
fn is_openjdk_of_oracle(name: &str, tag: &str) -> bool {
    let version: String = tag.chars().take_while(char::is_ascii_digit).collect();
    name == "openjdk"
        && (tag.split('-').any(|word| word == "oracle")
            || version.parse().map_or(tag.is_empty() || tag == "latest", |major: u32| major >= 12))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::build::tests::input;
    use crate::inputs::BuildOptions;

    #[test]
    fn bases_tell() {
        for (base, expected) in [
            ("openjdk:25", Sh::Bash),
            ("openjdk:17-jdk", Sh::Bash),
            ("openjdk", Sh::Bash),
            ("openjdk:8-oracle", Sh::Bash),
            ("openjdk:11", Sh::Unknown),
            ("openjdk:17-slim", Sh::Dash),
            ("openjdk:17-jdk-bullseye", Sh::Dash),
            ("openjdk:17-alpine", Sh::Ash),
            ("openjdk:21-jdk-oraclelinux8", Sh::Bash),
            ("eclipse-temurin:21-ubi9-minimal", Sh::Bash),
            ("amazoncorretto:21", Sh::Bash),
            ("amazoncorretto:21-alpine", Sh::Ash),
            ("registry.access.redhat.com/ubi9/openjdk-21", Sh::Bash),
            ("fedora:41", Sh::Bash),
            ("oraclelinux:9", Sh::Bash),
            ("amazonlinux:2023", Sh::Bash),
            ("debian:12", Sh::Dash),
        ] {
            let input = input(&format!("FROM {base}\n"), BuildOptions::default());
            let build = Build::new(&input);
            assert_eq!(build.system_shell(build.target().unwrap()), expected, "{base}");
        }
    }
}
