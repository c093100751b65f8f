//! Compose files ─► the project that Compose makes of them, with the place of every key and value: several files with
//! their overrides, `include`, `extends`, profiles, variables, environment files, long forms, what is implied.
//!
//! Reads no file: what is needed is asked for ([`Reading::Needs`]). Equal to `docker compose config --format json` of the
//! version that `data/compose_attributes.tsv` names, which its tests compare it with.

mod amount;
mod base;
mod certainty;
mod consistency;
mod cut_value;
mod document;
mod dotenv;
mod environment;
mod error;
mod extend;
mod files;
mod form;
mod include;
mod interpolate;
mod json;
mod listed;
mod load;
mod loader;
mod locations;
mod merge;
mod name;
mod normalize;
mod paths;
mod render;
mod request;
mod resolve;
mod schema;
mod unique;
mod value;
mod volume;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

pub use self::amount::duration_nanoseconds;
use self::certainty::MissingValues;
pub use self::cut_value::{CutValue, loses_part};
use self::error::Stop;
pub use self::error::{GapKind, ProjectError, ProjectGap};
use self::files::Lookup;
pub use self::files::{ProjectFile, ProjectFiles, ProjectNeed};
use self::interpolate::SET_VARIABLE;
pub use self::interpolate::UnsetVariable;
pub use self::listed::{listed_files, lists_unknown_files};
use self::loader::{Loader, Room, Scope, Variables};
use self::locations::{absolute, go_join, relative};
pub use self::request::{Leniency, ProjectRequest};
pub use self::schema::is_service_name;
pub use self::value::{ComposeData, ComposeEntry, ComposeMap, ComposePlace, ComposeValue};
use crate::text::{FileId, Source, Span, path};

/// Values of one project that are left out at most.
const OMISSIONS: usize = 30;

/// How far reading came.
#[derive(Debug)]
pub enum Reading {
    /// These must be known first.
    Needs(Vec<ProjectNeed>),
    /// The project.
    Read(Box<ComposeProject>),
    /// Compose refuses it.
    Refused {
        /// Why.
        error: Box<ProjectError>,
        /// The files that its place points into.
        sources: Vec<Source>,
        /// Whether a variable without a value may make it another project.
        is_incomplete: bool,
    },
}

/// A project as Compose runs it.
#[derive(Clone, Debug)]
pub struct ComposeProject {
    /// Its name.
    pub name: String,
    /// Its folder, absolute.
    pub folder: String,
    /// The model: what `docker compose config` prints, and what no service uses.
    pub model: ComposeMap,
    /// Services whose profiles are not active.
    pub disabled: ComposeMap,
    /// The files that places point into.
    pub sources: Vec<Source>,
    /// Variables that are named without being set.
    pub unset: Vec<UnsetVariable>,
    /// The paths of those files, absolute.
    pub paths: Vec<String>,
    /// What is missing, where reading went on without it.
    pub gaps: Vec<ProjectGap>,
    /// Places of `version`, which means nothing any more.
    pub versions: Vec<ComposePlace>,
    /// Values of environment files that lose a part.
    pub cut_values: Vec<CutValue>,
}

impl ComposeProject {
    /// The active services.
    pub fn services(&self) -> impl Iterator<Item = (&str, &ComposeValue)> {
        let services = self.model.get("services").and_then(ComposeValue::as_map);
        services.into_iter().flat_map(ComposeMap::iter).map(|(name, entry)| (name, &entry.value))
    }

    /// A path as seen from the project's folder.
    pub fn near_path(&self, path: &str) -> String {
        relative(&self.folder, path)
    }

    /// What is written at a place.
    pub fn text(&self, place: Option<ComposePlace>) -> Option<&str> {
        let place = place?;
        self.sources.get(place.file.0 as usize)?.text().get(place.span.range())
    }

    /// Where texts start that name variables without a value.
    pub fn unset_starts(&self) -> BTreeSet<(FileId, u32)> {
        let gaps = self.gaps.iter().filter(|gap| gap.kind == GapKind::Variable).map(|gap| gap.error.place);
        let places = self.unset.iter().map(|variable| variable.place).chain(gaps).flatten();
        places.map(ComposePlace::start).collect()
    }
}

