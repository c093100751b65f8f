use std::collections::BTreeMap;
use std::fmt::Write as _;

use super::*;
use crate::manifest::{projects, tests::files};

/// The projects of `-- path --` sections with their tasks and installs, a line each.
fn render(input: &str) -> String {
    let files = files(input.trim_start());
    let texts: BTreeMap<&str, &str> = files.iter().filter_map(|(path, text)| Some((*path, (*text)?))).collect();
    let mut out = String::new();
    for project in &projects(&files).projects {
        let _ = writeln!(out, "[{}] {}", project.root, install_command(project).as_deref().unwrap_or("-"));
        for task in project_tasks(project, &|path| texts.get(path).map(|text| (*text).to_owned())) {
            let place = task.place.as_deref().unwrap_or("-");
            let _ = writeln!(out, "{}: {} ({}; {place})", task.kind.name(), task.command, task.reason);
        }
    }
    out
}

fn check(input: &str, expected: &str) {
    let result = render(input);
    let expected: Vec<&str> = expected.lines().map(str::trim).filter(|line| !line.is_empty()).collect();
    assert_eq!(result.lines().collect::<Vec<_>>(), expected, "{result}");
}

/// The commands of the only project of some files, without reasons.
fn commands(input: &str) -> Vec<String> {
    let result = render(input);
    let tasks = result.lines().skip(1).map(|line| line.split(" (").next().unwrap_or_default().to_owned());
    tasks.collect()
}

/// The text of a fixture's file.
fn fixture(path: &str) -> String {
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/../../fixtures/task-tracker");
    let text = std::fs::read_to_string(format!("{folder}/{path}")).unwrap();
    format!("-- {path} --\n{}\n", text.trim_end())
}

#[test]
fn the_projects_of_a_fixture() {
    let paths = ["backend/pyproject.toml", "backend/uv.lock", "dashboard/package.json", "dashboard/package-lock.json"];
    let files: String = paths.iter().chain(&["dashboard/tsconfig.json"]).map(|path| fixture(path)).collect();
    check(
        &files,
        "
        [backend] uv sync --locked
        typecheck: uv run mypy (`mypy` is among its packages; backend/pyproject.toml)
        fmt-check: uv run ruff format --check (`ruff` is among its packages; backend/pyproject.toml)
        lint: uv run ruff check (`ruff` is among its packages; backend/pyproject.toml)
        test: uv run pytest (`pytest` is among its packages; backend/pyproject.toml)
        [dashboard] npm ci
        typecheck: npx tsc --noEmit (`typescript` is among its packages; dashboard/package.json)
        test: npm test (`test` is a script of package.json; dashboard/package.json)
        ",
    );
}

#[test]
fn tools_of_python_are_started_by_what_installs_them() {
    check(
        r#"
-- a/pyproject.toml --
[project]
name = "a"
optional-dependencies = { "dev; rm -rf ~" = ["mypy", "pytest"] }
[dependency-groups]
lint = ["black", "isort", "flake8"]
[tool.uv]
-- a/uv.lock --
-- b/pyproject.toml --
[tool.poetry]
name = "b"
[tool.poetry.group.ci]
optional = true
[tool.poetry.group.ci.dependencies]
pyright = "*"
[tool.poetry.group.dev.dependencies]
black = "*"
"#,
        "
        [a] uv sync --locked --extra 'dev; rm -rf ~' --group lint
        typecheck: uv run --extra 'dev; rm -rf ~' mypy . (`mypy` is among its packages; a/pyproject.toml)
        fmt-check: uv run --group lint black --check . && uv run --group lint isort --check-only . (`black` is among its packages; a/pyproject.toml)
        lint: uv run --group lint flake8 (`flake8` is among its packages; a/pyproject.toml)
        test: uv run --extra 'dev; rm -rf ~' pytest (`pytest` is among its packages; a/pyproject.toml)
        [b] poetry install --with ci
        typecheck: poetry run pyright (`pyright` is among its packages; b/pyproject.toml)
        fmt-check: poetry run black --check . (`black` is among its packages; b/pyproject.toml)
        ",
    );
}

