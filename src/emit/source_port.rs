//! The port that the source of a program says its server listens on.

use super::application::Application;
use super::input::EmitInput;
use super::spring_settings::{program_settings, setting};
use super::start::start_texts;
use crate::data;
use crate::manifest::{Ecosystem, FileKind};
use crate::sources::patterns;
use crate::sources::variables::Absence;

/// The port: the default of the variable `PORT`, or what a call says: `http.ListenAndServe(":8000"`, `app.listen(3000`,
/// `app.run(port=os.environ.get("HTTP_PORT", 9090))`.
pub(super) fn source_port(input: &EmitInput, application: &Application) -> Option<u16> {
    let default = application.code.reads.iter().find_map(|(_, read)| match &read.absence {
        Absence::Default(Some(value)) if read.name == "PORT" => port_of(value),
        _ => None,
    });
    let files = application.code.files.iter().map(|at| &input.files.files[*at]);
    let mut sources = files.filter(|file| FileKind::of(&file.below).has_code() && file.is_of_program());
    let called = || {
        sources.find_map(|file| {
            let language = FileKind::of(&file.below).language();
            let language = if language == "TypeScript" { "JavaScript" } else { language };
            let text = file.source.text();
            patterns::words_in(language, "listens on a port").into_iter().find_map(|call| {
                let mut calls = text.match_indices(call).map(|(at, _)| &text[at + call.len()..]);
                calls.find_map(|arguments| argument(arguments).or_else(|| default_in(application, arguments)))
            })
        })
    };
    let of_settings = || start_texts(input, application).iter().find_map(|start| port_setting(start.text));
    default.or_else(called).or_else(of_settings).or_else(|| framework_port(input, application))
}

/// The port in the settings of a server: `http-socket = :8000` of uWSGI.
fn port_setting(text: &str) -> Option<u16> {
    text.lines().find_map(|line| {
        let (key, value) = line.split_once('=')?;
        let key = key.trim();
        patterns::words("setting of a port").find(|word| *word == key)?;
        port_of(value.trim())
    })
}

/// The default of a variable that is read in the arguments of a call.
fn default_in(application: &Application, text: &str) -> Option<u16> {
    let line = text.lines().next()?;
    let mut words = line.split(|c: char| !(c.is_ascii_alphanumeric() || c == '_'));
    words.find_map(|word| {
        application.code.reads.iter().find_map(|(_, read)| match &read.absence {
            Absence::Default(Some(value)) if read.name == word && word.to_ascii_uppercase().contains("PORT") => {
                port_of(value)
            }
            _ => None,
        })
    })
}

/// The port in the arguments of a call, from behind its bracket on: `":8000", nil)`, `3000)`, `host="0.0.0.0", port=80)`.
fn argument(text: &str) -> Option<u16> {
    let end = text.find([')', '\n']).unwrap_or(text.len());
    let arguments = &text[..end];
    let named = arguments.split(',').find_map(|argument| argument.trim().strip_prefix("port="));
    let first = || arguments.split(',').next();
    port_of(named.or_else(first)?.trim().trim_matches(['"', '\'', '`']))
}

/// The port of an address: `:8000`, `http://*:5000/`; of several the first.
fn port_of(text: &str) -> Option<u16> {
    let first = text.split(';').next()?.trim_end_matches('/');
    first.rsplit(':').next()?.parse().ok().filter(|port| *port > 0)
}

/// The port of the framework of a program (`data/framework_ports.tsv`): that of its settings, else the usual one.
fn framework_port(input: &EmitInput, application: &Application) -> Option<u16> {
    let has = |row: &data::Row| Ecosystem::of(row[0]).is_some_and(|known| application.has_package(known, row[1]));
    let row = data::FRAMEWORK_PORTS.rows().find(has)?;
    let mut reads = application.code.reads.iter().filter(|(_, read)| read.name == row[2]);
    let default = reads.find_map(|(_, read)| match &read.absence {
        Absence::Default(Some(value)) => port_of(value),
        _ => None,
    });
    let settings = program_settings(input, application);
    let ports = || setting(&settings, row[3])?.parse().ok();
    default.or_else(ports).or_else(|| row[4].parse().ok())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_of_calls_are_read() {
        assert_eq!(argument("\":8000\", router))"), Some(8000));
        assert_eq!(argument("3000, () => {})"), Some(3000));
        assert_eq!(argument("\"0.0.0.0:80\")"), Some(80));
        assert_eq!(argument("host=\"0.0.0.0\", port=8000, debug=True)"), Some(8000));
        assert_eq!(argument("\"http://*:5000;https://*:5001\");"), Some(5000));
        assert_eq!(argument("port)"), None);
        assert_eq!(argument("\":0\")"), None);
        assert_eq!(argument("é"), None);
        assert_eq!(port_setting("[uwsgi]\nmaster\nif-not-env = IPV6\nhttp-socket = :8000\nendif =\n"), Some(8000));
        assert_eq!(port_setting("socket = /run/a.sock\nhttp-timeout = 80\n"), None);
    }
}
