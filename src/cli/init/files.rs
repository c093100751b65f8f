//! The files that `init` writes, and what is left to the user.

use std::path::Path;

use super::earlier::{ProjectValues, REPOSITORY, WrittenFile};
use super::list::with_item;
use super::project::InitProject;
use super::report::ReportPipeline;
use super::template::{
    COMMENT_WORKFLOW_FILE, GITLAB_FILE, SETTINGS, SETTINGS_FILE, WORKFLOW_FILE, called_gitlab_job, called_workflow,
    comment_workflow, gitlab_job, workflow,
};
use crate::cli::args::CiSystem;
use crate::cli::changes::replaceable;
use crate::cli::output::CommandFailure;
use crate::finding::Target;
use crate::fix::Change;
use crate::load::{self, LoadError, SettingsSource, read_source};
use crate::pipeline::PipelineSystem;
use crate::report::count;
use crate::rules::known_rules;
use crate::settings::{Budget, documents};
use crate::text::{FileId, Source};
use crate::yaml::{self, YamlNode};

/// Bytes that a file of the user may have.
const LIMIT: u64 = 1 << 20;

/// What is to be written.
#[derive(Default)]
pub(super) struct SetupFiles {
    pub(super) changes: Vec<Change>,
    /// Files that exist and are kept.
    pub(super) kept: Vec<String>,
    /// Files that dockopt wrote and somebody changed since, which are kept too.
    pub(super) edited: Vec<String>,
    /// What the user has to do.
    pub(super) notes: Vec<String>,
}

impl SetupFiles {
    /// Works out what to write below a folder.
    ///
    /// # Errors
    /// A file that is to be added to cannot be read.
    pub(super) fn new(root: &Path, project: &InitProject, forks: bool) -> Result<Self, CommandFailure> {
        let mut files = Self::default();
        files.settings(root);
        files.list(root, ".pre-commit-config.yaml", "repos", &hook())?;
        match project.ci {
            CiSystem::Github => files.github(root, project, forks),
            CiSystem::Gitlab => files.gitlab(root, project)?,
            CiSystem::None => {}
        }
        for line in &project.left_out {
            files.notes.push(format!("{line}; add its build by hand"));
        }
        Ok(files)
    }

    fn settings(&mut self, root: &Path) {
        // A file of dockopt takes precedence over those of hadolint, whose settings shall still hold.
        let other = [".hadolint.yaml", ".hadolint.yml"].into_iter().find(|name| root.join(name).is_file());
        let other = other.map(|name| format!("[\"{name}\"]"));
        self.create(root, SETTINGS_FILE, |known| {
            let extends = known.map_or_else(|| other.clone(), |known| known.extends.clone());
            let extends = extends.map(|other| format!("extends = {other}\n\n")).unwrap_or_default();
            format!("{extends}{SETTINGS}")
        });
    }

    fn github(&mut self, root: &Path, project: &InitProject, forks: bool) {
        let existing = self.changes.len();
        let label = growth_label(root);
        let pipeline = ReportPipeline::read(root, PipelineSystem::Github);
        let is_written = self.create(root, WORKFLOW_FILE, |known| {
            if pipeline.is_caller { called_workflow(known, forks) } else { workflow(project, known, forks, &label) }
        });
        let is_called = is_written && self.call_report(root, &pipeline);
        if forks || is_called && place(root, COMMENT_WORKFLOW_FILE).is_file() {
            self.create(root, COMMENT_WORKFLOW_FILE, |_| comment_workflow(is_called));
            if self.changes.len() == existing + 1 && self.keeps(WORKFLOW_FILE) {
                self.notes.push(format!("add `upload: true` below `with:` in {WORKFLOW_FILE}, if it is not there"));
            }
        }
        if self.changes.len() > existing {
            self.note_builds(project, is_called);
            if !project.is_branch_known && !is_called {
                let branch = &project.branch;
                self.notes.push(format!("reports of the branch `{branch}` are the baselines; change it in the workflow if another is the default"));
            }
        }
    }

    fn keeps(&self, name: &str) -> bool {
        self.kept.iter().chain(&self.edited).any(|kept| kept == name)
    }

    fn gitlab(&mut self, root: &Path, project: &InitProject) -> Result<(), CommandFailure> {
        let existing = self.changes.len();
        let pipeline = ReportPipeline::read(root, PipelineSystem::Gitlab);
        let stage = gitlab_stage(root);
        let is_written = self.create(root, GITLAB_FILE, |known| {
            if pipeline.is_caller { called_gitlab_job() } else { gitlab_job(project, known, &stage) }
        });
        let is_called = is_written && self.call_report(root, &pipeline);
        if !is_called {
            self.list(root, PipelineSystem::Gitlab.file(), "include", &[format!("local: {GITLAB_FILE}")])?;
        }
        if self.changes.len() > existing {
            self.note_builds(project, is_called);
            self.notes.push(
                "for notes on merge requests, add the variable GITLAB_TOKEN: a project access token with the role Reporter and the \
                 scope `api`, masked and not protected"
                    .to_owned(),
            );
        }
        Ok(())
    }

    /// Lets the pipeline of `ci emit` call the report, and says whether it does.
    fn call_report(&mut self, root: &Path, pipeline: &ReportPipeline) -> bool {
        let name = pipeline.system.file();
        if let Some((before, after)) = &pipeline.change {
            self.changes.push(change(&place(root, name), Some(before.clone().into_bytes()), after.clone()));
        }
        if pipeline.is_edited && !pipeline.is_caller {
            self.notes.push(format!(
                "{name} is not as `dockopt ci emit` wrote it, and builds images that the report builds again: move it away, and let \
                 `dockopt ci emit` write it"
            ));
        }
        pipeline.is_caller
    }

