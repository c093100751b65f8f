//! Real Dockerfiles, mutated, through everything: reading, meaning, all rules, reports, all fixes. Whatever the input, there
//! is no panic, the text round-trips, fixing ends and is idempotent, and a fix brings no error that was not there.
//! A hundred inputs by the day; `DOCKOPT_FULL=1`: a thousand.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::sync::Arc;
use std::time::Instant;

use dockopt::audit;
use dockopt::build::Build;
use dockopt::cache::{
    BuildState, BuilderFlags, ContextFiles, Digests, Graph, Prediction, Records, StepReason, StepVerdict, names_only,
};
use dockopt::dockerfile::{self, File};
use dockopt::fix::{FixLevel, fix};
use dockopt::inputs::context::{BuildContext, ContextBuilder, ContextEntryKind};
use dockopt::inputs::{BuildInput, BuildOptions, Date, IgnoreInput, Inputs};
use dockopt::manifest::{self, Project};
use dockopt::report::{self, Layout, Medium, PathBase, ReportRun};
use dockopt::rules::{Policies, Selection};
use dockopt::text::{Source, Span};
use rayon::prelude::*;

use crate::dockopt::panic_message;
use crate::{structure, tier};

/// What is put into an input: pieces that mean something to a reader, a rule or a fix.
const PIECES: [&str; 64] = [
    "\n",
    "\r\n",
    "\\\n",
    "`\n",
    "\\",
    "\"",
    "'",
    " ",
    "\t",
    "à",
    "日",
    "\u{feff}",
    "\u{a0}",
    "\0",
    "\u{fffd}",
    "#",
    "<<EOF",
    "EOF\n",
    "<<-'A'",
    "# escape=`\n",
    "# check=skip=all\n",
    "ONBUILD ",
    "RUN ",
    "COPY . .\n",
    "CMD ",
    "ENTRYPOINT ",
    "HEALTHCHECK ",
    "HEALTHCHECK CMD curl -f http://localhost || exit 1\n",
    "USER root\n",
    "USER app\n",
    "ENV ",
    "ENV API_KEY=hunter2hunter2\n",
    "ARG TOKEN=abcdefgh\n",
    "FROM a AS b\n",
    "FROM b\n",
    "FROM python:3.13\n",
    "SHELL [\"/bin/bash\", \"-c\"]\n",
    "[\"a\",",
    "\"]",
    "--mount=type=cache,target=/x ",
    "--from=b ",
    "--",
    "=",
    "${",
    "}",
    "$A",
    "$(",
    ")",
    "`",
    "(",
    "{ ",
    ";",
    " && ",
    " || ",
    " | ",
    "apt-get update",
    "apt-get install -y curl",
    "pip install -r requirements.txt",
    "npm ci",
    "sh -c '",
    "apk add curl",
    "rm -rf /var/lib/apt/lists/*",
    "*",
    "WORKDIR ",
];

/// Inputs: always, and with `DOCKOPT_FULL=1`.
const INPUTS: [usize; 2] = [128, 1_024];

/// Small numbers that are the same in each run.
pub(crate) struct Random(u64);

impl Random {
    pub(crate) fn new(seed: usize) -> Self {
        Self((seed as u64 + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15))
    }

    pub(crate) fn below(&mut self, limit: usize) -> usize {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        (self.0 % limit.max(1) as u64) as usize
    }
}

#[test]
fn any_text_is_read_without_panic() {
    let seeds = seeds();
    assert!(seeds.len() > 500, "{} inputs to begin with", seeds.len());
    let inputs = tier::inputs(INPUTS[0], INPUTS[1]);
    let (count, start) = (inputs.len(), Instant::now());
    let context = Arc::new(context());
    let projects = Arc::new(projects());
    let check_case = |number: usize| {
        let bytes = input(&seeds, number);
        let run = || check(&bytes, &context, &projects);
        let broken = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_message(&*panic)));
        broken.err().map(|why| format!("{}: {why}\n{:?}", tier::input_name(number), String::from_utf8_lossy(&bytes)))
    };
    let failed = inputs.into_par_iter().find_map_first(check_case);
    let (seconds, lost) = (start.elapsed().as_secs_f64(), u8::from(failed.is_some()));
    writeln!(std::io::stdout(), "{count} mutated inputs in {seconds:.1} s, {lost} lost").unwrap();
    assert_eq!(failed, None);
}

