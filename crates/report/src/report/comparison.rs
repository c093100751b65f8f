//! What changed since a baseline: for pull requests, terminals and programs.

mod json;
mod markdown;
mod screen;
mod words;

pub use self::json::comparison_json;
pub use self::markdown::{GITHUB_LIMIT, GITLAB_LIMIT, MarkdownOptions, comparison_markdown};
pub use self::screen::comparison;
pub(super) use self::words::{amount, limit_sentence, signed};
