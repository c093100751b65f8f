//! RUN's flags beyond their form: `--device`, `--mount`, `--network`, `--security`, in BuildKit's order. Most of a
//! mount is checked only when its variables are known.

use super::csv::split_fields;
use super::issue::Issue;
use crate::dockerfile::check::parse_bool;
use crate::dockerfile::quote::go_quote;
use crate::dockerfile::syntax::{File, Flag, Instruction};
use crate::text::Span;

/// Checks the values of RUN's flags.
pub(super) fn check_run(file: &File, instruction: &Instruction, issues: &mut Vec<Issue>) {
    if instruction.flags.is_empty() {
        return;
    }
    for (name, check) in [
        ("device", check_device as fn(&str) -> Option<String>),
        ("mount", check_mount),
        ("network", check_network),
        ("security", check_security),
    ] {
        for flag in &instruction.flags {
            if file.flag_name(flag) != name {
                continue;
            }
            let Some(value) = file.flag_value(flag) else { continue };
            if let Some(message) = check(value) {
                let issue = Issue::new(value_span(flag), message);
                issues.push(match name {
                    "network" => issue.nearest(value, &["default", "none", "host"]),
                    "security" => issue.nearest(value, &["insecure", "sandbox"]),
                    _ => issue,
                });
            }
        }
    }
}

fn value_span(flag: &Flag) -> Span {
    flag.value.map_or(flag.word.span, |value| value.span)
}

fn check_network(value: &str) -> Option<String> {
    let is_known = matches!(value, "default" | "none" | "host");
    (!is_known).then(|| format!("invalid network mode {}", go_quote(value)))
}

fn check_security(value: &str) -> Option<String> {
    let is_known = matches!(value, "insecure" | "sandbox");
    (!is_known).then(|| format!("security {} is not valid", go_quote(value)))
}

/// Before variables are expanded, only the form and `from` are looked at.
fn check_mount(value: &str) -> Option<String> {
    let fields = match split_fields(value) {
        Ok(fields) => fields,
        Err(error) => return Some(format!("failed to parse csv mounts: {error}")),
    };
    for field in fields {
        let Some((key, value)) = field.text.split_once('=') else { continue };
        let key = key.to_lowercase();
        if key == "from" && value.find('$').is_some_and(|at| at + 1 != value.len()) {
            return Some(format!("'{key}' doesn't support variable expansion, define alias stage instead"));
        }
    }
    None
}

fn check_device(value: &str) -> Option<String> {
    let fields = match split_fields(value) {
        Ok(fields) => fields,
        Err(error) => return Some(format!("failed to parse csv devices: {error}")),
    };
    let mut name = String::new();
    for field in fields {
        let (key, value) = match field.text.split_once('=') {
            Some((key, value)) => (key.to_lowercase(), Some(value)),
            None => (field.text.to_lowercase(), None),
        };
        match (&*key, value) {
            ("required", None) => {}
            ("name", Some(_)) if !name.is_empty() => return Some(format!("device name already set to {name}")),
            ("name", Some(value)) => value.clone_into(&mut name),
            ("required", Some(value)) if parse_bool(value).is_some() => {}
            ("required", Some(value)) => return Some(format!("invalid value for {key}: {value}")),
            _ if name.is_empty() => name = field.text,
            (_, None) => return Some(format!("invalid field '{}' must be a key=value pair", field.text)),
            (_, Some(_)) => return Some(format!("unexpected key '{key}' in '{}'", field.text)),
        }
    }
    None
}
