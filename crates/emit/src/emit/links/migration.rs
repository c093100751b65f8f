//! The job that brings the schema of a database up to date.

use super::alembic::{ini_value, own_container_place};
use super::django_models::missing_migrations;
use super::flask_application::{FlaskApplication, flask_application};
use super::named_service::is_job;
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::endpoint::{endpoint_input, place_of_line};
use crate::emit::facts::entrypoint::{EntrypointRole, entrypoint_arguments};
use crate::emit::facts::example::place;
use crate::emit::facts::runner::in_environment;
use crate::emit::facts::start::start_texts;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::manifest::{Ecosystem, FileKind, ManifestScript, Project, Tool};
use crate::shell::{Invocation, Word};
use crate::sources::patterns;
use crate::sources::values::without_comments;
use crate::text::path;
use crate::variables::VariableFile;

/// The name of its service, where no other one has it.
pub(super) const NAME: &str = "migrate";

/// What commands have that only developers run.
const DEVELOPMENT: [&str; 5] = ["migrate dev", "db push", "nodemon", "--watch", "--env-file"];

/// The package whose commands need the application.
const FLASK_MIGRATE: &str = "flask-migrate";

/// The job.
#[derive(Debug)]
pub(in crate::emit) struct MigrationJob {
    /// The name of its service.
    pub(in crate::emit) name: String,
    /// The folder of the image that it runs in, where that is another than the program's.
    pub(in crate::emit) folder: Option<String>,
    /// Its command; nothing where the image starts it.
    pub(in crate::emit) command: Vec<String>,
    /// The image of a tool that runs it, where it is not that of the program.
    pub(in crate::emit) published: Option<PublishedImage>,
    pub(in crate::emit) reason: String,
    pub(in crate::emit) place: Option<String>,
}

impl MigrationJob {
    /// A command in the image of a program, in this folder.
    fn of_image(
        application: &Application,
        folder: String,
        command: Vec<String>,
        reason: String,
        place: String,
    ) -> MigrationJob {
        MigrationJob {
            name: NAME.to_owned(),
            folder: (folder != application.folder()).then_some(folder),
            command,
            published: None,
            reason,
            place: Some(place),
        }
    }

    /// Whether an image is made for it.
    pub(in crate::emit) const fn is_image(&self) -> bool {
        self.command.is_empty()
    }
}

/// The image of a tool that migrates databases.
#[derive(Debug)]
pub(in crate::emit) struct PublishedImage {
    pub(in crate::emit) image: String,
    /// The volume with the files: `./migrations:/migrations:ro`.
    pub(in crate::emit) volume: String,
    /// The name of the database.
    pub(in crate::emit) database: String,
}

/// What brings the schema of a database up to date when a program starts.
#[derive(Debug)]
pub(in crate::emit) struct StartMigration {
    pub(in crate::emit) command: &'static str,
    pub(in crate::emit) place: String,
}

/// What a program brings the schema of its database up to date with when it starts: a command, or a call of a source that it
/// loads.
pub(in crate::emit) fn migration_at_start(input: &EmitInput, application: &Application) -> Option<StartMigration> {
    let by_command = start_texts(input, application).into_iter().find_map(|start| {
        let command = data::MIGRATIONS.keys().find(|key| start.text.contains(*key))?;
        Some(StartMigration { command, place: start.place })
    });
    by_command.or_else(|| {
        let build = &application.build;
        let endpoint = endpoint_input(input, application, build, build.target()?);
        if !endpoint.is_start_known {
            return None;
        }
        let mut calls = endpoint.files.iter().enumerate().filter_map(|(file, source)| {
            let kind = FileKind::of(source.path);
            let mut words = patterns::of("migrates a database").filter(|call| call.is_of(kind)).map(|call| call.text);
            let by_word = words.find(|word| source.text.contains(word));
            let lists = |command: &&'static str| kind.has_code() && is_listed(source.text, command);
            let by_list = || data::MIGRATIONS.keys().find(lists);
            let command = by_word.or_else(by_list)?;
            let text = without_comments(source.path, source.text);
            let line = text.lines().position(|line| line.contains(command) || is_listed(line, command))? + 1;
            // An argument of the command may have to ask for it.
            if text.contains("argv") {
                return None;
            }
            Some(StartMigration { command, place: place_of_line(input, application, &endpoint, (file, line))? })
        });
        calls.next()
    })
}

/// Whether a source has a command as the words of a list: `["alembic", "upgrade", "head"]`.
fn is_listed(text: &str, command: &str) -> bool {
    let listed = |quote: &str| text.contains(&command.replace(' ', &format!("{quote}, {quote}")));
    command.contains(' ') && (listed("\"") || listed("'"))
}

