//! What a command says, for any reader: blocks of text. A page knows neither a width nor a format; the renderers do, and
//! escaping is theirs.

mod chart;

use std::ops::Range;

pub(super) use self::chart::{
    Chart, IcicleMark, IcicleNode, MatrixColumn, MatrixRow, StepState, TimelineMark, TimelineRow, TrendPoint,
};
use crate::finding::{Basis, Severity};
use crate::text::LineColumn;

/// What a stretch of text is for the reader.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Tone {
    /// Ordinary.
    #[default]
    Plain,
    /// A heading, or what matters most.
    Strong,
    /// Of little weight.
    Dim,
    /// Wrong, removed.
    Error,
    /// A warning.
    Warning,
    /// Information.
    Info,
    /// Added, safe.
    Good,
}

impl Tone {
    /// That of a finding.
    pub(super) const fn of(severity: Severity) -> Self {
        match severity {
            Severity::Error => Self::Error,
            Severity::Warning => Self::Warning,
            Severity::Info => Self::Info,
            Severity::Style => Self::Dim,
        }
    }
}

/// What a stretch of text is made of.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) enum TextKind {
    /// Words; what stands between backquotes is code.
    #[default]
    Words,
    /// A name of an input, an instruction.
    Code,
    /// A path: of a long one the end tells most.
    Path,
    /// An amount with its unit, and how it is known.
    Number(Option<Basis>),
    /// A command that can be typed as it is.
    Command,
    /// Words that lead to an address of ours.
    Link(String),
    /// A place, and the anchor of the section about it.
    Place(String),
}

/// A stretch of text of one kind in one tone.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct TextPart {
    /// As it came: no renderer's escapes are in it.
    pub text: String,
    pub kind: TextKind,
    pub tone: Tone,
}

/// Text on one line, of any length.
#[derive(Clone, Debug, Default, PartialEq)]
pub(super) struct Text {
    pub parts: Vec<TextPart>,
}

impl Text {
    /// A text of one kind.
    pub(super) fn new(text: impl AsRef<str>, kind: TextKind, tone: Tone) -> Self {
        Self { parts: vec![TextPart { text: text.as_ref().to_owned(), kind, tone }] }
    }

    /// With a further stretch at its end.
    pub(super) fn with(mut self, text: impl AsRef<str>, kind: TextKind, tone: Tone) -> Self {
        self.parts.push(TextPart { text: text.as_ref().to_owned(), kind, tone });
        self
    }

    /// With words at its end.
    pub(super) fn and(self, words: impl AsRef<str>) -> Self {
        self.with(words, TextKind::Words, Tone::Plain)
    }

    /// With another text at its end.
    pub(super) fn and_text(mut self, text: &Self) -> Self {
        self.parts.extend_from_slice(&text.parts);
        self
    }

    /// With words of little weight at its end.
    pub(super) fn and_dim(self, words: impl AsRef<str>) -> Self {
        self.with(words, TextKind::Words, Tone::Dim)
    }

    /// With code at its end.
    pub(super) fn and_code(self, code: impl AsRef<str>) -> Self {
        self.with(code, TextKind::Code, Tone::Plain)
    }

    /// Several texts with something between them.
    pub(super) fn join(texts: Vec<Self>, between: &str) -> Self {
        let mut joined = Self::default();
        for text in texts {
            if !joined.parts.is_empty() {
                joined = joined.and(between);
            }
            joined.parts.extend(text.parts);
        }
        joined
    }

    /// All parts in another tone.
    pub(super) fn in_tone(mut self, tone: Tone) -> Self {
        for part in &mut self.parts {
            part.tone = tone;
        }
        self
    }

    /// What is in no tone of its own in another.
    pub(super) fn or_tone(mut self, tone: Tone) -> Self {
        for part in self.parts.iter_mut().filter(|part| part.tone == Tone::Plain) {
            part.tone = tone;
        }
        self
    }

    /// Whether there is nothing to read.
    pub(super) fn is_empty(&self) -> bool {
        self.parts.iter().all(|part| part.text.is_empty())
    }
}

impl<T: AsRef<str>> From<T> for Text {
    fn from(words: T) -> Self {
        Self::new(words, TextKind::Words, Tone::Plain)
    }
}

