//! What services, networks, volumes and the rest say of each other (compose-go's `checkConsistency`, on the printed model).

use std::collections::{BTreeMap, BTreeSet};

use super::error::ProjectError;
use super::value::{ComposeMap, ComposeValue};

/// A project's parts while it is checked.
pub(super) struct Parts<'p> {
    pub(super) model: &'p ComposeMap,
    /// Services of profiles that are not active.
    pub(super) disabled: &'p BTreeSet<String>,
}

/// What is wrong in all services, then whether their dependencies form a circle; Compose stops at the first.
pub(super) fn check(parts: &Parts) -> Vec<ProjectError> {
    let Some(services) = parts.section("services") else { return Vec::new() };
    let mut errors = Vec::new();
    for (name, entry) in services.iter().filter(|(name, _)| !parts.disabled.contains(*name)) {
        parts.service(name, &entry.value, &mut errors);
    }
    for (name, entry) in parts.section("secrets").into_iter().flat_map(ComposeMap::iter) {
        let secret = &entry.value;
        let has = |key: &str| text(secret, key).is_some();
        if !is_on(secret, "external") && !has("file") && !has("environment") {
            errors.push(secret.error(format!("the secret `{name}` needs a `file` or an `environment`")));
        }
    }
    errors.extend(circles(parts, services).err());
    container_names(parts, services, &mut errors);
    errors
}

/// A text that is not empty.
fn text<'v>(value: &'v ComposeValue, key: &str) -> Option<&'v str> {
    value.get(key)?.as_text().filter(|text| !text.is_empty())
}

fn is_on(value: &ComposeValue, key: &str) -> bool {
    value.get(key).and_then(ComposeValue::as_bool) == Some(true)
}

fn items<'v>(value: &'v ComposeValue, key: &str) -> &'v [ComposeValue] {
    value.get(key).and_then(ComposeValue::as_list).unwrap_or_default()
}

/// A number that is not zero.
fn number(value: Option<&ComposeValue>) -> Option<String> {
    value.map(ComposeValue::display).filter(|text| text != "0")
}

