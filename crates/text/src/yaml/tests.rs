use super::{NodeKind, Style, YamlNode, YamlTree, read};
use crate::text::Span;

/// A node in short: scalars as written in the source, collections in brackets.
fn show(text: &str, node: YamlNode) -> String {
    let place = &text[node.span().range()];
    if node.is_alias() {
        return match node.target() {
            Some(target) => format!("{place}={}", show(text, target)),
            None => format!("{place}=?"),
        };
    }
    match node.kind() {
        Some(NodeKind::Scalar(_)) => place.to_owned(),
        Some(NodeKind::Sequence) => {
            format!("[{}]", node.items().map(|item| show(text, item)).collect::<Vec<_>>().join(", "))
        }
        Some(NodeKind::Mapping) => {
            let entry = |entry: super::YamlEntry| format!("{}: {}", show(text, entry.key), show(text, entry.value));
            format!("{{{}}}", node.entries().map(entry).collect::<Vec<_>>().join(", "))
        }
        None => "?".to_owned(),
    }
}

#[track_caller]
fn check(text: &str, expected: &str) -> YamlTree {
    let tree = read(text);
    let documents: Vec<String> = tree.documents().map(|node| show(text, node)).collect();
    assert_eq!(documents.join(" --- "), expected, "{text:?}");
    tree
}

#[track_caller]
fn wrong(text: &str, expected: &[(&str, &str)]) {
    let tree = read(text);
    let problems: Vec<(&str, &str)> =
        tree.problems().iter().map(|problem| (&text[problem.span.range()], problem.message.as_str())).collect();
    assert_eq!(problems, expected, "{text:?}");
}

#[test]
fn nodes_have_the_spans_of_what_is_written() {
    check("", "");
    check("a", "a");
    check("a: 1\nb: [x, 'é', \"z\"]\n", "{a: 1, b: [x, 'é', \"z\"]}");
    check("a:\n  - b\n  - c: d\n# end\n", "{a: [b, {c: d}]}");
    check("a:\nb: ~\n", "{a: , b: ~}");
    check("{a: {b: c}, d}", "{a: {b: c}, d: }");
    check("--- a\n--- b\n", "a --- b");
    check("\u{feff}a: b\r\nc: d\r\n", "{a: b, c: d}");
    let text = "x:\n  y: [1, 2] # c\n\nz: 3\n";
    let tree = read(text);
    let x = tree.root().unwrap().get("x").unwrap();
    assert_eq!(&text[x.span().range()], "y: [1, 2]");
    assert_eq!(&text[x.get("y").unwrap().span().range()], "[1, 2]");
    assert!(x.get("y").unwrap().is_flow() && !x.is_flow());
    assert_eq!(tree.comments(), [Span::new(15, 18)]);
}

#[test]
fn block_scalars_end_with_their_text() {
    let text = "a: |\n  FROM x\n  RUN y\n\nb: >-\n  one\n  two\n";
    let tree = check(text, "{a: FROM x\n  RUN y\n\n, b: one\n  two\n}");
    let root = tree.root().unwrap();
    assert_eq!(root.get("a").unwrap().text(), Some("FROM x\nRUN y\n"));
    assert_eq!(root.get("a").unwrap().kind(), Some(NodeKind::Scalar(Style::Literal)));
    assert_eq!(root.get("b").unwrap().text(), Some("one two"));
}

#[test]
fn types_are_those_of_plain_scalars() {
    let tree = read("{a: true, b: 'true', c: no, d: null, e: , f: '', g: !!str true}");
    let root = tree.root().unwrap();
    let get = |key| root.get(key).unwrap();
    assert_eq!(
        (get("a").as_bool(), get("b").as_bool(), get("c").as_bool(), get("g").as_bool()),
        (Some(true), None, None, None)
    );
    assert!(get("d").is_null() && get("e").is_null() && !get("f").is_null());
    assert_eq!(get("g").tag(), Some("tag:yaml.org,2002:str"));
    assert!(root.get("h").is_none());
}

#[test]
fn aliases_and_merge_keys_lead_to_their_target() {
    let text = "a: &a {x: 1, y: 2}\nb:\n  <<: *a\n  y: 3\nc: {<<: [*a, {z: 4}]}\nd: *a\n";
    let tree = check(
        text,
        "{a: {x: 1, y: 2}, b: {<<: *a={x: 1, y: 2}, y: 3}, c: {<<: [*a={x: 1, y: 2}, {z: 4}]}, d: *a={x: 1, y: 2}}",
    );
    let tagged = crate::yaml::read("a: &a {x: 1}\nb:\n  !!merge <<: *a\n");
    assert_eq!(tagged.root().unwrap().get("b").unwrap().get("x").and_then(YamlNode::text), Some("1"));
    let root = tree.root().unwrap();
    let at = |path: [&str; 2]| root.get(path[0]).unwrap().get(path[1]).and_then(YamlNode::text);
    assert_eq!(
        [at(["b", "x"]), at(["b", "y"]), at(["c", "z"]), at(["d", "y"])],
        [Some("1"), Some("3"), Some("4"), Some("2")]
    );
    assert!(root.get("a").unwrap().has_anchor());
}

#[test]
fn problems_are_reported_with_their_place() {
    wrong("a: 1\nb: 2\na: 3\n", &[("a", "duplicate key `a`")]);
    wrong("a: *x\n", &[("*x", "no anchor `&x` before this alias")]);
    wrong("a: &a [*a]\n", &[("*a", "an alias inside the node that it refers to")]);
    assert_eq!(check("a: 1\nb: [2, 'x\n", "{a: 1, b: [2]}").problems().len(), 1);
    assert_eq!(check("a: 1\n\tb: 2\n", "{}").problems().len(), 1);
}

