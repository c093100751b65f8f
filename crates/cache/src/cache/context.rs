//! What a step takes of a build context, as one number: equal numbers mean that the builder sees the same files.
//! Follows BuildKit's `contenthash`: names, bytes, permission bits, texts of links and some extended attributes count;
//! times, owners, hard links and the mode of the context's root do not.

use std::collections::{BTreeMap, HashMap};
use std::sync::Arc;

use twox_hash::XxHash3_128;
use twox_hash::xxhash3_128::Hasher;

use super::tree::{ContentId, Directory, Node};
use crate::ignore::{self, MatchedPatterns, Matcher};
use crate::text::{Source, path};

/// A context: its files and what the ignore file leaves out of them.
#[derive(Clone, Debug)]
pub struct ContextFiles {
    /// All files below its folder.
    pub root: Arc<Directory>,
    ignore: Arc<Matcher>,
    /// Identifies the patterns; 0 without any.
    ignore_id: u128,
    /// The contents of addresses that ADD downloads, where they are known.
    remotes: Arc<HashMap<String, ContentId>>,
    /// The named contexts that are no images, by their names in lower case.
    named: Arc<BTreeMap<String, NamedFiles>>,
    /// Why the context may be another folder: a clause.
    doubt: Option<Arc<str>>,
}

/// What is known of a named context (`--build-context NAME=…`) that is no image and no address.
#[derive(Clone, Debug)]
pub enum NamedFiles {
    /// It is a folder with these files.
    Folder(ContextFiles),
    /// It is a folder whose files are not known, and why: a clause that begins with `it`.
    UnknownFolder(String),
    /// It is the result of another build, which is not predicted: `target:base`.
    Result(String),
}

impl ContextFiles {
    /// A context under the text of the ignore file that counts. A text that the builder rejects leaves nothing out.
    pub fn new(root: Arc<Directory>, ignore: Option<&str>) -> Self {
        let matcher =
            ignore.map(|text| ignore::parse(&Source::of(".dockerignore", text)).matcher()).unwrap_or_default();
        let ignore_id = match ignore {
            Some(text) if !matcher.is_empty() => hash_of(&[text.as_bytes()]),
            _ => 0,
        };
        Self { root, ignore: Arc::new(matcher), ignore_id, remotes: Arc::default(), named: Arc::default(), doubt: None }
    }

    /// The same patterns over other files.
    #[must_use]
    pub fn over(&self, root: Arc<Directory>) -> Self {
        Self { root, ..self.clone() }
    }

    /// With the contents of addresses that ADD downloads.
    #[must_use]
    pub fn with_remotes(self, remotes: HashMap<String, ContentId>) -> Self {
        Self { remotes: Arc::new(remotes), ..self }
    }

    /// With the named contexts that are no images, by their names.
    #[must_use]
    pub fn with_named(self, named: impl IntoIterator<Item = (String, NamedFiles)>) -> Self {
        let named = named.into_iter().map(|(name, files)| (name.to_ascii_lowercase(), files));
        Self { named: Arc::new(named.collect()), ..self }
    }

    /// Where the context may be another folder, with the reason: what a step takes of it is not known then.
    #[must_use]
    pub fn with_doubt(self, doubt: Option<&str>) -> Self {
        Self { doubt: doubt.map(Arc::from), ..self }
    }

    /// Why the context may be another folder.
    pub fn doubt(&self) -> Option<&str> {
        self.doubt.as_deref()
    }

    /// What is known of a named context; `None` if it is an image, an address, or not known by this name.
    pub fn find_context(&self, name: &str) -> Option<&NamedFiles> {
        self.named.get(&name.to_ascii_lowercase())
    }

    /// All named contexts that are no images, by their names in lower case.
    pub fn contexts(&self) -> &BTreeMap<String, NamedFiles> {
        &self.named
    }

    /// Whether the builder is sent what is at a path below the root.
    pub fn sends(&self, path: &str) -> bool {
        resolve(self, path).is_some()
    }

