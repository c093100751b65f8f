//! `extends`: a service on top of another one, of the same file or of another (compose-go's `loader/extends.go`).

use std::collections::BTreeSet;
use std::sync::Arc;

use super::base::base_file;
use super::document::take_out;
use super::error::{GapKind, ProjectError, Stop};
use super::loader::{BaseServices, Loader, Scope};
use super::locations::{absolute, is_remote, relative};
use super::merge;
use super::resolve::resolve;
use super::value::{ComposeData, ComposeEntry, ComposeMap, ComposeValue};
use crate::text::path;

/// Services that extend each other at most.
const LINKS: usize = 100;

/// Who extends whom so far: file and service.
#[derive(Clone, Default)]
struct Chain(Vec<(String, String)>);

impl Chain {
    fn with(&self, file: &str, service: &str, value: &ComposeValue) -> Result<Self, ProjectError> {
        let link = (file.to_owned(), service.to_owned());
        if self.0.contains(&link) || self.0.len() >= LINKS {
            let names: Vec<&str> = self.0.iter().map(|(_, service)| service.as_str()).chain([service]).collect();
            return Err(value.error(format!("services extend each other in a circle: {}", names.join(" → "))));
        }
        Ok(Self(self.0.iter().cloned().chain([link]).collect()))
    }
}

/// Puts all services of a document on top of those that they extend.
pub(super) fn apply(
    document: &mut ComposeValue,
    file: &str,
    scope: &Scope,
    reset: &[Vec<String>],
    loader: &mut Loader,
) -> Result<(), Stop> {
    let Some(services) = document.as_map_mut().and_then(|map| map.get_mut("services")) else { return Ok(()) };
    let error = services.error("`services` must be a mapping");
    let Some(services) = services.as_map_mut() else { return Err(error.into()) };
    ask_for_files(services, scope, loader)?;
    let names: Vec<String> = services.iter().map(|(name, _)| name.to_owned()).collect();
    for name in names {
        let mut extension = Extension { file, scope, loader };
        let merged = extension.service(&name, services, reset, &Chain::default())?;
        let key = services.entry(&name).and_then(|entry| entry.key);
        services.insert(name, ComposeEntry { key, value: merged });
    }
    Ok(())
}

/// Asks for all files whose services are extended, so that none of them costs a round of its own.
fn ask_for_files(services: &ComposeMap, scope: &Scope, loader: &mut Loader) -> Result<(), Stop> {
    let extends = services.iter().filter_map(|(_, entry)| entry.value.get("extends"));
    let files = extends.filter_map(|extends| target(extends).ok()?.1);
    let paths = files.filter_map(|file| file.as_text().filter(|path| !is_remote(path)).map(str::to_owned));
    let folder = &loader.request.folder;
    let paths: Vec<String> = paths.map(|path| absolute(folder, &absolute(&scope.folder, &path))).collect();
    loader.lookup.ask(paths)
}

struct Extension<'e, 'l> {
    /// The file whose services are put together.
    file: &'e str,
    scope: &'e Scope,
    loader: &'e mut Loader<'l>,
}

impl Extension<'_, '_> {
    /// A service of these, on top of what it extends.
    fn service(
        &mut self,
        name: &str,
        services: &mut ComposeMap,
        reset: &[Vec<String>],
        chain: &Chain,
    ) -> Result<ComposeValue, Stop> {
        let value = services.get(name).cloned().unwrap_or_default();
        self.loader.spend(&value)?;
        if value.is_null() {
            return Ok(value);
        }
        let Some(map) = value.as_map() else { return Err(value.error("a service must be a mapping").into()) };
        let Some(extends) = map.get("extends").cloned() else { return Ok(value) };
        let (base_name, base_file) = target(&extends)?;
        let base = if let Some(file) = base_file.filter(|file| !file.is_null()) {
            let Some(path) = file.as_text() else { return Err(file.error("must be a path").into()) };
            if !self.can_read(path, &file)? {
                return Ok(value);
            }
            let (mut services, base_reset) = self.other_file(path, &file, name, &base_name)?;
            let chain = chain.with(path, name, &extends)?;
            self.service(&base_name, &mut services, &base_reset, &chain)?
        } else {
            if !services.contains(&base_name) {
                let message = format!("`{name}` extends `{base_name}`, which is no service of the file");
                return Err(extends.error(message).into());
            }
            let chain = chain.with(self.file, name, &extends)?;
            self.service(&base_name, services, &[], &chain)?
        };
        if base.is_null() {
            return Ok(value);
        }
        self.merge(name, base, value, reset, services)
    }

