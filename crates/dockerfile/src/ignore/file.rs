//! Reading an ignore file: its patterns with their places, and what is wrong or deceptive about them.

use crate::ignore::matcher::Matcher;
use crate::ignore::name::clean;
use crate::ignore::pattern::{Form, PatternRefusal, admit};
use crate::text::{Source, Span};

/// One pattern of an ignore file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnorePattern {
    /// The pattern as written, with `!`, without the blanks around it.
    pub span: Span,
    /// The text that is matched: cleaned, without `!` and without leading slash.
    pub text: String,
    /// Whether it brings back instead of leaving out.
    pub negated: bool,
}

/// What is wrong about a pattern.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum ProblemKind {
    /// The engine refuses the file: the pattern is malformed.
    Syntax,
    /// The engine refuses the file: a `!` with nothing behind it.
    LoneNegation,
    /// The engine refuses the file: a line of 64 KiB or more.
    LineTooLong,
    /// The build fails as soon as the pattern is tried on a path: an escape or a range that only looks valid.
    Uncompilable,
    /// A `#` after blanks: a pattern, not a comment.
    IndentedComment,
    /// Text after a pattern, as if comments could stand there; all of it is the pattern.
    TrailingComment,
    /// `[!x]` takes `!` and `x`; the negated class is `[^x]`.
    BangClass,
    /// `{a,b}` is literal.
    Braces,
    /// `|` beside a wildcard separates alternatives, of which the first need only begin a path and the last only end it.
    Alternatives,
    /// Quotes are literal.
    Quotes,
    /// `~` and `$NAME` are literal.
    Variable,
    /// A backslash escapes, also where it was meant as a separator; before a letter it may mean a class of characters.
    Backslash,
    /// A wildcard inside `[…]` loses its class's closing bracket.
    WildcardInClass,
    /// The `!` is not the line's first character, and yet negates.
    HiddenNegation,
    /// Lies outside of the context, or is the context itself: takes nothing.
    TakesNothing,
}

impl ProblemKind {
    /// Whether the engine refuses the file for it.
    pub const fn is_refusal(self) -> bool {
        matches!(self, Self::Syntax | Self::LoneNegation | Self::LineTooLong)
    }
}

/// A problem with its place.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct IgnoreProblem {
    /// Which.
    pub kind: ProblemKind,
    /// The pattern, or the part of it that is meant.
    pub span: Span,
    /// One sentence without a full stop. For what the engine refuses, its own words.
    pub message: String,
}

/// An ignore file as read. Resilient: patterns that the engine refuses are left out here and reported.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct IgnoreFile {
    /// In the file's order.
    pub patterns: Vec<IgnorePattern>,
    /// In the file's order.
    pub problems: Vec<IgnoreProblem>,
}

impl IgnoreFile {
    /// What the engine says to the file before it walks: a line too long wherever it stands, else the first pattern that
    /// it refuses.
    pub fn error(&self) -> Option<PatternRefusal> {
        let mut refusals = self.problems.iter().filter_map(|problem| match problem.kind {
            ProblemKind::Syntax => Some(PatternRefusal::Syntax),
            ProblemKind::LoneNegation => Some(PatternRefusal::Negation),
            ProblemKind::LineTooLong => Some(PatternRefusal::LineTooLong),
            _ => None,
        });
        let too_long = refusals.clone().find(|refusal| *refusal == PatternRefusal::LineTooLong);
        too_long.or_else(|| refusals.next())
    }

    /// The matcher of the patterns; indices are those of [`Self::patterns`].
    pub fn matcher(&self) -> Matcher {
        Matcher::of(self.patterns.iter().map(|pattern| (pattern.text.clone(), pattern.negated)))
    }
}

/// The engine's line buffer: a longer line is refused.
const LINE_MAX: u32 = 65_536;

/// Reads an ignore file.
pub fn parse(source: &Source) -> IgnoreFile {
    let mut file = IgnoreFile::default();
    let mut at = 0;
    for (number, line) in source.text().split('\n').enumerate() {
        let start = at;
        at += line.len() as u32 + 1;
        let whole = Span::new(start, start + line.len() as u32);
        if source.original(whole).len() >= LINE_MAX {
            file.problems.push(problem(ProblemKind::LineTooLong, whole, &PatternRefusal::LineTooLong.to_string()));
            continue;
        }
        let content = if number == 0 { line.strip_prefix('\u{feff}').unwrap_or(line) } else { line };
        let written = content.trim();
        if content.starts_with('#') || written.is_empty() {
            continue;
        }
        let offset = line.len() - content.trim_start().len();
        let span = Span::at(start + offset as u32);
        read_pattern(written, Span::new(span.start, span.start + written.len() as u32), &mut file);
    }
    file
}