    pub(super) fn remote(&self, url: &str) -> Option<ContentId> {
        self.remotes.get(url).copied()
    }
}

/// What a source of COPY, ADD or a bind mount selects.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Selector {
    /// The path or Go pattern below the root, clean; empty for the root.
    pub path: String,
    /// Whether the path may be a pattern.
    pub is_pattern: bool,
    /// `--parents`: the pattern behind the pivot, taken below `path`.
    pub parents: Option<String>,
    /// `--exclude`, in order, below what is copied.
    pub exclude: Vec<String>,
}

/// The number for a selection.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Selected {
    /// The files, by the digest over them.
    Files(u128),
    /// Nothing lies at the path: the build fails.
    Missing,
}

/// Links that are followed for one source; more are taken for a circle.
const MAX_LINKS: usize = 40;

/// Digests of folders that were computed before. Keeps the folders alive, as they are known by address.
#[derive(Debug, Default)]
pub struct Digests {
    folders: HashMap<FolderKey, (Arc<Directory>, Option<u128>)>,
    /// Entries that were looked at.
    entries: u64,
}

/// Entries that are looked at for all selections; beyond, a selection is taken for unchanged. A thousand commits of a large
/// repository need a hundredth of it.
const MAX_ENTRIES: u64 = 200_000_000;

/// The address of a folder, the patterns that apply, and its path where patterns do.
type FolderKey = (usize, u128, u128);

/// What leaves out files below a folder: the context's patterns, and those of `--exclude`.
#[derive(Clone, Copy)]
pub(super) struct Filter<'f> {
    ignore: &'f Matcher,
    exclude: Option<&'f Matcher>,
    /// Length of the path, with its slash, that the patterns of `--exclude` are relative to.
    base: usize,
    /// Identifies all patterns; 0 without any.
    id: u128,
}

/// What the patterns said of the folders above.
#[derive(Clone, Default)]
pub(super) struct FilterState {
    ignore: MatchedPatterns,
    exclude: MatchedPatterns,
}

/// How an entry of a folder comes through the patterns.
pub(super) enum Passed {
    /// It is sent.
    Sent(FilterState),
    /// A folder that is left out, unless something below it is brought back.
    OnlyIfFilled(FilterState),
    /// It is left out.
    Out,
}

impl<'f> Filter<'f> {
    pub(super) fn of(context: &'f ContextFiles) -> Self {
        Self { ignore: &context.ignore, exclude: None, base: 0, id: context.ignore_id }
    }

    /// Whether the patterns are the same.
    pub(super) fn is_same(&self, other: &Self) -> bool {
        self.id == other.id
    }

    /// With the patterns of `--exclude`, relative to a path.
    pub(super) fn excluding(self, exclude: &'f Matcher, texts: &[String], base: &str) -> Self {
        let texts: Vec<&[u8]> = texts.iter().map(String::as_bytes).collect();
        let length = if base.is_empty() { 0 } else { base.len() + 1 };
        let id = hash_of(&[&self.id.to_be_bytes(), &hash_of(&texts).to_be_bytes(), &length.to_be_bytes()]);
        Self { exclude: Some(exclude), base: length, id, ..self }
    }

    /// Decides on the entry at `path`.
    pub(super) fn decide(&self, path: &str, node: &Node, above: &FilterState) -> Passed {
        let is_folder = matches!(node, Node::Directory { .. });
        let mut state = FilterState::default();
        let mut is_out = false;
        if !self.ignore.is_empty() {
            let Ok(verdict) = self.ignore.decide(path, &above.ignore) else { return Passed::Sent(state) };
            if verdict.excluded && (!is_folder || self.ignore.prunes(path)) {
                return Passed::Out;
            }
            is_out = verdict.excluded;
            state.ignore = verdict.inherited;
        }
        if let Some(exclude) = self.exclude
            && let Some(below) = path.get(self.base..)
            && let Ok(verdict) = exclude.decide(below, &above.exclude)
        {
            if verdict.excluded && (!is_folder || exclude.prunes(below)) {
                return Passed::Out;
            }
            is_out |= verdict.excluded;
            state.exclude = verdict.inherited;
        }
        if is_out { Passed::OnlyIfFilled(state) } else { Passed::Sent(state) }
    }
}

