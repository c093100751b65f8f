//! The `paths` that are computed for a workflow, against builds: a commit whose image has another ID passes, and hardly
//! another one.

use std::path::Path;

use super::{Engine, Image, is_full, say};
use crate::cache_history::{commit, git};
use crate::computed_paths::filter;

/// A project: its Dockerfile and context, and the files that its commits change.
struct Project {
    dockerfile: &'static str,
    context: &'static str,
    text: &'static str,
    ignore: &'static str,
    files: &'static [&'static str],
}

const PROJECTS: &[Project] = &[
    Project {
        dockerfile: "Dockerfile",
        context: "",
        text: "FROM debian:trixie-slim AS build\nWORKDIR /app\nCOPY package*.json ./\nRUN sort package*.json >/sorted\nCOPY src ./src\n\
               RUN --mount=type=bind,source=tools,target=/tools cat /tools/* >/made\nFROM debian:trixie-slim\n\
               COPY --from=build /app /app\nCOPY --from=build /made /made\n",
        ignore: "**/*.test.js\ndocs\n",
        files: &[
            "src/app.js",
            "src/app.test.js",
            "src/[id]/page.js",
            "docs/a.md",
            "README.md",
            "package.json",
            "package-lock.json",
            "tools/a.sh",
            "test/a.js",
            "api/app.js",
        ],
    },
    Project {
        dockerfile: "web/Dockerfile",
        context: "web",
        text: "FROM debian:trixie-slim\nCOPY . /app\nRUN ls -R /app >/list\n",
        ignore: "*.md\nfixtures\n.dockerignore\nDockerfile\n",
        files: &[
            "web/app.js",
            "web/a/b/c.js",
            "web/README.md",
            "web/a/README.md",
            "web/fixtures/a.json",
            "api/app.js",
            "README.md",
            "api/Dockerfile",
            ".gitignore",
        ],
    },
];

/// Commits of each project: without so many, no paths are proposed.
const COMMITS: usize = 30;

/// Commits that are built: always, and with `DOCKOPT_FULL=1`.
const BUILT: [usize; 2] = [8, COMMITS];

/// The image of the checked-out files.
fn image(engine: &Engine, folder: &Path, project: &Project, tag: &str) -> String {
    let file = folder.join(project.dockerfile);
    let built = engine.build(&folder.join(project.context), &["--file", file.to_str().unwrap(), "--tag", tag]);
    assert!(built.ok, "{}", built.log);
    engine.text(&["image", "inspect", "--format", "{{.Id}}", tag])
}

#[test]
fn computed_paths_take_each_commit_that_makes_another_image() {
    let Some(engine) = Engine::find() else { return };
    let count = BUILT[usize::from(is_full())];
    let (mut commits, mut changed, mut idle) = (0, 0, Vec::new());
    for (number, project) in PROJECTS.iter().enumerate() {
        let folder = tempfile::tempdir().unwrap();
        let at = folder.path();
        git(at, &["init", "-q"]);
        let ignore = dockopt::text::path::child(project.context, ".dockerignore");
        let first: Vec<(&str, &str)> = project.files.iter().map(|file| (*file, "0\n")).collect();
        commit(at, "first", &[&first[..], &[(project.dockerfile, project.text), (&ignore, project.ignore)]].concat());
        // The same files each time the test runs, one or two a commit.
        for round in 1..=COMMITS {
            let text = format!("{round}\n");
            let file = project.files[round * 7 % project.files.len()];
            let other = project.files[round * 3 % project.files.len()];
            let files = [(file, text.as_str()), (other, text.as_str())];
            commit(at, "next", &files[..=usize::from(round % 5 == 0)]);
        }
        let filter = filter(at, project.dockerfile, project.context).expect("a filter");
        git(at, &["clean", "-qfd"]);
        let tag = format!("dockopt-test:{}-paths-{number}", std::process::id());
        let image_of_test = Image { engine: &engine, tag: tag.clone() };
        let ids = git(at, &["rev-list", "--reverse", "HEAD"]);
        let mut before: Option<String> = None;
        for id in ids.lines().take(count + 1) {
            git(at, &["checkout", "-q", id]);
            let image = image(&engine, at, project, &tag);
            if let Some(before) = before.replace(image.clone()) {
                let paths = git(at, &["diff", "--name-only", &format!("{id}~"), id]);
                let passes = paths.lines().any(|path| filter.takes(path));
                let is_changed = before != image;
                assert!(passes || !is_changed, "{paths} {filter:?}");
                commits += 1;
                changed += usize::from(is_changed);
                if passes && !is_changed {
                    idle.push(paths);
                }
            }
        }
        drop(image_of_test);
    }
    let at_least = commits / 6;
    assert!(commits == count * PROJECTS.len() && changed > at_least && commits - changed > at_least);
    assert!(idle.len() * 50 <= commits, "{idle:?}");
    say(&format!("{commits} commits, {changed} make another image, {} pass in vain", idle.len()));
}
