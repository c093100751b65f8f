//! Bundler's Gemfiles, told by reading their lines: these are programs, and only plain statements count.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;

use super::closure::Closure;
use super::locked::{LockEntry, LockedPackages};
use super::project::{DependencyScope, Ecosystem, Install, Project, Tool};
use super::tree::ManifestTree;
use super::words::{first_line, quoted, without_comment};
use crate::text::path;

/// The Ruby projects of a context: each folder with a Gemfile or a gemspec is one.
pub(super) fn projects(tree: &mut ManifestTree) -> Vec<Project> {
    let files = tree.paths_where(|name| matches!(name, "Gemfile" | "gems.rb") || name.ends_with(".gemspec"));
    let roots: BTreeSet<&str> = files.into_iter().map(path::parent).collect();
    roots.into_iter().map(|root| project(tree, root)).collect()
}

fn project(tree: &mut ManifestTree, root: &str) -> Project {
    let mut project = Project::new(root, Ecosystem::Ruby);
    let specs = gemspecs(tree, root);
    if let Some(spec) = specs.first() {
        let name = path::name(spec).strip_suffix(".gemspec");
        project.name = name.map(Into::into);
    }
    project.manifests.extend(specs);
    let version = path::child(root, ".ruby-version");
    if let Some(text) = tree.text(&version).and_then(first_line) {
        project.speaks(text.trim_start_matches("ruby-"), &version);
    }
    for (name, lock) in [("Gemfile", "Gemfile.lock"), ("gems.rb", "gems.locked")] {
        let path = path::child(root, name);
        if tree.has(&path) {
            let lock = Some(path::child(root, lock)).filter(|lock| tree.has(lock));
            let install = install(tree, &mut project, &path, lock);
            project.installs.push(Arc::new(install));
            break;
        }
    }
    project.normalise()
}

fn gemspecs(tree: &ManifestTree, folder: &str) -> Vec<String> {
    let names = tree.children(folder).into_iter().filter(|(name, is_folder)| !is_folder && name.ends_with(".gemspec"));
    names.map(|(name, _)| path::child(folder, name)).collect()
}

fn install(tree: &mut ManifestTree, project: &mut Project, path: &str, lock: Option<String>) -> Install {
    project.manifests.push(path.into());
    let mut closure = Closure::default();
    let mut seen = BTreeSet::new();
    let mut waiting = vec![path.to_string()];
    while let Some(file) = waiting.pop() {
        if seen.insert(file.clone()) {
            waiting.extend(read(tree, project, &mut closure, &file));
        }
    }
    let root = project.root.clone();
    closure.take_there(tree, &root, &["vendor/cache", ".bundle/config"]);
    let run = project.dependencies.iter().filter(|dependency| dependency.scope == DependencyScope::Run);
    let run = run.map(|dependency| dependency.name.clone()).collect();
    let locked = lock.as_deref().and_then(|lock| locked(tree, lock, run));
    closure.install(Tool::Bundler, path, lock, locked)
}

