//! How long the jobs and steps of pipelines took: the answers of GitHub's API to "list workflow runs" and "list jobs for a
//! workflow run", as `gh api --paginate` prints them.

use std::collections::BTreeMap;

use jiff::Timestamp;
use serde::Deserialize;

/// Runs that are read.
const RUNS: usize = 100_000;

/// The seconds of jobs and steps that succeeded.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct RunTimes {
    /// By the names of workflow and job; the first is empty where it is not told.
    jobs: BTreeMap<(String, String), Vec<f64>>,
    /// By the names of workflow, job and step.
    steps: BTreeMap<(String, String, String), Vec<f64>>,
    /// By the path of the workflow.
    workflows: BTreeMap<String, Vec<f64>>,
}

/// What several runs took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct TypicalTime {
    /// The median.
    pub seconds: f64,
    /// The runs.
    pub runs: usize,
}

impl RunTimes {
    /// Whether nothing is known.
    pub fn is_empty(&self) -> bool {
        self.jobs.is_empty() && self.workflows.is_empty()
    }

    /// What the runs of a workflow took, by its path from the top of the repository.
    pub fn workflow(&self, path: &str) -> Option<TypicalTime> {
        typical(self.workflows.get(path)?.clone())
    }

    /// What a job took. Its legs, which have values in brackets behind the name, count together.
    pub fn job(&self, workflow: &str, job: &str) -> Option<TypicalTime> {
        let all = self.jobs.iter().filter(|((known, name), _)| is_same(known, workflow) && is_leg(name, job));
        typical(all.flat_map(|(_, seconds)| seconds).copied().collect())
    }

    /// What a step took, by the name that the log shows: `Run docker/build-push-action@v6`.
    pub fn step(&self, workflow: &str, job: &str, step: &str) -> Option<TypicalTime> {
        let is_it =
            |(known, name, of): &(String, String, String)| is_same(known, workflow) && is_leg(name, job) && of == step;
        let all = self.steps.iter().filter(|(key, _)| is_it(key));
        typical(all.flat_map(|(_, seconds)| seconds).copied().collect())
    }
}

fn is_same(known: &str, workflow: &str) -> bool {
    known.is_empty() || workflow.is_empty() || known == workflow
}

fn is_leg(name: &str, job: &str) -> bool {
    name.strip_prefix(job).is_some_and(|rest| rest.is_empty() || rest.starts_with(" ("))
}

fn typical(mut seconds: Vec<f64>) -> Option<TypicalTime> {
    seconds.sort_by(f64::total_cmp);
    let runs = seconds.len();
    let middle = *seconds.get(runs / 2)?;
    let below = if runs.is_multiple_of(2) { seconds[runs / 2 - 1] } else { middle };
    Some(TypicalTime { seconds: f64::midpoint(below, middle), runs })
}

/// Reads the answers of GitHub's API: one, a list of them, or one behind the other.
///
/// # Errors
/// The text is no JSON, or has neither runs nor jobs; in one sentence without a full stop.
pub fn read_runs(bytes: &[u8]) -> Result<RunTimes, String> {
    let mut times = RunTimes::default();
    let mut has_any = false;
    for answer in serde_json::Deserializer::from_slice(bytes).into_iter::<AnswerJson>() {
        let answer = answer.map_err(|error| format!("it is no JSON as GitHub's API gives it: {error}"))?;
        let pages = match answer {
            AnswerJson::Page(page) => vec![page],
            AnswerJson::Pages(pages) => pages,
        };
        for page in pages {
            has_any |= page.jobs.is_some() || page.workflow_runs.is_some();
            add(&mut times, page);
        }
    }
    if has_any { Ok(times) } else { Err("it has neither `jobs` nor `workflow_runs`".to_owned()) }
}

#[derive(Deserialize)]
#[serde(untagged)]
enum AnswerJson {
    Page(PageJson),
    Pages(Vec<PageJson>),
}

#[derive(Deserialize)]
struct PageJson {
    jobs: Option<Vec<JobJson>>,
    workflow_runs: Option<Vec<RunJson>>,
}

#[derive(Deserialize)]
struct RunJson {
    path: Option<String>,
    conclusion: Option<String>,
    run_started_at: Option<String>,
    updated_at: Option<String>,
}

#[derive(Deserialize)]
struct JobJson {
    workflow_name: Option<String>,
    name: String,
    #[serde(flatten)]
    span: SpanJson,
    steps: Option<Vec<StepJson>>,
}

