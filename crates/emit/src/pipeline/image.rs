//! The images of a repository: what is built, under which names.

use std::collections::BTreeSet;

use crate::build::{Build, Stage, StageBase};
use crate::inputs::{BuildInput, Inputs};
use crate::text::path;

/// An image that a repository builds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RepositoryImage {
    /// What it is called: small letters, digits and dashes; no other image of the repository has the name.
    pub name: String,
    /// The Dockerfile's path from the top of the repository.
    pub dockerfile: String,
    /// The folder of the build context, from there; `.` for the top.
    pub context: String,
    /// `--target`.
    pub target: Option<String>,
    /// `--build-arg`, in order.
    pub arguments: Vec<(String, String)>,
    /// `--build-context`, in order.
    pub contexts: Vec<(String, String)>,
    /// The number of its build in [`Inputs::builds`].
    pub build: usize,
}

/// The images of a repository, and the Dockerfiles that no line of a pipeline can name.
#[derive(Clone, Debug, Default)]
pub struct RepositoryImages {
    /// In the order of the builds.
    pub images: Vec<RepositoryImage>,
    /// The Dockerfile and why, in one clause.
    pub left_out: Vec<(String, &'static str)>,
}

impl RepositoryImages {
    /// The images that are built below a folder, as the user typed it: the top of the repository.
    pub fn of(inputs: &Inputs, root: &str) -> Self {
        let mut all = Self::default();
        for (number, build) in inputs.builds.iter().enumerate() {
            match image(inputs, root, build, number) {
                Ok(image) if all.images.iter().any(|known| known.is_same(&image)) => {}
                Ok(image) => all.images.push(image),
                Err(why) => all.left_out.push((inputs.source(build.dockerfile).name().to_owned(), why)),
            }
        }
        let folder = path::name(root).to_owned();
        let names = names(inputs, &all.images, &folder);
        for (image, name) in all.images.iter_mut().zip(names) {
            image.name = name;
        }
        all
    }
}

impl RepositoryImage {
    /// The folder of its sources: its build context, or that of its Dockerfile where the context is the top.
    pub(super) fn folder(&self) -> &str {
        if self.context == "." { path::parent(&self.dockerfile) } else { &self.context }
    }

    fn is_same(&self, other: &Self) -> bool {
        (&self.dockerfile, &self.context, &self.target, &self.arguments)
            == (&other.dockerfile, &other.context, &other.target, &other.arguments)
    }
}

fn image(inputs: &Inputs, root: &str, build: &BuildInput, number: usize) -> Result<RepositoryImage, &'static str> {
    if inputs.source(build.dockerfile).embedding().is_some() {
        return Err("it is part of another file");
    }
    if build.template.is_some() {
        return Err("it is a template");
    }
    let known = Build::new(build);
    let is_of_windows = |stage: &Stage| {
        let StageBase::Image(name) = known.root_base(stage) else { return false };
        name.contains("nanoserver") || name.contains("windows/")
    };
    if known.target().is_some_and(is_of_windows) {
        return Err("it is of Windows, which runners of Linux do not build");
    }
    let context = context_folder(root, build).ok_or("its build context is outside of the folder")?;
    let dockerfile = path::normalize(&build.place);
    if [&dockerfile, &context].into_iter().any(|name| name.chars().any(char::is_control)) {
        return Err("its path has characters that end a line");
    }
    Ok(RepositoryImage {
        name: String::new(),
        dockerfile,
        context,
        target: build.options.target.clone(),
        arguments: build.options.build_args.clone(),
        contexts: build.options.build_contexts.clone(),
        build: number,
    })
}

/// The folder of a build context from the top of the repository, `.` for that; nothing where it lies outside.
pub(super) fn context_folder(root: &str, build: &BuildInput) -> Option<String> {
    let root = path::normalize(root);
    let context = path::normalize(build.context_root.as_deref().unwrap_or("."));
    let context =
        if root.is_empty() || context == root { context.strip_prefix(&root) } else { path::relative(&context, &root) };
    let context = context.filter(|context| !context.starts_with(".."))?;
    Some(if context.is_empty() { ".".to_owned() } else { context.to_owned() })
}

/// A name for each image: that of its folder, what its Dockerfile's name has besides `Dockerfile`, its target where others
/// are built from the same file, its service, the repository's; the first that no other image has.
fn names(inputs: &Inputs, images: &[RepositoryImage], repository: &str) -> Vec<String> {
    let candidates = |image: &RepositoryImage| {
        let file = path::name(&image.dockerfile).to_ascii_lowercase();
        let suffix = file.replace("dockerfile", "").replace("containerfile", "");
        let folder = image.folder();
        let service = inputs.builds[image.build].services.first().cloned().unwrap_or_default();
        let target = image.target.clone().unwrap_or_default();
        // What says nothing of an image.
        let is_general = ["src", "docker", "app", "build", "deploy"].contains(&path::name(folder));
        let place = if is_general && !service.is_empty() { String::new() } else { path::name(folder).to_owned() };
        let is_plain = |text: &str| text.chars().all(|c| c.is_ascii_alphanumeric() || "._-".contains(c));
        let base = match () {
            () if !suffix.trim_matches(['.', '-', '_']).is_empty() && is_plain(&suffix) => suffix,
            () if !place.is_empty() && place != "." => place,
            () if !service.is_empty() => service.clone(),
            () => repository.to_owned(),
        };
        let whole = format!("{}-{}", image.context, path::parent(&image.dockerfile));
        [base.clone(), format!("{base}-{target}"), service, whole].map(|name| plain_name(&name))
    };
    let mut taken_names = BTreeSet::new();
    let name = |image: &RepositoryImage| {
        let candidates = candidates(image);
        let numbered = (2..).map(|number| format!("{}-{number}", candidates[0]));
        let all = candidates.iter().filter(|name| !name.is_empty()).cloned().chain(numbered);
        let mut free = all.skip_while(|name| taken_names.contains(name));
        let name = free.next().unwrap_or_default();
        taken_names.insert(name.clone());
        name
    };
    images.iter().map(name).collect()
}

/// A text as the name of an image (distribution reference, `path-component`): small letters, digits, single dashes.
fn plain_name(text: &str) -> String {
    let plain = text.chars().map(|c| if c.is_ascii_alphanumeric() { c.to_ascii_lowercase() } else { '-' });
    let plain: String = plain.collect();
    plain.split('-').filter(|part| !part.is_empty()).collect::<Vec<_>>().join("-")
}
