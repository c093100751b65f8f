//! The items of a justfile: assignments, settings, recipes, aliases, imports and modules.

use std::collections::BTreeSet;

use super::body::Body;
use super::tokens::{Token, TokenKind, tokens};
use crate::text::{Span, path};
use crate::workflow::place::WorkflowPlace;

/// Items of one file that are read.
const ITEMS: usize = 20_000;

/// The items of a file and of those that it imports.
#[derive(Default)]
pub(super) struct JustItems {
    pub assignments: Vec<(String, Vec<Token>)>,
    /// Names of variables that programs get.
    pub exported: BTreeSet<String>,
    pub settings: Settings,
    pub recipes: Vec<RecipeItem>,
    /// Names and what they stand for.
    pub aliases: Vec<(String, String)>,
    pub imports: Vec<Import>,
    pub modules: Vec<Module>,
    /// Where lines start that are no item, each with its file.
    pub unread: Vec<(u32, u32)>,
}

/// `set …`.
#[derive(Default)]
pub(super) struct Settings {
    pub shell: Option<String>,
    pub script_shell: Option<String>,
    folder: WorkingDirectory,
    pub passes_arguments: bool,
    pub exports: bool,
    pub ignores_comments: bool,
}

impl Settings {
    /// The folder that commands run in.
    pub(super) fn folder_from(&self, folder: Option<&str>) -> Option<String> {
        match &self.folder {
            WorkingDirectory::OfFile => folder.map(str::to_owned),
            WorkingDirectory::Path(path) => Some(path::normalize(&path::join(folder?, path))),
            WorkingDirectory::Unknown => None,
        }
    }
}

/// `set working-directory`.
#[derive(Default)]
enum WorkingDirectory {
    /// It is not set.
    #[default]
    OfFile,
    Path(String),
    Unknown,
}

/// `import 'file'`.
pub(super) struct Import {
    /// The file, as seen from the top of the repository.
    pub path: String,
    pub is_optional: bool,
    pub place: WorkflowPlace,
}

/// `mod name 'file'`.
pub(super) struct Module {
    pub name: String,
    /// Where its file or folder is, as seen from the top of the repository; `None` where that follows from its name.
    path: Option<String>,
    /// The folder of the file that names it.
    folder: String,
    pub is_optional: bool,
    pub place: WorkflowPlace,
}

impl Module {
    /// The files that it may be (just manual, "Modules").
    pub(super) fn candidates(&self) -> Vec<String> {
        let in_folder = |folder: &str| {
            ["mod.just", "justfile", ".justfile", "Justfile"].map(|name| path::child(folder, name)).to_vec()
        };
        if let Some(path) = &self.path {
            std::iter::once(path.clone()).chain(in_folder(path)).collect()
        } else {
            let file = path::child(&self.folder, &format!("{}.just", self.name));
            std::iter::once(file).chain(in_folder(&path::child(&self.folder, &self.name))).collect()
        }
    }
}

/// A recipe as written.
#[derive(Clone)]
pub(super) struct RecipeItem {
    pub file: u32,
    pub name: String,
    pub name_span: Span,
    pub parameters: Vec<ParameterItem>,
    pub needs: Vec<String>,
    /// Names in default values, arguments and attributes.
    pub used: BTreeSet<String>,
    pub body: Span,
    pub comment: String,
    pub attributes: Vec<Attribute>,
}

impl RecipeItem {
    /// Whether it has an attribute.
    pub(super) fn has_attribute(&self, name: &str) -> bool {
        self.attributes.iter().any(|attribute| attribute.name == name)
    }
}

/// A parameter as written.
#[derive(Clone)]
pub(super) struct ParameterItem {
    pub name: String,
    pub span: Span,
    /// Whether programs get it as a variable.
    pub is_exported: bool,
}

/// `[name('value')]`.
#[derive(Clone)]
pub(super) struct Attribute {
    pub name: String,
    /// Its first argument, where that is a plain string.
    pub value: Option<String>,
}

/// What stands above an item.
#[derive(Default)]
struct ItemHeader {
    comment: String,
    attributes: Vec<Attribute>,
    used: BTreeSet<String>,
}

