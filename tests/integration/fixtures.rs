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

/// All rules on files that have something for many of them: what `fix` makes of them lies in `fixtures/dirty/fixed` and,
/// with `--unsafe`, in `fixtures/dirty/fixed-unsafe`; `BLESS=1` writes it.
#[test]
fn fixes_of_all_rules_go_together() {
    const FILES: [&str; 3] = ["Dockerfile", "crlf.Dockerfile", ".dockerignore"];
    for (form, risky) in [("fixed", None), ("fixed-unsafe", Some("--unsafe"))] {
        let arguments = || ["fix", "--write", "--select=all"].into_iter().chain(risky);
        let ran = Dockopt::new().dir("dirty/before").args(arguments()).run();
        let mut differ = Vec::new();
        for file in FILES {
            let (got, path) = (ran.read(file), format!("fixtures/dirty/{form}/{file}"));
            if std::env::var_os("BLESS").is_some() {
                std::fs::create_dir_all(format!("fixtures/dirty/{form}")).unwrap();
                std::fs::write(&path, &got).unwrap();
            } else if std::fs::read_to_string(&path).unwrap_or_default() != got {
                differ.push(format!("{path} is not what comes of it; BLESS=1 writes it:\n{got}"));
            }
        }
        assert!(differ.is_empty(), "{}", differ.join("\n"));
        let again = ran.again(["fix", "--select=all"].into_iter().chain(risky));
        assert!(again.stderr.contains("nothing to fix"), "{}{}", again.stderr, again.stdout);
        assert!(!again.stderr.contains("not applied") && !again.stderr.contains("conflict"), "{}", again.stderr);
    }
}

#[test]
fn the_same_project_gives_the_same_bytes() {
    let first = tracker(["audit", "--format=json", "--all"]).stdout;
    for _ in 0..3 {
        assert_eq!(tracker(["audit", "--format=json", "--all"]).stdout, first);
    }
}
