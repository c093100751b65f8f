//! Installs that leave a browser or a model in the home of the user who builds.

use super::pass_input::PassInput;
use crate::build::Stage;
use crate::dockerfile::Keyword;
use crate::manifest::Ecosystem;

/// What downloads a browser or the like to the home of the user who builds.
pub(super) fn downloads_to_home(input: &PassInput, stage: &Stage) -> Option<String> {
    if installs_puppeteer(input) {
        return Some("the install of puppeteer".to_owned());
    }
    let build = input.build;
    let mut runs = build.instructions_of(stage, Keyword::Run).map(|(_, run)| input.source().slice(run.span));
    let pattern = runs.find_map(|text| build.download_to_home(stage, text))?;
    Some(format!("`{}`", pattern.text))
}

/// Whether an install downloads the browser of puppeteer to the home.
pub(super) fn installs_puppeteer(input: &PassInput) -> bool {
    if !input.installs(Ecosystem::Node) {
        return false;
    }
    let mut dependencies = input.projects_of(Ecosystem::Node).flat_map(|project| &project.dependencies);
    dependencies.any(|dependency| dependency.name == "puppeteer") && !input.source().text().contains("PUPPETEER_")
}
