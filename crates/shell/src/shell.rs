//! Shell scripts: text in, commands and words with spans out; then the programs that really run, and what they ask a
//! package manager for. Knows nothing of Dockerfiles; offsets are into the text it is given.
//!
//! The reader is lenient: it takes what dash, bash, ash, ksh and zsh take, as far as it decides which commands there
//! are, and goes on after an error.

mod argument;
mod dialect;
mod invocation;
mod package;
mod parser;
pub mod program;
mod script;
mod unit;
mod word;
mod wrapper;

pub use self::argument::{ArgumentValue, Flag, arguments, arguments_of_command};
pub use self::dialect::{Dialect, Shell, shell_of, shell_of_shebang};
pub use self::invocation::{Invocation, Wrapper, from_exec};
pub use self::package::{
    Input, InputKind, LockUse, Manager, Package, PackageCall, PackageSource, Verb, Version, package_call,
};
pub use self::program::Program;
pub use self::script::{
    Assignment, Command, CommandPlace, Compound, CompoundKind, ProblemKind, Redirect, RedirectOperator, Scope,
    ScopeKind, Script, Separator, SeparatorKind, ShellOptions, ShellProblem,
};
pub use self::unit::ScriptUnit;
pub use self::word::{Expansion, ExpansionKind, Word, quoted_word};

/// Reads a script that starts with no option set.
pub fn parse(script: &str) -> Script {
    parse_with(script, ShellOptions::default())
}

/// Reads a script that is given to a shell started with `options`.
pub fn parse_with(script: &str, options: ShellOptions) -> Script {
    invocation::with_nested(parser::parse(script, parser::SpanOrigin::At(0), options), Some((script, 0)))
}

#[cfg(test)]
mod properties;
