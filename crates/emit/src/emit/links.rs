//! How the programs of a repository belong together: their names, the servers that they connect to, the proxy before them, and
//! the job that migrates their database.

mod alembic;
pub(super) mod backend;
mod call_login;
mod celery_address;
pub(super) mod certificates;
pub(super) mod client_server;
pub(super) mod connection;
mod development_proxy;
mod directives;
mod django_models;
pub(super) mod fixed_address;
mod flask_application;
mod job_address;
pub(super) mod login;
pub(super) mod mention;
pub(super) mod mentions;
pub(super) mod migration;
mod migration_files;
pub(super) mod named_service;
mod numbered_scripts;
pub(super) mod program;
pub(super) mod program_url;
pub(super) mod proxy;
pub(super) mod proxy_variables;
pub(super) mod repository_image;
pub(super) mod schema_script;
pub(super) mod service_names;
mod setting_address;
mod spring_url;
mod static_files;
mod tls;
pub(super) mod unknown_host;
mod virtual_host;
mod web_server;

use std::collections::BTreeSet;

use self::backend::{Backends, backends};
use self::connection::{connections, settled_variables};
use self::development_proxy::development_connections;
use self::mentions::{Mentions, mentions};
use self::migration::{MigrationJob, StartMigration, image_migration, migration, migration_at_start};
use self::migration_files::file_migration;
use self::named_service::named_programs;
use self::numbered_scripts::numbered_scripts;
use self::program::Program;
use self::program_url::program_connections;
use self::proxy::{Proxy, leave_out_proxies, mount_configurations, proxy};
use self::proxy_variables::image_connections;
use self::schema_script::schema_script;
use self::service_names::{name_applications, name_workers};
use self::spring_url::spring_connections;
use self::static_files::{StaticFiles, static_files};
use self::tls::serve_tls;
use self::virtual_host::add_virtual_host;
use super::facts::application::Application;
use super::facts::broken_release::broken_releases;
use super::facts::relative_import::relative_imports;
use super::facts::worker::{SCHEDULER, Worker, keep_planned_once, plans_tasks, starts_binary, workers};
use super::input::EmitInput;
use super::plan::ComposePlan;
use crate::manifest::FileKind;
use crate::sources::patterns;
use crate::variables::VariableFile;

/// What is known of a repository before its services are written down.
#[derive(Debug)]
pub(super) struct Project<'i> {
    pub(super) programs: Vec<Program<'i>>,
    pub(super) backends: Backends,
    /// The workers, each with the index of the program whose image they run with.
    pub(super) workers: Vec<(usize, Worker)>,
    /// The job that migrates the database, with the index of its program.
    pub(super) migration: Option<(usize, MigrationJob)>,
    /// Without such a job: what migrates the database when a program starts, with the index of the program.
    pub(super) start_migration: Option<(usize, StartMigration)>,
    pub(super) proxy: Option<Proxy>,
    /// The files of programs that web servers answer with.
    pub(super) static_files: Vec<StaticFiles>,
}

