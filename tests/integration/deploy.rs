//! Scripts, recipes and workflows that deploy: `fixtures/deploy/bad` has the faults that people make, `good` is the same
//! repaired.

use std::collections::BTreeMap;
use std::fmt::Write as _;

use serde_json::Value;

use crate::dockopt::{Dockopt, Ran};

/// The rules whose faults are in the fixture.
const RULES: &str = "compose-v1-command,deploy-without-lock,health-loop-passes,migration-after-switch,\
                     mounted-file-replaced,password-on-command-line,projects-share-name,prune-after-deploy,\
                     recipe-parameter-unused,reload-then-stop,rollback-downgrades-schema,rollback-tag-moves,\
                     several-tags-as-one,sleep-as-gate,stop-before-start";

/// By rule: file and line of each fault.
const FAULTS: &str = include_str!("../../fixtures/deploy/faults.txt");

fn check(fixture: &str) -> Ran {
    let select = format!("--select={RULES}");
    Dockopt::new().dir(fixture).args(["ci", "check", "--format=json", &select]).run()
}

/// `rule file:line` of each finding, in order.
fn faults(ran: &Ran) -> String {
    let result: Value = serde_json::from_str(&ran.stdout).unwrap();
    let mut by_rule: BTreeMap<String, Vec<(String, u64)>> = BTreeMap::new();
    for finding in result["findings"].as_array().unwrap() {
        let file = finding["file"].as_str().unwrap().to_owned();
        let line = finding["span"]["start"]["line"].as_u64().unwrap();
        by_rule.entry(finding["rule"].as_str().unwrap().to_owned()).or_default().push((file, line));
    }
    let mut text = String::new();
    for (rule, mut places) in by_rule {
        places.sort();
        for (file, line) in places {
            writeln!(text, "{rule} {file}:{line}").unwrap();
        }
    }
    text
}

#[test]
fn each_fault_is_found_at_its_line() {
    let found = faults(&check("deploy/bad"));
    if std::env::var_os("BLESS").is_some() {
        std::fs::write("fixtures/deploy/faults.txt", &found).unwrap();
        return;
    }
    assert_eq!(found, FAULTS);
}

#[test]
fn the_repaired_files_have_none() {
    assert_eq!(faults(&check("deploy/good")), "");
}

#[test]
fn fixes_leave_scripts_that_a_shell_reads() {
    let select = format!("--select={RULES}");
    let ran = Dockopt::new().dir("deploy/bad").args(["ci", "fix", "--write", "--unsafe", &select]).run();
    assert_eq!(ran.code, 0, "{}", ran.stderr);
    for script in ["scripts/blue-green-deploy.sh", "scripts/rollback.sh", "scripts/update-worker.sh"] {
        let text = ran.read(script);
        assert!(dockopt::shell::parse(&text).problems.is_empty(), "{script}\n{text}");
    }
    let fixed = ran.read("scripts/blue-green-deploy.sh");
    assert!(fixed.contains("|| exit 1\n") && fixed.contains("\nsleep 10 && docker compose -f"), "{fixed}");
    let again = ran.again(["ci", "fix", "--check", "--unsafe", &select]);
    assert!(again.stderr.contains("nothing to fix"), "{}", again.stderr);
}
