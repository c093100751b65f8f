//! Projects of any size, each large in one direction.

use std::fmt::Write;
use std::fs;
use std::path::Path;

use crate::image::{Form, Kind, make};

/// A direction in which projects grow.
pub struct Direction {
    /// What it is called.
    pub name: &'static str,
    /// What grows: this many of it, four and sixteen times.
    pub size: usize,
    /// Writes a project of a size.
    pub make: fn(&Path, usize),
    /// Arguments of the commands that are measured.
    pub commands: &'static [&'static str],
}

const CHECKS: &[&str] = &["lint .", "audit .", "fix --check .", "optimize --check ."];

const COMPOSE_CHECKS: &[&str] =
    &["lint .", "audit .", "fix --check .", "optimize --check .", "compose check .", "deploy check ."];

const SERVICES: &[&str] =
    &["lint .", "audit .", "fix --check .", "compose check .", "compose graph .", "compose env .", "deploy check ."];

const DEPLOYMENTS: &[&str] = &[
    "audit .",
    "compose check .",
    "deploy check .",
    "deploy emit --for haproxy .",
    "deploy emit --for swarm .",
    "deploy emit --for kubernetes .",
    "deploy emit --for ecs .",
];

/// All directions.
pub const DIRECTIONS: &[Direction] = &[
    Direction { name: "dockerfiles", size: 40, make: dockerfiles, commands: CHECKS },
    Direction { name: "one-folder", size: 40, make: one_folder, commands: CHECKS },
    Direction { name: "siblings", size: 100, make: siblings, commands: CHECKS },
    Direction { name: "built-services", size: 20, make: built_services, commands: COMPOSE_CHECKS },
    Direction { name: "services", size: 150, make: services, commands: SERVICES },
    Direction { name: "own-services", size: 150, make: own_services, commands: DEPLOYMENTS },
    Direction { name: "includes", size: 10, make: includes, commands: COMPOSE_CHECKS },
    Direction { name: "files", size: 500, make: files, commands: CHECKS },
    Direction { name: "run-lines", size: 1_000, make: run_lines, commands: CHECKS },
    Direction { name: "copy-lines", size: 1_000, make: copy_lines, commands: CHECKS },
    Direction { name: "env-lines", size: 1_000, make: env_lines, commands: CHECKS },
    Direction { name: "stages", size: 100, make: stages, commands: CHECKS },
    Direction { name: "one-run", size: 1_000, make: one_run, commands: CHECKS },
    Direction { name: "comments", size: 5_000, make: comments, commands: CHECKS },
    Direction { name: "workflows", size: 100, make: workflows, commands: &["ci check .", "lint .", "audit ."] },
    Direction { name: "jobs", size: 100, make: jobs, commands: &["ci check .", "audit ."] },
    Direction { name: "layers", size: 30, make: layers, commands: &["image layers.plain.tar --format json"] },
    Direction {
        name: "layer-files",
        size: 3_000,
        make: layer_files,
        commands: &["image files.plain.tar --format json"],
    },
];

/// Writes a project that is large in one direction.
pub fn direction(name: &str, root: &Path, count: usize) {
    let direction = DIRECTIONS.iter().find(|direction| direction.name == name).expect("a direction");
    (direction.make)(root, count);
}

/// A command without its options and its path.
pub fn name_of(command: &str) -> String {
    let words = command.split(' ').filter(|word| !word.starts_with('-') && *word != "." && !word.contains(".tar"));
    words.filter(|word| *word != "json").collect::<Vec<_>>().join(" ")
}

fn put(path: &Path, text: &str) {
    fs::create_dir_all(path.parent().expect("a folder")).expect("a folder");
    fs::write(path, text).expect("a file");
}

/// A service of one of four languages, with its Dockerfile.
fn service(folder: &Path, number: usize) {
    let (dockerfile, file, text) = match number % 4 {
        0 => (include_str!("../lint/go.txt"), "go.mod", format!("module example.com/s{number}\n\ngo 1.24\n")),
        1 => (include_str!("../lint/java.txt"), "pom.xml", "<project/>\n".to_owned()),
        2 => (
            include_str!("../lint/node.txt"),
            "package.json",
            format!("{{\"name\":\"s{number}\",\"dependencies\":{{\"express\":\"^5\"}}}}\n"),
        ),
        _ => (include_str!("../lint/python.txt"), "requirements.txt", "fastapi==0.121.0\nuvicorn==0.38.0\n".to_owned()),
    };
    put(&folder.join("Dockerfile"), &filled(dockerfile, number));
    put(&folder.join(file), &text);
    put(&folder.join("src/main.txt"), "hello\n");
}

fn filled(template: &str, number: usize) -> String {
    template.replace("{n}", &number.to_string()).replace("{v}", &(number % 5 + 13).to_string())
}

