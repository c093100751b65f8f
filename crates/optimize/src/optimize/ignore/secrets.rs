//! Files whose names suggest secrets and that nothing in the image reads.

use super::evidence::{env_loader, env_package, mention};
use super::exclusion::{Exclusion, Section};
use super::group::Group;
use super::reason::ContextReason;
use crate::build::has_public_name;
use crate::data;
use crate::inputs::context::{Certainty, ClassKind, EntryId, classify};
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
            perhaps.extend((!is_known_harmless(group, class_match.entry)).then_some(path));
            continue;
        }
        if environment && are_environments_read(group) {
            kept_paths.push(path);
        } else if let Some(reader) = mention(group, name, "")
            && !environment
        {
            output.refuse(format!("keeps `{path}` in the image"), ContextReason::Named { reader: reader.to_owned() });
        } else {
            gone.push(Exclusion::new(class_match.entry, &class_match.pattern, Section::Secret, bytes, true));
        }
    }
    if !kept_paths.is_empty()
        && let Some(why) = environment_reader(group)
    {
        output.refuse(format!("keeps {} in the build context", listed(&kept_paths)), why);
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

/// Whether settings of a package manager were read and have no secret in them: lines with secrets are left out of the texts.
fn is_known_harmless(group: &Group, entry: EntryId) -> bool {
    let Some(text) = group.evidence.texts.get(&group.context.path(entry)) else { return false };
    let is_settings = [".npmrc", ".yarnrc.yml"].contains(&group.context.entry(entry).name);
    let gone = group.context.entry(entry).amount.bytes.abs_diff(text.len() as u64);
    // The end of a line may be two characters in the file.
    is_settings && (gone <= 1 || gone.abs_diff(text.lines().count() as u64) <= 1)
}

/// Whether something in the build or the program may read environment files.
pub(super) fn are_environments_read(group: &Group) -> bool {
    environment_reader(group).is_some()
}

/// What may read environment files.
fn environment_reader(group: &Group) -> Option<ContextReason> {
    group.environments.get_or_init(|| find_environment_reader(group)).clone()
}

fn find_environment_reader(group: &Group) -> Option<ContextReason> {
    if let Some(reader) = env_loader(group) {
        return Some(ContextReason::Loaded { reader: reader.to_owned() });
    }
    let words = [".env", "bun ", "pipenv run", "\"pipenv\", \"run\"", "\"pipenv\",\"run\""];
    if group.dockerfiles().any(|text| words.iter().any(|word| text.contains(word))) {
        return Some(ContextReason::CommandLoads);
    }
    let node = group.built_projects().filter(|project| project.ecosystem == Ecosystem::Node);
    let mut of_node = node.flat_map(|project| &project.dependencies);
    if let Some(bundler) = of_node.find(|known| data::NODE_PACKAGES.has(known.name.as_str(), "bundler")) {
        return Some(ContextReason::Bundled { package: bundler.name.clone() });
    }
    let dependencies = || group.built_projects().flat_map(|project| &project.dependencies);
    let has = |name: &str| dependencies().any(|dependency| dependency.name == name);
    // Flask loads it where python-dotenv is installed, Bun, Laravel and Symfony always.
    let flask = has("flask") && has("python-dotenv") && group.dockerfiles().any(|text| text.contains("flask"));
    // The command line of Prisma and its older clients load it.
    let loads = ["prisma", "@prisma/client", "laravel/framework", "symfony/dotenv"].into_iter().find(|name| has(name));
    if let Some(reader) = flask.then_some("flask").or(loads) {
        return Some(ContextReason::Loaded { reader: reader.to_owned() });
    }
    env_package(group).map(|manifest| ContextReason::PackageLoads { manifest: manifest.to_owned() })
}

/// `.env.example` and its like.
pub(super) fn is_sample(name: &str) -> bool {
    let marks = [".example", ".sample", ".template", ".dist", ".defaults"];
    name.strip_prefix(".env.").is_some_and(|_| marks.iter().any(|mark| name.contains(mark)))
}
