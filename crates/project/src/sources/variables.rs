//! Which variables of the environment a source file reads, and what the program does without them, by the table
//! `data/variable_reads.tsv`. Nothing is executed; names that only running the program tells are noted as such.

mod calls;
mod embedded;
mod fields;
mod placeholders;
mod prefixed_fields;
mod read;
mod refusal;
mod schema;
mod shell_variables;
mod tags;

use std::collections::BTreeSet;

pub use self::calls::is_asked_for;
pub use self::placeholders::is_spring;
use self::read::ReadRows;
pub use self::read::{Absence, VariableRead, VariableReads};
pub use self::refusal::{is_done_without, may_be_refused};
use super::values::without_comments;
use crate::manifest::{Ecosystem, FileKind};
use crate::text::path;

/// The variables that a source file reads; `path` tells its language.
pub fn variable_reads(path: &str, text: &str) -> VariableReads {
    let kind = FileKind::of(path);
    let mut reads = VariableReads::default();
    let name = path::name(path);
    match () {
        () if kind.is_shell() => add_script(text, &mut reads),
        () if name.ends_with(".template") => placeholders::add_template(text, &mut reads),
        () if placeholders::is_spring(name) => placeholders::add_spring(name, text, &mut reads),
        () if kind.has_code() || kind.language() == "Prisma" => {
            let blank = without_comments(path, text);
            let rows = ReadRows::of(kind, text);
            calls::add(kind, &blank, &rows, &mut reads);
            match kind.language() {
                "Python" => fields::add(&blank, &rows, &mut reads),
                "Go" => tags::add(&blank, &mut reads),
                _ => {}
            }
            if kind.ecosystem() == Some(Ecosystem::Node) {
                schema::add(&blank, &rows, &mut reads);
            }
        }
        () => {}
    }
    soften(&mut reads);
    reads
}

/// Adds what a script reads, and the sources that stand in it. What these do without a variable, the script may pass over.
fn add_script(text: &str, reads: &mut VariableReads) {
    shell_variables::add(text, reads);
    for source in embedded::sources(text) {
        for read in variable_reads(source.name, source.text).reads {
            let absence = if read.absence == Absence::Fails { Absence::Continues } else { read.absence };
            reads.reads.push(VariableRead { at: source.at + read.at, absence, ..read });
        }
    }
}

/// A variable that is read in another way in the same file is asked for before it is used.
fn soften(reads: &mut VariableReads) {
    reads.reads.sort();
    reads.reads.dedup_by(|a, b| a.at == b.at && a.name == b.name);
    let gentle = reads.reads.iter().filter(|read| read.absence != Absence::Fails).map(|read| read.name.clone());
    let gentle: BTreeSet<String> = gentle.chain(reads.sets.iter().cloned()).collect();
    for read in &mut reads.reads {
        if read.absence == Absence::Fails && gentle.contains(&read.name) {
            read.absence = Absence::Continues;
        }
    }
}

#[cfg(test)]
mod tests;