    /// Whether the file that a service extends can be read; else that is an error or a gap.
    fn can_read(&mut self, path: &str, value: &ComposeValue) -> Result<bool, Stop> {
        if self.loader.is_lenient() && is_remote(path) {
            let error = value.error(format!("`{path}` lies elsewhere, and is not fetched"));
            self.loader.gap(GapKind::RemoteFile, error.help("what the service takes from it is not checked"));
            return Ok(false);
        }
        let file = absolute(&self.loader.request.folder, &absolute(&self.scope.folder, path));
        self.loader.has_files(&[(file, value.place)])
    }

    fn merge(
        &mut self,
        name: &str,
        base: ComposeValue,
        value: ComposeValue,
        reset: &[Vec<String>],
        services: &mut ComposeMap,
    ) -> Result<ComposeValue, Stop> {
        self.loader.spend(&base)?;
        let below =
            reset.iter().filter(|path| path.len() > 2 && path[0] == "services" && (path[1] == name || path[1] == "*"));
        let below: Vec<Vec<String>> = below.map(|path| path[2..].to_vec()).collect();
        let mut base = base;
        take_out(&mut base, &below);
        let place = value.place;
        let mut merged = merge::extend(base, value)?;
        merged.place = place;
        if let ComposeData::Map(map) = &mut merged.data {
            map.remove("extends");
        }
        let key = services.entry(name).and_then(|entry| entry.key);
        services.insert(name, ComposeEntry { key, value: merged.clone() });
        Ok(merged)
    }

    /// The services of another file, with its paths as seen from here.
    fn other_file(
        &mut self,
        path: &str,
        value: &ComposeValue,
        name: &str,
        base: &str,
    ) -> Result<(ComposeMap, Vec<Vec<String>>), Stop> {
        if is_remote(path) {
            return Err(value.error(format!("`{path}` lies elsewhere, and is not fetched")).into());
        }
        let local = absolute(&self.scope.folder, path);
        let working = relative(&self.scope.folder, path::parent(&local));
        let file = absolute(&self.loader.request.folder, &local);
        let error =
            |what: &str| Stop::from(value.error(format!("`{name}` cannot extend `{base}` of `{path}`: {what}")));
        let key = (file, working);
        let known =
            self.loader.bases.get(&key).filter(|known| Arc::ptr_eq(&known.environment, &self.scope.environment));
        let known = if let Some(known) = known {
            Arc::clone(known)
        } else {
            let (mut model, reset) = base_file(&key.0, value.place, self.scope, self.loader)?;
            services_with(model.get("services"), base).map_err(error)?;
            resolve(&mut model, &key.1, self.loader)?;
            let services = model.as_map_mut().and_then(|map| map.remove("services")).map(|entry| entry.value);
            let environment = Arc::clone(&self.scope.environment);
            let known = Arc::new(BaseServices { services, reset, environment });
            self.loader.bases.insert(key, Arc::clone(&known));
            known
        };
        let services = services_with(known.services.as_ref(), base).map_err(error)?;
        Ok((with_bases(services, base), known.reset.clone()))
    }
}

/// The services of a file, which have the one that is extended.
fn services_with<'v>(services: Option<&'v ComposeValue>, base: &str) -> Result<&'v ComposeMap, &'static str> {
    let services = services.ok_or("the file has no services")?;
    let services = services.as_map().ok_or("its `services` is no mapping")?;
    if services.contains(base) { Ok(services) } else { Err("it has no such service") }
}

/// A service with those of its own file that it extends, one through the other.
fn with_bases(services: &ComposeMap, name: &str) -> ComposeMap {
    let mut wanted = ComposeMap::default();
    let (mut names, mut visited) = (vec![name.to_owned()], BTreeSet::new());
    while let Some(name) = names.pop() {
        let Some(entry) = services.entry(&name) else { continue };
        if let Some(extends) = entry.value.get("extends")
            && let Ok((base, file)) = target(extends)
            && file.is_none_or(|file| file.is_null())
            && !visited.contains(&base)
        {
            names.push(base);
        }
        wanted.insert(name.clone(), entry.clone());
        visited.insert(name);
    }
    wanted
}

/// The service and the file that `extends` names.
fn target(extends: &ComposeValue) -> Result<(String, Option<ComposeValue>), ProjectError> {
    match &extends.data {
        ComposeData::Text(name) => Ok((name.clone(), None)),
        ComposeData::Map(map) => match map.get("service").and_then(ComposeValue::as_text) {
            Some(name) => Ok((name.to_owned(), map.get("file").cloned())),
            None => Err(extends.error("`extends` needs a `service`").help("name the service that it extends")),
        },
        _ => Err(extends.error(format!("must be a string or a mapping, not {}", extends.kind()))),
    }
}
