use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use super::*;
use dockopt_testing::Random;

/// One case of a vector file.
struct Case {
    id: String,
    word: String,
    env: BTreeMap<String, String>,
    lex: Lex,
    raw: Value,
}

fn env(value: &Value) -> BTreeMap<String, String> {
    value.as_object().unwrap().iter().map(|(name, value)| (name.clone(), value.as_str().unwrap().into())).collect()
}

fn cases(text: &str) -> Vec<Case> {
    let values: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let shared = values.iter().find(|value| value.get("id").is_none()).map(|value| env(&value["env"]));
    let mut cases = Vec::new();
    for raw in values.into_iter().filter(|value| value.get("id").is_some()) {
        let escape = raw["escape"].as_str().unwrap().chars().next().unwrap();
        let lex = Lex::from_mode(raw["mode"].as_str().unwrap(), escape).unwrap();
        cases.push(Case {
            id: raw["id"].as_str().unwrap().into(),
            word: raw["word"].as_str().unwrap().into(),
            env: raw.get("env").map_or_else(|| shared.clone().unwrap(), env),
            lex,
            raw,
        });
    }
    cases
}

fn all_cases() -> Vec<(&'static str, Vec<Case>)> {
    vec![
        ("expand.jsonl", cases(include_str!("../../../../../tests/vectors/expand.jsonl"))),
        ("expand-fuzz.jsonl", cases(include_str!("../../../../../tests/vectors/expand-fuzz.jsonl"))),
        ("expand-more.jsonl", cases(include_str!("../../../../../tests/vectors/expand-more.jsonl"))),
    ]
}

fn names(value: &Value) -> BTreeSet<String> {
    value.as_array().unwrap().iter().map(|name| name.as_str().unwrap().to_owned()).collect()
}

/// What differs from the builder's answer.
fn difference(case: &Case) -> Option<String> {
    let result = process_word(&case.word, &case.env, case.lex);
    let (text, error) = match &result {
        Ok(result) => (Value::from(result.text.as_str()), Value::Null),
        Err(error) => (Value::Null, Value::from(error.to_string())),
    };
    if text != case.raw["expected"] || error != case.raw["error"] {
        return Some(format!("{text} {error}"));
    }
    let Ok(result) = result else { return None };
    if result.unmatched != names(&case.raw["unmatched"]) {
        return Some(format!("unmatched {:?}", result.unmatched));
    }
    if let Some(matched) = case.raw.get("matched")
        && result.matched != names(matched)
    {
        return Some(format!("matched {:?}", result.matched));
    }
    if let Some(words) = case.raw.get("words") {
        let words: Vec<&str> = words.as_array().into_iter().flatten().map(|word| word.as_str().unwrap()).collect();
        let expanded = process_words(&case.word, &case.env, case.lex).unwrap();
        if expanded != words {
            return Some(format!("words {expanded:?}"));
        }
    }
    None
}

