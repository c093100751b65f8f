//! Texts that a program turns into a Dockerfile: which kind they are, and how they read where that program has no say.

use super::{File, parse};
use crate::text::{Source, Span};

/// What turns a text into a Dockerfile.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Template {
    /// Jinja, and what has its marks (Liquid, Twig, Nunjucks).
    Jinja,
    /// Go's `text/template`.
    Go,
    /// ERB, EJS.
    Erb,
    /// A devcontainer template: `${templateOption:name}`.
    Devcontainer,
    /// Another one, known by its file's ending.
    Other,
}

/// Endings of files that are templates, with the marks that each uses.
const ENDINGS: [(&str, Template); 13] = [
    ("j2", Template::Jinja),
    ("jinja", Template::Jinja),
    ("jinja2", Template::Jinja),
    ("liquid", Template::Jinja),
    ("tmpl", Template::Go),
    ("tpl", Template::Go),
    ("gotmpl", Template::Go),
    ("erb", Template::Erb),
    ("ejs", Template::Erb),
    ("mustache", Template::Other),
    ("hbs", Template::Other),
    ("in", Template::Other),
    ("m4", Template::Other),
];

/// How a mark opens and closes, and whether something stands in its place afterwards.
const MARKS: [(&str, &str, EmptyResult); 7] = [
    ("{%", "%}", EmptyResult::Nothing),
    ("{#", "#}", EmptyResult::Nothing),
    ("{{", "}}", EmptyResult::Depends),
    ("<%=", "%>", EmptyResult::Text),
    ("<%-", "%>", EmptyResult::Text),
    ("<%", "%>", EmptyResult::Nothing),
    ("${templateOption:", "}", EmptyResult::Text),
];

#[derive(Clone, Copy, PartialEq, Eq)]
enum EmptyResult {
    Nothing,
    Text,
    /// On its first word.
    Depends,
}

/// First words of Go's and Handlebars' actions that print nothing.
const ACTIONS: [&str; 11] =
    ["if", "else", "end", "range", "with", "define", "block", "break", "continue", "/*", "template"];

impl Template {
    /// As people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::Jinja => "a Jinja template",
            Self::Go => "a Go template",
            Self::Erb => "an ERB template",
            Self::Devcontainer => "a devcontainer template",
            Self::Other => "a template",
        }
    }

    /// By the ending of a file's name.
    pub fn of_name(name: &str) -> Option<Self> {
        let (stem, ending) = name.rsplit_once('.')?;
        let ending = ending.to_ascii_lowercase();
        if ending == "template" && !stem.is_empty() {
            return Some(Self::Other);
        }
        ENDINGS.iter().find(|(known, _)| *known == ending).map(|(_, template)| *template)
    }

    /// By marks where no Dockerfile has them: at the start of a line that is an error so, or in a FROM.
    pub fn of_text(file: &File) -> Option<Self> {
        let source = file.source();
        let text = source.text();
        if text.contains("${templateOption:") {
            return Some(Self::Devcontainer);
        }
        file.problems().iter().filter(|problem| problem.kind.is_error()).find_map(|problem| {
            let line = source.slice(source.line_span(source.line(problem.span.start))).trim_start();
            let from = line.get(..4).is_some_and(|word| word.eq_ignore_ascii_case("FROM"));
            let has = |mark: &str| line.starts_with(mark) || (from && line.contains(mark));
            if has("<%") {
                return Some(Self::Erb);
            }
            if has("{%") || has("{#") {
                return Some(Self::Jinja);
            }
            has("{{").then(|| if text.contains("{%") { Self::Jinja } else { Self::Go })
        })
    }
}

/// Reads what a template is made of as far as that is a Dockerfile: what prints is a word without meaning, what steers is a
/// comment. Every byte stays at its place.
pub fn parse_template(source: &Source) -> File {
    parse(&source.shown_as(&blanked(source.text())))
}

/// Whether a template's program decides over a part of the text, as read by [`parse_template`].
pub fn is_open(original: &Source, read: &File, span: Span) -> bool {
    original.slice(span) != read.source().slice(span)
}

/// Whether parts of a template come and go.
pub fn is_steered(original: &Source) -> bool {
    let mut steered = false;
    each_mark(original.text(), |_, _, leaves| steered |= leaves == EmptyResult::Nothing);
    steered
}

