//! Writes the stage that builds a Next.js server, and the one that holds it.

use super::second_stage::SecondStage;
use super::server::Server;
use crate::build::{Purpose, Stage, installed};
use crate::dockerfile::Keyword;
use crate::finding::FileEdit;
use crate::optimize::languages::node::libraries;
use crate::optimize::languages::node::stage_parts::{PartPurpose, StageParts};
use crate::optimize::new_stage::uses_variable;
use crate::optimize::pass_input::PassInput;
use crate::shell::{Invocation, Verb};
use crate::text::{Span, path};

/// The edit that puts both in the place of the one.
pub(super) fn edit(input: &PassInput, stage: &Stage, parts: &StageParts, server: &Server) -> FileEdit {
    let build = input.build;
    let newline = input.newline();
    let from = build.instruction(stage.start);
    let name = input.free_stage_name(&["build", "next-build"]);
    let mut out = input.stage_start(stage, name);
    for part in parts.all.iter().filter(|part| part.index <= server.build && part.purpose != PartPurpose::Image) {
        paragraph(input, part.index, &mut out);
        if part.index == server.build && server.is_told {
            out.push_str(&format!("ENV NEXT_PRIVATE_STANDALONE=true{newline}"));
        }
        out.push_str(&input.passage_text(part.index));
    }
    out.push_str(newline);
    out.push_str(&format!("{}{newline}", input.source().slice(from.span)));
    out.push_str(&last(input, stage, parts, server, name));
    input.edit(input.stage_span(stage), out.trim_end())
}

/// The edits where another stage builds already: it is told what to trace, and the final stage takes that.
pub(super) fn edits(
    input: &PassInput,
    stage: &Stage,
    parts: &StageParts,
    server: &Server,
    second: &SecondStage,
) -> Vec<FileEdit> {
    let newline = input.newline();
    let from = input.build.instruction(stage.start);
    let mut out = format!("{}{newline}", input.source().slice(from.span));
    for (index, instruction) in input.build.instructions(stage) {
        if index == second.at {
            paragraph(input, index, &mut out);
            let target = target(input, stage, index, &second.folder);
            out.push_str(&traced(input, server, (&parts.folder, &second.flags), target));
        } else if matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint) {
            command(input, index, &mut out);
        } else if !second.replaced.contains(&index) {
            paragraph(input, index, &mut out);
            out.push_str(&input.passage_text(index));
        }
    }
    let mut edits = vec![input.edit(input.stage_span(stage), out.trim_end())];
    if server.is_told {
        let start = input.build.instruction(server.build).span.start;
        edits.push(input.edit(Span::at(start), format!("ENV NEXT_PRIVATE_STANDALONE=true{newline}")));
    }
    edits
}

/// Whether a RUN only installs Next.js for all users, which the project's own start does without.
fn only_installs_next(input: &PassInput, index: usize) -> bool {
    let Some(code) = input.build.code(index).filter(|code| code.is_ordinary()) else { return false };
    let invocations = code.script.invocations();
    let installs = |invocation: &Invocation| {
        let packages = invocation.package_call().filter(|call| call.verb == Verb::Install).map(|call| call.packages);
        packages.is_some_and(|packages| !packages.is_empty() && packages.iter().all(|known| known.name.text == "next"))
            && Purpose::of(invocation) == Purpose::Programs
    };
    let is_clean = |invocation: &Invocation| Purpose::of(invocation) == Purpose::Clean;
    invocations.iter().any(installs) && invocations.iter().all(|known| installs(known) || is_clean(known))
}

