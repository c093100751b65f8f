//! A page on a terminal, or in a text file: a title stands above its blocks, which are indented by two columns.

mod columns;
mod commands;
mod remark;

use rayon::prelude::*;

use self::columns::LineText;
pub(in crate::report) use self::columns::table;
pub(in crate::report) use self::remark::remark;
use crate::report::layout::{Layout, clean, width, wrap};
use crate::report::page::{Block, Fold, Indent, Listing, Medium, Page, Section, SourceExcerpt, Text, Tone, blocks_for};

/// Columns between a title and what it is about.
const GAP: usize = 3;
/// Columns of a line that is easy to read.
const LONGEST_LINE: usize = 100;

/// Columns before what else is said of that, where there is room.
const FAR: usize = 10;

/// The page as text.
pub(in crate::report) fn write(page: &Page, layout: Layout) -> String {
    let mut writer = Writer { out: String::new(), layout };
    writer.blocks(&page.blocks, 0, 0);
    if writer.out.ends_with("\n\n") {
        writer.out.pop();
    }
    writer.out
}

struct Writer {
    out: String,
    layout: Layout,
}

impl Writer {
    /// `sections`: the indent of sections among them.
    fn blocks(&mut self, blocks: &[Block], indent: usize, sections: usize) {
        let mut before = None;
        for block in blocks_for(Medium::Terminal, blocks) {
            if is_apart(before, block) && !self.out.is_empty() && !self.out.ends_with("\n\n") {
                self.out.push('\n');
            }
            before = Some(block);
            self.block(block, if matches!(block, Block::Section(_)) { sections } else { indent });
        }
    }

    fn block(&mut self, block: &Block, indent: usize) {
        match block {
            Block::Section(section) => self.section(section, indent),
            Block::Table(block) => self.out.push_str(&table(block, indent, self.layout)),
            Block::List(items) => items.iter().for_each(|item| self.paragraph(item, indent)),
            Block::Prose(paragraphs) => paragraphs.iter().for_each(|text| self.prose(text, indent)),
            Block::Diff(diff) => self.diff(diff, indent),
            Block::Listing(listing) => self.listing(listing, indent),
            Block::Line(text) if self.layout.width.is_none() => {
                let line = LineText::new(text).paint_all(self.layout);
                self.out.push_str(&format!("{:indent$}{line}\n", ""));
            }
            Block::Paragraph(text) | Block::Line(text) => self.paragraph(text, indent),
            // To draw a finding takes longer than to find it.
            Block::Remarks(remarks) => {
                let layout = self.layout;
                let texts: Vec<String> = remarks.par_iter().map(|block| remark(block, layout) + "\n\n").collect();
                self.out.extend(texts);
            }
            Block::Commands(block) => self.out.push_str(&commands::commands(block, self.layout)),
            Block::Excerpt(excerpt) => self.excerpt(excerpt, indent),
            // What is in the latter is visited in its place.
            Block::Chart(_) | Block::Only(..) => {}
        }
    }

    fn section(&mut self, section: &Section, indent: usize) {
        let is_titled = matches!(section.fold, Fold::Open | Fold::Folded);
        let has_title = is_titled && !section.title.is_empty();
        if has_title {
            self.title(section, indent);
        }
        let inner = if has_title { indent + 2 } else { indent };
        let (blocks, sections) = match section.indent {
            Indent::All => (inner, inner),
            Indent::Blocks => (inner, indent),
            Indent::Nothing => (indent, indent),
        };
        self.blocks(&section.blocks, blocks, sections);
    }

