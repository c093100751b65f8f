//! Rules about caches that stay in the image.

use crate::build::{Build, DownloadSize, PackageCache, Reference, Run, Stage, StageBase, releases, toolchain};
use crate::data;
use crate::dockerfile::Keyword;
use crate::finding::{Findings, Impact, ImpactKind, Safety};
use crate::manifest::Tool;
use crate::rules::Context;
use crate::rules::packages::package_calls;
use crate::rules::shared::cleanup;
use crate::rules::shared::cleanup::Cleanup;
use crate::rules::shared::kept_cache;
use crate::rules::shared::kept_cache::{CacheFill, CacheFix, KeptCacheRule, check};
use crate::shell::program::{Kind, Program};
use crate::shell::{Invocation, Manager, PackageCall, SeparatorKind, Verb, Word, parse};
use crate::text::{Span, path};

crate::rules::family! {
    "composer-cache-kept" => |cx, out| check(cx, out, &KeptCacheRule {
        variables: &["COMPOSER_DISABLE_NETWORK"],
        ..KeptCacheRule::new(
            |call| call.manager == Manager::Composer && matches!(call.verb, Verb::Install | Verb::Upgrade),
            clear_composer,
        )
    });
    "gem-cache-kept" => gem_cache_kept;
    "npm-cache-kept" => |cx, out| check(cx, out, &KeptCacheRule {
        variables: &["npm_config_offline"],
        ..KeptCacheRule::new(
            |call| call.manager == Manager::Npm && call.verb == Verb::Install,
            |_, _| Some(CacheFix::Command("npm cache clean --force".into())),
        )
    });
    "pip-cache-kept" => pip_cache_kept;
    "python-cache-kept" => python_cache_kept;
    "yarn-cache-kept" => yarn_cache_kept;
    "dnf-cache-kept" => |cx, out| {
        let managers = &[Manager::Dnf, Manager::Microdnf];
        let folders = &["/var/cache/dnf", "/var/cache/libdnf5", "/var/cache/yum", "/var/cache/tdnf"];
        check_system_cache(cx, out, &MetadataCache { managers, fills: fetches, empties: cleans_all, folders, clean: "clean all" });
    };
    "yum-cache-kept" => |cx, out| {
        let managers = &[Manager::Yum];
        let folders = &["/var/cache/yum", "/var/cache/dnf"];
        check_system_cache(cx, out, &MetadataCache { managers, fills: fetches, empties: cleans_all, folders, clean: "clean all" });
    };
    "zypper-cache-kept" => |cx, out| {
        let managers = &[Manager::Zypper];
        let fills = |call: &PackageCall| call.verb == Verb::Install;
        check_system_cache(cx, out, &MetadataCache { managers, fills, empties: |_| true, folders: &["/var/cache/zypp"], clean: "clean --all" });
    };
    "apk-cache-kept" => apk_cache_kept;
    "compiler-cache-kept" => compiler_cache_kept;
}

fn pip_cache_kept(cx: &Context, out: &mut Findings) {
    // A pip without the option has no cache either.
    if lacks_option(cx.build(), "pip", "--no-cache-dir") && !installs_newer_pip(cx.build()) {
        return;
    }
    let fills = |call: &PackageCall| {
        call.manager == Manager::Pip && call.verb == Verb::Install && !call.has(&["--help", "-h", "--dry-run"])
    };
    // A later `--cache-dir` takes precedence.
    let cure =
        |_: &Context, fill: &CacheFill| (!fill.call.has(&["--cache-dir"])).then_some(CacheFix::Flag("--no-cache-dir"));
    check(cx, out, &KeptCacheRule { variables: &["PIP_NO_CACHE_DIR"], ..KeptCacheRule::new(fills, cure) });
}

/// Whether the package manager of the release that the final image is based on is too old for an option.
fn lacks_option(build: &Build, manager: &str, option: &str) -> bool {
    let Some(StageBase::Image(image)) = build.target().map(|target| build.root_base(target)) else { return false };
    let name = Reference::of(image).short_name();
    let of_system = releases(image).into_iter().find(|release| release.product == name);
    of_system.is_some_and(|release| {
        data::OLDER_OPTIONS.rows().any(|row| {
            row[0] == manager
                && row[1] == option
                && row[2] == name
                && data::words(row[3]).any(|known| known == release.version)
        })
    })
}

