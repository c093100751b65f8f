//! What a search starts from, and what no rewrite goes below.

use crate::build::{Build, SlimImage, StageBase};
use crate::compose::ServiceRun;
use crate::failure::Failure;
use crate::image::packages::Ecosystem;
use crate::image::{Algorithm, Digest};
use crate::inputs::Evidence;
use crate::inputs::Inputs;
use crate::measure::session::Session;
use crate::optimize::Options;

/// A build to be rewritten, and what is known of it.
#[derive(Clone, Copy, Debug)]
pub struct ProofInput<'g> {
    /// The inputs.
    pub inputs: &'g Inputs,
    /// Index of the build.
    pub build: usize,
    /// What stands behind decisions.
    pub evidence: &'g Evidence,
    /// What the user asked for.
    pub options: &'g Options,
    /// How compose files run its containers.
    pub runs: &'g [ServiceRun],
}

impl ProofInput<'_> {
    /// Digests of the texts by name, and of the context: names, sizes and modes of what the builder is sent.
    pub(super) fn digests(&self) -> Vec<(String, String)> {
        let Some(input) = self.inputs.builds.get(self.build) else { return Vec::new() };
        let source = self.inputs.source(input.dockerfile);
        let mut all = vec![(source.name().to_owned(), digest(source.bytes()))];
        if let crate::inputs::IgnoreInput::Present(file, _) = &input.ignore {
            let source = self.inputs.source(*file);
            all.push((source.name().to_owned(), digest(source.bytes())));
        }
        if let Some(context) = input.context.as_deref() {
            let mut list = String::new();
            for id in context.entries() {
                let entry = context.entry(id);
                list.push_str(&format!(
                    "{}\0{:?}\0{}\0{:o}\n",
                    context.path(id),
                    entry.kind,
                    entry.amount.bytes,
                    entry.mode
                ));
            }
            all.push(("context (names, sizes, modes)".to_owned(), digest(list.as_bytes())));
        }
        all
    }
}

fn digest(bytes: &[u8]) -> String {
    Digest::of(Algorithm::Sha256, bytes).to_string()
}

/// What an image can't go below, unpacked: the base that it stands on and the packages that its program needs. `inputs` are
/// those of the rewrite; empty where its image is smaller all the same, as packages lie in the base.
///
/// # Errors
/// When the engine fails.
pub(super) fn floor(
    session: &Session,
    (inputs, build): (&Inputs, usize),
    side: &crate::proof::ImageSide,
    disk: u64,
) -> Result<Vec<(String, u64)>, Failure> {
    let mut floor = Vec::new();
    let Some(input) = inputs.builds.get(build) else { return Ok(floor) };
    let read = Build::new(input);
    if let Some(StageBase::Image(base)) = read.target().map(|target| read.root_base(target)) {
        let name = crate::build::Reference::of(base).name;
        let slim = SlimImage::of(base).map(|slim| format!("{name}:{}", slim.tag));
        for name in slim.into_iter().chain([base.clone()]) {
            if let Some(image) = session.engine().find(&name, None)? {
                floor.push((format!("base {name}"), image.size));
                break;
            }
        }
    }
    let languages = [Ecosystem::Python, Ecosystem::Node, Ecosystem::Ruby, Ecosystem::Php];
    let in_base = |place: &str| place.starts_with("/usr/local/lib/node_modules/npm") || place.starts_with("/opt/yarn");
    let all = side.packages.packages.iter().filter(|package| languages.contains(&package.ecosystem));
    let packages = all.filter(|package| !in_base(&side.text(package.place)) && &*package.name != "pip");
    let bytes: u64 = packages.map(|package| package.size.bytes).sum();
    // Go and Rust have theirs in the program.
    if bytes > 0 {
        floor.push(("production dependencies".to_owned(), bytes));
    }
    if floor.iter().map(|(_, bytes)| bytes).sum::<u64>() > disk {
        floor.clear();
    }
    Ok(floor)
}
