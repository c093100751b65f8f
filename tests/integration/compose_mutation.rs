//! Compose files, mutated, through everything: reading, all rules, reports, the graph, all fixes. Whatever the input, there is
//! no panic and no hang, a fixed file reads as before except for what the fixes announce, and a second run changes nothing.
//! Some fixed files are read by Compose too, where it is there. A hundred inputs by the day; `DOCKOPT_FULL=1`: two thousand.

mod seeds;

use std::collections::BTreeMap;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use dockopt::audit;
use dockopt::compose::project::{
    Leniency, ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading, project as read,
};
use dockopt::finding::Target;
use dockopt::fix::FixLevel;
use dockopt::inputs::{ComposeInput, ComposeReading, Date, Inputs};
use dockopt::report::{self, GraphLanguage, Layout, Medium, PathBase, ReportRun};
use dockopt::rules::{self, Policies, Selection};
use dockopt::stack::{Stack, StartGraph};
use dockopt::text::{FileId, Source};
use rayon::prelude::*;
use serde_json::Value;

use self::seeds::{mutated, seeds};
use crate::compose_rules::{verdict, without_meant};
use crate::dockopt::panic_message;
use crate::tier;

/// Inputs: always, and with `DOCKOPT_FULL=1`.
const INPUTS: [usize; 2] = [128, 2_000];

/// Fixed files that Compose reads, before and after: always, and with `DOCKOPT_FULL=1`.
const COMPARED: [usize; 2] = [10, 200];

/// What one input may take, without optimization, with Compose's client, and beside tests that build.
const PATIENCE: Duration = Duration::from_mins(2);

/// Behind every service that is built.
const DOCKERFILE: &str = "FROM python:3.13-slim\nRUN pip install --no-cache-dir fastapi celery\nCOPY . .\nEXPOSE 8000\n\
    CMD [\"uvicorn\", \"app:app\", \"--host\", \"0.0.0.0\"]\n";

/// What the inputs came to.
#[derive(Default)]
struct Tally {
    read: AtomicUsize,
    fixed: AtomicUsize,
    compared: AtomicUsize,
}

#[test]
fn mutated_compose_files_are_survived_and_fixed_as_announced() {
    let inputs = tier::inputs(INPUTS[0], INPUTS[1]);
    let (count, compared) = (inputs.len(), COMPARED[usize::from(tier::is_full())]);
    let (seeds, tally, start) = (seeds(), Tally::default(), Instant::now());
    let failed = inputs.into_par_iter().find_map_first(|number| {
        let text = mutated(&seeds, number);
        let begin = Instant::now();
        let run = || check(&text, &tally, compared);
        let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_message(&*panic)));
        let took = begin.elapsed();
        let result = result.and_then(|()| if took > PATIENCE { Err(format!("took {took:?}")) } else { Ok(()) });
        result
            .err()
            .map(|why| format!("{}: {why}\n--- input\n{}", tier::input_name(number), String::from_utf8_lossy(&text)))
    });
    let [read, fixed, compared] =
        [&tally.read, &tally.fixed, &tally.compared].map(|count| count.load(Ordering::Relaxed));
    let seconds = start.elapsed().as_secs_f64();
    let said = format!("{count} mutated files in {seconds:.1} s: {read} are projects");
    writeln!(std::io::stdout(), "{said}, {fixed} were fixed, {compared} of them compared by Compose").unwrap();
    if let Some(failed) = failed {
        panic!("{failed}");
    }
    assert!(read * 4 > count && fixed * 8 > count, "too few are read or fixed");
}

/// A compose file as a whole run.
fn inputs(source: &Source) -> Inputs {
    let mut known = ProjectFiles::default();
    known.insert("/a/compose.yaml", ProjectFile::Text(source.clone()));
    let (folder, profiles) = ("/a".to_owned(), Vec::new());
    let request = ProjectRequest { files: vec!["compose.yaml".into()], folder, profiles, ..ProjectRequest::default() };
    for leniency in [Leniency::StandIns, Leniency::Gaps] {
        let request = ProjectRequest { leniency, profiles: vec!["*".to_owned()], ..request.clone() };
        while let Reading::Needs(needs) = read(&request, &known) {
            for need in needs {
                match need {
                    ProjectNeed::File(path) => known.insert(&path, ProjectFile::Missing),
                    ProjectNeed::Link(path) => known.insert_link(&path, path.clone()),
                }
            }
        }
    }
    let files = Arc::new(BTreeMap::from([("/a/compose.yaml".to_owned(), FileId(0))]));
    let reading = ComposeReading::of(&request, &known, &files, "compose.yaml");
    let services = reading.project.iter().flat_map(|project| project.services());
    let built = services.filter(|(_, service)| service.get("build").is_some());
    let dockerfile = Source::of("Dockerfile", DOCKERFILE);
    let dockerfiles = Arc::new(built.map(|(name, _)| (name.to_owned(), dockerfile.clone())).collect());
    let (known, parts) = (Arc::new(known), Vec::new());
    let input = ComposeInput {
        file: FileId(0),
        request,
        known,
        files,
        parts,
        dockerfiles,
        proxies: Arc::default(),
        missing_dockerfiles: Arc::default(),
        missing_paths: Arc::default(),
        committed_files: Arc::default(),
        checked_sources: Arc::default(),
        compose_use: dockopt::inputs::ComposeUse::default(),
        reading,
    };
    let today = Date::parse("2026-11-20");
    Inputs { root: ".".into(), sources: vec![source.clone()], composes: vec![input], today, ..Inputs::default() }
}

