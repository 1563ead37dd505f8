//! From facts to findings: rules, guards, scores and precedence. Sees the model only, never packets.