impl<'i> Project<'i> {
    /// Names the programs, and finds out how they belong together.
    pub(super) fn of(input: &EmitInput<'i>, mut applications: Vec<Application<'i>>, plan: &mut ComposePlan) -> Self {
        mount_configurations(input, &mut applications, plan);
        let mut proxy = proxy(input, &applications, plan);
        name_applications(input, &mut applications, proxy.as_ref());
        if let Some(proxy) = &mut proxy {
            proxy.find_programs(input, &applications);
        }
        leave_out_proxies(input, &mut applications, &mut proxy, plan);
        share_storage(&mut applications);
        share_databases(input, &mut applications);
        plan.notes.extend(broken_releases(input, &applications));
        plan.notes.extend(relative_imports(input, &applications));
        let mentions: Vec<Mentions> = applications.iter().map(|known| mentions(input, known)).collect();
        let script = schema_script(input, &applications, plan);
        let mut backends = backends(input, &applications, &mentions, (script.as_ref(), plan));
        serve_tls(input, &applications, &mut backends, plan);
        add_virtual_host(input, &applications, &mut backends, plan);
        let mut connections = connections(&applications, &mentions, &backends);
        let in_images = image_connections(input, &applications);
        let mut in_sources = program_connections(input, &applications, &mentions);
        let in_settings =
            [development_connections(input, &applications, plan), spring_connections(input, &applications)];
        for more in in_settings {
            in_sources.iter_mut().zip(more).for_each(|(known, more)| known.extend(more));
        }
        let named = named_programs(input, &applications, [&in_images, &in_sources]);
        for (known, more) in connections.iter_mut().zip(in_images.into_iter().zip(in_sources)) {
            known.extend(more.0.into_iter().chain(more.1));
        }
        if let Some(proxy) = &mut proxy {
            while backends.backend(&proxy.name).is_some() {
                proxy.name.push_str("-proxy");
            }
        }
        let others = backends.all.iter().map(|known| &known.name).chain(proxy.iter().map(|known| &known.name));
        let workers = all_workers(input, &applications, others.cloned());
        let static_files = static_files(input, &applications, proxy.as_ref(), plan);
        let programs = applications.into_iter().zip(mentions).zip(connections.into_iter().zip(named));
        let programs = programs.map(|((application, mentions), (connections, named))| {
            let settled = settled_variables(&mentions, &connections, &backends);
            Program { application, connections, settled, named }
        });
        let programs = programs.collect();
        let (migration, start_migration) = (None, None);
        let mut project = Self { programs, backends, workers, migration, start_migration, proxy, static_files };
        let starts = project.start_migrations(input);
        project.migration = project.find_migration(input, &starts, plan);
        if project.migration.is_none() {
            project.start_migration = starts.into_iter().enumerate().find_map(|(at, start)| Some((at, start?)));
        }
        if project.migration.is_none() && project.start_migration.is_none() {
            project.migration = project.find_file_migration(input, plan);
        }
        // Tables that are there already would stop what migrates.
        let is_migrated = project.migration.is_some() || project.start_migration.is_some();
        let script =
            script.or_else(|| if is_migrated { None } else { numbered_scripts(input, &project.programs, plan) });
        if !is_migrated || script.as_ref().is_some_and(|script| !script.makes_tables) {
            project.backends.give(script);
        }
        project
    }

    /// The volumes with files of programs that a web server gets, as Compose writes them.
    pub(super) fn volumes_of_server(&self, name: &str) -> impl Iterator<Item = String> {
        let known = self.static_files.iter().filter(move |known| known.server == name);
        known.map(|known| format!("{}:{}:ro", known.volume, known.target))
    }

    /// Its programs, as they are by themselves.
    pub(super) fn applications(&self) -> impl Iterator<Item = &Application<'i>> {
        self.programs.iter().map(|program| &program.application)
    }

    /// Whether a program connects to a database.
    fn has_database(&self, program: &Program) -> bool {
        program.connections.iter().any(|known| self.backends.is_database(&known.backend))
    }

    /// What migrates the database when a program starts, of each program that has one.
    fn start_migrations(&self, input: &EmitInput) -> Vec<Option<StartMigration>> {
        let of = |program: &Program| {
            if self.has_database(program) { migration_at_start(input, &program.application) } else { None }
        };
        self.programs.iter().map(of).collect()
    }

    /// The job of the first program that migrates a database.
    fn find_migration(
        &self,
        input: &EmitInput,
        starts: &[Option<StartMigration>],
        plan: &mut ComposePlan,
    ) -> Option<(usize, MigrationJob)> {
        let mut numbered = self.programs.iter().enumerate();
        let by_image = numbered.find_map(|(at, program)| Some((at, image_migration(&program.application)?)));
        if by_image.is_some() {
            return by_image;
        }
        let programs = self.programs.iter().zip(starts).enumerate();
        let mut programs = programs.filter(|(_, (program, _))| self.has_database(program));
        // What shares its sources with a program that migrates when it starts would do so at the same time.
        let is_migrated = |program: &Program| {
            let mut others = self
                .programs
                .iter()
                .zip(starts)
                .filter(|(other, start)| start.is_some() && other.application.name != program.application.name);
            others.any(|(other, _)| other.application.shares_code(&program.application))
        };
        let (at, mut job) = programs.find_map(|(at, (program, start))| {
            if is_migrated(program) {
                return None;
            }
            Some((at, migration(input, &program.application, start.as_ref(), plan)?))
        })?;
        while self.has_service(&job.name) {
            job.name.push_str("-database");
        }
        Some((at, job))
    }

    /// The job for files of SQL that nothing runs.
    fn find_file_migration(&self, input: &EmitInput, plan: &mut ComposePlan) -> Option<(usize, MigrationJob)> {
        let (at, mut job) = file_migration(input, &self.programs, &self.backends, plan)?;
        while self.has_service(&job.name) {
            job.name.push_str("-database");
        }
        Some((at, job))
    }

    /// Whether a service has this name.
    fn has_service(&self, name: &str) -> bool {
        self.applications().any(|known| known.name == name)
            || self.backends.backend(name).is_some()
            || self.workers.iter().any(|(_, known)| known.name == name)
            || self.proxy.as_ref().is_some_and(|known| known.name == name)
    }
}

