//! See `rules/root-user.md`.

use super::Context;
use super::user_line::with_user;
use crate::build::{Setting, User, accounts, service};
use crate::finding::Findings;

super::rule!("root-user", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    if !service::is_service(build, stage) || cx.is_for_developers_only() || accounts::steps_down(build, stage) {
        return;
    }
    if let Setting::Base(User::Root) | Setting::Default(User::Root) = build.user(stage) {
        let message = "no USER is set and the base runs as root: so does the container";
        let finding = cx.finding(stage.base_span, message);
        let finding = finding
            .help("make a user without rights the owner of what the program writes, and end the stage with `USER`");
        out.push(with_user(build, stage, finding));
    }
}
