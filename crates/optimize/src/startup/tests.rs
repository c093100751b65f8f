//! Starts that an engine recorded (`tests/vectors/compose_starts`): compose files, events, and what `docker inspect` showed.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;

use serde_json::{Value, json};

use super::*;
use crate::compose::project::{
    ComposeProject, ProjectFile, ProjectFiles, ProjectNeed, ProjectRequest, Reading, project,
};
use crate::stack::{HEALTHY, Stack};
use crate::text::Source;

fn read(text: &str) -> ComposeProject {
    let file = "/p/compose.yaml".to_owned();
    let request = ProjectRequest { files: vec![file.clone()], folder: "/p".to_owned(), ..ProjectRequest::default() };
    let mut files = ProjectFiles::default();
    files.insert(&file, ProjectFile::Text(Source::of("compose.yaml", text)));
    loop {
        match project(&request, &files) {
            Reading::Read(project) => return *project,
            Reading::Refused { error, .. } => panic!("{error:?}"),
            Reading::Needs(needs) => needs.into_iter().for_each(|need| match need {
                ProjectNeed::File(path) => files.insert(&path, ProjectFile::Missing),
                ProjectNeed::Link(path) => files.insert_link(&path, path.clone()),
            }),
        }
    }
}

fn plan_of(text: &str) -> StartPlan {
    StartPlan::of(&Stack::new(&read(text), &BTreeMap::new()))
}

/// A recorded start.
fn recorded(name: &str) -> (StartPlan, StartRecord) {
    let file = |ending: &str| {
        let path = format!("{}/../../tests/vectors/compose_starts/{name}.{ending}", env!("CARGO_MANIFEST_DIR"));
        fs::read_to_string(path).unwrap()
    };
    let record: Value = serde_json::from_str(&file("json")).unwrap();
    let list = |key: &str| record[key].as_array().unwrap().iter().map(Value::to_string).collect::<Vec<_>>();
    let events = list("events").iter().filter_map(|line| read_event(line)).collect();
    let containers = list("containers").iter().map(|text| read_container(text).unwrap()).collect();
    (plan_of(&file("yaml")), StartRecord { containers, events, given_up: None })
}

fn kinds(result: &StartResult) -> BTreeSet<(&str, &str)> {
    result.problems.iter().map(|problem| (problem.service.as_str(), problem.kind.name())).collect()
}

fn states(result: &StartResult) -> BTreeMap<&str, &str> {
    result.containers.iter().map(|container| (container.service.as_str(), container.status.name())).collect()
}

#[test]
fn a_good_start_is_proved() {
    let (plan, record) = recorded("good");
    let result = judge(&plan, &record);
    assert_eq!(result.problems, []);
    let expected =
        [("api", "healthy"), ("setup", "completed"), ("store", "healthy"), ("web", "running"), ("worker", "healthy")];
    assert_eq!(states(&result), expected.into());
    let names: Vec<_> = result.containers.iter().map(|container| container.service.as_str()).collect();
    assert_eq!((names[0], names[3], names[4]), ("store", "api", "web"), "in the order of their start");
    let seconds = result.seconds.unwrap();
    assert!((12.0..13.5).contains(&seconds), "{seconds}");
    let store = &result.containers[0];
    assert!(store.started == Some(0.0) && store.ready.is_some_and(|ready| (4.9..5.5).contains(&ready)), "{store:?}");
}

#[test]
fn what_is_wrong_is_named_once_with_what_was_printed() {
    let (plan, record) = recorded("bad");
    let result = judge(&plan, &record);
    let expected = [("crash", "restarted"), ("dead", "ended"), ("sick", "unhealthy")];
    assert_eq!(kinds(&result), expected.into(), "`after` was not started because of `sick`");
    let sick = result.problems.iter().find(|problem| problem.service == "sick").unwrap();
    assert!(sick.probes.iter().all(|probe| probe.exit_code == 7 && probe.output == "no such table\n"), "{sick:?}");
    let states = states(&result);
    assert_eq!((states["after"], states["job"], states["early"]), ("not started", "completed", "running"));
    assert_eq!(result.seconds, None);

    let (plan, record) = recorded("wrong");
    let result = judge(&plan, &record);
    let wrong = result.problems.iter().find(|problem| problem.service == "wrong").unwrap();
    assert!(wrong.what.contains("/no/such/program") && !wrong.is_consequence(), "{wrong:?}");
}

