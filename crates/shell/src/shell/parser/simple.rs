//! Simple commands: words, assignments, redirects, `[[ … ]]`; and here-documents: bodies after a line end, and the
//! expansions inside them.

use super::word::{Purpose, WordBuilder, ends_word};
use super::{Frame, Parser};
use crate::shell::script::{Assignment, Command, CommandPlace, Redirect, RedirectOperator};
use crate::shell::word::Word;

/// Bodies inside expansions inside bodies; each level reads its lines once more.
const MAX_NESTED: u32 = 8;

/// A simple command being read.
pub(super) struct Simple {
    /// Its index in the script.
    pub(super) index: u32,
    /// Inside `[[ … ]]`, where operators are words.
    pub(super) test: bool,
}

/// What a redirect belongs to.
#[derive(Clone, Copy)]
pub(super) enum Owner {
    Command(u32),
    Compound(u32),
}

/// A redirect whose target is being read.
#[derive(Clone, Copy)]
pub(super) struct OpenRedirect {
    owner: Owner,
    start: usize,
    descriptor: Option<u32>,
    operator: RedirectOperator,
}

/// An assignment whose value is being read.
#[derive(Clone, Copy)]
pub(super) struct OpenAssignment {
    index: u32,
    start: usize,
    name_end: usize,
    append: bool,
}

