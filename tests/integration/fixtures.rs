//! The commands on whole projects.

use crate::dockopt::Dockopt;

#[track_caller]
pub(crate) fn keeps_schema(schema: &str, result: &serde_json::Value) {
    let schema = serde_json::from_str(schema).unwrap();
    let validator = jsonschema::draft202012::new(&schema).unwrap();
    let errors: Vec<String> = validator.iter_errors(result).map(|e| format!("{}: {e}", e.instance_path())).collect();
    assert!(errors.is_empty(), "{errors:#?}");
}

fn tracker<'a>(arguments: impl IntoIterator<Item = &'a str>) -> crate::dockopt::Ran {
    Dockopt::new().dir("task-tracker").args(arguments).run()
}

#[test]
fn results_keep_their_schemas() {
    for path in [".", "backend", "dashboard", "backend/Dockerfile"] {
        let audit = tracker(["audit", path, "--format=json", "--select=all"]).json();
        keeps_schema(include_str!("../../schemas/audit.schema.json"), &audit);
        assert_ne!(audit["builds"].as_array().map(Vec::len), Some(0), "{path}");
        let fix = tracker(["fix", path, "--format=json", "--unsafe"]).json();
        keeps_schema(include_str!("../../schemas/fix.schema.json"), &fix);
    }
    let lint = tracker(["lint", "backend/Dockerfile", "dashboard/Dockerfile", "--format=json"]).json();
    keeps_schema(include_str!("../../schemas/lint.schema.json"), &lint);
    let context = tracker(["context", "ls", "backend", "--format=json"]).json();
    keeps_schema(include_str!("../../schemas/context.schema.json"), &context);
    let rules = Dockopt::new().args(["rules", "--format=json"]).run().json();
    keeps_schema(include_str!("../../schemas/rules.schema.json"), &rules);
}

#[test]
fn fixing_again_changes_nothing() {
    for risky in [&["--unsafe"][..], &[]] {
        let dockopt = Dockopt::new().dir("task-tracker").args(["fix", "--write"]).args(risky.iter().copied());
        let ran = dockopt.run().code(0);
        assert!(ran.stderr.starts_with("fixed "), "{}", ran.stderr);
        let again = ran.again(["fix", "--check"].into_iter().chain(risky.iter().copied())).code(0);
        assert!(again.stderr.starts_with("nothing to fix"), "{}", again.stderr);
    }
}

#[test]
fn the_same_project_gives_the_same_bytes() {
    let first = tracker(["audit", "--format=json", "--all"]).stdout;
    for _ in 0..3 {
        assert_eq!(tracker(["audit", "--format=json", "--all"]).stdout, first);
    }
}
