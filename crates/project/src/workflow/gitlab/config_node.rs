//! Values of a pipeline's files, each with the place that it is written at: anchors and merge keys are followed, so that what
//! several files say can be merged.

use std::collections::HashMap;
use std::rc::Rc;

use crate::text::Span;
use crate::workflow::place::{WorkflowPlace, WorkflowText};
use crate::yaml::{NodeKind, YamlNode};

/// Levels of a file that are read.
pub(super) const DEEPEST: usize = 60;

/// A value, and where it is written.
#[derive(Clone, Debug)]
pub(super) struct ConfigNode {
    pub(super) place: WorkflowPlace,
    /// The last of the keys that lead to it in its file; `None` for the top.
    path: Option<Rc<PathPart>>,
    pub(super) value: ConfigValue,
}

/// A key with those above it.
#[derive(Debug)]
struct PathPart {
    key: String,
    above: Option<Rc<PathPart>>,
}

#[derive(Clone, Debug)]
pub(super) enum ConfigValue {
    Null,
    Text(String),
    List(Vec<Rc<ConfigNode>>),
    Map(Vec<(ConfigKey, Rc<ConfigNode>)>),
    /// `!reference [job, key]`.
    Reference(Vec<String>),
}

/// A key, and where it is written.
#[derive(Clone, Debug)]
pub(super) struct ConfigKey {
    pub(super) name: String,
    pub(super) place: WorkflowPlace,
}

impl ConfigNode {
    /// The value of a file.
    pub(super) fn of_file(root: YamlNode, file: u32) -> Rc<Self> {
        Conversion { file, known: HashMap::new() }.node(root, None, DEEPEST)
    }

    /// The same place with another value.
    pub(super) fn with(&self, value: ConfigValue) -> Rc<Self> {
        Rc::new(Self { place: self.place, path: self.path.clone(), value })
    }

    /// The keys that lead to it in its file.
    pub(super) fn path(&self) -> Vec<String> {
        let parts = std::iter::successors(self.path.as_ref(), |part| part.above.as_ref());
        let mut path: Vec<String> = parts.map(|part| part.key.clone()).collect();
        path.reverse();
        path
    }

    /// The entries of a mapping; none of anything else.
    pub(super) fn entries(&self) -> &[(ConfigKey, Rc<Self>)] {
        match &self.value {
            ConfigValue::Map(entries) => entries,
            _ => &[],
        }
    }

    /// The members of a list; none of anything else.
    pub(super) fn items(&self) -> &[Rc<Self>] {
        match &self.value {
            ConfigValue::List(items) => items,
            _ => &[],
        }
    }

    /// The value under a key, unless it is null.
    pub(super) fn get(&self, key: &str) -> Option<&Rc<Self>> {
        let entry = self.entries().iter().find(|(known, _)| known.name == key);
        entry.map(|(_, node)| node).filter(|node| !matches!(node.value, ConfigValue::Null))
    }

    /// A scalar's text.
    pub(super) fn text(&self) -> Option<&str> {
        match &self.value {
            ConfigValue::Text(text) => Some(text),
            _ => None,
        }
    }

    /// A scalar's text with its place.
    pub(super) fn workflow_text(&self) -> Option<WorkflowText> {
        Some(WorkflowText { text: self.text()?.to_owned(), place: self.place })
    }

    /// Mappings are merged key by key; of anything else, what is `over` it counts (`deep_merge` of GitLab).
    pub(super) fn merged(self: &Rc<Self>, over: &Rc<Self>, visits: &mut usize) -> Rc<Self> {
        *visits = visits.saturating_sub(1 + over.entries().len());
        let (ConfigValue::Map(below), ConfigValue::Map(above)) = (&self.value, &over.value) else {
            return Rc::clone(over);
        };
        if *visits == 0 {
            return Rc::clone(over);
        }
        let numbers: HashMap<&str, usize> =
            below.iter().enumerate().map(|(number, (key, _))| (key.name.as_str(), number)).collect();
        let mut entries = below.clone();
        for (key, node) in above {
            match numbers.get(key.name.as_str()) {
                Some(&number) => entries[number] = (key.clone(), below[number].1.merged(node, visits)),
                None => entries.push((key.clone(), Rc::clone(node))),
            }
        }
        over.with(ConfigValue::Map(entries))
    }
}

struct Conversion {
    file: u32,
    /// What was converted, by the numbers of the nodes.
    known: HashMap<u32, Rc<ConfigNode>>,
}

impl Conversion {
    fn place(&self, span: Span) -> WorkflowPlace {
        WorkflowPlace { file: self.file, span }
    }

    fn node(&mut self, node: YamlNode, path: Option<Rc<PathPart>>, depth: usize) -> Rc<ConfigNode> {
        let node = node.target().unwrap_or(node);
        if let Some(known) = self.known.get(&node.number()) {
            return Rc::clone(known);
        }
        let value = match (node.kind(), depth.checked_sub(1)) {
            (Some(NodeKind::Sequence), _) if node.tag() == Some("!reference") => {
                ConfigValue::Reference(node.items().filter_map(YamlNode::text).map(str::to_owned).collect())
            }
            (Some(NodeKind::Sequence), Some(depth)) => {
                let below = |(number, item): (usize, YamlNode)| {
                    self.node(item, Some(child(path.as_ref(), &number.to_string())), depth)
                };
                ConfigValue::List(node.items().enumerate().map(below).collect())
            }
            (Some(NodeKind::Mapping), Some(depth)) => ConfigValue::Map(self.entries(node, path.as_ref(), depth)),
            (Some(NodeKind::Scalar(_)), _) => {
                node.value_text().map_or(ConfigValue::Null, |text| ConfigValue::Text(text.to_owned()))
            }
            _ => ConfigValue::Null,
        };
        let converted = Rc::new(ConfigNode { place: self.place(node.span()), path, value });
        self.known.insert(node.number(), Rc::clone(&converted));
        converted
    }

    /// The entries of a mapping over those that its merge keys bring in; of two with one name the last counts.
    fn entries(
        &mut self,
        node: YamlNode,
        path: Option<&Rc<PathPart>>,
        depth: usize,
    ) -> Vec<(ConfigKey, Rc<ConfigNode>)> {
        let mut entries: Vec<(ConfigKey, Rc<ConfigNode>)> = Vec::new();
        let mut numbers: HashMap<String, usize> = HashMap::new();
        let mut add = |key: ConfigKey, node: Rc<ConfigNode>| {
            if let Some(&number) = numbers.get(&key.name) {
                entries[number] = (key, node);
            } else {
                numbers.insert(key.name.clone(), entries.len());
                entries.push((key, node));
            }
        };
        for entry in node.entries().filter(|entry| entry.key.is_merge()) {
            let base = self.node(entry.value, Some(child(path, "<<")), depth);
            // The first of several counts.
            for base in base.items().iter().rev().chain([&base]) {
                base.entries().iter().for_each(|(key, node)| add(key.clone(), Rc::clone(node)));
            }
        }
        for entry in node.entries().filter(|entry| !entry.key.is_merge()) {
            let Some(name) = entry.key.text() else { continue };
            let key = ConfigKey { name: name.to_owned(), place: self.place(entry.key.span()) };
            add(key, self.node(entry.value, Some(child(path, name)), depth));
        }
        entries
    }
}

fn child(above: Option<&Rc<PathPart>>, key: &str) -> Rc<PathPart> {
    Rc::new(PathPart { key: key.to_owned(), above: above.cloned() })
}
