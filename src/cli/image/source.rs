//! Reads the image that `load::image::open` finds for a name, and the Dockerfile next to it.

use super::progress::Progress;
use crate::analysis::{self, Analysis, AnalysisProblem, ImageAnalysis};
use crate::attribution::KnownBase;
use crate::cli::args::{Global, Image, ImageChoice, ImageLimits, Origin, Verify, build_args};
use crate::cli::output::CommandFailure;
use crate::cli::terminal;
use crate::finding::Mask;
use crate::image::{self, Limits, Platform, Read};
use crate::inputs::{BuildOptions, Inputs};
use crate::load::image::{Bytes, OpenError, OpenedImage, SourceOptions as Sources, open};
use crate::load::{GatherRequest, SettingsSource, folder_of};
use crate::report;
use crate::rules::AllRules;
/// One source, read and worked out; what can't be read is a problem of the result.
pub(super) fn look_at(
    global: &Global,
    (choice, limits): (&ImageChoice, &ImageLimits),
    name: &str,
    options: &analysis::AnalysisOptions<'_>,
    mask: &mut Mask,
) -> Analysis {
    crate::cli::progress::doing("reading the image");
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

/// The one image that a name means, with what there is to say of its source.
///
/// # Errors
/// It cannot be read, or there are several.
pub(in crate::cli) fn analyse_named(
    global: &Global,
    (choice, limits): (&ImageChoice, &ImageLimits),
    name: &str,
    options: &analysis::AnalysisOptions<'_>,
    mask: &mut Mask,
) -> Result<(ImageAnalysis, Vec<String>), CommandFailure> {
    let Analysis { mut images, problems, notices, .. } = look_at(global, (choice, limits), name, options, mask);
    for problem in &problems {
        terminal::error(global, &report::image_problem(problem), problem.help.as_deref());
    }
    if !problems.is_empty() {
        return Err(CommandFailure::Said);
    }
    match images.pop() {
        Some(image) if images.is_empty() => Ok((image, notices)),
        _ => Err(CommandFailure::Because {
            what: format!("`{name}` contains more than one image"),
            help: Some("select one with `--ref` or `--platform`".to_owned()),
        }),
    }
}

/// Reads what a name means; the answer says what that was.
pub(super) fn read(
    (choice, arguments): (&ImageChoice, &ImageLimits),
    name: &str,
    contents: bool,
    progress: &Progress,
) -> Result<(Read, String), AnalysisProblem> {
    let opened = open_image(choice, name).map_err(|error| of_open(name, error))?;
    let host = host();
    let report = |step: image::Progress<'_>| progress.step(&step);
    let options = image::ImageOptions {
        platform: choice.platform.as_ref(),
        all_platforms: choice.all_platforms,
        host: &host,
        reference: choice.reference.as_deref().or(opened.choice.as_deref()),
        verify: match arguments.verify {
            Verify::None => image::Verify::None,
            Verify::Blob => image::Verify::Blob,
            Verify::Full => image::Verify::Full,
        },
        contents,
        limits: limits(arguments),
        progress: &report,
        ..image::ImageOptions::default()
    };
    let read = match opened.bytes {
        Bytes::Archive(archive) => image::read_archive(&*archive, &options),
        Bytes::Store(store) => image::read(&*store, &options),
        Bytes::Stream(stream) => image::read_forward(stream, &options),
    };
    let problem = |error: image::Error| AnalysisProblem {
        source: Some(name.to_owned()),
        ..AnalysisProblem::of(&error, &Mask::default())
    };
    Ok((read.map_err(problem)?, opened.sentence))
}

pub(super) fn open_image(choice: &ImageChoice, name: &str) -> Result<OpenedImage, OpenError> {
    let mut sources = Sources { platform: choice.platform.clone(), ..Sources::of_process() };
    sources.remote = choice.access.options();
    choice.share.apply(&mut sources.remote);
    open(name, &sources)
}

pub(super) fn of_open(name: &str, error: OpenError) -> AnalysisProblem {
    let mut help = error.tried;
    help.push(error.help);
    help.retain(|text| !text.is_empty());
    let help = (!help.is_empty()).then(|| help.join("; "));
    AnalysisProblem { source: Some(name.to_owned()), message: error.what, help, ..AnalysisProblem::default() }
}

/// The platform of containers on this machine.
pub(super) fn host() -> Platform {
    let os = if cfg!(windows) { "windows" } else { "linux" };
    format!("{os}/{}", std::env::consts::ARCH).parse().unwrap_or_default()
}

pub(super) fn limits(arguments: &ImageLimits) -> Limits {
    let mut limits = Limits::default();
    limits.inflated_bytes = arguments.max_bytes.unwrap_or(limits.inflated_bytes);
    limits.entries = arguments.max_entries.unwrap_or(limits.entries);
    limits
}

/// The Dockerfile that was given, and nothing else.
pub(super) fn dockerfile(origin: &Origin) -> Result<Option<Inputs>, CommandFailure> {
    let Some(file) = &origin.file else { return Ok(None) };
    let folder = folder_of(file).to_owned();
    let request = GatherRequest {
        path: origin.context.clone().unwrap_or(folder),
        file: Some(file.clone()),
        options: BuildOptions {
            target: origin.target.clone(),
            build_args: build_args(&origin.build_arg),
            ..BuildOptions::default()
        },
        configuration: SettingsSource::None,
        ..GatherRequest::new(&AllRules)
    };
    let inputs = crate::load::gather(&request)?;
    match inputs.problems.iter().find(|problem| problem.fatal) {
        Some(problem) => Err(CommandFailure::Because { what: problem.message.clone(), help: problem.help.clone() }),
        None => Ok(Some(inputs)),
    }
}

/// The images of `--base`.
pub(super) fn bases(command: &Image) -> Result<Vec<KnownBase>, CommandFailure> {
    let Some(name) = &command.origin.base else { return Ok(Vec::new()) };
    let read = read((&command.choice, &command.limits), name, false, &Progress::silent());
    let (read, _) = read.map_err(|problem| CommandFailure::Because {
        what: report::image_problem(&problem),
        help: problem.help.or_else(|| Some("`--base` takes the same names as `dockopt image`".to_owned())),
    })?;
    Ok(read.images.iter().map(KnownBase::of).collect())
}
