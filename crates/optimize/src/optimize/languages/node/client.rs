//! Pass `client-stages`: a site in a folder of its own, built by a bundler and served by the program next to it, is
//! built in a separate stage. Its sources stay there.

mod blocker;
mod owners;
mod readers;
mod site;
mod steps;
#[cfg(test)]
mod tests;
mod write;

use self::blocker::ClientBlocker;
use self::site::Client;
use super::output::{self, Output};
use super::{need, stage_parts};
use crate::build::Stage;
use crate::manifest::{Ecosystem, Framework, Project};
use crate::optimize::pass_input::{PassInput, PassOutput, refuse_if};
use crate::text::path;

/// Frameworks whose build is a folder of files that need no program of theirs.
const SITES: [Framework; 5] =
    [Framework::Vite, Framework::ReactScripts, Framework::Angular, Framework::VueCli, Framework::Gatsby];

/// Frameworks that a server belongs to, whatever bundles them.
const SERVERS: [Framework; 5] =
    [Framework::Next, Framework::Nuxt, Framework::SvelteKit, Framework::Remix, Framework::Astro];

/// Takes sites out of the final stage.
pub(in crate::optimize) fn run(input: &PassInput, output: &mut PassOutput) {
    let Some(stage) = stage_parts::divisible_stage(input) else { return };
    let mut clients = Vec::new();
    for project in input.projects().iter().filter(|project| is_site(project)) {
        match read(input, stage, project) {
            Ok(Some(client)) => clients.push(client),
            Ok(None) => {}
            Err(why) => output.refuse(format!("keeps building `{}` in the final stage", project.root), why),
        }
    }
    let shared = |client: &Client| {
        let mut others = clients.iter().filter(|other| other.folder != client.folder).flat_map(|other| &other.runs);
        others.any(|run| client.runs.iter().any(|own_run| own_run.index == run.index))
    };
    if clients.iter().any(shared) {
        return output.skip(ClientBlocker::TwoSitesInRun);
    }
    if clients.is_empty() {
        return;
    }
    let edits = write::edits(input, stage, &clients);
    let folders: Vec<String> = clients.iter().map(|client| format!("`{}`", client.folder)).collect();
    let what = format!("builds the site in {} in a separate stage", folders.join(" and "));
    output.step(what, "the program next to it serves only the built files", edits);
}

/// Whether it is a site that lies beside something else.
fn is_site(project: &Project) -> bool {
    project.ecosystem == Ecosystem::Node
        && !project.root.is_empty()
        && project.workspace.is_none()
        && project.members.is_empty()
        && project.frameworks.iter().any(|framework| SITES.contains(framework))
        && !project.frameworks.iter().any(|framework| SERVERS.contains(framework))
}

/// The site as the stage builds it; `None` where it does not, an error where it can't be told from the rest.
fn read<'a>(input: &PassInput<'a>, stage: &Stage, project: &'a Project) -> Result<Option<Client<'a>>, ClientBlocker> {
    let Some(folder) = owners::place(input, stage, project) else { return Ok(None) };
    let runs = owners::runs(input, stage, project, &folder)?;
    let commands: Vec<Vec<String>> = runs.iter().flat_map(|run| run.commands.iter().cloned()).collect();
    let (installs, builds): (Vec<_>, Vec<_>) = commands.into_iter().partition(|words| owners::is_install(words));
    if installs.is_empty() || builds.is_empty() {
        return Ok(None);
    }
    refuse_if(!folder.ends_with(&format!("/{}", project.root)), ClientBlocker::OtherFolderName)?;
    let outputs = written_folders(&folder, output::output_of_commands(input, project, &builds))?;
    let mut client = Client { project, folder, runs, outputs, whole: false };
    steps::check(input, stage, &client)?;
    readers::check(input, stage, &client, &builds)?;
    client.whole = readers::may_read_above(input, project);
    Ok(Some(client))
}

/// The folders that its build writes, absolute.
fn written_folders(folder: &str, output: Output) -> Result<Vec<String>, ClientBlocker> {
    if let Some(open) = output.open {
        return Err(ClientBlocker::Output { why: open });
    }
    refuse_if(output.into_modules || output.bundler.is_none(), ClientBlocker::WritesMoreThanSite)?;
    let paths = output.paths.iter().chain(&output.outer).map(|path| path::join(folder, path));
    let paths: Vec<String> = paths.collect();
    if paths.iter().any(|path| path == "/" || folder.starts_with(path.as_str())) {
        return Err(ClientBlocker::WritesSharedFolder);
    }
    Ok(paths)
}