/// Words in the ordinary tone.
pub(super) fn plain(words: impl AsRef<str>) -> Text {
    Text::from(words)
}

/// Words in a tone.
pub(super) fn toned(words: impl AsRef<str>, tone: Tone) -> Text {
    Text::new(words, TextKind::Words, tone)
}

/// A name of an input, an instruction.
pub(super) fn code(code: impl AsRef<str>) -> Text {
    Text::new(code, TextKind::Code, Tone::Plain)
}

/// A path.
pub(super) fn path(path: impl AsRef<str>) -> Text {
    Text::new(path, TextKind::Path, Tone::Plain)
}

/// An amount, as `units` writes it.
pub(super) fn number(amount: impl AsRef<str>) -> Text {
    Text::new(amount, TextKind::Number(None), Tone::Plain)
}

/// A note at the end of a page.
pub(super) fn note(words: impl AsRef<str>) -> Text {
    toned("note: ", Tone::Dim).and(words)
}

/// A command that can be typed as it is.
pub(super) fn command(command: impl AsRef<str>) -> Text {
    Text::new(command, TextKind::Command, Tone::Plain)
}

/// How a column gives way where a line has no room for all.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Column {
    /// Numbers: on the right.
    Right,
    /// Words: on the left, whole.
    Left,
    /// Words of any length: their end is cut.
    Words,
    /// Paths of any length: their start is cut.
    Path,
    /// Words of any length, on as many lines as they take; one column of a table at most.
    Wrapped,
    /// Words about the whole row: on a terminal below it, from its second column on.
    Below,
    /// Words of any length: wrapped beside the others where there is room for a sentence, else below the row.
    WrappedOrBelow,
}

/// Rows under each other. Columns with nothing in them are left out.
#[derive(Clone, Debug, Default)]
pub(super) struct Table {
    pub columns: Vec<Column>,
    /// What stands above the columns; nothing where they have no heads.
    pub head: Vec<String>,
    /// Whether a terminal leaves the heads out: its rows are understood without them.
    pub hides_head: bool,
    pub rows: Vec<Vec<Text>>,
    /// Rows that are not in `rows`, which is said below them.
    pub hidden: usize,
    /// Whether no option shows them.
    pub is_final: bool,
    /// Headings of groups: the row that each stands above, by index.
    pub groups: Vec<(usize, &'static str)>,
    /// Columns that a terminal leaves out where it has fewer columns than this.
    pub spare: &'static [(usize, usize)],
    /// How rows are shown where the columns have no room.
    pub cards: Option<Cards>,
}

/// Rows as blocks: the main cell, and below it the others one after the other.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cards {
    /// The main column.
    pub main: usize,
    /// Columns of a terminal that it needs at least; with fewer, rows become blocks.
    pub least: usize,
    /// Columns whose head stands before the cell.
    pub labels: &'static [usize],
}

impl Table {
    /// Rows without heads.
    pub(super) fn new(columns: &[Column], rows: Vec<Vec<Text>>) -> Self {
        Self { columns: columns.to_vec(), rows, ..Self::default() }
    }

    /// With heads above the columns.
    pub(super) fn with_head(mut self, head: &[&str]) -> Self {
        self.head = head.iter().map(|head| (*head).to_owned()).collect();
        self
    }

    /// With heads for all but terminals.
    pub(super) fn with_quiet_head(self, head: &[&str]) -> Self {
        Self { hides_head: true, ..self.with_head(head) }
    }

    /// The columns that have anything in them, by index.
    pub(super) fn filled_columns(&self) -> Vec<usize> {
        let has_text = |at: &usize| self.rows.iter().any(|row| row.get(*at).is_some_and(|cell| !cell.is_empty()));
        (0..self.columns.len()).filter(has_text).collect()
    }

    /// Says that there are `all` rows, and that no option shows those that are not here.
    pub(super) fn first_of(self, all: usize) -> Self {
        Self { is_final: true, ..self.of(all) }
    }

    /// Says that there are `all` rows; those that are not here are counted below the table.
    pub(super) fn of(mut self, all: usize) -> Self {
        self.hidden = all.saturating_sub(self.rows.len());
        self
    }
}

