//! What rules about the cache of pipelines promise: a builder with nothing in it takes from a registry what the written
//! flags keep there, and not what others lose. `type=gha` needs GitHub: its text is compared with the documentation in
//! `crates/rules/src/rules/workflow/cache.rs`.

use std::collections::BTreeSet;
use std::fs;
use std::path::Path;
use std::process::{Child, Command};
use std::time::{Duration, Instant};

use super::second::SecondEngine;
use super::{Image, PATIENCE, RETRIES, Step, left_out};

/// Where the engine of these tests lives: its builder is emptied, which would disturb tests with the second engine.
const FOLDER: &str = "/var/lib/dockopt-cache-engine";

/// A stage that installs, one that compiles, and the result.
const DOCKERFILE: &str = "FROM debian:trixie-slim AS dependencies\nWORKDIR /source\nCOPY lock .\n\
    RUN cp lock installed\n\n\
    FROM dependencies AS build\nCOPY main .\nRUN cat main installed >result\n\n\
    FROM debian:trixie-slim\nWORKDIR /app\nCOPY --from=build /source/result .\n";

/// An engine with containerd's store, whose builder writes caches, and a registry in its network.
pub(super) struct CacheEngine {
    pub(super) second: SecondEngine,
    registry: Child,
    _folder: tempfile::TempDir,
}

/// The port of the registry: nothing else is in that network.
pub(super) const REGISTRY: &str = "127.0.0.1:5000";

impl CacheEngine {
    /// Starts it in a folder of its own, with images of the first engine.
    pub(super) fn start(home: &'static str, images: &[&str]) -> Option<Self> {
        let Some(program) = std::env::var_os("DOCKOPT_REGISTRY").filter(|program| !program.is_empty()) else {
            left_out("DOCKOPT_REGISTRY names no registry");
            return None;
        };
        let second = SecondEngine::start(Some(home), images)?;
        let process = second.inspect("{{.State.Pid}}");
        let folder = tempfile::tempdir().unwrap();
        let storage = folder.path().join("storage");
        let configuration = format!(
            "version: 0.1\nstorage: {{filesystem: {{rootdirectory: {}}}}}\nhttp: {{addr: \"{REGISTRY}\"}}\n",
            storage.display()
        );
        fs::write(folder.path().join("config.yml"), configuration).unwrap();
        let log = fs::File::create(folder.path().join("log")).unwrap();
        let mut command = Command::new("nsenter");
        command.args(["--target", &process, "--net"]).arg(program).arg("serve").arg(folder.path().join("config.yml"));
        let registry = command.stdout(log.try_clone().unwrap()).stderr(log).spawn().unwrap();
        let start = Instant::now();
        while !fs::read_to_string(folder.path().join("log")).unwrap_or_default().contains("listening on") {
            assert!(start.elapsed() < PATIENCE, "no registry");
            std::thread::sleep(Duration::from_millis(50));
        }
        Some(Self { second, registry, _folder: folder })
    }

    /// Builds with an empty builder; the steps that ran.
    fn build_cold(&self, context: &Path, read: &str, write: &str) -> BTreeSet<Step> {
        self.second.engine.text(&["builder", "prune", "--all", "--force"]);
        let tag = format!("dockopt-test:{}-remote-cache", std::process::id());
        let mut arguments = vec!["--network=host", "--tag", &tag];
        arguments.extend(["--cache-from", read].into_iter().filter(|_| !read.is_empty()));
        arguments.extend(["--cache-to", write].into_iter().filter(|_| !write.is_empty()));
        let built = self.second.engine.build(context, &arguments);
        assert!(built.ok, "{}", built.log);
        let _image = Image { engine: &self.second.engine, tag: tag.clone() };
        let (ran, cached) = built.steps();
        assert_eq!(ran.len() + cached.len(), steps(ALL).len(), "{}", built.log);
        ran
    }

