//! Rewrites of small Node projects.

mod compiled_alone;
mod folders;
mod natives;
mod next;

use crate::optimize::test_inputs::{optimize_to_level, project, rewritten};
use crate::optimize::{Level, Options, optimize};

const PACKAGE: &str = r#"{"name": "a", "scripts": {"build": "tsc", "start": "node dist/main.js"},
 "dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}}"#;
const LOCK: &str = r#"{"lockfileVersion": 3, "packages": {"": {"dependencies": {"express": "^4"}, "devDependencies": {"typescript": "^5"}},
 "node_modules/express": {"version": "4.0.0"}, "node_modules/typescript": {"version": "5.0.0", "dev": true}}}"#;
const TSCONFIG: &str = r#"{"compilerOptions": {"outDir": "./dist"}}"#;
const MAIN: &str = "import express from 'express'\nprocess.on('SIGTERM', stop)\n";
const SPLIT: &str = "FROM node:22
WORKDIR /app
COPY package.json package-lock.json ./
RUN npm ci
COPY . .
RUN npm run build
CMD [\"node\", \"dist/main.js\"]
";

/// Files of a TypeScript server, some of them others.
fn server<'f>(others: &[(&'f str, &'f str)]) -> Vec<(&'f str, &'f str)> {
    let files = [
        ("package.json", PACKAGE),
        ("package-lock.json", LOCK),
        ("tsconfig.json", TSCONFIG),
        ("src/main.ts", MAIN),
        ("server.js", ""),
        (".dockerignore", "node_modules\n"),
    ];
    let kept_files = files.into_iter().filter(|(path, _)| others.iter().all(|(other, _)| other != path));
    kept_files.chain(others.iter().copied()).collect()
}

/// The Dockerfile with a start that the build does not make.
fn served() -> String {
    SPLIT.replace("dist/main.js", "server.js")
}

fn check(dockerfile: &str, files: &[(&str, &str)], present: &[&str], absent: &[&str]) {
    let outcome = optimize_to_level(dockerfile, files, Level::Stages);
    let refusals: Vec<_> = outcome.levels.into_iter().flat_map(|level| level.refusals).collect();
    let text = rewritten(dockerfile, files, Level::Stages);
    for part in present {
        assert!(text.contains(part), "`{part}` lacks in\n{text}\n{refusals:#?}");
    }
    for part in absent {
        assert!(!text.contains(part), "`{part}` is in\n{text}\n{refusals:#?}");
    }
}

#[test]
fn a_server_is_built_in_stages_and_keeps_its_comments() {
    let dockerfile = "# My server
FROM node:22
WORKDIR /app

# install
COPY package*.json ./
RUN npm ci

# build
COPY . .
RUN npm run build

EXPOSE 3000
CMD [\"node\", \"dist/main.js\"]
";
    let present = [
        "# My server\nFROM node:22 AS dependencies\nWORKDIR /app\n\n# install\nCOPY package*.json ./\n",
        "\n\nFROM dependencies AS build\n# build\nCOPY . .\nRUN npm run build\n\nFROM dependencies AS production-dependencies\nRUN ",
        " npm prune --omit=dev --no-audit --no-fund\n",
        "\n\nFROM node:22\nWORKDIR /app\nCOPY --from=production-dependencies /app/node_modules ./node_modules\n\nCOPY . .\nCOPY --from=build /app/dist ./dist\n\nEXPOSE 3000\nCMD [\"node\", \"dist/main.js\"]\n",
    ];
    check(dockerfile, &server(&[]), &present, &[]);
}

#[test]
fn development_dependencies_stay_where_they_run() {
    let split = "AS build";
    // Programs of scripts.
    for start in ["ts-node src/main.ts", "cross-env A=b typescript x", "npm run build && node dist/main.js"] {
        let package = format!(
            r#"{{"name": "a", "scripts": {{"build": "tsc", "start": "{start}"}}, "dependencies": {{"express": "^4"}},
             "devDependencies": {{"typescript": "^5", "ts-node": "^10", "cross-env": "7"}}}}"#
        );
        let dockerfile = SPLIT.replace("[\"node\", \"dist/main.js\"]", "npm start");
        check(&dockerfile, &server(&[("package.json", &package)]), &[], &[split]);
    }
    // A module that is loaded before.
    let dockerfile = SPLIT.replace("\"node\", ", "\"node\", \"-r\", \"typescript/register\", ");
    check(&dockerfile, &server(&[]), &[], &[split]);
    // An import of a source that is no test.
    check(SPLIT, &server(&[("src/main.ts", "import ts from 'typescript'\n")]), &[], &[split]);
    check(SPLIT, &server(&[("src/main.test.ts", "import ts from 'typescript'\n")]), &[split], &[]);
    check(SPLIT, &server(&[("src/main.ts", "import type { A } from 'typescript'\n")]), &[split], &[]);
    // A script that starts it.
    let dockerfile = SPLIT.replace("CMD [\"node\", \"dist/main.js\"]", "ENTRYPOINT [\"./start.sh\"]");
    check(
        &dockerfile,
        &server(&[("start.sh", "#!/bin/sh\nnpx tsc --version\nexec node dist/main.js\n")]),
        &[],
        &[split],
    );
    check(&dockerfile, &server(&[("start.sh", "#!/bin/sh\nexec node dist/main.js\n")]), &[split], &[]);
}

