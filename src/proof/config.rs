//! The images' configs, field by field (image-spec, config.md).

use std::collections::BTreeSet;

use super::check::{Check, Observation};
use super::command::{arguments, command, handed_on};
use super::declared_config::DeclaredConfig;
use super::image_side::ImageSide;
use crate::build::CERTIFICATES;
use crate::data;
use crate::image::Config;
use crate::secret;

/// Compares the configs.
pub(super) fn check(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig) -> Check {
    let mut seen = Observation::default();
    let (old, new) = (before.config(), after.config());
    commands(old, new, declared, &mut seen);
    variables(before, after, declared, &mut seen);
    lists(old, new, declared, &mut seen);
    settings(old, new, declared, &mut seen);
    seen.check("config")
}

fn commands(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let (one, other) = (command(old, &declared.scripts), command(new, &declared.scripts));
    let told = |words: &[String]| format!("`{}`", words.join(" "));
    if one != other {
        let compiled = declared.compiles_start && handed_on(&one).is_some_and(|words| words == arguments(&other));
        let traced = declared.traces_files && other == ["node", "server.js"];
        let why = match (declared.replaces_server, compiled) {
            _ if traced => Some("Next.js generated this program as its server"),
            (true, _) => Some("the rewrite replaces the server"),
            (_, true) => Some("the program is compiled when the image is built, and gets the same arguments"),
            _ => None,
        };
        seen.judge(why, &format!("containers start {} instead of {}", told(&other), told(&one)));
    } else if (&old.entrypoint, &old.cmd) != (&new.entrypoint, &new.cmd) {
        seen.explain(format!("ENTRYPOINT and CMD are written differently and start the same: {}", told(&one)));
    }
}

fn variables(before: &ImageSide, after: &ImageSide, declared: &DeclaredConfig, seen: &mut Observation) {
    for (name, value) in &before.config().env {
        match after.variable(name) {
            Some(now) if now == value => {}
            _ if name == "PATH" => path(value, before, after, seen),
            Some(_) if is_version(name) && !declared.own_variables.contains(name) => {
                seen.explain(format!("ENV {name} is set by the other base image"));
            }
            // Values may be secrets.
            Some(_) => {
                let why = data::VARIABLES
                    .with("build-prefix")
                    .any(|start| name.starts_with(start))
                    .then_some("only build tools read it");
                seen.judge(why, &format!("ENV {name} has another value"));
            }
            None => {
                // Programs find the file without being told.
                let usual = (value == CERTIFICATES && after.find(value).is_some())
                    .then_some("it names the file that is used by default");
                seen.judge(why_gone(name, declared).or(usual), &format!("ENV {name} is not set"));
            }
        }
    }
    let old: BTreeSet<&str> = before.config().env.iter().map(|(name, _)| name.as_str()).collect();
    for (name, _) in after.config().env.iter().filter(|(name, _)| !old.contains(name.as_str())) {
        seen.explain(format!("ENV {name} is new"));
    }
}

fn why_gone(name: &str, declared: &DeclaredConfig) -> Option<&'static str> {
    if declared.replaces_server && !declared.own_variables.contains(name) {
        return Some("the base image of the server does not set it");
    }
    if declared.serves_files {
        return Some("the web server does not read it");
    }
    if secret::names_secret(name) && declared.names(name) {
        return Some("a secret, which must now be set when the container starts");
    }
    if data::VARIABLES.with("build-prefix").any(|start| name.starts_with(start)) {
        return Some("only build tools read it");
    }
    let of_base = !declared.own_variables.contains(name) && !data::VARIABLES.has(name, "of-base");
    of_base.then_some("only the original base image sets it")
}

/// Whether a variable of an official image tells its own version and how it was checked.
fn is_version(name: &str) -> bool {
    data::VARIABLES.with("version-end").any(|end| name.ends_with(end))
}

/// Folders of PATH may come to the front; those that are gone must have nothing in them any more.
fn path(old: &str, before: &ImageSide, after: &ImageSide, seen: &mut Observation) {
    let now: Vec<&str> = after.variable("PATH").unwrap_or_default().split(':').collect();
    let gone = old.split(':').filter(|folder| !folder.is_empty() && !now.contains(folder));
    for folder in gone {
        let holds =
            |side: &ImageSide| side.find(folder).is_some_and(|folder| side.tree.children(folder).next().is_some());
        let started = || {
            let members = after.find(folder).into_iter().flat_map(|folder| after.tree.children(folder));
            let config = after.config();
            let words: Vec<&String> = config.entrypoint.iter().chain(&config.cmd).flatten().collect();
            members.map(|path| after.text(path)).all(|path| words.contains(&&path))
        };
        let why = match (holds(before), holds(after)) {
            (false, _) => Some("the folder is empty in the original"),
            (true, false) => Some("the folder does not exist in the rewrite"),
            (true, true) if started() => Some("its programs are started by their paths"),
            (true, true) => None,
        };
        seen.judge(why, &format!("PATH does not contain `{folder}`"));
    }
    let kept: Vec<&str> = now.iter().copied().filter(|folder| old.split(':').any(|own| own == *folder)).collect();
    let order: Vec<&str> = old.split(':').filter(|folder| kept.contains(folder)).collect();
    if kept != order && BTreeSet::from_iter(&kept).len() == kept.len() {
        seen.fail("PATH has its folders in another order");
    } else {
        seen.explain("PATH has more or fewer folders, in the same order");
    }
}

