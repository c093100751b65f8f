//! Gradle builds, told by reading the lines of their build files: these are programs, and only plain statements count.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::closure::Closure;
use super::framework::Framework;
use super::project::{Ecosystem, Install, Project, Scope, Tool};
use super::tree::{Tree, folder_of, in_folder, join};
use super::words::{quoted, without_comment};

const BUILD: [&str; 2] = ["build.gradle", "build.gradle.kts"];
const SETTINGS: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];

/// Adds the Gradle projects of a context; a folder that is a Maven project too gets a second way to install.
pub(super) fn projects(tree: &mut Tree, found: &mut Vec<Project>) {
    let files = tree.wanted(|name| BUILD.contains(&name) || SETTINGS.contains(&name));
    let mut roots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in files {
        roots.entry(folder_of(path)).or_default().push(path);
    }
    let mut out = Vec::new();
    for (root, files) in roots {
        out.push(project(tree, root, &files));
    }
    super::project::join_workspaces(&mut out);
    for project in out {
        let same = |other: &&mut Project| other.ecosystem == Ecosystem::Java && other.root == project.root;
        match found.iter_mut().find(same) {
            Some(maven) => {
                maven.manifests.extend(project.manifests);
                maven.frameworks.extend(project.frameworks);
                maven.language.extend(project.language);
                maven.installs.extend(project.installs);
                let manifest = maven.manifests.first().cloned().unwrap_or_default();
                tree.problem(&manifest, None, "stands beside a Gradle build; mvn is taken");
            }
            None => found.push(project),
        }
    }
}

fn project(tree: &mut Tree, root: &str, files: &[&str]) -> Project {
    let mut project = Project::new(root, Ecosystem::Java);
    let mut closure = Closure::default();
    for path in files {
        project.manifests.push((*path).into());
        closure.add(*path);
        let text = tree.text(path).unwrap_or_default();
        for line in text.lines() {
            let line = without_comment(line, "//");
            statement(tree, &mut project, &mut closure, path, line);
        }
    }
    for member in project.members.clone() {
        let names = ["build.gradle", "build.gradle.kts", "gradle.properties", "gradle.lockfile"];
        closure.take_there(tree, &member, &names);
        for name in BUILD {
            let path = in_folder(&member, name);
            for line in tree.text(&path).unwrap_or_default().lines() {
                take_files(tree, &mut closure, &member, without_comment(line, "//"));
            }
        }
    }
    let others = ["gradle", "gradlew", "gradle.properties", "buildSrc"];
    closure.take_there(tree, root, &others);
    let lock = Some(in_folder(root, "gradle.lockfile")).filter(|lock| tree.has(lock));
    let manifest = files.first().copied().unwrap_or_default();
    let install: Install = closure.install(Tool::Gradle, manifest, lock, None);
    project.installs.push(Arc::new(install));
    project.settle()
}

fn statement(tree: &Tree, project: &mut Project, closure: &mut Closure, path: &str, line: &str) {
    let word: String = line.chars().take_while(|c| c.is_alphanumeric() || *c == '.' || *c == '_').collect();
    let texts = quoted(line);
    let first = texts.first().copied().unwrap_or_default();
    match word.as_str() {
        "include" => {
            for name in &texts {
                // `:a:b` is the folder a/b unless it is told otherwise.
                let folder = join(&project.root, &name.replace(':', "/").trim_start_matches('/').to_string());
                project.members.extend(folder.ok().filter(|folder| !folder.is_empty() && tree.has_folder(folder)));
            }
        }
        "includeBuild" if !first.is_empty() => _ = closure.take(tree, &project.root, first),
        "rootProject.name" if !first.is_empty() => project.name = Some(first.into()),
        "id" => project.frameworks.extend(Framework::named(Ecosystem::Java, first)),
        "project" if line.contains("projectDir") => {
            if let Some(folder) = texts.get(1).and_then(|folder| join(&project.root, folder).ok()) {
                project.members.extend(Some(folder).filter(|folder| tree.has_folder(folder)));
            }
        }
        "sourceCompatibility" | "targetCompatibility" | "jvmToolchain" | "languageVersion" | "languageVersion.set" => {
            let version = first.to_string() + &line[word.len()..].replace("VERSION_", "");
            let number = |c: char| c.is_ascii_digit();
            let digits = version.find(number).map(|at| &version[at..]).unwrap_or_default();
            project.speaks(digits.split(|c: char| !c.is_ascii_digit() && c != '.').next().unwrap_or_default(), path);
        }
        _ => {
            if let Some(scope) = scope(&word).filter(|_| first.matches(':').count() >= 1 && !first.starts_with(':')) {
                let mut parts = first.splitn(3, ':');
                let name = format!("{}:{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                project.depend(&name, scope, parts.next());
            }
        }
    }
    take_files(tree, closure, &project.root, line);
}

/// `apply from: 'x.gradle'`, `files('libs/x.jar')`, `fileTree('libs')`: the paths that a line names.
fn take_files(tree: &Tree, closure: &mut Closure, folder: &str, line: &str) {
    let applies = line.starts_with("apply") && line.contains("from");
    if !applies && !line.contains("files(") && !line.contains("fileTree(") && !line.contains("flatDir") {
        return;
    }
    for text in quoted(line) {
        let text = ["$rootDir/", "${rootDir}/", "$projectDir/"]
            .iter()
            .find_map(|start| text.strip_prefix(start))
            .unwrap_or(text);
        let there =
            join(folder, text).is_ok_and(|path| !path.is_empty() && (tree.has(&path) || tree.has_folder(&path)));
        if there {
            closure.take(tree, folder, text);
        } else if applies && !text.contains("://") {
            closure.open(format!("a build file applies `{text}`"));
        }
    }
}

fn scope(configuration: &str) -> Option<Scope> {
    Some(match configuration {
        "implementation" | "api" | "runtimeOnly" | "compile" | "runtime" => Scope::Run,
        "compileOnly" | "annotationProcessor" | "kapt" | "ksp" | "classpath" => Scope::Build,
        "developmentOnly" => Scope::Dev,
        other if other.starts_with("test") => Scope::Dev,
        _ => return None,
    })
}
