//! What the contents of some files tell (packages, secrets, linkage), worked out while they stream by, so that no contents are
//! kept once a file's end is reached.

use crate::image::entry::Mode;
use crate::image::linkage;
use crate::image::packages;
use crate::image::secrets;

/// What one file's contents tell.
#[derive(Clone, Debug, PartialEq)]
#[non_exhaustive]
pub enum FileFact {
    /// Of packages.
    Package(packages::PackageFact),
    /// Of secrets; not their values.
    Secret(secrets::SecretFact),
    /// Of linkage.
    Linkage(linkage::LinkageFact),
}

impl FileFact {
    /// About how many bytes it takes, so that readers can bound the sum.
    pub fn heap(&self) -> usize {
        match self {
            Self::Package(fact) => fact.heap(),
            Self::Secret(fact) => fact.heap(),
            Self::Linkage(fact) => fact.heap(),
        }
    }
}

/// Looks at one file's contents in the pieces in which they come.
#[derive(Debug)]
pub struct Watch {
    packages: Option<packages::Watcher>,
    secrets: Option<secrets::Watcher>,
    linkage: Option<linkage::Watcher>,
}

impl Watch {
    /// Looks at a file, by its path without a leading slash, permissions and size; `None` when nobody wants its
    /// contents. Empty files may be left out.
    pub fn new(path: &[u8], mode: Mode, size: u64) -> Option<Self> {
        let packages = packages::Watcher::new(path, mode, size);
        let secrets = secrets::Watcher::new(path, size);
        (packages.is_some() || secrets.is_some()).then_some(Self { packages, secrets, linkage: None })
    }

    /// As [`Self::new`], and how programs are linked: they are kept to their end.
    pub fn with_linkage(path: &[u8], mode: Mode, size: u64) -> Option<Self> {
        let none = Self { packages: None, secrets: None, linkage: None };
        match (Self::new(path, mode, size), linkage::Watcher::new(path, mode, size)) {
            (None, None) => None,
            (content, linkage) => Some(Self { linkage, ..content.unwrap_or(none) }),
        }
    }

    /// Takes the next piece.
    pub fn take(&mut self, piece: &[u8]) {
        self.packages.iter_mut().for_each(|watcher| watcher.take(piece));
        self.secrets.iter_mut().for_each(|watcher| watcher.take(piece));
        self.linkage.iter_mut().for_each(|watcher| watcher.take(piece));
    }

    /// What the whole file tells.
    pub fn finish(self) -> Vec<FileFact> {
        let package = self.packages.and_then(packages::Watcher::finish).map(FileFact::Package);
        let secrets = self.secrets.map(secrets::Watcher::finish).unwrap_or_default();
        let linkage = self.linkage.and_then(linkage::Watcher::finish).map(FileFact::Linkage);
        package.into_iter().chain(secrets.into_iter().map(FileFact::Secret)).chain(linkage).collect()
    }
}
