//! `dockopt ci emit`: which tags a version moves, by the written script.

use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use dockopt::yaml;

use crate::cache_history::git;
use crate::ci_emit::{GITHUB, emit, scripts_of_github};
use crate::dockopt::Dockopt;

/// A registry in a file: a line for each tag, with its digest; the last of a tag counts.
const DOCKER: &str = "#!/bin/sh\nshift 2\ncase $1 in\n  inspect)\n    digest=$(awk -v tag=\"$2\" '$1 == tag { digest = $2 } END { print digest }' \"$REGISTRY\")\n    \
    [ -z \"$digest\" ] && exit 1\n    echo \"Digest: $digest\" ;;\n  create) echo \"$4 ${5#*@}\" >>\"$REGISTRY\" ;;\nesac\n";

/// Releases a version in a repository, as a runner does.
fn release(root: &Path, script: &str, version: &str) -> Output {
    let bin = root.join("bin");
    let path = format!("{}:{}", bin.display(), std::env::var("PATH").unwrap());
    let mut command = Command::new("sh");
    command.args(["-c", &format!("set -eu\n{script}")]).current_dir(root).env("PATH", path);
    command.env("REGISTRY", root.join("registry")).env("IMAGES", "r/Shop").env("NAMES", "web").env("TRIES", "1");
    command.env("VERSION", version).env("GITHUB_OUTPUT", root.join("output")).output().unwrap()
}

/// The tags of the registry and what they name.
fn tags(root: &Path) -> BTreeMap<String, String> {
    let text = fs::read_to_string(root.join("registry")).unwrap();
    let pairs = text.lines().filter_map(|line| line.strip_prefix("r/shop/web:")?.split_once(' '));
    let is_version = |tag: &str| tag.contains('.');
    pairs.filter(|(tag, _)| is_version(tag)).map(|(tag, digest)| (tag.to_owned(), digest.to_owned())).collect()
}

#[test]
fn a_minor_version_moves_only_forward() {
    let project = Dockopt::new().file("web/Dockerfile", "FROM debian\nCOPY page /\n").file("web/page", "x\n");
    let ran = emit(project.file("bin/docker", DOCKER), &["github", "--write"]).code(0);
    let root = ran.path();
    Command::new("chmod").arg("+x").arg(root.join("bin/docker")).status().unwrap();
    let workflow = ran.read(GITHUB[1]);
    let scripts = scripts_of_github(&yaml::read(&workflow), "versions");
    let script = &scripts.iter().find(|(name, _)| name == "Tag").unwrap().1;
    git(root, &["init", "-q"]);
    fs::write(root.join("registry"), "").unwrap();
    // The tag, whether the commit was tested, and where `1.2`, `1.10` and `1.2.9` are then.
    let table = [
        ("v1.2.3", true, ["1.2.3", "", ""]),
        ("v1.2.10", true, ["1.2.10", "", ""]),
        // Pushed later, and older: ten is more than nine.
        ("v1.2.9", true, ["1.2.10", "", "1.2.9"]),
        ("v1.10.0", true, ["1.2.10", "1.10.0", "1.2.9"]),
        // One whose release fails stands in nobody's way.
        ("v1.2.12", false, ["1.2.10", "1.10.0", "1.2.9"]),
        ("v1.2.11", true, ["1.2.11", "1.10.0", "1.2.9"]),
        // Neither has three numbers.
        ("v1.2.99-rc1", true, ["1.2.11", "1.10.0", "1.2.9"]),
        ("v1.2.9.1", true, ["1.2.11", "1.10.0", "1.2.9"]),
        ("v1.2.13", true, ["1.2.13", "1.10.0", "1.2.9"]),
        ("v1.10.1", true, ["1.2.13", "1.10.1", "1.2.9"]),
    ];
    for (version, is_tested, expected) in table {
        git(root, &["commit", "-q", "--allow-empty", "-m", version]);
        git(root, &["tag", version]);
        if is_tested {
            let line = format!("r/shop/web:{} {}\n", git(root, &["rev-parse", "HEAD"]).trim(), &version[1..]);
            let registry = fs::read_to_string(root.join("registry")).unwrap();
            fs::write(root.join("registry"), registry + &line).unwrap();
        }
        let ran = release(root, script, version);
        let said = format!("{}{}", String::from_utf8_lossy(&ran.stdout), String::from_utf8_lossy(&ran.stderr));
        assert_eq!(ran.status.success(), is_tested, "{version}: {said}");
        let tags = tags(root);
        let digest = |tag: &str| tags.get(tag).map(String::as_str).unwrap_or_default();
        assert_eq!(["1.2", "1.10", "1.2.9"].map(digest), expected, "{version}: {said}");
        assert_eq!(digest(&version[1..]), if is_tested { &version[1..] } else { "" }, "{version}: {said}");
        let stays = "r/shop/web:1.2 stays as it is: 1.2.10 is there, which is later than 1.2.9\n";
        assert_eq!(said.contains("stays as it is"), version == "v1.2.9", "{version}: {said}");
        assert!(version != "v1.2.9" || said.contains(stays), "{said}");
    }
}
