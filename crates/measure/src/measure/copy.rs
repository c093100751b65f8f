//! Copies of a build context in new folders: the files that the builder would be sent, with changed texts. The user's
//! folder is only read.

use std::fs::{self, File, FileTimes, Permissions};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use super::plan::MeasurePlan;
use crate::failure::{Failure, FailureKind};
use crate::inputs::context::ContextEntryKind;

/// Entries between two questions whether to go on.
const STRIDE: usize = 64;

/// A copy of a context that builds are made of.
#[derive(Debug)]
pub struct Project {
    /// The folder that holds the copy; others of the same series lie beside it.
    folder: PathBuf,
    /// The Dockerfile's path from the copy's root; an absolute one where it lies outside.
    dockerfile: PathBuf,
    /// How many times the copy was renamed.
    count: usize,
    /// What cache mounts of this series are called.
    pub(super) series: String,
    /// The stage that is built in place of the one that is asked for.
    pub(super) target: Option<String>,
    /// Files that were changed, as they were.
    changed: Vec<(PathBuf, Vec<u8>)>,
}

impl Project {
    /// Copies what the builder would be sent, and puts the texts in.
    pub(super) fn new(
        folder: &Path,
        series: &str,
        plan: &MeasurePlan,
        stop: &dyn Fn() -> bool,
    ) -> Result<Self, Failure> {
        let context = crate::load::walk(&plan.root, &plan.matcher())
            .map_err(|what| Failure::new(FailureKind::Setup, what, "check the folder and its .dockerignore"))?;
        let context = Arc::new(context);
        let mut project = Self {
            folder: folder.to_owned(),
            dockerfile: PathBuf::new(),
            count: 1,
            series: series.to_owned(),
            target: None,
            changed: Vec::new(),
        };
        let to = project.context();
        make(&to)?;
        let mut folders = Vec::new();
        for (index, id) in context.entries().enumerate() {
            if index % STRIDE == 0 && stop() {
                return Err(Failure::interrupted());
            }
            let (entry, path) = (context.entry(id), context.path(id));
            let (from, to) = (plan.root.join(&path), to.join(&path));
            match entry.kind {
                ContextEntryKind::Directory => {
                    make(&to)?;
                    folders.push((to, entry.mode));
                }
                ContextEntryKind::File => file(&from, &to)?,
                ContextEntryKind::Symlink => {
                    let target = fs::read_link(&from).map_err(|error| Failure::io("reading", &from, &error))?;
                    link(&target, &to).map_err(|error| Failure::io("writing", &to, &error))?;
                }
                ContextEntryKind::Socket => write(&to, b"")?,
                ContextEntryKind::Pipe | ContextEntryKind::Device => {}
            }
        }
        project.texts(plan)?;
        // From the innermost on: one that may not be written any more holds all that it is to hold.
        for (folder, mode) in folders.into_iter().rev() {
            set_mode(&folder, mode | 0o700).map_err(|error| Failure::io("writing", &folder, &error))?;
        }
        Ok(project)
    }

    fn texts(&mut self, plan: &MeasurePlan) -> Result<(), Failure> {
        let context = self.context();
        let is_below = |path: &str| !path.starts_with("..") && !Path::new(path).is_absolute();
        for (path, bytes) in plan.files.iter().filter(|(path, _)| is_below(path)) {
            put(&context.join(path), bytes)?;
        }
        self.dockerfile = if is_below(&plan.dockerfile) {
            PathBuf::from(&plan.dockerfile)
        } else {
            let name = Path::new(&plan.dockerfile).file_name().unwrap_or("Dockerfile".as_ref());
            self.folder.join("dockerfile").join(name)
        };
        put(&context.join(&self.dockerfile), plan.text.as_bytes())?;
        if let Some((path, text)) = &plan.ignore {
            let beside = Path::new(path).file_name().unwrap_or(".dockerignore".as_ref());
            let to = if is_below(path) { context.join(path) } else { self.folder.join("dockerfile").join(beside) };
            put(&to, text.as_bytes())?;
        }
        Ok(())
    }

    /// The same, with another stage that is built.
    #[must_use]
    pub(super) fn with_target(self, stage: &str) -> Self {
        Self { target: Some(stage.to_owned()), ..self }
    }

