//! Names in the code are plain: no function and no type is called by a bare participle or pronoun, and no name of a type
//! stands for more than three of them.

use std::collections::BTreeMap;

use crate::tidy::below;

/// What functions are not called; `one`, `own` and the like say nothing to somebody who has never been there.
const BANNED: &[&str] = &[
    "anew",
    "asked",
    "begun",
    "brought",
    "deceptions",
    "fate",
    "fates",
    "found",
    "given",
    "gone",
    "ground",
    "held",
    "hindrance",
    "kids",
    "known",
    "likest",
    "made",
    "meant",
    "mend",
    "mended",
    "named",
    "nothing",
    "obey",
    "one",
    "own",
    "passage",
    "said",
    "seen",
    "shown",
    "stand",
    "stood",
    "taken",
    "told",
    "tried",
    "turn",
    "twin",
    "unsay",
    "upon",
    "wanted",
    "what",
    "who",
    "why",
];

/// What types are not called.
const BANNED_TYPES: &[&str] = &[
    "Above", "Ahead", "Applied", "Asked", "At", "Below", "Brought", "Built", "Carried", "Closed", "Copied", "Declared",
    "Done", "Ended", "Expected", "Failed", "Fate", "Fates", "Found", "Given", "Known", "Live", "Long", "Looked",
    "Made", "Measured", "Mending", "Not", "Nowhere", "Observed", "Open", "Other", "Own", "Owned", "Planned", "Proved",
    "Ran", "Reached", "Ready", "Refused", "Said", "Searched", "Seen", "Sent", "Shared", "Shown", "Side", "Skipped",
    "Taken", "Told", "Trouble", "Used", "Wanted", "Wants", "Way", "What", "Work",
];

/// Types of one name at most.
const SAME_NAME: usize = 3;

/// The function that a line of source defines.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let words = before.replace(['(', ')'], " ");
    let is_definition = |word: &str| matches!(word, "pub" | "crate" | "super" | "in" | "const" | "async" | "unsafe");
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    words.split_whitespace().all(is_definition).then_some(&rest[..end])
}

/// The type that a line of source defines.
fn type_name(line: &str) -> Option<&str> {
    let mut words = line.split_whitespace().skip_while(|word| word.starts_with("pub"));
    words.next().filter(|word| matches!(*word, "struct" | "enum" | "trait" | "union"))?;
    words.next()?.split(|c: char| !c.is_ascii_alphanumeric()).next()
}

#[test]
fn definitions_are_found() {
    assert_eq!(function("pub(super) fn told(self) -> String {"), Some("told"));
    assert_eq!(function("    pub const fn one() -> Self {"), Some("one"));
    assert_eq!(function("/// what fn told() does"), None);
    assert_eq!(function("type Writer = fn(&Run) -> String;"), None);
    assert_eq!(type_name("    pub(super) struct Told<'a> {"), Some("Told"));
    assert_eq!(type_name("/// what enum Told is"), None);
}

#[test]
fn names_of_functions_are_plain() {
    let (mut count, mut wrong) = (0, Vec::new());
    for source in below("src", "rs") {
        for (number, line) in source.shipped() {
            let Some(name) = function(line) else { continue };
            count += 1;
            if BANNED.contains(&name) {
                wrong.push(format!("{}:{number}: `{name}` does not say what the function does", source.path));
            }
        }
    }
    assert!(count > 5_000, "{count} functions: where are the others?");
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn names_of_types_are_plain() {
    let (mut places, mut wrong) = (BTreeMap::<String, Vec<String>>::new(), Vec::new());
    for source in below("src", "rs") {
        for (number, line) in source.shipped() {
            let Some(name) = type_name(line) else { continue };
            places.entry(name.to_owned()).or_default().push(format!("{}:{number}", source.path));
            if BANNED_TYPES.contains(&name) {
                wrong.push(format!("{}:{number}: `{name}` does not say what the type holds", source.path));
            }
        }
    }
    assert!(places.len() > 1_000, "{} types: where are the others?", places.len());
    let repeated = places.iter().filter(|(_, places)| places.len() > SAME_NAME);
    wrong.extend(
        repeated.map(|(name, places)| format!("`{name}` is the name of more than {SAME_NAME} types: {places:?}")),
    );
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}
