//! Compose files to begin with, and what is done to them. The same in each run.

use std::fs;

use crate::compose_project::generator;
use crate::mutation::Random;

/// Services as people write them; several of a name come in different styles.
const SERVICES: [(&str, &str); 22] = [
    (
        "db",
        "    image: postgres:17\n    environment:\n      POSTGRES_PASSWORD: hunter2hunter2\n    ports:\n      - \"5432:5432\"\n",
    ),
    (
        "db",
        "    image: pgvector/pgvector:pg17\n    healthcheck:\n      test: [\"CMD-SHELL\", \"pg_isready -U $POSTGRES_USER\"]\n      interval: 30s\n      start_period: 40s\n",
    ),
    (
        "db",
        "    image: \"mysql:8\"\n    environment: {MYSQL_ROOT_PASSWORD: \"${ROOT:-root}\"}\n    healthcheck: {test: mysqladmin ping -h localhost, retries: 5}\n",
    ),
    (
        "db",
        "    image: 'postgres:16-alpine' # pinned\n    restart: always\n    volumes: [\"data:/var/lib/postgresql/data\"]\n    healthcheck:\n        test: exit 0\n        interval: 5s\n",
    ),
    ("cache", "    image: redis:7\n    healthcheck:\n      test: redis-cli ping\n"),
    (
        "cache",
        "    image: redis\n    ports: [\"6379:6379\"]\n    healthcheck:\n      test:\n        - CMD\n        - redis-cli\n        - ping\n      interval: 1m30s\n",
    ),
    ("cache", "    {image: valkey/valkey:8, command: [valkey-server, --port, '6380']}\n"),
    ("queue", "    image: nats:2\n    healthcheck: {test: [\"CMD\", \"nats\", \"rtt\"]}\n"),
    (
        "queue",
        "    image: rabbitmq:3-management\n    environment:\n      - RABBITMQ_DEFAULT_PASS=secret\n    healthcheck:\n      disable: true\n",
    ),
    (
        "queue",
        "    <<: *logging\n    image: rabbitmq:4\n    healthcheck:\n      <<: *timing\n      test: rabbitmq-diagnostics ping | grep Ping\n",
    ),
    (
        "api",
        "    build: .\n    depends_on: [db, cache]\n    environment: {DATABASE_URL: \"postgres://app:pw@db/app\"}\n    ports: [\"8000:8000\"]\n",
    ),
    (
        "api",
        "    build:\n      context: .\n    depends_on:\n      - db\n      # the broker\n      - queue\n    environment:\n      - REDIS_URL=redis://cache:6379/0\n",
    ),
    (
        "api",
        "    image: example/api:1\n    depends_on:\n      db:\n        condition: service_healthy\n        restart: true\n      cache: {condition: service_started}\n      migrate: {condition: service_started, required: false}\n",
    ),
    (
        "api",
        "    <<: [*logging, *waits]\n    image: \"example/api:${TAG:-1}\"\n    command: sh -c \"alembic upgrade head && uvicorn app:app\"\n",
    ),
    (
        "api",
        "    <<: *waits\n    build: {context: ., target: run}\n    healthcheck: {test: [CMD, curl, -f, http://localhost:8000/health]}\n",
    ),
    (
        "worker",
        "    image: example/api:1\n    command: celery -A app worker\n    depends_on: [db, queue]\n    profiles: [jobs]\n",
    ),
    ("worker", "    extends: {service: api}\n    command: [\"taskiq\", \"worker\", \"app:broker\"]\n"),
    (
        "migrate",
        "    image: example/api:1\n    command: alembic upgrade head\n    restart: always\n    depends_on: {db: {condition: service_started}}\n",
    ),
    ("migrate", "    image: flyway/flyway:10\n    command: migrate\n    links: [db]\n"),
    (
        "web",
        "    image: nginx\n    ports:\n      - 80:80\n      - \"443:443\"\n    depends_on: [api]\n    links:\n      - api:backend\n",
    ),
    ("web", "    image: nginx:1.27\n    network_mode: service:api\n    depends_on:\n    - api\n    - worker\n"),
    (
        "search",
        "    image: docker.elastic.co/elasticsearch/elasticsearch:8.15.0\n    env_file: [search.env]\n    healthcheck: {test: \"curl -s localhost:9200 || exit 0\", interval: 10s, timeout: 10s, retries: 120}\n",
    ),
];

/// What stands above the services.
const HEAD: &str = "x-logging: &logging\n  logging: {driver: local}\nx-waits: &waits\n  depends_on: [db]\nx-timing: &timing\n  interval: 30s\n  \
    retries: 3\n";

/// What is put into a file: pieces that mean something to a reader, a rule or a fix.
const PIECES: [&str; 49] = [
    "\n",
    "\r\n",
    "\r",
    "\t",
    " ",
    "  ",
    "    ",
    ":",
    ": ",
    "- ",
    "#",
    " # note\n",
    "\"",
    "'",
    "\\",
    "|",
    ">-\n",
    "[",
    "]",
    "{",
    "}",
    ",",
    "&a ",
    "*a",
    "*logging",
    "<<: *waits\n",
    "!reset ",
    "!override ",
    "!!str ",
    "---\n",
    "...\n",
    "%YAML 1.2\n",
    "?",
    "@",
    "`",
    "$",
    "$$",
    "${",
    "${A:-b}",
    "${A:?no}",
    "~",
    "\0",
    "\u{feff}",
    "\u{85}",
    "é",
    "日",
    "null",
    "depends_on",
    "healthcheck:\n",
];