/// Reads one Gemfile; gives the further ones that it evaluates.
fn read(tree: &mut ManifestTree, project: &mut Project, closure: &mut Closure, path: &str) -> Vec<String> {
    let mut others = Vec::new();
    let mut blocks: Vec<DependencyScope> = Vec::new();
    let mut specs = BTreeSet::new();
    let root = project.root.clone();
    for line in tree.text(path).unwrap_or_default().lines() {
        let line = without_comment(line, "#");
        let word: String = line.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect();
        let texts = quoted(line);
        let opens =
            line.ends_with(" do") || line.contains(" do |") || matches!(word.as_str(), "if" | "unless" | "case");
        let outer = blocks.last().copied().unwrap_or(DependencyScope::Run);
        if opens {
            blocks.push(if word == "group" { group_scope(line, outer) } else { outer });
        } else if word == "end" {
            blocks.pop();
        }
        match (word.as_str(), texts.first()) {
            ("gem", Some(name)) => {
                let scope = if line.contains("group") { group_scope(line, outer) } else { outer };
                let demand = texts.get(1).filter(|text| text.starts_with(|c: char| "<>=~! 0123456789".contains(c)));
                project.depend(name, scope, demand.copied());
                if let Some(folder) = option(line, "path") {
                    closure.take(tree, &root, folder);
                }
            }
            ("path", Some(folder)) => _ = closure.take(tree, &root, folder),
            ("gemspec", _) => {
                let folder = option(line, "path").map_or(Ok(root.clone()), |path| super::tree::resolve(&root, path));
                specs.insert(folder.unwrap_or_default());
            }
            ("ruby", Some(file)) if option(line, "file").is_some() => _ = closure.take(tree, &root, file),
            ("ruby", Some(version)) => project.speaks(version, path),
            ("eval_gemfile", Some(file)) => others.extend(closure.take(tree, path::parent(path), file)),
            ("instance_eval" | "eval", _) => closure.open(format!("`{path}` evaluates other files")),
            _ => {}
        }
        if line.contains(".ruby-version") {
            closure.take_there(tree, &root, &[".ruby-version"]);
        }
    }
    for folder in specs {
        take_gemspec(tree, closure, &folder);
    }
    others
}

/// A gemspec is a program, which usually reads the version from below `lib`.
fn take_gemspec(tree: &ManifestTree, closure: &mut Closure, folder: &str) {
    for spec in gemspecs(tree, folder) {
        closure.open(format!("`{spec}` is a program and may read any file"));
        closure.add(spec);
    }
    for path in tree.below(&path::child(folder, "lib")).filter(|path| path.ends_with("/version.rb")) {
        closure.add(path);
    }
}

/// The text of `name: "x"` or `:name => "x"`.
fn option<'t>(line: &'t str, name: &str) -> Option<&'t str> {
    let after = line.split_once(&format!("{name}:")).or_else(|| line.split_once(&format!(":{name} =>")))?.1;
    quoted(after).first().copied()
}

/// Groups of development and tests only.
fn group_scope(line: &str, outer: DependencyScope) -> DependencyScope {
    let groups = line.split_once("group").map_or("", |(_, groups)| groups);
    let names =
        groups.split(|c: char| !c.is_alphanumeric() && c != '_').filter(|name| !matches!(*name, "" | "do" | "s"));
    let mut any = false;
    for name in names.take_while(|name| !matches!(*name, "require" | "platforms" | "path" | "optional")) {
        any = true;
        if DependencyScope::of_group(name) != DependencyScope::Dev {
            return outer;
        }
    }
    if any { DependencyScope::Dev } else { outer }
}

/// `Gemfile.lock`: under `specs:`, gems stand four blanks deep and what they need six.
fn locked(tree: &mut ManifestTree, path: &str, run: BTreeSet<String>) -> Option<LockedPackages> {
    let mut entries: Vec<LockEntry> = Vec::new();
    let mut inside = false;
    for line in tree.text(path)?.lines() {
        let indent = line.len() - line.trim_start().len();
        let content = line.trim();
        let (name, version) = content.split_once(' ').unwrap_or((content, ""));
        match indent {
            0 | 2 => inside = content == "specs:",
            4 if inside => {
                let version = version.trim_matches(['(', ')']);
                let version = (!version.is_empty()).then(|| version.into());
                entries.push(LockEntry { name: name.into(), version, ..LockEntry::default() });
            }
            6 if inside => {
                if let Some(entry) = entries.last_mut() {
                    entry.needs.push(name.trim_end_matches('!').into());
                }
            }
            _ => {}
        }
    }
    let text = tree.text(path)?;
    let from_git = text.lines().any(|line| line.trim_end() == "GIT");
    let for_other_systems = section(text, "PLATFORMS").next().is_some() && !fits_images(text);
    Some(LockedPackages {
        demands: demands(text),
        from_git,
        for_other_systems,
        ..LockedPackages::new(entries, Some(run))
    })
}

