//! Variables in configurations of nginx: those that a configuration sets itself, and those that are replaced when the container
//! starts (`proxy_pass http://${API_HOST}:${API_PORT}`), which the service must get.

use std::collections::BTreeMap;

use super::connection::Connection;
use super::mention::{ConnectionRole, role};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::built_server::image_variable;
use crate::emit::facts::example::place;
use crate::emit::input::EmitInput;
use crate::manifest::FileKind;
use crate::text::Source;

/// A variable in the value of a directive that passes requests on.
#[derive(Debug, PartialEq, Eq)]
struct PassedVariable<'t> {
    name: &'t str,
    /// The offset of its name.
    at: usize,
    /// What stands before and behind it in the value.
    before: &'t str,
    behind: &'t str,
    /// Whether the value is a URL where nothing stands before it.
    is_url: bool,
}

/// A configuration in which values stand for the variables that it sets itself.
pub(in crate::emit) fn settled(source: &Source) -> Source {
    let mut text = source.text().to_owned();
    for (name, value) in own_variables(source.text()) {
        text = text.replace(&format!("${{{name}}}"), &value);
        for end in [';', ':', '/'] {
            text = text.replace(&format!("${name}{end}"), &format!("{value}{end}"));
        }
    }
    Source::of(source.name(), &text)
}

/// The variables that a configuration sets to plain texts: `set $api http://api:8000;`.
fn own_variables(text: &str) -> BTreeMap<String, String> {
    let lines = text.lines().filter(|line| !line.trim_start().starts_with('#'));
    let set = lines.flat_map(statements).filter_map(|statement| {
        let rest = statement.trim_start().strip_prefix("set $")?;
        let (name, value) = rest.trim().split_once(char::is_whitespace)?;
        let value = value.trim().trim_matches(['"', '\'']);
        (!value.contains('$')).then(|| (name.to_owned(), value.to_owned()))
    });
    set.collect()
}

/// The variables in values of directives that pass requests on, other than those of nginx itself.
fn passed_variables(text: &str) -> Vec<PassedVariable<'_>> {
    let set_here = own_variables(text);
    let mut variables = Vec::new();
    for line in text.lines().filter(|line| !line.trim_start().starts_with('#')) {
        for statement in statements(line) {
            let mut words = statement.split_whitespace();
            let (Some(directive), Some(value)) = (words.next(), words.next()) else { continue };
            let Some(row) = data::PROXY_DIRECTIVES.row(directive) else { continue };
            for (at, _) in value.match_indices('$') {
                let rest = value[at + 1..].trim_start_matches('{');
                let end = rest.find(|c: char| !(c.is_ascii_alphanumeric() || c == '_')).unwrap_or(rest.len());
                let (name, behind) = rest.split_at(end);
                // Those of nginx have small letters.
                if !name.starts_with(|c: char| c.is_ascii_uppercase()) || set_here.contains_key(name) {
                    continue;
                }
                let offset = name.as_ptr() as usize - text.as_ptr() as usize;
                let behind = behind.trim_start_matches('}');
                variables.push(PassedVariable {
                    name,
                    at: offset,
                    before: &value[..at],
                    behind,
                    is_url: row[1] == "url",
                });
            }
        }
    }
    variables
}

