//! A `--mount` with its variables expanded: BuildKit's full validation.

use crate::dockerfile::check::parse_bool;
use crate::dockerfile::quote::go_quote;
use crate::dockerfile::verdict::csv::split_fields;
use crate::text::path;

/// A mount as far as it can be refused.
#[derive(Debug, Default)]
pub(super) struct Mount {
    kind: String,
    pub(super) from: String,
    source: String,
    pub(super) target: String,
    id: String,
    sharing: String,
    has_mode: bool,
    has_uid: bool,
    has_gid: bool,
}

/// Reads and checks a mount's value; the error is BuildKit's text.
pub(super) fn read_mount(value: &str, expand: &dyn Fn(&str) -> Result<String, String>) -> Result<Mount, String> {
    let fields = split_fields(value).map_err(|error| format!("failed to parse csv mounts: {error}"))?;
    let mut mount = Mount { kind: "bind".to_owned(), ..Mount::default() };
    for field in fields {
        let Some((key, value)) = field.text.split_once('=') else {
            mount.switch(&field.text.to_lowercase(), &field.text)?;
            continue;
        };
        mount.set(&key.to_lowercase(), expand(value)?, &field.text)?;
    }
    mount.check_whole()?;
    if mount.kind == "cache" && mount.from.is_empty() {
        // BuildKit starts such a cache from the empty base, which may be a stage's name as well.
        "scratch".clone_into(&mut mount.from);
    }
    Ok(mount)
}

impl Mount {
    /// A field without value.
    fn switch(&self, key: &str, field: &str) -> Result<(), String> {
        match key {
            "readonly" | "ro" | "readwrite" | "rw" => Ok(()),
            "required" => self.required(key),
            _ => Err(format!("invalid field '{field}' must be a key=value pair")),
        }
    }

    fn required(&self, key: &str) -> Result<(), String> {
        if matches!(&*self.kind, "secret" | "ssh") { Ok(()) } else { Err(self.unexpected(key)) }
    }

    fn unexpected(&self, key: &str) -> String {
        format!("unexpected key '{key}' for mount type '{}'", self.kind)
    }

    fn set(&mut self, key: &str, value: String, field: &str) -> Result<(), String> {
        let invalid = || format!("invalid value for {key}: {value}");
        match key {
            "type" => {
                let kind = value.to_lowercase();
                if !matches!(&*kind, "bind" | "cache" | "tmpfs" | "secret" | "ssh") {
                    return Err(format!("unsupported mount type {}", go_quote(&value)));
                }
                self.kind = kind;
            }
            "from" => self.from = value,
            "source" | "src" => self.source = value,
            "target" | "dst" | "destination" => self.target = value,
            "readonly" | "ro" | "readwrite" | "rw" => parse_bool(&value).map(drop).ok_or_else(invalid)?,
            "required" => {
                self.required(key)?;
                parse_bool(&value).map(drop).ok_or_else(invalid)?;
            }
            "size" if self.kind != "tmpfs" => return Err(self.unexpected(key)),
            "size" => is_size(&value).then_some(()).ok_or_else(invalid)?,
            "id" => self.id = value,
            "sharing" => {
                let sharing = value.to_lowercase();
                if !matches!(&*sharing, "shared" | "private" | "locked") {
                    return Err(format!("unsupported sharing value {}", go_quote(&value)));
                }
                self.sharing = sharing;
            }
            "mode" => self.has_mode = number(key, &value, 8)?,
            "uid" => self.has_uid = number(key, &value, 10)?,
            "gid" => self.has_gid = number(key, &value, 10)?,
            "env" => {}
            _ => return Err(format!("unexpected key '{key}' in '{field}'")),
        }
        Ok(())
    }

    fn check_whole(&self) -> Result<(), String> {
        if matches!(&*self.kind, "bind" | "tmpfs") {
            for (is_set, key) in [(self.has_mode, "mode"), (self.has_uid, "uid"), (self.has_gid, "gid")] {
                if is_set {
                    return Err(format!("{key} not allowed for {} type mounts", go_quote(&self.kind)));
                }
            }
        }
        if self.kind == "secret" {
            let error = if !self.from.is_empty() {
                "secret mount should not have a from"
            } else if !self.sharing.is_empty() {
                "secret mount should not define sharing"
            } else if self.source.is_empty() && self.target.is_empty() && self.id.is_empty() {
                "invalid secret mount. one of source, target required"
            } else if !self.source.is_empty() && !self.id.is_empty() {
                "both source and id can't be set"
            } else {
                return Ok(());
            };
            return Err(error.to_owned());
        }
        if !self.sharing.is_empty() && self.kind != "cache" {
            return Err(format!("invalid cache sharing set for {} mount", self.kind));
        }
        Ok(())
    }

    /// What depends on the place in the stage.
    pub(super) fn check(&self, workdir: &str) -> Result<(), String> {
        match &*self.kind {
            "secret" => Ok(()),
            "ssh" if self.source.is_empty() => Ok(()),
            "ssh" => Err("ssh does not support source".to_owned()),
            _ if path::join(workdir, &self.target) == "/" => Err("invalid mount target \"/\"".to_owned()),
            _ => Ok(()),
        }
    }
}

fn number(key: &str, value: &str, radix: u32) -> Result<bool, String> {
    let is_plain = !value.starts_with('+');
    match u32::from_str_radix(value, radix) {
        Ok(_) if is_plain => Ok(true),
        _ => Err(format!("invalid value {value} for {key}")),
    }
}

/// Bytes with a unit: `64m`, `.5 GiB`, `1e3kb`.
fn is_size(value: &str) -> bool {
    let Some(at) = value.rfind(|c: char| c.is_ascii_digit() || matches!(c, '.' | ' ')) else { return false };
    let (number, unit) = (value[..=at].strip_suffix(' ').unwrap_or(&value[..=at]), &value[at + 1..]);
    let is_number = number.parse::<f64>().is_ok_and(|number| number >= 0.0 && number.is_finite());
    let unit = unit.to_ascii_lowercase();
    let mut letters = unit.chars();
    let is_unit = match (letters.next(), letters.as_str()) {
        (None | Some('b'), "") => true,
        (Some(first), rest) => "kmgtp".contains(first) && matches!(rest, "" | "b" | "ib"),
        (None, _) => false,
    };
    is_number && is_unit
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_have_units() {
        for size in ["0", "1b", "64m", "1.5 GiB", ".5kb", "5.", "1e3K", "+1"] {
            assert!(is_size(size), "{size}");
        }
        for size in ["", "m", "-1", "1x", "1bb", "1ki", "1  m", "1e999"] {
            assert!(!is_size(size), "{size}");
        }
    }
}