#[test]
fn who_starts_too_early_is_found() {
    let (plan, record) = recorded("bad");
    // The same start, had the file promised more.
    let awaits = |service: &str, condition: &str| {
        let mut plan = plan.clone();
        for dependency in
            plan.services.iter_mut().filter(|known| known.name == service).flat_map(|known| &mut known.dependencies)
        {
            dependency.condition = condition.to_owned();
        }
        let result = judge(&plan, &record);
        let problem = result.problems.iter().find(|problem| problem.service == service);
        problem.map(|problem| problem.what.clone()).unwrap_or_default()
    };
    let early = awaits("early", HEALTHY);
    assert!(early.starts_with("`early` started before `late` was healthy: at 0."), "{early}");
    let never = awaits("early", "service_completed_successfully");
    assert!(never.contains("never completed"), "{never}");
    assert_eq!(awaits("early", "service_started"), "");
}

#[test]
fn time_limits_and_missing_checks_are_reasons() {
    let (plan, mut record) = recorded("good");
    let api = record.containers.iter_mut().find(|container| container.service == "api").unwrap();
    api.health = Some("starting".to_owned());
    assert_eq!(judge(&plan, &record).problems, [], "`up` was cut off, not the service late");
    record.given_up = Some(30.0);
    assert_eq!(judge(&plan, &record).problems[0].what, "`api` was not healthy within 30 s");
    let (mut plan, record) = recorded("good");
    plan.services[0].dependencies[0] =
        AwaitedService { name: "web".to_owned(), condition: HEALTHY.to_owned(), is_required: true };
    let result = judge(&plan, &record);
    assert!(kinds(&result).contains(&("web", "check-missing")), "{:?}", result.problems);
    // A job that ended with an error, one that never ended.
    let (plan, mut record) = recorded("good");
    let setup = record.containers.iter_mut().find(|container| container.service == "setup").unwrap();
    setup.exit_code = Some(1);
    assert!(kinds(&judge(&plan, &record)).contains(&("setup", "ended")));
}

#[test]
fn nothing_recorded_is_nothing_proved() {
    let (plan, _) = recorded("good");
    let result = judge(&plan, &StartRecord::default());
    assert_eq!(kinds(&result), [("store", "not-started")].into());
    assert!(result.problems[0].is_consequence() && result.seconds.is_none());
    for text in [
        "",
        "null",
        "[]",
        "{}",
        r#"{"Type":"container"}"#,
        r#"{"Type":"container","Action":"die","Actor":{"ID":""},"timeNano":-9}"#,
    ] {
        assert_eq!(read_event(text), None, "{text}");
    }
    assert!(read_container("7").is_err());
    assert_eq!(read_container("{}").unwrap().exit_code, None);
    let wild = r#"{"Id":"a","State":{"Status":"exited","StartedAt":"9999-99-99","ExitCode":-1},"Config":{"Healthcheck":{"Test":[],"Interval":-5}}}"#;
    let wild = read_container(wild).unwrap();
    assert_eq!((wild.exit_code, wild.started_at, wild.check), (Some(-1), None, None));
}

#[test]
fn outages_come_from_the_end_of_the_order() {
    let (plan, _) = recorded("good");
    let groups = outage_groups(&plan);
    let names: Vec<Vec<&str>> = groups.iter().map(|group| group.iter().map(String::as_str).collect()).collect();
    assert_eq!(names, [vec!["web", "worker"], vec!["api"], vec!["setup"], vec!["store"]]);
    let trial = OutageTrial {
        service: "store".to_owned(),
        limit: 9.0,
        unhealthy_after: Some(4.0),
        recovered_after: Some(1.0),
        dependents: [("api".to_owned(), true), ("worker".to_owned(), false)].into(),
        ..OutageTrial::default()
    };
    let outage = Outage::of(&plan, trial.clone());
    assert_eq!((outage.blind_dependents.as_slice(), outage.problems().len()), (&["worker".to_owned()][..], 0));
    let kind = |trial: OutageTrial| Outage::of(&plan, trial).problems().first().map(|problem| problem.kind);
    assert_eq!(kind(OutageTrial { unhealthy_after: None, ..trial.clone() }), Some(StartProblemKind::OutageUnnoticed));
    assert_eq!(kind(OutageTrial { recovered_after: None, ..trial.clone() }), Some(StartProblemKind::NotRecovered));
    let obstacle = Some("no shell".to_owned());
    assert_eq!(kind(OutageTrial { unhealthy_after: None, obstacle, ..trial.clone() }), None);
    let lost = vec!["api".to_owned()];
    assert_eq!(kind(OutageTrial { unrecovered_dependents: lost, ..trial }), Some(StartProblemKind::NotRecovered));
}

