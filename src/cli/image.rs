//! `dockopt image`.

mod budget;
mod diff;
mod look;
mod measure;
mod progress;
mod search;

pub(super) use self::measure::measure;

use super::args::{FailOn, Global, Image, ImageChoice, ImageCommand, ImageLimits, Origin, Verify, build_args};
use super::output::{Failure, base, emit, emit_with};
use super::{CLEAN, FAILED, FOUND, terminal};
use crate::analysis::{self, Analysis, Problem};
use crate::attribution::Known;
use crate::build::Build;
use crate::finding::{Mask, Severity};
use crate::image::{self, Limits, Platform, Read};
use crate::inputs::{BuildOptions, Inputs};
use crate::load::image::{Bytes, OpenError, Opened, Options as Sources, open};
use crate::load::{Configuration, Request};
use crate::report::{self, Format, ImageView};
use crate::rules::Selection;
use budget::{Budgets, verdict};
use progress::Progress;

pub(super) fn run(global: &Global, command: &Image) -> Result<u8, Failure> {
    if let Some(ImageCommand::Diff(command)) = &command.command {
        return diff::run(global, command);
    }
    check(global, command)?;
    let selection = Selection::new(&command.select, &command.ignore)?;
    let mut budgets = Budgets::read(global, command)?;
    let inputs = dockerfile(&command.origin)?;
    let build = inputs.as_ref().and_then(|inputs| inputs.builds.first()).map(Build::new);
    let name = inputs.as_ref().and_then(|inputs| inputs.sources.first()).map(|source| source.name().to_owned());
    let bases = bases(command)?;
    let options = analysis::Options {
        build: build.as_ref(),
        dockerfile: name.as_deref(),
        bases: &bases,
        selection: Some(&selection),
        categories_off: &command.view.no_category,
        no_packages: command.view.no_packages,
        no_duplicates: command.view.no_duplicates,
    };
    let mut mask = Mask::default();
    let mut all = Analysis::default();
    let mut names = Vec::new();
    for name in &command.names {
        let read = (&command.choice, &command.limits);
        let mut one = look_at(global, read, name, &options, &mut mask);
        budgets.judge(command, name, &mut one)?;
        all.join(one);
        names.resize(all.images.len(), name.as_str());
    }
    all.notices.append(&mut budgets.notices);
    for problem in &all.problems {
        terminal::error(global, &report::image_problem(problem), problem.help.as_deref());
    }
    let (unknown, broken) = verdict(global, &all);
    let code = match (all.problems.is_empty() && !unknown, broken || fails(&all, command.fail_on)) {
        (false, _) => FAILED,
        (true, true) => FOUND,
        (true, false) => CLEAN,
    };
    if all.images.is_empty() && code == FAILED && matches!(global.format, Format::Text | Format::Markdown) {
        return Err(Failure::Said);
    }
    if command.view.explore {
        return look::run(global, command, &all, &names);
    }
    write(global, command, &all, code)?;
    Ok(code)
}

/// Whether something worth a change is severe enough for the exit code.
fn fails(all: &Analysis, fail_on: FailOn) -> bool {
    let least = match fail_on {
        FailOn::Error => Severity::Error,
        FailOn::Warning => Severity::Warning,
        FailOn::Info => Severity::Info,
        FailOn::Style => Severity::Style,
        FailOn::None => return false,
    };
    let severe = |image: &analysis::ImageAnalysis| {
        let of_facts = image.facts.iter().map(|fact| fact.severity);
        image.findings.iter().map(|finding| finding.severity).chain(of_facts).any(|severity| severity >= least)
    };
    all.images.iter().any(severe)
}

/// What can be told to be wrong before anything is read.
fn check(global: &Global, command: &Image) -> Result<(), Failure> {
    let written = [Format::Text, Format::Json, Format::Jsonl, Format::Markdown, Format::Sarif];
    let because = |what: String, help: &str| Err(Failure::Because { what, help: Some(help.to_owned()) });
    if !written.contains(&global.format) {
        let what = format!("`dockopt image` is not written as `{}`", global.format.name());
        return because(what, "use `text`, `json`, `jsonl`, `markdown` or `sarif`");
    }
    if command.view.explore {
        look::check(global)?;
    }
    if command.names.iter().chain(&command.origin.base).filter(|name| *name == "-").count() > 1 {
        return because("standard input can be read once only".to_owned(), "name `-` once");
    }
    let known = || image::all_categories().iter().map(|category| category.name.as_str());
    for name in &command.view.no_category {
        if !known().any(|known| known == name) {
            let all: Vec<&str> = known().collect();
            return because(format!("there is no category `{name}`"), &format!("it is one of {}", all.join(", ")));
        }
    }
    Ok(())
}

fn write(global: &Global, command: &Image, all: &Analysis, exit: u8) -> Result<(), Failure> {
    let view = ImageView {
        all: command.view.all,
        depth: command.view.depth,
        top: if command.view.all { usize::MAX } else { command.view.top },
        bandwidths: &command.view.bandwidth,
        names: &command.names,
        dockerfile: command.origin.file.as_deref().and_then(std::path::Path::to_str),
    };
    match global.format {
        Format::Json => emit(global, &report::image_json(all, &view)),
        Format::Jsonl => emit_with(global, |out| report::image_jsonl(all, &view, exit, out)),
        Format::Markdown => emit(global, &report::image_markdown(all, &view)),
        Format::Sarif => emit(global, &report::image_sarif(all, exit, &base())),
        _ => emit(global, &report::image(all, &view, terminal::stdout(global))),
    }
}

