//! TLS to PostgreSQL with rustls, without system libraries.

use std::path::Path;
use std::sync::Arc;

use rustls::client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier};
use rustls::client::{verify_server_cert_signed_by_trust_anchor, verify_server_name};
use rustls::crypto::{CryptoProvider, ring, verify_tls12_signature, verify_tls13_signature};
use rustls::pki_types::pem::PemObject;
use rustls::pki_types::{CertificateDer, PrivateKeyDer, ServerName, UnixTime};
use rustls::server::ParsedCertificate;
use rustls::{ClientConfig, DigitallySignedStruct, Error, RootCertStore, SignatureScheme};
use tokio_postgres_rustls::MakeRustlsConnect;

use super::address::{Check, Tls};

/// With this value, `sslrootcert` means the operating system's authorities.
const SYSTEM: &str = "system";

/// An error describes the problem with the certificates that the address names.
pub fn connector(tls: &Tls) -> Result<MakeRustlsConnect, String> {
    let provider = Arc::new(ring::default_provider());
    let trusted = match (tls.check, &tls.root_certificates) {
        (Check::Nothing, _) => None,
        (_, Some(file)) => Some(authorities(file)?),
        (_, None) => {
            return Err("sslmode=verify-ca and verify-full need sslrootcert: a file with the certificates of the \
                        authorities to trust, or `system` for those of the operating system"
                .to_owned());
        }
    };
    let verifier =
        Verifier { trusted, is_name_checked: tls.check == Check::AuthorityAndName, provider: provider.clone() };
    let builder = ClientConfig::builder_with_provider(provider).with_safe_default_protocol_versions();
    let builder = builder.map_err(|error| error.to_string())?;
    let builder = builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier));
    let mut config = match &tls.client {
        None => builder.with_no_client_auth(),
        Some((certificate, key)) => {
            let chain = certificates(certificate, "sslcert")?;
            let unusable = |why: String| format!("sslkey: {} cannot be used: {why}", key.display());
            let private = PrivateKeyDer::from_pem_file(key).map_err(|error| unusable(error.to_string()))?;
            builder.with_client_auth_cert(chain, private).map_err(|error| unusable(error.to_string()))?
        }
    };
    // Required for sslnegotiation=direct (PostgreSQL 17).
    config.alpn_protocols = vec![b"postgresql".to_vec()];
    Ok(MakeRustlsConnect::new(config))
}

fn certificates(file: &Path, parameter: &str) -> Result<Vec<CertificateDer<'static>>, String> {
    let unusable = |why: &str| format!("{parameter}: {} cannot be used: {why}", file.display());
    let found = CertificateDer::pem_file_iter(file).and_then(Iterator::collect::<Result<Vec<_>, _>>);
    match found {
        Ok(found) if found.is_empty() => Err(unusable("there is no certificate in it")),
        Ok(found) => Ok(found),
        Err(error) => Err(unusable(&error.to_string())),
    }
}

fn authorities(file: &Path) -> Result<Trusted, String> {
    let mut authorities = RootCertStore::empty();
    if file == Path::new(SYSTEM) {
        let found = rustls_native_certs::load_native_certs();
        authorities.add_parsable_certificates(found.certs);
        if authorities.is_empty() {
            return Err(
                "sslrootcert=system: the operating system has no certificates of authorities (Debian's package \
                        ca-certificates has them)"
                    .to_owned(),
            );
        }
        return Ok(Trusted { authorities, named: Vec::new() });
    }
    let named = certificates(file, "sslrootcert")?;
    for certificate in &named {
        let added = authorities.add(certificate.clone());
        added.map_err(|error| format!("sslrootcert: {} cannot be used: {error}", file.display()))?;
    }
    Ok(Trusted { authorities, named })
}

#[derive(Debug)]
struct Trusted {
    authorities: RootCertStore,
    /// A self-signed certificate is trusted if the file contains it.
    named: Vec<CertificateDer<'static>>,
}

/// rustls has no verifiers for some levels of PostgreSQL's `sslmode`.
#[derive(Debug)]
struct Verifier {
    /// `None`: `sslmode=require` encrypts without checking the server.
    trusted: Option<Trusted>,
    is_name_checked: bool,
    provider: Arc<CryptoProvider>,
}

impl ServerCertVerifier for Verifier {
    fn verify_server_cert(
        &self,
        certificate: &CertificateDer<'_>,
        intermediates: &[CertificateDer<'_>],
        name: &ServerName<'_>,
        _ocsp: &[u8],
        now: UnixTime,
    ) -> Result<ServerCertVerified, Error> {
        let Some(trusted) = &self.trusted else { return Ok(ServerCertVerified::assertion()) };
        let parsed = ParsedCertificate::try_from(certificate)?;
        if !trusted.named.contains(certificate) {
            let algorithms = self.provider.signature_verification_algorithms.all;
            verify_server_cert_signed_by_trust_anchor(&parsed, &trusted.authorities, intermediates, now, algorithms)?;
        }
        if self.is_name_checked {
            verify_server_name(&parsed, name)?;
        }
        Ok(ServerCertVerified::assertion())
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls12_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        certificate: &CertificateDer<'_>,
        signature: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, Error> {
        verify_tls13_signature(message, certificate, signature, &self.provider.signature_verification_algorithms)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        self.provider.signature_verification_algorithms.supported_schemes()
    }
}
