//! What the jobs of a fleet are written from.

use super::measured::MeasuredFleet;

/// The system that jobs are written for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FleetSystem {
    /// A workflow of GitHub.
    Github,
    /// Jobs of GitLab, in a file that the pipeline includes.
    Gitlab,
    /// Jobs of Kubernetes.
    Kubernetes,
}

impl FleetSystem {
    /// Its name.
    pub(super) const fn title(self) -> &'static str {
        match self {
            Self::Github => "GitHub",
            Self::Gitlab => "GitLab",
            Self::Kubernetes => "Kubernetes",
        }
    }

    /// Jobs of one kind that it runs at most: docs.github.com, "matrix" (256); docs.gitlab.com, `needs` of the job that joins
    /// results (50). Kubernetes takes more, and more help nobody.
    pub(super) const fn most_shards(self) -> usize {
        match self {
            Self::Github => 256,
            Self::Gitlab => 50,
            Self::Kubernetes => 1_000,
        }
    }
}

/// Items of a list, by what they are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct ItemCounts {
    /// Folders with repositories.
    pub folders: usize,
    /// Images.
    pub images: usize,
    /// Bytes of a pull of the largest image; 0 where no list says how large they are.
    pub largest_image: u64,
}

impl ItemCounts {
    /// All of them.
    pub const fn all(self) -> usize {
        self.folders + self.images
    }
}

/// What the jobs of a fleet are written from. Names are plain words, as the functions of this module check them.
#[derive(Clone, Copy)]
pub struct FleetJobsInput<'i> {
    /// The system.
    pub system: FleetSystem,
    /// The path of the list below the folder; `None` where a job makes it from the registries.
    pub list: Option<&'i str>,
    /// The items of the list, or of that of the measured run; `None` where nobody knows them yet.
    pub items: Option<ItemCounts>,
    /// The part with the most items, of so many parts; `None` where the list is not known.
    pub fullest_part: &'i dyn Fn(usize) -> Option<ItemCounts>,
    /// How many parts the list is cut into, where the user says so.
    pub shards: Option<usize>,
    /// Minutes that a part shall take.
    pub minutes: u64,
    /// An earlier run.
    pub run: Option<&'i MeasuredFleet>,
    /// The registries to log in to, each as host and port.
    pub registries: &'i [String],
    /// The image of dockopt, for Kubernetes.
    pub image: &'i str,
    /// The namespace of the jobs in Kubernetes.
    pub namespace: Option<&'i str>,
    /// Bytes of the volume in Kubernetes.
    pub storage: Option<u64>,
    /// The class of that volume.
    pub storage_class: Option<&'i str>,
    /// The stage of the jobs in GitLab.
    pub stage: &'i str,
    /// Whether the repository has submodules, which the folders of a list can be.
    pub has_submodules: bool,
    /// The text of a file by its path from the folder; nothing where it is not there.
    pub text_of: &'i dyn Fn(&str) -> Option<String>,
}

impl FleetJobsInput<'_> {
    /// The path of the list in a job.
    pub(super) fn list_path(&self) -> &str {
        self.list.unwrap_or("fleet.jsonl")
    }

    /// Whether the list has folders, which a job needs checked out.
    pub(super) fn has_folders(&self) -> bool {
        self.list.is_some() && self.items.is_some_and(|items| items.folders > 0)
    }
}
