//! Which options take a value in the next word, from the programs' manuals and `--help`. Without these tables a value
//! would pass for a package.

use super::Manager;
use crate::shell::argument::Table;

const NONE: Table = Table { short: "", long: "", single_dash: false };

/// Options in front of the verb.
pub(super) fn before_verb(manager: Manager) -> Table {
    match manager {
        Manager::Zypper => ZYPPER_GLOBAL,
        _ => after_verb(manager, ""),
    }
}

/// Options after `verb`, which has one or two words.
pub(super) fn after_verb(manager: Manager, verb: &str) -> Table {
    match manager {
        Manager::Apt => APT,
        Manager::Apk => APK,
        Manager::Dnf | Manager::Yum | Manager::Microdnf => DNF,
        Manager::Zypper => ZYPPER,
        Manager::Pacman => PACMAN,
        Manager::Pip => PIP,
        Manager::Uv => UV,
        Manager::Poetry => POETRY,
        Manager::Pipenv => PIPENV,
        Manager::Pdm => PDM,
        // `conda clean -afy`: three switches; elsewhere `-f` names a file.
        Manager::Conda if verb == "clean" => NONE,
        Manager::Conda => CONDA,
        Manager::Npm => NPM,
        Manager::Yarn => YARN,
        Manager::Pnpm => PNPM,
        Manager::Bun => BUN,
        Manager::Corepack => Table { short: "o", long: "--install-directory --output", single_dash: false },
        Manager::Gem => GEM,
        Manager::Bundle => BUNDLE,
        Manager::Go => GO,
        Manager::Cargo => CARGO,
        Manager::Composer => COMPOSER,
        Manager::Maven => MAVEN,
        Manager::Gradle => GRADLE,
        Manager::Dotnet => DOTNET,
    }
}

const APT: Table = Table {
    short: "tocaPS",
    long: "\
        --target-release --default-release --option --config-file --host-architecture --build-profiles \
        --with-source --solver --snapshot --comment --planner",
    single_dash: false,
};

const APK: Table = Table {
    short: "tXp",
    long: "\
        --virtual --repository --root --arch --keys-dir --cache-dir --cache-max-age --repositories-file --wait \
        --timeout --progress-fd",
    single_dash: false,
};

const DNF: Table = Table {
    short: "cxdeR",
    long: "\
        --enablerepo --disablerepo --enable-repo --disable-repo --repo --repoid --repofrompath --config \
        --installroot --releasever --setopt --setvar --exclude --enableplugin --disableplugin --forcearch \
        --downloaddir --destdir --comment --color --advisory --advisories --bz --bzs --cve --cves --sec-severity \
        --debuglevel --errorlevel --rpmverbosity --randomwait --disableexcludes",
    single_dash: false,
};

const ZYPPER_GLOBAL: Table = Table {
    short: "RDCcp",
    long: "\
        --root --installroot --reposd-dir --cache-dir --raw-cache-dir --solv-cache-dir --pkg-cache-dir --config \
        --plus-repo --plus-content --releasever --userdata",
    single_dash: false,
};

const ZYPPER: Table = Table { short: "tr", long: "--type --repo --from --download --solver-focus", single_dash: false };

const PACMAN: Table = Table {
    short: "br",
    long: "\
        --dbpath --root --arch --cachedir --config --gpgdir --hookdir --logfile --overwrite --assume-installed \
        --ignore --ignoregroup --color --print-format --sysroot",
    single_dash: false,
};

const PIP: Table = Table {
    short: "rcetifCdw",
    long: "\
        --requirement --constraint --editable --target --index-url --pypi-url --find-links --config-settings \
        --config-setting --group --platform --python-version --implementation --abi --root --prefix --src \
        --upgrade-strategy --no-binary --only-binary --progress-bar --root-user-action --report --extra-index-url \
        --cache-dir --log --proxy --retries --timeout --exists-action --trusted-host --cert --client-cert \
        --use-feature --use-deprecated --global-option --build-option --install-option --hash --python \
        --keyring-provider --build --dest --wheel-dir --build-constraint --uploaded-prior-to \
        --requirements-from-script",
    single_dash: false,
};

const UV: Table = Table {
    short: "pifPcreCbo",
    long: "\
        --python --index --default-index --index-url --extra-index-url --find-links --index-strategy \
        --keyring-provider --allow-insecure-host --config-setting --config-settings --config-settings-package \
        --resolution --prerelease --fork-strategy --exclude-newer --exclude-newer-package --link-mode --cache-dir \
        --project --directory --config-file --color --group --no-group --only-group --extra --no-extra --package \
        --no-install-package --no-binary-package --no-build-package --no-build-isolation-package \
        --no-sources-package --upgrade-package --reinstall-package --refresh-package --requirement --requirements \
        --constraint --constraints --editable --override --overrides --build-constraint --build-constraints \
        --excludes --target --prefix --python-platform --python-version --torch-backend --no-binary --only-binary \
        --env-file --with --with-requirements --with-editable --optional --rev --tag --branch --bounds --marker \
        --script --from --output-file --format --prompt --trusted-host",
    single_dash: false,
};

const POETRY: Table = Table {
    short: "ECPGfo",
    long: "\
        --with --without --only --extras --directory --project --group --python --source --platform --markers \
        --format --output",
    single_dash: false,
};

