//! Names in the code are plain: no function is called by a bare participle or pronoun.

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

/// The function that a line of source defines.
fn function(line: &str) -> Option<&str> {
    let (before, rest) = line.split_once("fn ")?;
    let words = before.replace(['(', ')'], " ");
    let is_definition = |word: &str| matches!(word, "pub" | "crate" | "super" | "in" | "const" | "async" | "unsafe");
    let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_')?;
    words.split_whitespace().all(is_definition).then_some(&rest[..end])
}

#[test]
fn definitions_are_found() {
    assert_eq!(function("pub(super) fn told(self) -> String {"), Some("told"));
    assert_eq!(function("    pub const fn one() -> Self {"), Some("one"));
    assert_eq!(function("/// what fn told() does"), None);
    assert_eq!(function("type Writer = fn(&Run) -> String;"), None);
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