/// Blocks below a title.
#[derive(Clone, Debug, Default)]
pub(super) struct Section {
    pub title: Text,
    /// What the title is about: beside it where both fit on a line.
    pub about: Text,
    /// What else is said of that, at a distance.
    pub aside: Text,
    pub fold: Fold,
    /// Whether a terminal has no empty line above and below it.
    pub is_tight: bool,
    /// Its name in an address, where something points to it.
    pub anchor: Option<String>,
    pub indent: Indent,
    pub blocks: Vec<Block>,
}

/// What of a section a terminal shows further to the right than its title.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Indent {
    #[default]
    All,
    /// All but sections.
    Blocks,
    Nothing,
}

/// Whether a section is open at first, where a reader can open it.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Fold {
    #[default]
    Open,
    /// Open; a terminal shows its blocks without the title.
    OpenUntitled,
    /// Behind its title.
    Folded,
    /// Behind its title; a terminal shows its blocks without the title.
    FoldedUntitled,
}

/// Readers of a page.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Medium {
    /// A terminal, or a text file.
    Terminal,
    /// Markdown of GitHub and GitLab.
    Markdown,
    /// A document for a browser.
    Html,
}

/// A part of a page.
#[derive(Clone, Debug)]
pub(super) enum Block {
    /// A title with blocks below it.
    Section(Section),
    /// A sentence or more.
    Paragraph(Text),
    /// Rows.
    Table(Table),
    /// Items, one below the other.
    List(Vec<Text>),
    /// A paragraph or several right below each other, for reading: a terminal keeps their lines short.
    Prose(Vec<Text>),
    /// A unified diff.
    Diff(String),
    /// Lines that are shown as they are.
    Listing(Listing),
    /// A sentence that stays on one line where no terminal is: programs look for it.
    Line(Text),
    /// Lines of a source file.
    Excerpt(SourceExcerpt),
    /// What is said about places of source files, each with its lines.
    Remarks(Vec<Remark>),
    /// Commands that go on from here, the one that helps most first.
    Commands(Vec<NextCommand>),
    /// A picture; what it shows stands in a table too, for readers who see none.
    Chart(Chart),
    /// Blocks for some readers alone.
    Only(&'static [Medium], Vec<Self>),
}

/// The blocks that a reader gets, with those for some readers in their places.
pub(super) fn blocks_for(medium: Medium, blocks: &[Block]) -> Vec<&Block> {
    let mut all = Vec::new();
    for block in blocks {
        match block {
            Block::Only(media, blocks) if media.contains(&medium) => all.extend(blocks_for(medium, blocks)),
            Block::Only(..) => {}
            block => all.push(block),
        }
    }
    all
}

/// Lines of an output, of an example.
#[derive(Clone, Debug, Default)]
pub(super) struct Listing {
    /// What stands above them.
    pub caption: Text,
    pub lines: Vec<String>,
    /// Whether they are of dockopt's own pages: a terminal gets them as they are, with tabs, and breaks none.
    pub is_verbatim: bool,
}

/// A message about lines of a file.
#[derive(Clone, Debug)]
pub(super) struct Remark {
    pub severity: Severity,
    pub message: String,
    /// The rule, and the address of its page; empty where an input itself is wrong.
    pub rule: &'static str,
    pub url: Option<String>,
    /// The file, and the place in it where it is known.
    pub file: String,
    pub place: Option<LineColumn>,
    pub excerpt: Option<SourceExcerpt>,
    /// What is said of the further places of the excerpt.
    pub labels: Vec<String>,
    /// What else is said, each with the word that it begins with: `help`, `note`.
    pub notes: Vec<(&'static str, Text)>,
    pub fix: Option<RemarkFix>,
    /// Its name in an address.
    pub anchor: Option<String>,
}

/// How what a remark is about can be repaired.
#[derive(Clone, Debug, Default)]
pub(super) struct RemarkFix {
    pub title: String,
    /// Why it may change more than it should; `None` where it is safe.
    pub risk: Option<String>,
    pub command: String,
    /// What it changes, as a unified diff, for readers who get it.
    pub diff: Option<String>,
}

/// Lines of a source file; secrets are masked.
#[derive(Clone, Debug, Default)]
pub(super) struct SourceExcerpt {
    /// Name of the file; empty where it is said already.
    pub file: String,
    /// Number of the first line.
    pub first_line: u32,
    pub lines: Vec<String>,
    /// Lines that are meant, by number.
    pub marked: Vec<u32>,
    /// Whether the start of a line is left out, so that columns are not those of the source.
    pub is_clipped: bool,
    /// Stretches that are meant, as offsets in the lines joined by line ends, the main one first; `None` for one that lies
    /// elsewhere.
    pub places: Vec<Option<Range<usize>>>,
}

/// A command, and what it does.
#[derive(Clone, Debug, Default)]
pub(super) struct NextCommand {
    pub line: String,
    pub why: String,
}

/// Everything that a command says; [`Page::write`] writes it for a reader.
#[derive(Clone, Debug, Default)]
pub struct Page {
    /// What stands in the title of a document.
    pub(super) title: String,
    pub(super) blocks: Vec<Block>,
}

impl SourceExcerpt {
    /// The lines with their numbers.
    pub(super) fn numbered_lines(&self) -> impl Iterator<Item = (u32, &String)> {
        let number = |at: usize| self.first_line.saturating_add(u32::try_from(at).unwrap_or(u32::MAX));
        self.lines.iter().enumerate().map(move |(at, line)| (number(at), line))
    }
}

impl Page {
    /// A page without blocks.
    pub(super) fn new(title: impl Into<String>) -> Self {
        Self { title: title.into(), blocks: Vec::new() }
    }