    /// The copy's root.
    pub(super) fn context(&self) -> PathBuf {
        // Builders remember what they were sent by the folder's name.
        let name = self.folder.file_name().unwrap_or_default().to_string_lossy();
        self.folder.join(format!("{name}-{}-{}", self.series, self.count))
    }

    /// The Dockerfile.
    pub(super) fn dockerfile(&self) -> PathBuf {
        self.context().join(&self.dockerfile)
    }

    /// What is in a file of the copy; `None` where it is not there.
    pub(super) fn read(&self, path: &str) -> Option<Vec<u8>> {
        fs::read(self.context().join(path)).ok()
    }

    /// Puts other contents into a file of the copy, until it is renewed.
    pub(super) fn change(&mut self, path: &str, bytes: &[u8]) -> Result<(), Failure> {
        let full = self.context().join(path);
        let before = fs::read(&full).map_err(|error| Failure::io("reading", &full, &error))?;
        if self.changed.iter().all(|(known, _)| known != Path::new(path)) {
            self.changed.push((PathBuf::from(path), before));
        }
        put(&full, bytes)
    }

    /// Takes every change back and gives the folder a name that no builder knows; cache mounts are those of a new series.
    pub(super) fn renew(&mut self, series: &str) -> Result<(), Failure> {
        for (path, bytes) in std::mem::take(&mut self.changed) {
            put(&self.context().join(path), &bytes)?;
        }
        let from = self.context();
        self.count += 1;
        series.clone_into(&mut self.series);
        let to = self.context();
        fs::rename(&from, &to).map_err(|error| Failure::io("renaming", &from, &error))
    }
}

fn make(folder: &Path) -> Result<(), Failure> {
    fs::create_dir_all(folder).map_err(|error| Failure::io("making", folder, &error))
}

fn write(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    fs::write(path, bytes).map_err(|error| Failure::io("writing", path, &error))
}

/// Writes a text in place of what may be there: a link is replaced, not followed.
fn put(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    if let Some(parent) = path.parent() {
        make(parent)?;
    }
    match fs::symlink_metadata(path) {
        Ok(metadata) if metadata.is_file() => {
            let mode = metadata.permissions();
            let _ = fs::remove_file(path);
            write(path, bytes)?;
            fs::set_permissions(path, mode).map_err(|error| Failure::io("writing", path, &error))
        }
        Ok(_) => {
            fs::remove_file(path).map_err(|error| Failure::io("replacing", path, &error))?;
            write(path, bytes)
        }
        Err(_) => write(path, bytes),
    }
}

/// Copies contents, mode and time of a file.
fn file(from: &Path, to: &Path) -> Result<(), Failure> {
    let metadata = fs::metadata(from).map_err(|error| Failure::io("reading", from, &error))?;
    // Who may not write it may not copy onto it either.
    fs::copy(from, to).map_err(|error| match error.kind() {
        io::ErrorKind::PermissionDenied => Failure::io("reading", from, &error),
        _ => Failure::io("copying to", to, &error),
    })?;
    let Ok(time) = metadata.modified() else { return Ok(()) };
    let stamp = |to: &Path| File::options().append(true).open(to)?.set_times(FileTimes::new().set_modified(time));
    if metadata.permissions().readonly() {
        let open = || -> io::Result<()> {
            set_mode(to, 0o600)?;
            stamp(to)?;
            fs::set_permissions(to, metadata.permissions())
        };
        return open().map_err(|error| Failure::io("writing", to, &error));
    }
    stamp(to).map_err(|error| Failure::io("writing", to, &error))
}

#[cfg(unix)]
fn set_mode(path: &Path, mode: u16) -> io::Result<()> {
    use std::os::unix::fs::PermissionsExt;
    fs::set_permissions(path, Permissions::from_mode(mode.into()))
}

#[cfg(not(unix))]
fn set_mode(path: &Path, mode: u16) -> io::Result<()> {
    let mut permissions: Permissions = fs::metadata(path)?.permissions();
    permissions.set_readonly(mode & 0o200 == 0);
    fs::set_permissions(path, permissions)
}

#[cfg(unix)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::unix::fs::symlink(target, path)
}