#[test]
fn install_scripts_decide_how_dev_dependencies_are_excluded() {
    let with = |scripts: &str| PACKAGE.replace("\"build\": \"tsc\"", &format!("\"build\": \"tsc\", {scripts}"));
    let husky = with("\"prepare\": \"husky\"");
    check(
        SPLIT,
        &server(&[("package.json", &husky)]),
        &["FROM dependencies AS production-dependencies\nRUN "],
        &["--ignore-scripts"],
    );
    let generates = with("\"postinstall\": \"prisma generate\"");
    check(
        SPLIT,
        &server(&[("package.json", &generates)]),
        &["npm prune --omit=dev --no-audit --no-fund", "--from=build /app/node_modules"],
        &["AS dependencies"],
    );
}

#[test]
fn unknown_outputs_take_the_whole_folder() {
    let package = PACKAGE.replace("\"tsc\"", "\"node build.mjs\"");
    let present =
        ["npm prune --omit=dev --no-audit --no-fund\n", "\nFROM node:22\nWORKDIR /app\nCOPY --from=build /app ./\nCMD"];
    check(SPLIT, &server(&[("package.json", &package)]), &present, &["AS dependencies"]);
    // Not in the root folder.
    let dockerfile = SPLIT.replace("WORKDIR /app\n", "WORKDIR /\n").replace("dist/main", "/dist/main");
    check(&dockerfile, &server(&[("package.json", &package)]), &[], &["AS build"]);
}

#[test]
fn each_tool_says_where_it_writes() {
    for (command, files, output) in [
        ("vite build", vec![("vite.config.ts", "export default { build: { outDir: 'out' } }\n")], "/app/out ./out"),
        ("tsc --noEmit && vite build", vec![], "/app/dist ./dist"),
        ("react-scripts build", vec![], "/app/build ./build"),
        ("next build", vec![], "/app/.next ./.next"),
        ("nuxt build", vec![], "/app/.output ./.output"),
        ("astro build", vec![], "/app/dist ./dist"),
        ("nest build", vec![], "/app/dist ./dist"),
        ("remix vite:build", vec![], "/app/build ./build"),
        (
            "tsc -p tsconfig.build.json && cp -r src/views dist/",
            vec![("tsconfig.build.json", "{\"extends\": \"./tsconfig.json\"}")],
            "/app/dist ./dist",
        ),
        (
            "tsc",
            vec![("tsconfig.json", "{\"compilerOptions\": {\n// \"noEmit\": true,\n\"outDir\": \"./dist\",}}")],
            "/app/dist ./dist",
        ),
        (
            "tsc -b && vite build",
            vec![
                ("tsconfig.json", "{\"files\": [], \"references\": [{\"path\": \"./tsconfig.app.json\"}]}"),
                ("tsconfig.app.json", "{\"compilerOptions\": {/* a */ \"noEmit\": true}}"),
            ],
            "/app/dist ./dist",
        ),
        ("esbuild a.ts --bundle --outfile=lib/a.js", vec![], "/app/lib/a.js ./lib/a.js"),
        ("rimraf dist && webpack", vec![], "/app/dist ./dist"),
    ] {
        let package = PACKAGE.replace("\"tsc\"", &format!("\"{command}\""));
        let mut others = files.clone();
        others.push(("package.json", &package));
        check(
            &served(),
            &server(&others),
            &[&format!("COPY --from=build {output}\n")],
            &["npm prune --omit=dev --no-audit --no-fund\n\nFROM node:22 AS"],
        );
    }
}

