//! What git is to keep of the files of variables: the one that shows them, not the one with the secrets.

use super::emission::EmittedFile;
use crate::emit::input::{ENVIRONMENT_FILES, EmitInput, IGNORE_FILE};
use crate::emit::plan::ComposePlan;

/// The file with the lines that it lacks, where the user is asked to set variables.
pub(super) fn git_ignore_file(input: &EmitInput, plan: &ComposePlan) -> Option<EmittedFile> {
    let ignored = input.git_ignored?;
    if plan.needed.is_empty() {
        return None;
    }
    let [set_file, example] = ENVIRONMENT_FILES;
    let is_committed = |name: &str| input.file(name).is_some_and(|file| file.is_committed);
    let hides = (!ignored.contains(set_file) && !is_committed(set_file)).then(|| set_file.to_owned());
    let shows = (ignored.contains(example) && !is_committed(example)).then(|| format!("!{example}"));
    let lines: Vec<String> = hides.into_iter().chain(shows).collect();
    if lines.is_empty() {
        return None;
    }
    let mut text = input.file(IGNORE_FILE).map(|file| file.source.text().to_owned()).unwrap_or_default();
    if !text.is_empty() && !text.ends_with('\n') {
        text.push('\n');
    }
    for line in lines {
        text.push_str(&line);
        text.push('\n');
    }
    Some(EmittedFile { path: IGNORE_FILE.to_owned(), text })
}

/// A note on secrets that would go into a file which git keeps.
pub(super) fn committed_file_note(input: &EmitInput, plan: &ComposePlan) -> Option<String> {
    let name = ENVIRONMENT_FILES[0];
    let file = input.file(name).filter(|file| file.is_committed && input.git_ignored.is_some())?;
    let is_secret = plan.needed.iter().any(|known| !known.is_optional && crate::secret::names_secret(&known.name));
    is_secret.then(|| {
        format!(
            "git keeps {}, and with it the secrets that are set there: set them in the shell, or take the file out of git \
             (`git rm --cached {name}`)",
            file.source.name()
        )
    })
}
