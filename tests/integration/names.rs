//! Names in the code are plain: no function and no type is called by a bare participle or pronoun, and no name of a type
//! is used for more than three of them. Texts that users read use the words of the glossary in `.github/CONTRIBUTING.md`.

use std::collections::BTreeMap;
use std::fs;
use std::sync::LazyLock;

use regex::Regex;

use crate::tidy::{below, sources};

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

/// A line of code that gives a variable, a parameter or a field a name that does not say what it holds.
static BANNED_LOCAL: LazyLock<Regex> = LazyLock::new(|| {
    let name = "(?:anew|asked|found|given|held|made|meant|one|own|said|taken|there|told)";
    let forms = [
        format!(r#"^[^"]*\b(?:let|mut|ref|for) &?\(?{name}\b"#),
        format!(r#"\|[^|"=]*\b{name}\b[^|"=]*\|"#),
        format!(r"(?:^\s*|[(,{{] ?|pub |pub\([a-z ]+\) ){name}: "),
        format!(r"\b(?:Some|Ok|Err)\(&?{name}\) (?:=|if)"),
    ];
    Regex::new(&forms.join("|")).unwrap()
});

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
    for source in sources() {
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
    for source in sources() {
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

fn names_badly(line: &str) -> bool {
    !line.trim_start().starts_with("//") && BANNED_LOCAL.is_match(line)
}

#[test]
fn variables_without_a_meaning_are_found() {
    for line in [
        "let own = 1;",
        "    for one in all {",
        "fn f(text: &str, told: &[u8]) {",
        "    pub(super) found: Vec<u8>,",
        "all.iter().filter(|(_, one)| one.is_empty())",
        "Some(made) => made,",
    ] {
        assert!(names_badly(line), "{line}");
    }
    for line in ["// let own = 1;", "let known = engine.own();", "x.one", "Self::made(1)", "let own_parts = 1;"] {
        assert!(!names_badly(line), "{line}");
    }
}

#[test]
fn names_of_variables_are_plain() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (index, line) in source.text.lines().enumerate().filter(|(_, line)| names_badly(line)) {
            wrong.push(format!("{}:{}: {}", source.path, index + 1, line.trim()));
        }
    }
    assert!(wrong.is_empty(), "name the variable after what it holds:\n{}", wrong.join("\n"));
}

/// `filter(|_| …)` in the source: a condition that `if` says better.
const FILTERS_OF_CONDITIONS: usize = 20;

#[test]
fn conditions_are_plain() {
    let sources = sources();
    let lines = sources
        .iter()
        .flat_map(|source| source.shipped().into_iter().map(move |(number, line)| (source, number, line)));
    let filters: Vec<String> = lines
        .filter(|(_, _, line)| line.contains("filter(|_|"))
        .map(|(source, number, line)| format!("{}:{number}: {}", source.path, line.trim()))
        .collect();
    assert!(filters.len() <= FILTERS_OF_CONDITIONS, "write `if`, `match` or `let … else`:\n{}", filters.join("\n"));
}

/// What texts do not say.
static BANNED_TEXT: LazyLock<Regex> = LazyLock::new(|| {
    let words = [
        r"mend(s|ed|ing)?",
        r"anew",
        r"be had",
        r"(is|are) none",
        r"hinders?",
        r"whoever",
        r"tells? (of|apart|that|which|what|whether)",
        r"stands? (on|behind|beside|there|upon)",
        r"beside",
        r"goes on",
        r"nobody steps",
        r"(is|are) no (name|text|number|archive|manifest|Dockerfile)",
    ];
    Regex::new(&format!(r"(?i)\b({})\b", words.join("|"))).unwrap()
});

/// A word of a text that texts do not say; names of rules (`npm-install-beside-lock`) stay.
fn banned_word(text: &str) -> Option<&str> {
    let is_free = |word: &regex::Match| !text[..word.start()].ends_with('-') && !text[word.end()..].starts_with('-');
    BANNED_TEXT.find_iter(text).find(is_free).map(|word| word.as_str())
}

/// Two to four words that directly follow themselves, as a replacement gone wrong leaves them.
fn repeated_words(text: &str) -> Option<String> {
    let words: Vec<&str> = text.split(' ').filter(|word| !word.is_empty()).collect();
    let lengths = 2..=4;
    let repeated = |length: usize| words.windows(2 * length).find(|pair| pair[..length] == pair[length..]);
    let is_prose = |word: &&str| word.len() > 1 && word.chars().all(|letter| letter.is_ascii_alphabetic());
    let pair = lengths.filter_map(repeated).find(|pair| pair.iter().all(is_prose))?;
    Some(pair.join(" "))
}

/// The string literals of a line of source.
fn literals(line: &str) -> impl Iterator<Item = &str> {
    line.split('"').skip(1).step_by(2)
}

/// The prose of a page: its lines outside of code, without what stands in backticks.
fn prose(text: &str) -> Vec<(usize, String)> {
    let mut is_code = false;
    let mut lines = Vec::new();
    for (index, line) in text.lines().enumerate() {
        if line.starts_with("```") {
            is_code = !is_code;
        } else if !is_code && !line.starts_with("    ") {
            lines.push((index + 1, line.split('`').step_by(2).collect::<Vec<_>>().join("`")));
        }
    }
    lines
}

#[test]
fn banned_words_are_found() {
    assert!(BANNED_TEXT.is_match("mend the settings"));
    assert!(BANNED_TEXT.is_match("`x` is no name of an image"));
    assert!(!BANNED_TEXT.is_match("recommended"));
    assert_eq!(banned_word("npm-install-beside-lock is beside it"), Some("beside"));
    assert_eq!(banned_word("npm-install-beside-lock"), None);
    assert_eq!(repeated_words("so the program the program writes").as_deref(), Some("the program the program"));
    assert_eq!(repeated_words("COPY src src and 1 1 1 1"), None);
    assert_eq!(literals(r#"push("is anew", 'a', "b")"#).collect::<Vec<_>>(), ["is anew", "b"]);
    assert_eq!(prose("a `mend` b\n```\nanew\n```\n"), [(1, "a ` b".to_owned())]);
}

#[test]
fn texts_are_plain() {
    let mut wrong = Vec::new();
    for source in sources() {
        for (number, line) in source.shipped() {
            let banned = literals(line).find_map(banned_word);
            wrong.extend(banned.map(|word| format!("{}:{number}: `{word}`", source.path)));
            let repeated = literals(line).find_map(repeated_words);
            wrong.extend(repeated.map(|words| format!("{}:{number}: `{words}`", source.path)));
        }
    }
    let pages = below("rules", "md").into_iter().chain(below("docs", "md"));
    let mut pages: Vec<(String, String)> = pages.map(|page| (page.path, page.text)).collect();
    for name in ["README.md", "ARCHITECTURE.md", "CHANGELOG.md"] {
        pages.push((name.to_owned(), fs::read_to_string(name).unwrap()));
    }
    assert!(pages.len() > 180, "{} pages: where are the others?", pages.len());
    for (path, text) in pages {
        for (number, line) in prose(&text) {
            wrong.extend(banned_word(&line).map(|word| format!("{path}:{number}: `{word}`")));
            wrong.extend(repeated_words(&line).map(|words| format!("{path}:{number}: `{words}`")));
        }
    }
    assert!(wrong.is_empty(), "{} texts:\n{}", wrong.len(), wrong.join("\n"));
}