    /// Adds a block.
    pub(super) fn push(&mut self, block: impl Into<Block>) {
        self.blocks.push(block.into());
    }

    /// Adds a section with a table, unless the table has no rows.
    pub(super) fn push_rows(&mut self, section: Section, table: Table) {
        if !table.rows.is_empty() {
            self.push(section.with(table));
        }
    }

    /// Adds items in a section of their own, unless there are none.
    pub(super) fn push_list(&mut self, items: Vec<Text>) {
        if !items.is_empty() {
            self.push(Section::default().with(Block::List(items)));
        }
    }

    /// Adds a section that has blocks.
    pub(super) fn push_filled(&mut self, section: Section) {
        if !section.blocks.is_empty() {
            self.push(section);
        }
    }
}

impl Section {
    /// A section without blocks.
    pub(super) fn new(title: impl Into<Text>) -> Self {
        Self { title: title.into(), ..Self::default() }
    }

    /// Blocks without a title, apart from others.
    pub(super) fn untitled(blocks: Vec<Block>) -> Self {
        Self { blocks, ..Self::default() }
    }

    /// Blocks with a title that a terminal does not need.
    pub(super) fn open_untitled(title: impl Into<Text>) -> Self {
        Self { title: title.into(), fold: Fold::OpenUntitled, ..Self::default() }
    }

    /// Blocks that belong together, behind a fold where there are folds.
    pub(super) fn folded(title: impl Into<Text>) -> Self {
        Self { title: title.into(), fold: Fold::Folded, ..Self::default() }
    }

    /// Adds a block.
    pub(super) fn push(&mut self, block: impl Into<Block>) {
        self.blocks.push(block.into());
    }

    /// Adds a section with a table, unless the table has no rows.
    pub(super) fn push_rows(&mut self, section: Self, table: Table) {
        if !table.rows.is_empty() {
            self.push(section.with(table));
        }
    }

    /// Adds a list, unless it is empty.
    pub(super) fn push_list(&mut self, items: Vec<Text>) {
        if !items.is_empty() {
            self.push(Block::List(items));
        }
    }

    /// With a block at its end.
    pub(super) fn with(mut self, block: impl Into<Block>) -> Self {
        self.push(block);
        self
    }
}

impl From<Section> for Block {
    fn from(section: Section) -> Self {
        Self::Section(section)
    }
}

impl From<Table> for Block {
    fn from(table: Table) -> Self {
        Self::Table(table)
    }
}

impl From<Text> for Block {
    fn from(text: Text) -> Self {
        Self::Paragraph(text)
    }
}

impl From<Chart> for Block {
    fn from(chart: Chart) -> Self {
        Self::Chart(chart)
    }
}

impl From<Listing> for Block {
    fn from(listing: Listing) -> Self {
        Self::Listing(listing)
    }
}

impl From<SourceExcerpt> for Block {
    fn from(excerpt: SourceExcerpt) -> Self {
        Self::Excerpt(excerpt)
    }
}
