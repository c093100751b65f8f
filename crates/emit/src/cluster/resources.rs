//! What a container requests and may use at most, as far as the compose file says it. Nothing is made up.

use super::node::Node;
use crate::compose::project::{ComposePlace, ComposeValue};
use crate::stack::StackService;

/// Bytes of a mebibyte.
const MEBI: u64 = 1 << 20;

/// What a container requests and may use at most.
#[derive(Clone, Debug, Default)]
pub(super) struct Resources {
    /// Bytes that are kept free for it.
    pub(super) memory_request: Option<u64>,
    /// Bytes with which it is ended.
    pub(super) memory_limit: Option<u64>,
    /// Thousandths of a processor that are kept free for it.
    pub(super) cpu_request: Option<u64>,
    /// Thousandths of a processor that it may use at most.
    pub(super) cpu_limit: Option<u64>,
    /// Why, by key, and where that shows.
    pub(super) reasons: Vec<(String, String, Option<ComposePlace>)>,
}

impl Resources {
    pub(super) fn of(service: &StackService) -> Self {
        let mut resources = Self::default();
        let find = |paths: &[&[&str]]| {
            paths.iter().find_map(|path| {
                let value = path.iter().try_fold(service.value, |value, key| value.get(key))?;
                Some((value.clone(), path.join(".")))
            })
        };
        let reserved: &[&[&str]] = &[&["deploy", "resources", "reservations", "memory"], &["mem_reservation"]];
        let limited: &[&[&str]] = &[&["deploy", "resources", "limits", "memory"], &["mem_limit"]];
        let kept: &[&[&str]] = &[&["deploy", "resources", "reservations", "cpus"]];
        let most: &[&[&str]] = &[&["deploy", "resources", "limits", "cpus"], &["cpus"]];
        let mut because = |key: &str, pair: Option<(ComposeValue, String)>| {
            let (value, path) = pair?;
            resources.reasons.push((format!("resources.{key}"), format!("`{path}` of the compose file"), value.place));
            Some(value.display())
        };
        let memory_request = because("requests.memory", find(reserved)).and_then(|text| bytes(&text));
        let memory_limit = because("limits.memory", find(limited)).and_then(|text| bytes(&text));
        let cpu_request = because("requests.cpu", find(kept)).and_then(|text| millis(&text));
        let cpu_limit = because("limits.cpu", find(most)).and_then(|text| millis(&text));
        Self { memory_request, memory_limit, cpu_request, cpu_limit, reasons: resources.reasons }
    }

    /// `resources` of a container; `None` where nothing is said.
    pub(super) fn node(&self) -> Option<Node> {
        let part = |cpu: Option<u64>, memory: Option<u64>| {
            let mut keys = Vec::new();
            keys.extend(cpu.map(|cpu| ("cpu".to_owned(), Node::text(cpu_text(cpu)))));
            keys.extend(memory.map(|memory| ("memory".to_owned(), Node::text(memory_text(memory)))));
            Node::Map(keys)
        };
        let parts = [
            ("requests", part(self.cpu_request, self.memory_request)),
            ("limits", part(self.cpu_limit, self.memory_limit)),
        ];
        let keys: Vec<(String, Node)> =
            parts.into_iter().filter(|(_, node)| !node.is_empty()).map(|(key, node)| (key.to_owned(), node)).collect();
        (!keys.is_empty()).then_some(Node::Map(keys))
    }
}

fn cpu_text(millis: u64) -> String {
    if millis.is_multiple_of(1000) { (millis / 1000).to_string() } else { format!("{millis}m") }
}

fn memory_text(bytes: u64) -> String {
    if bytes.is_multiple_of(MEBI) { format!("{}Mi", bytes / MEBI) } else { bytes.to_string() }
}

/// `512M`, `1.5gb`, `536870912`: Compose counts in powers of 1024.
pub(super) fn bytes(text: &str) -> Option<u64> {
    let lower = text.trim().to_ascii_lowercase();
    let end = lower.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(lower.len());
    let power = match lower[end..].trim() {
        "" | "b" => 0,
        "k" | "kb" | "kib" => 1,
        "m" | "mb" | "mib" => 2,
        "g" | "gb" | "gib" => 3,
        _ => return None,
    };
    let number: f64 = lower[..end].parse().ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "memory that people write")]
    let bytes = (number * 1024_f64.powi(power)) as u64;
    (bytes > 0).then_some(bytes)
}

/// Thousandths of processors: `0.5`.
fn millis(text: &str) -> Option<u64> {
    let number: f64 = text.trim().parse().ok()?;
    #[allow(clippy::cast_possible_truncation, clippy::cast_sign_loss, reason = "processors that people write")]
    let millis = (number * 1000.0).round() as u64;
    (millis > 0).then_some(millis)
}

#[cfg(test)]
mod tests {
    use super::{bytes, memory_text, millis};

    #[test]
    fn amounts_are_read_as_compose_does() {
        assert_eq!(bytes("512M").map(memory_text).as_deref(), Some("512Mi"));
        assert_eq!(bytes("1.5gb").map(memory_text).as_deref(), Some("1536Mi"));
        assert_eq!(bytes("1000").map(memory_text).as_deref(), Some("1000"));
        assert_eq!((bytes("0"), bytes("x"), bytes("5t")), (None, None, None));
        assert_eq!((millis("0.5"), millis("2"), millis("")), (Some(500), Some(2000), None));
    }
}
