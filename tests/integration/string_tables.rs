//! Knowledge about the world is rows in `data/`: code holds no new lists of words. What may stay, and what has not
//! moved yet, stands in `tests/integration/string_tables.tsv`, and may only become less.

use std::collections::BTreeMap;
use std::fs;

use crate::tidy::{Text, below, sources};

/// From how many words on a list is a table.
const WORDS: usize = 6;

/// Rows of `data/` whose source is not known.
const UNVERIFIED: usize = 78;

/// A list of words in code.
#[derive(Debug, PartialEq)]
struct Table {
    /// The function, constant or type that it stands in.
    item: String,
    line: usize,
    words: usize,
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    String(String),
    Mark(char),
}

/// Tokens of Rust code with their lines. Comments, characters and lifetimes are left out.
fn tokens(text: &str) -> Vec<(usize, Token)> {
    let chars: Vec<char> = text.chars().collect();
    let (mut tokens, mut at, mut line) = (Vec::new(), 0, 1);
    while let Some(&c) = chars.get(at) {
        let start = at;
        let first_line = line;
        match c {
            '/' if chars.get(at + 1) == Some(&'/') => at += chars[at..].iter().take_while(|c| **c != '\n').count(),
            '"' => {
                at += 1;
                while at < chars.len() && chars[at] != '"' {
                    at += if chars[at] == '\\' { 2 } else { 1 };
                }
                at += 1;
                let value = chars[start + 1..(at - 1).min(chars.len())].iter().collect::<String>();
                tokens.push((line, Token::String(value.replace("\\\n", " ").replace("\\n", " "))));
            }
            'r' if raw_string(&chars[at..]).is_some() && (at == 0 || !is_word(chars[at - 1])) => {
                let (hashes, length) = raw_string(&chars[at..]).unwrap_or_default();
                at += length;
                let value = chars[start + hashes + 2..at - hashes - 1].iter().collect();
                tokens.push((line, Token::String(value)));
            }
            '\'' => {
                let escaped = chars.get(at + 1) == Some(&'\\');
                let closing = if escaped {
                    (at + 3..chars.len()).find(|at| chars[*at] == '\'')
                } else {
                    Some(at + 2).filter(|at| chars.get(*at) == Some(&'\''))
                };
                at = closing.map_or(at + 1, |at| at + 1);
            }
            c if is_word(c) => {
                at += chars[at..].iter().take_while(|c| is_word(**c)).count();
                tokens.push((line, Token::Word(chars[start..at].iter().collect())));
            }
            c => {
                at += 1;
                if !c.is_whitespace() {
                    tokens.push((line, Token::Mark(c)));
                }
            }
        }
        line = first_line + chars[start..at.min(chars.len())].iter().filter(|c| **c == '\n').count();
    }
    tokens
}

fn is_word(c: char) -> bool {
    c.is_alphanumeric() || c == '_'
}

/// How many `#` a raw string has, and its whole length.
fn raw_string(chars: &[char]) -> Option<(usize, usize)> {
    let hashes = chars[1..].iter().take_while(|c| **c == '#').count();
    if chars.get(hashes + 1) != Some(&'"') {
        return None;
    }
    let end: Vec<char> = std::iter::once('"').chain(std::iter::repeat_n('#', hashes)).collect();
    let body = &chars[hashes + 2..];
    let length = body.windows(end.len()).position(|window| window == end)?;
    Some((hashes, hashes + 2 + length + end.len()))
}

/// Whether a string is a list of words rather than a sentence.
fn is_list(text: &str) -> bool {
    const SENTENCE: [&str; 14] =
        ["a", "an", "and", "are", "for", "has", "in", "is", "its", "of", "that", "the", "to", "with"];
    let words = || text.split_whitespace();
    let plain = |word: &str| word.chars().all(|c| c.is_ascii_alphanumeric() || "_.+[@:/-".contains(c));
    words().count() >= WORDS && words().all(plain) && !words().any(|word| SENTENCE.contains(&word))
}