#[test]
fn tools_of_python_without_groups() {
    check(
        r#"
-- c/Pipfile --
[packages]
django = "*"
[dev-packages]
pylint = "*"
[scripts]
typecheck = "mypy --strict src"
-- c/manage.py --
-- d/requirements.txt --
flask
-- d/requirements-dev.txt --
-r requirements.txt
isort
-- d/requirements-it's.txt --
gunicorn
-- d/tests/conftest.py --
-- e/pyproject.toml --
[project]
name = "e"
optional-dependencies = { test = ["ty"] }
[build-system]
requires = ["hatchling"]
-- e/tests/test_e.py --
-- f/pyproject.toml --
[project]
name = "f"
[tool.pdm.scripts]
lint = "ruff check --fix"
test = { cmd = "pytest -q" }
[dependency-groups]
dev = ["ruff"]
-- f/pdm.lock --
"#,
        "
        [c] pipenv install --dev
        typecheck: pipenv run typecheck (`typecheck` is a script of Pipfile; c/Pipfile)
        lint: pipenv run pylint --recursive=y . (`pylint` is among its packages; c/Pipfile)
        test: pipenv run python manage.py test (`django` is among its packages; c/Pipfile)
        [d] pip install -r requirements-dev.txt -r 'requirements-it'\\''s.txt'
        fmt-check: isort --check-only . (`isort` is among its packages; d/requirements-dev.txt)
        test: pytest (it has `tests/conftest.py`; d/tests/conftest.py)
        [e] pip install -e '.[test]'
        typecheck: ty check (`ty` is among its packages; e/pyproject.toml)
        test: python -m unittest discover -s tests (it has the module `tests`; e/tests)
        [f] pdm install --frozen-lockfile
        fmt-check: pdm run ruff format --check (`ruff` is among its packages; f/pyproject.toml)
        lint: pdm run ruff check (`ruff` is among its packages; f/pyproject.toml)
        test: pdm run test (`test` is a script of pyproject.toml; f/pyproject.toml)
        ",
    );
}

#[test]
fn a_type_checker_without_settings_is_told_what_it_checks() {
    let front = "-- pyproject.toml --\n[project]\nname = \"a\"\ndependencies = [\"mypy\"]\n";
    for (files, command) in [
        ("", "mypy ."),
        ("[tool.mypy]\nstrict = true\n", "mypy ."),
        ("[tool.mypy]\nfiles = []\n", "mypy ."),
        ("[tool.mypy]\nfiles = [\"app\"]\n", "mypy"),
        ("[tool.mypy]\nfiles = \"app\"\n", "mypy"),
        ("\n-- mypy.ini --\n[mypy]\nstrict = True\n-- setup.cfg --\n[mypy]\nfiles = a\n", "mypy ."),
        ("\n-- mypy.ini --\n[mypy]\nfiles = app\n", "mypy"),
        ("\n-- .mypy.ini --\n[mypy-a]\nfiles = b\n[mypy]\n", "mypy ."),
        ("\n-- setup.cfg --\n[x]\nfiles = b\n[mypy]\npackages: app\n[y]\n", "mypy"),
    ] {
        assert_eq!(commands(&format!("{front}{files}")), [format!("typecheck: {command}")], "{files}");
    }
}

