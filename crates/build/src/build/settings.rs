//! The settings that apply at an instruction of a stage: the user, the working directory, the shell.

use super::{BaseImage, Build, Reference, Stage, StageBase};
use crate::data;
use crate::dockerfile::{Arguments, File, Keyword, LineKind};
use crate::shell::{Shell, shell_of};
use crate::text::path;

/// A setting and where it comes from.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Setting<T> {
    /// Set by the instruction with this index.
    By(usize, T),
    /// Known from the base image.
    Base(T),
    /// The default if nothing sets it.
    Default(T),
    /// Not known.
    Unknown,
}

/// The user that a stage runs as.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum User {
    /// Root, by name or number.
    Root,
    /// Another user, as written.
    Other(String),
    /// Root at first; the image's entrypoint drops root.
    StepsDown,
    /// Depends on a value that is known only during the build.
    Unknown,
}

impl User {
    /// Reads USER's argument, variables resolved: `name`, `uid`, `name:group`.
    pub fn of(text: &str) -> Self {
        let user = text.split(':').next().unwrap_or_default().trim();
        let zero = !user.is_empty() && user.bytes().all(|byte| byte == b'0');
        match user {
            "" => Self::Root,
            _ if zero || user.eq_ignore_ascii_case("root") => Self::Root,
            _ => Self::Other(user.to_owned()),
        }
    }
}

/// The number of relative WORKDIRs that are joined; no real file comes near.
const DEEPEST: usize = 100;

impl Build<'_> {
    /// The user at the end of a stage.
    pub fn user(&self, stage: &Stage) -> Setting<User> {
        self.user_at(stage, usize::MAX)
    }

    /// The user that the instruction with index `at` of a stage runs as.
    pub fn user_at(&self, stage: &Stage, at: usize) -> Setting<User> {
        let last = self.latest.before(Keyword::User, stage, at).and_then(|index| Some((index, self.stage_of(index)?)));
        let Some((index, below)) = last else { return self.base_user(self.root_base(stage)) };
        let text = self.input().file.str(self.instruction(index).rest);
        let user = self.scopes().expand(below.index, index, text).map_or(User::Unknown, |text| User::of(&text));
        Setting::By(index, user)
    }

    fn base_user(&self, base: &StageBase) -> Setting<User> {
        match base {
            StageBase::Scratch => Setting::Default(User::Root),
            StageBase::Image(reference) => {
                if let Some(config) = self.input().base_images.get(reference) {
                    return Setting::Base(User::of(&config.user));
                }
                BaseImage::of(reference).user().map_or(Setting::Unknown, Setting::Base)
            }
            StageBase::Stage(_) | StageBase::Context(_) | StageBase::Unknown(_) => Setting::Unknown,
        }
    }

    /// The working directory of the instruction with index `at` of a stage.
    pub fn workdir(&self, stage: &Stage, at: usize) -> Setting<String> {
        // Relative folders are collected until the absolute one that they are relative to: innermost last.
        let mut relative: Vec<String> = Vec::new();
        let mut by = None;
        let mut next = self.latest.before(Keyword::Workdir, stage, at);
        while let Some((index, below)) = next.and_then(|index| Some((index, self.stage_of(index)?))) {
            if relative.len() == DEEPEST {
                return Setting::Unknown;
            }
            let text = self.input().file.str(self.instruction(index).rest);
            let Some(folder) = self.scopes().expand(below.index, index, text) else { return Setting::Unknown };
            let by = *by.get_or_insert(index);
            if folder.starts_with('/') {
                return Setting::By(by, join_folders(&folder, &relative));
            }
            relative.push(folder);
            next = self.latest.before(Keyword::Workdir, below, index);
        }
        let base = match self.root_base(stage) {
            StageBase::Scratch => Setting::Default("/".to_owned()),
            StageBase::Image(reference) => match self.input().base_images.get(reference) {
                Some(config) => Setting::Base(path::join("/", &config.workdir)),
                None => official_folder(reference).map_or(Setting::Unknown, |folder| Setting::Base(folder.to_owned())),
            },
            _ => Setting::Unknown,
        };
        match (base, by) {
            (Setting::Default(folder) | Setting::Base(folder), Some(by)) => {
                Setting::By(by, join_folders(&folder, &relative))
            }
            (base, _) => base,
        }
    }

    /// The shell that a comment names for the base image: it applies up to the next SHELL of its stage.
    fn told_shell(&self, stage: &Stage, at: usize) -> Option<Shell> {
        let place = self.instruction(at).span.start;
        let index = self.told_shells.partition_point(|(start, _)| *start < place).checked_sub(1)?;
        let (start, shell) = &self.told_shells[index];
        let set = self.latest.before(Keyword::Shell, stage, at).map(|index| self.instruction(index).span.start);
        let inside = stage.from().is_none_or(|from| self.instruction(from).span.start < *start);
        (inside && set.is_none_or(|set| set < *start)).then_some(*shell)
    }

    /// The shell that runs the shell form of an instruction.
    pub fn shell(&self, stage: &Stage, at: usize) -> Setting<Shell> {
        if let Some(shell) = self.told_shell(stage, at) {
            return Setting::Base(shell);
        }
        if let Some(index) = self.latest.before(Keyword::Shell, stage, at) {
            let Arguments::Json(words) = &self.instruction(index).arguments else { return Setting::Unknown };
            let argv: Vec<&str> = words.iter().map(|word| &*word.value).collect();
            return Setting::By(index, shell_of(&argv));
        }
        match self.root_base(stage) {
            StageBase::Image(reference) => {
                let config = self.input().base_images.get(reference).and_then(|config| config.shell.as_ref());
                if let Some(argv) = config {
                    return Setting::Base(shell_of(&argv.iter().map(String::as_str).collect::<Vec<_>>()));
                }
                if BaseImage::of(reference).is_windows() {
                    return Setting::Default(shell_of(&["cmd", "/S", "/C"]));
                }
                Setting::Default(shell_of(&["/bin/sh", "-c"]))
            }
            _ => Setting::Default(shell_of(&["/bin/sh", "-c"])),
        }
    }
}

