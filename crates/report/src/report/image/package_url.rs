//! Package URLs (<https://github.com/package-url/purl-spec>): one line that names a package in every ecosystem.

use packageurl::PackageUrl;

use crate::image::packages::{Ecosystem, SystemRelease};
use crate::text::path;

/// A package as its manager names it.
#[derive(Clone, Copy, Debug)]
pub(super) struct PackageName<'a> {
    pub(super) ecosystem: Ecosystem,
    pub(super) name: &'a str,
    pub(super) version: &'a str,
    pub(super) architecture: &'a str,
}

impl<'a> PackageName<'a> {
    /// The group and the name in it: `@scope` and `name`, `org.x` and `artefact`.
    pub(super) fn parts(self) -> (Option<&'a str>, &'a str) {
        let parts = match self.ecosystem {
            Ecosystem::Node if self.name.starts_with('@') => self.name.split_once('/'),
            Ecosystem::Php => self.name.split_once('/'),
            Ecosystem::Java => self.name.split_once(':'),
            _ => None,
        };
        parts.map_or((None, self.name), |(group, name)| (Some(group), name))
    }

    /// The package's URL. `None` where its type wants what nobody knows: the distribution of a system's package, the
    /// group of a jar.
    pub(super) fn url(self, release: Option<&SystemRelease>) -> Option<String> {
        let (group, name) = match self.ecosystem {
            Ecosystem::Go => {
                let (group, name) = path::split(self.name);
                ((!group.is_empty()).then_some(group), name)
            }
            _ => self.parts(),
        };
        let group = match self.ecosystem {
            Ecosystem::Dpkg | Ecosystem::Apk | Ecosystem::Rpm => Some(vendor(release?)),
            Ecosystem::Java => Some(group?),
            _ => group,
        };
        // An epoch of rpm is a qualifier, that of dpkg is a part of the version.
        let (epoch, version) = match self.version.split_once(':') {
            Some((epoch, version)) if self.ecosystem == Ecosystem::Rpm => (Some(epoch), version),
            _ => (None, self.version),
        };
        // Go writes this in programs that were not built from a released version.
        let version = if version == "(devel)" { "" } else { version };
        let mut url = PackageUrl::new(self.ecosystem.name(), name).ok()?;
        if let Some(group) = group {
            url.with_namespace(group).ok()?;
        }
        if !version.is_empty() {
            url.with_version(version).ok()?;
        }
        if self.ecosystem.is_system() {
            if !self.architecture.is_empty() {
                url.add_qualifier("arch", self.architecture).ok()?;
            }
            if let Some(release) = release.filter(|release| !release.version.is_empty()) {
                url.add_qualifier("distro", format!("{}-{}", release.id, release.version)).ok()?;
            }
            if let Some(epoch) = epoch {
                url.add_qualifier("epoch", epoch).ok()?;
            }
        }
        Some(url.to_string())
    }
}

/// Who publishes the packages of a distribution: that of RHEL is Red Hat.
fn vendor(release: &SystemRelease) -> &str {
    if &*release.id == "rhel" { "redhat" } else { &release.id }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(ecosystem: Ecosystem, text: &str, release: Option<(&str, &str)>, expected: Option<&str>) {
        let mut words = text.split(' ');
        let mut word = || words.next().unwrap_or_default();
        let package = PackageName { ecosystem, name: word(), version: word(), architecture: word() };
        let release = release.map(|(id, version)| SystemRelease { id: id.into(), version: version.into() });
        assert_eq!(package.url(release.as_ref()).as_deref(), expected, "{text}");
    }

    #[test]
    fn each_type_has_its_form() {
        let debian = Some(("debian", "12"));
        check(
            Ecosystem::Dpkg,
            "libstdc++6 1:12.2.0-14+deb12u1 amd64",
            debian,
            Some("pkg:deb/debian/libstdc%2B%2B6@1:12.2.0-14%2Bdeb12u1?arch=amd64&distro=debian-12"),
        );
        check(Ecosystem::Dpkg, "x 1 all", Some(("debian", "")), Some("pkg:deb/debian/x@1?arch=all"));
        check(Ecosystem::Dpkg, "x 1 all", None, None);
        check(
            Ecosystem::Apk,
            "musl 1.2.5-r0 x86_64",
            Some(("alpine", "3.20.3")),
            Some("pkg:apk/alpine/musl@1.2.5-r0?arch=x86_64&distro=alpine-3.20.3"),
        );
        check(
            Ecosystem::Rpm,
            "dbus 1:1.12.20-8.el9 x86_64",
            Some(("rhel", "9.4")),
            Some("pkg:rpm/redhat/dbus@1.12.20-8.el9?arch=x86_64&distro=rhel-9.4&epoch=1"),
        );
        check(Ecosystem::Python, "Typing_Extensions 4.12", debian, Some("pkg:pypi/typing-extensions@4.12"));
        check(Ecosystem::Node, "@babel/core 7.0.0", None, Some("pkg:npm/%40babel/core@7.0.0"));
        check(Ecosystem::Node, "left-pad 1.3.0", None, Some("pkg:npm/left-pad@1.3.0"));
        check(Ecosystem::Ruby, "rails 7.1", None, Some("pkg:gem/rails@7.1"));
        check(Ecosystem::Php, "Monolog/monolog 3.0", None, Some("pkg:composer/monolog/monolog@3.0"));
        check(
            Ecosystem::Go,
            "github.com/Gorilla/context v1.1.1",
            None,
            Some("pkg:golang/github.com/gorilla/context@v1.1.1"),
        );
        check(Ecosystem::Go, "example.com/app (devel)", None, Some("pkg:golang/example.com/app"));
        check(Ecosystem::Go, "stdlib go1.22.1", None, Some("pkg:golang/stdlib@go1.22.1"));
        check(Ecosystem::Rust, "serde 1.0.200", None, Some("pkg:cargo/serde@1.0.200"));
        check(Ecosystem::Java, "org.z:z-core 3", None, Some("pkg:maven/org.z/z-core@3"));
        check(Ecosystem::Java, "z-core 3", None, None);
    }
}
