//! The text of a stage in its new order.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write as _;

use super::elements::elements;
use super::reason::Reason;
use super::state::{InstallNeeds, MovedAbove, MovedBelow, Walk};
use crate::build::{Setting, User, installed};
use crate::dockerfile::{File, Keyword};
use crate::text::{Edit, Span, path};

/// The maximum number of copies that are added to a stage; a person would write no more.
const MOST: usize = 24;

/// The edits up to the instruction `last`, and the files that are copied first.
pub(super) fn write(walk: &Walk, last: usize) -> Result<(Vec<Edit>, BTreeSet<String>), Reason> {
    let file = &walk.build.input().file;
    let mut writer = ArrangementWriter {
        walk,
        file,
        newline: if file.source().text().contains("\r\n") { "\r\n" } else { "\n" },
        out: String::new(),
        copied: BTreeSet::new(),
        lines: 0,
        folder: installed::workdir(walk.build, walk.stage, last + 1),
        user: walk.build.user_at(walk.stage, last + 1),
    };
    for (at, above) in walk.above.iter().enumerate() {
        writer.above(above, at == 0)?;
    }
    let (folder, user) = (writer.folder.clone(), writer.user.clone());
    let mut written = BTreeSet::new();
    for below in walk.below.iter().filter(|below| below.parts.as_ref().is_none_or(|parts| !parts.is_empty())) {
        if written.insert(below.index) {
            writer.below(below)?;
        }
    }
    writer.go_to(&folder, &user)?;
    if writer.lines > MOST {
        return Err(Reason::ManyCopies(writer.lines));
    }
    let span = Span::new(file.instruction_span(walk.first).start, file.instruction_span(last).end);
    let mut moved = walk.above.iter().map(|above| above.index).chain(walk.below.iter().map(|below| below.index));
    if moved.any(|index| file.source().slice(file.instruction_span(index)).trim_end().ends_with(file.escape())) {
        return Err(Reason::OpenLastLine);
    }
    Ok((vec![Edit { span, text: writer.out }], writer.copied))
}

struct ArrangementWriter<'w, 'b, 'i> {
    walk: &'w Walk<'b, 'i>,
    file: &'i File,
    newline: &'static str,
    out: String,
    copied: BTreeSet<String>,
    /// The number of copies that were added.
    lines: usize,
    /// WORKDIR and USER at the end of the text written so far.
    folder: String,
    user: Setting<User>,
}

