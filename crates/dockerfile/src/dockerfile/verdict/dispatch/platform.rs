//! `--platform` of FROM, as containerd reads it.

use super::refusal::Refusal;
use crate::dockerfile::expand::{ExpandError, ExpandedWord};
use crate::dockerfile::quote::go_quote;

const SYSTEMS: [&str; 18] = [
    "aix",
    "android",
    "darwin",
    "dragonfly",
    "freebsd",
    "hurd",
    "illumos",
    "ios",
    "js",
    "linux",
    "macos",
    "nacl",
    "netbsd",
    "openbsd",
    "plan9",
    "solaris",
    "windows",
    "zos",
];

/// Architectures and the other names of some.
const ARCHITECTURES: [&str; 30] = [
    "386",
    "amd64",
    "amd64p32",
    "arm",
    "armbe",
    "arm64",
    "arm64be",
    "ppc64",
    "ppc64le",
    "loong64",
    "mips",
    "mipsle",
    "mips64",
    "mips64le",
    "mips64p32",
    "mips64p32le",
    "ppc",
    "riscv",
    "riscv64",
    "s390",
    "s390x",
    "sparc",
    "sparc64",
    "wasm",
    "i386",
    "x86_64",
    "x86-64",
    "aarch64",
    "armhf",
    "armel",
];

/// Checks a platform as written and as expanded.
pub(super) fn check_platform(written: &str, expanded: Result<ExpandedWord, ExpandError>) -> Result<(), Refusal> {
    let platform = match expanded {
        Ok(expanded) => expanded.text,
        Err(error) => return Err(Refusal::new(format!("failed to process arguments for platform : {error}"))),
    };
    if platform.is_empty() {
        return Err(Refusal::new(format!("empty platform value from expression {written}")));
    }
    match platform_error(&platform) {
        Some(error) => Err(Refusal::new(format!("failed to parse platform {written}: {error}"))),
        None => Ok(()),
    }
}

/// Why the builder refuses a platform; `None` if it takes it.
pub fn platform_error(platform: &str) -> Option<String> {
    const SYSTEM: &str = r"^([A-Za-z0-9_-]+)(?:\(([A-Za-z0-9_.%-]*)((?:\+[A-Za-z0-9_.%-]+)*)\))?$";
    const OTHER: &str = "^[A-Za-z0-9_.-]+$";
    let quoted = go_quote(platform);
    if platform.contains('*') {
        return Some(format!("{quoted}: wildcards not yet supported: {INVALID}"));
    }
    let parts: Vec<&str> = platform.splitn(4, '/').collect();
    let Some(system) = System::parse(parts[0]) else {
        let (part, form) = (go_quote(parts[0]), go_quote(SYSTEM));
        let what = format!("{part} is an invalid OS component of {quoted}");
        return Some(format!("{what}: OSAndVersion specifier component must match {form}: {INVALID}"));
    };
    if let Some(error) = system.escape_error(&quoted) {
        return Some(error);
    }
    for part in &parts[1..] {
        if part.is_empty() || !part.bytes().all(|byte| is_word(byte) || byte == b'.') {
            let (part, form) = (go_quote(part), go_quote(OTHER));
            let what = format!("{part} is an invalid component of {quoted}");
            return Some(format!("{what}: platform specifier component must match {form}: {INVALID}"));
        }
    }
    match parts.as_slice() {
        [part] => {
            let is_known =
                SYSTEMS.contains(&&*system.name.to_lowercase()) || ARCHITECTURES.contains(&&*part.to_lowercase());
            (!is_known).then(|| format!("{quoted}: unknown operating system or architecture: {INVALID}"))
        }
        [_, _] | [_, _, _] => None,
        _ => Some(format!("{quoted}: cannot parse platform specifier: {INVALID}")),
    }
}

