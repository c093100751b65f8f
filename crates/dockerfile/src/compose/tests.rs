use super::builds::written_project;
use super::{builds, inline_dockerfiles, write};
use crate::text::path::is_compose;
use crate::text::{FileId, Source};

/// The Dockerfiles inside, without the lines that stand for those before them.
fn inlines(text: &str) -> Vec<(String, Option<u32>, Vec<u32>)> {
    let mut all = Vec::new();
    for inline in inline_dockerfiles(&Source::of("compose.yaml", text)) {
        let embedding = inline.embedding().unwrap();
        all.push((inline.text()[inline.mark() as usize..].to_owned(), embedding.indent, embedding.open.clone()));
    }
    all
}

#[track_caller]
fn changed(text: &str, old: &str, new: &str) -> Option<String> {
    let host = Source::of("compose.yaml", text);
    let inline = inline_dockerfiles(&host).remove(0);
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
    let text = "x: &b {context: y/../z}\nservices:\n  z:\n    build: ./x\n    user: ${USER:-me}\n    init: true\n    cap_add: [NET_BIND_SERVICE]\n  b:\n    \
                build: {context: $X/y, dockerfile: D, target: t, args: [Z=1, B, 'A=${C:-2}', 'D=$E'], additional_contexts: {c: ./c, d: 'docker-image://e'}}\n    \
                volumes: ['./v:/v/', './w:/w:ro', '/var/run/docker.sock:/var/run/docker.sock:ro']\n    profiles: [p]\n    \
                unknown: 1\n  c: {image: d}\n  e: {build: *b}\n  f: {extends: e}\n  g: {build: '${X:-/srv/x}'}\n  h: {build: /srv/y}\n";
    let project = written_project(&Source::of("compose.yaml", text), "/").unwrap();
    let services = builds(&project, FileId(0), &|_| false).services;
    let pair = |a: &str, b: &str| (a.to_owned(), b.to_owned());
    let contexts: Vec<_> = services
        .iter()
        .map(|service| (service.name.as_str(), service.context.as_deref().unwrap_or_default()))
        .collect();
    assert_eq!(contexts, [("z", "x"), ("b", "${X}/y"), ("e", "z"), ("f", "z"), ("g", "srv/x"), ("h", "srv/y")]);
    let (first, second) = (&services[0], &services[1]);
    assert_eq!((first.user.as_deref(), first.has_init, first.has_rights), (Some("me"), true, false));
    assert_eq!((second.dockerfile.as_deref(), second.target.as_deref()), (Some("D"), Some("t")));
    assert_eq!(second.args, [pair("Z", "1"), pair("A", "2")]);
    assert_eq!(second.contexts, [pair("c", "c"), pair("d", "docker-image://e")]);
    assert_eq!(second.mounts, ["/v"]);
    assert!(second.has_rights && second.is_on_demand);
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
    let mut random = dockopt_testing::Random::new(11);
    for _ in 0..2_000 {
        let mut mutated = text.clone();
        for _ in 0..=random.below(3) {
            let at = mutated.floor_char_boundary(random.below(mutated.len()));
            let end = mutated.ceil_char_boundary((at + random.below(4)).min(mutated.len()));
            mutated.replace_range(at..end, letters[random.below(letters.len())]);
        }
        let host = Source::of("compose.yaml", &mutated);
        for inline in inline_dockerfiles(&host) {
            for at in 0..=inline.text().len() as u32 {
                let place = inline.in_host(crate::text::Span::at(at));
                assert!(mutated.get(place.range()).is_some(), "{mutated:?}");
            }
            let now = inline.text().replacen("RUN", "USER x\nRUN", 1);
            if let Some(bytes) = write(&host, &inline, &now) {
                let again = inline_dockerfiles(&Source::of("compose.yaml", &String::from_utf8(bytes).unwrap()));
                assert!(again.iter().any(|other| other.text() == now), "{mutated:?}");
            }
        }
    }
}
