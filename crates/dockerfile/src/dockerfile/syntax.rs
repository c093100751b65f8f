//! The tree: a flat, lossless list of lines and instructions with byte spans.
//!
//! Instructions that span several lines are read from their *logical text*: the lines joined as BuildKit joins them.
//! Such texts lie one after another in a buffer behind the source, in one address space: offsets up to the source's
//! length are in the source, the others in the buffer. [`File::str`] reads either, [`File::locate`] maps to the source.

use super::joined_text::{self, JoinedText};
use super::refusal::Verdict;
use crate::text::{Source, Span};

/// A Dockerfile as read. Holds its source; cheap to query, never re-printed.
#[derive(Clone, Debug)]
pub struct File {
    pub(super) source: Source,
    /// Logical texts of the instructions that span lines.
    pub(super) joined: JoinedText,
    pub(super) lines: Vec<PhysicalLine>,
    pub(super) instructions: Vec<Instruction>,
    pub(super) directives: Vec<Directive>,
    pub(super) escape: char,
    pub(super) problems: Vec<SyntaxProblem>,
    /// The first error that stops BuildKit's parser.
    pub(super) stop: Option<Verdict>,
    /// The first error of BuildKit's second stage.
    pub(super) refused: Option<Verdict>,
    /// Index of the first physical line that is too long for BuildKit.
    pub(super) oversize: Option<u32>,
}

impl File {
    /// The text that was read.
    pub fn source(&self) -> &Source {
        &self.source
    }

    /// The instructions in order. ONBUILD's trigger is inside its instruction, not in this list.
    pub fn instructions(&self) -> &[Instruction] {
        &self.instructions
    }

    /// What each physical line is, in order; their spans tile the source.
    pub fn lines(&self) -> &[PhysicalLine] {
        &self.lines
    }

    /// The parser directives as the parser sees them, in order.
    pub fn directives(&self) -> &[Directive] {
        &self.directives
    }

    /// The escape character: `\` or `` ` ``.
    pub fn escape(&self) -> char {
        self.escape
    }

    /// What is wrong or a silent trap, in source order.
    pub fn problems(&self) -> &[SyntaxProblem] {
        &self.problems
    }

    /// A word's text, after joining lines; quotes and escapes as written.
    pub fn str(&self, word: InstructionWord) -> &str {
        self.logical(word.text)
    }

    /// The logical text under a span of the file's address space.
    pub fn logical(&self, text: Span) -> &str {
        match text.start.checked_sub(joined_text::base(self.source.text())) {
            Some(start) => self.joined.slice(Span::new(start, start + text.len())),
            None => self.source.slice(text),
        }
    }

    /// Maps a span of the address space to the source: from its first byte to after its last one, whatever
    /// continuations and comments lie between. An empty span stays behind the text that it follows.
    pub fn locate(&self, text: Span) -> Span {
        match text.start.checked_sub(joined_text::base(self.source.text())) {
            Some(start) => self.joined.locate(Span::new(start, start + text.len()), self.source.text()),
            None => text,
        }
    }

    /// Maps the character that holds the byte at an address to the source.
    pub(super) fn locate_character(&self, address: u32) -> Span {
        let place = self.locate(Span::new(address, address + 1));
        let text = self.source.text();
        let start = text.floor_char_boundary(place.start as usize);
        Span::new(start as u32, text.ceil_char_boundary(place.end as usize) as u32)
    }

    /// A flag as BuildKit sees it: quotes and escapes removed, bytes beyond ASCII taken for Latin-1.
    pub fn flag<'a>(&'a self, flag: &'a Flag) -> &'a str {
        flag.unquoted.as_deref().unwrap_or_else(|| self.str(flag.word))
    }

    /// A flag's name as BuildKit sees it, without `--`.
    pub fn flag_name<'a>(&'a self, flag: &'a Flag) -> &'a str {
        let text = self.flag(flag);
        let end = text.bytes().position(|byte| byte == b'=').unwrap_or(text.len());
        text[..end].strip_prefix("--").unwrap_or(&text[..end])
    }

    /// A flag's value as BuildKit sees it.
    pub fn flag_value<'a>(&'a self, flag: &'a Flag) -> Option<&'a str> {
        self.flag(flag).split_once('=').map(|(_, value)| value)
    }
}

/// A piece of an instruction's logical text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct InstructionWord {
    /// Where its text lies, in the file's address space ([`File::str`]).
    pub text: Span,
    /// Where it stands in the source.
    pub span: Span,
}

