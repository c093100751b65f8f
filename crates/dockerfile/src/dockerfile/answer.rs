//! A file as BuildKit's own tree shows it: the shape of the parse vectors. Knows no output format.

use super::joined_text;
use super::refusal::{Stage, Verdict};
use super::syntax::{Arguments, File, Heredoc, Instruction, Keyword, LineKind};
use super::whitespace::without_line_end;
use crate::text::{Source, Span};

/// What BuildKit makes of a Dockerfile.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildkitAnswer {
    /// The instructions; none after a parse error, except for a line that is too long.
    pub nodes: Vec<BuildkitNode>,
    /// The directives as the separate look-up sees them: name, value, line.
    pub directives: Vec<(&'static str, String, u32)>,
    /// The escape character; unknown after a parse error.
    pub escape: Option<char>,
    /// Lines (the last of their instruction) that warn of blank lines inside an instruction.
    pub empty_continuation_warnings: Vec<u32>,
    /// The first error.
    pub error: Option<Verdict>,
}

/// An instruction as BuildKit's parser gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuildkitNode {
    /// The keyword as written.
    pub value: String,
    /// The arguments; ENV and LABEL give key, value and `=` (or nothing) for each pair.
    pub args: Vec<String>,
    /// The flags without quotes and escapes.
    pub flags: Vec<String>,
    /// Whether the arguments are a JSON array.
    pub json: bool,
    /// First line, from 1; 0 in a trigger.
    pub start_line: u32,
    /// Last line.
    pub end_line: u32,
    /// Heredocs; a trigger's are its ONBUILD's.
    pub heredocs: Vec<HeredocNode>,
    /// The joined line.
    pub original: String,
    /// The comments above.
    pub prev_comments: Vec<String>,
    /// ONBUILD's trigger.
    pub sub: Option<Box<BuildkitNode>>,
}

/// A heredoc as BuildKit's parser gives it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct HeredocNode {
    /// Its name without quotes.
    pub name: String,
    /// The file descriptor.
    pub fd: u64,
    /// Whether its variables are expanded.
    pub expand: bool,
    /// `<<-`.
    pub chomp: bool,
    /// The lines, as they stand.
    pub content: String,
}

impl File {
    /// What BuildKit makes of the file when it goes as far as `reach`.
    pub fn answer(&self, reach: Stage) -> BuildkitAnswer {
        let directives = self.lookup_directives().into_iter().map(|directive| {
            let value = self.source.slice(directive.value).to_owned();
            (directive.name.as_str(), value, self.source.line(directive.span.start))
        });
        let error = if reach == Stage::Dispatch { self.verdict() } else { self.refusal() };
        let error = error.filter(|error| error.stage <= reach);
        let mut answer = BuildkitAnswer { directives: directives.collect(), error, ..BuildkitAnswer::default() };
        match (&answer.error, self.oversize) {
            (Some(error), None) if error.stage == Stage::Parse => {}
            (Some(error), Some(line)) if error.stage == Stage::Parse => {
                let readable = self.before_line(line);
                if readable.stop.is_none() {
                    readable.describe(&mut answer);
                }
            }
            _ => self.describe(&mut answer),
        }
        answer
    }

    /// What stands before a physical line (from 0), read alone.
    pub(super) fn before_line(&self, line: u32) -> Self {
        let end = self.lines.get(line as usize).map_or(self.source.text().len(), |line| line.span.start as usize);
        super::parse(&Source::of(self.source.name(), &self.source.text()[..end]))
    }

    fn describe(&self, answer: &mut BuildkitAnswer) {
        answer.escape = Some(self.escape);
        answer.nodes = self.instructions.iter().map(|instruction| self.node(instruction)).collect();
        let mut last = None;
        for line in &self.lines {
            if let LineKind::InnerBlank(index) = line.kind
                && last != Some(index)
            {
                last = Some(index);
                answer.empty_continuation_warnings.push(self.head_end_line(index));
            }
        }
    }

