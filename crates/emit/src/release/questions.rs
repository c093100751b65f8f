//! What nobody said, with what would answer it.

use super::facts::{DeploymentFacts, DeploymentTool, ImageFacts, MigrationEffect, ServiceFacts};
use super::plan::{OpenQuestion, PlanStep};
use super::record::DeploymentPhase;
use super::watch::last_good;
use crate::text::{bytes, listed};

/// The questions that a plan asks, by topic.
struct Questions(Vec<OpenQuestion>);

impl Questions {
    fn ask(&mut self, is_open: bool, text: impl Into<String>, answer: impl Into<String>) {
        if is_open {
            self.0.push(OpenQuestion { text: text.into(), answer: answer.into() });
        }
    }
}

pub(super) fn questions(facts: &DeploymentFacts, steps: &[PlanStep]) -> Vec<OpenQuestion> {
    let mut questions = Questions(Vec::new());
    of_images(facts, &mut questions);
    of_changes(facts, &mut questions);
    of_migrations(facts, &mut questions);
    of_services(facts, &mut questions);
    of_times(facts, steps, &mut questions);
    of_people(facts, &mut questions);
    questions.0
}

fn of_images(facts: &DeploymentFacts, questions: &mut Questions) {
    let where_to_ask =
        "make the plan where the engine of the host answers (`DOCKER_HOST`), or name the image with `--from`";
    questions.ask(facts.from.is_none(), "Which image is in service?", where_to_ask);
    questions.ask(facts.to.is_none(), "Which image is deployed?", "name it with `--to`");
    for (name, image) in [("image in service", &facts.from), ("new image", &facts.to)] {
        let Some(image) = image else { continue };
        of_image(name, image, questions);
    }
    of_new_image(facts, questions);
    let is_unread = facts.from.is_some() && facts.to.is_some();
    questions.ask(
        is_unread && facts.difference.as_ref().is_none_or(|difference| difference.bytes.is_none()),
        "What do the contents of the new image change?",
        "make the plan where the contents of both images can be read: on the engine, or in the registry",
    );
    questions.ask(
        facts.pull.is_none(),
        "How much of the new image does the host have to pull, and is there room for it?",
        "make the plan where the engine of the host answers; `docker system df` shows the room",
    );
    if let Some(pull) = facts.pull.as_ref().filter(|pull| !pull.is_there) {
        questions.ask(
            true,
            format!("How long does the host take to pull {}, and is there room for it?", bytes(pull.bytes)),
            "pull it before: `time docker pull` changes nothing in service; `docker system df` shows the room",
        );
    }
}

/// What a person has to look at in the new image.
fn of_new_image(facts: &DeploymentFacts, questions: &mut Questions) {
    let Some(image) = &facts.to else { return };
    questions.ask(
        image.secrets.is_some_and(|count| count > 0),
        "Which secret lies in the new image, and is it still valid?",
        format!("`dockopt image {}` says where; a new value, and a secret mount in its build", image.reference),
    );
    let last = facts.earlier.iter().rfind(|earlier| !earlier.is_copy);
    if let Some(last) = last.filter(|last| last.is_rollback || last.exit != 0) {
        let (what, image) =
            if last.is_rollback { ("taken back", &last.from) } else { ("not brought into service", &last.to) };
        let text = format!("Why was `{image}` {what} on {}, and is that cured?", last.time);
        questions.ask(true, text, "the record does not say: ask who did it, or the log of the pipeline");
    }
    questions.ask(
        !facts.left_out.is_empty(),
        "Do the services that stay as they are work with the new version?",
        "the notes below name them: a test of both together, such as that of a staging host",
    );
    questions.ask(facts.engine.is_none(), "On which host is it carried out?", "make the plan where its engine answers");
    questions.ask(
        facts.engine.is_some() && facts.is_deploying.is_none(),
        "Does another deployment of the project run?",
        "`docker ps` shows a container whose name ends in `-deploy-lock` then",
    );
}

