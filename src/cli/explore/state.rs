//! What the view is at: a value that keys change and that is drawn. Touches no terminal.

use std::collections::BTreeSet;

use super::filter::{FilterText, PathFilter};
use super::listing::{ADDED, CHANGED, Children, DELETED_LATER, Listing, REMOVED, TreeScope, WASTED};
use super::outline::{Outline, OutlineSource};
use super::viewer::FileView;
use super::waste::{self, Waste};
use crate::analysis::ImageAnalysis;
use crate::image::{EntryId, PathId, PathTouch, path_history};

/// Views of layers with so few paths are open from the start.
const FEW: usize = 300;

/// Where keys go.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Focus {
    Layers,
    Tree,
}

/// What is asked, or lies over the tree.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Mode {
    Browse,
    Waste,
    Help,
    /// The layers that touch a path.
    Touches,
    /// The contents of a file.
    View,
    /// A text to look for is typed.
    Search(String),
    /// The filter of paths is typed.
    Filter,
    /// The name of the file that is written is typed.
    Extract {
        file: EntryId,
        name: String,
    },
}

/// What a key asks of the world.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Effect {
    None,
    Quit,
    /// Read the start of a file of an image for the viewer.
    View {
        image: usize,
        file: EntryId,
        path: PathId,
    },
    /// Write a file of an image to the current folder.
    Extract {
        image: usize,
        file: EntryId,
        name: String,
    },
}

/// The last thing that there was to say.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(super) struct StatusMessage {
    pub(super) text: String,
    pub(super) is_error: bool,
}

/// A list with a cursor, as far as it is scrolled.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Cursor {
    pub(super) at: usize,
    pub(super) top: usize,
    /// Rows that are seen; told by the drawing.
    pub(super) page: usize,
}

impl Cursor {
    /// Scrolls no further than needed.
    pub(super) fn show(&mut self, page: usize, rows: usize) {
        self.page = page.max(1);
        self.at = self.at.min(rows.saturating_sub(1));
        let last = rows.saturating_sub(self.page);
        self.top = self.top.min(self.at).min(last).max((self.at + 1).saturating_sub(self.page));
    }
}

/// The view of some images.
#[derive(Debug)]
pub(super) struct Explorer<'a> {
    images: &'a [ImageAnalysis],
    pub(super) number: usize,
    pub(super) colour: bool,
    pub(super) focus: Focus,
    pub(super) mode: Mode,
    pub(super) scope: TreeScope,
    /// Marks of which a path must have one; 0 for all.
    pub(super) filter: u8,
    pub(super) filter_text: FilterText,
    path_filter: Option<PathFilter>,
    pub(super) layers: Cursor,
    pub(super) tree: Cursor,
    pub(super) wasted: Cursor,
    pub(super) help: Cursor,
    pub(super) touch: Cursor,
    pub(super) waste: Vec<Waste>,
    /// The layers that touch [`Self::touched_path`].
    pub(super) touches: Vec<PathTouch>,
    pub(super) touched_path: PathId,
    pub(super) view: FileView,
    pub(super) outline: Outline,
    pub(super) listing: Listing,
    pub(super) sought: String,
    pub(super) status_message: StatusMessage,
    children: Children,
    /// Layers whose views were open before.
    seen: BTreeSet<usize>,
}

impl<'a> Explorer<'a> {
    /// Starts with the first image, its topmost layer selected. `None` where there is no image.
    pub(super) fn new(images: &'a [ImageAnalysis], colour: bool) -> Option<Self> {
        let first = images.first()?;
        let mut explorer = Self {
            images,
            number: 0,
            colour,
            focus: Focus::Layers,
            mode: Mode::Browse,
            scope: TreeScope::Layer,
            filter: 0,
            filter_text: FilterText::default(),
            path_filter: None,
            layers: Cursor::default(),
            tree: Cursor::default(),
            wasted: Cursor::default(),
            help: Cursor::default(),
            touch: Cursor::default(),
            waste: Vec::new(),
            touches: Vec::new(),
            touched_path: PathId::ROOT,
            view: FileView::default(),
            outline: Outline::default(),
            listing: Listing::default(),
            sought: String::new(),
            status_message: StatusMessage::default(),
            children: Children::new(&first.image.paths),
            seen: BTreeSet::new(),
        };
        explorer.select_image(0);
        Some(explorer)
    }

