//! Heads of `for`, `case` and functions, and the ends of all compounds.

use super::list::{Closer, List, Member};
use super::word::{Purpose, WordBuilder};
use super::{Frame, Parser};
use crate::shell::script::{Compound, CompoundKind, ScopeKind};
use crate::text::Span;

/// Between `for` and its body.
pub(super) struct ForHeader {
    scope: u32,
    compound: u32,
    start: usize,
    phase: ForPhase,
}

#[derive(Clone, Copy)]
enum ForPhase {
    Name,
    In,
    Items,
    Do,
}

impl ForHeader {
    pub(super) fn new(scope: u32, compound: u32, start: usize) -> Self {
        Self { scope, compound, start, phase: ForPhase::Name }
    }
}

/// Between `case` and `esac`, outside the arms.
pub(super) struct Case {
    scope: u32,
    compound: u32,
    start: usize,
    phase: CasePhase,
}

#[derive(Clone, Copy)]
enum CasePhase {
    Subject,
    In,
    /// At the start of an arm or after its `|`.
    Pattern,
    /// After a pattern.
    Patterned,
}

impl Case {
    pub(super) fn new(scope: u32, compound: u32, start: usize) -> Self {
        Self { scope, compound, start, phase: CasePhase::Subject }
    }
}

impl Parser<'_> {
    pub(super) fn add_compound(&mut self, list: &mut List, kind: CompoundKind) -> u32 {
        let index = self.script.compounds.len() as u32;
        let place = self.take_place(list, Member::Compound(index));
        let span = self.span(self.at, self.at);
        self.script.compounds.push(Compound { kind, span, redirects: Vec::new(), place });
        index
    }

    /// The compound ends before the next byte; a function with its body, at `body_end`.
    pub(super) fn finish_compound(&mut self, index: u32, body_end: Option<u32>) {
        let end = self.span(self.at, self.at).end;
        self.script.compounds[index as usize].span.end = body_end.unwrap_or(end);
    }

    pub(super) fn for_head(&mut self, mut frame: ForHeader) {
        self.skip_blanks();
        match (frame.phase, self.peek(0)) {
            (ForPhase::Name, Some(b'(')) if self.peek(1) == Some(b'(') => {
                frame.phase = ForPhase::Do;
                self.frames.push(Frame::For(frame));
                self.open_arithmetic();
            }
            (ForPhase::Name, Some(byte)) if !super::word::ends_word(byte) => {
                frame.phase = ForPhase::In;
                self.frames.push(Frame::For(frame));
                self.open_word(Purpose::Dropped);
            }
            (ForPhase::In, Some(b'i')) if self.bare_word() == "in" => {
                self.at += 2;
                frame.phase = ForPhase::Items;
                self.frames.push(Frame::For(frame));
            }
            (ForPhase::In | ForPhase::Do, Some(b'\n')) => {
                self.frames.push(Frame::For(frame));
                self.newline();
            }
            (ForPhase::In | ForPhase::Do, Some(b'#')) => {
                self.comment();
                self.frames.push(Frame::For(frame));
            }
            (ForPhase::In | ForPhase::Items | ForPhase::Do, Some(b';')) => {
                self.at += 1;
                frame.phase = ForPhase::Do;
                self.frames.push(Frame::For(frame));
            }
            (ForPhase::Items, Some(b'\n')) => {
                frame.phase = ForPhase::Do;
                self.frames.push(Frame::For(frame));
                self.newline();
            }
            (ForPhase::Items, Some(byte)) if !super::word::ends_word(byte) => {
                self.frames.push(Frame::For(frame));
                self.open_word(Purpose::Dropped);
            }
            (ForPhase::In | ForPhase::Do, Some(_)) if self.bare_word() == "do" => {
                self.loop_body(&frame, 2, Closer::Done);
            }
            (ForPhase::In | ForPhase::Do, Some(b'{')) => self.loop_body(&frame, 1, Closer::Brace),
            _ => self.broken_compound(frame.start, frame.compound),
        }
    }

    fn loop_body(&mut self, frame: &ForHeader, len: usize, closer: Closer) {
        self.at += len;
        let scope = self.open_scope(ScopeKind::Loop, Some(frame.scope));
        let mut list = List::new(scope, closer, Some(frame.compound));
        list.start = frame.start;
        self.open_list(list);
    }

    /// The head makes no sense; its list goes on after it.
    fn broken_compound(&mut self, start: usize, compound: u32) {
        self.unterminated(start, start + 1);
        self.finish_compound(compound, None);
    }

    pub(super) fn case(&mut self, mut frame: Case) {
        self.skip_blanks();
        let phase = frame.phase;
        match (phase, self.peek(0)) {
            (CasePhase::In | CasePhase::Pattern | CasePhase::Patterned, Some(b'\n')) => {
                self.frames.push(Frame::Case(frame));
                self.newline();
            }
            (CasePhase::In | CasePhase::Pattern, Some(b'#')) => {
                self.comment();
                self.frames.push(Frame::Case(frame));
            }
            (CasePhase::In, Some(_)) if self.bare_word() == "in" => {
                self.at += 2;
                frame.phase = CasePhase::Pattern;
                self.frames.push(Frame::Case(frame));
            }
            (CasePhase::Pattern, Some(_)) if self.bare_word() == "esac" => {
                self.at += 4;
                self.finish_compound(frame.compound, None);
            }
            (CasePhase::Pattern, Some(b'(')) => {
                self.at += 1;
                self.frames.push(Frame::Case(frame));
            }
            (CasePhase::Patterned, Some(b'|')) => {
                self.at += 1;
                frame.phase = CasePhase::Pattern;
                self.frames.push(Frame::Case(frame));
            }
            (CasePhase::Patterned, Some(b')')) => {
                self.at += 1;
                frame.phase = CasePhase::Pattern;
                let scope = self.open_scope(ScopeKind::Branch, Some(frame.scope));
                let mut list = List::new(scope, Closer::Arm, Some(frame.compound));
                list.start = frame.start;
                self.frames.push(Frame::Case(frame));
                self.open_list(list);
            }
            (CasePhase::Subject | CasePhase::Pattern, Some(byte)) if !super::word::ends_word(byte) => {
                frame.phase = if matches!(phase, CasePhase::Subject) { CasePhase::In } else { CasePhase::Patterned };
                self.frames.push(Frame::Case(frame));
                self.open_word(Purpose::Dropped);
            }
            _ => self.broken_compound(frame.start, frame.compound),
        }
    }

    /// Whether `time` stands before a compound; before a command it is read as a wrapper.
    pub(super) fn times_compound(&self) -> bool {
        let rest = self.text[self.at + 4..self.limit].trim_start_matches([' ', '\t']);
        let rest = rest.strip_prefix("-p ").unwrap_or(rest);
        ["(", "{ ", "{\n", "if ", "for ", "while ", "until ", "case ", "! "]
            .iter()
            .any(|opener| rest.starts_with(opener))
    }

    pub(super) fn arithmetic_command(&mut self, mut list: List) {
        let compound = self.add_compound(&mut list, CompoundKind::Arithmetic);
        self.frames.push(Frame::List(list));
        self.open_arithmetic();
        if let Some(builder) = self.builders.last_mut() {
            builder.purpose = Purpose::Compound(compound);
        }
    }

    fn open_arithmetic(&mut self) {
        self.builders.push(WordBuilder::muted(self.at, Purpose::Dropped));
        let start = self.at;
        self.at += 2;
        self.push(Frame::Arithmetic(super::expansion::Arithmetic { start, depth: 0, alone: true }));
    }

    /// `function name [()] body`
    pub(super) fn function_keyword(&mut self, mut list: List) {
        let compound = self.add_compound(&mut list, CompoundKind::Function);
        self.at += "function".len();
        self.skip_blanks();
        while self.peek(0).is_some_and(|byte| !super::word::ends_word(byte)) {
            self.at += 1;
        }
        self.skip_blanks();
        if self.peek(0) == Some(b'(') {
            self.at += 1;
            self.skip_blanks();
            if self.peek(0) == Some(b')') {
                self.at += 1;
            }
        }
        let scope = list.scope;
        self.frames.push(Frame::List(list));
        self.function_body(compound, scope);
    }

    /// Turns the command that holds nothing but a name into a function when `()` follows.
    pub(super) fn name_to_function(&mut self, index: u32) -> bool {
        let commands = &mut self.script.commands;
        let Some(command) = commands.last() else { return false };
        if commands.len() != index as usize + 1 {
            return false;
        }
        let named = command.words.len() == 1 && command.assignments.is_empty() && command.redirects.is_empty();
        if !named || command.words[0].is_dynamic() {
            return false;
        }
        let rest = &self.text[self.at + 1..self.limit];
        let inner = rest.trim_start_matches([' ', '\t']);
        if !inner.starts_with(')') {
            return false;
        }
        let close = self.at + 1 + (rest.len() - inner.len());
        let Some(command) = commands.pop() else { return false };
        let span = Span::new(command.words[0].span.start, command.words[0].span.end);
        let place = command.place;
        let compound = self.script.compounds.len() as u32;
        self.script.compounds.push(Compound { kind: CompoundKind::Function, span, redirects: Vec::new(), place });
        if let Some(member) = self.members.last_mut() {
            *member = Member::Compound(compound);
        }
        self.at = close + 1;
        self.function_body(compound, place.scope);
        true
    }

    fn function_body(&mut self, compound: u32, parent: u32) {
        let scope = self.open_scope(ScopeKind::Function, Some(parent));
        let mut list = List::new(scope, Closer::One, Some(compound));
        list.start = self.at;
        list.restore = Some(self.options);
        self.open_list(list);
    }
}
