//! Rules about the checks of ECS.

use crate::finding::Findings;
use crate::rules::workload_context::WorkloadContext;
use crate::workload::{Platform, Setting};

crate::rules::family! {
    of_workload
    "ecs-image-healthcheck-ignored" => ecs_image_healthcheck_ignored;
    "ecs-range" => ecs_range;
}

/// ECS runs the check of the task definition alone.
fn ecs_image_healthcheck_ignored(cx: &WorkloadContext, out: &mut Findings) {
    for (workload, container) in cx.containers() {
        // A target group asks by itself.
        let is_meant = workload.platform == Platform::Ecs && container.check.is_absent();
        if !is_meant || !cx.links(workload, container).is_empty() {
            continue;
        }
        let Some(program) = cx.program(workload, container) else { continue };
        let checks = program.checks();
        let Some(check) = checks.iter().find(|check| check.is_of_image) else { continue };
        let message = format!(
            "ECS does not run the HEALTHCHECK of `{}` ({}): a hung container counts as running",
            program.name(),
            check.place
        );
        let help = "write its command as `healthCheck` of the container";
        out.push(cx.finding(container.span, message).help(help));
    }
}

/// A number outside of what ECS takes (AWS docs: API reference, `HealthCheck`).
fn ecs_range(cx: &WorkloadContext, out: &mut Findings) {
    for (_, container) in cx.containers() {
        let Some(check) = container.check.value() else { continue };
        let settings = [
            ("interval", &check.interval, 5, 300),
            ("timeout", &check.timeout, 2, 60),
            ("retries", &check.retries, 1, 10),
            ("startPeriod", &check.start_period, 0, 300),
        ];
        for (name, setting, lowest, highest) in settings {
            let Setting::Known(value, span) = *setting else { continue };
            if (lowest..=highest).contains(&value) {
                continue;
            }
            let message =
                format!("ECS refuses `{name}: {value}` of `{}`: it takes {lowest} to {highest}", container.name);
            out.push(cx.finding(span, message).help(format!("write `{}`", value.clamp(lowest, highest))));
        }
    }
}
