use serde_json::Value;

use super::transfer;
use crate::ignore::{Matcher, check_path_pattern, parse, path_match};
use crate::text::Source;
use dockopt_testing::Random;

fn cases(name: &str) -> Vec<(Value, Vec<String>)> {
    let path = format!("{}/../../tests/vectors/{name}", env!("CARGO_MANIFEST_DIR"));
    let text = std::fs::read_to_string(path).unwrap();
    let lines: Vec<Value> = text.lines().map(|line| serde_json::from_str(line).unwrap()).collect();
    let trees = lines.iter().find_map(|line| line.get("trees")).cloned().unwrap_or_default();
    let with_paths = |case: Value| {
        let paths = match case.get("tree") {
            Some(tree) => strings(&trees[tree.as_u64().unwrap() as usize]),
            None => strings(&case["paths"]),
        };
        (case, paths)
    };
    lines.into_iter().filter(|line| line.get("id").is_some()).map(with_paths).collect()
}

fn strings(list: &Value) -> Vec<String> {
    list.as_array().into_iter().flatten().map(|flatten| flatten.as_str().unwrap().to_owned()).collect()
}

fn check(name: &str) {
    let cases = cases(name);
    let mut wrong = Vec::new();
    for (case, paths) in &cases {
        let text = case["text"].as_str().unwrap();
        let actual = transfer(text, paths);
        let error = actual.error.map(|refusal| refusal.to_string());
        let same = error.as_deref() == case["error"].as_str()
            && (error.is_some()
                || actual.included == strings(&case["included"])
                    && actual.included_dirs == strings(&case["included_dirs"])
                    && matched_only(text, paths)
                        == strings(case.get("included_by_matcher_only").unwrap_or(&case["included"])));
        if !same {
            wrong.push(format!("{} {text:?}\n  {actual:?}", case["id"]));
        }
    }
    println!("{name}: {} of {}", cases.len() - wrong.len(), cases.len());
    assert!(!cases.is_empty() && wrong.is_empty(), "{}", wrong.join("\n"));
}

fn matched_only(text: &str, paths: &[String]) -> Vec<String> {
    let matcher: Matcher = parse(&Source::of("f", text)).matcher();
    let mut remaining: Vec<String> = paths.iter().filter(|path| !path.ends_with('/')).cloned().collect();
    remaining.retain(|path| !matcher.matches_only(path).unwrap().0);
    remaining.sort();
    remaining
}

#[test]
fn written_cases_agree() {
    check("ignore.jsonl");
}

#[test]
fn random_cases_agree() {
    check("ignore-fuzz.jsonl");
    check("ignore-more.jsonl");
}

#[test]
fn mutants_neither_panic_nor_hang() {
    let mut random = Random::new(0x9E37_79B9_7F4A_7C15);
    let pieces = [
        "*",
        "**",
        "?",
        "[",
        "]",
        "[^",
        "\\",
        "!",
        "/",
        "-",
        "\n",
        "é",
        "\u{feff}",
        "..",
        "#",
        " ",
        "{",
        "[:alpha:]",
        "\\Q",
        "\\p",
        "\\x4",
        "a",
    ];
    for (case, paths) in cases("ignore-fuzz.jsonl") {
        let mut text = case["text"].as_str().unwrap().to_owned();
        let mut paths = paths;
        for _ in 0..8 {
            let at = text.floor_char_boundary(random.below(text.len() + 1));
            if random.below(3) == 0 {
                text.truncate(at);
            }
            let at = at.min(text.len());
            text.insert_str(at, pieces[random.below(pieces.len())]);
            let chosen = random.below(paths.len());
            let at = paths[chosen].floor_char_boundary(random.below(paths[chosen].len() + 1));
            paths[chosen].insert_str(at, pieces[random.below(pieces.len())]);
            let source = Source::of("f", &text);
            let file = parse(&source);
            assert!(file.problems.iter().all(|problem| source.text().get(problem.span.range()).is_some()));
            assert!(file.patterns.iter().all(|pattern| !source.slice(pattern.span).is_empty()));
            let sent = transfer(&text, &paths);
            assert!(sent.included.len() <= paths.len());
        }
    }
}

#[test]
fn path_patterns_never_panic() {
    let mut random = Random::new(42);
    let pieces = ["*", "?", "[", "]", "^", "\\", "-", "/", "é", "a", "b", "."];
    let mut matched = 0;
    for _ in 0..20_000 {
        let mut text = || (0..random.below(8)).map(|_| pieces[random.below(pieces.len())]).collect::<String>();
        let (pattern, name) = (text(), text());
        matched += usize::from(path_match(&pattern, &name) == Ok(true));
        let fails = path_match(&pattern, &name).is_err();
        assert!(!fails || check_path_pattern(&pattern).is_err(), "{pattern:?} on {name:?}");
    }
    assert!(matched > 0);
}

#[test]
fn hostile_input_ends() {
    let deep = vec!["d/".repeat(300) + "x", "a".repeat(4000), "/".repeat(4000), "x/".repeat(500_000)];
    let ends = |text: &str| assert!(transfer(text, &deep).error.is_none());
    ends(&"*a".repeat(30_000));
    ends(&format!("!{0}\nx\n!{0}b", "**/*".repeat(16_000)));
    ends(&(0..100_000).map(|n| if n % 2 == 0 { format!("**/*{n}\n") } else { format!("!a{n}\n") }).collect::<String>());
}
