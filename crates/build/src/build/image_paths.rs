//! Which files of a repository an image is made of, as the patterns of a pipeline's filter: all that COPY, ADD and bind
//! mounts of the needed stages take, never less. A bit more where a pattern cannot say it.

use super::{Build, is_remote_source};
use crate::dockerfile::Keyword;
use crate::ignore::{has_wildcard, path_match};
use crate::inputs::IgnoreInput;
use crate::inputs::context::{BuildContext, ContextEntryKind};
use crate::text::path;
use crate::workflow::PathFilter;

/// Sources that are written one by one; beyond, the whole context is.
const SOURCES: usize = 50;

/// What an image takes.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePaths {
    /// Patterns of what it takes from its context.
    pub included: PathFilter,
    /// Patterns of what .dockerignore keeps back of that, without `!`.
    pub left_out: Vec<String>,
    /// The Dockerfile and its .dockerignore.
    pub definition: Vec<String>,
}

/// The repository that a build lies in.
pub struct ImagePlace<'p> {
    /// The Dockerfile's path from its top.
    pub dockerfile: &'p str,
    /// The context's folder; empty for the top.
    pub context: &'p str,
    /// Whether a pattern takes a file that the repository has.
    pub takes_any: &'p dyn Fn(&str) -> bool,
    /// Whether it has submodules.
    pub has_submodules: bool,
}

impl Build<'_> {
    /// The files that the image is made of; `None` where that is known only during the build, or where it takes files that
    /// the repository does not have.
    pub fn image_paths(&self, place: &ImagePlace) -> Option<ImagePaths> {
        let context = self.input().context.as_deref()?;
        let is_onbuild = |keyword: Keyword| keyword == Keyword::Onbuild;
        let is_open = self.input().file.instructions().iter().any(|instruction| is_onbuild(instruction.keyword));
        if is_open || !self.input().options.build_contexts.is_empty() || self.input().context_doubt.is_some() {
            return None;
        }
        let sources = self.context_sources()?;
        let mut included = PathFilter::default();
        let sources: Vec<&String> = sources.iter().filter(|source| !is_remote_source(source)).collect();
        if sources.len() > SOURCES {
            included.add(path::child(&PathFilter::path(place.context), "**"));
        }
        for source in sources.into_iter().take(SOURCES) {
            let of_source = patterns_of(source, context)?;
            let patterns: Vec<String> =
                of_source.iter().map(|pattern| path::child(&PathFilter::path(place.context), pattern)).collect();
            if !patterns.iter().any(|pattern| (place.takes_any)(pattern)) {
                return None;
            }
            for pattern in patterns {
                if place.has_submodules {
                    for above in folders_of(&pattern) {
                        included.add(above);
                    }
                }
                included.add(pattern);
            }
        }
        let whole = path::child(&PathFilter::path(place.context), "**");
        if included.patterns.contains(&whole) {
            // Each commit changes what git keeps for itself.
            if place.context.is_empty() && context.find(".git").is_some() {
                return None;
            }
            included.patterns = self.brought_back(place.context).unwrap_or_else(|| vec![whole]);
        }
        Some(ImagePaths { included, left_out: self.left_out(place.context), definition: definition(place) })
    }

    /// What the ignore file keeps back, as far as patterns say the same: of those behind the last one that brings something back,
    /// as the last one that fits counts.
    fn left_out(&self, folder: &str) -> Vec<String> {
        let IgnoreInput::Present(_, ignore) = &self.input().ignore else { return Vec::new() };
        if ignore.error().is_some() {
            return Vec::new();
        }
        let last = ignore.patterns.iter().rposition(|pattern| pattern.negated).map_or(0, |at| at + 1);
        let mut left_out = Vec::new();
        for pattern in &ignore.patterns[last..] {
            let text = &pattern.text;
            let is_same = |part: &str| part == "**" || !part.contains("**") && part != "." && part != "..";
            if text.contains(['?', '[', ']', '\\', '+', '!', '|', '{']) || !text.split('/').all(is_same) {
                continue;
            }
            let text = path::child(&PathFilter::path(folder), text);
            let below = if text.ends_with("/**") { None } else { Some(format!("{text}/**")) };
            left_out.extend([Some(text), below].into_iter().flatten());
        }
        left_out
    }

    /// Where the ignore file keeps all back but some: those.
    fn brought_back(&self, folder: &str) -> Option<Vec<String>> {
        let IgnoreInput::Present(_, ignore) = &self.input().ignore else { return None };
        let (first, others) = ignore.patterns.split_first()?;
        if first.negated || !matches!(&*first.text, "*" | "**") || ignore.error().is_some() {
            return None;
        }
        let mut brought_back = PathFilter::default();
        for pattern in others.iter().filter(|pattern| pattern.negated) {
            let text = path::child(&PathFilter::path(folder), &loose(&pattern.text));
            brought_back.add(format!("{text}/**"));
            brought_back.add(text);
        }
        (!brought_back.patterns.is_empty() && brought_back.patterns.len() <= SOURCES).then_some(brought_back.patterns)
    }
}