/// System and architecture of a platform, under the names that containerd gives them; `None` when it can't be read.
pub fn platform(text: &str) -> Option<(String, String)> {
    if platform_error(text).is_some() {
        return None;
    }
    let lower = text.to_lowercase();
    let mut parts = lower.split('/');
    let first = parts.next().unwrap_or_default();
    let name = first.split('(').next().unwrap_or_default();
    let system = if name == "macos" { "darwin" } else { name };
    let (system, architecture) = match parts.next() {
        Some(architecture) => (system, architecture),
        None if SYSTEMS.contains(&name) => (system, "amd64"),
        None => ("linux", name),
    };
    let architecture = match architecture {
        "i386" => "386",
        "x86_64" | "x86-64" => "amd64",
        "aarch64" => "arm64",
        "armhf" | "armel" => "arm",
        other => other,
    };
    Some((system.to_owned(), architecture.to_owned()))
}

const INVALID: &str = "invalid argument";

/// `name(version+feature+feature)`
struct System<'t> {
    name: &'t str,
    version: &'t str,
    features: Vec<&'t str>,
}

impl<'t> System<'t> {
    fn parse(text: &'t str) -> Option<Self> {
        let (name, options) = match text.split_once('(') {
            Some((name, rest)) => (name, rest.strip_suffix(')')?),
            None => (text, ""),
        };
        let mut options = options.split('+');
        let version = options.next().unwrap_or_default();
        let features: Vec<&str> = options.collect();
        let is_option = |text: &str| text.bytes().all(|byte| is_word(byte) || matches!(byte, b'.' | b'%'));
        let is_fit = !name.is_empty()
            && name.bytes().all(is_word)
            && is_option(version)
            && features.iter().all(|feature| !feature.is_empty() && is_option(feature));
        is_fit.then_some(Self { name, version, features })
    }

    /// What is wrong with the escapes in its options.
    fn escape_error(&self, quoted: &str) -> Option<String> {
        if let Some(escape) = bad_escape(self.version) {
            let version = go_quote(self.version);
            return Some(format!("{quoted} has an invalid OS version {version}: invalid URL escape {escape}"));
        }
        let (feature, escape) =
            self.features.iter().find_map(|feature| bad_escape(feature).map(|escape| (feature, escape)))?;
        let feature = go_quote(feature);
        Some(format!("{quoted} has invalid OS features: invalid os feature {feature}: invalid URL escape {escape}"))
    }
}

fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-')
}

/// The first `%` without two hexadecimal digits, with what Go shows of it.
fn bad_escape(text: &str) -> Option<String> {
    let is_hex = |digits: &str| digits.len() == 2 && digits.bytes().all(|byte| byte.is_ascii_hexdigit());
    let mut rest = text;
    while let Some(at) = rest.find('%') {
        let escape = &rest[at..rest.len().min(at + 3)];
        if !is_hex(&escape[1..]) {
            return Some(go_quote(escape));
        }
        rest = &rest[at + 3..];
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(platform: &str, expected: Option<&str>) {
        let error = platform_error(platform);
        assert_eq!(error.as_deref().map(|error| error.split(": ").next().unwrap_or(error)), expected, "{platform}");
    }

    #[test]
    fn platforms_are_checked() {
        for platform in ["linux", "ARM64", "linux/x/v1", "windows(10.0+a)/amd64", "macos", "linux()/a", "linux(%41)"] {
            check(platform, None);
        }
        check("linux(/amd64", Some("\"linux(\" is an invalid OS component of \"linux(/amd64\""));
        check("/a", Some("\"\" is an invalid OS component of \"/a\""));
        check("linux/", Some("\"\" is an invalid component of \"linux/\""));
        check("a.b", Some("\"a.b\" is an invalid OS component of \"a.b\""));
        check("linux(%4)", Some("\"linux(%4)\" has an invalid OS version \"%4\""));
        check("x86", Some("\"x86\""));
        check("a/b/c/d", Some("\"a/b/c/d\""));
    }
}
