use crate::optimize::test_inputs::{optimize_to_level, project, rewritten};
use crate::optimize::{Level, LevelLimit, Options, optimize};

fn check(dockerfile: &str, files: &[(&str, &str)], level: Level, expected: &str) {
    let text = rewritten(dockerfile, files, level);
    let refusals: Vec<_> =
        optimize_to_level(dockerfile, files, level).levels.into_iter().flat_map(|level| level.refusals).collect();
    assert_eq!(text, expected, "{refusals:#?}");
}

const GEMFILE: (&str, &str) = ("Gemfile", "source \"https://example.com\"\ngem \"sinatra\"\ngem \"pg\"\n");
const LOCK: (&str, &str) = (
    "Gemfile.lock",
    "GEM\n  remote: https://example.com/\n  specs:\n    pg (1.5.9)\n    sinatra (4.1.1)\n\nDEPENDENCIES\n  pg\n  sinatra\n",
);

#[test]
fn gems_are_installed_apart() {
    check(
        "FROM ruby:3.3\nWORKDIR /app\nRUN apt-get update && apt-get install -y build-essential libpq-dev tini\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install\nCOPY . .\nEXPOSE 4567\nCMD [\"ruby\", \"app.rb\"]\n",
        &[GEMFILE, LOCK, ("app.rb", "require 'sinatra'\n")],
        Level::Stages,
        "FROM ruby:3.3 AS build\nWORKDIR /app\nRUN apt-get update && apt-get install -y build-essential libpq-dev tini && rm -rf /var/lib/apt/lists/*\nCOPY Gemfile Gemfile.lock ./\nRUN --mount=type=cache,target=/usr/local/bundle/cache bundle install\n\nFROM ruby:3.3\nWORKDIR /app\nRUN apt-get update \\\n    && apt-get install -y --no-install-recommends tini libpq5 \\\n    && rm -rf /var/lib/apt/lists/*\nCOPY --from=build /usr/local/bundle /usr/local/bundle\nCOPY . .\nEXPOSE 4567\nCMD [\"ruby\", \"app.rb\"]\n",
    );
}

#[test]
fn packages_of_composer_are_installed_apart() {
    check(
        "FROM php:8.3-cli\nRUN docker-php-ext-install pdo_mysql\nRUN apt-get update && apt-get install -y git unzip\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nWORKDIR /app\nCOPY composer.json composer.lock ./\nRUN composer install --no-dev\nCOPY . .\nCMD [\"php\", \"-S\", \"0.0.0.0:8000\", \"-t\", \"public\"]\n",
        &[
            ("composer.json", "{\"require\":{\"slim/slim\":\"^4\"}}"),
            ("composer.lock", "{\"packages\":[{\"name\":\"slim/slim\",\"version\":\"4.0.0\"}]}"),
            ("public/index.php", "<?php"),
        ],
        Level::Stages,
        "FROM php:8.3-cli AS build\nRUN docker-php-ext-install pdo_mysql\nRUN apt-get update && apt-get install -y git unzip && rm -rf /var/lib/apt/lists/*\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nWORKDIR /app\nCOPY composer.json composer.lock ./\nRUN --mount=type=cache,target=/root/.composer/cache composer install --no-dev\n\nFROM php:8.3-cli\nRUN docker-php-ext-install pdo_mysql\nWORKDIR /app\nCOPY --from=build /app/vendor /app/vendor\nCOPY . .\nCMD [\"php\", \"-S\", \"0.0.0.0:8000\", \"-t\", \"public\"]\n",
    );
}

#[test]
fn packages_that_the_sources_bring_are_copied_once() {
    let file = "FROM php:8.3-apache\nCOPY . /var/www/html/\nCOPY --from=composer:2 /usr/bin/composer /usr/bin/composer\nRUN composer install --no-dev\n";
    let manifests = [
        ("composer.json", "{\"require\":{\"slim/slim\":\"^4\"}}"),
        ("composer.lock", "{\"packages\":[{\"name\":\"slim/slim\",\"version\":\"4.0.0\"}]}"),
    ];
    let ships = |files: &[(&str, &str)]| {
        let (inputs, mut evidence) = project(file, files);
        evidence.committed.insert("vendor".to_owned());
        let options = Options { level: LevelLimit::Up(Level::Stages), ..Options::new(&crate::rules::AllRules) };
        let text = optimize(&inputs, 0, &evidence, &options).result()[0].text().to_owned();
        let (_, ships) = text.split_once("\n\nFROM ").expect("two stages");
        ships.lines().filter(|line| line.starts_with("COPY")).collect::<Vec<_>>().join("\n")
    };
    let with = [manifests[0], manifests[1], ("vendor/autoload.php", "<?php")];
    assert_eq!(ships(&with), "COPY --from=build /var/www/html /var/www/html");
    assert_eq!(ships(&manifests), "COPY . /var/www/html/\nCOPY --from=build /var/www/html/vendor /var/www/html/vendor");
}

#[test]
fn gems_from_git_are_fetched_with_git() {
    let dockerfile = "FROM ruby:3.3\nWORKDIR /app\nCOPY Gemfile Gemfile.lock ./\nRUN bundle install\nCOPY . .\nCMD [\"ruby\", \"app.rb\"]\n";
    let lock = format!("GIT\n  remote: https://github.com/a/b\n  revision: 1\n  specs:\n    b (1.0)\n\n{}", LOCK.1);
    for (lock, git) in [(lock.as_str(), true), (LOCK.1, false)] {
        // Its text is read as a manifest, and not among the sources.
        let (inputs, mut evidence) = project(dockerfile, &[GEMFILE, ("Gemfile.lock", lock), ("app.rb", "")]);
        evidence.texts.remove("Gemfile.lock");
        let options = Options { level: LevelLimit::Up(Level::Slim), ..Options::new(&crate::rules::AllRules) };
        let text = optimize(&inputs, 0, &evidence, &options).result()[0].text().to_owned();
        assert_eq!(text.contains(" git "), git, "{text}");
    }
}
