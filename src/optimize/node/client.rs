//! Pass `client-stages`: a site in a folder of its own, which a bundler builds and the program beside it serves, is built in
//! a stage of its own. What it is bundled from stays there.

mod owners;
#[cfg(test)]
mod tests;
mod write;

use self::owners::Owned;
use super::output::{self, Output};
use super::{need, pieces};
use crate::build::{Stage, User, installed};
use crate::dockerfile::Keyword;
use crate::manifest::{Ecosystem, Framework, Project};
use crate::optimize::scene::{Scene, Turn};

/// Frameworks whose build is a folder of files that need no program of theirs.
const SITES: [Framework; 5] =
    [Framework::Vite, Framework::ReactScripts, Framework::Angular, Framework::VueCli, Framework::Gatsby];

/// Frameworks that a server belongs to, whatever bundles them.
const SERVERS: [Framework; 5] =
    [Framework::Next, Framework::Nuxt, Framework::SvelteKit, Framework::Remix, Framework::Astro];

/// A site of the context that the stage installs and builds.
struct Client<'a> {
    /// Its project.
    project: &'a Project,
    /// Its folder in the image.
    folder: String,
    /// The RUNs that have to do with it, in order.
    runs: Vec<Owned>,
    /// Folders that its build writes, absolute.
    outputs: Vec<String>,
    /// Whether sources of it name files outside of its folder.
    escapes: bool,
    /// Who runs its build, where that is not root.
    user: Option<String>,
}

impl Client<'_> {
    /// Index of the last RUN that has to do with it.
    fn last(&self) -> usize {
        self.runs.last().map_or(0, |run| run.index)
    }

    /// Whether a path of the image lies in its folder.
    fn holds(&self, path: &str) -> bool {
        path.strip_prefix(&self.folder).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
    }
}

/// Takes sites out of the final stage.
pub(super) fn run(scene: &Scene, turn: &mut Turn) {
    let build = scene.build;
    let Some(stage) = scene.target().filter(|_| build.is_ordinary() && build.knows_target()) else { return };
    if !pieces::stands_alone(build, stage) || pieces::changes_manifest(build, stage) {
        return;
    }
    let mut clients = Vec::new();
    for project in scene.projects().iter().filter(|project| is_site(project)) {
        match read(scene, stage, project) {
            Ok(Some(client)) => clients.push(client),
            Ok(None) => {}
            Err(why) => turn.refuse(format!("build `{}` in a stage of its own", project.root), why),
        }
    }
    if clients.is_empty() {
        return;
    }
    let edits = write::edits(scene, stage, &clients);
    let folders: Vec<String> = clients.iter().map(|client| format!("`{}`", client.folder)).collect();
    let what = format!("builds the site in {} in a stage of its own", folders.join(" and "));
    turn.step(what, "the program beside it serves what the bundler made, and nothing else of it runs", edits);
}

/// Whether it is a site that lies beside something else.
fn is_site(project: &Project) -> bool {
    project.ecosystem == Ecosystem::Node
        && !project.root.is_empty()
        && project.workspace.is_none()
        && project.members.is_empty()
        && project.frameworks.iter().any(|one| SITES.contains(one))
        && !project.frameworks.iter().any(|one| SERVERS.contains(one))
}

/// The site as the stage builds it; `None` where it does not, an error where it can't be told from the rest.
fn read<'a>(scene: &Scene<'a>, stage: &Stage, project: &'a Project) -> Result<Option<Client<'a>>, String> {
    let build = scene.build;
    let Some(folder) = owners::place(scene, stage, project) else { return Ok(None) };
    let runs = owners::runs(scene, stage, project, &folder)?;
    let commands: Vec<Vec<String>> = runs.iter().flat_map(|run| run.commands.iter().cloned()).collect();
    let (installs, builds): (Vec<_>, Vec<_>) = commands.into_iter().partition(|words| owners::is_install(words));
    if installs.is_empty() || builds.is_empty() {
        return Ok(None);
    }
    let outputs = written(&folder, output::anywhere(scene, project, &builds))?;
    let mut client = Client { project, folder, runs, outputs, escapes: false, user: None };
    client.user = match build.user_at(stage, client.last()).value() {
        Some(User::Other(name)) => Some(name.clone()),
        Some(User::Unknown) => return Err("the user that builds it is not known".to_owned()),
        _ => None,
    };
    aside(scene, stage, &client)?;
    client.escapes = escapes(scene, project);
    Ok(Some(client))
}

