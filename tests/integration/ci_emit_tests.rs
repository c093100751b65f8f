//! `dockopt ci emit`: which checks and tests of projects are run, and with what.

use dockopt::yaml;

use crate::ci_emit::{GITHUB, GITLAB, emit, scripts_of_github};
use crate::dockopt::{Dockopt, Ran};

/// The commands of a job of GitHub.
fn commands(ran: &Ran, job: &str) -> Vec<String> {
    let workflow = ran.read(GITHUB[0]);
    let tree = yaml::read(&workflow);
    scripts_of_github(&tree, job).into_iter().map(|(_, script)| script).collect()
}

/// A workspace of pnpm: its root passes the tests on to two members, of which one has those of a browser.
fn workspace() -> Dockopt {
    Dockopt::new()
        .file("pnpm-lock.yaml", "lockfileVersion: '9.0'\n")
        .file("pnpm-workspace.yaml", "packages: [apps/*]\n")
        .file("package.json", "{\"name\": \"top\", \"packageManager\": \"pnpm@10.0.0\", \"scripts\": {\"lint\": \"pnpm --filter web lint\", \"typecheck\": \"turbo run typecheck\", \"test\": \"pnpm -r test\"}}\n")
        .file("apps/web/package.json", "{\"name\": \"web\", \"devDependencies\": {\"@biomejs/biome\": \"2\"}, \"scripts\": {\"lint\": \"biome check --write --unsafe .\", \"typecheck\": \"tsc --noEmit\", \"test\": \"playwright test\"}}\n")
        .file("apps/web/e2e/a.spec.ts", "1\n")
        .file("apps/api/package.json", "{\"name\": \"api\", \"dependencies\": {\"web\": \"workspace:*\"}, \"scripts\": {\"typecheck\": \"tsc --noEmit\", \"test\": \"vitest run\"}}\n")
        .file("apps/api/a.test.ts", "1\n")
}

#[test]
fn scripts_are_judged_by_what_they_run_in_the_end() {
    let ran = emit(workspace(), &["github", "--write"]).code(0);
    assert_eq!(commands(&ran, "test"), ["corepack enable", "pnpm install --frozen-lockfile", "pnpm run typecheck"]);
    for why in [
        "the script `lint` of the top folder changes files, and is no check",
        "the script `test` of the top folder needs browsers and an application that runs, and is no check",
        "the script `lint` of apps/web changes files, and is no check; `pnpm exec biome lint` runs instead",
    ] {
        assert!(ran.stderr.contains(why), "{why}: {}", ran.stderr);
    }
    // The members are installed with the workspace's tool; what the root does for them is not done again.
    assert_eq!(commands(&ran, "test-apps-api"), ["corepack enable", "pnpm install --frozen-lockfile", "pnpm test"]);
    assert_eq!(
        commands(&ran, "test-apps-web"),
        ["corepack enable", "pnpm install --frozen-lockfile", "pnpm exec biome format", "pnpm exec biome lint"]
    );
}

#[test]
fn the_dockerfile_says_which_lock_file_counts() {
    let package = "{\"name\": \"web\", \"dependencies\": {\"vue\": \"3\"}, \"devDependencies\": {\"@vue/cli-plugin-eslint\": \"5\"}, \
                   \"scripts\": {\"lint\": \"vue-cli-service lint\", \"test\": \"vitest run\"}}\n";
    let project = Dockopt::new()
        .file("web/package.json", package)
        .file("web/package-lock.json", "{\"lockfileVersion\": 3, \"packages\": {}}\n")
        .file("web/yarn.lock", "# yarn lockfile v1\n")
        .file(
            "web/Dockerfile",
            "FROM node:22\nCOPY . .\nRUN yarn install --frozen-lockfile\nCMD [\"node\", \"a.js\"]\n",
        )
        .file("web/a.js", "1\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    assert_eq!(
        commands(&ran, "test-web"),
        ["corepack enable", "yarn install --frozen-lockfile", "yarn run vue-cli-service lint --no-fix"]
    );
    // Its runner fails where there is no test.
    assert!(ran.stderr.contains("`yarn test` is not run: web has no file with tests"), "{}", ran.stderr);
}

#[test]
fn projects_without_tests_are_compiled() {
    let project = Dockopt::new().file("pom.xml", "<project><artifactId>shop</artifactId></project>\n");
    let ran = emit(project.file("src/main/java/A.java", "class A {}\n"), &["github", "--write"]).code(0);
    assert_eq!(commands(&ran, "test"), ["mvn -B compile"]);
    assert!(ran.stderr.contains("`mvn -B test` is not run: the top folder has no file with tests"), "{}", ran.stderr);
}

