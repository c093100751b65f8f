//! What a script holds: commands in source order, the lists they stand in, and what could not be read.

use super::word::Word;
use crate::text::Span;

/// A script that was read. Spans are offsets into the text that was given.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Script {
    /// Every simple command, in the order in which they start; also those inside substitutions, functions, loops.
    pub commands: Vec<Command>,
    /// Every group, loop, conditional, function, in the order in which they start.
    pub compounds: Vec<Compound>,
    /// The lists that commands stand in; the first is the whole script.
    pub scopes: Vec<Scope>,
    /// Comments, from `#` to before the line end.
    pub comments: Vec<Span>,
    /// What could not be read.
    pub problems: Vec<ShellProblem>,
    /// Scripts given to `sh -c` or `eval`, with the index of the command that runs them.
    pub nested: Vec<(u32, Script)>,
    /// By command: whether it runs its own program and nothing else, so that nobody has to look again.
    pub(super) plain: Vec<bool>,
    /// Groups that `||` follows, in the order in which they start: where each starts, and the farthest end up to it.
    pub(super) before_or: Vec<(u32, u32)>,
    /// The commands that change the working folder, `cd` and `pushd`, by their index.
    pub(super) folder_changes: Vec<u32>,
}

/// A simple command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Command {
    /// From the first to the last of its words, assignments and redirects; here-document bodies excluded.
    pub span: Span,
    /// The program's name and its arguments; empty for a bare assignment or redirect.
    pub words: Vec<Word>,
    /// Assignments before the name.
    pub assignments: Vec<Assignment>,
    /// Redirects, wherever they stand.
    pub redirects: Vec<Redirect>,
    /// Where it stands.
    pub place: CommandPlace,
}

impl Command {
    /// The word that names the program.
    pub fn name(&self) -> Option<&Word> {
        self.words.first()
    }
}

/// `name=value` before a command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Assignment {
    /// All of it.
    pub span: Span,
    /// The name, with an index when one is written.
    pub name: Span,
    /// The name's text.
    pub name_text: Box<str>,
    /// Whether it is `+=`.
    pub append: bool,
    /// The value; empty for `name=`.
    pub value: Word,
}

/// A redirect.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Redirect {
    /// From the descriptor or operator to the end of the target.
    pub span: Span,
    /// The descriptor in front of the operator.
    pub descriptor: Option<u32>,
    /// The operator.
    pub operator: RedirectOperator,
    /// File, descriptor or here-document delimiter; none when it is missing.
    pub target: Option<Word>,
    /// Body of a here-document, delimiter line excluded.
    pub body: Option<Span>,
}

/// Operator of a [`Redirect`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum RedirectOperator {
    /// `<`
    Read,
    /// `>`
    Write,
    /// `>>`
    Append,
    /// `>|`
    Clobber,
    /// `<>`
    ReadWrite,
    /// `<&`
    DuplicateRead,
    /// `>&`
    DuplicateWrite,
    /// `&>`
    WriteBoth,
    /// `&>>`
    AppendBoth,
    /// `<<`
    Heredoc,
    /// `<<-`
    HeredocTabs,
    /// `<<<`
    HereString,
}

/// Where a command or compound stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CommandPlace {
    /// Index of the list in [`Script::scopes`].
    pub scope: u32,
    /// What separates it from the element before it in the same list.
    pub before: Option<Separator>,
    /// What follows it in the same list.
    pub after: Option<Separator>,
    /// Position in its pipeline, from 0.
    pub pipe_index: u32,
    /// Elements of its pipeline; 1 without a pipe.
    pub pipe_len: u32,
    /// Whether `!` turns the status of its pipeline round.
    pub negated: bool,
    /// Options in force when it starts, as far as `set` in the text before it tells.
    pub options: ShellOptions,
}

/// An operator between commands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Separator {
    /// Which.
    pub kind: SeparatorKind,
    /// The operator as written.
    pub span: Span,
}

/// Kinds of [`Separator`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum SeparatorKind {
    /// `&&`
    And,
    /// `||`
    Or,
    /// `;`
    Semicolon,
    /// Line end.
    Newline,
    /// `&`
    Background,
    /// `|` or `|&`
    Pipe,
}

/// Shell options that decide which failure ends a script.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(clippy::struct_excessive_bools, reason = "the shell's own switches")]
pub struct ShellOptions {
    /// `set -e`
    pub errexit: bool,
    /// `set -o pipefail`
    pub pipefail: bool,
    /// `set -u`
    pub nounset: bool,
    /// `set -x`
    pub xtrace: bool,
}