/// Dockerfiles, each in a folder of its own, all below one folder.
fn dockerfiles(root: &Path, count: usize) {
    (0..count).for_each(|number| service(&root.join(format!("services/s{number}")), number));
}

/// Dockerfiles beside each other.
fn one_folder(root: &Path, count: usize) {
    put(&root.join("package.json"), "{\"name\":\"app\",\"dependencies\":{\"express\":\"^5\"}}\n");
    put(&root.join("index.js"), "require('express')().listen(3000)\n");
    for number in 0..count {
        let text = filled(include_str!("../lint/node.txt"), number);
        put(&root.join(format!("Dockerfile.s{number}")), &text);
    }
}

/// Folders without a Dockerfile beside twenty that have one.
fn siblings(root: &Path, count: usize) {
    (0..20).for_each(|number| service(&root.join(format!("packages/s{number}")), number));
    for number in 0..count {
        put(&root.join(format!("packages/lib{number}/index.js")), "module.exports = 1\n");
        put(&root.join(format!("packages/lib{number}/notes.md")), "Notes\n");
    }
}

/// Services of a compose file, each built from a Dockerfile of its own.
fn built_services(root: &Path, count: usize) {
    dockerfiles(root, count);
    let mut text = "services:\n".to_owned();
    for number in 0..count {
        let _ =
            writeln!(text, "  s{number}:\n    build: ./services/s{number}\n    ports: [\"{}:8080\"]", 10_000 + number);
        let _ = writeln!(text, "    environment:\n      NAME: s{number}\n      NEXT: http://s{}:8080", number / 2);
    }
    put(&root.join("compose.yaml"), &text);
}

/// Services of a compose file that run images of others.
fn services(root: &Path, count: usize) {
    let mut text = "name: shop\nservices:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(
            text,
            "  s{number}:\n    image: registry.example.com/s{number}:1.{number}\n    restart: unless-stopped"
        );
        let _ = writeln!(text, "    ports: [\"{}:8080\"]\n    environment:\n      NAME: s{number}", 10_000 + number);
        let _ = writeln!(text, "      LEVEL: ${{LEVEL_{number}:-info}}\n      NEXT: http://s{}:8080", number / 2);
        let _ = writeln!(text, "    volumes: [\"data{number}:/data\"]\n    healthcheck:");
        let _ = writeln!(text, "      test: [\"CMD\", \"curl\", \"-f\", \"http://localhost:8080/health\"]");
        if number > 0 {
            let _ = writeln!(text, "    depends_on: [s{}]", number / 2);
        }
    }
    text.push_str("volumes:\n");
    (0..count).for_each(|number| _ = writeln!(text, "  data{number}:"));
    put(&root.join("compose.yaml"), &text);
}

/// Services of a compose file that are all built from one Dockerfile.
fn own_services(root: &Path, count: usize) {
    service(&root.join("app"), 2);
    let mut text = "name: shop\nservices:\n".to_owned();
    for number in 0..count {
        let _ =
            writeln!(text, "  s{number}:\n    build: ./app\n    environment: {{NEXT: \"http://s{}:80\"}}", number / 2);
        let _ = writeln!(
            text,
            "    expose: [8080]\n    healthcheck: {{test: [CMD, curl, -f, \"http://localhost:8080/\"]}}"
        );
    }
    put(&root.join("compose.yaml"), &text);
}

/// A compose file that includes others, each with a service that is built beside it and one that runs an image.
fn includes(root: &Path, count: usize) {
    let mut text = "include:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "  - services/s{number}/compose.yaml");
        let folder = root.join(format!("services/s{number}"));
        service(&folder, number);
        put(&folder.join("s.env"), "COLOR=red\n");
        let part = format!(
            "services:\n  s{number}:\n    build: .\n    env_file: s.env\n    depends_on: [db{number}]\n  db{number}:\n    image: \
             postgres:17\n    environment:\n      POSTGRES_PASSWORD: ${{PASSWORD_{number}:-x}}\n"
        );
        put(&folder.join("compose.yaml"), &part);
    }
    put(&root.join("compose.yaml"), &text);
}

/// Files beside a Dockerfile.
fn files(root: &Path, count: usize) {
    put(&root.join("Dockerfile"), &filled(include_str!("../lint/node.txt"), 1));
    put(&root.join("package.json"), "{\"name\":\"app\",\"dependencies\":{\"express\":\"^5\"}}\n");
    put(&root.join("index.js"), "require('express')().listen(3000)\n");
    for number in 0..count {
        let (path, text) = match number % 4 {
            0 => (format!("src/part{}/view{number}.js", number / 60), "export const view = () => 'hello'\n"),
            1 => (format!("lib/part{}/work{number}.py", number / 60), "def work(value):\n    return value + 1\n"),
            2 => (format!("public/images/i{number}.png"), "x"),
            _ => (format!("docs/d{number}.md"), "Text\n"),
        };
        put(&root.join(path), text);
    }
}