fn of_image(name: &str, image: &ImageFacts, questions: &mut Questions) {
    let label =
        |label: &str| format!("build it with `--label org.opencontainers.image.{label}=…`, or ask who built it");
    questions.ask(image.revision.is_none(), format!("Of which commit is the {name}?"), label("revision"));
    questions.ask(image.version.is_none(), format!("Which version is the {name}?"), label("version"));
    questions.ask(image.created.is_none(), format!("When was the {name} made?"), label("created"));
    questions.ask(
        image.bytes.is_none() || image.waste.is_none() || image.secrets.is_none(),
        format!("What is in the {name}: how large is it, and are there secrets in it?"),
        format!("`dockopt image {}`", image.reference),
    );
}

fn of_changes(facts: &DeploymentFacts, questions: &mut Questions) {
    questions.ask(
        facts.commits.is_none(),
        "Which commits does the new version bring?",
        "labels `org.opencontainers.image.revision` on both images, and a clone of the repository that has both commits",
    );
    let sources = "make the plan in a clone of the repository";
    match &facts.variables {
        None => questions.ask(true, "Which variables does the new version read, and are all of them set?", sources),
        Some(variables) => questions.ask(
            variables.new.is_none() || variables.gone.is_none(),
            "Which variables does the new version read that the one in service does not?",
            "a label `org.opencontainers.image.revision` on the image in service, and a clone that has its commit",
        ),
    }
}

fn of_migrations(facts: &DeploymentFacts, questions: &mut Questions) {
    let Some(migrations) = &facts.migrations else {
        let answer = "a label `org.opencontainers.image.revision` on the image in service and a clone that has its commit, or \
                      images that have the migrations in them";
        questions.ask(
            true,
            "Which migrations does the new version bring, and can the old version work behind them?",
            answer,
        );
        return;
    };
    let effect = migrations.effect();
    let is_called = effect.is_some() && !migrations.runs_at_start;
    match facts.tool {
        DeploymentTool::Haproxy => questions.ask(
            is_called && migrations.command.is_none(),
            "Which command migrates the database?",
            "name it with `--migrate`: it runs in a container of the new image, before others are started",
        ),
        DeploymentTool::Swarm => questions.ask(
            is_called,
            "What migrates the database in the swarm?",
            "a service with `mode: replicated-job` of the new image, or a program that migrates when it starts",
        ),
    }
    questions.ask(
        effect.is_some(),
        "At which revision is the database, how large are the tables that change, and how long does the migration take?",
        "what the tool of the migrations says (`alembic current`), and a run on a copy of the database",
    );
    for migration in migrations.new.iter().filter(|migration| migration.effect == MigrationEffect::Unknown) {
        let answer = "read it: code and SQL that dockopt does not read may take something away";
        questions.ask(true, format!("Does the old version work behind {}?", migration.path), answer);
    }
    let takes_away = effect.is_some_and(|effect| effect != MigrationEffect::Expand);
    let answer = if migrations.has_backup {
        "name it with `--backup`; a script of the project does it"
    } else {
        "name it with `--backup`: `pg_dump`, `mysqldump`, a snapshot of the volume"
    };
    questions.ask(takes_away && facts.answers.backup.is_none(), "Which command backs up the database?", answer);
}

