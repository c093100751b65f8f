//! See `rules/root-user.md`.

use super::Context;
use super::user_line::with_user;
use crate::build::{Build, Setting, Stage, User, accounts, service};
use crate::finding::Findings;

super::rule!("root-user", check);

/// The number of folders that a message names.
const NAMED: usize = 4;

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if build.input().options.run.is_on_demand {
        return;
    }
    if !service::is_service(build, stage) || cx.is_for_developers_only() || accounts::steps_down(build, stage) {
        return;
    }
    if let Setting::Base(User::Root) | Setting::Default(User::Root) = build.user(stage) {
        let message = "no USER is set, so the container runs as root (as its base does)";
        let finding = cx.finding(stage.base_span, message);
        let finding = finding.help(help(build, stage));
        out.push(with_user(build, stage, finding));
    }
}

/// What has to be done in addition to a USER line, depending on the folders that the program is known to write to.
fn help(build: &Build, stage: &Stage) -> String {
    let quoted = |folders: Vec<String>| {
        let quoted: Vec<String> = folders.iter().take(NAMED).map(|folder| format!("`{folder}`")).collect();
        quoted.join(", ")
    };
    let folders = quoted(build.written_folders(stage));
    let folders = if folders.is_empty() { folders } else { format!(" ({folders}, also if they are mounted)") };
    let home = quoted(build.folders_in_root_home(stage));
    let home = if home.is_empty() { home } else { format!("; move {home} out of root's home") };
    let install = build
        .installed_at_start(stage)
        .map(|(script, command)| format!("; `{command}` in `{script}` writes at every start: move it to a RUN"));
    format!(
        "make a non-root user the owner of the files that the program writes{folders}, and end the stage with `USER`{home}{}",
        install.unwrap_or_default()
    )
}