/// Reads a project from the files that are known.
pub fn project(request: &ProjectRequest, files: &ProjectFiles) -> Reading {
    let mut omissions: BTreeMap<String, Vec<Span>> = BTreeMap::new();
    let (mut room, mut left_out) = (Room::default(), Vec::new());
    loop {
        let mut loader = Loader::new(request, Lookup::new(files), &omissions, room);
        let mut error = match read(&mut loader) {
            Ok(mut project) => {
                project.gaps.extend(left_out);
                return certainty::of_project(Box::new(project), request, files);
            }
            Err(Stop::Needs) => return Reading::Needs(loader.lookup.needs),
            Err(Stop::Refused(error)) => error,
        };
        let may_omit = loader.omits_values() && omissions.values().map(Vec::len).sum::<usize>() < OMISSIONS;
        if may_omit
            && let Some(place) = error.place
            && let Some(path) = loader.paths().get(place.file.0 as usize)
            && omissions.get(path).is_none_or(|spans| !spans.contains(&place.span))
        {
            room = loader.room;
            let is_certain = !MissingValues::new(&loader.unset, &loader.gaps).may_answer(&error);
            omissions.entry(path.clone()).or_default().push(place.span);
            if request.leniency == Leniency::Trial {
                left_out.push(ProjectGap { kind: GapKind::Value, error: *error, is_certain });
            }
            continue;
        }
        let missing = MissingValues::new(&loader.unset, &loader.gaps);
        let is_incomplete = match missing.decide(&error, request, files) {
            Ok(is_incomplete) => is_incomplete,
            Err(needs) => return Reading::Needs(needs),
        };
        let unset = loader.unset.iter().find(|unset| unset.place.is_some() && unset.place == error.place);
        if let (None, Some(unset)) = (&error.help, unset) {
            error.help = Some(format!("`{}` is not set: {SET_VARIABLE}", unset.name));
        }
        return Reading::Refused { error, sources: loader.sources, is_incomplete };
    }
}

fn read(loader: &mut Loader) -> Result<ComposeProject, Stop> {
    let request = loader.request;
    let files = request.paths();
    let Some(first) = files.first() else { return Err(ProjectError::at(None, "no compose file was given").into()) };
    let folder = match &request.project_folder {
        Some(folder) => absolute(&request.folder, folder),
        None => path::parent(first).to_owned(),
    };
    let asked_for = files.iter().cloned().chain(request.env_files.iter().map(|file| absolute(&request.folder, file)));
    loader.lookup.ask(asked_for.chain([go_join(&folder, ".env")]))?;
    let mut environment = variables(&folder, loader)?;
    let name = name::name(&files, &folder, &environment, loader)?;
    environment.insert("COMPOSE_PROJECT_NAME".to_owned(), name.clone());
    let scope = Scope {
        folder: folder.clone(),
        working: folder.clone(),
        environment: Arc::new(Variables::of_project(environment.clone())),
        included: Vec::new(),
    };
    let files: Vec<_> = files.into_iter().map(|file| (file, None)).collect();
    let mut model = load::model(&files, &scope, loader)?;
    let Some(map) = model.as_map_mut().filter(|map| !map.is_empty()) else {
        return Err(ProjectError::at(None, "the compose file is empty").into());
    };
    if name.is_empty() && !loader.is_lenient() {
        return Err(ProjectError::at(None, "the project has no name")
            .help("give it one: `name: …` or `--project-name`")
            .into());
    }
    normalize::normalize(map, &name, &environment)?;
    finish(model, name, folder, &environment, loader)
}