#[cfg(windows)]
fn link(target: &Path, path: &Path) -> io::Result<()> {
    std::os::windows::fs::symlink_file(target, path)
}

#[cfg(all(test, unix))]
#[allow(clippy::unwrap_used)] // Every function here serves a test.
mod tests {
    use super::*;
    use crate::ignore::Matcher;
    use std::os::unix::fs::{MetadataExt, PermissionsExt};
    use std::time::{Duration, SystemTime};

    fn plan(root: &Path) -> MeasurePlan {
        MeasurePlan {
            root: root.to_owned(),
            dockerfile: "docker/Dockerfile".to_owned(),
            text: "FROM a\nCOPY . .\n".to_owned(),
            ignore: Some((".dockerignore".to_owned(), "docker\nnode_modules\n*.pem\n".to_owned())),
            files: vec![("nginx/app.conf".to_owned(), b"server {}\n".to_vec())],
            bases: None,
        }
    }

    fn names(folder: &Path) -> Vec<String> {
        let context = crate::load::walk(folder, &Matcher::default()).unwrap();
        context.entries().map(|entry| context.path(entry)).collect()
    }

    #[test]
    fn a_copy_is_what_the_builder_is_sent_with_other_texts() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let root = from.path();
        for (path, mode) in [
            ("start.sh", 0o755),
            ("a/b.py", 0o444),
            ("docker/Dockerfile", 0o644),
            ("key.pem", 0o600),
            ("node_modules/x", 0o644),
        ] {
            let path = root.join(path);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, Permissions::from_mode(mode)).unwrap();
        }
        let old = SystemTime::UNIX_EPOCH + Duration::from_secs(1_000_000_000);
        File::open(root.join("start.sh")).unwrap().set_modified(old).unwrap();
        link(Path::new("/etc/passwd"), &root.join("link")).unwrap();
        let before = names(root);

        let mut project = Project::new(to.path(), "s1", &plan(root), &|| false).unwrap();
        let copy = project.context();
        let expected = [
            ".dockerignore",
            "a",
            "a/b.py",
            "docker",
            "docker/Dockerfile",
            "link",
            "nginx",
            "nginx/app.conf",
            "start.sh",
        ];
        assert_eq!(names(&copy), expected);
        assert_eq!(fs::read_to_string(project.dockerfile()).unwrap(), "FROM a\nCOPY . .\n");
        let metadata = fs::metadata(copy.join("start.sh")).unwrap();
        assert_eq!((metadata.mode() & 0o777, metadata.modified().unwrap(), metadata.nlink()), (0o755, old, 1));
        assert_eq!(fs::metadata(copy.join("a/b.py")).unwrap().mode() & 0o777, 0o444);
        assert_eq!(fs::read_link(copy.join("link")).unwrap(), Path::new("/etc/passwd"));

        // A change is taken back with the next series, whose folder no builder knows.
        project.change("a/b.py", b"new").unwrap();
        project.change("a/b.py", b"newer").unwrap();
        assert_eq!(project.read("a/b.py").unwrap(), b"newer");
        project.renew("s2").unwrap();
        assert_ne!(project.context(), copy);
        assert!(!copy.exists());
        assert_eq!(project.read("a/b.py").unwrap(), b"old");
        assert_eq!(names(root), before);
        assert_eq!(fs::read(root.join("a/b.py")).unwrap(), b"old");
    }

    #[test]
    fn a_dockerfile_outside_has_a_folder_of_its_own() {
        let (from, to) = (tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap());
        let mut plan = plan(from.path());
        plan.dockerfile = "../other/app.Dockerfile".to_owned();
        plan.ignore = Some(("../other/app.Dockerfile.dockerignore".to_owned(), "x\n".to_owned()));
        plan.files = vec![("../escape".to_owned(), Vec::new()), ("/absolute".to_owned(), Vec::new())];
        let project = Project::new(to.path(), "s1", &plan, &|| false).unwrap();
        assert!(!project.dockerfile().starts_with(project.context()));
        assert!(project.dockerfile().ends_with("app.Dockerfile"));
        assert!(project.dockerfile().with_file_name("app.Dockerfile.dockerignore").is_file());
        assert!(names(&project.context()).is_empty());
        assert!(!to.path().join("escape").exists());
    }
}