/// The Dockerfile, and each file that may say what it is not sent.
fn definition(place: &ImagePlace) -> Vec<String> {
    let dockerfile = PathFilter::path(place.dockerfile);
    let beside = format!("{dockerfile}.dockerignore");
    let shared = path::child(&PathFilter::path(place.context), ".dockerignore");
    vec![dockerfile, beside, shared]
}

/// The patterns of what a source takes, from the top of the context; `None` where nothing has that name.
fn patterns_of(source: &str, context: &BuildContext) -> Option<Vec<String>> {
    let clean = path::normalize(source.trim_start_matches('/'));
    let clean = clean.trim_start_matches("../");
    let whole = vec!["**".to_owned()];
    if matches!(clean, "" | "." | "..") {
        return Some(whole);
    }
    let parts: Vec<&str> = clean.split('/').collect();
    let fixed = parts.iter().take_while(|part| !has_wildcard(part)).count();
    // What a link names lies elsewhere.
    let mut at = None;
    for part in &parts[..fixed] {
        let entry = context.child(at, part)?;
        if context.entry(entry).kind == ContextEntryKind::Symlink {
            return Some(whole);
        }
        at = Some(entry);
    }
    if fixed < parts.len() {
        let is_link = |entry| {
            let name = context.path(entry);
            let depth = name.matches('/').count() + 1;
            let pattern = parts[..depth.min(parts.len())].join("/");
            context.entry(entry).kind == ContextEntryKind::Symlink
                && (clean.contains("**") || path_match(&pattern, &name).unwrap_or(true))
        };
        if context.descendants(at).any(is_link) {
            return Some(whole);
        }
        let pattern = loose(clean);
        let is_folder = |entry| {
            let name = context.path(entry);
            context.entry(entry).kind == ContextEntryKind::Directory && path_match(clean, &name).unwrap_or(true)
        };
        let names_files = pattern.rsplit(['/', '*']).next().is_some_and(|end| end.contains('.'));
        if names_files && !context.descendants(at).any(is_folder) {
            return Some(vec![pattern]);
        }
        return Some(vec![format!("{pattern}/**"), pattern]);
    }
    let pattern = PathFilter::path(clean);
    let is_folder = context.entry(at?).kind == ContextEntryKind::Directory;
    Some(vec![if is_folder { format!("{pattern}/**") } else { pattern }])
}

/// A path with wildcards of the builder as one that takes all of the same paths.
fn loose(path: &str) -> String {
    let part = |part: &str| if part == "**" { part.to_owned() } else { loose_name(part) };
    path.split('/').map(part).collect::<Vec<_>>().join("/")
}

/// A name with wildcards of the builder as one that takes all of the same names: `a[0-9]?.txt` is `a*`.
fn loose_name(part: &str) -> String {
    let part = part.replace("**", "*");
    match part.find(['?', '[', ']', '\\', '+', '!', '|']) {
        Some(at) => format!("{}*", part[..at].trim_end_matches('*')),
        None => part,
    }
}

/// The folders that lead to a pattern, which may be submodules: their commit is a change of the folder itself.
fn folders_of(pattern: &str) -> Vec<String> {
    let ends = pattern.match_indices('/').map(|(at, _)| pattern[..at].to_owned());
    ends.filter(|folder| !folder.contains('*')).collect()
}
