//! The application that a command of Flask works on: `--app` names it where Flask does not find it by itself.

use crate::emit::facts::application::Application;
use crate::emit::facts::example::example_of;
use crate::emit::facts::start::start_texts;
use crate::emit::facts::task_object::task_object;
use crate::emit::input::EmitInput;
use crate::text::path;
use crate::variables::ExampleVariable;

/// The files that Flask looks for in the working folder (Flask docs: command line interface, application discovery).
const FOUND: [&str; 2] = ["app.py", "wsgi.py"];

/// How a command of Flask finds its application.
pub(super) enum FlaskApplication {
    /// By itself: a variable of the image or a file names it.
    Default,
    /// By `--app`.
    Named(String),
}

/// How a command of Flask finds the application of a program; nothing where its sources do not tell.
pub(super) fn flask_application(input: &EmitInput, application: &Application) -> Option<FlaskApplication> {
    let build = &application.build;
    let set = build.known_value(build.target()?, "FLASK_APP", usize::MAX).filter(|value| !value.is_empty());
    if set.is_some() {
        return Some(FlaskApplication::Default);
    }
    // No source reads it, so that the job does not get it as a variable.
    let is_value = |known: &ExampleVariable| known.name == "FLASK_APP" && !known.is_comment && !known.value.is_empty();
    let is_near = |known: &&ExampleVariable| {
        let folder = path::parent(&input.files.files[known.file].path);
        path::is_within(folder, &application.context) || path::is_within(&application.context, folder)
    };
    if let Some(example) = example_of(input, application, is_value).filter(is_near) {
        return Some(FlaskApplication::Named(example.value.clone()));
    }
    let starts = start_texts(input, application);
    // Its modules lie in another folder.
    if starts.iter().any(|start| start.text.contains("--chdir")) {
        return None;
    }
    let is_server = |text: &str| ["gunicorn", "waitress-serve", "flask"].iter().any(|program| text.contains(program));
    let words = starts.iter().filter(|start| is_server(start.text)).flat_map(|start| words(start.text));
    if let Some(named) = words.into_iter().find(|word| is_object(word)) {
        return Some(FlaskApplication::Named(named.to_owned()));
    }
    let folder = application.folder();
    let is_found = FOUND.iter().any(|name| {
        let place = path::child(&folder, name);
        application.code_files(input).any(|file| application.place_in_image(file).as_deref() == Some(&place))
    });
    if is_found {
        return Some(FlaskApplication::Default);
    }
    let object = task_object(input, application, "{name} = Flask(")?;
    if object.folder.is_some() {
        return None;
    }
    Some(FlaskApplication::Named(format!("{}:{}", object.module, object.name)))
}

/// The words of a command, as a list or as a line.
fn words(text: &str) -> impl Iterator<Item = &str> {
    text.split(|c: char| c.is_whitespace() || "[],\"'=".contains(c))
}

/// Whether a word names an object of a module: `shop.web:app`, `web:create_app()`.
fn is_object(word: &str) -> bool {
    let is_name = |text: &str| {
        text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
            && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '.')
    };
    // `python:web.conf` is a configuration of Gunicorn.
    word.split_once(':').is_some_and(|(module, object)| {
        module != "python" && is_name(module) && is_name(object.strip_suffix("()").unwrap_or(object))
    })
}

#[cfg(test)]
mod tests {
    use super::{is_object, words};

    #[test]
    fn objects_of_modules_are_told_from_addresses() {
        let of = |text| words(text).find(|word| is_object(word));
        for (text, object) in [
            ("[\"gunicorn\", \"-b\", \"0.0.0.0:5000\", \"shop.web:app\"]", Some("shop.web:app")),
            ("gunicorn --bind :8000 'web:create_app()'", Some("web:create_app()")),
            ("flask --app=shop:app run --host 0.0.0.0", Some("shop:app")),
            ("gunicorn -b 0.0.0.0:5000 -b unix:/run/a.sock -b localhost:8000", None),
            ("gunicorn -c python:web.conf web.main:app", Some("web.main:app")),
            ("flask run", None),
        ] {
            assert_eq!(of(text), object, "{text}");
        }
    }
}
