//! Packages of npm that are compiled where they are installed (`data/node_packages.tsv`).

use crate::data;
use crate::manifest::{Ecosystem, LockedPackage, LockedPackages, Project};

impl LockedPackages {
    /// Whether one of the packages of npm may be compiled when an image for Linux installs it: one that runs a script of
    /// its own, unless that is known to compile nothing. Where the file does not tell of scripts, it is one that asks for what
    /// compiles. That somebody depends on `node-gyp` compiles nothing.
    pub fn compiles(&self, with_dev: bool) -> bool {
        let is_recorded = self.packages.values().any(|package| package.scripts == Some(true));
        let runs = |locked_package: &LockedPackage| locked_package.scripts.unwrap_or(!is_recorded);
        self.packages.iter().any(|(name, package)| {
            let wanted = (with_dev || package.dev_only != Some(true)) && !package.elsewhere;
            wanted
                && !data::NODE_PACKAGES.has(name, "other-system")
                && runs(package)
                && asks_for_compiler(name, package)
        })
    }
}

fn asks_for_compiler(name: &str, package: &LockedPackage) -> bool {
    data::NODE_PACKAGES.has(name, "compiles")
        || package.scripts == Some(true) && !data::NODE_PACKAGES.has(name, "ready")
        || package.needs.iter().any(|need| data::NODE_PACKAGES.has(need.as_str(), "native"))
}

impl Project {
    /// Without a lock file: whether a direct dependency is known to compile where it finds no binary.
    pub fn names_compiled(&self) -> bool {
        self.ecosystem == Ecosystem::Node
            && self.dependencies.iter().any(|dependency| data::NODE_PACKAGES.has(dependency.name.as_str(), "compiles"))
    }
}

#[cfg(test)]
mod tests {
    use crate::manifest::projects;

    #[track_caller]
    fn check(lock: (&str, &str), expected: bool) {
        let manifest = r#"{"name":"a","dependencies":{"a":"1"}}"#;
        let projects_found = projects(&[("package.json", Some(manifest)), (lock.0, Some(lock.1))]).projects;
        let locked = projects_found[0].installs.iter().find_map(|way| way.locked.as_ref()).unwrap();
        assert_eq!(locked.compiles(true), expected, "{}", lock.1);
    }

    fn npm(packages: &str) -> String {
        format!(r#"{{"lockfileVersion":3,"packages":{{"":{{}},{packages}}}}}"#)
    }

    #[test]
    fn only_scripts_that_request_a_compiler_compile() {
        let lock = |packages: &str, expected| check(("package-lock.json", &npm(packages)), expected);
        let gyp = r#""node_modules/node-gyp":{"version":"10.0.0"}"#;
        // The one that runs a script is another one than that which depends on node-gyp.
        lock(&format!(r#"{gyp},"node_modules/esbuild":{{"version":"0.25.0","hasInstallScript":true}}"#), false);
        lock(
            &format!(
                r#"{gyp},"node_modules/run-script":{{"version":"1.0.0","dependencies":{{"node-gyp":"^10"}}}},
                   "node_modules/esbuild":{{"version":"0.25.0","hasInstallScript":true}}"#
            ),
            false,
        );
        let sass =
            r#""node_modules/sass":{"version":"4.0.0","hasInstallScript":true,"dependencies":{"node-gyp":"^10"}}"#;
        lock(&format!("{gyp},{sass}"), true);
        lock(r#""node_modules/bcrypt":{"version":"5.1.1","hasInstallScript":true}"#, true);
        // What a script does that nobody knows may be to compile.
        lock(r#""node_modules/@discordjs/opus":{"version":"0.10.0","hasInstallScript":true}"#, true);
        lock(r#""node_modules/a-new-binding":{"version":"1.0.0","hasInstallScript":true}"#, true);
        lock(r#""node_modules/a-new-binding":{"version":"1.0.0"}"#, false);
        lock(r#""node_modules/sharp":{"version":"0.34.5","hasInstallScript":true}"#, false);
    }

    #[test]
    fn other_systems_and_processors_compile_nothing_here() {
        let native = |more: &str| {
            npm(&format!(
                r#""node_modules/x":{{"version":"1.2.0","hasInstallScript":true,"dependencies":{{"nan":"2"}}{more}}},
                   "node_modules/nan":{{"version":"2.0.0"}}"#
            ))
        };
        check(("package-lock.json", &native("")), true);
        check(("package-lock.json", &native(r#","os":["darwin"]"#)), false);
        check(("package-lock.json", &native(r#","os":["!win32"]"#)), true);
        check(("package-lock.json", &native(r#","os":["!linux"]"#)), false);
        check(("package-lock.json", &native(r#","cpu":["ia32"]"#)), false);
        check(("package-lock.json", &native(r#","cpu":["arm64"],"os":["linux","darwin"]"#)), true);
        let old =
            r#""dependencies":{"fsevents":{"version":"1.2.13","requires":{"nan":"^2"}},"nan":{"version":"2.0.0"}}"#;
        check(("package-lock.json", &format!(r#"{{"lockfileVersion":1,{old}}}"#)), false);
        check(("yarn.lock", "fsevents@^1.2.7:\n  version \"1.2.13\"\n  dependencies:\n    nan \"^2.12.1\"\n"), false);
        check(("yarn.lock", "usb@1:\n  version \"1.9.2\"\n  dependencies:\n    nan \"^2.12.1\"\n"), true);
        let berry =
            "__metadata:\n  version: 8\n\n\"x@npm:1\":\n  version: 1.0.0\n  dependencies:\n    nan: \"npm:2\"\n";
        check(("yarn.lock", berry), true);
        check(("yarn.lock", &format!("{berry}  conditions: os=darwin & cpu=x64\n")), false);
        let pnpm = "lockfileVersion: '6.0'\n\npackages:\n\n  /x@1.0.0:\n    os: [darwin]\n    requiresBuild: true\n    \
                    dependencies:\n      nan: 2.0.0\n";
        check(("pnpm-lock.yaml", pnpm), false);
        check(("pnpm-lock.yaml", &pnpm.replace("    os: [darwin]\n", "")), true);
    }
}
