//! The short forms of ports, volumes and devices, as the Go packages behind Compose read them.

use super::value::{ComposeData, ComposeMap, ComposePlace, ComposeValue};

/// Ports of one range at most: as many as there are.
const PORTS: u32 = 1 << 16;

/// A mapping that is put together for a short form.
#[derive(Default)]
struct LongForm {
    map: ComposeMap,
    place: Option<ComposePlace>,
}

impl LongForm {
    fn new(place: Option<ComposePlace>) -> Self {
        Self { map: ComposeMap::default(), place }
    }

    fn text(&mut self, key: &str, text: &str) {
        if !text.is_empty() {
            self.map.set(key, ComposeValue::text(text, self.place));
        }
    }

    fn set(&mut self, key: &str, data: ComposeData) {
        self.map.set(key, ComposeValue::new(data, self.place));
    }

    fn value(self) -> ComposeValue {
        ComposeValue::new(ComposeData::Map(self.map), self.place)
    }
}

/// The long form of `./data:/data:ro` (compose-go's `format.ParseVolume`).
pub(super) fn volume(spec: &str, place: Option<ComposePlace>) -> Result<ComposeValue, String> {
    let mut parts = VolumeParts::default();
    if spec.is_empty() {
        return Err("a volume must not be empty".to_owned());
    }
    if spec.len() <= 2 {
        let mut form = LongForm::new(place);
        form.text("type", "volume");
        form.text("target", spec);
        return Ok(form.value());
    }
    parts.read(spec)?;
    Ok(parts.form(place))
}

/// The target of a volume's short form.
pub(super) fn volume_target(spec: &str) -> Result<String, String> {
    let form = volume(spec, None)?;
    Ok(form.get("target").and_then(ComposeValue::as_text).unwrap_or_default().to_owned())
}

#[derive(Default)]
struct VolumeParts {
    source: String,
    target: String,
    is_read_only: bool,
    has_no_copy: bool,
    propagation: String,
    selinux: String,
}

impl VolumeParts {
    fn read(&mut self, spec: &str) -> Result<(), String> {
        let mut part = String::new();
        let mut open = 0_u32;
        for (at, c) in spec.char_indices() {
            if c == '$' && spec.as_bytes().get(at + 1) == Some(&b'{') {
                open += 1;
                part.push(c);
            } else if c == '}' && open > 0 {
                open -= 1;
                part.push(c);
            } else if c == ':' && !is_drive(&part) && open == 0 {
                self.take(&std::mem::take(&mut part), false).map_err(|why| format!("the volume `{spec}` {why}"))?;
            } else {
                part.push(c);
            }
        }
        if open > 0 {
            return Ok(());
        }
        self.take(&part, true).map_err(|why| format!("the volume `{spec}` {why}"))
    }

    /// Takes the next part.
    fn take(&mut self, part: &str, last: bool) -> Result<(), &'static str> {
        if part.is_empty() {
            return Err("has an empty part between colons");
        }
        if self.source.is_empty() && last {
            part.clone_into(&mut self.target);
        } else if self.source.is_empty() {
            part.clone_into(&mut self.source);
        } else if self.target.is_empty() {
            part.clone_into(&mut self.target);
        } else if !last {
            return Err("has too many colons");
        } else {
            part.split(',').for_each(|option| self.option(option));
        }
        Ok(())
    }

    fn option(&mut self, option: &str) {
        match option {
            "ro" => self.is_read_only = true,
            "rw" => self.is_read_only = false,
            "nocopy" => self.has_no_copy = true,
            "z" | "Z" => option.clone_into(&mut self.selinux),
            _ if ["private", "shared", "slave"].contains(&option.strip_prefix('r').unwrap_or(option)) => {
                option.clone_into(&mut self.propagation);
            }
            _ => {}
        }
    }

    fn form(&self, place: Option<ComposePlace>) -> ComposeValue {
        let is_bind = is_path(&self.source);
        let mut form = LongForm::new(place);
        form.text("type", if is_bind { "bind" } else { "volume" });
        form.text("source", &self.source);
        form.text("target", &clean(&self.target));
        if self.is_read_only {
            form.set("read_only", ComposeData::Bool(true));
        }
        if is_bind || !self.propagation.is_empty() || !self.selinux.is_empty() {
            let mut bind = LongForm::new(place);
            bind.text("propagation", &self.propagation);
            bind.text("selinux", &self.selinux);
            if is_bind {
                bind.set("create_host_path", ComposeData::Bool(true));
            }
            form.set("bind", bind.value().data);
        }
        if !is_bind || self.has_no_copy {
            let mut volume = LongForm::new(place);
            if self.has_no_copy {
                volume.set("nocopy", ComposeData::Bool(true));
            }
            form.set("volume", volume.value().data);
        }
        form.value()
    }
}

