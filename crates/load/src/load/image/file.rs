//! Images in files and folders.

use std::fs::{self, File, Metadata};
use std::io::{self, Read};
use std::path::{Component, Path, PathBuf};

use super::opened::{Bytes, ImagePlace, OpenError, OpenedImage};
use crate::image::ReadAt;
use crate::image::Store;
use crate::load::file::{folder_of, open_pipe, unwritten_pipe};
use crate::text::path;

/// What stands in a folder that is an image: a layout of OCI, or an unpacked archive of docker.
const MARKS: [&str; 3] = ["index.json", "oci-layout", "manifest.json"];

/// Bytes at the start of a file that tell what it is.
const HEAD: u64 = 512;

/// Endings of the files that images are saved to.
const ENDINGS: [&str; 11] = [".tar", ".tgz", ".tzst", ".tbz2", ".txz", ".gz", ".zst", ".bz2", ".xz", ".oci", ".json"];

/// Names of a folder that are compared with a name that is not there.
const NAMES: usize = 10_000;

/// Names that are suggested.
pub(super) const SUGGESTIONS: usize = 3;

/// What a path has for somebody who looks for an image.
pub(super) enum PathContent {
    /// What looks like one.
    Image,
    /// A folder that holds no image: why, in one sentence.
    Folder(String),
    /// A file that is not an image, or a broken link: why, in one sentence.
    File(String),
    /// Nothing.
    Nothing,
}

/// Looks at a path that may be meant as something else.
pub(super) fn look(path: &Path) -> PathContent {
    let name = path.display();
    let Ok(metadata) = fs::metadata(path) else {
        let target = fs::read_link(path).map(|target| target.display().to_string());
        let dangling = |target| format!("`{name}` is a symbolic link to `{target}`, which does not exist");
        return target.map_or(PathContent::Nothing, |target| PathContent::File(dangling(target)));
    };
    if metadata.is_dir() {
        return if MARKS.iter().any(|mark| path.join(mark).is_file()) {
            PathContent::Image
        } else {
            PathContent::Folder(format!(
                "the folder `{name}` is not an image: it has neither index.json nor manifest.json"
            ))
        };
    }
    if !metadata.is_file() {
        return PathContent::Image;
    }
    let mut head = Vec::new();
    // What cannot be read is an image all the same, and the error is told when it is opened.
    let read = File::open(path).and_then(|file| file.take(HEAD).read_to_end(&mut head));
    if read.is_err() || is_archive(&head) {
        return PathContent::Image;
    }
    let why = if head.is_empty() { "an empty file" } else { "not an image archive" };
    PathContent::File(format!("`{name}` is {why}"))
}

/// Whether it begins as an archive, or as something compressed.
fn is_archive(head: &[u8]) -> bool {
    let magic: [&[u8]; 4] = [&[0x1f, 0x8b], &[0x28, 0xb5, 0x2f, 0xfd], b"BZh", &[0xfd, b'7', b'z', b'X', b'Z', 0]];
    let skippable = head.len() >= 4 && head[0] & 0xf0 == 0x50 && head[1..4] == [0x2a, 0x4d, 0x18];
    skippable || magic.iter().any(|magic| head.starts_with(magic)) || head.get(257..262) == Some(b"ustar")
}

/// Whether a name that nothing has here is a file's: by its form, or because an archive here is called nearly so. A tag
/// or a digest at its end makes it an image's, as in `ghcr.io/a/b:1.tar`.
pub(super) fn is_meant(name: &str) -> bool {
    if name.starts_with(['/', '.']) || name.ends_with('/') || name.contains('\\') {
        return true;
    }
    let last = path::name(name);
    if last.contains([':', '@']) {
        return false;
    }
    stem(last) != last || !near_images(Path::new(name)).is_empty()
}

/// Archives and folders of images in the same folder that are spelled nearly as a name, the nearest first.
pub(super) fn near_images(path: &Path) -> Vec<String> {
    let is_image = |near: &String| stem(near) != near || matches!(look(&path.with_file_name(near)), PathContent::Image);
    near_names(path).into_iter().filter(is_image).take(SUGGESTIONS).collect()
}

/// Letters that differ between two names in lower case; `None` where these are too many for a slip.
pub(super) fn spelling_distance(name: &str, other: &str) -> Option<usize> {
    let most = (name.chars().count() / 3).min(2);
    Some(strsim::osa_distance(name, other)).filter(|distance| *distance <= most)
}

