//! Safe fixes rest on no row of `data/` without a source.

use std::fs;

use regex::Regex;

use crate::tidy::below;

/// Tables that rules with safe fixes, their helpers and rewrites without a proof read; of those with words after them only
/// the rows that have such a cell, or a cell with such a word.
const READ: [(&str, &[&str]); 37] = [
    ("address_words", &[]),
    ("base_images", &[]),
    ("base_variables", &[]),
    ("cache_mount_names", &[]),
    ("check_clients", &[]),
    ("check_requests", &[]),
    ("check_work", &[]),
    ("commands", &[]),
    ("file_kinds", &["archive", "build", "code", "compressed", "lock", "shell"]),
    ("hosted_runners", &[]),
    ("image_families", &[]),
    ("image_suites", &[]),
    ("name_words", &[]),
    ("node_packages", &[]),
    ("offline_words", &[]),
    ("official_images", &[]),
    ("older_options", &[]),
    ("package_caches", &[]),
    ("program_needs", &[]),
    ("program_options", &[]),
    ("program_packages", &[]),
    ("proxy_directives", &[]),
    ("proxy_images", &[]),
    ("proxy_reloads", &[]),
    ("python_packages", &[]),
    ("releases", &[]),
    ("schema_commands", &[]),
    ("slim_programs", &[]),
    ("source_patterns", &["asks git for the history", "takes its version from the history"]),
    ("standalone_images", &[]),
    ("system_folders", &["holds-system", "programs", "root", "shared", "system"]),
    ("system_packages", &[]),
    ("tls_variables", &[]),
    ("variables", &["build-prefix", "of-base", "python-build", "python-run"]),
    ("viewer_images", &[]),
    ("wait_programs", &[]),
    ("workflow_actions", &[]),
];

/// Tables that a rule with a safe fix names, and that the fix does not rest on: why.
const CHOOSES: [(&str, &str, &str); 20] = [
    ("bases.rs", "TAG_WORDS", "no edit follows from a tag that moves"),
    ("compose_readiness.rs", "BUNDLE_VARIABLES", "says which service is a front end, and so how severe a finding is"),
    ("compose/host_access.rs", "HOST_ACCESS", "rules without an edit in the same file read it"),
    ("compose/host_access.rs", "HOST_TOOLS", "rules without an edit in the same file read it"),
    ("copied_packages.rs", "PACKAGE_FOLDERS", "says which folder an install fills; the edit is of the install"),
    ("bases.rs", "SERVER_IMAGES", "only its test reads them: what dockopt writes is maintained"),
    ("copied_programs.rs", "NODE_ADDONS", "says which packages are compiled; no edit follows from it"),
    ("package_calls.rs", "ABSENT_PACKAGES", "says which packages a suite lacks; no edit follows from it"),
    ("stages.rs", "ARCHITECTURE_WORDS", "rules without an edit in the same file read it"),
    ("stages.rs", "IMAGE_ARCHITECTURES", "rules without an edit in the same file read it"),
    ("late_changes.rs", "TAG_WORDS", "says which ARG is worth moving; the move depends on what reads it"),
    ("late_changes.rs", "VARIABLES", "says which ARG is worth moving; the move depends on what reads it"),
    ("compose/replaced.rs", "COMPANION_IMAGES", "the edits of its rules are unsafe"),
    ("compose/images.rs", "IMAGE_VARIABLES", "the edit of its rule is unsafe"),
    ("compose/images.rs", "START_VARIABLES", "rules without an edit in the same file read it"),
    ("deploy/deployment.rs", "RESET_WORDS", "says which scripts only prepare a machine; no edit follows from it"),
    ("workflow/start_needs.rs", "CLIENT_LIBRARIES", "says which images cannot start alone; no edit follows from it"),
    ("node_build.rs", "NODE_BUILDS", "says which projects are compiled; no edit follows from it"),
    ("node_build.rs", "NODE_PROGRAMS", "says which programs start sources; no edit follows from it"),
    ("main_process.rs", "STOP_SIGNALS", "the edits of its rules are unsafe"),
];

#[test]
fn safe_fixes_read_rows_with_a_source() {
    for (name, words) in READ {
        let table = dockopt::data::ALL.iter().find(|table| table.name == format!("{name}.tsv")).unwrap();
        for row in table.rows().filter(|row| row.last() == Some(&"unverified")) {
            let counts = |cell: &&str| words.contains(cell) || cell.split(' ').any(|word| words.contains(&word));
            assert!(!words.is_empty() && !row.iter().any(counts), "{name}: {row:?} has no source");
        }
    }
}

#[test]
fn tables_of_rules_with_safe_fixes_are_listed() {
    let named = Regex::new(r"data::([A-Z_]{3,})").unwrap();
    for file in below("crates/rules/src/rules", "rs") {
        let text = fs::read_to_string(&file.path).unwrap();
        let is_rule = ["rule!(", "family! {"].iter().any(|word| text.contains(word));
        if is_rule && !text.contains(".safe_edit(") && !text.contains("Safety::Safe") {
            continue;
        }
        for table in named.captures_iter(&text).map(|captures| captures[1].to_owned()) {
            let chooses = CHOOSES.iter().any(|(end, other, _)| file.path.ends_with(end) && *other == table);
            let listed = READ.iter().any(|(name, _)| name.to_uppercase() == table);
            assert!(chooses || listed, "{}: {table} is not listed in tests/integration/safe_rows.rs", file.path);
        }
    }
}
