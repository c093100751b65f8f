use super::*;
use dockopt_testing::Random;

/// Reads a project whose files are these; nothing else is there.
fn of(files: &[(&str, &str)]) -> Result<ComposeProject, String> {
    of_request(
        &ProjectRequest {
            files: vec!["/p/compose.yaml".to_owned()],
            folder: "/p".to_owned(),
            ..ProjectRequest::default()
        },
        files,
    )
}

fn of_request(request: &ProjectRequest, files: &[(&str, &str)]) -> Result<ComposeProject, String> {
    let mut known = ProjectFiles::default();
    for (path, text) in files {
        known.insert(&format!("/p/{path}"), ProjectFile::Text(Source::of(path, text)));
    }
    for _ in 0..200 {
        match project(request, &known) {
            Reading::Read(project) => return Ok(*project),
            Reading::Refused { error, sources, .. } => {
                let place = error.place.map(|place| {
                    let source = &sources[place.file.0 as usize];
                    let at = source.line_column(place.span.start);
                    format!("{}:{}:{}", source.name(), at.line, at.column)
                });
                return Err(format!("{} {}", place.unwrap_or_default(), error.message));
            }
            Reading::Needs(needs) => {
                for need in needs {
                    match need {
                        ProjectNeed::File(path) => known.insert(&path, ProjectFile::Missing),
                        ProjectNeed::Link(path) => known.insert_link(&path, path.clone()),
                    }
                }
            }
        }
    }
    Err("too many rounds".to_owned())
}

#[test]
fn values_keep_the_place_that_they_come_from() {
    let files = [
        (
            "compose.yaml",
            "x-c: &c\n  user: me\nservices:\n  web:\n    <<: *c\n    extends: {file: base.yaml, service: b}\n    ports: ['80:8080']\n",
        ),
        ("base.yaml", "services:\n  b:\n    image: nginx\n    environment: {A: '${B:-c}'}\n"),
    ];
    let project = of(&files).unwrap();
    let service = project.services().next().unwrap().1;
    let written = |value: &ComposeValue| {
        let place = value.place.unwrap();
        let source = &project.sources[place.file.0 as usize];
        (source.name().to_owned(), source.slice(place.span).to_owned())
    };
    assert_eq!(written(service.get("image").unwrap()), ("base.yaml".to_owned(), "nginx".to_owned()));
    assert_eq!(written(service.get("user").unwrap()), ("compose.yaml".to_owned(), "me".to_owned()));
    let port = &service.get("ports").unwrap().as_list().unwrap()[0];
    assert_eq!(written(port), ("compose.yaml".to_owned(), "'80:8080'".to_owned()));
    let variable = service.get("environment").and_then(|map| map.get("A")).unwrap();
    assert_eq!((variable.as_text(), written(variable).1), (Some("c"), "'${B:-c}'".to_owned()));
}

#[test]
fn errors_have_a_place() {
    for (text, expected) in [
        ("services:\n  a:\n    imag: x\n", "compose.yaml:3:5 unknown key `imag`"),
        ("services:\n  a:\n    image: x\n    image: y\n", "compose.yaml:4:5 duplicate key `image`"),
        (
            "services:\n  a:\n    image: x\n    depends_on: [b]\n",
            "compose.yaml:4:18 the service `a` depends on `b`, which is not defined",
        ),
        ("services:\n  a:\n    image: ${X:?say}\n", "compose.yaml:3:12 the required variable `X` is not set: say"),
        (
            "services:\n  a:\n    image: x\n    env_file: no.env\n",
            "compose.yaml:4:15 the environment file `/p/no.env` does not exist",
        ),
        ("services: {a: {extends: a}}\n", "compose.yaml:1:25 services extend each other in a circle: a → a"),
        (
            "include: [compose.yaml]\n",
            "compose.yaml:1:11 files include each other in a circle: /p/compose.yaml → /p/compose.yaml",
        ),
        ("- a\n", "compose.yaml:1:1 the file must hold a mapping, not a list"),
        ("", " the compose file is empty"),
        ("a: &a [*a]\n", "compose.yaml:1:8 an alias inside the node that it refers to"),
    ] {
        assert_eq!(of(&[("compose.yaml", text)]).map(|_| ()), Err(expected.to_owned()), "{text}");
    }
}

#[test]
fn alias_bombs_and_deep_nesting_are_refused() {
    let mut bomb = String::from("x-0: &x0 [a, a, a, a, a, a, a, a, a, a]\n");
    for level in 1..10 {
        let item = format!("*x{}", level - 1);
        let items = vec![item; 10].join(", ");
        bomb += &format!("x-{level}: &x{level} [{items}]\n");
    }
    assert!(of(&[("compose.yaml", &bomb)]).is_err());
    assert!(of(&[("compose.yaml", &format!("x-a: {}", "[".repeat(100_000)))]).is_err());
    let mut chain = String::from("services:\n");
    for level in 0..1_000 {
        chain += &format!("  s{level}: {{image: x, extends: s{}}}\n", level + 1);
    }
    assert!(of(&[("compose.yaml", &(chain + "  s1000: {image: x}\n"))]).is_err());
}

