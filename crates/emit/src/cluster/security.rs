//! What a container may do: its user by number, its root, its capabilities. Each only where the image or the compose file shows it.

use super::node::Node;
use crate::build::accounts::{created_user, steps_down};
use crate::build::{Build, Reference, Stage, StageBase, User};
use crate::compose::project::ComposeValue;
use crate::data;
use crate::dockerfile::Keyword;
use crate::shell::Invocation;
use crate::stack::StackService;

/// The user of a container.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum ContainerUser {
    /// By number, with the group where that is known; where the number comes from.
    Number(u64, Option<u64>, String),
    /// Root.
    Root,
    /// Root, and its entrypoint drops that.
    StepsDown,
    /// By name, with no number.
    Name(String),
    /// Not known.
    Unknown,
}

/// What a container may do.
#[derive(Clone, Debug, Default)]
pub(super) struct ContainerSecurity {
    /// `securityContext` of the container.
    pub(super) keys: Vec<(String, Node)>,
    /// Whether ports below 1024 must be opened to users who are not root.
    pub(super) opens_low_ports: bool,
    /// Why, by key.
    pub(super) reasons: Vec<(String, String)>,
    /// What is left open.
    pub(super) notes: Vec<String>,
}

impl ContainerUser {
    /// That of a service: `user` of the compose file, else of its image.
    pub(super) fn of(service: &StackService) -> Self {
        let image = || {
            let build = Build::new(service.image.as_ref()?);
            let stage = build.target()?;
            Some((of_image(&build, stage), steps_down(&build, stage)))
        };
        let Some(text) = service.value.get("user").map(ComposeValue::display).filter(|text| !text.is_empty()) else {
            return match image() {
                Some((Self::Root, true)) => Self::StepsDown,
                Some((user, _)) => user,
                None => Self::Unknown,
            };
        };
        match numbers(&text) {
            Some((0, _)) => Self::Root,
            Some((user, group)) => Self::Number(user, group, "`user` of the compose file".to_owned()),
            None if User::of(&text) == User::Root => Self::Root,
            None => user_by_name(service, text.split(':').next().unwrap_or_default()),
        }
    }

    /// As a task definition has it: the numbers, else what the image has.
    pub(super) fn numbered(&self) -> Option<String> {
        match self {
            Self::Number(user, Some(group), _) => Some(format!("{user}:{group}")),
            Self::Number(user, None, _) => Some(user.to_string()),
            _ => None,
        }
    }
}

/// A user of the compose file by its name in the image.
fn user_by_name(service: &StackService, name: &str) -> ContainerUser {
    let number = || {
        let build = Build::new(service.image.as_ref()?);
        number_of(&build, build.target()?, name)
    };
    number().unwrap_or_else(|| ContainerUser::Name(name.to_owned()))
}

fn of_image(build: &Build, stage: &Stage) -> ContainerUser {
    let last = build.last(stage, Keyword::User).and_then(|(index, instruction)| {
        let below = build.stage_of(index)?;
        build.scopes().expand(below.index, index, build.input().file.str(instruction.rest))
    });
    if let Some((user, group)) = last.as_deref().and_then(|text| numbers(text.trim())) {
        return match user {
            0 => ContainerUser::Root,
            _ => ContainerUser::Number(user, group, "USER of the Dockerfile".to_owned()),
        };
    }
    match build.user(stage).value() {
        Some(User::Root) => ContainerUser::Root,
        Some(User::StepsDown) => ContainerUser::StepsDown,
        Some(User::Other(name)) => number_of(build, stage, name).unwrap_or_else(|| ContainerUser::Name(name.clone())),
        _ => ContainerUser::Unknown,
    }
}

/// `1000`, `1000:1000`.
fn numbers(text: &str) -> Option<(u64, Option<u64>)> {
    let (user, group) = text.split_once(':').map_or((text, None), |(user, group)| (user, Some(group)));
    Some((user.parse().ok()?, group.and_then(|group| group.parse().ok())))
}

/// The number of a user: by the command that creates it, else by the base image.
fn number_of(build: &Build, stage: &Stage, name: &str) -> Option<ContainerUser> {
    for stage in build.chain(stage) {
        for (index, _) in build.instructions_of(stage, Keyword::Run) {
            let Some(code) = build.code(index) else { continue };
            let invocations = code.script.invocations();
            let Some(creates) = invocations.iter().find(|known| created_user(known) == Some(name)) else { continue };
            let user = option_number(creates, &["-u", "--uid"])?;
            let line = build.input().file.source().line(build.instruction(index).span.start);
            return Some(ContainerUser::Number(user, None, format!("line {line} of the Dockerfile creates `{name}`")));
        }
    }
    let StageBase::Image(reference) = build.root_base(stage) else { return None };
    let image = Reference::of(reference).short_name();
    let mut rows = data::ACCOUNT_NUMBERS.rows();
    let row = rows.find(|row| (row[0] == image || row[0] == "*") && row[1] == name)?;
    let basis = format!("`{name}` of the base image `{image}`");
    Some(ContainerUser::Number(row[2].parse().ok()?, row[3].parse().ok(), basis))
}

