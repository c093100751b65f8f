//! What changed since a baseline: for pull requests, terminals and programs.

mod answers;
mod blocks;
mod json;
mod page;
mod pictures;
mod sections;
#[cfg(test)]
mod tests;
mod words;

pub use self::json::comparison_json;
pub use self::page::{GITHUB_LIMIT, GITLAB_LIMIT, MarkdownOptions, comparison, comparison_markdown};
pub(super) use self::words::{amount, limit_sentence, signed, state_cost};
