//! A page on a terminal, or in a text file: a title stands above its blocks, which are indented by two columns.

mod columns;
mod commands;
mod remark;

use rayon::prelude::*;

use self::columns::LineText;
pub(in crate::report) use self::columns::table;
pub(in crate::report) use self::remark::remark;
use crate::report::layout::{Layout, clean, width, wrap};
use crate::report::page::{Block, Fold, Medium, Page, Section, SourceExcerpt, Text, Tone};

/// Columns between a title and what it is about.
const GAP: usize = 3;

/// Columns before what else is said of that, where there is room.
const FAR: usize = 10;

/// The page as text.
pub(in crate::report) fn write(page: &Page, layout: Layout) -> String {
    let mut writer = Writer { out: String::new(), layout };
    writer.blocks(&page.blocks, 0);
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
    fn blocks(&mut self, blocks: &[Block], indent: usize) {
        let mut is_behind_section = false;
        for block in visible(blocks) {
            let is_section = matches!(block, Block::Section(section) if !section.is_tight);
            if (is_section || is_behind_section) && !self.out.is_empty() && !self.out.ends_with("\n\n") {
                self.out.push('\n');
            }
            is_behind_section = is_section;
            self.block(block, indent);
        }
    }

    fn block(&mut self, block: &Block, indent: usize) {
        match block {
            Block::Section(section) => self.section(section, indent),
            Block::Table(block) => self.out.push_str(&table(block, indent, self.layout)),
            Block::List(items) => items.iter().for_each(|item| self.paragraph(item, indent)),
            Block::Diff(diff) => self.diff(diff, indent),
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
        self.blocks(&section.blocks, if has_title { indent + 2 } else { indent });
    }

    /// The title and what it is about, on one line where all fit.
    fn title(&mut self, section: &Section, indent: usize) {
        let title_text = section.title.clone().or_tone(Tone::Strong);
        if section.about.is_empty() {
            return self.paragraph(&title_text, indent);
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
        let text = LineText::new(text);
        let lines = wrap(text.text(), self.layout.columns().saturating_sub(indent + 2));
        let painted = text.paint_lines(&lines, self.layout);
        for (number, line) in painted.iter().enumerate() {
            let hang = indent + if number == 0 { 0 } else { 2 };
            self.out.push_str(&format!("{:hang$}{line}\n", ""));
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
        for (number, line) in (excerpt.first_line..).zip(&excerpt.lines) {
            let mark = if excerpt.marked.contains(&number) { '>' } else { ' ' };
            let head = self.layout.paint(Tone::Info, &format!("{number:digits$} {mark}"));
            self.out.push_str(format!("{:indent$}{head} {}", "", clean(line)).trim_end());
            self.out.push('\n');
        }
    }
}

/// The blocks that a terminal shows.
fn visible(blocks: &[Block]) -> Vec<&Block> {
    let mut all = Vec::new();
    for block in blocks {
        match block {
            Block::Only(media, blocks) if media.contains(&Medium::Terminal) => all.extend(visible(blocks)),
            Block::Only(..) => {}
            block => all.push(block),
        }
    }
    all
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
