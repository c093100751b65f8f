//! EXPOSE's ports: `[ip:]public:private/proto` with ranges.

use crate::dockerfile::quote::go_quote;

/// Checks a port with its protocol; the error is BuildKit's text.
pub(super) fn check_port(raw: &str) -> Result<(), String> {
    let (ip, host, container) = split_parts(raw);
    let container = port_of(container).map_err(|error| format!("invalid port: {}: {error}", go_quote(raw)))?;
    if !ip.is_empty() {
        check_ip(&ip)?;
    }
    let range = port_range(container).ok_or_else(|| format!("invalid containerPort: {container}"))?;
    if !host.is_empty() {
        let outer = port_range(host).ok_or_else(|| format!("invalid hostPort: {host}"))?;
        let is_same = range.1 - range.0 == outer.1 - outer.0;
        if !is_same && range.0 != range.1 {
            return Err(format!("invalid ranges specified for container and host Ports: {container} and {host}"));
        }
    }
    Ok(())
}

fn split_parts(raw: &str) -> (String, &str, &str) {
    let parts: Vec<&str> = raw.split(':').collect();
    match parts.as_slice() {
        [] => (String::new(), "", ""),
        [container] => (String::new(), "", container),
        [host, container] => (String::new(), host, container),
        [ip @ .., host, container] => (ip.join(":"), host, container),
    }
}

fn port_of(text: &str) -> Result<&str, String> {
    let (port, proto) = text.split_once('/').unwrap_or((text, ""));
    if port.is_empty() {
        return Err("no port specified".to_owned());
    }
    match &*proto.to_lowercase() {
        "" | "tcp" | "udp" | "sctp" => Ok(port),
        _ => Err(format!("invalid proto: {proto}")),
    }
}

fn check_ip(ip: &str) -> Result<(), String> {
    let bare = match ip.strip_prefix('[') {
        Some(rest) => rest
            .strip_suffix(']')
            .ok_or_else(|| format!("invalid IP address {ip}: address {ip}:: missing ']' in address"))?,
        None => ip,
    };
    match bare.parse::<core::net::IpAddr>() {
        Ok(_) => Ok(()),
        Err(_) => Err(format!("invalid IP address: {bare}")),
    }
}

fn port_range(text: &str) -> Option<(u16, u16)> {
    let (first, last) = text.split_once('-').unwrap_or((text, text));
    let range = (port_number(first)?, port_number(last)?);
    (range.0 <= range.1).then_some(range)
}

/// Go's `ParseInt` takes a sign.
fn port_number(text: &str) -> Option<u16> {
    let number: i64 = text.parse().ok()?;
    u16::try_from(number).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(port: &str, expected: Option<&str>) {
        assert_eq!(check_port(port).err().as_deref(), expected, "{port}");
    }

    #[test]
    fn ports_are_checked() {
        for port in ["80", "80/UDP", "1-2/tcp", "8080:80", "1-3:80", "127.0.0.1:1:2", "[::1]:1:2", "+80", "0", "80/"] {
            check(port, None);
        }
        check("80/foo", Some("invalid port: \"80/foo\": invalid proto: foo"));
        check("/tcp", Some("invalid port: \"/tcp\": no port specified"));
        check("65536", Some("invalid containerPort: 65536"));
        check("2-1", Some("invalid containerPort: 2-1"));
        check("1-2:3-5", Some("invalid ranges specified for container and host Ports: 3-5 and 1-2"));
        check("x:1:2", Some("invalid IP address: x"));
    }
}
