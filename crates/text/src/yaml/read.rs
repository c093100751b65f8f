//! Events of the reader ─► tree. Nesting is bounded by the reader (255 blocks, 255 brackets), what aliases expand to
//! here.

use std::borrow::Cow;
use std::collections::{HashMap, HashSet};

use granit_parser::{Event, Parser, ScalarStyle, Span as Range, StructureStyle, Tag};

use super::tree::{Data, Shape, Style, YamlProblem, YamlTree};
use crate::text::Span;

/// Nodes of a text at most when its aliases are expanded; Compose's own bound.
const EXPANDED: u32 = 100_000;

/// Levels of a text at most when its aliases are expanded.
const HEIGHT: u32 = 1_000;

/// Places of a text that go-yaml takes and the reader does not, at most.
const EXTENSIONS: usize = 100;

/// A character of two bytes, as many as `\'` has, that stands for it; no keyboard has it.
const APOSTROPHE: char = '\u{7ff}';

/// What go-yaml takes and the reader does not.
#[derive(Clone, Copy)]
enum Extension {
    /// A comment directly behind a bracket or quote.
    GluedComment,
    /// `\'` in double quotes.
    EscapedApostrophe,
    /// A line of a quoted text that is not further in than what it belongs to: the place of the end of the line before.
    UnindentedLine,
}

/// Reads a text. Never fails: what is wrong is a problem, and what stands before it is still there.
pub fn read(text: &str) -> YamlTree {
    // A text that has the character itself is read as the reader takes it.
    let stand_in = if text.contains(APOSTROPHE) { None } else { Some(APOSTROPHE) };
    let mut plain = Cow::Borrowed(text);
    let mut joined = Vec::new();
    for _ in 0..EXTENSIONS {
        match read_once(&plain, stand_in) {
            Ok(mut tree) => {
                restore_lines(&mut tree, text, &joined);
                return tree;
            }
            Err((at, Extension::UnindentedLine)) => {
                joined.push(at as u32);
                // The mark of Windows is a break of its own.
                let before = plain[..at].trim_end_matches('\r');
                plain = Cow::Owned(format!("{before}{}{}", " ".repeat(at + 1 - before.len()), &plain[at + 1..]));
            }
            Err((at, Extension::GluedComment)) => plain = Cow::Owned(blank(&plain, at)),
            Err((at, Extension::EscapedApostrophe)) => {
                let (before, after) = plain.split_at(at);
                plain = Cow::Owned(format!("{before}{APOSTROPHE}{}", after.get(2..).unwrap_or_default()));
            }
        }
    }
    read_once(&plain, stand_in).unwrap_or_else(|(at, extension)| {
        let message = match extension {
            Extension::GluedComment => "a comment needs a space before it",
            Extension::EscapedApostrophe => "`'` needs no `\\` before it",
            Extension::UnindentedLine => "a line of a quoted text needs more indentation",
        };
        let problems = vec![YamlProblem { span: Span::at(at as u32), message: message.to_owned() }];
        YamlTree { problems, ..YamlTree::default() }
    })
}

/// Gives quoted texts whose lines were joined what they say: read alone, they belong to nothing that asks for indentation.
fn restore_lines(tree: &mut YamlTree, text: &str, joined: &[u32]) {
    if joined.is_empty() {
        return;
    }
    for data in &mut tree.nodes {
        let Shape::Scalar(value, style) = &mut data.shape else { continue };
        let span = data.span;
        let is_joined = joined.iter().any(|at| (span.start..span.end).contains(at));
        if !is_joined || !matches!(style, Style::Single | Style::Double) {
            continue;
        }
        let lines = text[span.range()].lines().map(str::trim);
        let alone = read(&lines.collect::<Vec<_>>().join("\n "));
        if let Some(read) = alone.root().and_then(super::YamlNode::text) {
            *value = read.into();
        }
    }
}

/// A text with a comment overwritten by spaces.
fn blank(text: &str, comment: usize) -> String {
    let end = text[comment..].find('\n').map_or(text.len(), |end| comment + end);
    format!("{}{}{}", &text[..comment], " ".repeat(end - comment), &text[end..])
}

