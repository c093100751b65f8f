//! What is known of the packages of an image.

use crate::image::path::PathId;

/// Whose package it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Ecosystem {
    /// Debian and Ubuntu.
    Dpkg,
    /// Alpine, Wolfi.
    Apk,
    /// Fedora, RHEL, SUSE.
    Rpm,
    /// Python distributions: wheels, eggs.
    Python,
    /// npm, pnpm, yarn.
    Node,
    /// Ruby gems.
    Ruby,
    /// Composer.
    Php,
    /// A program with Go's build information.
    Go,
    /// A program with the list that cargo-auditable puts in.
    Rust,
    /// A jar, war or ear.
    Java,
}

impl Ecosystem {
    /// As people and package URLs call it: `deb`, `pypi`, …
    pub const fn name(self) -> &'static str {
        match self {
            Self::Dpkg => "deb",
            Self::Apk => "apk",
            Self::Rpm => "rpm",
            Self::Python => "pypi",
            Self::Node => "npm",
            Self::Ruby => "gem",
            Self::Php => "composer",
            Self::Go => "golang",
            Self::Rust => "cargo",
            Self::Java => "maven",
        }
    }

    /// Whether a distribution's manager put it there.
    pub const fn is_system(self) -> bool {
        matches!(self, Self::Dpkg | Self::Apk | Self::Rpm)
    }
}

/// What files of the final tree take. A file with several names counts once.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Size {
    /// Bytes of contents.
    pub bytes: u64,
    /// Their share of the compressed layers.
    pub compressed: u64,
    /// How many regular files.
    pub files: u64,
}

impl std::ops::AddAssign for Size {
    fn add_assign(&mut self, other: Self) {
        self.bytes += other.bytes;
        self.compressed += other.compressed;
        self.files += other.files;
    }
}

/// Why a package is there.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum PackageReason {
    /// Somebody named it: it is not marked as installed by itself, it is in apk's world or a project's dependencies.
    Asked,
    /// Its manager took it in for another one.
    Dependency,
    /// Nothing tells.
    #[default]
    Unknown,
}

impl PackageReason {
    /// For people.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Asked => "asked for",
            Self::Dependency => "dependency",
            Self::Unknown => "unknown",
        }
    }
}

/// A module that was built into a file: it takes no bytes that could be told apart.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct BundledModule {
    /// Its name.
    pub name: Box<str>,
    /// Its version; empty where nothing tells.
    pub version: Box<str>,
}

/// A package of the final tree.
#[derive(Clone, Debug, PartialEq, Eq)]
#[allow(clippy::struct_excessive_bools)] // Facts that have nothing to do with each other.
pub struct Package {
    /// Whose.
    pub ecosystem: Ecosystem,
    /// Its name.
    pub name: Box<str>,
    /// Its version as written; empty where nothing tells.
    pub version: Box<str>,
    /// As its manager writes it (`amd64`, `x86_64`, `noarch`); empty where there is none.
    pub architecture: Box<str>,
    /// What tells of it: its metadata, its folder, or the program itself.
    pub place: PathId,
    /// What the files that it owns take.
    pub size: Size,
    /// The layer that installed it, or changed it last; the lowest is 0.
    pub layer: u32,
    /// Its size by the layer that each file comes from, the lowest first; one element for most.
    pub by_layer: Vec<(u32, Size)>,
    /// Why it is there.
    pub why: PackageReason,
    /// Whether only development needs it; `None` where nothing tells.
    pub development: Option<bool>,
    /// Whether what needs it does without it as well (npm's lock file).
    pub optional: bool,
    /// Whether the system cannot do without it (`Essential`, priority `required`).
    pub essential: bool,
    /// Whether its code is elsewhere and only pointed to (`pip install -e`).
    pub editable: bool,
    /// See [`Self::is_orphan`].
    pub(super) orphan: bool,
    /// Packages that it needs, as indices of [`ImagePackages::packages`].
    pub needs: Vec<u32>,
    /// Packages that need it.
    pub needed_by: Vec<u32>,
    /// What goes with it when it is removed: itself and what nothing else needs. `None` for what others need.
    pub exclusive: Option<Size>,
    /// Itself and all that it needs, whoever else needs that. `None` for what others need, and where there is too much to follow.
    pub closure: Option<Size>,
    /// The package that owns its files, so that it owns none itself.
    pub part_of: Option<u32>,
    /// Modules that were built in (Go, Rust, jars), sorted.
    pub parts: Vec<BundledModule>,
}

impl Package {
    /// Whether nobody asked for it, and nothing that somebody asked for needs it: its manager would remove it.
    pub const fn is_orphan(&self) -> bool {
        self.orphan
    }

    /// What packages are sorted by. System packages come first: they claim their files before others.
    pub(super) fn order(&self) -> (Ecosystem, &str, &str, PathId, &str) {
        (self.ecosystem, &self.name, &self.version, self.place, &self.architecture)
    }
}

/// One name and version in several places.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Duplicate {
    /// The packages, as indices of [`ImagePackages::packages`]; at least two.
    pub packages: Vec<u32>,
    /// Bytes of all but the largest.
    pub bytes: u64,
}

/// Files that no package owns.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UnownedFiles {
    /// The layer that they come from.
    pub layer: u32,
    /// The directory: the first part of the path, the first two below `usr`, `var`, `opt` and `home`; the root for files in it.
    pub directory: PathId,
    /// What they take.
    pub size: Size,
}

/// The distribution that an image is of, as its `os-release` says.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct SystemRelease {
    /// `debian`, `alpine`, `fedora`.
    pub id: Box<str>,
    /// `12`, `3.20.3`; empty for releases without a number.
    pub version: Box<str>,
}

/// The packages of an image. The sizes of all packages and of [`ImagePackages::unowned`] sum up to the final tree's.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct ImagePackages {
    /// All of them, sorted by ecosystem, name, version, place.
    pub packages: Vec<Package>,
    /// What none of them owns, the largest first.
    pub unowned: Vec<UnownedFiles>,
    /// One name and version in several places, the largest first.
    pub duplicates: Vec<Duplicate>,
    /// The distribution; `None` where no file tells.
    pub release: Option<SystemRelease>,
    /// What could not be read, or looks odd; each in one sentence.
    pub notices: Vec<String>,
    /// By path: the index of the package that owns it, and `u32::MAX` where none does.
    pub(super) owners: Vec<u32>,
}

impl ImagePackages {
    /// The package that owns the file at a path of the final tree.
    pub fn owner(&self, path: PathId) -> Option<u32> {
        self.owners.get(path.index()).copied().filter(|&owner| owner != u32::MAX)
    }
}
