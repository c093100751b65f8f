//! The steps that a builder carries out, and everything that the cache key of each is made of.

use super::context::{Selector, hash_of};

/// How the text of a part begins that is a cache mount.
pub(super) const CACHE_MOUNT: &str = "cache ";

/// A step: BuildKit's vertex. FROM, RUN, COPY, ADD and WORKDIR make one each; other instructions make none.
#[derive(Clone, Debug)]
pub struct Step {
    /// Index of its stage.
    pub stage: usize,
    /// Index of its instruction; of a trigger that of the ONBUILD.
    pub instruction: usize,
    /// Its name as the builder prints it: `[build 2/3] COPY . .`
    pub name: String,
    /// Its kind.
    pub kind: StepKind,
    /// The step whose result it runs on; `None` for the empty image.
    pub parent: Option<usize>,
    /// What the definition says, in the order in which it enters the key.
    pub parts: Vec<Part>,
    /// What it reads besides the files below it.
    pub sources: Vec<StepSource>,
    /// The absolute paths that it writes to, where that is known: those of COPY, ADD and WORKDIR.
    pub writes: Option<Vec<String>>,
    /// A digest over kind and parts, computed once.
    pub(super) digest: u128,
}

/// The kind of a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum StepKind {
    /// FROM an image.
    From,
    /// RUN.
    Run,
    /// COPY or ADD.
    Copy,
    /// WORKDIR.
    Workdir,
    /// Lays the result of a `COPY --link` over the step below.
    Link,
}

/// A part of a step's definition.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// What it says.
    pub kind: PartKind,
    /// Its value.
    pub text: String,
    /// Index of the instruction that gives it, if that is another than the step's.
    pub instruction: Option<usize>,
}

/// What a part of a definition says.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum PartKind {
    /// The image of FROM, or the named context.
    Image,
    /// `--platform`.
    Platform,
    /// The program and its arguments.
    Command,
    /// The text of a here-document.
    Body,
    /// A variable of the environment, by name.
    Variable(String),
    /// The working directory.
    Workdir,
    /// The user.
    User,
    /// A mount, by its target.
    Mount(String),
    /// The network mode.
    Network,
    /// `--security`, `--device`.
    Rights,
    /// `--add-host`, `--shm-size`, `--ulimit`, `--cgroup-parent` of the build.
    Limits,
    /// The last name of each source.
    Source,
    /// The destination.
    Destination,
    /// `--chown`.
    Owner,
    /// `--chmod`.
    Mode,
    /// `--exclude`, `--parents`, `--unpack`, `--keep-git-dir`.
    Flags,
    /// `SOURCE_DATE_EPOCH`, which enters every WORKDIR.
    Epoch,
    /// `BUILDKIT_SANDBOX_HOSTNAME`, which enters every RUN.
    Hostname,
}

/// Something that a step reads besides the files below it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct StepSource {
    /// Where it is.
    pub origin: SourceOrigin,
    /// What is taken of it.
    pub selector: Selector,
}

/// Where a source is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SourceOrigin {
    /// The build context.
    Context,
    /// A stage: the step whose result is read; `None` for the empty image.
    Stage {
        /// The stage.
        stage: usize,
        /// Its last step.
        step: Option<usize>,
    },
    /// An image, or a named context: equal names are taken for equal contents.
    Named(String),
    /// A URL or Git repository, which the builder asks on every build. `is_pinned`: by checksum or commit.
    Remote {
        /// The address.
        url: String,
        /// Whether its contents cannot change.
        is_pinned: bool,
    },
}

/// What the command line of the build adds to keys.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct BuilderFlags {
    /// Whether the builder lays linked copies over the rest (`MergeOp`): the containerd image store and builders of
    /// buildx do, an engine with the classic store does not.
    pub merges_links: bool,
    /// `--network`.
    pub network: Option<String>,
    /// The names of `--add-host`; addresses do not count.
    pub hosts: Vec<String>,
    /// `--shm-size`, `--ulimit`, `--cgroup-parent`, as written.
    pub limits: Vec<String>,
    /// `--no-cache`.
    pub ignores_cache: bool,
    /// The stages of `--no-cache-filter`.
    pub ignores_cache_of: Vec<String>,
    /// `SOURCE_DATE_EPOCH` of the client's environment.
    pub epoch: Option<String>,
}

impl Step {
    /// Whether it keeps files from one run to the next (`--mount=type=cache`).
    pub fn has_cache_mount(&self) -> bool {
        let is_cache = |part: &Part| matches!(part.kind, PartKind::Mount(_)) && part.text.starts_with(CACHE_MOUNT);
        self.parts.iter().any(is_cache)
    }

    /// A digest over the definition, without the files below the step and without its sources.
    pub(super) fn compute_digest(&self) -> u128 {
        let kind = [self.kind as u8];
        let mut texts: Vec<Vec<u8>> = vec![kind.to_vec()];
        for part in &self.parts {
            let kind = match &part.kind {
                PartKind::Variable(name) => format!("Variable {name}"),
                PartKind::Mount(target) => format!("Mount {target}"),
                kind => format!("{kind:?}"),
            };
            texts.push(kind.into_bytes());
            texts.push(part.text.as_bytes().to_vec());
        }
        let texts: Vec<&[u8]> = texts.iter().map(Vec::as_slice).collect();
        hash_of(&texts)
    }
}

impl Part {
    pub(super) fn new(kind: PartKind, text: impl Into<String>) -> Self {
        Self { kind, text: text.into(), instruction: None }
    }
}