/// Whether a step installs pip itself, or runs a script that may.
fn installs_newer_pip(build: &Build) -> bool {
    build.all_runs().flat_map(|run| run.invocations()).any(|invocation| {
        let of_call = invocation.package_call().is_some_and(|call| {
            call.manager != Manager::Apt && call.packages.iter().any(|package| package.name.text == "pip")
        });
        of_call || invocation.args.iter().any(|word| word.text().contains("get-pip"))
    })
}

fn clear_composer(_: &Context, filled: &CacheFill) -> Option<CacheFix> {
    if filled.invocation.program == Some("php") {
        return None;
    }
    let program = filled.invocation.path.value()?;
    Some(CacheFix::Command(format!("{program} clear-cache")))
}

fn gem_cache_kept(cx: &Context, out: &mut Findings) {
    // Bundler may install into the project folder instead; then the archives are there, too.
    let file = &cx.build().input().file;
    let moving = ["BUNDLE_PATH", "BUNDLE_DEPLOYMENT", "deployment", "--path", "config set"];
    let mut settings =
        file.instructions().iter().filter(|i| matches!(i.keyword, Keyword::Env | Keyword::Arg | Keyword::Run));
    if settings.any(|setting| moving.iter().any(|word| file.logical(setting.text).contains(word))) {
        return;
    }
    let fills =
        |call: &PackageCall| matches!(call.manager, Manager::Gem | Manager::Bundle) && call.verb == Verb::Install;
    check(cx, out, &KeptCacheRule { known: true, ..KeptCacheRule::new(fills, |_, filled| remove(filled, &[""])) });
}

/// Removes folders below the cache.
fn remove(filled: &CacheFill, below: &[&str]) -> Option<CacheFix> {
    let folder = filled.folders.first()?.folder.as_deref()?;
    let folders = below.iter().fold(String::new(), |folders, part| folders + " " + folder + part);
    Some(CacheFix::Command(format!("rm -rf{folders}")))
}

fn yarn_cache_kept(cx: &Context, out: &mut Findings) {
    // Later versions of yarn keep their cache elsewhere, and may load packages from it at run time.
    if has_yarn(cx, Tool::YarnBerry) && !has_yarn(cx, Tool::YarnClassic) {
        return;
    }
    let fills = |call: &PackageCall| {
        call.manager == Manager::Yarn && call.verb == Verb::Install && call.verb_text != "workspaces focus"
    };
    let cure = |cx: &Context, _: &CacheFill| {
        let command = "yarn cache clean".to_owned();
        let why = "yarn 2 and later may load packages from the cache at run time";
        let is_classic = has_yarn(cx, Tool::YarnClassic);
        Some(if is_classic { CacheFix::Command(command) } else { CacheFix::RiskyCommand(command, why) })
    };
    let code: (_, fn(&PackageCall) -> bool) = ("DL3060", |call| matches!(&*call.verb_text, "" | "install"));
    check(cx, out, &KeptCacheRule { code, ..KeptCacheRule::new(fills, cure) });
}

fn has_yarn(cx: &Context, tool: Tool) -> bool {
    let projects = cx.projects().unwrap_or_default();
    projects.iter().any(|project| project.installs.iter().any(|install| install.tool == tool))
}

fn python_cache_kept(cx: &Context, out: &mut Findings) {
    let fills = if links_by(cx, "copy") {
        fills_a_copy
    } else if links_by(cx, "symlink") {
        fills_without_uv
    } else {
        fills_python_cache
    };
    let cure = |_: &Context, filled: &CacheFill| match filled.call.manager {
        Manager::Uv => Some(CacheFix::Flag("--no-cache")),
        // Poetry's virtual environments are in the same folder.
        Manager::Poetry => remove(filled, &["/cache", "/artifacts"]),
        _ => remove(filled, &[""]),
    };
    let variables = &["UV_NO_CACHE", "UV_OFFLINE"];
    check(cx, out, &KeptCacheRule { variables, ..KeptCacheRule::new(fills, cure) });
}

/// Whether a variable sets uv's link mode to the given one.
fn links_by(cx: &Context, mode: &str) -> bool {
    let file = &cx.build().input().file;
    let mut pairs = file.instructions().iter().flat_map(|instruction| file.variables(instruction));
    pairs.any(|pair| pair.name.text == "UV_LINK_MODE" && pair.value.text.trim_matches(['"', '\'']) == mode)
}

