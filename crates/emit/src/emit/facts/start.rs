//! What a container of a program starts: its command, the scripts of `package.json` behind it, and the files that these name.

use std::collections::HashMap;

use super::application::Application;
use crate::data;
use crate::emit::input::EmitInput;
use crate::manifest::{Ecosystem, FileKind, ManifestScript};
use crate::text::path;
use crate::variables::{ExampleVariable, VariableFile};

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
                let same_name = by_name.get(name).and_then(|files| files.iter().find(is_file));
                let file = same_name.or_else(|| files.iter().find(|file| is_copied_to(application, file, named)))?;
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

/// Whether a script lies at a place of the image: a COPY may give it another name.
fn is_copied_to(application: &Application, file: &VariableFile, place: &str) -> bool {
    place.starts_with('/')
        && FileKind::of(&file.below).is_shell()
        && application.place_in_image(file).is_some_and(|copied| copied == place)
}

/// The variable that a start command takes the address from at which its server listens (`runserver ${API_HOST}:8000`), where
/// neither the image nor an example has a value for it.
pub(in crate::emit) fn address_variable(input: &EmitInput, application: &Application) -> Option<String> {
    let starts = start_texts(input, application);
    let name = starts.iter().find_map(|start| start.text.lines().find_map(variable_of_address))?;
    let build = &application.build;
    let is_set = build.known_value(build.target()?, name, usize::MAX).is_some();
    // `<YOUR_API_HOST>` is no value.
    let is_value =
        |known: &ExampleVariable| known.name == name && !known.value.is_empty() && !known.value.contains('<');
    let has_example = input.examples.iter().any(is_value);
    (!is_set && !has_example).then(|| name.to_owned())
}

/// The variable that says where a server listens which otherwise answers its own container alone (Flask docs: command line
/// interface, `flask run` and environment variables).
pub(in crate::emit) fn loopback_variable(input: &EmitInput, application: &Application) -> Option<&'static str> {
    const NAME: &str = "FLASK_RUN_HOST";
    let is_separator = |c: char| c.is_whitespace() || "\"',[]".contains(c);
    let runs_closed = |line: &str| {
        let words: Vec<&str> = line.split(is_separator).filter(|word| !word.is_empty()).collect();
        let runs = words.windows(2).any(|pair| path::name(pair[0]) == "flask" && pair[1] == "run")
            || words.first() == Some(&"flask") && words.contains(&"run");
        runs && !words.iter().any(|word| word.starts_with("--host") || *word == "-h")
    };
    let build = &application.build;
    let is_set = build.known_value(build.target()?, NAME, usize::MAX).is_some();
    let starts = start_texts(input, application);
    let mut commands = starts.iter().filter(|start| !FileKind::of(&start.place).has_code());
    (!is_set && commands.any(|start| start.text.lines().any(runs_closed))).then_some(NAME)
}

/// The variable that the server of a line takes its address from.
fn variable_of_address(line: &str) -> Option<&str> {
    let is_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let is_space = |c: char| c.is_whitespace() || "\"',[".contains(c);
    line.match_indices('$').find_map(|(at, _)| {
        let before = line[..at].trim_end_matches(|c: char| is_space(c) || c == '=');
        let has_brace = line[at + 1..].starts_with('{');
        let rest = line[at + 1..].trim_start_matches('{');
        let name = rest.split(|c: char| !is_name(c)).next()?;
        if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_') {
            return None;
        }
        // A default says where it listens else.
        let has_default = has_brace && !rest[name.len()..].starts_with('}');
        let is_address = data::ADDRESS_OPTIONS.rows().any(|row| {
            let (option, program) = (row[0], row[1]);
            let front = before.strip_suffix(option).filter(|front| front.ends_with(is_space));
            front.is_some_and(|front| program == "-" || front.split(is_space).any(|word| path::name(word) == program))
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
            ("/usr/bin/gunicorn --bind=$ADDRESS:8000 app:app", Some("ADDRESS")),
            ("uvicorn main:app --host ${HOST:-0.0.0.0}", None),
            ("uvicorn main:app --port $PORT", None),
            ("curl -H $AUTH_HEADER http://a && uvicorn main:app", None),
            ("mysqldump --host=$BACKUP_HOST a", None),
            ("uvicorn main:app --host \"$1\"", None),
            ("echo $HOST", None),
            ("$", None),
        ] {
            assert_eq!(variable_of_address(text), name, "{text}");
        }
    }
}
