//! The rows of a tree: which paths are open, in which order, where the cursor is. Rows are numbers of paths; texts are made
//! for those that are drawn.

use std::cmp::Ordering;
use std::collections::BTreeSet;

use super::listing::{Children, Listing};
use crate::image::{PathId, Paths};

/// Rows that opening everything makes at most.
const OPENED: usize = 20_000;

/// How siblings stand.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Order {
    /// Most bytes first.
    #[default]
    Size,
    /// By the bytes of their names.
    Name,
}

/// What rows are made from.
#[derive(Clone, Copy)]
pub(super) struct OutlineSource<'a> {
    pub(super) paths: &'a Paths,
    pub(super) children: &'a Children,
    pub(super) listing: &'a Listing,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Row {
    pub(super) path: PathId,
    pub(super) depth: u32,
}

/// The rows, and the cursor among them.
#[derive(Debug, Default)]
pub(super) struct Outline {
    pub(super) rows: Vec<Row>,
    pub(super) selected: usize,
    pub(super) order: Order,
    open: BTreeSet<PathId>,
}

/// Where the matches of a search are.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct SearchMatches {
    pub(super) path: PathId,
    /// Its number among all, from 1.
    pub(super) number: usize,
    pub(super) all: usize,
}

impl Outline {
    /// Without rows.
    pub(super) fn new(order: Order) -> Self {
        Self { order, ..Self::default() }
    }

    pub(super) fn path(&self) -> Option<PathId> {
        self.rows.get(self.selected).map(|row| row.path)
    }

    pub(super) fn is_open(&self, path: PathId) -> bool {
        self.open.contains(&path)
    }

    /// Makes all rows anew; the cursor stays on its path, or the nearest one above it.
    pub(super) fn rebuild(&mut self, ground: OutlineSource<'_>) {
        let before = self.path();
        self.rows = self.below(ground, PathId::ROOT, 0);
        self.selected = 0;
        let mut at = before.unwrap_or(PathId::ROOT);
        while at != PathId::ROOT {
            if ground.listing.is_shown(at)
                && let Some(row) = self.rows.iter().position(|row| row.path == at)
            {
                self.selected = row;
                return;
            }
            at = ground.paths.parent(at);
        }
    }

    /// What is shown directly below a path, in order.
    fn visible_children(&self, ground: OutlineSource<'_>, path: PathId) -> Vec<PathId> {
        let is_visible = |path: &PathId| ground.listing.is_shown(*path);
        let mut kids: Vec<PathId> = ground.children.of(path).iter().copied().filter(is_visible).collect();
        kids.sort_unstable_by(|&path, &other| self.compare(ground, path, other));
        kids
    }

    fn compare(&self, ground: OutlineSource<'_>, path_id: PathId, other: PathId) -> Ordering {
        let name = || ground.paths.name(path_id).cmp(ground.paths.name(other));
        match self.order {
            Order::Name => name(),
            Order::Size => ground.listing.bytes(other).cmp(&ground.listing.bytes(path_id)).then_with(name),
        }
    }

    fn below(&self, ground: OutlineSource<'_>, path: PathId, depth: u32) -> Vec<Row> {
        let mut rows = Vec::new();
        let mut todo: Vec<Row> = Vec::new();
        let stack = |todo: &mut Vec<Row>, path, depth| {
            todo.extend(self.visible_children(ground, path).into_iter().rev().map(|path| Row { path, depth }));
        };
        stack(&mut todo, path, depth);
        while let Some(row) = todo.pop() {
            rows.push(row);
            if self.open.contains(&row.path) {
                stack(&mut todo, row.path, row.depth + 1);
            }
        }
        rows
    }

    pub(super) fn has_children(ground: OutlineSource<'_>, path: PathId) -> bool {
        ground.children.of(path).iter().any(|&path| ground.listing.is_shown(path))
    }

    /// Opens the folder under the cursor, and those in it that are alone; whether there was something to open.
    pub(super) fn open(&mut self, ground: OutlineSource<'_>) -> bool {
        let Some(&row) = self.rows.get(self.selected) else { return false };
        if self.is_open(row.path) || !Self::has_children(ground, row.path) {
            return false;
        }
        let mut at = row.path;
        loop {
            self.open.insert(at);
            let mut visible_children = ground.children.of(at).iter().filter(|&&path| ground.listing.is_shown(path));
            match (visible_children.next(), visible_children.next()) {
                (Some(&only), None) if Self::has_children(ground, only) => at = only,
                _ => break,
            }
        }
        let rows = self.below(ground, row.path, row.depth + 1);
        let place = self.selected + 1;
        self.rows.splice(place..place, rows);
        true
    }

    /// Closes the folder under the cursor; whether it was open.
    pub(super) fn close(&mut self) -> bool {
        let Some(&row) = self.rows.get(self.selected) else { return false };
        if !self.open.remove(&row.path) {
            return false;
        }
        let start = self.selected + 1;
        let more = self.rows[start..].iter().take_while(|below| below.depth > row.depth).count();
        self.rows.drain(start..start + more);
        true
    }

