use std::fmt::Write as _;

use super::*;
use crate::shell::parse;

/// One line per call: manager, verb, packages `name operator version`, flags in braces, inputs `<`, lock use.
fn check(script: &str, expected: &str) {
    let parsed = parse(script);
    let mut got = String::new();
    for call in parsed.invocations().iter().filter_map(package_call) {
        writeln!(got, "{}", render(script, &call)).unwrap();
    }
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(got.trim_end(), expected.join("\n"), "{script}");
}

fn render(source: &str, call: &PackageCall<'_>) -> String {
    let mut parts = vec![format!("{:?} {:?}", call.manager, call.verb)];
    for package in &call.packages {
        let mut text = String::new();
        if package.name.dynamic {
            text.push('~');
        }
        if package.absent {
            text.push('!');
        }
        text += &source[package.name.span.range()];
        assert!(package.span.contains(package.name.span));
        if let Some(version) = &package.version {
            write!(text, " {} {}", version.operator, &source[version.value.span.range()]).unwrap();
        }
        match package.source {
            PackageSource::Index => {}
            other => write!(text, " ({other:?})").unwrap(),
        }
        parts.push(text);
    }
    for operand in &call.operands {
        parts.push(format!("'{}", operand.text()));
    }
    let flags: Vec<String> = call
        .flags
        .iter()
        .map(|flag| match flag.value {
            Some(value) => format!("{}={}", flag.name, value.text),
            None => flag.name.to_string(),
        })
        .collect();
    if !flags.is_empty() {
        parts.push(format!("{{{}}}", flags.join(" ")));
    }
    for input in &call.inputs {
        parts.push(format!("<{:?} {}", input.kind, &source[input.path.span.range()]));
    }
    if let Some(lock) = call.lock {
        parts.push(format!("lock {lock:?}"));
    }
    parts.join(", ")
}