/// Whether a colon belongs to a drive of Windows.
fn is_drive(part: &str) -> bool {
    let mut chars = part.chars();
    chars.next().is_some_and(char::is_alphabetic) && chars.next().is_none()
}

fn is_path(source: &str) -> bool {
    let mut chars = source.chars();
    let first = chars.next();
    first.is_some_and(|c| matches!(c, '.' | '/' | '~'))
        || source.starts_with(r"\\")
        || (first.is_some_and(char::is_alphabetic) && chars.next() == Some(':'))
}

/// Go's `path.Clean`; nothing stays nothing.
pub(super) fn clean(path: &str) -> String {
    if path.is_empty() {
        return String::new();
    }
    let clean = crate::text::path::normalize(path);
    if clean.is_empty() { ".".to_owned() } else { clean }
}

/// The long form of `/dev/a:/dev/b:rw`.
pub(super) fn device(spec: &str, place: Option<ComposePlace>) -> Result<ComposeValue, String> {
    let parts: Vec<&str> = spec.split(':').collect();
    let (source, target, permissions) = match parts[..] {
        [source] => (source, source, "rwm"),
        [source, target] => (source, target, "rwm"),
        [source, target, permissions] => (source, target, permissions),
        _ => return Err(format!("the device `{spec}` has too many colons: use its long form")),
    };
    let mut map = ComposeMap::default();
    let target = if target.is_empty() { source } else { target };
    for (key, text) in [("source", source), ("target", target), ("permissions", permissions)] {
        map.set(key, ComposeValue::text(text, place));
    }
    Ok(ComposeValue::new(ComposeData::Map(map), place))
}

/// The long forms of `127.0.0.1:8000-8001:80-81/udp` (`nat.ParsePortSpec`).
pub(super) fn ports(spec: &str, place: Option<ComposePlace>) -> Result<Vec<ComposeValue>, String> {
    let parts: Vec<&str> = spec.split(':').collect();
    let (ip, host, container) = match parts[..] {
        [container] => (String::new(), "", container),
        [host, container] => (String::new(), host, container),
        [ref ip @ .., host, container] => (ip.join(":"), host, container),
        [] => (String::new(), "", ""),
    };
    let (container, protocol) = container.split_once('/').unwrap_or((container, ""));
    let protocol = if protocol.is_empty() { "tcp".to_owned() } else { protocol.to_lowercase() };
    if container.is_empty() {
        return Err(format!("`{spec}` names no port of the container"));
    }
    if !["tcp", "udp", "sctp"].contains(&protocol.as_str()) {
        return Err(format!("`{spec}`: the protocol `{protocol}` must be tcp, udp or sctp"));
    }
    let ip = address(&ip).ok_or_else(|| format!("`{spec}`: `{ip}` is no IP address"))?;
    let (first, last) =
        range(container).ok_or_else(|| format!("`{spec}`: `{container}` is no port or range of ports"))?;
    let host_range = match host {
        "" => None,
        _ => Some(range(host).ok_or_else(|| format!("`{spec}`: `{host}` is no port or range of ports"))?),
    };
    if let Some((from, to)) = host_range
        && to - from != last - first
        && first != last
    {
        return Err(format!("`{spec}`: the ranges `{host}` and `{container}` have different lengths"));
    }
    let mut forms: Vec<(String, ComposeValue)> = Vec::new();
    for offset in 0..=(last - first).min(PORTS) {
        let published = match host_range {
            Some((from, to)) if first == last && from != to => format!("{from}-{to}"),
            Some((from, _)) => (from + offset).to_string(),
            None => String::new(),
        };
        let mut form = LongForm::new(place);
        form.text("mode", "ingress");
        form.text("host_ip", &ip);
        form.text("published", &published);
        form.text("protocol", &protocol);
        let target = first + offset;
        if target > 0 {
            form.set("target", ComposeData::Integer(i64::from(target)));
        }
        forms.push((format!("{target}/{protocol}"), form.value()));
    }
    // Compose sorts them as texts.
    forms.sort_by(|(a, _), (b, _)| a.cmp(b));
    Ok(forms.into_iter().map(|(_, form)| form).collect())
}

