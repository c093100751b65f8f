//! What changed, as a page and as a comment.

use super::blocks::{document, lines};
use super::sections::sections;
use crate::report::page::{Block, Medium, Page};
use crate::report::render::{self, MarkdownLimit};
use crate::results::Comparison;

/// Bytes of a comment on GitHub at most: it takes 65,536 characters, which are never more than the bytes, whatever it counts
/// as one.
pub const GITHUB_LIMIT: usize = 65_536;

/// Bytes of a note on GitLab at most: it takes 1,000,000 characters.
pub const GITLAB_LIMIT: usize = 1_000_000;

/// What the text needs to know besides the comparison.
#[derive(Clone, Debug)]
pub struct MarkdownOptions<'a> {
    /// Bytes at most.
    pub limit: usize,
    /// A first line by which the comment is found again.
    pub marker: Option<&'a str>,
    /// Whether the exit code is 1.
    pub fails: bool,
    /// Where all details are, as Markdown.
    pub details: &'a str,
}

/// What changed, as Markdown of GitHub and GitLab: the comment on a pull request.
pub fn comparison_markdown(changes: &Comparison, options: &MarkdownOptions) -> String {
    let marker = options.marker.map(|marker| format!("{marker}\n")).unwrap_or_default();
    let bytes = options.limit.saturating_sub(marker.len());
    let limit = MarkdownLimit { bytes, details: options.details };
    marker + &render::markdown(&comparison(changes, options.fails), limit)
}

/// What changed.
pub fn comparison(changes: &Comparison, fails: bool) -> Page {
    let mut page = Page::new("Report");
    page.push(Block::Only(&[Medium::Terminal], lines(changes, fails)));
    page.push(Block::Only(&[Medium::Markdown], vec![document(changes, fails).into()]));
    page.push(Block::Only(&[Medium::Html], sections(changes, fails)));
    page
}