/// The lists of words in code: in brackets, between the bars of a pattern, in one string.
fn string_tables(text: &str) -> Vec<Table> {
    let mut tables = Vec::new();
    let mut item = String::new();
    // Strings of each bracket that is open, and whether it holds only what a list of words does.
    let mut open: Vec<(usize, usize)> = Vec::new();
    let mut pattern = 0;
    let tokens = tokens(text);
    for (index, (line, token)) in tokens.iter().enumerate() {
        match token {
            Token::Word(word) => {
                if ["fn", "const", "static", "struct", "enum", "macro_rules"].contains(&word.as_str())
                    && let Some(name) = tokens[index + 1..].iter().find_map(|(_, token)| match token {
                        Token::Word(name) if name != "fn" && name != "mut" => Some(name),
                        _ => None,
                    })
                {
                    item.clone_from(name);
                }
                pattern = 0;
            }
            Token::String(value) => {
                if let Some((_, strings)) = open.last_mut() {
                    *strings += 1;
                }
                if is_list(value) {
                    tables.push(Table { item: item.clone(), line: *line, words: value.split_whitespace().count() });
                }
                pattern += 1;
                let goes_on = tokens.get(index + 1).is_some_and(|(_, next)| *next == Token::Mark('|'));
                if !goes_on {
                    if pattern >= WORDS {
                        tables.push(Table { item: item.clone(), line: *line, words: pattern });
                    }
                    pattern = 0;
                }
            }
            Token::Mark('[') => open.push((*line, 0)),
            Token::Mark(']') => {
                let Some((line, strings)) = open.pop() else { continue };
                if let Some((_, outer)) = open.last_mut() {
                    *outer += strings;
                } else if strings >= WORDS {
                    tables.push(Table { item: item.clone(), line, words: strings });
                }
            }
            // A body inside of brackets is no list.
            Token::Mark(';' | '{') => {
                for (_, strings) in &mut open {
                    *strings = 0;
                }
            }
            Token::Mark('|') => {}
            Token::Mark(_) => pattern = 0,
        }
    }
    tables
}

/// Tables by file and item: how many words.
fn in_code(files: &[Text]) -> BTreeMap<(String, String), usize> {
    let mut counts = BTreeMap::new();
    for file in files {
        let shipped: Vec<&str> = file.shipped().into_iter().map(|(_, line)| line).collect();
        for table in string_tables(&shipped.join("\n")) {
            *counts.entry((file.path.clone(), table.item)).or_default() += table.words;
        }
    }
    counts
}

/// What is wrong with code, held against the list of what may stay.
fn problems(lists: &BTreeMap<(String, String), usize>, listed: &str) -> Vec<String> {
    let mut known = BTreeMap::new();
    let mut wrong = Vec::new();
    for row in listed.lines().filter(|line| !line.starts_with('#') && !line.is_empty()) {
        let cells: Vec<&str> = row.split('\t').collect();
        let &[file, item, words, reason] = cells.as_slice() else {
            wrong.push(format!("`{row}` has not four cells"));
            continue;
        };
        if reason.len() < 4 {
            wrong.push(format!("`{row}` has no reason"));
        }
        known.insert((file.to_owned(), item.to_owned()), words.parse::<usize>().unwrap_or_default());
    }
    for ((file, item), words) in lists {
        let allowed = known.get(&(file.clone(), item.clone())).copied().unwrap_or_default();
        if *words > allowed {
            wrong.push(format!("{file}: `{item}` lists {words} words, {allowed} at most: knowledge goes to data/"));
        }
    }
    for ((file, item), allowed) in &known {
        let words = lists.get(&(file.clone(), item.clone())).copied().unwrap_or_default();
        if words < *allowed {
            wrong.push(format!("{file}: `{item}` lists {words} words now: lower the {allowed} that are listed"));
        }
    }
    wrong
}

