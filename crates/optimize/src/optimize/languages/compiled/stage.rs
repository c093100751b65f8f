//! The text of the final stage: the author's lines about the container, and the copied files.

use super::split_blocker::SplitBlocker;
use std::collections::BTreeSet;

use super::commands::{self, CommandFate, RunCommand};
use super::image_paths;
use super::plan::TransferPlan;
use crate::build::toolchain::Language;
use crate::build::{Stage, StageBase};
use crate::dockerfile::{Instruction, Keyword};
use crate::optimize::new_stage::uses_variable;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::text::path;

/// The stage below its FROM.
pub(super) struct Runtime {
    /// Its lines.
    pub text: String,
    /// Instructions that leave the stage that builds.
    pub moved: Vec<usize>,
    /// What is copied, in a few words.
    pub copied: String,
}

/// Writes the stage.
struct StageWriter<'p, 'a> {
    input: &'p PassInput<'a>,
    plan: &'p TransferPlan<'p>,
    build: &'p str,
    text: String,
    moved: Vec<usize>,
    /// The folder of the next line.
    folder: Option<String>,
    /// WORKDIRs that nothing has needed yet.
    waiting: Vec<usize>,
    /// Folders that RUNs of the stage make.
    prepared: BTreeSet<String>,
    copied: bool,
    /// A WORKDIR that was written before its output.
    early: Option<usize>,
}

impl Runtime {
    /// Goes through the author's lines.
    pub(super) fn of(input: &PassInput, plan: &TransferPlan, build: &str) -> Result<Self, SplitBlocker> {
        let mut writer = StageWriter {
            input,
            plan,
            build,
            text: String::new(),
            moved: Vec::new(),
            folder: image_paths::workdir(input.build, plan.root(), plan.root().start),
            waiting: Vec::new(),
            prepared: BTreeSet::new(),
            copied: false,
            early: None,
        };
        for stage in &plan.chain {
            for (index, instruction) in input.build.instructions(stage) {
                if index > plan.last && !writer.copied {
                    writer.copy();
                }
                writer.line(stage, index, instruction)?;
            }
        }
        if !writer.copied {
            writer.copy();
        }
        writer.write_workdirs();
        let copied = writer.comment_text();
        Ok(Self { text: writer.text, moved: writer.moved, copied })
    }
}

impl StageWriter<'_, '_> {
    fn line(&mut self, stage: &Stage, index: usize, instruction: &Instruction) -> Result<(), SplitBlocker> {
        use Keyword as K;
        match instruction.keyword {
            keyword if keyword.describes_image() => {
                let last = matches!(keyword, K::Cmd | K::Entrypoint | K::Healthcheck);
                let in_force = self.input.build.last(self.plan.target, keyword);
                if last && in_force.is_some_and(|(at, _)| at != index) {
                    return Ok(());
                }
                if last || keyword == K::Volume {
                    self.write_workdirs();
                }
                self.take(stage, index, true);
            }
            K::Env | K::Shell => self.take(stage, index, index > self.plan.last),
            K::User => {
                self.write_workdirs();
                self.take(stage, index, index > self.plan.last);
            }
            K::Arg if self.is_used(stage, index) => self.take(stage, index, false),
            K::Workdir if self.early == Some(index) => {}
            K::Workdir => {
                let text = self.input.file().str(instruction.rest).to_owned();
                if text.starts_with('/') {
                    self.waiting.clear();
                }
                self.waiting.push(index);
                self.folder = image_paths::workdir(self.input.build, stage, index + 1);
                if index > self.plan.last {
                    self.write_workdirs();
                }
            }
            K::Copy | K::Add => self.transfer(stage, index, instruction),
            K::Run => self.run(stage, index, instruction)?,
            _ => {}
        }
        Ok(())
    }

    /// Takes an instruction over; what serves here alone leaves the other stage.
    fn take(&mut self, stage: &Stage, index: usize, away: bool) {
        if away && stage.index == self.plan.target.index {
            self.text.push_str(&self.input.passage_text(index).replace("\r\n", "\n"));
            self.moved.push(index);
        } else {
            self.push(&self.own_text(index));
        }
    }

    /// An instruction's text without the comments above it.
    fn own_text(&self, index: usize) -> String {
        let span = self.input.build.instruction(index).span;
        self.input.source().slice(span).trim_end().replace("\r\n", "\n")
    }

    fn push(&mut self, line: &str) {
        self.text.push_str(line.trim_end());
        self.text.push('\n');
    }

    /// Writes the WORKDIRs that wait.
    fn write_workdirs(&mut self) {
        for index in std::mem::take(&mut self.waiting) {
            let stage = self.input.build.stage_of(index).map_or(0, |stage| stage.index);
            if index > self.plan.last && stage == self.plan.target.index {
                self.text.push_str(&self.input.passage_text(index).replace("\r\n", "\n"));
                self.moved.push(index);
            } else {
                self.push(&self.own_text(index));
            }
        }
    }

