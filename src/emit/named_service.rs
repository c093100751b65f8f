//! Programs that name each other: a server that passes requests on, a job that calls one.

use super::application::Application;
use super::input::EmitInput;
use super::mention::place;
use crate::data;
use crate::stack::passed_hosts;

/// Whether a program without a port does its work once and ends, as its name says.
pub(super) fn is_job(application: &Application) -> bool {
    let mut words = application.name.split('-');
    application.port.is_none() && !application.is_worker && words.any(|word| data::NAME_WORDS.has(word, "job"))
}

/// The other programs that the files of one name as hosts, and where: `proxy_pass http://api:8000`; in a job any URL.
pub(super) fn named_programs(
    input: &EmitInput,
    application: &Application,
    others: &[Application],
) -> Vec<(String, String)> {
    let mut named: Vec<(String, String)> = Vec::new();
    let files = application.code.files.iter().map(|at| &input.files.files[*at]);
    let is_named = |text: &str| others.iter().any(|other| text.contains(other.name.as_str()));
    let files = files.filter(|file| file.is_of_program() && is_named(file.source.text()));
    for file in files {
        let passed: Vec<&str> = passed_hosts(&file.source, None).iter().map(|known| known.host).collect();
        for other in others.iter().filter(|other| other.name != application.name) {
            let text = file.source.text();
            let called = || {
                let address = format!("://{}", other.name);
                let mut offsets = text.match_indices(&address).map(|(at, part)| at + part.len());
                offsets.find(|end| text[*end..].starts_with([':', '/', '"', '\'', ' ', '\n']))
            };
            let line = if passed.contains(&other.name.as_str()) {
                text.find(other.name.as_str())
            } else if is_job(application) {
                called()
            } else {
                None
            };
            if let Some(at) = line
                && named.iter().all(|(name, _)| *name != other.name)
            {
                named.push((other.name.clone(), place(&file.source, at)));
            }
        }
    }
    named
}