/// A file name without the endings of archives.
fn stem(name: &str) -> &str {
    let mut stem = name;
    while let Some((before, ending)) = stem.rfind('.').map(|at| stem.split_at(at)) {
        if before.is_empty() || !ENDINGS.iter().any(|known| ending.eq_ignore_ascii_case(known)) {
            break;
        }
        stem = before;
    }
    stem
}

/// Names in the same folder that differ in a few letters, or in the ending alone; the nearest first.
fn near_names(path: &Path) -> Vec<String> {
    let Some(name) = path.file_name().map(|name| name.to_string_lossy().to_lowercase()) else { return Vec::new() };
    let folder = folder_of(path);
    let mut near = Vec::new();
    for entry in fs::read_dir(folder).into_iter().flatten().flatten().take(NAMES) {
        let other = entry.file_name().to_string_lossy().into_owned();
        let lower = other.to_lowercase();
        let is_other_ending = stem(&name) == stem(&lower) && stem(&name) != name;
        if let Some(distance) = spelling_distance(&name, &lower) {
            near.push((distance, other));
        } else if is_other_ending {
            near.push((strsim::osa_distance(&name, &lower), other));
        }
    }
    near.sort();
    near.into_iter().map(|(_, name)| name).collect()
}

/// The error for a file that is not there.
pub(super) fn missing(path: &Path) -> OpenError {
    let mut near = Vec::new();
    for name in near_names(path).into_iter().take(SUGGESTIONS) {
        near.push(format!("`{}`", path.with_file_name(name).display()));
    }
    let help =
        if near.is_empty() { "check the path".to_owned() } else { format!("did you mean {}?", near.join(" or ")) };
    OpenError::new(format!("no such file: `{}`", path.display()), help)
}

/// Opens a file or a folder, whatever is in it.
pub(super) fn open(path: &Path) -> Result<OpenedImage, OpenError> {
    let name = path.display();
    let error_of = |error: &io::Error| {
        if error.kind() == io::ErrorKind::NotFound {
            return missing(path);
        }
        let help = "check the permissions of the file and the folders above it";
        OpenError::new(format!("`{name}` cannot be read: {error}"), help)
    };
    let metadata = fs::metadata(path).map_err(|error| error_of(&error))?;
    let (place, bytes) = if metadata.is_dir() {
        (ImagePlace::Folder, Bytes::Store(Box::new(BlobFolder::new(path).map_err(|error| error_of(&error))?)))
    } else {
        let file = if metadata.is_file() { File::open(path) } else { open_pipe(path) };
        let file = file.map_err(|error| match error.kind() {
            io::ErrorKind::TimedOut => OpenError::new(
                unwritten_pipe(&name.to_string()),
                "start the program that writes to it first, or pass the image on standard input: `dockopt image -`",
            ),
            _ => error_of(&error),
        })?;
        (ImagePlace::File, bytes(file, &metadata))
    };
    let kind = if place == ImagePlace::Folder { "folder" } else { "file" };
    Ok(OpenedImage {
        place,
        bytes,
        name: name.to_string(),
        choice: None,
        sentence: format!("image in the {kind} `{name}`"),
        tried: Vec::new(),
    })
}

/// Opens `PATH`, `PATH:TAG` or `PATH@DIGEST`.
pub(super) fn open_layout(text: &str) -> Result<OpenedImage, OpenError> {
    if Path::new(text).exists() {
        return open(Path::new(text));
    }
    let digest = text.rsplit_once('@').filter(|(_, digest)| digest.contains(':'));
    match digest.or_else(|| text.rsplit_once(':')).filter(|(path, _)| Path::new(path).exists()) {
        Some((path, choice)) => Ok(OpenedImage { choice: Some(choice.to_owned()), ..open(Path::new(path))? }),
        None => open(Path::new(text)),
    }
}

/// What stands still can be read anywhere; pipes only forward.
fn bytes(file: File, metadata: &Metadata) -> Bytes {
    if metadata.is_file() { Bytes::Archive(Box::new(Archive(file))) } else { Bytes::Stream(Box::new(file)) }
}

/// A file that is read anywhere, by several threads.
struct Archive(File);

impl ReadAt for Archive {
    #[cfg(unix)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::unix::fs::FileExt::read_at(&self.0, buffer, offset)
    }

    #[cfg(windows)]
    fn read_at(&self, buffer: &mut [u8], offset: u64) -> io::Result<usize> {
        std::os::windows::fs::FileExt::seek_read(&self.0, buffer, offset)
    }

    #[cfg(not(any(unix, windows)))]
    fn read_at(&self, _: &mut [u8], _: u64) -> io::Result<usize> {
        Err(io::ErrorKind::Unsupported.into())
    }

    fn bytes(&self) -> io::Result<u64> {
        Ok(self.0.metadata()?.len())
    }
}

