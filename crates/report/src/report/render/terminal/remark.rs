//! A remark on a terminal, as compilers draw it: the message, the lines that it is about, and notes below them.

use std::borrow::Cow;
use std::ops::Range;

use annotate_snippets::{AnnotationKind, Element, Level, Origin, Renderer, Snippet};

use crate::finding::Severity;
use crate::report::layout::{Layout, clean, cut_path, substitute, wrap};
use crate::report::page::{Remark, RemarkFix, SourceExcerpt, Text};

/// Columns before the words of a note.
const NOTE_INDENT: usize = 12;

/// The lines of a remark, without a line end after the last one.
pub(in crate::report) fn remark(remark: &Remark, layout: Layout) -> String {
    let level = match remark.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Info => Level::INFO,
        Severity::Style => Level::NOTE.with_name("style"),
    };
    let indent = if remark.rule.is_empty() { 9 } else { remark.severity.name().len() + remark.rule.len() + 4 };
    // Beside a long name there may be no room left for words: the terminal breaks the line then.
    let narrow = !remark.rule.is_empty() && layout.width.is_some_and(|width| width < indent + 20);
    let message = if narrow { clean(&remark.message).into_owned() } else { lines(&remark.message, layout, indent) };
    let mut title = level.primary_title(message);
    if !remark.rule.is_empty() {
        title = title.id(remark.rule);
    }
    if let Some(url) = &remark.url {
        title = title.id_url(url.as_str());
    }
    let mut elements: Vec<Element> = Vec::new();
    let visible = remark.excerpt.as_ref().map(visible_excerpt);
    match (&remark.excerpt, &visible) {
        (Some(excerpt), Some(visible)) => snippet(&mut elements, remark, excerpt, visible, layout),
        _ => elements.push(origin(remark, layout).into()),
    }
    elements.extend(notes(remark).into_iter().map(|(word, text)| {
        let level = match word {
            "help" => Level::HELP,
            "fix" => Level::HELP.with_name(word),
            word => Level::NOTE.with_name(word),
        };
        level.message(lines(&text, layout, NOTE_INDENT)).into()
    }));
    let renderer = if layout.colour { Renderer::styled() } else { Renderer::plain() };
    renderer.term_width(layout.width.unwrap_or(140).max(30)).render(&[title.elements(elements)])
}

/// What stands below the lines, each with its word.
fn notes(remark: &Remark) -> Vec<(&'static str, Cow<'_, str>)> {
    let words = |text: &Text| text.parts.iter().map(|part| part.text.as_str()).collect::<String>().into();
    let mut notes: Vec<_> = remark.notes.iter().map(|(word, text)| (*word, words(text))).collect();
    notes.extend(remark.fix.as_ref().map(|RemarkFix { title, risk, .. }| match risk {
        None => ("fix", format!("{title} (safe: `dockopt fix`)").into()),
        Some(risk) => ("fix", format!("{title} (unsafe: {risk}; `dockopt fix --unsafe`)").into()),
    }));
    notes.extend(remark.url.as_deref().map(|url| ("see", url.into())));
    notes
}

/// Text without what a terminal obeys, and places in it.
type VisibleExcerpt = (String, Vec<Option<Range<usize>>>);

fn visible_excerpt(excerpt: &SourceExcerpt) -> VisibleExcerpt {
    // Tabs stay: they are widened later.
    let is_plain = |c: char| matches!(c, '\n' | '\t') || substitute(c).is_none();
    let visible_char = |c: char| if is_plain(c) { c } else { substitute(c).unwrap_or(c) };
    let text = excerpt.lines.join("\n");
    if text.chars().all(is_plain) {
        return (text, excerpt.places.clone());
    }
    let offset = |at: usize| {
        let before = &text[..text.floor_char_boundary(at)];
        before.chars().map(|c| visible_char(c).len_utf8()).sum()
    };
    let places = excerpt.places.iter().map(|place| place.as_ref().map(|place| offset(place.start)..offset(place.end)));
    (text.chars().map(visible_char).collect(), places.collect())
}

/// The lines with the main place; a label at each of the others.
fn snippet<'a>(
    elements: &mut Vec<Element<'a>>,
    remark: &'a Remark,
    excerpt: &'a SourceExcerpt,
    (text, places): &'a VisibleExcerpt,
    layout: Layout,
) {
    let mut snippet = Snippet::source(text.as_str()).line_start(excerpt.first_line as usize);
    if excerpt.is_clipped {
        elements.push(origin(remark, layout).into());
    } else {
        snippet = snippet.path(path(&remark.file, layout));
    }
    for (index, place) in places.iter().enumerate() {
        let Some(place) = place.clone() else { continue };
        let annotation = match index {
            0 => AnnotationKind::Primary.span(place),
            _ => AnnotationKind::Context.span(place).label(remark.labels.get(index - 1).map(|label| clean(label))),
        };
        snippet = snippet.annotation(annotation);
    }
    elements.push(snippet.into());
}

fn path(file: &str, layout: Layout) -> String {
    // Where a width is known somebody looks; a file that is read by a program keeps its whole path.
    let room = layout.width.map_or(usize::MAX, |width| width.saturating_sub(16).max(12));
    cut_path(&clean(file), room).into_owned()
}

fn origin(remark: &Remark, layout: Layout) -> Origin<'static> {
    let origin = Origin::path(path(&remark.file, layout));
    match remark.place {
        Some(place) => origin.line(place.line as usize).char_column(place.column as usize),
        None => origin,
    }
}

/// Wrapped, when somebody looks; `indent` columns are taken before each line.
fn lines(text: &str, layout: Layout, indent: usize) -> String {
    let text = clean(text);
    match layout.width {
        Some(width) => wrap(&text, width.saturating_sub(indent).max(20)).join("\n"),
        None => text.into_owned(),
    }
}
