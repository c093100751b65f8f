//! Rules about cache mounts.

use crate::build;
use crate::build::{Build, Home, PackageCache, Run};
use crate::data;
use crate::dockerfile::{Keyword, Mount};
use crate::finding::{Findings, Fix, Impact, Safety};
use crate::rules::Context;
use crate::rules::shared::cleanup;
use crate::rules::shared::cleanup::Cache;
use crate::rules::shared::kept_cache::is_known;
use crate::rules::shared::script_end;
use crate::shell::{Invocation, Manager, PackageCall, Verb};
use crate::text::{Span, path};

crate::rules::family! {
    "cache-mount-unlocked" => cache_mount_unlocked;
    "cache-mount-unused" => cache_mount_unused;
}

/// Folders that apt locks: a second apt fails while another one holds the lock.
const FOLDERS: [&str; 4] = ["/var/cache/apt", "/var/cache/apt/archives", "/var/lib/apt", "/var/lib/apt/lists"];

fn cache_mount_unlocked(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    let needed = build.all_effective_of(Keyword::Run).filter(|(stage, ..)| build.is_needed(stage));
    for (stage, index, instruction) in needed {
        for mount in build.input().file.mounts(instruction).iter().filter(|mount| mount.kind() == "cache") {
            let target = mount.target().and_then(|target| build.scopes().expand(stage.index, index, target));
            let target = target.unwrap_or_default();
            let is_apt = FOLDERS.iter().any(|folder| *folder == target.trim_end_matches('/'))
                || (path::covers(&target, FOLDERS[0]) && target.len() > "/var".len());
            if is_apt && !mount.is_readonly() && !matches!(mount.sharing(), Some("locked" | "private")) {
                report_unlocked(cx, mount, &target, out);
            }
        }
    }
}

fn report_unlocked(cx: &Context, mount: &Mount, target: &str, out: &mut Findings) {
    let message = format!("concurrent builds share `{target}`: apt fails while another build holds its lock");
    let finding = cx.finding(mount.value.span, message).help("add `sharing=locked`, so that the second build waits");
    let title = "lock the cache mount";
    let is_text = |span: Span, text: &str| cx.source().slice(span) == text;
    out.push(match mount.field(&["sharing"]) {
        Some(field) if is_text(field.span, &format!("sharing={}", field.value.as_deref().unwrap_or_default())) => {
            finding.safe_edit(title, field.span, "sharing=locked")
        }
        None if is_text(mount.value.span, &mount.value.text) => {
            finding.safe_edit(title, Span::at(mount.value.span.end), ",sharing=locked")
        }
        _ => finding,
    });
}

fn cache_mount_unused(cx: &Context, out: &mut Findings) {
    let build = cx.build();
    if !build.is_ordinary() {
        return;
    }
    for run in build.needed_runs().filter(|run| run.code.is_ordinary()) {
        let mounts = build.input().file.mounts(run.instruction);
        let caches: Vec<(&Mount, String)> = mounts
            .iter()
            .filter(|mount| mount.kind() == "cache")
            .filter_map(|mount| Some((mount, build.scopes().expand(run.stage.index, run.index, mount.target()?)?)))
            .collect();
        let all: Vec<String> = caches.iter().map(|(_, target)| target.clone()).collect();
        for (mount, target) in &caches {
            report_unused(cx, &CacheMountPlace { run, mount, target, all: &all }, out);
        }
    }
}

fn report_unused<'i>(cx: &Context<'_, 'i>, place: &CacheMountPlace<'_, 'i>, out: &mut Findings) {
    let build = cx.build();
    let invocations = place.run.invocations();
    let called: Vec<Manager> =
        invocations.iter().filter_map(Invocation::package_call).map(|call| call.manager).collect();
    let fits = |manager| is_meant(place.target, manager) || is_mistaken(place.target, manager, &called);
    for (at, invocation) in invocations.iter().enumerate() {
        let Some(call) = invocation.package_call().filter(|call| fits(call.manager)) else {
            continue;
        };
        if !matches!(call.verb, Verb::Install | Verb::Build | Verb::Download | Verb::Upgrade | Verb::Update) {
            continue;
        }
        let folders = build.package_caches(place.run.stage, place.run.index, invocation, &call);
        let user = User { invocation, call: &call, folders: &folders };
        let Some((message, help, fix)) = find_reason(cx, place, &user, &invocations[at + 1..]) else {
            continue;
        };
        let impact = Impact::slower_rebuild("comparison of the mount with the folder that the program uses");
        let mut finding = cx
            .finding(place.mount.value.span, message)
            .help(help)
            .costs(impact)
            .label(place.run.place(call.span), "this downloads everything again");
        finding.fixes.extend(fix);
        out.push(finding);
        return;
    }
}

