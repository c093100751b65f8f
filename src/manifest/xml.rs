//! XML as project files use it: elements, attributes and texts in one flat list. No entities but the five of XML, no
//! DTDs, no recursion.

use super::tree::Tree;

/// Deeper nesting is a mistake; it also bounds the time of [`Document::fields`].
const DEEPEST: usize = 256;

/// An element.
#[derive(Debug)]
pub(super) struct Element<'a> {
    /// Without its name space prefix.
    pub(super) name: &'a str,
    /// Index of the element around it.
    pub(super) parent: Option<usize>,
    attributes: &'a str,
    /// The text directly inside, trimmed; of several pieces the first that isn't blank.
    pub(super) text: &'a str,
}

/// The elements of a text in their order, and the offset and message of the first mistake.
pub(super) struct Document<'a> {
    pub(super) elements: Vec<Element<'a>>,
    pub(super) problem: Option<(usize, String)>,
}

/// A file of the tree; its first mistake becomes a problem of the tree.
pub(super) fn read<'a>(tree: &mut Tree<'a>, path: &str) -> Option<Document<'a>> {
    let document = Document::read(tree.text(path)?);
    if let Some((at, message)) = &document.problem {
        tree.problem(path, Some(*at..*at), message);
    }
    Some(document)
}

impl<'a> Document<'a> {
    /// Reads as far as it can.
    pub(super) fn read(text: &'a str) -> Self {
        let mut document = Self { elements: Vec::new(), problem: None };
        let mut open: Vec<usize> = Vec::new();
        let mut at = 0;
        while let Some(found) = memchr::memchr(b'<', &text.as_bytes()[at..]) {
            let start = at + found;
            let piece = text[at..start].trim();
            if let Some(&inner) = open.last().filter(|_| !piece.is_empty()) {
                let element = &mut document.elements[inner];
                if element.text.is_empty() {
                    element.text = piece;
                }
            }
            let Some(end) = document.tag(text, start, &mut open) else { return document };
            at = end;
        }
        if let Some(&inner) = open.last() {
            document.fail(text.len(), format!("`{}` is not closed", document.elements[inner].name));
        }
        document
    }

    /// Reads the tag, comment or section at `start`; gives the offset after it.
    fn tag(&mut self, text: &'a str, start: usize, open: &mut Vec<usize>) -> Option<usize> {
        let rest = &text[start..];
        for (from, to) in [("<!--", "-->"), ("<![CDATA[", "]]>"), ("<?", "?>"), ("<!", ">")] {
            if let Some(inside) = rest.strip_prefix(from) {
                let Some(end) = inside.find(to) else {
                    self.fail(start, format!("`{from}` without `{to}`"));
                    return None;
                };
                return Some(start + from.len() + end + to.len());
            }
        }
        let Some(end) = tag_end(rest) else {
            self.fail(start, "`<` without `>`".into());
            return None;
        };
        let inner = &rest[1..end];
        if let Some(name) = inner.strip_prefix('/') {
            let name = local(name.trim());
            match open.pop() {
                Some(last) if self.elements[last].name == name => {}
                Some(last) => {
                    let expected = self.elements[last].name;
                    self.fail(start, format!("`</{name}>` where `</{expected}>` was expected"));
                    return None;
                }
                None => {
                    self.fail(start, format!("`</{name}>` closes nothing"));
                    return None;
                }
            }
        } else {
            let (inner, closed) = inner.strip_suffix('/').map_or((inner, false), |inner| (inner, true));
            let (name, attributes) = inner.split_once(char::is_whitespace).unwrap_or((inner, ""));
            self.elements.push(Element { name: local(name), parent: open.last().copied(), attributes, text: "" });
            if open.len() >= DEEPEST {
                self.fail(start, format!("nested deeper than {DEEPEST}"));
                return None;
            }
            if !closed {
                open.push(self.elements.len() - 1);
            }
        }
        Some(start + end + 1)
    }

    fn fail(&mut self, at: usize, message: String) {
        self.problem.get_or_insert((at, message));
    }

