//! `deploy plan`: its commands are run as they stand, and its times are held against the record.

use std::process::Command;

use serde_json::Value;

use dockopt::release::DeploymentRecord;

use super::super::Engine;
use super::Project;

impl Project<'_> {
    /// The plan for an image.
    fn plan(&self, image: &str) -> Value {
        let mut command = Command::new(env!("CARGO_BIN_EXE_dockopt"));
        command.args(["deploy", "plan", "--format=json", "--to", image]).arg(self.path());
        command.envs(self.engine.host.iter().map(|host| ("DOCKER_HOST", host)));
        let output = command.output().unwrap();
        let result = serde_json::from_slice(&output.stdout)
            .unwrap_or_else(|error| panic!("{error}: {}", String::from_utf8_lossy(&output.stderr)));
        crate::fixtures::keeps_schema(include_str!("../../../../schemas/deploy-plan.schema.json"), &result);
        assert_eq!(output.status.code(), Some(0), "{result:#}");
        result
    }

    /// Runs a command of a plan as it stands, in the folder of the compose file.
    fn carry_out(&self, line: &str) {
        let mut command = Command::new("sh");
        command.args(["-c", line]).current_dir(self.path());
        command.envs(self.engine.host.iter().map(|host| ("DOCKER_HOST", host)));
        let output = command.output().unwrap();
        assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
    }
}

/// How many times as long, or as short, a step may be beside the other tests as in the deployment on record; other units are 60
/// times and more apart.
const SLACK: f64 = 10.0;

/// The seconds that a deployment took for some phases.
fn phase_seconds(record: &DeploymentRecord, phases: &[&str]) -> f64 {
    record.steps.iter().filter(|(phase, _)| phases.contains(&phase.name())).map(|(_, seconds)| seconds).sum()
}

/// The bounds of each step of a plan hold the seconds of the deployment that it was made from, and are at most twice these; the
/// next deployment is like it.
fn keeps_bounds(plan: &Value, earlier: &DeploymentRecord, record: &DeploymentRecord) {
    let mut count = 0;
    for step in plan["steps"].as_array().unwrap() {
        let phases: Vec<&str> = step["phases"].as_array().unwrap().iter().map(|name| name.as_str().unwrap()).collect();
        if phases.is_empty() {
            continue;
        }
        count += 1;
        let (before, measured) = (phase_seconds(earlier, &phases), phase_seconds(record, &phases));
        let (least, most) =
            (step["seconds"]["at_least"].as_f64().unwrap(), step["seconds"]["at_most"].as_f64().unwrap());
        // The plan rounds to tenths of a second.
        let is_within = least - 0.1 <= before && before <= most + 0.1;
        assert!(is_within, "{phases:?}: {least} <= {before} <= {most}");
        assert!(most <= 2.0 * before + 0.1, "{phases:?}: {most} is more than twice {before}");
        let is_like = least <= measured * SLACK && measured <= most * SLACK + 1.0;
        assert!(is_like, "{phases:?}: {measured} is not like {least} to {most}");
    }
    assert_eq!(count, 4, "{plan:#}");
}

#[test]
fn a_plan_is_carried_out_as_it_is_written() {
    let Some(engine) = Engine::find() else { return };
    let project = Project::start(&engine, "plan");
    let image = format!("{}-api:v2", project.name);
    let context = project.path().join("api");
    engine.text(&["build", "--quiet", "--tag", &image, "--build-arg", "VERSION=v2", context.to_str().unwrap()]);
    let replace = |plan: &Value| {
        for command in plan["steps"].as_array().unwrap().iter().filter_map(|step| step["command"].as_str()) {
            project.carry_out(command);
        }
        assert_eq!(project.version(), "v2");
    };
    let go_back = |plan: &Value| {
        plan["rollback"]["commands"]
            .as_array()
            .unwrap()
            .iter()
            .for_each(|line| project.carry_out(line.as_str().unwrap()));
        assert_eq!(project.version(), "v1");
    };
    // Without a record, what the engine knows of the start is all that is known.
    let first = project.plan(&image);
    assert_eq!(first["facts"]["earlier"], Value::Array(Vec::new()));
    assert_eq!(first["facts"]["pull"]["is_there"], true);
    replace(&first);
    go_back(&first);
    let plan = project.plan(&image);
    replace(&plan);
    let records = project.records();
    keeps_bounds(&plan, &records[0], records.last().unwrap());
    let back = plan["rollback"]["seconds"].clone();
    go_back(&plan);
    let took = project.records().last().unwrap().seconds;
    let (least, most) = (back["at_least"].as_f64().unwrap(), back["at_most"].as_f64().unwrap());
    assert!(least <= took * SLACK && took <= most * SLACK, "{least} <= {took} <= {most}");
}
