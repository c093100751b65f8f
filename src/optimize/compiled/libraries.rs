//! Libraries of the system that Rust programs load, told by the crates in the lock file.

use std::collections::BTreeMap;

use super::packages;
use crate::optimize::scene::Scene;

/// Crates that link with a library of the system, the package of its headers, and the crate that builds it instead.
const CRATES: [(&str, &str, &str); 13] = [
    ("openssl-sys", "libssl-dev", "openssl-src"),
    ("pq-sys", "libpq-dev", "pq-src"),
    ("libsqlite3-sys", "libsqlite3-dev", "cc"),
    ("mysqlclient-sys", "default-libmysqlclient-dev", "mysqlclient-src"),
    ("alsa-sys", "libasound2-dev", "-"),
    ("libudev-sys", "libudev-dev", "-"),
    ("libdbus-sys", "libdbus-1-dev", "cc"),
    ("servo-fontconfig-sys", "libfontconfig-dev", "-"),
    ("yeslogic-fontconfig-sys", "libfontconfig-dev", "-"),
    ("libsystemd-sys", "libsystemd-dev", "-"),
    ("zmq-sys", "libzmq3-dev", "zeromq-src"),
    ("rusb", "libusb-1.0-0-dev", "-"),
    ("pcap", "libpcap-dev", "-"),
];

/// Packages of Debian that programs of the context's lock files load.
pub(super) fn of_crates(scene: &Scene, suite: Option<&str>) -> Vec<String> {
    let mut found = Vec::new();
    for text in locks(scene) {
        let crates = crates(&text);
        for (name, headers, source) in CRATES {
            let Some(needs) = crates.get(name) else { continue };
            if !needs.contains(&source) {
                let names = packages::libraries(headers, suite).unwrap_or_default();
                found.extend(names.into_iter().map(str::to_owned));
            }
        }
    }
    found.sort();
    found.dedup();
    found
}

/// Whether the compiler and linker of a small image build all crates: none of them looks for a library, or for another
/// compiler. `None` without a lock file.
pub(super) fn are_plain(scene: &Scene) -> Option<bool> {
    let locks = locks(scene);
    let plain = |name: &str, needs: &[&str]| {
        let known =
            ["js-sys", "web-sys", "linux-raw-sys", "windows-sys", "core-foundation-sys", "security-framework-sys"];
        let compiled = ["zstd-sys", "lz4-sys", "bzip2-sys", "lzma-sys", "tikv-jemalloc-sys", "libmimalloc-sys"];
        let bundled = name == "libsqlite3-sys" && needs.contains(&"cc");
        let links = name.ends_with("-sys") && !name.starts_with("windows");
        let tools =
            ["cmake", "bindgen", "clang-sys", "cxx", "link-cplusplus", "prost-build", "protobuf-src", "autocfg-sys"];
        !tools.contains(&name) && (!links || bundled || known.contains(&name) || compiled.contains(&name))
    };
    let all = locks.iter().all(|text| crates(text).iter().all(|(name, needs)| plain(name, needs)));
    (!locks.is_empty()).then_some(all)
}

/// The lock files' texts.
fn locks(scene: &Scene) -> Vec<String> {
    let is_lock = |path: &str| path == "Cargo.lock" || path.ends_with("/Cargo.lock");
    let own = scene.evidence.texts.iter().filter(|(path, _)| is_lock(path)).map(|(_, text)| text.clone());
    let own: Vec<String> = own.collect();
    if !own.is_empty() {
        return own;
    }
    let read = scene.input().texts.as_deref().into_iter().flatten();
    read.filter(|(path, _)| is_lock(path)).map(|(_, bytes)| String::from_utf8_lossy(bytes).into_owned()).collect()
}

/// The crates of a lock file, each with what it depends on.
fn crates(text: &str) -> BTreeMap<&str, Vec<&str>> {
    let mut found: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    let mut name = "";
    for line in text.lines() {
        let value =
            |key: &str| line.strip_prefix(key)?.trim().strip_prefix('=')?.trim().strip_prefix('"')?.strip_suffix('"');
        if let Some(own) = value("name") {
            name = own;
            found.entry(name).or_default();
        } else if let Some(needed) = line.trim_start().strip_prefix('"').filter(|_| line.starts_with(' ')) {
            let needed = needed.split(['"', ' ']).next().unwrap_or_default();
            found.entry(name).or_default().push(needed);
        }
    }
    found
}
