//! The nodes of a text in one list, and what can be asked of them. An alias is a node of its own that leads to its
//! target, so that nothing is copied: the text's length bounds the memory, whatever its aliases would expand to.

use std::ops::Range;

use crate::text::Span;

/// How many merge keys (`<<`) are followed one into the other.
const MERGES: usize = 16;

/// A text as read: its documents, and what is wrong with it.
#[derive(Clone, Debug, Default)]
pub struct YamlTree {
    pub(super) nodes: Vec<Data>,
    /// Children of sequences, and keys and values of mappings in turn.
    pub(super) children: Vec<u32>,
    pub(super) documents: Vec<u32>,
    pub(super) comments: Vec<Span>,
    pub(super) problems: Vec<YamlProblem>,
}

/// What is stored of a node.
#[derive(Clone, Debug)]
pub(super) struct Data {
    pub(super) span: Span,
    pub(super) tag: Option<Box<str>>,
    pub(super) anchor: bool,
    pub(super) shape: Shape,
    /// Nodes below it and itself, aliases expanded.
    pub(super) size: u32,
    /// Levels below it, aliases expanded.
    pub(super) height: u32,
}

#[derive(Clone, Debug)]
pub(super) enum Shape {
    Scalar(Box<str>, Style),
    Sequence {
        items: Range<u32>,
        flow: bool,
    },
    Mapping {
        entries: Range<u32>,
        flow: bool,
    },
    /// `None`: it leads nowhere, or further than the bounds allow.
    Alias(Option<u32>),
}

/// Something wrong, in one sentence without a full stop.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct YamlProblem {
    /// Where.
    pub span: Span,
    /// What is wrong.
    pub message: String,
}

/// How a scalar is written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Style {
    /// Without quotes.
    Plain,
    /// In single quotes.
    Single,
    /// In double quotes.
    Double,
    /// A block after `|`.
    Literal,
    /// A block after `>`.
    Folded,
}

/// What a node is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NodeKind {
    /// A text, number, truth value or nothing at all.
    Scalar(Style),
    /// A list.
    Sequence,
    /// Keys with values.
    Mapping,
}

impl YamlTree {
    /// The node that the first document holds; `None` of an empty text.
    pub fn root(&self) -> Option<YamlNode<'_>> {
        self.documents().next()
    }

    /// The node of each document.
    pub fn documents(&self) -> impl Iterator<Item = YamlNode<'_>> {
        self.documents.iter().map(|&id| YamlNode { tree: self, id })
    }

    /// The comments with their `#`, in order.
    pub fn comments(&self) -> &[Span] {
        &self.comments
    }

    /// What is wrong. After an error of syntax the tree holds what was read up to there.
    pub fn problems(&self) -> &[YamlProblem] {
        &self.problems
    }
}

/// A node. Questions for its value follow an alias; questions for its place don't.
#[derive(Clone, Copy, Debug)]
pub struct YamlNode<'t> {
    tree: &'t YamlTree,
    id: u32,
}

/// A key with its value.
#[derive(Clone, Copy, Debug)]
pub struct YamlEntry<'t> {
    /// The key.
    pub key: YamlNode<'t>,
    /// The value; an empty scalar where none is written.
    pub value: YamlNode<'t>,
}

