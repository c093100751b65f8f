//! What of the stage stands where.

use std::collections::BTreeSet;

use super::NodeWriter;
use crate::build::{Source, Transfer, installed};
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::context::ContextEntryKind;
use crate::manifest::{ContentKind, FileKind, is_typescript};
use crate::optimize::languages::node::need;
use crate::optimize::languages::node::plan::Modules;
use crate::optimize::languages::node::stage_parts::{PartPurpose, StagePart};
use crate::optimize::languages::node::words;
use crate::optimize::new_stage::uses_variable;
use crate::shell::{Invocation, Manager, Word};
use crate::text::{Span, path};

impl NodeWriter<'_, '_, '_> {
    /// Whether it installs programs for all that nothing builds with.
    pub(super) fn only_runs(&self, part: &StagePart) -> bool {
        let Some(code) = self.input.build.code(part.index) else { return false };
        let calls = code.script.invocations();
        let calls = calls.iter().filter_map(Invocation::package_call);
        let names: Vec<&str> = calls.flat_map(|call| call.packages).map(|package| package.name.text).collect();
        let servers = ["serve", "http-server", "pm2", "local-web-server", "static-server"];
        let project = self.parts.project;
        let direct: BTreeSet<String> = self.parts.direct(self.input.build);
        // What the project has itself is found there by its scripts.
        let unused = |name: &&str| {
            let is_dependency = project.dependencies.iter().any(|dependency| dependency.name == *name);
            (servers.contains(name) || is_dependency) && !direct.contains(*name)
        };
        part.purpose == PartPurpose::Global && !names.is_empty() && names.iter().all(unused)
    }

    /// Whether what a copy from the context brings is brought by another one, or with the folder.
    pub(super) fn is_covered(&self, index: usize) -> bool {
        let build = self.input.build;
        let Some(copy) = build.transfer_at(self.stage, index) else { return false };
        let place = |transfer: &Transfer| installed::destination(build, self.stage, transfer);
        let Some(target) = place(copy) else { return false };
        if self.plan.whole {
            return index <= self.parts.last_built() && path::is_within(&target, &self.parts.folder);
        }
        let plain = |transfer: &&Transfer| {
            transfer.index > index
                && transfer.from.is_none()
                && transfer.exclude.is_empty()
                && !transfer.parents
                && transfer.instruction.keyword == Keyword::Copy
        };
        // A copy of everything to the same place brings the files again, under their own names.
        let later = build.transfers(self.stage).iter().filter(plain).any(|transfer| {
            place(transfer).as_ref() == Some(&target) && transfer.sources.iter().any(Source::is_everything)
        });
        let named = copy.destination.as_deref().is_some_and(|text| text.ends_with('/') || text.ends_with('.'));
        let top = copy
            .sources
            .iter()
            .all(|source| source.text.as_deref().is_some_and(|text| !text.trim_start_matches("./").contains('/')));
        index < self.parts.install
            && later
            && named
            && top
            && !copy.instruction.flags.iter().any(|flag| self.input.file().flag(flag).starts_with("--chmod"))
    }

    /// Whether a copy from the context brings nothing but TypeScript and its settings, where Node.js starts what was compiled from
    /// it, the loaders of TypeScript stay behind, and no source names its folder.
    pub(super) fn is_for_compiler(&self, index: usize) -> bool {
        let build = self.input.build;
        let drops_dev = matches!(
            self.plan.modules,
            Modules::Separate(_) | Modules::Beside(_) | Modules::Pruned(_) | Modules::Absent
        );
        let (Some(copy), Some(context)) = (build.transfer_at(self.stage, index), self.input.context()) else {
            return false;
        };
        if copy.from.is_some() || !drops_dev || !self.starts_output() {
            return false;
        }
        let Some(selections) = copy.select(context).into_iter().collect::<Option<Vec<_>>>() else { return false };
        let files = || {
            let ids = selections.iter().flat_map(|selection| selection.entries.iter().copied());
            ids.filter(|id| context.entry(*id).kind == ContextEntryKind::File).map(|id| context.path(id))
        };
        let folders: BTreeSet<String> =
            files().filter_map(|file| Some(format!("{}/", file.split_once('/')?.0))).collect();
        let names_folder = |text: &str| {
            folders.iter().any(|folder| {
                ['"', '\'', '`'].iter().any(|quote| {
                    text.contains(&format!("{quote}{folder}")) || text.contains(&format!("{quote}./{folder}"))
                })
            })
        };
        let mut texts = self.input.evidence.texts.iter().filter(|(file, _)| FileKind::of(file).has_code());
        files().next().is_some()
            && files().all(|file| is_typescript(&file))
            && !texts.any(|(_, text)| names_folder(text))
    }

    /// A copy of manifests without their lock files, which only the install reads, where Node.js starts what was built: the text
    /// of its line, which is empty where nothing is left of it.
    pub(super) fn without_locks(&self, index: usize) -> Option<String> {
        let copy = self.input.build.transfer_at(self.stage, index)?;
        let is_lock = |source: &Source| {
            let name = source.text.as_deref().map(path::name).unwrap_or_default();
            FileKind::of(name).nature() == ContentKind::Lock && !self.is_named_in_sources(name)
        };
        let locks: Vec<&Source> = copy.sources.iter().filter(|source| is_lock(source)).collect();
        let is_plain = copy.from.is_none() && copy.instruction.heredocs.is_empty() && copy.exclude.is_empty();
        if locks.is_empty() || !is_plain || !matches!(self.plan.modules, Modules::Absent) || !self.starts_output() {
            return None;
        }
        if locks.len() == copy.sources.len() {
            return Some(String::new());
        }
        let (source, whole) = (self.input.source(), copy.instruction.span);
        let (mut text, mut from) = (String::new(), whole.start);
        for lock in locks {
            text.push_str(source.slice(Span::new(from, lock.span.start)));
            let rest = source.slice(Span::new(lock.span.end, whole.end));
            from = lock.span.end + (rest.len() - rest.trim_start_matches(' ').len()) as u32;
        }
        let text = text + source.slice(Span::new(from, whole.end));
        // A list in brackets has commas between its parts.
        (!text.contains('[') && !text.contains('\\')).then_some(text)
    }

    /// Whether a source of the project names a file.
    fn is_named_in_sources(&self, name: &str) -> bool {
        let mut texts = self.input.evidence.perhaps_holding(&[name]).filter(|(file, _)| FileKind::of(file).has_code());
        texts.any(|(_, text)| text.contains(name))
    }

    /// Whether a container starts Node.js with a file that the build writes.
    fn starts_output(&self) -> bool {
        let Some(output) = &self.plan.output else { return false };
        let Some(launch) = self.input.build.launch(self.stage) else { return false };
        let invocations = launch.script().invocations();
        let [invocation] = &invocations[..] else { return false };
        let mut words = invocation.args.iter().filter_map(Word::value).filter(|word| !word.starts_with('-'));
        let starts = words.next().is_some_and(|word| {
            let file = path::normalize(word.trim_start_matches(self.parts.folder.as_str()).trim_start_matches('/'));
            output.paths.iter().any(|folder| path::is_within(&file, folder))
        });
        invocation.is("node") && starts
    }

    /// Whether an ARG is used by what stands in the last stage; other settings always count.
    pub(super) fn is_wanted(&self, index: usize, parts: &[StagePart]) -> bool {
        let kept_pieces = |part: &&StagePart| {
            !matches!(
                part.purpose,
                PartPurpose::Build
                    | PartPurpose::Install
                    | PartPurpose::Prune
                    | PartPurpose::Clean
                    | PartPurpose::Compilers
            )
        };
        let kept_pieces: Vec<StagePart> = parts.iter().filter(kept_pieces).copied().collect();
        !self.is_arg(index) || self.is_used(index, &kept_pieces)
    }

    /// Whether one of the parts below an ARG may use it.
    pub(super) fn is_used(&self, index: usize, parts: &[StagePart]) -> bool {
        let file = self.input.file();
        let below = parts.iter().filter(|part| part.index > index);
        let mut texts = below.map(|part| (part.purpose, file.logical(self.input.build.instruction(part.index).text)));
        let names = self.input.argument_names(index);
        let secrets = self.input.build.secrets();
        let is_of_install = self.parts.manager == Manager::Npm
            && names.iter().all(|name| {
                let mentioned = self.input.evidence.perhaps_holding(&[name]).any(|(_, text)| text.contains(name));
                !mentioned && secrets.iter().any(|secret| secret.name == *name)
            });
        texts.any(|(purpose, text)| {
            // Programs that build read them from their environment; npm does not read the tokens of its install again.
            purpose == PartPurpose::Build && !is_of_install || uses_variable(text, &names)
        })
    }

    /// Whether programs that are installed for all may serve to run.
    pub(super) fn runs(&self, index: usize) -> bool {
        let Some(code) = self.input.build.code(index) else { return true };
        let Some(programs) = need::programs(self.input, self.stage, self.parts) else { return true };
        let started = |name: &str| {
            let is_corepack = name == "corepack" && (programs.contains("yarn") || programs.contains("pnpm"));
            is_corepack || programs.iter().any(|program| program == name || words::package_of(program) == name)
        };
        code.has_package_call(|call| {
            let packages = call.packages.iter().map(|package| package.name.text);
            packages.chain([call.program]).any(|name| {
                started(name) && name != "npm" || !data::NODE_PACKAGES.has(name, "build-tool") && name != "bun"
            })
        })
    }

    /// Whether it is an ARG.
    pub(super) fn is_arg(&self, index: usize) -> bool {
        self.input.build.instruction(index).keyword == Keyword::Arg
    }
}
