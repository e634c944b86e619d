//! The operators' API over real HTTP, on both stores. One file per subject.

mod actions;
mod audit;
mod authorization;
mod bank;
mod cli;
mod doubtful;
mod exceptions;
mod fund;
mod history;
mod keys;
mod lists;
mod merchants;
mod names;
mod operators;
mod search;
mod sign_in;
mod workers;

use reqwest::header::{COOKIE, HeaderMap, SET_COOKIE};
use reqwest::{Method, RequestBuilder, Response};
use serde_json::{Value, json};
use uuid::Uuid;

use crate::support::{Process, World};

const ADMIN: (&str, &str) = ("admin", "payrail-demo-admin");
const VIEWER: (&str, &str) = ("viewer", "payrail-demo-viewer");
const API_ONLY: (&str, &str) = ("PAYRAIL_ROLE", "api");

/// The API without a worker: pending payouts stay pending.
fn api_only(world: &World) -> Process {
    world.serve_with(&[API_ONLY])
}

/// Below the operators' API.
fn ask(server: &Process, method: Method, path: &str) -> RequestBuilder {
    server.client.request(method, format!("{}/admin/api/v1{path}", server.url))
}

async fn try_sign_in(server: &Process, name: &str, password: &str) -> Response {
    let form = json!({ "name": name, "password": password });
    ask(server, Method::POST, "/session").json(&form).send().await.unwrap()
}

/// Name and value of the cookie that an answer sets, as the browser would send it back.
fn cookie_of(answer: &Response) -> String {
    answer.headers()[SET_COOKIE].to_str().unwrap().split(';').next().unwrap().to_owned()
}

/// What came back.
#[derive(Debug)]
struct Answer {
    status: u16,
    headers: HeaderMap,
    body: Value,
}

impl Answer {
    async fn to(request: RequestBuilder) -> Self {
        let response = request.send().await.unwrap();
        let (status, headers) = (response.status().as_u16(), response.headers().clone());
        let text = response.text().await.unwrap();
        let body = if text.is_empty() { Value::Null } else { serde_json::from_str(&text).unwrap() };
        Self { status, headers, body }
    }

    fn is(&self, status: u16) -> Value {
        assert_eq!(self.status, status, "{self:?}");
        self.body.clone()
    }

    fn is_problem(&self, status: u16, code: &str) -> Value {
        assert_eq!((self.status, self.body["code"].as_str()), (status, Some(code)), "{self:?}");
        self.body.clone()
    }

    /// Where the next page is, below the operators' API.
    fn next(&self) -> Option<String> {
        let link = self.headers.get("link")?.to_str().unwrap();
        let path = link.strip_prefix("</admin/api/v1").unwrap().strip_suffix(">; rel=\"next\"").unwrap();
        Some(path.to_owned())
    }
}

/// An operator who is signed in.
struct Desk<'s> {
    server: &'s Process,
    cookie: String,
}

impl<'s> Desk<'s> {
    async fn of(server: &'s Process, (name, password): (&str, &str)) -> Self {
        let answer = try_sign_in(server, name, password).await;
        assert_eq!(answer.status(), 201);
        Self { server, cookie: cookie_of(&answer) }
    }

    fn request(&self, method: Method, path: &str) -> RequestBuilder {
        ask(self.server, method, path).header(COOKIE, &self.cookie)
    }

    async fn get(&self, path: &str) -> Answer {
        Answer::to(self.request(Method::GET, path)).await
    }

    async fn post(&self, path: &str, body: Value) -> Answer {
        Answer::to(self.request(Method::POST, path).json(&body)).await
    }

    async fn fund(&self, merchant: &str, key: Uuid, body: Value) -> Answer {
        let request = self.request(Method::POST, &format!("/merchants/{merchant}/fund"));
        Answer::to(request.header("Idempotency-Key", key.to_string()).json(&body)).await
    }

    /// The id of the merchant that this finds.
    async fn merchant(&self, search: &str) -> String {
        let found = self.get(&format!("/merchants?search={search}")).await.is(200);
        assert_eq!(found.as_array().unwrap().len(), 1, "{found}");
        text(&found[0]["id"])
    }

    /// The items of all pages.
    async fn walk(&self, path: &str) -> Vec<Value> {
        let (mut all, mut next) = (Vec::new(), Some(path.to_owned()));
        while let Some(path) = next {
            let answer = self.get(&path).await;
            next = answer.next();
            all.extend(answer.is(200).as_array().unwrap().clone());
            assert!(all.len() < 1_000, "it leads in a circle: {path}");
        }
        all
    }
}

fn text(value: &Value) -> String {
    value.as_str().unwrap().to_owned()
}

fn texts(items: &[Value], member: &str) -> Vec<String> {
    items.iter().map(|item| text(&item[member])).collect()
}