    /// Moves to the folder that the cursor is in.
    pub(super) fn leave(&mut self) {
        let Some(&row) = self.rows.get(self.selected) else { return };
        let above = self.rows[..self.selected].iter().rposition(|other| other.depth < row.depth);
        self.selected = above.unwrap_or(self.selected);
    }

    /// Opens what is below a path, as far as the bound on rows allows; whether all of it.
    pub(super) fn open_all(&mut self, ground: OutlineSource<'_>, top: PathId) -> bool {
        let mut rows = 0;
        // Breadth first: what is near is open before what is deep.
        let mut todo = std::collections::VecDeque::from([top]);
        let mut whole = true;
        while let Some(path) = todo.pop_front() {
            let visible_children =
                || ground.children.of(path).iter().copied().filter(|&path| ground.listing.is_shown(path));
            let count = visible_children().count();
            if count > 0 && rows + count <= OPENED {
                rows += count;
                self.open.insert(path);
                todo.extend(visible_children());
            } else if count > 0 {
                whole = false;
            }
        }
        self.rebuild(ground);
        whole
    }

    pub(super) fn close_all(&mut self, ground: OutlineSource<'_>) {
        self.open.clear();
        self.rebuild(ground);
    }

    /// Opens what leads to a path, and puts the cursor there; whether the view has it.
    pub(super) fn reveal(&mut self, ground: OutlineSource<'_>, path: PathId) -> bool {
        if path == PathId::ROOT || !ground.listing.is_shown(path) {
            return false;
        }
        let mut at = ground.paths.parent(path);
        while at != PathId::ROOT {
            self.open.insert(at);
            at = ground.paths.parent(at);
        }
        self.rows = self.below(ground, PathId::ROOT, 0);
        self.selected = self.rows.iter().position(|row| row.path == path).unwrap_or(0);
        true
    }

    /// The next path whose name has a text in it (ASCII in either case), or the one before; from the end it goes on at
    /// the start. A text with a slash is looked for in whole paths.
    pub(super) fn find(&self, ground: OutlineSource<'_>, text: &str, forward: bool) -> Option<SearchMatches> {
        let matches = matches(ground, text);
        let here = self.path();
        // Those beyond the cursor come first, then those from the other end on.
        let mut best: [Option<PathId>; 2] = [None, None];
        for &path in &matches {
            let place = here.map_or(Ordering::Greater, |here| self.compare_positions(ground, path, here));
            let place = if forward { place } else { place.reverse() };
            let slot = &mut best[usize::from(place != Ordering::Greater)];
            if slot.is_none_or(|best| (self.compare_positions(ground, path, best) == Ordering::Less) == forward) {
                *slot = Some(path);
            }
        }
        let path = best[0].or(best[1])?;
        let number =
            matches.iter().filter(|&&other| self.compare_positions(ground, other, path) != Ordering::Greater).count();
        Some(SearchMatches { path, number, all: matches.len() })
    }

    /// Where one path stands beside another one when everything is open.
    fn compare_positions(&self, ground: OutlineSource<'_>, path_id: PathId, other: PathId) -> Ordering {
        if path_id == other {
            return Ordering::Equal;
        }
        let depth = |mut path: PathId| {
            let mut depth = 0usize;
            while path != PathId::ROOT {
                (path, depth) = (ground.paths.parent(path), depth + 1);
            }
            depth
        };
        let (deep, other_deep) = (depth(path_id), depth(other));
        let (mut a, mut b) = (path_id, other);
        for _ in other_deep..deep {
            a = ground.paths.parent(a);
        }
        for _ in deep..other_deep {
            b = ground.paths.parent(b);
        }
        if a == b {
            return deep.cmp(&other_deep);
        }
        while ground.paths.parent(a) != ground.paths.parent(b) {
            (a, b) = (ground.paths.parent(a), ground.paths.parent(b));
        }
        self.compare(ground, a, b)
    }
}

/// All paths that are shown and match.
fn matches(ground: OutlineSource<'_>, text: &str) -> Vec<PathId> {
    let wanted = text.to_ascii_lowercase().into_bytes();
    let mut buffer = Vec::new();
    let mut is_match = |path: PathId| {
        if wanted.contains(&b'/') {
            ground.paths.write(path, &mut buffer);
            buffer.insert(0, b'/');
        } else {
            buffer.clear();
            buffer.extend_from_slice(ground.paths.name(path));
        }
        buffer.make_ascii_lowercase();
        memchr::memmem::find(&buffer, &wanted).is_some()
    };
    let visible_paths = ground.paths.all().skip(1).filter(|&path| ground.listing.is_shown(path));
    if wanted.is_empty() { Vec::new() } else { visible_paths.filter(|&path| is_match(path)).collect() }
}