fn of_services(facts: &DeploymentFacts, questions: &mut Questions) {
    let write = "write the files with `dockopt deploy emit --write`";
    questions.ask(facts.script.is_none(), "What replaces the containers?", write);
    let names = |is_asked: &dyn Fn(&&ServiceFacts) -> bool| {
        let services = facts.services.iter().filter(is_asked).map(|service| service.name.as_str());
        listed(&services.collect::<Vec<_>>())
    };
    let mut ask = |is_asked: &dyn Fn(&&ServiceFacts) -> bool, text: &str, answer: &str| {
        let services = names(is_asked);
        questions.ask(!services.is_empty(), text.replace("{}", &services), answer);
    };
    ask(
        &|service| service.check.is_none(),
        "When is {} ready?",
        "a health check in the compose file: `dockopt compose emit` writes one",
    );
    ask(
        &|service| service.check.as_ref().is_some_and(|check| check.command.is_none()),
        "What does the health check of {} ask?",
        "the image's HEALTHCHECK: make the plan where the image can be read",
    );
    ask(
        &|service| !service.ports.is_empty() && (service.published.is_empty() || service.check_path.is_none()),
        "Under which address do users reach {}, and what does it answer when it is well?",
        "a port of the host and a path in the health check; behind a proxy, the address of the site",
    );
    ask(
        &|service| service.memory.is_none(),
        "Is there memory for twice the containers of {} while both versions run?",
        "`docker stats` of the containers in service, or limits in the compose file (`mem_limit`)",
    );
}

fn of_times(facts: &DeploymentFacts, steps: &[PlanStep], questions: &mut Questions) {
    let is_open = |step: &&PlanStep| {
        // Of a migration something else is asked.
        let is_part = !step.phases.is_empty() && step.phases != [DeploymentPhase::Migrate];
        is_part && step.seconds.as_ref().is_none_or(|seconds| seconds.at_most.is_none())
    };
    let open: Vec<&str> = steps.iter().filter(is_open).map(|step| step.number.as_str()).collect();
    let answer = "a deployment on record (`deploy/record.jsonl`), or `dockopt deploy verify` on a copy";
    questions.ask(!open.is_empty(), format!("How long do the steps {} take?", open.join(", ")), answer);
    let is_slow_start = |service: &&ServiceFacts| facts.earlier.is_empty() && service.ready_seconds.is_none();
    let starts: Vec<&str> = facts.services.iter().filter(is_slow_start).map(|service| service.name.as_str()).collect();
    questions.ask(!starts.is_empty(), format!("How long does {} take to be ready?", listed(&starts)), answer);
    questions.ask(
        facts.earlier.iter().all(|earlier| earlier.is_copy),
        "How did earlier deployments go?",
        "the record of the script: the first deployment begins it",
    );
    let has_baseline = last_good(facts).is_some_and(|last| last.milliseconds.is_some() && last.requests.is_some());
    questions.ask(
        !has_baseline,
        "How often does the version in service fail, and how fast does it answer?",
        "a deployment on record: the script counts errors and times while it watches; else the metrics of the site",
    );
}

fn of_people(facts: &DeploymentFacts, questions: &mut Questions) {
    let answers = &facts.answers;
    questions.ask(facts.begin.is_none(), "When does it begin?", "name it with `--at`");
    questions.ask(answers.approver.is_none(), "Who approves it?", "name them with `--approver`");
    questions.ask(
        answers.monitor.is_none(),
        "Where are errors of users seen, and how long does somebody watch behind the end?",
        "say it with `--monitor`",
    );
    questions.ask(
        answers.smoke.is_none(),
        "Which command tests a new container before it gets requests?",
        "name it with `--smoke`: it runs in the new container; without one, the health check is all that is asked",
    );
    questions.ask(
        answers.notify.is_none(),
        "Who is told the result?",
        "name a command with `--notify`: it gets RESULT",
    );
    let answer = "`dockopt ci emit` writes a pipeline that tests and starts images before they get a tag";
    questions.ask(facts.pipelines.is_empty(), "What tested the new image?", answer);
    questions.ask(
        !facts.pipelines.is_empty() && !answers.has_passed,
        format!(
            "Did {} pass for the new image?",
            listed(&facts.pipelines.iter().map(String::as_str).collect::<Vec<_>>())
        ),
        "look at the run of its commit, and say so with `--passed`",
    );
    let has_rollback = facts.earlier.iter().any(|earlier| earlier.is_rollback && earlier.exit == 0);
    questions.ask(
        !has_rollback,
        "Was a rollback ever tried?",
        "`dockopt deploy verify` goes back on a copy, under load; a rollback on record answers it too",
    );
}
