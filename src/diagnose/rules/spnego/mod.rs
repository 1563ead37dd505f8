//! Windows sign-on: Negotiate (SPNEGO), Kerberos and NTLM.

pub(super) mod ntlm;
pub(super) mod ticket_refused;