fn fills_a_copy(call: &PackageCall) -> bool {
    fills_python_cache(call) || (call.manager == Manager::Uv && call.verb_text == "sync")
}

/// Installed packages that are symbolic links to the cache need it.
fn fills_without_uv(call: &PackageCall) -> bool {
    fills_python_cache(call) && call.manager != Manager::Uv
}

/// uv hard-links what it installs to its cache, which costs nothing within a layer; index data does, unless a lock file
/// makes it unnecessary.
fn fills_python_cache(call: &PackageCall) -> bool {
    if call.verb != Verb::Install || call.verb_text == "venv" {
        return false;
    }
    match call.manager {
        Manager::Uv => {
            let mode = call.flag(&["--link-mode"]).and_then(|flag| flag.value).map_or("", |mode| mode.text);
            mode != "symlink" && (call.verb_text != "sync" || mode == "copy")
        }
        Manager::Poetry | Manager::Pipenv => true,
        _ => false,
    }
}

/// A manager's cache.
struct MetadataCache {
    /// The package managers that use it.
    managers: &'static [Manager],
    /// Whether a call fills it.
    fills: fn(&PackageCall) -> bool,
    /// Whether a call of the same program empties it.
    empties: fn(&PackageCall) -> bool,
    /// The folders that it may be in.
    folders: &'static [&'static str],
    /// The arguments that empty it, without the program.
    clean: &'static str,
}

fn check_system_cache(cx: &Context, out: &mut Findings, cache: &MetadataCache) {
    if cx.is_for_developers_only() {
        return;
    }
    for run in cx.build().shipped_runs().filter(|run| !run.is_mounted(cache.folders)) {
        let invocations = run.invocations();
        let fills =
            |invocation: &Invocation| invocation.call_of(cache.managers).is_some_and(|call| (cache.fills)(&call));
        let Some(at) = invocations.iter().rposition(fills) else { continue };
        let Some(call) = invocations[at].package_call() else { continue };
        if empties(&run, cache, &call, &invocations[at..]) {
            continue;
        }
        let span = Span::new(call.span.start, call.verb_span.end);
        let clean = format!("{} {}", invocations[at].path.text(), cache.clean);
        let mut finding = cx
            .finding(run.place(span), format!("`{}` leaves its package metadata in the layer", call.program))
            .help(format!("add `&& {clean}` in the same RUN, or use a cache mount on {}", cache.folders[0]));
        let commands = [clean];
        let cache = cleanup::Cache { folders: cache.folders, program: call.program };
        if let Some(addition) = cleanup::add(&run, fills, &Cleanup { commands: &commands, cache }) {
            finding = addition.edit(finding, "empty the cache in the same RUN");
        }
        out.push(finding);
    }
}

/// Whether a command after the call removes its cache.
fn empties(run: &Run, cache: &MetadataCache, filled: &PackageCall, behind: &[Invocation]) -> bool {
    let named = |text: &str| {
        let folder = text.trim_end_matches(['*', '/']);
        text.starts_with('/')
            && cache.folders.iter().any(|cache_folder| {
                path::covers(folder, cache_folder)
                    || folder.starts_with(cache_folder)
                    || cache_folder.starts_with(folder)
            })
    };
    let removes = |invocation: &Invocation| match invocation.program {
        Some("rm" | "find") => invocation.args.iter().any(|word| word.value().is_some_and(named)),
        Some(program) if program == filled.program => {
            invocation.package_call().is_some_and(|call| call.verb == Verb::Clean && (cache.empties)(&call))
        }
        _ => false,
    };
    let trapped = |invocation: &Invocation| {
        invocation.is("trap") && invocation.args.first().is_some_and(|word| word.text().contains("clean"))
    };
    behind.iter().any(removes) || run.invocations().iter().any(trapped)
}

fn fetches(call: &PackageCall) -> bool {
    matches!(call.verb, Verb::Install | Verb::Upgrade | Verb::Download | Verb::Update)
}

fn cleans_all(call: &PackageCall) -> bool {
    call.operands.iter().any(|word| word.is("all"))
}

const FOLDERS: [&str; 2] = ["/var/cache/apk", "/etc/apk/cache"];