#[test]
fn scripts_of_node_win_where_they_only_check() {
    check(
        r#"
-- package.json --
{"private": true, "workspaces": ["apps/*"], "packageManager": "pnpm@10.1.0", "scripts": {"lint": "turbo run lint", "test": "vitest"},
 "devDependencies": {"prettier": "3", "vitest": "3"}}
-- .prettierrc --
{}
-- pnpm-workspace.yaml --
packages: ["apps/*"]
-- pnpm-lock.yaml --
lockfileVersion: '9.0'
-- apps/a/package.json --
{"name": "a", "scripts": {"lint": "eslint --fix .", "check-types": "tsc --noEmit", "test:ci": "jest --ci"}, "devDependencies": {"eslint": "9"}}
-- apps/a/eslint.config.mjs --
-- apps/b/package.json --
{"name": "b", "scripts": {"test": "echo \"Error: no test specified\" && exit 1"}, "devDependencies": {"typescript": "5"}}
-- apps/b/tsconfig.json --
{"files": [], "references": [{"path": "./tsconfig.app.json"}],} // all
-- y/package.json --
{"scripts": {"test": "jest", "format:check": "prettier -c ."}, "devDependencies": {"typescript": "5", "@biomejs/biome": "2"}}
-- y/yarn.lock --
# yarn lockfile v1
-- y/tsconfig.json --
{}
-- z/package.json --
{"packageManager": "yarn@4.5.0", "devDependencies": {"mocha": "11"}}
-- z/yarn.lock --
__metadata:
  version: 8
-- bun/package.json --
{"scripts": {"test": "bun test"}, "devDependencies": {"oxlint": "1"}}
-- bun/bun.lock --
{"packages": {}}
-- cra/package.json --
{"scripts": {"test": "react-scripts test"}, "dependencies": {"react-scripts": "5", "@evil/$(id)": "1"}}
"#,
        "
        [] pnpm install --frozen-lockfile
        fmt-check: pnpm exec prettier --check . (`prettier` is among its packages; package.json)
        test: pnpm exec vitest run (`vitest` is among its packages; package.json)
        [apps/a] pnpm install --frozen-lockfile
        typecheck: pnpm run check-types (`check-types` is a script of package.json; apps/a/package.json)
        lint: pnpm exec eslint . (`eslint` is among its packages; apps/a/package.json)
        test: pnpm run test:ci (`test:ci` is a script of package.json; apps/a/package.json)
        [apps/b] pnpm install --frozen-lockfile
        typecheck: pnpm exec tsc -b --noEmit (`typescript` is among its packages; apps/b/package.json)
        [bun] bun install --frozen-lockfile
        lint: bunx oxlint (`oxlint` is among its packages; bun/package.json)
        test: bun run test (`test` is a script of package.json; bun/package.json)
        [cra] npm install
        test: CI=true npx react-scripts test (`react-scripts` is among its packages; cra/package.json)
        [y] yarn install --frozen-lockfile
        typecheck: yarn run tsc --noEmit (`typescript` is among its packages; y/package.json)
        fmt-check: yarn run format:check (`format:check` is a script of package.json; y/package.json)
        lint: yarn run biome lint (`@biomejs/biome` is among its packages; y/package.json)
        test: yarn test (`test` is a script of package.json; y/package.json)
        [z] yarn install --immutable
        test: yarn run mocha (`mocha` is among its packages; z/package.json)
        ",
    );
}

