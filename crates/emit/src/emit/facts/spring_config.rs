//! Settings that programs of Spring get from a config server of the same repository: they read the variables in them.

use super::application::Application;
use crate::emit::input::EmitInput;
use crate::manifest::Ecosystem;
use crate::sources::literals::StringLiteral;
use crate::sources::settings::{setting, settings_of};
use crate::sources::variables::{VariableRead, is_spring, variable_reads};
use crate::text::path;

/// The package that makes a program a config server.
const CONFIG_SERVER: &str = "org.springframework.cloud:spring-cloud-config-server";

/// The name under which the server's settings are read: a file of any name is one of Spring's there.
const SETTINGS: &str = "application";

/// The folder of a program's own settings; a config server serves those in a folder of it.
const RESOURCES: &str = "resources";

/// The settings of a program, each with its file.
pub(in crate::emit) fn program_settings(input: &EmitInput, application: &Application) -> Vec<(usize, StringLiteral)> {
    let mut settings = Vec::new();
    for at in application.code.files.iter().chain(&application.served_settings) {
        let file = &input.files.files[*at];
        let name = path::name(&file.below);
        if file.is_of_program() && (is_spring(name) || application.served_settings.contains(at)) {
            settings.extend(settings_of(name, file.source.text()).into_iter().map(|setting| (*at, setting)));
        }
    }
    settings
}

/// Adds what the settings of config servers read to the programs that they are for, which have the names of the files.
pub(in crate::emit) fn add_served_settings(input: &EmitInput, applications: &mut [Application]) {
    let mut served: Vec<(String, usize, Vec<VariableRead>)> = Vec::new();
    for server in applications.iter().filter(|known| known.has_package(Ecosystem::Java, CONFIG_SERVER)) {
        for at in &server.code.files {
            let file = &input.files.files[*at];
            let Some((stem, ending)) = path::name(&file.below).rsplit_once('.') else { continue };
            let settings = format!("{SETTINGS}.{ending}");
            let is_own = is_spring(path::name(&file.below)) && path::name(path::parent(&file.below)) == RESOURCES;
            if !is_own && is_spring(&settings) {
                let reads = variable_reads(&settings, file.source.text()).reads;
                served.push((stem.to_owned(), *at, reads));
            }
        }
    }
    if served.is_empty() {
        return;
    }
    for application in applications.iter_mut().filter(|known| !known.has_package(Ecosystem::Java, CONFIG_SERVER)) {
        let settings = program_settings(input, application);
        let values = settings.iter().map(|(_, value)| value);
        let Some(name) = setting(values, "spring.application.name") else { continue };
        // A file with the usual name is for every program.
        for (_, file, reads) in served.iter().filter(|(stem, ..)| *stem == name || stem == SETTINGS) {
            application.served_settings.push(*file);
            application.code.reads.extend(reads.iter().map(|read| (*file, read.clone())));
        }
    }
}
