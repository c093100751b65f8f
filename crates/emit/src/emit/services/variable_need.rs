//! Whether a program needs a variable that it reads, and which value it gets.

use super::late_read::is_read_late;
use crate::build::{Lookup, VariableOrigin};
use crate::data;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::nearest_example;
use crate::emit::input::EmitInput;
use crate::manifest::FileKind;
use crate::secret;
use crate::sources::code::expression;
use crate::sources::patterns;
use crate::sources::variables::{Absence, VariableRead, is_asked_for, is_done_without};
use crate::variables::{ExampleVariable, is_read_by_tools};

/// Which variables are wanted.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(in crate::emit) enum EnvironmentExtent {
    /// All that the program should get.
    All,
    /// Only those without which it fails.
    Needed,
}

/// Lines of a comment above an example that are read.
const REMARK_LINES: usize = 5;

/// How a program gets a variable.
pub(super) enum VariableNeed {
    /// The user must set it.
    Required,
    /// It has this value where the user sets none.
    Shown(String),
    /// Compose passes on what is set.
    PassedOn,
    /// Compose passes on what is set, and the example offers it with this remark.
    Offered(&'static str),
}

/// A variable that a file of a program reads, and what is known of it.
pub(super) struct ReadVariable<'r, 'i, 'a> {
    input: &'r EmitInput<'i>,
    application: &'r Application<'a>,
    file: usize,
    read: &'r VariableRead,
    /// The nearest example, also without a value.
    example: Option<&'r ExampleVariable>,
    /// The value of the nearest example that has one.
    shown: Option<&'r str>,
}

