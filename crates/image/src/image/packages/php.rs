//! What Composer writes down (`vendor/composer/installed.json`, composer.json).

use hashbrown::HashSet;
use serde::Deserialize;

use super::fact::{JsonText, Keys, Manifest, NameHash, Need, PackageFactKind, Record, Texts};

#[derive(Deserialize)]
#[serde(rename_all = "kebab-case")]
struct InstalledPackage {
    #[serde(default)]
    name: JsonText,
    #[serde(default)]
    version: JsonText,
    #[serde(default)]
    install_path: JsonText,
    #[serde(default)]
    require: Keys,
}

/// `installed.json` of Composer 2 (an object) and 1 (a list).
pub(super) fn installed(bytes: &[u8]) -> PackageFactKind {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct InstalledDocument {
        packages: Vec<InstalledPackage>,
        #[serde(default)]
        dev_package_names: Texts,
    }
    let first = bytes.trim_ascii_start().starts_with(b"[");
    let read = if first {
        serde_json::from_slice(bytes).map(|packages| (packages, None)).ok()
    } else {
        serde_json::from_slice::<InstalledDocument>(bytes)
            .map(|all| (all.packages, Some(all.dev_package_names.0.into_iter().collect::<HashSet<_>>())))
            .ok()
    };
    let Some((packages, development)) = read else {
        return PackageFactKind::Unread("is not a valid JSON list of packages and was not read");
    };
    let all = packages.into_iter().filter(|package| !package.name.0.is_empty()).map(|package| {
        let folder = match &*package.install_path.0 {
            "" => format!("../{}", package.name.0),
            path => path.to_owned(),
        };
        let name = NameHash::of(package.name.0.as_bytes());
        let record = Record {
            development: development.as_ref().map(|names| names.contains(&name)),
            name: package.name.0,
            version: package.version.0,
            needs: needs(package.require),
            ..Record::default()
        };
        (record, folder.into_bytes().into())
    });
    PackageFactKind::Vendored(all.collect())
}

fn needs(keys: Keys) -> Box<[Need]> {
    keys.0.into_iter().map(|name| Need { name, or_next: false, weak: false }).collect()
}

/// `composer.json` of a project.
pub(super) fn manifest(bytes: &[u8]) -> Option<PackageFactKind> {
    #[derive(Deserialize)]
    #[serde(rename_all = "kebab-case")]
    struct Json {
        #[serde(default)]
        require: Keys,
        #[serde(default)]
        require_dev: Keys,
    }
    let json: Json = serde_json::from_slice(bytes).ok()?;
    let record = Record { needs: needs(json.require), ..Record::default() };
    Some(PackageFactKind::Manifest(Box::new(Manifest { record, development_needs: needs(json.require_dev) })))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn both_forms_are_read() {
        let second =
            br#"{"packages": [{"name": "a/b", "version": "1.0", "install-path": "../a/b", "require": {"php": ">=8"}}],
            "dev": true, "dev-package-names": ["a/b"]}"#;
        let PackageFactKind::Vendored(all) = installed(second) else { panic!() };
        assert_eq!((&*all[0].0.name, all[0].0.development, &*all[0].1), ("a/b", Some(true), &b"../a/b"[..]));
        let PackageFactKind::Vendored(all) = installed(br#"[{"name": "a/b", "version": "1.0"}]"#) else { panic!() };
        assert_eq!((&*all[0].1, all[0].0.development), (&b"../a/b"[..], None));
        assert!(matches!(installed(b"{"), PackageFactKind::Unread(_)));
    }
}
