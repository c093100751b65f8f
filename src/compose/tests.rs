use super::{is_compose, read, write};
use crate::text::Source;

/// The Dockerfiles inside, without the lines that stand for those before them.
fn inlines(text: &str) -> Vec<(String, Option<u32>, Vec<u32>)> {
    let compose = read(&Source::of("compose.yaml", text));
    let mut all = Vec::new();
    for inline in compose.services.into_iter().filter_map(|service| service.inline) {
        let embedding = inline.embedding().unwrap();
        all.push((inline.text()[inline.mark() as usize..].to_owned(), embedding.indent, embedding.open.clone()));
    }
    all
}

#[track_caller]
fn changed(text: &str, old: &str, new: &str) -> Option<String> {
    let host = Source::of("compose.yaml", text);
    let inline = read(&host).services.remove(0).inline.unwrap();
    let now = inline.text().replacen(old, new, 1);
    write(&host, &inline, &now).map(|bytes| String::from_utf8(bytes).unwrap())
}

fn service(scalar: &str) -> String {
    format!("services:\n  a:\n    build:\n      dockerfile_inline: {scalar}\n    ports: [80]\n")
}

#[test]
fn names_tell() {
    for name in
        ["compose.yaml", "compose.yml", "a/docker-compose.yml", "docker-compose.override.yaml", "compose.dev.yaml"]
    {
        assert!(is_compose(name), "{name}");
    }
    for name in ["composer.yaml", "compose.json", "my-compose.yaml", "compose"] {
        assert!(!is_compose(name), "{name}");
    }
}

#[test]
fn dockerfiles_are_read_as_the_builder_gets_them() {
    let inline_of = |scalar: &str| inlines(&service(scalar)).remove(0);
    assert_eq!(inline_of("|\n        FROM a\n\n        RUN b $$c\n"), ("FROM a\n\nRUN b $c\n".into(), Some(8), vec![]));
    assert_eq!(inline_of("|-\n        FROM a\n        RUN b"), ("FROM a\nRUN b".into(), Some(8), vec![]));
    assert_eq!(inline_of("|2\n        FROM a\n         b\n"), ("FROM a\n b\n".into(), Some(8), vec![]));
    assert_eq!(inline_of("|2\n          FROM a\n").0, "  FROM a\n");
    assert_eq!(inline_of("|\n        FROM ${X}\n        RUN $$$$ $Y $$Z\n").2, [5, 6]);
    assert_eq!(inline_of("\"FROM a\\nRUN b\""), ("FROM a\nRUN b".into(), None, vec![]));
    assert_eq!(inline_of(">\n        FROM a\n\n        RUN b\n"), ("FROM a\nRUN b\n".into(), None, vec![]));
}

#[test]
fn aliases_and_merges_lead_to_one_dockerfile() {
    let text = "x: &b\n  dockerfile_inline: |\n    FROM a\nservices:\n  a: {build: *b}\n  b: {build: *b}\n  c:\n    build: {<<: *b}\n";
    assert_eq!(inlines(text).len(), 1);
}

#[test]
fn builds_are_reported() {
    let text = "services:\n  a: {build: ./x}\n  b:\n    build: {context: y, dockerfile: D, target: t, args: [A=1, B]}\n  c: {image: d}\n";
    let services = read(&Source::of("compose.yaml", text)).services;
    assert_eq!(services.len(), 2);
    assert_eq!(services[0].context.as_deref(), Some("./x"));
    assert_eq!(services[1].dockerfile.as_deref(), Some("D"));
    assert_eq!(services[1].target.as_deref(), Some("t"));
    assert_eq!(services[1].args, [("A".to_owned(), "1".to_owned())]);
}

#[test]
fn a_change_is_written_with_its_indentation() {
    let text = service("|\n        FROM a\n    \n        RUN b $$c\n\n        CMD d\n");
    assert_eq!(
        changed(&text, "RUN b $c", "RUN $x\n\nRUN y").unwrap(),
        text.replace("RUN b $$c", "RUN $$x\n\n        RUN y")
    );
    assert_eq!(changed(&text, "CMD d\n", "").map(|_| ()), None, "the blank line would be lost");
    let text = service("|2-\n          FROM a\n        RUN b");
    assert_eq!(changed(&text, "RUN b", "RUN c\nRUN d").unwrap(), text.replace("RUN b", "RUN c\n        RUN d"));
    let crlf = service("|\n        FROM a\n        RUN b\n").replace('\n', "\r\n");
    assert_eq!(changed(&crlf, "RUN b\n", "RUN c\nRUN d\n").unwrap(), crlf.replace("RUN b", "RUN c\r\n        RUN d"));
    let last = "services:\n  a:\n    build:\n      dockerfile_inline: |\n        FROM a\n        RUN b";
    assert_eq!(changed(last, "RUN b", "RUN c").unwrap(), last.replace("RUN b", "RUN c"));
}

#[test]
fn text_that_would_parse_differently_is_not_written() {
    assert_eq!(changed(&service("|\n        FROM a\n"), "FROM a\n", "  FROM a\n"), None);
    assert_eq!(changed(&service("|\n        FROM a\n"), "FROM a\n", "FROM a"), None);
    assert_eq!(changed(&service("|\n        FROM a\n"), "\n", "# syntax=x\n\n"), None);
    assert_eq!(changed(&service("\"FROM a\""), "a", "b"), None);
    assert_eq!(changed(&service("|\n        FROM $a\n        RUN b\n"), "b", "c"), None);
}

#[test]
fn any_mutation_is_read_and_written_whole_or_not() {
    let text = service("|2-\n          FROM é $$A\n\n        RUN b # c\n")
        + "  b: {build: {dockerfile_inline: \"FROM a\\nRUN $b\"}}\n";
    let letters =
        [":", "-", "\n", "\t", "'", "\"", "[", "}", "|", "&", "*", "!", "$", "é", "\0", "  ", "\r\n", "\r", "#"];
    let mut random = crate::text::Random::new(11);
    for _ in 0..2_000 {
        let mut mutated = text.clone();
        for _ in 0..=random.below(3) {
            let at = mutated.floor_char_boundary(random.below(mutated.len()));
            let end = mutated.ceil_char_boundary((at + random.below(4)).min(mutated.len()));
            mutated.replace_range(at..end, letters[random.below(letters.len())]);
        }
        let host = Source::of("compose.yaml", &mutated);
        for inline in read(&host).services.into_iter().filter_map(|service| service.inline) {
            for at in 0..=inline.text().len() as u32 {
                let place = inline.in_host(crate::text::Span::at(at));
                assert!(mutated.get(place.range()).is_some(), "{mutated:?}");
            }
            let now = inline.text().replacen("RUN", "USER x\nRUN", 1);
            if let Some(bytes) = write(&host, &inline, &now) {
                let again = read(&Source::of("compose.yaml", &String::from_utf8(bytes).unwrap()));
                let same = |other: &Source| other.text() == now;
                assert!(again.services.iter().filter_map(|service| service.inline.as_ref()).any(same), "{mutated:?}");
            }
        }
    }
}