impl ShellOptions {
    /// Applies the arguments of `set`, or those of a shell before `-c`.
    pub fn apply<'a>(&mut self, args: impl IntoIterator<Item = Option<&'a str>>) {
        let mut args = args.into_iter();
        while let Some(arg) = args.next() {
            let Some(arg) = arg else { continue };
            let Some(on) = arg.as_bytes().first().and_then(|sign| match sign {
                b'-' => Some(true),
                b'+' => Some(false),
                _ => None,
            }) else {
                return;
            };
            if arg == "-" || arg == "--" {
                return;
            }
            for letter in arg[1..].chars() {
                match letter {
                    'e' => self.errexit = on,
                    'u' => self.nounset = on,
                    'x' => self.xtrace = on,
                    'o' => self.apply_named(args.next().flatten(), on),
                    '-' => break,
                    _ => {}
                }
            }
        }
    }

    fn apply_named(&mut self, name: Option<&str>, on: bool) {
        match name {
            Some("errexit") => self.errexit = on,
            Some("pipefail") => self.pipefail = on,
            Some("nounset") => self.nounset = on,
            Some("xtrace") => self.xtrace = on,
            _ => {}
        }
    }
}

/// A compound command.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Compound {
    /// Which.
    pub kind: CompoundKind,
    /// From its first to its last character, redirects included.
    pub span: Span,
    /// Redirects after it.
    pub redirects: Vec<Redirect>,
    /// Where it stands.
    pub place: CommandPlace,
}

/// Kinds of [`Compound`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum CompoundKind {
    /// `( … )`
    Subshell,
    /// `{ …; }`
    Group,
    /// `if`
    If,
    /// `while`, `until`
    Loop,
    /// `for`, `select`
    For,
    /// `case`
    Case,
    /// A function's definition.
    Function,
    /// `(( … ))`
    Arithmetic,
}

/// A list of commands.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Scope {
    /// What the list belongs to.
    pub kind: ScopeKind,
    /// From the list's opener to its closer, both excluded.
    pub span: Span,
    /// The list that holds it.
    pub parent: Option<u32>,
    /// End of its last element.
    pub last_end: Option<u32>,
}

/// Kinds of [`Scope`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ScopeKind {
    /// The whole script.
    Top,
    /// `( … )`
    Subshell,
    /// `{ …; }`
    Group,
    /// Between `if` or `elif` and `then`, `while` or `until` and `do`.
    Condition,
    /// After `then` or `else`, and a `case` arm: may never run.
    Branch,
    /// Between `do` and `done`: may run often or never.
    Loop,
    /// Runs only when called.
    Function,
    /// `$( … )`, `` ` … ` ``, `<( … )`, `>( … )`
    Substitution,
}

/// Something that could not be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ShellProblem {
    /// What.
    pub kind: ProblemKind,
    /// Where.
    pub span: Span,
}

/// Kinds of [`ShellProblem`].
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ProblemKind {
    /// A quote, parenthesis, brace, keyword or here-document that is never closed.
    Unterminated,
    /// An operator or keyword where none can stand.
    Unexpected,
    /// Nested too deeply, or too long: the rest was not read.
    TooComplex,
}

impl Script {
    /// The script in `sh -c`, if that is all of this one.
    pub fn innermost(&self) -> &Self {
        match (self.commands.as_slice(), self.nested.as_slice()) {
            ([_], [(_, inner)]) => inner.innermost(),
            _ => self,
        }
    }

    /// Where the commands before one in its pipe stand; `None` for the first of a pipe.
    pub fn before_in_pipe(&self, command: &Command) -> Option<Span> {
        let is_before =
            |other: &&Command| other.place.scope == command.place.scope && other.span.end <= command.span.start;
        let count = command.place.pipe_index as usize;
        let first = self.commands.iter().filter(is_before).rev().take(count).last()?;
        Some(Span::new(first.span.start, command.span.start))
    }

    /// Leaves commands out, with what they run.
    pub fn leave_out(&mut self, is_dead: impl Fn(&Command) -> bool) {
        let keeps: Vec<bool> = self.commands.iter().map(|command| !is_dead(command)).collect();
        let place = |at: u32| keeps.iter().take(at as usize).filter(|keeps| **keeps).count() as u32;
        let is_kept = |at: u32| keeps.get(at as usize).copied().unwrap_or_default();
        let nested = std::mem::take(&mut self.nested).into_iter();
        self.nested = nested.filter(|(at, _)| is_kept(*at)).map(|(at, script)| (place(at), script)).collect();
        for (at, is_kept) in keeps.iter().enumerate().rev().filter(|(_, is_kept)| !**is_kept) {
            debug_assert!(!is_kept);
            self.commands.remove(at);
            if at < self.plain.len() {
                self.plain.remove(at);
            }
        }
        self.folder_changes = Self::indices_of_folder_changes(&self.commands);
    }

    /// Whether the place is in no branch, loop or function. Operators before it (`||`) are not looked at.
    pub fn is_unconditional(&self, place: &CommandPlace) -> bool {
        self.enclosing(place)
            .all(|scope| !matches!(scope.kind, ScopeKind::Branch | ScopeKind::Loop | ScopeKind::Function))
    }

