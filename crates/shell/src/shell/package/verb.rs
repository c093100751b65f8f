//! What a package manager is told to do.

use super::Manager;

/// What a call does.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Verb {
    /// Fetches the lists of what there is.
    Update,
    /// Installs packages, named ones or a manifest's.
    Install,
    /// Installs newer versions.
    Upgrade,
    /// Removes packages.
    Remove,
    /// Removes caches or lists.
    Clean,
    /// Fetches packages without installing them.
    Download,
    /// Compiles or bundles the project, fetching what it needs.
    Build,
    /// Runs a script, tool or test of the project.
    Run,
    /// Anything else.
    Other,
}

impl Verb {
    /// The verb of a word of `data/program_options.tsv`.
    pub(in crate::shell) fn of(word: &str) -> Option<Self> {
        Some(match word {
            "update" => Self::Update,
            "install" => Self::Install,
            "upgrade" => Self::Upgrade,
            "remove" => Self::Remove,
            "clean" => Self::Clean,
            "download" => Self::Download,
            "build" => Self::Build,
            "run" => Self::Run,
            "other" => Self::Other,
            _ => return None,
        })
    }
}

/// A verb's meaning.
#[derive(Clone, Copy)]
pub(super) struct VerbEntry {
    pub(super) verb: Verb,
    /// Whether its operands are packages.
    pub(super) packages: bool,
}

/// The entry of one or two words; none when the manager has no such verb.
pub(super) fn entry(manager: Manager, words: &str) -> Option<VerbEntry> {
    let options = manager.options();
    let verb = options.meaning(words).find_map(Verb::of)?;
    Some(VerbEntry { verb, packages: options.has(words, "packages") })
}

/// What the manager does without a verb.
pub(super) fn without_verb(manager: Manager) -> VerbEntry {
    let verb = match manager {
        // `yarn` alone installs, and so does `bundle`.
        Manager::Yarn | Manager::Bundle => Verb::Install,
        _ => Verb::Other,
    };
    VerbEntry { verb, packages: false }
}