/// The folders that its build writes, absolute.
fn written(folder: &str, output: Output) -> Result<Vec<String>, String> {
    if let Some(open) = output.open {
        return Err(open);
    }
    if output.into_modules || output.bundler.is_none() {
        return Err("its build makes more than a site".to_owned());
    }
    let paths = output.paths.iter().chain(&output.outer).map(|path| installed::joined(folder, path));
    let paths: Vec<String> = paths.collect();
    if paths.iter().any(|path| path == "/" || folder.starts_with(path.as_str())) {
        return Err("its build writes into a folder that holds more".to_owned());
    }
    Ok(paths)
}

/// Whether nothing but its own build has to do with its sources and packages.
fn aside(scene: &Scene, stage: &Stage, client: &Client) -> Result<(), String> {
    let (build, root) = (scene.build, client.project.root.as_str());
    let last = stage.instructions.end.max(stage.from + 1);
    if client.holds(&installed::workdir(build, stage, last)) {
        return Err("the container works in its folder".to_owned());
    }
    for keyword in [Keyword::Entrypoint, Keyword::Cmd] {
        let Some((index, _)) = build.last(stage, keyword) else { continue };
        let code = build.code(index).ok_or("the shell that starts the container is not known")?;
        let mut folders = code.script.invocations().into_iter().map(|one| owners::started(scene, stage, index, &one));
        if folders.any(|folders| folders.is_none_or(|all| all.iter().any(|folder| client.holds(folder)))) {
            return Err("what the container starts may work in its folder".to_owned());
        }
    }
    let name = root.rsplit('/').next().unwrap_or(root);
    let services = scene.evidence.services.iter();
    for service in services.filter(|service| service.target.is_none() || service.target == stage.name) {
        let texts = [&service.entrypoint, &service.command, &service.workdir];
        if texts.into_iter().flatten().any(|text| mentions(text, name))
            || service.mounts.iter().any(|path| client.holds(path))
        {
            return Err(format!("service `{}` works in its folder", service.name));
        }
    }
    let prefix = format!("{root}/");
    let inner = [format!("{name}/node_modules"), format!("{name}/src/")];
    let scripts = ["js", "mjs", "cjs", "ts", "mts", "cts", "py", "rb", "php", "sh"];
    for (path, text) in scene.evidence.texts.iter().filter(|(path, _)| !path.starts_with(&prefix)) {
        let is_code = path.rsplit_once('.').is_some_and(|(_, ending)| scripts.contains(&ending));
        if is_code && inner.iter().any(|inner| text.contains(inner)) {
            return Err(format!("`{path}` reads its sources or packages"));
        }
    }
    let others = scene.projects().iter().filter(|one| one.ecosystem == Ecosystem::Node && one.root != root);
    let own: Vec<&str> = client.project.dependencies.iter().map(|one| one.name.as_str()).collect();
    let foreign = others.flat_map(|one| &one.dependencies).map(|one| one.name.as_str());
    match need::imports::first(scene, client.project, &foreign.filter(|name| !own.contains(name)).collect(), None) {
        Some((package, path)) => Err(format!("`{path}` imports `{package}`, which another project installs")),
        None => Ok(()),
    }
}

/// Whether a text names a folder.
fn mentions(text: &str, name: &str) -> bool {
    text.split(|c: char| !(c.is_alphanumeric() || matches!(c, '-' | '_' | '.'))).any(|word| word == name)
}

/// Whether a file of the project names one that lies above its folder.
fn escapes(scene: &Scene, project: &Project) -> bool {
    let prefix = format!("{}/", project.root);
    let mut texts = scene.evidence.texts.iter().filter_map(|(path, text)| Some((path.strip_prefix(&prefix)?, text)));
    texts.any(|(path, text)| {
        let up = "../".repeat(path.matches('/').count() + 1);
        // `path.join(__dirname, "..")`, `envDir: ".."`
        let named = ["'..'", "\"..\"", "`..`"].iter().any(|word| text.contains(word));
        let lock = path.ends_with("lock.json") || path.ends_with("lock.yaml") || path.ends_with(".lock");
        !lock && !path.contains("node_modules/") && (named || text.contains(&up) && !only_output(path, text, &up))
    })
}

/// Whether all that a bundler's settings name above the folder is where it writes to.
fn only_output(path: &str, text: &str, up: &str) -> bool {
    let settings = path.starts_with("vite.config") || path.starts_with("vue.config") || path == "angular.json";
    let named = |line: &str| ["outDir", "outputDir", "outputPath"].iter().any(|key| line.contains(key));
    settings && text.lines().filter(|line| line.contains(up)).all(named)
}