/// The job of an image whose command migrates the database: `CMD ["dotnet", "ef", "database", "update"]`, or whose name says
/// so.
pub(in crate::emit) fn image_migration(application: &Application) -> Option<MigrationJob> {
    let launch = application.build.launch(application.build.target()?)?;
    let invocations = launch.script().invocations();
    let last = invocations.last()?;
    let words: Vec<&str> = std::iter::once(last.path).chain(last.args).map(Word::text).collect();
    let text = words.join(" ");
    let is_named = || is_job(application) && application.words_of_name().any(|word| word.starts_with("migrat"));
    let by_command = application.migrates.as_deref();
    let by_command = by_command.or_else(|| data::MIGRATIONS.keys().find(|key| text.contains(*key)));
    let reason = match by_command {
        Some(key) => format!("its image runs `{key}`, and ends"),
        None if is_named() => format!("its name says that it does its work once: `{}`", application.name),
        None => return None,
    };
    Some(MigrationJob {
        name: application.name.clone(),
        folder: None,
        command: Vec::new(),
        published: None,
        reason,
        place: Some(application.place.clone()),
    })
}

/// The job of a program that keeps its schema in its source; none where the program brings it up to date when it starts.
/// `start`: what does so then.
pub(in crate::emit) fn migration(
    input: &EmitInput,
    application: &Application,
    start: Option<&StartMigration>,
    plan: &mut ComposePlan,
) -> Option<MigrationJob> {
    if is_prepared_otherwise(input, application, start, plan) {
        return None;
    }
    let files: Vec<_> = application.code_files(input).collect();
    for row in data::MIGRATION_COMMANDS.rows() {
        let ecosystem = Ecosystem::of(row[0])?;
        if !application.has_package(ecosystem, row[1]) {
            plan.notes.extend(missing_tool(input, application, row));
            continue;
        }
        let key = data::MIGRATIONS.keys().find(|key| row[3].contains(key)).unwrap_or(row[3]);
        let Some((file, folder)) = settings_in_image(application, &files, row[2]) else {
            let is_run = start_texts(input, application).iter().any(|start| start.text.contains(key));
            let is_specific = row[2] != "pyproject.toml";
            let elsewhere = files.iter().find(|file| path::ends_with(&file.path, row[2]));
            if let (Some(file), true, false) = (elsewhere, is_specific, is_run) {
                let (name, file) = (&application.name, file.source.name());
                plan.notes.push(format!(
                    "{name} keeps the schema of its database in {file}, whose place in the image is not known: no job runs `{key}`"
                ));
            }
            continue;
        };
        if let Some(note) = reason_against(input, application, file, (row, key)) {
            plan.notes.push(note);
            return None;
        }
        if row[1] == "django" {
            plan.notes.extend(missing_migrations(input, application));
        }
        let starts = start_texts(input, application);
        let by_command = starts.into_iter().find(|start| start.text.contains(key)).map(|start| start.place);
        let by_source = start.filter(|start| start.command == key).map(|start| start.place.clone());
        if let Some(place) = by_command.or(by_source) {
            plan.notes.push(format!("{} runs `{key}` when it starts ({place}): no job was added", application.name));
            return None;
        }
        let mut words: Vec<String> = row[3].split(' ').map(str::to_owned).collect();
        if row[1] == FLASK_MIGRATE {
            match flask_application(input, application) {
                Some(FlaskApplication::Default) => {}
                Some(FlaskApplication::Named(object)) => {
                    words.splice(1..1, ["--app".to_owned(), object]);
                }
                None => {
                    let (name, file) = (&application.name, file.source.name());
                    plan.notes.push(format!(
                        "{name} keeps the schema of its database in {file}, and which application `{key}` needs is not known: no job runs it"
                    ));
                    return None;
                }
            }
        }
        let command = if ecosystem == Ecosystem::Python { in_environment(application, words) } else { words };
        let reason = format!("`{}` keeps the schema of the database in its source ({})", application.name, row[1]);
        return Some(MigrationJob::of_image(application, folder, command, reason, file.source.name().to_owned()));
    }
    migration_script(input, application, plan)
}

/// Why a tool cannot run: a folder that it needs is not there, or no variable leads it to the database.
fn reason_against(
    input: &EmitInput,
    application: &Application,
    file: &VariableFile,
    (row, key): (data::Row, &str),
) -> Option<String> {
    let name = &application.name;
    if let Some(missing) = missing_folder(input, file, row) {
        let file = file.source.name();
        return Some(format!("{file} of {name} needs `{missing}`, which is not there: no job runs `{key}`"));
    }
    let place = if row[1] == "alembic" { own_container_place(input, application)? } else { return None };
    Some(format!(
        "{place} leads the migrations of {name} to their own container, and `env.py` reads no variable: no job runs `{key}`"
    ))
}

