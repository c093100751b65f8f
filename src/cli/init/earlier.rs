//! Files that an earlier `init` wrote: recognised by what they have in common in all projects. `init` replaces them and keeps
//! what is of the project.

use std::iter::Peekable;
use std::str::Lines;

use crate::image::{Algorithm, Digest};

/// The repository of the action, the workflow and the hooks.
pub(super) const REPOSITORY: &str = "dockopt/dockopt";

/// What each version of a template was: the file, the SHA-256 of its skeleton, when it came, and the commit that made it.
const TEMPLATES: &str = include_str!("earlier.tsv");

/// A file, taken apart into what its template wrote and what is of the project.
#[derive(Debug, Default)]
pub(super) struct WrittenFile {
    /// The text without what differs between projects and versions.
    skeleton: String,
    pub(super) values: ProjectValues,
}

/// What of a file is of the project.
#[derive(Debug, Default, PartialEq, Eq)]
pub(super) struct ProjectValues {
    /// Lines of builds, as somebody may have completed them.
    pub(super) builds: Option<Vec<String>>,
    /// The branch whose reports are baselines.
    pub(super) branch: Option<String>,
    /// The stage of a job of GitLab.
    pub(super) stage: Option<String>,
    /// The settings that are extended.
    pub(super) extends: Option<String>,
    /// Whether results are uploaded for another workflow.
    pub(super) uploads: bool,
}

impl WrittenFile {
    pub(super) fn read(text: &str) -> Self {
        let mut file = Self::default();
        let mut lines = text.lines().peekable();
        while let Some(line) = lines.next() {
            file.add(line, &mut lines);
        }
        let label = file.skeleton.split_once("# the label `").and_then(|(_, rest)| rest.split_once('`'));
        if let Some(label) = label.map(|(label, _)| label.to_owned()) {
            for quote in ['`', '\''] {
                file.skeleton = file.skeleton.replace(&format!("{quote}{label}{quote}"), "@LABEL@");
            }
        }
        file
    }

    /// Whether a template of this file had this skeleton, in this version or an earlier one.
    pub(super) fn is_of_template(&self, name: &str) -> bool {
        let digest = self.digest();
        rows().any(|(file, known)| file == name && known == digest)
    }

    fn digest(&self) -> String {
        Digest::of(Algorithm::Sha256, self.skeleton.as_bytes()).hex()
    }

    fn add(&mut self, line: &str, rest: &mut Peekable<Lines<'_>>) {
        if let Some(value) = line.strip_prefix("extends = ") {
            self.values.extends = Some(value.to_owned());
            rest.next_if(|line| line.is_empty());
            return;
        }
        let content = line.trim_start();
        let indent = line.len() - content.len();
        let (key, value) = content.split_once(": ").unwrap_or((content, ""));
        let values = &mut self.values;
        let kept = match key {
            "builds" | "build" | "DOCKOPT_BUILDS" if matches!(value, "|" | "false" | "\"\"") => {
                let is_item = |line: &&str| line.len() - line.trim_start().len() > indent;
                let items = std::iter::from_fn(|| rest.next_if(is_item));
                values.builds = Some(items.map(|item| item.trim().to_owned()).collect());
                "@BUILDS@".to_owned()
            }
            "upload" => {
                values.uploads = true;
                return;
            }
            "branches" => {
                values.branch = value.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).map(str::to_owned);
                "@BRANCH@".to_owned()
            }
            "stage" => {
                values.stage = Some(value.to_owned());
                "@STAGE@".to_owned()
            }
            // The pipeline of `ci emit`, where it calls the report.
            "workflows" if value == "[pipeline]" => line.replace("[pipeline]", "[dockopt]"),
            "version" | "DOCKOPT_VERSION" => format!("{key}: @VERSION@"),
            "uses" if value.starts_with(REPOSITORY) => {
                format!("uses: {}@REVISION@", value.split('@').next().unwrap_or_default())
            }
            _ => line.to_owned(),
        };
        self.skeleton.push_str(&kept);
        self.skeleton.push('\n');
    }
}

/// The file and the skeleton of each version of a template.
fn rows() -> impl Iterator<Item = (&'static str, &'static str)> {
    let lines = TEMPLATES.lines().filter(|line| !line.starts_with('#')).skip(1);
    lines.filter_map(|line| {
        let mut cells = line.split('\t');
        Some((cells.next()?, cells.next()?))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_last_versions_of_each_template_are_the_current_ones() {
        let templates = crate::cli::init::template::templates();
        for (name, text) in &templates {
            let digest = WrittenFile::read(text).digest();
            // A file with two forms has one in each.
            let forms = templates.iter().filter(|(other, _)| other == name).count();
            let known: Vec<&str> = rows().filter(|(file, _)| file == name).map(|(_, digest)| digest).collect();
            assert!(
                known[known.len() - forms..].contains(&digest.as_str()),
                "add a row to earlier.tsv: the template of `{name}` was changed, {digest}"
            );
        }
    }

    #[test]
    fn values_of_the_project_are_read() {
        let text = "on:\n    branches: [trunk]\n    with:\n      builds: |\n        a/Dockerfile a --build-arg X=1\n        b/Dockerfile b\n      upload: true # x\n";
        let file = WrittenFile::read(text);
        let builds = ["a/Dockerfile a --build-arg X=1", "b/Dockerfile b"].map(str::to_owned).to_vec();
        let expected = ProjectValues {
            builds: Some(builds),
            branch: Some("trunk".to_owned()),
            uploads: true,
            ..Default::default()
        };
        assert_eq!(file.values, expected);
        assert_eq!(file.skeleton, "on:\n@BRANCH@\n    with:\n@BUILDS@\n");
    }
}
