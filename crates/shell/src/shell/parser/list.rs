//! Lists: elements, the operators between them, keywords that open and close them.

use super::compound::{Case, ForHeader};
use super::simple::Simple;
use super::{Frame, Parser};
use crate::shell::script::{
    CommandPlace, CompoundKind, ProblemKind, ScopeKind, Separator, SeparatorKind, ShellOptions,
};

/// A list being read.
pub(super) struct List {
    pub(super) scope: u32,
    pub(super) closer: Closer,
    /// The compound it belongs to; none for the whole script and substitutions.
    pub(super) compound: Option<u32>,
    /// Where its opener starts.
    pub(super) start: usize,
    /// Options to go back to at its end.
    pub(super) restore: Option<ShellOptions>,
    /// What was in force around a substitution.
    pub(super) around: Option<ParserState>,
    before: Option<Separator>,
    /// First element of the current pipeline in `Parser::members`.
    members: usize,
    /// Whether an element was read, so that an operator may follow.
    ready: bool,
    negated: bool,
    pipe_options: ShellOptions,
}

/// Parser state around a substitution.
#[derive(Clone, Copy)]
pub(super) struct ParserState {
    pub(super) limit: usize,
    pub(super) parens: u32,
    pub(super) pending_base: usize,
}

/// What ends a [`List`].
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Closer {
    /// The end of the text.
    End,
    /// `)`
    Paren,
    /// The limit, which stands before a back quote.
    Backquote,
    /// `}`
    Brace,
    /// `then`
    Then,
    /// `fi`, `elif`, `else`
    Fi,
    /// `do`
    Do,
    /// `done`
    Done,
    /// `;;`, `esac`
    Arm,
    /// The end of one command: a function's body.
    One,
}

/// An element of a pipeline.
#[derive(Clone, Copy)]
pub(super) enum Member {
    Command(u32),
    Compound(u32),
}

impl List {
    pub(super) fn new(scope: u32, closer: Closer, compound: Option<u32>) -> Self {
        Self {
            scope,
            closer,
            compound,
            start: 0,
            restore: None,
            around: None,
            before: None,
            members: 0,
            ready: false,
            negated: false,
            pipe_options: ShellOptions::default(),
        }
    }
}

