//! Files ─► one tree: each document interpolated, extended, with what it includes, merged on top of those before it
//! (compose-go's `loader` package).

use super::base::{empty, lengthen, replace_variables};
use super::document::take_out;
use super::error::{GapKind, ProjectError, Stop};
use super::extend::apply;
use super::include::{IncludeEntry, ask_for_files, import, included_files, take_entries};
use super::loader::{Loader, Scope};
use super::value::{ComposePlace, ComposeValue};
use super::{environment, form, merge, resolve, schema, unique};

/// Reads files one on top of the other, and completes the result.
pub(super) fn model(
    files: &[(String, Option<ComposePlace>)],
    scope: &Scope,
    loader: &mut Loader,
) -> Result<ComposeValue, Stop> {
    let mut model = empty();
    for (path, place) in files {
        for document in loader.documents(path, *place)? {
            let value = replace_variables(document.value, scope, loader)?;
            model = add(value, &document.reset, path, scope, loader, model)?;
        }
    }
    form::set_defaults(&mut model)?;
    form::check(&mut model)?;
    resolve::resolve(&mut model, &scope.working, loader)?;
    loader.lookup.complete()?;
    environment::resolve_names(&mut model, &scope.environment);
    Ok(model)
}

/// Puts a document on top of a model.
fn add(
    mut value: ComposeValue,
    reset: &[Vec<String>],
    path: &str,
    scope: &Scope,
    loader: &mut Loader,
    mut model: ComposeValue,
) -> Result<ComposeValue, Stop> {
    apply(&mut value, path, scope, reset, loader)?;
    take_out(&mut model, reset);
    include(&mut value, path, scope, loader)?;
    let mut model = merge::merge(model, value)?;
    unique::enforce(&mut model)?;
    schema::check(&model)?;
    if let Some(version) = model.as_map_mut().and_then(|map| map.remove("version")) {
        loader.versions.extend(version.key);
    }
    lengthen(&mut model)?;
    Ok(model)
}

/// Reads what a document includes, and adds it to the document.
fn include(document: &mut ComposeValue, path: &str, scope: &Scope, loader: &mut Loader) -> Result<(), Stop> {
    let mut chain = scope.included.clone();
    chain.push(path.to_owned());
    let entries = take_entries(document)?;
    ask_for_files(&entries, scope, loader)?;
    let mut lacks_files = false;
    for entry in entries {
        match include_entry(&entry, document, scope, &chain, loader) {
            Ok(()) => {}
            // The others are gone through all the same, for what they need.
            Err(Stop::Needs) => lacks_files = true,
            // Whether it counts is known when all files are.
            Err(Stop::Refused(_)) if lacks_files => return Err(Stop::Needs),
            Err(refused) => return Err(refused),
        }
    }
    if lacks_files { Err(Stop::Needs) } else { Ok(()) }
}

/// Reads what an entry of `include` names, and adds it to the document.
fn include_entry(
    entry: &IncludeEntry,
    document: &mut ComposeValue,
    scope: &Scope,
    chain: &[String],
    loader: &mut Loader,
) -> Result<(), Stop> {
    if let (Some((path, place)), true) = (entry.remote(), loader.is_lenient()) {
        let error = ProjectError::at(place, format!("`{path}` lies elsewhere, and is not fetched"));
        loader.gap(GapKind::RemoteFile, error.help("what it adds is not checked"));
        return Ok(());
    }
    let (files, scope) = included_files(entry, scope, chain, loader)?;
    if loader.has_files(&files)? {
        import(model(&files, &scope, loader)?, document)?;
    }
    Ok(())
}
