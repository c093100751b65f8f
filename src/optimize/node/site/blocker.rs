//! Why a server of built files is not replaced by a web server.

use std::fmt;

use crate::optimize::languages::node::container_uses::ContainerUse;
use crate::optimize::node::output::UnknownOutput;

/// Why a server of built files is not replaced by a web server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum SiteBlocker {
    ContainerUse { what: ContainerUse },
    Output { why: UnknownOutput },
    DevelopmentServer { command: String },
    LowerRung { why: Box<SiteBlocker>, saving: String },
    MountsHostFolders { service: String },
    NotNginx { image: String },
    NoSupportedRelease,
    StartsOthers { command: String },
    UnknownProject { command: String },
    InheritedCommand,
    ServerOption { word: String, command: String },
    AddsServer { name: String, command: String },
    ServesProject,
    ServeRules,
    Volume,
    OtherServeRules,
    UnknownOutput,
    NoBuild,
    NoBuildScript,
    SeveralAddresses,
    UnknownPort { text: String },
    PortAtStart { text: String },
    CommandSetsVariable { name: String },
    UnknownVariable { name: String },
    UnknownComposeVariable { name: String },
    ServiceUser { service: String, user: String },
    ReadOnlyService { service: String },
    SharedNetwork { service: String, target: String },
    HealthcheckProgram { service: String, program: String, image: String },
    ViteSetting { key: String },
    ViteImports,
    ViteServerSetting { key: String },
    ViteAppType,
    UnreadFile { path: String },
    VitePort { server: String },
    ViteBase { base: String },
    ViteProxy,
    ViteProxyTo { path: String, target: String },
    StageIsBase,
    UnknownPrograms { image: String },
}

impl fmt::Display for SiteBlocker {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::ContainerUse { what } => write!(out, "{what}"),
            Self::Output { why } => write!(out, "{why}"),
            Self::DevelopmentServer { command } => write!(out, "`{command}` is a development server"),
            Self::LowerRung { why, saving } => write!(out, "{why}; `--level 6` replaces it anyway{saving}"),
            Self::MountsHostFolders { service } => {
                write!(out, "service `{service}` mounts host folders to show changes at once")
            }
            Self::NotNginx { image } => {
                write!(out, "`{image}` is not an nginx image, and other web servers are not supported")
            }
            Self::NoSupportedRelease => {
                out.write_str("no known nginx release is still supported; set an image with `--server`")
            }
            Self::StartsOthers { command } => write!(out, "the container starts other programs than `{command}`"),
            Self::UnknownProject { command } => write!(out, "the project of `{command}` is not known"),
            Self::InheritedCommand => out.write_str("the command is inherited from another stage"),
            Self::ServerOption { word, command } => {
                write!(out, "with `{word}`, `{command}` does more than serve files")
            }
            Self::AddsServer { name, command } => write!(out, "`{name}` adds its own server to `{command}`"),
            Self::ServesProject => out.write_str("the whole project folder is served, not a build output"),
            Self::ServeRules => out.write_str("`serve.json` sets rules"),
            Self::Volume => out.write_str("the image has a VOLUME"),
            Self::OtherServeRules => out.write_str("`serve` reads other rules"),
            Self::UnknownOutput => out.write_str("the output folder of the bundler is not known"),
            Self::NoBuild => out.write_str("no RUN builds the served files"),
            Self::NoBuildScript => out.write_str("package.json has no script that builds the served files"),
            Self::SeveralAddresses => out.write_str("the server listens on several addresses"),
            Self::UnknownPort { text } => write!(out, "the port `{text}` is not known"),
            Self::PortAtStart { text } => write!(out, "the port is known only at start-up: `{text}`"),
            Self::CommandSetsVariable { name } => write!(out, "a command sets `{name}`"),
            Self::UnknownVariable { name } => write!(out, "the value of `{name}` is not known"),
            Self::UnknownComposeVariable { name } => write!(out, "compose sets `{name}` to values that are not known"),
            Self::ServiceUser { service, user } => write!(out, "service `{service}` runs as `{user}`"),
            Self::ReadOnlyService { service } => write!(out, "service `{service}` cannot write to `/tmp`"),
            Self::SharedNetwork { service, target } => {
                write!(out, "service `{service}` shares a network in which `{target}` may answer")
            }
            Self::HealthcheckProgram { service, program, image } => {
                write!(out, "the healthcheck of service `{service}` uses `{program}`, which `{image}` lacks")
            }
            Self::ViteSetting { key } => write!(out, "`{key}` in `vite.config` is not known"),
            Self::ViteImports => out.write_str("`vite.config` imports settings from another file"),
            Self::ViteServerSetting { key } => write!(out, "`vite.config` sets `{key}` of its servers"),
            Self::ViteAppType => out.write_str("`appType` in `vite.config` leaves pages to another server"),
            Self::UnreadFile { path } => write!(out, "`{path}` cannot be read"),
            Self::VitePort { server } => write!(out, "the port of `{server}` in `vite.config` is not known"),
            Self::ViteBase { base } => write!(out, "`base` in `vite.config` is `{base}`, on another host"),
            Self::ViteProxy => out.write_str("`vite.config` sets a proxy"),
            Self::ViteProxyTo { path, target } => {
                write!(out, "`vite.config` sets a proxy: `{path}` is forwarded to `{target}`")
            }
            Self::StageIsBase => out.write_str("other stages are based on the stage that serves the files"),
            Self::UnknownPrograms { image } => {
                write!(out, "the image has a HEALTHCHECK, and the programs of `{image}` are not known")
            }
        }
    }
}
