//! Parts of the stages that passes add to a file.

use super::pass_input::PassInput;
use crate::build::{Stage, StageBase};
use crate::text::Span;

impl PassInput<'_> {
    /// Whether a stage has this name.
    pub(super) fn has_stage(&self, name: &str) -> bool {
        self.build.stages().iter().any(|stage| stage.name.as_deref() == Some(name))
    }

    /// The first of some names that no stage has, or else the last one.
    pub(super) fn free_stage_name<'n>(&self, names: &[&'n str]) -> &'n str {
        const SPARE: [&str; 4] = ["dockopt", "dockopt-2", "dockopt-3", "dockopt-4"];
        let free = names.iter().chain(&SPARE).find(|name| !self.has_stage(name));
        free.or(names.last()).copied().unwrap_or_default()
    }

    /// `FROM image AS name`, with the image of a stage.
    pub(super) fn stage_start(&self, stage: &Stage, name: &str) -> String {
        let start = self.build.instruction(stage.start).span.start;
        let image = self.source().slice(Span::new(start, stage.base_span.end));
        format!("{image} AS {name}{}", self.newline())
    }

    /// From the FROM of a stage to the end of its last instruction.
    pub(super) fn stage_span(&self, stage: &Stage) -> Span {
        let last = stage.instructions.end.max(stage.start + 1) - 1;
        Span::new(self.build.instruction(stage.start).span.start, self.build.instruction(last).span.end)
    }

    /// Whether a FROM or --from names a stage by its number, which another stage above it would change.
    pub(super) fn names_stage_by_number(&self) -> bool {
        self.build.edges().iter().any(|edge| {
            let text = self.source().slice(edge.span);
            matches!(edge.to, StageBase::Stage(_)) && text.trim_matches('"').parse::<usize>().is_ok()
        })
    }

    /// Names of the variables that an ARG declares.
    pub(super) fn argument_names(&self, index: usize) -> Vec<String> {
        let args = self.file().args(self.build.instruction(index));
        args.iter().map(|arg| arg.name.text.to_string()).collect()
    }
}

/// Whether a text uses one of some variables.
pub(super) fn uses_variable(text: &str, names: &[String]) -> bool {
    names.iter().any(|name| text.contains(&format!("${name}")) || text.contains(&format!("${{{name}")))
}

/// A RUN that installs packages of Debian; its lines end in `\n`.
pub(super) fn apt_install(names: &str) -> String {
    format!(
        "RUN apt-get update \\\n    && apt-get install -y --no-install-recommends {names} \\\n    && rm -rf \
         /var/lib/apt/lists/*"
    )
}
