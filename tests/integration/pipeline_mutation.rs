//! Pipelines, mutated, through everything: reading, all rules, reports, all fixes. Whatever the input, there is no panic and no
//! hang, a fixed file reads as before except for what the fixes announce, and a second run changes nothing. Some hundred
//! inputs by the day; `DOCKOPT_FULL=1`: ten thousand.

use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dockopt::audit;
use dockopt::finding::Target;
use dockopt::fix::FixLevel;
use dockopt::inputs::{BuildInput, BuildOptions, Date, Inputs, Repository, WorkflowInput};
use dockopt::report::{self, Layout, Medium, PathBase, ReportRun};
use dockopt::rules::{Policies, Selection, Subject};
use dockopt::text::{FileId, Source};
use rayon::prelude::*;

use crate::dockopt::panic_message;
use crate::mutation::Random;
use crate::tier;

/// Bytes that mean something in these files.
const BYTES: &[u8] = b":-{}[]'\"|>&*!#%$\t\r\n ,0";

/// Inputs: always, and with `DOCKOPT_FULL=1`.
const INPUTS: [usize; 2] = [500, 10_000];

/// What one input may take, without optimization, beside tests that build.
const PATIENCE: Duration = Duration::from_mins(2);

/// Pipelines to begin with, each with its path.
const SEEDS: [(&str, &str); 6] = [
    (".github/workflows/images.yml", include_str!("../../benches/pipelines/images.txt")),
    (".github/workflows/deploy.yml", include_str!("../../benches/pipelines/deploy.txt")),
    (
        ".github/workflows/matrix.yml",
        "on:\n  push: {branches: [main]}\n  pull_request:\njobs:\n  image:\n    runs-on: ${{ matrix.os }}\n    strategy:\n      matrix:\n        os: [ubuntu-24.04, ubuntu-24.04-arm]\n        include:\n          - {os: ubuntu-24.04, platform: linux/amd64}\n    steps:\n      - uses: actions/checkout@v4\n      - uses: ./\n      - run: >-\n          docker buildx build --push\n          --cache-to type=registry,ref=a/b:cache\n          -t a/b:latest -f docker/Dockerfile .\n",
    ),
    (
        "action.yml",
        "inputs:\n  tag: {default: latest}\nruns:\n  using: composite\n  steps:\n    - shell: bash\n      run: |\n        docker login -u a -p ${{ inputs.token }}\n        docker-compose build web\n    - uses: docker/build-push-action@v5\n      with:\n        build-args: |\n          NPM_TOKEN=${{ secrets.NPM_TOKEN }}\n        tags: a/b:${{ inputs.tag }}\n",
    ),
    (
        ".gitlab-ci.yml",
        "default:\n  image: docker:28\n  services: [docker:28-dind]\n.base: &base\n  stage: build\n  before_script:\n    - docker login -u $CI_REGISTRY_USER -p $CI_REGISTRY_PASSWORD $CI_REGISTRY\nbuild:\n  <<: *base\n  extends: .other\n  script:\n    - !reference [.base, before_script]\n    - docker build --build-arg NPM_TOKEN=$NPM_TOKEN -t $CI_REGISTRY_IMAGE:latest .\n    - docker push $CI_REGISTRY_IMAGE:latest\n  parallel:\n    matrix:\n      - A: [1, 2]\ndeploy:\n  script: docker-compose up -d\n",
    ),
    (
        "justfile",
        "set dotenv-load\nname := 'web'\n\n# Starts all.\nup profile='dev' *args:\n    @docker-compose -f compose.yaml up -d {{args}}\n\ndown: up\n    docker compose down -v\n    docker build -t {{name}} .\n",
    ),
];

const DOCKERFILE: &str = "FROM node:22 AS build\nARG NPM_TOKEN\nCOPY . .\nRUN --mount=type=cache,target=/root/.npm npm ci\n\
    RUN echo $NPM_TOKEN\nFROM node:22-slim\nCOPY --from=build /app /app\nCMD [\"node\", \"/app\"]\n";

#[test]
fn mutated_pipelines_are_survived_and_fixed_as_announced() {
    let inputs = tier::inputs(INPUTS[0], INPUTS[1]);
    let count = inputs.len();
    let (fixed, start) = (AtomicUsize::new(0), Instant::now());
    let failed = inputs.into_par_iter().find_map_first(|number| {
        let (path, text) = mutated(number);
        let begin = Instant::now();
        let run = || check(path, &text, &fixed);
        let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_message(&*panic)));
        let took = begin.elapsed();
        let result = result.and_then(|()| if took > PATIENCE { Err(format!("took {took:?}")) } else { Ok(()) });
        result.err().map(|why| {
            format!("{} ({path}): {why}\n--- input\n{}", tier::input_name(number), String::from_utf8_lossy(&text))
        })
    });
    let (fixed, seconds) = (fixed.load(Ordering::Relaxed), start.elapsed().as_secs_f64());
    writeln!(std::io::stdout(), "{count} mutated pipelines in {seconds:.1} s, {fixed} were fixed").unwrap();
    if let Some(failed) = failed {
        panic!("{failed}");
    }
    assert!(fixed * 8 > count, "too few are fixed");
}