// Which package manager a cache mount is meant for, by the name of its folder.

/// Package managers that keep their files in `~/.cache`.
const BELOW_CACHE: [Manager; 2] = [Manager::Pip, Manager::Uv];

/// Package managers that users confuse: those of distributions, of Python, of Node.js.
const ALIKE: [&[Manager]; 3] = [
    &[Manager::Apt, Manager::Apk, Manager::Dnf, Manager::Yum, Manager::Zypper],
    &[Manager::Pip, Manager::Uv, Manager::Poetry],
    &[Manager::Npm, Manager::Yarn, Manager::Pnpm],
];

/// Whether a mount on `target` is meant for a similar package manager that the RUN does not call.
fn is_mistaken(target: &str, manager: Manager, called: &[Manager]) -> bool {
    // `yum` may be dnf by another name.
    if manager == Manager::Yum {
        return false;
    }
    let alike = ALIKE.iter().find(|alike| alike.contains(&manager)).copied().unwrap_or_default();
    alike.iter().any(|tool| is_meant(target, *tool)) && !called.iter().any(|tool| is_meant(target, *tool))
}

/// Whether a mount on `target` is meant for the manager.
fn is_meant(target: &str, manager: Manager) -> bool {
    let slashed = format!("{}/", target.trim_end_matches('/'));
    data::CACHE_MOUNT_NAMES.rows().any(|row| row[1] == manager.name() && slashed.contains(row[0]))
        || (slashed.ends_with("/.cache/") && BELOW_CACHE.contains(&manager))
}

// Why a program does not use a cache mount, and how to fix it.

/// Message, help, and a fix if there is one.
type Reason = (String, String, Option<Fix>);

const HOOK: &str = "/etc/apt/apt.conf.d/docker-clean";

fn find_reason<'i>(
    cx: &Context<'_, 'i>,
    place: &CacheMountPlace<'_, 'i>,
    user: &User,
    later: &[Invocation],
) -> Option<Reason> {
    other_folder(cx, place, user)
        .or_else(|| not_writable(cx, place, user))
        .or_else(|| switched_off(cx, place, user))
        .or_else(|| emptied_by_hook(cx, place, user))
        .or_else(|| deleted_by_run(cx, place, user, later))
}

fn serves(place: &CacheMountPlace, folder: &str) -> bool {
    let near = |folder: &str| path::covers(place.target, folder) || path::covers(folder, place.target);
    // Cargo keeps `git` next to `registry`.
    near(folder) || folder.strip_suffix("/registry").is_some_and(|home| path::covers(home, place.target))
}

/// The program keeps its files in another folder.
fn other_folder<'i>(cx: &Context<'_, 'i>, place: &CacheMountPlace<'_, 'i>, user: &User) -> Option<Reason> {
    let build = cx.build();
    let title = user.call.title();
    let home = build.home(place.run.stage, place.run.index, user.invocation);
    let roots = place.target.starts_with("/root/");
    if home == Home::NotRoots && roots && user.folders.iter().all(|cache| !cache.is_moved) {
        let message =
            format!("`{}` belongs to root: `{title}` runs as another user and keeps its files elsewhere", place.target);
        return Some((message, "mount the folder of that user, with the user's `uid=`".into(), None));
    }
    let known: Option<Vec<&str>> = user.folders.iter().map(|cache| cache.folder.as_deref()).collect();
    let known = known.filter(|known| !known.is_empty())?;
    let moved = user.folders.iter().all(|cache| cache.is_moved);
    if known.iter().any(|folder| serves(place, folder))
        || known.iter().all(|folder| place.all.iter().any(|target| path::covers(target, folder)))
        || !(is_known(build, place.run.stage) || moved)
        || settings_move(build, user.call.manager)
    {
        return None;
    }
    let folders = known.iter().map(|folder| format!("`{folder}`")).collect::<Vec<_>>().join(" and ");
    let message = format!("`{title}` keeps its files in {folders}, not in `{}`", place.target);
    let [folder] = known.as_slice() else {
        return Some((message, "mount the folder that the program uses".into(), None));
    };
    let field = place.mount.field(&["target", "dst", "destination"])?;
    let written = cx.source().slice(field.span);
    let plain = written.ends_with(place.target) && written.contains('=');
    let writable = home == Home::Known("/root".into()) || place.mount.field(&["uid"]).is_some();

    let cache = Cache { folders: &[folder], program: user.call.program };
    let later = matches!(user.call.manager, Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle)
        || cleanup::is_read_below(&place.run, cache);
    let fix = (plain && writable).then(|| {
        let start = field.span.end - place.target.len() as u32;
        let why = "a later step that reads that folder no longer finds it in the layer";
        let safety = if later { Safety::Unsafe(why.into()) } else { Safety::Safe };
        cx.fix("mount the folder that the program uses", safety, Span::new(start, field.span.end), *folder)
    });
    Some((message, format!("mount `{folder}`"), fix))
}

