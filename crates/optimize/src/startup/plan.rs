//! What the project says of the start of its services.

use crate::stack::{COMPLETED, Stack};

/// The services of a project, in the order of their names.
#[derive(Clone, Debug, Default)]
pub struct StartPlan {
    /// The services.
    pub services: Vec<ServicePlan>,
}

/// A service.
#[derive(Clone, Debug, Default)]
pub struct ServicePlan {
    /// Its name.
    pub name: String,
    /// What it waits for.
    pub dependencies: Vec<AwaitedService>,
    /// Its restart policy: `no`, `always`, `on-failure:3`.
    pub restart: String,
    /// Whether others wait for its end.
    pub is_job: bool,
}

/// A service that another one waits for.
#[derive(Clone, Debug)]
pub struct AwaitedService {
    /// Its name.
    pub name: String,
    /// What is waited for: `service_healthy` and its like.
    pub condition: String,
    /// Whether the other one does not start without it.
    pub is_required: bool,
}

impl StartPlan {
    /// The plan of a stack.
    pub fn of(stack: &Stack) -> Self {
        // What is no container is not watched.
        let containers = stack.services.iter().filter(|service| service.value.get("provider").is_none());
        let services = containers.map(|service| {
            let is_container =
                |name: &str| stack.service(name).is_some_and(|service| service.value.get("provider").is_none());
            let known = service.dependencies.iter().filter(|dependency| is_container(dependency.name));
            let dependencies = known.map(|dependency| AwaitedService {
                name: dependency.name.to_owned(),
                condition: dependency.condition.to_owned(),
                is_required: dependency.is_required,
            });
            ServicePlan {
                name: service.name.to_owned(),
                dependencies: dependencies.collect(),
                restart: service.restart().to_owned(),
                is_job: stack.dependents(service.name).any(|(_, dependency)| dependency.condition == COMPLETED),
            }
        });
        Self { services: services.collect() }
    }

    /// The service with a name.
    pub fn service(&self, name: &str) -> Option<&ServicePlan> {
        self.services.iter().find(|service| service.name == name)
    }

    /// The services that wait for one, with what they wait for.
    pub fn dependents<'p>(&'p self, name: &'p str) -> impl Iterator<Item = (&'p ServicePlan, &'p AwaitedService)> {
        self.services.iter().flat_map(move |service| {
            let awaited = service.dependencies.iter().filter(move |dependency| dependency.name == name);
            awaited.map(move |dependency| (service, dependency))
        })
    }
}

impl ServicePlan {
    /// Whether its policy starts it again after it ended.
    pub fn is_restarted(&self) -> bool {
        !["", "no"].contains(&self.restart.as_str())
    }
}