/// An entry that a source names.
pub(super) struct Place<'t> {
    pub(super) path: String,
    pub(super) node: &'t Node,
    pub(super) state: FilterState,
    /// Whether only what is brought back below it is sent.
    pub(super) only_if_filled: bool,
}

impl Digests {
    /// The digest of what a selector takes of a context.
    pub fn select(&mut self, context: &ContextFiles, selector: &Selector) -> Selected {
        let filter = Filter::of(context);
        if self.entries > MAX_ENTRIES {
            return Selected::Files(0);
        }
        if let Some(include) = &selector.parents {
            return self.parents(context, selector, include);
        }
        let exclude = (!selector.exclude.is_empty())
            .then(|| Matcher::new(selector.exclude.iter().map(String::as_str)).unwrap_or_default());
        let filter_below = |base: &str| match &exclude {
            Some(matcher) => filter.excluding(matcher, &selector.exclude, base),
            None => filter,
        };
        if selector.is_pattern {
            let mut hasher = Hasher::new();
            for place in matches(context, &selector.path) {
                let Some(digest) = self.place(context, &place, &filter_below(path::parent(&place.path))) else {
                    continue;
                };
                write(&mut hasher, &[place.path.as_bytes(), &digest.to_be_bytes()]);
            }
            return Selected::Files(hasher.finish_128());
        }
        if selector.path.is_empty() {
            // The root's mode is not sent.
            let digest = self.folder(&context.root, "", &FilterState::default(), &filter_below(""));
            return Selected::Files(digest.unwrap_or(0));
        }
        let Some(place) = resolve(context, &selector.path) else { return Selected::Missing };
        match self.place(context, &place, &filter_below(&place.path)) {
            Some(digest) => Selected::Files(digest),
            None => Selected::Missing,
        }
    }

    /// The digest of a place; `None` if nothing of it is sent.
    fn place(&mut self, context: &ContextFiles, place: &Place, filter: &Filter) -> Option<u128> {
        match place.node {
            Node::Link(target) => {
                let followed = resolve(context, &path::join(path::parent(&place.path), target));
                let followed = followed.filter(|followed| !matches!(followed.node, Node::Link(_)));
                let below = followed.and_then(|followed| self.place(context, &followed, filter)).unwrap_or(0);
                Some(hash_of(&[b"link", target.as_bytes(), &below.to_be_bytes()]))
            }
            node => self.node(node, &place.path, &place.state, filter, place.only_if_filled),
        }
    }

    fn node(
        &mut self,
        node: &Node,
        path: &str,
        state: &FilterState,
        filter: &Filter,
        only_if_filled: bool,
    ) -> Option<u128> {
        match node {
            Node::File(file) => Some(hash_of(&[
                b"file",
                &file.mode.to_be_bytes(),
                &file.content.0.to_be_bytes(),
                &file.attributes.to_be_bytes(),
            ])),
            Node::Link(target) => Some(hash_of(&[b"link", target.as_bytes()])),
            Node::Other(content) => Some(hash_of(&[b"other", &content.0.to_be_bytes()])),
            Node::Directory { mode, entries } => match self.folder(entries, path, state, filter) {
                None if only_if_filled => None,
                digest => Some(hash_of(&[b"folder", &mode.to_be_bytes(), &digest.unwrap_or(0).to_be_bytes()])),
            },
        }
    }

