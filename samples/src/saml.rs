//! Messages of SAML 2.0 as browsers carry them, unsigned.

use crate::time::civil;
use crate::wire::len16;
use base64::Engine;
use base64::prelude::BASE64_STANDARD;

/// What a response says.
#[derive(Debug, Clone, Copy)]
pub struct Response<'s> {
    /// ID of the request that it answers.
    pub answers: &'s str,
    /// Entity id of the provider.
    pub issuer: &'s str,
    /// Entity id of the application.
    pub audience: &'s str,
    /// Address to which it is sent.
    pub recipient: &'s str,
    /// Last word of the status: `Success`, `Responder`.
    pub status: &'s str,
    /// The user.
    pub user: &'s str,
    /// Beginning of the assertion in nanoseconds since 1970.
    pub from: u64,
    /// Its end.
    pub until: u64,
}

impl Response<'_> {
    /// The field `SAMLResponse` of a form.
    pub fn form(&self) -> String {
        let Self { answers, issuer, audience, recipient, user, .. } = *self;
        let (from, until) = (written(self.from), written(self.until));
        let recipient = recipient.replace('&', "&amp;");
        let code = |status: &str, inner: &str| {
            format!(
                "<samlp:StatusCode Value=\"urn:oasis:names:tc:SAML:2.0:status:{status}\">{inner}</samlp:StatusCode>"
            )
        };
        let status = match self.status {
            "Success" => code("Success", ""),
            other => code(other, &code("AuthnFailed", "")),
        };
        let assertion = if self.status == "Success" {
            format!(
                "<saml:Assertion ID=\"_a1\" Version=\"2.0\"><saml:Issuer>{issuer}</saml:Issuer><saml:Subject><saml:NameID>{user}</saml:NameID>\
                 <saml:SubjectConfirmation><saml:SubjectConfirmationData NotOnOrAfter=\"{until}\" Recipient=\"{recipient}\" \
                 InResponseTo=\"{answers}\"/></saml:SubjectConfirmation></saml:Subject><saml:Conditions NotBefore=\"{from}\" \
                 NotOnOrAfter=\"{until}\"><saml:AudienceRestriction><saml:Audience>{audience}</saml:Audience></saml:AudienceRestriction>\
                 </saml:Conditions></saml:Assertion>"
            )
        } else {
            String::new()
        };
        BASE64_STANDARD.encode(format!(
            "<samlp:Response xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
             ID=\"_r1\" Version=\"2.0\" Destination=\"{recipient}\" InResponseTo=\"{answers}\"><saml:Issuer>{issuer}</saml:Issuer>\
             <samlp:Status>{status}</samlp:Status>{assertion}</samlp:Response>"
        ))
    }
}

/// The parameter `SAMLRequest` of an address, percent-encoded: an application of that entity id asks for a login.
pub fn request(id: &str, issuer: &str, consumer: &str) -> String {
    let xml = format!(
        "<samlp:AuthnRequest xmlns:samlp=\"urn:oasis:names:tc:SAML:2.0:protocol\" xmlns:saml=\"urn:oasis:names:tc:SAML:2.0:assertion\" \
         ID=\"{id}\" Version=\"2.0\" AssertionConsumerServiceURL=\"{consumer}\"><saml:Issuer>{issuer}</saml:Issuer></samlp:AuthnRequest>"
    );
    // One block that is stored as it is (RFC 1951 section 3.2.4).
    let length = len16(xml.len());
    let deflated = [&[1][..], &length.to_le_bytes(), &(!length).to_le_bytes(), xml.as_bytes()].concat();
    BASE64_STANDARD.encode(deflated).replace('+', "%2B").replace('/', "%2F").replace('=', "%3D")
}

/// A time as SAML writes it.
fn written(at: u64) -> String {
    let at = civil(at);
    format!("{:04}-{:02}-{:02}T{:02}:{:02}:{:02}Z", at.year, at.month, at.day, at.hour, at.minute, at.second)
}
