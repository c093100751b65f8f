//! Numbered SQL that makes tables, `migrations/001_users.sql`, where neither a tool nor a program runs it: the image of the
//! database does, in the order of the names, when its volume is new.

use std::collections::BTreeSet;

use super::program::Program;
use super::schema_script::{INIT_SCRIPTS, SchemaScript, beginning, has_words, is_run, script_of};
use crate::data;
use crate::emit::input::EmitInput;
use crate::emit::plan::ComposePlan;
use crate::manifest::{FileKind, FileRole};
use crate::sources::patterns;
use crate::text::path;
use crate::variables::VariableFile;

/// Files that are looked at.
const MOST: usize = 100;

/// The folder of scripts; several, and such as would not run one after the other, are left to the user.
pub(in crate::emit) fn numbered_scripts(
    input: &EmitInput,
    programs: &[Program],
    plan: &mut ComposePlan,
) -> Option<SchemaScript> {
    let files: Vec<&VariableFile> = input.files.files.iter().filter(|file| is_step(file)).take(MOST).collect();
    let first = files.first()?;
    let folder = path::parent(&first.path);
    let applications = || programs.iter().map(|program| &program.application);
    if files.iter().any(|file| is_run(input, applications(), file)) || has_runner(input, programs) {
        return None;
    }
    let tables: Vec<String> = files.iter().flat_map(|file| tables(&beginning(file).to_ascii_lowercase())).collect();
    let refuses = |file: &&VariableFile| {
        let text = beginning(file).to_ascii_lowercase();
        data::SCRIPT_SIGNS.with("refused").any(|sign| has_words(&text, sign))
    };
    let is_other = |file: &VariableFile| {
        path::parent(&file.path) == folder
            && FileKind::of(&file.below).language() == "SQL"
            && !files.iter().any(|known| known.path == file.path)
    };
    let is_plain = files.iter().all(|file| path::parent(&file.path) == folder)
        && !files.iter().any(refuses)
        && !input.files.files.iter().any(is_other)
        && tables.iter().collect::<BTreeSet<_>>().len() == tables.len();
    if tables.is_empty() {
        return None;
    }
    if !is_plain {
        let places: Vec<String> = files.iter().take(4).map(|file| format!("`{}`", file.source.name())).collect();
        let files = places.join(", ");
        plan.notes
            .push(format!("nothing here runs {files}, and they do not run one after the other: run what is wanted"));
        return None;
    }
    let below = path::relative(folder, input.folder).filter(|below| !below.is_empty())?;
    Some(script_of(format!("./{below}:{INIT_SCRIPTS}:ro"), first, &files))
}

/// Whether a file is a numbered step of a schema, of no tool.
fn is_step(file: &VariableFile) -> bool {
    let kind = FileKind::of(&file.below);
    let is_other = matches!(kind.role(), FileRole::Test | FileRole::Example | FileRole::Vendored);
    let name = path::name(&file.below);
    let is_of_tool = |part: &str| data::SCRIPT_SIGNS.with("step-tool").any(|word| part.contains(word));
    kind.language() == "SQL"
        && !is_other
        && name.starts_with(|c: char| c.is_ascii_digit())
        && !path::parent(&file.below).is_empty()
        && !file.below.to_ascii_lowercase().split('/').any(is_of_tool)
}

/// Whether the code of a program has what migrates databases.
fn has_runner(input: &EmitInput, programs: &[Program]) -> bool {
    let mut files = programs.iter().flat_map(|program| program.application.code_files(input));
    files.any(|file| {
        let kind = FileKind::of(&file.below);
        patterns::of("migrates a database").any(|word| word.is_of(kind) && file.source.text().contains(word.text))
    })
}

/// The names of the tables that a text in small letters makes.
fn tables(text: &str) -> Vec<String> {
    let texts = text.split("create table").skip(1).map(str::trim_start);
    let rests = texts.map(|rest| rest.strip_prefix("if not exists").unwrap_or(rest).trim_start());
    let is_end = |c: char| c.is_whitespace() || c == '(';
    rests.filter_map(|rest| rest.split(is_end).next()).map(|name| name.trim_matches(['`', '"']).to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use super::tables;

    #[test]
    fn names_of_tables_are_read() {
        assert_eq!(tables("create table if not exists `a` (x int);\ncreate table b(y int);"), ["a", "b"]);
        assert!(tables("alter table a add z int;").is_empty());
    }
}
