//! `--platform` of FROM, as containerd reads it.

use super::Refusal;
use crate::dockerfile::expand::{ExpandError, Expanded};
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
pub(super) fn check_platform(written: &str, expanded: Result<Expanded, ExpandError>) -> Result<(), Refusal> {
    let platform = match expanded {
        Ok(expanded) => expanded.text,
        Err(error) => return Err(Refusal::new(format!("failed to process arguments for platform : {error}"))),
    };
    if platform.is_empty() {
        return Err(Refusal::new(format!("empty platform value from expression {written}")));
    }
    match parse_error(&platform) {
        Some(error) => Err(Refusal::new(format!("failed to parse platform {written}: {error}: invalid argument"))),
        None => Ok(()),
    }
}

fn parse_error(platform: &str) -> Option<String> {
    let quoted = go_quote(platform);
    if platform.contains('*') {
        return Some(format!("{quoted}: wildcards not yet supported"));
    }
    let parts: Vec<&str> = platform.splitn(4, '/').collect();
    for (index, part) in parts.iter().enumerate() {
        // The system may carry its version: `windows(10.0.17763)`.
        let part = if index == 0 { part.split_once('(').map_or(*part, |(system, _)| system) } else { part };
        let is_plain = part.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'-' | b'.'));
        if part.is_empty() || !is_plain {
            return Some(format!("{} is an invalid component of {quoted}", go_quote(part)));
        }
    }
    match parts.as_slice() {
        [one] => {
            let one = one.split_once('(').map_or(*one, |(system, _)| system).to_lowercase();
            let is_known = SYSTEMS.contains(&&*one) || ARCHITECTURES.contains(&&*one);
            (!is_known).then(|| format!("{quoted}: unknown operating system or architecture"))
        }
        [_, _] | [_, _, _] => None,
        _ => Some(format!("{quoted}: cannot parse platform specifier")),
    }
}