/// A folder of blobs. Links that lead out of it are not followed.
struct BlobFolder {
    /// Without links in it.
    root: PathBuf,
}

impl BlobFolder {
    fn new(path: &Path) -> io::Result<Self> {
        Ok(Self { root: path.canonicalize()? })
    }
}

impl Store for BlobFolder {
    fn open(&self, name: &str) -> io::Result<Option<crate::image::OpenPart<'_>>> {
        use io::ErrorKind::{NotADirectory, NotFound};
        let relative = Path::new(name);
        let is_below = !name.is_empty() && relative.components().all(|part| matches!(part, Component::Normal(_)));
        if !is_below || name.contains('\\') {
            return Ok(None);
        }
        let path = match self.root.join(relative).canonicalize() {
            Ok(path) => path,
            Err(error) if matches!(error.kind(), NotFound | NotADirectory) => return Ok(None),
            Err(error) => return Err(error),
        };
        let rejection = |why: &str| Err(io::Error::other(format!("`{}` {why}", self.root.join(relative).display())));
        if !path.starts_with(&self.root) {
            return rejection("is a link to a path outside the folder");
        }
        // To open a pipe waits for a writer.
        let metadata = fs::metadata(&path)?;
        if !metadata.is_file() {
            return rejection("is not a file");
        }
        Ok(Some(crate::image::OpenPart { bytes: Some(metadata.len()), read: Box::new(File::open(&path)?) }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_and_folders_are_distinguished_from_other_things() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path();
        let looked = |name: &str| match look(&root.join(name)) {
            PathContent::Image => "image",
            PathContent::Folder(_) => "folder",
            PathContent::File(_) => "file",
            PathContent::Nothing => "nothing",
        };
        assert_eq!(looked("none"), "nothing");
        fs::create_dir(root.join("app")).unwrap();
        assert_eq!(looked("app"), "folder");
        fs::write(root.join("app/index.json"), "").unwrap();
        assert_eq!(looked("app"), "image");
        fs::write(root.join("program"), b"\x7fELF").unwrap();
        assert_eq!(looked("program"), "file");
        let mut tar = vec![0; 512];
        tar[257..262].copy_from_slice(b"ustar");
        for bytes in
            [b"\x1f\x8b\x08".as_slice(), b"\x28\xb5\x2f\xfd", b"\x5e\x2a\x4d\x18", b"BZh9", b"\xfd7zXZ\0", &tar]
        {
            fs::write(root.join("archive"), bytes).unwrap();
            assert_eq!(looked("archive"), "image");
        }
    }

    #[test]
    fn a_folder_gives_what_is_in_it_and_no_more() {
        let folder = tempfile::tempdir().unwrap();
        let root = folder.path().join("layout");
        fs::create_dir_all(root.join("blobs/sha256")).unwrap();
        fs::write(root.join("blobs/sha256/00"), "blob").unwrap();
        fs::write(folder.path().join("secret"), "secret").unwrap();
        let store = BlobFolder::new(&root).unwrap();
        let mut text = String::new();
        let mut opened = store.open("blobs/sha256/00").unwrap().unwrap();
        opened.read.read_to_string(&mut text).unwrap();
        assert_eq!((text.as_str(), opened.bytes), ("blob", Some(4)));
        for name in ["none", "../secret", "/etc/passwd", "blobs/../../secret", "", "blobs\\sha256"] {
            assert!(matches!(store.open(name), Ok(None)), "{name}");
        }
        assert!(store.open("blobs").is_err());
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink("../../../secret", root.join("blobs/sha256/01")).unwrap();
            std::os::unix::fs::symlink("00", root.join("blobs/sha256/02")).unwrap();
            assert!(store.open("blobs/sha256/01").is_err());
            assert!(store.open("blobs/sha256/02").unwrap().is_some());
        }
    }

    #[test]
    fn a_layout_may_be_followed_by_what_is_meant_in_it() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().display().to_string();
        let choice = |text: &str| open_layout(text).map(|opened| opened.choice);
        assert_eq!(choice(&path).unwrap(), None);
        assert_eq!(choice(&format!("{path}:v1")).unwrap(), Some("v1".to_owned()));
        assert_eq!(choice(&format!("{path}@sha256:00")).unwrap(), Some("sha256:00".to_owned()));
        assert_eq!(choice("none:v1").unwrap_err().what, "no such file: `none:v1`");
    }
}
