//! What npm, pnpm and yarn leave (package.json, npm's hidden lock file).

use std::borrow::Cow;
use std::collections::BTreeMap;

use serde::Deserialize;

use super::fact::{HiddenLockEntry, JsonBool, JsonText, Keys, Manifest, NameHash, Need, PackageFactKind, Record};

#[derive(Default, Deserialize)]
#[serde(default, rename_all = "camelCase")]
struct PackageJson {
    name: JsonText,
    version: JsonText,
    dependencies: Keys,
    optional_dependencies: Keys,
    peer_dependencies: Keys,
    dev_dependencies: Keys,
}

/// `package.json`. Peers are weak: something else names them as well, unless npm took them in by itself.
pub(super) fn manifest(bytes: &[u8]) -> Option<PackageFactKind> {
    let json: PackageJson = serde_json::from_slice(bytes.strip_prefix(b"\xef\xbb\xbf").unwrap_or(bytes)).ok()?;
    let plain = |name| Need { name, or_next: false, weak: false };
    let strong = json.dependencies.0.into_iter().chain(json.optional_dependencies.0).map(plain);
    let peers = json.peer_dependencies.0.into_iter().map(|name| Need { weak: true, ..plain(name) });
    let needs = strong.chain(peers).collect();
    let record = Record { name: json.name.0, version: json.version.0, needs, ..Record::default() };
    let development_needs = json.dev_dependencies.0.into_iter().map(plain).collect();
    Some(PackageFactKind::Manifest(Box::new(Manifest { record, development_needs })))
}

/// `node_modules/.package-lock.json`: places relative to the project.
pub(super) fn lock(bytes: &[u8]) -> PackageFactKind {
    #[derive(Deserialize)]
    struct Lock<'a> {
        #[serde(borrow)]
        packages: BTreeMap<Cow<'a, str>, PackageFolder>,
    }
    #[derive(Default, Deserialize)]
    #[serde(default, rename_all = "camelCase")]
    struct PackageFolder {
        dev: JsonBool,
        dev_optional: JsonBool,
        optional: JsonBool,
        peer: JsonBool,
    }
    let Ok(lock) = serde_json::from_slice::<Lock<'_>>(bytes) else {
        return PackageFactKind::Unread("is not a valid JSON list of packages and was not read");
    };
    let places = lock.packages.iter().map(|(path, place)| HiddenLockEntry {
        place: NameHash::of(path.as_bytes()),
        development: place.dev.0,
        optional: place.optional.0 || place.dev_optional.0,
        peer: place.peer.0,
    });
    PackageFactKind::Locked(places.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn manifests_may_be_odd() {
        let odd = br#"{"name": "x", "version": 1, "dependencies": [], "devDependencies": {"d": "1"}, "peerDependencies": {"p": {}}}"#;
        let Some(PackageFactKind::Manifest(manifest)) = manifest(odd) else { panic!() };
        assert_eq!((&*manifest.record.name, &*manifest.record.version), ("x", ""));
        assert_eq!(*manifest.record.needs, [Need { weak: true, ..Need::of(b"p") }]);
        assert_eq!(*manifest.development_needs, [Need::of(b"d")]);
        assert_eq!(super::manifest(b"{"), None);
    }

    #[test]
    fn locks_mark_places() {
        let text = br#"{"packages": {"node_modules/x": {"version": "1", "dev": true}, "node_modules/y": {}}}"#;
        let PackageFactKind::Locked(places) = lock(text) else { panic!() };
        assert_eq!((places.len(), places[0].development, places[1].development), (2, true, false));
    }
}
