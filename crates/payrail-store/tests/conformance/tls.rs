//! TLS to PostgreSQL: what is encrypted, whose certificate counts, and what is refused.

use payrail_store::testing::TestServer;
use payrail_store::{Store, StoreError};
use rcgen::{BasicConstraints, CertificateParams, DnType, IsCa, Issuer, KeyPair};

use crate::world::World;

on_postgres_only!(
    each_level_checks_what_it_says,
    a_client_certificate_signs_in,
    plaintext_to_another_host_is_refused,
    a_password_is_bound_to_the_connection,
);

struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate: String,
}

impl Authority {
    fn new() -> Self {
        let mut parameters = CertificateParams::new(Vec::<String>::new()).unwrap();
        parameters.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
        parameters.distinguished_name.push(DnType::CommonName, format!("Authority {:x}", rand::random::<u64>()));
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.self_signed(&key).unwrap().pem();
        Self { issuer: Issuer::new(parameters, key), certificate }
    }

    /// A certificate for this name and its key.
    fn issue(&self, name: &str) -> (String, String) {
        let mut parameters = CertificateParams::new(vec![name.to_owned()]).unwrap();
        parameters.distinguished_name.push(DnType::CommonName, name);
        let key = KeyPair::generate().unwrap();
        let certificate = parameters.signed_by(&key, &self.issuer).unwrap();
        (certificate.pem(), key.serialize_pem())
    }
}

/// With a certificate for `localhost`.
fn server(authority: &Authority, hba: &str) -> TestServer {
    let (certificate, key) = authority.issue("localhost");
    let files = [("server.crt", &*certificate), ("server.key", &*key), ("ca.crt", &*authority.certificate)];
    let configuration = "ssl = on\nssl_cert_file = '{folder}/server.crt'\nssl_key_file = '{folder}/server.key'\n\
                         ssl_ca_file = '{folder}/ca.crt'\n";
    TestServer::start(&files, configuration, Some(hba))
}

/// Files for a client, gone with the value.
struct Files(std::path::PathBuf);

impl Files {
    fn new() -> Self {
        let folder = std::env::temp_dir().join(format!("payrail_tls_{:x}", rand::random::<u64>()));
        std::fs::create_dir_all(&folder).unwrap();
        Self(folder)
    }

    fn put(&self, name: &str, content: &str) -> String {
        let path = self.0.join(name);
        std::fs::write(&path, content).unwrap();
        path.display().to_string()
    }
}

impl Drop for Files {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

const LOCAL: &str = "local all all trust\n";

async fn open(url: &str) -> Result<(), StoreError> {
    let store = Store::open(url, 1, 4).await?;
    store.check_session().await?;
    store.close().await;
    Ok(())
}

async fn fails(url: &str, word: &str) {
    let error = open(url).await.expect_err(url).to_string();
    assert!(error.to_lowercase().contains(word), "{url}: {error}");
}

async fn each_level_checks_what_it_says(_: World) {
    let (authority, other, files) = (Authority::new(), Authority::new(), Files::new());
    // An unencrypted connection is refused.
    let server = server(&authority, &format!("{LOCAL}hostssl all all 127.0.0.1/32 trust\n"));
    let (ours, others) = (files.put("ca.pem", &authority.certificate), files.put("other.pem", &other.certificate));
    let by_address = server.url("postgres");
    let by_name = by_address.replace("127.0.0.1", "localhost") + "?hostaddr=127.0.0.1";
    // By default too, on this machine as well.
    open(&by_address).await.unwrap();
    for mode in ["prefer", "require"] {
        open(&format!("{by_address}?sslmode={mode}")).await.unwrap();
    }
    fails(&format!("{by_address}?sslmode=disable"), "no encryption").await;
    for mode in ["require", "verify-ca", "verify-full"] {
        open(&format!("{by_name}&sslmode={mode}&sslrootcert={ours}")).await.unwrap();
        fails(&format!("{by_name}&sslmode={mode}&sslrootcert={others}"), "unknownissuer").await;
    }
    open(&format!("{by_address}?sslmode=verify-ca&sslrootcert={ours}")).await.unwrap();
    fails(&format!("{by_address}?sslmode=verify-full&sslrootcert={ours}"), "not valid for").await;
    fails(&format!("{by_address}?sslmode=verify-full"), "sslrootcert").await;
    fails(&format!("{by_address}?sslmode=verify-full&sslrootcert=/no/such/file"), "/no/such/file").await;
}

async fn a_client_certificate_signs_in(_: World) {
    let (authority, other, files) = (Authority::new(), Authority::new(), Files::new());
    let server = server(&authority, &format!("{LOCAL}hostssl all all 127.0.0.1/32 cert\n"));
    let url = |from: &Authority, name: &str| {
        let (certificate, key) = from.issue(name);
        let (certificate, key) = (files.put("client.pem", &certificate), files.put("client.key", &key));
        format!("{}?sslmode=require&sslcert={certificate}&sslkey={key}", server.url("postgres"))
    };
    open(&url(&authority, "payrail")).await.unwrap();
    fails(&url(&authority, "somebody"), "certificate authentication failed").await;
    open(&url(&other, "payrail")).await.expect_err("the server does not know this authority");
    fails(&format!("{}?sslmode=require", server.url("postgres")), "certificate").await;
}

/// `127.1` is this machine, which only the resolver knows: to PayRail it is a name like any other.
async fn plaintext_to_another_host_is_refused(world: World) {
    let url = world.database.url.replace("127.0.0.1", "127.1");
    match Store::open(&url, 1, 4).await {
        Err(StoreError::Address(why)) => {
            assert!(why.contains("sslmode=disable") && why.contains("ssl = on"), "{why}");
        }
        other => panic!("{other:?}"),
    }
    fails(&format!("{url}?sslmode=require"), "does not support tls").await;
    for asked in ["disable", "prefer"] {
        open(&format!("{url}?sslmode={asked}")).await.unwrap();
    }
}

async fn a_password_is_bound_to_the_connection(_: World) {
    let server = server(
        &Authority::new(),
        &format!(
            "{LOCAL}hostssl all all 127.0.0.1/32 scram-sha-256\n\
                                                     hostnossl all all 127.0.0.1/32 scram-sha-256\n"
        ),
    );
    let url = server.url("postgres").replace("payrail@", "payrail:secret@");
    fails(&url, "password").await;
    server.psql("ALTER ROLE payrail PASSWORD 'secret'");
    open(&format!("{url}?sslmode=require&channel_binding=require")).await.unwrap();
    fails(&format!("{url}?sslmode=disable&channel_binding=require"), "channel binding").await;
}
