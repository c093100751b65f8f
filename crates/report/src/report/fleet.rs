//! Many repositories and images.

mod run;

pub use self::run::fleet_run;
