//! The builds that share a .dockerignore, and the files that they need from the build context.

use std::cell::OnceCell;
use std::collections::BTreeSet;

use super::reason::ContextReason;
use crate::build::{Build, IgnoredName, ImageSources, NamedPaths, SentFiles, StageBase, may_take_in};
use crate::data;
use crate::dockerfile::Keyword;
use crate::inputs::Evidence;
use crate::inputs::context::{BuildContext, ClassKind, ClassMatch, EntryId};
use crate::inputs::{BuildInput, IgnoreInput, Inputs};
use crate::manifest::{Ecosystem, Project};
use crate::optimize::pass_input::PassInput;
use crate::optimize::plan::is_builder;
use crate::shell::{Invocation, Verb};

/// Builds of one context under one .dockerignore.
pub(super) struct Group<'a> {
    pub context: &'a BuildContext,
    pub evidence: &'a Evidence,
    members: Vec<Member<'a>>,
    /// What asks for the repository's history, once it was looked for.
    pub history: OnceCell<Option<&'a str>>,
    /// The scripts that only people or machines outside of the images start, once they were looked for.
    pub host_scripts: OnceCell<BTreeSet<&'a str>>,
    /// What reads environment files, once it was looked for.
    pub environments: OnceCell<Option<ContextReason>>,
}

struct Member<'a> {
    build: Build<'a>,
    sources: ImageSources<'a>,
    named: NamedPaths,
    /// `None` where it is not known.
    fetched: Option<SentFiles>,
    /// What it does without by what its Dockerfile says.
    useless: BTreeSet<EntryId>,
}

impl<'a> Group<'a> {
    /// The build of a input and its neighbours; `None` where nobody looked into the context.
    pub(super) fn new(input: &PassInput<'a>) -> Option<Self> {
        let context = input.context()?;
        let build_input = input.input();
        let shares = |other: &&BuildInput| {
            same_file(input.inputs, build_input, other) && other.context_root == build_input.context_root
        };
        let members = input
            .inputs
            .builds
            .iter()
            .filter(shares)
            .map(|member| Member::new(member, context, input.evidence))
            .collect();
        Some(Self {
            context,
            evidence: input.evidence,
            members,
            history: OnceCell::new(),
            host_scripts: OnceCell::new(),
            environments: OnceCell::new(),
        })
    }

    /// Whether a COPY takes what only the build knows.
    pub(super) fn takes_unknown(&self) -> bool {
        self.members.iter().any(|member| member.named.unknown || member.fetched.is_none())
    }

    /// Whether a build takes all that .dockerignore lets through.
    pub(super) fn takes_everything(&self) -> bool {
        self.members.iter().filter_map(|member| member.fetched.as_ref()).any(|fetched| fetched.whole)
    }

    /// Bytes that the build which takes most is sent.
    pub(super) fn sent(&self) -> u64 {
        let fetched = self.members.iter().filter_map(|member| member.fetched.as_ref());
        fetched.map(|fetched| fetched.amount.bytes).max().unwrap_or(0)
    }

    /// Bytes of an entry that the build which takes most of it is sent; `None` where no build takes anything of it.
    pub(super) fn bytes_sent(&self, entry: EntryId) -> Option<u64> {
        let fetched = self.members.iter().filter_map(|member| member.fetched.as_ref());
        let amounts = fetched.map(|fetched| fetched.of(self.context, entry));
        amounts.filter(|amount| amount.files > 0).map(|amount| amount.bytes).max()
    }

    /// Whether a COPY, an ADD or a mount names a path or something below it.
    pub(super) fn is_named(&self, path: &str) -> bool {
        self.members.iter().any(|member| member.named.at_or_below(path))
    }

    /// Whether one names a folder above a path.
    pub(super) fn is_named_above(&self, path: &str) -> bool {
        self.members.iter().any(|member| member.named.above(path))
    }

    /// Whether all builds that are sent something of it do without it, as far as their Dockerfiles say.
    pub(super) fn is_useless(&self, class_match: &ClassMatch) -> bool {
        self.members.iter().all(|member| {
            let takes =
                member.fetched.as_ref().is_some_and(|fetched| fetched.of(self.context, class_match.entry).files > 0);
            !member.build.needs_entry(self.context, class_match)
                && (!takes || member.useless.contains(&class_match.entry))
        })
    }

    /// Whether an exception of the author's means what is there: no oversight.
    pub(super) fn is_brought_back(&self, entry: EntryId) -> bool {
        let path = self.context.path(entry);
        let file = self.members.first().map(|member| &member.build.input().ignore);
        let Some(IgnoreInput::Present(_, file)) = file else { return false };
        file.patterns.iter().any(|pattern| pattern.negated && may_take_in(&pattern.text, &path))
    }

    /// Whether a step, a command of a container or a base image has to do with Node.
    pub(super) fn uses_node(&self) -> bool {
        let is_node = |invocation: &Invocation| {
            let call = invocation.package_call().and_then(|call| Ecosystem::of_manager(call.manager));
            call == Some(Ecosystem::Node)
                || invocation
                    .program
                    .is_some_and(|program| data::NODE_PROGRAMS.row(program).is_some() || program == "node")
        };
        self.members.iter().any(|member| {
            let images = member.build.stages().iter().filter_map(|stage| match member.build.root_base(stage) {
                StageBase::Image(reference) => Some(reference.to_owned()),
                _ => None,
            });
            member.calls(is_node) || images.into_iter().any(|image| image.contains("node") || image.contains("bun"))
        })
    }

