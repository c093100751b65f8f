//! What holds for every script: no panic, places inside the text and in order, linear time; and agreement with
//! tree-sitter-bash on scripts that are valid.

use std::collections::BTreeSet;

use super::{Script, parse};
use crate::text::Span;
use dockopt_testing::Random;

/// Scripts as people write them in RUN.
const BODIES: &[&str] = &include!("properties/bodies.in");

fn check_places(text: &str, script: &Script) {
    let inside = |span: Span| assert!(text.get(span.range()).is_some(), "{span:?} in {text:?}");
    let mut last = 0;
    for command in &script.commands {
        inside(command.span);
        assert!(command.span.start >= last, "commands out of order in {text:?}");
        last = command.span.start;
        assert!(command.place.pipe_index < command.place.pipe_len);
        assert!((command.place.scope as usize) < script.scopes.len());
        let values = command.assignments.iter().map(|assignment| &assignment.value);
        let targets = command.redirects.iter().filter_map(|redirect| redirect.target.as_ref());
        for word in command.words.iter().chain(values).chain(targets) {
            inside(word.span);
            assert!(command.span.contains(word.span), "{word:?} outside its command in {text:?}");
            if let Some(span) = word.verbatim() {
                assert_eq!(&text[span.range()], word.text());
            }
            for expansion in word.expansions() {
                inside(expansion.span);
                assert!(word.text().get(expansion.within.range()).is_some());
            }
        }
        for separator in [command.place.before, command.place.after].into_iter().flatten() {
            inside(separator.span);
        }
        for redirect in &command.redirects {
            inside(redirect.span);
            redirect.body.into_iter().for_each(inside);
        }
    }
    script.compounds.iter().map(|compound| compound.span).for_each(inside);
    script.scopes.iter().map(|scope| scope.span).for_each(inside);
    script.problems.iter().map(|problem| problem.span).for_each(inside);
    script.comments.iter().copied().for_each(inside);
    for invocation in script.invocations() {
        inside(invocation.span);
        let Some(call) = invocation.package_call() else { continue };
        inside(call.span);
        call.packages.iter().for_each(|package| inside(package.name.span));
        call.inputs.iter().for_each(|input| inside(input.path.span));
    }
}

/// What mutations insert, between `¦`.
const PIECES: &str = concat!(
    "'¦\"¦`¦$(¦${¦$((¦((¦)¦}¦{ ¦(¦; ¦ && ¦ | ¦\n¦\\¦\\\n¦<<EOF\n¦EOF\n¦if ¦ then ¦ fi¦ do ¦ done¦case x in ¦",
    " esac¦;;¦#¦ # ¦$¦é¦\u{1f600}¦=¦a=(¦[[ ¦ ]]¦<(¦2>&1¦>¦&¦!¦~¦*¦--¦ -¦@¦\r\n¦\t¦\0¦f() ¦sh -c '¦eval ¦",
    "sudo ¦xargs ",
);

fn mutate(random: &mut Random, text: &str) -> String {
    let pieces: Vec<&str> = PIECES.split('¦').collect();
    let mut text = text.to_owned();
    for _ in 0..=random.below(4) {
        let from = text.floor_char_boundary(random.below(text.len() + 1));
        let to = text.floor_char_boundary((from + random.below(12)).min(text.len()));
        let piece = pieces[random.below(pieces.len())];
        match random.below(4) {
            0 => text.replace_range(from..to, ""),
            1 => text.insert_str(from, piece),
            2 => text.truncate(from),
            _ => text.replace_range(from..to, piece),
        }
    }
    text
}

#[test]
fn mutated_scripts_keep_places() {
    let mut random = Random::new(0x5eed_1234_abcd);
    let rounds = if cfg!(debug_assertions) { 100 } else { 5_000 };
    for body in BODIES {
        check_places(body, &parse(body));
        for _ in 0..rounds {
            let text = mutate(&mut random, body);
            check_places(&text, &parse(&text));
        }
    }
}

#[test]
fn real_scripts_have_no_problem() {
    for body in BODIES {
        assert!(parse(body).problems.is_empty(), "{body}: {:?}", parse(body).problems);
    }
}