    /// Whether a line of the stage that ships names the argument.
    fn is_used(&self, stage: &Stage, index: usize) -> bool {
        let names = self.input.argument_names(index);
        self.input.build.instructions(stage).filter(|(at, _)| *at > index).any(|(at, instruction)| {
            use Keyword as K;
            let stays = match instruction.keyword {
                K::Run => self.plan.runs.get(&at).is_some_and(|run| !commands::needed_commands(run).is_empty()),
                keyword => !matches!(keyword, K::Arg | K::Copy | K::Add),
            };
            stays && uses_variable(self.input.source().slice(instruction.span), &names)
        })
    }

    /// What comes from another image or stage comes here too; what comes from the context comes with the products.
    fn transfer(&mut self, stage: &Stage, index: usize, instruction: &Instruction) {
        let Some(transfer) = self.input.build.transfer_at(stage, index) else { return };
        let toolchain = match &transfer.from {
            Some(StageBase::Image(image)) => Language::of_image(image).is_some(),
            Some(_) => false,
            None => instruction.heredocs.is_empty(),
        };
        if !toolchain {
            self.write_workdirs();
            self.take(stage, index, index > self.plan.last);
        }
    }

    /// Whether a WORKDIR names its folder in full, and no line between needs another one.
    fn is_next(&self, workdir: usize) -> bool {
        let file = self.input.file();
        let full = file.str(self.input.build.instruction(workdir).rest).starts_with('/');
        let between = file.instructions().get(self.plan.last + 1..workdir).unwrap_or_default();
        full && !between.iter().any(|instruction| {
            matches!(instruction.keyword, Keyword::Run | Keyword::Copy | Keyword::Add | Keyword::User)
        })
    }

    /// Copies what the image needs.
    fn copy(&mut self) {
        self.copied = true;
        let last = self.input.build.last(self.plan.target, Keyword::Workdir).map(|(index, _)| index);
        let later = last.is_some_and(|last| last > self.plan.last);
        match last.filter(|last| later && self.is_next(*last)) {
            // A folder that only the build works in is not made.
            Some(last) => {
                self.waiting = vec![last];
                self.early = Some(last);
                self.folder = image_paths::workdir(self.input.build, self.plan.target, usize::MAX);
                self.write_workdirs();
            }
            None if later => {}
            None => self.write_workdirs(),
        }
        let later = later && self.early.is_none();
        let folder = if later { None } else { self.folder.clone() };
        let mut lines = Vec::new();
        if let Some(whole) = &self.plan.whole {
            lines.push((vec![whole.clone()], image_paths::path_in_folder(whole, folder.as_deref(), true)));
        }
        for item in self.plan.items.iter().filter(|item| item.folder) {
            lines.push((vec![item.path.clone()], image_paths::path_in_folder(&item.path, folder.as_deref(), true)));
        }
        let single_files = self.plan.items.iter().filter(|item| !item.folder);
        let mut files: Vec<(String, String)> =
            single_files.map(|item| (item.path.clone(), item.path.clone())).collect();
        for (product, to) in &self.plan.products {
            if product.folder {
                lines.push((vec![product.path.clone()], image_paths::path_in_folder(to, folder.as_deref(), true)));
            } else {
                files.push((product.path.clone(), to.clone()));
            }
        }
        for (from, to) in files {
            let (above, name) = path::split(&to);
            let into = path::name(&from) == name;
            let to = if into {
                format!("{}/", image_paths::path_in_folder(above, folder.as_deref(), true).trim_end_matches('/'))
            } else {
                image_paths::path_in_folder(&to, folder.as_deref(), false)
            };
            match lines.iter_mut().find(|(_, known)| into && known.ends_with('/') && *known == to) {
                Some((sources, _)) if self.plan.whole.is_none() => sources.push(from),
                _ => lines.push((vec![from], to)),
            }
        }
        for (sources, to) in lines {
            let line = format!("COPY --from={} {} {to}", self.build, sources.join(" "));
            self.push(&line);
        }
    }