const WILD: &str = "name: mine\nservices:\n  db:\n    image: postgres:17\n    container_name: db\n    ports: ['5432:5432', '127.0.0.1:5433:5432', '6000-6001:6000-6001']\n    labels: {traefik.enable: 'true'}\n    \
    volumes: [data:/a, far:/b, there:/c, ./folder:/d, ./file:/e, ./none:/f, './ro:/g:ro']\n    networks: [edge]\n    logging: {driver: syslog}\n    command: ['echo', '$$HOME']\n  \
    api:\n    build: {context: ., tags: ['mine:1'], cache_to: ['type=local,dest=x']}\n    image: mine/api:1\n    pull_policy: always\n    external_links: [other]\n    pid: container:other\n  \
    migrate:\n    image: mine/api:1\n    profiles: []\nnetworks: {edge: {external: true, name: public}}\n\
    volumes:\n  data: {name: precious}\n  far: {driver_opts: {type: nfs, o: addr=x, device: ':/x'}}\n  there: {external: true}\n";

#[test]
fn the_copy_touches_nothing_of_the_user() {
    let model = read(WILD).json();
    let host = |path: &str| match path {
        "/p/folder" | "/p/ro" => HostPath::Folder,
        "/p/file" => HostPath::Other,
        _ => HostPath::Missing,
    };
    let copy = isolated_project(model, ("dockopt.run", "n"), |purpose| format!("dockopt-n:{purpose}"), host);
    let text = copy.model.to_string();
    for outside in [
        "precious",
        "public",
        "syslog",
        "traefik",
        "nfs",
        "mine:1",
        "dest=x",
        "container:other",
        "5433",
        "\"published\"",
    ] {
        assert!(!text.contains(outside), "`{outside}` is in {text}");
    }
    let services = &copy.model["services"];
    assert_eq!(services["db"]["command"], json!(["echo", "$$HOME"]));
    assert_eq!(services["db"]["labels"], json!({"dockopt.run": "n"}));
    assert_eq!(services["db"]["networks"]["edge"], json!({"aliases": ["db"]}), "others reach it by its name");
    let ports = services["db"]["ports"].as_array().unwrap();
    assert_eq!(ports.len(), 3, "{ports:?}");
    assert!(ports.iter().all(|port| port["host_ip"] == "127.0.0.1"));
    for (section, name) in [("networks", "edge"), ("volumes", "data"), ("volumes", "far"), ("volumes", "there")] {
        assert_eq!(copy.model[section][name], json!({"labels": {"dockopt.run": "n"}}), "{name}");
    }
    assert_eq!(
        (&services["api"]["image"], &services["migrate"]["image"]),
        (&json!("dockopt-n:0-api"), &json!("dockopt-n:0-api"))
    );
    assert!(services["api"].get("pull_policy").is_none() && services["db"]["pull_policy"] == "never");
    assert!(copy.images["migrate"].is_built && !copy.images["db"].is_built);
    let mounts = services["db"]["volumes"].as_array().unwrap();
    let mount = |target: &str| mounts.iter().find(|mount| mount["target"] == target).unwrap();
    assert_eq!(mount("/d"), &json!({"type": "volume", "source": "dockopt-n-0", "target": "/d"}));
    assert_eq!((&mount("/e")["read_only"], &mount("/e")["type"]), (&json!(true), &json!("bind")));
    assert_eq!(mount("/f"), &json!({"type": "volume", "target": "/f"}));
    assert_eq!(mount("/g")["type"], "bind");
    assert_eq!(copy.copies.len(), 1);
    assert_eq!(copy.model["volumes"]["dockopt-n-0"], json!({"external": true, "name": "dockopt-n-0"}));
    let words = service_words(&copy.model, "db");
    assert_eq!(words.command.as_deref(), Some(&["echo".to_owned(), "$HOME".to_owned()][..]));
    let mut model = copy.model;
    set_service_words(&mut model, "db", &delayed_words(&words.words(), 0.5));
    let set = &model["services"]["db"];
    assert_eq!(set["entrypoint"], json!(["/bin/sh"]));
    assert!(set["command"][1].as_str().unwrap().contains("exec \"$$@\""), "{set}");
    assert_eq!(set["command"][4], "$$HOME");
    assert!(copy.notes.iter().any(|note| note.contains("external network `edge`")), "{:?}", copy.notes);
}
