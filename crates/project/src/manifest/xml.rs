//! XML as project files use it: elements, attributes and texts in one flat list.

use std::borrow::Cow;

use quick_xml::XmlVersion;
use quick_xml::escape::resolve_xml_entity;
use quick_xml::events::{BytesRef, BytesStart, Event};
use quick_xml::reader::Reader;

use super::tree::ManifestTree;

/// Deeper nesting is a mistake; it also bounds the time of [`Document::fields`].
const DEEPEST: usize = 256;

/// An element.
#[derive(Debug)]
pub(super) struct Element<'a> {
    tag: BytesStart<'a>,
    /// Index of the element around it.
    pub(super) parent: Option<usize>,
    /// The text directly inside, trimmed; of several pieces between tags the first that isn't blank.
    text: Cow<'a, str>,
}

/// The elements of a text in their order, and the offset and message of the first mistake.
pub(super) struct Document<'a> {
    pub(super) elements: Vec<Element<'a>>,
    pub(super) problem: Option<(usize, String)>,
}

/// A file of the tree; its first mistake becomes a problem of the tree.
pub(super) fn read<'a>(tree: &mut ManifestTree<'a>, path: &str) -> Option<Document<'a>> {
    let document = Document::read(tree.text(path)?);
    if let Some((at, message)) = &document.problem {
        tree.problem(path, Some(*at..*at), message);
    }
    Some(document)
}

impl<'a> Document<'a> {
    /// Reads as far as it can. Name spaces and DTDs mean nothing to the readers of project files.
    pub(super) fn read(text: &'a str) -> Self {
        let mut reader = Reader::from_str(text);
        reader.config_mut().expand_empty_elements = true;
        reader.config_mut().allow_dangling_amp = true;
        let mut document = Self { elements: Vec::new(), problem: None };
        let mut open: Vec<usize> = Vec::new();
        // What was read since the last tag.
        let mut piece = Cow::Borrowed("");
        loop {
            let event = match reader.read_event() {
                Ok(event) => event,
                Err(error) => {
                    document.set_text(open.last(), piece);
                    document.problem = Some((offset(reader.error_position()), error.to_string()));
                    return document;
                }
            };
            match &event {
                Event::Text(text) => join(&mut piece, text.xml10_content()),
                Event::CData(text) => join(&mut piece, text.xml10_content()),
                Event::GeneralRef(reference) => join(&mut piece, resolve(reference)),
                Event::Start(_) | Event::End(_) | Event::Empty(_) | Event::Eof => {
                    document.set_text(open.last(), std::mem::take(&mut piece));
                }
                Event::Comment(_) | Event::Decl(_) | Event::PI(_) | Event::DocType(_) => {}
            }
            match event {
                Event::Start(tag) => {
                    if open.len() == DEEPEST {
                        let at = offset(reader.buffer_position());
                        document.problem = Some((at, format!("nested deeper than {DEEPEST}")));
                        return document;
                    }
                    document.elements.push(Element { tag, parent: open.last().copied(), text: Cow::default() });
                    open.push(document.elements.len() - 1);
                }
                Event::End(_) => _ = open.pop(),
                Event::Eof => {
                    if let Some(&inner) = open.last() {
                        let message = format!("`{}` is not closed", document.elements[inner].name());
                        document.problem = Some((text.len(), message));
                    }
                    return document;
                }
                _ => {}
            }
        }
    }

    fn set_text(&mut self, element: Option<&usize>, piece: Cow<'a, str>) {
        let Some(element) = element.and_then(|&index| self.elements.get_mut(index)) else { return };
        if element.text.is_empty() {
            element.text = trim(piece);
        }
    }

    /// The elements called `name`, with their indices.
    pub(super) fn elements_named<'t>(&'t self, name: &'t str) -> impl Iterator<Item = (usize, &'t Element<'a>)> {
        self.elements.iter().enumerate().filter(move |(_, element)| element.name() == name)
    }

    /// The text of the first element whose names, from the outermost, are `path`.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<&str> {
        let (_, element) = self.elements.iter().enumerate().find(|(index, _)| self.is_at(*index, path))?;
        Some(element.text())
    }

    /// Whether the names from the outermost element to this one are `path`.
    pub(super) fn is_at(&self, index: usize, path: &[&str]) -> bool {
        let mut index = Some(index);
        for name in path.iter().rev() {
            let Some(element) = index.and_then(|index| self.elements.get(index)) else { return false };
            if element.name() != *name {
                return false;
            }
            index = element.parent;
        }
        index.is_none()
    }

    /// The (name, text) pairs directly inside of an element.
    pub(super) fn fields(&self, parent: usize) -> impl Iterator<Item = (&str, &str)> {
        // What is inside follows its parent at once.
        let inside = move |element: &&Element| element.parent.is_some_and(|up| up >= parent);
        let after = self.elements.get(parent + 1..).unwrap_or_default().iter().take_while(inside);
        after.filter(move |element| element.parent == Some(parent)).map(|element| (element.name(), element.text()))
    }
}

