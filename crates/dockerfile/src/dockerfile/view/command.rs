//! RUN, CMD, ENTRYPOINT, SHELL and HEALTHCHECK: command forms, mounts, times.

use std::borrow::Cow;

use super::{Argument, Script};
use crate::dockerfile::syntax::{Arguments, File, Instruction, Keyword};
use crate::dockerfile::verdict::split_fields;
use crate::text::Span;

/// How a command is given.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum CommandForm<'a> {
    /// Exec form: a JSON array.
    Exec(Vec<Argument<'a>>),
    /// Shell form: a text for the stage's shell.
    Shell(Argument<'a>),
}

/// RUN.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RunArguments<'a> {
    /// The command; `None` when RUN stands alone.
    pub command: Option<CommandForm<'a>>,
    /// What the shell or another interpreter gets; `None` in exec form.
    pub script: Option<Script<'a>>,
    /// Each `--mount` that has the form of one.
    pub mounts: Vec<Mount<'a>>,
    /// `--network`.
    pub network: Option<Argument<'a>>,
    /// `--security`.
    pub security: Option<Argument<'a>>,
    /// Each `--device`.
    pub devices: Vec<Argument<'a>>,
}

/// A `--mount`. Values may hold variables.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mount<'a> {
    /// The whole value.
    pub value: Argument<'a>,
    /// Its options in order.
    pub fields: Vec<MountField>,
}

/// An option of a mount.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MountField {
    /// The key in lower case.
    pub key: String,
    /// The value; `None` without `=`.
    pub value: Option<String>,
    /// Where the option stands; the whole value where quotes or escapes of the flag hide the place.
    pub span: Span,
}

impl Mount<'_> {
    /// The last field with one of these keys: the one that counts.
    pub fn field(&self, keys: &[&str]) -> Option<&MountField> {
        self.fields.iter().rev().find(|field| keys.contains(&&*field.key))
    }

    fn text(&self, keys: &[&str]) -> Option<&str> {
        self.field(keys)?.value.as_deref()
    }

    /// `bind` (also when not given), `cache`, `tmpfs`, `secret`, `ssh`, or what else is written.
    pub fn kind(&self) -> Cow<'_, str> {
        self.text(&["type"]).map_or(Cow::Borrowed("bind"), |kind| Cow::Owned(kind.to_lowercase()))
    }

    /// `target`, `dst` or `destination`.
    pub fn target(&self) -> Option<&str> {
        self.text(&["target", "dst", "destination"])
    }

    /// `source` or `src`.
    pub fn source(&self) -> Option<&str> {
        self.text(&["source", "src"])
    }

    /// `from`: a stage, an image or a named context.
    pub fn from(&self) -> Option<&str> {
        self.text(&["from"])
    }

    /// `id` of a cache, a secret or an agent.
    pub fn id(&self) -> Option<&str> {
        self.text(&["id"])
    }

    /// `sharing` of a cache.
    pub fn sharing(&self) -> Option<&str> {
        self.text(&["sharing"])
    }

    /// `env` of a secret.
    pub fn env(&self) -> Option<&str> {
        self.text(&["env"])
    }

    /// Whether the command can't write there: as the last of `readonly`, `ro`, `readwrite`, `rw` says, else by kind.
    pub fn is_readonly(&self) -> bool {
        match self.field(&["readonly", "ro", "readwrite", "rw"]) {
            None => !matches!(&*self.kind(), "cache" | "tmpfs"),
            Some(field) => {
                let is_on = field
                    .value
                    .as_deref()
                    .is_none_or(|value| crate::dockerfile::check::parse_bool(value) != Some(false));
                is_on == matches!(&*field.key, "readonly" | "ro")
            }
        }
    }

    /// `required` of a secret or an agent.
    pub fn is_required(&self) -> bool {
        self.field(&["required"]).is_some_and(|field| field.value.as_deref().is_none_or(|value| value != "false"))
    }
}

