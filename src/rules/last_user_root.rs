//! See `rules/last-user-root.md`.

use super::Context;
use super::user_line::{has_known_user, with_user};
use crate::build::{Setting, User, accounts, service};
use crate::finding::Findings;

super::rule!("last-user-root", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let Some(stage) = build.target() else { return };
    let Setting::By(index, user) = build.user(stage) else { return };
    let root = match &user {
        User::Root => true,
        // The same on Windows.
        User::Other(name) => name.eq_ignore_ascii_case("ContainerAdministrator"),
        _ => false,
    };
    if !root
        || service::leaves_start_to_base(build, stage)
        || !service::may_serve(build, stage)
        || accounts::steps_down(build, stage)
    {
        return;
    }
    let finding = cx.finding(build.instruction(index).head, "the last USER is root, so the container runs as root");
    // The image may have a user of its own, with a home that its programs need.
    if !has_known_user(build, stage) {
        out.push(finding.help("end the stage with the user that the base image has, if that is not root"));
        return;
    }
    let finding = finding.help("end the stage with a non-root `USER`");
    out.push(if user == User::Root { with_user(build, stage, finding) } else { finding });
}
