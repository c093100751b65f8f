//! Documents of YAML ─► values, as go-yaml and compose-go's reset processor do it: aliases and merge keys expanded, and
//! what `!reset` and `!override` take out of earlier files.

use std::collections::{HashMap, HashSet};

use super::error::ProjectError;
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use crate::text::{FileId, Span};
use crate::yaml::{NodeKind, Scalar, YamlNode};

/// Levels of mappings and lists at most; go-yaml's own bound is 10,000.
const DEPTH: usize = 500;

/// A document: its values, and the paths that it takes out of what was read before.
#[derive(Clone, Debug, Default)]
pub(super) struct ProjectDocument {
    pub(super) value: ComposeValue,
    pub(super) reset: Vec<Vec<String>>,
}

/// Reads a document without what stands at the places `omissions`. `room`: how many values it may have, counted down.
pub(super) fn document(
    top: YamlNode,
    file: FileId,
    omissions: &[Span],
    room: &mut usize,
) -> Result<ProjectDocument, ProjectError> {
    let mut reader = DocumentReader {
        file,
        omissions,
        room,
        reset: Vec::new(),
        path: Vec::new(),
        visited: HashSet::new(),
        open: Vec::new(),
    };
    let value = reader.child(top, false)?;
    // A document that is nothing but `!reset` is nothing.
    let value = value.unwrap_or_default();
    Ok(ProjectDocument { value, reset: reader.reset })
}

struct DocumentReader<'r> {
    file: FileId,
    omissions: &'r [Span],
    room: &'r mut usize,
    reset: Vec<Vec<String>>,
    /// The keys down to what is being read.
    path: Vec<String>,
    /// Collections whose `!reset` entries were taken out already: an alias to one does not see them again.
    visited: HashSet<u32>,
    /// Collections that are being read, to find those that hold themselves.
    open: Vec<u32>,
}

