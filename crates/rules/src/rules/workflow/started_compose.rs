//! The compose file that starts an image with what it needs, and whether it starts as the repository has it.

use std::collections::BTreeSet;

use super::references::{is_metadata, texts_of_output};
use super::steps::{ImagePush, last_part, without_tag};
use crate::rules::WorkflowContext;
use crate::text::{Source, path};
use crate::variables::wanted_variables;
use crate::workflow::expression_names;
use crate::yaml::{self, NodeKind, YamlNode, YamlTree};

/// Keys of a service that give it what its image lacks.
const NEEDS: [&str; 5] = ["depends_on", "environment", "env_file", "privileged", "devices"];

/// Variables that a help can name.
const NAMED: usize = 3;

/// How compose files of the repository start an image.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ComposeStart<'a> {
    /// None has it.
    Unknown,
    /// One does, with files or values that the repository lacks.
    Lacking,
    /// This one does.
    File {
        /// Its path.
        file: &'a str,
        /// Variables that have no value.
        variables: Vec<String>,
        /// The service, where that is built there and has no `image`.
        unnamed: Option<String>,
    },
}

/// How a compose file starts the images of a pipeline: one of their names is that of a service, or it is built from the same
/// context and Dockerfile.
pub(super) fn compose_start<'a>(cx: &WorkflowContext<'a, '_>, pushes: &[ImagePush]) -> ComposeStart<'a> {
    let wanted = WantedImages::of(cx, pushes);
    let mut is_lacking = false;
    for (file, source) in cx.repository().texts.iter().filter(|(file, _)| path::is_compose(file)) {
        let tree = yaml::read(source.text());
        let Some(service) = wanted.service(file, &tree) else { continue };
        match started(cx, file, source, &tree) {
            Some(variables) if !service.has_open_values => {
                return ComposeStart::File { file, variables, unnamed: service.unnamed };
            }
            _ => is_lacking = true,
        }
    }
    if is_lacking { ComposeStart::Lacking } else { ComposeStart::Unknown }
}

/// What tells a service of the images of a pipeline.
struct WantedImages<'w> {
    /// The last parts of their names.
    names: BTreeSet<&'w str>,
    /// Contexts and Dockerfiles.
    built: BTreeSet<(&'w str, &'w str)>,
}

/// A service of a pipeline's image.
struct ImageService {
    /// Its name, where it is built and has no `image`.
    unnamed: Option<String>,
    /// Whether its `environment` is there without a value: they stand in comments.
    has_open_values: bool,
}

impl<'w> WantedImages<'w> {
    fn of(cx: &WorkflowContext<'w, '_>, pushes: &'w [ImagePush]) -> Self {
        let mut names = BTreeSet::new();
        for push in pushes {
            names.extend(push.tags.iter().map(|tag| last_part(without_tag(&tag.text))));
            let job = &cx.workflow().jobs[push.job];
            for output in push.tags.iter().flat_map(|tag| expression_names(&tag.text)) {
                let step = output.strip_prefix("steps.").and_then(|rest| rest.split('.').next());
                let is_one =
                    |id: &&str| job.steps.iter().any(|known| known.id.as_deref() == Some(*id) && is_metadata(known));
                let texts = step.filter(is_one).map(|id| texts_of_output(job, id, "tags"));
                names.extend(texts.into_iter().flatten().map(|name| last_part(without_tag(name))));
            }
        }
        names.retain(|name| !name.is_empty() && !name.contains('$'));
        let legs = cx.calls().iter().flat_map(|call| call.legs.iter().flatten());
        Self { names, built: legs.map(|leg| (&*leg.context, &*leg.file)).collect() }
    }

    /// The service of one of them that is given something; of a file with one service, whatever its name is where those of the
    /// images are not known.
    fn service(&self, file: &str, tree: &YamlTree) -> Option<ImageService> {
        let services = tree.root()?.get("services")?;
        let is_alone = services.entries().count() == 1 && self.names.is_empty() && path::parent(file).is_empty();
        services.entries().find_map(|entry| {
            let service = entry.value;
            let image = service.get("image").and_then(YamlNode::text);
            let has_name = image.is_some_and(|image| {
                let is_own = is_alone && without_tag(image).contains('/');
                is_own || self.names.contains(last_part(without_tag(image)))
            });
            let is_built = || {
                let (context, dockerfile) = build_of(path::parent(file), service)?;
                Some(self.built.contains(&(&*context, &*dockerfile)))
            };
            let needs_more = NEEDS.iter().any(|key| service.get(key).is_some());
            let is_wanted = needs_more && (has_name || is_built() == Some(true));
            is_wanted.then(|| ImageService {
                unnamed: if image.is_none() { entry.key.text().map(str::to_owned) } else { None },
                has_open_values: service.get("environment").is_some_and(YamlNode::is_null),
            })
        })
    }
}

