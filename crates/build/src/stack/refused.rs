//! What `docker compose up` refuses in a service that `docker compose config` takes.

use crate::compose::project::ComposeValue;

/// `start_interval` of a healthcheck without `start_period`, which Compose refuses when it creates the container.
pub fn lone_start_interval(service: &ComposeValue) -> Option<&ComposeValue> {
    let check = service.get("healthcheck")?;
    let is_set = |key: &str| check.get(key).is_some_and(|value| !value.is_null());
    check.get("start_interval").filter(|interval| !interval.is_null() && !is_set("start_period"))
}
