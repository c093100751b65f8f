//! Pages as text for a terminal, as Markdown and as HTML. What a reader would obey is taken away here and nowhere else.

mod html;
mod markdown;
mod terminal;
#[cfg(test)]
mod tests;

pub(super) use self::html::write as html;
pub(super) use self::markdown::{MarkdownLimit, write as markdown};
pub(super) use self::terminal::{remark as terminal_remark, write as terminal};
use super::layout::Layout;
use super::page::{Medium, Page};

impl Page {
    /// The text for a reader. Only a terminal has a width and colours.
    pub fn write(&self, medium: Medium, layout: Layout) -> String {
        match medium {
            Medium::Terminal => terminal(self, layout),
            Medium::Markdown => markdown(self, MarkdownLimit::NONE),
            Medium::Html => html(self),
        }
    }
}