#[test]
fn compiled_languages_bring_their_tools() {
    check(
        r#"
-- go/go.mod --
module a
-- go/lint/go.mod --
module b
-- go/lint/.golangci.yml --
-- rust/Cargo.toml --
[package]
name = "a"
[workspace]
members = ["b"]
-- rust/b/Cargo.toml --
[package]
name = "b"
-- rust/Cargo.lock --
version = 4
-- alone/Cargo.toml --
[package]
name = "c"
"#,
        "
        [alone] cargo fetch
        fmt-check: cargo fmt --check (it has `Cargo.toml`; alone/Cargo.toml)
        lint: cargo clippy --all-targets -- -D warnings (it has `Cargo.toml`; alone/Cargo.toml)
        test: cargo test (it has `Cargo.toml`; alone/Cargo.toml)
        [go] go mod download
        fmt-check: test -z \"$(git ls-files -z '*.go' | xargs -0 gofmt -l)\" (it has `go.mod`; go/go.mod)
        lint: go vet ./... (it has `go.mod`; go/go.mod)
        test: go test ./... (it has `go.mod`; go/go.mod)
        [go/lint] go mod download
        fmt-check: test -z \"$(git ls-files -z '*.go' | xargs -0 gofmt -l)\" (it has `go.mod`; go/lint/go.mod)
        lint: go vet ./... (it has `go.mod`; go/lint/go.mod)
        test: go test ./... (it has `go.mod`; go/lint/go.mod)
        [rust] cargo fetch --locked
        fmt-check: cargo fmt --all --check (it has `Cargo.toml`; rust/Cargo.toml)
        lint: cargo clippy --workspace --all-targets --locked -- -D warnings (it has `Cargo.toml`; rust/Cargo.toml)
        test: cargo test --workspace --locked (it has `Cargo.toml`; rust/Cargo.toml)
        [rust/b] cargo fetch --locked
        fmt-check: cargo fmt --check (it has `Cargo.toml`; rust/b/Cargo.toml)
        lint: cargo clippy --all-targets --locked -- -D warnings (it has `Cargo.toml`; rust/b/Cargo.toml)
        test: cargo test --locked (it has `Cargo.toml`; rust/b/Cargo.toml)
        ",
    );
}

#[test]
fn build_tools_of_java_and_dotnet() {
    check(
        r#"
-- mvn/pom.xml --
<project><artifactId>a</artifactId><modules><module>m</module></modules></project>
-- mvn/mvnw --
-- mvn/m/pom.xml --
<project><artifactId>m</artifactId></project>
-- gradle/build.gradle.kts --
-- net/App/App.csproj --
<Project Sdk="Microsoft.NET.Sdk"></Project>
-- net/Tests/Tests.csproj --
<Project Sdk="Microsoft.NET.Sdk"><ItemGroup><PackageReference Include="Microsoft.NET.Test.Sdk" Version="17.0.0" /></ItemGroup></Project>
"#,
        "
        [gradle] -
        test: gradle test (it has `build.gradle.kts`; gradle/build.gradle.kts)
        [mvn] -
        test: ./mvnw -B test (it has `pom.xml`; mvn/pom.xml)
        [mvn/m] -
        test: ../mvnw -B test (it has `pom.xml`; mvn/m/pom.xml)
        [net/App] dotnet restore
        fmt-check: dotnet format --verify-no-changes (the tools of .NET bring it; net/App/App.csproj)
        [net/Tests] dotnet restore
        fmt-check: dotnet format --verify-no-changes (the tools of .NET bring it; net/Tests/Tests.csproj)
        test: dotnet test (`Microsoft.NET.Test.Sdk` is among its packages; net/Tests/Tests.csproj)
        ",
    );
}

#[test]
fn ruby_and_php() {
    check(
        r#"
-- shop/Gemfile --
gem "rails"
gem "rubocop", group: :development
-- shop/Gemfile.lock --
-- shop/bin/rails --
-- lib/Gemfile --
gem "rspec"
-- php/composer.json --
{"require-dev": {"phpunit/phpunit": "^11", "phpstan/phpstan": "^2", "laravel/pint": "^1"}, "scripts": {"lint": "pint --test", "test": ["@lint", "pest"]}}
-- php/composer.lock --
{"packages": []}
-- php/phpstan.neon --
"#,
        "
        [lib] bundle install
        test: bundle exec rspec (`rspec` is among its packages; lib/Gemfile)
        [php] composer install
        typecheck: vendor/bin/phpstan analyse (`phpstan/phpstan` is among its packages; php/composer.json)
        fmt-check: vendor/bin/pint --test (`laravel/pint` is among its packages; php/composer.json)
        lint: composer run lint (`lint` is a script of composer.json; php/composer.json)
        test: composer run test (`test` is a script of composer.json; php/composer.json)
        [shop] bundle install
        lint: bundle exec rubocop (`rubocop` is among its packages; shop/Gemfile)
        test: bin/rails test (`rails` is among its packages; shop/Gemfile)
        ",
    );
}