impl ArrangementWriter<'_, '_, '_> {
    /// Blank lines and separate comments before an instruction.
    fn gap(&self, index: usize) -> &str {
        let start = index.checked_sub(1).map_or(0, |before| self.file.instruction_span(before).end);
        self.file.source().slice(Span::new(start, self.file.instruction_span(index).start.max(start)))
    }

    /// The comments right above an instruction, and its lines with a line ending.
    fn instruction_text(&self, index: usize) -> (&str, String) {
        let (passage, instruction_span) = (self.file.instruction_span(index), self.file.instructions()[index].span);
        let comments = self.file.source().slice(Span::new(passage.start, instruction_span.start));
        let mut text = self.file.source().slice(Span::new(instruction_span.start, passage.end)).to_owned();
        if !text.ends_with('\n') {
            text.push_str(self.newline);
        }
        (comments, text)
    }

    fn above(&mut self, above: &MovedAbove, first: bool) -> Result<(), Reason> {
        if let Some(command) = above.command {
            for needs in &above.needs {
                self.copies(above.index, needs)?;
            }
            let _ = write!(self.out, "RUN {command}{}", self.newline);
            return Ok(());
        }
        let gap = if first { String::new() } else { self.gap(above.index).to_owned() };
        self.out.push_str(&gap);
        let (comments, text) = self.instruction_text(above.index);
        let (comments, mut text) = (comments.to_owned(), text);
        if let Some(parts) = &above.parts {
            let options: Vec<(u32, &str)> = above.needs.iter().filter_map(|needs| needs.without_project).collect();
            text = self.divided(above.index, parts, &options).ok_or(Reason::Indivisible)?;
        }
        self.out.push_str(&comments);
        for needs in &above.needs {
            self.copies(above.index, needs)?;
        }
        self.out.push_str(&text);
        Ok(())
    }

    fn below(&mut self, below: &MovedBelow) -> Result<(), Reason> {
        let walk = self.walk;
        let instruction = walk.build.instruction(below.index);
        let gap = if below.index == walk.first {
            walk.above.first().map_or("", |above| self.gap(above.index))
        } else if walk.above.first().is_some_and(|above| above.index == below.index) {
            ""
        } else {
            self.gap(below.index)
        };
        let gap = gap.to_owned();
        self.out.push_str(&gap);
        let (comments, text) = self.instruction_text(below.index);
        let (comments, mut text) = (comments.to_owned(), text);
        if matches!(instruction.keyword, Keyword::Copy | Keyword::Add) {
            text = self.moved_copy(below.index, text)?;
        } else {
            let folder = installed::workdir(walk.build, walk.stage, below.index);
            let user = walk.build.user_at(walk.stage, below.index);
            self.go_to(&folder, &user)?;
        }
        if let Some(parts) = &below.parts {
            // The comments are above the part that moves up.
            self.out.push_str(&self.divided(below.index, parts, &[]).ok_or(Reason::Indivisible)?);
        } else {
            self.out.push_str(&comments);
            self.out.push_str(&text);
        }
        Ok(())
    }

    /// Writes WORKDIR and USER if they differ from the wanted ones.
    fn go_to(&mut self, folder: &str, user: &Setting<User>) -> Result<(), Reason> {
        if *folder != self.folder {
            if folder.starts_with("/?") {
                return Err(Reason::WorkdirUnknown);
            }
            let _ = write!(self.out, "WORKDIR {folder}{}", self.newline);
            folder.clone_into(&mut self.folder);
        }
        if user.value() != self.user.value() {
            let name = match user {
                Setting::By(index, _) => self.file.str(self.walk.build.instruction(*index).rest).to_owned(),
                Setting::Base(User::Root) | Setting::Default(User::Root) => "root".to_owned(),
                _ => return Err(Reason::UserUnknown),
            };
            let _ = write!(self.out, "USER {name}{}", self.newline);
            self.user = user.clone();
        }
        Ok(())
    }

    /// The text of a copy, with an absolute destination if the working directory is different now.
    fn moved_copy(&self, index: usize, text: String) -> Result<String, Reason> {
        let walk = self.walk;
        let workdir = installed::workdir(walk.build, walk.stage, index);
        let instruction = walk.build.instruction(index);
        let Some(parts) = self.file.transfer(instruction) else { return Ok(text) };
        if workdir == self.folder {
            return Ok(text);
        }
        let to = &parts.destination;
        if to.text.starts_with('/') {
            return Ok(text);
        }
        if workdir.starts_with("/?") || to.text.contains('$') {
            return Err(Reason::WorkdirUnknown);
        }
        let folder = to.text.ends_with('/') || to.text.ends_with('.') || parts.sources.len() > 1;
        let mut target = path::join(&workdir, &to.text);
        if folder && target != "/" {
            target.push('/');
        }
        let span = to.span;
        let quoted = self.file.source().slice(span).starts_with('"');
        let target = if quoted { format!("\"{target}\"") } else { target };
        let start = instruction.span.start;
        let (from, end) = ((span.start - start) as usize, (span.end - start) as usize);
        let mut moved = text;
        if moved.get(from..end).is_none() {
            return Err(Reason::DestinationFixed);
        }
        moved.replace_range(from..end, &target);
        Ok(moved)
    }

    /// A RUN with some of its elements. `options` are inserted at offsets of the script.
    fn divided(&self, index: usize, parts: &[usize], options: &[(u32, &str)]) -> Option<String> {
        let build = self.walk.build;
        let code = build.code(index)?;
        let source = self.file.source();
        let instruction = build.instruction(index);
        let (all, _) = elements(code);
        let place = |at: u32| code.place(self.file, Span::at(at)).start;
        let mut texts: Vec<String> = Vec::new();
        for element in parts.iter().map(|at| &all[*at]) {
            let mut text = String::new();
            let mut from = place(element.span.start);
            for (at, option) in options.iter().filter(|(at, _)| (element.span.start..=element.span.end).contains(at)) {
                let at = place(*at);
                let _ = write!(text, "{} {option}", source.slice(Span::new(from, at)));
                from = at;
            }
            text.push_str(source.slice(Span::new(from, code.place(self.file, element.span).end)));
            texts.push(text);
        }
        // The text between two elements, in the author's style.
        let between = all.first().zip(all.get(1)).map_or(" && ", |(a, b)| {
            let (from, to) = (code.place(self.file, a.span).end, place(b.span.start));
            source.slice(Span::new(from, to))
        });
        let head = source.slice(Span::new(instruction.span.start, place(all.first()?.span.start)));
        // A continuation after the head is only needed for several commands.
        let head = if texts.len() == 1 && head.contains(self.file.escape()) {
            head.split(self.file.escape()).next().unwrap_or(head).trim_end().to_owned() + " "
        } else {
            head.to_owned()
        };
        // A heredoc ends with its name.
        let end = code.place(self.file, Span::at(all.last()?.span.end)).start;
        let tail = match instruction.heredocs.len() {
            0 => "",
            1 => source.slice(Span::new(end, self.file.instruction_span(index).end.max(end))).trim_end(),
            _ => return None,
        };
        Some(format!("{head}{}{tail}{}", texts.join(between), self.newline))
    }

    /// Writes the copies of the files that an install reads.
    fn copies(&mut self, at: usize, needs: &InstallNeeds) -> Result<(), Reason> {
        if let Some(way) = needs.ways.iter().find(|way| self.walk.landing(at, &way.manifest).is_none()) {
            return Err(Reason::ManifestUnreachable(way.manifest.clone()));
        }
        // By copy of sources and destination; a destination without a slash is a file.
        let mut groups: BTreeMap<(usize, String), Vec<&str>> = BTreeMap::new();
        for path in needs.in_order() {
            let Some((index, to)) = self.source_copy(at, path)? else { continue };
            let name = path::name(path);
            let folder = to.strip_suffix(name).filter(|folder| folder.ends_with('/'));
            groups.entry((index, folder.unwrap_or(&to).to_owned())).or_default().push(path);
        }
        for path in needs.ways.iter().flat_map(|way| &way.folders) {
            if path.is_empty() {
                return Err(Reason::WholeContext);
            }
            let Some((index, to)) = self.source_copy(at, path)? else { continue };
            groups.entry((index, format!("{to}/"))).or_default().push(path);
        }
        self.lines += groups.len();
        for ((index, to), paths) in groups {
            let line = self.copy(index, at, &paths, &to)?;
            self.out.push_str(&line);
        }
        Ok(())
    }

    /// The copy of sources that contains a path, and the destination; `None` if it is already copied, or not at all.
    fn source_copy(&mut self, at: usize, path: &str) -> Result<Option<(usize, String)>, Reason> {
        let Some((transfer, to)) = self.walk.landing(at, path) else { return Ok(None) };
        let below = self.walk.is_below(transfer.index) && !self.walk.is_brought_above(at, path, &to);
        if !below || !self.copied.insert(path.to_owned()) {
            return Ok(None);
        }
        if path.contains([' ', '*', '?', '[', '$', '"', '\\', '\'', '\n']) {
            return Err(Reason::NeedsQuotes(path.to_owned()));
        }
        Ok(Some((transfer.index, to)))
    }

    /// A COPY line in the style of the copy of sources that contained the files before.
    fn copy(&self, index: usize, at: usize, paths: &[&str], to: &str) -> Result<String, Reason> {
        let instruction = self.walk.build.instruction(index);
        let parts = self.file.transfer(instruction).ok_or(Reason::CopyUnknown)?;
        let mut flags = String::new();
        for flag in &instruction.flags {
            let text = self.file.source().slice(flag.word.span);
            if ["--chown=", "--chmod=", "--link"].iter().any(|known| text.starts_with(known)) {
                let _ = write!(flags, "{text} ");
            }
        }
        let folder = installed::workdir(self.walk.build, self.walk.stage, at);
        let below = to.strip_prefix(folder.trim_end_matches('/')).and_then(|rest| rest.strip_prefix('/'));
        let to = match below.filter(|_| !parts.destination.text.starts_with(['/', '$'])) {
            Some("") => "./",
            Some(below) => below,
            None if to.starts_with("/?") => return Err(Reason::WorkdirUnknown),
            None => to,
        };
        Ok(format!("COPY {flags}{} {to}{}", paths.join(" "), self.newline))
    }
}
