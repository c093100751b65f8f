//! dockopt makes Docker images smaller and builds faster.
//!
//! This file is the map. The modules stand in reading order; each uses only modules above it, and a test
//! (`tests/integration/tidy.rs`) enforces that.

// Pure: bytes or text in, values out; no file, clock, process, environment, print.
pub mod data; // embedded tables
pub mod text; // sources, spans, edits, paths
pub mod secret; // what looks like a secret
pub mod yaml; // YAML with spans
pub mod compose; // compose files
pub mod bake; // bake files
pub mod shell; // shell scripts and the programs in them
pub mod dockerfile; // Dockerfiles as BuildKit reads them
pub mod ignore; // .dockerignore
pub mod manifest; // package.json, pyproject.toml, go.mod, … and their lock files
pub mod sources; // what source code imports and calls
pub mod recipe; // `docker build` in makefiles, scripts and workflows
pub mod image; // layers, files, packages and secrets of an image
pub mod buildlog; // build logs in every form
pub mod inputs; // everything that was read
pub mod build; // what a Dockerfile means
pub mod stack; // what the services of a compose project mean
pub mod variables; // which variables the services of a project read and get
pub mod endpoint; // where a container answers: port and route
pub mod shellcheck; // ShellCheck's answers
pub mod attribution; // which line made which layer
pub mod cache; // what a change reruns
pub mod finding; // findings, prices, fixes, suppressions
pub mod settings; // dockopt.toml, .hadolint.yaml, comments
pub mod fix; // applies fixes until none is left
pub mod arrange; // the order of a stage's instructions
pub mod rules; // all rules and their catalogue
pub mod audit; // inputs in, report out
pub mod optimize; // rewrites of whole builds
pub mod proof; // compares two images
pub mod startup; // what the start of a compose project proves
pub mod emit; // compose files for repositories
pub mod analysis; // everything about one image, and about two
pub mod results; // JSON results of commands, joined and compared
pub mod report; // every output format
pub mod failure; // the error of the modules below

// Effectful: the only modules that touch files, processes, sockets, the clock or the terminal.
pub mod remote; // registries, comments on pull requests
pub mod engine; // Docker engines
pub mod load; // finds and reads files
pub mod measure; // builds, containers, timings
pub mod cli; // arguments, output, exit codes
