//! Why a server of built files is not replaced by a web server.

use crate::optimize::languages::node::container_uses::ContainerUse;
use crate::optimize::languages::node::output::UnknownOutput;
use crate::optimize::reason::reasons;

reasons! {
    /// Why a server of built files is not replaced by a web server.
    pub(super) SiteBlocker {
        ContainerUse { what: ContainerUse }: "{what}";
        Output { why: UnknownOutput }: "{why}";
        DevelopmentServer { command: String }: "`{command}` is a development server";
        LowerLevel { why: Box<SiteBlocker>, saving: String }: "{why}; `--level 6` replaces it anyway{saving}";
        MountsHostFolders { service: String }: "service `{service}` mounts host folders to show changes at once";
        NotNginx { image: String }: "`{image}` is not an nginx image, and other web servers are not supported";
        NoSupportedRelease: "no known nginx release is still supported; set an image with `--server`";
        StartsOthers { command: String }: "the container starts other programs than `{command}`";
        UnknownProject { command: String }: "the project of `{command}` is not known";
        InheritedCommand: "the command is inherited from another stage";
        ServerOption { word: String, command: String }: "with `{word}`, `{command}` does more than serve files";
        AddsServer { name: String, command: String }: "`{name}` adds its own server to `{command}`";
        ServesProject: "the whole project folder is served, not a build output";
        ServeRules: "`serve.json` sets rules";
        Volume: "the image has a VOLUME";
        OtherServeRules: "`serve` reads other rules";
        UnknownOutput: "the output folder of the bundler is not known";
        NoBuild: "no RUN builds the served files";
        NoBuildScript: "package.json has no script that builds the served files";
        SeveralAddresses: "the server listens on several addresses";
        UnknownPort { text: String }: "the port `{text}` is not known";
        CommandSetsVariable { name: String }: "a command sets `{name}`";
        UnknownVariable { name: String }: "the value of `{name}` is not known";
        ServiceUser { service: String, user: String }: "service `{service}` runs as `{user}`";
        ReadOnlyService { service: String }: "service `{service}` cannot write to `/tmp`";
        SharedNetwork { service: String, target: String }:
            "service `{service}` shares a network in which `{target}` may answer";
        HealthcheckProgram { service: String, program: String, image: String }:
            "the healthcheck of service `{service}` uses `{program}`, which `{image}` lacks";
        ViteSetting { key: String }: "`{key}` in `vite.config` is not known";
        ViteImports: "`vite.config` imports settings from another file";
        ViteServerSetting { key: String }: "`vite.config` sets `{key}` of its servers";
        ViteAppType: "`appType` in `vite.config` leaves pages to another server";
        UnreadFile { path: String }: "`{path}` cannot be read";
        VitePort { server: String }: "the port of `{server}` in `vite.config` is not known";
        ViteBase { base: String }: "`base` in `vite.config` is `{base}`, on another host";
        ViteProxy: "`vite.config` sets a proxy";
        ViteProxyTo { path: String, target: String }: "`vite.config` sets a proxy: `{path}` is forwarded to `{target}`";
        StageIsBase: "other stages are based on the stage that serves the files";
        UnknownPrograms { image: String }: "the image has a HEALTHCHECK, and the programs of `{image}` are not known";
    }
}
