//! Manifests ─► the containers that they start, with their probes: Kubernetes, task definitions of ECS, `CloudFormation` and
//! Terraform. Renders nothing, and guesses nothing: what a variable, a reference or a patch decides is unknown.

mod around;
mod ecs;
mod image_change;
mod kubernetes;
mod model;
mod overlay;
mod read;
mod terraform;
mod value;

pub use self::around::{DisruptionBudget, NamedService, ServiceRoute, VolumeClaim, WorkloadDetails};
pub use self::image_change::{ImageChange, image_changes, may_change_images};
pub use self::model::{
    Container, ContainerPort, FAILURES, HttpProbe, PERIOD, Platform, PodService, PreStop, Probe, ProbeAction, Rollout,
    ServicePort, TIMEOUT, TargetGroup, TargetLink, TaskCheck, TaskService, Workload, WorkloadFile, WorkloadRole,
};
pub use self::overlay::{Overlay, is_overlay};
pub use self::read::{MOST_BYTES, may_have_workloads, read};
pub use self::value::Setting;

#[cfg(test)]
mod tests;