/// Reads a text up to the first error; `Err` has the place of what go-yaml takes and the reader does not.
fn read_once(text: &str, stand_in: Option<char>) -> Result<YamlTree, (usize, Extension)> {
    let mut builder = YamlBuilder::new(text, stand_in);
    // The text bounds them: by itself the parser gives up at 96 comments in a row.
    let comments = usize::MAX;
    let options = granit_parser::options! { emit_unresolved_aliases: true, max_buffered_comment_events: comments };
    for event in Parser::new_from_str_with_options(text, options) {
        match event {
            Ok((event, range)) => builder.event(event, range),
            Err(error) => {
                let at = error.marker().byte_offset().unwrap_or(text.len()).min(text.len());
                let at = text.floor_char_boundary(at);
                let message = error.info();
                if message.starts_with("comments must be separated") && text[at..].starts_with('#') {
                    return Err((at, Extension::GluedComment));
                }
                if message.starts_with("invalid indentation in multiline quoted")
                    && let Some(end) = end_of_line_before(text, at)
                {
                    return Err((end, Extension::UnindentedLine));
                }
                if message.contains("unknown escape")
                    && stand_in.is_some()
                    && let Some(at) = escaped_apostrophe(text, at)
                {
                    return Err((at, Extension::EscapedApostrophe));
                }
                builder.tree.problems.push(YamlProblem { span: Span::at(at as u32), message });
                break;
            }
        }
    }
    Ok(builder.finish())
}

/// The end of the line before a place, where only white space is between them; `None` before the marks of documents.
fn end_of_line_before(text: &str, at: usize) -> Option<usize> {
    let end = text[..at].rfind('\n')?;
    let is_mark = end + 1 == at && ["---", "..."].iter().any(|mark| text[at..].starts_with(mark));
    (!is_mark && text[end..at].trim().is_empty()).then_some(end)
}

/// The first `\'` of the text in double quotes that begins at a place.
fn escaped_apostrophe(text: &str, start: usize) -> Option<usize> {
    let mut chars = text[start..].strip_prefix('"')?.char_indices();
    while let Some((at, c)) = chars.next() {
        match c {
            '"' => return None,
            '\\' if chars.next()?.1 == '\'' => return Some(start + 1 + at),
            _ => {}
        }
    }
    None
}

/// A collection that is not closed yet.
struct OpenCollection {
    start: u32,
    mapping: bool,
    flow: bool,
    tag: Option<Box<str>>,
    anchor: usize,
    children: Vec<u32>,
}

struct YamlBuilder<'t> {
    text: &'t str,
    /// What stands for `\'` in double quotes.
    stand_in: Option<char>,
    tree: YamlTree,
    open: Vec<OpenCollection>,
    /// Finished nodes by the reader's number of their anchor.
    anchors: HashMap<usize, u32>,
    /// What all aliases so far expand to.
    expanded: u32,
}

impl<'t> YamlBuilder<'t> {
    fn new(text: &'t str, stand_in: Option<char>) -> Self {
        Self { text, stand_in, tree: YamlTree::default(), open: Vec::new(), anchors: HashMap::new(), expanded: 0 }
    }

    fn event(&mut self, event: Event<'_>, range: Range) {
        let span = self.span(range);
        match event {
            Event::Comment(..) => self.tree.comments.push(span),
            Event::Scalar(text, style, anchor, tag) => {
                let style = style_of(style);
                let span = if matches!(style, Style::Literal | Style::Folded) { self.block(span) } else { span };
                let stand_in = self.stand_in.filter(|c| style == Style::Double && text.contains(*c));
                let text = match stand_in {
                    Some(c) => Cow::Owned(text.replace(c, "'")),
                    None => text,
                };
                let shape = Shape::Scalar(text.as_ref().into(), style);
                self.node(span, tag.as_deref().map(tag_text), anchor, shape);
            }
            Event::SequenceStart(style, anchor, tag) => self.start(span, false, style, anchor, tag.as_deref()),
            Event::MappingStart(style, anchor, tag) => self.start(span, true, style, anchor, tag.as_deref()),
            Event::SequenceEnd | Event::MappingEnd => self.close(span.end),
            Event::Alias(anchor) => self.alias(span, anchor),
            Event::UnresolvedAlias(name) => {
                self.problem(span, format!("no anchor `&{name}` before this alias"));
                self.node(span, None, 0, Shape::Alias(None));
            }
            _ => {}
        }
    }

    /// The reader's range as a span on character boundaries.
    fn span(&self, range: Range) -> Span {
        let range = range.byte_range().unwrap_or(0..0);
        let end = self.text.floor_char_boundary(range.end.min(self.text.len()));
        let start = self.text.floor_char_boundary(range.start.min(end));
        Span::new(start as u32, end as u32)
    }

    /// A block scalar's range ends inside of the next line's indentation.
    fn block(&self, span: Span) -> Span {
        let written = &self.text[span.range()];
        let content = written.trim_end_matches([' ', '\t']);
        Span::new(span.start, span.start + content.len() as u32)
    }

