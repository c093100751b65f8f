//! Changes of a written healthcheck that keep the rest of it: its options, ports and passwords.

use crate::compose::escaped;
use crate::rules::ComposeContext;
use crate::stack::{StackService, WrittenCheck};
use crate::yaml::NewValue;

/// The words of `test` as the file has them: variables of Compose are not replaced.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(in crate::rules) struct RawTest {
    words: Vec<String>,
    /// Whether it stands there as one text.
    is_text: bool,
}

impl RawTest {
    /// That of a service; `None` where it stands in another file or behind an anchor.
    pub(in crate::rules) fn of(cx: &ComposeContext, service: &StackService) -> Option<Self> {
        let check = service.check.written()?;
        let texts = cx.texts(&["services", service.name, "healthcheck", "test"])?;
        let has_form = |word: &String| word == "CMD" || word == "CMD-SHELL";
        let is_text = texts.len() == 1;
        let words = match texts.as_slice() {
            [line] => vec!["CMD-SHELL".to_owned(), line.trim_end().to_owned()],
            _ => texts,
        };
        (words.len() == check.words.len() && words.first().is_some_and(has_form)).then_some(Self { words, is_text })
    }

    /// A test in words, as a compose file writes them.
    pub(in crate::rules) fn of_words(words: Vec<String>) -> Self {
        Self { words, is_text: false }
    }

    /// The value of `test`.
    pub(in crate::rules) fn value(&self) -> NewValue {
        if self.is_text { NewValue::raw_text(&self.words[1]) } else { NewValue::raw_texts(&self.words) }
    }

    /// Whether the words are those of a check that is written.
    pub(in crate::rules) fn is(&self, check: &WrittenCheck) -> bool {
        self.words.iter().eq(check.words.iter().map(|word| escaped(word)).collect::<Vec<_>>().iter())
    }

    /// The check that fails where its command fails: `|| exit 1` in place of `|| exit 0`; `None` where it ends otherwise.
    pub(in crate::rules) fn with_failure(&self) -> Option<Self> {
        if !self.is_shell() {
            return None;
        }
        let line = self.words.get(1)?.trim_end();
        let ends = ["|| exit 0", "|| true", "|| :", "||exit 0", "||true"];
        let before = ends.iter().find_map(|end| line.strip_suffix(end))?;
        Some(self.with_line(format!("{before}|| exit 1")))
    }

    /// The only address in it.
    pub(in crate::rules) fn url(&self) -> Option<String> {
        let ends = |c: char| c.is_whitespace() || "\"'`|&;".contains(c);
        let mut parts = self.words[1..].iter().flat_map(|word| word.split(ends)).filter(|part| part.contains("://"));
        let (Some(url), None) = (parts.next(), parts.next()) else { return None };
        Some(url.to_owned())
    }

    fn is_shell(&self) -> bool {
        self.words[0] == "CMD-SHELL"
    }

    /// The check as one command line for a shell.
    pub(in crate::rules) fn command_line(&self) -> Option<String> {
        if self.is_shell() {
            return self.words.get(1).cloned();
        }
        let words: Option<Vec<String>> = self.words[1..].iter().map(|word| shell_word(word)).collect();
        Some(words?.join(" "))
    }

    /// The words behind the command line as a part of it.
    pub(in crate::rules) fn joined(&self) -> Option<Self> {
        let (line, rest) = self.words.get(1..)?.split_first()?;
        let rest: Option<Vec<String>> = rest.iter().map(|word| shell_word(word)).collect();
        Some(self.with_line(format!("{line} {}", rest?.join(" "))))
    }

    /// The check with another command line.
    pub(in crate::rules) fn with_line(&self, line: String) -> Self {
        Self { words: vec!["CMD-SHELL".to_owned(), line], ..*self }
    }

    /// The check with words put behind a program that it names once; `None` where it does not.
    pub(in crate::rules) fn with_arguments(&self, program: &str, arguments: &[&str]) -> Option<Self> {
        let mut words = self.words.clone();
        if self.is_shell() {
            let at = word_end(&words[1], program)?;
            words[1].insert_str(at, &format!(" {}", escaped(&arguments.join(" "))));
            return Some(Self { words, ..*self });
        }
        let mut places = words.iter().enumerate().filter(|(_, word)| *word == program).map(|(index, _)| index);
        let (Some(index), None) = (places.next(), places.next()) else { return None };
        let behind = index + 1;
        words.splice(behind..behind, arguments.iter().map(|word| escaped(word)));
        Some(Self { words, ..*self })
    }

