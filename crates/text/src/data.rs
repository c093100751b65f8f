//! The embedded tables of `data/`: knowledge about the world that no input holds. A table is text: comments (`#`), a
//! header, then rows of cells between tabs. The last two cells of a row are its date and its source, which is
//! `unverified` where none is known; safe fixes rest on no such row.

use std::sync::OnceLock;

use hashbrown::HashMap;

/// A row's cells, in the order of the header.
pub type Row = &'static [&'static str];

/// A table of `data/`, read when it is first asked for.
pub struct DataTable {
    /// The name of its file.
    pub name: &'static str,
    text: &'static str,
    cells: OnceLock<Cells>,
    /// The first row of each first cell.
    by_key: OnceLock<HashMap<&'static str, Row>>,
    /// The keys of each role, where the second column lists roles.
    by_role: OnceLock<HashMap<&'static str, Vec<&'static str>>>,
}

struct Cells {
    /// Those of all rows, one after the other.
    all: Vec<&'static str>,
    /// How many a row has.
    width: usize,
}

macro_rules! tables {
    ($($(#[$doc:meta])* $table:ident = $name:literal;)*) => {
        $($(#[$doc])* pub static $table: DataTable = DataTable::new($name, include_str!(concat!("../data/", $name)));)*

        /// All tables.
        pub static ALL: &[&DataTable] = &[$(&$table),*];
    };
}

tables! {
    /// Images that make servers listen at all addresses.
    ADDRESS_IMAGES = "address_images.tsv";
    /// Words that say an architecture.
    ARCHITECTURE_WORDS = "architecture_words.tsv";
    /// Releases of distributions whose packages have left the mirrors.
    ARCHIVED_RELEASES = "archived_releases.tsv";
    /// Programs, users and entry points of public base images.
    BASE_IMAGES = "base_images.tsv";
    /// Variables that base images set.
    BASE_VARIABLES = "base_variables.tsv";
    /// How the names of variables begin that bundlers write into pages.
    BUNDLE_VARIABLES = "bundle_variables.tsv";
    /// Folders whose content nobody needs again.
    CACHE_FOLDERS = "cache_folders.tsv";
    /// Names of folders that cache mounts are put on.
    CACHE_MOUNT_NAMES = "cache_mount_names.tsv";
    /// Packages that call a compiler while they are used.
    COMPILING_PACKAGES = "compiling_packages.tsv";
    /// The attributes of compose files by the mapping that they stand in.
    COMPOSE_ATTRIBUTES = "compose_attributes.tsv";
    /// What commands of Compose are given.
    COMPOSE_COMMANDS = "compose_commands.tsv";
    /// What happens to values of compose files by the path of their keys.
    COMPOSE_PATHS = "compose_paths.tsv";
    /// What programs do.
    COMMANDS = "commands.tsv";
    /// Crates that link with libraries of the system.
    CRATE_LIBRARIES = "crate_libraries.tsv";
    /// Programs of others that serve those of a project.
    COMPANION_IMAGES = "companion_images.tsv";
    /// Folders of databases with what they keep.
    DATA_FOLDERS = "data_folders.tsv";
    /// Run-time libraries behind Debian's packages of headers.
    DEBIAN_LIBRARIES = "debian_libraries.tsv";
    /// Languages and natures of files by their names.
    FILE_KINDS = "file_kinds.tsv";
    /// Interpreters that run code in an argument.
    CODE_INTERPRETERS = "code_interpreters.tsv";
    /// Calls with which a program listens, by what they say of the address.
    LOOPBACK_CALLS = "loopback_calls.tsv";
    /// Files in which compiled programs start.
    LOOPBACK_MAINS = "loopback_mains.tsv";
    /// Settings that say at which address a server listens.
    LOOPBACK_SETTINGS = "loopback_settings.tsv";
    /// Statements of code in healthchecks that cannot fail.
    CONSTANT_STATEMENTS = "constant_statements.tsv";
    /// Programs in a container that pass requests on to a server next to them.
    CONTAINER_FRONTS = "container_fronts.tsv";
    /// Servers that listen at an address which only their own container reaches.
    LOOPBACK_SERVERS = "loopback_servers.tsv";
    /// Servers that listen on all addresses of both families.
    DUAL_STACK_SERVERS = "dual_stack_servers.tsv";
    /// Arguments with which scripts of entrypoints start something other than the server.
    ENTRYPOINT_ARGUMENTS = "entrypoint_arguments.tsv";
    /// Programs that serve files.
    FILE_SERVERS = "file_servers.tsv";
    /// Ports that debuggers listen on.
    DEBUGGER_PORTS = "debugger_ports.tsv";
    /// Groups of dependencies.
    DEPENDENCY_GROUPS = "dependency_groups.tsv";
    /// Packages that a release of Debian lacks.
    ABSENT_PACKAGES = "absent_packages.tsv";
    /// Parts of names of variables that hold addresses.
    ADDRESS_WORDS = "address_words.tsv";
    /// Services that hold data or carry messages.
    BACKENDS = "backends.tsv";
    /// Packages with which programs talk to servers.
    CLIENT_LIBRARIES = "client_libraries.tsv";
    /// What packages ask of the server that they talk to.
    CLIENT_SERVERS = "client_servers.tsv";
    /// Words of variables that hold parts of a connection.
    CONNECTION_WORDS = "connection_words.tsv";
    /// Requests of a healthcheck to a server of which no path is known.
    CHECK_ANSWERS = "check_answers.tsv";
    /// Clients that checks of services ask their server with.
    CHECK_CLIENTS = "check_clients.tsv";
    /// Requests in the code of checks.
    CHECK_REQUESTS = "check_requests.tsv";
    /// Words of healthchecks by what they say of what is asked.
    CHECK_WORDS = "check_words.tsv";
    /// Words of healthchecks that do more than ask.
    CHECK_WORK = "check_work.tsv";
    /// Signs of services whose image is not known.
    SERVICE_SIGNS = "service_signs.tsv";
    /// What services run by `command` and `entrypoint`.
    SERVICE_COMMANDS = "service_commands.tsv";
    /// Variables without which frameworks do not start.
    FRAMEWORK_VARIABLES = "framework_variables.tsv";
    /// Paths that frameworks answer by themselves.
    FRAMEWORK_PATHS = "framework_paths.tsv";
    /// Ports that frameworks listen on.
    FRAMEWORK_PORTS = "framework_ports.tsv";
    /// What stands before names of images of Docker Hub.
    HUB_NAMES = "hub_names.tsv";
    /// Paths under which applications say whether they are ready.
    HEALTH_PATHS = "health_paths.tsv";
    /// Docker on GitHub's machines.
    HOSTED_RUNNERS = "hosted_runners.tsv";
    /// Findings of linters of workflows that mean the same.
    LINTER_EQUIVALENTS = "linter_equivalents.tsv";
    /// Words of recipes that say that data goes.
    RESET_WORDS = "reset_words.tsv";
    /// How projects bring the schema of their database up to date.
    MIGRATION_COMMANDS = "migration_commands.tsv";
    /// Tools that bring the schema of a database up to date from files of SQL.
    MIGRATION_FILES = "migration_files.tsv";
    /// Commands with which a proxy reads its configuration again.
    PROXY_RELOADS = "proxy_reloads.tsv";
    /// Commands that change the schema of a database.
    SCHEMA_COMMANDS = "schema_commands.tsv";
    /// Names of scripts of package.json that bring the schema of a database up to date.
    MIGRATION_SCRIPTS = "migration_scripts.tsv";
    /// Words of SQL and of Django by what they mean in a migration.
    MIGRATION_WORDS = "migration_words.tsv";
    /// Commands that start a program for its developers.
    DEVELOPMENT_SERVERS = "development_servers.tsv";
    /// How servers are started whose image starts nothing by itself.
    SERVER_COMMANDS = "server_commands.tsv";
    /// What commands in named scripts do that a check must not.
    SCRIPT_COMMANDS = "script_commands.tsv";
    /// Programs that scripts give a source.
    SCRIPT_INTERPRETERS = "script_interpreters.tsv";
    /// What SQL scripts that make tables show.
    SCRIPT_SIGNS = "script_signs.tsv";
    /// Settings of frameworks with addresses of servers.
    SETTING_ADDRESSES = "setting_addresses.tsv";
    /// Images that run the sources of a program, and the files that its folder has.
    SOURCE_IMAGES = "source_images.tsv";
    /// Images of the servers that applications connect to.
    SERVER_IMAGES = "server_images.tsv";
    /// How the commands of a monorepo name the projects that they work on.
    WORKSPACE_SELECTORS = "workspace_selectors.tsv";
    /// The files in the folder of a workspace from which such commands work.
    WORKSPACE_FILES = "workspace_files.tsv";
    /// Commands that plan the tasks of workers.
    SCHEDULER_PROGRAMS = "scheduler_programs.tsv";
    /// Commands that change a manifest without its lock file.
    MANIFEST_EDITORS = "manifest_editors.tsv";
    /// Kinds of Kubernetes that say something of those that start containers.
    MANIFEST_KINDS = "manifest_kinds.tsv";
    /// Variables that say in which mode a program runs.
    MODE_VARIABLES = "mode_variables.tsv";
    /// Servers that are ready only after something that somebody does.
    MANUAL_STARTS = "manual_starts.tsv";
    /// Images of servers that ask no other service.
    STANDALONE_IMAGES = "standalone_images.tsv";
    /// Commands that write files whenever they run.
    START_WRITES = "start_writes.tsv";
    /// How the workers of task libraries are started.
    WORKER_PROGRAMS = "worker_programs.tsv";
    /// Manifests and the lock files that decide which versions an install takes.
    MANIFEST_LOCKS = "manifest_locks.tsv";
    /// Programs that take tasks or start them by the clock and open no port.
    PORTLESS_PROGRAMS = "portless_programs.tsv";
    /// Servers that take who asks from the headers of a proxy only if they are told to.
    FORWARDED_HEADERS = "forwarded_headers.tsv";
    /// Build back ends of Python that need the readme of their project.
    README_BACKENDS = "readme_backends.tsv";
    /// Settings that say on which port a server listens.
    PORT_SETTINGS = "port_settings.tsv";
    /// Images whose interpreter can make the request of a healthcheck.
    CHECK_INTERPRETERS = "check_interpreters.tsv";
    /// Packages that show pages by the address in the browser.
    PAGE_ROUTERS = "page_routers.tsv";
    /// What images of web servers do where nobody configures them.
    WEB_IMAGES = "web_images.tsv";
    /// Words of image names that stand for one that somebody is to write.
    IMAGE_PLACEHOLDERS = "image_placeholders.tsv";
    /// What sets the images of manifests when they are applied.
    IMAGE_SETTERS = "image_setters.tsv";
    /// Folders whose manifests only developers run.
    LOCAL_OVERLAYS = "local_overlays.tsv";
    /// Ports of Services that only a collector of metrics asks.
    METRICS_PORTS = "metrics_ports.tsv";
    /// Kinds of Kubernetes that start containers.
    WORKLOAD_KINDS = "workload_kinds.tsv";
    /// Folders that tools write beside sources.
    WATCH_IGNORES = "watch_ignores.tsv";
    /// Commands that bring the schema of a database up to date.
    MIGRATIONS = "migrations.tsv";
    /// Releases of Python packages with which programs fail whose manifest lets them in.
    PYTHON_BREAKS = "python_breaks.tsv";
    /// What stands before the address that a server listens at.
    ADDRESS_OPTIONS = "address_options.tsv";
    /// Bundlers that leave other files in the folder that they write to.
    KEEPING_BUNDLERS = "keeping_bundlers.tsv";
    /// Names of files and folders that say what they are about.
    FILE_TOPICS = "file_topics.tsv";
    /// Programs that ask only the first address that a name has.
    FIRST_ADDRESS_CLIENTS = "first_address_clients.tsv";
    /// What files are for by the names of folders and their own.
    FOLDER_KINDS = "folder_kinds.tsv";
    /// Folders by names that mean the same wherever they lie.
    FOLDER_NAMES = "folder_names.tsv";
    /// Debian's packages that gems need.
    GEM_SYSTEM_PACKAGES = "gem_system_packages.tsv";
    /// What gives a container more of its host than others have.
    HOST_ACCESS = "host_access.tsv";
    /// Images that are made to work on their host.
    HOST_TOOLS = "host_tools.tsv";
    /// Names that templates of .gitignore list, and what makes files of that name.
    IGNORED_NAMES = "ignored_names.tsv";
    /// Versions of images up to which they are based on old releases of Debian.
    IMAGE_AGES = "image_ages.tsv";
    /// Files of bundlers whose names change with their contents.
    HASHED_FILES = "hashed_files.tsv";
    /// Base images by the system that they contain.
    IMAGE_FAMILIES = "image_families.tsv";
    /// Debian's or Alpine's release behind tags that do not name it.
    IMAGE_SUITES = "image_suites.tsv";
    /// Variables that images read.
    IMAGE_VARIABLES = "image_variables.tsv";
    /// Files that steer installs.
    INSTALL_FILES = "install_files.tsv";
    /// The Java version of tags of build tools' images.
    JAVA_IMAGES = "java_images.tsv";
    /// Which image runs what a Java image compiles.
    JAVA_RUNTIMES = "java_runtimes.tsv";
    /// Images that exist for one architecture only.
    IMAGE_ARCHITECTURES = "image_architectures.tsv";
    /// Ports that base images give to servers.
    IMAGE_PORTS = "image_ports.tsv";
    /// Which package managers read which formats of lock files.
    LOCK_FORMATS = "lock_formats.tsv";
    /// Commands that make keys.
    KEY_COMMANDS = "key_commands.tsv";
    /// Debian's packages of a shared library.
    LIBRARY_PACKAGES = "library_packages.tsv";
    /// Words of names that people choose.
    NAME_WORDS = "name_words.tsv";
    /// Packages of npm that are compiled for a C library or a version of Node.
    NODE_ADDONS = "node_addons.tsv";
    /// Installers that put programs into the home of their user.
    HOME_INSTALLERS = "home_installers.tsv";
    /// Commands that bring the schema of a database up to date.
    SCHEMA_CHANGES = "schema_changes.tsv";
    /// Folders of distributions that are links.
    SYSTEM_LINKS = "system_links.tsv";
    /// Commands that compile or bundle a Node project.
    NODE_BUILDS = "node_builds.tsv";
    /// What npm refuses before the colon of a requirement.
    NPM_PROTOCOLS = "npm_protocols.tsv";
    /// Packages that pin a bundler which newer releases of Node break.
    OLD_BUNDLERS = "old_bundlers.tsv";
    /// Modules that Node.js brings itself.
    NODE_MODULES = "node_modules.tsv";
    /// Where frameworks are told the path before all their routes.
    BASE_PATHS = "base_paths.tsv";
    /// Packages of npm that let each request pass before a route.
    NODE_MIDDLEWARE = "node_middleware.tsv";
    /// Packages of npm and what they are.
    NODE_PACKAGES = "node_packages.tsv";
    /// Programs of npm's packages.
    NODE_PROGRAMS = "node_programs.tsv";
    /// Words with which a package manager is told to fetch nothing.
    OFFLINE_WORDS = "offline_words.tsv";
    /// Docker's official images.
    OFFICIAL_IMAGES = "official_images.tsv";
    /// Bytes of packages of registries.
    PACKAGE_ARCHIVES = "package_archives.tsv";
    /// Where package managers keep what they fetched.
    PACKAGE_CACHES = "package_caches.tsv";
    /// Folders that package managers install a project's packages into.
    PACKAGE_FOLDERS = "package_folders.tsv";
    /// What `apt-get update` leaves behind.
    PACKAGE_LISTS = "package_lists.tsv";
    /// Packages that do nothing without programs of the system.
    PACKAGE_PROGRAMS = "package_programs.tsv";
    /// Sizes of Debian's packages with all that they bring.
    PACKAGE_SIZES = "package_sizes.tsv";
    /// Images of databases by digest.
    PINNED_IMAGES = "pinned_images.tsv";
    /// How pipelines get the tools of projects.
    PIPELINE_TOOLS = "pipeline_tools.tsv";
    /// Extensions that the images of `PostgreSQL` have.
    POSTGRES_EXTENSIONS = "postgres_extensions.tsv";
    /// Images whose tags begin with a version of a product.
    PRODUCTS = "products.tsv";
    /// What projects check their types, format and code with, and run their tests.
    PROJECT_TASKS = "project_tasks.tsv";
    /// How tools that install packages start programs of theirs, run named commands and install.
    PROJECT_TOOLS = "project_tools.tsv";
    /// Options and commands of programs.
    PROGRAM_OPTIONS = "program_options.tsv";
    /// What programs say of what they lack or did.
    PROGRAM_MESSAGES = "program_messages.tsv";
    /// What programs need to run.
    PROGRAM_NEEDS = "program_needs.tsv";
    /// Packages that bring a program.
    PROGRAM_PACKAGES = "program_packages.tsv";
    /// Directives that name the server which requests are passed to.
    PROXY_DIRECTIVES = "proxy_directives.tsv";
    /// Images of servers that pass requests on.
    PROXY_IMAGES = "proxy_images.tsv";
    /// Folders of containers with the configuration of a proxy.
    PROXY_FOLDERS = "proxy_folders.tsv";
    /// Importable modules of Python and the distributions that bring them.
    PYTHON_MODULES = "python_modules.tsv";
    /// Python distributions and what they are.
    PYTHON_PACKAGES = "python_packages.tsv";
    /// Debian packages that npm packages need when they run.
    NODE_SYSTEM_PACKAGES = "node_system_packages.tsv";
    /// System packages that Python distributions need to compile and to run.
    PYTHON_SYSTEM_PACKAGES = "python_system_packages.tsv";
    /// First versions of compiled Python distributions that come as wheels.
    PYTHON_WHEELS = "python_wheels.tsv";
    /// Folders that an image refuses as the target of a mount.
    REFUSED_FOLDERS = "refused_folders.tsv";
    /// Releases and the ends of their lives.
    RELEASES = "releases.tsv";
    /// Programs that images of newer releases lack.
    REMOVED_PROGRAMS = "removed_programs.tsv";
    /// How programs take secrets that no name tells.
    SECRET_ARGUMENTS = "secret_arguments.tsv";
    /// Files that hold credentials by their use.
    SECRET_FILES = "secret_files.tsv";
    /// Addresses that are themselves secrets.
    SECRET_URLS = "secret_urls.tsv";
    /// What names and values say of secrets.
    SECRET_WORDS = "secret_words.tsv";
    /// Configuration files that programs of npm's packages load when they start a server.
    SERVER_CONFIGS = "server_configs.tsv";
    /// Where servers listen, by their command lines.
    SERVER_PORTS = "server_ports.tsv";
    /// Routes by which servers say that they work.
    SERVER_ROUTES = "server_routes.tsv";
    /// What settings of services mean for their checks.
    SERVICE_SETTINGS = "service_settings.tsv";
    /// How services, programs in runtimes and workers are asked whether they are ready.
    SERVICES = "services.tsv";
    /// Clients that ask the server of an image's setup as well as the final one.
    SETUP_CLIENTS = "setup_clients.tsv";
    /// Slim variants of official images.
    SLIM_IMAGES = "slim_images.tsv";
    /// Debian's packages of programs that full images have and slim ones lack.
    SLIM_PROGRAMS = "slim_programs.tsv";
    /// Programs that need long until they answer.
    SLOW_STARTS = "slow_starts.tsv";
    /// Words of sources that show what a program does.
    SOURCE_PATTERNS = "source_patterns.tsv";
    /// Keys of services that `docker stack deploy` works with.
    STACK_KEYS = "stack_keys.tsv";
    /// Sizes of tasks that Fargate runs.
    FARGATE_SIZES = "fargate_sizes.tsv";
    /// Users of public images with their numbers.
    ACCOUNT_NUMBERS = "account_numbers.tsv";
    /// Keys of services that manifests of a cluster say otherwise.
    CLUSTER_KEYS = "cluster_keys.tsv";
    /// Servers that end in order on another signal than SIGTERM.
    STOP_SIGNALS = "stop_signals.tsv";
    /// Variables without which an image does not start.
    START_VARIABLES = "start_variables.tsv";
    /// Values that switch the encryption of a connection on, and off.
    SWITCH_VALUES = "switch_values.tsv";
    /// Folders of images and what they hold.
    SYSTEM_FOLDERS = "system_folders.tsv";
    /// Folders of programs that other containers or later ones need.
    STORAGE_FOLDERS = "storage_folders.tsv";
    /// System packages and what they serve.
    SYSTEM_PACKAGES = "system_packages.tsv";
    /// What plans the tasks of task libraries.
    TASK_SCHEDULERS = "task_schedulers.tsv";
    /// Words of image tags.
    TAG_WORDS = "tag_words.tsv";
    /// Words of image tags that the version of a product follows.
    TAG_PRODUCTS = "tag_products.tsv";
    /// Variables that switch the verification of certificates off.
    TLS_VARIABLES = "tls_variables.tsv";
    /// Tokens of well-known services, by how they begin.
    TOKEN_FORMATS = "token_formats.tsv";
    /// Variables that say which settings of a program are loaded.
    SETTINGS_VARIABLES = "settings_variables.tsv";
    /// Programs of the system that tools call while they run.
    TOOL_CALLS = "tool_calls.tsv";
    /// Images that people compile in.
    TOOLCHAIN_IMAGES = "toolchain_images.tsv";
    /// Options that package managers of old releases lack.
    OLDER_OPTIONS = "older_options.tsv";
    /// Images that get no updates any more.
    UNMAINTAINED_IMAGES = "unmaintained_images.tsv";
    /// How source code reads variables of the environment.
    VARIABLE_READS = "variable_reads.tsv";
    /// Environment variables and what they serve.
    VARIABLES = "variables.tsv";
    /// Images that show others to people.
    VIEWER_IMAGES = "viewer_images.tsv";
    /// Programs that containers wait for others with.
    WAIT_PROGRAMS = "wait_programs.tsv";
    /// Releases of web servers for built files.
    WEB_SERVERS = "web_servers.tsv";
    /// Actions of GitHub and what steps with them do.
    WORKFLOW_ACTIONS = "workflow_actions.tsv";
    /// Folders that frameworks write to when they run.
    WRITTEN_FOLDERS = "written_folders.tsv";
    /// Actions with their majors.
    ACTION_MAJORS = "action_majors.tsv";
    /// Texts of events that others than the owners of a repository write.
    EVENT_TEXTS = "event_texts.tsv";
    /// Commands that install packages and may write the lock file again.
    LOCK_INSTALLS = "lock_installs.tsv";
    /// Actions that bring a language, with the image that has the same versions.
    LANGUAGE_ACTIONS = "language_actions.tsv";
    /// Commands and actions that install a tool in its newest version.
    TOOL_INSTALLS = "tool_installs.tsv";
    /// Folders of caches with the programs that write them.
    CACHED_PATHS = "cached_paths.tsv";
    /// Files by whose hash caches of packages are named, with their lock files.
    CACHE_KEYS = "cache_keys.tsv";
    /// Actions that take keys of a cloud.
    CLOUD_LOGINS = "cloud_logins.tsv";
}

impl DataTable {
    const fn new(name: &'static str, text: &'static str) -> Self {
        Self { name, text, cells: OnceLock::new(), by_key: OnceLock::new(), by_role: OnceLock::new() }
    }

    /// All rows, in the order of the file.
    pub fn rows(&'static self) -> impl Iterator<Item = Row> {
        let cells = self.cells.get_or_init(|| {
            let lines = self.text.lines().filter(|line| !line.starts_with('#')).skip(1);
            Cells { all: lines.flat_map(|line| line.split('\t')).collect(), width: self.header().len() }
        });
        cells.all.chunks_exact(cells.width)
    }

    /// The first row whose first cell this is.
    pub fn row(&'static self, key: &str) -> Option<Row> {
        self.by_key().get(key).copied()
    }

    /// Whether a row begins with this cell.
    pub fn contains(&'static self, key: &str) -> bool {
        self.by_key().contains_key(key)
    }

    /// Whether the row of this key has a role. In tables of words the second cell lists their roles.
    pub fn has(&'static self, key: &str, role: &str) -> bool {
        self.row(key).is_some_and(|row| words(row[1]).any(|known| known == role))
    }

    /// The keys that have a role.
    pub fn with(&'static self, role: &'static str) -> impl Iterator<Item = &'static str> {
        let by_role = self.by_role.get_or_init(|| {
            let mut by_role = HashMap::<_, Vec<_>>::new();
            let has_roles = self.header().get(1) == Some(&"roles");
            if !has_roles {
                return by_role;
            }
            for row in self.rows() {
                for role in words(row[1]) {
                    by_role.entry(role).or_default().push(row[0]);
                }
            }
            by_role
        });
        by_role.get(role).into_iter().flatten().copied()
    }

    /// The first cell of each row.
    pub fn keys(&'static self) -> impl Iterator<Item = &'static str> {
        self.rows().filter_map(|row| row.first().copied())
    }

    /// The names of the columns.
    pub fn header(&self) -> Vec<&'static str> {
        self.text.lines().find(|line| !line.starts_with('#')).unwrap_or_default().split('\t').collect()
    }

    fn by_key(&'static self) -> &'static HashMap<&'static str, Row> {
        self.by_key.get_or_init(|| {
            let mut by_key = HashMap::new();
            for row in self.rows() {
                by_key.entry(row[0]).or_insert(row);
            }
            by_key
        })
    }
}

/// The words of a cell; `-` stands for none.
pub fn words(cell: &str) -> impl Iterator<Item = &str> {
    cell.split_ascii_whitespace().filter(|word| *word != "-")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_date_and_a_source() {
        for table in ALL {
            let header = table.header();
            assert_eq!(header[header.len() - 2..], ["date", "source"], "{}", table.name);
            for line in table.text.lines().filter(|line| !line.starts_with('#')) {
                assert_eq!(line.split('\t').count(), header.len(), "{}: {line}", table.name);
            }
            for row in table.rows() {
                let date: Vec<Option<u16>> = row[row.len() - 2].split('-').map(|part| part.parse().ok()).collect();
                assert!(matches!(date[..], [Some(2014..), Some(1..=12), Some(1..=31)]), "{}: {row:?}", table.name);
                let source = row[row.len() - 1];
                assert!(source == "unverified" || source.len() > 10, "{}: {row:?}", table.name);
            }
        }
    }

    #[test]
    fn services_are_written_as_they_are_read() {
        let kinds = ["readiness", "tcp", "none", "oneshot", "template", "runtime", "worker"];
        let mut names = std::collections::BTreeSet::new();
        for row in SERVICES.rows() {
            assert!(names.insert(row[0]), "{}", row[0]);
            assert!(kinds.contains(&row[3]), "{row:?}");
            let is_list = |cell: &str| serde_json::from_str::<Vec<serde_json::Value>>(cell).is_ok();
            assert!(!row[2].starts_with("[\"") || is_list(row[2]), "{row:?}");
            assert!(row[6] == "-" || is_list(row[6]), "{row:?}");
            assert!(row[12] != "yes" || (row[2] != "-" && ["measured", "source-read"].contains(&row[4])), "{row:?}");
        }
        assert!(names.len() > 180);
    }

    #[test]
    fn a_row_is_looked_up_by_its_first_cell() {
        assert_eq!(OFFICIAL_IMAGES.row("python").map(|row| row[0]), Some("python"));
        assert!(!OFFICIAL_IMAGES.contains("no-such-image"));
        assert_eq!(words("a b -").collect::<Vec<_>>(), ["a", "b"]);
    }
}