    /// The digest of what is sent of a folder's entries; `None` for nothing.
    fn folder(&mut self, folder: &Arc<Directory>, path: &str, state: &FilterState, filter: &Filter) -> Option<u128> {
        let place = if filter.id == 0 { 0 } else { hash_of(&[path.as_bytes()]) };
        let key = (Arc::as_ptr(folder).addr(), filter.id, place);
        if let Some((_, digest)) = self.folders.get(&key) {
            return *digest;
        }
        self.entries += folder.entries().len() as u64;
        let mut hasher = Hasher::new();
        let mut is_empty = true;
        for (name, node) in folder.entries() {
            let below = path::child(path, name);
            let (state, only_if_filled) = match filter.decide(&below, node, state) {
                Passed::Sent(state) => (state, false),
                Passed::OnlyIfFilled(state) => (state, true),
                Passed::Out => continue,
            };
            if let Some(digest) = self.node(node, &below, &state, filter, only_if_filled) {
                is_empty = false;
                write(&mut hasher, &[name.as_bytes(), &digest.to_be_bytes()]);
            }
        }
        let digest = (!is_empty).then(|| hasher.finish_128());
        self.folders.insert(key, (Arc::clone(folder), digest));
        digest
    }

    /// `--parents`: what matches the pattern, and the modes of the folders on the way.
    fn parents(&mut self, context: &ContextFiles, selector: &Selector, include: &str) -> Selected {
        let mut hasher = Hasher::new();
        let (places, looked) = included(context, &selector.path, include, &selector.exclude);
        self.entries += looked;
        for (path, node) in places {
            let digest = match node {
                Node::Directory { mode, .. } => u128::from(*mode),
                node => self.node(node, &path, &FilterState::default(), &Filter::of(context), false).unwrap_or(0),
            };
            write(&mut hasher, &[path.as_bytes(), &digest.to_be_bytes()]);
        }
        Selected::Files(hasher.finish_128())
    }
}

/// Follows a path from the root, through links, to what is sent there; `None` for the root itself.
pub(super) fn resolve<'t>(context: &'t ContextFiles, path: &str) -> Option<Place<'t>> {
    let mut names = parts(path);
    for _ in 0..MAX_LINKS {
        match follow(context, &names) {
            Followed::Place(place) => return Some(place),
            Followed::Link(next) => names = next,
            Followed::Nothing => return None,
        }
    }
    None
}

/// Where the names of a path lead.
enum Followed<'t> {
    Place(Place<'t>),
    /// Through a link: the names of the path that it stands for.
    Link(Vec<String>),
    Nothing,
}

fn follow<'t>(context: &'t ContextFiles, names: &[String]) -> Followed<'t> {
    let filter = Filter::of(context);
    let mut folder: &Directory = &context.root;
    let mut state = FilterState::default();
    let mut path = String::new();
    for (index, name) in names.iter().enumerate() {
        let Some(node) = folder.entry(name) else { return Followed::Nothing };
        let parent = std::mem::take(&mut path);
        path = path::child(&parent, name);
        let only_if_filled;
        (state, only_if_filled) = match filter.decide(&path, node, &state) {
            Passed::Sent(state) => (state, false),
            Passed::OnlyIfFilled(state) => (state, true),
            Passed::Out => return Followed::Nothing,
        };
        if let Node::Link(target) = node {
            let mut next = parts(&path::join(&format!("/{parent}"), target));
            next.extend_from_slice(&names[index + 1..]);
            return Followed::Link(next);
        }
        if index + 1 == names.len() || matches!(node, Node::Other(_)) {
            return Followed::Place(Place { path, node, state, only_if_filled });
        }
        let Node::Directory { entries, .. } = node else { return Followed::Nothing };
        folder = entries;
    }
    Followed::Nothing
}

fn parts(path: &str) -> Vec<String> {
    path.split('/').filter(|name| !name.is_empty() && *name != ".").map(str::to_owned).collect()
}

