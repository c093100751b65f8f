//! SQL that makes the tables of a database, where nothing in the repository runs it: the image of the database does, when its
//! volume is new.

use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::manifest::{FileKind, FileRole};
use crate::sources::values::without_comments;
use crate::text::path;
use crate::variables::VariableFile;

/// The folder whose scripts the images of databases run when their volume is new.
pub(in crate::emit) const INIT_SCRIPTS: &str = "/docker-entrypoint-initdb.d";

/// Scripts that are looked at.
const MOST: usize = 32;

/// Bytes of a script that are looked at.
const LIMIT: usize = 256 << 10;

/// What the image of a database is given.
#[derive(Clone, Debug)]
pub(in crate::emit) struct SchemaScript {
    /// The volume: `./db/init.sql:/docker-entrypoint-initdb.d/init.sql:ro`.
    pub(in crate::emit) volume: String,
    /// The database that it names.
    pub(in crate::emit) database: Option<String>,
    pub(in crate::emit) place: String,
    /// Whether it makes tables, which would stop what migrates, and not only extensions.
    pub(in crate::emit) makes_tables: bool,
    /// Whether only `MySQL` and `MariaDB` understand it.
    is_mysql: bool,
    is_postgres: bool,
    /// What it makes by itself: `database shop`, `user app`.
    pub(in crate::emit) makes: Vec<String>,
}

impl SchemaScript {
    /// Whether the volume is the whole folder of scripts, to which nothing can be added.
    pub(in crate::emit) fn is_folder(&self) -> bool {
        self.volume.ends_with(&format!("{INIT_SCRIPTS}:ro"))
    }

    /// Whether a kind of server understands it.
    pub(in crate::emit) fn is_for(&self, host: &str) -> bool {
        match host {
            "postgres" => !self.is_mysql,
            "mysql" | "mariadb" => !self.is_postgres,
            _ => false,
        }
    }
}

/// The script, or the folder of scripts, that makes the tables; several of which none has the name of the first are left to
/// the user.
pub(in crate::emit) fn schema_script(
    input: &EmitInput,
    applications: &[Application],
    plan: &mut ComposePlan,
) -> Option<SchemaScript> {
    let with = |words: &str| -> Vec<&VariableFile> {
        input.files.files.iter().filter(|file| makes(file, words)).take(MOST + 1).collect()
    };
    let mut scripts = with("create table");
    let makes_tables = !scripts.is_empty();
    if !makes_tables {
        scripts = with("create extension");
        scripts.retain(|file| makes_extensions_alone(file));
    }
    // So many are the steps of some tool.
    if scripts.len() > MOST {
        return None;
    }
    let scripts: Vec<&VariableFile> =
        scripts.into_iter().filter(|file| !is_run(input, applications.iter(), file)).collect();
    let first = scripts.first()?;
    let folder = path::parent(&first.path);
    let is_folder = path::name(folder).contains("initdb");
    let script = match scripts.as_slice() {
        [only] => *only,
        all if is_folder && all.iter().all(|file| path::parent(&file.path) == folder) => *first,
        all => {
            let script = script_with_name(all);
            if script.is_none() {
                let places: Vec<String> = all.iter().take(4).map(|file| format!("`{}`", file.source.name())).collect();
                plan.notes.push(format!(
                    "{} make tables, and nothing shows which of them, and in which order: no database was given them",
                    places.join(", ")
                ));
            }
            script?
        }
    };
    let below = |place: &str| path::relative(place, input.folder).map(str::to_owned);
    let is_beside = |file: &VariableFile| {
        let is_script = FileKind::of(&file.below).is_shell() || FileKind::of(&file.below).language() == "SQL";
        is_script && path::parent(&file.path) == folder
    };
    let volume = if is_folder && input.files.files.iter().filter(|file| is_beside(file)).count() > 1 {
        format!("./{}:{INIT_SCRIPTS}:ro", below(folder)?)
    } else {
        format!("./{}:{INIT_SCRIPTS}/{}:ro", below(&script.path)?, path::name(&script.path))
    };
    let text = beginning(script).to_ascii_lowercase();
    if let Some(sign) = data::SCRIPT_SIGNS.with("refused").find(|sign| has_words(&text, sign)) {
        plan.notes
            .push(format!("{} makes tables, and no database was given it: it has `{sign}`", script.source.name()));
        return None;
    }
    let mut known = script_of(volume, script, &[script]);
    (known.database, known.makes_tables) = (database(&text), makes_tables);
    Some(known)
}