impl<'r, 'i, 'a> ReadVariable<'r, 'i, 'a> {
    pub(super) fn of(
        input: &'r EmitInput<'i>,
        application: &'r Application<'a>,
        (file, read): (usize, &'r VariableRead),
    ) -> Self {
        let is_same = |known: &ExampleVariable| known.name == read.name;
        let example = nearest_example(input, file, is_same);
        let shown = nearest_example(input, file, |known| is_same(known) && !known.value.is_empty());
        Self { input, application, file, read, example, shown: shown.map(|example| example.value.as_str()) }
    }

    /// How the program gets it, and why; `None` where it does without.
    pub(super) fn need(&self, extent: EnvironmentExtent) -> Option<(VariableNeed, String)> {
        let name = &self.read.name;
        let remark = self.example.map(|example| Remark::of(self.input, example)).unwrap_or_default();
        match &self.read.absence {
            Absence::Fails if remark == Remark::Optional => self.passed_on(),
            Absence::Fails if !self.is_of_program() && self.is_read_late() => self.need_of_late(),
            Absence::Continues if remark == Remark::Required && self.is_secret() && !self.is_done_without() => {
                Some((VariableNeed::Required, format!("the example says that `{name}` is required")))
            }
            Absence::Continues if self.is_of_program() && self.is_without_value() => {
                let reason = format!("`{name}` is a secret of the program, and nothing has a value for it");
                Some((VariableNeed::Required, reason))
            }
            Absence::Fails if self.is_secret() || !is_set(self.application, name) => {
                let reason = format!("the program fails without `{name}`");
                Some((self.plain_value().map_or(VariableNeed::Required, VariableNeed::Shown), reason))
            }
            Absence::Fails => None,
            // Settings are loaded by jobs too, and refuse an empty secret.
            Absence::Continues if self.is_of_program() && extent == EnvironmentExtent::Needed => self.passed_on(),
            _ if extent == EnvironmentExtent::Needed && !chooses_settings(name) => None,
            Absence::Default(value) if self.is_secret() => self.need_of_secret(value.as_deref()),
            // A default is a reason not to require it: what the user sets has to arrive.
            Absence::Default(_) => self.passed_on(),
            Absence::Continues => self.need_of_open(),
        }
    }

    /// Whether all its reads stand in functions that the program calls when it needs them.
    fn is_read_late(&self) -> bool {
        let mut reads = self.application.code.reads.iter().filter(|(_, known)| known.name == self.read.name);
        reads.all(|(file, read)| {
            let file = &self.input.files.files[*file];
            is_read_late(&file.below, file.source.text(), read.at)
        })
    }

    /// Whether each function that reads it gives up without it, and the program goes on.
    fn is_done_without(&self) -> bool {
        let mut reads = self.application.code.reads.iter().filter(|(_, known)| known.name == self.read.name);
        reads.all(|(file, read)| is_done_without(self.input.files.files[*file].source.text(), read.at))
    }

    /// How it gets what a function fails without.
    fn need_of_late(&self) -> Option<(VariableNeed, String)> {
        let name = &self.read.name;
        let offered = VariableNeed::Offered("A function in {file} fails without it.");
        let reason = format!("a function fails without `{name}`, when it is called");
        self.passed_on().or_else(|| (!is_set(self.application, name)).then_some((offered, reason)))
    }

    /// How it gets a secret that has a default.
    fn need_of_secret(&self, value: Option<&str>) -> Option<(VariableNeed, String)> {
        let name = &self.read.name;
        let is_of_program = self.is_of_program();
        let reason = match value {
            None if is_of_program && self.has_random_default() => {
                format!("without `{name}` each process and each start draws another secret")
            }
            Some("") if is_of_program && self.shown.is_none() && !is_set(self.application, name) => {
                format!("`{name}` is a secret, and the one of the source is empty")
            }
            None | Some("") => return self.passed_on(),
            Some(_) => format!("`{name}` is a secret, and the source has one that everybody knows"),
        };
        let offered = VariableNeed::Offered("A secret; {file} has one that everybody knows.");
        Some((if is_of_program { VariableNeed::Required } else { offered }, reason))
    }

    /// How it gets what the file reads without a default.
    fn need_of_open(&self) -> Option<(VariableNeed, String)> {
        let name = &self.read.name;
        let mut reads = self.application.code.reads.iter().filter(|(_, known)| known.name == *name);
        let has_default = reads.any(|(_, known)| matches!(known.absence, Absence::Default(_)));
        let is_open = self.example.is_none() && !has_default && self.is_without_value();
        let is_of_others = data::MODE_VARIABLES.contains(name) || secret::is_bundled(name) || is_read_by_tools(name);
        if is_open && !is_of_others {
            let reason = format!("the program reads `{name}`, and nothing has a value for it");
            return Some((VariableNeed::Offered("Read in {file}, without a default."), reason));
        }
        let (need, reason) = self.passed_on()?;
        match self.plain_value().filter(|value| self.is_shell() && !has_default && !is_of_this_host(value)) {
            Some(value) => {
                let reason = format!("the start script uses `{name}`, which has no default");
                Some((VariableNeed::Shown(value), reason))
            }
            None => Some((need, reason)),
        }
    }

    /// Where the example sets it.
    fn passed_on(&self) -> Option<(VariableNeed, String)> {
        let name = &self.read.name;
        let is_free = name != "PORT" && !is_set(self.application, name);
        let example = self.example.filter(|example| is_free && !example.is_comment)?;
        // Compose would pass on an empty value too, which stands for the default then.
        if example.value.is_empty()
            && let Some(default) = self.default()
        {
            let reason = format!("the program reads `{name}`, which the example leaves empty");
            return Some((VariableNeed::Shown(default), reason));
        }
        Some((VariableNeed::PassedOn, format!("the program reads `{name}`, and the example sets it")))
    }

    /// The default of its sources, where it is no secret and may stand in the file.
    fn default(&self) -> Option<String> {
        let mut reads = self.application.code.reads.iter().filter(|(_, known)| known.name == self.read.name);
        let default = reads.find_map(|(file, known)| match &known.absence {
            Absence::Default(Some(value)) if !value.is_empty() && !self.has_alternative(*file, known) => Some(value),
            _ => None,
        })?;
        let is_fine = !default.contains(['$', '{', '}', '"', '\'', '\\', '\n']) && !self.is_secret();
        is_fine.then(|| default.clone())
    }

    /// Whether another variable counts before the default of a read: `env.A || env.B || "c"`.
    fn has_alternative(&self, file: usize, read: &VariableRead) -> bool {
        let length = expression(&self.input.files.files[file].source.text()[read.at..]).len();
        let is_inside =
            |known: &VariableRead| known.name != read.name && (read.at..read.at + length).contains(&known.at);
        self.application.code.reads.iter().any(|(other, known)| *other == file && is_inside(known))
    }

    fn is_shell(&self) -> bool {
        FileKind::of(&self.input.files.files[self.file].below).is_shell()
    }

    /// Whether it is a secret that a program draws for itself.
    fn is_of_program(&self) -> bool {
        secret::names_program_secret(&self.read.name)
    }

    fn is_secret(&self) -> bool {
        let default = match &self.read.absence {
            Absence::Default(value) => value.as_deref().filter(|value| !value.is_empty()),
            _ => None,
        };
        let is_named = self.is_of_program() || secret::names_secret(&self.read.name);
        is_named && !self.shown.or(default).is_some_and(secret::is_switch)
    }

    /// The value of the example, where it is no secret and may stand in the file as it is.
    fn plain_value(&self) -> Option<String> {
        self.shown.filter(|value| !self.is_secret() && is_plain(value)).map(str::to_owned)
    }

    /// Whether neither an example nor the image has a value, and source code, which uses it, does not ask whether it is set.
    fn is_without_value(&self) -> bool {
        let name = &self.read.name;
        let mut reads = self.application.code.reads.iter().filter(|(_, known)| known.name == *name);
        let is_asked = |file: usize, at: usize| is_asked_for(self.input.files.files[file].source.text(), at);
        self.shown.is_none()
            && !self.is_shell()
            && !is_set(self.application, name)
            && !reads.any(|(file, read)| is_asked(*file, read.at))
    }

    /// Whether its default is drawn when the program starts: `os.environ.get("SECRET_KEY", token_hex(16))`.
    fn has_random_default(&self) -> bool {
        let text = self.input.files.files[self.file].source.text();
        let behind = text[self.read.at..].lines().next().unwrap_or_default().to_ascii_lowercase();
        patterns::words("draws a random value").any(|word| behind.contains(word))
    }
}

/// What the comment of an example says of a variable.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
enum Remark {
    #[default]
    None,
    Optional,
    Required,
}

impl Remark {
    /// That of the comment lines right above the variable, and of its line.
    fn of(input: &EmitInput, example: &ExampleVariable) -> Self {
        let text = input.files.files[example.file].source.text();
        let start = text[..example.at].rfind('\n').map_or(0, |at| at + 1);
        let above =
            text[..start].lines().rev().take(REMARK_LINES).take_while(|line| line.trim_start().starts_with('#'));
        let line =
            text[example.at..].lines().next().and_then(|line| line.split_once(" #")).map_or("", |(_, rest)| rest);
        let remark = above.chain([line]).collect::<String>().to_ascii_lowercase();
        match (remark.contains("optional"), remark.contains("required")) {
            (true, false) => Self::Optional,
            (false, true) => Self::Required,
            _ => Self::None,
        }
    }
}

/// Whether other settings are loaded under another value.
fn chooses_settings(name: &str) -> bool {
    data::SETTINGS_VARIABLES.contains(name) || data::MODE_VARIABLES.contains(name)
}

/// Whether a value means a server that the container does not reach by that name.
fn is_of_this_host(value: &str) -> bool {
    value.contains("localhost") || value.contains("127.0.0.1")
}

/// Whether the image sets it.
pub(super) fn is_set(application: &Application, name: &str) -> bool {
    let build = &application.build;
    let Some(stage) = build.target() else { return false };
    match build.scopes().lookup(stage.index, name, usize::MAX) {
        Lookup::Defined(known) => matches!(known.origin, VariableOrigin::Env | VariableOrigin::BaseImage),
        _ => false,
    }
}

/// Whether a value may stand in a variable of Compose as it is.
pub(super) fn is_plain(value: &str) -> bool {
    !value.is_empty() && value.chars().all(|c| c.is_ascii_alphanumeric() || "_./:-".contains(c))
}
