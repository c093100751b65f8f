//! Test inputs from a few lines: a Dockerfile and the files of its context.

use std::sync::Arc;

use super::{Level, LevelLimit, Optimized, Options, optimize};
use crate::inputs::context::BuildContext;
use crate::inputs::{BuildInput, BuildOptions, IgnoreInput, Inputs};
use crate::inputs::{Evidence, VendoredModules};
use crate::manifest;
use crate::text::Source;

/// A project: the Dockerfile's text, and paths with their texts. A file `.dockerignore` is in force.
pub(super) fn project(dockerfile: &str, files: &[(&str, &str)]) -> (Inputs, Evidence) {
    let mut inputs = Inputs { root: ".".into(), ..Inputs::default() };
    let id = inputs.add(Source::of("Dockerfile", dockerfile));
    let known: Vec<_> = files.iter().map(|(path, text)| (*path, Some(*text))).collect();
    let projects = manifest::projects(&known).projects;
    let mut all: Vec<(&str, u64)> = files.iter().map(|(path, text)| (*path, text.len() as u64)).collect();
    all.push(("Dockerfile", dockerfile.len() as u64));
    let mut context = BuildContext::of(&all);
    let mut ignore = IgnoreInput::Missing(".dockerignore".into());
    if let Some((path, text)) = files.iter().find(|(path, _)| *path == ".dockerignore") {
        let source = Source::of(path, text);
        let read = Arc::new(crate::ignore::parse(&source));
        context = context.without(&read.matcher());
        ignore = IgnoreInput::Present(inputs.add(source), read);
    }
    inputs.builds.push(BuildInput {
        context_root: Some(".".into()),
        ignore,
        context: Some(Arc::new(context)),
        projects: Some(Arc::new(projects)),
        ..BuildInput::new(inputs.source(id), BuildOptions::default())
    });
    let (others, project_files): (Vec<_>, Vec<_>) = files.iter().partition(|(path, _)| path.starts_with("vendor/"));
    let calls_c = others.iter().find(|(path, text)| manifest::calls_c(path, text)).map(|(path, _)| (*path).to_owned());
    let wants_zones = others.iter().any(|(_, text)| text.contains("LoadLocation"));
    let list = others.iter().any(|(path, _)| *path == "vendor/modules.txt");
    let vendored = list.then(|| ("vendor".to_owned(), VendoredModules { calls_c, wants_zones })).into_iter().collect();
    let texts = project_files.iter().map(|(path, text)| ((*path).to_owned(), (*text).to_owned())).collect();
    (inputs, Evidence { texts, vendored, ..Evidence::default() })
}

/// The project rewritten up to a level.
pub(super) fn optimize_to_level(dockerfile: &str, files: &[(&str, &str)], level: Level) -> Optimized {
    let (inputs, evidence) = project(dockerfile, files);
    optimize(&inputs, 0, &evidence, &Options { level: LevelLimit::Up(level), ..Options::new(&crate::rules::AllRules) })
}

/// The Dockerfile's text rewritten up to a level, and again, which must change nothing.
pub(super) fn rewritten(dockerfile: &str, files: &[(&str, &str)], level: Level) -> String {
    let first = optimize_to_level(dockerfile, files, level);
    let text = first.result()[0].text().to_owned();
    let mut again: Vec<(&str, &str)> = files.to_vec();
    let ignore =
        first.result().iter().find(|source| source.name() == ".dockerignore").map(|source| source.text().to_owned());
    if let Some(ignore) = &ignore {
        again.retain(|(path, _)| *path != ".dockerignore");
        again.push((".dockerignore", ignore));
    }
    let second = optimize_to_level(&text, &again, level);
    assert_eq!(second.result()[0].text(), text, "a second run changes nothing: {:?}", second.levels);
    text
}