impl<'t> YamlNode<'t> {
    fn data(self) -> &'t Data {
        &self.tree.nodes[self.id as usize]
    }

    /// What an alias leads to, or the node itself; `None` when the alias leads nowhere.
    fn followed(self) -> Option<&'t Data> {
        match &self.data().shape {
            // An alias leads to a node that is none.
            Shape::Alias(target) => target.map(|id| &self.tree.nodes[id as usize]),
            _ => Some(self.data()),
        }
    }

    /// Where it stands: of a block scalar its text behind the header and the first line's indentation, of a collection
    /// all that belongs to it, of an alias the alias.
    pub fn span(self) -> Span {
        self.data().span
    }

    /// What it is; `None` for an alias that leads nowhere.
    pub fn kind(self) -> Option<NodeKind> {
        match self.followed()?.shape {
            Shape::Scalar(_, style) => Some(NodeKind::Scalar(style)),
            Shape::Sequence { .. } => Some(NodeKind::Sequence),
            Shape::Mapping { .. } => Some(NodeKind::Mapping),
            Shape::Alias(_) => None,
        }
    }

    /// The node that an alias stands for.
    pub fn target(self) -> Option<YamlNode<'t>> {
        match self.data().shape {
            Shape::Alias(target) => Some(YamlNode { tree: self.tree, id: target? }),
            _ => None,
        }
    }

    /// Its number in the tree: the same for a node however it was come by.
    pub fn number(self) -> u32 {
        self.id
    }

    /// Whether an alias stands here.
    pub fn is_alias(self) -> bool {
        matches!(self.data().shape, Shape::Alias(_))
    }

    /// Whether an anchor stands before it, so that others may use it.
    pub fn has_anchor(self) -> bool {
        self.data().anchor
    }

    /// Its tag as resolved: `!reset`, `tag:yaml.org,2002:str`.
    pub fn tag(self) -> Option<&'t str> {
        self.followed()?.tag.as_deref()
    }

    /// Whether it is a collection in brackets or braces.
    pub fn is_flow(self) -> bool {
        matches!(self.data().shape, Shape::Sequence { flow: true, .. } | Shape::Mapping { flow: true, .. })
    }

    /// A scalar's text, whatever its type, escapes and folding resolved.
    pub fn text(self) -> Option<&'t str> {
        match &self.followed()?.shape {
            Shape::Scalar(text, _) => Some(text),
            _ => None,
        }
    }

    /// A scalar without quotes and tag, whose text says what its type is.
    fn plain(self) -> Option<&'t str> {
        match &self.followed()?.shape {
            Shape::Scalar(text, Style::Plain) if self.tag().is_none() => Some(text),
            _ => None,
        }
    }

    /// A scalar's text as [`Self::text`] gives it; `None` for null.
    pub fn value_text(self) -> Option<&'t str> {
        if self.is_null() { None } else { self.text() }
    }

    /// Whether it holds nothing: `null`, `~`, or no text at all.
    pub fn is_null(self) -> bool {
        matches!(self.plain(), Some("" | "~" | "null" | "Null" | "NULL"))
    }

    /// Its truth value, as YAML 1.2 reads it.
    pub fn as_bool(self) -> Option<bool> {
        match self.plain()? {
            "true" | "True" | "TRUE" => Some(true),
            "false" | "False" | "FALSE" => Some(false),
            _ => None,
        }
    }

    /// The members of a list; none of anything else.
    pub fn items(self) -> impl Iterator<Item = YamlNode<'t>> + use<'t> {
        let range = match self.followed().map(|data| &data.shape) {
            Some(Shape::Sequence { items, .. }) => items.start as usize..items.end as usize,
            _ => 0..0,
        };
        let tree = self.tree;
        tree.children[range].iter().map(move |&id| YamlNode { tree, id })
    }

    /// The entries of a mapping as written, `<<` among them; none of anything else.
    pub fn entries(self) -> impl Iterator<Item = YamlEntry<'t>> + use<'t> {
        let range = match self.followed().map(|data| &data.shape) {
            Some(Shape::Mapping { entries, .. }) => entries.start as usize..entries.end as usize,
            _ => 0..0,
        };
        let tree = self.tree;
        let node = move |id| YamlNode { tree, id };
        tree.children[range].chunks_exact(2).map(move |pair| YamlEntry { key: node(pair[0]), value: node(pair[1]) })
    }

    /// The value under a key, also one that a merge key (`<<`) brings in.
    pub fn get(self, key: &str) -> Option<YamlNode<'t>> {
        self.find(key, MERGES)
    }

    fn find(self, key: &str, merges: usize) -> Option<YamlNode<'t>> {
        if let Some(entry) = self.entries().find(|entry| entry.key.text() == Some(key)) {
            return Some(entry.value);
        }
        let base = self.entries().find(|entry| entry.key.is_merge())?.value;
        let merges_left = merges.checked_sub(1)?;
        match base.kind()? {
            NodeKind::Mapping => base.find(key, merges_left),
            _ => base.items().find_map(|item| item.find(key, merges_left)),
        }
    }
}