fn apk_cache_kept(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    let is_old = lacks_option(cx.build(), "apk", "--no-cache");
    for run in cx.build().shipped_runs().filter(|run| !run.is_mounted(&FOLDERS)) {
        let invocations = run.invocations();
        let cleaned = invocations.iter().rposition(cleans);
        let update = update(&run, &invocations);
        for (at, invocation) in invocations.iter().enumerate() {
            let Some(call) = apk(invocation, Verb::Install).filter(|call| call.verb_text == "add") else { continue };
            let open = invocation.args.iter().any(|word| run.may_be_option(word));
            if call.has(&["--no-cache", "--no-network", "--simulate", "-s"])
                || open
                || cleaned.is_some_and(|last| last > at)
            {
                continue;
            }
            let span = Span::new(call.span.start, call.verb_span.end);
            let finding =
                cx.finding(run.place(span), "the package index fetched here stays in the layer").help(if is_old {
                    "add `&& rm -rf /var/cache/apk/*` in the same RUN"
                } else {
                    "use `apk add --no-cache`"
                });
            if is_old {
                out.push(finding);
                continue;
            }
            out.push(finding.with(run.insertion_after(call.verb_span, "add", "--no-cache"), |finding, option| {
                let before = update.iter().filter(|(place, _)| place.end <= option.0.start);
                let mut edits: Vec<_> = before.cloned().collect();
                edits.push(option);
                // With `--no-cache`, apk fetches the index anyway.
                let is_update = |word: &&Word| matches!(word.text(), "--update" | "--update-cache" | "-U");
                edits.extend(
                    invocation
                        .args
                        .iter()
                        .find(is_update)
                        .and_then(|word| package_calls::option_removal(&run, invocation, word.span)),
                );
                edits.sort_by_key(|(span, _)| span.start);
                let cache = cleanup::Cache { folders: &FOLDERS, program: "apk" };
                let read =
                    cleanup::is_read_behind(&run, invocation.span.end, cache) || cleanup::is_read_below(&run, cache);
                let why = || Safety::Unsafe("a later command may read the index".into());
                let safety = if read { why() } else { Safety::Safe };
                finding.edits("do not store the package index", safety, edits)
            }));
        }
    }
}

fn apk<'s>(invocation: &Invocation<'s>, verb: Verb) -> Option<PackageCall<'s>> {
    invocation.call_of(&[Manager::Apk]).filter(|call| call.verb == verb)
}

fn cleans(invocation: &Invocation) -> bool {
    let named = |text: &str| {
        let folder = text.trim_end_matches(['*', '/']);
        FOLDERS.iter().any(|cache| path::covers(folder, cache) || folder.starts_with(cache))
    };
    let removes = invocation.program.is_some_and(|program| Program::of(program).is(Kind::Deletes));
    removes && invocation.args.iter().any(|word| word.text().starts_with('/') && named(word.text()))
        || apk(invocation, Verb::Clean).is_some()
}

/// An edit that removes the first `apk update` and the separator after it: with `--no-cache` no command uses its index.
fn update(run: &Run, all: &[Invocation]) -> Option<(Span, String)> {
    let invocation = all.iter().find(|candidate| apk(candidate, Verb::Update).is_some())?;
    let command = invocation.command;
    let alone = invocation.via.is_empty() && command.redirects.is_empty() && command.assignments.is_empty();
    let after = command.place.after.filter(|after| is_and(*after))?;
    let update_command = run.code.script.commands.get(invocation.outer as usize)?;
    let next = run.code.script.commands.get(invocation.outer as usize + 1)?;
    // The text between the commands is removed as well, so it must be blank.
    let top = run.code.script.is_top(&command.place) && command.place.before.is_none_or(is_and);
    let span = run.place(Span::new(update_command.span.start, next.span.start));
    let between = run.source(Span::new(after.span.end, next.span.start));
    let blank = between.chars().all(|c| c.is_whitespace() || c == run.file().escape());
    (alone && top && blank && update_command.span == command.span).then(|| (span, String::new()))
}

fn is_and(separator: crate::shell::Separator) -> bool {
    matches!(separator.kind, SeparatorKind::And | SeparatorKind::Semicolon | SeparatorKind::Newline)
}