#[test]
fn the_version_of_the_image_counts() {
    let project = || {
        Dockopt::new()
            .file(
                "api/pyproject.toml",
                "[project]\nname = \"api\"\nrequires-python = \">=3.11\"\ndependencies = [\"pytest\"]\n",
            )
            .file("api/Dockerfile", "FROM python:3.12-slim\nCOPY . .\nCMD [\"python\", \"a.py\"]\n")
            .file("api/a.py", "1\n")
            .file("api/test_a.py", "1\n")
            .file(
                "web/package.json",
                "{\"name\": \"web\", \"engines\": {\"node\": \"24\"}, \"scripts\": {\"test\": \"node --test\"}}\n",
            )
            .file("web/.nvmrc", "24.6\n")
            .file(
                "shop/composer.json",
                "{\"require\": {\"php\": \">=8.3\"}, \"require-dev\": {\"phpunit/phpunit\": \"12\"}}\n",
            )
    };
    let ran = emit(project(), &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    assert!(workflow.contains("python-version: \"3.12\"") && !workflow.contains("matrix.version"), "{workflow}");
    let ran = emit(project(), &["gitlab", "--write"]).code(0);
    assert!(ran.read(GITLAB).contains("image: php:8.3"), "{}", ran.read(GITLAB));
}

/// Those that the compose file gives the service, with its own variables; a broker of other programs is left alone.
#[test]
fn tests_get_the_servers_of_the_compose_file() {
    let compose = "services:\n  api:\n    build: api\n    depends_on: [cache, queue]\n    environment:\n      REDIS_URL: redis://:secret@cache:6379/1\n      \
                   CACHE_HOST: cache\n      CACHE_ADDRESS: cache:6379\n      AMQP_URL: amqp://guest:guest@queue:5672/\n  cache: {image: \"valkey/valkey:8\"}\n  queue: {image: \"rabbitmq:4.1\"}\n  other: {image: \"mongo:8.0\"}\n";
    let project = || {
        Dockopt::new()
        .file("compose.yaml", compose)
        .file("api/package.json", "{\"name\": \"api\", \"dependencies\": {\"ioredis\": \"5\", \"amqplib\": \"0.10\"}, \"devDependencies\": {\"testcontainers\": \"11\"}, \"scripts\": {\"test\": \"node --test\"}}\n")
        .file("api/Dockerfile", "FROM node:22\nCOPY . .\nCMD [\"node\", \"a.js\"]\n")
        .file("api/a.js", "1\n")
    };
    let ran = emit(project(), &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    for line in [
        "REDIS_URL: redis://127.0.0.1:6379/1\n",
        "CACHE_HOST: \"127.0.0.1\"\n",
        "CACHE_ADDRESS: \"127.0.0.1:6379\"\n",
        "AMQP_URL: amqp://test:test@127.0.0.1:5672/\n",
        "--health-cmd \"valkey-cli ping | grep -q '^PONG' || exit 1\"\n",
        "--health-cmd \"rabbitmq-diagnostics -q check_port_connectivity\"\n",
    ] {
        assert!(workflow.contains(line), "{line}: {workflow}");
    }
    assert!(!workflow.contains("mongo"), "{workflow}");
    // Testcontainers find no engine in a job of GitLab by themselves.
    let ran = emit(project(), &["gitlab", "--write"]).code(0);
    let pipeline = ran.read(GITLAB);
    assert!(pipeline.contains("DOCKER_HOST: tcp://docker:2375\n") && pipeline.contains("--tls=false"), "{pipeline}");
    assert!(pipeline.contains("REDIS_URL: redis://cache:6379/1\n"), "{pipeline}");
}

#[test]
fn a_solution_is_tested_as_one() {
    let test = "<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><PackageReference Include=\"Microsoft.NET.Test.Sdk\" Version=\"17\" /></ItemGroup></Project>\n";
    let solution = "Microsoft Visual Studio Solution File\nProject(\"{F}\") = \"A\", \"tests\\A\\A.csproj\", \"{1}\"\nEndProject\n\
                    Project(\"{F}\") = \"B\", \"tests\\B\\B.csproj\", \"{2}\"\nEndProject\n";
    let project =
        Dockopt::new().file("Shop.sln", solution).file("tests/A/A.csproj", test).file("tests/B/B.csproj", test);
    let ran = emit(project, &["github", "--write"]).code(0);
    assert_eq!(commands(&ran, "test"), ["dotnet restore", "dotnet test Shop.sln"]);
    assert!(!ran.read(GITHUB[0]).contains("test-tests-"), "{}", ran.read(GITHUB[0]));
}

/// An environment file that git lacks names the servers in its example.
#[test]
fn examples_of_environment_files_name_servers() {
    let compose = "services:\n  api:\n    build: api\n    depends_on: [cache]\n    env_file:\n      - ./api/.env\n  cache: {image: \"redis:8\"}\n";
    let project = Dockopt::new()
        .file("compose.yaml", compose)
        .file("api/.env.example", "# where Redis is\nREDIS_HOST=\"cache\"\nREDIS_PORT=6379\n")
        .file("api/requirements.txt", "redis\npytest\n")
        .file("api/test_a.py", "1\n")
        .file("api/Dockerfile", "FROM python:3.12\nCOPY . .\nCMD [\"python\", \"a.py\"]\n");
    let ran = emit(project, &["github", "--write"]).code(0);
    let workflow = ran.read(GITHUB[0]);
    assert!(workflow.contains("REDIS_HOST: \"127.0.0.1\"\n") && workflow.contains("- 6379:6379\n"), "{workflow}");
}