/// What stands in the last stage.
fn last(input: &PassInput, stage: &Stage, parts: &StageParts, server: &Server, name: &str) -> String {
    let build = input.build;
    let newline = input.newline();
    let mut out = String::new();
    for part in &parts.all {
        let instruction = build.instruction(part.index);
        let keep = match part.purpose {
            PartPurpose::Setting => instruction.keyword != Keyword::Arg || is_named(input, parts, part.index),
            PartPurpose::Image => !matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint),
            PartPurpose::System => !only_installs_next(input, part.index),
            PartPurpose::Files => part.index < server.build,
            _ => false,
        };
        let libraries =
            if part.purpose == PartPurpose::Compilers { libraries::install(input, stage, part.index) } else { None };
        if let Some(run) = libraries {
            paragraph(input, part.index, &mut out);
            out.push_str(&format!("{run}{newline}"));
        } else if keep {
            paragraph(input, part.index, &mut out);
            out.push_str(&input.passage_text(part.index));
        } else if matches!(instruction.keyword, Keyword::Cmd | Keyword::Entrypoint) {
            command(input, part.index, &mut out);
        }
        if part.index == server.build {
            let owner = parts.user.as_ref().map(|user| format!("--chown={user}:{user} ")).unwrap_or_default();
            let target = target(input, stage, server.build, &parts.folder);
            let flags = format!("{owner}--from={name} ");
            out.push_str(&traced(input, server, (&parts.folder, &flags), target));
        }
    }
    out
}

/// The command that starts what was traced, below the author's comment.
fn command(input: &PassInput, index: usize, out: &mut String) {
    let newline = input.newline();
    let keyword = input.source().slice(input.build.instruction(index).name.span);
    let text = input.passage_text(index);
    let comments = text.lines().take_while(|line| line.starts_with('#'));
    let comment = comments.fold(String::new(), |comment, line| format!("{comment}{line}{newline}"));
    paragraph(input, index, out);
    out.push_str(&format!("{comment}{keyword} [\"node\", \"server.js\"]{newline}"));
}

/// How a COPY names what lies in the folder of the program.
fn target(input: &PassInput, stage: &Stage, index: usize, folder: &str) -> impl Fn(&str) -> String {
    let works = installed::workdir(input.build, stage, index) == folder;
    move |below| if works { format!("./{below}") } else { path::join(folder, below) }
}

/// The lines that copy what was traced from a folder of the stage that builds.
fn traced(
    input: &PassInput,
    server: &Server,
    (folder, flags): (&str, &str),
    target: impl Fn(&str) -> String,
) -> String {
    let newline = input.newline();
    let variables: Vec<String> = server.variables.iter().map(|(name, value)| format!("{name}={value}")).collect();
    let mut out = format!("ENV {}{newline}", variables.join(" "));
    let public = server.has_public.then_some(("public", "public"));
    for (from, to) in [(".next/standalone", ""), (".next/static", ".next/static")].into_iter().chain(public) {
        out.push_str(&format!("COPY {flags}{folder}/{from} {}{newline}", target(to)));
    }
    if !server.environments.is_empty() {
        // As a pattern, because a build without the file must not fail.
        let patterns = server.environments.iter().map(|file| {
            let (start, last) = file.split_at(file.len() - 1);
            format!("{folder}/{start}[{last}]")
        });
        let (patterns, to) = (patterns.collect::<Vec<_>>().join(" "), target(""));
        out.push_str(&format!("COPY {flags}{patterns} {}/{newline}", to.trim_end_matches('/')));
    }
    out
}

/// Whether an ENV below names an ARG.
fn is_named(input: &PassInput, parts: &StageParts, index: usize) -> bool {
    let names = input.argument_names(index);
    let below = parts.all.iter().filter(|part| part.index > index);
    let mut settings = below.filter(|part| matches!(part.purpose, PartPurpose::Setting | PartPurpose::System));
    settings.any(|part| uses_variable(input.source().slice(input.build.instruction(part.index).span), &names))
}

/// A blank line where one stands above an instruction and its comments.
fn paragraph(input: &PassInput, index: usize, out: &mut String) {
    if input.begins_paragraph(index) && !out.is_empty() && !out.ends_with(&input.newline().repeat(2)) {
        out.push_str(input.newline());
    }
}