const PIPENV: Table = Table {
    short: "irec",
    long: "--python --pypi-mirror --index --extra-pip-args --categories --requirements --editable",
    single_dash: false,
};

const PDM: Table = Table {
    short: "pGLeCc",
    long: "\
        --project --group --with --without --lockfile --config --config-setting --editable --venv --python \
        --override --skip",
    single_dash: false,
};

const CONDA: Table = Table {
    short: "npcf",
    long: "\
        --name --prefix --channel --file --solver --platform --subdir --revision --repodata-fn --root-prefix \
        --rc-file --category --channel-priority --experimental-solver",
    single_dash: false,
};

const NPM: Table = Table {
    short: "Cw",
    long: "\
        --prefix --workspace --registry --loglevel --omit --include --only --also --cache --tag --userconfig \
        --globalconfig --install-strategy --before --os --cpu --libc --script-shell --fetch-retries \
        --fetch-retry-factor --fetch-retry-maxtimeout --fetch-retry-mintimeout --fetch-timeout --maxsockets \
        --network-timeout --proxy --https-proxy --noproxy --cafile --ca --cert --key --audit-level --save-prefix \
        --scope --location --lockfile-version --logs-dir --logs-max --node-options --otp --user-agent --umask \
        --cache-min --cache-max --depth --call --package --git --local-address --target_arch --python \
        --build-from-source-host --min-release-age --pack-destination --auth-type",
    single_dash: false,
};

const YARN: Table = Table {
    short: "",
    long: "\
        --cwd --modules-folder --cache-folder --registry --network-timeout --network-concurrency --mutex \
        --global-folder --link-folder --preferred-cache-folder --prefix --use-yarnrc --https-proxy --proxy --otp \
        --mode --scripts-prepend-node-path",
    single_dash: false,
};

const PNPM: Table = Table {
    short: "CF",
    long: "\
        --dir --filter --filter-prod --store-dir --virtual-store-dir --registry --reporter --loglevel \
        --network-concurrency --child-concurrency --modules-dir --lockfile-dir --workspace-concurrency \
        --node-linker --global-dir --global-bin-dir --cache-dir --prefix --package-import-method --fetch-retries \
        --fetch-timeout --allow-build --cpu --os --libc --hoist-pattern --public-hoist-pattern \
        --changed-files-ignore-pattern --state-dir",
    single_dash: false,
};

const BUN: Table = Table {
    short: "c",
    long: "\
        --cwd --config --registry --cache-dir --backend --omit --filter --network-concurrency --ca --cafile \
        --concurrent-scripts --linker --target --outdir --outfile --minimum-release-age --cpu --os",
    single_dash: false,
};

const GEM: Table = Table {
    short: "vinspPBg",
    long: "\
        --version --install-dir --bindir --source --platform --build-root --trust-policy --http-proxy \
        --bulk-threshold --file --without --config-file --target-rbconfig --clear-sources-host",
    single_dash: false,
};

const BUNDLE: Table = Table {
    short: "jPvrgs",
    long: "\
        --path --without --with --jobs --gemfile --retry --shebang --trust-policy --target-rbconfig --version \
        --group --source --cache-path --git --branch",
    single_dash: false,
};

const GO: Table = Table {
    short: "",
    long: "\
        -ldflags -gcflags -asmflags -gccgoflags -tags -mod -modfile -o -p -overlay -pkgdir -toolexec -buildmode \
        -compiler -installsuffix -exec -C -pgo -covermode -coverpkg -coverprofile -run -timeout -count -parallel \
        -cpu -bench -benchtime -vettool -reuse",
    single_dash: true,
};

const CARGO: Table = Table {
    short: "FpjZC",
    long: "\
        --version --vers --git --branch --tag --rev --path --root --registry --index --bin --example --test \
        --bench --features --target --target-dir --manifest-path --profile --package --exclude --jobs --color \
        --config --message-format --lockfile-path --recipe-path --precise --artifact-dir --rename --install-path \
        --strategies --pkg-url --rate-limit --targets",
    single_dash: false,
};

const COMPOSER: Table = Table {
    short: "d",
    long: "\
        --working-dir --ignore-platform-req --prefer-install --audit-format --apcu-autoloader-prefix --repository \
        --repository-url --stability",
    single_dash: false,
};

const MAVEN: Table = Table {
    short: "",
    long: "\
        -f --file -pl --projects -P --activate-profiles -D --define -s --settings -gs --global-settings -t \
        --toolchains -gt -T --threads -rf --resume-from -l --log-file -b --builder -ps --project-settings -is \
        --color -emp -ep",
    single_dash: true,
};

const GRADLE: Table = Table {
    short: "",
    long: "\
        -p --project-dir -b --build-file -c --settings-file -g --gradle-user-home -I --init-script -x \
        --exclude-task -P --project-prop -D --system-prop --max-workers --console --tests --configuration \
        --project-cache-dir --warning-mode --priority --dependency-verification -F --include-build -M \
        --write-verification-metadata -t",
    single_dash: true,
};

const DOTNET: Table = Table {
    short: "",
    long: "\
        -c --configuration -o --output -r --runtime -f --framework -v --verbosity -s --source --add-source -a \
        --arch --os --packages --configfile --version --tool-path --artifacts-path -l --logger --filter \
        --version-suffix --lock-file-path --project --tool-manifest --manifest --results-directory --collect \
        --settings --sdk-version",
    single_dash: true,
};