fn compiler_cache_kept(cx: &Context, out: &mut Findings) {
    if cx.is_for_developers_only() {
        return;
    }
    let build = cx.build();
    if !build.is_ordinary() {
        return;
    }
    let Some(target) = build.target().filter(|target| !starts_tool(build, target)) else { return };
    let mut calls: Vec<(Span, String, Vec<PackageCache>)> = Vec::new();
    let mut sizes: Vec<DownloadSize> = Vec::new();
    let mut stages: Vec<&Stage> = build.chain(target).collect();
    stages.reverse();
    for run in stages.into_iter().flat_map(|stage| build.runs(stage)).filter(|run| run.code.is_ordinary()) {
        let invocations = run.invocations();
        // The image compiles the project itself; another rule reports that.
        if invocations.iter().any(|invocation| toolchain::compiles(invocation).is_some()) {
            return;
        }
        for (at, invocation) in invocations.iter().enumerate() {
            let Some(call) = invocation.package_call().filter(fills) else { continue };
            let place = (run.stage, run.index);
            let folders = build.package_caches(run.stage, run.index, invocation, &call);
            let cleaned = kept_cache::is_cleaned(build, place, &invocations[at + 1..], &call, &folders);
            if !cleaned && !kept_cache::is_mounted(build, place, &folders) {
                sizes.extend(DownloadSize::of(build, place, invocation, &call));
                calls.push((run.place(call.span), call.title(), folders));
            }
        }
    }
    let Some((span, title, folders)) = calls.first() else { return };
    let folders: Vec<String> =
        folders.iter().filter_map(|cache| cache.folder.as_deref()).map(|folder| format!("`{folder}`")).collect();
    let place = if folders.is_empty() { String::new() } else { format!(" ({})", folders.join(", ")) };
    let message = format!("the downloads and build cache of `{title}` stay in the image{place}");
    // Compiled objects are not included.
    let impact = match sizes.into_iter().max_by_key(|size| size.disk_bytes) {
        Some(size) => Impact::typical(ImpactKind::DiskBytes, size.archive_bytes + size.disk_bytes, size.evidence),
        None => Impact::unknown(ImpactKind::DiskBytes, "the folder is in a layer of the final image"),
    };
    let mut finding = cx.finding(*span, message).costs(impact);
    for (span, ..) in &calls[1..] {
        finding = finding.label(*span, "this adds to it");
    }
    out.push(finding.help("build in a separate stage and copy the result, or keep the folders in cache mounts"));
}

fn fills(call: &PackageCall) -> bool {
    let builds = matches!(call.verb, Verb::Install | Verb::Build | Verb::Download);
    let only_asks = call.has(&["--help", "-h", "--version", "-version"]);
    is_tool(call.manager) && builds && !only_asks && call.verb_text != "vet"
}

const fn is_tool(manager: Manager) -> bool {
    matches!(manager, Manager::Go | Manager::Cargo | Manager::Maven | Manager::Gradle)
}

/// Whether the container runs the tool itself or an interactive shell, so that the image is meant for developers.
fn starts_tool(build: &Build, target: &Stage) -> bool {
    let starts = [Keyword::Cmd, Keyword::Entrypoint].into_iter().filter_map(|keyword| build.last(target, keyword));
    let mut any = false;
    for (index, _) in starts {
        any = true;
        let Some(code) = build.code(index).filter(|code| code.is_ordinary()) else { return true };
        if code
            .script
            .invocations()
            .iter()
            .any(|invocation| invocation.program.is_none() || toolchain::is_idle(invocation) || is_build(invocation))
        {
            return true;
        }
    }
    let scripts = build.start_scripts(target);
    !any || scripts.iter().any(|(_, script)| script.invocations().iter().any(is_build))
}

/// Whether a program compiles when it is run: the tool itself, or one that runs it after each change (`air`,
/// `nodemon --exec "go run ."`).
fn is_build(invocation: &Invocation) -> bool {
    let is_call = |invocation: &Invocation| invocation.package_call().is_some_and(|call| is_tool(call.manager));
    let is_nested =
        || invocation.args.iter().filter_map(Word::value).any(|text| parse(text).invocations().iter().any(is_call));
    let watches = |program: &str| Program::of(program).is(Kind::BuildTool) || Program::of(program).is(Kind::Runtime);
    is_call(invocation)
        || invocation.program.is_some_and(|program| Program::of(program).is(Kind::BuildTool))
        || invocation.program.is_some_and(watches) && is_nested()
}