impl DocumentReader<'_> {
    fn place(&self, node: YamlNode) -> ComposePlace {
        ComposePlace { file: self.file, span: node.span() }
    }

    fn error(&self, node: YamlNode, message: impl Into<String>) -> ProjectError {
        ProjectError::at(Some(self.place(node)), message)
    }

    fn omits(&self, node: YamlNode) -> bool {
        !self.omissions.is_empty() && self.omissions.contains(&node.span())
    }

    /// A node's value; `None` where a tag takes it out. `plain`: below `!override` tags mean nothing.
    fn child(&mut self, node: YamlNode, plain: bool) -> Result<Option<ComposeValue>, ProjectError> {
        self.count(node)?;
        self.below_tag(node, plain).map(|plain| self.value(node, plain)).transpose()
    }

    /// Takes the room of a node.
    fn count(&mut self, node: YamlNode) -> Result<(), ProjectError> {
        let cost = 1 + node.text().map_or(0, str::len) / 64;
        let Some(remaining) = self.room.checked_sub(cost) else {
            let error = self.error(node, "the project has more than 1,000,000 values when all aliases are expanded");
            return Err(error.help("write less with aliases, merge keys and `extends`"));
        };
        *self.room = remaining;
        if self.open.len() > DEPTH {
            return Err(self.error(node, format!("mappings and lists are nested more than {DEPTH} levels deep")));
        }
        Ok(())
    }

    /// Whether tags mean nothing below a node; `None` where its tag takes it out.
    fn below_tag(&mut self, node: YamlNode, plain: bool) -> Option<bool> {
        match node.tag() {
            Some(tag @ ("!reset" | "!override")) if !plain => {
                self.reset.push(self.path.clone());
                (tag == "!override").then_some(true)
            }
            _ => Some(plain),
        }
    }

    fn value(&mut self, node: YamlNode, plain: bool) -> Result<ComposeValue, ProjectError> {
        let place = Some(self.place(node));
        let Some(kind) = node.kind() else { return Err(self.error(node, "the alias leads nowhere")) };
        if let NodeKind::Scalar(_) = kind {
            let scalar = node.scalar().map_err(|message| self.error(node, message))?;
            return Ok(ComposeValue::new(data(scalar.unwrap_or(Scalar::Null)), place));
        }
        let data = self.within(node, |reader, first| match kind {
            NodeKind::Mapping => {
                let mut map = ComposeMap::default();
                reader.mapping(node, plain, first, &mut map).map(|()| ComposeData::Map(map))
            }
            _ => reader.sequence(node, plain, first).map(ComposeData::List),
        });
        Ok(ComposeValue::new(data?, place))
    }

    /// Reads a collection, which may not hold itself. `read` is told whether it is met for the first time.
    fn within<T>(
        &mut self,
        node: YamlNode,
        read: impl FnOnce(&mut Self, bool) -> Result<T, ProjectError>,
    ) -> Result<T, ProjectError> {
        let number = node.target().unwrap_or(node).number();
        if self.open.contains(&number) {
            return Err(self.error(node, "the alias stands inside of what it stands for"));
        }
        self.open.push(number);
        let first = self.visited.insert(number);
        let value = read(self, first);
        self.open.pop();
        value
    }

    /// Does something below a key.
    fn below<T>(&mut self, key: String, read: impl FnOnce(&mut Self) -> T) -> T {
        self.path.push(key);
        let value = read(self);
        self.path.pop();
        value
    }

    fn sequence(&mut self, node: YamlNode, plain: bool, first: bool) -> Result<Vec<ComposeValue>, ProjectError> {
        let mut items = Vec::new();
        for (index, item) in node.items().enumerate() {
            if Self::is_gone(item, plain, first) || self.omits(item) {
                continue;
            }
            items.extend(self.below(index.to_string(), |reader| reader.child(item, plain))?);
        }
        Ok(items)
    }

    /// Whether an entry was taken out when its collection was met first.
    fn is_gone(item: YamlNode, plain: bool, first: bool) -> bool {
        !plain && !first && !item.is_alias() && item.tag() == Some("!reset")
    }

    /// Adds the entries of a mapping, as far as `map` has not their keys.
    fn mapping(&mut self, node: YamlNode, plain: bool, first: bool, map: &mut ComposeMap) -> Result<(), ProjectError> {
        let mut merges = Vec::new();
        for entry in node.entries() {
            if Self::is_gone(entry.value, plain, first) || self.omits(entry.key) || self.omits(entry.value) {
                continue;
            }
            if entry.key.is_merge() {
                merges.push(entry.value);
                continue;
            }
            let key = self.key(entry.key)?;
            // Read in any case: it may be refused, or take something out.
            let value = self.below(key.clone(), |reader| reader.child(entry.value, plain))?;
            if let Some(value) = value.filter(|_| !map.contains(&key)) {
                map.insert(key, ComposeEntry { key: Some(self.place(entry.key)), value });
            }
        }
        for merge in merges {
            self.merge(merge, plain, map)?;
        }
        Ok(())
    }

    /// What a merge key brings in: keys that are not there yet, the first source first. Of a chain of them no mapping in
    /// between is made: each would hold all above it.
    fn merge(&mut self, merge: YamlNode, plain: bool, map: &mut ComposeMap) -> Result<(), ProjectError> {
        let sources: Vec<YamlNode> = match merge.kind() {
            Some(NodeKind::Mapping) => vec![merge],
            Some(NodeKind::Sequence) if !merge.is_alias() => merge.items().collect(),
            _ => Vec::new(),
        };
        let is_mapping = |node: &YamlNode| node.kind() == Some(NodeKind::Mapping);
        if !sources.iter().all(is_mapping) || (sources.is_empty() && merge.kind() != Some(NodeKind::Sequence)) {
            return Err(self.error(merge, "a merge key (`<<`) takes a mapping or a list of mappings"));
        }
        for (index, source) in sources.iter().enumerate() {
            if merge.kind() == Some(NodeKind::Mapping) {
                self.merge_source(*source, plain, map)?;
            } else {
                self.below(index.to_string(), |reader| reader.merge_source(*source, plain, map))?;
            }
        }
        Ok(())
    }

    fn merge_source(&mut self, source: YamlNode, plain: bool, map: &mut ComposeMap) -> Result<(), ProjectError> {
        self.count(source)?;
        let Some(plain) = self.below_tag(source, plain) else { return Ok(()) };
        self.within(source, |reader, first| reader.mapping(source, plain, first, map))
    }

    fn key(&self, node: YamlNode) -> Result<String, ProjectError> {
        let scalar = node.scalar().map_err(|message| self.error(node, message))?;
        match scalar {
            Some(Scalar::Text(text)) => Ok(text.into_owned()),
            Some(_) => {
                let text = node.text().unwrap_or_default();
                Err(self.error(node, format!("the key `{text}` is no string")).help("put it in quotes"))
            }
            None => Err(self.error(node, "a key must be a string")),
        }
    }
}

fn data(scalar: Scalar) -> ComposeData {
    match scalar {
        Scalar::Null => ComposeData::Null,
        Scalar::Bool(value) => ComposeData::Bool(value),
        Scalar::Integer(value) => ComposeData::Integer(value),
        Scalar::Unsigned(value) => ComposeData::Unsigned(value),
        Scalar::Float(value) => ComposeData::Float(value),
        Scalar::Time(text) => ComposeData::Time(text.into()),
        Scalar::Text(text) => ComposeData::Text(text.into_owned()),
    }
}

/// Takes out of `target` what stands at the paths. Lists are not looked into.
pub(super) fn take_out(target: &mut ComposeValue, paths: &[Vec<String>]) {
    let paths: Vec<&[String]> = paths.iter().map(Vec::as_slice).collect();
    take_paths_out(target, &paths);
}

fn take_paths_out(target: &mut ComposeValue, paths: &[&[String]]) {
    let Some(map) = target.as_map_mut() else { return };
    let mut by_key: HashMap<&str, Vec<&[String]>> = HashMap::new();
    for path in paths {
        if let [first, rest @ ..] = path {
            by_key.entry(first).or_default().push(rest);
        }
    }
    // `*` stands for any key.
    let any = by_key.get("*").cloned().unwrap_or_default();
    let rests = |key: &str| by_key.get(key).into_iter().flatten().chain(&any).copied().collect::<Vec<_>>();
    map.retain(|key, _| !rests(key).iter().any(|rest| rest.is_empty()));
    for (key, entry) in map.iter_mut() {
        let rests = rests(key);
        if !rests.is_empty() {
            take_paths_out(&mut entry.value, &rests);
        }
    }
}
