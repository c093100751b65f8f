//! See `rules/cache-mount-unused.md`.

mod purpose;
mod reason;

use self::reason::{CacheMountPlace, User};
use super::Context;
use crate::dockerfile::{Keyword, Mount};
use crate::finding::{Findings, Impact};
use crate::shell::{Invocation, Manager, Verb};

super::rule!("cache-mount-unused", check);

fn check(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if !build.is_ordinary() {
        return;
    }
    for stage in build.needed_stages() {
        for (index, _) in build.instructions(stage) {
            let instruction = build.effective(index);
            let Some(code) = build.code(index).filter(|code| code.is_ordinary() && instruction.keyword == Keyword::Run)
            else {
                continue;
            };
            let mounts = build.input().file.mounts(instruction);
            let caches: Vec<(&Mount, String)> = mounts
                .iter()
                .filter(|mount| mount.kind() == "cache")
                .filter_map(|mount| Some((mount, build.scopes().expand(stage.index, index, mount.target()?)?)))
                .collect();
            let all: Vec<String> = caches.iter().map(|(_, target)| target.clone()).collect();
            for (mount, target) in &caches {
                report(cx, &CacheMountPlace { stage, index, code, mount, target, all: &all }, out);
            }
        }
    }
}

fn report<'i>(cx: &Context<'_, 'i>, place: &CacheMountPlace<'_, 'i>, out: &mut Findings) {
    let build = cx.build();
    let invocations = place.code.script.invocations();
    let called: Vec<Manager> =
        invocations.iter().filter_map(Invocation::package_call).map(|call| call.manager).collect();
    let fits =
        |manager| purpose::is_meant(place.target, manager) || purpose::is_mistaken(place.target, manager, &called);
    for (at, invocation) in invocations.iter().enumerate() {
        let Some(call) = invocation.package_call().filter(|call| fits(call.manager)) else {
            continue;
        };
        if !matches!(call.verb, Verb::Install | Verb::Build | Verb::Download | Verb::Upgrade | Verb::Update) {
            continue;
        }
        let folders = build.package_caches(place.stage, place.index, invocation, &call);
        let user = User { invocation, call: &call, folders: &folders };
        let Some((message, help, fix)) = reason::find_reason(cx, place, &user, &invocations[at + 1..]) else {
            continue;
        };
        let impact = Impact::slower_rebuild("comparison of the mount with the folder that the program uses");
        let mut finding = cx
            .finding(place.mount.value.span, message)
            .help(help)
            .costs(impact)
            .label(place.code.place(&build.input().file, call.span), "this downloads everything again");
        finding.fixes.extend(fix);
        out.push(finding);
        return;
    }
}