impl JustItems {
    /// Adds the items of a text. `Err`: where the rest cannot be read.
    pub(super) fn add(&mut self, text: &str, file: u32, folder: &str) -> Result<(), u32> {
        let mut at = 0;
        let mut above = ItemHeader::default();
        for _ in 0..ITEMS {
            let Some(line) = text[at..].split_inclusive('\n').next() else { return Ok(()) };
            let trimmed = line.trim();
            if trimmed.is_empty() || line.starts_with([' ', '\t']) {
                above = ItemHeader::default();
                if !trimmed.is_empty() {
                    self.unread.push((file, at as u32));
                }
                at += line.len();
                continue;
            }
            if let Some(comment) = trimmed.strip_prefix('#') {
                above.comment.push_str(comment.trim());
                above.comment.push('\n');
                at += line.len();
                continue;
            }
            let (tokens, next) = tokens(text, at).ok_or(at as u32)?;
            let start = at;
            at = next;
            if tokens.first().is_some_and(|token| token.is(b'[')) {
                above.add_attributes(&tokens);
                continue;
            }
            let above = std::mem::take(&mut above);
            if let Some(recipe) = recipe(&tokens, file, above) {
                let end = Body::end(text, next);
                self.recipes.push(RecipeItem { body: Span::new(next as u32, end as u32), ..recipe });
                at = end;
            } else if !self.add_other(&tokens, file, folder) {
                self.unread.push((file, start as u32));
            }
        }
        Ok(())
    }

    /// Adds what is no recipe; `false` where it is no item at all.
    fn add_other(&mut self, tokens: &[Token], file: u32, folder: &str) -> bool {
        let words: Vec<Option<&str>> = tokens.iter().take(3).map(Token::name).collect();
        let assign = tokens.iter().position(|token| token.kind == TokenKind::Assign);
        match (&words[..], assign) {
            ([Some("alias"), Some(name), ..], Some(at)) => {
                let target = tokens[at + 1..].iter().filter_map(Token::name).collect::<Vec<_>>().join("::");
                self.aliases.push(((*name).to_owned(), target));
            }
            ([Some("set"), Some(name), ..], assign) => {
                self.settings.set(name, assign.map_or(&[], |at| &tokens[at + 1..]));
            }
            ([Some("export"), Some(name), ..], Some(2)) => {
                self.exported.insert((*name).to_owned());
                self.assignments.push(((*name).to_owned(), tokens[3..].to_vec()));
            }
            ([Some(name), ..], Some(1)) => self.assignments.push(((*name).to_owned(), tokens[2..].to_vec())),
            ([Some("import"), ..], None) => {
                let text = tokens.iter().find_map(text_of);
                let path = text.filter(|path| !path.starts_with(['/', '~']));
                let place = WorkflowPlace { file, span: tokens[0].span };
                let is_optional = tokens.get(1).is_some_and(|token| token.is(b'?'));
                self.imports.extend(path.map(|path| Import {
                    path: path::normalize(&path::join(folder, path)),
                    is_optional,
                    place,
                }));
            }
            ([Some("mod"), ..], None) => {
                let Some(name) = tokens[1..].iter().find_map(Token::name) else { return false };
                let path = tokens.iter().find_map(text_of);
                self.modules.push(Module {
                    name: name.to_owned(),
                    path: path.map(|path| path::normalize(&path::join(folder, path))),
                    folder: folder.to_owned(),
                    is_optional: tokens.get(1).is_some_and(|token| token.is(b'?')),
                    place: WorkflowPlace { file, span: tokens[0].span },
                });
            }
            ([Some("unexport"), Some(_)], None) => {}
            _ => return false,
        }
        true
    }
}

impl Settings {
    fn set(&mut self, name: &str, value: &[Token]) {
        let texts = || value.iter().filter_map(text_of).collect::<Vec<_>>().join(" ");
        let is_on = value.iter().find_map(Token::name) != Some("false");
        match name {
            "shell" => self.shell = Some(texts()),
            "script-interpreter" => self.script_shell = Some(texts()),
            "working-directory" => {
                let path = if let [token] = value { text_of(token) } else { None };
                self.folder = path.map_or(WorkingDirectory::Unknown, |path| WorkingDirectory::Path(path.to_owned()));
            }
            "positional-arguments" => self.passes_arguments = is_on,
            "export" => self.exports = is_on,
            "ignore-comments" => self.ignores_comments = is_on,
            _ => {}
        }
    }
}

