//! Gradle builds, told by reading the lines of their build files: these are programs, and only plain statements count.

use std::collections::BTreeMap;
use std::sync::Arc;

use super::closure::Closure;
use super::framework::Framework;
use super::project::{DependencyScope, Ecosystem, Install, Project, Tool};
use super::tree::{ManifestTree, resolve};
use super::words::{quoted, without_comment};
use crate::text::path;

const BUILD: [&str; 2] = ["build.gradle", "build.gradle.kts"];
const SETTINGS: [&str; 2] = ["settings.gradle", "settings.gradle.kts"];

/// Adds the Gradle projects of a context; a folder that is a Maven project too gets a second way to install.
pub(super) fn projects(tree: &mut ManifestTree, projects: &mut Vec<Project>) {
    let files = tree.paths_where(|name| BUILD.contains(&name) || SETTINGS.contains(&name));
    let mut roots: BTreeMap<&str, Vec<&str>> = BTreeMap::new();
    for path in files {
        roots.entry(path::parent(path)).or_default().push(path);
    }
    let mut out = Vec::new();
    for (root, files) in roots {
        out.push(project(tree, root, &files));
    }
    super::project::join_workspaces(&mut out);
    for project in out {
        let same = |other: &&mut Project| other.ecosystem == Ecosystem::Java && other.root == project.root;
        match projects.iter_mut().find(same) {
            Some(maven) => {
                maven.manifests.extend(project.manifests);
                maven.frameworks.extend(project.frameworks);
                maven.language.extend(project.language);
                maven.installs.extend(project.installs);
                let manifest = maven.manifests.first().cloned().unwrap_or_default();
                tree.unused(&manifest, "is next to a Gradle build: mvn builds where no command says which");
            }
            None => projects.push(project),
        }
    }
}

fn project(tree: &mut ManifestTree, root: &str, files: &[&str]) -> Project {
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
            let path = path::child(&member, name);
            for line in tree.text(&path).unwrap_or_default().lines() {
                take_files(tree, &mut closure, root, &member, without_comment(line, "//"));
            }
        }
    }
    let others = ["gradle", "gradlew", "gradle.properties", "buildSrc"];
    closure.take_there(tree, root, &others);
    let lock = Some(path::child(root, "gradle.lockfile")).filter(|lock| tree.has(lock));
    let manifest = files.first().copied().unwrap_or_default();
    let install: Install = closure.install(Tool::Gradle, manifest, lock, None);
    project.installs.push(Arc::new(install));
    project.normalise()
}

fn statement(tree: &ManifestTree, project: &mut Project, closure: &mut Closure, path: &str, line: &str) {
    let word: String = line.chars().take_while(|c| c.is_alphanumeric() || *c == '.' || *c == '_').collect();
    let texts = quoted(line);
    let first = texts.first().copied().unwrap_or_default();
    match word.as_str() {
        "include" => {
            for name in &texts {
                // `:a:b` is the folder a/b unless it is told otherwise.
                let folder = resolve(&project.root, name.replace(':', "/").trim_start_matches('/'));
                project.members.extend(folder.ok().filter(|folder| !folder.is_empty() && tree.has_folder(folder)));
            }
        }
        "includeBuild" if !first.is_empty() => _ = closure.take(tree, &project.root, first),
        "rootProject.name" if !first.is_empty() => project.name = Some(first.into()),
        "id" => project.frameworks.extend(Framework::of_package(Ecosystem::Java, first)),
        "project" if line.contains("projectDir") => {
            if let Some(folder) = texts.get(1).and_then(|folder| resolve(&project.root, folder).ok()) {
                project.members.extend(Some(folder).filter(|folder| tree.has_folder(folder)));
            }
        }
        _ => {
            // A project of the same build: `implementation project(':libs:core')`.
            let scope = if first.contains(':') { scope(&word) } else { None };
            if let (Some(scope), true) = (scope, first.starts_with(':')) {
                project.depend(first, scope, None);
            } else if let Some(scope) = scope {
                let mut parts = first.splitn(3, ':');
                let name = format!("{}:{}", parts.next().unwrap_or_default(), parts.next().unwrap_or_default());
                project.depend(&name, scope, parts.next());
            }
        }
    }
    if let Some(version) = java_version(line) {
        project.speaks(version, path);
    }
    take_files(tree, closure, &project.root, &project.root, line);
}