/// Whether a RUN writes settings that may move the cache.
fn settings_move(build: &Build, manager: Manager) -> bool {
    let file = &build.input().file;
    let words: &[&str] = match manager {
        Manager::Npm | Manager::Yarn | Manager::Pnpm | Manager::Pip => {
            &["config set", "config --global set", "npm set"]
        }
        Manager::Maven => &["settings.xml", "maven.config"],
        Manager::Composer => &["cache-dir"],
        _ => return false,
    };
    let runs = file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Run | Keyword::Copy));
    runs.into_iter().any(|run| words.iter().any(|word| file.logical(run.text).contains(word)))
}

/// A mount without an owner belongs to root.
fn not_writable(cx: &Context, place: &CacheMountPlace, user: &User) -> Option<Reason> {
    let build = cx.build();
    let setting = build.user_at(place.run.stage, place.run.index);
    let (build::Setting::By(_, build::User::Other(name)) | build::Setting::Base(build::User::Other(name))) = setting
    else {
        return None;
    };
    let owned = place.mount.field(&["uid"]).is_some() || place.mount.field(&["mode"]).is_some();
    if owned || place.mount.from().is_some() || !user.invocation.via.is_empty() {
        return None;
    }
    let title = user.call.title();
    let message = format!("the mount belongs to root: `{title}` runs as `{name}` and can't write to it");
    let number = name.bytes().all(|byte| byte.is_ascii_digit());
    let written = cx.source().slice(place.mount.value.span) == place.mount.value.text;
    let fix = (number && written).then(|| {
        let at = Span::at(place.mount.value.span.end);
        cx.fix("make the user the owner of the mount", Safety::Safe, at, format!(",uid={name}"))
    });
    Some((message, "add `uid=` with the user's numeric ID".into(), fix))
}

/// An option or a variable disables the cache of the program.
fn switched_off(cx: &Context, place: &CacheMountPlace, user: &User) -> Option<Reason> {
    let (flags, variable): (&[&str], &str) = match user.call.manager {
        Manager::Pip => (&["--no-cache-dir", "--no-cache"], "PIP_NO_CACHE_DIR"),
        Manager::Uv => (&["--no-cache", "-n"], "UV_NO_CACHE"),
        Manager::Composer | Manager::Apk => (&["--no-cache"], ""),
        _ => return None,
    };
    // A mount that is another program's was never used: without the option it would not be either.
    if !is_meant(place.target, user.call.manager) {
        return None;
    }
    let title = user.call.title();
    let folder = user.call.flag(&["--cache-dir"]);
    let is_undone =
        |flag: Span| user.call.manager == Manager::Pip && folder.is_some_and(|folder| folder.span.start > flag.start);
    if let Some(flag) = user.call.flag(flags)
        && !is_undone(flag.span)
    {
        let message = format!("`{}` stops `{title}` from using the mount", flag.name);
        let span = place.run.place(flag.span);
        let before = cx.source().text()[..span.start as usize].trim_end_matches(' ').len() as u32;
        let exact = cx.source().slice(span) == &*flag.name && before < span.start && !place.run.code.is_exec();
        let help = format!("remove `{}`", flag.name);
        let fix = (exact && user.call.manager != Manager::Apk)
            .then(|| cx.fix(&*help, Safety::Safe, Span::new(before, span.end), ""));
        return Some((message, help, fix));
    }
    // An option counts more than a variable.
    if user.call.manager == Manager::Pip && user.call.has(&["--cache-dir"]) {
        return None;
    }
    let value = cx.build().run_variable(place.run.stage, place.run.index, user.invocation, variable)?.text()?;
    let message = format!("`{variable}={value}` stops `{title}` from using the mount");
    build::stops_cache(variable, &value)
        .then(|| (message, format!("unset `{variable}` for this RUN, or remove the mount"), None))
}

