//! Platforms as people write them: `linux/arm/v7`.

use std::fmt;
use std::str::FromStr;

use crate::image::config::Platform;

/// A text that is no platform.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotAPlatform;

impl FromStr for Platform {
    type Err = NotAPlatform;

    /// `OS/ARCHITECTURE[/VARIANT]`, or an architecture alone (of Linux), with the aliases that docker takes.
    fn from_str(text: &str) -> Result<Self, NotAPlatform> {
        let parts: Vec<&str> = text.split('/').collect();
        let plain = |part: &&str| {
            !part.is_empty() && part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'))
        };
        if !parts.iter().all(plain) {
            return Err(NotAPlatform);
        }
        let (os, architecture, variant) = match parts[..] {
            [architecture] if is_known_architecture(architecture) => ("linux", architecture, ""),
            [os, architecture] => (os, architecture, ""),
            [os, architecture, variant] => (os, architecture, variant),
            _ => return Err(NotAPlatform),
        };
        let platform = Self {
            os: os.to_lowercase(),
            architecture: architecture.to_lowercase(),
            variant: variant.to_lowercase(),
            os_version: String::new(),
        };
        Ok(platform.canonical())
    }
}

impl fmt::Display for Platform {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        let or = |text: &str| if text.is_empty() { "unknown".to_owned() } else { text.to_owned() };
        write!(formatter, "{}/{}", or(&self.os), or(&self.architecture))?;
        if !self.variant.is_empty() {
            write!(formatter, "/{}", self.variant)?;
        }
        if !self.os_version.is_empty() {
            write!(formatter, " ({})", self.os_version)?;
        }
        Ok(())
    }
}

fn is_known_architecture(architecture: &str) -> bool {
    let names = ["amd64", "arm64", "arm", "386", "ppc64le", "s390x", "riscv64", "loong64", "mips64le", "x86_64"];
    names.contains(&architecture) || ["aarch64", "x86-64", "i386", "i686", "armhf", "armel"].contains(&architecture)
}

impl Platform {
    /// With the names that Go uses, and without variants that are the usual ones (`arm64/v8`, `amd64/v1`), as containerd
    /// normalises them.
    #[must_use]
    pub fn canonical(&self) -> Self {
        let (architecture, variant) = match (self.architecture.as_str(), self.variant.as_str()) {
            ("x86_64" | "x86-64" | "amd64", "v1" | "") => ("amd64", ""),
            ("x86_64" | "x86-64", variant) => ("amd64", variant),
            ("aarch64" | "arm64", "8" | "v8" | "") => ("arm64", ""),
            ("aarch64", variant) => ("arm64", variant),
            ("i386" | "i686", _) => ("386", ""),
            ("armhf", _) | ("arm", "" | "7") => ("arm", "v7"),
            ("armel", _) | ("arm", "6") => ("arm", "v6"),
            ("arm", "5") => ("arm", "v5"),
            (architecture, variant) => (architecture, variant),
        };
        Self {
            os: if self.os == "macos" { "darwin".to_owned() } else { self.os.clone() },
            architecture: architecture.to_owned(),
            variant: variant.to_owned(),
            os_version: self.os_version.clone(),
        }
    }

    /// Whether nothing is said.
    pub fn is_unknown(&self) -> bool {
        let is_unknown = |text: &str| text.is_empty() || text == "unknown";
        is_unknown(&self.os) && is_unknown(&self.architecture)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn platforms_are_read_as_docker_reads_them() {
        let check = |text: &str, expected: &str| {
            assert_eq!(text.parse::<Platform>().map(|platform| platform.to_string()), Ok(expected.to_owned()));
        };
        check("linux/amd64", "linux/amd64");
        check("linux/arm/v6", "linux/arm/v6");
        check("linux/arm", "linux/arm/v7");
        check("Linux/x86_64", "linux/amd64");
        check("linux/arm64/v8", "linux/arm64");
        check("aarch64", "linux/arm64");
        check("linux/amd64/v3", "linux/amd64/v3");
        for wrong in ["", "/", "linux", "linux/", "a/b/c/d", "linux/a b"] {
            assert_eq!(wrong.parse::<Platform>(), Err(NotAPlatform), "{wrong}");
        }
    }
}