/// What is sent and matches a Go pattern, as `path.Match` does: a part of the pattern for each name of the path.
pub(super) fn matches<'t>(context: &'t ContextFiles, pattern: &str) -> Vec<Place<'t>> {
    let filter = Filter::of(context);
    let parts: Vec<&str> = pattern.split('/').collect();
    let mut open: Vec<(&Directory, String, FilterState)> = vec![(&context.root, String::new(), FilterState::default())];
    for (index, part) in parts.iter().enumerate() {
        let is_last = index + 1 == parts.len();
        let mut places = Vec::new();
        let mut next = Vec::new();
        for (folder, above, state) in open {
            for (name, node) in folder.entries() {
                if !ignore::path_match(part, name).unwrap_or(false) {
                    continue;
                }
                let below = path::child(&above, name);
                let (state, only_if_filled) = match filter.decide(&below, node, &state) {
                    Passed::Sent(state) => (state, false),
                    Passed::OnlyIfFilled(state) => (state, true),
                    Passed::Out => continue,
                };
                if is_last {
                    places.push(Place { path: below, node, state, only_if_filled });
                } else if let Node::Directory { entries, .. } = node {
                    next.push((&**entries, below, state));
                }
            }
        }
        if is_last {
            return places;
        }
        open = next;
    }
    Vec::new()
}

/// `--parents`: what is sent, lies below `base` and matches `include`, with the folders on the way, ascending by path; and
/// the number of entries that were looked at.
pub(super) fn included<'t>(
    context: &'t ContextFiles,
    base: &str,
    include: &str,
    exclude: &[String],
) -> (Vec<(String, &'t Node)>, u64) {
    let include = Matcher::new([include]).unwrap_or_default();
    let exclude = Matcher::new(exclude.iter().map(String::as_str)).unwrap_or_default();
    let (root, state): (&Directory, FilterState) = match resolve(context, base) {
        Some(Place { node: Node::Directory { entries, .. }, state, .. }) => (entries, state),
        None if base.is_empty() => (&context.root, FilterState::default()),
        _ => return (Vec::new(), 0),
    };
    let mut walk = Included { filter: Filter::of(context), include, exclude, base, places: Vec::new(), looked: 0 };
    walk.folder(root, "", &state, &FilterState::default());
    (walk.places, walk.looked)
}

struct Included<'m, 't> {
    filter: Filter<'m>,
    include: Matcher,
    exclude: Matcher,
    base: &'m str,
    places: Vec<(String, &'t Node)>,
    /// Entries that were looked at.
    looked: u64,
}

impl<'t> Included<'_, 't> {
    fn folder(&mut self, folder: &'t Directory, path: &str, sent: &FilterState, matched: &FilterState) {
        self.looked += folder.entries().len() as u64;
        for (name, node) in folder.entries() {
            let below = path::child(path, name);
            let full = path::child(self.base, &below);
            let sent = match self.filter.decide(&full, node, sent) {
                Passed::Sent(state) | Passed::OnlyIfFilled(state) => state,
                Passed::Out => continue,
            };
            let (Ok(include), Ok(exclude)) =
                (self.include.decide(&below, &matched.ignore), self.exclude.decide(&below, &matched.exclude))
            else {
                continue;
            };
            let is_taken = include.excluded && !exclude.excluded;
            let matched = FilterState { ignore: include.inherited, exclude: exclude.inherited };
            match node {
                Node::Directory { entries, .. } => {
                    let before = self.places.len();
                    self.places.push((below.clone(), node));
                    self.folder(entries, &below, &sent, &matched);
                    if !is_taken && self.places.len() == before + 1 {
                        self.places.pop();
                    }
                }
                node if is_taken => self.places.push((below, node)),
                _ => {}
            }
        }
    }
}

/// A hash over texts that cannot run together.
pub(super) fn hash_of(parts: &[&[u8]]) -> u128 {
    let mut bytes = Vec::with_capacity(parts.iter().map(|part| part.len() + 8).sum());
    for part in parts {
        bytes.extend_from_slice(&(part.len() as u64).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    XxHash3_128::oneshot(&bytes)
}

fn write(hasher: &mut Hasher, parts: &[&[u8]]) {
    for part in parts {
        hasher.write(&(part.len() as u64).to_be_bytes());
        hasher.write(part);
    }
}
