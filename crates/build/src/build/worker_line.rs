//! Command lines that start workers (`data/worker_programs.tsv`), told apart from those that start what plans their tasks
//! (`data/scheduler_programs.tsv`).

use crate::data;
use crate::shell::program::options::ProgramOptions;
use crate::text::path;

/// A command line that starts a worker.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct WorkerLine {
    /// The row of `data/worker_programs.tsv`.
    pub row: data::Row,
    words: Vec<String>,
}

impl WorkerLine {
    /// The first one in a text: a command, or a script.
    pub fn of(text: &str) -> Option<Self> {
        lines(text).find_map(|line| {
            let row = data::WORKER_PROGRAMS.rows().find(|row| starts(&line, row[1], row[3]))?;
            Some(Self { row, words: words(&line).map(str::to_owned).collect() })
        })
    }

    /// What it names in the place of the row's `{module}`: `shop.celery:app` of `celery -A shop.celery:app worker`.
    pub fn object(&self) -> Option<&str> {
        let template: Vec<&str> = self.row[3].split(' ').collect();
        let at = template.iter().position(|word| word.contains('{'))?;
        let before = template.get(at.checked_sub(1)?)?;
        let words = || self.words.iter().map(String::as_str);
        if !before.starts_with('-') {
            let mut rest = words().skip_while(|word| path::name(word).trim_end_matches(".py") != *before).skip(1);
            return rest.find(|word| !word.starts_with('-'));
        }
        let options = [*before, "--app"];
        let mut rest = words().skip_while(|word| !options.contains(word));
        let value = words().find_map(|word| word.strip_prefix("--app="));
        rest.nth(1).or(value)
    }

    /// The words of a check that asks this worker, by the program as the line calls it; `None` where none is known, or it
    /// reads a variable of the container that is not set.
    pub fn check(&self, is_set: &dyn Fn(&str) -> bool) -> Option<Vec<String>> {
        let check: Vec<String> = serde_json::from_str(self.row[4]).ok()?;
        let template = self.row[3].split(' ').find(|word| word.contains('{')).unwrap_or("{}");
        let is_open = self.row[4].contains('{');
        let object = self.object().filter(|object| !object.contains(['$', '{']));
        if self.is_renamed() || is_open && object.is_none() {
            return None;
        }
        let read = self.row[4].split("os.environ['").skip(1).filter_map(|rest| rest.split('\'').next());
        if !read.into_iter().all(is_set) {
            return None;
        }
        let mut words: Vec<String> =
            check.iter().map(|word| word.replace(template, object.unwrap_or_default())).collect();
        let at = self.words.iter().position(|word| path::name(word) == words[0])?;
        words[0].clone_from(&self.words[at]);
        // What runs the program runs its check too: `uv run`.
        let before = self.words[..at].iter().skip_while(|word| *word == "exec");
        let before: Vec<&str> = before.map(String::as_str).collect();
        let is_runner = before.is_empty() || is_runner(&before);
        is_runner.then(|| before.iter().map(|word| (*word).to_owned()).chain(words).collect())
    }

    /// Whether a check, as planned for a worker of the same program, asks this one.
    pub fn is_asked_by(&self, check: &str) -> bool {
        let is_own = check.contains(self.row[1]) && !self.is_renamed();
        // What has no check of its own is asked through a module of ours, which must start it.
        let hook = self.row[4] != "-" || self.object().is_some_and(|object| object.starts_with("taskiq_ready:"));
        let is_object = !self.row[4].contains('{') || self.object().is_none_or(|object| check.contains(object));
        is_own && hook && is_object
    }

    /// Whether it has a name of its own, under which its check does not look for it.
    pub fn is_renamed(&self) -> bool {
        let mut options = data::words(self.row[6]);
        options.any(|option| self.words.iter().any(|word| word.split('=').next() == Some(option)))
    }
}

/// Whether words in front of a program run it, with options of their own alone: `uv run --package jobs --no-sync`.
fn is_runner(words: &[&str]) -> bool {
    let [program, rest @ ..] = words else { return false };
    let options = ProgramOptions::of(program);
    let (mut at, mut verbs) = (0, 0);
    while let Some(word) = rest.get(at) {
        match word.starts_with('-') {
            true if *word != "--" => at += options.word_count(word),
            true => at += 1,
            false if options.has(word, "run") && verbs == 0 => (verbs, at) = (1, at + 1),
            false => return false,
        }
    }
    verbs == 1
}

/// Whether a command line, or a line of a script, starts a worker: `celery -A shop worker`, and not `celery -A worker beat`.
pub fn starts_worker(text: &str) -> bool {
    WorkerLine::of(text).is_some()
}

/// Whether what a text starts last is a worker.
pub fn ends_with_worker(text: &str) -> bool {
    lines(text).filter(|line| !line.trim().is_empty()).last().is_some_and(|line| starts_worker(&line))
}

/// Whether what a text starts last plans the tasks of workers.
pub fn ends_with_scheduler(text: &str) -> bool {
    lines(text).filter(|line| !line.trim().is_empty()).last().is_some_and(|line| starts_scheduler(&line))
}

/// Whether a command line, or a line of a script, starts what plans the tasks of workers: `celery -A shop beat`.
pub fn starts_scheduler(text: &str) -> bool {
    let mut lines = lines(text);
    lines.any(|line| data::SCHEDULER_PROGRAMS.keys().any(|command| starts(&line, command, command)))
        && !starts_worker(text)
}