    /// The last line of the logical line of the instruction with this index, comments and blank lines included: where
    /// BuildKit warns of blank ones.
    pub fn head_end_line(&self, index: u32) -> u32 {
        let instruction = &self.instructions[index as usize];
        match instruction.heredocs.first() {
            Some(heredoc) => self.source.line(heredoc.body.start) - 1,
            None => instruction.end_line,
        }
    }

    pub(super) fn node(&self, instruction: &Instruction) -> BuildkitNode {
        let (sub, args) = match &instruction.arguments {
            Arguments::Trigger(trigger) => (Some(Box::new(self.node(trigger))), Vec::new()),
            _ => (None, self.node_args(instruction)),
        };
        BuildkitNode {
            value: self.str(instruction.name).to_owned(),
            args,
            flags: instruction.flags.iter().map(|flag| self.flag(flag).to_owned()).collect(),
            json: is_json(&instruction.arguments),
            start_line: instruction.start_line,
            end_line: instruction.end_line,
            heredocs: if instruction.start_line == 0 { Vec::new() } else { self.heredocs(&instruction.heredocs) },
            original: match instruction.start_line {
                0 => self.logical(instruction.text).to_owned(),
                _ => self.original(instruction.text),
            },
            prev_comments: instruction.comments.iter().map(|&comment| self.logical(comment).to_owned()).collect(),
            sub,
        }
    }

    /// The arguments as BuildKit's instruction stage gets them.
    pub(super) fn node_args(&self, instruction: &Instruction) -> Vec<String> {
        let mut args = Vec::new();
        if instruction.keyword == Keyword::Unknown {
            args.push(String::new());
        }
        self.push_args(&instruction.arguments, &mut args);
        args
    }

    fn push_args(&self, arguments: &Arguments, args: &mut Vec<String>) {
        match arguments {
            Arguments::None | Arguments::Trigger(_) => {}
            Arguments::Json(elements) => args.extend(elements.iter().map(|element| element.value.to_string())),
            Arguments::Raw(word) => args.push(self.str(*word).to_owned()),
            Arguments::Words(words) => args.extend(words.iter().map(|&word| self.str(word).to_owned())),
            Arguments::Pairs(pairs) => {
                for pair in pairs {
                    let sign = if pair.legacy { "" } else { "=" };
                    args.extend([self.str(pair.key), self.str(pair.value), sign].map(str::to_owned));
                }
            }
            Arguments::Healthcheck(kind, command) => {
                args.push(self.str(*kind).to_owned());
                self.push_args(command, args);
            }
        }
    }

    fn heredocs(&self, heredocs: &[Heredoc]) -> Vec<HeredocNode> {
        let mut nodes = Vec::with_capacity(heredocs.len());
        for heredoc in heredocs {
            nodes.push(HeredocNode {
                name: heredoc.name.to_string(),
                fd: heredoc.fd,
                expand: heredoc.expand,
                chomp: heredoc.chomp,
                content: self.source.slice(heredoc.body).to_owned(),
            });
        }
        nodes
    }

    /// The joined line with all white space, as far as it was not dropped before lines were joined.
    fn original(&self, text: Span) -> String {
        let Some(start) = text.start.checked_sub(joined_text::base(self.source.text())) else {
            let rest = &self.source.text()[text.start as usize..];
            return without_line_end(rest.split('\n').next().unwrap_or_default()).to_owned();
        };
        let before = self.joined.slice(Span::new(0, start));
        let blanks = before.chars().rev().take_while(|&c| c != '\n' && c.is_whitespace());
        let start = start - blanks.map(|c| c.len_utf8() as u32).sum::<u32>();
        let rest = self.joined.slice(Span::new(start, self.joined.len()));
        rest.split('\n').next().unwrap_or_default().to_owned()
    }
}

pub(super) fn is_json(arguments: &Arguments) -> bool {
    match arguments {
        Arguments::Json(_) => true,
        Arguments::Healthcheck(_, command) => is_json(command),
        _ => false,
    }
}
