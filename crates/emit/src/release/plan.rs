//! What a plan has.

use super::record::DeploymentPhase;

/// The schema of a plan.
pub const PLAN_SCHEMA: &str = "dockopt.deploy-plan/1";

/// A plan.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct ReleasePlan {
    /// What, when, how long, how risky.
    pub summary: Vec<PlanFact>,
    /// What the new version brings.
    pub changes: Vec<PlanFact>,
    /// What has to be true before it begins.
    pub checks: Vec<PlanCheck>,
    /// What may go wrong.
    pub risk: PlanRisk,
    /// What is done, in order.
    pub steps: Vec<PlanStep>,
    /// How the old version comes back.
    pub rollback: PlanRollback,
    /// What to look at while it runs and behind it.
    pub watch: Vec<PlanFact>,
    /// By what its end is known to be good.
    pub success: Vec<PlanFact>,
    /// What nobody said.
    pub questions: Vec<OpenQuestion>,
}

/// A statement with its basis.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanFact {
    /// What it is about.
    pub name: String,
    /// What is so.
    pub text: String,
    /// A command that shows it, where there is one.
    pub command: Option<String>,
    /// How it is known.
    pub basis: String,
    /// The time that it is about, where it is one.
    pub seconds: Option<PlanSeconds>,
}

impl PlanFact {
    pub(super) fn new(name: impl Into<String>, text: impl Into<String>, basis: impl Into<String>) -> Self {
        Self { name: name.into(), text: text.into(), basis: basis.into(), ..Self::default() }
    }

    /// A time.
    pub(super) fn of_seconds(name: &str, seconds: &PlanSeconds) -> Self {
        let text = match seconds.at_most {
            Some(most) => format!("{} s to {most} s", seconds.at_least),
            None => format!("at least {} s", seconds.at_least),
        };
        Self { seconds: Some(seconds.clone()), ..Self::new(name, text, &seconds.basis) }
    }

    pub(super) fn command(name: &str, text: &str, command: String, basis: &str) -> Self {
        Self { command: Some(command), ..Self::new(name, text, basis) }
    }
}

/// A point of the checklist.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanCheck {
    /// What has to be true.
    pub text: String,
    /// Whether it is.
    pub state: CheckState,
    /// How it is known, or who has to answer.
    pub basis: String,
}

/// Whether a point of the checklist is true.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum CheckState {
    /// It is.
    Done,
    /// Nobody said.
    #[default]
    Open,
    /// It is not.
    Failed,
}

impl CheckState {
    /// Its name in JSON.
    pub fn name(self) -> &'static str {
        match self {
            Self::Done => "done",
            Self::Open => "open",
            Self::Failed => "failed",
        }
    }
}

/// What may go wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PlanRisk {
    /// That of the worst reason.
    pub level: RiskLevel,
    /// The reasons, the worst first.
    pub reasons: Vec<RiskReason>,
}

/// How much goes wrong at worst.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub enum RiskLevel {
    /// The script goes back by itself.
    #[default]
    Low,
    /// The script goes back, but it may see the fault late.
    Medium,
    /// Going back does not help, or nothing is known of it.
    High,
}

impl RiskLevel {
    /// Its name.
    pub fn name(self) -> &'static str {
        match self {
            Self::Low => "low",
            Self::Medium => "medium",
            Self::High => "high",
        }
    }
}

/// Why something may go wrong.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RiskReason {
    /// How much.
    pub level: RiskLevel,
    /// What.
    pub text: String,
    /// How it is known.
    pub basis: String,
}

/// A step.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanStep {
    /// `4`, and `4.1` for a part of a command.
    pub number: String,
    /// What is done.
    pub title: String,
    /// The command; `None` for a part of the one before.
    pub command: Option<String>,
    /// The phases of the script that it is.
    pub phases: Vec<DeploymentPhase>,
    /// How long it takes; `None` where that is not known, or of no matter.
    pub seconds: Option<PlanSeconds>,
    /// How the old version is kept or comes back, if this step fails.
    pub rollback: String,
    /// What else is to say.
    pub note: Option<String>,
}

/// How long something takes.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanSeconds {
    /// At least.
    pub at_least: f64,
    /// At most; `None` where nothing says it.
    pub at_most: Option<f64>,
    /// When it is given up; `None` where nothing ends it.
    pub limit: Option<f64>,
    /// How it is known.
    pub basis: String,
}

/// How the old version comes back.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanRollback {
    /// Whether the old version works when it is back; `None` where that is not known.
    pub is_possible: Option<bool>,
    /// Why.
    pub reason: String,
    /// The commands.
    pub commands: Vec<String>,
    /// How long it takes.
    pub seconds: Option<PlanSeconds>,
    /// Until when it is possible.
    pub until: String,
    /// What of the data is lost.
    pub data: String,
    /// What brings it about.
    pub triggers: Vec<RollbackTrigger>,
}

impl PlanRollback {
    /// Whether it is possible, in words.
    pub fn verdict(&self) -> &'static str {
        match self.is_possible {
            Some(true) => "possible",
            Some(false) => "not possible without loss",
            None => "not known to be possible",
        }
    }
}

/// What brings the old version back.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct RollbackTrigger {
    /// What is seen.
    pub what: String,
    /// Who goes back: the script, Swarm, or a person.
    pub by: String,
    /// What is done.
    pub action: String,
}

/// What nobody said.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct OpenQuestion {
    /// The question.
    pub text: String,
    /// What would answer it.
    pub answer: String,
}

impl ReleasePlan {
    /// Whether it must not be carried out as it is: a point of the checklist is not true.
    pub fn is_blocked(&self) -> bool {
        self.checks.iter().any(|check| check.state == CheckState::Failed)
    }
}
