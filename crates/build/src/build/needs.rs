//! What a program needs to run (`data/program_needs.tsv`).

use crate::data;

/// The programs and packages without which a program does not run.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ProgramNeeds {
    /// Other programs.
    pub programs: Vec<&'static str>,
    /// Globs of packages that contain it or one of these.
    pub packages: Vec<&'static str>,
    /// Whether every image of its distribution has it.
    pub is_of_system: bool,
}

impl ProgramNeeds {
    /// The needs of a program.
    pub fn of(program: &str) -> Self {
        let Some(cells) = data::PROGRAM_NEEDS.row(program) else { return Self::default() };
        let &[_, programs, packages, origin, ..] = cells else { return Self::default() };
        let list = |cell| data::words(cell).collect();
        Self { programs: list(programs), packages: list(packages), is_of_system: origin == "system" }
    }
}
