//! What a container of a program starts: its command, the scripts of `package.json` behind it, and the files that these name.

use std::collections::HashMap;

use super::application::Application;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind, ManifestScript};
use crate::text::path;
use crate::variables::VariableFile;

/// The maximum number of texts.
const MOST: usize = 50;

/// A text that says what is started.
pub(in crate::emit) struct StartText<'i> {
    pub(in crate::emit) text: &'i str,
    /// Where it stands.
    pub(in crate::emit) place: String,
}

/// The texts that say what a container of a program starts, its command first.
pub(in crate::emit) fn start_texts<'i>(input: &EmitInput<'i>, application: &'i Application<'_>) -> Vec<StartText<'i>> {
    started_texts(input, application, &application.command)
}

/// The texts behind a command of a container of a program, the command first.
pub(in crate::emit) fn started_texts<'i>(
    input: &EmitInput<'i>,
    application: &'i Application<'_>,
    command: &'i str,
) -> Vec<StartText<'i>> {
    let mut texts = vec![StartText { text: command, place: application.command_place.clone() }];
    let scripts: Vec<&ManifestScript> = application
        .projects()
        .filter(|project| project.ecosystem == Ecosystem::Node)
        .flat_map(|project| &project.scripts)
        .collect();
    let files: Vec<_> = application.code_files(input).collect();
    let mut by_name: HashMap<&str, Vec<&VariableFile>> = HashMap::new();
    for file in &files {
        by_name.entry(path::name(&file.path)).or_default().push(file);
    }
    let folder = application.folder();
    let mut at = 0;
    while at < texts.len() && texts.len() < MOST {
        let text = texts[at].text;
        at += 1;
        // A source is looked at, but what it names is not started by that.
        let is_source = files.iter().any(|file| {
            std::ptr::eq(file.source.text(), text)
                && !FileKind::of(&file.below).is_shell()
                && !text.starts_with("#!/bin/")
        });
        if is_source {
            continue;
        }
        for word in
            text.split(|c: char| !c.is_ascii_alphanumeric() && !"-_./:".contains(c)).filter(|word| !word.is_empty())
        {
            let script = scripts.iter().find(|script| script.name == word).map(|script| StartText {
                text: &script.command,
                place: format!("the script `{}` of package.json", script.name),
            });
            let named = word.trim_start_matches("./");
            // `/srv/bin/start.sh` in the image is `bin/start.sh` of the context, or lay elsewhere before COPY.
            let is_named = |file: &VariableFile| {
                let below = path::relative(&file.path, &application.context).unwrap_or(&file.path);
                path::ends_with(&file.path, named.trim_start_matches('/'))
                    || named.starts_with('/') && path::ends_with(named, below)
                    || application.place_in_image(file).is_some_and(|place| place == path::join(&folder, named))
            };
            let file = || {
                let name = path::name(named);
                // A script without an ending is named with its folder: `/app/bin/docker-entrypoint`.
                let is_file = |file: &&&VariableFile| {
                    let is_script = named.contains('/') && file.source.text().starts_with("#!");
                    is_named(file) && (name.contains('.') || is_script)
                };
                let file = by_name.get(name)?.iter().find(is_file)?;
                Some(StartText { text: file.source.text(), place: file.source.name().to_owned() })
            };
            if let Some(started) = script.or_else(file)
                && texts.len() < MOST
                && !texts.iter().any(|known| std::ptr::eq(known.text, started.text))
            {
                texts.push(started);
            }
        }
    }
    texts
}

/// What stands before the address that a server listens at.
const ADDRESS_OPTIONS: [&str; 5] = ["runserver", "--host", "--bind", "-b", "-H"];

/// The variable that a start command takes the address from at which its server listens: `runserver ${API_HOST}:8000`.
pub(in crate::emit) fn address_variable(input: &EmitInput, application: &Application) -> Option<String> {
    start_texts(input, application).iter().find_map(|start| variable_of_address(start.text)).map(str::to_owned)
}

fn variable_of_address(text: &str) -> Option<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    text.match_indices('$').find_map(|(at, _)| {
        let before = text[..at].trim_end_matches(|c: char| c.is_whitespace() || "=\"',".contains(c));
        let rest = text[at + 1..].trim_start_matches('{');
        let name = rest.split(|c: char| !is_name(c)).next().filter(|name| !name.is_empty())?;
        // A default says where it listens else.
        let has_default = rest[name.len()..].starts_with([':', '-']) && text[at + 1..].starts_with('{');
        let is_address = ADDRESS_OPTIONS.iter().any(|option| {
            before
                .strip_suffix(option)
                .is_some_and(|rest| rest.ends_with(|c: char| c.is_whitespace() || "\"',".contains(c)))
        });
        (is_address && !has_default).then_some(name)
    })
}

#[cfg(test)]
mod tests {
    use super::variable_of_address;

    #[test]
    fn variables_of_addresses_are_found() {
        for (text, name) in [
            ("python manage.py runserver ${API_HOST}:8000", Some("API_HOST")),
            ("[\"uvicorn\", \"main:app\", \"--host\", \"$HOST\"]", Some("HOST")),
            ("gunicorn --bind=$ADDRESS:8000 app:app", Some("ADDRESS")),
            ("uvicorn main:app --host ${HOST:-0.0.0.0}", None),
            ("uvicorn main:app --port $PORT", None),
            ("echo $HOST", None),
        ] {
            assert_eq!(variable_of_address(text), name, "{text}");
        }
    }
}