/// An address without brackets; `None` if the text is not an address.
fn address(ip: &str) -> Option<String> {
    let plain = match ip.strip_prefix('[') {
        Some(inside) => inside.strip_suffix(']')?,
        None => ip,
    };
    (plain.is_empty() || is_address(plain)).then(|| plain.to_owned())
}

/// Whether Go's `net.ParseIP` takes it.
pub(super) fn is_address(text: &str) -> bool {
    text.parse::<core::net::IpAddr>().is_ok()
}

fn range(text: &str) -> Option<(u32, u32)> {
    let port = |text: &str| {
        let digits = !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit());
        digits.then(|| text.parse::<u16>().ok().map(u32::from)).flatten()
    };
    let mut parts = text.split('-');
    let first = port(parts.next()?)?;
    let last = parts.next().map_or(Some(first), port)?;
    (first <= last).then_some((first, last))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_have_long_forms() {
        let of = |spec: &str| {
            let forms = ports(spec, None).map_err(|error| error.len() > 10);
            forms.map(|forms| forms.iter().map(ComposeValue::display).collect::<Vec<_>>().join(" "))
        };
        let tcp = |host: &str, target: u16| format!("map[mode:ingress protocol:tcp{host} target:{target}]");
        assert_eq!(of("80"), Ok(tcp("", 80)));
        assert_eq!(of("8080:80"), Ok(tcp(" published:8080", 80)));
        assert_eq!(of("8000-8001:80"), Ok(tcp(" published:8000-8001", 80)));
        assert_eq!(of("9-10:9-10"), Ok(format!("{} {}", tcp(" published:10", 10), tcp(" published:9", 9))));
        assert_eq!(of("[::1]::80/UDP"), Ok("map[host_ip:::1 mode:ingress protocol:udp target:80]".to_owned()));
        for spec in ["", ":", "a:80", "80/x", "1-2:3-5", "1.2.3:1:2", "70000", "[::1:1:2", "5-3"] {
            assert_eq!(of(spec), Err(true), "{spec}");
        }
    }

    #[test]
    fn volumes_have_long_forms() {
        let of = |spec: &str| volume(spec, None).map(|form| form.display());
        assert_eq!(of("data:/x/").as_deref(), Ok("map[source:data target:/x type:volume volume:map[]]"));
        let bound = "map[bind:map[create_host_path:true selinux:z] read_only:true source:./a target:/b type:bind]";
        assert_eq!(of("./a:/b:ro,z").as_deref(), Ok(bound));
        assert_eq!(of("/anon").as_deref(), Ok("map[target:/anon type:volume volume:map[]]"));
        assert_eq!(
            of(r"C:\a:/b").as_deref(),
            Ok(r"map[bind:map[create_host_path:true] source:C:\a target:/b type:bind]")
        );
        assert!(of("aa::b").is_err() && of("aa:bb:cc:dd").is_err() && of("").is_err());
    }
}
