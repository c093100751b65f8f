//! The environment of a program that a RUN starts: its variables and its home folder.

use super::{BaseImage, Build, Lookup, Stage, StageBase, User, VariableOrigin, VariableValue};
use crate::dockerfile::Keyword;
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Word};

/// The home folder of a program.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Home {
    /// This.
    Known(String),
    /// The home folder of a user other than root.
    NotRoots,
    /// Not known.
    Unknown,
}

/// The value of a variable in a program's environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum FoundVariable {
    /// This.
    Text(String),
    /// A value that is known only during the build.
    Unknown,
}

impl FoundVariable {
    /// The text, if it is known.
    pub fn text(self) -> Option<String> {
        match self {
            Self::Text(text) => Some(text),
            Self::Unknown => None,
        }
    }

    fn of(text: Option<&str>) -> Self {
        text.map_or(Self::Unknown, |text| Self::Text(text.to_owned()))
    }
}

impl Build<'_> {
    /// The value of a variable for the program of a RUN; `None` if the file does not set it. `at` is the instruction of
    /// `stage` that starts the program.
    pub fn run_variable(&self, stage: &Stage, at: usize, invocation: &Invocation, name: &str) -> Option<FoundVariable> {
        if let Some(value) = in_script(invocation, name) {
            return Some(value);
        }
        match self.scopes().lookup_run(stage.index, name, at) {
            Lookup::Defined(definition) => match &definition.value {
                VariableValue::Known(text) => Some(FoundVariable::of(Some(text))),
                VariableValue::Unset => None,
                VariableValue::Unknown => Some(FoundVariable::Unknown),
            },
            Lookup::Undefined | Lookup::Unknown => None,
        }
    }

    /// The value that ENV gives a variable in a container of a stage; `None` if it sets none: ARGs do not exist in containers.
    pub fn env_value(&self, stage: &Stage, name: &str) -> Option<FoundVariable> {
        match self.scopes().lookup(stage.index, name, usize::MAX) {
            Lookup::Defined(definition) if definition.origin == VariableOrigin::Env => Some(match &definition.value {
                VariableValue::Known(text) => FoundVariable::of(Some(text)),
                _ => FoundVariable::Unknown,
            }),
            _ => None,
        }
    }

    /// The value that the file sets for the instruction with index `at` of a stage; `None` if it is not known.
    pub fn known_value(&self, stage: &Stage, name: &str, at: usize) -> Option<String> {
        match self.scopes().lookup(stage.index, name, at) {
            Lookup::Defined(super::Definition { value: VariableValue::Known(text), .. }) => Some(text.to_string()),
            _ => None,
        }
    }

    /// The home folder of a program that a RUN starts.
    pub fn home(&self, stage: &Stage, at: usize, invocation: &Invocation) -> Home {
        if invocation.via.iter().any(|wrapper| Program::of(wrapper.program).is(Kind::User)) {
            return Home::Unknown;
        }
        if let Some(value) = self.run_variable(stage, at, invocation, "HOME") {
            return value.text().map_or(Home::Unknown, Home::Known);
        }
        let user = self.user_at(stage, at);
        match user.value() {
            // Without a USER: nearly every base image runs as root.
            None | Some(User::Root | User::StepsDown) => Home::Known("/root".into()),
            Some(User::Unknown) => Home::Unknown,
            Some(User::Other(name)) => self.home_of(stage, at, name).map_or(Home::NotRoots, Home::Known),
        }
    }

    /// The home of an account that the base image has or that the stage creates.
    fn home_of(&self, stage: &Stage, at: usize, name: &str) -> Option<String> {
        if let StageBase::Image(reference) = self.root_base(stage)
            && BaseImage::of(reference).unprivileged_user() == Some(name)
        {
            return Some(format!("/home/{name}"));
        }
        let mut accounts = self.run_products().accounts.iter().filter(|(_, account, _)| account == name);
        accounts.find(|(index, ..)| self.is_above(stage, at, *index)).map(|(.., home)| home.clone())
    }

    /// Whether the instruction with index `other` runs before the one with index `at` of `stage`, in its chain.
    pub(super) fn is_above(&self, stage: &Stage, at: usize, other: usize) -> bool {
        other < at
            && self
                .stage_of(other)
                .is_some_and(|owner| self.chain(stage).take(LONGEST_CHAIN).any(|below| below.index == owner.index))
    }

    /// The accounts and settings that the RUNs of the file create for later programs.
    pub(super) fn run_products(&self) -> &RunProducts {
        self.run_products.get_or_init(|| {
            let mut products = RunProducts::default();
            let runs = self
                .input()
                .file
                .instructions()
                .iter()
                .enumerate()
                .filter(|(_, instruction)| instruction.keyword == Keyword::Run);
            for (index, _) in runs {
                let Some(code) = self.code(index) else { continue };
                for invocation in code.script.invocations() {
                    products.read(index, &invocation);
                }
            }
            products
        })
    }
}

