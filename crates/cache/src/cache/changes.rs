//! Which files make the difference between what a step takes of two contexts.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::context::{ContextFiles, Filter, FilterState, Passed, Selector, included, matches, resolve};
use super::tree::{Directory, Node};
use crate::ignore::Matcher;
use crate::text::path;

/// A file that a step sees otherwise than before.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileChange {
    /// Its path below the context.
    pub path: String,
    /// The named context that it is in; `None` for the build context.
    pub context: Option<String>,
    /// What differs.
    pub kind: FileChangeKind,
    /// Why an incremental transfer may miss it.
    pub trap: Option<TransferTrap>,
}

impl FileChange {
    /// Its path, with the name of the named context that it is in: `lib:src/main.c`.
    pub fn full_path(&self) -> String {
        match &self.context {
            Some(name) => format!("{name}:{}", self.path),
            None => self.path.clone(),
        }
    }
}

/// What differs of a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum FileChangeKind {
    /// Its bytes.
    Content,
    /// It is new.
    Added,
    /// It is gone.
    Removed,
    /// It is still there, but .dockerignore leaves it out now.
    Excluded,
    /// It was there, but .dockerignore left it out.
    Included,
    /// Its permission bits.
    Mode,
    /// The text of the link.
    Link,
    /// Extended attributes.
    Attributes,
    /// It is of another kind: a folder for a file.
    Kind,
}

/// Why a builder may not notice a change: it transfers only what looks changed from outside.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum TransferTrap {
    /// Size and time are the same as before.
    SameSizeAndTime,
    /// The mode of a folder that was there before (moby/buildkit#7176).
    FolderMode,
}

/// The differences, the first of them in full.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct FileChanges {
    /// The first, in the order of their paths.
    pub first: Vec<FileChange>,
    /// The number of all.
    pub total: usize,
    /// Whether every one of them may be missed by an incremental transfer.
    pub may_all_be_missed: bool,
}

/// Changes that are kept in full.
const MAX_CHANGES: usize = 20;

impl FileChanges {
    /// Between what two selectors take of two contexts.
    pub fn between(before: (&ContextFiles, &Selector), after: (&ContextFiles, &Selector)) -> Self {
        let mut compare = Compare {
            filters: (Filter::of(before.0), Filter::of(after.0)),
            changes: Self { may_all_be_missed: true, ..Self::default() },
        };
        let plain = compare.filters;
        let exclude = (Excluder::of(before.1), Excluder::of(after.1));
        let old = places(before.0, before.1);
        let mut new = places(after.0, after.1);
        for (name, (path, node, state)) in old {
            compare.filters.0 = exclude.0.below(plain.0, &path);
            match new.remove(&name) {
                Some((new_path, new_node, new_state)) => {
                    compare.filters.1 = exclude.1.below(plain.1, &new_path);
                    compare.nodes(Some((node, &path, &state)), Some((new_node, &new_path, &new_state)));
                }
                None => compare.nodes(Some((node, &path, &state)), None),
            }
        }
        for (path, node, state) in new.into_values() {
            compare.filters.1 = exclude.1.below(plain.1, &path);
            compare.nodes(None, Some((node, &path, &state)));
        }
        if before.1 == after.1 && !plain.0.is_same(&plain.1) {
            for change in &mut compare.changes.first {
                change.kind = match change.kind {
                    FileChangeKind::Removed if after.0.root.node(&change.path).is_some() => FileChangeKind::Excluded,
                    FileChangeKind::Added if before.0.root.node(&change.path).is_some() => FileChangeKind::Included,
                    kind => kind,
                };
            }
        }
        compare.changes.first.sort_by(|a, b| a.path.cmp(&b.path));
        compare.changes.may_all_be_missed &= compare.changes.total > 0;
        compare.changes
    }

    /// Those of a named context.
    #[must_use]
    pub fn in_context(mut self, name: Option<&str>) -> Self {
        self.first.iter_mut().for_each(|change| change.context = name.map(str::to_owned));
        self
    }