/// The context and the Dockerfile of a service of a compose file in a folder, as seen from the top of the repository.
fn build_of(folder: &str, service: YamlNode) -> Option<(String, String)> {
    let build = service.get("build")?;
    let context = build.text().or_else(|| build.get("context")?.text()).unwrap_or(".");
    let context = path::normalize(&path::join(folder, context));
    let context = if context == "." { String::new() } else { context };
    let dockerfile = build.get("dockerfile").and_then(|file| file.text().map(str::to_owned));
    let dockerfile = dockerfile.unwrap_or_else(|| "Dockerfile".to_owned());
    Some((context.clone(), path::normalize(&path::join(&context, &dockerfile))))
}

/// The variables without a value of a compose file that starts as the repository has it; `None` where it lacks a file, or
/// there are many of them.
fn started(cx: &WorkflowContext, file: &str, source: &Source, tree: &YamlTree) -> Option<Vec<String>> {
    let folder = path::parent(file);
    let repository = cx.repository();
    let has = |name: &str| repository.has(&path::normalize(&path::join(folder, name)));
    let root = tree.root()?;
    let services = root.get("services")?;
    let lacks_file = services.entries().any(|entry| {
        let files = entry.value.get("env_file");
        let mut files = files
            .into_iter()
            .flat_map(|node| node.text().into_iter().map(move |text| (text, node)).chain(members(node)));
        let mut mounts = entry.value.get("volumes").into_iter().flat_map(YamlNode::items).filter_map(mounted_file);
        files.any(|(name, node)| node.get("required").and_then(YamlNode::as_bool) != Some(false) && !has(name))
            || mounts.any(|name| !has(name))
    });
    let lacks_part = ["configs", "secrets"].iter().filter_map(|key| root.get(key)).any(|parts| {
        parts.entries().any(|part| part.value.get("file").and_then(YamlNode::text).is_some_and(|name| !has(name)))
    });
    let is_made_elsewhere =
        ["networks", "volumes", "configs", "secrets"].iter().filter_map(|key| root.get(key)).any(|parts| {
            parts
                .entries()
                .any(|part| part.value.get("external").is_some_and(|external| external.as_bool() != Some(false)))
        });
    if lacks_file || lacks_part || is_made_elsewhere {
        return None;
    }
    let set = repository.texts.get(&path::child(folder, ".env")).map_or("", Source::text);
    let is_set = |name: &String| {
        set.lines().any(|line| {
            line.trim_start()
                .trim_start_matches("export ")
                .strip_prefix(name.as_str())
                .is_some_and(|rest| rest.starts_with('='))
        })
    };
    let mut variables = wanted_variables(source.text(), tree.comments());
    // Of a file of values whose text was not read, nothing is known.
    if set.is_empty() && has(".env") {
        variables.clear();
    }
    variables.retain(|name| !is_set(name));
    (variables.len() <= NAMED).then(|| variables.into_iter().collect())
}

/// The files that a list of `env_file` names.
fn members(node: YamlNode<'_>) -> impl Iterator<Item = (&str, YamlNode<'_>)> {
    node.items().filter_map(|item| Some((item.text().or_else(|| item.get("path")?.text())?, item)))
}

/// The file next to the compose file that an entry of `volumes` mounts: Compose makes a folder where there is none, which a
/// program that reads a file cannot use.
fn mounted_file(volume: YamlNode<'_>) -> Option<&str> {
    let source = match volume.kind() {
        Some(NodeKind::Mapping) => volume.get("source")?.text()?,
        _ => volume.text()?.split(':').next()?,
    };
    let is_near = source.starts_with("./") || source.starts_with("../");
    (is_near && !source.contains('$') && path::name(source).trim_start_matches('.').contains('.')).then_some(source)
}
