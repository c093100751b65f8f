//! The start of a compose project on an engine: the copy of the project that is started, what the engine recorded of it, and
//! what that proves. Starts nothing itself.

mod delay;
mod isolated;
mod outage;
mod plan;
mod proof;
mod record;
mod result;
#[cfg(test)]
mod tests;

pub use self::delay::{Delays, ServiceProgramWords, delayed_words, random_delays};
pub use self::isolated::{
    FolderCopy, HostPath, IsolatedProject, ServiceImage, isolated_project, service_words, set_service_words,
};
pub use self::outage::{CrashTrial, Outage, OutageTrial, outage_groups};
pub use self::plan::{AwaitedService, ServicePlan, StartPlan};
pub use self::proof::StartProof;
pub use self::record::{ContainerEvent, ContainerRecord, EventKind, ProbeRun, read_container, read_event};
pub use self::result::{
    ServiceStatus, StartProblem, StartProblemKind, StartRecord, StartResult, StartedContainer, judge,
};
