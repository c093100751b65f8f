//! A page in Markdown of GitHub and GitLab. It fits into what a platform takes: what does not fit is counted, and the text
//! says where it is.

use crate::report::format::escape::{markdown, markdown_code, markdown_fence};
use crate::report::layout::cut;
use crate::report::page::{
    Block, Column, Fold, Listing, Medium, Page, Remark, Section, SourceExcerpt, Table, Text, TextKind, TextPart, Tone,
};
use crate::report::units::{count, grouped};

/// Bytes that are kept free for notes on what is left out and ends of folds.
const RESERVE: usize = 8_000;

/// Columns of a stretch of text.
const WIDEST: usize = 300;

/// Bytes of a stretch once it is neutralised. Characters without a width count here only.
const LONGEST: usize = 1_500;

/// Bytes of one diff.
const LONGEST_DIFF: usize = 8_000;

/// How long the text may become.
#[derive(Clone, Copy, Debug)]
pub(in crate::report) struct MarkdownLimit<'a> {
    /// Bytes at most.
    pub bytes: usize,
    /// Where all details are, in Markdown.
    pub details: &'a str,
}

impl MarkdownLimit<'static> {
    /// For a text that nobody limits.
    pub(in crate::report) const NONE: Self = Self { bytes: usize::MAX, details: "" };
}

/// The page in Markdown.
pub(in crate::report) fn write(page: &Page, limit: MarkdownLimit) -> String {
    let bytes = limit.bytes.saturating_sub(RESERVE);
    let mut writer = Writer { out: String::new(), limit: MarkdownLimit { bytes, ..limit } };
    writer.blocks(&page.blocks, 0);
    writer.out.truncate(writer.out.trim_end().len());
    writer.out + "\n"
}

struct Writer<'a> {
    out: String,
    limit: MarkdownLimit<'a>,
}

impl Writer<'_> {
    fn room(&self) -> usize {
        self.limit.bytes.saturating_sub(self.out.len())
    }

    /// The empty line between two blocks.
    fn gap(&mut self) {
        if !self.out.is_empty() && !self.out.ends_with("\n\n") {
            self.out.push('\n');
        }
    }

    fn blocks(&mut self, blocks: &[Block], depth: usize) {
        for (number, block) in blocks.iter().enumerate() {
            if self.room() == 0 {
                return self.left_out((blocks.len() - number) as u64, "part");
            }
            self.block(block, depth);
        }
    }

    fn block(&mut self, block: &Block, depth: usize) {
        match block {
            Block::Section(section) => self.section(section, depth),
            Block::Paragraph(words) | Block::Line(words) => self.whole(&format!("{}\n", text(words))),
            Block::Prose(paragraphs) => paragraphs.iter().for_each(|words| self.whole(&format!("{}\n", text(words)))),
            Block::Table(block) => self.table(block),
            Block::List(items) => {
                self.gap();
                self.rows("row", items.len(), items.iter().map(|item| format!("- {}\n", text(item))));
            }
            Block::Diff(diff) => self.whole(&fenced(diff)),
            Block::Listing(block) => self.whole(&listing(block)),
            Block::Excerpt(block) => self.whole(&excerpt(block)),
            Block::Remarks(remarks) => {
                for block in remarks {
                    self.whole(&remark(block));
                }
            }
            Block::Commands(commands) => {
                self.gap();
                let rows = commands
                    .iter()
                    .map(|command| format!("- {}: {}\n", markdown_code(&command.line), markdown(&command.why)));
                self.rows("command", commands.len(), rows);
            }
            Block::Only(media, blocks) if media.contains(&Medium::Markdown) => self.blocks(blocks, depth),
            Block::Chart(_) | Block::Only(..) => {}
        }
    }

    fn section(&mut self, section: &Section, depth: usize) {
        self.gap();
        let about = [&section.about, &section.aside].map(text).join(", ");
        let about = about.trim_end_matches(", ");
        let about = if about.is_empty() { String::new() } else { format!(": {about}") };
        // A title is strong as it is.
        let title = text(&section.title.clone().in_tone(Tone::Plain));
        match (section.fold, depth) {
            (Fold::Open | Fold::OpenUntitled, _) if section.title.is_empty() => {}
            (Fold::Open | Fold::OpenUntitled, 0) => self.out.push_str(&format!("### {title}{about}\n")),
            (Fold::Open | Fold::OpenUntitled, _) => self.out.push_str(&format!("**{title}**{about}\n")),
            (Fold::Folded | Fold::FoldedUntitled, _) => {
                self.out.push_str(&format!("<details><summary>{title}{about}</summary>\n"));
                // A fold gets half of the room, so that what follows it has some.
                let all = self.limit.bytes;
                self.limit.bytes = self.out.len() + self.room() / 2;
                self.blocks(&section.blocks, depth + 1);
                self.limit.bytes = all;
                self.gap();
                self.out.push_str("</details>\n");
                return;
            }
        }
        self.blocks(&section.blocks, depth + 1);
    }

    /// Adds a block that is left out where it does not fit.
    fn whole(&mut self, text: &str) {
        self.gap();
        if text.len() > self.room() {
            return self.left_out(1, "part");
        }
        self.out.push_str(text);
    }

    /// Adds rows as far as they fit, and says how many are left out. Rows that do not fit are not even written: there
    /// may be very many.
    fn rows(&mut self, noun: &str, count: usize, rows: impl Iterator<Item = String>) {
        let mut number = 0;
        for row in rows {
            if row.len() > self.room() {
                break;
            }
            self.out.push_str(&row);
            number += 1;
        }
        if number < count {
            self.left_out((count - number) as u64, noun);
        }
    }

    fn left_out(&mut self, number: u64, noun: &str) {
        self.gap();
        self.out.push_str(&format!("… {} not shown; {}\n", count(number, noun), self.limit.details));
    }

    fn table(&mut self, table: &Table) {
        self.gap();
        let columns = table.filled_columns();
        if columns.is_empty() {
            return;
        }
        let head = columns.iter().map(|at| table.head.get(*at).map(|head| markdown(head)).unwrap_or_default());
        self.out.push_str(&format!("| {} |\n|", head.collect::<Vec<_>>().join(" | ")));
        for at in &columns {
            self.out.push_str(if table.columns[*at] == Column::Right { " --: |" } else { " --- |" });
        }
        self.out.push('\n');
        let rows = table.rows.iter().map(|row| {
            let cells = columns.iter().map(|at| row.get(*at).map(text).unwrap_or_default());
            format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
        });
        self.rows("row", table.rows.len(), rows);
        if table.hidden > 0 {
            self.gap();
            let option = if table.is_final { "" } else { " (`--all`)" };
            self.out.push_str(&format!("… {} more{option}\n", grouped(table.hidden as u64)));
        }
    }
}