/// Writes a Dockerfile with the files that it needs.
fn dockerfile(root: &Path, text: &str) {
    put(&root.join("package.json"), "{\"name\":\"app\",\"dependencies\":{\"express\":\"^5\"}}\n");
    put(&root.join("index.js"), "require('express')().listen(3000)\n");
    put(&root.join("Dockerfile"), text);
}

fn run_lines(root: &Path, count: usize) {
    let mut text = "FROM node:22\nWORKDIR /app\nCOPY . .\n".to_owned();
    (0..count)
        .for_each(|number| _ = writeln!(text, "RUN echo step {number} > /tmp/step{number} && npm run part{number}"));
    dockerfile(root, &(text + "CMD [\"node\", \"index.js\"]\n"));
}

fn copy_lines(root: &Path, count: usize) {
    let mut text = "FROM node:22\nWORKDIR /app\nCOPY package.json .\nRUN npm install\n".to_owned();
    (0..count).for_each(|number| _ = writeln!(text, "COPY src/file{number}.js /app/src/file{number}.js"));
    dockerfile(root, &(text + "CMD [\"node\", \"index.js\"]\n"));
}

fn env_lines(root: &Path, count: usize) {
    let mut text = "FROM node:22\nWORKDIR /app\n".to_owned();
    (0..count).for_each(|number| _ = writeln!(text, "ENV NAME_{number}=value-{number}"));
    dockerfile(root, &(text + "COPY . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n"));
}

fn stages(root: &Path, count: usize) {
    let mut text = "FROM node:22 AS s0\nWORKDIR /app\nCOPY . .\nRUN npm install\n".to_owned();
    for number in 1..count {
        let before = number - 1;
        let _ = writeln!(
            text,
            "FROM node:22 AS s{number}\nWORKDIR /app\nCOPY --from=s{before} /app /app\nRUN npm run part{number}"
        );
    }
    dockerfile(root, &(text + "CMD [\"node\", \"index.js\"]\n"));
}

fn one_run(root: &Path, count: usize) {
    let mut text = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN echo start".to_owned();
    (0..count).for_each(|number| _ = write!(text, " \\\n    && echo step {number} > /tmp/step{number}"));
    dockerfile(root, &(text + "\nCMD [\"node\", \"index.js\"]\n"));
}

fn comments(root: &Path, count: usize) {
    let mut text = "FROM node:22\nWORKDIR /app\n".to_owned();
    (0..count).for_each(|number| _ = writeln!(text, "# What the next step is for, in line {number}."));
    dockerfile(root, &(text + "COPY . .\nRUN npm install\nCMD [\"node\", \"index.js\"]\n"));
}

/// Workflows of one repository.
fn workflows(root: &Path, count: usize) {
    const TEMPLATES: [&str; 2] = [include_str!("../pipelines/images.txt"), include_str!("../pipelines/deploy.txt")];
    fs::create_dir_all(root.join(".git")).expect("a folder");
    service(root, 3);
    for number in 0..count {
        let text = filled(TEMPLATES[number % TEMPLATES.len()], number);
        put(&root.join(format!(".github/workflows/w{number}.yml")), &text);
    }
}

/// Jobs of one workflow.
fn jobs(root: &Path, count: usize) {
    let mut text = "name: ci\non: [push]\njobs:\n".to_owned();
    for number in 0..count {
        let _ = writeln!(text, "  job{number}:\n    runs-on: ubuntu-latest\n    needs: [job{}]", number / 2);
        let _ = writeln!(
            text,
            "    steps:\n      - uses: actions/checkout@v4\n      - run: docker build -t app:{number} ."
        );
        let _ = writeln!(text, "      - run: docker push app:{number}");
    }
    fs::create_dir_all(root.join(".git")).expect("a folder");
    service(root, 3);
    put(&root.join(".github/workflows/ci.yml"), &text.replace("    needs: [job0]\n", ""));
}

/// An image of many layers, each of ten files.
fn layers(root: &Path, count: usize) {
    let kind = Kind { name: "layers", bytes: count as u64 * 100_000, files: count * 10, layers: count, whiteouts: 0 };
    make(&kind, Form::Plain, root).expect("an image");
}

/// An image of three layers with many files.
fn layer_files(root: &Path, count: usize) {
    let count = count.max(100);
    let kind = Kind { name: "files", bytes: count as u64 * 5_000, files: count, layers: 3, whiteouts: 0 };
    make(&kind, Form::Plain, root).expect("an image");
}
