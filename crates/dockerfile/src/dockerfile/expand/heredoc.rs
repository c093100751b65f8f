//! The heredocs that a line opens: its words as the builder lexes them for that purpose, and their names. Reads no
//! bodies.

use super::evaluate::run;
use super::lex::Lex;
use super::split::RawWord;
use super::{ExpandError, ExpandErrorKind};

/// What a word like `3<<-"EOF"` opens.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct HeredocWord {
    /// The line that ends the body, without quotes and escapes.
    pub name: String,
    /// Whether variables in the body are expanded: no quote was taken off the name. `\EOF` expands, unlike in a shell.
    pub expand: bool,
    /// `<<-`: leading tabs don't count.
    pub chomp: bool,
    /// The number before `<<`, 0 without one; too large a one is the largest there is.
    pub file_descriptor: u64,
}

/// The words in which heredocs are looked for: the line's, split at Unicode white space, with `\` as the escape
/// whatever the Dockerfile's is.
///
/// # Errors
/// What makes the builder see no heredoc in the whole line, such as an apostrophe in a comment.
pub fn heredoc_words(line: &str) -> Result<Vec<RawWord>, ExpandError> {
    let lex = Lex { raw_quotes: true, raw_escapes: true, skip_unset_env: true, ..Lex::new('\\') };
    Ok(run(line, lex, &(), true)?.words)
}

/// What a word of [`heredoc_words`] opens, if it is a heredoc.
///
/// # Errors
/// A name that can't be lexed, in rare cases such as `${A:-x <<${B:-\'}}`. The builder then refuses the Dockerfile.
pub fn heredoc_word(word: &str) -> Result<Option<HeredocWord>, ExpandError> {
    let digits = word.len() - word.trim_start_matches(|c: char| c.is_ascii_digit()).len();
    let Some(rest) = word[digits..].strip_prefix("<<") else { return Ok(None) };
    let (chomp, rest) = match rest.strip_prefix('-') {
        Some(rest) => (true, rest),
        None => (false, rest),
    };
    let rest = rest.trim_start_matches(['\t', '\n', '\x0c', '\r', ' ']);
    if rest.is_empty() || rest.contains('<') {
        return Ok(None);
    }
    let lex = Lex { skip_unset_env: true, ..Lex::new('\\') };
    let names = run(rest, lex, &(), true)?.words;
    let [name] = names.as_slice() else { return Ok(None) };
    let raw = run(rest, Lex { raw_quotes: true, ..lex }, &(), true)?.words;
    let [raw] = raw.as_slice() else {
        return Err(ExpandError { word: rest.into(), at: 0, kind: ExpandErrorKind::Inconsistent });
    };
    Ok(Some(HeredocWord {
        name: name.text.clone(),
        expand: quotes(&name.text) == quotes(&raw.text),
        chomp,
        file_descriptor: if digits == 0 { 0 } else { word[..digits].parse().unwrap_or(u64::MAX) },
    }))
}

fn quotes(text: &str) -> usize {
    memchr::memchr2_iter(b'\'', b'"', text.as_bytes()).count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::text::Span;

    /// Each heredoc as `text@start-end name`, with `!` for quoted, `-` for tabs ignored, a descriptor unless 0.
    fn check(line: &str, expected: &str) {
        let mut texts = Vec::new();
        for word in heredoc_words(line).unwrap_or_default() {
            let Some(heredoc) = heredoc_word(&word.text).unwrap() else { continue };
            let quoted = if heredoc.expand { "" } else { "!" };
            let chomp = if heredoc.chomp { "-" } else { "" };
            let number = if heredoc.file_descriptor == 0 { String::new() } else { heredoc.file_descriptor.to_string() };
            texts.push(format!("{}-{} {quoted}{chomp}{number}{}", word.span.start, word.span.end, heredoc.name));
        }
        assert_eq!(texts.join(", "), expected, "{line}");
    }

    #[test]
    fn names() {
        check("RUN <<EOF", "4-9 EOF");
        check("RUN cat <<-'E O' 3<<\"b\" >x", "8-16 !-E O, 17-23 !3b");
        check("COPY << EOF <<\tb /x", "5-11 EOF, 12-16 b");
        check("RUN <<\\EOF", "4-10 EOF");
        check("RUN <<E\"O\"F", "4-11 !EOF");
        check("RUN <<EOF;", "4-10 EOF;");
        check("RUN <<EOF>/x é <<日", "4-12 EOF>/x, 16-21 日");
        check("RUN # <<X", "6-9 X");
        check("RUN 99999999999999999999<<A", "4-27 18446744073709551615A");
        check("RUN <<$A <<${B}", "4-8 $A, 9-15 ${B}");
    }

    #[test]
    fn lookalikes_of_heredocs_are_not_heredocs() {
        for line in ["RUN <<- EOF", "RUN x<<EOF", "RUN <<<EOF", "RUN <<\"\"", "RUN <<", "RUN '<<EOF'", "RUN \\<<EOF"] {
            check(line, "");
        }
    }

    #[test]
    fn one_error_hides_all() {
        for rest in ["# don't", "${A^^}", "${#A}", "${A[@]}", "\"", "${A"] {
            check(&format!("RUN <<EOF {rest}"), "");
            assert!(heredoc_words(&format!("RUN <<EOF {rest}")).is_err());
        }
    }

    #[test]
    fn quirks_of_the_lexer() {
        // Shell operators are part of the name; a space after `<<` is not the name's.
        check("RUN echo $((1 << 2))", "14-20 2))");
        // The operand's text is split, too.
        check("RUN ${A:-x <<EOF}", "11-17 EOF}");
        // The start of a word is lost where an operand begins.
        check("RUN x${A:-<<b}", "");
        check("RUN <<${A:-b}", "");
        // An escape before another character is doubled in quotes.
        check("RUN <<\"a\\n\"", "4-11 !a\\n");
        let words = heredoc_words("a \"x\\n\"").unwrap();
        assert_eq!(words[1], RawWord { span: Span::new(2, 7), text: "\"x\\\\n\"".into() });
        // Escapes are dropped in an operand, so that the name's second lexing meets a lone quote.
        let words = heredoc_words("${A:-x <<${B:-\\'}}").unwrap();
        assert_eq!(words[1], RawWord { span: Span::new(0, 18), text: "<<${B:-'}}".into() });
        let error = heredoc_word(&words[1].text).unwrap_err();
        assert_eq!(error.to_string(), "failed to process \"${B:-'}}\": syntax error: missing '}'");
    }
}
