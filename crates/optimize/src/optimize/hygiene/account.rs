//! The user that a container runs as: one that the Dockerfile or the base image created, else a new one.

use super::root_reason::RootReason;
use crate::build::accounts::created_user;
use crate::build::{BaseImage, Build, Libc, Reference, Stage, StageBase, User, libc};
use crate::dockerfile::Keyword;

/// A user.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Account {
    /// As USER takes it.
    pub name: String,
    /// As `--chown` takes it.
    pub owner: String,
    /// The command that makes it, where it is not there.
    pub command: Option<&'static str>,
}

impl Account {
    fn known_account(name: &str) -> Self {
        let owner = if name.contains(':') { name.to_owned() } else { format!("{name}:{name}") };
        Self { name: name.to_owned(), owner, command: None }
    }
}

/// The user to run a stage as; an error that says why there is none.
pub(super) fn of(build: &Build, stage: &Stage) -> Result<Account, RootReason> {
    if let Some(name) = last_named_user(build, stage).or_else(|| last_created_user(build, stage)) {
        return Ok(Account::known_account(&name));
    }
    let reference = match build.root_base(stage) {
        StageBase::Image(reference) => reference,
        // Nothing looks a name up there, and nothing but a program of its own runs.
        StageBase::Scratch => return Ok(Account::known_account("65532:65532")),
        _ => return Err(RootReason::UnknownBase),
    };
    if reference.contains("distroless") {
        return Ok(Account::known_account("nonroot"));
    }
    if let Some(account) = BaseImage::of(reference).unprivileged_user() {
        return Ok(Account::known_account(account));
    }
    let command = match libc(reference) {
        None if is_old_dotnet(reference) => "useradd --uid 10001 --user-group --create-home app",
        Some(Libc::Glibc(_)) => "useradd --uid 10001 --user-group --create-home app",
        Some(Libc::Musl) => "adduser -D -u 10001 app",
        _ => return Err(RootReason::UnknownUserCommand { image: reference.clone() }),
    };
    Ok(Account { name: "app".to_owned(), owner: "app:app".to_owned(), command: Some(command) })
}

/// .NET before 8, whose images without a suite in their name stand on Debian, and bring no user.
fn is_old_dotnet(reference: &str) -> bool {
    let parts = Reference::of(reference);
    let tag = parts.tag.unwrap_or_default();
    let plain = tag.bytes().all(|byte| byte.is_ascii_digit() || byte == b'.');
    let major = tag.split('.').next().and_then(|major| major.parse::<u32>().ok());
    parts.name.contains("mcr.microsoft.com/dotnet/") && plain && major.is_some_and(|major| major < 8)
}

/// The last user of the file that is not root.
fn last_named_user(build: &Build, stage: &Stage) -> Option<String> {
    build.chain(stage).find_map(|stage| {
        let users = build.instructions_of(stage, Keyword::User);
        let names = users.filter_map(|(_, instruction)| match User::of(build.input().file.str(instruction.rest)) {
            User::Other(_) => Some(build.input().file.str(instruction.rest).trim().to_owned()),
            _ => None,
        });
        names.filter(|name| !name.contains(['$', '"', '\''])).last()
    })
}

/// The last account that a RUN makes.
fn last_created_user(build: &Build, stage: &Stage) -> Option<String> {
    let users =
        |stage| build.called(stage).filter_map(|invocation| created_user(&invocation).map(str::to_owned)).last();
    build.chain(stage).find_map(users)
}
