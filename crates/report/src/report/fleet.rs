//! Many repositories and images: what a run did, and what all results say together.

mod csv;
mod json;
mod page;
mod run;
mod sarif;
mod view;

pub use self::csv::{FleetTable, fleet_csv};
pub use self::json::fleet_report_json;
pub use self::page::fleet_report;
pub use self::run::fleet_run;
pub use self::sarif::fleet_sarif;
pub use self::view::FleetView;