    /// The title and what it is about, on one line where all fit.
    fn title(&mut self, section: &Section, indent: usize) {
        let title_text = section.title.clone().or_tone(Tone::Strong);
        if section.about.is_empty() {
            // Without a terminal a title stays on one line: programs look for it.
            let columns = if self.layout.width.is_none() { usize::MAX } else { self.layout.columns() };
            return self.lines(&title_text, columns.saturating_sub(indent + 2), (indent, indent + 2));
        }
        let [title, about, aside] = [&title_text, &section.about, &section.aside].map(LineText::new);
        let columns = indent + width(title.text()) + GAP + width(about.text());
        let distance = if aside.text().is_empty() { 0 } else { GAP };
        let is_wide = |columns: usize| self.layout.width.is_some_and(|all| columns > all);
        if is_wide(columns + distance + width(aside.text())) {
            self.paragraph(&title_text, indent);
            self.paragraph(&section.about, indent + 2);
            if distance > 0 {
                self.paragraph(&section.aside, indent + 2);
            }
            return;
        }
        let rest = self.layout.columns().saturating_sub(columns + width(aside.text()));
        let distance = if distance > 0 { rest.clamp(distance, FAR) } else { 0 };
        let [title, about, aside] = [title, about, aside].map(|text| text.paint_all(self.layout));
        self.out.push_str(&format!("{:indent$}{title}{:GAP$}{about}{:distance$}{aside}\n", "", "", ""));
    }

    /// Lines as wide as the terminal, those after the first indented.
    fn paragraph(&mut self, text: &Text, indent: usize) {
        self.lines(text, self.layout.columns().saturating_sub(indent + 2), (indent, indent + 2));
    }

    fn prose(&mut self, text: &Text, indent: usize) {
        let columns = self.layout.columns().min(LONGEST_LINE);
        self.lines(text, columns.saturating_sub(indent), (indent, indent));
    }

    /// The blanks before the first line, and before those after it.
    fn lines(&mut self, text: &Text, columns: usize, (first, others): (usize, usize)) {
        let text = LineText::new(text);
        let painted = text.paint_lines(&wrap(text.text(), columns), self.layout);
        for (number, line) in painted.iter().enumerate() {
            let indent = if number == 0 { first } else { others };
            self.out.push_str(&format!("{:indent$}{line}\n", ""));
        }
    }

    fn listing(&mut self, listing: &Listing, indent: usize) {
        if !listing.caption.is_empty() {
            self.paragraph(&listing.caption.clone().or_tone(Tone::Dim), indent + 2);
        }
        let indent = indent + 4;
        for line in &listing.lines {
            if listing.is_verbatim {
                self.out.push_str(&format!("{:indent$}{line}\n", ""));
            } else {
                self.lines(&Text::from(line), self.layout.columns().saturating_sub(indent), (indent, indent));
            }
        }
    }

    fn diff(&mut self, diff: &str, indent: usize) {
        for line in diff.lines() {
            let line_text = clean(line);
            let painted = self.layout.paint(tone_of_line(line), &line_text);
            self.out.push_str(&format!("{:indent$}{painted}\n", ""));
        }
    }

    fn excerpt(&mut self, excerpt: &SourceExcerpt, indent: usize) {
        let last = excerpt.first_line as usize + excerpt.lines.len();
        let digits = last.to_string().len();
        if !excerpt.file.is_empty() {
            let file = format!("{}:{}", clean(&excerpt.file), excerpt.first_line);
            self.out.push_str(&format!("{:indent$}{}\n", "", self.layout.paint(Tone::Info, &file)));
        }
        for (number, line) in excerpt.numbered_lines() {
            let mark = if excerpt.marked.contains(&number) { '>' } else { ' ' };
            let head = self.layout.paint(Tone::Info, &format!("{number:digits$} {mark}"));
            self.out.push_str(format!("{:indent$}{head} {}", "", clean(line)).trim_end());
            self.out.push('\n');
        }
    }
}

/// Whether an empty line stands before a block.
const fn is_apart(before: Option<&Block>, block: &Block) -> bool {
    match (before, block) {
        (_, Block::Section(section)) | (Some(Block::Section(section)), _) if !section.is_tight => true,
        (Some(Block::Prose(_)), Block::Listing(_)) | (None, _) => false,
        (Some(Block::Listing(_) | Block::Prose(_)), _) | (_, Block::Prose(_)) => true,
        _ => false,
    }
}

/// The tone of a line of a diff.
pub(super) fn tone_of_line(line: &str) -> Tone {
    match line.as_bytes() {
        [b'+', b'+', b'+', ..] | [b'-', b'-', b'-', ..] => Tone::Strong,
        [b'+', ..] => Tone::Good,
        [b'-', ..] => Tone::Error,
        [b'@', b'@', ..] => Tone::Info,
        _ => Tone::Plain,
    }
}
