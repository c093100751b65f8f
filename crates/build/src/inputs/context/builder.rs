//! Builds a context's tree in one pass, in the order of a walk.

use crate::inputs::context::entry::{ContextEntryKind, ExcludedEntry};
use crate::inputs::context::tree::{BuildContext, EntryRow, NONE, ReadProblem};

/// Fills a [`BuildContext`] in the order of a walk.
#[derive(Debug, Default)]
pub struct ContextBuilder {
    context: BuildContext,
    /// Open directories, and whether each is sent even when empty.
    open: Vec<(u32, bool)>,
}

impl ContextBuilder {
    /// Begins at the root; `root` is what messages call it.
    pub fn new(root: &str) -> Self {
        Self { context: BuildContext { root: root.to_owned(), ..BuildContext::default() }, open: Vec::new() }
    }

    /// Opens a directory. When `excluded`, it is kept only if something below is.
    pub fn enter(&mut self, name: &str, mode: u16, excluded: bool) {
        let row = self.push(name, ContextEntryKind::Directory, mode, 0);
        self.open.push((row, !excluded));
    }

    /// Closes the directory opened last.
    pub fn leave(&mut self) {
        let Some((number, name)) = self.open.pop() else { return };
        let end = self.context.rows.len() as u32;
        let row = self.context.rows[number as usize];
        if !name && end == number + 1 {
            self.context.names.truncate(row.name as usize);
            self.context.rows.pop();
            return;
        }
        self.context.rows[number as usize].end = end;
        if let Some(&(parent, _)) = self.open.last() {
            let above = &mut self.context.rows[parent as usize];
            above.files += row.files;
            above.bytes += row.bytes;
        }
    }

    /// Adds an entry that is not a directory; `size` counts for regular files only, `target` for symlinks.
    pub fn add(&mut self, name: &str, kind: ContextEntryKind, mode: u16, size: u64, target: Option<&str>) {
        let bytes = if kind == ContextEntryKind::File { size } else { 0 };
        let row = self.push(name, kind, mode, bytes);
        self.context.rows[row as usize].files = 1;
        if let Some(target) = target {
            self.context.targets.push((row, target.into()));
        }
        if let Some(&(parent, _)) = self.open.last() {
            let above = &mut self.context.rows[parent as usize];
            above.files += 1;
            above.bytes += bytes;
        }
    }

    /// Notes an entry that is kept back.
    pub fn exclude(&mut self, excluded: ExcludedEntry) {
        self.context.excluded.push(excluded);
    }

    /// Notes a trouble.
    pub fn trouble(&mut self, trouble: ReadProblem) {
        self.context.troubles.push(trouble);
    }

    /// The finished context.
    pub fn finish(mut self) -> BuildContext {
        while !self.open.is_empty() {
            self.leave();
        }
        self.context.excluded.sort_unstable_by(|a, b| a.path.cmp(&b.path));
        self.context.troubles.sort_unstable();
        self.context.rows.shrink_to_fit();
        self.context.names.shrink_to_fit();
        self.context
    }

    fn push(&mut self, name: &str, kind: ContextEntryKind, mode: u16, bytes: u64) -> u32 {
        let number = self.context.rows.len() as u32;
        let at = self.context.names.len() as u32;
        self.context.names.push_str(name);
        self.context.rows.push(EntryRow {
            parent: self.open.last().map_or(NONE, |(row, _)| *row),
            end: number + 1,
            name: at,
            files: 0,
            bytes,
            name_len: name.len() as u32,
            mode,
            kind,
        });
        number
    }
}

impl BuildContext {
    /// A context of listed files (path, size): rule pages and tests. A final slash makes a directory, `a -> b` a symlink.
    pub fn of(files: &[(&str, u64)]) -> Self {
        let mut sorted: Vec<(String, u64)> =
            files.iter().map(|(path, size)| (path.replace('/', "\0"), *size)).collect();
        sorted.sort();
        let mut builder = ContextBuilder::new(".");
        let mut open: Vec<String> = Vec::new();
        for (path, size) in sorted {
            let (path, target) = path
                .split_once(" -> ")
                .map_or((&*path, None), |(path, target)| (path, Some(target.replace('\0', "/"))));
            let mut parts: Vec<&str> = path.split('\0').collect();
            let name = parts.pop().unwrap_or_default();
            let common = open.iter().zip(&parts).take_while(|(a, b)| a == *b).count();
            for _ in common..open.len() {
                builder.leave();
            }
            open.truncate(common);
            for part in &parts[common..] {
                builder.enter(part, 0o755, false);
                open.push((*part).to_owned());
            }
            let kind = if target.is_some() { ContextEntryKind::Symlink } else { ContextEntryKind::File };
            if !name.is_empty() {
                builder.add(name, kind, 0o644, size, target.as_deref());
            }
        }
        builder.finish()
    }
}
