//! Pages of a small record.

use super::*;
use crate::release::{CheckFacts, DeploymentRecords, PhaseBounds, PlanBounds, ReportInput, ServiceFacts};
use crate::report::{Layout, Medium};

fn line(day: u32, exit: u8, more: &str) -> String {
    let result = if exit == 0 { "in service" } else { "shop-api-2 is not healthy" };
    format!(
        r#"{{"version":2,"time":"2026-11-{day:02}T10:00:00Z","service":"api","command":"deploy","strategy":"rolling","from":"shop-api:{}","to":"shop-api:{day}","containers":"shop-api-2","old_containers":"shop-api-1","seconds":12.5,"steps":{{"settle":0.5,"image":2,"start":{day}}},"limits":{{"watch":10,"errors":1,"milliseconds":500}},"exit":{exit},"result":"{result}"{more}}}"#,
        day - 1
    )
}

fn report() -> DeploymentReport {
    let watched = r#","watched":[{"percent":100,"requests":1200,"errors":3,"milliseconds":12}]"#;
    let lines = [
        line(3, 0, watched),
        line(5, 1, r#","probe":"<b>HTTP</b> | 500""#),
        line(12, 0, watched),
        "{".to_owned(),
        line(13, 0, watched),
    ];
    let records = DeploymentRecords::read(&lines.join("\n"));
    let facts = ServiceFacts {
        name: "api".to_owned(),
        group: "api".to_owned(),
        addresses: vec!["127.0.0.1:8080 (through web)".to_owned()],
        ports: vec![8000],
        count: 1,
        check_path: Some("/health".to_owned()),
        check: Some(CheckFacts::default()),
        start_limit: 30,
        drain_limit: 60,
        ..ServiceFacts::default()
    };
    let seconds = SecondsBounds { least: 1.0, most: Some(9.0) };
    let bounds =
        PlanBounds { phases: vec![PhaseBounds { phases: vec![DeploymentPhase::Start], seconds }], rollback: None };
    let services = [facts];
    let input =
        ReportInput { records: &records, service: None, last: 50, bounds: Some(&bounds), services: Some(&services) };
    DeploymentReport::of(&input).unwrap()
}

#[test]
fn what_happened_and_what_is_usual_is_on_the_page() {
    let page = deploy_report(&report(), "deploy/record.jsonl");
    let text = page.write(Medium::Terminal, Layout::PLAIN);
    for part in [
        "api   good: in service",
        "start    13 s  7.5 s",
        "median of 2 earlier good deployments",
        "1 s to 9 s  slower",
        "time of api    ████",
        "100 %     1,200  3 (0.25 %)",
        "4 deployments within 10 days: 2.1 a week",
        "25 % did not stay (1 of 4: 1 failed, 0 taken back)",
        "7 days from a failure to the next good deployment (1 failure)",
        "127.0.0.1:8080 (through web)",
        "sh deploy/deploy.sh rollback api goes back to shop-api:12",
        "note: deploy/record.jsonl:4: it is not a record",
    ] {
        assert!(text.contains(part), "{part}: {text}");
    }
    let text = page.write(Medium::Html, Layout::PLAIN);
    assert!(text.contains("start of api") && !text.contains("<b>HTTP"), "{text}");
    assert_eq!(text, deploy_report(&report(), "deploy/record.jsonl").write(Medium::Html, Layout::PLAIN));
}

#[test]
fn json_keeps_its_schema() {
    let schema = include_str!("../../../../../schemas/deploy-report.schema.json");
    let schema: serde_json::Value = serde_json::from_str(schema).unwrap();
    let text = deploy_report_json(&report(), "deploy/record.jsonl");
    let result: serde_json::Value = serde_json::from_str(&text).unwrap();
    assert!(jsonschema::is_valid(&schema, &result), "{text}");
    assert_eq!(result["phases"][2]["verdict"], "slower");
    assert_eq!(result["trend"]["recovery_seconds"], 604_800.0);
}
