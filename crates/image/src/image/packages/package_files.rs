//! Which files tell about packages, and how each is read.

use super::fact::{PackageFact, PackageFactKind};
use super::{apk, dpkg, jar, node, php, program, python, release, rpm, ruby, stream};
use crate::image::entry::Mode;

/// The largest system database that is kept to its end.
const DATABASE: u64 = 128 << 20;

/// The largest other file that is kept to its end.
const METADATA: u64 = 16 << 20;

/// The largest file of the kinds of which an image has thousands.
const SMALL: u64 = 1 << 20;

/// Programs below this size hold no Go or Rust run time.
const SMALLEST_PROGRAM: u64 = 64 << 10;

/// A file that tells about packages, by its path.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum PackageFile {
    /// `var/lib/dpkg/status`, or a file of `status.d`.
    DpkgStatus,
    /// `info/*.list`, `.conffiles`.
    DpkgList,
    /// `*.md5sums`.
    DpkgSums,
    DpkgDiversions,
    /// `var/lib/apt/extended_states`.
    AptStates,
    /// `lib/apk/db/installed`.
    ApkInstalled,
    /// `etc/apk/world`.
    ApkWorld,
    /// `etc/os-release`, `usr/lib/os-release`.
    OsRelease,
    /// `rpmdb.sqlite`.
    RpmSqlite,
    /// `Packages.db`.
    RpmNdb,
    /// `Packages`: Berkeley DB.
    RpmBdb,
    /// A write-ahead log beside `rpmdb.sqlite`.
    RpmLog,
    /// `usr/lib/sysimage/libdnf5/packages.toml`.
    DnfPackages,
    /// `var/lib/dnf/history.sqlite`.
    DnfHistory,
    /// `var/lib/zypp/AutoInstalled`.
    ZyppAuto,
    /// `*.dist-info/METADATA`, `*.egg-info/PKG-INFO`, `*.egg-info`.
    PythonMetadata,
    /// `*.dist-info/RECORD`.
    PythonRecord,
    /// `*.egg-info/installed-files.txt`.
    EggFiles,
    /// `*.egg-info/SOURCES.txt`.
    EggSources,
    /// `*.egg-info/requires.txt`.
    EggRequires,
    PythonInstaller,
    PythonUrl,
    /// `package.json`.
    NodeManifest,
    /// `node_modules/.package-lock.json`.
    NodeLock,
    /// `specifications/*.gemspec`.
    Gemspec,
    /// `Gemfile.lock`.
    GemLock,
    /// `vendor/composer/installed.json`.
    ComposerInstalled,
    /// `composer.json`.
    ComposerManifest,
    /// An executable, or a shared library.
    Program,
    /// A jar, war or ear.
    Jar,
}

impl PackageFile {
    /// What a path is, without a leading slash.
    pub(super) fn of(path: &[u8], mode: Mode, size: u64) -> Option<Self> {
        let cut = memchr::memrchr(b'/', path);
        let (folder, name) = cut.map_or((&b""[..], path), |cut| (&path[..cut], &path[cut + 1..]));
        Self::system(folder, name).or_else(|| Self::language(folder, name)).or_else(|| {
            let library = || name.ends_with(b".so") || memchr::memmem::find(name, b".so.").is_some();
            let large = size >= SMALLEST_PROGRAM;
            (large && (mode.is_executable() || library())).then_some(Self::Program)
        })
    }

    fn system(folder: &[u8], name: &[u8]) -> Option<Self> {
        if !matches!(folder.first(), Some(b'v' | b'u' | b'l' | b'e')) {
            return None;
        }
        Some(match (folder, name) {
            (b"var/lib/dpkg/info", _) if name.ends_with(b".list") || name.ends_with(b".conffiles") => Self::DpkgList,
            (b"var/lib/dpkg/info" | b"var/lib/dpkg/status.d", _) if name.ends_with(b".md5sums") => Self::DpkgSums,
            (b"var/lib/dpkg", b"status") => Self::DpkgStatus,
            (b"var/lib/dpkg/status.d", _) if !name.contains(&b'.') || !name.ends_with(b".list") => Self::DpkgStatus,
            (b"var/lib/dpkg", b"diversions") => Self::DpkgDiversions,
            (b"var/lib/apt", b"extended_states") => Self::AptStates,
            (b"lib/apk/db" | b"usr/lib/apk/db", b"installed") => Self::ApkInstalled,
            (b"etc/apk", b"world") => Self::ApkWorld,
            (b"etc" | b"usr/lib", b"os-release") => Self::OsRelease,
            (b"var/lib/rpm" | b"usr/lib/sysimage/rpm" | b"usr/share/rpm", _) => match name {
                b"rpmdb.sqlite" => Self::RpmSqlite,
                b"rpmdb.sqlite-wal" => Self::RpmLog,
                b"Packages.db" => Self::RpmNdb,
                b"Packages" => Self::RpmBdb,
                _ => return None,
            },
            (b"usr/lib/sysimage/libdnf5", b"packages.toml") => Self::DnfPackages,
            (b"var/lib/dnf" | b"usr/lib/sysimage/dnf", b"history.sqlite") => Self::DnfHistory,
            (b"var/lib/zypp", b"AutoInstalled") => Self::ZyppAuto,
            _ => return None,
        })
    }