impl ItemHeader {
    /// `[private, confirm('really?')]`.
    fn add_attributes(&mut self, tokens: &[Token]) {
        let mut depth = 0_usize;
        for (at, token) in tokens.iter().enumerate() {
            match &token.kind {
                TokenKind::Other(b'[' | b'(') => depth += 1,
                TokenKind::Other(b']' | b')') => depth = depth.saturating_sub(1),
                TokenKind::Name(name) if depth == 1 => {
                    self.attributes.push(Attribute { name: name.clone(), value: None });
                }
                TokenKind::Text(text) => {
                    let words = text.iter().flat_map(|text| text.split(|c: char| !c.is_alphanumeric() && c != '_'));
                    self.used.extend(words.map(str::to_owned));
                    let is_first = tokens[..at].iter().rev().take(2).any(|token| token.kind == TokenKind::Colon)
                        || tokens[..at].last().is_some_and(|token| token.is(b'('));
                    if let Some(attribute) = self.attributes.last_mut()
                        && is_first
                    {
                        attribute.value.clone_from(text);
                    }
                }
                TokenKind::Name(name) => {
                    self.used.insert(name.clone());
                }
                _ => {}
            }
        }
    }
}

fn text_of(token: &Token) -> Option<&str> {
    match &token.kind {
        TokenKind::Text(text) => text.as_deref(),
        _ => None,
    }
}

/// `@name param='x' *rest: dependency (other 'a') && after`; `None` for what is no recipe.
fn recipe(tokens: &[Token], file: u32, header_above: ItemHeader) -> Option<RecipeItem> {
    let colon = tokens.iter().position(|token| token.kind == TokenKind::Colon)?;
    let (header, rest) = tokens.split_at(colon);
    if header.iter().any(|token| token.kind == TokenKind::Assign) {
        return None;
    }
    let header = if header.first()?.is(b'@') { &header[1..] } else { header };
    let first = header.first()?;
    let mut recipe = RecipeItem {
        file,
        name: first.name()?.to_owned(),
        name_span: first.span,
        parameters: Vec::new(),
        needs: Vec::new(),
        used: header_above.used,
        body: Span::at(0),
        comment: header_above.comment,
        attributes: header_above.attributes,
    };
    let (mut depth, mut is_exported, mut is_value) = (0_usize, false, false);
    for (at, token) in header.iter().enumerate().skip(1) {
        match &token.kind {
            TokenKind::Other(b'(') => depth += 1,
            TokenKind::Other(b')') => {
                depth = depth.saturating_sub(1);
                is_value = false;
            }
            TokenKind::Other(b'$') => is_exported = true,
            TokenKind::Other(b'=') if depth == 0 => is_value = true,
            TokenKind::Name(name) if depth > 0 || is_value => {
                recipe.used.insert(name.clone());
                // `a=f('x')` goes on behind the name.
                is_value = header.get(at + 1).is_some_and(|next| next.is(b'('));
            }
            TokenKind::Name(name) => {
                recipe.parameters.push(ParameterItem { name: name.clone(), span: token.span, is_exported });
                is_exported = false;
            }
            TokenKind::Text(_) if depth == 0 => is_value = false,
            _ => {}
        }
    }
    add_needs(&rest[1..], &mut recipe);
    Some(recipe)
}

fn add_needs(tokens: &[Token], recipe: &mut RecipeItem) {
    let mut depth = 0_usize;
    let mut is_name = false;
    for (at, token) in tokens.iter().enumerate() {
        match &token.kind {
            TokenKind::Other(b'(') => {
                depth += 1;
                is_name = depth == 1;
            }
            TokenKind::Other(b')') => depth = depth.saturating_sub(1),
            // `module::recipe`.
            TokenKind::Name(name) if at >= 2 && tokens[at - 1].kind == TokenKind::Colon => {
                if let Some(need) = recipe.needs.last_mut() {
                    *need = format!("{need}::{name}");
                }
            }
            TokenKind::Name(name) if depth == 0 || is_name => {
                recipe.needs.push(name.clone());
                is_name = false;
            }
            TokenKind::Name(name) => {
                recipe.used.insert(name.clone());
            }
            _ => {}
        }
    }
}
