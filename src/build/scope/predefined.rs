//! Variables that nobody has to define.

use super::{Definition, Names, Origin, Value, known};
use crate::inputs::BuildOptions;

/// Variables that every FROM knows and that a stage knows after `ARG NAME` (BuildKit's `defaultArgs`).
pub const PLATFORM_ARGS: [&str; 11] = [
    "BUILDPLATFORM",
    "BUILDOS",
    "BUILDOSVERSION",
    "BUILDARCH",
    "BUILDVARIANT",
    "TARGETPLATFORM",
    "TARGETOS",
    "TARGETOSVERSION",
    "TARGETARCH",
    "TARGETVARIANT",
    "TARGETSTAGE",
];

/// Variables that a RUN gets from `--build-arg` without an ARG; they are no part of the cache key.
pub const PROXY_ARGS: [&str; 10] = [
    "HTTP_PROXY",
    "http_proxy",
    "HTTPS_PROXY",
    "https_proxy",
    "FTP_PROXY",
    "ftp_proxy",
    "NO_PROXY",
    "no_proxy",
    "ALL_PROXY",
    "all_proxy",
];

/// The platform ARGs as a FROM sees them.
pub(super) fn platform(options: &BuildOptions) -> Names {
    let mut names = Names::default();
    let target: Vec<&str> = options.platform.as_deref().unwrap_or_default().splitn(3, '/').collect();
    for name in PLATFORM_ARGS {
        let value = match (name, target.as_slice()) {
            ("TARGETSTAGE", _) => known(options.target.as_deref().unwrap_or("default")),
            ("TARGETPLATFORM", [_, _, ..]) => known(options.platform.as_deref().unwrap_or_default()),
            ("TARGETOS", [os, _, ..]) => known(os),
            ("TARGETARCH", [_, arch, ..]) => known(arch),
            ("TARGETVARIANT", [_, _, variant]) => known(variant),
            _ => Value::Unknown,
        };
        names.push(name, Definition { origin: Origin::Platform, instruction: None, span: None, value });
    }
    names
}

/// The proxies that a RUN gets from `--build-arg` (BuildKit's `proxyEnvFromBuildArgs`).
pub(super) fn proxies(options: &BuildOptions) -> Names {
    let mut names = Names::default();
    for (name, value) in &options.build_args {
        if PROXY_ARGS.contains(&name.as_str()) {
            let value = known(value);
            names.push(name, Definition { origin: Origin::Platform, instruction: None, span: None, value });
        }
    }
    names
}
