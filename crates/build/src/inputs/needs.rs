//! The facts that rules and columns may ask for beyond the Dockerfile and its .dockerignore.

/// A fact that costs something to gather.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Need {
    /// Names of what the builder is sent.
    ContextNames,
    /// Their sizes.
    ContextBytes,
    /// What stands in the scripts that a container starts with, and in files that look like secrets.
    ContextTexts,
    /// What the manifests in the context tell.
    Projects,
    /// What git records of the files: their modes, and how often steps ran in the last commits.
    Git,
    /// The built image.
    Image,
    /// The config of the base images.
    BaseImage,
    /// A log of a build.
    Buildlog,
    /// What `ShellCheck` says about the scripts.
    Shellcheck,
}

impl Need {
    /// All, in the order of their declaration.
    pub const ALL: [Self; 9] = [
        Self::ContextNames,
        Self::ContextBytes,
        Self::ContextTexts,
        Self::Projects,
        Self::Git,
        Self::Image,
        Self::BaseImage,
        Self::Buildlog,
        Self::Shellcheck,
    ];

    /// As written in a page's `needs:`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::ContextNames => "context.names",
            Self::ContextBytes => "context.bytes",
            Self::ContextTexts => "context.texts",
            Self::Projects => "projects",
            Self::Git => "git",
            Self::Image => "image",
            Self::BaseImage => "base_image",
            Self::Buildlog => "buildlog",
            Self::Shellcheck => "shellcheck",
        }
    }

    /// As people call it.
    pub const fn title(self) -> &'static str {
        match self {
            Self::ContextNames => "file names of the build context",
            Self::ContextBytes => "file sizes of the build context",
            Self::ContextTexts => "start scripts and possible secrets in the build context",
            Self::Projects => "manifests and lock files",
            Self::Git => "git history",
            Self::Image => "the built image",
            Self::BaseImage => "the base image",
            Self::Buildlog => "a build log",
            Self::Shellcheck => "ShellCheck",
        }
    }

    /// Reads a name of a page's `needs:`.
    pub fn parse(name: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|need| need.name() == name)
    }
}

/// A set of needs.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Needs(u16);

impl Needs {
    /// Nothing.
    pub const NONE: Self = Self(0);

    /// Whether `need` is in it.
    pub const fn has(self, need: Need) -> bool {
        self.0 & (1 << need as u8) != 0
    }

    /// With `need`.
    #[must_use]
    pub const fn with(self, need: Need) -> Self {
        Self(self.0 | (1 << need as u8))
    }

    /// What is in either.
    #[must_use]
    pub const fn union(self, other: Self) -> Self {
        Self(self.0 | other.0)
    }

    /// Whether the context has to be walked.
    pub fn context(self) -> bool {
        [Need::ContextNames, Need::ContextBytes, Need::ContextTexts, Need::Projects]
            .into_iter()
            .any(|need| self.has(need))
    }

    /// Its members.
    pub fn iter(self) -> impl Iterator<Item = Need> {
        Need::ALL.into_iter().filter(move |&need| self.has(need))
    }
}

impl FromIterator<Need> for Needs {
    fn from_iter<I: IntoIterator<Item = Need>>(needs: I) -> Self {
        needs.into_iter().fold(Self::NONE, Self::with)
    }
}