/// Values of every type and form, some wrong wherever they stand.
const VALUES: [&str; 24] = [
    "null",
    "~",
    "",
    "true",
    "3",
    "-1",
    "1.5",
    "0x1f",
    "1e400",
    "''",
    "\"\"",
    "[]",
    "{}",
    "[a]",
    "[[a]]",
    "{a: b}",
    "{a: {b: c}}",
    "[{a: b}]",
    "db",
    "[db, db]",
    "2021-01-01",
    "[CMD, \"true\"]",
    "*logging",
    "&v {test: exit 0}",
];

/// Keys that mean something, somewhere.
const KEYS: [&str; 20] = [
    "services",
    "image",
    "build",
    "depends_on",
    "healthcheck",
    "test",
    "interval",
    "disable",
    "condition",
    "restart",
    "ports",
    "environment",
    "command",
    "entrypoint",
    "profiles",
    "extends",
    "version",
    "include",
    "links",
    "x-a",
];

/// The compose files of fixtures, rule pages and vectors, and generated ones.
pub(super) fn seeds() -> Vec<String> {
    let mut seeds = vec![
        fs::read_to_string("fixtures/task-tracker/compose.yaml").unwrap(),
        fs::read_to_string("fixtures/inline/compose.yaml").unwrap(),
    ];
    let vectors = fs::read_to_string("tests/vectors/compose-config.json").unwrap();
    let vectors: serde_json::Value = serde_json::from_str(&vectors).unwrap();
    let cases = vectors["cases"].as_array().unwrap();
    seeds.extend(cases.iter().map(|case| case["compose"].as_str().unwrap().to_owned()));
    for rule in dockopt::rules::ALL.iter() {
        let fences = rule.page.split("\n```").skip(1).step_by(2);
        let files = fences.filter_map(|fence| fence.split_once('\n')).filter(|(info, _)| info.contains("path=compose"));
        seeds.extend(files.map(|(_, text)| text.to_owned()));
    }
    seeds.extend((0..40).filter_map(|seed| generator::project(seed).files.remove("compose.yaml")));
    // Most of the inputs: what has something to fix.
    seeds.extend((0..400).map(stack));
    seeds
}

/// A stack of services that fit together.
fn stack(number: usize) -> String {
    let mut random = Random::new(number);
    let mut out = if random.below(4) == 0 { "version: '3.8'\n".to_owned() } else { String::new() };
    out += HEAD;
    out += "services:\n";
    let mut names: Vec<&str> = SERVICES.iter().map(|(name, _)| *name).collect();
    names.dedup();
    for name in names {
        let of_name: Vec<&str> = SERVICES.iter().filter(|(known, _)| *known == name).map(|(_, text)| *text).collect();
        let text = of_name[random.below(of_name.len())];
        out += &format!("  {name}:\n{text}");
        if random.below(3) == 0 {
            out += "\n";
        }
    }
    out += "volumes:\n  data:\n";
    match random.below(6) {
        0 => out.replace('\n', "\r\n"),
        1 => out.lines().map(deeper).collect(),
        _ => out,
    }
}

/// A line with an indentation twice as deep.
fn deeper(line: &str) -> String {
    let text = line.trim_start();
    format!("{}{text}\n", " ".repeat((line.len() - text.len()) * 2))
}

/// A seed with up to four changes.
pub(super) fn mutated(seeds: &[String], number: usize) -> Vec<u8> {
    let mut random = Random::new(number);
    let mut bytes = seeds[random.below(seeds.len())].clone().into_bytes();
    for _ in 0..[0, 1, 1, 1, 2, 4][random.below(6)] {
        bytes = match random.below(12) {
            0 => with_piece(bytes, &mut random),
            1 => with_byte(bytes, &mut random),
            2 | 3 => with_lines(&String::from_utf8_lossy(&bytes), &mut random),
            4 => with_key(&String::from_utf8_lossy(&bytes), &mut random),
            5 | 6 => with_value(&String::from_utf8_lossy(&bytes), seeds, &mut random),
            7..=10 => with_style(&String::from_utf8_lossy(&bytes), &mut random),
            _ => with_ends(&String::from_utf8_lossy(&bytes), &mut random),
        };
    }
    bytes
}

fn with_piece(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = random.below(bytes.len() + 1);
    let end = (at + random.below(4) * random.below(6)).min(bytes.len());
    bytes.splice(at..end, PIECES[random.below(PIECES.len())].bytes());
    bytes
}

fn with_byte(mut bytes: Vec<u8>, random: &mut Random) -> Vec<u8> {
    let at = random.below(bytes.len() + 1);
    match random.below(3) {
        0 => bytes.truncate(at),
        1 => drop(bytes.splice(at..at, [random.below(256) as u8])),
        _ => drop(bytes.splice(at..(at + 1).min(bytes.len()), [])),
    }
    bytes
}

