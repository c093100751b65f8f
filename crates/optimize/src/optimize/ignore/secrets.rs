//! Files whose names suggest secrets and that nothing in the image reads.

use super::evidence::{env_loader, mention};
use super::exclusion::{Exclusion, Section};
use super::group::Group;
use super::reason::ContextReason;
use crate::build::has_public_name;
use crate::data;
use crate::inputs::context::{Certainty, ClassKind, classify};
use crate::manifest::Ecosystem;
use crate::optimize::pass_input::PassOutput;
use crate::text::path;

/// What is to go.
pub(super) fn find_exclusions(group: &Group, output: &mut PassOutput) -> Vec<Exclusion> {
    let mut gone = Vec::new();
    let mut kept_paths: Vec<String> = Vec::new();
    let (mut named, mut perhaps): (Vec<String>, Vec<String>) = (Vec::new(), Vec::new());
    for class_match in classify(group.context).iter().filter(|class_match| class_match.class.kind == ClassKind::Secret)
    {
        let path = group.context.path(class_match.entry);
        let name = path::name(&path);
        let environment = is_environment(name);
        let sure =
            class_match.class.certainty < Certainty::Possible && (environment || name.strip_suffix(".env").is_none());
        let sample = is_sample(name) || has_public_name(&path);
        let Some(bytes) = group.bytes_sent(class_match.entry) else { continue };
        if sample {
            continue;
        }
        if group.is_named(&path) {
            named.extend(sure.then_some(path));
            continue;
        }
        if !sure {
            perhaps.push(path);
            continue;
        }
        if environment && are_environments_read(group) {
            kept_paths.push(path);
        } else if let Some(reader) = mention(group.evidence, name, "")
            && !environment
        {
            output.refuse(format!("keeps `{path}` in the image"), ContextReason::Named { reader: reader.to_owned() });
        } else {
            gone.push(Exclusion::new(class_match.entry, &class_match.pattern, Section::Secret, bytes, true));
        }
    }
    // What a bundler takes into its build is no oversight.
    if let (Some(first), Some(reader)) = (kept_paths.first(), env_loader(group.evidence)) {
        output.refuse(format!("keeps `{first}` in the image"), ContextReason::Loaded { reader: reader.to_owned() });
    }
    if !named.is_empty() {
        output.refuse(format!("keeps {} in the image", listed(&named)), ContextReason::Copied);
    }
    if !perhaps.is_empty() {
        output.refuse(format!("keeps {} in the build context", listed(&perhaps)), ContextReason::MayBeSecret);
    }
    gone
}

/// The first paths of some, and how many more there are.
fn listed(paths: &[String]) -> String {
    let first: Vec<String> = paths.iter().take(3).map(|path| format!("`{path}`")).collect();
    let more = paths.len() - first.len();
    if more == 0 { first.join(", ") } else { format!("{} and {more} more", first.join(", ")) }
}

fn is_environment(name: &str) -> bool {
    name == ".env" || name.starts_with(".env.")
}

/// Whether something in the build or the program may read environment files.
pub(super) fn are_environments_read(group: &Group) -> bool {
    *group.environments.get_or_init(|| reads_environments(group))
}

fn reads_environments(group: &Group) -> bool {
    let node = group.projects().filter(|project| project.ecosystem == Ecosystem::Node);
    let bundler = node
        .flat_map(|project| &project.dependencies)
        .any(|dependency| data::NODE_PACKAGES.has(dependency.name.as_str(), "bundler"));
    // Flask loads it where python-dotenv is installed, Bun, Laravel and Symfony always.
    let dependencies = || group.projects().flat_map(|project| &project.dependencies);
    let has = |name: &str| dependencies().any(|dependency| dependency.name == name);
    let flask = has("flask") && has("python-dotenv") && group.dockerfiles().any(|text| text.contains("flask"));
    // Its command line and its older clients load it.
    let prisma = has("prisma") || has("@prisma/client");
    let php = has("laravel/framework") || has("symfony/dotenv");
    let words = [".env", "bun ", "pipenv run", "\"pipenv\", \"run\"", "\"pipenv\",\"run\""];
    let is_loaded = group.dockerfiles().any(|text| words.iter().any(|word| text.contains(word)));
    bundler || flask || prisma || php || is_loaded || env_loader(group.evidence).is_some()
}

/// `.env.example` and its like.
pub(super) fn is_sample(name: &str) -> bool {
    let marks = [".example", ".sample", ".template", ".dist", ".defaults"];
    name.strip_prefix(".env.").is_some_and(|_| marks.iter().any(|mark| name.contains(mark)))
}