impl Parser<'_> {
    /// Opens a list below the frames that are already pushed.
    pub(super) fn open_list(&mut self, mut list: List) {
        list.members = self.members.len();
        self.push(Frame::List(list));
    }

    pub(super) fn list(&mut self, list: List) {
        self.skip_blanks();
        if self.is_at_end() {
            return self.end_list(list);
        }
        if self.bytes[self.at] == b'#' {
            self.comment();
            self.frames.push(Frame::List(list));
        } else if list.ready {
            self.after_element(list);
        } else {
            self.before_element(list);
        }
    }

    fn before_element(&mut self, list: List) {
        match self.bytes[self.at] {
            b'\n' => {
                self.frames.push(Frame::List(list));
                self.newline();
            }
            b')' => self.close_paren(list),
            b'(' => self.open_paren(list),
            b';' if list.closer == Closer::Arm && matches!(self.peek(1), Some(b';' | b'&')) => self.close_arm(list),
            b'&' if self.peek(1) == Some(b'>') => self.open_simple(list, false),
            b';' | b'&' | b'|' => {
                self.unexpected();
                self.frames.push(Frame::List(list));
            }
            _ => self.keyword_or_command(list),
        }
    }

    fn keyword_or_command(&mut self, mut list: List) {
        let len = self.bare_word().len();
        match self.bare_word() {
            "!" => {
                self.at += 1;
                list.negated = !list.negated;
                self.frames.push(Frame::List(list));
            }
            "{" => self.open_compound(list, CompoundKind::Group, 1, ScopeKind::Group, Closer::Brace),
            "if" => self.open_compound(list, CompoundKind::If, 2, ScopeKind::Condition, Closer::Then),
            "while" | "until" => self.open_compound(list, CompoundKind::Loop, 5, ScopeKind::Condition, Closer::Do),
            "for" | "select" => {
                let compound = self.add_compound(&mut list, CompoundKind::For);
                let frame = ForHeader::new(list.scope, compound, self.at);
                self.at += len;
                self.frames.push(Frame::List(list));
                self.push(Frame::For(frame));
            }
            "case" => {
                let compound = self.add_compound(&mut list, CompoundKind::Case);
                let frame = Case::new(list.scope, compound, self.at);
                self.at += len;
                self.frames.push(Frame::List(list));
                self.push(Frame::Case(frame));
            }
            "function" => self.function_keyword(list),
            "[[" => self.open_simple(list, true),
            "time" if self.times_compound() => {
                self.at += len;
                self.frames.push(Frame::List(list));
            }
            "then" | "elif" | "else" | "fi" | "do" | "done" | "}" | "esac" => self.closing_keyword(list, len),
            _ => self.open_simple(list, false),
        }
    }

    fn closing_keyword(&mut self, mut list: List, len: usize) {
        let word = self.bare_word();
        match (list.closer, word) {
            (Closer::Then, "then") | (Closer::Fi, "else") => self.next_list(list, len, ScopeKind::Branch, Closer::Fi),
            (Closer::Fi, "elif") => self.next_list(list, len, ScopeKind::Condition, Closer::Then),
            (Closer::Do, "do") => self.next_list(list, len, ScopeKind::Loop, Closer::Done),
            (Closer::Fi, "fi") | (Closer::Done, "done") | (Closer::Brace, "}") => self.close_list(list, len),
            (Closer::Arm, "esac") => self.close_list(list, 0),
            _ => {
                self.problem(ProblemKind::Unexpected, self.at, self.at + len);
                self.at += len;
                // As if a command stood there, so that its `;` is no second problem.
                list.ready = true;
                self.frames.push(Frame::List(list));
            }
        }
    }

    fn after_element(&mut self, mut list: List) {
        let (kind, len) = match (self.bytes[self.at], self.peek(1)) {
            (b'&' | b'<' | b'>' | b'0'..=b'9', _) if self.redirects_compound(&list) => {
                self.frames.push(Frame::List(list));
                return self.redirect_of_compound();
            }
            _ if list.closer == Closer::One => return self.close_list(list, 0),
            (b';', Some(b';' | b'&')) if list.closer == Closer::Arm => return self.close_arm(list),
            (b'\n', _) => (SeparatorKind::Newline, 1),
            (b';', _) => (SeparatorKind::Semicolon, 1),
            (b'&', Some(b'&')) => (SeparatorKind::And, 2),
            (b'&', _) => (SeparatorKind::Background, 1),
            (b'|', Some(b'|')) => (SeparatorKind::Or, 2),
            (b'|', Some(b'&')) => (SeparatorKind::Pipe, 2),
            (b'|', _) => (SeparatorKind::Pipe, 1),
            (b')', _) => return self.close_paren(list),
            _ => return self.without_operator(list),
        };
        let separator = Separator { kind, span: self.span(self.at, self.at + len) };
        if kind == SeparatorKind::Pipe {
            if let Some(last) = self.last_member(&list) {
                self.place_of(last).after = Some(separator);
            }
            list.before = Some(separator);
            list.ready = false;
        } else {
            self.finish_pipeline(&mut list, Some(separator));
        }
        self.frames.push(Frame::List(list));
        if kind == SeparatorKind::Newline {
            self.newline();
        } else {
            self.at += len;
        }
    }

    /// After `}`, `fi` and the like a keyword may follow directly; anything else can't.
    fn without_operator(&mut self, mut list: List) {
        let closes = matches!(self.bare_word(), "then" | "elif" | "else" | "fi" | "do" | "done" | "}" | "esac");
        let after_compound = matches!(self.last_member(&list), Some(Member::Compound(_)));
        if !(closes && after_compound) {
            self.problem(ProblemKind::Unexpected, self.at, self.at + self.char_len(self.at));
        }
        if after_compound || !matches!(self.bytes[self.at], b'(' | b'`') {
            self.finish_pipeline(&mut list, None);
        } else {
            self.at += 1;
        }
        self.frames.push(Frame::List(list));
    }

    fn redirects_compound(&self, list: &List) -> bool {
        matches!(self.last_member(list), Some(Member::Compound(_))) && self.redirect_operator().is_some()
    }

    /// The latest element of the current pipeline.
    fn last_member(&self, list: &List) -> Option<Member> {
        self.members[list.members..].last().copied()
    }

    fn open_paren(&mut self, list: List) {
        if self.peek(1) == Some(b'(') && self.is_arithmetic(self.at) {
            return self.arithmetic_command(list);
        }
        self.open_compound(list, CompoundKind::Subshell, 1, ScopeKind::Subshell, Closer::Paren);
    }

    fn open_compound(&mut self, mut list: List, kind: CompoundKind, len: usize, scope: ScopeKind, closer: Closer) {
        let start = self.at;
        let compound = self.add_compound(&mut list, kind);
        self.at += len;
        let mut inner = List::new(self.open_scope(scope, Some(list.scope)), closer, Some(compound));
        inner.start = start;
        if closer == Closer::Paren {
            self.parens += 1;
            inner.restore = Some(self.options);
        }
        self.frames.push(Frame::List(list));
        self.open_list(inner);
    }

    /// The next part of the same compound: `then` after a condition, …
    fn next_list(&mut self, mut list: List, len: usize, kind: ScopeKind, closer: Closer) {
        self.finish_pipeline(&mut list, None);
        self.close_scope(list.scope);
        let parent = self.script.scopes[list.scope as usize].parent;
        self.at += len;
        let mut next = List::new(self.open_scope(kind, parent), closer, list.compound);
        next.start = list.start;
        self.open_list(next);
    }

    fn close_arm(&mut self, mut list: List) {
        self.finish_pipeline(&mut list, None);
        self.close_scope(list.scope);
        self.at += if self.text[self.at..self.limit].starts_with(";;&") { 3 } else { 2 };
    }

    fn close_paren(&mut self, mut list: List) {
        if list.closer == Closer::Paren {
            return self.close_list(list, 1);
        }
        if self.parens > 0 {
            // An outer parenthesis ends here: what is open inside it was never closed.
            self.unterminated(list.start, list.start + 1);
            return self.close_list(list, 0);
        }
        self.unexpected();
        self.finish_pipeline(&mut list, None);
        self.frames.push(Frame::List(list));
    }

    fn end_list(&mut self, list: List) {
        if !matches!(list.closer, Closer::End | Closer::Backquote | Closer::One) {
            let end = list.start + self.char_len(list.start);
            self.unterminated(list.start, end);
        }
        self.close_list(list, 0);
    }

    /// Ends a list whose closer of `len` bytes comes next.
    pub(super) fn close_list(&mut self, mut list: List, len: usize) {
        let dangling = !list.ready
            && list.before.is_some_and(|before| {
                matches!(before.kind, SeparatorKind::And | SeparatorKind::Or | SeparatorKind::Pipe)
            });
        if dangling {
            self.problem(ProblemKind::Unexpected, self.at, self.at);
        }
        self.finish_pipeline(&mut list, None);
        self.close_scope(list.scope);
        if list.closer == Closer::Paren {
            self.parens = self.parens.saturating_sub(1);
        }
        if let Some(around) = list.around {
            self.limit = if self.stopped { self.bytes.len() } else { around.limit };
            self.parens = around.parens;
            self.pending_base = around.pending_base;
        }
        if let Some(options) = list.restore {
            self.options = options;
        }
        let backquote = list.closer == Closer::Backquote && self.peek(0) == Some(b'`');
        self.at += if backquote { 1 } else { len };
        match list.compound {
            _ if list.closer == Closer::Arm => {}
            Some(compound) => {
                let body_end = self.script.scopes[list.scope as usize].last_end;
                self.finish_compound(compound, if list.closer == Closer::One { body_end } else { None });
            }
            None if list.closer != Closer::End => self.end_substitution(list.start),
            None => {}
        }
    }

    pub(super) fn finish_pipeline(&mut self, list: &mut List, after: Option<Separator>) {
        let len = self.members.len() - list.members;
        if let Some(last) = self.last_member(list) {
            let end = match last {
                Member::Command(index) => self.script.commands[index as usize].span.end,
                Member::Compound(index) => self.script.compounds[index as usize].span.end,
            };
            if list.ready {
                self.place_of(last).after = after;
            }
            self.script.scopes[list.scope as usize].last_end = Some(end);
        }
        if len > 1 {
            for index in list.members..self.members.len() {
                self.place_of(self.members[index]).pipe_len = len as u32;
            }
            self.options = list.pipe_options;
        }
        self.members.truncate(list.members);
        list.ready = false;
        list.negated = false;
        list.before = after;
    }

    fn place_of(&mut self, member: Member) -> &mut CommandPlace {
        match member {
            Member::Command(index) => &mut self.script.commands[index as usize].place,
            Member::Compound(index) => &mut self.script.compounds[index as usize].place,
        }
    }

    /// The place of the element that starts here, which becomes the list's latest.
    pub(super) fn take_place(&mut self, list: &mut List, member: Member) -> CommandPlace {
        if self.members.len() == list.members {
            list.pipe_options = self.options;
        }
        let pipe_index = (self.members.len() - list.members) as u32;
        self.members.push(member);
        list.ready = true;
        CommandPlace {
            scope: list.scope,
            before: list.before,
            after: None,
            pipe_index,
            pipe_len: 1,
            negated: list.negated,
            options: self.options,
        }
    }

    fn open_simple(&mut self, mut list: List, test: bool) {
        let index = self.script.commands.len() as u32;
        let place = self.take_place(&mut list, Member::Command(index));
        self.add_command(place);
        self.frames.push(Frame::List(list));
        self.push(Frame::Simple(Simple { index, test }));
    }
}
