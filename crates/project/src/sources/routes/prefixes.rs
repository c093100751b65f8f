//! The paths that routes are below: those of their routers, as these are mounted.

use super::holder::{HolderKind, RouteHolders};
use super::mounts::{Mount, mounts};
use super::source::{MOST_CALLS, RouteSource};
use crate::sources::code;
use crate::sources::values::Evaluator;
use crate::text::path;

/// The maximum number of routers that a route is below.
const DEEPEST: usize = 8;

/// The maximum number of paths that one router is mounted at.
const MOST: usize = 16;

/// A path that a holder's routes are below, and whether something before it may refuse.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct HolderPrefix {
    pub(super) path: String,
    pub(super) may_refuse: bool,
}

impl HolderPrefix {
    /// The prefix of what is below it.
    fn with(&self, path: &str, may_refuse: bool) -> Self {
        let is_empty = path.trim_matches('/').is_empty();
        let path = if is_empty { self.path.clone() } else { path::below_route(&self.path, path) };
        Self { path, may_refuse: self.may_refuse || may_refuse }
    }
}

/// What the routes of a program are below.
pub(super) struct RoutePrefixes<'s> {
    pub(super) holders: RouteHolders<'s>,
    /// Each with the holder that it mounts, if that is known.
    mounts: Vec<(Mount<'s>, Option<usize>)>,
    /// Whether routers are mounted that only running the program tells.
    loads_by_name: bool,
    /// Whether a function is handed a router, which may be mounted below any path.
    hands_router: bool,
}

impl<'s> RoutePrefixes<'s> {
    pub(super) fn of(sources: &'s [RouteSource<'s>]) -> Self {
        let texts = sources.iter().map(|source| (source.path, source.raw));
        let evaluator = Evaluator::new(texts, &|_| Vec::new(), &|_| None);
        let holders = RouteHolders::of(sources, &evaluator);
        let mut all = Vec::new();
        for mount in mounts(sources, &evaluator) {
            let children = mount.children(sources, &holders);
            if children.is_empty() {
                all.extend((!mount.is_of_package(sources)).then_some((mount, None)));
            } else {
                all.extend(children.into_iter().map(|child| (mount.clone(), Some(child))));
            }
        }
        let loads_by_name = sources.iter().any(|source| source.raw.contains("autoload"));
        let hands_router = hands_router(sources, &holders);
        Self { holders, mounts: all, loads_by_name, hands_router }
    }

    /// The paths that the routes of a holder are below; empty where none is known.
    pub(super) fn of_holder(&self, index: usize) -> Vec<HolderPrefix> {
        // What is mounted where is not known then.
        if self.mounts.len() >= MOST_CALLS {
            return Vec::new();
        }
        let mut prefixes = self.prefixes_of(index, 0);
        prefixes.truncate(MOST);
        prefixes
    }

    fn prefixes_of(&self, index: usize, depth: usize) -> Vec<HolderPrefix> {
        let holder = &self.holders.all[index];
        let Some(prefix) = holder.prefix.as_deref() else { return Vec::new() };
        if depth == DEEPEST {
            return Vec::new();
        }
        if let HolderKind::Group(parent) = holder.kind {
            let parents =
                self.holders.all[..index].iter().rposition(|known| known.file == holder.file && known.name == parent);
            let parents = parents.map_or_else(Vec::new, |parent| self.prefixes_of(parent, depth + 1));
            return parents.iter().map(|parent| parent.with(prefix, holder.may_refuse)).collect();
        }
        let mounted: Vec<&Mount> =
            self.mounts.iter().filter(|(_, child)| *child == Some(index)).map(|(mount, _)| mount).collect();
        if mounted.is_empty() {
            return match holder.kind {
                HolderKind::Application => {
                    vec![HolderPrefix { path: prefix.to_owned(), may_refuse: holder.may_refuse }]
                }
                HolderKind::Parameter if !self.loads_by_name && !self.has_unknown_mount() && !self.hands_router => {
                    vec![HolderPrefix { path: prefix.to_owned(), may_refuse: false }]
                }
                _ => Vec::new(),
            };
        }
        let mut all = Vec::new();
        for mount in mounted.into_iter().take(MOST) {
            let Some(path) = &mount.prefix else { continue };
            let parent = self.holders.by_name(mount.file, mount.parent, mount.at);
            let parents = parent.map_or_else(Vec::new, |parent| self.prefixes_of(parent, depth + 1));
            let mounted = parents.iter().map(|parent| parent.with(path, mount.may_refuse));
            all.extend(mounted.map(|parent| parent.with(prefix, holder.may_refuse)));
        }
        all
    }

    /// Whether a function from an unknown file is mounted: its routes may be below any path.
    fn has_unknown_mount(&self) -> bool {
        self.mounts.iter().any(|(mount, child)| child.is_none() && mount.takes_function)
    }
}

/// Whether a function that mounts nothing is handed a router: `require('./health')(api)`.
fn hands_router(sources: &[RouteSource], holders: &RouteHolders) -> bool {
    let routers = holders.all.iter().filter(|holder| holder.kind == HolderKind::Router);
    routers.take(MOST_CALLS).any(|router| {
        let text = sources[router.file].text();
        code::words(text, router.name).any(|at| {
            let Some(callee) = text[..at].strip_suffix('(') else { return false };
            let is_only = text[at + router.name.len()..].starts_with(')');
            let mounts = ["use", "register", "route", "mount", "resolve"].iter().any(|word| callee.ends_with(word));
            is_only && !mounts && callee.ends_with(|c: char| c.is_alphanumeric() || c == ')')
        })
    })
}