    fn problem(&mut self, span: Span, message: String) {
        self.tree.problems.push(YamlProblem { span, message });
    }

    fn start(&mut self, span: Span, mapping: bool, style: StructureStyle, anchor: usize, tag: Option<&Tag>) {
        let flow = style == StructureStyle::Flow;
        let tag = tag.map(tag_text);
        self.open.push(OpenCollection { start: span.start, mapping, flow, tag, anchor, children: Vec::new() });
    }

    /// Ends the innermost open collection.
    fn close(&mut self, end: u32) {
        let Some(open) = self.open.pop() else { return };
        let mut children = open.children;
        if open.mapping && children.len() % 2 == 1 {
            // Only after an error: the value of the last key was not reached.
            children.pop();
        }
        let last = children.last().map_or(open.start, |&id| self.tree.nodes[id as usize].span.end);
        // A block collection has no end of its own: the reader's is where the next token stands.
        let end = if open.flow { end.max(last) } else { last };
        let first = self.tree.children.len() as u32;
        if open.mapping {
            self.duplicates(&children);
        }
        self.tree.children.extend(children);
        let range = first..self.tree.children.len() as u32;
        let shape = if open.mapping {
            Shape::Mapping { entries: range, flow: open.flow }
        } else {
            Shape::Sequence { items: range, flow: open.flow }
        };
        self.node(Span::new(open.start, end), open.tag, open.anchor, shape);
    }

    fn duplicates(&mut self, children: &[u32]) {
        let mut seen = HashSet::new();
        let mut twice = Vec::new();
        for &key in children.iter().step_by(2) {
            let data = &self.tree.nodes[key as usize];
            if let Shape::Scalar(text, _) = &data.shape
                && !seen.insert(text)
            {
                twice.push(YamlProblem { span: data.span, message: format!("duplicate key `{text}`") });
            }
        }
        self.tree.problems.extend(twice);
    }

    fn alias(&mut self, span: Span, anchor: usize) {
        let Some(&target) = self.anchors.get(&anchor) else {
            self.problem(span, "an alias inside the node that it refers to".to_owned());
            return self.node(span, None, 0, Shape::Alias(None));
        };
        let data = &self.tree.nodes[target as usize];
        let (size, height) = (self.expanded.saturating_add(data.size), data.height);
        if size > EXPANDED || height > HEIGHT {
            if !self.tree.problems.iter().any(|problem| problem.message.contains("more than")) {
                let message = format!("the aliases expand to more than {EXPANDED} nodes or {HEIGHT} levels");
                self.problem(span, message);
            }
            return self.node(span, None, 0, Shape::Alias(None));
        }
        self.expanded = size;
        self.node(span, None, 0, Shape::Alias(Some(target)));
    }

    /// Adds a finished node to what is open, or as a document.
    fn node(&mut self, span: Span, tag: Option<Box<str>>, anchor: usize, shape: Shape) {
        let (mut size, mut height) = (1_u32, 0);
        let mut add = |id: u32| {
            let child = &self.tree.nodes[id as usize];
            size = size.saturating_add(child.size);
            height = height.max(child.height + 1);
        };
        match &shape {
            Shape::Sequence { items: range, .. } | Shape::Mapping { entries: range, .. } => {
                self.tree.children[range.start as usize..range.end as usize].iter().for_each(|&id| add(id));
            }
            Shape::Alias(Some(target)) => add(*target),
            _ => {}
        }
        let id = self.tree.nodes.len() as u32;
        // An alias of an alias can't be written: what an anchor names is never one.
        if anchor > 0 {
            self.anchors.insert(anchor, id);
        }
        self.tree.nodes.push(Data { span, tag, anchor: anchor > 0, shape, size, height });
        match self.open.last_mut() {
            Some(open) => open.children.push(id),
            None => self.tree.documents.push(id),
        }
    }

    fn finish(mut self) -> YamlTree {
        while !self.open.is_empty() {
            self.close(0);
        }
        self.tree
    }
}

fn style_of(style: ScalarStyle) -> Style {
    match style {
        ScalarStyle::Plain => Style::Plain,
        ScalarStyle::SingleQuoted => Style::Single,
        ScalarStyle::DoubleQuoted => Style::Double,
        ScalarStyle::Literal => Style::Literal,
        ScalarStyle::Folded => Style::Folded,
    }
}

fn tag_text(tag: &Tag) -> Box<str> {
    format!("{}{}", tag.handle(), tag.suffix()).into()
}