/// One physical line, its line end included.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PhysicalLine {
    /// The whole line with its LF.
    pub span: Span,
    /// What it is.
    pub kind: LineKind,
}

/// What a physical line is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum LineKind {
    /// White space only, outside of an instruction.
    Blank,
    /// A comment outside of an instruction.
    Comment,
    /// A parser directive in force.
    Directive,
    /// Text of the instruction with this index.
    Instruction(u32),
    /// A comment inside a continued instruction (BuildKit drops it).
    InnerComment(u32),
    /// A blank line inside a continued instruction (BuildKit drops it and warns).
    InnerBlank(u32),
    /// A line of a heredoc's body.
    Body(u32),
    /// A heredoc's terminator.
    Terminator(u32),
}

/// `# name=value` at the top of the file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Directive {
    /// Which.
    pub name: DirectiveName,
    /// Where the value stands.
    pub value: Span,
    /// The whole comment.
    pub span: Span,
}

/// The directives that BuildKit knows.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DirectiveName {
    /// The front end's image.
    Syntax,
    /// The escape character.
    Escape,
    /// Settings of `docker build --check`.
    Check,
}

/// One instruction.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Instruction {
    /// Which; [`Keyword::Unknown`] for anything else.
    pub keyword: Keyword,
    /// The keyword as written.
    pub name: InstructionWord,
    /// From the keyword to the end of the last line that belongs to it (heredocs included), without that line's end.
    pub span: Span,
    /// Without heredocs: from the keyword to the end of the logical line.
    pub head: Span,
    /// First line, from 1.
    pub start_line: u32,
    /// Last line, from 1, heredocs included.
    pub end_line: u32,
    /// The logical text, from the keyword to the end, in the address space (trimmed as BuildKit does).
    pub text: Span,
    /// Flags in order.
    pub flags: Vec<Flag>,
    /// What follows the flags, in the address space; empty when nothing does.
    pub rest: InstructionWord,
    /// What follows the flags, read as the keyword asks.
    pub arguments: Arguments,
    /// Heredocs in order of their openers; those of an ONBUILD stand in its trigger too.
    pub heredocs: Vec<Heredoc>,
    /// The comments above that belong to it (BuildKit's `prev_comments`): their texts without `#` and blanks, in the
    /// address space. An indented comment keeps its `#`, as in BuildKit.
    pub comments: Vec<Span>,
}

/// The instructions of the Dockerfile reference.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
#[allow(missing_docs)] // The names are the documentation.
pub enum Keyword {
    Add,
    Arg,
    Cmd,
    Copy,
    Entrypoint,
    Env,
    Expose,
    From,
    Healthcheck,
    Label,
    Maintainer,
    Onbuild,
    Run,
    Shell,
    Stopsignal,
    User,
    Volume,
    Workdir,
    #[default]
    Unknown,
}

/// `--name` or `--name=value` before the arguments.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Flag {
    /// The flag as written.
    pub word: InstructionWord,
    /// Its name without `--`, as written.
    pub name: InstructionWord,
    /// Its value after `=`, as written.
    pub value: Option<InstructionWord>,
    /// The whole flag with quotes and escapes removed as BuildKit does (bytewise), where that differs from what is
    /// written ([`File::flag`]).
    pub unquoted: Option<Box<str>>,
}

/// What follows the flags.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Arguments {
    /// Nothing.
    #[default]
    None,
    /// A JSON array of strings: exec form of RUN, CMD, ENTRYPOINT, SHELL; also COPY, ADD, VOLUME.
    Json(Vec<Element>),
    /// One string as it stands: shell form; USER, WORKDIR, STOPSIGNAL, MAINTAINER.
    Raw(InstructionWord),
    /// Words split at blanks: FROM, EXPOSE, COPY, ADD, VOLUME; ARG's words keep quotes.
    Words(Vec<InstructionWord>),
    /// ENV and LABEL.
    Pairs(Vec<Pair>),
    /// HEALTHCHECK: its first word, and the command behind it ([`Arguments::None`], `Json` or `Raw`).
    Healthcheck(InstructionWord, Box<Arguments>),
    /// ONBUILD: the trigger.
    Trigger(Box<Instruction>),
}

/// A string of a JSON array.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Element {
    /// The value, escapes decoded.
    pub value: Box<str>,
    /// The string as written, with its quotes.
    pub word: InstructionWord,
}