#[test]
fn agrees_with_the_builder() {
    let mut wrong = Vec::new();
    for (file, cases) in all_cases() {
        let before = wrong.len();
        for case in &cases {
            wrong.extend(difference(case).map(|difference| format!("{}: {difference}\n  {}", case.id, case.raw)));
        }
        println!("{file}: {} of {}", cases.len() - (wrong.len() - before), cases.len());
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

fn used(word: &str, lex: Lex) -> BTreeSet<String> {
    uses(word, lex).into_iter().map(|variable| variable.name.to_owned()).collect()
}

#[test]
fn uses_are_what_expansion_looks_up() {
    let mut compared = 0;
    for case in all_cases().into_iter().flat_map(|(_, cases)| cases) {
        let Ok(result) = process_word(&case.word, &case.env, case.lex) else { continue };
        let names: BTreeSet<String> = result.matched.union(&result.unmatched).cloned().collect();
        assert_eq!(used(&case.word, case.lex), names, "{}", case.word);
        compared += 1;
    }
    println!("uses: {compared} words");
    assert!(compared > 300);
}

/// Expands with `A=a b`, `E=` and `D=x-y-z`, and shows the text or the message without its prefix.
fn check(word: &str, lex: Lex, expected: &str) {
    let env = [("A", "a b"), ("E", ""), ("D", "x-y-z")].map(|(name, value)| (name.into(), value.into()));
    let result = match process_word(word, &BTreeMap::from(env), lex) {
        Ok(word) => word.text,
        Err(error) => error.kind.to_string(),
    };
    assert_eq!(result, expected, "{word}");
}

#[test]
fn quirks_of_the_builder() {
    let lex = Lex::new('\\');
    // Only the first byte order mark is dropped, and it is from a pattern, too.
    check("\u{feff}\u{feff}$A", lex, "\u{feff}a b");
    check("${D#\u{feff}x}", lex, "-y-z");
    check("${D//-/'$0$0$1$$'}", lex, "x--$y--$z");
    check("${D/-/'$0'}", lex, "x$0y-z");
    check("${+x}${A:+\"}\"}", lex, "}");
    check("\"a\\n\\$A\\\"", lex, "unexpected end of statement while looking for matching double-quote");
    // Whatever is wrong at the end of the word is a missing brace for the substitution around it.
    check("${A:-${N:?m}", lex, "syntax error: missing '}'");
    check("${A:-${N:?m}}", lex, "N: m");
    check("${A/${N:?m}", lex, "syntax error: missing '/' in ${}");
    check("${E:?}${N?}", lex, "E: is not allowed to be empty");
    check("${N", lex, "unsupported modifier (\u{fffd}) in substitution");
    check("${D%\\x}", lex, "invalid pattern (\\x) in substitution: invalid escape '\\x'");
    check("${D%x\\?y}", lex, "x-y-z");
}

#[test]
fn display_keeps_what_is_unset() {
    let lex = Lex::display('\\');
    check("echo '$A' \"$A\" $N ${N} ${N:-\\x$A} ${N//a/b}", lex, "echo '$A' \"a b\" $N ${N} ${N:-xa b} ${N/a/b}");
    check("${N:=x} ${A:=x}", lex, "unsupported modifier (:=) in substitution");
    check("${N:=x} ${N:}y}", lex, "${N:=x} ${N:}y}");
}

#[test]
fn words_split_outside_quotes() {
    let split =
        |word: &str| process_words(word, &BTreeMap::from([("A".into(), " a b ".into())]), Lex::new('\\')).unwrap();
    assert_eq!(split("x$A\"$A\" \\ y \"\""), ["x", "a", "b", " a b ", " y"]);
    assert_eq!(split("pre${A:-d}post pre\"${B:-x y}\""), ["a", "b", "post", "x y"]);
    assert_eq!(split("a\u{a0}b << c"), ["a", "b", "<< c"]);
}

const PIECES: &[&str] = &[
    "${", "}", "$", "A", "D", "NOPE", "EMPTY", ":-", ":+", "?", "#", "##", "%", "%%", "/", "//", "\\", "`", "'", "\"",
    "<", "<<", " ", "\t", "\n", "*", "a", "-", "é", "\u{a0}", "\u{feff}", "\0", "$0", "\\}", "\\*", ":", "=", "1",
];

fn mutate(word: &str, random: &mut Random) -> String {
    let mut chars: Vec<char> = word.chars().collect();
    for _ in 0..=random.below(4) {
        let at = random.below(chars.len() + 1);
        let end = (at + random.below(3)).min(chars.len());
        let new: Vec<char> = PIECES[random.below(PIECES.len())].chars().collect();
        chars.splice(at..end, if random.below(3) == 0 { Vec::new() } else { new });
    }
    chars.into_iter().collect()
}

#[test]
fn mutated_words() {
    let cases: Vec<Case> = all_cases().into_iter().flat_map(|(_, cases)| cases).collect();
    let mut random = Random::new(7);
    let mut good = 0;
    for _ in 0..60_000 {
        let case = &cases[random.below(cases.len())];
        let word = mutate(&case.word, &mut random);
        let lex = Lex { raw_quotes: random.below(4) == 0, raw_escapes: random.below(4) == 0, ..case.lex };
        let lex = Lex { skip_unset_env: random.below(4) == 0, ..lex };
        let result = process_word(&word, &case.env, lex);
        let words = process_words(&word, &case.env, lex);
        assert_eq!(result.is_ok(), words.is_ok());
        if let Ok(words) = result {
            good += 1;
            assert_eq!(used(&word, lex), words.matched.union(&words.unmatched).cloned().collect(), "{word}");
        }
        for heredoc in heredoc_words(&word).unwrap_or_default() {
            assert!(word.get(heredoc.span.range()).is_some_and(|text| !text.is_empty()), "{word}");
            let _ = heredoc_word(&heredoc.text);
        }
    }
    assert!(good > 10_000, "{good}");
}

/// Bytes of a hostile word: few enough for unoptimised code, and enough for quadratic time to take minutes.
const SIZE: usize = 1 << 16;

#[test]
fn long_and_deep_words() {
    let env: BTreeMap<String, String> = [("A", "a".repeat(100_000)), ("B", "ab".repeat(50)), ("S", "*a".repeat(1000))]
        .map(|(k, v)| (k.into(), v))
        .into();
    let mut words: Vec<String> = Vec::new();
    for piece in PIECES.iter().chain(&["$A", "${A}", "${A:-", "\"${A:+", "${A//a/", "${N/", "${N:-x", "${#", "'\""]) {
        words.push(piece.repeat(SIZE / piece.len()));
    }
    for open in ["${N:-", "${A:-", "${A:+x", "${N%", "${N/a/", "${N:-\"${N:-"] {
        let close = if open.contains('"') { "}\"}" } else { "}" };
        words.push(format!("{}x{}", open.repeat(SIZE / 8), close.repeat(SIZE / 8)));
    }
    words.push("${B//a/".repeat(20) + "$B" + &"}".repeat(20));
    words.extend(["${A#*a*a*a*a*ab}", "${A%%$S}", "${A//*a?a*b/}", "${A//a/$A}", "${A##${A}b}"].map(String::from));
    for word in words {
        for lex in [Lex::new('\\'), Lex::heredoc_body(), Lex::display('`')] {
            let _ = process_word(&word, &env, lex);
            let _ = process_words(&word, &env, lex);
            uses(&word, lex);
        }
        for heredoc in heredoc_words(&word).unwrap_or_default() {
            let _ = heredoc_word(&heredoc.text);
        }
    }
    let deep = format!("{}x{}", "${N:-".repeat(100_000), "}".repeat(100_000));
    assert_eq!(process_word(&deep, &env, Lex::new('\\')).unwrap().text, "x");
}
