//! What is sent although the build does without it.

use std::collections::BTreeSet;

use super::{Build, Fetched};
use crate::dockerfile::Keyword;
use crate::inputs::context::{BuildContext, Certainty, ClassKind, Found};
use crate::shell::{Invocation, Manager, Verb};

impl Build<'_> {
    /// What is fetched although no step needs it, largest first. Not: what a COPY names itself, secrets, results that the
    /// image may be made of, installed packages where nothing installs them, history where a step reads it.
    pub fn useless(&self, context: &BuildContext, fetched: &Fetched) -> Vec<Found> {
        let sources = self.context_sources().unwrap_or_default();
        let named: BTreeSet<&str> =
            sources.iter().map(|source| source.trim_start_matches("./").trim_matches('/')).collect();
        let git = self.reads_history();
        let mut useless = fetched.doubtful(context);
        useless.retain(|found| {
            let wanted = match found.class.kind {
                ClassKind::Secret => true,
                ClassKind::VersionControl => git,
                ClassKind::Dependencies => !self.installs(context.entry(found.entry).name),
                _ => found.class.certainty == Certainty::Possible,
            };
            !wanted && !named.contains(context.path(found.entry).as_str())
        });
        useless
    }

    /// Whether a step installs what a folder of installed packages holds.
    fn installs(&self, folder: &str) -> bool {
        let fits = |manager: Manager| match folder {
            "node_modules" => {
                matches!(manager, Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Bun | Manager::Corepack)
            }
            "vendor" => manager == Manager::Composer,
            ".bundle" => manager == Manager::Bundle,
            // A virtual environment of the host does not run elsewhere: its paths are absolute.
            _ => true,
        };
        let needed = self.stages().iter().filter(|stage| self.is_needed(stage));
        let mut runs = needed.flat_map(|stage| self.instructions(stage)).filter(|(_, i)| i.keyword == Keyword::Run);
        folder != "node_modules" && folder != "vendor" && folder != ".bundle"
            || runs.any(|(index, _)| {
                let invocations = self.code(index).map(|code| code.script.invocations()).unwrap_or_default();
                let calls = invocations.iter().filter_map(Invocation::package_call);
                calls.into_iter().any(|call| call.verb == Verb::Install && fits(call.manager))
            })
    }

    /// Whether a step calls git, or a tool that takes versions from tags.
    fn reads_history(&self) -> bool {
        let tools =
            ["setuptools_scm", "setuptools-scm", "hatch-vcs", "versioneer", "vergen", "goreleaser", "GitVersion"];
        let file = &self.input().file;
        file.instructions().iter().enumerate().filter(|(_, i)| i.keyword == Keyword::Run).any(|(index, instruction)| {
            let text = file.source().slice(instruction.span);
            let calls = || {
                let invocations = self.code(index).map(|code| code.script.invocations()).unwrap_or_default();
                invocations
                    .iter()
                    .any(|one| one.is("git") && !one.args.iter().any(|word| word.is("clone") || word.is("config")))
            };
            tools.iter().any(|tool| text.contains(tool)) || (text.contains("git") && calls())
        })
    }
}
