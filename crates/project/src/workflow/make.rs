//! Makefiles (GNU make manual, "Makefile Contents", "Writing Recipes in Rules") ─► the model: rules with recipes are jobs, and
//! what a shell gets of their lines is steps. Variables with one plain value are filled in; all else of make is not known.

mod variables;

use self::variables::{MakeVariables, parts};
use super::model::{Job, PipelineKind, Recipe, RepositoryFiles, Step, Workflow, WorkflowGap};
use super::place::{WorkflowPlace, WorkflowText};
use super::script::{ScriptPart, ScriptText};
use crate::shell::shell_of_shebang;
use crate::text::{Source, Span, path};

/// Rules of one makefile that are read.
const RULES: usize = 20_000;

/// Makefiles that are read for one.
const FILES: usize = 50;

/// Bytes of values that are filled in for one makefile.
const FILLED: usize = 1 << 20;

/// The rules of a makefile and of those that it includes.
pub(super) fn read(file: &str, source: &Source, files: &RepositoryFiles) -> Workflow {
    let name = path::name(file).to_ascii_lowercase();
    // Others are included, and run in the folder of the makefile that does.
    let is_whole = name.ends_with("makefile");
    let mut reader = MakeReader {
        workflow: Workflow::new(PipelineKind::Make, file),
        variables: MakeVariables::default(),
        rules: Vec::new(),
        is_one_shell: false,
        conditions: 0,
    };
    let folder = path::parent(file).to_owned();
    let mut sources = vec![source.clone()];
    let mut number = 0;
    while let Some(source) = sources.get(number).cloned() {
        for include in reader.add_file(source.text(), number as u32) {
            let path = path::normalize(&path::join(&folder, &include.path));
            let is_known = reader.workflow.files.contains(&path);
            let source = if sources.len() < FILES { files(&path) } else { None };
            match source {
                Some(_) if is_known => {}
                Some(source) => {
                    sources.push(source);
                    reader.workflow.files.push(path);
                }
                // It may set any variable.
                None => {
                    reader.variables.is_open = true;
                    let what = format!("the included `{}` was not read", include.path);
                    reader.workflow.gaps.push(WorkflowGap { place: include.place, what });
                }
            }
        }
        number += 1;
    }
    reader.variables.settle();
    let folder = is_whole.then_some(folder);
    reader.finish(&sources, folder.as_deref())
}

struct MakeReader {
    workflow: Workflow,
    variables: MakeVariables,
    rules: Vec<Rule>,
    is_one_shell: bool,
    /// `ifeq`s that are open.
    conditions: usize,
}

/// A rule as written.
struct Rule {
    file: u32,
    targets: Vec<(String, Span)>,
    needs: Vec<String>,
    comment: String,
    /// The lines of its recipe, those that `\` continues in one, without the tab before the first.
    lines: Vec<Span>,
}

struct Include {
    path: String,
    place: WorkflowPlace,
}

impl MakeReader {
    /// Adds the lines of a file; the files that it includes.
    fn add_file(&mut self, text: &str, file: u32) -> Vec<Include> {
        let mut includes = Vec::new();
        let mut comment = String::new();
        let (mut in_rule, mut in_define, mut at) = (false, false, 0);
        while at < text.len() {
            let is_recipe = text[at..].starts_with('\t') && in_rule;
            let end = logical_end(text, at);
            let span = Span::new(at as u32, end as u32);
            let line = &text[at..end];
            at = end;
            if is_recipe {
                if let Some(rule) = self.rules.last_mut() {
                    rule.lines.push(Span::new(span.start + 1, span.end));
                }
                continue;
            }
            let trimmed = line.trim();
            let first = trimmed.split_whitespace().next().unwrap_or_default();
            match first {
                "endef" => in_define = false,
                _ if in_define => {}
                "" => comment.clear(),
                "define" => in_define = true,
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => self.conditions += 1,
                "endif" => self.conditions = self.conditions.saturating_sub(1),
                "else" => {}
                "include" | "-include" | "sinclude" => {
                    let place = WorkflowPlace { file, span };
                    let words = trimmed.split_whitespace().skip(1).take_while(|word| !word.starts_with('#'));
                    includes.extend(words.map(|path| Include { path: path.to_owned(), place }));
                }
                _ if trimmed.starts_with('#') => {
                    comment.push_str(trimmed.trim_start_matches(['#', ' ']));
                    comment.push('\n');
                    continue;
                }
                _ if self.variables.add(trimmed, self.conditions > 0) => in_rule = false,
                _ => {
                    let comment = std::mem::take(&mut comment);
                    in_rule = self.add_rule(line, span.start, file, comment);
                }
            }
            comment.clear();
        }
        includes
    }

