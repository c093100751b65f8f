//! What a compose file says of how containers of an image that it builds are run, with values: variables and environment
//! files resolved as Compose does it, from what it is given.

use std::collections::BTreeMap;

use crate::text::{Source, Span};
use crate::yaml::{self, NodeKind, YamlNode};

/// Services of one file that are read.
const SERVICES: usize = 200;

/// Variables in defaults of variables.
const DEPTH: usize = 8;

/// How a service runs its container.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ServiceRun {
    /// The service.
    pub service: String,
    /// The compose file, as the user would type it.
    pub file: String,
    /// Where its build is written.
    pub build: Span,
    /// `entrypoint`.
    pub entrypoint: Option<Vec<String>>,
    /// `command`.
    pub command: Option<Vec<String>>,
    /// `working_dir`.
    pub workdir: Option<String>,
    /// `environment`; `None` is what only the user's shell has.
    pub environment: Vec<(String, Option<String>)>,
    /// `env_file`, from the compose file's folder.
    pub env_files: Vec<String>,
    /// Services of images beside it: name and image.
    pub companions: Vec<(String, String)>,
    /// Whether it publishes a port.
    pub is_published: bool,
}

/// How services with a build run their containers. `variables`: those of the `.env` beside the file.
pub fn runs(source: &Source, variables: &BTreeMap<String, String>) -> Vec<ServiceRun> {
    let tree = yaml::read(source.text());
    let mut runs = Vec::new();
    for services in tree.documents().filter_map(|root| root.get("services")) {
        let companions: Vec<(String, String)> = services
            .entries()
            .filter(|entry| entry.value.get("build").is_none())
            .filter_map(|entry| {
                Some((entry.key.text()?.to_owned(), interpolate(entry.value.get("image")?.text()?, variables)))
            })
            .collect();
        for entry in services.entries().take(SERVICES) {
            let (Some(name), Some(build)) = (entry.key.text(), entry.value.get("build")) else { continue };
            let build = build.target().unwrap_or(build).span();
            let run =
                ServiceRun { service: name.to_owned(), file: source.name().to_owned(), build, ..ServiceRun::default() };
            runs.push(ServiceRun { companions: companions.clone(), ..read(entry.value, variables, run) });
        }
    }
    runs
}

fn read(service: YamlNode, variables: &BTreeMap<String, String>, mut run: ServiceRun) -> ServiceRun {
    let text = |node: YamlNode| node.text().map(|text| interpolate(text, variables));
    let words = |key: &str| {
        let node = service.get(key)?;
        match node.text() {
            Some(line) => Some(split(&interpolate(line, variables))),
            None => (node.kind() == Some(NodeKind::Sequence)).then(|| node.items().filter_map(text).collect()),
        }
    };
    run.entrypoint = words("entrypoint").filter(|words| !words.is_empty());
    run.command = words("command").filter(|words| !words.is_empty());
    run.workdir = service.get("working_dir").and_then(text);
    run.is_published = service.get("ports").is_some_and(|ports| ports.items().next().is_some());
    if let Some(node) = service.get("environment") {
        environment(node, variables, &mut run.environment);
    }
    if let Some(node) = service.get("env_file") {
        let path_of = |item: YamlNode| text(item).or_else(|| text(item.get("path")?));
        run.env_files.extend(path_of(node).into_iter().chain(node.items().filter_map(path_of)));
    }
    run
}

fn environment(node: YamlNode, variables: &BTreeMap<String, String>, all: &mut Vec<(String, Option<String>)>) {
    let mut take = |name: &str, value: Option<&str>| {
        all.retain(|(known, _)| known != name);
        all.push((name.to_owned(), value.map(|value| interpolate(value, variables))));
    };
    for entry in node.entries() {
        match entry.key.text() {
            Some("<<") | None => {
                for merged in entry.value.entries().chain(entry.value.items().flat_map(YamlNode::entries)) {
                    if let Some(name) = merged.key.text().filter(|name| *name != "<<") {
                        take(name, merged.value.value_text());
                    }
                }
            }
            Some(name) => take(name, entry.value.value_text()),
        }
    }
    for item in node.items().filter_map(YamlNode::text) {
        let (name, value) = item.split_once('=').map_or((item, None), |(name, value)| (name, Some(value)));
        take(name, value);
    }
}

/// The variables of an environment file, in order: `KEY=value`, values in quotes, comments. Values may name `variables`, and
/// those before them.
pub fn environment_file(text: &str, variables: &BTreeMap<String, String>) -> Vec<(String, String)> {
    let mut known = variables.clone();
    let mut all = Vec::new();
    for line in text.lines().map(str::trim).filter(|line| !line.is_empty() && !line.starts_with('#')) {
        let line = line.strip_prefix("export ").unwrap_or(line);
        let Some((name, value)) = line.split_once('=') else { continue };
        let (name, value) = (name.trim().to_owned(), value.trim());
        let quoted = |quote: char| value.strip_prefix(quote).and_then(|rest| Some(&rest[..rest.find(quote)?]));
        let bare = || value.find(" #").map_or(value, |at| value[..at].trim_end());
        let value = match quoted('\'') {
            Some(value) => value.to_owned(),
            None => interpolate(quoted('"').unwrap_or_else(bare), &known),
        };
        known.insert(name.clone(), value.clone());
        all.push((name, value));
    }
    all
}