fn lists(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let server = declared.replaces_server.then_some("the rewrite replaces the server");
    for port in old.exposed_ports.iter().filter(|port| !new.exposed_ports.contains(port)) {
        seen.judge(server, &format!("EXPOSE {port} is missing"));
    }
    for port in new.exposed_ports.iter().filter(|port| !old.exposed_ports.contains(port)) {
        seen.explain(format!("EXPOSE {port} is new"));
    }
    let volumes = |config: &Config| config.volumes.iter().cloned().collect::<BTreeSet<_>>();
    if volumes(old) != volumes(new) {
        let all = |config: &Config| volumes(config).into_iter().collect::<Vec<_>>().join(" ");
        seen.fail(format!("VOLUME is `{}` instead of `{}`", all(new), all(old)));
    }
    for (name, value) in &old.labels {
        match new.labels.get(name) {
            Some(now) if now == value => {}
            Some(_) => seen.fail(format!("LABEL {name} has another value")),
            None => seen.judge(server, &format!("LABEL {name} is missing")),
        }
    }
}

fn settings(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let server = declared.replaces_server.then_some("the other server sets it");
    let folder = |config: &Config| config.working_directory.clone().filter(|own| !own.is_empty()).unwrap_or("/".into());
    if folder(old) != folder(new) {
        let moved = declared.moved.as_ref().filter(|moved| **moved == folder(new));
        let server = server.or(moved.map(|_| "the files that were copied to `/` are there"));
        seen.judge(server, &format!("WORKDIR is `{}` instead of `{}`", folder(new), folder(old)));
    }
    if old.stop_signal != new.stop_signal {
        let own = |config: &Config| config.stop_signal.clone().unwrap_or_else(|| "SIGTERM".to_owned());
        if own(old) != own(new) {
            seen.judge(server, &format!("STOPSIGNAL is {} instead of {}", own(new), own(old)));
        }
    }
    users(old, new, declared, seen);
    let shell = |config: &Config| config.shell.clone().unwrap_or_else(|| ["/bin/sh", "-c"].map(str::to_owned).to_vec());
    if shell(old) != shell(new) {
        let server = declared.serves_files.then_some("no RUN in the web server's stage uses it");
        seen.judge(server, &format!("SHELL is `{}` instead of `{}`", shell(new).join(" "), shell(old).join(" ")));
    }
    if old.on_build != new.on_build {
        seen.fail("ONBUILD differs");
    }
    healthchecks(old, new, seen);
}

fn users(old: &Config, new: &Config, declared: &DeclaredConfig, seen: &mut Observation) {
    let user = |config: &Config| config.user.clone().unwrap_or_default();
    let is_root = |user: &str| matches!(user.split(':').next().unwrap_or_default(), "" | "0" | "root");
    let (one, other) = (user(old), user(new));
    match (is_root(&one), is_root(&other)) {
        (true, true) => {}
        _ if one == other => {}
        (true, false) => {
            seen.explain(format!("USER is `{other}` instead of root; the check `writes` covers what it writes"))
        }
        (false, false) if declared.serves_files => {
            seen.explain(format!("USER is `{other}` instead of `{one}`, as the web server's image sets it"));
        }
        (false, _) => {
            seen.fail(format!("USER is `{}` instead of `{one}`", if other.is_empty() { "root" } else { &other }));
        }
    }
}

fn healthchecks(old: &Config, new: &Config, seen: &mut Observation) {
    let off = |check: &Option<Vec<String>>| {
        check.as_ref().is_none_or(|words| words.first().is_some_and(|word| word == "NONE"))
    };
    match (off(&old.healthcheck), off(&new.healthcheck)) {
        (true, true) => {}
        (true, false) => seen.explain("HEALTHCHECK is new"),
        (false, true) => seen.fail("HEALTHCHECK is missing"),
        (false, false) if old.healthcheck == new.healthcheck => {}
        (false, false) => seen.explain("HEALTHCHECK uses another command; it must succeed as well"),
    }
}

#[cfg(test)]
mod tests;