/// What the lock file was written for, by its list of dependencies. `None` where gems lie elsewhere, or where bundler would
/// add the platform of an image to it.
fn demands(text: &str) -> Option<BTreeMap<String, String>> {
    if !fits_images(text) {
        return None;
    }
    section(text, "DEPENDENCIES").map(|line| (!line.ends_with('!')).then(|| parse_demand(line))).collect()
}

/// The lines below a head.
fn section<'t>(text: &'t str, name: &'static str) -> impl Iterator<Item = &'t str> {
    let below = text.lines().skip_while(move |line| *line != name).skip(1);
    below.take_while(|line| line.starts_with(' ')).map(str::trim)
}

/// Whether the lock file counts on Linux as images have it: a frozen install ends where it does not.
fn fits_images(text: &str) -> bool {
    section(text, "PLATFORMS").any(|platform| platform == "ruby" || platform.starts_with("x86_64-linux"))
}

/// `rails (~> 7.2.0)`
fn parse_demand(line: &str) -> (String, String) {
    let (name, requirement) = line.split_once(' ').unwrap_or((line, ""));
    let requirement = requirement.trim_matches(['(', ')']);
    // Exact versions stand in Gemfiles without a sign.
    (name.to_owned(), requirement.strip_prefix("= ").unwrap_or(requirement).to_owned())
}

#[cfg(test)]
mod tests {
    use crate::manifest::projects;
    use crate::manifest::tests::{check, files};

    #[test]
    fn lock_files_fit_or_not() {
        let fits = |gemfile: &str, lock: &str| {
            let text = format!("-- Gemfile --\n{gemfile}\n-- Gemfile.lock --\nPLATFORMS\n  {lock}\n");
            let result = projects(&files(&text));
            result.projects[0].is_in_sync(result.projects[0].install().unwrap())
        };
        let gemfile = "gem \"rack\", \"~> 3\"\ngem \"puma\", \"6.4.2\"\ngem \"pg\"";
        let lock = "ruby\n\nDEPENDENCIES\n  pg\n  puma (= 6.4.2)\n  rack (~> 3)";
        assert_eq!(fits(gemfile, lock), Some(true));
        assert_eq!(fits(gemfile, &lock.replace("ruby", "x86_64-linux")), Some(true));
        assert_eq!(fits(gemfile, &lock.replace("ruby", "arm64-darwin")), None);
        assert_eq!(fits(gemfile, &lock.replace("~> 3", "~> 2")), Some(false));
        assert_eq!(fits(gemfile, &lock.replace("  pg\n", "")), Some(false));
        assert_eq!(fits(gemfile, &lock.replace("  pg", "  pg!")), None);
    }

    #[test]
    fn groups_paths_and_gemspecs() {
        check(
            r#"
-- Gemfile --
source "https://example.com"
ruby file: ".ruby-version"
gem "rails", "~> 7.1" # web
gem "own", path: "gems/own"
group :development, :test do
  gem "rspec"
end
group :production do
  gem "puma"
end
gem 'debug', group: [:development]
eval_gemfile "Gemfile.extra"
gemspec
-- Gemfile.extra ?--
-- .ruby-version --
3.3.0
-- app.gemspec --
-- lib/app/version.rb --
-- gems/own/own.gemspec --
-- Gemfile.lock --
GEM
  remote: https://example.com
  specs:
    rails (7.1.3)
      rack (>= 2)
    rack (3.0)
    rspec (3.13)

PLATFORMS
  ruby
"#,
            "
            [] Ruby app
            language: 3.3.0
            uses: Rails
            needs: dev debug, own, puma, rails=7.1.3, dev rspec=3.13
            bundle 3: .ruby-version Gemfile Gemfile.extra Gemfile.lock app.gemspec lib/app/version.rb
            folders: gems/own
            open: `app.gemspec` is a program and may read any file
            [gems/own] Ruby own
            unread: Gemfile.extra
            ",
        );
    }
}
