//! Where a word uses variables. Knows no values: what is used does not depend on them, because the builder expands
//! every operand whether it needs it or not.

use std::ops::Range;

use super::scan::{ExpansionVisitor, VariableReference, scan};
use super::{ExpandErrorKind, Lex};
use crate::text::Span;

/// A variable's use in a word. Spans are bytes of the word.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct VariableUse<'w> {
    /// All of it: `$NAME` or `${NAME:-operand}`.
    pub span: Span,
    /// The variable. Can be a special parameter (`1`, `@`), which never has a value, or empty (`${+x}`).
    pub name: &'w str,
    /// Where the name stands.
    pub name_span: Span,
    /// Whether it stands in braces.
    pub braces: bool,
    /// What is done with the value.
    pub operator: Operator,
    /// Whether an empty value counts as none: the `:` in `:-`, `:+`, `:?`.
    pub empty_is_unset: bool,
    /// What stands between the operator and the closing brace; for a replacement `pattern/replacement`.
    pub operand: Option<Span>,
    /// Index of the use in whose operand this one stands.
    pub outer: Option<usize>,
}

/// What is done with a variable's value.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Operator {
    /// `$NAME`, `${NAME}`: nothing.
    Plain,
    /// `-`: the operand where there is no value.
    Default,
    /// `+`: the operand where there is a value, else nothing.
    Alternative,
    /// `?`: an error where there is no value.
    Required,
    /// `#`, `##`: without a pattern at its start.
    TrimStart,
    /// `%`, `%%`: without a pattern at its end.
    TrimEnd,
    /// `/`: with the first match replaced.
    Replace,
    /// `//`: with every match replaced.
    ReplaceAll,
    /// `:` with a character that is no operator: an error, but only after the operand is read.
    Unsupported,
}

/// Every use of a variable in a word, in the order of their positions, those within operands among them.
///
/// In a word that the builder can't read these are the uses up to the place where it stops; one that is not closed
/// reaches to the word's end.
pub fn uses(word: &str, lex: Lex) -> Vec<VariableUse<'_>> {
    let mut collect = Collect { word, uses: Vec::new(), open: Vec::new() };
    // What is wrong with the word is said by its expansion.
    let _ = scan(word, lex, &mut collect);
    collect.uses
}

struct Collect<'w> {
    word: &'w str,
    uses: Vec<VariableUse<'w>>,
    /// Indexes in `found`.
    open: Vec<usize>,
}

impl Collect<'_> {
    fn add(&mut self, reference: &VariableReference, operator: Operator, operand: Option<Span>) {
        self.uses.push(VariableUse {
            span: span(&reference.span),
            name: &self.word[reference.name.clone()],
            name_span: span(&reference.name),
            braces: reference.braces,
            operator,
            empty_is_unset: reference.colon,
            operand,
            outer: self.open.last().copied(),
        });
    }
}

fn span(range: &Range<usize>) -> Span {
    Span::new(range.start as u32, range.end as u32)
}

fn operator(reference: &VariableReference) -> Operator {
    match (reference.operator, reference.colon) {
        (None, _) => Operator::Plain,
        (Some('-'), _) => Operator::Default,
        (Some('+'), _) => Operator::Alternative,
        (Some('?'), _) => Operator::Required,
        (Some('#'), false) => Operator::TrimStart,
        (Some('%'), false) => Operator::TrimEnd,
        (Some('/'), false) if reference.all => Operator::ReplaceAll,
        (Some('/'), false) => Operator::Replace,
        _ => Operator::Unsupported,
    }
}

impl ExpansionVisitor for Collect<'_> {
    fn text(&mut self, _at: Range<usize>, _raw: bool) -> Result<(), ExpandErrorKind> {
        Ok(())
    }

    fn quote_opened(&mut self, _at: usize) {}

    fn quote_closed(&mut self, _end: usize) {}

    fn variable(&mut self, reference: &VariableReference) -> Result<(), ExpandErrorKind> {
        self.add(reference, Operator::Plain, None);
        Ok(())
    }

    fn open_operand(&mut self, reference: &VariableReference) -> Result<(), ExpandErrorKind> {
        let rest = reference.span.end..self.word.len();
        let whole = VariableReference { span: reference.span.start..self.word.len(), ..reference.clone() };
        self.add(&whole, operator(reference), Some(span(&rest)));
        self.open.push(self.uses.len() - 1);
        Ok(())
    }

    fn pattern_ended(&mut self) -> Result<(), ExpandErrorKind> {
        Ok(())
    }

    fn closed(&mut self, reference: &VariableReference) -> Result<(), ExpandErrorKind> {
        let variable_use = self.open.pop().and_then(|index| self.uses.get_mut(index));
        let Some(variable_use) = variable_use else { return Ok(()) };
        variable_use.span.end = reference.span.end as u32;
        if let Some(operand) = &mut variable_use.operand {
            operand.end = variable_use.span.end - 1;
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Each use as `text name operator [operand] <outer`.
    fn check(word: &str, expected: &[&str]) {
        let mut lines = Vec::new();
        for variable in uses(word, Lex::new('\\')) {
            assert_eq!(&word[variable.name_span.range()], variable.name);
            let mut line = format!("{} {} {:?}", &word[variable.span.range()], variable.name, variable.operator);
            line.push_str(if variable.empty_is_unset { ":" } else { "" });
            line.extend(variable.operand.map(|operand| format!(" [{}]", &word[operand.range()])));
            line.extend(variable.outer.map(|outer| format!(" <{outer}")));
            lines.push(line);
        }
        assert_eq!(lines, expected, "{word}");
    }

    #[test]
    fn all_operators() {
        check("a$B-${C}", &["$B B Plain", "${C} C Plain"]);
        check("${A:-b}${C-d}", &["${A:-b} A Default: [b]", "${C-d} C Default [d]"]);
        check("${A:+}${C?d}", &["${A:+} A Alternative: []", "${C?d} C Required [d]"]);
        check("${A##*/}${C%.*}", &["${A##*/} A TrimStart [#*/]", "${C%.*} C TrimEnd [.*]"]);
        check("${A/b/c}${D//e/}", &["${A/b/c} A Replace [b/c]", "${D//e/} D ReplaceAll [e/]"]);
    }

    #[test]
    fn nested_and_quoted() {
        check(
            "\"${A:-${B}$C}\" '$D' \\$E $F",
            &["${A:-${B}$C} A Default: [${B}$C]", "${B} B Plain <0", "$C C Plain <0", "$F F Plain"],
        );
        check("$1$@$$ $.", &["$1 1 Plain", "$@ @ Plain", "$$ $ Plain"]);
    }

    #[test]
    fn broken_words() {
        check("$A${B:-$C 'x", &["$A A Plain", "${B:-$C 'x B Default: [$C 'x]", "$C C Plain <1"]);
        check("$A${B^^}$C", &["$A A Plain"]);
        check("${A:=b}$C", &["${A:=b} A Unsupported: [b]", "$C C Plain"]);
    }
}
