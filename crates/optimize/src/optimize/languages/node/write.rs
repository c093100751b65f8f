//! Writes the stages of a plan.

mod selection;

use std::collections::BTreeSet;

use super::libraries;
use super::plan::{Modules, NodePlan};
use super::stage_parts::{PartPurpose, StagePart, StageParts};
use crate::build::{Stage, installed};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::optimize::pass_input::PassInput;
use crate::shell::Manager;
use crate::text::{Span, path};

/// Writes.
pub(super) struct NodeWriter<'w, 'a, 'p> {
    input: &'w PassInput<'a>,
    stage: &'w Stage,
    parts: &'w StageParts<'p>,
    plan: &'w NodePlan,
    /// Instructions whose comments are written.
    commented: BTreeSet<usize>,
    /// Names of the stages that build, that install, and that install what runs beside a build.
    names: [String; 3],
    newline: &'static str,
}

impl<'w, 'a, 'p> NodeWriter<'w, 'a, 'p> {
    /// For a stage.
    pub(super) fn new(
        input: &'w PassInput<'a>,
        stage: &'w Stage,
        parts: &'w StageParts<'p>,
        plan: &'w NodePlan,
    ) -> Self {
        let free = |name: &str| input.free_stage_name(&[name, &format!("node-{name}")]).to_owned();
        let build = if plan.output.is_some() { "build" } else { "dependencies" };
        let names = [free(build), free("dependencies"), free("production-dependencies")];
        Self { input, stage, parts, plan, commented: BTreeSet::new(), names, newline: input.newline() }
    }

    /// The edit that puts the stages in the place of the one.
    pub(super) fn edit(mut self) -> FileEdit {
        let base = self.base();
        let shared: Vec<StagePart> = self.parts.all[..base].to_vec();
        let mut stages = Vec::new();
        if base > 0 {
            let mut text = self.from(Some("base"));
            for part in &shared {
                self.put(&mut text, part.index, None);
            }
            stages.push(text);
        }
        match &self.plan.modules {
            Modules::Beside(command) => stages.extend(self.write_build_beside_install(base, command)),
            Modules::Separate(behind) => stages.extend([self.build(base), self.dependencies(base, behind)]),
            _ => stages.push(self.build(base)),
        }
        let last = self.last(base);
        let mut start = self.input.build.instruction(self.stage.start).span.start;
        // Comments at the top of the file stay there; others tell of the stage that ships.
        let above = self.input.instruction_span(self.stage.start).start;
        let comments = if self.stage.index == 0 { "" } else { self.input.source().slice(Span::new(above, start)) };
        stages.push(format!("{comments}{last}"));
        start -= comments.len() as u32;
        let separator = self.newline;
        let text = stages.iter().map(|text| text.trim_end()).collect::<Vec<_>>().join(&separator.repeat(2));
        self.input.edit(Span::new(start, self.input.stage_span(self.stage).end), text)
    }

    /// How many of the first parts all stages share: settings and system packages, where there are such.
    fn base(&self) -> usize {
        let shared = |part: &&StagePart| {
            let is_arg = self.input.build.instruction(part.index).keyword == Keyword::Arg;
            matches!(part.purpose, PartPurpose::Setting | PartPurpose::System | PartPurpose::Files) && !is_arg
        };
        let count = self.parts.all.iter().take_while(shared).count();
        let runs = self.parts.all[..count].iter().any(|part| part.purpose != PartPurpose::Setting);
        if runs && !self.input.has_stage("base") { count } else { 0 }
    }

    /// `FROM image AS name`; without a name the stage's own line.
    fn from(&self, name: Option<&str>) -> String {
        let from = self.input.build.instruction(self.stage.start);
        let plain = || format!("{}{}", self.input.source().slice(from.span), self.newline);
        name.map_or_else(plain, |name| self.input.stage_start(self.stage, name))
    }

    /// A stage upon the shared one, or upon the image.
    fn stage_from(&self, base: usize, name: Option<&str>) -> String {
        if base == 0 {
            return self.from(name);
        }
        let name = name.or(self.stage.name.as_deref()).map(|name| format!(" AS {name}")).unwrap_or_default();
        format!("FROM base{name}{}", self.newline)
    }

    fn build(&mut self, base: usize) -> String {
        let mut text = self.stage_from(base, Some(&self.names[0]));
        let end = self.parts.last_built();
        let is_wanted =
            |part: &&StagePart| part.index <= end && part.purpose != PartPurpose::Image && !self.only_runs(part);
        let parts: Vec<StagePart> = self.parts.all[base..].iter().filter(is_wanted).copied().collect();
        for part in parts {
            let twice = part.index == self.parts.install && matches!(self.plan.modules, Modules::Separate(_));
            let text_of_step = twice.then(|| self.install(""));
            self.put(&mut text, part.index, text_of_step);
        }
        if let Modules::Pruned(command) = &self.plan.modules {
            text.push_str(&format!("RUN {}{command}{}", self.mounts(), self.newline));
        }
        text
    }

