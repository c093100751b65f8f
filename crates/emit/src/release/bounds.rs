//! The seconds that a plan gives each phase.

use serde::Deserialize;

use super::plan::PLAN_SCHEMA;
use super::record::DeploymentPhase;
use crate::text::json_reason;

/// How long something takes: at least, and at most where that is known.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct SecondsBounds {
    /// The fewest seconds.
    pub least: f64,
    /// The most seconds.
    pub most: Option<f64>,
}

/// What a plan says of a phase, or of several together.
#[derive(Clone, Debug, PartialEq)]
pub struct PhaseBounds {
    /// The phases, in the order of the script.
    pub phases: Vec<DeploymentPhase>,
    /// How long they take.
    pub seconds: SecondsBounds,
}

/// What a plan says of the seconds of a run.
#[derive(Clone, Debug, Default, PartialEq)]
pub struct PlanBounds {
    /// The phases of a deployment, in the order of the script.
    pub phases: Vec<PhaseBounds>,
    /// A rollback as a whole.
    pub rollback: Option<SecondsBounds>,
}

/// How a duration compares with what a plan says.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum PlanVerdict {
    /// It took less.
    Faster,
    /// It took as long.
    Within,
    /// It took longer.
    Slower,
}

#[derive(Deserialize)]
struct PlanDocument {
    #[serde(default)]
    schema: String,
    #[serde(default)]
    steps: Vec<PlanStep>,
    #[serde(default)]
    rollback: PlanRollback,
}

#[derive(Default, Deserialize)]
struct PlanRollback {
    seconds: Option<PlanSeconds>,
}

#[derive(Deserialize)]
struct PlanStep {
    #[serde(default)]
    phases: Vec<String>,
    seconds: Option<PlanSeconds>,
}

#[derive(Deserialize)]
struct PlanSeconds {
    at_least: Option<f64>,
    at_most: Option<f64>,
}

impl PlanSeconds {
    /// The bounds; `what`: what takes so long.
    fn bounds(&self, what: &str) -> Result<SecondsBounds, String> {
        let (least, most) = (self.at_least.unwrap_or_default(), self.at_most);
        if least < 0.0 || most.is_some_and(|most| most < least) {
            return Err(format!("{what} has impossible seconds"));
        }
        Ok(SecondsBounds { least, most })
    }
}

impl SecondsBounds {
    /// Both together, one behind the other.
    fn plus(self, other: Self) -> Self {
        Self { least: self.least + other.least, most: self.most.zip(other.most).map(|(most, more)| most + more) }
    }

    /// How a duration compares.
    pub fn verdict(self, seconds: f64) -> PlanVerdict {
        if seconds < self.least {
            PlanVerdict::Faster
        } else if self.most.is_some_and(|most| seconds > most) {
            PlanVerdict::Slower
        } else {
            PlanVerdict::Within
        }
    }
}

impl PlanVerdict {
    /// In a word.
    pub fn name(self) -> &'static str {
        match self {
            Self::Faster => "faster",
            Self::Within => "within",
            Self::Slower => "slower",
        }
    }
}

/// The bounds of each phase and of a rollback in the JSON result of `dockopt deploy plan`, in the order of [`DeploymentPhase`]; those of several
/// steps of the same phases add up. A phase without seconds is left out.
///
/// # Errors
/// Why the text is no plan.
pub fn read_plan_bounds(text: &str) -> Result<PlanBounds, String> {
    let value: serde_json::Value = serde_json::from_str(text).map_err(|error| json_reason(&error))?;
    let plan: PlanDocument = serde_json::from_value(value).map_err(|error| json_reason(&error))?;
    if plan.schema != PLAN_SCHEMA {
        return Err(format!("the schema is not `{PLAN_SCHEMA}`: `{}`", plan.schema));
    }
    let mut bounds: Vec<PhaseBounds> = Vec::new();
    for step in plan.steps {
        let phases: Vec<DeploymentPhase> = step.phases.iter().filter_map(|name| DeploymentPhase::parse(name)).collect();
        let Some(phase) = phases.first() else { continue };
        let Some(seconds) = step.seconds else { continue };
        let more = seconds.bounds(&format!("the step `{}`", phase.name()))?;
        match bounds.iter_mut().find(|other| other.phases == phases) {
            Some(other) => other.seconds = other.seconds.plus(more),
            None => bounds.push(PhaseBounds { phases, seconds: more }),
        }
    }
    bounds.sort_by_key(|bounds| bounds.phases.first().copied());
    let rollback = plan.rollback.seconds.map(|seconds| seconds.bounds("the rollback")).transpose()?;
    Ok(PlanBounds { phases: bounds, rollback })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn steps_of_a_phase_add_up() {
        let plan = r#"{"schema":"dockopt.deploy-plan/1","risk":{},"steps":[
            {"title":"announce it"},
            {"phases":["switch"],"seconds":{"at_least":10,"at_most":null}},
            {"phases":["start"],"seconds":{"at_least":1.5,"at_most":9.0}},
            {"phases":["start"],"seconds":{"at_least":1.0,"at_most":2.0},"commands":[]},
            {"phases":["verify"],"seconds":{"at_least":1.0,"at_most":2.0}},
            {"phases":["image"],"seconds":null}],"rollback":{"seconds":{"at_least":9,"at_most":null}}}"#;
        let PlanBounds { phases: bounds, rollback } = read_plan_bounds(plan).unwrap();
        assert_eq!(rollback, Some(SecondsBounds { least: 9.0, most: None }));
        let start = SecondsBounds { least: 2.5, most: Some(11.0) };
        let switch = SecondsBounds { least: 10.0, most: None };
        let known = |phase, seconds| PhaseBounds { phases: vec![phase], seconds };
        assert_eq!(bounds, [known(DeploymentPhase::Start, start), known(DeploymentPhase::Switch, switch)]);
        let verdicts = [2.0, 2.5, 11.0, 11.1].map(|seconds| start.verdict(seconds).name());
        assert_eq!(verdicts, ["faster", "within", "within", "slower"]);
        assert_eq!(switch.verdict(900.0), PlanVerdict::Within);
    }

    #[test]
    fn other_documents_are_no_plans() {
        for (text, why) in [
            ("", "EOF while parsing a value"),
            ("{}", "the schema is not `dockopt.deploy-plan/1`: ``"),
            (r#"{"schema":"dockopt.lint/1"}"#, "the schema is not `dockopt.deploy-plan/1`: `dockopt.lint/1`"),
            (
                r#"{"schema":"dockopt.deploy-plan/1","steps":[{"phases":["start"],"seconds":{"at_least":5,"at_most":2}}]}"#,
                "the step `start` has impossible seconds",
            ),
            (
                r#"{"schema":"dockopt.deploy-plan/1","rollback":{"seconds":{"at_least":5,"at_most":2}}}"#,
                "the rollback has impossible seconds",
            ),
        ] {
            assert_eq!(read_plan_bounds(text), Err(why.to_owned()), "{text}");
        }
    }
}
