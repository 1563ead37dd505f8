//! What is said of health checks on the Sametime port.

use crate::diagnose::words::{HealthChecks, Words};
use serde::Serialize;

/// Sources look at a steady period whether the port is open.
#[derive(Debug, Clone, Serialize)]
#[serde(transparent)]
pub(crate) struct PortChecks(pub HealthChecks);

impl Words for PortChecks {
    fn title(&self) -> String {
        format!("Health checks of the Sametime port from {}: not users", self.0.sources())
    }

    fn explanation(&self) -> String {
        self.0.to_string()
    }
}
