//! Reports of small records.

use super::*;

/// A deployment that ended on a day of November at some hour.
fn line(day: u32, hour: u32, service: &str, command: &str, exit: u8, more: &str) -> String {
    let containers = if more.contains("\"containers\"") { "" } else { "\"containers\":\"c\"," };
    format!(
        r#"{{"version":2,"time":"2026-11-{day:02}T{hour:02}:00:00Z","service":"{service}","command":"{command}",{containers}"from":"a:{}","to":"a:{day}","exit":{exit},"result":"r"{more}}}"#,
        day - 1
    )
}

fn timed(seconds: f64, start: f64) -> String {
    format!(r#","seconds":{seconds},"steps":{{"settle":0.5,"start":{start}}}"#)
}

fn records(lines: &[String]) -> DeploymentRecords {
    let read = DeploymentRecords::read(&lines.join("\n"));
    assert_eq!(read.problems, []);
    read
}

fn report(records: &DeploymentRecords) -> DeploymentReport {
    let input = ReportInput { records, service: None, last: 50, bounds: None, services: None };
    DeploymentReport::of(&input).unwrap()
}

#[test]
fn phases_are_compared_with_good_deployments_of_the_service() {
    let records = records(&[
        line(1, 1, "api", "deploy", 0, &timed(10.0, 4.0)),
        line(2, 1, "web", "deploy", 0, &timed(90.0, 80.0)),
        line(3, 1, "api", "deploy", 1, &timed(70.0, 60.0)),
        line(4, 1, "api", "deploy", 0, &timed(20.0, 6.0)),
        line(5, 1, "api", "deploy", 0, &format!(r#","containers":""{}"#, timed(1.0, 0.1))),
        line(6, 1, "api", "deploy", 0, &timed(12.0, 9.0)),
    ]);
    let seconds = SecondsBounds { least: 1.0, most: Some(8.0) };
    let bounds =
        PlanBounds { phases: vec![PhaseBounds { phases: vec![DeploymentPhase::Start], seconds }], rollback: None };
    let input = ReportInput { records: &records, service: Some("api"), last: 2, bounds: Some(&bounds), services: None };
    let report = DeploymentReport::of(&input).unwrap();
    let start = report.phases.iter().find(|time| time.phases == [DeploymentPhase::Start]).unwrap();
    assert_eq!((start.seconds, start.earlier), (Some(9.0), Some((5.0, 2))));
    assert_eq!((start.is_cut, start.verdict()), (false, Some(PlanVerdict::Slower)));
    // Of one that failed while it started nothing is said.
    let failed = DeploymentRecords { records: records.records[..3].to_vec(), ..DeploymentRecords::default() };
    let failed = DeploymentReport::of(&ReportInput { records: &failed, ..input }).unwrap();
    let start = failed.phases.iter().find(|time| time.phases == [DeploymentPhase::Start]).unwrap();
    assert_eq!((start.is_cut, start.verdict(), start.earlier), (true, None, Some((4.0, 1))));
    let whole = report.phases.last().unwrap();
    assert_eq!((&whole.phases[..], whole.earlier), (&[][..], Some((15.0, 2))));
    let outcomes: Vec<_> = report.trend.runs.iter().map(|(_, outcome)| *outcome).collect();
    assert_eq!(outcomes, [DeploymentOutcome::Idle, DeploymentOutcome::Good], "two are shown");
    let none = ReportInput { service: Some("db"), ..input };
    assert_eq!(DeploymentReport::of(&none), None);
}

/// A plan with one step for two phases, and a rollback that takes less than a deployment.
fn plan() -> PlanBounds {
    let seconds = |least, most| SecondsBounds { least, most: Some(most) };
    let step = |phases: &[DeploymentPhase], seconds| PhaseBounds { phases: phases.to_vec(), seconds };
    let together = [DeploymentPhase::Settle, DeploymentPhase::Image];
    let phases = vec![step(&together, seconds(1.6, 5.6)), step(&[DeploymentPhase::Start], seconds(20.0, 30.0))];
    PlanBounds { phases, rollback: Some(seconds(4.0, 9.0)) }
}

#[test]
fn phases_of_one_step_are_compared_together() {
    let steps = r#","seconds":30,"steps":{"settle":1.5,"image":0.3,"start":25}"#;
    let records = records(&[line(1, 1, "api", "deploy", 0, steps), line(2, 1, "api", "deploy", 0, steps)]);
    let input = ReportInput { records: &records, service: None, last: 9, bounds: Some(&plan()), services: None };
    let times = DeploymentReport::of(&input).unwrap().phases;
    let rows: Vec<_> = times
        .iter()
        .map(|time| {
            let names: Vec<&str> = time.phases.iter().map(|phase| phase.name()).collect();
            let verdict = time.verdict().map(PlanVerdict::name);
            (names.join("+"), time.seconds, time.earlier.map(|(median, _)| median), verdict)
        })
        .collect();
    let row = |name: &str, seconds, verdict| (name.to_owned(), Some(seconds), Some(seconds), verdict);
    assert_eq!(
        rows,
        [
            row("settle", 1.5, None),
            row("image", 0.3, None),
            row("settle+image", 1.8, Some("within")),
            row("start", 25.0, Some("within")),
            row("", 30.0, None),
        ]
    );
}

#[test]
fn a_rollback_is_held_against_rollbacks() {
    let steps = |seconds: f64| {
        format!(r#","seconds":{seconds},"steps":{{"settle":0.5,"image":0.1,"start":{}}}"#, seconds - 1.0)
    };
    let records = records(&[
        line(1, 1, "api", "deploy", 0, &steps(40.0)),
        line(2, 1, "api", "rollback", 0, &steps(6.0)),
        line(3, 1, "api", "deploy", 0, &steps(42.0)),
        line(4, 1, "api", "rollback", 0, &steps(12.0)),
    ]);
    let input = ReportInput { records: &records, service: None, last: 9, bounds: Some(&plan()), services: None };
    let times = DeploymentReport::of(&input).unwrap().phases;
    let (whole, phases) = times.split_last().unwrap();
    assert_eq!((whole.earlier, whole.verdict()), (Some((6.0, 1)), Some(PlanVerdict::Slower)));
    assert!(phases.iter().all(|time| time.bounds.is_none() && time.phases.len() == 1), "{phases:?}");
}

#[test]
fn trends_are_those_of_runs_that_did_something() {
    let steps = timed(10.0, 4.0);
    let records = records(&[
        line(1, 0, "api", "deploy", 0, &steps),
        line(4, 0, "api", "deploy", 1, &steps),
        line(4, 1, "web", "deploy", 0, &steps),
        line(4, 2, "api", "deploy", 1, &steps),
        line(4, 6, "api", "deploy", 0, &steps),
        line(8, 0, "web", "deploy", 0, &steps),
        line(8, 1, "web", "rollback", 0, &steps),
        line(15, 0, "api", "deploy", 1, &steps),
    ]);
    let trend = report(&records).trend;
    assert_eq!((trend.span, trend.per_week), (14.0 * 86_400.0, Some(3.5)));
    assert_eq!(trend.failures(), (4, 7), "three failed, one was taken back; the rollback brought nothing");
    let recoveries: Vec<_> =
        trend.recoveries.iter().map(|recovery| (recovery.failure, recovery.good, recovery.seconds)).collect();
    assert_eq!(recoveries, [(1, Some(4), Some(21_600.0)), (5, Some(6), Some(3_600.0)), (7, None, None)]);
    assert_eq!(trend.recovery_seconds(), Some((12_600.0, 2)));
    let short = DeploymentRecords { records: records.records[2..5].to_vec(), ..DeploymentRecords::default() };
    assert_eq!(report(&short).trend.per_week, None, "hours are no weeks");
}

#[test]
fn intervals_over_a_clock_that_went_back_are_not_counted() {
    let steps = timed(10.0, 4.0);
    let lines = [(10, 1), (3, 0), (17, 0)].map(|(day, exit)| line(day, 0, "api", "deploy", exit, &steps)).join("\n");
    let records = DeploymentRecords::read(&lines);
    assert_eq!(records.problems.len(), 1);
    let report = report(&records);
    assert_eq!((report.trend.span, report.trend.per_week), (14.0 * 86_400.0, Some(0.5)));
    assert_eq!(report.trend.recoveries[0].seconds, None);
    assert_eq!((report.trend.recovery_seconds(), report.problems.len()), (None, 1));
}

#[test]
fn what_was_watched_is_held_against_the_limits() {
    let more = r#","seconds":9,"limits":{"watch":10,"errors":1,"milliseconds":50},"watched":[
        {"percent":5,"requests":0,"errors":0,"milliseconds":0},{"percent":25,"requests":200,"errors":2,"milliseconds":50},
        {"percent":50,"requests":200,"errors":3,"milliseconds":51}]"#
        .replace('\n', " ");
    let records = records(&[line(3, 0, "api", "deploy", 1, &more)]);
    let checks = report(&records).checks;
    let crossed: Vec<_> =
        checks.iter().map(|check| (check.error_percent(), check.has_too_many_errors(), check.is_too_slow())).collect();
    assert_eq!(crossed, [(None, false, false), (Some(1.0), false, false), (Some(1.5), true, true)]);
}

#[test]
fn a_service_is_handed_over_with_its_last_good_deployment() {
    let watched = |requests: u64| {
        format!(
            r#","seconds":9,"limits":{{"watch":10,"errors":1,"milliseconds":50}},"watched":[{{"percent":100,"requests":{requests},"errors":0,"milliseconds":7}}]"#
        )
    };
    let records = records(&[
        line(3, 0, "api", "deploy", 0, &watched(30)),
        line(4, 0, "web", "deploy", 0, r#","seconds":8"#),
        line(5, 0, "api", "deploy", 1, &watched(9)),
    ]);
    let facts = [ServiceFacts { name: "db".to_owned(), group: "db".to_owned(), ..ServiceFacts::default() }];
    let input = ReportInput { records: &records, service: None, last: 50, bounds: None, services: Some(&facts) };
    let report = DeploymentReport::of(&input).unwrap();
    let names: Vec<_> = report.services.iter().map(|service| (service.facts.name.as_str(), service.is_known)).collect();
    assert_eq!(names, [("api", false), ("db", true), ("web", false)]);
    let api = &report.services[0];
    assert_eq!(api.baseline.as_ref().map(|base| base.share.requests), Some(30));
    assert_eq!(api.image, Some(("a:3".to_owned(), "2026-11-03T00:00:00Z".to_owned())));
    assert_eq!(api.rollback_image.as_deref(), Some("a:2"));
    assert_eq!(
        api.rollback_command("my app/deploy/record.jsonl").as_deref(),
        Some("sh 'my app/deploy/deploy.sh' rollback api")
    );
    assert_eq!(report.services[1].rollback_command("record.jsonl"), None);
    let questions: Vec<&str> = report.questions.iter().map(|open| open.text.as_str()).collect();
    assert!(questions.contains(&"How many requests and errors are usual for `db`, `web`?"), "{questions:?}");
}
