//! Folders that compose mounts where a program writes. Such a folder keeps its owner, and no instruction of a
//! Dockerfile can change it.

use super::root_reason::MountedFolder;
use crate::build::Stage;
use crate::data;
use crate::inputs::Service;
use crate::optimize::pass_input::PassInput;
use crate::sources::patterns;
use crate::text::path;

/// The first mount that holds one of the folders, or is written to in it, as the end of a sentence.
pub(super) fn over<'f>(
    input: &PassInput,
    target: &Stage,
    folders: impl IntoIterator<Item = &'f String>,
) -> Option<MountedFolder> {
    let services: Vec<&Service> = input.services_of(target).collect();
    folders.into_iter().find_map(|folder| services.iter().find_map(|service| of_service(service, folder)))
}

fn of_service(service: &Service, folder: &str) -> Option<MountedFolder> {
    let holds = |mount: &&String| {
        let mount = mount.trim_end_matches('/');
        path::is_within(folder, mount) || path::is_below(mount, folder) && may_be_written(mount)
    };
    let mount = service.mounts.iter().filter(|mount| !service.read_only_mounts.contains(*mount)).find(holds)?;
    Some(match service.bound.iter().find(|(_, target)| target == mount) {
        Some((source, _)) => MountedFolder::Host { folder: source.clone(), target: mount.clone() },
        None => MountedFolder::Volume { target: mount.clone() },
    })
}

/// Whether a program may write to what is mounted inside of its folder: no packages, and no files that it only reads.
fn may_be_written(mount: &str) -> bool {
    let is_file = path::name(mount).contains('.');
    let is_written = patterns::words("ending of a written file").any(|ending| mount.ends_with(ending));
    !data::FOLDER_NAMES.has(path::name(mount), "installed") && (!is_file || is_written)
}