#[derive(Deserialize)]
struct StepJson {
    name: String,
    #[serde(flatten)]
    span: SpanJson,
}

#[derive(Deserialize)]
struct SpanJson {
    conclusion: Option<String>,
    started_at: Option<String>,
    completed_at: Option<String>,
}

impl SpanJson {
    fn seconds(&self) -> Option<f64> {
        succeeded_in(self.conclusion.as_deref(), self.started_at.as_deref(), self.completed_at.as_deref())
    }
}

/// The seconds of something that succeeded.
fn succeeded_in(conclusion: Option<&str>, from: Option<&str>, to: Option<&str>) -> Option<f64> {
    if conclusion != Some("success") {
        return None;
    }
    let time = |text: &str| text.parse::<Timestamp>().ok();
    let seconds = time(to?)?.duration_since(time(from?)?).as_secs_f64();
    (0.0..1e7).contains(&seconds).then_some(seconds)
}

fn add(times: &mut RunTimes, page: PageJson) {
    for run in page.workflow_runs.into_iter().flatten().take(RUNS) {
        let (from, to) = (run.run_started_at.as_deref(), run.updated_at.as_deref());
        let seconds = succeeded_in(run.conclusion.as_deref(), from, to);
        if let Some((path, seconds)) = run.path.zip(seconds) {
            // `.github/workflows/ci.yml@main` of runs that another workflow calls.
            let path = path.split('@').next().unwrap_or_default().to_owned();
            times.workflows.entry(path).or_default().push(seconds);
        }
    }
    for job in page.jobs.into_iter().flatten().take(RUNS) {
        let workflow = job.workflow_name.unwrap_or_default();
        if let Some(seconds) = job.span.seconds() {
            times.jobs.entry((workflow.clone(), job.name.clone())).or_default().push(seconds);
        }
        for step in job.steps.into_iter().flatten() {
            if let Some(seconds) = step.span.seconds() {
                times.steps.entry((workflow.clone(), job.name.clone(), step.name)).or_default().push(seconds);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const JOBS: &str = r#"{"total_count": 3, "jobs": [
        {"name": "image (amd64)", "workflow_name": "ci", "conclusion": "success",
         "started_at": "2026-11-01T12:00:00Z", "completed_at": "2026-11-01T12:02:00Z",
         "steps": [{"name": "Run docker/build-push-action@v6", "status": "completed", "conclusion": "success", "number": 2,
                    "started_at": "2026-11-01T12:00:10.000Z", "completed_at": "2026-11-01T12:01:50.000Z"}]},
        {"name": "image (arm64)", "workflow_name": "ci", "conclusion": "success",
         "started_at": "2026-11-01T12:00:00Z", "completed_at": "2026-11-01T12:04:00Z", "steps": null},
        {"name": "images", "conclusion": "failure",
         "started_at": "2026-11-01T12:00:00Z", "completed_at": "2026-11-01T12:09:00Z"}]}"#;

    #[test]
    fn jobs_and_steps_have_times() {
        let runs = r#"{"workflow_runs": [{"path": ".github/workflows/ci.yml", "conclusion": "success",
            "run_started_at": "2026-11-01T12:00:00Z", "updated_at": "2026-11-01T12:05:00Z"}]}"#;
        for text in [format!("{JOBS}{runs}"), format!("[{JOBS}, {runs}]")] {
            let times = read_runs(text.as_bytes()).unwrap();
            assert_eq!(times.job("ci", "image"), Some(TypicalTime { seconds: 180.0, runs: 2 }));
            assert_eq!(times.job("ci", "image (arm64)"), Some(TypicalTime { seconds: 240.0, runs: 1 }));
            assert_eq!(times.job("cd", "image"), None);
            let step = times.step("ci", "image", "Run docker/build-push-action@v6");
            assert_eq!(step, Some(TypicalTime { seconds: 100.0, runs: 1 }));
            assert_eq!(times.workflow(".github/workflows/ci.yml"), Some(TypicalTime { seconds: 300.0, runs: 1 }));
            assert_eq!(times.job("", "images"), None);
        }
    }

    #[test]
    fn other_texts_are_refused() {
        for text in ["", "[]", "{", "{\"a\": 1}", "[1]", "null", "{\"jobs\": 1}"] {
            assert!(read_runs(text.as_bytes()).is_err(), "{text}");
        }
        let odd = r#"{"jobs": [{"name": "a", "conclusion": "success", "started_at": "x", "completed_at": null}]}"#;
        assert!(read_runs(odd.as_bytes()).unwrap().is_empty());
    }
}