/// Types, profiles, checks, environment files.
fn finish(
    model: ComposeValue,
    name: String,
    folder: String,
    environment: &BTreeMap<String, String>,
    loader: &mut Loader,
) -> Result<ComposeProject, Stop> {
    let mut rendered = match render::render(&model, "project")?.data {
        ComposeData::Map(map) => map,
        _ => ComposeMap::default(),
    };
    let profiles = profiles(loader.request, environment);
    let services = rendered.get("services").and_then(ComposeValue::as_map);
    let is_disabled = |service: &ComposeValue| !has_profile(service, &profiles);
    let disabled: BTreeSet<String> = services
        .into_iter()
        .flat_map(ComposeMap::iter)
        .filter(|(_, entry)| is_disabled(&entry.value))
        .map(|(name, _)| name.to_owned())
        .collect();
    for error in consistency::check(&consistency::Parts { model: &rendered, disabled: &disabled }) {
        if !loader.is_lenient() {
            return Err(error.into());
        }
        loader.gap(GapKind::Reference, error);
    }
    let mut off = ComposeMap::default();
    if let Some(services) = rendered.get_mut("services").and_then(ComposeValue::as_map_mut) {
        for name in disabled {
            if let Some(entry) = services.remove(&name) {
                off.insert(name, entry);
            }
        }
        let paths = services.iter().flat_map(|(_, entry)| environment::paths(&entry.value, &loader.request.folder));
        loader.lookup.ask(paths.collect::<Vec<_>>())?;
        for (_, entry) in services.iter_mut() {
            let Some(service) = entry.value.as_map_mut() else { continue };
            environment::complete(service, environment, loader)?;
            spread_scale(service);
        }
    }
    if let ComposeData::Map(map) = model.data {
        for (key, entry) in map.into_entries().filter(|(key, _)| key.starts_with("x-")) {
            rendered.insert(key, entry);
        }
    }
    let (paths, gaps) = (loader.paths(), std::mem::take(&mut loader.gaps));
    let (sources, unset) = (std::mem::take(&mut loader.sources), std::mem::take(&mut loader.unset));
    let (versions, cut_values) = (std::mem::take(&mut loader.versions), std::mem::take(&mut loader.cut));
    Ok(ComposeProject {
        name,
        folder,
        model: rendered,
        disabled: off,
        sources,
        unset,
        paths,
        gaps,
        versions,
        cut_values,
    })
}

/// `scale` is also the number of replicas where `deploy` stands.
fn spread_scale(service: &mut ComposeMap) {
    let Some(scale) = service.get("scale").cloned() else { return };
    if let Some(deploy) = service.get_mut("deploy").and_then(ComposeValue::as_map_mut) {
        deploy.set("replicas", scale);
    }
}

/// The variables of the shell and of the project's environment files.
fn variables(folder: &str, loader: &mut Loader) -> Result<BTreeMap<String, String>, Stop> {
    let request = loader.request;
    let mut all = request.environment.clone();
    let mut files: Vec<String> = request.env_files.iter().map(|file| absolute(&request.folder, file)).collect();
    let is_off = all
        .get("COMPOSE_DISABLE_ENV_FILE")
        .is_some_and(|text| ["1", "t", "true"].contains(&text.to_lowercase().as_str()));
    if files.is_empty() && !is_off {
        let file = go_join(folder, ".env");
        if matches!(loader.lookup.file(&file)?, ProjectFile::Text(_) | ProjectFile::Unreadable(_)) {
            files.push(file);
        }
    }
    let mut variables = BTreeMap::new();
    for file in &files {
        environment::read_file(
            file,
            None,
            false,
            &mut variables,
            &|name| request.environment.get(name).cloned(),
            loader,
        )?;
    }
    for (name, value) in variables {
        all.entry(name).or_insert(value);
    }
    Ok(all)
}

fn profiles(request: &ProjectRequest, environment: &BTreeMap<String, String>) -> Vec<String> {
    if !request.profiles.is_empty() {
        return request.profiles.clone();
    }
    let written = environment.get("COMPOSE_PROFILES").map(String::as_str).unwrap_or_default();
    written.split(',').map(|profile| profile.trim().to_owned()).collect()
}

fn has_profile(service: &ComposeValue, active: &[String]) -> bool {
    let profiles = service.get("profiles").and_then(ComposeValue::as_list).unwrap_or_default();
    let is_active = |profile: &ComposeValue| active.iter().any(|name| profile.as_text() == Some(name));
    profiles.is_empty() || active.iter().any(|name| name == "*") || profiles.iter().any(is_active)
}

#[cfg(test)]
mod tests;
