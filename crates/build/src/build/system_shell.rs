//! Which shell /bin/sh of a stage or an image is.

use super::{BaseImage, Build, Presence, Reference, Sh, Stage, StageBase, is_suite};
use crate::data;

impl Build<'_> {
    /// Which shell /bin/sh is in a stage.
    pub fn system_shell(&self, stage: &Stage) -> Sh {
        self.system_shells.get_or_init(|| self.all_system_shells()).get(stage.index).copied().unwrap_or(Sh::Unknown)
    }

    /// Which shell it is in each stage; a stage has that of the one that it is based on, which stands before it.
    fn all_system_shells(&self) -> Vec<Sh> {
        let mut shells: Vec<Sh> = Vec::new();
        for stage in self.stages() {
            let text = self.input().file.source().slice(stage.base_span);
            shells.push(match &stage.base {
                // `FROM ${BASE}-build`: another argument may mean another system.
                StageBase::Stage(_) if text.contains('$') => Sh::Unknown,
                StageBase::Stage(base) => shells.get(*base).copied().unwrap_or(Sh::Unknown),
                StageBase::Image(text) => Sh::of_image(text),
                _ => Sh::Unknown,
            });
        }
        shells
    }
}

impl Sh {
    /// Which shell it is in an image, by its name.
    fn of_image(text: &str) -> Self {
        let reference = Reference::of(text);
        let (name, tag) = (reference.short_name(), reference.tag.unwrap_or_default());
        let words = || tag.split(['-', '.', '_']);
        let last = reference.last_name();
        if matches!(last, "alpine" | "busybox")
            || words().any(|word| word.starts_with("alpine"))
            || tag.contains("alpine")
        {
            return Self::Ash;
        }
        if matches!(name, "debian" | "ubuntu")
            || words().any(|word| word == "slim" || is_suite(word))
            || tag.contains("ubuntu")
            || tag.contains("debian")
        {
            return Self::Dash;
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
            return Self::Bash;
        }
        // Official images that do not name their system are based on Debian if they are known to have bash.
        match BaseImage::of(text).presence("bash") {
            Presence::Has => Self::Dash,
            Presence::Lacks | Presence::Unknown => Self::Unknown,
        }
    }
}

/// Whether it is an `openjdk` image that names no system: on Oracle Linux since version 12.
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