    /// The commands of a RUN that prepare the container.
    fn run(&mut self, stage: &Stage, index: usize, instruction: &Instruction) -> Result<(), SplitBlocker> {
        let Some(run) = self.plan.runs.get(&index) else { return Ok(()) };
        let compiles = run.compiles().is_some() || run.has(&CommandFate::Works);
        if !run.separable {
            let prepares = run.commands.iter().any(|command| match &command.fate {
                CommandFate::Prepares | CommandFate::Unknown => true,
                CommandFate::Packages(packages) => !packages.is_empty(),
                _ => false,
            });
            refuse_if(compiles && prepares, SplitBlocker::PreparesContainer { line: instruction.start_line })?;
            if prepares {
                self.write_workdirs();
                self.take(stage, index, false);
            }
            return Ok(());
        }
        let wanted = commands::needed_commands(run);
        let mut texts = Vec::new();
        for command in wanted {
            match &command.fate {
                CommandFate::Prepares => texts.extend(self.prepared(stage, index, command)),
                CommandFate::Packages(packages) => texts.push(super::packages::command(&command.text, packages)),
                _ => texts.push(command.text.clone()),
            }
        }
        let is_lists = |text: &String| text.starts_with("rm ") || text.contains(" update") && !text.contains("install");
        if texts.iter().all(is_lists) {
            return Ok(());
        }
        self.write_workdirs();
        let all = texts.len() == run.commands.len()
            && texts.iter().zip(&run.commands).all(|(text, run_command)| *text == run_command.text);
        if all {
            self.take(stage, index, index > self.plan.last);
            return Ok(());
        }
        let installs = |command: &RunCommand| matches!(command.fate, CommandFate::Packages(_) | CommandFate::Lists);
        let flags = if run.commands.iter().any(installs) { &instruction.flags[..] } else { &[] };
        let flags: Vec<&str> = flags.iter().map(|flag| self.input.file().flag(flag)).collect();
        let joined = texts.join(" \\\n    && ");
        let words = [flags, vec![&joined]].concat();
        self.push(&format!("RUN {}", words.join(" \\\n    ")));
        Ok(())
    }

    /// A command that prepares folders, without those that only the stage that builds has.
    fn prepared(&mut self, stage: &Stage, index: usize, command: &RunCommand) -> Option<String> {
        let script = crate::shell::parse(&command.text);
        let invocations = script.invocations();
        let [invocation] = invocations.as_slice() else { return Some(command.text.clone()) };
        let program = invocation.program?;
        let folder = image_paths::workdir(self.input.build, stage, index).unwrap_or_else(|| "/".into());
        let mut words = vec![program.to_owned()];
        let (mut seen, mut paths_left) = (0, 0);
        let owner_first = matches!(program, "chown" | "chgrp" | "chmod" | "setcap");
        let checks = matches!(program, "mkdir" | "touch") || owner_first;
        if !checks {
            return Some(command.text.clone());
        }
        for word in invocation.args {
            let text = word.text();
            if text.starts_with('-') {
                words.push(command.text[word.span.start as usize..word.span.end as usize].to_owned());
                continue;
            }
            seen += 1;
            let raw = command.text[word.span.start as usize..word.span.end as usize].to_owned();
            let flagged = words.last().is_some_and(|last| last == "-m" || last == "--mode");
            if (owner_first && seen == 1) || flagged {
                words.push(raw);
                continue;
            }
            let path = path::join(&folder, text);
            let exists = match program {
                "mkdir" | "touch" => !self.only_builds(&path),
                "chmod" => self.is_prepared(&path),
                _ => self.exists(&path),
            };
            if exists || word.is_dynamic() {
                paths_left += 1;
                if program == "mkdir" {
                    self.prepared.insert(path);
                }
                words.push(raw);
            }
        }
        (paths_left > 0).then(|| words.join(" "))
    }

    /// Whether only the build works in a folder.
    fn only_builds(&self, path: &str) -> bool {
        self.plan.products.iter().any(|(product, _)| product.path != path && path::is_within(&product.path, path))
            || ["/go", "/usr/local/cargo", "/root/.m2", "/root/.cargo", "/tmp"]
                .iter()
                .any(|folder| path::is_within(path, folder))
    }

    /// Whether a RUN of the stage makes a path, or something below it or above it.
    fn is_prepared(&self, path: &str) -> bool {
        self.prepared.iter().any(|prepared| image_paths::overlap(prepared, path))
    }

    /// Whether the stage that ships has the path.
    fn exists(&self, path: &str) -> bool {
        let folder = image_paths::workdir(self.input.build, self.plan.target, usize::MAX).unwrap_or_else(|| "/".into());
        let copied = self.plan.items.iter().map(|item| &item.path).chain(self.plan.products.iter().map(|(_, to)| to));
        path::is_within(&folder, path)
            || self.plan.whole.as_ref().is_some_and(|whole| image_paths::overlap(whole, path))
            || self.is_prepared(path)
            || copied.into_iter().any(|path_made| path::is_within(path_made, path))
            || (path.starts_with("/home/") && path.matches('/').count() == 2)
    }

    fn comment_text(&self) -> String {
        if let Some(whole) = &self.plan.whole {
            return format!("`{whole}`");
        }
        let names = self.plan.products.iter().map(|(product, _)| &product.path);
        let all: Vec<String> =
            names.chain(self.plan.items.iter().map(|item| &item.path)).map(|path| format!("`{path}`")).collect();
        match all.len() {
            0..=3 => all.join(", "),
            more => format!("{} and {} others", all[..2].join(", "), more - 2),
        }
    }
}
