//! The list of passes, in the order of their running.

use super::assumption::Support;
use super::languages::{compiled, node, python, ruby_php};
use super::level::Level;
use super::pass_input::{PassInput, PassOutput};
use super::{app_folder, flags, hygiene, ignore, order, server, slim};
use super::{cache_mounts, dependency_files, dev_dependencies, replaced_installs};

/// The name and the level of a pass.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PassInfo {
    /// The name that `--only` and `--skip` take.
    pub id: &'static str,
    /// Its level.
    pub level: Level,
    /// What it does, in one line.
    pub title: &'static str,
}

/// A pass: what it is, and the function that answers with edits.
pub(super) struct Pass {
    /// What it is.
    pub info: PassInfo,
    /// Looks at the build as it is now, and says what to change.
    pub run: fn(&PassInput, &mut PassOutput),
    /// What its steps assume that say nothing of their own, and what supports that.
    pub assumes: (&'static str, Support),
}

/// Passes by their levels: name, title, what their steps assume unless they say so themselves, what supports that, and the
/// function.
macro_rules! passes {
    ($($level:ident { $(
        $id:literal: $title:literal assuming $assumption:literal $support:ident => $run:path;
    )+ })+) => {
        /// All in the order of their running; levels never go down.
        pub(super) const PASSES: &[Pass] = &[$($(Pass {
            info: PassInfo { id: $id, level: Level::$level, title: $title },
            run: $run,
            assumes: ($assumption, Support::$support),
        },)+)+];
    };
}

passes! {
    Ignore {
        "dockerignore": "excludes files from the build context that no build step needs"
            assuming "no build step reads an excluded file" Sources => ignore::run;
    }
    Order {
        "replaced-installs": "removes installs whose packages a later COPY replaces"
            assuming "the copied packages are those of the same lock file" Sources => replaced_installs::run;
        "declared-packages": "installs packages from the manifest instead of naming them in a command"
            assuming "the program runs with the versions of the manifest" Sources => order::declared::run;
        "dependency-files-first": "copies dependency files and installs before the sources are copied"
            assuming "installs read only the files that are copied before them" Sources => dependency_files::run;
        "cache-mounts": "keeps package downloads in cache mounts"
            assuming "the program reads no package cache at run time" Sources => cache_mounts::run;
        "volatile-last": "moves ARG and LABEL values that change with each build below the steps that they rerun"
            assuming "no step above the new place uses the variable" Sources => order::volatile::run;
        "build-tool-mounts": "keeps the downloads of .NET and Gradle images in cache mounts"
            assuming "the program reads no package cache at run time" Sources => compiled::mounts::mount;
    }
    Flags {
        "lock-file-copied": "copies the lock file with the manifest"
            assuming "the lock file is up to date" Sources => flags::lock_copies::run;
        "lock-respecting-install": "installs the locked versions where the lock file is up to date"
            assuming "the lock file is up to date" Sources => flags::locks::run;
        "no-dev-dependencies": "omits dev dependencies where no build step and no program needs them"
            assuming "the program loads no dev dependency" Sources => dev_dependencies::run;
        "quiet-installs": "turns off audit and funding messages in builds"
            assuming "no one reads the messages of an install" Sources => flags::quiet::run;
        "safe-fixes": "applies the safe fixes of the rules"
            assuming "the fixed instructions do the same" Sources => flags::safe::run;
    }
    Stages {
        "app-folder": "moves the program from `/` to a folder of its own"
            assuming "nothing names a file of the program by its path from `/`" Sources => app_folder::run;
        "python-stages": "installs Python dependencies in a separate stage"
            assuming "the final image needs nothing from the build stage but the virtual environment" Sources
            => python::stages;
        // What starts the program needed them as long as it was the installer itself.
        "python-production": "omits dev dependencies from the copied virtual environment"
            assuming "the program loads no dev dependency" Sources => dev_dependencies::run;
        "site-stages": "serves built files with a web server instead of a preview server"
            assuming "the server answers requests only with the built files" Sources => node::site::in_stages;
        "next-standalone": "copies only the files that Next.js traced for its server"
            assuming "the server loads only files that Next.js traces" Open => node::standalone::run;
        "client-stages": "builds sites that another program serves in separate stages"
            assuming "the server needs nothing from the site but the built files" Sources => node::client::run;
        "client-production": "omits dev dependencies of the program that serves such a site"
            assuming "the program loads no dev dependency" Sources => dev_dependencies::run;
        "node-start": "starts Node programs without npm"
            assuming "the script starts nothing but this program" Sources => node::start::run;
        "node-stages": "builds Node projects in a separate stage"
            assuming "the final image needs nothing from the build stage but the files that are copied" Sources
            => node::stages;
        "bundler-caches": "keeps the caches of bundlers in cache mounts"
            assuming "no program reads the caches of bundlers at run time" Sources => node::caches::mount;
        "compiled-start": "compiles when the image is built instead of at every start"
            assuming "no container replaces the compiled sources" Sources => compiled::start::compile;
        // What starts then is a step like those that level 1 has seen.
        "compiled-order": "copies the dependency files first where the image compiles"
            assuming "installs read only the files that are copied before them" Sources => dependency_files::run_again;
        "compiled-mounts": "keeps package downloads in cache mounts where the image compiles"
            assuming "the program reads no package cache at run time" Sources => compiled::mount_again;
        "compiled-stages": "compiles in a separate build stage"
            assuming "the final image needs nothing from the build stage but the files that are copied" Sources
            => compiled::split::split;
        "cargo-target": "keeps cargo's target folder in a cache mount"
            assuming "the program needs nothing from cargo's target folder but the executables" Sources
            => compiled::target::keep;
        "bundler-stages": "installs gems in a separate stage"
            assuming "the final image needs nothing from the build stage but the gems" Open => ruby_php::bundler::run;
        "composer-stages": "installs Composer packages in a separate stage"
            assuming "the final image needs nothing from the build stage but Composer's packages" Open
            => ruby_php::composer::run;
        // What is copied from that stage stands where an install was, and others may stand above it now.
        "scripted-order": "copies dependency files first in the remaining steps"
            assuming "installs read only the files that are copied before them" Sources => dependency_files::run_again;
    }
    Slim {
        "compiled-base": "uses the runtime image instead of the toolchain image"
            assuming "the program needs no toolchain at run time" Open => compiled::base::replace;
        "slim-runtime": "uses the slim variant of the base image for the final stage"
            assuming "the program uses nothing that only the full image contains" Sources => slim::runtime;
        "slim-builder": "uses the slim variant of the base image for build stages"
            assuming "the build uses nothing that only the full image contains" Sources => slim::builder;
        "java-manuals": "creates a folder that Debian's Java packages expect"
            assuming "an additional empty folder does no harm" Sources => compiled::manuals::make;
        // What stood in the way of a fix may be gone: a RUN that used the package lists of another one.
        "remaining-fixes": "applies the safe fixes of the rules to what the stages and bases changed"
            assuming "the fixed instructions do the same" Sources => flags::safe::run;
    }
    Hygiene {
        "exec-form": "starts the program without a shell"
            assuming "the program needs no shell" Sources => hygiene::command::run;
        "go-scratch": "uses `scratch` for a static Go program"
            assuming "the program needs nothing from an operating system" Sources => compiled::scratch::replace;
        "secret-env": "removes secrets from the image's configuration"
            assuming "the program does not read the secret from the image" Sources => hygiene::secret::run;
        "healthcheck": "adds a HEALTHCHECK that requests a page of the service"
            assuming "the service answers this request as long as it is healthy" Sources => hygiene::health::run;
        "non-root": "runs the program as a non-root user"
            assuming "the program writes only to folders of its user" Open => hygiene::user::run;
        "build-checks": "fixes the warnings of `docker build --check`"
            assuming "both forms mean the same to the builder" Sources => hygiene::checks::run;
    }
    Server {
        "production-form": "starts servers without development features"
            assuming "no source changes in a running container" Open => server::reload::run;
        "static-site": "serves built files with a web server, also instead of a development server"
            assuming "the server answers requests only with the built files" Open => node::site::in_any_case;
        "static-site-caches": "keeps the caches of bundlers in cache mounts after static-site"
            assuming "no program reads the caches of bundlers at run time" Sources => node::caches::mount;
    }
}

/// What there is, in the order of running.
pub fn passes() -> impl Iterator<Item = PassInfo> {
    PASSES.iter().map(|pass| pass.info)
}