    /// The install, and upon it the build and what runs.
    fn write_build_beside_install(&mut self, base: usize, command: &str) -> [String; 3] {
        let [build, install, production] = self.names.clone();
        let end = self.parts.install;
        let last = self.parts.last_built();
        let is_wanted =
            |part: &&StagePart| part.index <= last && part.purpose != PartPurpose::Image && !self.only_runs(part);
        let parts: Vec<StagePart> = self.parts.all[base..].iter().filter(is_wanted).copied().collect();
        let (first, rest): (Vec<StagePart>, Vec<StagePart>) = parts.into_iter().partition(|part| part.index <= end);
        let mut installs = self.stage_from(base, Some(&install));
        for part in &first {
            self.put(&mut installs, part.index, None);
        }
        let mut builds = format!("FROM {install} AS {build}{}", self.newline);
        // A stage hands its ARGs on to none.
        for part in first.iter().filter(|part| part.purpose == PartPurpose::Setting) {
            if self.is_arg(part.index) && self.is_used(part.index, &rest) {
                self.put(&mut builds, part.index, None);
            }
        }
        for part in &rest {
            self.put(&mut builds, part.index, None);
        }
        let runs = format!(
            "FROM {install} AS {production}{newline}RUN {}{command}{newline}",
            self.mounts(),
            newline = self.newline
        );
        [installs, builds, runs]
    }

    /// The mounts of the install, each with a blank behind it.
    fn mounts(&self) -> String {
        let install = self.input.build.instruction(self.parts.install);
        let texts = install.flags.iter().map(|flag| self.input.source().slice(flag.word.span));
        texts.filter(|text| text.starts_with("--mount")).flat_map(|text| [text, " "]).collect()
    }

    fn dependencies(&mut self, base: usize, behind: &str) -> String {
        let mut text = self.stage_from(base, Some(&self.names[1]));
        let end = self.parts.install;
        for part in self.parts.all[base..].iter().filter(|part| part.index <= end && part.purpose != PartPurpose::Image)
        {
            let text_of_step = (part.index == end).then(|| self.install(behind));
            self.put(&mut text, part.index, text_of_step);
        }
        text
    }

    /// The install with a text behind its verb. Two of yarn 1 at a time spoil a cache that they share.
    fn install(&self, behind: &str) -> String {
        let instruction = self.input.build.instruction(self.parts.install);
        let (source, span) = (self.input.source(), instruction.span);
        let mut edits = vec![(self.parts.behind_verb.unwrap_or(span.end), behind)];
        if self.parts.manager == Manager::Yarn {
            let is_unshared = |text: &str| text.starts_with("--mount=type=cache") && !text.contains("sharing=");
            let mounts =
                instruction.flags.iter().map(|flag| flag.word.span).filter(|span| is_unshared(source.slice(*span)));
            edits.extend(mounts.map(|span| (span.end, ",sharing=locked")));
        }
        edits.sort_unstable();
        let (mut text, mut from) = (String::new(), span.start);
        for (at, added) in edits {
            text.push_str(source.slice(Span::new(from, at)));
            text.push_str(added);
            from = at;
        }
        text + source.slice(Span::new(from, span.end))
    }

    fn last(&mut self, base: usize) -> String {
        let mut text = self.stage_from(base, None);
        let parts: Vec<StagePart> = self.parts.all[base..].to_vec();
        let built = self.parts.last_built();
        let (whole_at, modules_at) = (self.whole_at(), self.modules_at());
        for part in &parts {
            let index = part.index;
            if index == modules_at && !self.plan.whole {
                let lines = self.modules();
                self.add(&mut text, index, lines);
            }
            match part.purpose {
                PartPurpose::Image | PartPurpose::System | PartPurpose::Files => self.put(&mut text, index, None),
                PartPurpose::Setting if self.is_wanted(index, &parts) => self.put(&mut text, index, None),
                PartPurpose::Compilers => {
                    if let Some(run) = libraries::install(self.input, self.stage, index) {
                        self.put(&mut text, index, Some(run));
                    }
                }
                PartPurpose::Global if self.runs(index) => self.put(&mut text, index, None),
                PartPurpose::Copy if !self.is_covered(index) && !self.is_for_compiler(index) => {
                    let rest = self.without_locks(index);
                    if rest.as_deref() != Some("") {
                        self.put(&mut text, index, rest);
                    }
                }
                _ => {}
            }
            if Some(index) == whole_at {
                let lines = vec![(self.names[0].clone(), self.parts.folder.clone())];
                self.add(&mut text, index, lines);
            } else if index == built && !self.plan.whole {
                let lines = self.outputs();
                self.add(&mut text, index, lines);
            }
        }
        text
    }

