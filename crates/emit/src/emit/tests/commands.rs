//! What starts the programs whose images start nothing.

use super::{PYTHON, emitted, service};

#[test]
fn the_source_that_does_something_when_it_is_run_is_started() {
    let bot = "import os, telebot\n\nbot = telebot.TeleBot(os.environ['BOT_TOKEN'])\n\nif __name__ == \"__main__\":\n    bot.polling()\n";
    let with = |image: &str, sources: &[(&str, &str)]| {
        let files = [&[("Dockerfile", image), ("requirements.txt", "pyTelegramBotAPI\n")][..], sources].concat();
        emitted(&files, &[])
    };
    let image = format!("{PYTHON}RUN pip install -r requirements.txt\n");
    let (text, _) = with(&image, &[("bot.py", bot), ("keys.py", "x = 1\n")]);
    assert!(text.contains("command: [\"python\", \"bot.py\"]"), "{text}");
    assert!(service(&text, "app").contains("restart: unless-stopped"), "{text}");
    // Of several, the one with the usual name; else nobody knows which.
    let (text, _) = with(&image, &[("main.py", bot), ("tool.py", bot)]);
    assert!(text.contains("command: [\"python\", \"main.py\"]"), "{text}");
    for sources in [&[("bot.py", bot), ("tool.py", bot)][..], &[("bot/run.py", bot)], &[("keys.py", "x = 1\n")]] {
        let (text, notes) = with(&image, sources);
        assert!(text.is_empty() && notes.contains("starts no program"), "{text}\n{notes}");
    }
    let (text, _) = with(&format!("{image}CMD [\"python\", \"tool.py\"]\n"), &[("main.py", bot), ("tool.py", bot)]);
    assert!(!text.contains("command:"), "{text}");
}

#[test]
fn a_script_that_a_copy_renames_is_read() {
    let image = format!(
        "{PYTHON}RUN pip install django gunicorn psycopg2-binary\nCOPY scripts/entrypoint-auth.sh /entrypoint.sh\nENTRYPOINT [\"/entrypoint.sh\"]\n"
    );
    let settings = "import os\n\nSECRET_KEY = os.environ['SECRET_KEY']\nDATABASES = {'default': {'HOST': os.environ['DB_HOST']}}\n";
    let with = |script: &str| {
        let files = [
            ("Dockerfile", &*image),
            ("scripts/entrypoint-auth.sh", script),
            ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
            ("shop/settings.py", settings),
            ("shop/wsgi.py", "application = get_wsgi_application()\n"),
            ("shop/migrations/0001_initial.py", "class Migration: pass\n"),
        ];
        emitted(&files, &[])
    };
    let serve = "exec gunicorn shop.wsgi:application --bind 0.0.0.0:8000\n";
    let (text, notes) = with(&format!("#!/bin/sh\npython manage.py migrate --noinput\n{serve}"));
    assert!(!text.contains("\"migrate\"") && notes.contains("when it starts"), "{text}\n{notes}");
    assert!(text.contains("8000:8000"), "{text}");
}

#[test]
fn flask_listens_for_others() {
    let with = |command: &str| {
        let image = format!("{PYTHON}RUN pip install flask\n{command}\n");
        let files = [("Dockerfile", &*image), ("app.py", "from flask import Flask\n\napp = Flask(__name__)\n")];
        emitted(&files, &[]).0
    };
    for command in [
        "CMD [\"flask\", \"run\"]",
        "CMD flask --app app run --port 5000",
        "CMD [\"python\", \"-m\", \"flask\", \"run\"]",
    ] {
        assert!(with(command).contains("FLASK_RUN_HOST: \"0.0.0.0\""), "{command}: {}", with(command));
    }
    for command in [
        "CMD [\"flask\", \"run\", \"--host=0.0.0.0\"]",
        "CMD flask run -h 0.0.0.0",
        "ENV FLASK_RUN_HOST=0.0.0.0\nCMD [\"flask\", \"run\"]",
    ] {
        assert!(!with(command).contains("FLASK_RUN_HOST"), "{command}: {}", with(command));
    }
}

#[test]
fn a_job_gets_the_secret_that_its_settings_need() {
    let image = format!(
        "{PYTHON}RUN pip install django gunicorn psycopg2-binary\nCMD [\"gunicorn\", \"shop.wsgi:application\", \"--bind\", \"0.0.0.0:8000\"]\n"
    );
    let settings = "import os\n\nSECRET_KEY = os.getenv('DJANGO_SECRET_KEY')\nDATABASES = {'default': {'ENGINE': 'django.db.backends.postgresql', 'HOST': os.environ['DB_HOST']}}\n";
    let files = [
        ("Dockerfile", &*image),
        ("manage.py", "import os\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\n"),
        ("shop/settings.py", settings),
        (
            "shop/wsgi.py",
            "import os\nfrom shop import settings\nos.environ.setdefault('DJANGO_SETTINGS_MODULE', 'shop.settings')\napplication = get_wsgi_application()\n",
        ),
        ("shop/migrations/0001_initial.py", "class Migration: pass\n"),
        (".env.example", "DJANGO_SECRET_KEY=change\n"),
    ];
    let (text, _) = emitted(&files, &[]);
    assert!(service(&text, "migrate").contains("DJANGO_SECRET_KEY:"), "{text}");
}

#[test]
fn an_image_that_starts_a_source_for_migrations_is_a_job() {
    let dockerfile = |command: &str| {
        format!("FROM node:22-slim\nWORKDIR /app\nCOPY package.json ./\nRUN npm install\nCOPY . .\nCMD {command}\n")
    };
    let server = "const { Pool } = require('pg');\nnew Pool({ connectionString: process.env.DATABASE_URL });\nrequire('express')().listen(3000);\n";
    let emit = |command: &str, migration: (&str, &str)| {
        let files = [
            ("api/Dockerfile", &*dockerfile("[\"node\", \"index.js\"]")),
            ("api/package.json", r#"{"name": "api", "dependencies": {"express": "5", "pg": "8"}}"#),
            ("api/index.js", server),
            ("schema/Dockerfile", &*dockerfile(command)),
            (
                "schema/package.json",
                r#"{"name": "schema", "scripts": {"up": "node migrate.js"}, "dependencies": {"pg": "8"}}"#,
            ),
            migration,
        ];
        emitted(&files, &[]).0
    };
    let source = (
        "schema/migrate.js",
        "const { Client } = require('pg');\nnew Client(process.env.DATABASE_URL).query('create table a (b int)');\n",
    );
    for command in ["[\"node\", \"migrate.js\"]", "[\"npm\", \"run\", \"up\"]"] {
        let text = emit(command, source);
        assert!(service(&text, "schema").contains("restart: \"no\""), "{text}");
        assert!(service(&text, "api").contains("schema:\ncondition: service_completed_successfully"), "{text}");
    }
    // A server of this name does not end.
    let other = (
        "schema/migrator.js",
        "const { Client } = require('pg');\nnew Client(process.env.DATABASE_URL);\nrequire('http').createServer().listen(4000);\n",
    );
    let text = emit("[\"node\", \"migrator.js\"]", other);
    assert!(!service(&text, "api").contains("service_completed_successfully"), "{text}");
}
