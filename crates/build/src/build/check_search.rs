//! Health checks that look for a process, and find their own shell.

use crate::shell::{Invocation, Script, SeparatorKind, Word};

/// The pattern of a check that finds its own shell.
pub fn shell_search(script: &Script, is_exec: bool) -> Option<&Word> {
    let inner = script.innermost();
    let has_shell = !is_exec || !std::ptr::eq(inner, script);
    if has_shell { finds_itself(inner) } else { None }
}

/// The pattern with which a check finds its own shell, so that it always succeeds: `pgrep -f` and `ps aux | grep` look at
/// whole command lines, and that of the shell contains the pattern too (procps and grep, tried with `sh -c`).
fn finds_itself(script: &Script) -> Option<&Word> {
    if !script.compounds.is_empty() || !script.problems.is_empty() {
        return None;
    }
    let invocations = script.invocations();
    let (first, rest) = invocations.split_first()?;
    if first.is("pgrep") {
        // Some shells become the last command, and are no process of their own any more.
        let is_followed = !rest.is_empty() && rest.iter().all(ends_after_failure);
        return if is_followed && looks_at_lines(first) { own_pattern(first, "facil") } else { None };
    }
    let (grep, rest) = rest.split_first()?;
    let is_piped = first.command.place.pipe_len == 2 && grep.command.place.pipe_index == 1;
    let is_plain = is_piped && first.is("ps") && grep.is("grep") && rest.iter().all(ends_after_failure);
    if is_plain && lists_lines(first) { own_pattern(grep, "qciFE") } else { None }
}

/// Whether `pgrep` compares whole command lines, and parts of them.
fn looks_at_lines(pgrep: &Invocation) -> bool {
    let has = |letter: char, long: &str| pgrep.args.iter().any(|word| has_option(word.text(), letter, long));
    has('f', "--full") && !has('x', "--exact") && !has('v', "--inverse")
}

/// Whether `ps` prints the command lines of all processes.
fn lists_lines(ps: &Invocation) -> bool {
    let words: Vec<&str> = ps.args.iter().map(Word::text).collect();
    let [word] = words.as_slice() else { return false };
    let letters = word.trim_start_matches('-');
    letters.chars().all(|c| c.is_ascii_lowercase()) && letters.contains(['a', 'e']) && letters.contains(['u', 'f'])
}

/// The pattern of a search, if it is the only operand and fits its own text; `letters`: options that leave it as it is.
fn own_pattern<'s>(search: &Invocation<'s>, letters: &str) -> Option<&'s Word> {
    let is_option = |word: &&Word| word.text().starts_with('-');
    let (options, patterns): (Vec<&Word>, Vec<&Word>) = search.args.iter().partition(is_option);
    let is_plain = |c: char| c.is_ascii_alphanumeric() || " _-./:=@,".contains(c);
    let [pattern] = patterns.as_slice() else { return None };
    let is_harmless = |word: &Word| match word.text().strip_prefix("--") {
        Some(long) => long == "full" || long == "quiet",
        None => word.text().trim_start_matches('-').chars().all(|c| letters.contains(c)),
    };
    let text = pattern.value()?;
    (!text.is_empty() && text.chars().all(is_plain) && options.into_iter().all(is_harmless)).then_some(*pattern)
}

fn has_option(word: &str, letter: char, long: &str) -> bool {
    word == long || word.starts_with('-') && !word.starts_with("--") && word.contains(letter)
}

/// Whether a command is what a check ends with where it fails: `|| exit 1`.
pub fn ends_after_failure(invocation: &Invocation) -> bool {
    let is_after_or = invocation.command.place.before.is_some_and(|before| before.kind == SeparatorKind::Or);
    is_after_or && (invocation.is("exit") || invocation.is("false"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shell::parse;

    #[test]
    fn searches_that_find_their_own_shell() {
        for (line, expected) in [
            ("pgrep -f 'celery worker' || exit 1", Some("celery worker")),
            ("pgrep -af worker.py > /dev/null || exit 1", Some("worker.py")),
            ("ps aux | grep redis-server", Some("redis-server")),
            ("ps -ef | grep -q worker || exit 1", Some("worker")),
            // Only the shell of some systems stays.
            ("pgrep -f worker", None),
            ("pgrep worker || exit 1", None),
            ("pgrep -fx worker || exit 1", None),
            ("pgrep -f '[w]orker' || exit 1", None),
            ("pgrep -f '^worker' || exit 1", None),
            ("pgrep -u app -f worker || exit 1", None),
            ("ps aux | grep '[r]edis'", None),
            ("ps aux | grep redis | grep -v grep", None),
            ("ps aux | grep -v redis", None),
            ("ps -e | grep redis", None),
            ("ps | grep redis", None),
        ] {
            assert_eq!(finds_itself(&parse(line)).and_then(Word::value), expected, "{line}");
        }
    }
}
