//! Writes the stages of sites, and what is left of the final one.

use std::collections::BTreeSet;

use super::owners::{Owner, SiteRun};
use super::site::Client;
use super::steps::{self, CopyShare};
use crate::arrange::elements;
use crate::build::{Source, Stage, Transfer, installed};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::optimize::pass_input::PassInput;
use crate::text::{Span, path};

/// The edits that take sites out of the final stage.
pub(super) fn edits<'a>(input: &PassInput<'a>, stage: &Stage, clients: &[Client<'a>]) -> Vec<FileEdit> {
    let build = input.build;
    let mut used_names: BTreeSet<String> = build.stages().iter().filter_map(|stage| stage.name.clone()).collect();
    let mut stages = String::new();
    let mut copies = Vec::new();
    for client in clients {
        let writer = ClientWriter { input, stage, client };
        let name = name(client, &used_names);
        stages.push_str(&writer.stage(&name));
        stages.push_str(input.newline());
        copies.push((client.last(), name.clone(), &client.outputs));
        used_names.insert(name);
    }
    let mut edits = vec![input.edit(Span::at(input.instruction_span(stage.start).start), stages)];
    let is_left_over = |index: &usize| {
        clients.iter().any(|client| ClientWriter { input, stage, client }.is_left_over(*index, clients))
    };
    let dropped: BTreeSet<usize> = stage.instructions.clone().filter(is_left_over).collect();
    for (index, _) in build.instructions(stage) {
        let command_text = clients.iter().find_map(|client| {
            let run = client.runs.iter().find(|run| run.index == index)?;
            Some(ClientWriter { input, stage, client }.part(run, Owner::Other).unwrap_or_default())
        });
        let Some(mut text) = command_text.or_else(|| dropped.contains(&index).then(String::new)) else { continue };
        let folder = folder(input, stage, index, &dropped);
        for (_, name, paths) in copies.iter().filter(|(last, ..)| *last == index) {
            for path in *paths {
                let target = relative(path, &folder).map_or(path.clone(), |rest| format!("./{rest}"));
                text.push_str(&format!("COPY --from={name} {path} {target}{}", input.newline()));
            }
        }
        edits.push(input.edit(input.instruction_span(index), text));
    }
    edits
}