#[test]
fn aliases_that_multiply_are_stopped() {
    let mut text = "a0: &a0 x\n".to_owned();
    for level in 1..40 {
        let previous = level - 1;
        text.push_str(&format!("a{level}: &a{level} [*a{previous}, *a{previous}]\n"));
    }
    let tree = read(&text);
    assert_eq!(tree.problems().len(), 1, "{:?}", tree.problems());
    let mut deep = "a0: &a0 x\n".to_owned();
    for level in 1..3_000 {
        deep.push_str(&format!("a{level}: &a{level} [*a{}]\n", level - 1));
    }
    assert_eq!(read(&deep).problems().len(), 1);
}

#[test]
fn hostile_texts_neither_panic_nor_hang() {
    let many = |part: &str, count: usize| part.repeat(count);
    for text in [
        many("[", 200_000),
        many("{", 200_000),
        many("- ", 200_000),
        many("? ", 200_000),
        many("a: ", 200_000),
        many("&a ", 100_000),
        many("- &a x\n- *a\n", 50_000),
        many("a: b\n", 50_000),
        many("# c\n", 100_000),
        many("\"\\", 50_000),
        many("\r", 100_000),
        many("%", 100_000),
        format!("a: \"{}\"", many("\n", 100_000)),
        format!("a: |\n{}", many(" \n", 100_000)),
        "\0\u{1}\u{85}\u{2028}: \u{fffd}".to_owned(),
    ] {
        let tree = read(&text);
        for node in &tree.nodes {
            assert!(text.get(node.span.range()).is_some());
        }
    }
}

#[test]
fn any_mutation_is_read() {
    let text = "# c\nignored: [DL3008, 'SC2046']\noverride:\n  error: &e\n    - DL3001\n  info: *e\nx: |2-\n   é\n\n  y\n? k\n: >\n z\n--- !t {a: \"\\x41\"}\n...\n";
    let letters = [":", "-", "\n", "\t", "'", "\"", "[", "}", "|", "&", "*", "!", "%", "é", "\0", "  ", "\r"];
    let mut seed = 7_u32;
    let mut next = |below: usize| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        (seed >> 8) as usize % below
    };
    for _ in 0..3_000 {
        let mut mutated = text.to_owned();
        for _ in 0..=next(3) {
            let at = mutated.floor_char_boundary(next(mutated.len()));
            let end = mutated.ceil_char_boundary((at + next(4)).min(mutated.len()));
            mutated.replace_range(at..end, letters[next(letters.len())]);
        }
        let tree = read(&mutated);
        for node in &tree.nodes {
            assert!(mutated.get(node.span.range()).is_some(), "{mutated:?}");
        }
    }
}

#[test]
fn apostrophes_may_be_escaped() {
    let value = |text: &str| {
        let tree = read(text);
        assert!(tree.problems().is_empty(), "{:?}", tree.problems());
        let value = tree.root().and_then(|root| root.get("a")).unwrap();
        (value.text().unwrap().to_owned(), text[value.span().range()].to_owned())
    };
    let shown = |text: &str, written: &str| (text.to_owned(), written.to_owned());
    assert_eq!(value("a: \"it\\'s\\/ \\\\' 'x\\'\"\nb: c\n"), shown("it's/ \\' 'x'", "\"it\\'s\\/ \\\\' 'x\\'\""));
    assert_eq!(value("a: \"\u{7ff}\"\n").0, "\u{7ff}");
    assert_eq!(read("a: \"\u{7ff}\\'\"\n").problems().len(), 1);
    assert_eq!(read("a: \"it\\'s \\d\"\n").problems().len(), 1);
    assert_eq!(read(&format!("a: \"{}\"\n", "\\'".repeat(200))).problems().len(), 1);
}

#[test]
fn any_number_of_comments_may_stand_in_a_row() {
    for count in [96, 97, 5_000] {
        let text = format!("jobs:\n{}  build: 1\n", "  # old\n".repeat(count));
        let tree = read(&text);
        assert!(tree.problems.is_empty(), "{count}: {:?}", tree.problems);
    }
}

/// libyaml, and so go-yaml and GitLab's Psych, ask of the lines of a quoted text no indentation.
#[test]
fn lines_of_quoted_texts_need_no_indentation() {
    let check = |text: &str, expected: &str, written: &str| {
        let tree = read(text);
        assert!(tree.problems().is_empty(), "{text:?}: {:?}", tree.problems());
        let item = tree.root().and_then(|root| root.get("a")?.items().next()).unwrap();
        let value = item.get("if").unwrap();
        assert_eq!(value.text().unwrap(), expected, "{text:?}");
        assert_eq!(&text[value.span().range()], written, "{text:?}");
        assert_eq!(tree.root().and_then(|root| root.get("b")?.text()), Some("c"), "{text:?}");
    };
    check("a:\n    - if: 'x != \"y\"\n    && ''z'' '\nb: c\n", "x != \"y\" && 'z' ", "'x != \"y\"\n    && ''z'' '");
    check("a:\n  - if: 'x\n\n  y\nz'\nb: c\n", "x\ny z", "'x\n\n  y\nz'");
    check("a:\n  - if: \"x\\n\n  y\\\n  z\"\nb: c\n", "x\n yz", "\"x\\n\n  y\\\n  z\"");
    check("a:\r\n  - if: 'x\r\n  y'\r\nb: c\r\n", "x y", "'x\r\n  y'");
    assert_eq!(read("a:\n  - if: 'x\n---\ny'\n").problems().len(), 1);
    assert_eq!(read(&format!("a:\n  - 'x{}'\n", "\n  y".repeat(200))).problems().len(), 1);
}
