//! What stands around pods: budgets for disruptions, volumes, and what passes requests to Services.

use std::collections::BTreeMap;

use super::value::Setting;
use crate::text::Span;

/// How many pods may be taken away at once by somebody's will.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct DisruptionBudget {
    /// The labels of its pods; `None` where they are not known.
    pub selector: Option<BTreeMap<String, String>>,
}

impl DisruptionBudget {
    /// Whether it may be for pods with these labels.
    pub fn may_cover(&self, labels: &BTreeMap<String, String>) -> bool {
        let has = |(key, value): (&String, &String)| labels.get(key) == Some(value);
        self.selector.as_ref().is_none_or(|selector| selector.iter().all(has))
    }
}

/// A volume that a pod asks for by its name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VolumeClaim {
    /// Its name.
    pub name: String,
    /// How it may be mounted: `ReadWriteOnce`; empty where that is not known.
    pub modes: Vec<String>,
}

/// A Service, with a selector or without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NamedService {
    /// Its name.
    pub name: String,
    /// The numbers and names of its ports; empty where they are not known.
    pub ports: Vec<String>,
}

/// A Service that an Ingress passes requests to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ServiceRoute {
    /// Its name.
    pub service: String,
    /// Where it is named.
    pub span: Span,
    /// The number or the name of its port.
    pub port: Setting<String>,
}

/// What a workload says beyond its containers.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct WorkloadDetails {
    /// The labels by which it finds its pods, and where they are written.
    pub selector: Setting<BTreeMap<String, String>>,
    /// Whether the labels of its pods are all known.
    pub has_known_labels: bool,
    /// The volumes that its pods ask for by name, with their places.
    pub claims: Vec<(String, Span)>,
    /// What a `CronJob` does while its last run still works.
    pub concurrency: Setting<String>,
    /// Seconds after which a run is ended.
    pub deadline: Setting<i64>,
}
