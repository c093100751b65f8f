//! The same ground state under other texts: what a change of the files would leave.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::{BuildInput, IgnoreInput, Inputs};
use crate::dockerfile;
use crate::ignore;
use crate::text::{FileId, Source};

impl Inputs {
    /// The inputs with other texts: files are read again, and a changed or new .dockerignore is applied to the context.
    /// What was measured of the old ones is gone. Files behind those of these inputs are new.
    #[must_use]
    pub fn with_sources(&self, sources: &[Source]) -> Self {
        let builds = self.builds.iter().map(|input| with_texts(input, self, sources)).collect();
        Self {
            root: self.root.clone(),
            sources: sources.to_vec(),
            builds,
            composes: self.composes.iter().map(|input| input.with_sources(&self.sources, sources)).collect(),
            workflows: self.workflows.iter().map(|input| input.with_sources(&self.sources, sources)).collect(),
            workloads: self.workloads.clone(),
            folder: None,
            today: self.today,
            settings: self.settings.clone(),
            unsettled: self.unsettled,
            problems: Vec::new(),
            notices: Vec::new(),
            measured: BTreeMap::new(),
            histories: BTreeMap::new(),
            timed: BTreeMap::new(),
            external: Vec::new(),
            external_gaps: Vec::new(),
            changes: self.changes.clone(),
            migrations: self.migrations.clone(),
            run_times: self.run_times.clone(),
        }
    }
}

fn with_texts(input: &BuildInput, before: &Inputs, sources: &[Source]) -> BuildInput {
    let dockerfile = &sources[input.dockerfile.0 as usize];
    // Of two copies of one text, the texts are not compared.
    let same = dockerfile.shared_text() == input.file.source().shared_text();
    let file = match input.template {
        _ if same => input.file.clone(),
        Some(_) => dockerfile::parse_template(dockerfile),
        None => dockerfile::parse(dockerfile),
    };
    let (ignore, changed) = ignore_now(&input.ignore, before, sources);
    let context = match (&input.context, &ignore) {
        (Some(context), IgnoreInput::Present(_, ignore)) if changed => {
            Some(Arc::new(context.without(&ignore.matcher())))
        }
        (context, _) => context.clone(),
    };
    BuildInput {
        dockerfile: input.dockerfile,
        place: input.place.clone(),
        file,
        template: input.template,
        services: input.services.clone(),
        recipe: input.recipe.clone(),
        built_by: input.built_by.clone(),
        options: input.options.clone(),
        context_root: input.context_root.clone(),
        context_notice: input.context_notice.clone(),
        context_doubt: input.context_doubt.clone(),
        ignore,
        context,
        projects: input.projects.clone(),
        texts: input.texts.clone(),
        base_images: input.base_images.clone(),
        shellcheck: input.shellcheck.clone(),
        git: input.git.clone(),
    }
}

/// The .dockerignore as it now is, and whether that is new.
fn ignore_now(ignore: &IgnoreInput, before: &Inputs, sources: &[Source]) -> (IgnoreInput, bool) {
    let read = |index: usize| Arc::new(ignore::parse(&sources[index]));
    match ignore {
        IgnoreInput::Unknown => (IgnoreInput::Unknown, false),
        IgnoreInput::Present(file, parsed) => {
            let at = file.0 as usize;
            if sources[at].shared_text() == before.source(*file).shared_text() {
                return (IgnoreInput::Present(*file, Arc::clone(parsed)), false);
            }
            (IgnoreInput::Present(*file, read(at)), true)
        }
        IgnoreInput::Missing(path) => {
            let source =
                sources.iter().enumerate().skip(before.sources.len()).find(|(_, source)| source.name() == path);
            match source {
                Some((index, _)) => (IgnoreInput::Present(FileId(index as u32), read(index)), true),
                None => (ignore.clone(), false),
            }
        }
    }
}