/// A text on one line.
fn text(text: &Text) -> String {
    let parts: String = text.parts.iter().map(part).collect();
    parts.trim().to_owned()
}

fn part(part: &TextPart) -> String {
    if part.text.is_empty() {
        return String::new();
    }
    let written = match &part.kind {
        TextKind::Words | TextKind::Number(_) => bounded(&part.text, markdown),
        TextKind::Code | TextKind::Path | TextKind::Place(_) | TextKind::Command => bounded(&part.text, markdown_code),
        TextKind::Link(url) => format!("[{}]({url})", bounded(&part.text, markdown)),
    };
    let words = written.trim();
    if part.tone != Tone::Strong || words.is_empty() {
        return written;
    }
    // A mark with a blank inside is no mark.
    let start = written.len() - written.trim_start().len();
    format!("{}**{words}**{}", &written[..start], &written[start + words.len()..])
}

/// A text cut so that both its columns and its bytes in Markdown are bounded.
fn bounded(text: &str, neutralise: fn(&str) -> String) -> String {
    let mut text = cut(text, WIDEST).into_owned();
    loop {
        let neutral = neutralise(&text);
        if neutral.len() <= LONGEST {
            return neutral;
        }
        let half = text.floor_char_boundary(text.len() / 2);
        text.truncate(half);
        text.push('…');
    }
}

/// A diff in a block; its end is counted if it is long.
fn fenced(diff: &str) -> String {
    let end = if diff.len() <= LONGEST_DIFF {
        diff.len()
    } else {
        diff[..diff.floor_char_boundary(LONGEST_DIFF)].rfind('\n').map_or(0, |at| at + 1)
    };
    let rest = diff[end..].lines().count();
    let note =
        if rest > 0 { format!("\n… {} of the diff not shown\n", count(rest as u64, "line")) } else { String::new() };
    format!("{}{note}", markdown_fence("diff", &diff[..end]))
}

fn listing(listing: &Listing) -> String {
    let caption = if listing.caption.is_empty() { String::new() } else { format!("{}\n\n", text(&listing.caption)) };
    let lines: Vec<_> = listing.lines.iter().map(|line| cut(line, WIDEST)).collect();
    caption + &markdown_fence("", &(lines.join("\n") + "\n"))
}

/// The message, the lines that it is about, and what else is said, one below the other.
fn remark(remark: &Remark) -> String {
    let place = remark.place.map(|place| format!(":{}", place.line)).unwrap_or_default();
    let place = bounded(&format!("{}{place}", remark.file), markdown_code);
    let mut out = format!("{} {place}: {}", remark.severity.name(), bounded(&remark.message, markdown));
    if !remark.rule.is_empty() {
        out.push_str(&format!(" [{}]", remark.rule));
    }
    out.push('\n');
    out.extend(remark.excerpt.iter().map(|lines| format!("\n{}\n", excerpt(lines))));
    out.extend(remark.notes.iter().map(|(word, note)| format!("- {word}: {}\n", text(note))));
    out.extend(remark.fix.iter().map(|fix| format!("- fix: {}\n", bounded(&fix.title, markdown))));
    out
}

fn excerpt(excerpt: &SourceExcerpt) -> String {
    let lines = excerpt.numbered_lines().map(|(number, line)| {
        let mark = if excerpt.marked.contains(&number) { '>' } else { ' ' };
        format!("{number:4} {mark} {}\n", cut(line, WIDEST))
    });
    let file = if excerpt.file.is_empty() { String::new() } else { markdown_code(&excerpt.file) + "\n\n" };
    file + &markdown_fence("", &lines.collect::<String>())
}