/// As they stand, and with CR LF: every sixteenth, by the day from another one on; `DOCKOPT_FULL=1`: all.
#[test]
fn projects_are_fixed_as_announced() {
    let (context, projects) = (Arc::new(context()), Arc::new(projects()));
    let seeds = some(seeds());
    let broken: Vec<String> = seeds
        .par_iter()
        .flat_map(|seed| [seed.clone(), seed.replace('\n', "\r\n")])
        .filter_map(|text| Some(format!("{}\n{text:?}", check(text.as_bytes(), &context, &projects).err()?)))
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// No place of a text is taken for that of a letter: each word begins with one of two bytes. Inputs as above.
#[test]
fn letters_of_two_bytes_are_read() {
    let (context, projects) = (Arc::new(context()), Arc::new(projects()));
    let seeds = some(seeds());
    let broken: Vec<String> = seeds
        .par_iter()
        .filter_map(|seed| {
            let mut words = seed.split_inclusive(' ').map(|word| {
                let rest = word.strip_prefix(|c: char| c.is_ascii_alphabetic());
                rest.map_or_else(|| word.to_owned(), |rest| format!("à{rest}"))
            });
            let text = words.next().unwrap_or_default().replacen('à', "F", 1) + &words.collect::<String>();
            let run = || check(text.as_bytes(), &context, &projects);
            let panic = catch_unwind(AssertUnwindSafe(run)).err()?;
            Some(format!("{}\n{text:?}", panic_message(&*panic)))
        })
        .collect();
    assert!(broken.is_empty(), "{}", broken.join("\n\n"));
}

/// Every sixteenth, by the day from another one on; `DOCKOPT_FULL=1`: all.
fn some(seeds: Vec<String>) -> Vec<String> {
    let step = if tier::is_full() { 1 } else { 16 };
    seeds.into_iter().skip(tier::seed() % step).step_by(step).collect()
}

/// The Dockerfiles of vectors, fixtures and rule pages.
fn seeds() -> Vec<String> {
    let mut seeds = Vec::new();
    for name in ["parse", "parse-fuzz"] {
        let text = fs::read_to_string(format!("tests/vectors/{name}.jsonl")).unwrap();
        let cases = text.lines().filter_map(|line| serde_json::from_str::<serde_json::Value>(line).ok());
        seeds.extend(cases.filter_map(|case| case["input"].as_str().map(str::to_owned)));
    }
    for rule in dockopt::rules::ALL.iter() {
        let fences = rule.page.split("\n```").skip(1).step_by(2);
        seeds.extend(
            fences
                .filter_map(|fence| fence.strip_prefix("dockerfile")?.split_once('\n'))
                .map(|(_, text)| text.to_owned()),
        );
    }
    collect(Path::new("fixtures"), &mut seeds);
    seeds
}

fn collect(folder: &Path, seeds: &mut Vec<String>) {
    let mut paths: Vec<_> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    paths.sort();
    for path in paths {
        if path.is_dir() {
            collect(&path, seeds);
        } else if path.file_name().is_some_and(|name| name.to_string_lossy().contains("Dockerfile")) {
            seeds.push(fs::read_to_string(&path).unwrap());
        }
    }
}

/// A seed with up to six changes.
fn input(seeds: &[String], number: usize) -> Vec<u8> {
    let mut random = Random::new(number);
    // The last ones are real files and pages, which give rules most to do.
    let few = if random.below(2) == 0 { 40 } else { seeds.len() };
    let mut bytes = seeds[seeds.len() - 1 - random.below(few)].clone().into_bytes();
    for _ in 0..random.below(7) {
        let at = random.below(bytes.len() + 1);
        let end = (at + random.below(12)).min(bytes.len());
        match random.below(7) {
            0..=2 => drop(bytes.splice(at..at, PIECES[random.below(PIECES.len())].bytes())),
            3 => drop(bytes.splice(at..end, [])),
            4 => bytes.truncate(at),
            5 => {
                // A stretch of another one.
                let other = seeds[random.below(seeds.len())].as_bytes();
                let from = random.below(other.len());
                let to = (from + random.below(80)).min(other.len());
                drop(bytes.splice(at..at, other[from..to].iter().copied()));
            }
            _ => drop(bytes.splice(at..at, [(random.below(256)) as u8])),
        }
    }
    bytes
}

fn check(bytes: &[u8], context: &Arc<BuildContext>, projects: &Arc<Vec<Project>>) -> Result<(), String> {
    let Ok(source) = Source::new("Dockerfile", bytes.to_vec()) else { return Ok(()) };
    let before = read(&source)?;
    let same = source.bytes() == bytes;
    fail(!same, "the source has other bytes")?;
    let inputs = Inputs {
        root: ".".into(),
        sources: vec![source.clone()],
        builds: vec![BuildInput {
            file: before.clone(),
            context_root: Some(".".into()),
            ignore: IgnoreInput::Missing(".dockerignore".into()),
            context: Some(Arc::clone(context)),
            projects: Some(Arc::clone(projects)),
            ..BuildInput::new(&source, BuildOptions::default())
        }],
        today: Date::parse("2026-11-20"),
        ..Inputs::default()
    };
    let selection: Policies = Selection::new(&["all".to_owned()], &[]).map_err(|error| error.to_string())?.into();
    let report = audit::InputAudit::new(&inputs).audit(&selection);
    for finding in &report.findings {
        let text = report.sources[finding.file.0 as usize].text();
        let spans = finding.labels.iter().map(|label| label.span).chain([finding.span]);
        spans.for_each(|span| fail(text.get(span.range()).is_none(), "a span outside of its text").unwrap());
    }
    let base = PathBase::default();
    let run = ReportRun { command: "lint", report: &report, exit: 1, base: &base };
    report::lint(&run, Medium::Terminal).write(Medium::Terminal, Layout::PLAIN);
    let view = report::AuditView { all: true, ..report::AuditView::default() };
    let layout = Layout { width: Some(50), colour: true, links: true };
    for medium in [Medium::Terminal, Medium::Html] {
        report::audit(&run, &view, medium).write(medium, layout);
    }
    let json: serde_json::Value =
        serde_json::from_str(&report::audit_json(&report)).map_err(|error| error.to_string())?;
    fail(json["findings"].as_array().map(Vec::len) != Some(report.findings.len()), "JSON lacks findings")?;
    predict(&inputs.builds[0], context);
    for level in [FixLevel::Safe, FixLevel::Unsafe] {
        fixed(&inputs, &selection, level, &before)?;
    }
    Ok(())
}

/// Runs the cache model on a build that did not change: what the builder has is never rebuilt for certain.
fn predict(input: &BuildInput, context: &BuildContext) {
    let graph = Graph::new(&Build::new(input), &BuilderFlags::default());
    let files = ContextFiles::new(names_only(context), None);
    let state = BuildState { graph: &graph, context: &files, folder: "context" };
    let prediction = Prediction::new(state, state, &mut Records::default(), &mut Digests::default());
    for step in prediction.steps.iter().filter(|step| step.verdict == StepVerdict::Miss) {
        assert!(matches!(step.reasons[..], [StepReason::Missing(_) | StepReason::Above(..), ..]), "{step:?}");
    }
}

fn fixed(inputs: &Inputs, selection: &Policies, level: FixLevel, before: &File) -> Result<(), String> {
    let outcome = audit::fix(inputs, selection, level);
    fail(!outcome.contradicting.is_empty(), &format!("rules undo each other: {:?}", outcome.contradicting))?;
    fail(!outcome.refused.is_empty(), &format!("a rule's fix breaks the file: {:?}", outcome.refused))?;
    if outcome.changes.is_empty() {
        return Ok(());
    }
    report::diff(&outcome, audit::InputAudit::new(inputs).mask(), Layout::PLAIN);
    let mut sources = inputs.sources.clone();
    for change in &outcome.changes {
        let source = Source::new(change.name.as_str(), change.after.clone()).map_err(|len| format!("{len} bytes"))?;
        match sources.iter().position(|known| known.name() == change.name) {
            Some(at) => sources[at] = source,
            None => sources.push(source),
        }
    }
    let after = read(&sources[0])?;
    let text = || format!("{level:?} fix gave {:?}", sources[0].text());
    structure::check(before, &after, &outcome).map_err(|why| format!("{}: {why}", text()))?;
    let again = fix(&sources, level, |now: &[Source]| audit::check(inputs, now, selection));
    let changed = again.changes.iter().any(|change| change.before.as_ref() != Some(&change.after));
    fail(
        changed,
        &format!(
            "{}, and another run {:?}",
            text(),
            again.changes.iter().map(|c| String::from_utf8_lossy(&c.after).into_owned()).collect::<Vec<_>>()
        ),
    )
}

/// Reads a text; what was read covers it without gap.
fn read(source: &Source) -> Result<File, String> {
    let file = dockerfile::parse(source);
    let mut end = 0;
    for (span, _) in file.pieces() {
        fail(span.start != end, "pieces leave a gap")?;
        end = span.end;
    }
    fail(source.slice(Span::new(0, end)) != source.text(), "pieces end before the text")?;
    Ok(file)
}

fn fail(failed: bool, why: &str) -> Result<(), String> {
    if failed { Err(why.to_owned()) } else { Ok(()) }
}

const MANIFESTS: [(&str, &str); 4] = [
    ("package.json", r#"{"name":"a","dependencies":{"vite":"^5"},"scripts":{"build":"vite build"}}"#),
    ("pyproject.toml", "[project]\nname = \"a\"\ndependencies = [\"fastapi\"]\n"),
    ("requirements.txt", "fastapi==0.1\nhttpx\n"),
    ("uv.lock", "version = 1\n\n[[package]]\nname = \"fastapi\"\nversion = \"0.1\"\n"),
];

fn projects() -> Vec<Project> {
    manifest::projects(&MANIFESTS.map(|(path, text)| (path, Some(text)))).projects
}

/// A folder with sources, manifests, and what a build does without.
fn context() -> BuildContext {
    let mut context = ContextBuilder::new(".");
    let file =
        |context: &mut ContextBuilder, name: &str, size| context.add(name, ContextEntryKind::File, 0o644, size, None);
    for (folder, name) in [(".git", "HEAD"), (".venv", "pyvenv.cfg"), ("app", "main.py"), ("node_modules", "x.js")] {
        context.enter(folder, 0o755, false);
        file(&mut context, name, 5_000);
        context.leave();
    }
    for (name, text) in MANIFESTS {
        file(&mut context, name, text.len() as u64);
    }
    context.finish()
}
