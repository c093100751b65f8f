//! So much of the inputs of a run as rewrites of some of its builds read or write. What that takes must not grow with the
//! other builds.

use std::collections::{BTreeMap, BTreeSet};

use super::{BuildInput, IgnoreInput, Inputs};
use crate::text::FileId;

/// The builds of a run, by the context and the .dockerignore that they share.
#[derive(Debug)]
pub struct BuildGroups<'i> {
    inputs: &'i Inputs,
    groups: BTreeMap<(Option<&'i str>, &'i str), Vec<usize>>,
}

/// Some builds of a run.
#[derive(Clone, Debug)]
pub struct InputsPart {
    /// Without compose files, pipelines and manifests.
    pub inputs: Inputs,
    /// The files of these inputs by their ids in those of the run, ascending.
    pub files: Vec<FileId>,
}

impl<'i> BuildGroups<'i> {
    /// The groups of a run.
    pub fn new(inputs: &'i Inputs) -> Self {
        let mut groups: BTreeMap<(Option<&str>, &str), Vec<usize>> = BTreeMap::new();
        for (index, build) in inputs.builds.iter().enumerate() {
            if let Some(key) = key(inputs, build) {
                groups.entry(key).or_default().push(index);
            }
        }
        Self { inputs, groups }
    }

    /// The builds that share context and .dockerignore with the one of this index, which is one of them; empty where nobody
    /// looked for a .dockerignore.
    pub fn group_of(&self, index: usize) -> &[usize] {
        let key = self.inputs.builds.get(index).and_then(|build| key(self.inputs, build));
        key.and_then(|key| self.groups.get(&key)).map_or(&[], Vec::as_slice)
    }
}

impl InputsPart {
    /// The inputs of the builds with these indexes, in this order.
    pub fn of(whole: &Inputs, builds: &[usize]) -> Self {
        let members: Vec<&BuildInput> = builds.iter().filter_map(|build| whole.builds.get(*build)).collect();
        let files: BTreeSet<FileId> = members.iter().flat_map(|member| files_of(whole, member)).collect();
        let inputs = Inputs {
            root: whole.root.clone(),
            sources: files.iter().map(|file| whole.source(*file).clone()).collect(),
            today: whole.today,
            unsettled: whole.unsettled,
            ..Inputs::default()
        };
        let mut part = Self { inputs, files: files.into_iter().collect() };
        for member in members {
            if let Some(chain) = whole.settings.get(&member.dockerfile) {
                let mut chain = chain.clone();
                for settings in &mut chain {
                    settings.file = part.file(settings.file);
                }
                part.inputs.settings.insert(part.file(member.dockerfile), chain);
            }
            let mut member = member.clone();
            member.dockerfile = part.file(member.dockerfile);
            if let IgnoreInput::Present(file, _) = &mut member.ignore {
                *file = part.file(*file);
            }
            part.inputs.builds.push(member);
        }
        part
    }

    /// The id in these inputs of a file of the run that is in them.
    pub fn file(&self, file: FileId) -> FileId {
        self.files.binary_search(&file).map_or(file, |at| FileId(at as u32))
    }
}

/// What the builds of a group have in common; `None` where nobody looked for a .dockerignore.
fn key<'i>(inputs: &'i Inputs, build: &'i BuildInput) -> Option<(Option<&'i str>, &'i str)> {
    let ignore = match &build.ignore {
        IgnoreInput::Present(file, _) => inputs.source(*file).name(),
        IgnoreInput::Missing(path) => path,
        IgnoreInput::Unknown => return None,
    };
    Some((build.context_root.as_deref(), ignore))
}

/// The Dockerfile, its .dockerignore and its settings.
fn files_of<'i>(inputs: &'i Inputs, build: &BuildInput) -> impl Iterator<Item = FileId> + use<'i> {
    let ignore = match &build.ignore {
        IgnoreInput::Present(file, _) => Some(*file),
        _ => None,
    };
    let settings = inputs.settings.get(&build.dockerfile).into_iter().flatten().map(|settings| settings.file);
    [build.dockerfile].into_iter().chain(ignore).chain(settings)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::inputs::{BuildOptions, SettingsFormat, SettingsInput};
    use crate::text::Source;

    #[test]
    fn a_part_has_the_files_of_its_builds_alone() {
        let mut inputs = Inputs::default();
        let settings = inputs.add(Source::of("dockopt.toml", ""));
        for name in ["a/Dockerfile", "b/Dockerfile", "b/Dockerfile.dev", "c/Dockerfile"] {
            let source = Source::of(name, "FROM a\n");
            let mut build = BuildInput::new(&source, BuildOptions::default());
            build.dockerfile = inputs.add(source);
            build.ignore = IgnoreInput::Missing(format!("{}/.dockerignore", &name[..1]));
            let chain =
                SettingsInput { file: settings, format: SettingsFormat::Dockopt, path: name.into(), whole: true };
            inputs.settings.insert(build.dockerfile, vec![chain]);
            inputs.builds.push(build);
        }
        let groups = BuildGroups::new(&inputs);
        assert_eq!((groups.group_of(0), groups.group_of(2)), (&[0][..], &[1, 2][..]));
        let part = InputsPart::of(&inputs, groups.group_of(2));
        let names: Vec<&str> = part.inputs.sources.iter().map(Source::name).collect();
        assert_eq!(names, ["dockopt.toml", "b/Dockerfile", "b/Dockerfile.dev"]);
        assert_eq!(part.files, [settings, FileId(2), FileId(3)]);
        let build = &part.inputs.builds[1];
        assert_eq!(part.inputs.source(build.dockerfile).name(), "b/Dockerfile.dev");
        assert_eq!(part.inputs.settings[&build.dockerfile][0].file, FileId(0));
    }
}