fn check(bytes: &[u8], tally: &Tally, compared: usize) -> Result<(), String> {
    let Ok(source) = Source::new("compose.yaml", bytes.to_vec()) else { return Ok(()) };
    fail(source.bytes() != bytes, "the source has other bytes")?;
    let inputs = inputs(&source);
    let policies: Policies = Selection::new(&["all".to_owned()], &[]).map_err(|error| error.to_string())?.into();
    let report = audit::InputAudit::new(&inputs).lint(&policies);
    for finding in &report.findings {
        let text = report.sources[finding.file.0 as usize].text();
        let mut spans = finding.labels.iter().map(|label| label.span).chain([finding.span]);
        fail(spans.any(|span| text.get(span.range()).is_none()), "a span outside of its text")?;
    }
    let base = PathBase::default();
    let run = ReportRun { command: "lint", report: &report, exit: 1, base: &base };
    report::lint(&run, Medium::Terminal).write(Medium::Terminal, Layout::PLAIN);
    serde_json::from_str::<serde_json::Value>(&report::lint_json(&report)).map_err(|error| error.to_string())?;
    let Some(project) = &inputs.composes[0].reading.project else { return Ok(()) };
    tally.read.fetch_add(1, Ordering::Relaxed);
    let compose = &inputs.composes[0];
    let graph = StartGraph::of(&Stack::new(project, &compose.dockerfiles), &compose.reading.inactive);
    for language in [GraphLanguage::Mermaid, GraphLanguage::Dot] {
        report::compose_graph_source(&graph, language);
    }
    let graphs = [("compose.yaml".to_owned(), graph)];
    for medium in [Medium::Terminal, Medium::Markdown, Medium::Html] {
        report::compose_graph(&graphs).write(medium, Layout::PLAIN);
    }
    report::compose_graph_json(&graphs);
    let safe = fixed(&inputs, &policies, FixLevel::Safe)?;
    let unsafe_text = fixed(&inputs, &policies, FixLevel::Unsafe)?;
    let Some(after) = unsafe_text.or(safe) else { return Ok(()) };
    tally.fixed.fetch_add(1, Ordering::Relaxed);
    if tally.compared.fetch_add(1, Ordering::Relaxed) < compared {
        return compare(bytes, &after);
    }
    tally.compared.fetch_sub(1, Ordering::Relaxed);
    Ok(())
}

/// The file after its fixes; `None` where nothing changes.
fn fixed(inputs: &Inputs, policies: &Policies, level: FixLevel) -> Result<Option<Vec<u8>>, String> {
    let outcome = audit::fix(inputs, policies, level);
    fail(!outcome.contradicting.is_empty(), &format!("rules undo each other: {:?}", outcome.contradicting))?;
    fail(!outcome.refused.is_empty(), &format!("a fix breaks the file: {:?}", outcome.refused))?;
    let Some(change) = outcome.changes.first() else { return Ok(None) };
    fail(outcome.changes.len() > 1 || change.target != Target::File(FileId(0)), "another file changes")?;
    report::diff(&outcome, audit::InputAudit::new(inputs).mask(), Layout::PLAIN);
    let source = Source::new("compose.yaml", change.after.clone()).map_err(|len| format!("{len} bytes"))?;
    let now = self::inputs(&source);
    let text = || format!("{level:?} fix gave\n{}\n", source.text());
    let applied: Vec<&'static str> = outcome.applied.iter().map(|applied| applied.finding.rule).collect();
    let announced = rules::announced(&applied);
    let breach = rules::compose_breach(&inputs.composes[0], &now.composes[0], &announced);
    fail(breach.is_some(), &format!("{breach:?} after {applied:?}: {}", text()))?;
    let bytes = (inputs.sources[0].bytes(), &*change.after);
    let model =
        |inputs: &Inputs| inputs.composes[0].reading.project.as_ref().map(|project| comparable(project.json(), bytes));
    fail(model(inputs) != model(&now), &format!("more changed than was meant: {}", text()))?;
    let again = audit::fix(&now, policies, level);
    let second = again.changes.first().map(|change| String::from_utf8_lossy(&change.after).into_owned());
    fail(second.is_some(), &format!("{}, and another run\n{}", text(), second.unwrap_or_default()))?;
    Ok(Some(change.after.clone()))
}

/// A project without what fixes may change on purpose. Where they double a dollar, what Compose took out of values comes back.
fn comparable(project: Value, (before, after): (&[u8], &[u8])) -> Value {
    let mut project = without_meant(project);
    let dollars = |text: &[u8]| text.windows(2).filter(|pair| *pair == b"$$").count();
    if dollars(after) > dollars(before) {
        for (_, service) in project["services"].as_object_mut().into_iter().flatten() {
            for key in ["command", "entrypoint", "environment", "labels"] {
                service[key] = Value::Null;
            }
        }
    }
    project
}

/// Whether Compose makes the same of a file before and after its fixes.
fn compare(before: &[u8], after: &[u8]) -> Result<(), String> {
    let verdict_of = |bytes: &[u8]| {
        let folder = tempfile::tempdir().unwrap();
        std::fs::write(folder.path().join("compose.yaml"), bytes).unwrap();
        verdict(folder.path())
    };
    let (Some(old), Some(new)) = (verdict_of(before), verdict_of(after)) else { return Ok(()) };
    let context = |why: &str| format!("Compose {why} after the fixes:\n{}", String::from_utf8_lossy(after));
    match (old, new) {
        (Ok(old), Ok(new)) => {
            let bytes = (before, after);
            fail(comparable(old, bytes) != comparable(new, bytes), &context("reads another project"))
        }
        (Ok(_), Err(why)) => Err(context(&format!("refuses the file ({why})"))),
        // What is missing here is missing after the fixes.
        (Err(_), _) => Ok(()),
    }
}

fn fail(failed: bool, why: &str) -> Result<(), String> {
    if failed { Err(why.to_owned()) } else { Ok(()) }
}