#[test]
fn each_row_names_a_task_and_conditions_that_are_read() {
    let keys = [
        "script",
        "package",
        "file",
        "table",
        "module",
        "tool",
        "wrapper",
        "lock",
        "workspace",
        "targets",
        "references",
    ];
    for row in data::PROJECT_TASKS.rows() {
        assert!(Ecosystem::of(row[0]).is_some(), "{row:?}");
        assert!(TaskKind::ALL.iter().any(|kind| kind.name() == row[1]), "{row:?}");
        let words: Vec<&str> = row[2].split(' ').collect();
        assert!(row[2] == "-" || words.len().is_multiple_of(2), "{row:?}");
        assert!(row[2] == "-" || words.chunks(2).all(|pair| keys.contains(&pair[0])), "{row:?}");
        assert_eq!(row[3] == "SCRIPT", row[2].starts_with("script "), "{row:?}");
        assert_eq!(row[3].starts_with("WRAPPER "), row[2].contains("wrapper "), "{row:?}");
    }
}

#[test]
fn a_project_without_tools_has_no_tasks() {
    assert_eq!(commands("-- package.json --\n{\"name\": \"$(id)\"}\n"), [""; 0]);
    assert_eq!(commands("-- requirements.txt --\nflask\n"), [""; 0]);
}

/// The tasks of each project of some files with what a folder above does, a line each.
fn checks(input: &str) -> Vec<String> {
    let files = files(input.trim_start());
    let texts: BTreeMap<&str, &str> = files.iter().filter_map(|(path, text)| Some((*path, (*text)?))).collect();
    let projects = projects(&files).projects;
    let all = project_checks(&projects, &|path| texts.get(path).map(|text| (*text).to_owned()));
    let line = |checks: &ProjectChecks| {
        let commands: Vec<&str> = checks.tasks.iter().map(|task| task.command.as_str()).collect();
        let above: Vec<&str> = checks.done_above.iter().map(|kind| kind.name()).collect();
        format!("{}: {} | {}", checks.project.root, commands.join(", "), above.join(", "))
    };
    let left_out = all.left_out.iter().map(|project| format!("{}: left out", project.root));
    all.projects.iter().map(line).chain(left_out).collect()
}

#[test]
fn a_root_does_the_tasks_that_reach_its_members() {
    let tested = "{\"scripts\": {\"test\": \"jest\"}}";
    let files = format!(
        "-- package.json --\n{{\"workspaces\": [\"a\", \"b\"], \"scripts\": {{\"test\": \"npm run test -w a\"}}}}\n\
         -- a/package.json --\n{tested}\n-- b/package.json --\n{tested}\n-- examples/c/package.json --\n{tested}\n"
    );
    assert_eq!(checks(&files), [": npm test | ", "a:  | test", "b: npm test | ", "examples/c: left out"]);
    // Its own program goes through all folders.
    let files = files.replace("npm run test -w a", "jest");
    assert_eq!(checks(&files), [": npm test | ", "a:  | test", "b:  | test", "examples/c: left out"]);
}

#[test]
fn a_solution_does_the_tests_of_its_projects() {
    let test = "<Project Sdk=\"Microsoft.NET.Sdk\"><ItemGroup><PackageReference Include=\"Microsoft.NET.Test.Sdk\" /></ItemGroup></Project>";
    let files = format!(
        "-- Shop.sln --\nMicrosoft Visual Studio Solution File\nProject(\"{{F}}\") = \"A\", \"tests\\A\\A.csproj\", \"{{1}}\"\nEndProject\n\
         -- tests/A/A.csproj --\n{test}\n-- tests/B/B.csproj --\n{test}\n"
    );
    let format = "dotnet format --verify-no-changes";
    assert_eq!(
        checks(&files),
        [
            format!(": {format}, dotnet test Shop.sln | "),
            "tests/A:  | fmt-check, test".to_owned(),
            "tests/B: left out".to_owned()
        ]
    );
}
