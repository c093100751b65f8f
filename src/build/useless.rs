//! What is sent although the build does without it.

use std::collections::BTreeSet;

use super::{Build, Code, Fetched};
use crate::dockerfile::Keyword;
use crate::inputs::context::{BuildContext, Certainty, ClassKind, Found};
use crate::shell::{Invocation, Manager, PackageCall, Verb};

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

    /// Whether a step installs what a folder of installed packages holds. A virtual environment of the host runs nowhere
    /// else, its paths are absolute: there the answer does not matter.
    fn installs(&self, folder: &str) -> bool {
        let managers: &[Manager] = match folder {
            "node_modules" => &[Manager::Npm, Manager::Yarn, Manager::Pnpm, Manager::Bun, Manager::Corepack],
            "vendor" => &[Manager::Composer],
            ".bundle" => &[Manager::Bundle],
            _ => return true,
        };
        let installs = |call: PackageCall| call.verb == Verb::Install && managers.contains(&call.manager);
        self.needed_scripts().any(|code| {
            let invocations = code.script.invocations();
            invocations.iter().filter_map(Invocation::package_call).any(installs)
        })
    }

    /// The scripts of the RUNs that the target needs.
    fn needed_scripts(&self) -> impl Iterator<Item = &Code<'_>> {
        let needed = self.stages().iter().filter(|stage| self.is_needed(stage));
        let runs = needed.flat_map(|stage| self.instructions(stage)).filter(|(_, i)| i.keyword == Keyword::Run);
        runs.filter_map(|(index, _)| self.code(index))
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