    /// Adds a rule; whether there is one.
    fn add_rule(&mut self, line: &str, from: u32, file: u32, mut comment: String) -> bool {
        let (code, behind) = line.split_once('#').unwrap_or((line, ""));
        let Some((targets, rest)) = split_rule(code) else { return false };
        if self.rules.len() >= RULES {
            return false;
        }
        comment.push_str(behind.trim_start_matches('#').trim());
        let (needs, command) = rest.split_once(';').map_or((rest, None), |(needs, _)| (needs, Some(needs.len() + 1)));
        // `target: NAME = value` sets a variable for this target only.
        if self.variables.forget_assigned(needs) {
            return true;
        }
        let mut names = Vec::new();
        for word in targets.split_whitespace() {
            let at = word.as_ptr() as usize - line.as_ptr() as usize;
            names.push((word.to_owned(), Span::new(from + at as u32, from + (at + word.len()) as u32)));
        }
        let is_special = |(name, _): &(String, Span)| {
            name.strip_prefix('.').is_some_and(|rest| rest.starts_with(|c: char| c.is_ascii_uppercase()))
        };
        if names.first().is_some_and(is_special) {
            self.is_one_shell |= names.iter().any(|(name, _)| name == ".ONESHELL");
            return true;
        }
        let start = rest.as_ptr() as usize - line.as_ptr() as usize;
        let lines = command.map(|at| Span::new(from + (start + at) as u32, from + line.len() as u32));
        let needs = needs.split_whitespace().filter(|word| !matches!(*word, "|" | "\\"));
        self.rules.push(Rule {
            file,
            targets: names,
            needs: needs.map(str::to_owned).collect(),
            comment,
            lines: lines.into_iter().collect(),
        });
        true
    }

    fn finish(mut self, sources: &[Source], folder: Option<&str>) -> Workflow {
        let mut budget = FILLED;
        let shell = self.variables.value("SHELL").unwrap_or("sh").to_owned();
        let is_read = shell_of_shebang(&format!("#!{shell}")).is_some_and(|shell| shell.dialect.is_parsed());
        for rule in std::mem::take(&mut self.rules) {
            let Some(source) = sources.get(rule.file as usize) else { continue };
            let [(id, span), others @ ..] = &rule.targets[..] else { continue };
            let place = WorkflowPlace { file: rule.file, span: *span };
            let lines: &[Span] = if is_read { &rule.lines } else { &[] };
            let mut texts: Vec<ScriptText> = Vec::new();
            if self.is_one_shell && !lines.is_empty() {
                texts.push(script(source.text(), lines, rule.file, &self.variables, &mut budget));
            } else {
                let of_line = |line: &Span| script(source.text(), &[*line], rule.file, &self.variables, &mut budget);
                texts.extend(lines.iter().map(of_line));
            }
            let step = |text: ScriptText| {
                let place = text.place;
                let folder = match folder {
                    Some("") => None,
                    Some(folder) => Some(WorkflowText { text: folder.to_owned(), place }),
                    None => Some(WorkflowText::unknown(place)),
                };
                let shell = Some(WorkflowText { text: shell.clone(), place });
                Step { folder, shell, ..Step::of_script(place, text) }
            };
            let texts = texts.into_iter().filter(|text| !text.text.trim().is_empty());
            let recipe = Recipe {
                comment: rule.comment,
                aliases: others.iter().map(|(name, _)| name.clone()).collect(),
                ..Recipe::default()
            };
            let steps = texts.map(step).collect();
            let job = Job { needs: rule.needs, steps, recipe: Some(recipe), ..Job::new(id.clone(), place) };
            self.workflow.jobs.push(job);
        }
        self.workflow
    }
}

/// What the shell gets of lines of a recipe: `$$` is `$`, and the tab of continued lines goes.
fn script(text: &str, lines: &[Span], file: u32, variables: &MakeVariables, budget: &mut usize) -> ScriptText {
    let mut all = Vec::new();
    let mut place: Option<Span> = None;
    for (number, line) in lines.iter().enumerate() {
        let written = text[line.range()].trim_end();
        // `.ONESHELL` takes the prefixes of the first line only.
        let content = if number == 0 { written.trim_start_matches(['@', '-', '+', ' ', '\t']) } else { written };
        let mut from = line.start as usize + written.len() - content.len();
        let end = from + content.len();
        place = Some(place.map_or(Span::new(from as u32, end as u32), |place| Span::new(place.start, end as u32)));
        for (number, part) in content.split_inclusive('\n').enumerate() {
            let cut = if number > 0 { part.strip_prefix('\t').unwrap_or(part) } else { part };
            parts(cut, from + part.len() - cut.len(), variables, budget, &mut all);
            from += part.len();
        }
        if number + 1 < lines.len() {
            all.push(ScriptPart::Value("\n".to_owned(), Span::at(end as u32)));
        }
    }
    let span = place.unwrap_or(Span::at(0));
    ScriptText::of_parts(&all, WorkflowPlace { file, span })
}

/// Where the line ends that starts at `from`, with those that `\` continues.
fn logical_end(text: &str, from: usize) -> usize {
    let mut end = from;
    for line in text[from..].split_inclusive('\n') {
        end += line.len();
        let content = line.trim_end_matches(['\n', '\r']);
        let slashes = content.len() - content.trim_end_matches('\\').len();
        if slashes % 2 == 0 {
            break;
        }
    }
    end
}

/// The targets of a rule, and what stands behind the colon.
fn split_rule(code: &str) -> Option<(&str, &str)> {
    let mut depth = 0_usize;
    let bytes = code.as_bytes();
    for (at, byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            // `C:\a` is no target of a makefile that builds images.
            b':' if depth == 0 => {
                let targets = code[..at].trim_end_matches('&').trim();
                let rest = code[at + 1..].trim_start_matches(':');
                return (!targets.is_empty()).then_some((targets, rest));
            }
            b'=' if depth == 0 => return None,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests;
