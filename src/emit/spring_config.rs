//! Settings that programs of Spring get from a config server of the same repository: they read the variables in them.

use super::application::Application;
use super::input::EmitInput;
use crate::manifest::Ecosystem;
use crate::sources::variables::{VariableRead, is_spring, variable_reads};
use crate::text::path;

/// The package that makes a program a config server.
const CONFIG_SERVER: &str = "org.springframework.cloud:spring-cloud-config-server";

/// The name under which the server's settings are read: a file of any name is one of Spring's there.
const SETTINGS: &str = "application";

/// Adds what the settings of config servers read to the programs that they are for, which have the names of the files.
pub(super) fn add_served_settings(input: &EmitInput, applications: &mut [Application]) {
    let mut served: Vec<(String, usize, Vec<VariableRead>)> = Vec::new();
    for server in applications.iter().filter(|known| known.has_package(Ecosystem::Java, CONFIG_SERVER)) {
        for at in &server.code.files {
            let file = &input.files.files[*at];
            let Some((stem, ending)) = path::name(&file.below).rsplit_once('.') else { continue };
            let settings = format!("{SETTINGS}.{ending}");
            if !is_spring(path::name(&file.below)) && is_spring(&settings) {
                let reads = variable_reads(&settings, file.source.text()).reads;
                served.push((stem.to_owned(), *at, reads));
            }
        }
    }
    if served.is_empty() {
        return;
    }
    for application in applications {
        let Some(name) = spring_name(input, application) else { continue };
        for (_, file, reads) in served.iter().filter(|(stem, ..)| *stem == name) {
            application.code.reads.extend(reads.iter().map(|read| (*file, read.clone())));
        }
    }
}

/// The value of `spring.application.name`.
fn spring_name(input: &EmitInput, application: &Application) -> Option<String> {
    let files = application.code.files.iter().map(|at| &input.files.files[*at]);
    let mut settings = files.filter(|file| is_spring(path::name(&file.below)));
    settings.find_map(|file| {
        let mut lines = file.source.text().lines().map(str::trim).filter(|line| !line.is_empty());
        let value = |line: &str, key: &str| {
            let value = line.strip_prefix(key)?.trim_start().strip_prefix([':', '='])?.trim();
            Some(value.trim_matches(['"', '\'']).to_owned()).filter(|value| !value.is_empty())
        };
        while let Some(line) = lines.next() {
            let name = match line {
                "application:" => lines.next().and_then(|next| value(next, "name")),
                _ => value(line, "spring.application.name"),
            };
            if name.is_some() {
                return name;
            }
        }
        None
    })
}