/// That a tool which migrates is a package for development, and nothing runs it.
fn missing_tool(input: &EmitInput, application: &Application, row: data::Row) -> Option<String> {
    let mut dependencies = application.projects().flat_map(|project| &project.dependencies);
    let mut scripts = application.projects().flat_map(|project| &project.scripts);
    let is_run = || {
        let starts = start_texts(input, application);
        let key = row[3].strip_prefix("npx ").unwrap_or(row[3]);
        starts.iter().any(|start| start.text.contains(key))
    };
    if !dependencies.any(|known| known.name == row[1])
        || scripts.any(|known| data::MIGRATION_SCRIPTS.contains(&known.name))
        || is_run()
    {
        return None;
    }
    let is_settings = |file: &&VariableFile| {
        path::is_within(&file.path, &application.context) && path::ends_with(&file.path, row[2]) && file.is_of_program()
    };
    let settings = input.files.files.iter().find(is_settings)?.source.name();
    let (name, tool, command) = (&application.name, row[1], row[3]);
    Some(format!("`{tool}` of {name} is a package for development, and nothing runs `{command}` ({settings})"))
}

/// Whether an argument of its entrypoint prepares the database of a program, or a call of its source: a note says so.
fn is_prepared_otherwise(
    input: &EmitInput,
    application: &Application,
    start: Option<&StartMigration>,
    plan: &mut ComposePlan,
) -> bool {
    let setup = entrypoint_arguments(input, application).into_iter().find(|known| known.role == EntrypointRole::Setup);
    if let Some(argument) = setup {
        let (name, argument, place) = (&application.name, argument.name, argument.place);
        // Whether it may run a second time, its name does not say.
        plan.notes.push(format!(
            "the entrypoint of {name} prepares the database when it gets `{argument}` ({place}): `docker compose run --rm {name} {argument}`"
        ));
        return true;
    }
    if let Some(StartMigration { command, place }) = start.filter(|start| !data::MIGRATIONS.contains(start.command)) {
        let name = &application.name;
        plan.notes
            .push(format!("{name} migrates its database when it starts (`{command}`, {place}): no job was added"));
        return true;
    }
    false
}

/// The file that a tool for migrations looks for, and the folder of the image that it must run in; that of the program before
/// others.
fn settings_in_image<'f>(
    application: &Application,
    files: &[&'f VariableFile],
    name: &str,
) -> Option<(&'f VariableFile, String)> {
    let folder = application.folder();
    let known = files.iter().filter(|file| path::ends_with(&file.path, name)).filter_map(|file| {
        let place = application.place_in_image(file).or_else(|| {
            // Without a context: the folder that the program works in, or one that is copied to it.
            let below = path::relative(&file.path, &application.context)?;
            let parent = below.strip_suffix(name)?.trim_end_matches('/');
            let is_there = parent.is_empty() || folder.ends_with(&format!("/{parent}"));
            is_there.then(|| path::child(&folder, name))
        })?;
        let parent = path::parent(&place).to_owned();
        let whole = place.strip_suffix(name)?.trim_end_matches('/').to_owned();
        (!parent.is_empty()).then_some((*file, if whole.is_empty() { "/".to_owned() } else { whole }))
    });
    known.min_by_key(|(_, place)| (*place != folder, place.len()))
}

/// The script of package.json that migrates, where the image has the program that it starts.
fn migration_script(input: &EmitInput, application: &Application, plan: &mut ComposePlan) -> Option<MigrationJob> {
    let name = &application.name;
    let projects = application.projects().filter(|project| project.ecosystem == Ecosystem::Node);
    let projects = projects.filter_map(|project| Some((project, folder_in_image(application, project)?)));
    for (project, folder) in projects {
        let is_wanted = |known: &&ManifestScript| {
            let is_development = DEVELOPMENT.iter().any(|part| known.command.contains(part));
            data::MIGRATION_SCRIPTS.contains(&known.name) && !is_development
        };
        let Some(script) = project.scripts.iter().find(is_wanted) else { continue };
        // Each image of Node.js has npm, whatever installed the packages.
        let is_bun = project.install().is_some_and(|install| install.tool == Tool::Bun);
        let tool = if is_bun { "bun" } else { "npm" };
        let command = vec![tool.to_owned(), "run".to_owned(), script.name.clone()];
        let text = command.join(" ");
        let starts = start_texts(input, application);
        if let Some(start) = starts.iter().find(|start| start.text.contains(&text) || start.text == script.command) {
            plan.notes.push(format!("{name} runs `{text}` when it starts ({}): no job was added", start.place));
            return None;
        }
        if !has_program(application, project, &script.command) || !has_files(input, application, &script.command) {
            plan.notes.push(format!("the image of {name} lacks what `{text}` starts: no job runs it"));
            return None;
        }
        if let Some(place) = fixed_address(input, application) {
            plan.notes.push(format!(
                "{place} names the database at this machine, whatever variables say: no job runs `{text}`"
            ));
            return None;
        }
        let reason = format!("`{}` of package.json brings the schema of the database up to date", script.name);
        return Some(MigrationJob::of_image(application, folder, command, reason, application.place.clone()));
    }
    None
}