fn option_number(invocation: &Invocation, names: &[&str]) -> Option<u64> {
    let mut words = invocation.args.iter().filter_map(|word| word.value());
    while let Some(word) = words.next() {
        let (name, value) = word.split_once('=').map_or((word, None), |(name, value)| (name, Some(value)));
        // Letters may be joined: `-Du 1000`.
        let is_joined = !word.starts_with("--") && word.starts_with('-') && word.ends_with('u');
        if names.contains(&name) || is_joined {
            return value.or_else(|| words.next())?.parse().ok();
        }
    }
    None
}

impl ContainerSecurity {
    /// What a container may do; `ports`: those that it listens on.
    pub(super) fn of(service: &StackService, user: &ContainerUser, ports: &[u16]) -> Self {
        let mut security = Self::default();
        let truth = |key: &str| service.value.get(key).and_then(ComposeValue::as_bool) == Some(true);
        if truth("privileged") {
            security
                .notes
                .push("it is `privileged` in the compose file, which is not written: say what it needs".to_owned());
        }
        security.add_user(user, ports);
        if truth("read_only") {
            security.set("readOnlyRootFilesystem", Node::truth(true), "`read_only` of the compose file".to_owned());
        } else {
            security.notes.push(
                "whether its root can be read-only is open: no run showed what it writes (set `read_only` in the compose file)"
                    .to_owned(),
            );
        }
        let needs = raised_rights(service);
        if let Some(program) = &needs {
            security.notes.push(format!("its image uses `{program}`, so it keeps its capabilities"));
        } else {
            let why = "no `setcap` or `sudo` in its image".to_owned();
            security.set("allowPrivilegeEscalation", Node::truth(false), why);
        }
        security.add_capabilities(service, user, needs.is_some());
        let profile = Node::texts([("type", "RuntimeDefault")]);
        security.set("seccompProfile", profile, "what Docker does by itself".to_owned());
        security
    }

    fn set(&mut self, key: &str, value: Node, why: String) {
        self.keys.push((key.to_owned(), value));
        self.reasons.push((format!("securityContext.{key}"), why));
    }

    fn add_user(&mut self, user: &ContainerUser, ports: &[u16]) {
        let open = match user {
            ContainerUser::Number(user, group, basis) => {
                self.set("runAsNonRoot", Node::truth(true), format!("user {user} is not root"));
                self.set("runAsUser", Node::number(*user), basis.clone());
                if let Some(group) = group {
                    self.set("runAsGroup", Node::number(*group), basis.clone());
                }
                self.opens_low_ports = ports.iter().any(|port| *port < 1024);
                return;
            }
            ContainerUser::Root => "it runs as root: give its image a USER by number".to_owned(),
            ContainerUser::StepsDown => "it starts as root, and its entrypoint drops that: no user is set".to_owned(),
            ContainerUser::Name(name) => format!(
                "it runs as `{name}`, whose number is not known; a cluster needs one to know that it is not root: write USER by number"
            ),
            ContainerUser::Unknown => "its user is not known".to_owned(),
        };
        self.notes.push(open);
    }

    fn add_capabilities(&mut self, service: &StackService, user: &ContainerUser, is_raised: bool) {
        let added = service.words("cap_add");
        let mut keys = Vec::new();
        let is_root = !matches!(user, ContainerUser::Number(..) | ContainerUser::Name(_));
        if service.words("cap_drop").contains(&"ALL") || !is_root && !is_raised {
            keys.push(("drop".to_owned(), Node::Words(vec!["ALL".to_owned()])));
        } else if is_root && !is_raised {
            self.notes.push("as it may be root, which reads files of others, it keeps its capabilities".to_owned());
        }
        if !added.is_empty() {
            keys.push(("add".to_owned(), Node::Words(added.into_iter().map(str::to_owned).collect())));
        }
        if !keys.is_empty() {
            let why = "it is not root, and nothing in its image asks for one; `cap_add` of the compose file".to_owned();
            self.set("capabilities", Node::Map(keys), why);
        }
    }
}

/// A program of the image that needs rights that a container may not take.
fn raised_rights(service: &StackService) -> Option<&'static str> {
    let build = Build::new(service.image.as_ref()?);
    let stage = build.target()?;
    let has = |program: &'static str| {
        build.chain(stage).any(|stage| {
            build.instructions_of(stage, Keyword::Run).any(|(index, _)| {
                build.code(index).is_some_and(|code| {
                    code.script.invocations().iter().any(|known| known.is(program))
                        || code.has_package_call(|call| call.packages.iter().any(|known| known.name.text == program))
                })
            })
        })
    };
    ["setcap", "sudo"].into_iter().find(|program| has(program))
}
