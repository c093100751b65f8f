//! Image references, and what is known about public base images (`data/base_images.tsv`, `data/program_packages.tsv`).

use std::sync::LazyLock;

use super::settings::User;
use crate::data;
use crate::image::familiar;
use crate::shell::Manager;
use crate::text::path;

/// An image reference in its parts (distribution's `reference` grammar, read leniently).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Reference<'a> {
    /// The name as written: registry, path.
    pub name: &'a str,
    /// The tag.
    pub tag: Option<&'a str>,
    /// The digest.
    pub digest: Option<&'a str>,
}

impl<'a> Reference<'a> {
    /// Splits a reference.
    pub fn of(text: &'a str) -> Self {
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) => (rest, Some(digest)),
            None => (text, None),
        };
        // A colon before the last slash belongs to the registry's port.
        let path = rest.rfind('/').map_or(0, |slash| slash + 1);
        let (name, tag) = match rest[path..].find(':') {
            Some(colon) => (&rest[..path + colon], Some(&rest[path + colon + 1..])),
            None => (rest, None),
        };
        Self { name, tag, digest }
    }

    /// The name without the prefix that marks an official image of Docker Hub.
    pub fn short_name(&self) -> &'a str {
        let mut prefixes = data::HUB_NAMES.keys();
        let name = prefixes.find_map(|prefix| self.name.strip_prefix(prefix)).unwrap_or(self.name);
        name.strip_prefix("library/").unwrap_or(name)
    }

    /// The reference as the builder resolves it: without what stands for Docker Hub, with the tag that is meant, and with the
    /// digest alone where there is one. `docker.io/library/debian` and `debian:latest` are `debian:latest`.
    pub fn canonical(&self) -> String {
        let name = familiar(self.name);
        match (self.digest, self.tag) {
            (Some(digest), _) => format!("{name}@{digest}"),
            (None, tag) => format!("{name}:{}", tag.unwrap_or("latest")),
        }
    }

    /// The last part of the name: `python` of `quay.io/team/python`.
    pub fn last_name(&self) -> &'a str {
        path::name(self.name)
    }
}

/// Whether an image has a program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Presence {
    /// It has.
    Has,
    /// It does not.
    Lacks,
    /// Not known.
    Unknown,
}

/// What is known about a base image.
#[derive(Clone, Copy, Debug)]
pub struct BaseImage<'a> {
    reference: Reference<'a>,
    row: Option<&'static ImageRow>,
}

#[derive(Debug)]
struct ImageRow {
    image: &'static str,
    tags: Vec<&'static str>,
    shell: bool,
    has: Vec<&'static str>,
    lacks: Vec<&'static str>,
    user: &'static str,
    account: &'static str,
    entrypoint: &'static str,
    source: &'static str,
}

static IMAGES: LazyLock<Vec<ImageRow>> = LazyLock::new(|| data::BASE_IMAGES.rows().filter_map(row).collect());

fn row(cells: data::Row) -> Option<ImageRow> {
    let &[image, tags, shell, has, lacks, user, account, entrypoint, _date, source] = cells else { return None };
    let list = |cell| data::words(cell).collect();
    Some(ImageRow {
        image,
        tags: list(tags),
        shell: shell == "yes",
        has: list(has),
        lacks: list(lacks),
        user,
        account,
        entrypoint,
        source,
    })
}

impl<'a> BaseImage<'a> {
    /// Looks an image up; the first matching row counts.
    pub fn of(reference: &'a str) -> Self {
        let reference = Reference::of(reference);
        let tag = reference.tag.unwrap_or("latest");
        let name = reference.short_name();
        let fits = |row: &&ImageRow| row.image == name && row.tags.iter().any(|glob| is_like(glob, tag));
        Self { reference, row: IMAGES.iter().find(fits) }
    }

    /// Whether it has the program.
    pub fn presence(&self, program: &str) -> Presence {
        match self.row {
            Some(row) if row.has.contains(&program) => Presence::Has,
            Some(row) if row.lacks.contains(&program) => Presence::Lacks,
            _ => Presence::Unknown,
        }
    }

    /// Whether it has /bin/sh.
    pub fn has_shell(&self) -> Option<bool> {
        self.row.map(|row| row.shell)
    }