/// A script that makes tables, whose volume holds some files.
pub(super) fn script_of(volume: String, first: &VariableFile, files: &[&VariableFile]) -> SchemaScript {
    let has = |role: &'static str| {
        files.iter().any(|file| {
            let text = beginning(file).to_ascii_lowercase();
            data::SCRIPT_SIGNS.with(role).any(|sign| has_words(&text, sign))
        })
    };
    let is_mysql = has("mysql");
    SchemaScript {
        volume,
        database: None,
        place: first.source.name().to_owned(),
        makes_tables: true,
        is_mysql,
        is_postgres: !is_mysql && has("postgres"),
        makes: files.iter().flat_map(|file| names_made(beginning(file))).collect(),
    }
}

/// The databases and users that a script makes where there are none: `database shop`, `user app`, in small letters. The image
/// of a database, which makes those of its variables before, then stops.
pub(super) fn names_made(text: &str) -> Vec<String> {
    let statements = text.lines().map(|line| line.trim().to_ascii_lowercase());
    let names = statements.filter_map(|line| {
        let rest = line.strip_prefix("create ")?;
        let (kind, rest) = rest.split_once(' ')?;
        let kind = match kind {
            "database" | "schema" => "database",
            "user" | "role" => "user",
            _ => return None,
        };
        let name = rest.trim_start().split([' ', ';', '@']).next()?.trim_matches(['`', '"', '\'']);
        (name != "if" && !name.is_empty()).then(|| format!("{kind} {name}"))
    });
    names.collect()
}

/// What the scripts make that the repository puts into the image of a server.
pub(super) fn made_in_image(input: &EmitInput, application: &Application) -> Vec<String> {
    let is_script = |file: &&VariableFile| {
        let kind = FileKind::of(&file.below);
        path::is_below(&file.path, &application.context) && (kind.is_shell() || kind.language() == "SQL")
    };
    input.files.files.iter().filter(is_script).flat_map(|file| names_made(beginning(file))).collect()
}

/// Whether a text has words that no letter, digit or `_` continues.
pub(super) fn has_words(text: &str, words: &str) -> bool {
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_';
    let starts = |at: usize| !words.starts_with(is_word) || !text[..at].ends_with(is_word);
    let ends = |end: usize| !words.ends_with(is_word) || !text[end..].starts_with(is_word);
    text.match_indices(words).any(|(at, _)| starts(at) && ends(at + words.len()))
}

/// The one script with the name of a first one: `init.sql`, `schema.sql`.
fn script_with_name<'f>(scripts: &[&'f VariableFile]) -> Option<&'f VariableFile> {
    let mut first = scripts.iter().filter(|file| {
        let name = path::name(&file.path).to_ascii_lowercase();
        ["init", "schema", "create"].iter().any(|word| name.contains(word))
    });
    let (script, None) = (first.next()?, first.next()) else { return None };
    Some(script)
}

/// The part of a script that is looked at.
pub(super) fn beginning(file: &VariableFile) -> &str {
    let text = file.source.text();
    &text[..text.floor_char_boundary(LIMIT.min(text.len()))]
}

