//! The files that a build takes from its context.

use std::sync::Arc;

use super::Build;
use crate::dockerfile::Keyword;
use crate::inputs::context::{
    Aggregate, Amount, BuildContext, ClassMatch, EntryId, Selection, Selector, classify, largest, select, sent,
};

/// The files of a context that the builder transfers for a build.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SentFiles {
    /// Ascending, without directories.
    pub files: Arc<[EntryId]>,
    /// Their total size in bytes.
    pub amount: Amount,
    /// Whether everything that .dockerignore does not exclude is transferred.
    pub whole: bool,
}

impl SentFiles {
    /// How much of an entry (a file, or a folder with everything below it) is transferred.
    pub fn of(&self, context: &BuildContext, entry: EntryId) -> Amount {
        if self.whole {
            return context.entry(entry).amount;
        }
        let start = self.files.partition_point(|file| *file < entry);
        let mut amount = Amount::default();
        for file in self.files[start..].iter().take_while(|file| **file == entry || context.is_below(**file, entry)) {
            amount.add(context.entry(*file).amount);
        }
        amount
    }

    /// The largest transferred entries, at most `limit`; none is inside another.
    pub fn largest(&self, context: &BuildContext, limit: usize) -> Vec<Aggregate> {
        largest(context, limit, |entry| self.of(context, entry))
    }

    /// Transferred entries that a build rarely needs, or that look like a secret: largest first.
    pub fn doubtful(&self, context: &BuildContext) -> Vec<ClassMatch> {
        let mut class_matches = classify(context).to_vec();
        for class_match in &mut class_matches {
            class_match.amount = self.of(context, class_match.entry);
        }
        class_matches.retain(|class_match| class_match.amount.files > 0);
        class_matches.sort_by(|a, b| b.amount.bytes.cmp(&a.amount.bytes).then(a.entry.cmp(&b.entry)));
        class_matches
    }
}

impl Build<'_> {
    /// Whether any needed stage takes from the build context.
    pub fn uses_context(&self) -> bool {
        *self.uses_context.get_or_init(|| self.context_sources().is_none_or(|sources| !sources.is_empty()))
    }

    /// Whether the context is that of an application, as far as names tell: something of one is in it, or a file that the
    /// Dockerfile names. A Dockerfile that lies alone in a folder is built elsewhere.
    pub fn has_project(&self) -> bool {
        *self
            .has_project
            .get_or_init(|| self.input().context.as_deref().is_some_and(|context| self.looks_like_project(context)))
    }

    fn looks_like_project(&self, context: &BuildContext) -> bool {
        let is_named = |source: &String| {
            let path = source.trim_start_matches("./").trim_matches('/');
            !matches!(path, "" | ".") && context.find(path).is_some()
        };
        context.has_project_files() || self.context_sources().is_some_and(|sources| sources.iter().any(is_named))
    }

    /// The paths of the build context that COPY, ADD and bind mounts of the needed stages name; `None` if a path is
    /// known only during the build.
    pub fn context_sources(&self) -> Option<Vec<String>> {
        let mut sources = Vec::new();
        for stage in self.stages().iter().filter(|stage| self.is_needed(stage)) {
            for transfer in self.transfers(stage).iter().filter(|transfer| transfer.from.is_none()) {
                for source in transfer.sources.iter().filter(|source| !source.is_remote()) {
                    sources.push(source.text.clone()?);
                }
            }
            for (_, source) in self.bound(stage) {
                sources.push(source?);
            }
        }
        Some(sources)
    }

    /// The paths of the build context that the bind mounts of a stage name, each with its instruction's index; `None`
    /// for paths that are known only during the build.
    pub fn bound(&self, stage: &super::Stage) -> Vec<(usize, Option<String>)> {
        let mut bound = Vec::new();
        for (index, instruction) in self.instructions(stage).filter(|(_, i)| i.keyword == Keyword::Run) {
            for mount in self.input().file.mounts(instruction) {
                if mount.kind() == "bind" && mount.from().is_none_or(str::is_empty) {
                    let source = mount.source().unwrap_or(".");
                    bound.push((index, self.scopes().expand(stage.index, index, source)));
                }
            }
        }
        bound
    }

    /// Whether a COPY or a mount takes from a plain name that is no stage: an image, or a named context of a compose file.
    pub fn takes_named_source(&self) -> bool {
        let is_plain = |name: &str| !name.contains([':', '/', '.', '@']);
        self.edges().iter().any(|edge| {
            edge.kind != super::EdgeKind::From && matches!(&edge.to, super::StageBase::Image(name) if is_plain(name))
        })
    }

    /// The files of `context` that the builder transfers; `None` if the paths that the build names are unknown.
    pub fn sent_files(&self, context: &BuildContext) -> Option<SentFiles> {
        let sources = self.context_sources()?;
        let sources: Vec<&str> = sources.iter().map(String::as_str).collect();
        let sent = sent(context, &sources);
        Some(SentFiles { files: sent.files, amount: sent.amount, whole: sent.whole })
    }
}

impl super::Transfer<'_> {
    /// The entries that each source takes from the context; `None` if that is known only during the build, the source
    /// is not from the context, or the builder rejects it.
    pub fn select(&self, context: &BuildContext) -> Vec<Option<Selection>> {
        let exclude: Vec<&str> = self.exclude.iter().map(String::as_str).collect();
        let selector = Selector { parents: self.parents, exclude: &exclude };
        let selection_of = |source: &super::Source| {
            if source.is_remote() || self.from.is_some() {
                return None;
            }
            let text = source.text.as_deref()?;
            select(context, text, selector).ok()
        };
        self.sources.iter().map(selection_of).collect()
    }
}
