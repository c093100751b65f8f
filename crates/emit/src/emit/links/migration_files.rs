//! Files of SQL that bring the schema of a database up to date, and that nothing in the repository runs: the job with the
//! image of their tool.

use std::collections::{BTreeMap, BTreeSet};

use super::backend::{Backend, Backends};
use super::login::BackendPassword;
use super::migration::{MigrationJob, NAME, PublishedImage};
use super::program::Program;
use super::schema_script::beginning;
use crate::data;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::manifest::{Ecosystem, FileKind, FileRole};
use crate::sources::patterns;
use crate::text::path;
use crate::variables::VariableFile;

/// Files of a folder that are looked at.
const MOST: usize = 500;

/// The job, with the index of a program that connects to its database.
pub(in crate::emit) fn file_migration(
    input: &EmitInput,
    programs: &[Program],
    backends: &Backends,
    plan: &mut ComposePlan,
) -> Option<(usize, MigrationJob)> {
    let folders = folders(input);
    let (folder, file, tool) = data::MIGRATION_FILES.rows().find_map(|row| {
        let is_named = row[3] == "-" || programs.iter().any(|program| has_package(program, row[3]));
        // Copies for tests lie deeper.
        let fits = folders.iter().filter(|(_, files)| files.iter().any(|file| is_of_tool(file, row)));
        let (folder, files) = fits.min_by_key(|(folder, _)| folder.matches('/').count())?;
        let file = files.iter().find(|file| is_of_tool(file, row))?;
        (is_named || is_of_go(input, programs, row, file)).then_some((*folder, *file, row))
    })?;
    let name = tool[0];
    let place = file.source.name();
    let below = path::relative(folder, input.folder)?;
    let unknown = |why: &str| format!("{place} is for {name}, and {why}: no job runs it");
    if let Some(runner) = runner(input, programs) {
        plan.notes.push(unknown(&format!("{runner} may run it")));
        return None;
    }
    let mut databases = backends.all.iter().filter(|known| backends.is_database(&known.name));
    let (Some(database), None) = (databases.next(), databases.next()) else {
        plan.notes.push(unknown("nothing shows which database it is for"));
        return None;
    };
    let mut rows = data::MIGRATION_FILES.rows().filter(|row| row[0] == name);
    let Some(row) = rows.find(|row| row[4] == database.row.host && row[5] != "-") else {
        plan.notes.push(unknown("it has no image of its own for this database"));
        return None;
    };
    let at = programs.iter().position(|program| program.connects_to(&database.name))?;
    let command = row[6].split(' ').map(|word| filled(word, database)).collect();
    let volume = format!("./{below}:/migrations:ro");
    let job = MigrationJob {
        name: NAME.to_owned(),
        folder: None,
        command,
        published: Some(PublishedImage { image: row[5].to_owned(), volume, database: database.name.clone() }),
        reason: format!("{place} is for {name}, and nothing here runs it"),
        place: Some(place.to_owned()),
    };
    Some((at, job))
}

/// The folders with SQL for steps of a schema, each with its files.
fn folders<'f>(input: &EmitInput<'f>) -> BTreeMap<&'f str, Vec<&'f VariableFile>> {
    let mut folders: BTreeMap<&str, Vec<&VariableFile>> = BTreeMap::new();
    let is_other = |file: &VariableFile| {
        matches!(FileKind::of(&file.below).role(), FileRole::Test | FileRole::Example | FileRole::Vendored)
    };
    let files =
        input.files.files.iter().filter(|file| FileKind::of(&file.below).language() == "SQL" && !is_other(file));
    for file in files.take(MOST) {
        folders.entry(path::parent(&file.path)).or_default().push(file);
    }
    folders
}

/// Whether a file is a numbered step of golang-migrate beside programs of Go, which neither embed nor name such files: people call the
/// tool from a makefile or by hand, so that no manifest names it.
fn is_of_go(input: &EmitInput, programs: &[Program], row: data::Row, file: &VariableFile) -> bool {
    let is_numbered = path::name(&file.path).starts_with(|c: char| c.is_ascii_digit());
    let is_go = |program: &Program| program.application.projects().any(|project| project.ecosystem == Ecosystem::Go);
    let embeds = |program: &Program| {
        let mut sources = program.application.code_files(input);
        sources.any(|file| {
            let text = file.source.text();
            let mut lines = text.lines();
            let is_embedded =
                |line: &str| line.starts_with("//go:embed") && (line.contains("sql") || line.contains("migration"));
            text.contains(".up.sql") || lines.any(is_embedded)
        })
    };
    row[1] == ".up.sql" && is_numbered && programs.iter().any(is_go) && !programs.iter().any(embeds)
}

fn is_of_tool(file: &VariableFile, row: data::Row) -> bool {
    let text = beginning(file).to_ascii_lowercase();
    file.path.ends_with(row[1])
        && (row[2] == "-" || text.contains(row[2]))
        && (row[2] != "-" || text.contains("create"))
}

fn has_package(program: &Program, front: &str) -> bool {
    let mut dependencies = program.application.projects().flat_map(|project| &project.dependencies);
    dependencies.any(|known| known.name.starts_with(front))
}

/// The source of a program that calls what migrates databases, and may be the one that starts.
fn runner(input: &EmitInput, programs: &[Program]) -> Option<String> {
    let mut sources = programs.iter().flat_map(|program| {
        let files = program.application.code_files(input).filter(|file| file.is_of_program());
        files.filter(move |file| starts_in(program, &file.below))
    });
    let source = sources.find(|file| {
        let kind = FileKind::of(&file.below);
        let mut words = patterns::of("migrates a database").filter(|word| word.is_of(kind));
        words.any(|word| file.source.text().contains(word.text))
    })?;
    Some(source.source.name().to_owned())
}

/// Whether a source belongs to what is compiled into the image of a program; all do where nothing names a part.
fn starts_in(program: &Program, below: &str) -> bool {
    let packages: BTreeSet<String> = crate::build::compiled_packages(&program.application.build).into_iter().collect();
    let is_command = |part: &str| part == "cmd";
    packages.is_empty()
        || !below.split('/').any(is_command)
        || packages.iter().any(|package| path::parent(below).ends_with(package.as_str()))
}

/// A word of a command with what it needs to log in.
fn filled(word: &str, database: &Backend) -> String {
    let password = database.password.as_ref().map(BackendPassword::value).unwrap_or_default();
    let word = word.replace("{user}", &database.user).replace("{password}", &password);
    word.replace("{host}", &database.name).replace("{database}", &database.database)
}