#[test]
fn nothing_panics_on_changed_files() {
    let text = include_str!("../../../../../fixtures/task-tracker/compose.yaml");
    let more = "include: [{path: [i.yaml]}]\nservices:\n  a: {image: !override 'x:${A:-b}', extends: {service: b, file: e.yaml}, ports: ['1-2:3-4', {target: 5}], env_file: [e.env]}\nconfigs: {c: {content: x}}\n";
    let dotenv = "A='x'\nexport B=\"${C:-d}\\n\"\n# c\nE\n";
    let mut random = Random::new(7);
    let mut read = 0;
    for _ in 0..400 {
        let mut change = |text: &str| {
            let mut bytes = text.as_bytes().to_vec();
            for _ in 0..=random.below(4) {
                let at = random.below(bytes.len());
                match random.below(4) {
                    0 => _ = bytes.remove(at),
                    1 => bytes.insert(at, b"\n :-[]{}&*!|>'\"#%@`,?$\\\t0~"[random.below(26)]),
                    2 => bytes.swap(at, text.len() / 2),
                    _ => {
                        let end = (at + random.below(40)).min(bytes.len());
                        let copy = bytes[at..end].to_vec();
                        let to = random.below(bytes.len());
                        bytes.splice(to..to, copy);
                    }
                }
            }
            String::from_utf8_lossy(&bytes).into_owned()
        };
        let (main, other, env) = (change(text), change(more), change(dotenv));
        let files = [
            ("compose.yaml", main.as_str()),
            ("e.yaml", "services: {b: {image: y}}"),
            ("e.env", env.as_str()),
            ("i.yaml", "services: {i: {image: z}}"),
        ];
        read += u32::from(of(&files).is_ok());
        let files = [("compose.yaml", other.as_str()), files[1], files[2], files[3]];
        read += u32::from(of(&files).is_ok());
    }
    assert!(read > 40, "{read}");
}

#[test]
fn large_values_are_refused_before_they_are_written() {
    let mut env = format!("A={}\n", "x".repeat(1_000));
    for (from, to) in ('A'..='Y').zip('B'..='Z') {
        env += &format!("{to}=${from}${from}${from}${from}\n");
    }
    assert!(of(&[("compose.yaml", "services: {a: {image: x}}"), (".env", &env)]).is_err());
    let text = format!("x-a: &a {}\nx-b: [{}]\n", "x".repeat(100_000), vec!["*a"; 1_000].join(", "));
    assert!(of(&[("compose.yaml", &text)]).is_err());
    let mut resets = String::new();
    for index in 0..20_000 {
        resets.push_str(&format!("x-{index}: !reset null\n"));
    }
    assert!(of(&[("compose.yaml", &(resets + "services: {a: {image: x}}\n"))]).is_ok());
}

#[test]
fn a_comment_directly_behind_a_bracket_is_one() {
    let project =
        of(&[("compose.yaml", "services:\n  a:\n    image: \"x\"#c\n    dns: [1.1.1.1]#c: d\n    init: true\n")])
            .unwrap();
    assert!(project.services().next().unwrap().1.get("init").is_some());
}

/// A chain of merge keys is expanded at each of its anchors, which is the square of its length; no mapping in between is
/// made at each.
#[test]
fn a_chain_of_merge_keys_takes_no_more_than_its_values() {
    let allocated = |count: usize| {
        let chain =
            (1..=count).map(|number| format!("x-a{number}: &a{number} {{<<: *a{}, k{number}: v}}\n", number - 1));
        let text = format!("x-a0: &a0 {{k0: v}}\n{}services: {{a: {{image: b}}}}\n", chain.collect::<String>());
        allocation_counter::measure(|| drop(of(&[("compose.yaml", &text)]).unwrap())).bytes_total
    };
    allocated(10);
    let (half, whole) = (allocated(60), allocated(120));
    assert!(whole < half * 5, "{half} bytes, then {whole}");
}

/// How often a project is read until all its files are known, which appear as they are asked for.
fn rounds(files: &[(String, String)]) -> usize {
    let request = ProjectRequest {
        files: vec!["/p/compose.yaml".to_owned()],
        folder: "/p".to_owned(),
        ..ProjectRequest::default()
    };
    let mut known = ProjectFiles::default();
    for round in 1..1_000 {
        let needs = match project(&request, &known) {
            Reading::Needs(needs) => needs,
            Reading::Read(_) => return round,
            Reading::Refused { error, .. } => panic!("{}", error.message),
        };
        for need in needs {
            let ProjectNeed::File(path) = need else { continue };
            let text = files.iter().find(|(name, _)| path.strip_prefix("/p/") == Some(name));
            let file = text.map_or(ProjectFile::Missing, |(name, text)| ProjectFile::Text(Source::of(name, text)));
            known.insert(&path, file);
        }
    }
    panic!("there is no end");
}

#[test]
fn files_are_asked_for_together() {
    let of_count = |count: usize| {
        let entries =
            |name: &str, line: &dyn Fn(usize) -> String| (name.to_owned(), (0..count).map(line).collect::<String>());
        let (name, includes) = entries("compose.yaml", &|n| format!("  - path: s{n}/compose.yaml\n"));
        let mut files = vec![(name, format!("include:\n{includes}"))];
        for n in 0..count {
            let service = format!("services:\n  s{n}:\n    extends: {{file: base{n}.yaml, service: b}}\n");
            files.push((format!("s{n}/compose.yaml"), service));
            files.push((format!("s{n}/base{n}.yaml"), "services:\n  b:\n    image: nginx\n".to_owned()));
        }
        rounds(&files)
    };
    assert_eq!(of_count(40), of_count(3));
}

#[test]
fn any_number_of_services_extends_one_file() {
    let services = (0..1_500).map(|n| format!("  s{n}:\n    extends: {{file: base.yaml, service: b}}\n"));
    let main = format!("services:\n{}", services.collect::<String>());
    let project = of(&[("compose.yaml", &main), ("base.yaml", "services:\n  b:\n    image: nginx\n")]).unwrap();
    assert_eq!(project.services().count(), 1_500);
    assert!(
        project.services().all(|(_, service)| service.get("image").and_then(ComposeValue::as_text) == Some("nginx"))
    );
}