/// The list for what is there now, with the reasons of those that are listed already.
fn bless(lists: &BTreeMap<(String, String), usize>, listed: &str) -> String {
    let mut out: String = listed.split_inclusive('\n').filter(|line| line.starts_with('#')).collect();
    for ((file, item), words) in lists {
        let row = listed.lines().find(|row| row.starts_with(&format!("{file}\t{item}\t")));
        let reason = row.and_then(|row| row.rsplit('\t').next()).unwrap_or("not moved yet");
        out.push_str(&format!("{file}\t{item}\t{words}\t{reason}\n"));
    }
    out
}

#[test]
fn code_holds_no_new_lists_of_words() {
    let lists = in_code(&sources());
    let path = "tests/integration/string_tables.tsv";
    let listed = fs::read_to_string(path).unwrap();
    if std::env::var_os("BLESS").is_some() {
        fs::write(path, bless(&lists, &listed)).unwrap();
        return;
    }
    let wrong = problems(&lists, &listed);
    assert!(wrong.is_empty(), "\n{}\n(BLESS=1 writes {path}; then give each new row its reason)", wrong.join("\n"));
}

#[test]
fn rows_without_a_source_only_become_fewer() {
    let mut unverified = 0;
    for table in dockopt::data::ALL {
        unverified += table.rows().filter(|row| row.last() == Some(&"unverified")).count();
    }
    assert!(unverified <= UNVERIFIED, "{unverified} rows of data/ have no source, {UNVERIFIED} at most");
    assert!(unverified == UNVERIFIED, "lower UNVERIFIED to {unverified}: the count may only fall");
}

#[test]
fn every_table_has_a_reader() {
    let names: Vec<&str> = dockopt::data::ALL.iter().map(|table| table.name).collect();
    for file in below("data", "tsv") {
        assert!(
            names.contains(&file.path.trim_start_matches("data/")),
            "{} is not in crates/text/src/data.rs",
            file.path
        );
    }
}

#[test]
fn a_planted_list_is_refused() {
    let planted = [
        "const TOOLS: [&str; 6] = [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"];",
        "fn pairs() { let TOOLS = [(\"a\", \"b\"), (\"c\", \"d\"), (\"e\", r#\"f\"#)]; }",
        "fn is_tool(name: &str) -> bool { matches!(name, \"a\" | \"b\" | \"c\" | \"d\" | \"e\" | \"f\") }",
        "const TOOLS: &str = \"cargo go make mvn npm pip\";",
        "static TOOLS: &[&[&str]] = &[&[\"a\", \"b\", \"c\"], &[\"d\", \"e\", \"f\"]];",
    ];
    for code in planted {
        let tables = string_tables(code);
        assert_eq!(tables.iter().map(|table| table.words).collect::<Vec<_>>(), [6], "{code}");
        let lists = BTreeMap::from([(("src/a.rs".to_owned(), tables[0].item.clone()), 6)]);
        assert_eq!(problems(&lists, "").len(), 1);
        let row = format!("src/a.rs\t{}\t6\ta reason", tables[0].item);
        assert_eq!(problems(&lists, &row), Vec::<String>::new());
        assert_eq!(problems(&BTreeMap::new(), &row).len(), 1, "a row that is not needed any more is refused");
    }
    for code in [
        "// [\"a\", \"b\", \"c\", \"d\", \"e\", \"f\"]",
        "fn f() { g(&[\"a\", \"b\"]); g(&[\"c\", \"d\"]); g(&[\"e\", 'f', '\"']); }",
        "const TEXT: &str = \"the tools that are in an image\";",
        "fn f<'a>(x: &'a str) { [h(|| { g(\"a\"); g(\"b\"); g(\"c\"); g(\"d\"); g(\"e\"); g(\"f\"); })]; }",
    ] {
        assert_eq!(string_tables(code), [], "{code}");
    }
}