impl Parts<'_> {
    fn section(&self, key: &str) -> Option<&ComposeMap> {
        self.model.get(key)?.as_map()
    }

    fn has(&self, section: &str, name: &str) -> bool {
        self.section(section).is_some_and(|map| map.contains(name))
    }

    fn is_enabled(&self, service: &str) -> bool {
        self.has("services", service) && !self.disabled.contains(service)
    }

    fn service(&self, name: &str, service: &ComposeValue, errors: &mut Vec<ProjectError>) {
        if service.get("build").is_none() && text(service, "image").is_none() && service.get("provider").is_none() {
            let error = service.error(format!("the service `{name}` has neither an `image` nor a `build`"));
            errors.push(error.help("add one of them"));
        }
        errors.extend(self.build(name, service).err());
        self.networks(name, service, errors);
        errors.extend(healthcheck(service).err());
        self.dependencies(name, service, errors);
        self.references(name, service, errors);
        errors.extend(limits(name, service).err());
        errors.extend(watches(service).err());
        errors.extend(mounts(service).err());
    }

    fn build(&self, name: &str, service: &ComposeValue) -> Result<(), ProjectError> {
        let Some(build) = service.get("build") else { return Ok(()) };
        if let (Some(_), Some(_)) = (text(build, "dockerfile_inline"), text(build, "dockerfile")) {
            return Err(build.error(format!("the service `{name}` has both `dockerfile` and `dockerfile_inline`")));
        }
        let contexts = build.get("additional_contexts").and_then(ComposeValue::as_map);
        for (_, entry) in contexts.into_iter().flat_map(ComposeMap::iter) {
            let Some(target) = entry.value.as_text().and_then(|text| text.strip_prefix("service:")) else { continue };
            let other = self.section("services").and_then(|map| map.get(target)).filter(|_| self.is_enabled(target));
            let why = match other {
                None => "no such service",
                Some(other) if other.get("build").is_none() => "the service has no `build`",
                Some(_) => continue,
            };
            return Err(entry.value.error(format!("the context `service:{target}` leads nowhere: {why}")));
        }
        if let Some(platform) = text(service, "platform")
            && !items(build, "platforms").is_empty()
            && !items(build, "platforms").iter().any(|known| known.as_text() == Some(platform))
        {
            let value = service.get("platform").unwrap_or(service);
            return Err(value.error(format!("`build.platforms` must contain the service's platform `{platform}`")));
        }
        Ok(())
    }

    fn networks(&self, name: &str, service: &ComposeValue, errors: &mut Vec<ProjectError>) {
        let networks = service.get("networks").and_then(ComposeValue::as_map);
        let mode = text(service, "network_mode");
        if mode.is_some() && networks.is_some_and(|networks| !networks.is_empty()) {
            let value = service.get("network_mode").unwrap_or(service);
            errors.push(value.error(format!("the service `{name}` has both `network_mode` and `networks`")));
        }
        for (network, entry) in networks.into_iter().flat_map(ComposeMap::iter) {
            if !self.has("networks", network) {
                let error = ProjectError::at(
                    entry.key,
                    format!("the service `{name}` names the network `{network}`, which is not defined"),
                );
                errors.push(error.help(format!("add it under the top-level `networks`: `{network}:`")));
            }
        }
        if let Some(other) = mode.and_then(|mode| mode.strip_prefix("service:"))
            && !self.is_enabled(other)
        {
            let value = service.get("network_mode").unwrap_or(service);
            errors.push(value.error(format!("`network_mode` names the service `{other}`, which is not defined")));
        }
    }

    fn dependencies(&self, name: &str, service: &ComposeValue, errors: &mut Vec<ProjectError>) {
        let dependencies = service.get("depends_on").and_then(ComposeValue::as_map);
        for (other, entry) in dependencies.into_iter().flat_map(ComposeMap::iter) {
            if self.is_enabled(other) || (self.disabled.contains(other) && !is_on(&entry.value, "required")) {
                continue;
            }
            let why = if self.disabled.contains(other) {
                "belongs to a profile that is not active"
            } else {
                "is not defined"
            };
            let error = ProjectError::at(entry.key, format!("the service `{name}` depends on `{other}`, which {why}"));
            let names = self.section("services").into_iter().flat_map(ComposeMap::iter).map(|(name, _)| name);
            let is_short = |name: &&str| name.len() < 60 && other.len() < 60;
            let near = names.filter(is_short).map(|known| (strsim::damerau_levenshtein(known, other), known)).min();
            errors.push(match near {
                _ if self.disabled.contains(other) => error.help("activate the profile, or write `required: false`"),
                Some((distance, near)) if distance <= 2 => error.help(format!("did you mean `{near}`?")),
                _ => error,
            });
        }
    }

    fn references(&self, name: &str, service: &ComposeValue, errors: &mut Vec<ProjectError>) {
        let refused = |value: &ComposeValue, what: &str, section: &str, other: &str| {
            let message = format!("the service `{name}` names the {what} `{other}`, which is not defined");
            value.error(message).help(format!("add it under the top-level `{section}`"))
        };
        for volume in items(service, "volumes") {
            if text(volume, "type") == Some("volume")
                && let Some(source) = text(volume, "source")
                && !self.has("volumes", source)
            {
                errors.push(refused(volume, "volume", "volumes", source));
            }
        }
        let build = service.get("build").map(|build| items(build, "secrets")).unwrap_or_default();
        let mounts = [
            (build, "secret", "secrets"),
            (items(service, "configs"), "config", "configs"),
            (items(service, "secrets"), "secret", "secrets"),
        ];
        for (list, what, section) in mounts {
            for item in list {
                let source = text(item, "source").unwrap_or_default();
                if !self.has(section, source) {
                    errors.push(refused(item, what, section, source));
                }
            }
        }
        for (model, entry) in
            service.get("models").and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter)
        {
            if !self.has("models", model) {
                let message = format!("the service `{name}` names the model `{model}`, which is not defined");
                errors.push(ProjectError::at(entry.key, message));
            }
        }
    }
}

fn healthcheck(service: &ComposeValue) -> Result<(), ProjectError> {
    let Some(check) = service.get("healthcheck") else { return Ok(()) };
    let Some(first) = items(check, "test").first() else { return Ok(()) };
    if matches!(first.as_text(), Some("CMD" | "CMD-SHELL" | "NONE")) {
        return Ok(());
    }
    Err(first
        .error("the first word of a healthcheck's `test` must be CMD, CMD-SHELL or NONE")
        .help("put `\"CMD\", ` before the program, or write the command as one string"))
}