impl Parser<'_> {
    pub(super) fn add_command(&mut self, place: CommandPlace) {
        let span = self.span(self.at, self.at);
        let (words, assignments, redirects) = (Vec::new(), Vec::new(), Vec::new());
        self.script.commands.push(Command { span, words, assignments, redirects, place });
    }

    pub(super) fn simple(&mut self, simple: Simple) {
        self.skip_blanks();
        let Some(byte) = self.peek(0) else { return self.finish_command(&simple) };
        match byte {
            b'\n' if simple.test && self.test_goes_on(simple.index) => {
                self.frames.push(Frame::Simple(simple));
                self.newline();
            }
            b'\n' => self.finish_command(&simple),
            _ if simple.test => self.open_argument(simple),
            b'<' | b'>' | b'&' | b'0'..=b'9' if self.redirect_operator().is_some() => {
                let owner = Owner::Command(simple.index);
                self.frames.push(Frame::Simple(simple));
                self.open_redirect(owner);
            }
            b'<' | b'>' if self.peek(1) == Some(b'(') => self.open_argument(simple),
            b';' | b'&' | b'|' | b')' | b'<' | b'>' => self.finish_command(&simple),
            b'#' => {
                self.comment();
                self.frames.push(Frame::Simple(simple));
            }
            b'(' => {
                if !self.name_to_function(simple.index) {
                    self.unexpected();
                    self.frames.push(Frame::Simple(simple));
                }
            }
            _ if self.command(simple.index).words.is_empty() && self.assigned_name().is_some() => {
                self.open_assignment(simple);
            }
            _ => self.open_argument(simple),
        }
    }

    fn command(&self, index: u32) -> &Command {
        &self.script.commands[index as usize]
    }

    /// Whether a line end inside `[[ … ]]` only separates words.
    fn test_goes_on(&self, index: u32) -> bool {
        let last = self.command(index).words.last().map(Word::text);
        matches!(last, Some("[[" | "&&" | "||" | "(" | "!"))
    }

    fn open_argument(&mut self, simple: Simple) {
        let purpose = Purpose::Argument(simple.index);
        let test = simple.test;
        self.frames.push(Frame::Simple(simple));
        self.builders.push(WordBuilder::new(self.at, purpose, test));
        self.push(Frame::Word);
    }

    fn finish_command(&mut self, simple: &Simple) {
        if simple.test {
            let start = self.at;
            self.unterminated(start, start);
        }
        let command = &self.script.commands[simple.index as usize];
        if command.words.first().is_some_and(|name| name.is("set")) {
            self.options.apply(command.words[1..].iter().map(Word::value));
        }
        // A list must go on: an operator that starts no command is an error, but one that is stepped over.
        if command.words.is_empty() && command.assignments.is_empty() && command.redirects.is_empty() {
            self.unexpected();
        }
    }

    /// End of the name and whether it is `+=`, when `name=`, `name+=` or `name[i]=` comes next.
    fn assigned_name(&self) -> Option<(usize, bool)> {
        let rest = &self.bytes[self.at..self.limit];
        let is_name = |byte: &u8| byte.is_ascii_alphanumeric() || *byte == b'_';
        let mut len = rest.iter().position(|byte| !is_name(byte))?;
        if len == 0 || rest[0].is_ascii_digit() {
            return None;
        }
        if rest[len] == b'[' {
            // Longer subscripts are not worth reading far ahead for.
            let window = &rest[len..rest.len().min(len + 64)];
            len += window.iter().position(|byte| *byte == b']')? + 1;
        }
        let append = rest.get(len) == Some(&b'+');
        let equals = len + usize::from(append);
        (rest.get(equals) == Some(&b'=')).then_some((self.at + len, append))
    }

    fn open_assignment(&mut self, simple: Simple) {
        let Some((name_end, append)) = self.assigned_name() else { return self.open_argument(simple) };
        let open = OpenAssignment { index: simple.index, start: self.at, name_end, append };
        self.at = name_end + 1 + usize::from(append);
        self.frames.push(Frame::Simple(simple));
        self.builders.push(WordBuilder::new(self.at, Purpose::Assignment(open), false));
        self.push(Frame::Word);
    }

    /// Length of the descriptor, the operator and its length, when a redirect comes next.
    pub(super) fn redirect_operator(&self) -> Option<(usize, RedirectOperator, usize)> {
        use RedirectOperator as Op;
        let rest = &self.bytes[self.at.min(self.limit)..self.limit];
        // A descriptor has few digits; the bound keeps long numbers cheap.
        let digits = rest.iter().take(8).take_while(|byte| byte.is_ascii_digit()).count();
        let operators: [(&[u8], Op); 12] = [
            (b"&>>", Op::AppendBoth),
            (b"&>", Op::WriteBoth),
            (b"<<<", Op::HereString),
            (b"<<-", Op::HeredocTabs),
            (b"<<", Op::Heredoc),
            (b"<>", Op::ReadWrite),
            (b"<&", Op::DuplicateRead),
            (b">>", Op::Append),
            (b">&", Op::DuplicateWrite),
            (b">|", Op::Clobber),
            (b"<", Op::Read),
            (b">", Op::Write),
        ];
        let (text, operator) = operators.into_iter().find(|(text, _)| rest[digits..].starts_with(text))?;
        let substitution = text.len() == 1 && rest.get(digits + 1) == Some(&b'(');
        let descriptor_before_and = digits > 0 && text[0] == b'&';
        (!substitution && !descriptor_before_and).then_some((digits, operator, text.len()))
    }

    pub(super) fn redirect_of_compound(&mut self) {
        if let Some(super::list::Member::Compound(index)) = self.members.last().copied() {
            self.open_redirect(Owner::Compound(index));
        }
    }

    fn open_redirect(&mut self, owner: Owner) {
        let Some((digits, operator, len)) = self.redirect_operator() else { return };
        let descriptor = self.text[self.at..self.at + digits].parse().ok();
        let open = OpenRedirect { owner, start: self.at, descriptor, operator };
        self.at += digits + len;
        self.skip_blanks();
        let substitution = matches!(self.peek(0), Some(b'<' | b'>')) && self.peek(1) == Some(b'(');
        if self.peek(0).is_some_and(|byte| !ends_word(byte)) || substitution {
            return self.open_word(Purpose::Redirect(open));
        }
        self.problem(super::ProblemKind::Unexpected, open.start, self.at);
        self.add_redirect(open, None);
    }

    fn add_redirect(&mut self, open: OpenRedirect, target: Option<Word>) {
        let end = target.as_ref().map_or(self.span(self.at, self.at).end, |word| word.span.end);
        let mut span = self.span(open.start, open.start);
        span.end = span.end.max(end);
        let heredoc = matches!(open.operator, RedirectOperator::Heredoc | RedirectOperator::HeredocTabs);
        let delimiter =
            if heredoc { target.as_ref().map(|word| (word.text().to_owned(), !word.is_quoted())) } else { None };
        let OpenRedirect { owner, start, descriptor, operator } = open;
        let redirect = Redirect { span, descriptor, operator, target, body: None };
        let (redirects, outer) = match owner {
            Owner::Command(index) => {
                let command = &mut self.script.commands[index as usize];
                (&mut command.redirects, &mut command.span)
            }
            Owner::Compound(index) => {
                let compound = &mut self.script.compounds[index as usize];
                (&mut compound.redirects, &mut compound.span)
            }
        };
        outer.end = end;
        redirects.push(redirect);
        let index = redirects.len() - 1;
        if let Some((delimiter, expands)) = delimiter {
            let tabs = operator == RedirectOperator::HeredocTabs;
            self.pending.push(PendingHeredoc { owner, index, start, end: self.at, delimiter, tabs, expands });
        }
    }

    /// Hands a finished word to what it was read for.
    pub(super) fn deliver(&mut self, word: Word, purpose: Purpose) {
        match purpose {
            Purpose::Dropped => {}
            Purpose::Compound(index) => self.script.compounds[index as usize].span.end = word.span.end,
            Purpose::Redirect(open) => self.add_redirect(open, Some(word)),
            Purpose::Argument(index) => {
                let command = &mut self.script.commands[index as usize];
                command.span.end = word.span.end;
                let closes_test = word.is("]]") && !word.is_quoted();
                command.words.push(word);
                if let Some(Frame::Simple(simple)) = self.frames.last_mut()
                    && closes_test
                {
                    simple.test = false;
                }
            }
            Purpose::Assignment(open) => {
                let OpenAssignment { index, start, name_end, append } = open;
                let whole = self.span(start, self.at);
                let name_text = self.text[start..name_end].into();
                let name = self.span(start, name_end);
                let command = &mut self.script.commands[index as usize];
                command.span.end = word.span.end;
                let span = crate::text::Span::new(whole.start, word.span.end);
                command.assignments.push(Assignment { span, name, name_text, append, value: word });
            }
        }
    }

    /// Whether `name=(` as an argument is an array, as after `declare` or `local`.
    pub(super) fn declares(&self, purpose: Purpose) -> bool {
        let Purpose::Argument(index) = purpose else { return false };
        let name = self.command(index).words.first().and_then(Word::value);
        matches!(name, Some("declare" | "typeset" | "local" | "export" | "readonly"))
    }
}

