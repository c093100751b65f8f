//! The paths that a container of a stage writes to, as far as the files show: VOLUME, mounts in compose, folders in
//! root's home that ENV names, and installs in its start scripts. To run it as another user, their owner has to be
//! changed.

use super::{Build, Stage};
use crate::data;
use crate::dockerfile::Keyword;
use crate::manifest::FileKind;
use crate::shell::{Script, Verb, parse};
use crate::text::path;

/// The home of root, which other users may not enter.
const HOME: &str = "/root";

impl Build<'_> {
    /// The folders that VOLUME names in a stage's chain.
    pub fn volumes(&self, stage: &Stage) -> Vec<String> {
        let all = self
            .chain(stage)
            .flat_map(|stage| self.instructions(stage).map(move |instruction| (stage.index, instruction)));
        let paths = all.filter(|(_, (_, instruction))| instruction.keyword == Keyword::Volume).flat_map(
            |(stage, (index, instruction))| {
                let words = self.input().file.list(instruction);
                words.into_iter().filter_map(|path| self.scopes().expand(stage, index, &path.text)).collect::<Vec<_>>()
            },
        );
        paths
            .filter(|path| path.starts_with('/') && path.len() > 1)
            .map(|path| path.trim_end_matches('/').to_owned())
            .collect()
    }

    /// The folders that VOLUME and compose say a container writes to; not those that hide the sources, as in development.
    pub fn written_folders(&self, stage: &Stage) -> Vec<String> {
        let work = self.workdir(stage, usize::MAX);
        let is_source = |mount: &String| work.value().is_some_and(|work| path::is_within(work, mount));
        let is_made = |mount: &String| data::FOLDER_NAMES.has(path::name(mount), "passed");
        let is_packages = |mount: &String| FileKind::of(mount).named_role().is_some();
        let has_code = |mount: &String| {
            let below = work.value().and_then(|work| path::relative(mount, work)).filter(|below| !below.is_empty());
            let texts = self.input().texts.as_ref();
            below.zip(texts).is_some_and(|(below, texts)| {
                texts.keys().any(|file| path::is_below(file, below) && FileKind::of(file).is_code())
            })
        };
        let is_file = |mount: &String| path::name(mount).trim_start_matches('.').contains('.');
        let roles = ["open", "image", "shared"];
        let is_system = |mount: &String| {
            roles
                .into_iter()
                .flat_map(|role| data::SYSTEM_FOLDERS.with(role))
                .any(|folder| path::is_within(mount, folder))
        };
        let mounts = self.input().options.run.mounts.iter().cloned();
        let mounts =
            mounts.filter(|mount| !is_source(mount) && !is_packages(mount) && !is_file(mount) && !is_system(mount));
        let mounts = mounts.filter(|mount| !path::is_within(mount, HOME));
        let mounts = mounts.filter(|mount| !has_code(mount));
        let folders = self.volumes(stage).into_iter().chain(mounts);
        // What tools install or make there comes with the image.
        let mut folders: Vec<String> = folders.filter(|folder| !is_made(folder)).collect();
        folders.sort();
        folders.dedup();
        folders
    }

    /// The folders in root's home that ENV or a mount of compose names.
    pub fn folders_in_root_home(&self, stage: &Stage) -> Vec<String> {
        let file = &self.input().file;
        let mut paths = Vec::new();
        for stage in self.chain(stage) {
            for (index, instruction) in
                self.instructions(stage).filter(|(_, instruction)| instruction.keyword == Keyword::Env)
            {
                // `PATH` only names places of programs.
                let pairs = file.variables(instruction).into_iter().filter(|pair| !pair.name.text.ends_with("PATH"));
                let values = pairs.filter_map(|pair| self.scopes().expand(stage.index, index, &pair.value.text));
                paths.extend(values.filter(|value| path::is_below(value, HOME) && !value.contains([':', ' '])));
            }
        }
        let mounts = self.input().options.run.mounts.iter();
        paths.extend(mounts.filter(|mount| path::is_below(mount, HOME)).cloned());
        paths.sort();
        paths.dedup();
        paths
    }

    /// The shell scripts of the context that a container starts with, if they were read: path and commands.
    pub fn start_scripts(&self, stage: &Stage) -> Vec<(String, Script)> {
        let Some(texts) = self.input().texts.as_ref() else { return Vec::new() };
        let scripts = self.start_files(stage).into_iter().filter_map(|started| {
            let text = String::from_utf8_lossy(texts.get(&started.file.path)?);
            let first = text.lines().next().unwrap_or_default();
            let is_shell =
                FileKind::of(&started.file.path).is_shell() || first.starts_with("#!") && first.ends_with("sh");
            is_shell.then(|| (started.file.path.clone(), parse(&text)))
        });
        scripts.collect()
    }

    /// The first install that a container runs when it starts: the script's name and the command.
    pub fn installed_at_start(&self, stage: &Stage) -> Option<(String, String)> {
        self.start_scripts(stage).into_iter().find_map(|(file, script)| {
            let invocations = script.invocations();
            let call = invocations.iter().filter_map(crate::shell::Invocation::package_call);
            let install = call.into_iter().find(|call| call.verb == Verb::Install)?;
            Some((path::name(&file).to_owned(), install.title()))
        })
    }
}