fn read_pattern(written: &str, span: Span, file: &mut IgnoreFile) {
    match admit(&normalised(written)) {
        Err(refusal) => {
            let kind =
                if refusal == PatternRefusal::Negation { ProblemKind::LoneNegation } else { ProblemKind::Syntax };
            file.problems.push(problem(kind, span, &refusal.to_string()));
        }
        Ok(None) => {}
        Ok(Some((text, negated))) => {
            check_misleading_pattern(written, &text, negated, span, &mut file.problems);
            file.patterns.push(IgnorePattern { span, text, negated });
        }
    }
}

/// The pattern as the file's reader hands it to the matcher.
fn normalised(written: &str) -> String {
    let (mark, rest) = written.strip_prefix('!').map_or(("", written), |rest| ("!", rest.trim()));
    if rest.is_empty() {
        return mark.to_owned();
    }
    let cleaned = clean(rest);
    let relative = cleaned.strip_prefix('/').filter(|relative| !relative.is_empty()).unwrap_or(&cleaned);
    format!("{mark}{relative}")
}

fn problem(kind: ProblemKind, span: Span, message: &str) -> IgnoreProblem {
    IgnoreProblem { kind, span, message: message.to_owned() }
}

/// What the pattern means other than it seems to. `text` is what is matched.
fn check_misleading_pattern(written: &str, text: &str, negated: bool, span: Span, out: &mut Vec<IgnoreProblem>) {
    use ProblemKind as Kind;
    let part = |from: usize, len: usize| Span::new(span.start + from as u32, span.start + (from + len) as u32);
    if written.starts_with('#') {
        let message = "a comment must start in the first column; after whitespace, `#` starts a pattern";
        out.push(problem(Kind::IndentedComment, span, message));
        return;
    }
    if let Some(at) = written.find(" #").or_else(|| written.find("\t#")) {
        let message = "comments need their own line; this text is part of the pattern";
        out.push(problem(Kind::TrailingComment, part(at + 1, written.len() - at - 1), message));
    }
    let form = if text.contains(['[', '\\', '{', '|']) { Form::of(text) } else { Form::Exact("".into()) };
    if form.has_alternatives() {
        let message =
            "`|` next to a wildcard creates alternatives that match parts of paths; write one pattern per line";
        out.push(problem(Kind::Alternatives, span, message));
    }
    if matches!(form, Form::Uncompilable) {
        let message = format!("the build fails with `{}` when it evaluates this pattern", PatternRefusal::Syntax);
        out.push(problem(Kind::Uncompilable, span, &message));
    }
    for (at, open) in classes(written) {
        if written[at..].starts_with("[!") {
            out.push(problem(Kind::BangClass, part(at, 2), "`!` is a member of this class; `[^` negates"));
        }
        if open.contains(['*', '?']) {
            let message = "`*` and `?` are not literal inside `[…]`";
            out.push(problem(Kind::WildcardInClass, part(at, open.len()), message));
        }
    }
    let braces = written.find('{').and_then(|at| Some((at, written[at..].find('}')?)));
    if let Some((at, close)) = braces.filter(|(at, close)| written[*at..at + close].contains(',')) {
        out.push(problem(Kind::Braces, part(at, close + 1), "braces are literal; write one pattern per line"));
    }
    if written.len() > 1 && (written.starts_with(['"', '\'']) && written.ends_with(['"', '\''])) {
        out.push(problem(Kind::Quotes, span, "quotes are part of the pattern; spaces do not need quotes"));
    }
    let bare = written.trim_start_matches('!');
    if bare == "~" || bare.starts_with("~/") || bare.starts_with('$') {
        out.push(problem(Kind::Variable, span, "`~` and variables are not expanded"));
    }
    if let Some((at, _)) =
        written.match_indices('\\').find(|(at, _)| written[at + 1..].starts_with(|c: char| c.is_alphanumeric()))
    {
        let message =
            "a backslash is an escape character, not a separator; before a letter it may be a character class";
        out.push(problem(Kind::Backslash, part(at, 1), message));
    }
    if negated && !written.starts_with('!') {
        out.push(problem(
            Kind::HiddenNegation,
            span,
            "this line is a negation although `!` is not its first character",
        ));
    }
    if text == "." || text == "/" || text == ".." || text.starts_with("../") || text.starts_with('/') {
        out.push(problem(Kind::TakesNothing, span, "no path of the build context matches; the line has no effect"));
    }
}