    /// The user that its containers run as.
    pub fn user(&self) -> Option<User> {
        let is_nonroot_name =
            |text: &str| ["nonroot", "non-root", "unprivileged", "rootless"].iter().any(|word| text.contains(word));
        if is_nonroot_name(self.reference.name) || self.reference.tag.is_some_and(is_nonroot_name) {
            return Some(User::Other("nonroot".into()));
        }
        match self.row?.user {
            "root" if self.is_open() && self.may_step_down() => None,
            "root" => Some(User::Root),
            "nonroot" => Some(User::Other("nonroot".into())),
            "drops" => Some(User::StepsDown),
            _ => None,
        }
    }

    /// Whether its containers start as root and then drop root; also if a placeholder in the tag of a template leaves
    /// open which image it is, and one of the candidates does.
    pub fn may_step_down(&self) -> bool {
        let drops = |row: &ImageRow| row.user == "drops";
        let open = self.is_open() && IMAGES.iter().any(|row| row.image == self.reference.short_name() && drops(row));
        self.row.is_some_and(drops) || (open && !self.says_variant())
    }

    /// Whether the tag contains a placeholder: `%%VERSION%%`, `__VARIANT__`.
    fn is_open(&self) -> bool {
        let plain = |c: char| c.is_ascii_alphanumeric() || "_.-".contains(c);
        self.reference.tag.is_some_and(|tag| tag.contains("__") || !tag.chars().all(plain))
    }

    /// Whether the constant part of a tag names an image that does not drop root: the `cli` of PHP.
    fn says_variant(&self) -> bool {
        self.reference.tag.is_some_and(|tag| tag.split('-').any(|word| matches!(word, "cli" | "zts")))
    }

    /// A non-root user that the image creates.
    pub fn unprivileged_user(&self) -> Option<&'static str> {
        self.row.map(|row| row.account).filter(|account| !account.is_empty())
    }

    /// Whether it has its own ENTRYPOINT.
    pub fn has_entrypoint(&self) -> Option<bool> {
        match self.row?.entrypoint {
            "none" => Some(false),
            "own" | "hands-on" => Some(true),
            _ => None,
        }
    }

    /// Whether its ENTRYPOINT runs the program in its arguments unchanged.
    pub fn hands_on(&self) -> bool {
        self.row.is_some_and(|row| row.entrypoint == "hands-on")
    }

    /// Whether it is a Windows image.
    pub fn is_windows(&self) -> bool {
        let words = ["nanoserver", "windowsservercore", "servercore", "mcr.microsoft.com/windows"];
        let tag = self.reference.tag.unwrap_or_default();
        words.iter().any(|word| self.reference.name.contains(word) || tag.contains(word))
    }

    /// The source of this knowledge.
    pub fn source(&self) -> Option<&'static str> {
        self.row.map(|row| row.source)
    }
}

/// The variables that an image sets in addition to PATH (`data/base_variables.tsv`); `None` if that is unknown.
pub(super) fn variables(reference: &str) -> Option<Vec<&'static str>> {
    let reference = Reference::of(reference);
    let tag = reference.tag.unwrap_or("latest");
    data::BASE_VARIABLES.rows().find_map(|cells| match cells {
        &[image, tags, names, ..] if image == reference.short_name() => {
            let fits = data::words(tags).any(|glob| is_like(glob, tag));
            fits.then(|| data::words(names).collect())
        }
        _ => None,
    })
}

/// Whether a name without a namespace is an official image (`data/official_images.tsv`).
pub fn is_official(name: &str) -> bool {
    data::OFFICIAL_IMAGES.contains(name)
}

/// Globs of packages of a package manager that contain a program; `None` if the program is not in the table.
pub fn providers(program: &str, manager: Manager) -> Option<Vec<&'static str>> {
    let cells = data::PROGRAM_PACKAGES.row(program)?;
    let column = match manager {
        Manager::Apt => 1,
        Manager::Apk => 2,
        Manager::Dnf | Manager::Yum | Manager::Microdnf | Manager::Zypper => 3,
        _ => return None,
    };
    Some(data::words(cells.get(column)?).collect())
}

/// A check of a public service image that works in each tag and with any settings, as HEALTHCHECK CMD takes it
/// (`data/services.tsv`).
pub fn service_check(reference: &str) -> Option<&'static str> {
    let name = Reference::of(reference).short_name();
    data::SERVICES.rows().find_map(|cells| match cells {
        &[_, images, check, .., "yes", _, _] if data::words(images).any(|image| image == name) => Some(check),
        _ => None,
    })
}