#[test]
fn commands_are_those_of_tree_sitter() {
    let mut parser = tree_sitter::Parser::new();
    parser.set_language(&tree_sitter_bash::LANGUAGE.into()).unwrap();
    for body in BODIES {
        let tree = parser.parse(body, None).unwrap();
        assert!(!tree.root_node().has_error(), "{body}");
        let script = parse(body);
        let names = script.commands.iter().filter_map(|command| command.name()).map(|name| name.span.range());
        let places: BTreeSet<(usize, usize)> = names.map(|range| (range.start, range.end)).collect();
        assert_eq!(places, peer_names(&tree, body), "{body}");
    }
}

fn peer_names(tree: &tree_sitter::Tree, body: &str) -> BTreeSet<(usize, usize)> {
    let mut names = BTreeSet::new();
    let mut cursor = tree.walk();
    loop {
        let node = cursor.node();
        let name = match node.kind() {
            "command" => node.child_by_field_name("name"),
            "test_command" | "declaration_command" | "unset_command"
                if !body[node.start_byte()..].starts_with("((") =>
            {
                node.child(0)
            }
            _ => None,
        };
        names.extend(name.map(|name| (name.start_byte(), name.end_byte())));
        if cursor.goto_first_child() {
            continue;
        }
        while !cursor.goto_next_sibling() {
            if !cursor.goto_parent() {
                return names;
            }
        }
    }
}

/// What is repeated to open ever more, between `¦`.
const OPENERS: &str = concat!(
    "(¦((¦$(¦$((¦{ ¦`¦${x:-¦\"$(¦\"¦'¦$'¦<(¦if ¦while ¦case x in a) ¦a=(¦f() ¦! ¦[[ ¦<<E ¦<<E\n¦$(<<E\n¦",
    "`<<E\n¦x @(¦a && ¦a | ¦\\¦\\\n¦#¦;¦)¦for i in a; do ¦sh -c '¦eval ¦sudo ¦a[¦a[b]=¦1¦1>¦é¦${¦$¦~¦{a,¦-¦=¦",
    "@¦x=1 ¦function f ¦time ¦xargs sh -c ¦pip install ¦find -exec ¦&>¦then ¦esac ¦}¦time (¦((a ¦$((a)¦\"`¦",
    "\r¦\0",
);

/// Reads what would take a quadratic reader hours, a recursive one its stack.
fn check_bounded(text: &str) {
    let script = parse(text);
    let invocations = script.invocations();
    let calls = invocations.iter().filter_map(super::package_call).count();
    assert!(calls <= invocations.len() && script.problems.len() <= 100);
    if text.len() < 50_000 {
        check_places(text, &script);
    }
}

#[test]
fn hostile_scripts_end_in_time() {
    let is_full = std::env::var_os("DOCKOPT_FULL").is_some_and(|value| !value.is_empty());
    let many = if is_full { 200_000 } else { 40_000 };
    for opener in OPENERS.split('¦') {
        for count in [5_000, many] {
            check_bounded(&opener.repeat(count));
        }
    }
    for (open, inside, close) in
        [("(", "a", ")"), ("$(", "a", ")"), ("{ ", "a;", " }"), ("\"$(", "a", ")\""), ("${x:-", "", "}")]
    {
        let text = open.repeat(5_000) + inside + &close.repeat(5_000);
        check_bounded(&text);
    }
    check_bounded(&"x".repeat(1 << 20));
    check_bounded(&"apt-get install -y 'a b' $X && ".repeat(many + many / 2));
    check_bounded(&format!("pip install {}", "a==1 ".repeat(many)));
    check_bounded(&format!("pip install {}", "$A-$B".repeat(20_000)));
}

#[test]
fn too_deep_nesting_is_reported() {
    for opener in ["(", "$(", "{ ", "\"$("] {
        let problems = parse(&opener.repeat(5_000)).problems;
        assert!(problems.iter().any(|problem| problem.kind == super::ProblemKind::TooComplex), "{opener}");
    }
}
