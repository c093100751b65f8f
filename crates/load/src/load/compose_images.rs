//! Images that one compose file of a run builds and another one runs.

use std::collections::BTreeMap;
use std::sync::Arc;

use crate::build::Reference;
use crate::compose::project::ComposeValue;
use crate::inputs::ComposeInput;
use crate::stack::known_service;
use crate::text::Source;

/// Gives services that run an image which another compose file of the run builds its Dockerfile: the image has the same name,
/// or is called as the service that is built.
pub(super) fn add_images_of_others(composes: &mut [ComposeInput]) {
    let mut built: BTreeMap<(String, String), Source> = BTreeMap::new();
    for compose in composes.iter() {
        let Some(project) = &compose.reading.project else { continue };
        for (name, service) in project.services() {
            let Some(source) = compose.dockerfiles.get(name) else { continue };
            let has_target = service.get("build").is_some_and(|build| build.get("target").is_some());
            let image = service.get("image").and_then(ComposeValue::as_text).map(|image| Reference::of(image).name);
            if !has_target {
                let names = [Some(name), image].into_iter().flatten();
                built.extend(names.map(|name| ((project.folder.clone(), name.to_owned()), source.clone())));
            }
        }
    }
    if built.is_empty() {
        return;
    }
    for compose in composes {
        let Some(project) = compose.reading.project.clone() else { continue };
        for (name, service) in project.services().filter(|(_, service)| service.get("build").is_none()) {
            let Some(image) = service.get("image").and_then(ComposeValue::as_text) else { continue };
            let reference = Reference::of(image);
            let is_own =
                reference.last_name() == name && reference.name.contains('/') && known_service(image).is_none();
            let names = [Some(reference.name), if is_own { Some(name) } else { None }].into_iter().flatten();
            let mut sources = names.filter_map(|name| built.get(&(project.folder.clone(), name.to_owned())));
            if let Some(source) = sources.next() {
                Arc::make_mut(&mut compose.dockerfiles).entry(name.to_owned()).or_insert_with(|| source.clone());
            }
        }
    }
}