/// The statements and beginnings of blocks of a line; the braces of `${NAME}` end none.
fn statements(line: &str) -> Vec<&str> {
    let (mut statements, mut start, mut is_in_variable) = (Vec::new(), 0, false);
    for (at, c) in line.char_indices() {
        match c {
            '{' if line[..at].ends_with('$') => is_in_variable = true,
            '}' if is_in_variable => is_in_variable = false,
            '{' | '}' | ';' => {
                statements.push(&line[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    statements.push(&line[start..]);
    statements
}

/// Whether a configuration passes requests to what a variable says.
pub(in crate::emit) fn has_passed_variable(text: &str) -> bool {
    !passed_variables(text).is_empty()
}

/// The variables that a configuration needs to find other programs; `image`: the program that has it in its image.
pub(in crate::emit) fn proxy_connections(
    source: &Source,
    image: Option<&Application>,
    applications: &[Application],
) -> Vec<Connection> {
    let mut connections: Vec<Connection> = Vec::new();
    for variable in passed_variables(source.text()) {
        let set = image.and_then(|known| image_variable(known, variable.name)).unwrap_or_default();
        let is_right = applications.iter().any(|known| !known.name.is_empty() && host_of(&set) == known.name);
        let target = target(&variable, image, applications);
        let (Some(target), false) = (target, is_right) else { continue };
        let Some(port) = target.port else { continue };
        let name = &target.name;
        let value = match () {
            () if variable.behind.starts_with("://") => "http".to_owned(),
            () if variable.before.ends_with("://") || variable.before.is_empty() && !variable.is_url => {
                if variable.behind.starts_with(':') { name.clone() } else { format!("{name}:{port}") }
            }
            () if variable.before.ends_with(':') => port.to_string(),
            () if variable.before.is_empty() => format!("http://{name}:{port}"),
            () => continue,
        };
        if connections.iter().all(|known| known.variable.as_deref() != Some(variable.name)) {
            let place = Some(place(source, variable.at));
            connections.push(Connection {
                has_default: true,
                backend: name.clone(),
                variable: Some(variable.name.to_owned()),
                value,
                place,
            });
        }
    }
    connections
}

/// The same for all files in the images of programs.
pub(in crate::emit) fn image_connections(input: &EmitInput, applications: &[Application]) -> Vec<Vec<Connection>> {
    let of = |application: &Application| {
        let files = application.code_files(input);
        let is_configuration = |below: &str| !FileKind::of(below).has_code() && !FileKind::of(below).is_shell();
        let files = files.filter(|file| file.is_of_program() && is_configuration(&file.below));
        let files = files.filter(|file| file.source.text().contains("_pass "));
        files.flat_map(|file| proxy_connections(&file.source, Some(application), applications)).collect()
    };
    applications.iter().map(of).collect()
}

fn host_of(value: &str) -> &str {
    let address = value.split_once("://").map_or(value, |(_, rest)| rest);
    address.split([':', '/']).next().unwrap_or_default()
}

/// The program that a variable means: the one whose host stands beside it, the one with a word of its name, or the only one.
fn target<'a, 'i>(
    variable: &PassedVariable,
    image: Option<&Application>,
    applications: &'a [Application<'i>],
) -> Option<&'a Application<'i>> {
    let is_other = |known: &&Application| image.is_none_or(|image| image.dockerfile != known.dockerfile);
    let is_server = |known: &&Application| known.port.is_some() && !known.is_worker && known.server.is_none();
    let others: Vec<&Application> = applications.iter().filter(is_other).filter(is_server).collect();
    let beside = host_of(variable.before.trim_end_matches(':'));
    if let Some(known) = others.iter().find(|known| known.name == beside) {
        return Some(known);
    }
    let upper = variable.name.to_ascii_uppercase();
    let words: Vec<&str> =
        upper.split('_').filter(|word| role(word).is_none_or(|role| role == ConnectionRole::Database)).collect();
    let is_named = |known: &&&Application| {
        known.name.split('-').any(|part| words.iter().any(|word| word.eq_ignore_ascii_case(part)))
    };
    let mut named = others.iter().filter(is_named);
    match (named.next(), named.next(), others.as_slice()) {
        (Some(known), None, _) => Some(known),
        (None, _, [only]) => Some(only),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::stack::passed_hosts;

    #[test]
    fn variables_of_a_configuration_stand_for_their_values() {
        let text = "server { set $api http://api:8000; location / { proxy_pass $api; } set $web web; location /w { proxy_pass http://$web:3000/; } }";
        let settled = settled(&Source::of("nginx.conf", text));
        let hosts: Vec<&str> = passed_hosts(&settled, None).iter().map(|known| known.host).collect();
        assert_eq!(hosts, ["api", "web"], "{}", settled.text());
    }

    #[test]
    fn variables_of_the_environment_are_found() {
        let text = "upstream a {\n  server ${A_ADDRESS};\n}\n# proxy_pass $NO;\nlocation / { proxy_pass http://$API_HOST:$API_PORT$request_uri; }\nlocation /x {\n  proxy_pass ${X_URL}/x;\n  proxy_set_header Host $HOST;\n}\n";
        let variables: Vec<_> =
            passed_variables(text).iter().map(|known| (known.name, known.before, known.behind)).collect();
        let expected = [
            ("A_ADDRESS", "", ""),
            ("API_HOST", "http://", ":$API_PORT$request_uri"),
            ("API_PORT", "http://$API_HOST:", "$request_uri"),
            ("X_URL", "", "/x"),
        ];
        assert_eq!(variables, expected);
        for text in ["", "$", "proxy_pass $;", "proxy_pass ${;", "proxy_pass é$É;"] {
            assert!(!has_passed_variable(text), "{text}");
        }
    }
}