    /// Adds those of another source.
    pub fn extend(&mut self, other: Self) {
        self.may_all_be_missed = match (self.total, other.total) {
            (_, 0) => self.may_all_be_missed,
            (0, _) => other.may_all_be_missed,
            _ => self.may_all_be_missed && other.may_all_be_missed,
        };
        self.total += other.total;
        for change in other.first {
            // Sources of an instruction may overlap.
            if self.first.contains(&change) {
                self.total -= 1;
            } else if self.first.len() < MAX_CHANGES {
                self.first.push(change);
            }
        }
    }
}

/// A node that a source names: its path, what it is, and what the patterns said of the folders above.
type Named<'t> = (String, NamedNode<'t>, FilterState);

/// A node, or the root of a context.
#[derive(Clone, Copy)]
enum NamedNode<'t> {
    Root(&'t Arc<Directory>),
    Node(&'t Node),
}

/// What a selector names, by what makes it the same in another context.
fn places<'t>(context: &'t ContextFiles, selector: &Selector) -> BTreeMap<String, Named<'t>> {
    let mut places = BTreeMap::new();
    if let Some(include) = &selector.parents {
        for (path, node) in included(context, &selector.path, include, &selector.exclude).0 {
            let full = path::child(&selector.path, &path);
            // What is below is listed on its own.
            places.insert(path, (full, NamedNode::Node(node), FilterState::default()));
        }
    } else if selector.is_pattern {
        for place in matches(context, &selector.path) {
            places.insert(place.path.clone(), (place.path, NamedNode::Node(place.node), place.state));
        }
    } else if selector.path.is_empty() {
        places.insert(String::new(), (String::new(), NamedNode::Root(&context.root), FilterState::default()));
    } else if let Some(place) = resolve(context, &selector.path) {
        places.insert(String::new(), (place.path, NamedNode::Node(place.node), place.state));
    }
    places
}

/// What `--exclude` of a selector leaves out; `--parents` has looked at it already.
struct Excluder<'s> {
    matcher: Option<Matcher>,
    selector: &'s Selector,
}

impl<'s> Excluder<'s> {
    fn of(selector: &'s Selector) -> Self {
        let has_any = !selector.exclude.is_empty() && selector.parents.is_none();
        let patterns = || Matcher::new(selector.exclude.iter().map(String::as_str)).unwrap_or_default();
        Self { matcher: has_any.then(patterns), selector }
    }

    /// A filter with it, for what lies at a path that the source names.
    fn below<'f>(&'f self, filter: Filter<'f>, path: &str) -> Filter<'f> {
        let base = if self.selector.is_pattern { path::parent(path) } else { path };
        match &self.matcher {
            Some(matcher) => filter.excluding(matcher, &self.selector.exclude, base),
            None => filter,
        }
    }
}

struct Compare<'f> {
    filters: (Filter<'f>, Filter<'f>),
    changes: FileChanges,
}

