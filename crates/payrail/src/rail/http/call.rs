//! One HTTP call, bounded in time and size.

use std::error::Error as _;
use std::fmt;
use std::time::Duration;

use payrail_core::payout::BankAnswer;
use reqwest::header::{ACCEPT, AUTHORIZATION, CONTENT_TYPE, HeaderMap, HeaderValue};
use reqwest::{Client, Method, Response, StatusCode, Url, redirect, retry};

/// See `bank/identity.rs`.
const HEADER: &str = "bank-identity";
const JSON: &str = "application/json";
const CONNECT_MAX: Duration = Duration::from_secs(5);

/// What came back: possibly only a part of it.
pub struct Reply {
    pub status: StatusCode,
    pub is_json: bool,
    pub body: Vec<u8>,
    /// Why the body is not whole.
    pub broken: Option<String>,
}

/// A reply, and the identity that its header states.
pub struct Answered {
    pub reply: Reply,
    pub bank: Option<String>,
}

impl fmt::Display for Reply {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.status, String::from_utf8_lossy(&self.body))
    }
}

/// A client that does nothing of its own accord: it follows no redirect, repeats no call and
/// takes no proxy from the environment. Whether money is asked for again is decided elsewhere.
pub fn client(timeout: Duration, token: Option<&str>) -> Result<Client, String> {
    let mut headers = HeaderMap::new();
    if let Some(token) = token {
        let value = HeaderValue::try_from(format!("Bearer {token}"));
        let mut value = value.map_err(|_| "the token has characters that no header may have".to_owned())?;
        value.set_sensitive(true);
        headers.insert(AUTHORIZATION, value);
    }
    let client = Client::builder()
        .default_headers(headers)
        .timeout(timeout)
        .connect_timeout(timeout.min(CONNECT_MAX))
        .redirect(redirect::Policy::none())
        .retry(retry::never())
        .no_proxy()
        .http1_only()
        .build();
    client.map_err(|error| error.to_string())
}

/// Reads no more than `max` bytes of the answer. `bank` is the identity of the bank that the call is meant for.
pub async fn make(
    client: &Client,
    method: Method,
    url: Url,
    body: Option<String>,
    bank: Option<&str>,
    max: usize,
) -> Result<Answered, BankAnswer> {
    let mut request = client.request(method, url).header(ACCEPT, JSON);
    if let Some(body) = body {
        request = request.header(CONTENT_TYPE, JSON).body(body);
    }
    if let Some(bank) = bank {
        request = request.header(HEADER, bank);
    }
    let response = request.send().await.map_err(unanswered)?;
    let stated = response.headers().get(HEADER).and_then(|value| value.to_str().ok()).map(str::to_owned);
    Ok(Answered { reply: whole(response, max).await, bank: stated })
}

async fn whole(mut response: Response, max: usize) -> Reply {
    let content_type = response.headers().get(CONTENT_TYPE).and_then(|value| value.to_str().ok());
    let is_json = content_type.is_some_and(|value| value.split(';').next().unwrap_or_default().trim() == JSON);
    let mut reply = Reply { status: response.status(), is_json, body: Vec::new(), broken: None };
    loop {
        match response.chunk().await {
            Ok(Some(chunk)) if reply.body.len() + chunk.len() > max => {
                reply.broken = Some(format!("the bank's answer is longer than {max} bytes"));
            }
            Ok(Some(chunk)) => {
                reply.body.extend_from_slice(&chunk);
                continue;
            }
            Ok(None) => {}
            Err(error) => reply.broken = Some(sentence(&error)),
        }
        return reply;
    }
}

/// Only where no connection was made is it certain that nothing was sent.
fn unanswered(error: reqwest::Error) -> BankAnswer {
    if error.is_connect() {
        let why = format!("no connection to the bank: {}", root(&error));
        return BankAnswer::Unreachable { why };
    }
    BankAnswer::NoAnswer { why: sentence(&error) }
}

fn sentence(error: &reqwest::Error) -> String {
    match error.is_timeout() {
        true => "the bank did not answer in time".to_owned(),
        false => format!("the bank's answer broke off: {}", root(error)),
    }
}

/// The innermost cause: the outer ones only say where it surfaced.
fn root(error: &reqwest::Error) -> String {
    let mut cause: &dyn std::error::Error = error;
    while let Some(source) = cause.source() {
        cause = source;
    }
    match error.source() {
        Some(_) => cause.to_string(),
        None => "the call could not be made".to_owned(),
    }
}