/// The name of a site's stage: that of its folder.
fn name(client: &Client, used_names: &BTreeSet<String>) -> String {
    let last = client.name().to_ascii_lowercase();
    let plain = last.starts_with(|c: char| c.is_ascii_lowercase())
        && last.chars().all(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        && last != "scratch";
    let first = if plain { last } else { "site".to_owned() };
    let others = (2..).map(|at| format!("{first}-{at}"));
    std::iter::once(first.clone()).chain(others).find(|name| !used_names.contains(name)).unwrap_or(first)
}

/// The working folder of an instruction without the WORKDIRs that are dropped.
fn folder(input: &PassInput, stage: &Stage, index: usize, dropped: &BTreeSet<usize>) -> String {
    let settings = input.build.instructions_of(stage, Keyword::Workdir).map(|(at, _)| at);
    let last = settings.take_while(|at| *at < index).last();
    match last {
        Some(at) if dropped.contains(&at) => folder(input, stage, at, dropped),
        Some(at) => installed::workdir(input.build, stage, at + 1),
        None => installed::workdir(input.build, stage, stage.start + 1),
    }
}

struct ClientWriter<'w, 'a> {
    input: &'w PassInput<'a>,
    stage: &'w Stage,
    client: &'w Client<'a>,
}

impl<'a> ClientWriter<'_, 'a> {
    /// The site's stage.
    fn stage(&self, name: &str) -> String {
        let (input, build) = (self.input, self.input.build);
        let mut text = input.stage_start(self.stage, name);
        for (index, instruction) in build.instructions(self.stage).take_while(|(index, _)| *index <= self.client.last())
        {
            let line = match instruction.keyword {
                Keyword::Arg | Keyword::Env | Keyword::Workdir => Some(input.passage_text(index)),
                Keyword::Copy | Keyword::Add => {
                    build.transfer_at(self.stage, index).and_then(|transfer| self.copy(transfer))
                }
                Keyword::Run => match self.client.runs.iter().find(|run| run.index == index) {
                    Some(run) => self.part(run, Owner::Client).or_else(|| Some(input.passage_text(index))),
                    None => steps::is_shared(input, index).then(|| input.passage_text(index)),
                },
                _ => None,
            };
            text.extend(line);
        }
        text
    }

    /// What the site's stage copies of what a COPY brings.
    fn copy(&self, transfer: &Transfer) -> Option<String> {
        match steps::copied(self.input, self.stage, self.client, transfer).ok()? {
            CopyShare::Whole => Some(self.input.passage_text(transfer.index)),
            CopyShare::Nothing => None,
            CopyShare::Folder => {
                let root = self.client.project.root.as_str();
                let works = installed::workdir(self.input.build, self.stage, transfer.index);
                let flags = transfer.instruction.flags.iter().map(|flag| self.input.source().slice(flag.word.span));
                let flags: String = flags.flat_map(|flag| [flag, " "]).collect();
                let folder = &self.client.folder;
                let to = match relative(folder, &works) {
                    _ if works == *folder => "./".to_owned(),
                    Some(rest) => format!("{rest}/"),
                    None => format!("{folder}/"),
                };
                Some(format!("COPY {flags}{root}/ {to}{}", self.input.newline()))
            }
        }
    }

    /// What of a RUN belongs to an owner; `None` where all of it is the site's.
    fn part(&self, run: &SiteRun, wanted: Owner) -> Option<String> {
        if run.elements.is_empty() {
            return None;
        }
        let (input, file) = (self.input, self.input.file());
        let code = input.build.code(run.index)?;
        let source = input.source();
        let instruction = input.build.instruction(run.index);
        let (parts, _) = elements(code);
        let place = |span: Span| code.place(file, span);
        let head = source.slice(Span::new(instruction.span.start, place(Span::at(parts.first()?.span.start)).start));
        let head = head.split(file.escape()).next().unwrap_or(head).trim_end();
        let mut current = installed::workdir(input.build, self.stage, run.index);
        let mut texts = Vec::new();
        for (part, (owner, works)) in parts.iter().zip(&run.elements) {
            let text = source.slice(place(part.span));
            let sets = *owner == Owner::Neutral && text.starts_with("set ");
            if !sets && *owner != wanted {
                continue;
            }
            if *works != current {
                texts.push(format!("cd {}", relative(works, &current).unwrap_or(works)));
                current.clone_from(works);
            }
            texts.push(text.to_owned());
        }
        let comment = source.slice(Span::new(input.instruction_span(run.index).start, instruction.span.start));
        let comment = if wanted == Owner::Client { comment } else { "" };
        Some(format!("{comment}{head} {}{}", texts.join(" && "), input.newline()))
    }

    /// Whether an instruction of the final stage serves the site alone, and something later makes up for it.
    fn is_left_over(&self, index: usize, clients: &[Client<'a>]) -> bool {
        let build = self.input.build;
        let instruction = build.instruction(index);
        match instruction.keyword {
            Keyword::Workdir => self.is_passed(index, clients),
            Keyword::Copy => {
                let copy = build.transfer_at(self.stage, index).filter(|copy| copy.from.is_none());
                let Some(copy) = copy else { return false };
                let root = &self.client.project.root;
                let ours = |source: &Source| {
                    let path = source.text.as_deref().filter(|path| path != root);
                    path.is_some_and(|path| path::is_within(&path::normalize(path), root))
                };
                let target = |transfer: &Transfer| installed::destination(build, self.stage, transfer);
                let later = build.transfers(self.stage).iter().any(|transfer| {
                    transfer.index > index
                        && transfer.from.is_none()
                        && transfer.exclude.is_empty()
                        && transfer.sources.iter().all(Source::is_everything)
                        && target(transfer).is_some_and(|to| path::join(&to, root) == self.client.folder)
                });
                later && copy.sources.iter().all(ours) && target(copy).as_deref() == Some(self.client.folder.as_str())
            }
            _ => false,
        }
    }

    /// Whether a WORKDIR into the site's folder counts for nothing that stays.
    fn is_passed(&self, index: usize, clients: &[Client<'a>]) -> bool {
        let build = self.input.build;
        if !self.client.holds(&installed::workdir(build, self.stage, index + 1)) {
            return false;
        }
        let file = &build.input().file;
        for (at, instruction) in build.instructions(self.stage).filter(|(at, _)| *at > index) {
            match instruction.keyword {
                Keyword::Workdir => {
                    let text = self.input.source().slice(instruction.span);
                    return text.split_whitespace().nth(1).is_some_and(|path| path.starts_with('/'));
                }
                Keyword::Copy | Keyword::Add => {
                    let parts = file.transfer(instruction);
                    let absolute = parts.is_some_and(|parts| parts.destination.text.starts_with('/'));
                    let mut others = clients.iter().map(|client| ClientWriter { client, ..*self });
                    let copies = instruction.keyword == Keyword::Copy;
                    if !(absolute || copies && others.any(|other| other.is_left_over(at, clients))) {
                        return false;
                    }
                }
                Keyword::Run => {
                    let run = clients.iter().flat_map(|client| &client.runs).find(|run| run.index == at);
                    if run.is_none_or(|run| !run.elements.is_empty()) {
                        return false;
                    }
                }
                Keyword::Env | Keyword::Arg | Keyword::Label | Keyword::Expose => {}
                _ => return false,
            }
        }
        false
    }
}

/// A path as it is written in a folder above it.
fn relative<'p>(path: &'p str, folder: &str) -> Option<&'p str> {
    path::relative(path, folder).filter(|rest| !rest.is_empty())
}