/// A node on one side: itself, its path, what the patterns said of its folder.
type Side<'s, 't> = Option<(NamedNode<'t>, &'s str, &'s FilterState)>;

/// A folder on one side.
type FolderSide<'s, 't> = Option<(&'t Arc<Directory>, &'s str, &'s FilterState)>;

impl Compare<'_> {
    fn note(&mut self, path: &str, kind: FileChangeKind, trap: Option<TransferTrap>) {
        self.changes.total += 1;
        self.changes.may_all_be_missed &= trap.is_some();
        if self.changes.first.len() < MAX_CHANGES {
            self.changes.first.push(FileChange { path: path.to_owned(), context: None, kind, trap });
        }
    }

    fn nodes(&mut self, before: Side, after: Side) {
        use NamedNode::{Node as Inner, Root};
        match (before, after) {
            (Some((Root(old), old_path, old_state)), Some((Root(new), path, state))) => {
                self.folders(Some((old, old_path, old_state)), Some((new, path, state)));
            }
            (Some((Inner(old), old_path, old_state)), Some((Inner(new), path, state))) => {
                self.pair((old, old_path, old_state), (new, path, state));
            }
            (Some((Root(_), ..)), Some((Inner(_), path, _))) | (Some((Inner(_), ..)), Some((Root(_), path, _))) => {
                self.note(path, FileChangeKind::Kind, None);
            }
            (None, Some((node, path, state))) => self.lone(node, path, state, FileChangeKind::Added),
            (Some((node, path, state)), None) => self.lone(node, path, state, FileChangeKind::Removed),
            (None, None) => {}
        }
    }

    /// All files of a node that has no counterpart.
    fn lone(&mut self, node: NamedNode, path: &str, state: &FilterState, kind: FileChangeKind) {
        match node {
            NamedNode::Root(folder) | NamedNode::Node(Node::Directory { entries: folder, .. }) => {
                let before = self.changes.total;
                match kind {
                    FileChangeKind::Removed => self.folders(Some((folder, path, state)), None),
                    _ => self.folders(None, Some((folder, path, state))),
                }
                if self.changes.total == before {
                    self.note(path, kind, None);
                }
            }
            NamedNode::Node(_) => self.note(path, kind, None),
        }
    }

    fn pair(&mut self, before: (&Node, &str, &FilterState), after: (&Node, &str, &FilterState)) {
        let path = after.1;
        match (before.0, after.0) {
            (Node::File(old), Node::File(new)) => {
                let stale = (old.stat.is_some() && old.stat == new.stat && old.mode == new.mode)
                    .then_some(TransferTrap::SameSizeAndTime);
                if old.content != new.content {
                    self.note(path, FileChangeKind::Content, stale);
                } else if old.mode != new.mode {
                    self.note(path, FileChangeKind::Mode, None);
                } else if old.attributes != new.attributes {
                    self.note(path, FileChangeKind::Attributes, stale);
                }
            }
            (Node::Link(old), Node::Link(new)) => {
                if old != new {
                    self.note(path, FileChangeKind::Link, None);
                }
            }
            (Node::Other(old), Node::Other(new)) => {
                if old != new {
                    self.note(path, FileChangeKind::Content, None);
                }
            }
            (Node::Directory { mode, entries }, Node::Directory { mode: new_mode, entries: new }) => {
                if mode != new_mode {
                    self.note(path, FileChangeKind::Mode, Some(TransferTrap::FolderMode));
                }
                self.folders(Some((entries, before.1, before.2)), Some((new, path, after.2)));
            }
            _ => self.note(path, FileChangeKind::Kind, None),
        }
    }

    fn folders(&mut self, before: FolderSide, after: FolderSide) {
        if let (Some((old, old_path, _)), Some((new, path, _))) = (before, after)
            && Arc::ptr_eq(old, new)
            && old_path == path
            && self.filters.0.is_same(&self.filters.1)
        {
            return;
        }
        let old = sent(&self.filters.0, before);
        let mut new = sent(&self.filters.1, after);
        for (name, (node, path, state)) in &old {
            match new.remove(name) {
                Some((new_node, new_path, new_state)) => {
                    self.pair((node, path, state), (new_node, &new_path, &new_state));
                }
                None => self.lone(NamedNode::Node(node), path, state, FileChangeKind::Removed),
            }
        }
        for (node, path, state) in new.into_values() {
            self.lone(NamedNode::Node(node), &path, &state, FileChangeKind::Added);
        }
    }
}

/// What is sent of a folder, by name.
fn sent<'t>(filter: &Filter, side: FolderSide<'_, 't>) -> BTreeMap<&'t str, (&'t Node, String, FilterState)> {
    let Some((folder, path, state)) = side else { return BTreeMap::new() };
    let entries = folder.entries().iter().filter_map(|(name, node)| {
        let below = path::child(path, name);
        match filter.decide(&below, node, state) {
            Passed::Sent(state) | Passed::OnlyIfFilled(state) => Some((&**name, (node, below, state))),
            Passed::Out => None,
        }
    });
    entries.collect()
}