#[test]
fn system() {
    check(
        "apt-get update -qq && apt-get -yq install --no-install-recommends -t bookworm-backports curl=7.* libc6:i386 a/stable b- g++ ./x.deb \"nodejs=${V}\" $PKGS",
        "Apt Update, {-q -q}
         Apt Install, curl = 7.*, libc6, a / stable, !b, g++, ./x.deb (Path), nodejs = ${V}, ~$PKGS, {-y -q --no-install-recommends -t=bookworm-backports}, <Package ./x.deb",
    );
    check(
        "apt-get -o Dpkg::Options::=--force-confold upgrade -q=2; apt-get clean; apt-get purge -y --auto-remove gcc",
        "Apt Upgrade, {-o=Dpkg::Options::=--force-confold -q=2}
         Apt Clean
         Apt Remove, gcc, {-y --auto-remove}",
    );
    check(
        "apk --no-cache add --virtual .build-deps gcc 'musl-dev>1.2' nodejs~20 curl=8.1-r0 a@edge; apk add -t .d x; apk del .d",
        "Apk Install, gcc, musl-dev > 1.2, nodejs ~ 20, curl = 8.1-r0, a, {--no-cache --virtual=.build-deps}
         Apk Install, x, {-t=.d}
         Apk Remove, .d",
    );
    check("dnf -y install --enablerepo crb gcc java-11-openjdk nginx-1.20.1 git-2.43.0-1.el9 gcc-toolset-9 @dev nodejs-$V; microdnf install -y a; yum clean all; dnf group install x", "Dnf Install, gcc, java-11-openjdk, nginx - 1.20.1, git - 2.43.0-1.el9, gcc-toolset-9, @dev (Group), nodejs - $V, {-y --enablerepo=crb}
         Microdnf Install, a, {-y}
         Yum Clean, 'all
         Dnf Install, x");
    check(
        "zypper -n -R /r in -t pattern x 'y>=2' ; pacman -Syu --noconfirm a core/b; pacman -Scc",
        "Zypper Install, x, y >= 2, {-n -R=/r -t=pattern}
         Pacman Upgrade, a, core/b, {-S -y -u --noconfirm}
         Pacman Clean, {-S -c -c}",
    );
}

#[test]
fn python() {
    check(
        "pip --no-cache-dir install -U 'uvicorn[standard]>=0.20,<1; python_version<\"4\"' flask==2.0 gunicorn -r req.txt -c c.txt --timeout 100 -e .",
        "Pip Install, uvicorn >= 0.20,<1, flask == 2.0, gunicorn, {--no-cache-dir -U -r=req.txt -c=c.txt --timeout=100 -e=.}, <Requirements req.txt, <Constraints c.txt, <Editable ., lock Ignored",
    );
    check("python3 -m pip install --requirement=r.txt; pip3.11 install .[dev] ./a /w/*.whl git+https://h/x.git@v1 https://h/y.tgz 'p @ https://h/z.zip' q@https://h/q.whl a==$V ${B}", "Pip Install, {--requirement=r.txt}, <Requirements r.txt, lock Ignored
         Pip Install, .[dev] (Path), ./a (Path), /w/*.whl (Path), git+https://h/x.git@v1 (Url), https://h/y.tgz (Url), p @ https://h/z.zip (Url), q @ https://h/q.whl (Url), a == $V, ~${B}, <Package ., <Package ./a, <Package /w/*.whl");
    check(
        "uv pip install --system -r r.txt; uv sync --frozen --no-dev --extra x; uv add a>1; uv sync; uv tool install ruff@0.4; uv cache clean",
        "Uv Install, {--system -r=r.txt}, <Requirements r.txt, lock Ignored
         Uv Install, {--frozen --no-dev --extra=x}, lock Required
         Uv Install, a
         Uv Install, lock Preferred
         Uv Install, ruff @ 0.4
         Uv Clean",
    );
    check(
        "poetry install --no-root --only main; poetry add 'x@^1'; pipenv install --deploy --system; pipenv sync; pdm sync --prod; pdm install",
        "Poetry Install, {--no-root --only=main}, lock Preferred
         Poetry Install, x @ ^1
         Pipenv Install, {--deploy --system}, lock Required
         Pipenv Install, lock Required
         Pdm Install, {--prod}, lock Required
         Pdm Install, lock Preferred",
    );
    check(
        "conda env create -f env.yml; conda install -y -c conda-forge numpy=1.2 c::x python==3.9; conda clean -afy; mamba create -n e --file r.txt",
        "Conda Install, {-f=env.yml}, <Requirements env.yml, lock Ignored
         Conda Install, numpy = 1.2, x, python == 3.9, {-y -c=conda-forge}
         Conda Clean, {-a -f -y}
         Conda Install, {-n=e --file=r.txt}, <Requirements r.txt, lock Ignored",
    );
    check("python -c 'import pip' ; python app.py -m pip; python -W ignore -Im pip list", "Pip Other");
}

#[test]
fn node() {
    check("npm --prefix web ci --omit dev; npm i -g pnpm@8 @vue/cli@latest ./x u/r github:a/b typescript; npm install --omit=dev --audit false; npm cache clean --force; npm run build", "Npm Install, {--prefix=web --omit=dev}, <Folder web, lock Required
         Npm Install, pnpm @ 8, @vue/cli @ latest, ./x (Path), u/r (Url), github:a/b (Url), typescript, {-g}, <Package ./x
         Npm Install, {--omit=dev --audit}, lock Preferred
         Npm Clean, {--force}
         Npm Run, 'build");
    check(
        "yarn; yarn --frozen-lockfile; yarn install --immutable; yarn global add a@1; yarn build; yarn --version; yarn cache clean",
        "Yarn Install, lock Preferred
         Yarn Install, {--frozen-lockfile}, lock Required
         Yarn Install, {--immutable}, lock Required
         Yarn Install, a @ 1
         Yarn Run
         Yarn Other, {--version}
         Yarn Clean",
    );
    check(
        "pnpm i --frozen-lockfile -C app; pnpm add -g x; pnpm fetch; bun install --frozen-lockfile; corepack prepare pnpm@9.1 --activate; corepack yarn install",
        "Pnpm Install, {--frozen-lockfile -C=app}, <Folder app, lock Required
         Pnpm Install, x, {-g}
         Pnpm Download, lock Required
         Bun Install, {--frozen-lockfile}, lock Required
         Corepack Install, pnpm @ 9.1, {--activate}
         Yarn Install, lock Preferred",
    );
}

#[test]
fn others() {
    check(
        "go mod download; go install -ldflags '-s -w' example.org/x/cmd@v1.2; go build -o /app ./cmd; go get ./...; go clean -modcache",
        "Go Download, lock Required
         Go Install, example.org/x/cmd @ v1.2, {-ldflags=-s -w}
         Go Build, './cmd, {-o=/app}, lock Required
         Go Install, ./... (Path), <Package ./...
         Go Clean, {-modcache}",
    );
    check(
        "cargo +nightly build --release --locked -p x; cargo install --version 1.2 just; cargo chef cook --recipe-path r.json; cargo fetch",
        "Cargo Build, {--release --locked -p=x}, lock Required
         Cargo Install, just --version 1.2, {--version=1.2}
         Cargo Build, {--recipe-path=r.json}, <Requirements r.json, lock Preferred
         Cargo Download, lock Preferred",
    );
    check(
        "gem install -N bundler:2.3 rails -v 7 -- --with-x; bundle install --jobs 4 --without test; bundle; bundle config set x y; bundle exec rake",
        "Gem Install, bundler : 2.3, rails -v 7, '--with-x, {-N -v=7}
         Bundle Install, {--jobs=4 --without=test}, lock Preferred
         Bundle Install, lock Preferred
         Bundle Other, 'set, 'x, 'y
         Bundle Run, 'rake",
    );
    check(
        "composer install --no-dev -d /app; php -d x=1 composer.phar require a/b:^1; ./mvnw -B -f p.xml dependency:go-offline; mvn clean package -DskipTests; ./gradlew build -x test --no-daemon",
        "Composer Install, {--no-dev -d=/app}, <Folder /app, lock Preferred
         Composer Install, a/b : ^1
         Maven Download, 'dependency:go-offline, {-B -f=p.xml}, <Manifest p.xml, lock Ignored
         Maven Build, 'clean, 'package, {-DskipTests}, lock Ignored
         Gradle Build, 'build, {-x=test --no-daemon}, lock Ignored",
    );
    check(
        "dotnet restore a.csproj --locked-mode; dotnet publish -c Release -o /out --no-restore /p:X=1; dotnet tool install -g x --version 1",
        "Dotnet Install, 'a.csproj, {--locked-mode}, <Manifest a.csproj, lock Required
         Dotnet Build, '/p:X=1, {-c=Release -o=/out --no-restore}, lock Ignored
         Dotnet Install, x --version 1, {-g --version=1}",
    );
}

#[test]
fn calls_of_other_managers_are_not_read() {
    let script = parse("apt-get install curl; python3 -m pip install x; ls");
    let invocations = script.invocations();
    let managers: Vec<_> = invocations.iter().map(Invocation::manager).collect();
    assert_eq!(managers, [Some(Manager::Apt), Some(Manager::Pip), None]);
    assert!(invocations[0].call_of(&[Manager::Pip]).is_none());
    let call = invocations[1].call_of(&[Manager::Pip, Manager::Uv]);
    assert_eq!(call.map(|call| call.verb), Some(Verb::Install));
}

/// Rules ask for the same calls again and again.
#[test]
fn a_call_takes_few_allocations() {
    let script = parse("apt-get install -qy --no-install-recommends curl git=1:2 && npm ci --omit=dev");
    for invocation in script.invocations() {
        drop(invocation.package_call());
        let allocations = allocation_counter::measure(|| drop(invocation.package_call())).count_total;
        // The lists of options, operands and packages: no text of its own.
        assert!(allocations <= 4, "{:?}: {allocations}", invocation.program);
    }
}
