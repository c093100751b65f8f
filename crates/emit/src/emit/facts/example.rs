//! What an example of the environment has for a variable of a program.

use super::application::Application;
use crate::emit::input::EmitInput;
use crate::text::{Source, path};
use crate::variables::ExampleVariable;

/// The example of a variable: that of the nearest folder above the file that reads it, else the first.
pub(in crate::emit) fn nearest_example<'e>(
    input: &EmitInput<'e>,
    file: usize,
    is_wanted: impl Fn(&ExampleVariable) -> bool,
) -> Option<&'e ExampleVariable> {
    let known = || input.examples.iter().filter(|known| is_wanted(known));
    let folder = |example: &ExampleVariable| path::parent(&input.files.files[example.file].path);
    let above = known().filter(|known| path::is_within(&input.files.files[file].path, folder(known)));
    let depth = |known: &&ExampleVariable| (folder(known).len(), !known.is_comment, std::cmp::Reverse(known.file));
    above.max_by_key(depth).or_else(|| known().min_by_key(|known| known.is_comment))
}

/// The example of a variable of a program: one below its build context before others, one that is no comment before one
/// that is.
pub(in crate::emit) fn example_of<'e>(
    input: &EmitInput<'e>,
    application: &Application,
    is_wanted: impl Fn(&ExampleVariable) -> bool,
) -> Option<&'e ExampleVariable> {
    let is_own =
        |example: &ExampleVariable| path::is_within(&input.files.files[example.file].path, &application.context);
    let known = input.examples.iter().filter(|example| is_wanted(example));
    known.max_by_key(|example| (is_own(example), !example.is_comment))
}

/// A place in a file, for people.
pub(in crate::emit) fn place(source: &Source, at: usize) -> String {
    format!("{}:{}", source.name(), source.line(u32::try_from(at).unwrap_or_default()))
}
