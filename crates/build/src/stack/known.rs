//! What is known of public service images (`data/services.tsv`): how they are asked whether they are ready.

use std::sync::LazyLock;

use globset::GlobSet;

use crate::build::{Reference, is_like};
use crate::data;
use crate::text::glob;

/// A public image as the table knows it.
#[derive(Clone, Copy, Debug)]
#[allow(clippy::struct_excessive_bools, reason = "independent facts of a row")]
pub struct KnownService {
    /// Its name in the table.
    pub name: &'static str,
    /// What kind of check can be had: `readiness`, `tcp`, `none`, `oneshot`, `template`.
    pub kind: &'static str,
    /// The check that fits its tag, as HEALTHCHECK CMD takes it; `None` where none can be had, or the image has its own.
    pub check: Option<&'static str>,
    /// Whether the image has a HEALTHCHECK.
    pub has_own_check: bool,
    /// Whether the image is one of those that the table names, and not only one with such a name.
    pub is_exact: bool,
    /// Whether the check was measured, read in the image's sources or documented; else it is from memory.
    pub is_sourced: bool,
    /// Settings without which the check fails.
    pub has_preconditions: bool,
    /// What a compose healthcheck is timed with: `interval=5s timeout=5s …`.
    timing: &'static str,
    /// Ports that it listens on.
    ports: &'static str,
    /// What answers before it is ready.
    pub trap: Option<&'static str>,
}

/// A row of the table, ready to be compared.
struct KnownRow {
    images: Vec<&'static str>,
    service: KnownService,
    /// Checks by the tags that they are for, the first that fits.
    variants: Vec<(GlobSet, Option<&'static str>)>,
}

static ROWS: LazyLock<Vec<KnownRow>> = LazyLock::new(|| data::SERVICES.rows().filter_map(row).collect());

fn row(cells: data::Row) -> Option<KnownRow> {
    let &[name, images, check, kind, confidence, built_in, variants, preconditions, _, ports, timing, trap, ..] = cells
    else {
        return None;
    };
    let cell_text = |cell: &'static str| (cell != "-").then_some(cell);
    // What is asked of languages and workers depends on the application.
    if matches!(kind, "runtime" | "worker") {
        return None;
    }
    let images: Vec<&str> = data::words(images).collect();
    let service = KnownService {
        name,
        kind,
        check: cell_text(check),
        has_own_check: built_in != "-",
        is_exact: true,
        is_sourced: confidence != "memory",
        has_preconditions: preconditions != "-",
        timing,
        ports,
        trap: cell_text(trap),
    };
    Some(KnownRow { images, service, variants: tag_checks(variants) })
}

/// The checks of a cell `[[tags, check], …]`.
fn tag_checks(cell: &'static str) -> Vec<(GlobSet, Option<&'static str>)> {
    let pairs: Vec<(String, String)> = serde_json::from_str(cell).unwrap_or_default();
    let pairs = pairs.into_iter().filter_map(|(tags, check)| {
        let check: &'static str = check.leak();
        Some((glob(&tags).ok()?, (check != "-").then_some(check)))
    });
    pairs.collect()
}

/// What is known of an image, by its reference.
pub fn known_service(reference: &str) -> Option<KnownService> {
    let reference = Reference::of(reference);
    let name = reference.short_name();
    let is_exact = |row: &&KnownRow| row.images.contains(&name);
    let fits = |row: &&KnownRow| row.images.iter().any(|image| is_like(image, name));
    let exact = ROWS.iter().find(is_exact);
    let row = exact.or_else(|| ROWS.iter().find(fits))?;
    let tag = reference.tag.unwrap_or("latest");
    let variant = row.variants.iter().find(|(tags, _)| tags.is_match(tag));
    let check = variant.map_or(row.service.check, |(_, check)| *check);
    Some(KnownService { check, is_exact: exact.is_some(), ..row.service })
}

/// What is known of a service by its name in the table, for an image that is not one of those that the table names.
pub(super) fn service_named(name: &str) -> Option<KnownService> {
    let row = ROWS.iter().find(|row| row.service.name == name)?;
    Some(KnownService { is_exact: false, ..row.service })
}

impl KnownService {
    /// Whether it holds data or carries messages that others need from their first request on.
    pub fn is_backend(&self) -> bool {
        data::BACKENDS.has(self.name, "needed")
    }