    /// Looks whether a cold build that reads a cache runs these steps, and has all others of the first stages from the cache.
    /// Of the last stage BuildKit 0.25 runs the step before one that is not cached, although the registry has it; and
    /// now and then another one, so this is tried again. What is to run has to run each time.
    #[track_caller]
    fn check(&self, context: &Path, read: &str, expected: &[(&str, &[u64])]) {
        let expected = steps(expected);
        let is_of_first = |step: &&Step| expected.is_empty() || step.0 != "stage-2";
        let of_first = |steps: &BTreeSet<Step>| steps.iter().filter(is_of_first).cloned().collect::<BTreeSet<_>>();
        let mut ran = BTreeSet::new();
        for _ in 0..RETRIES {
            ran = self.build_cold(context, read, "");
            assert!(ran.is_superset(&expected), "{ran:?}");
            if of_first(&ran) == of_first(&expected) {
                return;
            }
        }
        assert_eq!(of_first(&ran), of_first(&expected));
    }
}

impl Drop for CacheEngine {
    fn drop(&mut self) {
        _ = self.registry.kill();
        _ = self.registry.wait();
    }
}

/// All steps of the Dockerfile.
const ALL: &[(&str, &[u64])] = &[("dependencies", &[2, 3, 4]), ("build", &[1, 2]), ("stage-2", &[2, 3])];

/// The steps of stages with these numbers.
fn steps(stages: &[(&str, &[u64])]) -> BTreeSet<Step> {
    let of_stage = |(stage, numbers): &(&str, &[u64])| {
        numbers.iter().map(|number| ((*stage).to_owned(), *number)).collect::<Vec<_>>()
    };
    stages.iter().flat_map(of_stage).collect()
}

fn context(name: &str) -> tempfile::TempDir {
    let context = tempfile::tempdir().unwrap();
    fs::write(context.path().join("Dockerfile"), DOCKERFILE).unwrap();
    fs::write(context.path().join("lock"), format!("{name} {}\n", std::process::id())).unwrap();
    fs::write(context.path().join("main"), "first\n").unwrap();
    context
}

#[test]
fn written_caches_hold_what_the_rules_say() {
    let Some(cache) = CacheEngine::start(FOLDER, &["debian:trixie-slim"]) else { return };
    let (shop, site) = (context("shop"), context("site"));
    let fields = |name: &str, mode: &str| {
        let place = format!("type=registry,ref={REGISTRY}/{name}:buildcache");
        (place.clone(), format!("{place},mode={mode},ignore-error=true"))
    };

    // `build-without-cache`: cold, then all of it from the cache, and nothing of it without.
    let (read, write) = fields("shop", "max");
    assert_eq!(cache.build_cold(shop.path(), "", &write), steps(ALL));
    cache.check(shop.path(), &read, &[]);
    cache.check(shop.path(), "", ALL);

    // `cache-without-stages`: after a change of a source, `mode=max` has the stage that installs, `mode=min` has not.
    let (read_result, write_result) = fields("result", "min");
    cache.build_cold(shop.path(), "", &write_result);
    fs::write(shop.path().join("main"), "second\n").unwrap();
    cache.check(shop.path(), &read, &[("build", &[1, 2]), ("stage-2", &[3])]);
    cache.check(shop.path(), &read_result, &[("dependencies", &[2, 3, 4]), ("build", &[1, 2]), ("stage-2", &[3])]);
    fs::write(shop.path().join("main"), "first\n").unwrap();

    // `cache-ref-shared`, and so `gha-scope-shared`: with two places each image has its cache; with one, the second image
    // takes the place of the first, of which at most what both begin with is left.
    let (read_site, write_site) = fields("site", "max");
    cache.build_cold(site.path(), "", &write_site);
    cache.check(shop.path(), &read, &[]);
    cache.check(site.path(), &read_site, &[]);
    cache.build_cold(site.path(), "", &write);
    let lost = steps(&[("dependencies", &[3, 4]), ("build", &[1, 2]), ("stage-2", &[3])]);
    assert!(cache.build_cold(shop.path(), &read, "").is_superset(&lost));
}
