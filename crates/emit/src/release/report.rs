//! The report after a deployment, from the record of the script.

use super::bounds::{PhaseBounds, PlanBounds, PlanVerdict, SecondsBounds};
use super::facts::ServiceFacts;
use super::handover::{HandedService, handed_services};
use super::plan::OpenQuestion;
use super::record::{DeploymentPhase, DeploymentRecord, DeploymentRecords, RecordLimits, WatchedShare};
use super::trend::{DeploymentOutcome, DeploymentTrend};
use crate::text::median;

/// What a report is made of.
#[derive(Clone, Copy, Debug)]
pub struct ReportInput<'i> {
    /// The record.
    pub records: &'i DeploymentRecords,
    /// The one service that is meant.
    pub service: Option<&'i str>,
    /// How many of the last runs are shown.
    pub last: usize,
    /// What a plan says about phases, and about a rollback.
    pub bounds: Option<&'i PlanBounds>,
    /// What the project says about its services; `None` where it was not read.
    pub services: Option<&'i [ServiceFacts]>,
}

/// The report after a deployment.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct DeploymentReport {
    /// The last run.
    pub last: DeploymentRecord,
    /// Its phases, those that the plan has as one step also together; and at the end the whole.
    pub phases: Vec<PhaseTime>,
    /// What was counted of it, against the limits; none where nothing was watched.
    pub checks: Vec<ThresholdCheck>,
    /// The last runs.
    pub trend: DeploymentTrend,
    /// What someone who takes over has to know of each service.
    pub services: Vec<HandedService>,
    /// What the record does not say.
    pub questions: Vec<OpenQuestion>,
    /// Lines that are no records, and what is wrong.
    pub problems: Vec<(usize, String)>,
}

/// How long a phase took, and what that is compared with.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseTime {
    /// The phase, or those that a step of the plan has together; none for the whole run.
    pub phases: Vec<DeploymentPhase>,
    /// How long it took; `None` where it was not reached.
    pub seconds: Option<f64>,
    /// The median of earlier runs of the service, and how many they are.
    pub earlier: Option<(f64, usize)>,
    /// What the plan says.
    pub bounds: Option<SecondsBounds>,
    /// Whether the deployment failed in it, so that it did not come to its end.
    pub is_cut: bool,
}

impl PhaseTime {
    /// How it compares with the plan; `None` where one of both is not known, or it did not come to its end.
    pub fn verdict(&self) -> Option<PlanVerdict> {
        let (bounds, seconds) = self.bounds.zip(self.seconds)?;
        if self.is_cut { None } else { Some(bounds.verdict(seconds)) }
    }
}

/// A share of the requests against the limits.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct ThresholdCheck {
    /// What was counted.
    pub share: WatchedShare,
    /// What it had to keep to.
    pub limits: RecordLimits,
}

impl ThresholdCheck {
    /// Percent of the requests that failed; `None` where there were none.
    pub fn error_percent(&self) -> Option<f64> {
        #[allow(clippy::cast_precision_loss, reason = "a share, which is rounded")]
        let percent = |errors: u64, requests: u64| errors as f64 * 100.0 / requests as f64;
        (self.share.requests > 0).then(|| percent(self.share.errors, self.share.requests))
    }

    /// Whether more failed than may.
    pub fn has_too_many_errors(&self) -> bool {
        // As the script compares.
        u128::from(self.share.errors) * 100 > u128::from(self.limits.errors) * u128::from(self.share.requests)
    }

    /// Whether answers took longer than they may.
    pub fn is_too_slow(&self) -> bool {
        self.share.milliseconds > self.limits.milliseconds
    }
}

impl DeploymentReport {
    /// The report about the last run; `None` where there is none.
    pub fn of(input: &ReportInput) -> Option<Self> {
        let all = &input.records.records;
        let is_wanted = |place: &usize| input.service.is_none_or(|service| all[*place].service == service);
        let places: Vec<usize> = (0..all.len()).filter(is_wanted).collect();
        let last = all[*places.last()?].clone();
        let shown = &places[places.len().saturating_sub(input.last)..];
        let trend = DeploymentTrend::of(input.records, shown);
        let limits = last.limits;
        let check = |share: &WatchedShare| Some(ThresholdCheck { share: *share, limits: limits? });
        let checks: Vec<ThresholdCheck> = last.watched.iter().filter_map(check).collect();
        let runs: Vec<&DeploymentRecord> = places.iter().map(|place| &all[*place]).collect();
        let services = handed_services(&runs, input.services, input.service);
        let questions = questions(&last, &trend, input, &services);
        Some(Self {
            phases: phase_times(&last, &runs, input.bounds),
            problems: input.records.problems.clone(),
            last,
            checks,
            trend,
            services,
            questions,
        })
    }

    /// What became of the last run.
    pub fn outcome(&self) -> DeploymentOutcome {
        self.trend.runs.last().map_or(DeploymentOutcome::Idle, |(_, outcome)| *outcome)
    }
}

