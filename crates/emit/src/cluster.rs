//! Files for clusters that run the images of a compose project: manifests of Kubernetes, and a template for ECS. A health check
//! becomes probes; what a cluster has no word for is named. Reads and writes nothing, and asks no cluster.

mod input;
mod name;
mod node;
mod note;
mod image;
mod environment;
mod resources;
mod fargate;
mod security;
mod volume;
mod probe;
mod service;
mod depends;
mod selection;
mod pod;
mod steps;
mod kubernetes;
mod parameter;
mod task_check;
mod task;
mod ecs_steps;
mod ecs;
#[cfg(test)]
mod tests;

pub use self::ecs::ecs_template;
pub use self::input::ClusterInput;
pub use self::kubernetes::kubernetes_manifests;
