//! Records the commit for `dockopt --version --verbose`: that of the package, or of the checkout. Development builds have
//! none, because each commit would compile everything again.

use std::path::Path;
use std::process::Command;

/// What `cargo package` writes the commit into.
const PACKAGED: &str = ".cargo_vcs_info.json";

fn main() {
    println!("cargo:rerun-if-changed=build.rs");
    // A file that is missing would count as changed each time, and all would be compiled again.
    if Path::new(PACKAGED).exists() {
        println!("cargo:rerun-if-changed={PACKAGED}");
    }
    if let Some(commit) = packaged().or_else(checked_out) {
        println!("cargo:rustc-env=DOCKOPT_COMMIT={commit}");
    }
}

/// The commit that `cargo package` wrote down.
fn packaged() -> Option<String> {
    let text = std::fs::read_to_string(PACKAGED).ok()?;
    let (_, rest) = text.split_once("\"sha1\"")?;
    rest.split('"').nth(1).map(str::to_owned)
}

/// The commit of a checkout, not of a repository that this folder happens to lie in.
fn checked_out() -> Option<String> {
    if std::env::var("PROFILE").ok()? != "release" || !Path::new(".git").exists() {
        return None;
    }
    let git = |arguments: &[&str]| {
        let done = Command::new("git").args(arguments).output().ok().filter(|done| done.status.success())?;
        Some(String::from_utf8(done.stdout).ok()?.trim().to_owned())
    };
    println!("cargo:rerun-if-changed={}", git(&["rev-parse", "--git-path", "logs/HEAD"])?);
    git(&["rev-parse", "HEAD"])
}