    fn language(folder: &[u8], name: &[u8]) -> Option<Self> {
        let ends = |end: &[u8]| name.len() > end.len() && name.ends_with(end);
        let dist = || folder.ends_with(b".dist-info");
        let egg = || folder.ends_with(b".egg-info");
        Some(match name {
            b"package.json" => Self::NodeManifest,
            b".package-lock.json" if folder.ends_with(b"node_modules") => Self::NodeLock,
            b"METADATA" if dist() => Self::PythonMetadata,
            b"RECORD" if dist() => Self::PythonRecord,
            b"INSTALLER" if dist() => Self::PythonInstaller,
            b"direct_url.json" if dist() => Self::PythonUrl,
            b"PKG-INFO" if egg() || folder.ends_with(b".egg/EGG-INFO") => Self::PythonMetadata,
            b"installed-files.txt" if egg() => Self::EggFiles,
            b"SOURCES.txt" if egg() => Self::EggSources,
            b"requires.txt" if egg() => Self::EggRequires,
            b"installed.json" if folder.ends_with(b"vendor/composer") => Self::ComposerInstalled,
            b"composer.json" => Self::ComposerManifest,
            b"Gemfile.lock" => Self::GemLock,
            _ if ends(b".egg-info") => Self::PythonMetadata,
            _ if ends(b".gemspec") && (folder.ends_with(b"/specifications") || folder.ends_with(b"/default")) => {
                Self::Gemspec
            }
            _ if ends(b".jar") || ends(b".war") || ends(b".ear") => Self::Jar,
            _ => return None,
        })
    }

    /// The largest file of its kind that is kept to its end.
    const fn most(self) -> u64 {
        match self {
            Self::DpkgStatus | Self::ApkInstalled | Self::RpmSqlite | Self::RpmNdb | Self::DnfHistory => DATABASE,
            Self::NodeManifest | Self::ComposerManifest | Self::PythonMetadata | Self::Gemspec => SMALL,
            _ => METADATA,
        }
    }

    /// What a whole file tells.
    fn read(self, bytes: &[u8]) -> Option<PackageFactKind> {
        match self {
            Self::DpkgStatus => Some(dpkg::status(bytes)),
            Self::DpkgList => Some(dpkg::list(bytes)),
            Self::DpkgSums => Some(dpkg::sums(bytes)),
            Self::DpkgDiversions => Some(dpkg::diversions(bytes)),
            Self::AptStates => Some(dpkg::automatic(bytes)),
            Self::ApkInstalled => Some(apk::installed(bytes)),
            Self::ApkWorld => Some(apk::world(bytes)),
            Self::OsRelease => release::read(bytes),
            Self::RpmSqlite => Some(rpm::sqlite(bytes)),
            Self::RpmNdb => Some(rpm::ndb(bytes)),
            Self::RpmBdb => {
                Some(PackageFactKind::Unread("is a Berkeley DB, which is not supported; its packages are unknown"))
            }
            Self::RpmLog => (!bytes.is_empty()).then_some(PackageFactKind::Unread(
                "is not empty; the latest changes of the database next to it are not read",
            )),
            Self::DnfPackages => rpm::dnf_packages(bytes),
            Self::DnfHistory => rpm::dnf_history(bytes),
            Self::ZyppAuto => Some(rpm::zypp_automatic(bytes)),
            Self::PythonMetadata => python::metadata(bytes),
            Self::PythonRecord => Some(python::record(bytes)),
            Self::EggFiles | Self::EggSources => Some(python::egg_files(bytes)),
            Self::EggRequires => Some(python::egg_requires(bytes)),
            Self::PythonInstaller => Some(python::installer(bytes)),
            Self::PythonUrl => python::direct_url(bytes),
            Self::NodeManifest => node::manifest(bytes),
            Self::NodeLock => Some(node::lock(bytes)),
            Self::Gemspec => ruby::gemspec(bytes),
            Self::GemLock => Some(ruby::lock(bytes)),
            Self::ComposerInstalled => Some(php::installed(bytes)),
            Self::ComposerManifest => php::manifest(bytes),
            Self::Program | Self::Jar => None,
        }
    }
}