    /// Whether others start without it, and send to it when something happens: mails, traces, metrics.
    pub fn is_needed_late(&self) -> bool {
        data::BACKENDS.has(self.name, "late")
    }

    /// The server that its image starts (`data/service_commands.tsv`).
    pub fn server_program(&self) -> Option<&'static str> {
        let is_server = |row: &data::Row| row[2] == "server" && data::words(row[1]).any(|name| name == self.name);
        data::SERVICE_COMMANDS.rows().find(is_server).map(|row| row[0])
    }

    /// Whether a program starts the server of its image, or what it is given: `mongod`, `docker-entrypoint.sh`.
    pub fn is_started_by(&self, program: &str) -> bool {
        let fits = |row: &data::Row| data::words(row[1]).any(|name| name == "*" || name == self.name);
        let mut rows = data::SERVICE_COMMANDS.rows().filter(|row| row[0] == program && fits(row));
        rows.any(|row| matches!(row[2], "server" | "passes-on"))
    }

    /// Whether nobody should reach it from outside.
    pub fn is_private(&self) -> bool {
        data::BACKENDS.has(self.name, "private")
    }

    /// The ports that it listens on.
    pub fn ports(&self) -> impl Iterator<Item = u16> {
        data::words(self.ports).filter_map(|port| port.parse().ok())
    }

    /// `interval`, `timeout`, `retries` and `start_period` with their values, as a compose file has them.
    pub fn timing(&self) -> impl Iterator<Item = (&'static str, &'static str)> {
        let settings = data::words(self.timing).filter_map(|setting| setting.split_once('='));
        // Compose of before engine 25 refuses it.
        settings.filter(|(name, _)| *name != "start_interval")
    }

    /// Seconds that its first start may take; `None` where its check has no start period.
    pub fn start_seconds(&self) -> Option<f64> {
        let (_, period) = self.timing().find(|(name, _)| *name == "start_period")?;
        period.strip_suffix('s')?.parse().ok()
    }

    /// A check that may be written into a file where the settings allow it: the words of `test`. None is made up from
    /// memory.
    pub fn test(&self) -> Option<Vec<String>> {
        let check = if self.is_sourced { self.check? } else { return None };
        if let Ok(words) = serde_json::from_str::<Vec<String>>(check) {
            return Some(std::iter::once("CMD".to_owned()).chain(words).collect());
        }
        Some(vec!["CMD-SHELL".to_owned(), check.to_owned()])
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn images_are_known_by_name_and_tag() {
        let name = |image: &str| known_service(image).map(|known| known.name);
        assert_eq!(name("postgres:17"), Some("postgres"));
        assert_eq!(name("docker.io/library/postgres"), Some("postgres"));
        assert_eq!(name("pgvector/pgvector:pg15"), Some("pgvector"));
        assert_eq!(name("example/api:1"), None);
        assert_eq!(known_service("nats:latest").and_then(|known| known.check), None);
        assert!(known_service("nats:2-alpine").and_then(|known| known.check).is_some());
        assert!(known_service("redis:7").is_some_and(|known| known.ports().eq([6379]) && !known.has_own_check));
    }

    #[test]
    fn checks_come_as_compose_takes_them() {
        let test = |image: &str| known_service(image).and_then(|known| known.test());
        assert_eq!(
            test("redis:7").as_deref(),
            Some(&["CMD-SHELL", "redis-cli ping | grep -q '^PONG$' || exit 1"].map(str::to_owned)[..])
        );
        assert_eq!(test("vault:1").map(|words| words[0].clone()).as_deref(), Some("CMD"));
        assert_eq!(test("dragonflydb/dragonfly"), None);
        let timing: Vec<_> = known_service("postgres:17").unwrap().timing().collect();
        assert_eq!(timing, [("interval", "5s"), ("timeout", "5s"), ("retries", "10"), ("start_period", "60s")]);
    }

    #[test]
    fn every_variant_is_read() {
        for cells in data::SERVICES.rows().filter(|cells| cells[6] != "-") {
            assert!(!tag_checks(cells[6]).is_empty(), "{}", cells[0]);
        }
    }
}