impl Element<'_> {
    /// Without its name space prefix.
    pub(super) fn name(&self) -> &str {
        self.tag.local_name().into_inner()
    }

    /// The text directly inside.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// The value of an attribute; as written where it cannot be decoded.
    pub(super) fn attribute(&self, name: &str) -> Option<Cow<'_, str>> {
        let mut attributes = self.tag.attributes();
        // That no name stands twice is checked at quadratic cost.
        let mut attributes = attributes.with_checks(false).filter_map(Result::ok);
        let attribute = attributes.find(|attribute| attribute.key.as_ref() == name)?;
        Some(trim(attribute.normalized_value(XmlVersion::Implicit1_0).unwrap_or(attribute.value)))
    }
}

fn offset(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// Adds to a piece of text; nothing is copied for the first one.
fn join<'a>(piece: &mut Cow<'a, str>, more: Cow<'a, str>) {
    if piece.is_empty() {
        *piece = more;
    } else {
        piece.to_mut().push_str(&more);
    }
}

fn trim(text: Cow<'_, str>) -> Cow<'_, str> {
    match text {
        Cow::Borrowed(text) => Cow::Borrowed(text.trim()),
        Cow::Owned(text) => Cow::Owned(text.trim().to_owned()),
    }
}

/// `&amp;`, `&#38;`; as written where it is another one.
fn resolve<'a>(reference: &BytesRef<'a>) -> Cow<'a, str> {
    match (reference.resolve_char_ref(), resolve_xml_entity(reference)) {
        (Ok(Some(character)), _) => Cow::Owned(character.into()),
        (_, Some(text)) => Cow::Borrowed(text),
        _ => Cow::Owned(format!("&{};", &**reference)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let document = Document::read(text);
        let mut out = String::new();
        for element in &document.elements {
            let attribute = element.attribute("a").unwrap_or("-".into());
            out.extend([element.name(), ":", element.text(), ":", &attribute, " "]);
        }
        if let Some((at, message)) = &document.problem {
            out.extend(["! ", &at.to_string(), " ", message]);
        }
        assert_eq!(out.trim(), expected);
    }

    #[test]
    fn elements_and_mistakes() {
        check("<?xml?><!-- <x> --><p:a a='1>2'> t <b/><c a = \"3\">u</c></p:a>", "a:t:1>2 b::- c:u:3");
        check("<a><b></a>", "a::- b::- ! 6 ill-formed document: expected `</b>`, but `</a>` was found");
        check("<a>", "a::- ! 3 `a` is not closed");
        check("<a", "! 0 syntax error: tag not closed: `>` not found before end of input");
        check("</a>", "! 0 ill-formed document: close tag `</a>` does not match any open tag");
        check("<!-- ", "! 0 syntax error: comment not closed: `-->` not found before end of input");
    }

    #[test]
    fn texts_are_decoded() {
        check("<a><![CDATA[ <x> & ]]></a>", "a:<x> &:-");
        check("<a>b &amp; <!-- c -->&#x64;&lt;<![CDATA[e]]>\r\nf<g/>h</a>", "a:b & d<e\nf:- g::-");
        check("<a a='b &amp;&quot;&#33; c'/>", "a::b &\"! c");
        // Entities of a DTD are none.
        check("<!DOCTYPE a [<!ENTITY b 'c'>]><a a='&b;'>&b; &#xfffffff; & d</a>", "a:&b; &#xfffffff; & d:&b;");
        check("\u{feff}<?xml version='1.0' encoding='utf-16'?><a x:a='1' a='2'>é</a>", "a:é:2");
    }

    #[test]
    fn hostile_files_take_linear_time() {
        let deep = Document::read(&"<a>".repeat(1_000_000)).problem;
        assert_eq!(deep.map(|(_, message)| message).as_deref(), Some("nested deeper than 256"));
        let attributes: Vec<String> = (0..200_000).map(|number| format!("x{number}=''")).collect();
        let attributes = attributes.join(" ");
        let text = format!("<a {attributes} a='1'/>");
        assert_eq!(Document::read(&text).elements[0].attribute("a").as_deref(), Some("1"));
        let text = format!("<a>{}</a>", "&amp;<!---->".repeat(200_000));
        assert_eq!(Document::read(&text).elements[0].text().len(), 200_000);
    }

    #[test]
    fn fields_are_direct_children() {
        let document = Document::read("<d><x><g>1</g><e><g>2</g></e><v>3</v></x><y><g>4</g></y></d>");
        assert_eq!(document.fields(1).collect::<Vec<_>>(), [("g", "1"), ("e", ""), ("v", "3")]);
        assert_eq!(document.text_at(&["d", "y", "g"]), Some("4"));
    }
}
