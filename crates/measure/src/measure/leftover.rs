//! What runs leave behind, found by their nonces and removed. A run that lives holds a lock in its folder; nothing of it is
//! touched.

use std::fs::{self, File};
use std::hash::{DefaultHasher, Hash, Hasher};
use std::path::Path;
use std::time::Duration;

use super::cpu_time;
use crate::engine::{self, Engine};
use crate::failure::Failure;

/// Characters of a nonce that tell machine and folder.
const PLACE: usize = 6;

/// What was removed, and what could not be.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct LeftoverCleanup {
    /// Containers.
    pub containers: usize,
    /// Networks.
    pub networks: usize,
    /// Volumes.
    pub volumes: usize,
    /// Names of images.
    pub names: usize,
    /// Folders.
    pub folders: usize,
    /// What is left, and why; each in one sentence.
    pub left: Vec<String>,
}

impl LeftoverCleanup {
    fn join(&mut self, other: Self) {
        self.containers += other.containers;
        self.networks += other.networks;
        self.volumes += other.volumes;
        self.names += other.names;
        self.folders += other.folders;
        self.left.extend(other.left);
    }
}

/// Removes what dead runs of this machine left in the engine and in the folder for temporary files.
///
/// # Errors
/// When there is no engine.
pub fn clean_up(options: &engine::EngineOptions, above: Option<&Path>) -> Result<LeftoverCleanup, Failure> {
    let engine = Engine::connect(options)?;
    let above = above.map_or_else(std::env::temp_dir, Path::to_owned);
    of_dead_runs(&engine, &above)
}

/// Six letters and digits that tell this machine and folder: a folder that is not there was removed, or is another's.
pub(super) fn place(above: &Path) -> String {
    let mut hasher = DefaultHasher::new();
    for file in ["/etc/machine-id", "/etc/hostname"] {
        fs::read(file).unwrap_or_default().hash(&mut hasher);
    }
    above.hash(&mut hasher);
    format!("{:016x}", hasher.finish()).chars().take(PLACE).collect()
}

/// The nonces that the engine's images, containers, networks and volumes carry.
fn nonces_in_use(engine: &Engine) -> Result<std::collections::BTreeSet<String>, Failure> {
    let images = engine.images()?;
    let tags = images.iter().flat_map(|image| &image.tags);
    let mut nonces: std::collections::BTreeSet<String> =
        tags.filter_map(|tag| tag.strip_prefix("dockopt-")?.split([':', '-']).next()).map(str::to_owned).collect();
    let containers = engine.containers(None)?;
    nonces.extend(containers.iter().filter_map(|container| container.labels.get(LABEL)).cloned());
    let names = containers.iter().flat_map(|container| &container.names);
    nonces.extend(names.filter_map(|name| name.strip_prefix("/dockopt-")?.split('-').next()).map(str::to_owned));
    let networks = engine.networks(Some(LABEL))?;
    nonces.extend(networks.iter().filter_map(|network| network.labels.get(LABEL)).cloned());
    let volumes = engine.volumes(Some(LABEL))?;
    nonces.extend(volumes.iter().filter_map(|volume| volume.labels.get(LABEL)).cloned());
    nonces.retain(|nonce| is_nonce(nonce));
    Ok(nonces)
}

/// Nothing else of the same beginning is ours.
fn is_nonce(text: &str) -> bool {
    text.len() == PLACE + 12 && text.bytes().all(|byte| byte.is_ascii_digit() || (b'a'..=b'f').contains(&byte))
}

/// Removes what is left of runs whose folder nobody holds, or is gone: their names alone are left then.
pub(super) fn of_dead_runs(engine: &Engine, above: &Path) -> Result<LeftoverCleanup, Failure> {
    let mut all = LeftoverCleanup::default();
    for entry in fs::read_dir(above).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let Some(nonce) = name.to_str().and_then(|name| name.strip_prefix("dockopt-")) else { continue };
        let folder = entry.path();
        if !is_nonce(nonce) || !is_own_folder(&folder) {
            continue;
        }
        let is_dead = match File::open(folder.join(LOCK)) {
            Ok(lock) => lock.try_lock().is_ok(),
            // One without a file to lock was given up while it was made, or is just being made.
            Err(_) => is_old(&folder),
        };
        if is_dead {
            end_builds(nonce);
            all.join(clean(engine, nonce, &folder));
        }
    }
    let place = place(above);
    for nonce in nonces_in_use(engine)?.into_iter().filter(|nonce| nonce.starts_with(&place)) {
        let folder = above.join(format!("dockopt-{nonce}"));
        if !folder.exists() {
            all.join(clean(engine, &nonce, &folder));
        }
    }
    Ok(all)
}

/// Asks builds and starts of a run that is dead to end: who was ended by force could not.
#[cfg(target_os = "linux")]
fn end_builds(nonce: &str) {
    use rustix::process::{Pid, Signal, kill_process};
    let mark = format!("/dockopt-{nonce}/").into_bytes();
    let holds = |text: &[u8], mark: &[u8]| text.windows(mark.len()).any(|part| part == mark);
    for entry in fs::read_dir("/proc").into_iter().flatten().flatten() {
        let Some(pid) = entry.file_name().to_str().and_then(|name| name.parse().ok()).and_then(Pid::from_raw) else {
            continue;
        };
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        let is_script = command.starts_with(b"sh\0") || command.starts_with(b"bash\0");
        let is_ours = holds(&command, b"\0--progress=rawjson\0") || holds(&command, b"\0compose\0") || is_script;
        if holds(&command, &mark) && is_ours {
            // One of another user's is not ours.
            let _ = kill_process(pid, Signal::TERM);
        }
    }
}

