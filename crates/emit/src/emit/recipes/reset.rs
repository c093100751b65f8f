//! The recipe that removes the data of a database and makes its schema again.

use super::migration::Migration;
use super::recipe::NewRecipe;
use super::servers::ComposeServices;
use crate::compose::project::ComposeValue;
use crate::stack::StackService;
use crate::text::joined;

/// The recipe, or why there is none.
pub(super) fn recipe(services: &ComposeServices, migration: Option<&Migration>) -> Result<NewRecipe, String> {
    let all = services.databases();
    let is_migrated = |database: &&StackService| {
        migration.is_some_and(|migration| migration.databases.iter().any(|name| name == database.name))
    };
    let migrated: Vec<&StackService> = all.iter().copied().filter(is_migrated).collect();
    let databases = if migrated.is_empty() { all } else { migrated };
    if databases.is_empty() {
        return Err("no service runs a database".to_owned());
    }
    let names: Vec<&str> = databases.iter().map(|database| database.name).collect();
    let mut volumes = Vec::new();
    for database in &databases {
        volumes.extend(volumes_of(services, database)?);
    }
    let has_volume =
        |service: &&StackService| mounts(service).any(|(kind, source)| kind == "volume" && volumes.contains(&source));
    let users = services.all.iter().filter(has_volume).map(|service| service.name);
    let mut users: Vec<&str> = users.chain(names.iter().copied()).collect();
    users.sort_unstable();
    users.dedup();
    // What has no volume of a name has one that goes with the container.
    let mut lines = vec![format!("docker compose rm --stop --force --volumes {}", users.join(" "))];
    for volume in &volumes {
        let written = services.volumes.iter().find(|(key, _)| key == volume).and_then(|(_, name)| *name);
        lines.push(match written {
            Some(name) => format!("docker volume rm --force {name}"),
            None => format!("docker volume rm --force \"$(docker compose config | sed -n 's/^name: //p')_{volume}\""),
        });
    }
    lines.extend(services.start_lines(&databases));
    lines.extend(migration.map(|migration| migration.line.clone()));
    let what = if migration.is_some() { "make the schema again" } else { "start without any" };
    let comment = format!("Remove all data of {}, and {what}", joined(&names));
    let question = match &volumes[..] {
        [] => format!("Remove all data of {}? [y/N]", joined(&names)),
        volumes => format!("Remove all data of {} ({})? [y/N]", joined(&names), joined(volumes)),
    };
    let reason = match &volumes[..] {
        [] => "the data lies in a volume without a name".to_owned(),
        volumes => format!("volumes with the data: {}", joined(volumes)),
    };
    Ok(NewRecipe::new("db-nuclear-reset", &comment, lines, reason).asking(question))
}

/// The names of the volumes of a database, or why its data is not removed.
fn volumes_of<'p>(services: &ComposeServices<'p>, database: &StackService<'p>) -> Result<Vec<&'p str>, String> {
    let mut volumes = Vec::new();
    for (kind, source) in mounts(database) {
        let is_external = services.volumes.iter().any(|(key, name)| *key == source && name.is_none());
        match kind {
            "volume" if is_external => {
                return Err(format!("the volume `{source}` of {} belongs to another project", database.name));
            }
            "volume" if !source.is_empty() => volumes.push(source),
            _ => {}
        }
    }
    let is_folder = |folder: &str| mounts_folder(database, folder);
    if volumes.is_empty() && crate::data::DATA_FOLDERS.rows().any(|row| is_folder(row[1])) {
        return Err(format!("the data of {} lies in a folder of the host: remove that by hand", database.name));
    }
    Ok(volumes)
}

/// The kind and the source of each mount of a service.
fn mounts<'p>(service: &StackService<'p>) -> impl Iterator<Item = (&'p str, &'p str)> {
    let text =
        |volume: &'p ComposeValue, key: &str| volume.get(key).and_then(ComposeValue::as_text).unwrap_or_default();
    let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    volumes.iter().map(move |volume| (text(volume, "type"), text(volume, "source")))
}

/// Whether a folder of the host is mounted over a folder of the container, or below it.
fn mounts_folder(service: &StackService, folder: &str) -> bool {
    let volumes = service.value.get("volumes").and_then(ComposeValue::as_list).unwrap_or_default();
    let text = |volume: &ComposeValue, key: &str| volume.get(key).and_then(ComposeValue::as_text).map(str::to_owned);
    volumes.iter().any(|volume| {
        let target = text(volume, "target").unwrap_or_default();
        text(volume, "type").as_deref() == Some("bind")
            && (crate::text::path::is_within(&target, folder) || crate::text::path::is_within(folder, &target))
    })
}
