//! What one entry of a history says: the instruction, read back from the words of the builder that wrote it.
//!
//! BuildKit writes `RUN |1 V=1 /bin/sh -c make # buildkit`, the engine's old builder and buildah
//! `/bin/sh -c #(nop) CMD ["x"]` and `|1 V=1 /bin/sh -c make`, kaniko the instruction as it stands in the Dockerfile.

use super::pattern::squeezed;
use crate::dockerfile::Keyword;
use crate::image::History;

/// An entry, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HistoryEntry {
    /// The instruction's keyword, where it is one.
    pub(super) keyword: Option<Keyword>,
    /// What follows the keyword; of RUN with the shell, without the build's arguments.
    pub(super) text: String,
    /// The text without blanks, quotes and the like.
    pub(super) squeezed: String,
    /// Whether it comes after `#(nop)`.
    pub(super) is_nop: bool,
    /// Whether it made no layer.
    pub(super) is_empty: bool,
    /// Whether nothing tells what it was.
    pub(super) is_silent: bool,
}

/// Ends an instruction that BuildKit ran.
const BUILDKIT: &str = "# buildkit";

/// Stands before an instruction for which the old builder ran no command.
const NOP: &str = "#(nop) ";

impl HistoryEntry {
    /// Reads an entry.
    pub(super) fn of(history: &History) -> Self {
        let all = history.created_by.as_deref().unwrap_or_default();
        let (keyword, text, is_nop) = parts(all);
        let text = if keyword == Some(Keyword::Run) { without_arguments(text) } else { text };
        Self {
            keyword,
            text: text.to_owned(),
            squeezed: squeezed(text),
            is_nop,
            is_empty: history.empty_layer,
            is_silent: all.trim().is_empty(),
        }
    }

    /// The squeezed text, of RUN without its shell.
    pub(super) fn squeezed_command(&self) -> &str {
        let shell = if self.keyword == Some(Keyword::Run) { squeezed(shell_of(&self.text)).len() } else { 0 };
        &self.squeezed[shell..]
    }

    /// The instruction on one line, as a Dockerfile would have it.
    pub(super) fn one_line(&self) -> Option<String> {
        if self.is_silent {
            return None;
        }
        let words = |text: &str| text.split_whitespace().collect::<Vec<_>>().join(" ");
        Some(match self.keyword {
            Some(Keyword::Run) => format!("RUN {}", words(without_shell(&self.text))),
            Some(keyword) => format!("{} {}", keyword.as_str(), words(&self.text)),
            None => words(&self.text),
        })
    }
}

fn parts(all: &str) -> (Option<Keyword>, &str, bool) {
    let all = all.strip_suffix(BUILDKIT).map_or(all, |text| text.strip_suffix(' ').unwrap_or(text)).trim_start();
    if let Some(at) = all.find(NOP).filter(|&at| at == 0 || is_shell(&all[..at])) {
        let (keyword, text) = keyword_of(all[at + NOP.len()..].trim());
        return (keyword, text, true);
    }
    let (keyword, text) = keyword_of(all);
    if keyword.is_none() && (all.starts_with('|') || is_shell(shell_of(all))) {
        return (Some(Keyword::Run), all, false);
    }
    (keyword, text, false)
}

/// The keyword in front, which builders write in capitals, and the rest.
fn keyword_of(text: &str) -> (Option<Keyword>, &str) {
    let (word, rest) = text.split_once(char::is_whitespace).unwrap_or((text, ""));
    let keyword = Keyword::of(word);
    if keyword == Keyword::Unknown || keyword.as_str() != word { (None, text) } else { (Some(keyword), rest) }
}

/// Whether a text is a shell with its options: `/bin/bash -o pipefail -c `.
fn is_shell(text: &str) -> bool {
    let mut words = text.split_whitespace();
    let program = words.next().unwrap_or_default().rsplit(['/', '\\']).next().unwrap_or_default();
    let program = program.strip_suffix(".exe").unwrap_or(program);
    let last = words.last().unwrap_or_default();
    (program.ends_with("sh") && last.starts_with('-') && last.ends_with('c'))
        || program == "cmd" && last.eq_ignore_ascii_case("/c")
        || program == "powershell" && last.eq_ignore_ascii_case("-command")
}