/// The classes `[…]` of a pattern: place and text from bracket to bracket.
fn classes(written: &str) -> Vec<(usize, &str)> {
    let mut classes = Vec::new();
    let mut open = None;
    let mut bytes = written.bytes().enumerate();
    while let Some((at, byte)) = bytes.next() {
        match byte {
            b'\\' => _ = bytes.next(),
            b'[' if open.is_none() => open = Some(at),
            b']' => {
                if let Some(start) = open.take() {
                    classes.push((start, &written[start..=at]));
                }
            }
            _ => {}
        }
    }
    classes
}

#[cfg(test)]
mod tests {
    use super::*;

    /// `expected`: patterns as matched, then problems.
    fn check(text: &str, patterns: &[&str], problems: &[(ProblemKind, &str)]) {
        let source = Source::of(".dockerignore", text);
        let file = parse(&source);
        let texts: Vec<String> =
            file.patterns.iter().map(|p| format!("{}{}", if p.negated { "!" } else { "" }, p.text)).collect();
        assert_eq!(texts, patterns, "{text:?}");
        let actual: Vec<_> = file.problems.iter().map(|p| (p.kind, source.slice(p.span))).collect();
        assert_eq!(actual, problems, "{text:?}");
    }

    #[test]
    fn lines_are_read_as_the_engine_reads_them() {
        check("\u{feff}# no\n\n  docs/ \r\n!  /src/./a\n./x/../y\n", &["docs", "!src/a", "y"], &[]);
        check("a/ /\n", &["a"], &[]);
    }

    #[test]
    fn deceptive_patterns_are_reported() {
        use ProblemKind as Kind;
        check(" # x\n", &["# x"], &[(Kind::IndentedComment, "# x")]);
        check("docs # all\n", &["docs # all"], &[(Kind::TrailingComment, "# all")]);
        check("a[!b]\n", &["a[!b]"], &[(Kind::BangClass, "[!")]);
        check("*.{js,ts}\n", &["*.{js,ts}"], &[(Kind::Braces, "{js,ts}")]);
        check("*.js|*.ts\n", &["*.js|*.ts"], &[(Kind::Alternatives, "*.js|*.ts")]);
        check("/!a\n", &["!a"], &[(Kind::HiddenNegation, "/!a")]);
        check("../x\n/\n", &["../x", "/"], &[(Kind::TakesNothing, "../x"), (Kind::TakesNothing, "/")]);
        check(
            "'a b'\n~/x\n$A\n",
            &["'a b'", "~/x", "$A"],
            &[(Kind::Quotes, "'a b'"), (Kind::Variable, "~/x"), (Kind::Variable, "$A")],
        );
        check("bin\\Debug\n", &["bin\\Debug"], &[(Kind::Backslash, "\\")]);
        check("a\\img\n", &["a\\img"], &[(Kind::Uncompilable, "a\\img"), (Kind::Backslash, "\\")]);
        check("[*]x\n", &["[*]x"], &[(Kind::WildcardInClass, "[*]")]);
    }

    #[test]
    fn the_first_refusal_is_the_engines() {
        use ProblemKind as Kind;
        check("a\n!/\n[a\n", &["a"], &[(Kind::LoneNegation, "!/"), (Kind::Syntax, "[a")]);
        let error = |text: &str| parse(&Source::of("f", text)).error();
        assert_eq!(error("a\n!/\n[a\n"), Some(PatternRefusal::Negation));
        assert_eq!(error("[b-a]\n"), None);
        assert_eq!(error(&format!("[\n{}\n", "a".repeat(65_535))), Some(PatternRefusal::Syntax));
        assert_eq!(error(&format!("[\n{}", "a".repeat(65_536))), Some(PatternRefusal::LineTooLong));
    }
}