#[test]
fn settings_arguments_and_users_are_reported_again() {
    let dockerfile = "FROM node:22
ARG API
ARG UNUSED
ENV NODE_OPTIONS=--max-old-space-size=512 API_URL=$API
WORKDIR /app
USER node
COPY --chown=node package.json package-lock.json ./
RUN npm ci
COPY --chown=node . .
RUN npm run build
LABEL a=b
VOLUME /data
STOPSIGNAL SIGINT
ENTRYPOINT [\"node\"]
CMD [\"dist/main.js\"]
";
    let present = [
        "\n\nFROM node:22\nARG API\nENV NODE_OPTIONS=--max-old-space-size=512 API_URL=$API\nWORKDIR /app\nUSER node\n",
        "COPY --chown=node:node --from=build /app/dist ./dist\n",
        "LABEL a=b\nVOLUME /data\nSTOPSIGNAL SIGINT\nENTRYPOINT [\"node\"]\nCMD [\"dist/main.js\"]\n",
    ];
    check(
        dockerfile,
        &server(&[]),
        &present,
        &[
            "\nARG UNUSED\nENV NODE_OPTIONS=--max-old-space-size=512 API_URL=$API\nWORKDIR /app\nUSER node\nCOPY --chown=node:node --from",
        ],
    );
    let production = SPLIT.replace("RUN npm ci", "ENV NODE_ENV=production\nRUN npm ci");
    check(&production, &server(&[]), &[], &["AS build"]);
}

#[test]
fn managers() {
    let yarn = "# yarn lockfile v1\n\nexpress@^4:\n  version \"4.0.0\"\n\ntypescript@^5:\n  version \"5.0.0\"\n";
    let dockerfile = "FROM node:22
WORKDIR /app
COPY package.json yarn.lock ./
RUN --mount=type=cache,target=/usr/local/share/.cache/yarn yarn --frozen-lockfile
COPY . .
RUN yarn build
CMD [\"yarn\", \"start\"]
";
    let files: Vec<_> =
        server(&[("yarn.lock", yarn)]).into_iter().filter(|(path, _)| *path != "package-lock.json").collect();
    let present = [
        "AS production-dependencies\nRUN --mount=type=cache,target=/usr/local/share/.cache/yarn yarn install --production ",
        "CMD [\"node\", \"dist/main.js\"]",
    ];
    check(dockerfile, &files, &present, &[]);
    let pnpm = "lockfileVersion: '9.0'\n\npackages:\n\n  express@4.0.0:\n    resolution: {integrity: a}\n";
    let dockerfile = "FROM node:22
RUN corepack enable
WORKDIR /app
COPY package.json pnpm-lock.yaml ./
RUN pnpm install --frozen-lockfile
COPY . .
RUN pnpm build
CMD [\"pnpm\", \"start\"]
";
    let files: Vec<_> =
        server(&[("pnpm-lock.yaml", pnpm)]).into_iter().filter(|(path, _)| *path != "package-lock.json").collect();
    check(
        dockerfile,
        &files,
        &["pnpm prune --prod", "\n\nFROM node:22\nWORKDIR /app\nCOPY --from=production"],
        &["FROM node:22\nRUN corepack enable\nWORKDIR /app\nCOPY --from"],
    );
    // Packages that Yarn keeps elsewhere.
    let berry = "__metadata:\n  version: 8\n\n\"express@npm:^4\":\n  version: 4.0.0\n";
    let files = server(&[("yarn.lock", berry), (".yarnrc.yml", "nodeLinker: pnp\n")]);
    let files: Vec<_> = files.into_iter().filter(|(path, _)| *path != "package-lock.json").collect();
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN yarn install --immutable\nRUN yarn build\nCMD [\"yarn\", \"start\"]\n";
    check(dockerfile, &files, &[], &["AS build"]);
}

#[test]
fn programs_are_started_without_npm() {
    for (start, cmd, expected) in [
        ("node server.js", "npm start", "CMD [\"node\", \"server.js\"]"),
        (
            "node --enable-source-maps dist/a.js",
            "[\"npm\", \"run\", \"start\"]",
            "CMD [\"node\", \"--enable-source-maps\", \"dist/a.js\"]",
        ),
        ("NODE_ENV=production node a.js", "npm start", "CMD [\"env\", \"NODE_ENV=production\", \"node\", \"a.js\"]"),
        ("node a.js && node b.js", "npm start", "CMD npm start"),
        ("node $FILE", "npm start", "CMD npm start"),
        ("node a.js", "npm start -- --port 3", "CMD [\"node\", \"a.js\", \"--port\", \"3\"]"),
        ("node a.js", "npm start | tee log", "CMD npm start | tee log"),
    ] {
        let package =
            format!(r#"{{"name": "a", "scripts": {{"start": "{start}"}}, "dependencies": {{"express": "4"}}}}"#);
        let dockerfile = format!("FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD {cmd}\n");
        check(
            &dockerfile,
            &[("package.json", &package), ("server.js", "require('express')\nprocess.on('SIGTERM', stop)\n")],
            &[expected],
            &[],
        );
    }
    // A program that starts the real one does not end with it.
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD npm start\n";
    // Root installs the packages, and only root may write to the cache among them.
    for (start, packages, expected, absent) in [
        ("react-scripts start", r#""react-scripts": "5""#, "CMD npm start\n", "USER"),
        ("craco start", r#""react-scripts": "5", "@craco/craco": "7""#, "CMD npm start\n", "USER"),
        ("next start", r#""next": "14""#, "node_modules/.bin/next", "CMD npm"),
    ] {
        let package = format!(r#"{{"name": "a", "scripts": {{"start": "{start}"}}, "dependencies": {{{packages}}}}}"#);
        check(dockerfile, &[("package.json", &package), ("server.js", "require('express')\n")], &[expected], &[absent]);
    }
    for (server, is_open) in [("require('express')\n", true), ("process.on('SIGTERM', stop)\n", false)] {
        let package = r#"{"name": "a", "scripts": {"start": "node server.js"}}"#;
        let outcome = optimize_to_level(dockerfile, &[("package.json", package), ("server.js", server)], Level::Stages);
        let steps = outcome.levels.iter().flat_map(|level| &level.steps).filter(|step| step.pass == "node-start");
        let mut assumptions = steps.flat_map(|step| &step.assumptions);
        assert_eq!(assumptions.any(|assumption| assumption.why.contains("waits its 10 s")), is_open, "{server}");
    }
    let dockerfile = "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nCMD npm start\n";
    let hooked = r#"{"scripts": {"start": "node a.js", "prestart": "node b.js"}}"#;
    check(dockerfile, &[("package.json", hooked)], &["CMD npm start"], &[]);
    let plain = r#"{"scripts": {"start": "node a.js"}}"#;
    let reads = ("a.js", "console.log(process.env.npm_package_version)\n");
    check(dockerfile, &[("package.json", plain), reads], &["CMD npm start"], &[]);
}

#[test]
fn arguments_of_the_build_are_reported_in_its_stage() {
    let dockerfile = SPLIT.replace("WORKDIR /app\n", "ARG API_URL\nWORKDIR /app\n");
    let present = ["FROM dependencies AS build\nARG API_URL\nCOPY . .\n", "\n\nFROM node:22\nWORKDIR /app\n"];
    check(&dockerfile, &server(&[]), &present, &[]);
}

#[test]
fn pruning_bears_what_the_install_bears() {
    let dockerfile = SPLIT.replace("npm ci", "npm ci --legacy-peer-deps");
    check(&dockerfile, &server(&[]), &["npm prune --omit=dev --legacy-peer-deps --no-audit --no-fund\n"], &[]);
}

#[test]
fn compilers_stay_behind_with_what_cleans_up_after_them() {
    let dockerfile = SPLIT.replace(
        "COPY package.json",
        "RUN apt-get update && apt-get install -y python3 make g++ && rm -rf /var/lib/apt/lists/*\nCOPY package.json",
    );
    let present =
        ["FROM node:22 AS dependencies\nWORKDIR /app\nRUN apt-get", "\n\nFROM node:22\nWORKDIR /app\nCOPY --from"];
    check(&dockerfile, &server(&[]), &present, &["AS base"]);
}

#[test]
fn a_version_option_is_not_a_build() {
    let dockerfile = SPLIT.replace("RUN npm ci\n", "RUN npm -v && corepack yarn -v\nRUN npm ci\n");
    check(
        &dockerfile,
        &server(&[]),
        &["AS build"],
        &["RUN npm -v && corepack yarn -v\n\nFROM dependencies AS build\nRUN npm -v"],
    );
    let tools = SPLIT.replace("RUN npm ci\n", "RUN apt-get update && apt-get install -y cmake g++-12\nRUN npm ci\n");
    let text = rewritten(&tools, &server(&[]), Level::Stages);
    assert_eq!(text.matches("cmake").count(), 1, "{text}");
}

#[test]
fn bundlers_keep_what_they_have_compiled() {
    let package = PACKAGE.replace("\"tsc\"", "\"next build\"");
    let mount = "RUN --mount=type=cache,target=/app/.next/cache/webpack,id=a-bundler,sharing=locked npm run build\n";
    check(&served(), &server(&[("package.json", &package)]), &[mount], &[]);
    let package_of_cra = PACKAGE.replace("\"tsc\"", "\"react-scripts build\"");
    let mount = "RUN --mount=type=cache,target=/app/node_modules/.cache,id=a-bundler,sharing=locked npm run build\n";
    check(&served(), &server(&[("package.json", &package_of_cra)]), &[mount], &[]);
    let elsewhere = ("next.config.js", "module.exports = { distDir: 'out' }\n");
    check(&served(), &server(&[("package.json", &package), elsewhere]), &[], &["/cache/webpack"]);
}

#[test]
fn unsupported_code_is_kept() {
    for dockerfile in [
        // The manifest is changed.
        SPLIT.replace("RUN npm ci", "RUN sed -i s/a/b/ package.json\nRUN npm ci"),
        // Another package is added.
        SPLIT.replace("RUN npm ci", "RUN npm ci\nRUN npm install left-pad"),
        // Another stage stands on it.
        format!(
            "{}FROM app AS test\nRUN npm test\nFROM app\n",
            SPLIT.replace("FROM node:22\n", "FROM node:22 AS app\n")
        ),
        // Two projects in one image.
        SPLIT.replace("RUN npm run build", "RUN cd client && npm install && npm run build"),
    ] {
        check(
            &dockerfile,
            &server(&[("client/package.json", "{\"name\": \"c\"}")]),
            &[],
            &["AS build", "AS dependencies"],
        );
    }
}

#[test]
fn git_dependencies_are_fetched_in_a_stage_with_git() {
    let plain =
        "FROM node:22\nWORKDIR /app\nCOPY package*.json ./\nRUN npm install\nCOPY . .\nCMD [\"node\", \"a.js\"]\n";
    let of = |requirement: &str, lock: Option<&str>| {
        let package = format!(r#"{{"name": "a", "dependencies": {{"x": "{requirement}"}}}}"#);
        let mut files = vec![("package.json", package.as_str()), ("a.js", "")];
        files.extend(lock.map(|lock| ("package-lock.json", lock)));
        rewritten(plain, &files, Level::Slim)
    };
    let lock = r#"{"lockfileVersion": 3, "packages": {"node_modules/y": {"resolved": "git+ssh://git@github.com/a/y.git#01"}}}"#;
    for (requirement, lock, git) in [
        ("git+https://github.com/a/b.git", None, true),
        ("a/b#main", None, true),
        ("github:a/b", None, true),
        ("https://github.com/a/b.git#v1", None, true),
        ("^1", Some(lock), true),
        ("^1", None, false),
        ("npm:@b/x@^1", None, false),
        ("file:../b", None, false),
        ("https://example.com/x.tgz", None, false),
    ] {
        let text = of(requirement, lock);
        let (first, last) = text.split_at(text.rfind("FROM").unwrap());
        assert_eq!(first.contains("recommends ca-certificates git "), git, "{requirement}: {text}");
        assert!(last.starts_with("FROM node:22-slim\n") && !last.contains(" git"), "{requirement}: {text}");
    }
}

/// A server whose container starts with this, and further development dependencies.
fn server_project(start: &str, setup: &str, dev: &str) -> String {
    let package = format!(
        r#"{{"name": "a", "scripts": {{"build": "tsc", "typeorm": "typeorm-ts-node-commonjs", "x": "{start}"}},
         "dependencies": {{"express": "^4", "typeorm": "0.3"}}, "devDependencies": {{"typescript": "^5"{dev}}}}}"#
    );
    let dockerfile = SPLIT.replace("CMD [\"node\", \"dist/main.js\"]", "CMD [\"npm\", \"run\", \"x\"]");
    let dockerfile = dockerfile.replace("COPY package", &format!("{setup}COPY package"));
    rewritten(&dockerfile, &server(&[("package.json", &package)]), Level::Stages)
}

#[test]
fn servers_load_their_configuration() {
    let plugin = "import analyzer from '@next/bundle-analyzer'\nexport default analyzer({})\n";
    let plain = "export default {}\n";
    for (start, dependency, dev, config, text, stays) in [
        ("next start", "next", "typescript", "next.config.ts", plain, true),
        ("next start -p 80", "next", "typescript", "next.config.mjs", plain, false),
        ("next start", "next", "@next/bundle-analyzer", "next.config.mjs", plugin, true),
        ("next start", "next", "@next/bundle-analyzer", "next.config.mjs", "// import a from 'b'\n", false),
        ("vite preview", "vite", "@next/bundle-analyzer", "vite.config.js", plugin, true),
        ("node server.js", "next", "typescript", "next.config.ts", plain, false),
    ] {
        let package = format!(
            r#"{{"name": "a", "scripts": {{"build": "next build", "x": "{start}"}},
             "dependencies": {{"{dependency}": "15"}}, "devDependencies": {{"{dev}": "15"}}}}"#
        );
        let dockerfile = SPLIT.replace("CMD [\"node\", \"dist/main.js\"]", "CMD [\"npm\", \"run\", \"x\"]");
        // It uses files, so that the traced ones of Next.js are not taken alone.
        let files = [("package.json", &*package), (config, text), ("lib/posts.js", "import fs from 'fs'\n")];
        let text = rewritten(&dockerfile, &server(&files), Level::Stages);
        let prunes = ["--omit=dev", "AS production"].iter().any(|part| text.contains(part));
        assert_eq!(prunes, !stays, "{start} {config}: {text}");
    }
}

#[test]
fn programs_load_packages_of_the_project() {
    let ng = r#", "@angular/cli": "17", "@angular-devkit/build-angular": "17""#;
    let ts_node = r#", "ts-node": "10""#;
    let install = "RUN npm install -g @angular/cli nodemon\n";
    for (start, setup, dev, stays) in [
        ("ng serve --host 0.0.0.0", install, ng, true),
        ("ng serve", install, r#", "@angular-devkit/build-angular": "17""#, true),
        ("nodemon dist/main.js", install, r#", "nodemon": "3""#, false),
        ("npm run typeorm migration:run && node dist/main", "", ts_node, true),
        ("typeorm-ts-node-esm migration:run -d src/ds.ts", "", "", true),
        ("node --require ts-node/register ./node_modules/typeorm/cli.js migration:run", "", ts_node, true),
        ("nodemon --exec ts-node src/main.ts", install, ts_node, true),
        ("cross-env NODE_OPTIONS='--import tsx' node src/main", "RUN npm i -g cross-env\n", r#", "tsx": "4""#, true),
        ("node dist/main.js", "ENV NODE_OPTIONS=\"-r ts-node/register\"\n", ts_node, true),
        ("knex migrate:latest --knexfile knexfile.ts", "RUN npm i -g knex\n", ts_node, true),
        ("node src/main.ts", "", ts_node, false),
        ("node dist/main.js", "", ts_node, false),
    ] {
        let text = server_project(start, setup, dev);
        let prunes = ["--omit=dev", "AS production"].iter().any(|part| text.contains(part));
        assert_eq!(prunes, !stays, "{start} {setup} {dev}: {text}");
    }
}

const NEXT: &str = r#"{"name": "shop", "scripts": {"build": "next build", "start": "next start -p 4000"},
 "dependencies": {"next": "15.5.0", "react": "19"}}"#;
const NEXT_BUILD: &str =
    "FROM node:22\nWORKDIR /app\nCOPY . .\nRUN npm install\nRUN npm run build\nEXPOSE 4000\nCMD [\"npm\", \"start\"]\n";

#[test]
fn next_js_takes_what_it_traced() {
    let page = ("pages/index.js", "export default function Page() {}");
    let with = |package: &str, others: &[(&str, &str)]| {
        let files: Vec<_> = [("package.json", package), page].into_iter().chain(others.iter().copied()).collect();
        let (inputs, evidence) = project(NEXT_BUILD, &files);
        let done = optimize(&inputs, 0, &evidence, &Options::new(&crate::rules::AllRules));
        let refusals: Vec<String> =
            done.levels.iter().flat_map(|level| &level.refusals).map(|refusal| refusal.why.clone()).collect();
        (done.result()[0].text().to_owned(), refusals)
    };
    let (text, refusals) = with(NEXT, &[("public/a.txt", "")]);
    for part in [
        "ENV NEXT_PRIVATE_STANDALONE=true\nRUN --mount=type=cache,target=/app/.next/cache/webpack",
        "ENV PORT=4000 HOSTNAME=0.0.0.0\n",
        "COPY --from=build /app/.next/standalone ./\nCOPY --from=build /app/.next/static ./.next/static\nCOPY --from=build /app/public ./public\n",
        "install -d -o node -g node /app/.next/cache\n",
        "CMD [\"node\", \"server.js\"]",
    ] {
        assert!(text.contains(part), "{part}: {text}\n{refusals:#?}");
    }
    let plan_of = |host: &str| {
        let package = NEXT.replace("-p 4000", &format!("-p 4000{host}"));
        let (inputs, evidence) = project(NEXT_BUILD, &[("package.json", &package), page]);
        format!("{:?}", optimize(&inputs, 0, &evidence, &Options::new(&crate::rules::AllRules)).levels)
    };
    let over_ipv6 = "nobody asks the server over IPv6";
    assert!(plan_of("").contains(over_ipv6) && !plan_of(" -H 127.0.0.1").contains(over_ipv6));
    let standalone = ("next.config.js", "module.exports = { output: 'standalone' }");
    assert!(!with(NEXT, &[standalone]).0.contains("NEXT_PRIVATE"));
    // Builds of older ones keep it only where they are told to.
    let turbopack = "/app/.next/cache/turbopack";
    assert!(with(&NEXT.replace("15.5.0", "16.3.0"), &[]).0.contains(turbopack));
    let newer = NEXT.replace("15.5.0", "16.1.6");
    assert!(!with(&newer, &[]).0.contains(turbopack));
    let config = "export default { experimental: { turbopackFileSystemCacheForBuild: true } }";
    assert!(with(&newer, &[("next.config.mjs", config)]).0.contains(turbopack));
    let prisma = NEXT.replace("\"react\"", "\"@prisma/client\": \"6\", \"react\"");
    let host = NEXT.replace("-p 4000", "-p $WEB_PORT");
    for (package, other, why) in [
        (NEXT, ("lib/posts.js", "import fs from 'fs'"), "`lib/posts.js` uses files"),
        (NEXT, ("next.config.js", "module.exports = { env: { A: process.env.A } }"), "process.env.A"),
        (NEXT, ("next.config.js", "module.exports = { output: 'export' }"), "neither unset nor `standalone`"),
        (NEXT, ("next.config.ts", "export default { publicRuntimeConfig: {} }"), "read at start-up"),
        (NEXT, ("next.config.mjs", "export default { distDir: 'out' }"), "sets the output folder"),
        (&prisma, ("a.txt", ""), "`@prisma/client`"),
        (&host, ("a.txt", ""), "the port `$WEB_PORT`"),
        (&NEXT.replace("15.5.0", "latest"), ("a.txt", ""), "the version of Next.js"),
    ] {
        let (text, refusals) = with(package, &[other]);
        assert!(!text.contains("standalone"), "{text}");
        assert!(refusals.iter().any(|refusal| refusal.contains(why)), "{why}: {refusals:#?}");
    }
}

#[test]
fn typescript_stays_behind_where_its_output_starts() {
    let package = r#"{"name": "a", "scripts": {"build": "tsc"}, "dependencies": {"express": "4"}, "devDependencies": {"typescript": "5"}}"#;
    let config = r#"{"compilerOptions": {"outDir": "dist", "rootDir": "src"}}"#;
    let dockerfile = |start: &str| {
        format!(
            "FROM node:22\nWORKDIR /app\nCOPY package.json package-lock.json ./\nRUN npm ci\nCOPY tsconfig.json .\nCOPY src ./src\nCOPY assets ./assets\nRUN npm run build\nCMD {start}\n"
        )
    };
    let of = |start: &str, source: &str, more: &[(&str, &str)]| {
        let lock = ("package-lock.json", r#"{"lockfileVersion": 3, "packages": {"": {}}}"#);
        let files = [
            ("package.json", package),
            lock,
            ("tsconfig.json", config),
            ("src/index.ts", source),
            ("assets/a.txt", "a"),
        ];
        let text = rewritten(&dockerfile(start), &[&files[..], more].concat(), Level::Stages);
        text.rsplit("FROM ").next().unwrap_or_default().to_owned()
    };
    let source = "import express from 'express';\nexpress().listen(3000);\n";
    let last = of("[\"node\", \"dist/index.js\"]", source, &[]);
    assert!(!last.contains("tsconfig.json") && !last.contains("COPY src"), "{last}");
    assert!(last.contains("COPY assets ./assets\n") && last.contains("/app/dist ./dist\n"), "{last}");
    // Other files lie beside it, a source names the folder, or something else starts.
    for (start, source, more) in [
        ("[\"node\", \"dist/index.js\"]", source, &[("src/mail.html", "<p>")][..]),
        ("[\"node\", \"dist/index.js\"]", "const all = ['src/entity/*.ts'];\n", &[]),
        ("[\"node\", \"src/index.ts\"]", source, &[]),
    ] {
        let last = of(start, source, more);
        assert!(last.contains("COPY src ./src\n"), "{last}");
    }
}