    /// The elements called `name`, with their indices.
    pub(super) fn named<'t>(&'t self, name: &'t str) -> impl Iterator<Item = (usize, &'t Element<'a>)> {
        self.elements.iter().enumerate().filter(move |(_, element)| element.name == name)
    }

    /// The text of the first element whose names, from the outermost, are `path`.
    pub(super) fn text_at(&self, path: &[&str]) -> Option<&'a str> {
        self.texts_at(path).next()
    }

    /// The texts of all elements whose names, from the outermost, are `path`.
    pub(super) fn texts_at<'t>(&'t self, path: &'t [&'t str]) -> impl Iterator<Item = &'a str> + 't {
        let (last, _) = path.split_last().unwrap_or((&"", &[]));
        self.named(last).filter(|(index, _)| self.is_at(*index, path)).map(|(_, element)| element.text)
    }

    /// Whether the names from the outermost element to this one are `path`.
    pub(super) fn is_at(&self, index: usize, path: &[&str]) -> bool {
        let mut index = Some(index);
        for name in path.iter().rev() {
            let Some(element) = index.and_then(|index| self.elements.get(index)) else { return false };
            if element.name != *name {
                return false;
            }
            index = element.parent;
        }
        index.is_none()
    }

    /// The (name, text) pairs directly inside of an element.
    pub(super) fn fields<'t>(&'t self, parent: usize) -> impl Iterator<Item = (&'a str, &'a str)> + 't {
        // What is inside follows its parent at once.
        let inside = move |element: &&Element| element.parent.is_some_and(|up| up >= parent);
        let after = self.elements.get(parent + 1..).unwrap_or_default().iter().take_while(inside);
        after.filter(move |element| element.parent == Some(parent)).map(|element| (element.name, element.text))
    }
}

impl<'a> Element<'a> {
    /// The value of an attribute, as written.
    pub(super) fn attribute(&self, name: &str) -> Option<&'a str> {
        let mut rest = self.attributes;
        while let Some((key, after)) = rest.split_once('=') {
            let after = after.trim_start();
            let quote = after.chars().next().filter(|c| matches!(c, '"' | '\''))?;
            let (value, next) = after[1..].split_once(quote)?;
            if key.trim() == name {
                return Some(value.trim());
            }
            rest = next;
        }
        None
    }
}

/// The offset of the `>` that ends a tag, outside of quotes.
fn tag_end(text: &str) -> Option<usize> {
    let mut quote = None;
    for (at, byte) in text.bytes().enumerate() {
        match quote {
            Some(open) => quote = quote.filter(|_| byte != open),
            None if byte == b'>' => return Some(at),
            None if matches!(byte, b'"' | b'\'') => quote = Some(byte),
            None => {}
        }
    }
    None
}

fn local(name: &str) -> &str {
    name.rsplit_once(':').map_or(name, |(_, name)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(text: &str, expected: &str) {
        let document = Document::read(text);
        let mut out = String::new();
        for element in &document.elements {
            let attribute = element.attribute("a").unwrap_or("-");
            out.extend([element.name, ":", element.text, ":", attribute, " "]);
        }
        if let Some((at, message)) = &document.problem {
            out.extend(["! ", &at.to_string(), " ", message]);
        }
        assert_eq!(out.trim(), expected);
    }

    #[test]
    fn elements_and_mistakes() {
        check("<?xml?><!-- <x> --><p:a a='1>2'> t <b/><c a = \"3\">u</c></p:a>", "a:t:1>2 b::- c:u:3");
        check("<a><b></a>", "a::- b::- ! 6 `</a>` where `</b>` was expected");
        check("<a>", "a::- ! 3 `a` is not closed");
        check("<a", "! 0 `<` without `>`");
        check("</a>", "! 0 `</a>` closes nothing");
        check("<!-- ", "! 0 `<!--` without `-->`");
    }

    #[test]
    fn fields_are_direct_children() {
        let document = Document::read("<d><x><g>1</g><e><g>2</g></e><v>3</v></x><y><g>4</g></y></d>");
        assert_eq!(document.fields(1).collect::<Vec<_>>(), [("g", "1"), ("e", ""), ("v", "3")]);
        assert_eq!(document.text_at(&["d", "y", "g"]), Some("4"));
    }
}