/// The number of commands before a program that are searched for its variables.
const FURTHEST: usize = 50;

/// The number of stages of a chain that are searched; no real chain has as many.
const LONGEST_CHAIN: usize = 256;

/// The accounts and settings that RUNs create for later programs, by index of the instruction.
#[derive(Debug, Default)]
pub(super) struct RunProducts {
    /// Accounts: their name and home folder.
    accounts: Vec<(usize, String, String)>,
    /// Settings of package managers: the position in the script, the package manager, the key and its value.
    pub(super) settings: Vec<(usize, u32, String, String, FoundVariable)>,
}

impl RunProducts {
    fn read(&mut self, index: usize, invocation: &Invocation) {
        match invocation.program {
            Some("useradd" | "adduser") => {
                let operands = invocation.args.iter().filter_map(|word| word.value());
                for name in operands.filter(|text| !text.starts_with(['-', '/'])) {
                    let home = home_option(invocation).unwrap_or_else(|| format!("/home/{name}"));
                    self.accounts.push((index, name.to_owned(), home));
                }
            }
            Some(program) if matches!(program, "npm" | "yarn" | "pnpm") || program.starts_with("pip") => {
                let tool = if program.starts_with("pip") { "pip" } else { program };
                if let Some((key, value)) = setting(invocation) {
                    self.settings.push((index, invocation.span.start, tool.to_owned(), key, value));
                }
            }
            _ => {}
        }
    }
}

/// Key and value in `npm set cache FOLDER`, `npm config set cache FOLDER`, `npm config set cache=FOLDER`.
fn setting(invocation: &Invocation) -> Option<(String, FoundVariable)> {
    let mut words = invocation.args.iter().skip_while(|word| !word.is("set")).skip(1);
    let word = words.find(|word| !word.text().starts_with('-'))?;
    let (key, value) = word.text().split_once('=').unwrap_or((word.text(), ""));
    let value = if value.is_empty() {
        words.next()?.value()
    } else if word.is_dynamic() {
        None
    } else {
        Some(value)
    };
    Some((key.to_owned(), FoundVariable::of(value)))
}

/// `useradd -d FOLDER`, `adduser --home FOLDER`, `adduser -h FOLDER`
fn home_option(invocation: &Invocation) -> Option<String> {
    let names = ["-d", "--home-dir", "--home", "-h"];
    for (at, word) in invocation.args.iter().enumerate() {
        let text = word.text();
        if names.contains(&text) {
            return invocation.args.get(at + 1)?.value().map(str::to_owned);
        }
        if let Some((name, value)) = text.split_once('=')
            && names.contains(&name)
        {
            return Some(value.to_owned());
        }
    }
    None
}

/// The value that the script itself sets for a program: `NAME=x program`, `env NAME=x program`, `export NAME=x` before
/// it.
fn in_script<'s>(invocation: &Invocation<'s>, name: &str) -> Option<FoundVariable> {
    let command = invocation.command;
    if let Some(assignment) = command.assignments.iter().rev().find(|assignment| &*assignment.name_text == name) {
        return Some(FoundVariable::of(assignment.value.value()));
    }
    let pair = |word: &'s Word| word.text().strip_prefix(name)?.strip_prefix('=').map(|value| (word, value));
    let variable_of = |(word, value): (&'s Word, &'s str)| FoundVariable::of((!word.is_dynamic()).then_some(value));
    let wrapped = invocation.via.iter().flat_map(|wrapper| wrapper.args).filter_map(pair).next_back();
    if let Some(variable) = wrapped {
        return Some(variable_of(variable));
    }
    let commands = &invocation.script.commands;
    let here = commands.partition_point(|other| other.span.start < command.span.start);
    let mut variable = None;
    for command in &commands[here.saturating_sub(FURTHEST)..here] {
        let exports = command.name().is_some_and(|word| word.is("export") || word.is("declare"));
        if exports && let Some(pair) = command.words.iter().skip(1).filter_map(pair).next_back() {
            variable = Some(variable_of(pair));
        }
        if command.words.is_empty()
            && let Some(assignment) = command.assignments.iter().rev().find(|assignment| &*assignment.name_text == name)
        {
            variable = Some(FoundVariable::of(assignment.value.value()));
        }
    }
    variable
}