/// `key=value`, or the legacy `key value` of ENV and LABEL.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Pair {
    /// Key as written, quotes kept.
    pub key: InstructionWord,
    /// Value as written, quotes kept; may be empty.
    pub value: InstructionWord,
    /// `ENV key value`.
    pub legacy: bool,
}

/// A here-document.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heredoc {
    /// `<<EOF` as written.
    pub opener: InstructionWord,
    /// The terminator's text, quotes removed.
    pub name: Box<str>,
    /// The file descriptor (0 unless written; the largest number for one that does not fit).
    pub fd: u64,
    /// No quote in the opener: COPY and ADD expand variables in the body.
    pub expand: bool,
    /// `<<-`: leading TABs of the body are dropped when it is used.
    pub chomp: bool,
    /// The body in the source, line ends included.
    pub body: Span,
    /// The terminator's line; `None` when the file ends first.
    pub terminator: Option<Span>,
}

/// Something wrong, or a silent trap.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SyntaxProblem {
    /// Which.
    pub kind: ProblemKind,
    /// Where.
    pub span: Span,
    /// What is wrong, in one sentence without a full stop.
    pub message: String,
    /// What to do.
    pub help: Option<String>,
}

/// What kind of problem.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// BuildKit refuses the file for it.
    Error,
    /// BuildKit refuses the file: there is no instruction.
    Empty,
    /// BuildKit refuses the file: an instruction stands before the first FROM.
    BeforeFrom,
    /// BuildKit refuses the file: an ONBUILD of ONBUILD, FROM or MAINTAINER.
    Trigger,
    /// BuildKit refuses the file: a heredoc's name took in what follows it (`<<EOF>/x`, `<<EOF;`).
    HeredocName,
    /// BuildKit refuses the file: a shift (`$((1 << 2))`) is read as a heredoc.
    HeredocShift,
    /// BuildKit refuses the file, or copies something else: quotes and escapes don't hold words of COPY together.
    SplitWord,
    /// No heredoc is read, as something else in the line can't be lexed.
    HeredocLost,
    /// What looks like exec form is no JSON and runs as shell form.
    ExecForm,
    /// An escape at the line's end continues nothing, for the white space after it.
    ContinuationBlank,
    /// A continuation swallows the next instruction.
    ContinuationSwallows,
    /// A Windows path at the line's end is read as a continuation.
    WindowsPath,
    /// Characters beyond ASCII in a flag are garbled.
    FlagBeyondAscii,
    /// A bare `--` vanishes.
    BareDashes,
    /// One of BuildKit's readers ignores an indented directive.
    DirectiveIndented,
    /// A comment that would be a directive under its right name.
    DirectiveMisspelt,
    /// A directive below a line that ends directives is a comment.
    DirectiveLate,
    /// Options of a check are cut at a blank.
    CheckCut,
}

impl ProblemKind {
    /// Whether BuildKit refuses the file for every such problem.
    pub const fn is_error(self) -> bool {
        matches!(
            self,
            Self::Error | Self::Empty | Self::BeforeFrom | Self::Trigger | Self::HeredocName | Self::HeredocShift
        )
    }

    /// What hadolint calls it, which reports what it can't read as `DL1000`.
    pub const fn code(self) -> Option<&'static str> {
        match self {
            Self::BeforeFrom => Some("DL3061"),
            Self::Trigger => Some("DL3043"),
            Self::Empty => None,
            _ if self.is_error() => Some("DL1000"),
            _ => None,
        }
    }

    /// Its name, for output.
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Empty => "empty",
            Self::BeforeFrom => "before-from",
            Self::Trigger => "trigger",
            Self::HeredocName => "heredoc-name",
            Self::HeredocShift => "heredoc-shift",
            Self::SplitWord => "split-word",
            Self::HeredocLost => "heredoc-lost",
            Self::ExecForm => "exec-form",
            Self::ContinuationBlank => "continuation-blank",
            Self::ContinuationSwallows => "continuation-swallows",
            Self::WindowsPath => "windows-path",
            Self::FlagBeyondAscii => "flag-beyond-ascii",
            Self::BareDashes => "bare-dashes",
            Self::DirectiveIndented => "directive-indented",
            Self::DirectiveMisspelt => "directive-misspelt",
            Self::DirectiveLate => "directive-late",
            Self::CheckCut => "check-cut",
        }
    }
}
