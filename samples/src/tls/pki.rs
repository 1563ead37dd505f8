//! Demo certificates, made once by `pki/make.sh`.

use rustls::RootCertStore;
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};

/// What a server shows of itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Presents {
    /// A certificate for {meet, chat, sip, portal}.example.com by the root that clients trust; until 2026-05-06.
    Good,
    /// A certificate for those names that ended on 2025-02-01.
    Expired,
    /// One for stcomm7.example.net.
    OtherName,
    /// One by an issuing authority, without that authority's own: clients do not know who issued it.
    ChainCut,
    /// A certificate of that authority together with the authority's own, as it should be.
    Chain,
}

impl Presents {
    pub(super) fn chain(self) -> Vec<CertificateDer<'static>> {
        let issued = include_str!("pki/issued.pem");
        let files: &[&str] = match self {
            Self::Good => &[include_str!("pki/server.pem")],
            Self::Expired => &[include_str!("pki/expired.pem")],
            Self::OtherName => &[include_str!("pki/other.pem")],
            Self::ChainCut => &[issued],
            Self::Chain => &[issued, include_str!("pki/issuing.pem")],
        };
        files.iter().copied().map(certificate).collect()
    }
}

/// What clients and servers trust.
pub(super) fn roots() -> RootCertStore {
    let mut roots = RootCertStore::empty();
    roots.add(certificate(include_str!("pki/root.pem"))).expect("a root certificate");
    roots
}

/// The certificate of the user.
pub(super) fn client() -> CertificateDer<'static> {
    certificate(include_str!("pki/client.pem"))
}

/// The key of all certificates but those of authorities.
pub(super) fn key() -> PrivateKeyDer<'static> {
    PrivateKeyDer::from_pem_slice(include_bytes!("pki/demo.key")).expect("a key in PEM")
}

fn certificate(pem: &str) -> CertificateDer<'static> {
    CertificateDer::from_pem_slice(pem.as_bytes()).expect("a certificate in PEM")
}
