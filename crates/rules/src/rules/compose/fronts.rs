//! Rules about web servers that a compose file puts in front of others.

use super::images::text;
use super::replaced::items;
use crate::build::Reference;
use crate::compose::project::ComposeValue;
use crate::data;
use crate::finding::Findings;
use crate::rules::ComposeContext;
use crate::stack::{StackService, nginx_statements};
use crate::text::{listed, path};

crate::rules::family! {
    of_compose
    "compose-port-unserved" => compose_port_unserved;
    "compose-proxy-unconfigured" => compose_proxy_unconfigured;
}

/// A web server of others, as its image has it.
struct WebImage {
    /// Its name.
    name: &'static str,
    /// The port that it listens on where nobody configures it.
    port: u16,
    /// The folders of its configuration.
    settings: &'static str,
    /// The folders of what it serves.
    pages: &'static str,
}

/// The web server whose image a service runs as it is.
fn web_image(service: &StackService) -> Option<WebImage> {
    let image = service.image_name().filter(|image| !image.contains('$'))?;
    let row = data::WEB_IMAGES.row(Reference::of(image).short_name())?;
    let &[name, port, settings, pages, ..] = row else { return None };
    let is_as_it_is = ["command", "entrypoint", "volumes_from", "configs", "secrets"];
    let is_set =
        |key: &&str| service.value.get(key).is_some_and(|value| value.as_list().is_some_and(|list| !list.is_empty()));
    // A script that is mounted there may write the configuration.
    let has_script = !mounts_at(service, "/docker-entrypoint.d /docker-entrypoint.sh").is_empty();
    if has_script || is_as_it_is.iter().any(is_set) || service.text("network_mode").is_some() {
        return None;
    }
    Some(WebImage { name, port: port.parse().ok()?, settings, pages })
}

/// The mounts of a service at, below or above one of some folders.
fn mounts_at<'p>(service: &StackService<'p>, folders: &'static str) -> Vec<&'p ComposeValue> {
    let touches = |target: &str| {
        data::words(folders).any(|folder| path::is_within(target, folder) || path::is_within(folder, target))
    };
    let volumes = items(service.value, "volumes").iter();
    volumes.filter(|volume| text(volume, "target").is_none_or(touches)).collect()
}

/// The container's ports that a service publishes.
fn published_ports(service: &StackService) -> Vec<u16> {
    let ports = items(service.value, "ports").iter();
    let is_tcp = |port: &&ComposeValue| text(port, "protocol").is_none_or(|protocol| protocol == "tcp");
    ports.filter(is_tcp).filter_map(|port| port.get("target")?.display().parse().ok()).collect()
}

/// A web server without a configuration shows its own page.
fn compose_proxy_unconfigured(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = web_image(service) else { continue };
        let is_filled = !mounts_at(service, image.settings).is_empty() || !mounts_at(service, image.pages).is_empty();
        // Who needs only a database is no proxy, but stands for a program that is to come.
        let is_program = |name: &&str| {
            let known = cx.stack().service(name).and_then(|other| other.known);
            known.is_none_or(|known| !known.is_backend())
        };
        let others = service.dependencies.iter().map(|dependency| dependency.name);
        let others: Vec<&str> = others.filter(is_program).collect();
        // What another file adds is not known here.
        let is_added_to = cx.twins(service).any(|twin| twin.get("volumes").is_some() || twin.get("build").is_some());
        if is_filled || others.is_empty() || is_added_to {
            continue;
        }
        let message = format!(
            "`{}` has no configuration: `{}` shows its own page and passes nothing to {}",
            service.name,
            image.name,
            listed(&others)
        );
        let Some(finding) = cx.finding(cx.image_place(service), message) else { continue };
        let folder = data::words(image.settings).next().unwrap_or_default();
        out.push(finding.help(format!("mount its configuration in `{folder}`, or build an image with it")));
    }
}

/// A published port of a web server that nothing in its configuration listens on.
fn compose_port_unserved(cx: &ComposeContext, out: &mut Findings) {
    for service in cx.services() {
        let Some(image) = web_image(service) else { continue };
        let Some(ports) = listened_ports(cx, service, &image) else { continue };
        let published = published_ports(service);
        let unserved: Vec<String> = published.iter().filter(|port| !ports.contains(port)).map(u16::to_string).collect();
        // What a port of the host is mapped to may be of another file.
        let is_added_to = cx.twins(service).any(|twin| twin.get("volumes").is_some() || twin.get("build").is_some());
        if unserved.is_empty() || is_added_to {
            continue;
        }
        let known: Vec<String> = ports.iter().map(u16::to_string).collect();
        let what = if unserved.len() == 1 { "port" } else { "ports" };
        let message = format!(
            "`{}` publishes {what} {}, on which nothing listens (`{}` listens on {}): connections are refused",
            service.name,
            unserved.join(" and "),
            image.name,
            known.join(" and ")
        );
        let place = service.value.get("ports").and_then(|ports| {
            let is_it =
                |port: &&ComposeValue| port.get("target").is_some_and(|target| unserved.contains(&target.display()));
            ports.as_list()?.iter().find(is_it)?.place
        });
        let Some(finding) = cx.finding(place.or(service.place), message) else { continue };
        out.push(finding.help(if unserved.iter().any(|port| port == "443") {
            "configure TLS (for nginx `listen 443 ssl` with a certificate), or leave the port out"
        } else {
            "publish the port that it listens on"
        }));
    }
}

/// The ports that a web server listens on; `None` where its configuration is not known whole.
fn listened_ports(cx: &ComposeContext, service: &StackService, image: &WebImage) -> Option<Vec<u16>> {
    let mounts = mounts_at(service, image.settings);
    if mounts.is_empty() {
        return Some(vec![image.port]);
    }
    let sources: Vec<_> = cx.proxies(service).iter().filter(|known| known.proxy == "nginx").collect();
    let is_read = |mount: &&ComposeValue| {
        let source = text(mount, "source").map(path::name);
        text(mount, "type") == Some("bind")
            && source
                .is_some_and(|name| sources.iter().any(|known| known.source.name().split('/').any(|part| part == name)))
    };
    if image.settings != "/etc/nginx" || sources.is_empty() || !mounts.iter().all(is_read) {
        return None;
    }
    // The file of the image may still be there.
    let mut ports = vec![image.port];
    for statement in sources.iter().flat_map(|known| nginx_statements(known.source.text())) {
        let mut words = statement.split_whitespace();
        match (words.next()?, words.next()) {
            ("listen", Some(address)) => {
                let port = address.rsplit_once(':').map_or(address, |(_, port)| port);
                // An address alone means port 80.
                let is_address = !address.contains(':') && address.contains(['.', '*']) || address.ends_with(']');
                let number = if is_address { Some(80) } else { port.parse().ok() };
                ports.push(number.or_else(|| address.starts_with("unix:").then_some(image.port))?);
            }
            ("include", Some(name)) if !is_harmless(name) => return None,
            _ => {}
        }
    }
    ports.sort_unstable();
    ports.dedup();
    Some(ports)
}

/// Whether a file that nginx includes opens no port that is not known: those of its image, and the folder that is read whole.
fn is_harmless(name: &str) -> bool {
    let name = name.trim_matches(['"', '\'']);
    ["mime.types", "_params", "conf.d/*.conf", "fastcgi.conf"].iter().any(|known| name.ends_with(known))
}
