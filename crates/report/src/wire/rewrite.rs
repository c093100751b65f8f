//! Results of `optimize`, as far as a report reads them.

use serde::Deserialize;

#[derive(Deserialize)]
pub(crate) struct OptimizeJson {
    pub builds: Vec<OptimizedBuildJson>,
    #[serde(default)]
    pub changes: Vec<FileChangeJson>,
}

#[derive(Deserialize)]
pub(crate) struct OptimizedBuildJson {
    pub dockerfile: String,
    #[serde(default, rename = "rungs")]
    pub levels: Vec<OptimizedLevelJson>,
}

#[derive(Deserialize)]
pub(crate) struct OptimizedLevelJson {
    #[serde(default)]
    pub steps: Vec<RewriteStepJson>,
}

#[derive(Deserialize)]
pub(crate) struct RewriteStepJson {
    pub what: String,
}

#[derive(Deserialize)]
pub(crate) struct FileChangeJson {
    pub file: String,
    pub diff: String,
}

/// The result of `optimize --verify`.
#[derive(Deserialize)]
pub(crate) struct ProofJson {
    pub builds: Vec<ProvedJson>,
}

#[derive(Deserialize)]
pub(crate) struct ProvedJson {
    pub dockerfile: String,
    pub verdict: String,
    pub reason: Option<String>,
}
