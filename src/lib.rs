//! dockopt makes Docker images smaller and builds faster.
//!
//! This page is the map: the crates of the workspace in reading order, with their modules. A crate depends on crates above
//! it alone, which the compiler enforces; inside of a crate a module uses modules above it alone, which a test does
//! (`tests/integration/tidy.rs`). This crate holds the command line, and re-exports the modules of all others.
//!
//! # Pure
//!
//! Bytes or text in, values out; no file, clock, process, environment, print.
//!
//! | crate | module | |
//! |---|---|---|
//! | `text` | [`data`] | embedded tables |
//! | `text` | [`text`] | sources, spans, edits, paths |
//! | `text` | [`secret`] | what looks like a secret |
//! | `text` | [`yaml`] | YAML with spans |
//! | `text` | [`failure`] | the error of the modules below |
//! | `shell` | [`shell`] | shell scripts and the programs in them |
//! | `dockerfile` | [`dockerfile`] | Dockerfiles as BuildKit reads them |
//! | `dockerfile` | [`ignore`] | .dockerignore |
//! | `dockerfile` | [`compose`] | compose files |
//! | `dockerfile` | [`bake`] | bake files |
//! | `project` | [`manifest`] | package.json, pyproject.toml, go.mod, … and their lock files |
//! | `project` | [`sources`] | what source code imports and calls |
//! | `project` | [`migration`] | migrations of databases: what they change |
//! | `project` | [`workflow`] | pipelines: jobs, steps, and the images that they build |
//! | `project` | [`workload`] | containers as manifests of Kubernetes, ECS, `CloudFormation` and Terraform describe them |
//! | `project` | [`recipe`] | `docker build` and `docker run` in makefiles, scripts and workflows |
//! | `project` | [`tasks`] | what the checks and tests of a project are called by |
//! | `image` | [`image`] | layers, files, packages and secrets of an image |
//! | `build` | [`buildlog`] | build logs in every form |
//! | `build` | [`inputs`] | everything that was read |
//! | `build` | [`build`] | what a Dockerfile means |
//! | `build` | [`stack`] | what the services of a compose project mean |
//! | `build` | [`endpoint`] | where a container answers: port and route |
//! | `cache` | [`variables`] | which variables the services of a project read and get |
//! | `cache` | [`shellcheck`] | ShellCheck's answers |
//! | `cache` | [`attribution`] | which line made which layer |
//! | `cache` | [`cache`] | what a change reruns |
//! | `cache` | [`arrange`] | the order of a stage's instructions |
//! | `finding` | [`finding`] | findings, prices, fixes, suppressions |
//! | `finding` | [`settings`] | dockopt.toml, .hadolint.yaml, comments |
//! | `finding` | [`fix`] | applies fixes until none is left |
//! | `rules` | [`rules`] | all rules and their catalogue |
//! | `rules` | [`audit`] | inputs in, report out |
//! | `rules` | [`analysis`] | everything about one image, and about two |
//! | `optimize` | [`optimize`] | rewrites of whole builds |
//! | `optimize` | [`proof`] | compares two images |
//! | `optimize` | [`startup`] | what the start of a compose project proves |
//! | `emit` | [`emit`] | compose files for repositories |
//! | `emit` | [`deployment`] | files that replace containers without a lost request |
//! | `emit` | [`cluster`] | files for clusters: Kubernetes, ECS |
//! | `emit` | [`release`] | the plan before a deployment, the report after it |
//! | `emit` | [`pipeline`] | pipelines that test, build, start, tag and deploy |
//! | `emit` | [`fleet_jobs`] | jobs that check many repositories and images, for GitHub, GitLab and Kubernetes |
//! | `report` | [`wire`] | the shapes of JSON results |
//! | `report` | [`results`] | JSON results of commands, joined and compared |
//! | `report` | [`fleet`] | many repositories and images: lists, shards, what all results say together |
//! | `report` | [`report`] | every output format |
//! | `editor` | [`editor`] | findings, prices, fixes and names in the texts of an editor |
//!
//! # Effectful
//!
//! What touches files, processes, sockets, the clock or the terminal, and nothing else does.
//!
//! | crate | module | |
//! |---|---|---|
//! | `load` | [`remote`] | registries, comments on pull requests |
//! | `load` | [`engine`] | Docker engines |
//! | `load` | [`load`] | finds and reads files |
//! | `measure` | [`measure`] | builds, containers, timings |
//! | `dockopt` | [`cli`] | arguments, output, exit codes |

#[doc(no_inline)]
pub use dockopt_build::{build, buildlog, endpoint, inputs, stack};
#[doc(no_inline)]
pub use dockopt_cache::{arrange, attribution, cache, shellcheck, variables};
#[doc(no_inline)]
pub use dockopt_dockerfile::{bake, compose, dockerfile, ignore};
#[doc(no_inline)]
pub use dockopt_editor::editor;
#[doc(no_inline)]
pub use dockopt_emit::{cluster, deployment, emit, fleet_jobs, pipeline, release};
#[doc(no_inline)]
pub use dockopt_finding::{finding, fix, settings};
#[doc(no_inline)]
pub use dockopt_image::image;
#[doc(no_inline)]
pub use dockopt_load::{engine, load, remote};
#[doc(no_inline)]
pub use dockopt_measure::measure;
#[doc(no_inline)]
pub use dockopt_optimize::{optimize, proof, startup};
#[doc(no_inline)]
pub use dockopt_project::{manifest, migration, recipe, sources, tasks, workflow, workload};
#[doc(no_inline)]
pub use dockopt_report::{fleet, report, results, wire};
#[doc(no_inline)]
pub use dockopt_rules::{analysis, audit, rules};
#[doc(no_inline)]
pub use dockopt_shell::shell;
#[doc(no_inline)]
pub use dockopt_text::{data, failure, secret, text, yaml};

pub mod cli;
