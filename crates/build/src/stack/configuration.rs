//! Gathers what a service is configured with: by its compose file, and by the Dockerfile that it is built from.

use super::StackService;
use super::settings::{SHELL, ServiceSettings};
use crate::build::Build;
use crate::compose::project::{ComposeMap, ComposePlace, ComposeProject, ComposeValue};
use crate::dockerfile::Keyword;
use crate::shell::program::{Kind, Program};
use crate::text::path;

impl ServiceSettings {
    /// The settings of a service.
    ///
    /// # Errors
    /// Why they are not known, in one sentence without a full stop.
    pub fn of(project: &ComposeProject, service: &StackService) -> Result<Self, String> {
        let mut settings = Self { words: words(project, service), ..Self::default() };
        let variables = service.value.get("environment").and_then(ComposeValue::as_map);
        for (name, entry) in variables.into_iter().flat_map(ComposeMap::iter) {
            // A variable of Compose may have another value where the project runs.
            let is_fixed = project.text(entry.value.place).is_some_and(|text| !text.contains('$'));
            let value = if is_fixed && !entry.value.is_null() { Some(entry.value.display()) } else { None };
            settings.variables.push((name.to_owned(), value));
        }
        let list = |key: &str| service.value.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
        let text = |value: &ComposeValue, key: &str| Some(value.get(key)?.as_text()?.to_owned());
        let binds = list("volumes").iter().filter(|volume| text(volume, "type").is_some_and(|kind| kind == "bind"));
        settings.files.extend(binds.filter_map(|volume| text(volume, "target")));
        settings.files.extend(list("configs").iter().filter_map(|config| text(config, "target")));
        if service.is_built {
            settings.add_dockerfile(service)?;
        }
        Ok(settings)
    }

    fn add_dockerfile(&mut self, service: &StackService) -> Result<(), String> {
        let input = service.image.as_ref().ok_or("its Dockerfile is not known")?;
        let build = Build::new(input);
        let target = build.target().ok_or("its Dockerfile has no stage to build")?;
        // What other stages copy and start is not in the image.
        let instructions = build.chain(target).flat_map(|stage| build.instructions(stage));
        for (_, instruction) in instructions {
            let text = input.file.source().slice(instruction.span);
            let words = || text.split_whitespace().skip(1).map(|word| word.trim_matches(['"', '\'', ',', '[', ']']));
            match instruction.keyword {
                Keyword::Cmd | Keyword::Entrypoint => {
                    return Err("its Dockerfile says what it starts".to_owned());
                }
                // Where it lies says more than what it was.
                Keyword::Copy | Keyword::Add => {
                    let paths: Vec<&str> = words().filter(|word| !word.starts_with("--")).collect();
                    self.files.extend(paths.into_iter().rev().map(str::to_owned));
                }
                Keyword::Env => {
                    let names = words().map(|word| word.split('=').next().unwrap_or_default().to_owned());
                    self.variables.extend(names.map(|name| (name, None)));
                }
                _ => {}
            }
        }
        Ok(())
    }
}

/// The words of `entrypoint` and `command` as they are written; a shell and its options are one word.
fn words(project: &ComposeProject, service: &StackService) -> Vec<String> {
    let mut words: Vec<String> = Vec::new();
    let mut places: Vec<Option<ComposePlace>> = Vec::new();
    for key in ["entrypoint", "command"] {
        let items = service.value.get(key).and_then(ComposeValue::as_list).unwrap_or_default();
        // Words of one text have its place.
        for item in
            items.iter().filter(|item| item.place.is_none() || !places.contains(&item.place)).collect::<Vec<_>>()
        {
            if item.place.is_some() && places.contains(&item.place) {
                continue;
            }
            places.push(item.place);
            let text = project.text(item.place).or_else(|| item.as_text()).unwrap_or_default();
            let plain = |word: &str| word.trim_matches(['"', '\'', '\\', ',', '[', ']', ';']).to_owned();
            words.extend(text.split_whitespace().map(plain).filter(|word| !word.is_empty()));
        }
    }
    let is_shell = |word: &String| Program::of(path::name(word)).is(Kind::Shell);
    let is_flag = |word: &String| word.starts_with('-') && !word.starts_with("--") && word.ends_with('c');
    if words.first().is_some_and(is_shell) && words.get(1).is_some_and(is_flag) {
        words.splice(0..2, [SHELL.to_owned()]);
    }
    words
}
