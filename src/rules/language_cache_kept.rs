//! Rules about caches that package managers of languages leave in the image.

use super::Context;
use super::kept_cache::{CacheFill, CacheFix, KeptCacheRule, check};
use crate::dockerfile::Keyword;
use crate::finding::Findings;
use crate::manifest::Tool;
use crate::shell::{Manager, PackageCall, Verb};

super::family! {
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
    "pip-cache-kept" => |cx, out| check(cx, out, &KeptCacheRule {
        variables: &["PIP_NO_CACHE_DIR"],
        ..KeptCacheRule::new(
            |call| {
                call.manager == Manager::Pip && call.verb == Verb::Install && !call.has(&["--help", "-h", "--dry-run"])
            },
            // A later `--cache-dir` takes precedence.
            |_, fill| (!fill.call.has(&["--cache-dir"])).then_some(CacheFix::Flag("--no-cache-dir")),
        )
    });
    "python-cache-kept" => python_cache_kept;
    "yarn-cache-kept" => yarn_cache_kept;
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
