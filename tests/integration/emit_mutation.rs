//! A repository with sources of several languages, with one file mutated, through `compose emit`: reading of sources, settings and
//! proxies, and what is written. Whatever the input, there is no panic and no hang, and Compose's rules find the file readable. Some
//! dozens of inputs by the day; `DOCKOPT_FULL=1`: some hundreds.

use std::fs;
use std::io::Write;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::Path;
use std::time::{Duration, Instant};

use dockopt::audit::InputAudit;
use dockopt::emit::{EmitInput, EmitOverrides, emit};
use dockopt::load::{FactSelection, GatherRequest, absolute_path, current_folder, gather, variable_input};
use dockopt::rules::AllRules;
use rayon::prelude::*;

use crate::dockopt::panic_message;
use crate::mutation::Random;
use crate::pipeline_mutation::mutate;
use crate::tier;

/// Inputs: always, and with `DOCKOPT_FULL=1`.
const INPUTS: [usize; 2] = [30, 400];

/// What one input may take, without optimization, beside tests that build.
const PATIENCE: Duration = Duration::from_mins(2);

/// The files of the repository.
const SEEDS: [(&str, &str); 14] = [
    (
        "api/Dockerfile",
        "FROM python:3.13-slim\nWORKDIR /app\nCOPY . .\nRUN pip install -r requirements.txt\nEXPOSE 8000\nCMD [\"uvicorn\", \"main:app\", \"--host\", \"0.0.0.0\"]\n",
    ),
    ("api/requirements.txt", "fastapi==0.115.0\nuvicorn\nasyncpg>=0.29\nredis[hiredis]\npydantic-settings\n"),
    (
        "api/main.py",
        "import os\nfrom fastapi import FastAPI\nfrom settings import settings\nimport redis.asyncio as redis\n\napp = FastAPI()\ncache = redis.from_url(os.environ.get('REDIS_URL', 'redis://localhost:6379/0'))\n\n@app.get('/health')\nasync def health():\n    return {'ok': os.environ[\"STAGE\"]}\n",
    ),
    (
        "api/settings.py",
        "from pydantic_settings import BaseSettings\n\nclass Settings(BaseSettings):\n    database_url: str = \"postgresql+asyncpg://app:app@localhost:5432/app\"\n    secret_key: str\n    port: int = int(\"8000\")\n\nsettings = Settings()\n",
    ),
    (
        "api/start.sh",
        "#!/bin/sh\nset -e\nuntil nc -z \"${DB_HOST:-db}\" 5432; do sleep 1; done\necho \"from os import environ\nprint(environ['A'])\" | python -c 'import os; os.environ[\"B\"]'\npython manage.py shell << 'EOF'\nimport os\nEOF\nalembic upgrade head\nexec \"$@\"\n",
    ),
    (
        "api/.env.example",
        "# settings\nDATABASE_URL=postgresql://app:app@localhost:5432/app # local\nSECRET_KEY=\"change me\"\nSTAGE='dev'\n",
    ),
    (
        "web/Dockerfile",
        "FROM node:22 AS build\nWORKDIR /app\nCOPY . .\nARG VITE_API_URL\nRUN npm ci && npm run build\nFROM nginx:1.29\nCOPY --from=build /app/dist /usr/share/nginx/html\nCOPY nginx.conf /etc/nginx/conf.d/default.conf\n",
    ),
    (
        "web/package.json",
        "{\"name\": \"web\", \"scripts\": {\"build\": \"vite build\", \"dev\": \"vite --port 3000\"}, \"dependencies\": {\"react\": \"19\"}, \"devDependencies\": {\"vite\": \"7\"}}\n",
    ),
    (
        "web/vite.config.ts",
        "import { defineConfig } from 'vite';\nexport default defineConfig({ server: { proxy: { '/api': { target: process.env.API || 'http://localhost:8000', changeOrigin: true } } } });\n",
    ),
    (
        "web/src/main.tsx",
        "const url = import.meta.env.VITE_API_URL ?? 'http://localhost:8000';\nfetch(`${url}/api/items`).then((r) => r.json());\n",
    ),
    (
        "web/nginx.conf",
        "upstream app { server api:8000; }\nserver { listen 80; location /api/ { set $t \"api\"; proxy_pass http://app; } location / { try_files $uri /index.html; } }\n",
    ),
    ("worker/Dockerfile", "FROM node:22-slim\nWORKDIR /app\nCOPY . .\nRUN npm ci\nCMD [\"node\", \"index.js\"]\n"),
    (
        "worker/package.json",
        "{\"name\": \"worker\", \"main\": \"index.js\", \"dependencies\": {\"amqplib\": \"0.10\", \"express\": \"5\", \"pg\": \"8\"}}\n",
    ),
    (
        "worker/index.js",
        "const amqp = require('amqplib');\nconst { Pool } = require('pg');\nconst express = require('express');\nconst { PORT = 4000, QUEUE } = process.env;\nconst pool = new Pool({ host: process.env.PGHOST || 'localhost', user: process.env[\"PGUSER\"] });\namqp.connect(process.env.RABBITMQ_URL || 'amqp://guest:guest@localhost').then((c) => c.createChannel());\nconst app = express();\napp.get('/healthz', (req, res) => res.send('ok'));\napp.listen(PORT);\n",
    ),
];