/// Calls `found` with the range of every mark and what it leaves, in one pass.
fn each_mark(text: &str, mut visit: impl FnMut(usize, usize, EmptyResult)) {
    let mut at = 0;
    // Closing marks that do not stand in the rest of the text.
    let mut gone: Vec<&str> = Vec::new();
    while let Some(next) = text[at..].find(['{', '<', '$']) {
        let start = at + next;
        let rest = &text[start..];
        at = start + 1;
        let known = MARKS.iter().find(|(open, close, _)| rest.starts_with(open) && !gone.contains(close));
        let Some((open, close, leaves)) = known else { continue };
        let Some(len) = rest[open.len()..].find(close) else {
            gone.push(close);
            continue;
        };
        at = start + open.len() + len + close.len();
        let inner = &rest[open.len()..open.len() + len];
        let word = inner.trim_start_matches(['-', '~', ' ']).split(char::is_whitespace).next().unwrap_or_default();
        let steers = ACTIONS.contains(&word) || inner.starts_with(['#', '/', '^', '!', '>']);
        visit(start, at, if *leaves == EmptyResult::Depends && steers { EmptyResult::Nothing } else { *leaves });
    }
}

fn blanked(text: &str) -> String {
    let mut bytes = text.as_bytes().to_vec();
    let mut emptied = Vec::new();
    each_mark(text, |start, end, leaves| {
        let with = if leaves == EmptyResult::Nothing { b' ' } else { b'x' };
        bytes[start..end].iter_mut().filter(|byte| !matches!(byte, b'\n' | b'\r')).for_each(|byte| *byte = with);
        if leaves == EmptyResult::Nothing {
            emptied.push(start..end);
        }
    });
    // A blank line would end what is continued; a comment does not.
    let mut at = 0;
    let mut emptied = emptied.into_iter().peekable();
    for line in text.split_inclusive('\n') {
        let end = at + line.len();
        while emptied.peek().is_some_and(|range| range.end <= at) {
            emptied.next();
        }
        let slice = &mut bytes[at..end];
        let is_empty =
            emptied.peek().is_some_and(|range| range.start < end) && slice.iter().all(u8::is_ascii_whitespace);
        if let Some(first) = slice.first_mut().filter(|byte| is_empty && **byte == b' ') {
            *first = b'#';
        }
        at = end;
    }
    String::from_utf8(bytes).unwrap_or_else(|_| text.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, expected: &str) {
        let read = blanked(text);
        assert_eq!(read, expected);
        assert_eq!(read.len(), text.len());
    }

    #[test]
    fn printing_tags_are_words_and_control_tags_are_comments() {
        check(
            "FROM a:{{ tag }}\n{% if x %}\nRUN b\n{% endif %}\n",
            "FROM a:xxxxxxxxx\n#         \nRUN b\n#          \n",
        );
        check(
            "FROM {{ .Base }}\n{{- if .Dev }}\nRUN b\n{{- end }}",
            "FROM xxxxxxxxxxx\n#             \nRUN b\n#         ",
        );
        check(
            "RUN a \\\n{% for p in ps %}\n {{ p }} \\\n{% endfor %}\n c",
            "RUN a \\\n#                \n xxxxxxx \\\n#           \n c",
        );
        check("FROM a:${templateOption:v}\n", "FROM a:xxxxxxxxxxxxxxxxxxx\n");
        check("<% if a %>\nFROM <%= b %>\n", "#         \nFROM xxxxxxxx\n");
        check("{#\nlong\n#}\nFROM a\n", "# \n#   \n# \nFROM a\n");
        check("RUN echo {{ never closed\n", "RUN echo {{ never closed\n");
        check("RUN a ${B} < c {d}\n", "RUN a ${B} < c {d}\n");
        check("{{ é }}FROM a", "xxxxxxxxFROM a");
    }

    #[test]
    fn templates_are_recognized_by_name_and_text() {
        assert_eq!(Template::of_name("Dockerfile.j2"), Some(Template::Jinja));
        assert_eq!(Template::of_name("Dockerfile.template"), Some(Template::Other));
        assert_eq!(Template::of_name("Dockerfile.dev"), None);
        let of_text = |text: &str| Template::of_text(&parse(&Source::of("Dockerfile", text)));
        assert_eq!(of_text("FROM a:{{ tag }}\n{% if x %}\n"), Some(Template::Jinja));
        assert_eq!(of_text("{{ if .X }}\nFROM a\n{{ end }}\n"), Some(Template::Go));
        assert_eq!(of_text("FROM a:${templateOption:v}\n"), Some(Template::Devcontainer));
        assert_eq!(of_text("FROM a\nRUN docker inspect -f '{{.Id}}' b\n"), None);
    }

    #[test]
    fn marks_that_never_close_end_in_time() {
        let text = "{{".repeat(1 << 20);
        assert_eq!(blanked(&text), text);
        let text = "{{a}}".repeat(1 << 16);
        assert_eq!(blanked(&text).len(), text.len());
    }
}
