use super::test_inputs::{optimize_to_level, rewritten};
use super::*;

#[test]
fn passes_are_ordered_by_level_and_have_unique_names() {
    let all: Vec<PassInfo> = passes().collect();
    assert!(all.windows(2).all(|pair| pair[0].level <= pair[1].level), "{all:?}");
    let names: std::collections::BTreeSet<&str> = all.iter().map(|pass| pass.id).collect();
    assert_eq!(names.len(), all.len());
}

#[test]
fn unsupported_code_is_kept() {
    let text = "FROM team/base\nRUN make-everything --now\n";
    assert_eq!(rewritten(text, &[], Level::Server), text);
    assert_eq!(optimize_to_level(text, &[], Level::Stages).highest(), None);
}