/// The shell at the start of a command.
fn shell_of(text: &str) -> &str {
    // A shell's options are few and short.
    let mut ends = text.match_indices(' ').map(|(at, _)| at).take(8);
    ends.find(|&end| is_shell(&text[..end])).map_or("", |end| &text[..end])
}

/// A command without the shell that runs it.
fn without_shell(text: &str) -> &str {
    text[shell_of(text).len()..].trim_start()
}

/// A command without the build's arguments in front: `|2 A=1 B=2 `. A value may hold blanks, so that their end is where
/// a shell begins.
fn without_arguments(text: &str) -> &str {
    let Some((count, rest)) = text.strip_prefix('|').and_then(|text| text.split_once(' ')) else { return text };
    let Ok(count) = count.parse::<usize>() else { return text };
    let mut rest = rest;
    for remaining in (0..count).rev() {
        let ends = rest.match_indices(' ').map(|(at, _)| at);
        let is_end =
            |&at: &usize| if remaining == 0 { !shell_of(&rest[at + 1..]).is_empty() } else { is_pair(&rest[at + 1..]) };
        // Without a shell, as in exec form, a value with blanks can't be told from the command.
        let end = ends.clone().take(FURTHEST).find(is_end).or_else(|| ends.clone().next());
        rest = end.map_or("", |end| &rest[end + 1..]);
    }
    rest
}

/// Blanks in the value of an argument that are looked at.
const FURTHEST: usize = 1_000;

/// Whether a text begins with `NAME=`.
fn is_pair(text: &str) -> bool {
    let name = text.bytes().take_while(|b| b.is_ascii_alphanumeric() || *b == b'_').count();
    name > 0 && text.as_bytes().get(name) == Some(&b'=')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(created_by: &str, expected: &str) {
        let history = History { created_by: Some(created_by.to_owned()), ..History::default() };
        let entry = HistoryEntry::of(&history);
        let keyword = entry.keyword.map_or("?", Keyword::as_str);
        assert_eq!(format!("{keyword}|{}", entry.one_line().unwrap_or_default()), expected);
    }

    #[test]
    fn each_builder_is_read() {
        check("RUN |2 V=1.0 NODEF= /bin/bash -o pipefail -c echo hi     && true # buildkit", "RUN|RUN echo hi && true");
        check("RUN /bin/sh -c echo one\necho two\n # buildkit", "RUN|RUN echo one echo two");
        check("RUN |1 V=a b /bin/echo exec a b # buildkit", "RUN|RUN b /bin/echo exec a b");
        check("COPY --chown=1:2 a.txt ./b/ # buildkit", "COPY|COPY --chown=1:2 a.txt ./b/");
        check("CMD [\"a\" \"b\"]", "CMD|CMD [\"a\" \"b\"]");
        check("WORKDIR /app", "WORKDIR|WORKDIR /app");
        check("/bin/sh -c #(nop)  CMD [\"python3\"]", "CMD|CMD [\"python3\"]");
        check("/bin/bash -o pipefail -c #(nop) COPY dir:74c2 in /all ", "COPY|COPY dir:74c2 in /all");
        check("/bin/sh -c apt-get update", "RUN|RUN apt-get update");
        check("|1 OTHER=9 a=b /bin/sh -c echo $OTHER", "RUN|RUN echo $OTHER");
        check("RUN pip install x", "RUN|RUN pip install x");
        check("# debian.sh --arch 'amd64' out/ 'trixie'", "?|# debian.sh --arch 'amd64' out/ 'trixie'");
        check("crane", "?|crane");
        check("run something", "?|run something");
        check("powershell -Command Get-Item", "RUN|RUN Get-Item");
        check("cmd /S /C dir", "RUN|RUN dir");
        check("", "?|");
        check("|99999999999999999999 x", "RUN|RUN |99999999999999999999 x");
        check("|3 a", "RUN|RUN ");
        check("x #(nop) CMD é", "?|x #(nop) CMD é");
    }
}