/// One source, read and worked out; what can't be read is a problem of the result.
fn look_at(
    global: &Global,
    (choice, limits): (&ImageChoice, &ImageLimits),
    name: &str,
    options: &analysis::Options<'_>,
    mask: &mut Mask,
) -> Analysis {
    let progress = Progress::new(global);
    let read = read((choice, limits), name, !choice.sizes_only, &progress);
    progress.finish();
    match read {
        Ok((read, sentence)) => {
            let mut analysis = analysis::analyse(read, options, mask);
            for image in &mut analysis.images {
                image.source = Some(sentence.clone());
            }
            analysis.problems.iter_mut().for_each(|problem| problem.source = Some(name.to_owned()));
            analysis
        }
        Err(problem) => Analysis { problems: vec![problem], ..Analysis::default() },
    }
}

/// Reads what a name means; the answer says what that was.
fn read(
    (choice, asked): (&ImageChoice, &ImageLimits),
    name: &str,
    contents: bool,
    progress: &Progress,
) -> Result<(Read, String), Problem> {
    let opened = opened(choice, name).map_err(|error| of_open(name, error))?;
    let host = host();
    let report = |step: image::Progress<'_>| progress.step(&step);
    let options = image::Options {
        platform: choice.platform.as_ref(),
        all_platforms: choice.all_platforms,
        host: &host,
        reference: choice.reference.as_deref().or(opened.choice.as_deref()),
        verify: match asked.verify {
            Verify::None => image::Verify::None,
            Verify::Blob => image::Verify::Blob,
            Verify::Full => image::Verify::Full,
        },
        contents,
        limits: limits(asked),
        progress: &report,
        ..image::Options::default()
    };
    let read = match opened.bytes {
        Bytes::Archive(archive) => image::read_archive(&*archive, &options),
        Bytes::Store(store) => image::read(&*store, &options),
        Bytes::Stream(stream) => image::read_forward(stream, &options),
    };
    let problem =
        |error: image::Error| Problem { source: Some(name.to_owned()), ..Problem::of(&error, &Mask::default()) };
    Ok((read.map_err(problem)?, opened.sentence))
}

fn opened(choice: &ImageChoice, name: &str) -> Result<Opened, OpenError> {
    let mut sources = Sources { platform: choice.platform.clone(), ..Sources::of_process() };
    sources.remote.ca.clone_from(&choice.registry_ca);
    sources.remote.insecure.clone_from(&choice.insecure_registry);
    open(name, &sources)
}

fn of_open(name: &str, error: OpenError) -> Problem {
    let mut help = error.tried;
    help.push(error.help);
    help.retain(|text| !text.is_empty());
    let help = (!help.is_empty()).then(|| help.join("; "));
    Problem { source: Some(name.to_owned()), message: error.what, help, ..Problem::default() }
}

/// The platform of containers on this machine.
fn host() -> Platform {
    let os = if cfg!(windows) { "windows" } else { "linux" };
    format!("{os}/{}", std::env::consts::ARCH).parse().unwrap_or_default()
}

fn limits(asked: &ImageLimits) -> Limits {
    let mut limits = Limits::default();
    limits.inflated_bytes = asked.max_bytes.unwrap_or(limits.inflated_bytes);
    limits.entries = asked.max_entries.unwrap_or(limits.entries);
    limits
}

/// The Dockerfile that was given, and nothing else.
fn dockerfile(origin: &Origin) -> Result<Option<Inputs>, Failure> {
    let Some(file) = &origin.file else { return Ok(None) };
    let folder = file.parent().filter(|folder| !folder.as_os_str().is_empty()).map_or(".".into(), Into::into);
    let request = Request {
        path: origin.context.clone().unwrap_or(folder),
        file: Some(file.clone()),
        options: BuildOptions {
            target: origin.target.clone(),
            build_args: build_args(&origin.build_arg),
            ..BuildOptions::default()
        },
        configuration: Configuration::None,
        ..Request::default()
    };
    let inputs = crate::load::gather(&request)?;
    match inputs.problems.iter().find(|problem| problem.fatal) {
        Some(problem) => Err(Failure::Because { what: problem.message.clone(), help: problem.help.clone() }),
        None => Ok(Some(inputs)),
    }
}

/// The images of `--base`.
fn bases(command: &Image) -> Result<Vec<Known>, Failure> {
    let Some(name) = &command.origin.base else { return Ok(Vec::new()) };
    let read = read((&command.choice, &command.limits), name, false, &Progress::silent());
    let (read, _) = read.map_err(|problem| Failure::Because {
        what: report::image_problem(&problem),
        help: problem.help.or_else(|| Some("`--base` takes what `dockopt image` takes".to_owned())),
    })?;
    Ok(read.images.iter().map(Known::of).collect())
}