fn lines(text: &str) -> impl Iterator<Item = String> {
    let text = text.replace("\\\n", " ");
    let lines: Vec<String> =
        text.lines().filter(|line| !line.trim_start().starts_with('#')).map(str::to_owned).collect();
    lines.into_iter()
}

fn words(line: &str) -> impl Iterator<Item = &str> {
    line.split(|c: char| c.is_whitespace() || "\"'[],;&|()".contains(c)).filter(|word| !word.is_empty())
}

/// Whether a line has the words of a command, from the one on that begins with `first`.
fn starts(line: &str, first: &str, command: &str) -> bool {
    // What stands before the program runs it: `bundle exec`.
    let first = first.split(' ').next().unwrap_or(first);
    let mut wanted: Vec<&str> = command.split(' ').skip_while(|word| !word.starts_with(first)).collect();
    if wanted.is_empty() {
        // A command of the project: `python manage.py run_huey`.
        wanted = command.split(' ').skip(1).map(|word| word.trim_end_matches(".py")).collect();
    }
    let wanted = wanted.into_iter().filter(|word| !word.contains('{') && !word.starts_with('-'));
    let mut wanted = wanted.take(2).peekable();
    let mut is_value = false;
    for word in words(line) {
        // What follows an option may be its value.
        let is_argument = !is_value && !word.starts_with('-');
        is_value = word.starts_with('-') && !word.contains('=') && wanted.peek() != Some(&first) && word != "-m";
        let name = path::name(word).trim_end_matches(".py");
        if is_argument && wanted.peek() == Some(&name) {
            wanted.next();
            if wanted.peek().is_none() {
                return true;
            }
        }
    }
    false
}

#[cfg(test)]
mod tests {
    use super::{WorkerLine, ends_with_worker, starts_scheduler, starts_worker};

    #[test]
    fn checks_call_the_program_as_the_line_does() {
        let check =
            |text: &str| WorkerLine::of(text).and_then(|line| line.check(&|_| false)).map(|words| words.join(" "));
        let ping = "-A shop inspect ping -d celery@$HOSTNAME -t 5";
        assert_eq!(check("celery -A shop worker -l info"), Some(format!("celery {ping}")));
        for runner in ["uv run", "uv run --no-sync", "uv --project jobs run --package jobs --frozen", "bundle exec"] {
            assert_eq!(check(&format!("{runner} celery -A shop worker")), Some(format!("{runner} celery {ping}")));
        }
        assert_eq!(
            check("[\"/venv/bin/celery\", \"-A\", \"shop\", \"worker\"]"),
            Some(format!("/venv/bin/celery {ping}"))
        );
        assert_eq!(check("arq jobs.WorkerSettings").as_deref(), Some("arq --check jobs.WorkerSettings"));
        for other in
            ["celery -A shop worker -n x@%h", "celery -A $APP worker", "cd /app && celery -A shop worker", "rq worker"]
        {
            assert_eq!(check(other), None, "{other}");
        }
    }

    #[test]
    fn workers_are_told_from_what_plans_their_tasks() {
        for line in [
            "celery -A shop worker --loglevel=info",
            "[\"celery\", \"--app\", \"shop\", \"worker\"]",
            "#!/bin/sh\nset -e\nexec /venv/bin/celery \\\n  -A worker worker",
            "python -m celery -A shop worker",
            "uv run arq app.tasks.WorkerSettings",
            "bundle exec sidekiq -C config/sidekiq.yml",
            "taskiq worker shop.tasks:broker",
            "rq worker --url redis://redis high",
            "huey_consumer.py shop.huey -w 4",
            "dramatiq shop.tasks --processes 2",
            "python manage.py run_huey",
            "[\"python\", \"/srv/manage.py\", \"rundramatiq\", \"--threads\", \"2\"]",
            "./manage.py rqworker default",
            "uv run python manage.py qcluster",
        ] {
            assert!(starts_worker(line) && !starts_scheduler(line), "{line}");
        }
        for line in [
            "celery -A worker beat",
            "celery --app=worker beat -l info",
            "# celery -A shop worker\ncelery -A shop beat",
            "taskiq scheduler shop.tasks:scheduler",
            "rqscheduler --host redis",
        ] {
            assert!(!starts_worker(line) && starts_scheduler(line), "{line}");
        }
        for line in [
            "bundle exec puma -C config/puma.rb",
            "celery -A shop flower",
            "[\"python\", \"worker.py\"]",
            "rq info",
            "gunicorn shop.beat:app",
            "python manage.py runserver",
        ] {
            assert!(!starts_worker(line) && !starts_scheduler(line), "{line}");
        }
        assert!(ends_with_worker("python migrate.py\nexec celery -A shop worker\n\n"));
        assert!(!ends_with_worker("celery -A shop worker &\nexec gunicorn shop.wsgi\n"));
    }

    #[test]
    fn a_worker_is_asked_for_under_the_name_that_it_has() {
        for (line, object, is_renamed) in [
            ("celery -A shop worker", Some("shop"), false),
            ("[\"celery\", \"--app=shop.tasks:app\", \"worker\"]", Some("shop.tasks:app"), false),
            ("celery --app shop worker -n high@%h", Some("shop"), true),
            ("celery -A shop worker --hostname=low@%h", Some("shop"), true),
            ("uv run arq app.cron.CronSettings", Some("app.cron.CronSettings"), false),
            ("rq worker --name first high", None, true),
            ("bundle exec sidekiq", None, false),
        ] {
            let known = WorkerLine::of(line).unwrap();
            assert_eq!((known.object(), known.is_renamed()), (object, is_renamed), "{line}");
        }
    }
}