/// Gives the worker of a program, which works on what the program was sent, the same volume for the same folder.
fn share_storage(applications: &mut [Application]) {
    for at in 0..applications.len() {
        let worker = &applications[at];
        if !worker.is_worker {
            continue;
        }
        let folders: BTreeSet<&String> = worker.storage.iter().map(|(folder, _)| folder).collect();
        let others = applications.iter().filter(|known| !known.is_worker && known.shares_code(worker));
        let volumes = others.flat_map(Application::storage_volumes);
        let shared = volumes.filter(|(_, folder)| folders.contains(folder)).map(|(name, folder)| (folder, name));
        applications[at].shared_volumes = shared.collect();
    }
}

/// Gives a program the volume of another one for the folder in which both open the same file of a database.
fn share_databases(input: &EmitInput, applications: &mut [Application]) {
    let files: Vec<BTreeSet<String>> = applications.iter().map(|known| database_files(input, known)).collect();
    for at in 1..applications.len() {
        let (before, rest) = applications.split_at_mut(at);
        let shared = |folder: &String| {
            let others = before.iter().zip(&files).filter(|(_, known)| !known.is_disjoint(&files[at]));
            others.flat_map(|(other, _)| other.own_volumes()).find(|(_, known)| known == folder)
        };
        let folders: Vec<String> = rest[0].own_volumes().into_iter().map(|(_, folder)| folder).collect();
        let volumes: Vec<(String, String)> = folders.iter().filter_map(shared).collect();
        rest[0].shared_volumes.extend(volumes.into_iter().map(|(name, folder)| (folder, name)));
    }
}

/// The names of files of databases in the sources of a program: `battery.db`.
fn database_files(input: &EmitInput, application: &Application) -> BTreeSet<String> {
    let is_source = |file: &&VariableFile| FileKind::of(&file.below).has_code() && file.is_of_program();
    let endings: Vec<&str> = patterns::words("ending of a file of SQLite").collect();
    let sources = application.code_files(input).filter(is_source);
    let is_end = |c: char| !(c.is_ascii_alphanumeric() || "_-.".contains(c));
    let words = sources.flat_map(|file| file.source.text().split(is_end));
    let is_database = |word: &&str| endings.iter().any(|ending| word.len() > ending.len() && word.ends_with(ending));
    words.filter(is_database).map(str::to_owned).collect()
}

/// The workers of all programs, each once and with its name.
fn all_workers(
    input: &EmitInput,
    applications: &[Application],
    others: impl IntoIterator<Item = String>,
) -> Vec<(usize, Worker)> {
    let numbered = applications.iter().enumerate();
    let mut all: Vec<(usize, Worker)> =
        numbered.flat_map(|(at, known)| workers(input, known).into_iter().map(move |worker| (at, worker))).collect();
    // Another image starts what is compiled into both.
    all.retain(|(at, worker)| match &worker.command[..] {
        [binary] if binary.starts_with('/') => {
            let mut others = applications.iter().enumerate().filter(|(other, _)| other != at);
            !others.any(|(_, known)| starts_binary(known, binary))
        }
        _ => true,
    });
    if applications.iter().any(|known| known.is_scheduler || plans_tasks(input, known)) {
        all.retain(|(_, worker)| worker.name != SCHEDULER);
    }
    keep_planned_once(&mut all, applications);
    name_workers(&mut all, applications, others);
    all
}
