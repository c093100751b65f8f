//! See `rules/system-packages-after-sources.md`.

use crate::build::{Build, Stage, StageBase, Transfer};
use crate::cache::Origins;
use crate::dockerfile::{Instruction, Keyword};
use crate::finding::{Findings, Impact};
use crate::rules::Context;
use crate::rules::files::sources_before_dependencies::{KnownContext, is_of_packages, takes_sources};
use crate::rules::shared::copied_packages::{self, DEEPEST};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, PackageSource, Verb, Word};
use crate::text::path;

crate::rules::rule!("system-packages-after-sources", check);

/// The most copies of a stage that are checked; no real file has more.
const MOST: usize = 100;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let origins = cx.context().map(|context| Origins::new(context, cx.projects()));
    let known = cx.context().zip(origins.as_ref());
    for stage in build.needed_stages() {
        let copies: Vec<SourceCopy> = build
            .transfers(stage)
            .iter()
            .take(MOST)
            .filter_map(|copy| SourceCopy::of(build, stage, copy, known))
            .collect();
        let Some(first) = copies.first() else { continue };
        for run in build.own_runs(stage).filter(|run| run.index > first.index && run.code.is_ordinary()) {
            let above: Vec<&SourceCopy> = copies.iter().filter(|copy| copy.index < run.index).collect();
            let invocations = run.invocations();
            let Some(install) = invocations.iter().find(|invocation| installs(invocation)) else { continue };
            let is_bound = build.input().file.mounts(run.instruction).iter().any(|mount| mount.kind() == "bind");
            if is_bound || !invocations.iter().all(|invocation| is_apart(invocation, &above)) {
                continue;
            }
            let title = install.package_call().map(|call| call.title()).unwrap_or_default();
            let line = first.instruction.start_line;
            let message =
                format!("every change of what line {line} copies runs `{title}` again, which does not read it");
            let finding = cx.finding(run.place(install.span), message);
            let finding =
                finding.help(format!("move this RUN above line {line}")).label(first.instruction.head, "copied here");
            out.push(finding.costs(Impact::slower_rebuild("the copy is above the install in its stage")));
            break;
        }
    }
}

/// A COPY or ADD of the sources of a project, or of what another stage built from them.
struct SourceCopy<'a> {
    instruction: &'a Instruction,
    index: usize,
    /// The folder or file in the image.
    to: String,
}

impl<'a> SourceCopy<'a> {
    fn of(build: &Build<'a>, stage: &Stage, transfer: &Transfer<'a>, known: KnownContext) -> Option<Self> {
        let to = copied_packages::destination(build, stage, transfer)?;
        // Settings of the package manager may be among the files.
        if to == "/" || path::is_within(&to, "/etc") || path::is_within(&to, "/usr/share") {
            return None;
        }
        let is_source = match &transfer.from {
            None => takes_sources(build, stage, transfer.clone(), known).is_some(),
            Some(StageBase::Stage(maker)) => {
                let maker = build.stages().get(*maker)?;
                let are_packages =
                    transfer.sources.iter().all(|source| source.text.as_deref().is_none_or(is_of_packages));
                !are_packages && is_built_from_sources(build, maker, known)
            }
            Some(_) => false,
        };
        is_source.then_some(Self { instruction: transfer.instruction, index: transfer.index, to })
    }
}

/// Whether a stage takes sources and runs something on them.
fn is_built_from_sources(build: &Build, maker: &Stage, known: KnownContext) -> bool {
    let takes =
        build.chain(maker).take(DEEPEST).any(|stage| {
            build.transfers(stage).iter().take(MOST).any(|transfer| {
                transfer.from.is_none() && takes_sources(build, stage, transfer.clone(), known).is_some()
            })
        });
    takes && build.instructions_of(maker, Keyword::Run).next().is_some()
}

/// Whether it installs packages of the system from an index.
fn installs(invocation: &Invocation) -> bool {
    let call = invocation.package_call().filter(|call| call.verb == Verb::Install && call.manager.is_system());
    call.is_some_and(|call| {
        let mut packages = call.packages.iter();
        !call.packages.is_empty()
            && packages.all(|package| package.source == PackageSource::Index && !package.name.dynamic)
    })
}

/// Whether a command reads nothing of what was copied: a package manager of the system, or a program that keeps to its
/// arguments, which are other paths.
fn is_apart(invocation: &Invocation, above: &[&SourceCopy]) -> bool {
    if invocation.manager().is_some() {
        let is_file = |word: &Word| word.text().starts_with(['.', '/']) && !word.text().starts_with("/etc");
        return invocation.package_call().is_some_and(|call| call.manager.is_system())
            && !invocation.args.iter().any(is_file);
    }
    let program = invocation.program.map_or(Program::UNKNOWN, Program::of);
    if program.is(Kind::Accounts) {
        return true;
    }
    let is_other_path = |word: &Word| {
        let text = word.text();
        text.starts_with('-')
            || text.starts_with('/')
                && !above
                    .iter()
                    .any(|copy| copied_packages::overlap(&copy.to, text.trim_end_matches('*').trim_end_matches('/')))
    };
    program.is_verified
        && program.keeps_to_arguments()
        && (program.is_neutral() || invocation.args.iter().all(is_other_path))
}
