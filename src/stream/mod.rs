//! TCP: sequence arithmetic, reassembly, gaps, teardown, and the table of flows with its limits.