/// HEALTHCHECK.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Healthcheck<'a> {
    /// `NONE`: the base image's is switched off.
    None,
    /// `CMD` and its options, as written.
    Command {
        /// What is run; `None` when nothing follows CMD.
        command: Option<CommandForm<'a>>,
        /// `--interval`.
        interval: Option<Argument<'a>>,
        /// `--timeout`.
        timeout: Option<Argument<'a>>,
        /// `--start-period`.
        start_period: Option<Argument<'a>>,
        /// `--start-interval`.
        start_interval: Option<Argument<'a>>,
        /// `--retries`.
        retries: Option<Argument<'a>>,
    },
}

impl File {
    /// The command of RUN, CMD, ENTRYPOINT or SHELL; `None` when nothing follows.
    pub fn command<'a>(&'a self, instruction: &'a Instruction) -> Option<CommandForm<'a>> {
        let has_command =
            matches!(instruction.keyword, Keyword::Run | Keyword::Cmd | Keyword::Entrypoint | Keyword::Shell);
        if has_command { self.form(&instruction.arguments) } else { None }
    }

    fn form<'a>(&'a self, arguments: &'a Arguments) -> Option<CommandForm<'a>> {
        match arguments {
            Arguments::Json(elements) => Some(CommandForm::Exec(elements.iter().map(Argument::of_element).collect())),
            Arguments::Raw(word) => Some(CommandForm::Shell(self.argument_of(*word))),
            _ => None,
        }
    }

    /// RUN's parts.
    pub fn run<'a>(&'a self, instruction: &'a Instruction) -> Option<RunArguments<'a>> {
        if instruction.keyword != Keyword::Run {
            return None;
        }
        Some(RunArguments {
            command: self.command(instruction),
            script: self.script(instruction),
            mounts: self.mounts(instruction),
            network: self.flag_argument(instruction, "network"),
            security: self.flag_argument(instruction, "security"),
            devices: self.flag_arguments(instruction, "device").collect(),
        })
    }

    /// RUN's mounts.
    pub fn mounts<'a>(&'a self, instruction: &'a Instruction) -> Vec<Mount<'a>> {
        let mut mounts = Vec::new();
        for flag in instruction.flags.iter().filter(|flag| self.flag_name(flag) == "mount") {
            let (Some(text), Some(word)) = (self.flag_value(flag), flag.value) else { continue };
            let Ok(fields) = split_fields(text) else { continue };
            let mut options = Vec::with_capacity(fields.len());
            for field in fields {
                let (key, value) = match field.text.split_once('=') {
                    Some((key, value)) => (key.to_lowercase(), Some(value.to_owned())),
                    None => (field.text.to_lowercase(), None),
                };
                let start = word.text.start;
                let within = Span::new(start + field.range.start as u32, start + field.range.end as u32);
                let span = if flag.unquoted.is_none() { self.locate(within) } else { word.span };
                options.push(MountField { key, value, span });
            }
            mounts.push(Mount { value: Argument { text: Cow::Borrowed(text), span: word.span }, fields: options });
        }
        mounts
    }

    /// HEALTHCHECK's parts; `None` for another instruction or an unknown kind.
    pub fn healthcheck<'a>(&'a self, instruction: &'a Instruction) -> Option<Healthcheck<'a>> {
        let Arguments::Healthcheck(kind, command) = &instruction.arguments else { return None };
        match &*self.str(*kind).to_ascii_uppercase() {
            "NONE" => Some(Healthcheck::None),
            "CMD" => Some(Healthcheck::Command {
                command: self.form(command),
                interval: self.flag_argument(instruction, "interval"),
                timeout: self.flag_argument(instruction, "timeout"),
                start_period: self.flag_argument(instruction, "start-period"),
                start_interval: self.flag_argument(instruction, "start-interval"),
                retries: self.flag_argument(instruction, "retries"),
            }),
            _ => None,
        }
    }
}