/// The folder of the image that a project lies in; that of the program where the project is the whole context.
fn folder_in_image(application: &Application, project: &Project) -> Option<String> {
    if project.root.is_empty() || path::ends_with(&application.context, &project.root) {
        return Some(application.folder());
    }
    let manifest = path::child(&project.root, "package.json");
    let place = application.build.place_in_image(application.build.target()?, &manifest)?;
    Some(path::parent(&place).to_owned())
}

/// The settings of a tool for migrations that name a database at the developer's machine and read no variable.
fn fixed_address(input: &EmitInput, application: &Application) -> Option<String> {
    let files = application.code_files(input);
    let mut settings = files.filter(|file| {
        let name = path::name(&file.path);
        ["drizzle.config.", "knexfile.", "ormconfig."].iter().any(|front| name.starts_with(front))
    });
    settings.find_map(|file| {
        let text = file.source.text();
        let at = ["@localhost", "@127.0.0.1"].iter().find_map(|host| text.find(host))?;
        (!text.contains("env") && !text.contains("import(")).then(|| place(&file.source, at))
    })
}

/// Whether the image has the files that a command names.
fn has_files(input: &EmitInput, application: &Application, command: &str) -> bool {
    let words = command.split_whitespace().map(|word| word.trim_start_matches("./"));
    let mut named = words.filter(|word| FileKind::of(word).has_code() && !word.starts_with('-'));
    let files = || application.code_files(input);
    named.all(|word| files().any(|file| path::ends_with(&file.path, word)))
}

/// Whether the image of a program has what a script of package.json starts: Node.js itself, or a package that is installed.
fn has_program(application: &Application, project: &Project, command: &str) -> bool {
    let mut words = command.split_whitespace().filter(|word| !word.contains('='));
    let first = words.next().unwrap_or_default();
    let program = if first == "npx" { words.next().unwrap_or_default() } else { first };
    let package = data::NODE_PROGRAMS.row(program).map_or(program, |row| row[1]);
    let build = &application.build;
    let omits = |invocation: &Invocation| {
        invocation.package_call().is_some_and(|call| call.says("production") || call.verb_text == "prune")
    };
    let has_all = build.stages().len() == 1 && !build.needed_runs().any(|run| run.invocations().iter().any(omits));
    let mut dependencies = project.dependencies.iter();
    program == "node" || project.runs_with(package) || has_all && dependencies.any(|known| known.name == package)
}

/// The folder that a command of `data/migration_commands.tsv` reads beside a file, where it is not there.
fn missing_folder(input: &EmitInput, file: &VariableFile, row: data::Row) -> Option<String> {
    let name = match row[4].strip_prefix('=') {
        Some(key) => {
            let (key, below) = key.split_once('/').unwrap_or((key, ""));
            let named = named_folder(file.source.text(), key)?;
            // Alembic's files may lie in several other folders.
            let is_moved = named_folder(file.source.text(), "version_locations").is_some();
            if is_moved { named } else { path::child(&named, below) }
        }
        None if row[4] == "-" => return None,
        None => row[4].to_owned(),
    };
    let parent = file.path.strip_suffix(row[2])?.trim_end_matches('/');
    // It may name another folder.
    if input.files.files.iter().any(|known| path::name(&known.path).starts_with("prisma.config.")) {
        return None;
    }
    let folder = path::join(parent, &name);
    let is_there = input.files.files.iter().any(|known| path::is_below(&known.path, &folder));
    (!is_there).then_some(name)
}

/// The folder that a key of an INI file names; none where it is the module of a package, or another variable of the file.
fn named_folder(text: &str, key: &str) -> Option<String> {
    let (_, value) = ini_value(text, key)?;
    let value = value.strip_prefix("%(here)s").map_or(value, |rest| rest.trim_start_matches('/'));
    let is_path = !value.is_empty() && !value.contains([':', '%', '$']) && !value.starts_with(['/', '.']);
    is_path.then(|| value.trim_end_matches('/').to_owned())
}

#[cfg(test)]
mod tests {
    use super::named_folder;

    #[test]
    fn folders_of_migrations_are_read() {
        let of = |text: &str| named_folder(text, "script_location");
        assert_eq!(
            of("[alembic]\n# script_location = a\nscript_location = migrations\n").as_deref(),
            Some("migrations")
        );
        assert_eq!(of("script_location = %(here)s/db/alembic/").as_deref(), Some("db/alembic"));
        for text in
            ["", "script_location", "script_location =", "script_location = app:migrations", "script_location = ../x"]
        {
            assert_eq!(of(text), None, "{text}");
        }
    }
}
