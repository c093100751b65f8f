//! The steps with which a template comes into service: jobs run with the new image before the services get it.

use crate::emit::EmissionStep;

/// A service of a template.
#[derive(Clone, Debug)]
pub(super) struct EcsService {
    /// Its resource.
    pub(super) id: String,
    /// The parameter of how many tasks it has.
    pub(super) count: String,
    /// The parameter of its image.
    pub(super) image: String,
}

/// A task that ends.
#[derive(Clone, Debug)]
pub(super) struct EcsJob {
    /// Its name in the compose file.
    pub(super) name: String,
    /// Its container.
    pub(super) container: String,
    /// Its resource.
    pub(super) task: String,
    /// The parameter of its image.
    pub(super) image: String,
}

/// The steps for ECS; `needed`: parameters without a default.
pub(super) fn ecs_steps(
    project: &str,
    path: &str,
    needed: &[String],
    jobs: &[EcsJob],
    services: &[EcsService],
) -> Vec<EmissionStep> {
    let deploy = |parameters: &[String]| {
        format!(
            "aws cloudformation deploy --stack-name {project} --template-file {path} --parameter-overrides {}",
            parameters.join(" ")
        )
    };
    let mut first: Vec<String> = needed.iter().map(|name| format!("{name}=…")).collect();
    first.extend(services.iter().map(|service| format!("{}=0", service.count)));
    let mut steps = vec![EmissionStep {
        title: "once: make the stack, with no task yet".to_owned(),
        commands: vec![deploy(&first)],
        remark: "later runs keep the values of parameters that they do not name; as all services are there before the first task, \
                 tasks find each other by Service Connect"
            .to_owned(),
    }];
    steps.extend(jobs.iter().map(|job| run(project, job, &deploy)));
    let counts = services.iter().map(|service| format!("{}=…", service.count));
    let ids = services.iter().map(|service| format!("$(resource {})", service.id));
    steps.push(EmissionStep {
        title: "update the services".to_owned(),
        commands: vec![
            deploy(&images(services, "…").into_iter().chain(counts).collect::<Vec<_>>()),
            resource(project),
            format!("aws ecs wait services-stable --cluster CLUSTER --services {}", ids.collect::<Vec<_>>().join(" ")),
        ],
        remark: "the stack waits until the new tasks are healthy; where they do not get so, the circuit breaker brings the old ones \
                 back and the stack fails"
            .to_owned(),
    });
    steps.push(EmissionStep {
        title: "roll back, where something is wrong".to_owned(),
        commands: vec![deploy(&images(services, "OLD"))],
        remark: "it brings back the images of before; it does not bring back the schema of a database, the values of secrets, or what \
                 is in volumes"
            .to_owned(),
    });
    steps
}

/// The parameters of the images of services, each once.
fn images(services: &[EcsService], digest: &str) -> Vec<String> {
    let mut images: Vec<String> = Vec::new();
    for service in services {
        let image = format!("{}=NAME@sha256:{digest}", service.image);
        if !images.contains(&image) {
            images.push(image);
        }
    }
    images
}

/// A function of the shell that gives what a resource is called.
fn resource(project: &str) -> String {
    format!(
        "resource() {{ aws cloudformation describe-stack-resource --stack-name {project} --logical-resource-id \"$1\" --query \
         StackResourceDetail.PhysicalResourceId --output text; }}"
    )
}

/// How a job is run, and waited for.
fn run(project: &str, job: &EcsJob, deploy: &dyn Fn(&[String]) -> String) -> EmissionStep {
    let network = "awsvpcConfiguration={subnets=[SUBNET],securityGroups=[GROUP]}";
    EmissionStep {
        title: format!("run `{}` and wait until it has ended well", job.name),
        commands: vec![
            deploy(&[format!("{}=NAME@sha256:…", job.image)]),
            resource(project),
            format!(
                "task=$(aws ecs run-task --cluster CLUSTER --launch-type FARGATE --task-definition \"$(resource {})\" \
                 --network-configuration '{network}' --query 'tasks[0].taskArn' --output text)",
                job.task
            ),
            "aws ecs wait tasks-stopped --cluster CLUSTER --tasks \"$task\"".to_owned(),
            format!(
                "test \"$(aws ecs describe-tasks --cluster CLUSTER --tasks \"$task\" --query \
                 \"tasks[0].containers[?name=='{}'].exitCode | [0]\" --output text)\" = 0",
                job.container
            ),
        ],
        remark: "only its own image is new so far; where the last command fails, stop here: the log group says why"
            .to_owned(),
    }
}