    /// The check with another text in place of one that it has once.
    pub(in crate::rules) fn with_text(&self, old: &str, new: &str) -> Option<Self> {
        let mut words = self.words.clone();
        let mut holders = words[1..].iter_mut().filter(|word| word.contains(old));
        let (Some(word), None) = (holders.next(), holders.next()) else { return None };
        let at = word_end(word, old)?;
        word.replace_range(at - old.len()..at, new);
        Some(Self { words, ..*self })
    }
}

/// Where the only occurrence of a word in a command line ends.
pub(in crate::rules) fn word_end(line: &str, word: &str) -> Option<usize> {
    let is_part = |c: Option<char>| c.is_some_and(|c| c.is_ascii_alphanumeric() || "_-.".contains(c));
    let mut ends = line
        .match_indices(word)
        .map(|(at, _)| (at, at + word.len()))
        .filter(|(at, end)| !is_part(line[..*at].chars().next_back()) && !is_part(line[*end..].chars().next()));
    let (Some((_, end)), None) = (ends.next(), ends.next()) else { return None };
    Some(end)
}

/// A word of a program's arguments as a shell reads it again; `None` where Compose or the shell would change it.
fn shell_word(word: &str) -> Option<String> {
    let is_plain = |c: char| c.is_ascii_alphanumeric() || "-_./:=@,%+".contains(c);
    if !word.is_empty() && word.chars().all(is_plain) {
        return Some(word.to_owned());
    }
    if !word.contains('\'') {
        return Some(format!("'{word}'"));
    }
    let is_literal = |c: char| !"$`\"\\".contains(c);
    word.chars().all(is_literal).then(|| format!("\"{word}\""))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn test(words: &[&str]) -> RawTest {
        RawTest { words: words.iter().map(|word| (*word).to_owned()).collect(), is_text: false }
    }

    #[test]
    fn arguments_are_put_behind_a_program() {
        let changed =
            test(&["CMD-SHELL", "pg_isready -U ${USER} || exit 1"]).with_arguments("pg_isready", &["-h", "x"]);
        assert_eq!(changed, Some(test(&["CMD-SHELL", "pg_isready -h x -U ${USER} || exit 1"])));
        let changed = test(&["CMD", "pg_isready", "-U", "a"]).with_arguments("pg_isready", &["-h", "$x"]);
        assert_eq!(changed, Some(test(&["CMD", "pg_isready", "-h", "$$x", "-U", "a"])));
        for check in ["pg_isready && pg_isready", "my_pg_isready", "/x/pg_isready.sh"] {
            assert_eq!(test(&["CMD-SHELL", check]).with_arguments("pg_isready", &["-h"]), None, "{check}");
        }
    }

    #[test]
    fn texts_are_replaced_where_they_stand_once() {
        let changed = test(&["CMD", "a", "-h", "localhost"]).with_text("localhost", "127.0.0.1");
        assert_eq!(changed, Some(test(&["CMD", "a", "-h", "127.0.0.1"])));
        assert_eq!(
            test(&["CMD-SHELL", "a -hlocalhost"]).with_text("-hlocalhost", "-h127.0.0.1").map(|test| test.words),
            Some(vec!["CMD-SHELL".into(), "a -h127.0.0.1".into()])
        );
        assert_eq!(test(&["CMD", "localhost", "localhost"]).with_text("localhost", "x"), None);
    }

    #[test]
    fn words_become_a_command_line() {
        assert_eq!(
            test(&["CMD", "redis-cli", "-a", "${PW}", "ping"]).command_line().as_deref(),
            Some("redis-cli -a '${PW}' ping")
        );
        assert_eq!(test(&["CMD", "a", "it's"]).command_line().as_deref(), Some("a \"it's\""));
        assert_eq!(test(&["CMD", "a", "it's $A"]).command_line(), None);
    }
}
