//! Writes the stage of a site's web server in the place of the last one, and takes away what is of no use beside it.

use super::blocker::SiteBlocker;
use std::collections::BTreeSet;

use super::image::WebServer;
use super::nginx;
use super::served::Site;
use crate::arrange::elements;
use crate::build::{BaseImage, Presence, Purpose, Stage, StageBase, installed};
use crate::dockerfile::Keyword;
use crate::endpoint::NGINX_ROOT;
use crate::finding::FileEdit;
use crate::inputs::context::ContextEntryKind;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::shell::{Invocation, Verb};
use crate::text::{Span, path};

/// Where the files come from.
struct BuiltFiles {
    /// The stage, as `--from` names it.
    stage: String,
    /// The folder in it.
    folder: String,
}

/// The edits; an error where stages would get in each other's way.
pub(super) fn edits(
    input: &PassInput,
    stage: &Stage,
    site: &Site,
    server: &WebServer,
) -> Result<Vec<FileEdit>, SiteBlocker> {
    let build = input.build;
    refuse_if(build.edges_to(stage).next().is_some(), SiteBlocker::StageIsBase)?;
    let writer = SiteWriter { input, stage, site };
    let mut out = String::new();
    let built_files = match writer.maker() {
        Some(built_files) if site.build.is_none() => built_files,
        _ => {
            let name = input.free_stage_name(&["build", "site", "site-build", "built-site"]);
            out.push_str(&writer.build_stage(name));
            out.push_str(input.newline());
            BuiltFiles { stage: name.to_owned(), folder: site.folder.clone() }
        }
    };
    let from_other = out.is_empty();
    out.push_str(&writer.server_stage(server, &built_files)?);
    let mut edits = vec![input.edit(input.stage_span(stage), out.trim_end())];
    if from_other {
        edits.extend(writer.leftovers());
    }
    Ok(edits)
}

struct SiteWriter<'w, 'a> {
    input: &'w PassInput<'a>,
    stage: &'w Stage,
    site: &'w Site,
}

impl SiteWriter<'_, '_> {
    /// The stage before this one that makes the files, where one does.
    fn maker(&self) -> Option<BuiltFiles> {
        let build = self.input.build;
        let folder = &self.site.folder;
        let brings = build.transfers(self.stage).iter().rev().find_map(|transfer| {
            let target = installed::destination(build, self.stage, transfer)?;
            let [source] = transfer.sources.as_slice() else { return None };
            let source = source.text.as_deref().filter(|text| !text.contains(['*', '?', '[']))?;
            let below = path::relative(folder, &target)?;
            // A file that is copied into the folder brings nothing below it.
            let is_file = self.is_file(path::name(source));
            (below.is_empty() || !is_file).then_some((transfer, source, below))
        });
        let (transfer, source, below) = brings?;
        let Some(StageBase::Stage(from)) = transfer.from else { return None };
        let mut later_runs = build.instructions_of(self.stage, Keyword::Run).filter(|(at, _)| *at > transfer.index);
        if later_runs.any(|(index, _)| !self.is_without_effect(index)) {
            return None;
        }
        let built_files = build.stages().get(from)?;
        // Sources of another stage are relative to its root.
        let source = path::join("/", source);
        let name = built_files.name.clone().unwrap_or_else(|| built_files.index.to_string());
        Some(BuiltFiles { stage: name, folder: if below.is_empty() { source } else { path::join(&source, below) } })
    }

    /// Whether the context has files of this name, and no folder.
    fn is_file(&self, name: &str) -> bool {
        let Some(context) = self.input.context() else { return false };
        let named_entries = || context.entries().filter(|id| context.entry(*id).name == name);
        named_entries().next().is_some() && named_entries().all(|id| context.entry(id).kind == ContextEntryKind::File)
    }

