//! What the lock files of yarn, pnpm and bun were written for: the project's own demands, as they stand in them.

use std::collections::{BTreeMap, BTreeSet};

use serde_json::Value;

use crate::manifest::json;
use crate::manifest::words::unquote;

/// Demands by name.
type PackageRequests = BTreeMap<String, String>;

/// Sections of a manifest that pnpm and bun repeat.
const SECTIONS: [&str; 4] = ["dependencies", "devDependencies", "optionalDependencies", "peerDependencies"];

/// `yarn.lock` names no project: those of the manifest's own demands that it answers. A package more does not matter to
/// yarn.
pub(super) fn yarn(text: &str, direct: &PackageRequests) -> PackageRequests {
    let mut answered = BTreeSet::new();
    for line in text.lines().filter(|line| !line.starts_with([' ', '#']) && line.ends_with(':')) {
        for pattern in line.trim_end_matches(':').trim_matches('"').split(", ") {
            let pattern = unquote(pattern).trim_matches('"');
            // Berry writes the protocol that is the default.
            let plain = pattern.get(1..).and_then(|rest| rest.split_once("@npm:"));
            let plain = plain.map(|(name, demand)| format!("{}{name}@{demand}", &pattern[..1]));
            answered.insert(plain.unwrap_or_else(|| pattern.to_owned()));
        }
    }
    let is_answered = |(name, demand): &(&String, &String)| answered.contains(&format!("{name}@{demand}"));
    direct.iter().filter(is_answered).map(|(name, demand)| (name.clone(), demand.clone())).collect()
}

/// `specifiers:` of version 5, `specifier:` below each dependency since 6, of the importer `.` since 9.
pub(super) fn pnpm(text: &str) -> Option<PackageRequests> {
    let mut demands = None;
    let mut path: Vec<&str> = Vec::new();
    for line in text.lines().filter(|line| !line.trim().is_empty() && !line.trim_start().starts_with('#')) {
        let depth = (line.len() - line.trim_start().len()) / 2;
        let (key, value) = line.trim().split_once(':').unwrap_or((line.trim(), ""));
        path.truncate(depth);
        path.push(unquote(key));
        let importer = path.strip_prefix(["importers", "."].as_slice()).unwrap_or(&path);
        let name = match importer {
            ["specifiers", name] => Some(*name),
            [section, name, "specifier"] if SECTIONS.contains(section) => Some(*name),
            _ => None,
        };
        if let Some(name) = name {
            let value = unquote(value.trim()).to_owned();
            demands.get_or_insert_with(PackageRequests::new).insert(name.to_owned(), value);
        }
    }
    demands
}

/// `workspaces[""]` of `bun.lock`.
pub(super) fn bun(lock: &Value) -> Option<PackageRequests> {
    let root = lock.get("workspaces")?.get("")?.as_object()?;
    let mut demands = PackageRequests::new();
    for section in SECTIONS {
        let members = json::members(root, section);
        demands.extend(members.filter_map(|(name, demand)| Some((name.to_owned(), demand.as_str()?.to_owned()))));
    }
    Some(demands)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_tells_what_it_was_written_for() {
        let requests_of = |list: &[(&str, &str)]| -> PackageRequests {
            list.iter().map(|(name, demand)| ((*name).to_owned(), (*demand).to_owned())).collect()
        };
        let direct = requests_of(&[("a", "^1.0.0"), ("@b/c", "~2"), ("d", "3")]);
        let classic =
            "# yarn lockfile v1\n\n\"@b/c@~2\", \"@b/c@^2\":\n  version \"2.1.0\"\n\na@^1.0.0:\n  version \"1.0.0\"\n";
        assert_eq!(yarn(classic, &direct), requests_of(&[("a", "^1.0.0"), ("@b/c", "~2")]));
        let berry =
            "__metadata:\n  version: 6\n\n\"@b/c@npm:~2, @b/c@npm:^2\":\n  version: 2.1.0\n\n\"a@npm:^1.0.0\":\n";
        assert_eq!(yarn(berry, &direct), requests_of(&[("a", "^1.0.0"), ("@b/c", "~2")]));
        let nine = "lockfileVersion: '9.0'\nimporters:\n  .:\n    dependencies:\n      a:\n        specifier: ^1.0.0\n        version: 1.0.0\n    devDependencies:\n      '@b/c':\n        specifier: ~2\n  packages/x:\n    dependencies:\n      z:\n        specifier: 1\n";
        assert_eq!(pnpm(nine), Some(requests_of(&[("a", "^1.0.0"), ("@b/c", "~2")])));
        let five = "lockfileVersion: 5.3\nspecifiers:\n  a: ^1.0.0\n  '@b/c': ~2\ndependencies:\n  a: 1.0.0\n";
        assert_eq!(pnpm(five), Some(requests_of(&[("a", "^1.0.0"), ("@b/c", "~2")])));
        let lock = serde_json::json!({"workspaces": {"": {"dependencies": {"a": "^1.0.0"}, "devDependencies": {"@b/c": "~2"}}}});
        assert_eq!(bun(&lock), Some(requests_of(&[("a", "^1.0.0"), ("@b/c", "~2")])));
    }
}
