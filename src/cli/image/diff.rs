//! `dockopt image diff`.

use std::path::Path;

use super::source::{analyse_named, dockerfile};
use crate::analysis::{self, Difference, ImageAnalysis};
use crate::build::Build;
use crate::cli::args::{Diff, Global, Origin};
use crate::cli::exit::CLEAN;
use crate::cli::output::{CommandFailure, print, print_page};
use crate::finding::Mask;
use crate::report::{self, Format, ImageDiff};

pub(super) fn run(global: &Global, command: &Diff) -> Result<u8, CommandFailure> {
    if command.before == "-" && command.after == "-" {
        let help = Some("pass `-` only once".to_owned());
        return Err(CommandFailure::Because { what: "standard input can be read only once".to_owned(), help });
    }
    let mut mask = Mask::default();
    let before = analyse_image(global, command, (&command.before, command.file_a.as_deref()), &mut mask)?;
    let after = analyse_image(global, command, (&command.after, command.file_b.as_deref()), &mut mask)?;
    let difference = Difference::new(&before.0, &after.0, command.semantic);
    let mut notices = before.1;
    notices.extend(after.1);
    notices.dedup();
    let view = ImageDiff {
        before: &before.0,
        after: &after.0,
        difference: &difference,
        notices: &notices,
        depth: if command.all { u32::MAX } else { command.depth },
        top: if command.all { usize::MAX } else { command.top },
    };
    match global.format {
        Format::Json => print(global, &report::image_diff_json(&view))?,
        _ => print_page(global, &report::image_diff(&view))?,
    }
    Ok(CLEAN)
}

/// The image that a name means, and what there is to say of its source. One that is damaged is compared with nothing.
fn analyse_image(
    global: &Global,
    command: &Diff,
    (name, file): (&str, Option<&Path>),
    mask: &mut Mask,
) -> Result<(ImageAnalysis, Vec<String>), CommandFailure> {
    let inputs = dockerfile(&Origin { file: file.map(Path::to_path_buf), ..Origin::default() })?;
    let build = inputs.as_ref().and_then(|inputs| inputs.builds.first()).map(Build::new);
    let dockerfile = inputs.as_ref().and_then(|inputs| inputs.sources.first()).map(|source| source.name().to_owned());
    let options = analysis::AnalysisOptions {
        build: build.as_ref(),
        dockerfile: dockerfile.as_deref(),
        no_duplicates: true,
        ..analysis::AnalysisOptions::default()
    };
    analyse_named(global, (&command.choice, &command.limits), name, &options, mask)
}