    fn note_builds(&mut self, project: &InitProject, is_called: bool) {
        let version = env!("CARGO_PKG_VERSION");
        self.notes.push(format!("the files take dockopt from its release {version}"));
        if is_called {
            self.notes.push("they build nothing: the report shows the images of the pipeline".to_owned());
        } else if !project.builds.is_empty() {
            let images = count(project.builds.len() as u64, "image");
            self.notes.push(format!(
                "they build {images}; add what one needs, such as `--build-arg NAME=VALUE`, to its line"
            ));
        }
    }

    /// Adds a file. What an earlier version wrote is replaced, and what is of the project in it is kept; anything else of this
    /// name stays. Whether the file is as dockopt wants it.
    fn create(&mut self, root: &Path, name: &str, fill: impl Fn(Option<&ProjectValues>) -> String) -> bool {
        let path = place(root, name);
        if path.symlink_metadata().is_err() {
            self.changes.push(change(&path, None, fill(None)));
            return true;
        }
        let is_exact = |source: &Source| source.text().as_bytes() == source.bytes() && !path.is_symlink();
        let Some(source) = read_source(&path, LIMIT).ok().filter(is_exact) else {
            self.kept.push(name.to_owned());
            return false;
        };
        let written = WrittenFile::read(source.text());
        if !written.is_of_template(name) {
            let is_dockopts = name != SETTINGS_FILE && source.text().contains(REPOSITORY);
            let list = if is_dockopts { &mut self.edited } else { &mut self.kept };
            list.push(name.to_owned());
            return false;
        }
        let text = fill(Some(&written.values));
        if text == source.text().replace("\r\n", "\n") {
            self.kept.push(name.to_owned());
        } else {
            self.changes.push(change(&path, Some(source.bytes().to_vec()), text));
        }
        true
    }

    /// Adds an item to a list of a file, which is created if it is missing.
    fn list(&mut self, root: &Path, name: &str, key: &str, item: &[String]) -> Result<(), CommandFailure> {
        let path = place(root, name);
        replaceable(&path, root)?;
        let source = match read_source(&path, LIMIT) {
            Ok(source) => Some(source),
            Err(LoadError::Missing(_)) => None,
            Err(error) => {
                let help = Some(format!("check `{name}`, which an entry is to be added to"));
                return Err(CommandFailure::Because { what: error.to_string(), help });
            }
        };
        let text = source.as_ref().map_or("", |source| source.text());
        if text.contains(REPOSITORY) || text.contains(".gitlab/dockopt.yml") {
            self.kept.push(name.to_owned());
            return Ok(());
        }
        let is_exact = source.as_ref().is_none_or(|source| source.text().as_bytes() == source.bytes());
        match with_item(text, key, item) {
            Some(new) if is_exact => {
                let before = source.map(|source| source.bytes().to_vec());
                self.changes.push(change(&path, before, new));
            }
            _ => {
                let item = item.join("\n    ");
                self.notes.push(format!(
                    "`{name}` is kept, as nothing can be added to what it has for `{key}`; add this item by hand:\n  - {item}"
                ));
            }
        }
        Ok(())
    }
}

/// The label that allows growth, by the settings; the usual one if theirs cannot be written into an expression.
fn growth_label(root: &Path) -> String {
    let mut budget = Budget::default();
    let file = place(root, SETTINGS_FILE);
    if file.is_file() {
        let inputs = load::settings(&SettingsSource::File(file));
        for (_, document) in documents(&inputs, known_rules()).0 {
            budget.extend(document.budget);
        }
    }
    let is_plain = |c: char| c.is_alphanumeric() || " -_./:".contains(c);
    if budget.growth_label().chars().all(is_plain) {
        budget.growth_label().to_owned()
    } else {
        Budget::default().growth_label().to_owned()
    }
}

/// The stage of the job: `test`, unless .gitlab-ci.yml lists stages without it; one that is not listed fails the pipeline.
pub(in crate::cli) fn gitlab_stage(root: &Path) -> String {
    let source = read_source(&place(root, PipelineSystem::Gitlab.file()), LIMIT).ok();
    let tree = source.map(|source| yaml::read(source.text())).unwrap_or_default();
    let stages = tree.root().and_then(|root| root.get("stages"));
    let names: Vec<&str> = stages.into_iter().flat_map(YamlNode::items).filter_map(YamlNode::text).collect();
    let is_plain = |name: &&&str| name.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"_-".contains(&byte));
    match names.iter().find(is_plain) {
        Some(first) if !names.contains(&"test") => (*first).to_owned(),
        _ => "test".to_owned(),
    }
}

/// A path below the folder, as the user would type it.
fn place(root: &Path, name: &str) -> std::path::PathBuf {
    if root == Path::new(".") { name.into() } else { root.join(name) }
}

fn change(path: &Path, before: Option<Vec<u8>>, after: String) -> Change {
    Change { target: Target::File(FileId(0)), name: path.display().to_string(), before, after: after.into_bytes() }
}

/// The entry of .pre-commit-config.yaml.
fn hook() -> [String; 4] {
    [
        format!("repo: https://github.com/{REPOSITORY}"),
        format!("rev: v{}", env!("CARGO_PKG_VERSION")),
        "hooks:".to_owned(),
        "  - id: dockopt".to_owned(),
    ]
}