/// A seed with lines or bytes that are left out, doubled, exchanged or taken from another one.
fn mutated(number: usize) -> (&'static str, Vec<u8>) {
    let mut random = Random::new(number);
    let (path, text) = SEEDS[number % SEEDS.len()];
    let other = SEEDS[random.below(SEEDS.len())].1;
    (path, mutate(&mut random, text, other))
}

/// A text with lines or bytes that are left out, doubled, exchanged or taken from another one.
pub(crate) fn mutate(random: &mut Random, text: &str, other: &str) -> Vec<u8> {
    let mut lines: Vec<&str> = text.split_inclusive('\n').collect();
    let other: Vec<&str> = other.split_inclusive('\n').collect();
    for _ in 0..=random.below(4) {
        let at = random.below(lines.len());
        match random.below(4) {
            0 if lines.len() > 1 => drop(lines.remove(at)),
            1 => lines.insert(at, other[random.below(other.len())]),
            2 => lines.insert(at, lines[random.below(lines.len())]),
            _ => {
                let second = random.below(lines.len());
                lines.swap(at, second);
            }
        }
    }
    let mut bytes = lines.concat().into_bytes();
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len());
        match random.below(3) {
            0 => drop(bytes.remove(at)),
            1 => bytes.insert(at, BYTES[random.below(BYTES.len())]),
            _ => bytes[at] = BYTES[random.below(BYTES.len())],
        }
        if bytes.is_empty() {
            break;
        }
    }
    // Letters of several bytes, where a reader may count them as one.
    for _ in 0..random.below(4) {
        let at = random.below(bytes.len() + 1);
        let end = if random.below(2) == 0 { at } else { (at + 1).min(bytes.len()) };
        bytes.splice(at..end, LETTERS[random.below(LETTERS.len())].bytes());
    }
    bytes
}

/// Of two, three and four bytes.
const LETTERS: [&str; 3] = ["я", "…", "🐳"];

fn inputs(path: &str, source: &Source) -> Option<Inputs> {
    let dockerfile = Source::of("Dockerfile", DOCKERFILE);
    let files = ["Dockerfile", "docker/Dockerfile", "package.json", path].map(str::to_owned).into();
    let repository = Repository { files, is_complete: true, ..Repository::default() };
    let input = WorkflowInput::read(FileId(0), path.to_owned(), source, &|_| None, Arc::new(repository))?;
    let mut build = BuildInput::new(&dockerfile, BuildOptions::default());
    build.dockerfile = FileId(1);
    Some(Inputs {
        root: ".".into(),
        sources: vec![source.clone(), dockerfile],
        builds: vec![build],
        workflows: vec![input],
        today: Date::parse("2026-11-20"),
        ..Inputs::default()
    })
}

fn check(path: &str, bytes: &[u8], fixed: &AtomicUsize) -> Result<(), String> {
    let Ok(source) = Source::new(path, bytes.to_vec()) else { return Ok(()) };
    let Some(inputs) = inputs(path, &source) else { return Ok(()) };
    let all: Policies = Selection::new(&["all".to_owned()], &[]).map_err(|error| error.to_string())?.into();
    let policies = all.only(Subject::Workflow);
    let report = audit::InputAudit::new(&inputs).check_workflows(&policies);
    for finding in &report.findings {
        let text = report.sources[finding.file.0 as usize].text();
        let mut spans = finding.labels.iter().map(|label| label.span).chain([finding.span]);
        if spans.any(|span| text.get(span.range()).is_none()) {
            return Err(format!("a span of {} lies outside of its text", finding.rule));
        }
    }
    let base = PathBase::default();
    let run = ReportRun { command: "lint", report: &report, exit: 1, base: &base };
    report::lint(&run, Medium::Terminal).write(Medium::Terminal, Layout::PLAIN);
    serde_json::from_str::<serde_json::Value>(&report::lint_json(&report)).map_err(|error| error.to_string())?;
    for level in [FixLevel::Safe, FixLevel::Unsafe] {
        let outcome = audit::fix(&inputs, &policies, level);
        if !outcome.contradicting.is_empty() {
            return Err(format!("rules undo each other: {:?}", outcome.contradicting));
        }
        if let Some(refused) = outcome.refused.first() {
            return Err(format!("a fix of {} is refused: {}", refused.rule, refused.why));
        }
        let sources: Vec<Source> = inputs
            .sources
            .iter()
            .enumerate()
            .map(|(number, source)| {
                let is_it = |target: &Target| *target == Target::File(FileId(number as u32));
                let change = outcome.changes.iter().find(|change| is_it(&change.target));
                change
                    .map_or_else(|| source.clone(), |change| Source::new(source.name(), change.after.clone()).unwrap())
            })
            .collect();
        if outcome.changes.is_empty() {
            continue;
        }
        fixed.fetch_add(1, Ordering::Relaxed);
        let again = audit::fix(&inputs.with_sources(&sources), &policies, level);
        if let Some(change) = again.changes.first() {
            return Err(format!("a second run changes `{}`", change.name));
        }
    }
    Ok(())
}
