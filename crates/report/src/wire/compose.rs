//! Results of `compose graph`, `compose verify`, `compose env` and `deploy check`.

use serde::{Deserialize, Serialize};

use super::{OnlyWritten, lenient, lenient_list};

/// What a report reads of the result of `compose graph`.
#[derive(Deserialize)]
pub(crate) struct GraphsJson {
    pub files: Vec<GraphJson>,
}

/// The start order of a compose file.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct GraphJson {
    pub file: String,
    #[serde(default, deserialize_with = "lenient_list")]
    pub services: Vec<StartedServiceJson>,
    pub inactive: OnlyWritten<Vec<InactiveServiceJson>>,
    #[serde(default, deserialize_with = "lenient")]
    pub critical_path: Vec<String>,
    pub untimed: OnlyWritten<Vec<String>>,
    pub seconds: Option<f64>,
}

/// A service that is started.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct StartedServiceJson {
    pub name: String,
    pub level: usize,
    #[serde(default, deserialize_with = "lenient_list")]
    pub waits_for: Vec<ServiceWaitJson>,
    /// `none`, `timed`, `untimed`, `unknown`.
    pub check: OnlyWritten<&'static str>,
    pub check_seconds: Option<f64>,
    pub start_seconds: Option<f64>,
}

/// What a service waits for.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct ServiceWaitJson {
    pub service: String,
    pub condition: String,
}

/// A service that is started with a profile only.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub(crate) struct InactiveServiceJson {
    pub name: String,
    pub profiles: Vec<String>,
}

/// What a report reads of the result of `compose verify`.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct StartProofJson {
    pub file: String,
    pub is_proved: bool,
    #[serde(default, deserialize_with = "lenient_list")]
    pub starts: Vec<StartJson>,
}

/// A start of all services.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct StartJson {
    pub is_proved: bool,
    #[serde(default, deserialize_with = "lenient_list")]
    pub containers: Vec<StartedContainerJson>,
}

/// A container, in seconds from the first start of all.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct StartedContainerJson {
    pub service: String,
    pub number: Option<u64>,
    pub started: Option<f64>,
    pub ready: Option<f64>,
    pub state: String,
    #[serde(default, deserialize_with = "lenient_list")]
    pub waits_for: Vec<ServiceWaitJson>,
}

/// What a report reads of the result of `compose env`: no value.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct VariablesJson {
    pub findings: Vec<VariableFindingJson>,
    #[serde(default, deserialize_with = "lenient_list")]
    pub differences: Vec<EnvironmentsJson>,
}

/// What is wrong with a variable.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct VariableFindingJson {
    /// `secret`, `missing`, `not-passed-on`, `unused`, `undocumented`.
    pub kind: String,
    pub name: String,
    #[serde(default)]
    pub services: Vec<String>,
    pub place: VariablePlaceJson,
    pub message: String,
    pub help: OnlyWritten<String>,
}

#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
pub(crate) struct VariablePlaceJson {
    pub file: String,
    pub line: u32,
    pub column: OnlyWritten<u32>,
}

/// Variables that environments set differently.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EnvironmentsJson {
    pub environments: Vec<String>,
    #[serde(deserialize_with = "lenient_list")]
    pub variables: Vec<VariableRowJson>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct VariableRowJson {
    pub service: Option<String>,
    pub name: String,
    /// One for each environment; `None` where it does not set the variable.
    pub values: Vec<Option<EnvironmentValueJson>>,
}

#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) struct EnvironmentValueJson {
    pub value: OnlyWritten<Option<String>>,
    pub hidden: OnlyWritten<bool>,
    pub place: VariablePlaceJson,
}

/// What a report reads of the result of `deploy check` besides its findings.
#[derive(Deserialize)]
pub(crate) struct ReplacementsJson {
    #[serde(default, deserialize_with = "lenient_list")]
    pub services: Vec<ReplacementJson>,
}

/// Whether a service can be replaced.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct ReplacementJson {
    pub service: String,
    pub file: String,
    pub line: u32,
    /// `yes`, `no`, `unknown`.
    pub replaceable: String,
    #[serde(default, deserialize_with = "lenient_list")]
    pub reasons: Vec<ReplacementReasonJson>,
    #[serde(default, deserialize_with = "lenient")]
    pub unknown: Vec<String>,
}

/// A reason why a service cannot be replaced.
#[derive(Clone, Debug, PartialEq, Deserialize)]
pub(crate) struct ReplacementReasonJson {
    pub rule: Option<String>,
}
