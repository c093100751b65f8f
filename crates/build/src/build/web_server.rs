//! The web server that an image is based on: the files of the context that configure it, and what they say.

use super::copied_files::absolute;
use super::{Build, Reference, Stage, StageBase, installed};
use crate::data;
use crate::inputs::context::{ContextEntryKind, EntryId};
use crate::manifest::FileKind;
use crate::text::path;

/// A web server whose image is a stage's base.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct WebServer {
    /// The name of its image.
    pub image: &'static str,
    /// The folders of its configuration.
    pub settings: &'static str,
    /// The folders of what it serves.
    pub pages: &'static str,
}

/// A statement of a configuration of nginx.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NginxStatement<'t> {
    /// The blocks around it, the outermost first, each with its number and what stands before it: `server`, `location /`.
    pub blocks: Vec<(usize, &'t str)>,
    /// Its text without what ends it.
    pub text: &'t str,
    /// Its line, from 1.
    pub line: usize,
}

impl NginxStatement<'_> {
    /// Its directive.
    pub fn directive(&self) -> &str {
        self.words().next().unwrap_or_default()
    }

    /// Its words.
    pub fn words(&self) -> impl Iterator<Item = &str> {
        self.text.split_whitespace()
    }
}

/// Sources that may show how pages are found: those nearest to the top.
const MOST_SOURCES: usize = 60;

impl Build<'_> {
    /// The web server that a stage's image is based on.
    pub fn web_server(&self, stage: &Stage) -> Option<WebServer> {
        let StageBase::Image(image) = self.root_base(stage) else { return None };
        let &[image, _, settings, pages, ..] = data::WEB_IMAGES.row(Reference::of(image).short_name())? else {
            return None;
        };
        Some(WebServer { image, settings, pages })
    }

    /// The files of the context that a stage copies into folders of its image, each with the index of the instruction.
    pub fn files_copied_into(&self, stage: &Stage, folders: &str) -> Vec<(usize, String)> {
        let Some(context) = self.input().context.as_deref() else { return Vec::new() };
        let is_file = |id: &EntryId| context.entry(*id).kind == ContextEntryKind::File;
        let mut files = Vec::new();
        for below in self.chain(stage) {
            for transfer in self.transfers(below).iter().filter(|transfer| transfer.from.is_none()) {
                let folder = installed::workdir(self, below, transfer.index);
                let place = transfer.destination.as_deref().and_then(|to| absolute(to, Some(&folder)));
                if !place.is_some_and(|place| data::words(folders).any(|folder| path::is_within(&place, folder))) {
                    continue;
                }
                let selections = transfer.select(context).into_iter().flatten();
                let entries = selections.flat_map(|selection| selection.entries.to_vec());
                files.extend(entries.filter(is_file).map(|id| (transfer.index, context.path(id))));
            }
        }
        files
    }

    /// The files of the context that say how a web server answers for the pages of the project: its configuration, and the
    /// sources that may show how pages are found. None where the stage is based on no web server.
    pub fn files_of_pages(&self, stage: &Stage) -> Vec<String> {
        let (Some(server), Some(context)) = (self.web_server(stage), self.input().context.as_deref()) else {
            return Vec::new();
        };
        let settings = self.files_copied_into(stage, server.settings).into_iter().map(|(_, file)| file);
        let is_manifest = |id: EntryId| context.entry(id).name == "package.json";
        let mut sources = Vec::new();
        if context.entries().any(is_manifest) {
            let is_code = |path: &String| {
                let kind = FileKind::of(path);
                let is_page = path.rsplit_once('.').is_some_and(|(_, end)| ["vue", "svelte"].contains(&end));
                !path.contains("node_modules/") && (kind.is_code() && kind.role().is_of_program() || is_page)
            };
            let files = context.entries().filter(|id| context.entry(*id).kind == ContextEntryKind::File);
            sources.extend(files.map(|id| context.path(id)).filter(is_code));
            sources.sort_by_key(|path| path.matches('/').count());
            sources.truncate(MOST_SOURCES);
        }
        settings.chain(sources).collect()
    }
}

/// The statements of a configuration of nginx.
pub fn nginx_tree(text: &str) -> Vec<NginxStatement<'_>> {
    let mut statements = Vec::new();
    let mut blocks: Vec<(usize, &str)> = Vec::new();
    let (mut start, mut line, mut quote, mut is_comment) = (0, 1, None, false);
    let mut first_line = 1;
    for (at, c) in text.char_indices() {
        match (c, quote) {
            ('\n', _) => {
                line += 1;
                if is_comment {
                    (is_comment, start) = (false, at + 1);
                }
            }
            _ if is_comment => {}
            (_, Some(open)) => quote = (c != open).then_some(open),
            ('"' | '\'', None) if text[start..at].ends_with(char::is_whitespace) => quote = Some(c),
            // A comment in the middle of a statement is not read.
            ('#', None) if text[start..at].trim().is_empty() => is_comment = true,
            (';', None) => {
                statements.push(NginxStatement {
                    blocks: blocks.clone(),
                    text: text[start..at].trim(),
                    line: first_line,
                });
                start = at + 1;
            }
            ('{', None) => {
                blocks.push((at, text[start..at].trim()));
                start = at + 1;
            }
            ('}', None) => {
                blocks.pop();
                start = at + 1;
            }
            _ if text[start..at].trim().is_empty() && !c.is_whitespace() => first_line = line,
            _ => {}
        }
    }
    statements.retain(|statement| !statement.text.is_empty());
    statements
}

#[cfg(test)]
mod tests {
    use super::nginx_tree;

    #[test]
    fn statements_have_their_blocks_and_lines() {
        let text = "# a; b\nmap $uri $x { default \"a; b\"; }\nserver {\n  listen 80; # x;\n  location ~ \\.js$ {\n    expires 1y;\n  }\n}\n";
        let tree = nginx_tree(text);
        let rows: Vec<(usize, usize, &str)> =
            tree.iter().map(|statement| (statement.line, statement.blocks.len(), statement.text)).collect();
        assert_eq!(rows, [(2, 1, "default \"a; b\""), (4, 1, "listen 80"), (6, 2, "expires 1y")]);
        assert_eq!(tree[2].blocks[1].1, "location ~ \\.js$");
        assert_eq!(tree[1].directive(), "listen");
        // Ends of blocks that were not begun, and texts without an end.
        assert!(nginx_tree("}} server { a 'b; ").is_empty());
    }
}