/// The images of Debian and Ubuntu delete archives after each install.
fn emptied_by_hook(cx: &Context, place: &CacheMountPlace, user: &User) -> Option<Reason> {
    let build = cx.build();
    let archives = path::covers(place.target, "/var/cache/apt") || path::covers("/var/cache/apt", place.target);
    if user.call.manager != Manager::Apt || !matches!(user.call.verb, Verb::Install | Verb::Upgrade) || !archives {
        return None;
    }
    let file = &build.input().file;
    let touches = |text: &str| ["docker-clean", "eep-Downloaded", "apt.conf"].iter().any(|word| text.contains(word));
    let handled = build.chain(place.run.stage).flat_map(|stage| build.instructions(stage)).any(|(_, instruction)| {
        touches(cx.source().slice(instruction.span)) || touches(file.logical(instruction.text))
    });
    if handled || !is_known(build, place.run.stage) {
        return None;
    }
    let message = format!("`{HOOK}` in the base image empties the mount after each install");
    let help = format!("delete `{HOOK}` first; with `apt`, also set Binary::apt::APT::Keep-Downloaded-Packages");
    let first = place.run.code.script.commands.first().filter(|command| command.place.scope == 0);
    let compound = place
        .run
        .code
        .script
        .compounds
        .first()
        .is_some_and(|compound| Some(compound.span.start) <= first.map(|invocation| invocation.span.start));
    let fix = first
        .filter(|_| {
            !compound && !place.run.code.is_exec() && user.call.program == "apt-get" && user.invocation.via.is_empty()
        })
        .map(|first| {
            let at = Span::at(place.run.place(first.span).start);
            let why = "an install without the mount then keeps its archives in the layer";
            cx.fix("delete the hook first", Safety::Unsafe(why.into()), at, format!("rm -f {HOOK} && "))
        });
    Some((message, help, fix))
}

/// The RUN itself deletes what the mount should keep.
fn deleted_by_run(cx: &Context, place: &CacheMountPlace, user: &User, later: &[Invocation]) -> Option<Reason> {
    let deletes = |invocation: &&Invocation| {
        let names = |text: &str| {
            let path = text.trim_end_matches(['*', '/']);
            text.starts_with('/') && (path == place.target || (path::covers(place.target, path) && text.ends_with('*')))
        };
        match invocation.package_call() {
            Some(call) => is_clean(&call, user.call) && serves_all(place, user) && empties(&call, place.target),
            None => invocation.is("rm") && invocation.args.iter().any(|word| names(word.text())),
        }
    };
    let deletion = later.iter().find(deletes)?;
    let message = format!("`{}` empties the mount at the end of each build", place.run.source(deletion.span));
    let single = deletion.args.iter().filter(|word| !word.text().starts_with('-')).count() == 1 || !deletion.is("rm");
    let span = if single && deletion.via.is_empty() {
        script_end::element(place.run.build, place.run.code, deletion.command)
    } else {
        None
    };
    let fix = span.map(|span| cx.fix("keep the files in the mount", Safety::Safe, span, ""));
    Some((message, "remove the clean-up: files in the mount are not in the layer".into(), fix))
}

fn serves_all(place: &CacheMountPlace, user: &User) -> bool {
    user.folders.iter().filter_map(|cache| cache.folder.as_deref()).any(|folder| serves(place, folder))
}

/// Whether a clean-up reaches a folder: `apt-get clean` deletes archives and leaves the lists in /var/lib/apt (apt-get(8)).
fn empties(call: &PackageCall, target: &str) -> bool {
    const ARCHIVES: &str = "/var/cache/apt";
    call.manager != Manager::Apt || path::covers(target, ARCHIVES) || path::covers(ARCHIVES, target)
}

/// Whether a call cleans the cache of another one: `pip cache purge` after `pip install`.
fn is_clean(call: &PackageCall, of: &PackageCall) -> bool {
    call.manager == of.manager
        && call.verb == Verb::Clean
        && !matches!(&*call.verb_text, "cache prune" | "store prune")
        && (call.manager != Manager::Go || call.has(&["-cache", "-modcache"]))
}

/// A cache mount and its position in the file.
struct CacheMountPlace<'c, 'b> {
    run: Run<'c, 'b>,
    mount: &'c Mount<'b>,
    /// Its target, with variables resolved.
    target: &'c str,
    /// The targets of all cache mounts of the RUN.
    all: &'c [String],
}

/// The package manager call that should use the mount.
struct User<'c, 's> {
    invocation: &'c Invocation<'s>,
    call: &'c PackageCall<'s>,
    folders: &'c [PackageCache],
}
