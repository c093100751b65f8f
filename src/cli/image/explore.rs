//! `dockopt image --explore`: the images that were read, and where their files are read again.

use super::source::{host, limits, open_image};
use crate::analysis::Analysis;
use crate::cli::args::{Global, Image};
use crate::cli::exit::{CLEAN, FAILED};
use crate::cli::output::CommandFailure;
use crate::cli::{explore, terminal};
use crate::image::{self, EntryId, Error, ExtractTarget, ImageErrorKind};
use crate::load::image::Bytes;
use crate::report::Format;

/// What can be told to be wrong before anything is read.
pub(super) fn check(global: &Global) -> Result<(), CommandFailure> {
    if global.format != Format::Text || global.output.is_some() {
        let what = "`--explore` cannot be combined with `--format` or `--output`".to_owned();
        return Err(CommandFailure::Because { what, help: Some("remove one of the options".to_owned()) });
    }
    explore::check()
}

/// Shows all images; `names` has for each what it was read from, as it was typed.
pub(super) fn run(global: &Global, command: &Image, all: &Analysis, names: &[&str]) -> Result<u8, CommandFailure> {
    let extract = |number: usize, file: EntryId, target: &mut dyn ExtractTarget| {
        let gone = || Error::new(ImageErrorKind::Missing, "the image no longer exists");
        let name = names.get(number).ok_or_else(gone)?;
        let analysis = all.images.get(number).ok_or_else(gone)?;
        copy_file(command, name, (&analysis.image, file), target)
    };
    explore::run(&all.images, terminal::stdout(global).colour, &extract)?;
    Ok(if all.problems.is_empty() { CLEAN } else { FAILED })
}

/// Reads a file once more.
fn copy_file(
    command: &Image,
    name: &str,
    file: (&image::Image, EntryId),
    target: &mut dyn ExtractTarget,
) -> Result<u64, Error> {
    let stream = || {
        Error::new(ImageErrorKind::Unsupported, "the image was read from a stream, which cannot be read again")
            .help("save it to a file first (`docker save -o`), and explore the file")
    };
    if name == "-" {
        return Err(stream());
    }
    let opened =
        open_image(&command.choice, name).map_err(|error| Error::new(ImageErrorKind::Unreadable, error.what))?;
    let host = host();
    let options = image::ImageOptions {
        platform: command.choice.platform.as_ref(),
        all_platforms: command.choice.all_platforms,
        host: &host,
        reference: command.choice.reference.as_deref().or(opened.choice.as_deref()),
        limits: limits(&command.limits),
        ..image::ImageOptions::default()
    };
    match opened.bytes {
        Bytes::Archive(archive) => image::extract_archive(&*archive, &options, file, target),
        Bytes::Store(store) => image::extract(&*store, &options, file, target),
        Bytes::Stream(_) => Err(stream()),
    }
}