    /// The stage that builds: what the last one was, up to the last instruction that changes its files.
    fn build_stage(&self, name: &str) -> String {
        let (input, build) = (self.input, self.input.build);
        let newline = input.newline();
        let mut out = input.stage_start(self.stage, name);
        let changes = |keyword: Keyword| matches!(keyword, Keyword::Run | Keyword::Copy | Keyword::Add);
        let last = build.instructions(self.stage).filter(|(index, instruction)| {
            changes(instruction.keyword) && !(instruction.keyword == Keyword::Run && self.is_without_effect(*index))
        });
        let end = last.map(|(index, _)| index).last().unwrap_or(self.stage.start);
        for (index, instruction) in build.instructions(self.stage).filter(|(index, _)| *index <= end) {
            if instruction.keyword.describes_image() && instruction.keyword != Keyword::Volume {
                continue;
            }
            let text = match instruction.keyword {
                Keyword::Run => self.without_server(index),
                _ => Some(input.passage_text(index)),
            };
            let Some(text) = text else { continue };
            if input.begins_paragraph(index) {
                out.push_str(newline);
            }
            out.push_str(&text);
        }
        if let Some(script) = self.site.build {
            out.push_str(&format!("RUN npm run {script}{newline}"));
        }
        out
    }

    /// A RUN without what only installs the server for all; `None` where nothing is left of it.
    fn without_server(&self, index: usize) -> Option<String> {
        let input = self.input;
        let whole = || Some(input.passage_text(index));
        let Some(code) = input.build.code(index).filter(|code| !code.is_exec()) else { return whole() };
        let (parts, divisible) = elements(code);
        let installs = |invocations: &[Invocation]| {
            !invocations.is_empty() && invocations.iter().all(|invocation| self.installs_server(invocation))
        };
        if self.is_called_elsewhere(index) || !parts.iter().any(|part| installs(&part.invocations)) {
            return whole();
        }
        let clean = |invocations: &[Invocation]| {
            invocations
                .iter()
                .all(|invocation| self.installs_server(invocation) || Purpose::of(invocation) == Purpose::Clean)
        };
        if parts.iter().all(|part| clean(&part.invocations)) {
            return None;
        }
        if !divisible {
            return whole();
        }
        let file = input.file();
        let source = input.source();
        let place = |span: Span| code.place(file, span);
        let start = place(Span::at(parts.first()?.span.start)).start;
        let passage = input.instruction_span(index);
        let kept_parts: Vec<&str> = parts
            .iter()
            .filter(|part| !installs(&part.invocations))
            .map(|part| source.slice(place(part.span)))
            .collect();
        let head = source.slice(Span::new(passage.start, start));
        Some(format!("{head}{}{}", kept_parts.join(" && "), input.newline()))
    }

    fn installs_server(&self, invocation: &Invocation) -> bool {
        let Some(call) = invocation.package_call().filter(|call| call.verb == Verb::Install) else { return false };
        Purpose::of(invocation) == Purpose::Programs
            && !call.packages.is_empty()
            && call.packages.iter().all(|package| package.name.text == self.site.program)
    }

    /// Whether another RUN calls the server's program by its name.
    fn is_called_elsewhere(&self, index: usize) -> bool {
        let mut runs = self.input.build.own_runs(self.stage).filter(|run| run.index != index);
        runs.any(|run| run.invocations().iter().any(|invocation| invocation.is(self.site.program)))
    }

    /// Whether a RUN changes nothing of what is served: it installs the server, empties caches or takes packages away.
    fn is_without_effect(&self, index: usize) -> bool {
        let Some(code) = self.input.build.code(index) else { return false };
        code.script.invocations().iter().all(|invocation| {
            let removes = invocation.package_call().is_some_and(|call| call.verb == Verb::Remove);
            let omits = invocation.package_call().is_some_and(|call| call.verb_text == "prune");
            let aside = matches!(Purpose::of(invocation), Purpose::Clean | Purpose::Account | Purpose::Lists);
            self.installs_server(invocation) || aside || removes || omits || invocation.is("chown")
        })
    }

    /// The stage that serves.
    fn server_stage(&self, server: &WebServer, built_files: &BuiltFiles) -> Result<String, SiteBlocker> {
        let (input, build, site) = (self.input, self.input.build, self.site);
        let newline = input.newline();
        let source = input.source();
        let name = self.stage.name_span.map(|span| format!(" AS {}", source.slice(span))).unwrap_or_default();
        let mut out = format!("FROM {}{name}{newline}", server.image);
        for (index, _) in build.instructions_of(self.stage, Keyword::Label) {
            out.push_str(&input.passage_text(index));
        }
        out.push_str(&nginx::configuration(site).replace('\n', newline));
        let below = site.base.as_deref().unwrap_or("").trim_end_matches('/');
        out.push_str(&format!(
            "COPY --from={} {} {}{below}{newline}",
            built_files.stage, built_files.folder, NGINX_ROOT
        ));
        out.push_str(&format!("USER nginx{newline}EXPOSE {}{newline}", site.port));
        if let Some(check) = self.check(server)? {
            let options = self.check_options();
            out.push_str(&format!("HEALTHCHECK {options}\\{newline}    CMD {check}{newline}"));
        }
        if let Some(variable) = &site.port_variable {
            out.push_str(&format!("# The platform may set another port.{newline}"));
            out.push_str(&nginx::command(variable, site.port).replace('\n', newline));
        }
        Ok(out)
    }

