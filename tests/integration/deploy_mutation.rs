//! A repository that is deployed by scripts, with one file mutated, through `deploy check` and the rules about deployments:
//! reading, migrations, answers, reports. Whatever the input, there is no panic and no hang. A hundred inputs by the
//! day; `DOCKOPT_FULL=1`: four hundred.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

use dockopt::audit::{self, InputAudit};
use dockopt::inputs::Date;
use dockopt::load::{GatherRequest, MigrationBase, PipelineSelection, add_migration_findings, add_migrations, gather};
use dockopt::report::{self, DeployCheckResult, Layout, Medium, PathBase, ReportRun};
use dockopt::rules::{AllRules, Policies, Selection};
use rayon::prelude::*;

use crate::dockopt::panic_message;
use crate::mutation::Random;
use crate::pipeline_mutation::mutate;
use crate::tier;

/// Inputs: always, and with `DOCKOPT_FULL=1`.
const INPUTS: [usize; 2] = [100, 400];

/// What one input may take, without optimization, beside tests that build.
const PATIENCE: Duration = Duration::from_mins(2);

/// Files beside those of the fixture.
const MORE: [(&str, &str); 6] = [
    (
        "haproxy/haproxy.cfg",
        "resolvers docker\n  nameserver dns 127.0.0.11:53\nbackend api\n  server api api:8000 check resolvers docker init-addr last,libc,none\nfrontend http\n  bind :80\n  timeout client 30s\n  default_backend api\n",
    ),
    ("caddy/Caddyfile", "example.org {\n\treverse_proxy api:8000 {\n\t\thealth_uri /health\n\t}\n}\n"),
    (
        ".github/workflows/deploy.yml",
        "on:\n  push: {branches: [main]}\njobs:\n  deploy:\n    runs-on: ubuntu-24.04\n    steps:\n      - uses: actions/checkout@v4\n      - run: |\n          ssh host 'cd /srv && docker compose pull && docker compose up -d && sleep 10'\n          ssh host docker system prune -af\n          docker exec api alembic upgrade head\n",
    ),
    (
        "alembic/versions/a1.py",
        "from alembic import op\nimport sqlalchemy as sa\n\nrevision = 'a1'\ndown_revision = None\n\n\ndef upgrade():\n    op.create_table('users', sa.Column('id', sa.Integer, primary_key=True), sa.Column('name', sa.Text, nullable=False))\n    op.create_index('by_name', 'users', ['name'])\n",
    ),
    (
        "prisma/migrations/20260101000000_a/migration.sql",
        "ALTER TABLE \"User\" ADD COLUMN \"age\" INTEGER NOT NULL DEFAULT 0;\nCREATE UNIQUE INDEX \"by_age\" ON \"User\"(\"age\");\nALTER TABLE \"User\" DROP COLUMN \"name\";\n",
    ),
    (
        "blog/migrations/0001_initial.py",
        "from django.db import migrations, models\n\n\nclass Migration(migrations.Migration):\n    initial = True\n    dependencies = []\n    operations = [\n        migrations.CreateModel(name='Post', fields=[('id', models.BigAutoField(primary_key=True)), ('title', models.CharField(max_length=200))]),\n        migrations.AddField('post', 'slug', models.SlugField(null=True)),\n        migrations.RemoveField('post', 'title'),\n    ]\n",
    ),
];

#[test]
fn mutated_deployments_are_survived() {
    let inputs = tier::inputs(INPUTS[0], INPUTS[1]);
    let count = inputs.len();
    let mut seeds: Vec<(String, String)> = MORE.map(|(path, text)| (path.to_owned(), text.to_owned())).to_vec();
    let fixture = Path::new("fixtures/deploy/bad");
    add_files(fixture, fixture, &mut seeds);
    assert!(seeds.len() > 12, "the fixture has files: {seeds:?}");
    let (folders, start) = (tempfile::tempdir().unwrap(), Instant::now());
    let answers = inputs.into_par_iter().map(|number| {
        let mut random = Random::new(number);
        let (path, text) = &seeds[number % seeds.len()];
        let other = &seeds[random.below(seeds.len())].1;
        let bytes = mutate(&mut random, text, other);
        let begin = Instant::now();
        let folder = folders.path().join(number.to_string());
        let run = || check(&folder, &seeds, (path, &bytes));
        let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_message(&*panic)));
        let result = result.and_then(|answers| match begin.elapsed() {
            took if took > PATIENCE => Err(format!("took {took:?}")),
            _ => Ok(answers),
        });
        fs::remove_dir_all(&folder).unwrap();
        result.map_err(|why| {
            format!("{} ({path}): {why}\n--- input\n{}", tier::input_name(number), String::from_utf8_lossy(&bytes))
        })
    });
    let answers: usize =
        answers.collect::<Result<Vec<usize>, String>>().unwrap_or_else(|failed| panic!("{failed}")).iter().sum();
    let seconds = start.elapsed().as_secs_f64();
    writeln!(std::io::stdout(), "{count} mutated deployments in {seconds:.1} s, {answers} answers").unwrap();
    assert!(answers > count, "too few services are judged");
}

/// Adds the files below a folder, by their paths below another one.
fn add_files(folder: &Path, top: &Path, files: &mut Vec<(String, String)>) {
    let mut entries: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    entries.sort();
    for path in entries {
        if path.is_dir() {
            add_files(&path, top, files);
        } else {
            let below = path.strip_prefix(top).unwrap().to_str().unwrap().to_owned();
            files.push((below, fs::read_to_string(&path).unwrap()));
        }
    }
}

/// The number of services that are judged where one file of a repository is another one.
fn check(folder: &Path, seeds: &[(String, String)], (changed, bytes): (&str, &[u8])) -> Result<usize, String> {
    for (path, text) in seeds {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, if path == changed { bytes } else { text.as_bytes() }).unwrap();
    }
    let policies: Policies = Selection::new(&["all".to_owned()], &[]).map_err(|error| error.to_string())?.into();
    let request = GatherRequest {
        path: folder.to_owned(),
        pipelines: PipelineSelection::All,
        today: Date::parse("2026-11-20"),
        ..GatherRequest::new(&AllRules)
    };
    let mut inputs = gather(&request).map_err(|error| error.to_string())?;
    add_migrations(&mut inputs, folder, MigrationBase::Newest).map_err(|error| error.to_string())?;
    add_migration_findings(&mut inputs, false);
    let lint = InputAudit::new(&inputs).lint(&policies);
    let replacements = audit::service_replacements(&inputs, &lint);
    let result = DeployCheckResult {
        report: &lint,
        replacements: &replacements,
        migrations: inputs.migrations.as_deref(),
        has_backup: audit::has_database_backup(&inputs),
    };
    let base = PathBase::default();
    let run = ReportRun { command: "lint", report: &lint, exit: 1, base: &base };
    report::deploy_check(&run, &result, Medium::Html).write(Medium::Html, Layout::PLAIN);
    serde_json::from_str::<serde_json::Value>(&report::deploy_check_json(&result))
        .map_err(|error| error.to_string())?;
    Ok(replacements.len())
}