    /// Behind which instruction the whole folder is copied.
    fn whole_at(&self) -> Option<usize> {
        let covered = |part: &&StagePart| part.purpose == PartPurpose::Copy && self.is_covered(part.index);
        let copied = self.parts.all.iter().rfind(covered).map(|part| part.index);
        self.plan.whole.then(|| copied.unwrap_or_else(|| self.parts.last_built()))
    }

    /// Before which instruction the modules are copied: the install, or the sources where these bring none.
    fn modules_at(&self) -> usize {
        let root = self.parts.project.root.as_str();
        let modules = path::join(root, "node_modules");
        let brought = self.input.context().is_none_or(|context| context.find(&modules).is_some());
        let copied =
            self.parts.all.iter().find(|part| part.purpose == PartPurpose::Copy && !self.is_covered(part.index));
        let first = copied.map_or(self.parts.install, |part| part.index);
        if brought { self.parts.install } else { first.min(self.parts.install) }
    }

    /// Stage and path of the modules.
    fn modules(&self) -> Vec<(String, String)> {
        let from = match self.plan.modules {
            Modules::Absent => return Vec::new(),
            Modules::Separate(_) => &self.names[1],
            Modules::Beside(_) => &self.names[2],
            Modules::Pruned(_) | Modules::Built => &self.names[0],
        };
        let folder = &self.parts.folder;
        let path = if self.plan.workspace { folder.clone() } else { path::join(folder, "node_modules") };
        vec![(from.clone(), path)]
    }

    /// Stage and paths of what is built.
    fn outputs(&self) -> Vec<(String, String)> {
        let folder = &self.parts.folder;
        let paths = self.plan.output.iter().flat_map(|output| &output.paths);
        paths.map(|path| (self.names[0].clone(), path::join(folder, path))).collect()
    }

    /// COPY lines, written relative to the folder that they work in.
    fn add(&self, text: &mut String, index: usize, lines: Vec<(String, String)>) {
        let workdir = installed::workdir(self.input.build, self.stage, index);
        let owner = self.parts.user.as_ref().map(|user| format!("--chown={user}:{user} ")).unwrap_or_default();
        if self.begins_paragraph(index)
            && !lines.is_empty()
            && !text.ends_with(&self.newline.repeat(2))
            && text.lines().count() > 1
        {
            text.push_str(self.newline);
        }
        for (stage, path) in lines {
            let inner = path::relative(&path, &workdir);
            let is_folder = workdir.starts_with('/') && workdir != "/";
            let target = match inner {
                Some("") if is_folder => "./".to_owned(),
                Some(rest) if is_folder => format!("./{rest}"),
                _ => path.clone(),
            };
            text.push_str(&format!("COPY {owner}--from={stage} {path} {target}{}", self.newline));
        }
    }

    /// Whether a blank line stands above an instruction.
    fn begins_paragraph(&self, index: usize) -> bool {
        self.above(index).lines().skip(1).any(|line| line.trim().is_empty())
    }

    /// What stands between an instruction and the one before.
    fn above(&self, index: usize) -> &'a str {
        let start = self.input.build.instruction(index - 1).span.end;
        self.input.source().slice(Span::new(start, self.input.build.instruction(index).span.start))
    }

    /// An instruction as it is, or another text for it; with its comments where it stands for the first time.
    fn put(&mut self, text: &mut String, index: usize, text_of_step: Option<String>) {
        let fresh = text.lines().count() <= 1;
        if self.commented.insert(index) {
            let lines: Vec<&str> = self.above(index).lines().skip(1).map(str::trim_end).collect();
            // The line of the instruction itself is the last one.
            for (at, line) in lines.iter().enumerate() {
                let last = at + 1 == lines.len() && line.is_empty() && !self.above(index).ends_with('\n');
                let doubled = line.is_empty() && (text.ends_with(&self.newline.repeat(2)) || (fresh && at == 0));
                if !doubled && !last {
                    text.push_str(line);
                    text.push_str(self.newline);
                }
            }
        } else if self.begins_paragraph(index) && !fresh && !text.ends_with(&self.newline.repeat(2)) {
            text.push_str(self.newline);
        }
        match text_of_step {
            Some(text_of_step) => text.push_str(&text_of_step),
            None => text.push_str(self.input.source().slice(self.input.build.instruction(index).span)),
        }
        text.push_str(self.newline);
    }
}