/// The number in `sourceCompatibility = JavaVersion.VERSION_17`, `jvmToolchain(21)`, `JavaLanguageVersion.of(21)`.
fn java_version(line: &str) -> Option<&str> {
    let keys = ["sourceCompatibility", "targetCompatibility", "jvmToolchain", "JavaLanguageVersion.of"];
    let after = keys.iter().find_map(|key| line.split_once(key)).map(|(_, after)| after)?;
    let digits = &after[after.find(|c: char| c.is_ascii_digit())?..];
    let end = digits.find(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | '_')).unwrap_or(digits.len());
    Some(&digits[..end])
}

/// `apply from: 'x.gradle'`, `files('libs/x.jar')`, `fileTree('libs')`: the paths that a line of a build file in
/// `folder` names.
fn take_files(tree: &ManifestTree, closure: &mut Closure, root: &str, folder: &str, line: &str) {
    let applies = line.starts_with("apply") && line.contains("from");
    if !applies && !line.contains("files(") && !line.contains("fileTree(") && !line.contains("flatDir") {
        return;
    }
    for text in quoted(line) {
        let from_root = ["$rootDir/", "${rootDir}/"].iter().find_map(|start| text.strip_prefix(start));
        let path = text.strip_prefix("$projectDir/").unwrap_or(text);
        let (from, text) = from_root.map_or((folder, path), |text| (root, text));
        let exists = |path: String| !path.is_empty() && (tree.has(&path) || tree.has_folder(&path));
        if resolve(from, text).is_ok_and(exists) {
            closure.take(tree, from, text);
        } else if applies && !text.contains("://") {
            closure.open(format!("a build file applies `{text}`"));
        }
    }
}

fn scope(configuration: &str) -> Option<DependencyScope> {
    Some(match configuration {
        "implementation" | "api" | "runtimeOnly" | "compile" | "runtime" => DependencyScope::Run,
        "compileOnly" | "annotationProcessor" | "kapt" | "ksp" | "classpath" => DependencyScope::Build,
        "developmentOnly" => DependencyScope::Dev,
        other if other.starts_with("test") => DependencyScope::Dev,
        _ => return None,
    })
}

#[cfg(test)]
mod tests {
    use crate::manifest::tests::check;

    #[test]
    fn groovy_and_kotlin() {
        check(
            r#"
-- settings.gradle.kts --
rootProject.name = "shop" // name
include(":api", ":libs:core")
includeBuild("build-logic")
-- build.gradle.kts --
plugins {
    id("org.springframework.boot") version "3.3.0"
    java
}
java { toolchain { languageVersion = JavaLanguageVersion.of(21) } }
-- gradle.properties --
-- gradle/wrapper/gradle-wrapper.properties --
-- gradlew --
-- build-logic/build.gradle.kts --
-- api/build.gradle --
sourceCompatibility = '17'
dependencies {
    implementation 'com.google.guava:guava:33.0'
    testImplementation("org.junit:junit:5")
    implementation project(':libs:core')
    implementation files('libs/x.jar')
}
-- api/libs/x.jar --
-- libs/core/build.gradle --
apply from: "$rootDir/shared.gradle"
-- shared.gradle --
"#,
            "
            [] Java shop
            language: 21
            uses: Spring Boot
            members: api, libs/core
            gradle -: api/build.gradle api/libs/x.jar build.gradle.kts gradle.properties gradlew libs/core/build.gradle settings.gradle.kts shared.gradle
            folders: build-logic, gradle
            [api] Java -
            language: 17
            needs: :libs:core, com.google.guava:guava, dev org.junit:junit
            of []
            [build-logic] Java -
            gradle -: build-logic/build.gradle.kts
            [libs/core] Java -
            of []
            ",
        );
    }
}