#[cfg(not(target_os = "linux"))]
fn end_builds(_: &str) {}

/// Whether nobody can still be making it.
fn is_old(folder: &Path) -> bool {
    let modified = fs::metadata(folder).and_then(|metadata| metadata.modified()).ok();
    modified.and_then(|modified| modified.elapsed().ok()).is_some_and(|age| age > Duration::from_hours(1))
}

/// Whether it is a folder, no link, and nobody else's.
#[cfg(unix)]
fn is_own_folder(folder: &Path) -> bool {
    use std::os::unix::fs::MetadataExt;
    let user = rustix::process::geteuid().as_raw();
    fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir() && metadata.uid() == user)
}

#[cfg(not(unix))]
fn is_own_folder(folder: &Path) -> bool {
    fs::symlink_metadata(folder).is_ok_and(|metadata| metadata.is_dir())
}

/// Removes the containers, networks and volumes that carry a nonce: by a label, as a project of Compose, or by name.
pub(super) fn clean_objects(engine: &Engine, nonce: &str) -> LeftoverCleanup {
    let mut done = LeftoverCleanup::default();
    let label = format!("{LABEL}={nonce}");
    let project = format!("dockopt-{nonce}");
    let labels = [label.clone(), format!("{PROJECT_LABEL}={project}")];
    // Projects of other names that a script made here.
    let mut projects = std::collections::BTreeSet::new();
    match engine.containers(None) {
        Ok(mut all) => {
            all.retain(|container| is_of_run(container, nonce));
            for container in all {
                projects.extend(container.labels.get(PROJECT_LABEL).map(|name| format!("{PROJECT_LABEL}={name}")));
                match engine.remove(&container.id) {
                    Ok(()) => done.containers += 1,
                    Err(error) => done.left.push(format!("container {}: {error}", container.id)),
                }
            }
        }
        Err(error) => done.left.push(format!("containers with the label {label}: {error}")),
    }
    // Volumes of another name may be older than the run.
    for label in projects.iter().chain(&labels) {
        for network in engine.networks(Some(label)).unwrap_or_default() {
            match engine.remove_network(&network.id) {
                Ok(()) => done.networks += 1,
                Err(error) => done.left.push(format!("network {}: {error}", network.name)),
            }
        }
    }
    for label in &labels {
        for volume in engine.volumes(Some(label)).unwrap_or_default() {
            match engine.remove_volume(&volume.name) {
                Ok(()) => done.volumes += 1,
                Err(error) => done.left.push(format!("volume {}: {error}", volume.name)),
            }
        }
    }
    done
}

/// Whether a container was made by a run: it has its label, belongs to its project, or was started in its folder.
fn is_of_run(container: &engine::Container, nonce: &str) -> bool {
    let project = format!("dockopt-{nonce}");
    let label = |key: &str| container.labels.get(key).map(String::as_str);
    label(LABEL) == Some(nonce)
        || label(PROJECT_LABEL) == Some(project.as_str())
        || label("com.docker.compose.project.working_dir")
            .is_some_and(|folder| folder.contains(&format!("/{project}/")))
        || container.names.iter().any(|name| name.starts_with(&format!("/{project}-")))
}

/// Removes all that carries a nonce.
pub(super) fn clean(engine: &Engine, nonce: &str, folder: &Path) -> LeftoverCleanup {
    let mut done = clean_objects(engine, nonce);
    let left = &mut done.left;
    // What Compose builds is called by the project and the service.
    let prefix = format!("dockopt-{nonce}");
    let is_of_run = |name: &&String| name.strip_prefix(&prefix).is_some_and(|rest| rest.starts_with([':', '-']));
    match engine.images() {
        Ok(all) => {
            for name in all.iter().flat_map(|image| &image.tags).filter(is_of_run) {
                match engine.remove_image(name) {
                    Ok(()) => done.names += 1,
                    Err(error) => left.push(format!("image {name}: {error}")),
                }
            }
        }
        Err(error) => left.push(format!("images of the name {prefix}…: {error}")),
    }
    cpu_time::remove_groups(nonce);
    // While something is left, the folder tells the next run.
    if folder.exists() && left.is_empty() {
        unlock(folder);
        match fs::remove_dir_all(folder) {
            Ok(()) => done.folders += 1,
            Err(error) => left.push(format!("folder {}: {error}", folder.display())),
        }
    }
    done
}

/// Folders of the copy that their owner may not write are to go too.
fn unlock(folder: &Path) {
    let Ok(entries) = fs::read_dir(folder) else { return };
    for entry in entries.flatten() {
        if entry.file_type().is_ok_and(|kind| kind.is_dir()) {
            #[cfg(unix)]
            {
                use std::os::unix::fs::PermissionsExt;
                let _ = fs::set_permissions(entry.path(), fs::Permissions::from_mode(0o700));
            }
            unlock(&entry.path());
        }
    }
}

/// The label of containers, networks and volumes of a run; its value is the nonce.
pub(super) const LABEL: &str = "dockopt.run";

/// The label that Compose gives to all that belongs to a project.
pub(super) const PROJECT_LABEL: &str = "com.docker.compose.project";

/// The file of a run's folder that is locked while it lives.
pub(super) const LOCK: &str = "run";

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_nonces_are_ours() {
        let nonce = format!("{}0123456789ab", place(Path::new("x")));
        assert!(is_nonce(&nonce));
        for other in ["", "test", "0123456789abcdefg0", "0123456789ABCDEF01", "../../../../../../"] {
            assert!(!is_nonce(other), "{other}");
        }
        assert_ne!(place(Path::new("x")), place(Path::new("y")));
    }
}