/// Lines taken out, doubled, moved, indented otherwise.
fn with_lines(text: &str, random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    if lines.is_empty() {
        return Vec::new();
    }
    let at = random.below(lines.len());
    let end = (at + 1 + random.below(4)).min(lines.len());
    match random.below(6) {
        0 => drop(lines.drain(at..end)),
        1 => {
            let copy: Vec<String> = lines[at..end].to_vec();
            lines.splice(at..at, copy);
        }
        2 => {
            let moved: Vec<String> = lines.drain(at..end).collect();
            let target = random.below(lines.len() + 1);
            lines.splice(target..target, moved);
        }
        3 => lines[at..end].iter_mut().for_each(|line| line.insert_str(0, "  ")),
        4 => lines[at] = lines[at].replacen("  ", "", 1),
        _ => lines[at] = lines[at].replacen("  ", "\t", 1),
    }
    lines.concat().into_bytes()
}

/// A key replaced by another one, or one more.
fn with_key(text: &str, random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let Some((at, key)) = pair(&lines, random).map(|at| (at, KEYS[random.below(KEYS.len())])) else {
        return text.as_bytes().to_vec();
    };
    let indent = lines[at].len() - lines[at].trim_start().len();
    let head = lines[at][..indent].to_owned();
    if random.below(2) == 0 {
        let colon = lines[at].find(':').unwrap_or(indent);
        lines[at] = format!("{head}{key}{}", lines[at].get(colon..).unwrap_or_default());
    } else {
        lines.insert(at, format!("{head}{key}: {}\n", VALUES[random.below(VALUES.len())]));
    }
    lines.concat().into_bytes()
}

/// A value replaced by one of another type, or by that of another file.
fn with_value(text: &str, seeds: &[String], random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let Some(at) = pair(&lines, random) else { return text.as_bytes().to_vec() };
    let colon = lines[at].find(':').unwrap_or(0);
    let other: Vec<String> = seeds[random.below(seeds.len())].lines().map(str::to_owned).collect();
    let taken = pair(&other, random).and_then(|line| other[line].split_once(": ")).map(|(_, value)| value);
    let value = match random.below(3) {
        0 => taken.unwrap_or("a"),
        _ => VALUES[random.below(VALUES.len())],
    };
    lines[at] = format!("{}: {value}\n", &lines[at][..colon]);
    lines.concat().into_bytes()
}

/// The same in other words: comments, blank lines, quotes, tags, anchors.
fn with_style(text: &str, random: &mut Random) -> Vec<u8> {
    let mut lines: Vec<String> = text.split_inclusive('\n').map(str::to_owned).collect();
    let Some(at) = pair(&lines, random) else { return text.as_bytes().to_vec() };
    let (line, end) = (lines[at].trim_end().to_owned(), if lines[at].ends_with("\r\n") { "\r\n" } else { "\n" });
    let (key, value) = line.split_once(':').unwrap_or((&line, ""));
    let indent = &key[..key.len() - key.trim_start().len()];
    let value = value.trim();
    let is_plain =
        !value.is_empty() && !value.starts_with(['"', '\'', '[', '{', '&', '*', '|', '>', '!']) && !value.contains('#');
    lines[at] = match random.below(9) {
        0 => format!("{line} # why{end}"),
        1 => format!("{indent}# above{end}{line}{end}"),
        2 => format!("{line}{end}{end}"),
        3 => format!("{line}  {end}"),
        4 if is_plain => format!("{key}: '{value}' # quoted{end}"),
        5 if is_plain => format!("{key}:   \"{value}\"{end}"),
        6 if is_plain => format!("{key}:{end}{indent}    {value}{end}"),
        7 => format!("{key}: &named {value}{end}"),
        8 if value.starts_with(['[', '{']) => format!(
            "{key}:{end}{indent}  {}{end}",
            value.replace(", ", &format!(",{end}{indent}    # inside{end}{indent}    "))
        ),
        _ => format!("{indent}\"{}\": {value}{end}", key.trim()),
    };
    lines.concat().into_bytes()
}

/// A line with a key.
fn pair(lines: &[String], random: &mut Random) -> Option<usize> {
    let first = random.below(lines.len());
    (first..lines.len()).chain(0..first).find(|at| lines[*at].contains(": ") || lines[*at].trim_end().ends_with(':'))
}

/// Other ends of lines, of all or of one; or none at the end.
fn with_ends(text: &str, random: &mut Random) -> Vec<u8> {
    let places: Vec<usize> = text.match_indices('\n').map(|(at, _)| at).collect();
    let mut out = text.to_owned();
    match (random.below(4), places.is_empty()) {
        (0, _) => out = text.replace("\r\n", "\n").replace('\n', "\r\n"),
        (1, _) => out.truncate(text.trim_end().len()),
        (2, false) => out.insert(places[random.below(places.len())], '\r'),
        _ => out.insert(0, '\u{feff}'),
    }
    out.into_bytes()
}
