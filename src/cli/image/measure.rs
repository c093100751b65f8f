//! What an image tells of the Dockerfiles of an audit.

use super::progress::Progress;
use super::search::{SearchResult, search};
use super::source::read;
use crate::analysis::{self, measured};
use crate::attribution::{DockerfileText, origins, provenance};
use crate::build::Build;
use crate::cli::args::{Global, ImageChoice, ImageLimits};
use crate::cli::output::CommandFailure;
use crate::finding::Mask;
use crate::image::Read;
use crate::inputs::{Inputs, MeasuredImage};
use crate::report;
use crate::text::FileId;

/// The name of no image: the one that was built from the Dockerfile is looked for.
const AUTO: &str = "auto";

/// Reads an image and adds what it tells of the Dockerfile that it was built from.
pub(in crate::cli) fn measure(global: &Global, name: &str, inputs: &mut Inputs) -> Result<(), CommandFailure> {
    if name != AUTO {
        return read_image(global, name, "", inputs);
    }
    let SearchResult { images, notices } = search(inputs)?;
    inputs.notices.extend(notices);
    images.iter().try_for_each(|(name, why)| read_image(global, name, why, inputs))
}

/// `why`: why it is that image, where nobody named it.
fn read_image(global: &Global, name: &str, why: &str, inputs: &mut Inputs) -> Result<(), CommandFailure> {
    let progress = Progress::new(global);
    let read = read((&ImageChoice::default(), &ImageLimits::default()), name, true, &progress);
    progress.finish();
    let (read, sentence) = read.map_err(|problem| CommandFailure::Because {
        what: report::image_problem(&problem),
        help: problem.help.or_else(|| Some("`--image` takes the same names as `dockopt image`".to_owned())),
    })?;
    if let Some(error) = read.damaged.first() {
        let problem = analysis::AnalysisProblem::of(error, &Mask::default());
        return Err(CommandFailure::Because { what: report::image_problem(&problem), help: error.help.clone() });
    }
    let name = if why.is_empty() { name } else { name.strip_prefix("docker:").unwrap_or(name) };
    let notice = match best_dockerfile(read, name, inputs) {
        Some((file, image)) => {
            let mut notice = format!("costs of `{}` are measured in {sentence}", inputs.source(file).name());
            if !why.is_empty() {
                notice.push_str(&format!(" (its {why})"));
            }
            inputs.measured.insert(file, image);
            notice
        }
        None => format!("image `{name}` was not built from any of these Dockerfiles, so costs are not measured in it"),
    };
    inputs.notices.push(notice);
    Ok(())
}

/// The Dockerfile that most layers were written by, and what is measured for it in the image.
fn best_dockerfile(read: Read, name: &str, inputs: &Inputs) -> Option<(FileId, MeasuredImage)> {
    let image = read.images.first()?;
    let recorded = provenance(image, &read.attestations);
    let builds: Vec<Build<'_>> = inputs.builds.iter().map(Build::new).collect();
    let layers = |build: &Build<'_>| {
        let origins = origins(image, Some(build), recorded.as_ref());
        let places = origins.layers.iter().filter_map(|origin| origin.place.as_ref());
        places.filter(|place| place.text == DockerfileText::Given).count()
    };
    let (build, _) = builds
        .iter()
        .map(|build| (build, layers(build)))
        .filter(|(_, layers)| *layers > 0)
        .max_by_key(|(_, layers)| *layers)?;
    let file = build.input().dockerfile;
    let options = analysis::AnalysisOptions {
        build: Some(build),
        dockerfile: Some(inputs.source(file).name()),
        no_packages: true,
        no_duplicates: true,
        ..analysis::AnalysisOptions::default()
    };
    let analysis = analysis::analyse(read, &options, &mut Mask::default());
    Some((file, measured(analysis.images.first()?, name)?))
}