/// A here-document whose body has not come yet.
pub(super) struct PendingHeredoc {
    pub(super) owner: Owner,
    /// Index among the owner's redirects.
    pub(super) index: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    pub(super) delimiter: String,
    pub(super) tabs: bool,
    pub(super) expands: bool,
}

/// A body being read.
pub(super) struct Heredoc {
    start: usize,
    end: usize,
    /// After the delimiter's line.
    next: usize,
    expands: bool,
    around: Option<(usize, u32)>,
}

impl Parser<'_> {
    /// Steps over a line end and the bodies that start after it. The frame that reads on must be pushed already.
    pub(super) fn newline(&mut self) {
        self.at += 1;
        if self.pending.len() <= self.pending_base {
            return;
        }
        if self.heredocs >= MAX_NESTED {
            return self.stop();
        }
        let mut frames = Vec::new();
        let mut at = self.at;
        for pending in self.pending.split_off(self.pending_base) {
            let (end, next, closed) = self.body_end(at, &pending);
            if !closed {
                self.unterminated(pending.start, pending.end);
            }
            let body = Some(self.span(at, end));
            let redirects = match pending.owner {
                Owner::Command(index) => &mut self.script.commands[index as usize].redirects,
                Owner::Compound(index) => &mut self.script.compounds[index as usize].redirects,
            };
            if let Some(redirect) = redirects.get_mut(pending.index) {
                redirect.body = body;
            }
            frames.push(Heredoc { start: at, end, next, expands: pending.expands, around: None });
            at = next;
        }
        for heredoc in frames.into_iter().rev() {
            self.push(Frame::Heredoc(heredoc));
        }
    }

    /// End of the body, start of what follows the delimiter, whether there is a delimiter.
    fn body_end(&self, from: usize, pending: &PendingHeredoc) -> (usize, usize, bool) {
        let from = from.min(self.limit);
        let mut start = from;
        while start < self.limit {
            let end = memchr::memchr(b'\n', &self.bytes[start..self.limit]).map_or(self.limit, |len| start + len);
            let line = &self.text[start..end];
            let line = if pending.tabs { line.trim_start_matches('\t') } else { line };
            if line.strip_suffix('\r').unwrap_or(line) == pending.delimiter {
                return (start, (end + 1).min(self.limit), true);
            }
            start = end + 1;
        }
        (self.limit, self.limit, false)
    }

    pub(super) fn heredoc(&mut self, mut heredoc: Heredoc) {
        if self.stopped {
            return self.leave_heredoc(&heredoc);
        }
        if heredoc.around.is_none() {
            self.at = heredoc.start;
            if !heredoc.expands {
                return self.leave_heredoc(&heredoc);
            }
            heredoc.around = Some((self.limit, self.parens));
            self.limit = heredoc.end;
            self.parens = 0;
            self.heredocs += 1;
            self.builders.push(WordBuilder::muted(self.at, Purpose::Dropped));
        }
        let rest = &self.bytes[self.at.min(self.limit)..self.limit];
        let Some(len) = rest.iter().position(|byte| matches!(byte, b'$' | b'`' | b'\\')) else {
            return self.leave_heredoc(&heredoc);
        };
        self.at += len;
        self.frames.push(Frame::Heredoc(heredoc));
        match self.bytes[self.at] {
            b'\\' => {
                self.at += 1;
                if !self.is_at_end() {
                    self.at += self.char_len(self.at);
                }
            }
            b'`' => self.open_backquote(),
            _ => self.dollar(true),
        }
    }

    fn leave_heredoc(&mut self, heredoc: &Heredoc) {
        if let Some((limit, parens)) = heredoc.around {
            self.builders.pop();
            self.heredocs -= 1;
            self.parens = parens;
            if !self.stopped {
                self.limit = limit;
            }
        }
        if !self.stopped {
            self.at = heredoc.next;
        }
    }
}