    pub(super) fn analysis(&self) -> &'a ImageAnalysis {
        &self.images[self.number]
    }

    pub(super) const fn images(&self) -> usize {
        self.images.len()
    }

    fn select_image(&mut self, number: usize) {
        self.number = number;
        let analysis = self.analysis();
        self.children = Children::new(&analysis.image.paths);
        self.waste = waste::list(analysis);
        self.outline = Outline::new(self.outline.order);
        self.seen.clear();
        let layer = biggest(analysis);
        (self.layers, self.tree, self.wasted) =
            (Cursor { at: layer, ..self.layers }, Cursor::default(), Cursor::default());
        self.relist();
    }

    pub(super) fn next_image(&mut self) {
        if self.images.len() > 1 {
            self.select_image((self.number + 1) % self.images.len());
        }
    }

    /// Works out the tree for what is selected by now.
    pub(super) fn relist(&mut self) {
        let analysis = self.analysis();
        self.listing = Listing::new(analysis, self.scope, self.layers.at);
        self.select_paths();
        let fresh = self.scope == TreeScope::Layer && self.seen.insert(self.layers.at);
        self.with_outline(|outline, ground| {
            if fresh && ground.listing.count <= FEW {
                outline.open_all(ground, PathId::ROOT);
            } else {
                outline.rebuild(ground);
            }
        });
        if self.path_filter.is_some() {
            self.open_matches();
        }
    }

    fn select_paths(&mut self) {
        let paths = &self.analysis().image.paths;
        self.listing.select(paths, self.filter, self.path_filter.as_ref());
    }

    /// Opens the folders that lead to what passes the filter, as far as there is room.
    fn open_matches(&mut self) {
        self.with_outline(|outline, ground| outline.open_all(ground, PathId::ROOT));
    }

    /// Takes the text of the filter as it is typed. While it is no regular expression, the one before stays.
    pub(super) fn apply_filter_text(&mut self) {
        match PathFilter::new(&self.filter_text) {
            Ok(filter) => {
                self.path_filter = filter;
                self.select_paths();
                if self.path_filter.is_some() {
                    self.open_matches();
                } else {
                    self.with_outline(Outline::rebuild);
                }
            }
            Err(why) => self.complain(why),
        }
    }

    /// Shows all paths again; whether there was a text.
    pub(super) fn clear_filter_text(&mut self) -> bool {
        if self.filter_text.text.is_empty() {
            return false;
        }
        self.filter_text.text.clear();
        self.apply_filter_text();
        true
    }

    /// Changes the view of the tree: the layer alone, all layers up to it, the final tree.
    pub(super) fn next_scope(&mut self) {
        self.scope = match self.scope {
            TreeScope::Layer => TreeScope::UpToLayer,
            TreeScope::UpToLayer => TreeScope::Final,
            TreeScope::Final => TreeScope::Layer,
        };
        self.relist();
    }

    /// The path under the cursor, where keys go to the tree.
    pub(super) fn tree_path(&self) -> Option<PathId> {
        if self.focus == Focus::Tree { self.outline.path() } else { None }
    }

    /// Lists the layers that touch the path under the cursor.
    pub(super) fn list_touches(&mut self) {
        let Some(path) = self.tree_path() else {
            self.complain("select a path in the tree first");
            return;
        };
        self.touches = path_history(&self.analysis().image, path);
        self.touched_path = path;
        let at = self.touches.iter().rposition(|touch| touch.layer as usize <= self.layers.at).unwrap_or(0);
        self.touch = Cursor { at, ..Cursor::default() };
        self.mode = Mode::Touches;
    }

    /// Shows the path in a layer that touches it.
    pub(super) fn go_to_touch(&mut self) {
        let Some(touch) = self.touches.get(self.touch.at).copied() else { return };
        self.mode = Mode::Browse;
        self.layers.at = touch.layer as usize;
        self.scope = TreeScope::Layer;
        self.show_path(self.touched_path);
    }

    /// Puts the cursor on a path of the view, without any filter; whether the view has it.
    fn show_path(&mut self, path: PathId) -> bool {
        self.focus = Focus::Tree;
        self.filter = 0;
        self.filter_text.text.clear();
        self.path_filter = None;
        self.relist();
        self.with_outline(|outline, ground| outline.reveal(ground, path))
    }

    /// Changes the rows.
    pub(super) fn with_outline<T>(&mut self, change: impl FnOnce(&mut Outline, OutlineSource<'_>) -> T) -> T {
        let paths = &self.analysis().image.paths;
        let ground = OutlineSource { paths, children: &self.children, listing: &self.listing };
        let result = change(&mut self.outline, ground);
        self.tree.at = self.outline.selected;
        result
    }

    pub(super) fn has_children(&self, path: PathId) -> bool {
        let paths = &self.analysis().image.paths;
        Outline::has_children(OutlineSource { paths, children: &self.children, listing: &self.listing }, path)
    }

    pub(super) fn select_layer(&mut self, layer: usize) {
        let layer = layer.min(self.analysis().image.layers.len().saturating_sub(1));
        if layer != self.layers.at {
            self.layers.at = layer;
            self.relist();
        }
    }

    pub(super) fn select_row(&mut self, row: usize) {
        self.outline.selected = row.min(self.outline.rows.len().saturating_sub(1));
        self.tree.at = self.outline.selected;
    }

    pub(super) fn toggle_filter(&mut self, mark: u8) {
        self.filter ^= mark;
        self.select_paths();
        self.with_outline(Outline::rebuild);
        let name = |mark| match mark {
            ADDED => "added",
            CHANGED => "changed",
            REMOVED => "removed",
            DELETED_LATER => "deleted by a later layer",
            _ => "wasted",
        };
        let on: Vec<&str> = [ADDED, CHANGED, REMOVED, WASTED, DELETED_LATER]
            .into_iter()
            .filter(|mark| self.filter & mark != 0)
            .map(name)
            .collect();
        self.set_status(if on.is_empty() {
            "showing all files".to_owned()
        } else {
            format!("showing files that are {}", on.join(" or "))
        });
    }

    pub(super) fn set_status(&mut self, text: impl Into<String>) {
        self.status_message = StatusMessage { text: text.into(), is_error: false };
    }

    pub(super) fn complain(&mut self, text: impl Into<String>) {
        self.status_message = StatusMessage { text: text.into(), is_error: true };
    }

    /// Goes to the next match of what was sought, or the one before.
    pub(super) fn seek(&mut self, forward: bool) {
        if self.sought.is_empty() {
            self.complain("nothing to search for; press `/` to search");
            return;
        }
        let text = self.sought.clone();
        match self.with_outline(|outline, ground| outline.find(ground, &text, forward)) {
            None => self.complain(format!("`{text}` not found in this view")),
            Some(place) => {
                self.with_outline(|outline, ground| outline.reveal(ground, place.path));
                self.focus = Focus::Tree;
                self.set_status(format!("`{text}`: match {} of {}", place.number, place.all));
            }
        }
    }

    /// Shows the file of a row of the waste, in the layer that stores it.
    pub(super) fn jump(&mut self) {
        let Some(row) = self.waste.get(self.wasted.at).cloned() else { return };
        self.mode = Mode::Browse;
        self.layers.at = row.layer;
        for scope in [TreeScope::Layer, TreeScope::Final] {
            self.scope = scope;
            if self.show_path(row.path) {
                if self.with_outline(Outline::open) {
                    self.tree.at = self.outline.selected;
                }
                self.set_status(row.help);
                return;
            }
        }
        self.complain("this path is neither in the layer nor in the final tree");
    }

    /// The member that the cursor is on; of a hard link the one with the contents.
    pub(super) fn selected_member(&self) -> Option<EntryId> {
        let member = self.listing.member(self.outline.path()?)?;
        Some(self.analysis().tree.inode(member))
    }
}

/// The layer that stores most of what is not the base's.
fn biggest(analysis: &ImageAnalysis) -> usize {
    let base_layers = analysis.origins.base.layers.min(analysis.layers.len());
    let start = if base_layers == analysis.layers.len() { 0 } else { base_layers };
    let bytes = |layer: &usize| (analysis.layers[*layer].file_bytes, std::cmp::Reverse(*layer));
    (start..analysis.layers.len()).max_by_key(bytes).unwrap_or(0)
}
