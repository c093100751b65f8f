//! Libraries of the system that Rust programs load, told by the crates in the lock file.

use std::collections::BTreeSet;

use super::packages;
use crate::manifest::{Ecosystem, Locked};
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
    let mut found = BTreeSet::new();
    for locked in locks(scene) {
        for (name, headers, source) in CRATES {
            let Some(package) = locked.packages.get(name) else { continue };
            if !package.needs.iter().any(|needed| needed == source) {
                let names = packages::libraries(headers, suite).unwrap_or_default();
                found.extend(names.into_iter().map(str::to_owned));
            }
        }
    }
    found.into_iter().collect()
}

/// What the lock files of Rust projects hold.
fn locks<'a>(scene: &Scene<'a>) -> impl Iterator<Item = &'a Locked> {
    let rust = scene.projects().iter().filter(|project| project.ecosystem == Ecosystem::Rust);
    rust.filter_map(|project| project.install()?.locked.as_ref())
}
