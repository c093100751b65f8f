//! What the original shows that a rewrite needs to know: what it writes, answers, links with and starts.

use std::collections::BTreeSet;

use super::equivalence::Original;
use super::session::Session;
use crate::build::{Build, Reference, SlimImage, StageBase};
use crate::failure::Failure;
use crate::image::PathId;
use crate::inputs::Inputs;
use crate::inputs::{Evidence, ObservedRun};
use crate::manifest::FileKind;
use crate::proof::{
    DeclaredConfig, ImageSide, Probe, command, lacking, library, node, python, python_module, script_file,
};
use crate::shell;
use crate::text::path;

impl Session {
    /// Names that the engine has images of.
    pub(super) fn names(&self) -> Result<BTreeSet<String>, Failure> {
        let prefix = format!("dockopt-{}:", self.nonce());
        let tags = self.engine.images()?.into_iter().flat_map(|image| image.tags);
        Ok(tags.filter(|tag| !tag.starts_with(&prefix)).collect())
    }

    /// What the original showed.
    pub(super) fn observed(
        &self,
        original: &Original<'_>,
        (inputs, build): (&Inputs, usize),
        declared: &DeclaredConfig,
        evidence: &Evidence,
    ) -> Result<ObservedRun, Failure> {
        let trial = &original.trial;
        let mut observed = ObservedRun {
            written: trial.written_paths().into_keys().filter(|path| trial.counts(path)).collect(),
            ports: trial.ports().to_vec(),
            ..ObservedRun::default()
        };
        for (question, answer) in &trial.answers {
            if let (Probe::Http(Some(port), path), Some(200..400)) = (Probe::read(question), answer.status) {
                observed.answers.push((port, path));
            }
        }
        let Some(slim) = self.slim(inputs, build)? else { return Ok(observed) };
        let slim = self.side(&slim)?;
        observed.packages = packages(&original.side, &slim);
        let programs = programs(&original.side, declared, evidence);
        let lacks = |name: &&String| original.side.program(name).is_some() && slim.program(name).is_none();
        observed.programs = programs.iter().filter(lacks).cloned().collect();
        Ok(observed)
    }

    /// The slim twin of the base that the image stands on, where the engine has it.
    fn slim(&self, inputs: &Inputs, build: usize) -> Result<Option<String>, Failure> {
        let Some(input) = inputs.builds.get(build) else { return Ok(None) };
        let read = Build::new(input);
        let Some(StageBase::Image(base)) = read.target().map(|target| read.root_base(target)) else { return Ok(None) };
        let Some(slim) = SlimImage::of(base) else { return Ok(None) };
        let name = format!("{}:{}", Reference::of(base).name, slim.tag);
        Ok(self.engine.find(&name, None)?.map(|_| name))
    }
}

/// Packages of the distribution that own what programs of the image link with and the slim base lacks.
fn packages(side: &ImageSide, slim: &ImageSide) -> BTreeSet<String> {
    let all = &side.packages.packages;
    let system = |path: PathId| {
        side.packages
            .owner(path)
            .and_then(|owner| all.get(owner as usize))
            .filter(|package| package.ecosystem.is_system())
    };
    // What the base brings itself is in the slim one too, wanting or not.
    let is_unpackaged = |path: &PathId| system(*path).is_none() && slim.find(&side.text(*path)).is_none();
    let files: Vec<PathId> = side.programs().map(|(path, _)| path).filter(is_unpackaged).collect();
    let names = lacking(side, &files, slim);
    let owners = names.iter().filter_map(|name| system(library(side, name)?));
    // `libc.so` of a development package is a text for the linker: what asks for it was made for another C library.
    owners.map(|package| package.name.to_string()).filter(|name| !name.ends_with("-dev")).collect()
}

/// Programs that the sources and the start scripts start.
fn programs(side: &ImageSide, declared: &DeclaredConfig, evidence: &Evidence) -> BTreeSet<String> {
    let started = command(side.config(), &declared.scripts);
    let (module, file) = (python_module(&started), script_file(&started));
    let mut programs = python(&evidence.texts, module.as_deref().or(file.as_deref())).programs;
    programs.extend(node(&evidence.texts, file.as_deref()).programs);
    let config = side.config();
    let words: Vec<&String> = config.entrypoint.iter().chain(&config.cmd).flatten().collect();
    for (path, text) in evidence.texts.iter().filter(|(path, _)| FileKind::of(path).is_shell()) {
        let name = path::name(path);
        if words.iter().any(|word| word.contains(name)) {
            let script = shell::parse(text);
            programs.extend(script.invocations().iter().filter_map(|invocation| invocation.program).map(str::to_owned));
        }
    }
    programs
}
