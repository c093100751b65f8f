//! The first users' stack: its images build and work before and after the fixes, and rebuild what audit says.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

use super::cached::check_rerun;
use super::{Engine, Image};
use crate::dockopt::Dockopt;

const HEALTH: [&str; 3] =
    ["python", "-c", "import urllib.request as u; assert u.urlopen('http://127.0.0.1:8000/health').status == 200"];
const PAGE: [&str; 3] =
    ["node", "-e", "fetch('http://127.0.0.1:4173/').then(r => process.exit(r.ok ? 0 : 1), () => process.exit(1))"];

#[test]
fn the_backend_builds_and_answers_before_and_after_its_fixes() {
    holds("backend", &HEALTH, true);
}

#[test]
fn the_dashboard_builds_and_answers_before_and_after_its_fixes() {
    // Vite writes below node_modules when it starts: under another user than root it can't.
    holds("dashboard", &PAGE, false);
}

/// `any_user`: whether the unsafe fix, another user than root, leaves the program working.
#[track_caller]
fn holds(part: &str, answers: &[&str], any_user: bool) {
    let Some(engine) = Engine::find() else { return };
    let works = |image: &Image| image.start().answers(answers);
    let preview = Dockopt::new().dir("task-tracker").args(["fix", part]).run().code(0);
    let context = preview.path().join(part);
    works(&engine.image(&context).0);

    let meant: BTreeSet<String> =
        preview.stdout.lines().filter_map(|line| line.strip_prefix("+++ b/")).map(str::to_owned).collect();
    let before = files(preview.path());
    let fixed = preview.again(["fix", part, "--write"]).code(0);
    let after = files(fixed.path());
    let changed = after.iter().filter(|(path, bytes)| before.get(*path) != Some(bytes)).map(|(path, _)| path.clone());
    assert_eq!(changed.collect::<BTreeSet<_>>(), meant);
    assert!(before.keys().all(|path| after.contains_key(path)));
    works(&engine.image(&context).0);
    let fixed = check_rerun(&engine, &fixed, part, true);

    let fixed = fixed.again(["fix", part, "--write", "--unsafe"]).code(0);
    assert!(fixed.stderr.starts_with("fixed "), "{}", fixed.stderr);
    let (image, _) = engine.image(&context);
    if any_user {
        works(&image);
    }
    fixed.again(["fix", part, "--check", "--unsafe"]).code(0);
}

/// All files below a folder, by their paths from it.
fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let mut files = BTreeMap::new();
    let mut open = vec![folder.to_owned()];
    while let Some(next) = open.pop() {
        for path in fs::read_dir(next).unwrap().map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                open.push(path);
            } else {
                files.insert(path.strip_prefix(folder).unwrap().display().to_string(), fs::read(&path).unwrap());
            }
        }
    }
    files
}