/// The phases of a run that were reached, took place earlier or are planned; the whole at the end.
fn phase_times(last: &DeploymentRecord, runs: &[&DeploymentRecord], plan: Option<&PlanBounds>) -> Vec<PhaseTime> {
    let before = &runs[..runs.len().saturating_sub(1)];
    // What a plan says of the phases is about the deployment; the image of a rollback is there.
    let bounds: &[PhaseBounds] = plan.map_or(&[], |plan| if last.is_rollback() { &[] } else { &plan.phases });
    let mut reached = last.steps.iter().map(|(phase, _)| *phase).filter(|phase| *phase != DeploymentPhase::Undo);
    let cut = if last.is_good() { None } else { reached.next_back() };
    let time = |phases: &[DeploymentPhase]| PhaseTime {
        phases: phases.to_vec(),
        seconds: seconds_together(last, phases),
        earlier: earlier_seconds(last, before, phases),
        bounds: bounds.iter().find(|bounds| bounds.phases == phases).map(|bounds| bounds.seconds),
        is_cut: cut.is_some_and(|cut| phases.contains(&cut)),
    };
    let mut times = Vec::new();
    for phase in DeploymentPhase::ALL {
        let known = time(&[phase]);
        // That it did not go back this time is no news.
        let is_known = known.earlier.is_some() && phase != DeploymentPhase::Undo || known.bounds.is_some();
        if known.seconds.is_some() || is_known && !last.steps.is_empty() {
            times.push(known);
        }
        let ends_here = |bounds: &&PhaseBounds| bounds.phases.len() > 1 && bounds.phases.last() == Some(&phase);
        if !last.steps.is_empty() {
            times.extend(bounds.iter().filter(ends_here).map(|bounds| time(&bounds.phases)));
        }
    }
    let rollback = plan.and_then(|plan| if last.is_rollback() { plan.rollback } else { None });
    times.push(PhaseTime { seconds: Some(last.seconds), bounds: rollback, is_cut: !last.is_good(), ..time(&[]) });
    times
}

/// How long some phases of a run took; `None` where the last of them was not reached. Without phases: the whole.
fn seconds_together(record: &DeploymentRecord, phases: &[DeploymentPhase]) -> Option<f64> {
    let Some(last) = phases.last() else { return Some(record.seconds) };
    record.phase_seconds(*last)?;
    Some(phases.iter().filter_map(|phase| record.phase_seconds(*phase)).sum())
}

/// The median of what some phases took in earlier runs of the kind, and how many those are.
fn earlier_seconds(
    last: &DeploymentRecord,
    before: &[&DeploymentRecord],
    phases: &[DeploymentPhase],
) -> Option<(f64, usize)> {
    // One that failed did not finish all that it began; only those went back.
    let is_comparable = |record: &&&DeploymentRecord| {
        let is_whole = record.is_good() && !record.is_idle() && record.is_rollback() == last.is_rollback();
        record.service == last.service && (is_whole || phases == [DeploymentPhase::Undo])
    };
    let seconds: Vec<f64> =
        before.iter().filter(is_comparable).filter_map(|record| seconds_together(record, phases)).collect();
    let number = seconds.len();
    median(seconds).map(|median| (median, number))
}

/// What the record does not say.
fn questions(
    last: &DeploymentRecord,
    trend: &DeploymentTrend,
    input: &ReportInput,
    services: &[HandedService],
) -> Vec<OpenQuestion> {
    let mut questions = Vec::new();
    let mut ask = |question: &str, answer: &str| {
        questions.push(OpenQuestion { text: question.to_owned(), answer: answer.to_owned() });
    };
    ask("Was a request lost?", "`dockopt deploy verify` counts them in a copy of the project; the script counts none");
    if last.image.is_none() && !last.is_rollback() {
        ask(
            "Which commit is in the new image?",
            "`docker image inspect` shows its labels; a build has them with `--label org.opencontainers.image.revision=…`",
        );
    }
    ask("Who deployed, and why?", "the log of the pipeline, or the command of `--notify`");
    if last.steps.is_empty() {
        ask(
            "How long did each phase take?",
            "records of version 1 do not say: `dockopt deploy emit --for haproxy --write` writes the script that measures them",
        );
    }
    if !last.is_good() && last.probe.is_none() {
        ask(
            "What did the new version say?",
            "`docker logs` until its containers are removed, then what collects the logs",
        );
    }
    let is_quiet = |service: &&HandedService| service.baseline.as_ref().is_none_or(|base| base.share.requests == 0);
    let quiet: Vec<String> =
        services.iter().filter(is_quiet).map(|service| format!("`{}`", service.facts.name)).collect();
    if !quiet.is_empty() {
        let question = format!("How many requests and errors are usual for {}?", quiet.join(", "));
        ask(
            &question,
            "none came while the new version was watched: deploy with a longer `--watch`, or at a busier time",
        );
    }
    if input.services.is_none() {
        ask("Where does each service answer, and how is it checked?", "`--project FOLDER` reads the compose file");
    }
    if trend.runs.len() < 2 {
        ask("Was that as usual?", "further deployments, which the next report compares with");
    }
    ask(
        "Does a rollback fit the data?",
        "`dockopt deploy check` judges the migrations; a rollback leaves the database as it is",
    );
    ask("Who is called when it fails, and who agreed to the change?", "those who run the service");
    questions
}