    /// The lists around a place, innermost first.
    pub fn enclosing(&self, place: &CommandPlace) -> impl Iterator<Item = &Scope> {
        let first = self.scopes.get(place.scope as usize);
        std::iter::successors(first, |scope| self.scopes.get(scope.parent? as usize))
    }

    /// The commands inside of a span, in order.
    pub fn commands_within(&self, span: Span) -> impl Iterator<Item = &Command> {
        let first = self.commands.partition_point(|command| command.span.start < span.start);
        let behind = self.commands[first..].iter().take_while(move |command| command.span.start <= span.end);
        behind.filter(move |command| span.contains(command.span))
    }

    /// Whether `||` follows a group, subshell, loop or condition around a span.
    pub fn is_before_or(&self, span: Span) -> bool {
        let farthest = |count: usize| self.before_or[..count].last().map_or(0, |(_, end)| *end);
        let above = farthest(self.before_or.partition_point(|(start, _)| *start < span.start));
        let here = farthest(self.before_or.partition_point(|(start, _)| *start <= span.start));
        above >= span.end || here > span.end
    }

    /// The commands that change the working folder, in the order in which they start.
    pub fn folder_changes(&self) -> impl Iterator<Item = &Command> {
        self.folder_changes.iter().filter_map(|index| self.commands.get(*index as usize))
    }

    /// The commands that [`Self::folder_changes`] gives.
    pub(super) fn indices_of_folder_changes(commands: &[Command]) -> Vec<u32> {
        let is_change = |command: &Command| command.name().is_some_and(|name| name.is("cd") || name.is("pushd"));
        (0..).zip(commands).filter(|(_, command)| is_change(command)).map(|(index, _)| index).collect()
    }

    /// The groups that `||` follows, as [`Self::is_before_or`] looks them up.
    pub(super) fn groups_before_or(compounds: &[Compound]) -> Vec<(u32, u32)> {
        let is_tried = |compound: &&Compound| compound.place.after.is_some_and(|after| after.kind == SeparatorKind::Or);
        let groups = compounds.iter().filter(is_tried).map(|compound| (compound.span.start, compound.span.end));
        let mut groups: Vec<(u32, u32)> = groups.collect();
        groups.sort_unstable();
        let mut farthest = 0;
        for (_, end) in &mut groups {
            farthest = farthest.max(*end);
            *end = farthest;
        }
        groups
    }

    /// Whether the place is in the script's own list, outside all groups and substitutions.
    pub fn is_top(&self, place: &CommandPlace) -> bool {
        place.scope == 0
    }

    /// Whether this is the script's last element (the end of its last pipeline).
    pub fn is_last(&self, command: &Command) -> bool {
        command.place.scope == 0 && self.scopes.first().and_then(|top| top.last_end) == Some(command.span.end)
    }

    /// Where ` && more` can be inserted so that it runs after the whole script and only when it succeeded; none when
    /// the script is empty or broken, or ends in the background.
    pub fn append_at(&self) -> Option<u32> {
        let end = self.scopes.first()?.last_end?;
        let ends_here = |place: &CommandPlace, span: Span| place.scope == 0 && span.end == end;
        let commands = self.commands.iter().map(|command| (&command.place, command.span));
        let compounds = self.compounds.iter().map(|compound| (&compound.place, compound.span));
        let mut last = commands.chain(compounds).filter(|(place, span)| ends_here(place, *span));
        let background =
            last.any(|(place, _)| place.after.is_some_and(|after| after.kind == SeparatorKind::Background));
        (self.problems.is_empty() && !background).then_some(end)
    }
}

#[cfg(test)]
mod tests {
    use crate::shell::parse;

    fn check(script: &str, expected: Option<&str>) {
        let at =
            parse(script).append_at().map(|at| format!("{} && z{}", &script[..at as usize], &script[at as usize..]));
        assert_eq!(at.as_deref(), expected, "{script}");
    }

    #[test]
    fn more_can_be_appended() {
        check("a && b", Some("a && b && z"));
        check("a; b ; # why\n", Some("a; b && z ; # why\n"));
        check("a | b\n\n", Some("a | b && z\n\n"));
        check("if a; then b; fi > x", Some("if a; then b; fi > x && z"));
        check("cat <<E >f\nx\nE\n", Some("cat <<E >f && z\nx\nE\n"));
        check("x=$(a)", Some("x=$(a) && z"));
        check("a &", None);
        check("a 'b", None);
        check("# a", None);
    }

    #[test]
    fn last_and_unconditional() {
        let script = parse("a && { b; }; if c; then d; fi; f() { g; }; h");
        let last: Vec<bool> = script.commands.iter().map(|command| script.is_last(command)).collect();
        assert_eq!(last, [false, false, false, false, false, true]);
        let always: Vec<bool> = script.commands.iter().map(|command| script.is_unconditional(&command.place)).collect();
        assert_eq!(always, [true, true, true, false, false, true]);
    }
}
