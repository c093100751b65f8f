//! Safe fixes of Dockerfiles that a seed writes ([`dockerfile`]): what was built before is built after, and the images
//! differ only in what the rules that were applied are about.

use std::collections::BTreeMap;
use std::fmt::Write as _;
use std::path::Path;
use std::process::Command;
use std::sync::Mutex;

use serde_json::Value;

use super::{Built, Engine};
use crate::dockopt::{Dockopt, Ran};
use crate::tier;

mod dockerfile;

/// Paths by their types, modes, owners, link targets and contents.
type Listing = BTreeMap<String, String>;

/// The folders that a rule's fix empties, or leaves out.
const EMPTIED: [(&str, &[&str]); 6] = [
    ("apt-lists-kept", &["/var/lib/apt/lists", "/var/cache/apt"]),
    ("apt-update-alone", &["/var/lib/apt/lists", "/var/cache/apt"]),
    ("npm-cache-kept", &["/root/.npm", "/home/node/.npm"]),
    ("pip-cache-kept", &["/root/.cache"]),
    ("python-cache-kept", &["/root/.cache"]),
    ("yarn-cache-kept", &["/usr/local/share/.cache"]),
];

/// What differs between two builds of the same file: logs, times, caches of programs.
const VOLATILE: [&str; 11] = [
    "/var/log",
    "/var/cache/ldconfig",
    "/var/cache/debconf",
    "/var/cache/generated",
    "/etc/ld.so.cache",
    "/etc/hosts",
    "/etc/hostname",
    "/etc/resolv.conf",
    "/generated.log",
    "/tmp",
    "/.dockerenv",
];

/// Caches and copies of them: names and contents below differ from build to build.
const CACHES: [&str; 4] = ["/opt/generated", "/root/.cache", "/root/.npm", "/home/node/.npm"];

/// Words in the commands of what is generated, for the build cache.
const MARKS: [&str; 5] = ["generated", "ms@2", "six==1", "iniconfig", "recommends.ed"];

#[test]
fn fixed_dockerfiles_build_the_same_files() {
    let Some(engine) = Engine::find() else { return };
    let seeds: Vec<usize> = match std::env::var("DOCKOPT_CASE") {
        Ok(seed) => vec![seed.parse().unwrap()],
        Err(_) => tier::cases((0..40).collect(), 2),
    };
    let (next, counts) = (Mutex::new(seeds.iter()), Mutex::new((0, 0, 0)));
    let failures = Mutex::new(Vec::new());
    std::thread::scope(|scope| {
        for _ in 0..3 {
            scope.spawn(|| {
                while let Some(seed) = { next.lock().unwrap().next() } {
                    let mut case = Case { engine: &engine, seed: *seed, built: false, changed: false, risky: false };
                    failures.lock().unwrap().extend(case.check().err());
                    let mut counts = counts.lock().unwrap();
                    counts.0 += usize::from(case.built);
                    counts.1 += usize::from(case.changed);
                    counts.2 += usize::from(case.risky);
                }
            });
        }
    });
    for mark in MARKS {
        engine.run(&["buildx", "prune", "--all", "--force", "--filter", &format!("description~={mark}")]);
    }
    let failures = failures.into_inner().unwrap();
    assert!(failures.is_empty(), "{} of {} fail\n{}", failures.len(), seeds.len(), failures.join("\n"));
    let (built, changed, risky) = counts.into_inner().unwrap();
    super::say(&format!(
        "{} builds of {} generated files: {risky} with unsafe fixes",
        built + changed + risky,
        seeds.len()
    ));
    // Most shapes are those in which a safe fix has to be left out.
    let enough = seeds.len() < 8 || (2 * built >= seeds.len() && 5 * changed >= seeds.len());
    assert!(enough, "of {} files {built} are built and {changed} are fixed", seeds.len());
}

/// A seed's Dockerfile.
struct Case<'e> {
    engine: &'e Engine,
    seed: usize,
    built: bool,
    changed: bool,
    risky: bool,
}

