//! The final stage of a Next.js server that another stage builds: what of it stays, and what the traced files replace.

use super::StandaloneBlocker;
use crate::build::{Libc, Purpose, Stage, StageBase, Transfer, installed, libc};
use crate::dockerfile::Keyword;
use crate::optimize::languages::node::stage_parts::StageParts;
use crate::optimize::pass_input::{PassInput, refuse_if};
use crate::text::path;

/// The final stage.
pub(super) struct SecondStage {
    /// The folder of the program.
    pub(super) folder: String,
    /// `--from` and the like, as the author wrote them at the copy of the build.
    pub(super) flags: String,
    /// Index of the copy of the build, where the traced files are copied.
    pub(super) at: usize,
    /// Instructions that the traced files replace.
    pub(super) replaced: Vec<usize>,
    /// Whether it has the folder `public`.
    pub(super) has_public: bool,
    /// Whether it has all that the build stage has.
    pub(super) is_whole: bool,
}

/// The stage's instructions by what they bring; an error where one brings something that may not be traced.
pub(super) fn read(
    input: &PassInput,
    stage: &Stage,
    (builder, parts): (&Stage, &StageParts),
) -> Result<SecondStage, StandaloneBlocker> {
    check_bases(input, stage, builder)?;
    let mut second = SecondStage {
        folder: installed::workdir(input.build, stage, stage.instructions.end),
        flags: String::new(),
        at: usize::MAX,
        replaced: Vec::new(),
        has_public: false,
        is_whole: false,
    };
    for (index, instruction) in input.build.instructions(stage) {
        match instruction.keyword {
            Keyword::Copy | Keyword::Add => {
                let transfer = input.build.transfer_at(stage, index).ok_or(StandaloneBlocker::StepAfterBuild)?;
                copy(input, stage, (builder, parts), transfer, &mut second)?;
            }
            Keyword::Run => run(input, index, &mut second)?,
            Keyword::Volume => return Err(StandaloneBlocker::Volume),
            Keyword::Shell => return Err(StandaloneBlocker::OtherShell),
            Keyword::Onbuild | Keyword::Unknown | Keyword::From => return Err(StandaloneBlocker::StepAfterBuild),
            _ => {}
        }
    }
    refuse_if(second.at == usize::MAX, StandaloneBlocker::BuiltInStage { stage: builder.title() })?;
    Ok(second)
}

/// An error where packages with a native part, which the build stage installs, would not run in the final stage.
fn check_bases(input: &PassInput, stage: &Stage, builder: &Stage) -> Result<(), StandaloneBlocker> {
    let library = |stage: &Stage| match input.build.root_base(stage) {
        StageBase::Image(image) => libc(image).map(|library| matches!(library, Libc::Musl)),
        _ => None,
    };
    let (built, started) = (library(builder), library(stage));
    let is_same = built.is_some() && built == started;
    let loads_images = || input.evidence.holding(&["next/image"]).next().is_some();
    refuse_if(!is_same && loads_images(), StandaloneBlocker::OtherSystem { stage: builder.title() })
}

/// What a COPY brings: all that lies in the project is a source, which Next.js compiled, or what it traced.
fn copy(
    input: &PassInput,
    stage: &Stage,
    (builder, parts): (&Stage, &StageParts),
    transfer: &Transfer,
    second: &mut SecondStage,
) -> Result<(), StandaloneBlocker> {
    let is_built = transfer.from == Some(StageBase::Stage(builder.index));
    let goes_to = installed::destination(input.build, stage, transfer).ok_or(StandaloneBlocker::StepAfterBuild)?;
    if !path::is_within(&goes_to, &second.folder) {
        // Programs of other images, certificates: no part of the project.
        return refuse_if(is_built || transfer.from.is_none(), StandaloneBlocker::StepAfterBuild);
    }
    refuse_if(transfer.parents || !transfer.exclude.is_empty(), StandaloneBlocker::StepAfterBuild)?;
    let project = match (&transfer.from, is_built) {
        (None, _) => path::join("/", &parts.project.root),
        (_, true) => parts.folder.clone(),
        _ => "/".to_owned(),
    };
    for source in &transfer.sources {
        let text = source.text.as_deref().ok_or(StandaloneBlocker::StepAfterBuild)?;
        let place = path::join("/", text);
        let below = path::relative(&place, &project).ok_or(StandaloneBlocker::StepAfterBuild)?;
        let is_replaced = match &transfer.from {
            Some(_) if !is_built => path::name(below) == "node_modules",
            _ => !path::name(below).starts_with(".env") && !is_checked(input, stage, below),
        };
        refuse_if(!is_replaced, StandaloneBlocker::StepAfterBuild)?;
        let is_whole = matches!(below, "" | "." | "*");
        second.is_whole |= is_whole;
        second.has_public |= is_whole || below == "public";
        if is_built && (is_whole || below == ".next") {
            take_flags(input, transfer, second);
        }
    }
    second.replaced.push(transfer.index);
    Ok(())
}

/// Whether the stage's HEALTHCHECK runs a file.
fn is_checked(input: &PassInput, stage: &Stage, path: &str) -> bool {
    let name = path::name(path);
    let checks = input.build.last(stage, Keyword::Healthcheck);
    !name.is_empty() && checks.is_some_and(|(_, check)| input.source().slice(check.span).contains(name))
}

/// The traced files are copied where the build was, with its flags.
fn take_flags(input: &PassInput, transfer: &Transfer, second: &mut SecondStage) {
    let flags = transfer.instruction.flags.iter();
    let flags = flags.map(|flag| format!("{} ", input.source().slice(flag.word.span)));
    second.flags = flags.collect();
    second.at = transfer.index;
}

/// What a RUN does: installs of the project's packages are replaced, accounts and packages of the system stay.
fn run(input: &PassInput, index: usize, second: &mut SecondStage) -> Result<(), StandaloneBlocker> {
    let code = input.build.code(index).filter(|code| code.is_ordinary()).ok_or(StandaloneBlocker::RunCreatesFiles)?;
    let invocations = code.script.invocations();
    let purposes: Vec<Purpose> = invocations.iter().map(Purpose::of).collect();
    let installs = |purpose: &Purpose| {
        matches!(purpose, Purpose::Install | Purpose::Clean | Purpose::Nothing | Purpose::Looks | Purpose::Manager(_))
    };
    if purposes.contains(&Purpose::Install) && purposes.iter().all(installs) {
        second.replaced.push(index);
        return Ok(());
    }
    let stays = |purpose: &Purpose| {
        matches!(
            purpose,
            Purpose::Account
                | Purpose::Lists
                | Purpose::SystemInstall
                | Purpose::SystemUpgrade
                | Purpose::Clean
                | Purpose::Nothing
                | Purpose::Looks
                | Purpose::Setting
        )
    };
    refuse_if(!purposes.iter().all(stays), StandaloneBlocker::RunCreatesFiles)
}
