//! `RUN --mount`: what of a mount enters the cache key. Contents of caches, values of secrets and agents never do.

use super::context::Selector;
use super::origin::{clean, origin_of};
use super::stage_state::StageState;
use super::step::{CACHE_MOUNT, Part, PartKind, SourceOrigin, StepSource};
use crate::build::Build;
use crate::dockerfile::Mount;
use crate::dockerfile::expand::Lex;
use crate::text::path;

/// The parts of all mounts, by target, and what they read.
pub(super) fn parts(
    state: &StageState,
    build: &Build<'_>,
    index: usize,
    mounts: &[Mount<'_>],
) -> (Vec<Part>, Vec<StepSource>) {
    let mut mounts: Vec<(String, &Mount)> = mounts
        .iter()
        .map(|mount| {
            let reader = Reader { state, mount, escape: build.input().file.escape() };
            (reader.target(), mount)
        })
        .collect();
    mounts.sort_by(|a, b| a.0.cmp(&b.0));
    let namespace = build.input().options.build_arg("BUILDKIT_CACHE_MOUNT_NS").filter(|text| !text.is_empty());
    let mut parts = Vec::new();
    let mut sources = Vec::new();
    for (target, mount) in mounts {
        let reader = Reader { state, mount, escape: build.input().file.escape() };
        parts.push(Part::new(PartKind::Mount(target.clone()), reader.text(&target, namespace)));
        sources.extend(reader.source(build, index));
    }
    (parts, sources)
}

struct Reader<'r, 'a> {
    state: &'r StageState,
    mount: &'r Mount<'a>,
    escape: char,
}

impl Reader<'_, '_> {
    fn expand(&self, text: &str) -> String {
        self.state.environment.expand(text, Lex::new(self.escape))
    }

    fn field(&self, keys: &[&str]) -> Option<String> {
        let value = self.mount.field(keys)?.value.as_deref()?;
        Some(self.expand(value))
    }

    /// Where it is mounted; for a secret or an agent that says nothing else, BuildKit's default.
    fn target(&self) -> String {
        match self.mount.target() {
            Some(target) => path::join(&self.state.workdir, &self.expand(target)),
            None if self.mount.kind() == "secret" => format!("/run/secrets/{}", self.id()),
            None => String::new(),
        }
    }

    fn id(&self) -> String {
        let default = || self.mount.target().map(|target| path::name(&self.expand(target)).to_owned());
        self.field(&["id"]).or_else(default).unwrap_or_default()
    }

    /// Everything of it that counts.
    fn text(&self, target: &str, namespace: Option<&str>) -> String {
        let kind = self.mount.kind();
        let number = |key: &str| self.field(&[key]).unwrap_or_default();
        match &*kind {
            "cache" => {
                // Id and sharing count in the default shape only (BuildKit blanks all others).
                let id = self.field(&["id"]).unwrap_or_else(|| target.to_owned());
                let id = namespace.map_or(id.clone(), |namespace| format!("{namespace}/{id}"));
                let sharing = self.mount.sharing().is_none_or(|sharing| sharing == "shared");
                let shape = if id == target && sharing { "default" } else { "other" };
                let folder = format!("{} {} {}", number("mode"), number("uid"), number("gid"));
                format!("{CACHE_MOUNT}{shape} {} {folder}", self.mount.is_readonly())
            }
            "tmpfs" => format!("tmpfs {}", number("size")),
            "secret" | "ssh" => format!(
                "{kind} {} {} {} {} {} {}",
                self.id(),
                number("mode"),
                number("uid"),
                number("gid"),
                self.mount.is_required(),
                self.mount.env().unwrap_or_default()
            ),
            _ => format!("{kind} {}", self.mount.is_readonly()),
        }
    }

    /// What a mount shows of a context, a stage or an image.
    fn source(&self, build: &Build<'_>, index: usize) -> Option<StepSource> {
        let kind = self.mount.kind();
        let from = self.mount.from().filter(|from| !from.is_empty());
        let origin = match (&*kind, from) {
            ("bind" | "cache", Some(from)) => origin_of(build, index, from),
            ("bind", None) => SourceOrigin::Context,
            _ => return None,
        };
        let path = self.field(&["source", "src"]).map(|source| clean(&source)).unwrap_or_default();
        Some(StepSource { origin, selector: Selector { path, ..Selector::default() } })
    }
}