#[derive(Debug)]
enum ReadMethod {
    /// Kept to the end.
    Keep(PackageFile, Vec<u8>),
    /// Looked at in passing.
    Program(Box<stream::Stream<program::Lists>>),
    Jar(Box<stream::Stream<jar::Lists>>),
    /// Too large for its kind.
    TooLarge,
    /// Its metadata's start says it all.
    Start(Vec<u8>),
}

/// Reads one file that may tell about packages.
#[derive(Debug)]
pub(crate) struct Watcher(ReadMethod);

impl Watcher {
    /// A reader for a file, where its path says that it tells something.
    pub(crate) fn new(path: &[u8], mode: Mode, size: u64) -> Option<Self> {
        let wanted = PackageFile::of(path, mode, size)?;
        Some(Self(match wanted {
            PackageFile::Program => ReadMethod::Program(Box::new(stream::Stream::new(program::Lists::default()))),
            PackageFile::Jar => ReadMethod::Jar(Box::new(stream::Stream::new(jar::Lists::new(path)))),
            PackageFile::RpmBdb => ReadMethod::Keep(wanted, Vec::new()),
            PackageFile::PythonMetadata => ReadMethod::Start(Vec::new()),
            _ if size > wanted.most() => ReadMethod::TooLarge,
            // The size is what a header claims: nothing is taken before bytes come.
            _ => ReadMethod::Keep(wanted, Vec::with_capacity(size.min(SMALL) as usize)),
        }))
    }

    /// Takes the next piece.
    pub(crate) fn take(&mut self, piece: &[u8]) {
        match &mut self.0 {
            ReadMethod::Keep(PackageFile::RpmBdb, _) | ReadMethod::TooLarge => {}
            ReadMethod::Keep(wanted, bytes) => {
                if (bytes.len() + piece.len()) as u64 > wanted.most() {
                    self.0 = ReadMethod::TooLarge;
                } else {
                    bytes.extend_from_slice(piece);
                }
            }
            ReadMethod::Program(look) => look.take(piece),
            ReadMethod::Jar(look) => look.take(piece),
            ReadMethod::Start(bytes) => {
                let room = (SMALL as usize).saturating_sub(bytes.len());
                bytes.extend_from_slice(&piece[..piece.len().min(room)]);
            }
        }
    }

    /// What the file tells.
    pub(crate) fn finish(self) -> Option<PackageFact> {
        let fact = match self.0 {
            ReadMethod::Keep(wanted, bytes) => wanted.read(&bytes),
            ReadMethod::Program(look) => look.finish().into_facts(),
            ReadMethod::Jar(look) => look.finish().into_facts(),
            ReadMethod::TooLarge => Some(PackageFactKind::Unread("is too large and was not read")),
            ReadMethod::Start(bytes) => PackageFile::PythonMetadata.read(&bytes),
        };
        fact.map(PackageFact)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(path: &str, expected: Option<PackageFile>) {
        assert_eq!(PackageFile::of(path.as_bytes(), Mode(0o755), 1 << 20), expected, "{path}");
    }

    #[test]
    fn files_are_recognized_by_their_paths() {
        check("var/lib/dpkg/status", Some(PackageFile::DpkgStatus));
        check("var/lib/dpkg/status.d/tzdata", Some(PackageFile::DpkgStatus));
        check("var/lib/dpkg/status.d/libc6.md5sums", Some(PackageFile::DpkgSums));
        check("var/lib/dpkg/info/libc6:amd64.list", Some(PackageFile::DpkgList));
        check("x/package.json", Some(PackageFile::NodeManifest));
        check("package.json", Some(PackageFile::NodeManifest));
        check("a/node_modules/.package-lock.json", Some(PackageFile::NodeLock));
        check("usr/lib/python3/dist-packages/x-1.dist-info/RECORD", Some(PackageFile::PythonRecord));
        check("usr/lib/python3/dist-packages/x-1.egg-info", Some(PackageFile::PythonMetadata));
        check("g/specifications/default/json-2.gemspec", Some(PackageFile::Gemspec));
        check("usr/bin/x", Some(PackageFile::Program));
        check("app/x.jar", Some(PackageFile::Jar));
        assert_eq!(PackageFile::of(b"usr/lib/libx.so.1", Mode(0o644), 1 << 20), Some(PackageFile::Program));
        assert_eq!(PackageFile::of(b"usr/share/x", Mode(0o644), 1 << 20), None);
        assert_eq!(PackageFile::of(b"usr/bin/x", Mode(0o755), 100), None);
    }
}