/// The working directory of official images of languages and distributions: most set no WORKDIR, PHP's does.
fn official_folder(reference: &str) -> Option<&'static str> {
    match Reference::of(reference).short_name() {
        "php" => Some("/var/www/html"),
        "python" | "node" | "ruby" => Some("/"),
        name => data::TOOLCHAIN_IMAGES.row(name)?.get(1).copied(),
    }
}

/// The shells that comments name (`# hadolint shell=powershell`), with their positions.
pub(super) fn told_shells(file: &File) -> Vec<(u32, Shell)> {
    let mut shells = Vec::new();
    for line in file.lines().iter().filter(|line| line.kind == LineKind::Comment) {
        let text = file.source().slice(line.span).trim().trim_start_matches('#').trim_start();
        let value =
            || text.strip_prefix("hadolint")?.trim_start().strip_prefix("shell")?.trim_start().strip_prefix('=');
        let Some(name) = value().and_then(|value| value.trim_start().split([' ', '\t', '#']).next()) else { continue };
        if !name.is_empty() {
            shells.push((line.span.start, shell_of(&[name])));
        }
    }
    shells
}

/// An absolute folder with relative ones below it, the innermost first in `relative`.
fn join_folders(folder: &str, relative: &[String]) -> String {
    let below: Vec<&str> = relative.iter().rev().map(String::as_str).collect();
    path::join("/", &format!("{folder}/{}", below.join("/")))
}

impl<T> Setting<T> {
    /// The value, without its origin.
    pub fn value(&self) -> Option<&T> {
        match self {
            Self::By(_, value) | Self::Base(value) | Self::Default(value) => Some(value),
            Self::Unknown => None,
        }
    }
}
