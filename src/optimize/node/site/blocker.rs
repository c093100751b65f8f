//! Why a server of built files is not replaced by a web server.

use thiserror::Error;

use crate::optimize::languages::node::container_uses::ContainerUse;
use crate::optimize::node::output::UnknownOutput;

/// Why a server of built files is not replaced by a web server.
#[derive(Clone, Debug, PartialEq, Eq, Error)]
pub(super) enum SiteBlocker {
    #[error("{what}")]
    ContainerUse { what: ContainerUse },
    #[error("{why}")]
    Output { why: UnknownOutput },
    #[error("`{command}` is a development server")]
    DevelopmentServer { command: String },
    #[error("{why}; `--level 6` replaces it anyway{saving}")]
    LowerRung { why: Box<SiteBlocker>, saving: String },
    #[error("service `{service}` mounts host folders to show changes at once")]
    MountsHostFolders { service: String },
    #[error("`{image}` is not an nginx image, and other web servers are not supported")]
    NotNginx { image: String },
    #[error("no known nginx release is still supported; set an image with `--server`")]
    NoSupportedRelease,
    #[error("the container starts other programs than `{command}`")]
    StartsOthers { command: String },
    #[error("the project of `{command}` is not known")]
    UnknownProject { command: String },
    #[error("the command is inherited from another stage")]
    InheritedCommand,
    #[error("with `{word}`, `{command}` does more than serve files")]
    ServerOption { word: String, command: String },
    #[error("`{name}` adds its own server to `{command}`")]
    AddsServer { name: String, command: String },
    #[error("the whole project folder is served, not a build output")]
    ServesProject,
    #[error("`serve.json` sets rules")]
    ServeRules,
    #[error("the image has a VOLUME")]
    Volume,
    #[error("`serve` reads other rules")]
    OtherServeRules,
    #[error("the output folder of the bundler is not known")]
    UnknownOutput,
    #[error("no RUN builds the served files")]
    NoBuild,
    #[error("package.json has no script that builds the served files")]
    NoBuildScript,
    #[error("the server listens on several addresses")]
    SeveralAddresses,
    #[error("the port `{text}` is not known")]
    UnknownPort { text: String },
    #[error("the port is known only at start-up: `{text}`")]
    PortAtStart { text: String },
    #[error("a command sets `{name}`")]
    CommandSetsVariable { name: String },
    #[error("the value of `{name}` is not known")]
    UnknownVariable { name: String },
    #[error("compose sets `{name}` to values that are not known")]
    UnknownComposeVariable { name: String },
    #[error("service `{service}` runs as `{user}`")]
    ServiceUser { service: String, user: String },
    #[error("service `{service}` cannot write to `/tmp`")]
    ReadOnlyService { service: String },
    #[error("service `{service}` shares a network in which `{target}` may answer")]
    SharedNetwork { service: String, target: String },
    #[error("the healthcheck of service `{service}` uses `{program}`, which `{image}` lacks")]
    HealthcheckProgram { service: String, program: String, image: String },
    #[error("`{key}` in `vite.config` is not known")]
    ViteSetting { key: String },
    #[error("`vite.config` imports settings from another file")]
    ViteImports,
    #[error("`vite.config` sets `{key}` of its servers")]
    ViteServerSetting { key: String },
    #[error("`appType` in `vite.config` leaves pages to another server")]
    ViteAppType,
    #[error("`{path}` cannot be read")]
    UnreadFile { path: String },
    #[error("the port of `{server}` in `vite.config` is not known")]
    VitePort { server: String },
    #[error("`base` in `vite.config` is `{base}`, on another host")]
    ViteBase { base: String },
    #[error("`vite.config` sets a proxy")]
    ViteProxy,
    #[error("`vite.config` sets a proxy: `{path}` is forwarded to `{target}`")]
    ViteProxyTo { path: String, target: String },
    #[error("other stages are based on the stage that serves the files")]
    StageIsBase,
    #[error("the image has a HEALTHCHECK, and the programs of `{image}` are not known")]
    UnknownPrograms { image: String },
}
