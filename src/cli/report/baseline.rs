//! Which earlier report is compared with: files that were named, or the one of the nearest commit in a folder.

use std::collections::HashSet;
use std::path::Path;

use super::read::{read_all, read_one};
use crate::cli::args::{Global, Report};
use crate::cli::output::CommandFailure;
use crate::load::git::{ObjectId, Repository};
use crate::report;
use crate::results::{BaselineOrigin, ReadResult};
use crate::text::short_commit;

/// Commits that are searched for a baseline.
const MOST_COMMITS: usize = 1_000;

/// Entries of the folder that are looked at.
const MOST_FILES: usize = 1_000_000;

/// What the state is compared with.
#[derive(Default)]
pub(super) struct Baseline {
    pub(super) results: Vec<ReadResult>,
    pub(super) origin: BaselineOrigin,
    /// Why no baseline was found, or what is wrong with those that were skipped.
    pub(super) notices: Vec<String>,
}

impl Baseline {
    /// Reads the baseline.
    ///
    /// # Errors
    /// When a file that was named cannot be read, or the folder cannot. A folder without a baseline is no error.
    pub(super) fn read(
        global: &Global,
        command: &Report,
        repository: Option<&Repository>,
        base: Option<&str>,
    ) -> Result<Self, CommandFailure> {
        let Some(folder) = &command.baseline_dir else {
            let files = command.baseline.iter().map(|file| file.display().to_string()).collect();
            let results = read_all(global, &command.baseline)?;
            return Ok(Self {
                results,
                origin: BaselineOrigin { files, ..BaselineOrigin::default() },
                notices: Vec::new(),
            });
        };
        let names = file_names(folder)?;
        let mut baseline = Self::default();
        let commits = baseline.commits(repository, base);
        for (distance, commit) in commits.iter().enumerate() {
            let name = format!("{commit}.json");
            if !names.contains(&name) {
                continue;
            }
            match read_one(&folder.join(&name)) {
                Ok(result) => {
                    baseline.origin = BaselineOrigin {
                        files: vec![folder.join(&name).display().to_string()],
                        commit: Some(commit.clone()),
                        nearest: commits.first().map(|base| (base.clone(), distance)),
                    };
                    baseline.results.push(result);
                    return Ok(baseline);
                }
                // One of another version is as good as none.
                Err((what, _)) => baseline.notices.push(format!("a baseline was passed over: {what}")),
            }
        }
        if let Some(base) = commits.first() {
            let short = short_commit(base);
            let searched = report::count(commits.len() as u64, "commit");
            let what = format!("no baseline for `{short}` in `{}` ({searched} searched)", folder.display());
            baseline.notices.push(what);
        }
        Ok(baseline)
    }

    /// The base commit and its ancestors, the nearest first; as far as they are known.
    fn commits(&mut self, repository: Option<&Repository>, base: Option<&str>) -> Vec<String> {
        // Without git, or where the clone lacks the commit, a whole hash still names a file.
        let named = || base.filter(|base| is_hash(base)).map(str::to_owned).into_iter().collect();
        let Some(repository) = repository else {
            self.notices
                .push("not in a git repository: only the baseline of the base commit itself is searched".to_owned());
            return named();
        };
        let resolved = repository.resolve(base.unwrap_or("HEAD^"));
        match resolved.and_then(|base| repository.first_parents(base, MOST_COMMITS)) {
            Ok(history) => history.commits.iter().map(|commit| hash(commit.id)).collect(),
            Err(failure) => {
                self.notices.push(format!("the base commit is not known: {}; {}", failure.what, failure.help));
                named()
            }
        }
    }
}

fn is_hash(text: &str) -> bool {
    matches!(text.len(), 40 | 64) && text.bytes().all(|byte| byte.is_ascii_hexdigit())
}

/// A commit's whole hash.
pub(super) fn hash(id: ObjectId) -> String {
    id.to_hex().to_string()
}

fn file_names(folder: &Path) -> Result<HashSet<String>, CommandFailure> {
    // The first run has no folder yet.
    if !folder.exists() {
        return Ok(HashSet::new());
    }
    let entries = folder.read_dir().map_err(|error| CommandFailure::Because {
        what: format!("the folder `{}` cannot be read: {error}", folder.display()),
        help: Some("pass a folder with files named COMMIT.json".to_owned()),
    })?;
    Ok(entries.take(MOST_FILES).flatten().filter_map(|entry| entry.file_name().into_string().ok()).collect())
}
