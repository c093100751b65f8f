//! The groups of packages that an install leaves out unless somebody asks for them.

use std::collections::BTreeSet;

use toml::de::DeValue;

use super::requirement::{normal, requirement};
use crate::manifest::project::{GroupKind, PackageGroup, Project};
use crate::manifest::toml_text::{self, TomlTable};

/// Adds the packages of extras, of groups that uv does not install by itself, and of Poetry's optional groups.
pub(super) fn read_groups(project: &mut Project, table: &TomlTable) {
    for (name, list) in toml_text::members(table, &["project", "optional-dependencies"]) {
        insert(project, name, list, GroupKind::Extra);
    }
    for (name, packages) in toml_text::members(table, &["tool", "poetry", "extras"]) {
        insert(project, name, packages, GroupKind::Extra);
    }
    let defaults = default_groups(table);
    for (name, list) in toml_text::members(table, &["dependency-groups"]) {
        let is_default = defaults.as_ref().is_none_or(|defaults| defaults.contains(name));
        if !is_default {
            insert(project, name, list, GroupKind::Group);
        }
    }
    for (name, group) in toml_text::members(table, &["tool", "poetry", "group"]) {
        let is_optional = group.get("optional").and_then(|value| value.get_ref().as_bool()) == Some(true);
        if !is_optional {
            continue;
        }
        let packages = group.get("dependencies").and_then(|packages| packages.get_ref().as_table());
        for (package, _) in packages.into_iter().flatten() {
            let package = normal(package.get_ref());
            project.groups.insert(PackageGroup { package, name: name.to_owned(), kind: GroupKind::Group });
        }
    }
}

fn insert(project: &mut Project, name: &str, list: &DeValue, kind: GroupKind) {
    for text in toml_text::items(Some(list)).filter_map(DeValue::as_str) {
        if let Some((package, _)) = requirement(text) {
            project.groups.insert(PackageGroup { package, name: name.to_owned(), kind });
        }
    }
}

/// The groups that uv installs by itself, with those that they include; `None` for all. `dev` where no setting says so.
fn default_groups<'t>(table: &'t TomlTable) -> Option<BTreeSet<&'t str>> {
    let setting = toml_text::value(table, &["tool", "uv", "default-groups"]);
    if setting.and_then(DeValue::as_str) == Some("all") {
        return None;
    }
    let mut waiting: Vec<&str> = match setting {
        Some(list) => toml_text::items(Some(list)).filter_map(DeValue::as_str).collect(),
        None => vec!["dev"],
    };
    let mut groups = BTreeSet::new();
    while let Some(name) = waiting.pop() {
        if groups.insert(name) {
            let members = toml_text::items(toml_text::value(table, &["dependency-groups", name]));
            waiting.extend(members.filter_map(|member| member.get("include-group")?.get_ref().as_str()));
        }
    }
    Some(groups)
}

#[cfg(test)]
mod tests {
    use crate::manifest::projects;
    use crate::manifest::tests::files;

    #[test]
    fn groups_that_must_be_asked_for_are_known() {
        let groups = |settings: &str| {
            let text = format!(
                "-- pyproject.toml --\n[project]\nname = \"a\"\n[project.optional-dependencies]\ntest = [\"pytest\"]\n\
                 [dependency-groups]\ndev = [\"ruff\", {{include-group = \"types\"}}]\ntypes = [\"mypy\"]\ndocs = [\"Sphinx>=8\"]\n{settings}\n"
            );
            let projects = projects(&files(&text)).projects;
            let groups =
                projects[0].groups.iter().map(|group| format!("{} {:?} {}", group.package, group.kind, group.name));
            groups.collect::<Vec<_>>().join(", ")
        };
        assert_eq!(groups(""), "pytest Extra test, sphinx Group docs");
        assert_eq!(groups("[tool.uv]\ndefault-groups = \"all\""), "pytest Extra test");
        assert_eq!(
            groups("[tool.uv]\ndefault-groups = [\"docs\", \"docs\"]"),
            "mypy Group types, pytest Extra test, ruff Group dev"
        );
        assert_eq!(
            groups("[tool.poetry.group.ci]\noptional = true\n[tool.poetry.group.ci.dependencies]\nTox = \"*\""),
            "pytest Extra test, sphinx Group docs, tox Group ci"
        );
    }
}