    /// The options of the healthcheck: those of the author's, where there is one.
    fn check_options(&self) -> String {
        let (file, build) = (self.input.file(), self.input.build);
        match build.last(self.stage, Keyword::Healthcheck) {
            Some((_, known)) => {
                let flags = known.flags.iter().map(|flag| file.flag(flag).to_owned() + " ");
                flags.collect()
            }
            None => "--interval=30s --timeout=5s --start-period=5s --retries=3 ".to_owned(),
        }
    }

    /// The command of the healthcheck, where the image has a program for it.
    fn check(&self, server: &WebServer) -> Result<Option<String>, SiteBlocker> {
        let base = BaseImage::of(&server.image);
        let has = |program: &str| base.presence(program) == Presence::Has;
        let words: &[&str] = match () {
            () if has("curl") => &["curl", "-fsS", "-o", "/dev/null"],
            () if has("wget") => &["wget", "-qO", "/dev/null"],
            () if self.input.build.last(self.stage, Keyword::Healthcheck).is_some() => {
                return Err(SiteBlocker::UnknownPrograms { image: server.image.clone() });
            }
            () => return Ok(None),
        };
        let path = self.site.base.as_deref().unwrap_or("/");
        Ok(Some(match &self.site.port_variable {
            Some(variable) => {
                format!("{} \"http://127.0.0.1:${{{variable}:-{}}}{path}\"", words.join(" "), self.site.port)
            }
            None => format!("[\"{}\", \"http://127.0.0.1:{}{path}\"]", words.join("\", \""), self.site.port),
        }))
    }

    /// What served the last stage alone: stages that nothing needs any more, and the server in the stage that builds.
    fn leftovers(&self) -> Vec<FileEdit> {
        let (input, build) = (self.input, self.input.build);
        let mut edits = Vec::new();
        let built_files = self.maker().and_then(|built_files| {
            build.stages().iter().find(|stage| {
                stage.name.as_ref() == Some(&built_files.stage) || stage.index.to_string() == built_files.stage
            })
        });
        let Some(built_files) = built_files else { return edits };
        for (index, _) in build.instructions_of(built_files, Keyword::Run) {
            let text = self.without_server(index);
            if text.as_deref() != Some(&input.passage_text(index)) {
                edits.push(input.edit(input.instruction_span(index), text.unwrap_or_default()));
            }
        }
        let mut needed = BTreeSet::from([built_files.index]);
        let mut waiting = vec![built_files.index];
        while let Some(index) = waiting.pop() {
            for edge in build.edges_of(&build.stages()[index]) {
                if let StageBase::Stage(to) = edge.to
                    && needed.insert(to)
                {
                    waiting.push(to);
                }
            }
        }
        if input.names_stage_by_number() {
            return edits;
        }
        let unused = build.stages().iter().filter(|stage| {
            build.is_needed(stage)
                && stage.index != self.stage.index
                && !needed.contains(&stage.index)
                && !self.is_built(stage)
        });
        for stage in unused {
            let start = input.instruction_span(stage.start).start;
            let next = build.stages().get(stage.index + 1).map(|next| input.instruction_span(next.start).start);
            edits.extend(next.map(|end| input.edit(Span::new(start, end), "")));
        }
        edits
    }

    /// Whether somebody builds a stage by its name.
    fn is_built(&self, stage: &Stage) -> bool {
        let Some(name) = &stage.name else { return false };
        let evidence = self.input.evidence;
        evidence.services.iter().any(|service| service.target.as_ref() == Some(name))
            || evidence.recipes.values().any(|text| text.contains("target") && text.contains(name.as_str()))
            || self.input.build.edges().iter().any(|edge| {
                edge.to == StageBase::Stage(stage.index)
                    && !self.input.build.is_needed(&self.input.build.stages()[edge.stage])
            })
    }
}
