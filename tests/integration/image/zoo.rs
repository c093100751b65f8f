//! The zoo: archives of every kind, right, odd and broken, each with the truth. The truth comes from what was put in
//! ([`model`]), never from the program's own output; [`crate::engine`] holds it against an engine's.

mod blobs;
pub(crate) mod codec;
mod damage;
mod dialects;
mod documents;
pub(crate) mod layout;
mod layouts;
mod links;
mod limits;
pub(crate) mod model;
pub(crate) mod tar;
mod trees;

use std::collections::BTreeMap;
use std::sync::OnceLock;

use self::codec::Codec;
use self::layout::{Files, Picture, engine25};
use self::model::Model;
use self::tar::Member;

/// What is given to a reader.
#[derive(Clone, Debug)]
pub(crate) enum Input {
    /// A file, or standard input.
    Archive(Vec<u8>),
    /// A folder.
    Folder(Files),
}

/// What has to come out for one image.
#[derive(Debug)]
pub(crate) struct Expected {
    /// Figures and final tree; `None` where only the outcome counts.
    pub(crate) model: Option<Model>,
    /// Bytes of the blobs that a pull brings.
    pub(crate) pull_bytes: Option<u64>,
    pub(crate) layers: usize,
    /// `amd64`, `arm`; with its variant.
    pub(crate) platform: (&'static str, &'static str),
}

/// What an engine says of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Engine {
    /// Loads it, and exports the model's tree.
    Loads,
    /// Does not load it.
    Refuses,
    /// Loads it, and makes something else of it than it says.
    Differs,
    /// Not asked: it takes folders from nobody, and some archives would keep it busy.
    Unasked,
}

/// An archive and the truth about it.
#[derive(Debug)]
pub(crate) struct Case {
    pub(crate) name: &'static str,
    pub(crate) input: Input,
    /// Exit code 2: damaged, lying or missing parts.
    pub(crate) fails: bool,
    pub(crate) images: Vec<Expected>,
    /// Words of errors, or of notices where nothing fails: one of each group has to be there, in lower case.
    pub(crate) says: Vec<&'static [&'static str]>,
    /// The platform that is asked for; `all` for all.
    pub(crate) platform: Option<&'static str>,
    /// Whether diff IDs are checked too.
    pub(crate) full: bool,
    pub(crate) engine: Engine,
}

impl Case {
    fn says(&mut self, words: &'static [&'static str]) -> &mut Self {
        self.says.push(words);
        self
    }

    fn engine(&mut self, engine: Engine) -> &mut Self {
        self.engine = engine;
        self
    }

    fn platform(&mut self, platform: &'static str) -> &mut Self {
        self.platform = Some(platform);
        self
    }

    /// Only the outcome counts: what the tree is then is a matter of taste.
    fn outcome_only(&mut self) -> &mut Self {
        self.images.iter_mut().for_each(|image| image.model = None);
        self
    }
}

/// All cases.
#[derive(Debug, Default)]
pub(crate) struct Zoo(pub(crate) Vec<Case>);

impl Zoo {
    /// Made once for all tests.
    pub(crate) fn all() -> &'static Self {
        static ZOO: OnceLock<Zoo> = OnceLock::new();
        ZOO.get_or_init(Self::new)
    }

    fn new() -> Self {
        let mut zoo = Self::default();
        trees::add(&mut zoo);
        links::add(&mut zoo);
        dialects::add(&mut zoo);
        blobs::add(&mut zoo);
        layouts::add(&mut zoo);
        documents::add(&mut zoo);
        damage::add(&mut zoo);
        limits::add(&mut zoo);
        let mut names = BTreeMap::new();
        zoo.0.iter().for_each(|case| *names.entry(case.name).or_insert(0) += 1);
        assert!(names.values().all(|&count| count == 1), "a name twice: {names:?}");
        zoo
    }

    fn case(&mut self, name: &'static str, input: Input, fails: bool, images: Vec<Expected>) -> &mut Case {
        let engine = if fails { Engine::Refuses } else { Engine::Loads };
        let says = Vec::new();
        self.0.push(Case { name, input, fails, images, says, platform: None, full: false, engine });
        self.0.last_mut().unwrap()
    }

    /// Layers in the archive of a current engine.
    fn tree(&mut self, name: &'static str, layers: Vec<Vec<Member>>) -> &mut Case {
        let picture = Picture::of(name, &layers, Codec::Plain);
        let files = engine25(std::slice::from_ref(&picture));
        self.archive(name, &files, &[(picture, layers)])
    }

    /// An archive of images whose layers are known.
    fn archive(&mut self, name: &'static str, files: &Files, images: &[(Picture, Vec<Vec<Member>>)]) -> &mut Case {
        self.case(name, Input::Archive(files.tar()), false, images.iter().map(|(p, l)| expected(p, l)).collect())
    }

    /// An archive that can't be read to its end, or not at all.
    fn broken(&mut self, name: &'static str, bytes: Vec<u8>, words: &'static [&'static str]) -> &mut Case {
        self.case(name, Input::Archive(bytes), true, Vec::new()).says(words)
    }
}

pub(crate) fn expected(picture: &Picture, layers: &[Vec<Member>]) -> Expected {
    let blobs: BTreeMap<&str, u64> = picture.layers.iter().map(|blob| (blob.digest.as_str(), blob.size)).collect();
    Expected {
        model: Some(Model::of(layers)),
        pull_bytes: Some(blobs.values().sum()),
        layers: picture.layers.len(),
        platform: picture.platform,
    }
}

/// An image like many: files, links, a change, a removal, a change of mode, contents that are there twice.
pub(crate) fn ordinary() -> Vec<Vec<Member>> {
    use self::codec::noise;
    use self::tar::{dir, file, gone, hardlink, symlink};
    vec![
        vec![
            dir("etc"),
            file("etc/os-release", noise("release", 300)),
            dir("usr"),
            dir("usr/bin"),
            file("usr/bin/tool", noise("tool", 9_000)).mode(0o755),
            hardlink("usr/bin/tool2", "usr/bin/tool").mode(0o755),
            symlink("bin", "usr/bin"),
            dir("usr/share"),
            file("usr/share/doc.txt", b"a page of text\n".repeat(100)),
            file("usr/share/empty", Vec::new()),
        ],
        vec![
            dir("app"),
            file("app/main", noise("main", 5_000)).owned_by(1_000, 1_000),
            file("app/copy", noise("tool", 9_000)),
            file("etc/os-release", noise("release 2", 310)),
        ],
        vec![gone("app/main"), file("usr/share/doc.txt", b"a page of text\n".repeat(100)).mode(0o600)],
    ]
}