/// The same thing twice with different values.
fn limits(name: &str, service: &ComposeValue) -> Result<(), ProjectError> {
    let deploy = service.get("deploy");
    let scale = service.get("scale");
    let replicas = deploy.and_then(|deploy| deploy.get("replicas"));
    if let (Some(scale), Some(replicas)) = (scale, replicas)
        && !scale.equals(replicas)
    {
        return Err(scale.error(format!("the service `{name}` has different values in `scale` and `deploy.replicas`")));
    }
    for value in [scale, replicas].into_iter().flatten() {
        if value.display().starts_with('-') {
            return Err(value.error("must be 0 or more"));
        }
    }
    let resources = deploy.and_then(|deploy| deploy.get("resources"));
    for (key, group, limit) in [
        ("cpus", "limits", "cpus"),
        ("mem_limit", "limits", "memory"),
        ("mem_reservation", "reservations", "memory"),
        ("pids_limit", "limits", "pids"),
    ] {
        let Some(value_text) = number(service.get(key)) else { continue };
        let Some(group_value) = resources.and_then(|resources| resources.get(group)) else { continue };
        let other = group_value.get(limit).map_or_else(|| "0".to_owned(), ComposeValue::display);
        if value_text != other {
            let value = service.get(key).unwrap_or(service);
            return Err(value.error(format!(
                "the service `{name}` has different values in `{key}` and `deploy.resources.{group}.{limit}`"
            )));
        }
    }
    let count = scale.or(replicas).and_then(|value| value.display().parse::<i64>().ok()).unwrap_or(1);
    if count > 1 && text(service, "container_name").is_some() {
        let value = service.get("container_name").unwrap_or(service);
        return Err(
            value.error(format!("{count} containers of the service `{name}` cannot all have one `container_name`"))
        );
    }
    Ok(())
}

fn watches(service: &ComposeValue) -> Result<(), ProjectError> {
    for watch in service.get("develop").map(|develop| items(develop, "watch")).unwrap_or_default() {
        if text(watch, "target").is_none() && !matches!(text(watch, "action"), Some("rebuild" | "restart")) {
            return Err(watch.error("this action of `develop.watch` needs a `target`"));
        }
    }
    Ok(())
}

fn mounts(service: &ComposeValue) -> Result<(), ProjectError> {
    let mut targets = BTreeSet::new();
    let tmpfs = items(service, "tmpfs")
        .iter()
        .map(|item| (item, item.as_text().unwrap_or_default().split(':').next().unwrap_or_default()));
    let volumes = items(service, "volumes").iter().map(|item| (item, text(item, "target").unwrap_or_default()));
    for (item, target) in tmpfs.chain(volumes) {
        if !targets.insert(target.to_owned()) {
            return Err(item.error(format!("something is mounted at `{target}` already")));
        }
    }
    Ok(())
}

/// Who waits for whom, by name.
fn edges<'m>(parts: &Parts, services: &'m ComposeMap) -> BTreeMap<&'m str, Vec<(&'m str, &'m ComposeValue)>> {
    let mut edges = BTreeMap::new();
    for (name, entry) in services.iter().filter(|(name, _)| !parts.disabled.contains(*name)) {
        let on = entry.value.get("depends_on").and_then(ComposeValue::as_map).into_iter().flat_map(ComposeMap::iter);
        let on = on.filter(|(other, _)| parts.is_enabled(other)).map(|(other, entry)| (other, &entry.value));
        edges.insert(name, on.collect());
    }
    edges
}

fn circles(parts: &Parts, services: &ComposeMap) -> Result<(), ProjectError> {
    let edges = edges(parts, services);
    let mut done = BTreeSet::new();
    for start in edges.keys() {
        // Depth first without recursion: the path, and which edge of each service is next.
        let mut path: Vec<(&str, usize)> = vec![(start, 0)];
        let mut on_path = BTreeSet::from([*start]);
        while let Some((name, next)) = path.last_mut() {
            let Some((other, value)) = edges.get(name).and_then(|on| on.get(*next)) else {
                done.insert(*name);
                on_path.remove(*name);
                path.pop();
                continue;
            };
            *next += 1;
            if on_path.contains(other) {
                let index = path.iter().position(|(known, _)| known == other).unwrap_or_default();
                let names: Vec<&str> = path[index..].iter().map(|(name, _)| *name).chain([*other]).collect();
                return Err(value.error(format!("the services wait for each other in a circle: {}", names.join(" → "))));
            }
            if !done.contains(other) {
                on_path.insert(*other);
                path.push((other, 0));
            }
        }
    }
    Ok(())
}

fn container_names(parts: &Parts, services: &ComposeMap, errors: &mut Vec<ProjectError>) {
    let mut names = BTreeMap::new();
    for (service, entry) in services.iter().filter(|(name, _)| !parts.disabled.contains(*name)) {
        let Some(name) = text(&entry.value, "container_name") else { continue };
        if let Some(other) = names.insert(name, service) {
            let value = entry.value.get("container_name").unwrap_or(&entry.value);
            errors
                .push(value.error(format!("the container name `{name}` is the one of the service `{other}` already")));
        }
    }
}