#[test]
fn mutated_repositories_are_survived() {
    let inputs = tier::inputs(INPUTS[0], INPUTS[1]);
    let count = inputs.len();
    let (folders, start) = (tempfile::tempdir().unwrap(), Instant::now());
    let services = inputs.into_par_iter().map(|number| {
        let mut random = Random::new(number);
        let (path, text) = SEEDS[number % SEEDS.len()];
        let other = SEEDS[random.below(SEEDS.len())].1;
        let bytes = mutate(&mut random, text, other);
        let begin = Instant::now();
        let folder = folders.path().join(number.to_string());
        let run = || emitted(&folder, (path, &bytes));
        let result = catch_unwind(AssertUnwindSafe(run)).unwrap_or_else(|panic| Err(panic_message(&*panic)));
        let result = result.and_then(|services| match begin.elapsed() {
            took if took > PATIENCE => Err(format!("took {took:?}")),
            _ => Ok(services),
        });
        fs::remove_dir_all(&folder).unwrap();
        result.map_err(|why| {
            format!("{} ({path}): {why}\n--- input\n{}", tier::input_name(number), String::from_utf8_lossy(&bytes))
        })
    });
    let services: usize =
        services.collect::<Result<Vec<usize>, String>>().unwrap_or_else(|failed| panic!("{failed}")).iter().sum();
    let seconds = start.elapsed().as_secs_f64();
    writeln!(std::io::stdout(), "{count} mutated repositories in {seconds:.1} s, {services} services").unwrap();
    assert!(services > 3 * count, "too few services are written");
}

/// The number of services that are written where one file of the repository is another one.
fn emitted(folder: &Path, (changed, bytes): (&str, &[u8])) -> Result<usize, String> {
    for (path, text) in SEEDS {
        let file = folder.join(path);
        fs::create_dir_all(file.parent().unwrap()).unwrap();
        fs::write(file, if path == changed { bytes } else { text.as_bytes() }).unwrap();
    }
    let request =
        GatherRequest { path: folder.to_owned(), wants: FactSelection::Columns, ..GatherRequest::new(&AllRules) };
    let inputs = gather(&request).map_err(|error| error.to_string())?;
    let files = variable_input(&[folder.to_owned()], &inputs);
    let current = current_folder();
    let project = absolute_path(&current, folder);
    let current = current.to_string_lossy();
    let audit = InputAudit::new(&inputs);
    let emission = emit(&EmitInput {
        inputs: &inputs,
        files: &files,
        examples: &dockopt::variables::example_variables(&files),
        faulty_checks: &audit.faulty_checks(),
        git_ignored: None,
        folder: &project,
        current: &current,
        existing: None,
        overrides: EmitOverrides::default(),
    });
    if let Some(what) = emission.failure {
        return Err(what);
    }
    let compose = emission.files.iter().find(|file| file.path.ends_with("compose.yaml"));
    let text = compose.map_or("", |file| file.text.as_str());
    let services =
        text.lines().filter(|line| line.starts_with("  ") && !line.starts_with("   ") && line.ends_with(':'));
    Ok(services.count())
}