/// Whether it is a script for an empty database with these words.
fn makes(file: &VariableFile, words: &str) -> bool {
    let kind = FileKind::of(&file.below);
    let is_other = matches!(kind.role(), FileRole::Test | FileRole::Example | FileRole::Vendored | FileRole::Migration);
    // Tools and frameworks that run scripts know them by such folders and names.
    let is_of_tool = |part: &str| data::SCRIPT_SIGNS.with("tool").any(|word| part.contains(word));
    let name = path::name(&file.below).trim_start_matches(['V', 'v']);
    let is_numbered = name.starts_with(|c: char| c.is_ascii_digit()) && !path::parent(&file.below).contains("initdb");
    kind.language() == "SQL"
        && !is_other
        && !is_numbered
        && !file.below.to_ascii_lowercase().split('/').any(is_of_tool)
        && !file.below.contains("src/main/resources/")
        && beginning(file).to_ascii_lowercase().contains(words)
}

/// Whether a script makes nothing but extensions that the image has, where they are not there.
fn makes_extensions_alone(file: &VariableFile) -> bool {
    let text = beginning(file).to_ascii_lowercase();
    let text: String =
        text.lines().filter(|line| !line.trim_start().starts_with("--")).flat_map(|line| [line, " "]).collect();
    text.split(';').map(str::trim).filter(|statement| !statement.is_empty()).all(|statement| {
        let rest = statement.strip_prefix("create extension if not exists ").unwrap_or_default();
        let name = rest.split_whitespace().next().unwrap_or_default().trim_matches('"');
        data::POSTGRES_EXTENSIONS.contains(name)
    })
}

/// Whether a program, or the image of a server that is built here, has the script and may run it.
pub(super) fn is_run<'p, 'i: 'p>(
    input: &EmitInput,
    mut applications: impl Iterator<Item = &'p Application<'i>>,
    script: &VariableFile,
) -> bool {
    let name = path::name(&script.path);
    // By its name, or with the folder that it lies in.
    let folder = path::parent(&script.below);
    let folders =
        ['"', '\'', '`', '/'].map(|quote| format!("{}{quote}", if folder.is_empty() { name } else { folder }));
    let names = |text: &str| text.contains(name) || folders.iter().any(|folder| text.contains(folder.as_str()));
    applications.any(|application| {
        let mut files = application.code_files(input);
        let is_server = application.server.is_some() && path::is_below(&script.path, &application.context);
        let names_it = |file: &VariableFile| names(&without_comments(&file.below, file.source.text()));
        is_server || files.any(|file| FileKind::of(&file.below).has_code() && names_it(file))
    })
}

/// The one database that a script uses: `USE notes;`.
fn database(text: &str) -> Option<String> {
    let mut names: Vec<&str> = Vec::new();
    for line in text.lines().map(str::trim) {
        let rest = line.strip_prefix("use ").or_else(|| line.strip_prefix("\\c "));
        let name = rest.map(|rest| rest.trim().trim_end_matches(';').trim_matches(['`', '"', ' ']));
        names.extend(name.filter(|name| crate::emit::server_image::is_word(name)));
    }
    names.dedup();
    match names[..] {
        [name] => Some(name.to_owned()),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::{database, names_made};

    #[test]
    fn what_a_script_makes_by_itself_is_read() {
        let text = "CREATE DATABASE `Shop`;\n  create user 'app'@'%' identified by 'x';\nCREATE DATABASE IF NOT EXISTS a;\nCREATE TABLE b (c INT);\nCREATE ROLE reader;\n";
        assert_eq!(names_made(text), ["database shop", "user app", "user reader"]);
    }

    #[test]
    fn words_are_whole() {
        for (text, words, has) in [
            ("id serial primary key", "serial", true),
            ("serial_number text", "serial", false),
            ("a\nowner to app;", "owner to", true),
            ("`a`", "`", true),
            ("serial", "serial", true),
        ] {
            assert_eq!(super::has_words(text, words), has, "{text}");
        }
    }

    #[test]
    fn the_database_of_a_script_is_read() {
        assert_eq!(
            database("create database `notes`;\nuse `notes`;\ncreate table a (id int);").as_deref(),
            Some("notes")
        );
        for text in ["", "use a;\nuse b;", "use a b;", "-- use a;", "use ;"] {
            assert_eq!(database(text), None, "{text}");
        }
    }
}
