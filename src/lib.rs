//! dockopt makes Docker builds small and fast, and proves it.
//!
//! This file is the map. The modules stand in reading order; each uses only modules above it, and a test
//! (`tests/integration/tidy.rs`) enforces that.

// Pure: bytes or text in, values out; no file, clock, process, environment, print.
pub mod text;
pub mod dockerfile;
/// Stands in for `src/inputs.rs` until the rooms that it uses are here.
pub mod inputs {
    mod date;
    mod needs;

    pub use self::date::Date;
    pub use self::needs::{Need, Needs};

    /// Everything that one run may know.
    #[derive(Debug, Default)]
    pub struct Inputs {
        /// The path that was asked for, as the user typed it.
        pub root: String,
        /// All texts that spans refer to.
        pub sources: Vec<crate::text::Source>,
        /// Today, for tables that age; `None` where nobody gave it.
        pub today: Option<Date>,
        /// What could not be read, and what is odd about it.
        pub problems: Vec<InputProblem>,
        /// What was found or guessed without being asked for.
        pub notices: Vec<String>,
    }

    /// The builder's own flags, with the builder's meaning.
    #[derive(Clone, Debug, Default, PartialEq, Eq)]
    pub struct BuildOptions {
        /// `--target`.
        pub target: Option<String>,
        /// `--build-arg`, in order.
        pub build_args: Vec<(String, String)>,
        /// `--build-context`, in order.
        pub build_contexts: Vec<(String, String)>,
        /// `--platform`.
        pub platform: Option<String>,
    }

    /// Something wrong with an input.
    #[derive(Clone, Debug, PartialEq, Eq)]
    pub struct InputProblem {
        /// The file as the user would type it.
        pub file: String,
        /// The place in it.
        pub place: Option<crate::text::LineColumn>,
        /// Whether work could not be done for it (exit code 2); else a note.
        pub fatal: bool,
        /// What is wrong.
        pub message: String,
        /// What to do.
        pub help: Option<String>,
    }
}
pub mod finding;
pub mod fix;
pub mod rules;
pub mod audit;
pub mod report;

// Effectful: the only rooms that touch the world.
pub mod load;
pub mod cli;
