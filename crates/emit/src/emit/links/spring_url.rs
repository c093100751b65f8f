//! URLs of other programs of the repository in the settings of Spring: `eureka.client.service-url.defaultZone`. Variables
//! override settings (Spring Boot docs: Externalized Configuration, Binding From Environment Variables).

use super::connection::Connection;
use super::program_url::{is_front, takes_requests};
use super::setting_address::spring_variable;
use crate::emit::facts::application::Application;
use crate::emit::facts::example::place;
use crate::emit::facts::spring_config::program_settings;
use crate::emit::input::EmitInput;
use crate::emit::server_image::LOCAL_HOSTS;
use crate::sources::settings::setting_name;

/// The variables that lead the programs to each other, where settings mean the container itself.
pub(super) fn spring_connections(input: &EmitInput, applications: &[Application]) -> Vec<Vec<Connection>> {
    let of = |application: &Application| {
        let mut connections: Vec<Connection> = Vec::new();
        for (file, setting) in program_settings(input, application) {
            let Some(name) = setting_name(&setting).filter(|name| names_program(name)) else { continue };
            let Some((target, value)) = other_program(&setting.text, application, applications) else { continue };
            let variable = spring_variable(name);
            if connections.iter().any(|known| known.variable.as_ref() == Some(&variable)) {
                continue;
            }
            connections.push(Connection {
                backend: target.name.clone(),
                variable: Some(variable),
                value,
                place: Some(place(&input.files.files[file].source, setting.at)),
                has_default: true,
            });
        }
        connections
    };
    applications.iter().map(of).collect()
}

/// Whether a setting says where a program asks another one. Others are for browsers, or names that tokens have.
fn names_program(setting: &str) -> bool {
    let plain = setting.replace('-', "").to_ascii_lowercase();
    [
        "eureka.client.serviceurl.defaultzone",
        "spring.cloud.config.uri",
        "spring.config.import",
        "spring.boot.admin.client.url",
    ]
    .contains(&plain.as_str())
}

/// The program that listens on the port of a URL which means the container itself, and the URL that leads there.
fn other_program<'a, 'i>(
    text: &str,
    application: &Application,
    applications: &'a [Application<'i>],
) -> Option<(&'a Application<'i>, String)> {
    let is_url = text.contains("http://") || text.contains("https://");
    if !is_url || text.contains("${") || text.contains(',') {
        return None;
    }
    LOCAL_HOSTS.iter().find_map(|host| {
        let at = text.find(&format!("{host}:"))?;
        text[..at].ends_with(['/', '@']).then_some(())?;
        let digits = &text[at + host.len() + 1..];
        let end = digits.find(|c: char| !c.is_ascii_digit()).unwrap_or(digits.len());
        let port: u16 = digits[..end].parse().ok()?;
        let is_other = |known: &&Application| {
            known.dockerfile != application.dockerfile && takes_requests(known) && !is_front(known)
        };
        let mut targets = applications.iter().filter(is_other).filter(|known| known.port == Some(port));
        let (target, None) = (targets.next()?, targets.next()) else { return None };
        Some((target, text.replacen(host, &target.name, 1)))
    })
}