/// The release of Debian (`bookworm`) or Alpine (`alpine3.22`) that an image is based on if its tag does not say so,
/// according to `data/image_suites.tsv`; no tag, `latest` and a bare major version mean the newest.
pub fn stands_on(reference: &str) -> Option<&'static str> {
    let reference = Reference::of(reference);
    let tag = reference.tag.filter(|tag| *tag != "latest").unwrap_or("1");
    data::IMAGE_SUITES.rows().find_map(|cells| match cells {
        &[image, tags, suite, ..] if image == reference.short_name() => {
            data::words(tags).any(|word| word == tag).then_some(suite)
        }
        _ => None,
    })
}

/// The Debian release that an image is based on, if it is one of the last two.
pub(super) fn suite(reference: &Reference) -> Option<&'static str> {
    let tag = reference.tag?;
    let words = || tag.split(['-', '.', '_']);
    let number = if reference.short_name() == "debian" { words().next() } else { None };
    match number {
        Some("12") => return Some("bookworm"),
        Some("13") => return Some("trixie"),
        _ => {}
    }
    let known = ["bookworm", "trixie"].into_iter().find(|name| words().any(|word| word == *name));
    known.or_else(|| {
        data::IMAGE_SUITES.rows().find_map(|cells| match cells {
            &[image, tags, suite, ..] if image == reference.short_name() => {
                data::words(tags).any(|word| word == tag).then_some(suite)
            }
            _ => None,
        })
    })
}

/// Whether `text` matches a glob that has `*` only at its ends.
pub fn is_like(glob: &str, text: &str) -> bool {
    let inner = glob.trim_matches('*');
    match (glob.starts_with('*'), glob.ends_with('*')) {
        _ if inner.is_empty() => !glob.is_empty(),
        (true, true) => text.contains(inner),
        (true, false) => text.ends_with(inner),
        (false, true) => text.starts_with(inner),
        (false, false) => match inner.split_once('*') {
            Some((head, tail)) => {
                text.len() >= head.len() + tail.len() && text.starts_with(head) && text.ends_with(tail)
            }
            None => text == inner,
        },
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn references_split() {
        let check =
            |text, name, tag, digest| assert_eq!(Reference::of(text), Reference { name, tag, digest }, "{text}");
        check("debian", "debian", None, None);
        check("debian:12", "debian", Some("12"), None);
        check("registry:5000/a", "registry:5000/a", None, None);
        check("registry:5000/a:1@sha256:ab", "registry:5000/a", Some("1"), Some("sha256:ab"));
        assert_eq!(Reference::of("docker.io/library/python:3").short_name(), "python");
        for name in
            ["registry.docker.com/library/ruby", "registry.hub.docker.com/ruby", "public.ecr.aws/docker/library/ruby"]
        {
            assert_eq!(Reference::of(&format!("{name}:3.4-slim")).short_name(), "ruby");
        }
        assert_eq!(Reference::of("ghcr.io/astral-sh/uv:1").short_name(), "ghcr.io/astral-sh/uv");
    }

    #[test]
    fn no_image_has_and_lacks_a_program() {
        assert!(IMAGES.iter().all(|row| row.has.iter().all(|program| !row.lacks.contains(program))));
    }

    #[test]
    fn marks_of_templates_leave_images_open() {
        for (image, steps_down, user) in [
            ("php:8.3-fpm", true, Some(User::StepsDown)),
            ("php:8.3-cli", false, Some(User::Root)),
            ("php:%%VERSION%%-fpm-alpine", true, Some(User::StepsDown)),
            ("php:%%VERSION%%-%%VARIANT%%", true, None),
            ("php:__VARIANT__", true, None),
            ("php:%%VERSION%%-cli-alpine", false, Some(User::Root)),
            ("node:%%VERSION%%-%%VARIANT%%", false, Some(User::Root)),
            ("httpd:%%VERSION%%", true, Some(User::StepsDown)),
            ("team/php:%%VERSION%%", false, None),
        ] {
            let base = BaseImage::of(image);
            assert_eq!((base.may_step_down(), base.user()), (steps_down, user), "{image}");
        }
    }

    #[test]
    fn slim_images_lack_what_full_ones_have() {
        let curl = |image| BaseImage::of(image).presence("curl");
        assert_eq!(curl("python:3.13"), Presence::Has);
        assert_eq!(curl("python:3.13-slim"), Presence::Lacks);
        assert_eq!(curl("docker.io/library/python:3.13-slim-bookworm@sha256:ab"), Presence::Lacks);
        assert_eq!(curl("example.com/python:3.13-slim"), Presence::Unknown);
        assert_eq!(BaseImage::of("gcr.io/distroless/static:nonroot").user(), Some(User::Other("nonroot".into())));
        assert_eq!(BaseImage::of("nats").has_shell(), Some(false));
    }
}