impl<'e> Case<'e> {
    fn check(&mut self) -> Result<(), String> {
        let text = dockerfile::dockerfile(self.seed);
        let project = Dockopt::new()
            .file("Dockerfile", &text)
            .file("notes.txt", "notes\n")
            .file("package.json", r#"{"name": "generated", "version": "1.0.0", "dependencies": {"ms": "2.1.3"}}"#)
            .file("inside.txt", "inside\n");
        pack(project.path());
        let linted = project.args(["lint", "--format=json"]).run();
        let before = self.image("before");
        let built = self.build(linted.path(), &before.tag);
        if !built.ok {
            return Ok(());
        }
        self.built = true;
        let findings = linted.json()["findings"].as_array().cloned().unwrap_or_default();
        let rules: Vec<String> =
            findings.iter().filter_map(|finding| finding["rule"].as_str()).map(str::to_owned).collect();
        let fixed: Ran = linted.again(["fix", "--write"]);
        let now = fixed.read("Dockerfile");
        let message_of = |what: &str| format!("seed {}: {what}\n--- before\n{text}--- after\n{now}", self.seed);
        if now == text {
            return self.check_unsafe(&fixed);
        }
        let after = self.image("after");
        let built = self.build(fixed.path(), &after.tag);
        if !built.ok {
            return Err(format!("{}--- log\n{}", message_of("the fixed file is not built"), tail(&built.log)));
        }
        self.changed = true;
        let (old, new) = (self.list(&before.tag), self.list(&after.tag));
        let differences = differences(&old, &new, &rules);
        let message = message_of("the images differ");
        if !differences.is_empty() {
            return Err(format!("{message}--- files\n{differences}"));
        }
        self.check_unsafe(&fixed)
    }

    /// What unsafe fixes make is built too, unless one that was applied says that the build may fail.
    fn check_unsafe(&mut self, fixed: &Ran) -> Result<(), String> {
        let text = fixed.read("Dockerfile");
        let linted = fixed.again(["lint", "--format=json"]).json();
        let risky = fixed.again(["fix", "--write", "--unsafe", "--format=json"]);
        let applied = risky.json()["applied"].as_array().cloned().unwrap_or_default();
        if applied.is_empty() {
            return Ok(());
        }
        let image = self.image("risky");
        let built = self.build(risky.path(), &image.tag);
        self.risky = true;
        if built.ok || applied.iter().any(|fix| says_so(&linted, fix)) {
            return Ok(());
        }
        let (seed, now) = (self.seed, risky.read("Dockerfile"));
        let applied = serde_json::Value::from(applied);
        Err(format!(
            "seed {seed}: unsafe fixes break it: {applied}\n--- before\n{text}--- after\n{now}--- log\n{}",
            tail(&built.log)
        ))
    }

    fn image(&self, when: &str) -> super::Image<'e> {
        super::Image {
            engine: self.engine,
            tag: format!("dockopt-generated:{}-{}-{when}", std::process::id(), self.seed),
        }
    }

    fn build(&self, folder: &Path, tag: &str) -> Built {
        self.engine.build(folder, &["--tag", tag])
    }

    /// All files; the content of those that a build has changed.
    fn list(&self, tag: &str) -> Listing {
        const SCRIPT: &str = r"cd / && find / -xdev -printf '%p\t%y %m %U %G %l\n'
find / -xdev -type f -newercc /etc/debian_version -size -20M -exec cksum {} + 2>/dev/null | sed 's/^/=/'";
        let arguments = ["run", "--rm", "--network=none", "--user=0", "--entrypoint=sh", tag, "-c", SCRIPT];
        let text = self.engine.text(&arguments);
        let mut listing = Listing::new();
        for line in text.lines() {
            if let Some((sum, path)) = line.strip_prefix('=').and_then(|line| line.split_once(" /")) {
                listing.entry(format!("/{path}")).or_default().push_str(sum);
            } else if let Some((path, facts)) = line.split_once('\t') {
                listing.entry(path.to_owned()).or_default().insert_str(0, facts);
            }
        }
        assert!(listing.len() > 500, "{tag}: {} files", listing.len());
        listing
    }
}

/// Whether the finding of a fix that was applied says that the build may fail.
fn says_so(linted: &Value, applied: &Value) -> bool {
    let findings = linted["findings"].as_array().into_iter().flatten();
    let fixes = findings
        .filter(|finding| finding["rule"] == applied["rule"] && finding["message"] == applied["message"])
        .flat_map(|finding| finding["fixes"].as_array().into_iter().flatten());
    let mut reasons = fixes.filter(|fix| fix["title"] == applied["title"]).filter_map(|fix| fix["why_unsafe"].as_str());
    reasons.any(|reason| reason.contains("it fails if") || reason.contains("build may fail"))
}

/// Archives by names that do not say so.
fn pack(folder: &Path) {
    std::fs::create_dir(folder.join("folder")).unwrap();
    for (options, to) in [("-cf", "bundle"), ("-czf", "data.bin"), ("-cf", "folder/bundle")] {
        let mut tar = Command::new("tar");
        tar.args([options, to, "inside.txt"]).current_dir(folder);
        assert!(tar.status().unwrap().success());
    }
}

/// What no rule announces.
fn differences(old: &Listing, new: &Listing, rules: &[String]) -> String {
    let emptied: Vec<&str> = EMPTIED
        .iter()
        .filter(|(rule, _)| rules.iter().any(|rule_name| rule_name == rule))
        .flat_map(|(_, folders)| folders.iter().copied())
        .collect();
    let below = |path: &str, folder: &str| {
        path.strip_prefix(folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    };
    let expected = |path: &str| {
        let volatile = VOLATILE.iter().any(|folder| below(path, folder));
        let varies = CACHES.iter().any(|folder| {
            let deep = path.strip_prefix(folder).is_some_and(|rest| rest.matches('/').count() > 1);
            deep || (below(path, folder) && old.contains_key(path) && new.contains_key(path))
        });
        volatile || varies || path.contains("__pycache__") || emptied.iter().any(|folder| below(path, folder))
    };
    let mut text = String::new();
    let paths: std::collections::BTreeSet<&String> = old.keys().chain(new.keys()).collect();
    for path in paths {
        let (before, after) = (old.get(path), new.get(path));
        if before != after && !expected(path) {
            writeln!(text, "{path}: {before:?} is {after:?}").unwrap();
        }
    }
    text.lines().take(40).collect::<Vec<_>>().join("\n")
}

fn tail(log: &str) -> String {
    let lines: Vec<&str> = log.lines().collect();
    lines[lines.len().saturating_sub(40)..].join("\n")
}