/// A text with Compose's variables replaced: `$A`, `${A}`, `${A:-default}`, `${A-default}`, `${A:+other}`; `$$` is `$`.
pub fn interpolate(text: &str, variables: &BTreeMap<String, String>) -> String {
    replaced(text, variables, DEPTH)
}

fn replaced(text: &str, variables: &BTreeMap<String, String>, remaining: usize) -> String {
    let mut out = String::new();
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        if let Some(after) = rest.strip_prefix('$') {
            out.push('$');
            rest = after;
        } else if let Some(inside) = rest.strip_prefix('{') {
            let end = closing(inside);
            out.push_str(&braced(&inside[..end], variables, remaining));
            rest = inside.get(end + 1..).unwrap_or_default();
        } else {
            let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(rest.len());
            if end == 0 {
                out.push('$');
            }
            out.push_str(variables.get(&rest[..end]).map(String::as_str).unwrap_or_default());
            rest = &rest[end..];
        }
    }
    out.push_str(rest);
    out
}

/// Where the brace that is open is closed.
fn closing(text: &str) -> usize {
    let mut open = 0_usize;
    for (at, c) in text.char_indices() {
        match c {
            '{' => open += 1,
            '}' if open == 0 => return at,
            '}' => open -= 1,
            _ => {}
        }
    }
    text.len()
}

fn braced(text: &str, variables: &BTreeMap<String, String>, remaining: usize) -> String {
    let end = text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_').unwrap_or(text.len());
    let (name, rest) = text.split_at(end);
    let value = variables.get(name).map(String::as_str);
    let (value, rest) = match rest.strip_prefix(':') {
        Some(rest) => (value.filter(|value| !value.is_empty()), rest),
        None => (value, rest),
    };
    let inner =
        |text: &str| remaining.checked_sub(1).map(|remaining| replaced(text, variables, remaining)).unwrap_or_default();
    match (rest.chars().next(), value) {
        (Some('-'), None) | (Some('+'), Some(_)) => inner(&rest[1..]),
        (Some('+'), None) => String::new(),
        (_, value) => value.unwrap_or_default().to_owned(),
    }
}

/// A command line as words, as Compose splits it: quotes and backslashes, no shell.
fn split(text: &str) -> Vec<String> {
    let (mut words, mut word, mut inside) = (Vec::new(), None::<String>, None::<char>);
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (inside, c) {
            (Some(quote), c) if c == quote => inside = None,
            (Some('\''), c) => word.get_or_insert_default().push(c),
            (_, '\\') => word.get_or_insert_default().extend(chars.next()),
            (None, '"' | '\'') => {
                word.get_or_insert_default();
                inside = Some(c);
            }
            (None, c) if c.is_whitespace() => words.extend(word.take()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn variables() -> BTreeMap<String, String> {
        [("A", "1"), ("EMPTY", "")].map(|(name, value)| (name.to_owned(), value.to_owned())).into()
    }

    #[test]
    fn variables_are_replaced_as_compose_does_it() {
        for (text, expected) in [
            ("$A-${A}", "1-1"),
            ("${B:-two}", "two"),
            ("${EMPTY:-two}${EMPTY-three}", "two"),
            ("${B:-${C:-${A}}}", "1"),
            ("${A:+set}${B:+set}", "set"),
            ("${A:?must}", "1"),
            ("$$A costs $", "$A costs $"),
            ("postgres://u:${P:-p}@db/x", "postgres://u:p@db/x"),
            ("${A", "1"),
        ] {
            assert_eq!(interpolate(text, &variables()), expected, "{text}");
        }
    }

    #[test]
    fn command_and_environment_are_read() {
        let text = "x-env: &env {A: '${A}', B: two}\nservices:\n  web:\n    build: .\n    command: sh -c 'exec serve \"$$PORT\"'\n    \
                    working_dir: /srv\n    environment:\n      <<: *env\n      B: ${B:-three}\n      SHELL_ONLY:\n    env_file: [a.env, {path: b.env}]\n    \
                    ports: ['80:80']\n  worker:\n    build: .\n    entrypoint: [run, \"a b\"]\n    environment: [C=$A, D]\n  db:\n    image: postgres:${V:-17}\n";
        let all = runs(&Source::of("compose.yaml", text), &variables());
        let web = &all[0];
        assert_eq!(web.command.as_deref().unwrap(), ["sh", "-c", "exec serve \"$PORT\""]);
        let value = |value: &str| Some(value.to_owned());
        let expected = [("A", value("1")), ("B", value("three")), ("SHELL_ONLY", None)];
        assert_eq!(web.environment, expected.map(|(name, value)| (name.to_owned(), value)));
        assert_eq!((web.env_files.join(" "), web.is_published), ("a.env b.env".to_owned(), true));
        assert_eq!(web.companions, [("db".to_owned(), "postgres:17".to_owned())]);
        assert_eq!(all[1].entrypoint.as_deref().unwrap(), ["run", "a b"]);
        assert_eq!(all[1].environment, [("C".to_owned(), value("1")), ("D".to_owned(), None)]);
    }

    #[test]
    fn environment_files_are_read() {
        let text = "# x\nA=1\nexport B = 'two # 2'\nC=\"three\" # 3\nD=four # 4\nE=\nF=$A${Z}\nnone\n";
        let expected = [("A", "1"), ("B", "two # 2"), ("C", "three"), ("D", "four"), ("E", ""), ("F", "1z")];
        let known = [("Z".to_owned(), "z".to_owned())].into();
        assert_eq!(environment_file(text, &known), expected.map(|(name, value)| (name.to_owned(), value.to_owned())));
    }
}
