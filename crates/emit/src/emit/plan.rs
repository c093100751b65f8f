//! What a compose file is to hold: its services with their keys, each with the reason for it.

use crate::yaml::NewValue;

/// How a value ends that must be set.
pub(super) const MUST_BE_SET: &str = ":?set it in .env}";

/// A choice, why it was made, and where that shows.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Choice {
    /// The service.
    pub service: String,
    /// Its key.
    pub key: String,
    /// The reason, a sentence without a full stop.
    pub reason: String,
    /// Where it shows: `file:line`.
    pub place: Option<String>,
}

/// What a service is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum ServiceRole {
    /// Others send to it.
    Backend,
    /// It brings the schema of a database up to date and ends.
    Migration,
    /// It is built here and answers requests.
    Application,
    /// It is built here and takes tasks.
    Worker,
    /// It passes requests on.
    Proxy,
}

/// A key of a service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedKey {
    /// Its name.
    pub name: &'static str,
    /// Its value.
    pub value: NewValue,
    /// A short comment on it.
    pub comment: Option<String>,
}

/// A service.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct PlannedService {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub role: ServiceRole,
    /// Its keys, in the order of the file.
    pub keys: Vec<PlannedKey>,
    /// What it waits for: a service and a condition.
    pub dependencies: Vec<(String, &'static str)>,
    /// The folder that it is built in, absolute.
    pub context: Option<String>,
    /// The Dockerfile that it is built from, absolute.
    pub dockerfile: Option<String>,
    /// The image that it runs, where it is not built.
    pub image: Option<String>,
    /// What the tools of its project must write before it is built: `target/shop.jar`.
    pub output: Option<String>,
}

/// A variable that the user sets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct NeededVariable {
    /// Its name.
    pub name: String,
    /// What it is for, as a comment.
    pub purpose: String,
    /// Whether the program works without it.
    pub is_optional: bool,
}

/// What a compose file is to hold.
#[derive(Clone, Debug, Default)]
pub struct ComposePlan {
    /// The services, in the order of the file.
    pub services: Vec<PlannedService>,
    /// Its volumes.
    pub volumes: Vec<String>,
    /// Its networks; none where all services share one.
    pub networks: Vec<String>,
    /// Its secrets, each with the variable that holds it.
    pub secrets: Vec<(String, String)>,
    /// Its configs, each with the file that holds it.
    pub configs: Vec<(String, String)>,
    /// Files that it needs, by their paths below its folder.
    pub files: Vec<(String, String)>,
    /// Variables that the user sets.
    pub needed: Vec<NeededVariable>,
    /// Why it is so.
    pub choices: Vec<Choice>,
    /// What was left out, and what is left to the user.
    pub notes: Vec<String>,
}

impl PlannedService {
    pub(super) fn new(name: &str, role: ServiceRole) -> Self {
        let (keys, dependencies) = (Vec::new(), Vec::new());
        let (context, dockerfile, image, output) = (None, None, None, None);
        Self { name: name.to_owned(), role, keys, dependencies, context, dockerfile, image, output }
    }

    pub(super) fn add(&mut self, name: &'static str, value: NewValue) {
        self.keys.push(PlannedKey { name, value, comment: None });
    }

    pub(super) fn add_with(&mut self, name: &'static str, value: NewValue, comment: &str) {
        self.keys.push(PlannedKey { name, value, comment: Some(comment.to_owned()) });
    }

    /// A key of it.
    pub fn key(&self, name: &str) -> Option<&PlannedKey> {
        self.keys.iter().find(|key| key.name == name)
    }
}

impl ComposePlan {
    pub(super) fn choose(&mut self, service: &str, key: &str, reason: impl Into<String>, place: Option<String>) {
        let (service, key) = (service.to_owned(), key.to_owned());
        let choice = Choice { service, key, reason: reason.into(), place };
        if !self.choices.contains(&choice) {
            self.choices.push(choice);
        }
    }

    /// Brings the choices into the order of the file.
    pub(super) fn sort_choices(&mut self) {
        let services: Vec<&str> = self.services.iter().map(|service| service.name.as_str()).collect();
        let place = |choice: &Choice| {
            let at = services.iter().position(|name| *name == choice.service).unwrap_or(services.len());
            let keys = self.services.get(at).map(|service| &service.keys);
            let key = keys.and_then(|keys| keys.iter().position(|key| key.name == choice.key));
            (at, key.unwrap_or(usize::MAX))
        };
        let mut choices = std::mem::take(&mut self.choices);
        choices.sort_by_key(place);
        self.choices = choices;
    }

    /// Says that the user must set a variable.
    pub(super) fn need(&mut self, name: &str, purpose: &str) {
        match self.needed.iter_mut().find(|known| known.name == name) {
            Some(known) if known.is_optional => (known.purpose, known.is_optional) = (purpose.to_owned(), false),
            Some(_) => {}
            None => self.push(name, purpose, false),
        }
    }

    /// Says that the user may set a variable.
    pub(super) fn offer(&mut self, name: &str, purpose: &str) {
        if self.needed.iter().all(|known| known.name != name) {
            self.push(name, purpose, true);
        }
    }

    fn push(&mut self, name: &str, purpose: &str, is_optional: bool) {
        let (name, purpose) = (name.to_owned(), purpose.to_owned());
        self.needed.push(NeededVariable { name, purpose, is_optional });
    }
}
