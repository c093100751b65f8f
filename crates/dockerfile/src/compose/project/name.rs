//! The name of a project (`withNamePrecedenceLoad` and `projectName` of compose-go).

use std::collections::BTreeMap;

use super::error::{ProjectError, Stop};
use super::interpolate::{substitute, template_error};
use super::loader::Loader;
use super::value::{ComposeData, ComposePlace};
use crate::text::path;

/// The name: as asked for, of the environment, of the last file that has one, or of the folder.
pub(super) fn name(
    files: &[String],
    folder: &str,
    environment: &BTreeMap<String, String>,
    loader: &mut Loader,
) -> Result<String, Stop> {
    let asked_for = loader.request.name.clone().filter(|name| !name.is_empty());
    if let Some(name) =
        asked_for.or_else(|| environment.get("COMPOSE_PROJECT_NAME").filter(|name| !name.is_empty()).cloned())
    {
        if plain(&name) != name {
            let error = ProjectError::at(None, format!("`{name}` is not a name of a project"));
            let help = "a name has small letters, digits, `-` and `_`, and begins with a letter or a digit";
            return Err(error.help(help).into());
        }
        return Ok(name);
    }
    let (mut written, mut is_first_named): (Option<(String, Option<ComposePlace>)>, bool) = (None, false);
    for file in files {
        let documents = loader.documents(file, None)?;
        for (index, document) in documents.iter().enumerate() {
            let Some(value) = document.value.get("name") else { continue };
            let text = match &value.data {
                ComposeData::Map(_) | ComposeData::List(_) | ComposeData::Null => continue,
                _ => value.display(),
            };
            if !text.is_empty() {
                is_first_named |= index == 0;
                written = Some((text, value.place));
            }
        }
        loader.keep(file, documents);
    }
    if let Some((text, place)) = written {
        let replaced = substitute(&text, &|name| environment.get(name).cloned(), &mut |_| {}, &mut loader.room.bytes);
        let name = plain(&replaced.map_err(|error| template_error(error, &text, place))?);
        if !name.is_empty() || is_first_named {
            return Ok(name);
        }
    }
    Ok(plain(path::name(folder)))
}

/// A name with nothing but what names may have.
fn plain(name: &str) -> String {
    let lower = name.to_lowercase();
    let kept: String =
        lower.chars().filter(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || "_-".contains(*c)).collect();
    kept.trim_start_matches(['_', '-']).to_owned()
}