    /// Why a step might read the repository's history; `None` when it is certain that none does.
    pub(super) fn may_read_history(&self) -> Option<String> {
        self.members.iter().find_map(|member| member.build.may_read_history(true))
    }

    /// The file by which a build does not do without the repository's history.
    pub(super) fn text_with_history(&self) -> Option<String> {
        self.members.iter().find_map(|member| member.build.text_with_history().map(str::to_owned))
    }

    /// What the manifests tell.
    pub(super) fn projects(&self) -> impl Iterator<Item = &'a Project> + '_ {
        let build_input = self.members.first().map(|member| member.build.input());
        build_input.into_iter().filter_map(|build_input| build_input.projects.as_deref()).flatten()
    }

    /// Those that a build takes.
    pub(super) fn built_projects(&self) -> impl Iterator<Item = &'a Project> + '_ {
        let is_built = |project: &&Project| self.members.iter().any(|member| member.sources.builds(project));
        self.projects().filter(is_built)
    }

    /// Whether a build takes a file that may act in its image, or in one of its steps: those of another program say nothing.
    pub(super) fn may_act(&self, path: &str) -> bool {
        let entry = self.context.find(path);
        let takes = |member: &Member| {
            let fetched = member.fetched.as_ref().zip(entry);
            fetched.is_none_or(|(fetched, id)| fetched.files.binary_search(&id).is_ok())
        };
        self.members.iter().any(|member| takes(member) && member.sources.may_run(path))
    }

    /// Whether a step, or the command itself, builds something.
    pub(super) fn builds(&self) -> bool {
        self.members.iter().any(|member| member.calls(is_builder))
    }

    /// Whether a step installs the packages of an ecosystem.
    pub(super) fn installs(&self, ecosystem: Ecosystem) -> bool {
        let installs = |invocation: &Invocation| {
            let call = invocation.package_call();
            call.is_some_and(|call| Ecosystem::of_manager(call.manager) == Some(ecosystem) && call.verb != Verb::Clean)
        };
        self.members.iter().any(|member| member.calls(installs))
    }

    /// The folders for outputs of builds that .gitignore lists at the top.
    pub(super) fn outputs_for_git(&self) -> impl Iterator<Item = &'a str> + '_ {
        let texts = self.members.first().and_then(|member| member.build.input().texts.as_deref());
        let text = texts.and_then(|texts| std::str::from_utf8(texts.get(".gitignore")?).ok()).unwrap_or_default();
        let is_output = |known: &IgnoredName| {
            known.kind(self.context) == Some(ClassKind::BuildOutput) && known.has_maker(self.projects())
        };
        IgnoredName::all(text).filter(is_output).map(|known| known.name)
    }

    /// The Dockerfiles' texts.
    pub(super) fn dockerfiles(&self) -> impl Iterator<Item = &'a str> + '_ {
        self.members.iter().map(|member| member.build.input().file.source().text())
    }
}

impl<'a> Member<'a> {
    fn new(build_input: &'a BuildInput, context: &BuildContext, evidence: &Evidence) -> Self {
        let build = Build::new(build_input);
        let texts: Vec<_> = evidence.texts.iter().map(|(path, text)| (path.as_str(), text.as_str())).collect();
        let projects = build_input.projects.as_deref().map_or(&[][..], Vec::as_slice);
        let sources = ImageSources::of(&build, build.target(), projects, &texts);
        let fetched = build.sent_files(context);
        let useless = fetched.as_ref().map(|fetched| build.useless(context, fetched)).unwrap_or_default();
        let useless = useless.into_iter().map(|class_match| class_match.entry).collect();
        Self { named: build.named_paths(true), sources, useless, fetched, build }
    }

    fn calls(&self, is_meant: impl Fn(&Invocation) -> bool) -> bool {
        let starts = [Keyword::Run, Keyword::Cmd, Keyword::Entrypoint];
        let mut scripts = self.build.all_scripts().filter(|run| !run.is_trigger());
        scripts.any(|run| starts.contains(&run.instruction.keyword) && run.invocations().iter().any(&is_meant))
    }
}

/// Whether two builds take the same .dockerignore, or would take the same if it were there.
fn same_file(inputs: &Inputs, build_input: &BuildInput, other: &BuildInput) -> bool {
    match (&build_input.ignore, &other.ignore) {
        (IgnoreInput::Missing(path), IgnoreInput::Missing(other)) => path == other,
        (IgnoreInput::Present(file, _), IgnoreInput::Present(other, _)) => file == other,
        // One build's new file is there for both.
        (IgnoreInput::Present(file, _), IgnoreInput::Missing(path))
        | (IgnoreInput::Missing(path), IgnoreInput::Present(file, _)) => inputs.source(*file).name() == path,
        _ => false,
    }
}
