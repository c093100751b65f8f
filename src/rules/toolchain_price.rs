//! The price of a toolchain in the final image.

use crate::build::PackageSize;
use crate::build::toolchain::Language;
use crate::finding::{Finding, Impact, ImpactKind};

/// Adds the size of the toolchain, as packaged by Debian.
pub(super) fn priced(language: Language, finding: Finding) -> Finding {
    let (package, runtime) = match language {
        Language::Go => ("golang-go", None),
        Language::Rust => ("cargo", None),
        Language::C => ("build-essential", None),
        Language::Java => ("default-jdk-headless", Some("default-jre-headless")),
        Language::DotNet => return finding,
    };
    let size = |name| PackageSize::of(name, "debian:13-slim");
    let Some(whole) = size(package) else { return finding };
    let (kept_bytes, without) = match runtime.and_then(size) {
        Some(runtime) => (runtime.disk_bytes, format!(" without `{}`", runtime.package)),
        None => (0, String::new()),
    };
    let evidence = format!("the toolchain as packaged by Debian: {}{without}", whole.evidence());
    finding.costs(Impact::typical(ImpactKind::DiskBytes, whole.disk_bytes.saturating_sub(kept_bytes), evidence))
}
