//! A file without what its services extend and what it includes: variables replaced, in its long form. What bases of
//! other files are read as, and the first and last steps of every file.

use std::sync::Arc;

use super::document::take_out;
use super::error::{GapKind, Stop};
use super::interpolate::{InterpolationNotes, StandIn, interpolate};
use super::loader::{Loader, Scope};
use super::request::Leniency;
use super::value::{ComposeData, ComposeMap, ComposePlace, ComposeValue};
use super::{form, merge, unique};

/// Reads a file for its services. Also gives what its last document takes out.
pub(super) fn base_file(
    path: &str,
    place: Option<ComposePlace>,
    scope: &Scope,
    loader: &mut Loader,
) -> Result<(ComposeValue, Vec<Vec<String>>), Stop> {
    let (mut model, mut reset) = (empty(), Vec::new());
    for document in loader.documents(path, place)? {
        let value = replace_variables(document.value, scope, loader)?;
        take_out(&mut model, &document.reset);
        model = merge::merge(model, value)?;
        unique::enforce(&mut model)?;
        lengthen(&mut model)?;
        reset = document.reset;
    }
    Ok((model, reset))
}

/// A model without anything.
pub(super) fn empty() -> ComposeValue {
    ComposeValue::new(ComposeData::Map(ComposeMap::default()), None)
}

/// A document with its variables replaced.
pub(super) fn replace_variables(
    mut value: ComposeValue,
    scope: &Scope,
    loader: &mut Loader,
) -> Result<ComposeValue, Stop> {
    if value.as_map().is_none() {
        return Err(value.error(format!("the file must hold a mapping, not {}", value.kind())).into());
    }
    let environment = Arc::clone(&scope.environment);
    let mut required = Vec::new();
    let mut notes = InterpolationNotes {
        required: loader.is_lenient().then_some(&mut required),
        stand_in: match loader.request.leniency {
            Leniency::None | Leniency::Gaps => StandIn::Empty,
            Leniency::StandIns | Leniency::Trial => StandIn::Number,
            Leniency::Omissions => StandIn::Name,
        },
        unset: &mut loader.unset,
        room: &mut loader.room.bytes,
    };
    interpolate(&mut value, &|name| environment.get(name).cloned(), &mut notes)?;
    for error in required {
        loader.gap(GapKind::Variable, error);
    }
    Ok(value)
}

/// Brings a model into its long form; what then stands for the same thing comes together.
pub(super) fn lengthen(model: &mut ComposeValue) -> Result<(), Stop> {
    form::lengthen(model)?;
    drop_empty_dns(model);
    Ok(unique::enforce(model)?)
}

/// An empty server of `dns` counts for nothing: a variable that is not set.
fn drop_empty_dns(model: &mut ComposeValue) {
    let services = model.as_map_mut().and_then(|map| map.get_mut("services")).and_then(ComposeValue::as_map_mut);
    for (_, entry) in services.into_iter().flat_map(ComposeMap::iter_mut) {
        let dns = entry.value.as_map_mut().and_then(|map| map.get_mut("dns"));
        if let Some(ComposeData::List(items)) = dns.map(|dns| &mut dns.data) {
            items.retain(|item| !item.is_null() && item.as_text() != Some(""));
        }
    }
}
