//! What DATABASE_URL says of a PostgreSQL server, and what libpq's environment variables add.

use std::env;
use std::str::FromStr;

use tokio_postgres::Config;

use super::CONNECT_TIMEOUT;
use crate::error::{Result, StoreError};

/// What the address leaves out comes from the environment, as with every other client.
pub fn read(url: &str) -> Result<Config> {
    let unusable = |why: String| StoreError::Unavailable(format!("DATABASE_URL cannot be used: {why}"));
    let mut config = Config::from_str(url).map_err(|error| unusable(with_cause(&error)))?;
    if config.get_hosts().is_empty() {
        config.host(env::var("PGHOST").unwrap_or_else(|_| "localhost".to_owned()));
    }
    if let (true, Ok(port)) = (config.get_ports().is_empty(), env::var("PGPORT")) {
        config.port(port.parse().map_err(|_| unusable(format!("PGPORT is {port:?}, which is no port")))?);
    }
    if config.get_user().is_none() {
        let user = env::var("PGUSER").or_else(|_| env::var("USER"));
        config.user(user.map_err(|_| unusable("it names no user, and PGUSER is not set".to_owned()))?);
    }
    if let (None, Ok(password)) = (config.get_password(), env::var("PGPASSWORD")) {
        config.password(password);
    }
    if let (None, Ok(name)) = (config.get_dbname(), env::var("PGDATABASE")) {
        config.dbname(name);
    }
    config.application_name("payrail").connect_timeout(CONNECT_TIMEOUT);
    Ok(config)
}

fn with_cause(error: &tokio_postgres::Error) -> String {
    match std::error::Error::source(error) {
        Some(cause) => format!("{error}: {cause}"),
        None => error.to_string(),
    }
}
