//! Lines of a .dockerignore: each excludes its file and nothing else.

use std::collections::{BTreeMap, BTreeSet};

use super::code::is_code;
use super::exclusion::{Exclusion, Section};
use super::group::Group;
use super::secrets::{are_environments_read, is_sample};
use crate::inputs::context::{BuildContext, EntryId};
use crate::manifest::{Ecosystem, FileKind};
use crate::text::path;

/// Lines by section.
#[derive(Debug, Default)]
pub(super) struct SectionLines(BTreeMap<Section, BTreeSet<(bool, String)>>);

impl SectionLines {
    /// The lines that leave out what is to go.
    pub(super) fn of(group: &Group, gone: &[Exclusion]) -> Self {
        let mut lines = Self::default();
        for exclusion in gone {
            let path = group.context.path(exclusion.entry);
            let pattern = if takes_only(group.context, &exclusion.pattern, gone) {
                Some(exclusion.pattern.clone())
            } else {
                plain(&path)
            };
            if let Some(pattern) = pattern {
                lines.add(exclusion.section, &pattern);
            }
        }
        lines
    }

    /// Adds what the first test run or the first checkout leaves in the context, and what protects secrets, whether it is
    /// there or not; unless it would take something that stays.
    pub(super) fn protect(&mut self, group: &Group, gone: &[Exclusion]) {
        let mut wanted: Vec<(Section, &str)> = Vec::new();
        let has =
            |ecosystem| group.projects().any(|project| project.ecosystem == ecosystem) || group.installs(ecosystem);
        if !super::junk::keeps_history(group) {
            wanted.push((Section::Forge, ".git"));
        }
        if has(Ecosystem::Python) {
            wanted.extend([(Section::Made, "**/__pycache__"), (Section::Made, ".venv")]);
        }
        if group.installs(Ecosystem::Node) || (has(Ecosystem::Node) && leaves_node_to_the_host(group)) {
            wanted.push((Section::Made, "**/node_modules"));
        }
        if group.installs(Ecosystem::DotNet) {
            wanted.extend([(Section::Made, "**/bin"), (Section::Made, "**/obj")]);
        }
        let root =
            |ecosystem| group.projects().any(|project| project.ecosystem == ecosystem && project.root.is_empty());
        if root(Ecosystem::Rust) && group.installs(Ecosystem::Rust) {
            wanted.push((Section::Made, "target"));
        }
        // What a build on the host leaves, git ignores, and this build makes anew.
        let outputs: Vec<&str> = if group.builds() { group.outputs_for_git().collect() } else { Vec::new() };
        wanted.extend(outputs.iter().map(|name| (Section::Made, *name)));
        if !are_environments_read(group) {
            wanted.extend([(Section::Secret, "**/.env"), (Section::Secret, "**/.env.*")]);
        }
        wanted.extend([(Section::Secret, "**/*.key"), (Section::Secret, "**/*.pem")]);
        for (section, pattern) in wanted {
            let anywhere = format!("**/{pattern}");
            let named = group.is_named(pattern.trim_start_matches("**/"));
            if !named && !self.has(&anywhere) && takes_only(group.context, pattern, gone) {
                self.add(section, pattern);
            }
        }
        if self.has("**/.env.*") {
            self.add(Section::Secret, "!**/.env.example");
            for id in group.context.entries().filter(|id| is_sample(group.context.entry(*id).name)) {
                let name = group.context.entry(id).name;
                self.add(Section::Secret, &format!("!**/{name}"));
            }
        }
    }

    fn add(&mut self, section: Section, pattern: &str) {
        self.0.entry(section).or_default().insert((pattern.starts_with('!'), pattern.to_owned()));
    }

    fn has(&self, pattern: &str) -> bool {
        self.0.values().flatten().any(|(_, known)| known == pattern)
    }

    pub(super) fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// The patterns without comments. A pattern that another one covers is left out.
    pub(super) fn plain(&self) -> impl Iterator<Item = &str> {
        let all = self.0.values().flatten().map(|(_, pattern)| pattern.as_str());
        all.filter(|pattern| !self.is_covered(pattern))
    }

    /// Whether `**/name` says it already, or the folder above does.
    fn is_covered(&self, pattern: &str) -> bool {
        if pattern.starts_with(['!', '*']) {
            return false;
        }
        let name = path::name(pattern);
        let ending = name.rsplit_once('.').map(|(_, ending)| format!("**/*.{ending}"));
        let above = pattern.match_indices('/').any(|(at, _)| self.has(&pattern[..at]));
        above || self.has(&format!("**/{name}")) || ending.is_some_and(|ending| self.has(&ending))
    }

    /// The whole text.
    pub(super) fn text(&self) -> String {
        let mut text = String::new();
        for (section, patterns) in &self.0 {
            let remaining: Vec<&str> = patterns
                .iter()
                .map(|(_, pattern)| pattern.as_str())
                .filter(|pattern| !self.is_covered(pattern))
                .collect();
            if remaining.is_empty() {
                continue;
            }
            if !text.is_empty() {
                text.push('\n');
            }
            text.push_str(section.title());
            text.push('\n');
            text.extend(remaining.iter().flat_map(|pattern| [*pattern, "\n"]));
        }
        text
    }
}

/// Whether packages of Node are for tools of the host alone: nothing here runs Node, and no source names them.
fn leaves_node_to_the_host(group: &Group) -> bool {
    let evidence = group.evidence;
    let mut texts = evidence
        .perhaps_holding(&["node_modules"])
        .filter(|(path, _)| is_code(path) && FileKind::of(path).role().is_of_program());
    !evidence.texts_cut && !group.uses_node() && !texts.any(|(_, text)| text.contains("node_modules"))
}

/// Whether a pattern takes nothing but what is to go. Patterns are names anywhere (`**/name`, `**/*.end`, `**/.env.*`) or
/// paths.
fn takes_only(context: &BuildContext, pattern: &str, gone: &[Exclusion]) -> bool {
    let goes =
        |id: EntryId| gone.iter().any(|exclusion| exclusion.entry == id || context.is_below(id, exclusion.entry));
    let Some(name) = pattern.strip_prefix("**/") else {
        return context.find(&pattern.replace('\\', "")).is_none_or(goes);
    };
    let takes = |id: EntryId| {
        let entry_name = context.entry(id).name;
        match (name.strip_prefix('*'), name.strip_suffix('*')) {
            (Some(end), _) => entry_name.ends_with(end),
            (None, Some(start)) => entry_name.starts_with(start) && !is_sample(entry_name),
            (None, None) => entry_name == name,
        }
    };
    !context.entries().any(|id| takes(id) && !goes(id))
}

/// The line for a path; `None` for one that a line can't hold as it is, or that a reader would not see.
fn plain(path: &str) -> Option<String> {
    let odd = |c: char| "*?[]\\\u{fffd}".contains(c) || c.is_control() || ('\u{2028}'..='\u{2069}').contains(&c);
    (!path.contains(odd) && !path.starts_with(['!', '#']) && path.trim() == path).then(|| path.to_owned())
}
