//! Edits that end a stage with a USER line, for the rules on containers that run as root.

use super::line_edits;
use crate::build::{BaseImage, Build, Reference, Stage, StageBase, User, accounts};
use crate::dockerfile::Keyword;
use crate::finding::Finding;
use crate::shell::Invocation;
use crate::text::Span;

/// The user of distroless images: without a name, a home folder and privileges.
const NOBODY: &str = "65532:65532";

/// The finding with an edit that runs the program as another user: a user that the file or the base image created, or
/// else 65532.
pub(super) fn with_user(build: &Build, stage: &Stage, finding: Finding) -> Finding {
    let user = earlier_user(build, stage).or_else(|| made_user(build, stage));
    let user = user.unwrap_or_else(|| unprivileged_user(build, stage).unwrap_or(NOBODY).to_owned());
    let file = &build.input().file;
    let newline = if file.source().text().contains("\r\n") { "\r\n" } else { "\n" };
    let title = format!("run as `{user}`");
    let why = if build.input().texts.is_some() {
        "files that the program writes must belong to that user, and ports below 1024 may need a capability"
    } else {
        "files that the program writes must belong to that user (`dockopt fix` reads the sources for that), and ports below 1024 may need a capability"
    };
    if let Some(reason) = build.root_only(stage, has_home(build, stage, &user)) {
        let mut finding = finding;
        finding.notes.push(format!("not fixed, because a container has to be root as it is: {reason}"));
        return finding;
    }
    // ONBUILD instructions of an image run as its user.
    if build.chain(stage).any(|stage| has_run_trigger(build, stage)) {
        return finding;
    }
    let first = closing(build, stage);
    if let Some(name) = plain_user_before(build, stage, first) {
        return finding.unsafe_edit(title, why, name, user);
    }
    if let Some(at) = first.map(|index| line_edits::above(file.source(), build.instruction(index))) {
        return finding.unsafe_edit(title, why, Span::at(at), format!("USER {user}{newline}"));
    }
    // After a continuation on the last line, or in an unclosed heredoc, it would be part of that instruction.
    let last = build.instructions(stage).last().map_or(build.instruction(stage.start), |(_, i)| i);
    let open = last.heredocs.iter().any(|heredoc| heredoc.terminator.is_none());
    if open || goes_on(file.source().slice(last.head), file.escape()) {
        return finding;
    }
    let end = last.span.end;
    finding.unsafe_edit(title, why, Span::at(end), format!("{newline}USER {user}"))
}

/// Whether it is known which user without privileges a stage has: the file names or makes one, or its base image is known.
pub(super) fn has_known_user(build: &Build, stage: &Stage) -> bool {
    let is_known = match build.root_base(stage) {
        StageBase::Image(reference) => BaseImage::of(reference).user().is_some(),
        _ => true,
    };
    is_known || earlier_user(build, stage).or_else(|| made_user(build, stage)).is_some()
}

/// Whether a user has a home that is his: he is made with one, or by the image of his name (`node`).
fn has_home(build: &Build, stage: &Stage, user: &str) -> bool {
    let name = user.split(':').next().unwrap_or_default();
    let is_of_image =
        matches!(build.root_base(stage), StageBase::Image(image) if Reference::of(image).short_name() == name);
    is_of_image
        || build.chain(stage).any(|stage| {
            let runs = build.instructions_of(stage, Keyword::Run);
            let codes = runs.filter_map(|(index, _)| build.code(index));
            let makes = |invocation: &Invocation| {
                accounts::created_user(invocation) == Some(name) && accounts::makes_home(invocation)
            };
            codes.into_iter().any(|code| code.script.invocations().iter().any(makes))
        })
}

/// Whether the text of an instruction ends with a continuation, as the last one of a file may; comments and empty lines
/// after it belong to it.
fn goes_on(text: &str, escape: char) -> bool {
    let is_code = |line: &&str| !line.is_empty() && !line.starts_with('#');
    text.lines().map(str::trim).rfind(is_code).is_some_and(|line| line.ends_with(escape))
}

fn has_run_trigger(build: &Build, stage: &Stage) -> bool {
    let file = &build.input().file;
    build
        .instructions(stage)
        .any(|(_, instruction)| file.trigger(instruction).is_some_and(|trigger| trigger.keyword == Keyword::Run))
}

/// The name in a USER under which nothing runs: it is directly above the closing instructions, or at the end.
fn plain_user_before(build: &Build, stage: &Stage, closing: Option<usize>) -> Option<Span> {
    let file = &build.input().file;
    let before = build.instructions(stage).take_while(|(index, _)| closing.is_none_or(|first| *index < first));
    let (_, last) = before.last().filter(|(_, last)| last.keyword == Keyword::User)?;
    let written = file.source().slice(last.rest.span);
    let plain = written.chars().all(|c| c.is_ascii_alphanumeric() || ":-_".contains(c));
    (plain && !written.is_empty()).then_some(last.rest.span)
}

/// Where the closing instructions begin.
pub(crate) fn start(build: &Build, stage: &Stage) -> Option<u32> {
    Some(line_edits::above(build.input().file.source(), build.instruction(closing(build, stage)?)))
}

/// The first of the closing CMD, ENTRYPOINT, HEALTHCHECK, EXPOSE, …, if nothing below needs root.
fn closing(build: &Build, stage: &Stage) -> Option<usize> {
    let mut first = None;
    for (index, instruction) in build.instructions(stage) {
        let closing = matches!(
            instruction.keyword,
            Keyword::Cmd
                | Keyword::Entrypoint
                | Keyword::Healthcheck
                | Keyword::Expose
                | Keyword::Stopsignal
                | Keyword::Label
        );
        match (closing, first) {
            (true, None) => first = Some(index),
            (false, _) => first = None,
            _ => {}
        }
    }
    first
}

/// The last user of the file that is not root.
fn earlier_user(build: &Build, stage: &Stage) -> Option<String> {
    build.chain(stage).find_map(|stage| {
        let users = build.instructions_of(stage, Keyword::User);
        let others = users.filter_map(|(_, i)| match User::of(build.input().file.str(i.rest)) {
            // The value of a variable may still be root.
            User::Other(name) if !name.contains(['$', '"', '\'']) => Some(name),
            _ => None,
        });
        others.last()
    })
}

/// The last account that a RUN creates.
fn made_user(build: &Build, stage: &Stage) -> Option<String> {
    build.chain(stage).find_map(|stage| {
        let runs = build.instructions_of(stage, Keyword::Run);
        let codes = runs.filter_map(|(index, _)| build.code(index));
        codes
            .flat_map(|code| code.script.invocations())
            .filter_map(|invocation| accounts::created_user(&invocation).map(str::to_owned))
            .last()
    })
}

fn unprivileged_user(build: &Build, stage: &Stage) -> Option<&'static str> {
    match build.root_base(stage) {
        StageBase::Image(reference) => BaseImage::of(reference).unprivileged_user(),
        _ => None,
    }
}
