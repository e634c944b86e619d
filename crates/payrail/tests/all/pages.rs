//! The dashboard's pages are served with headers that block foreign code. These tests pass whether or not the dashboard
//! was built; parts that only a built one has are tested if present.

use reqwest::header::{ACCEPT, ACCEPT_ENCODING, CONTENT_SECURITY_POLICY, IF_NONE_MATCH};
use reqwest::{Method, RequestBuilder, Response};

use crate::support::{Process, TINY, World};

const HTML: &str = "text/html,application/xhtml+xml,application/xml;q=0.9,*/*;q=0.8";

fn world() -> (World, Process) {
    let world = World::sqlite();
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api")]);
    (world, server)
}

fn ask(server: &Process, method: Method, path: &str) -> RequestBuilder {
    server.client.request(method, format!("{}{path}", server.url))
}

async fn browse(server: &Process, path: &str) -> Response {
    ask(server, Method::GET, path).header(ACCEPT, HTML).send().await.unwrap()
}

fn header<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().unwrap())
}

#[tokio::test]
async fn a_browser_gets_the_page_at_every_path() {
    let (_world, server) = world();
    let text = async |path: &str| without_nonces(&browse(&server, path).await.text().await.unwrap());
    let (merchant, operator) = (text("/").await, text("/admin/").await);
    assert!(merchant.contains("<title>") && operator.contains("<title>"));
    for (path, page) in [
        ("/payouts", &merchant),
        ("/payouts/01a1-unknown?tab=calls", &merchant),
        ("/administration", &merchant),
        ("/admin", &operator),
        ("/admin/merchants/5", &operator),
    ] {
        let answer = browse(&server, path).await;
        assert_eq!((answer.status().as_u16(), header(&answer, "cache-control")), (200, "no-cache"), "{path}");
        assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8", "{path}");
        assert_eq!(&without_nonces(&answer.text().await.unwrap()), page, "{path}");
    }
    // The front page is open to everyone.
    let answer = ask(&server, Method::GET, "/").send().await.unwrap();
    assert_eq!(header(&answer, "content-type"), "text/html; charset=utf-8");
}

fn without_nonces(page: &str) -> String {
    let mut parts = page.split("nonce=\"");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('"').map_or("", |(_, rest)| rest))
}

#[tokio::test]
async fn paths_that_are_not_pages_answer_json() {
    let (_world, server) = world();
    for (path, accept) in [
        ("/payouts", "*/*"),
        ("/payouts", "application/json"),
        ("/api/v1/nothing", HTML),
        ("/api", HTML),
        ("/admin/api/v1/nothing", HTML),
        ("/healthz/more", HTML),
        ("/assets/nothing.js", HTML),
        ("/assets/../index.html", HTML),
        ("/assets", HTML),
        ("/index.html.br", "*/*"),
    ] {
        let answer = ask(&server, Method::GET, path).header(ACCEPT, accept).send().await.unwrap();
        // A client takes the dots out of a path by itself: this one then asks for a page.
        let is_page = path.contains("..");
        assert_eq!(answer.status().as_u16(), if is_page { 200 } else { 404 }, "{path}");
        assert_eq!(
            header(&answer, "content-type"),
            if is_page { "text/html; charset=utf-8" } else { "application/json" }
        );
    }
    let answer = ask(&server, Method::POST, "/payouts").header(ACCEPT, HTML).send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "content-type")), (404, "application/json"));
    let answer = ask(&server, Method::POST, "/").send().await.unwrap();
    assert_eq!((answer.status().as_u16(), header(&answer, "allow")), (405, "GET,HEAD"));
}

#[tokio::test]
async fn a_page_runs_only_our_code() {
    let (_world, server) = world();
    let mut nonces = Vec::new();
    for path in ["/", "/admin", "/"] {
        let answer = browse(&server, path).await;
        let policy = answer.headers()[CONTENT_SECURITY_POLICY].to_str().unwrap().to_owned();
        let page = answer.text().await.unwrap();
        let (_, rest) = policy.split_once("'nonce-").unwrap();
        let nonce = rest.split('\'').next().unwrap().to_owned();
        assert_eq!(nonce.len(), 32);
        let expected = format!(
            "default-src 'none'; script-src 'self'; style-src 'self' 'nonce-{nonce}'; img-src 'self' data:; \
             font-src 'self'; connect-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
        );
        assert_eq!(policy, expected);
        assert!(!page.contains("__CSP_NONCE__"), "{path}");
        assert!(page.contains(&format!("nonce=\"{nonce}\"")), "{path}");
        nonces.push(nonce);
    }
    nonces.sort();
    nonces.dedup();
    assert_eq!(nonces.len(), 3, "fresh each time");
}

#[tokio::test]
async fn every_answer_tells_the_browser_what_it_may_do() {
    let (_world, server) = world();
    for path in ["/", "/admin", "/api/v1/me/", "/api/v1/session", "/nothing", "/healthz", "/api/v1/payouts/%ff/"] {
        let answer = ask(&server, Method::GET, path).send().await.unwrap();
        for (name, value) in [
            ("x-content-type-options", "nosniff"),
            ("x-frame-options", "DENY"),
            ("referrer-policy", "same-origin"),
            ("cross-origin-opener-policy", "same-origin"),
            ("cross-origin-resource-policy", "same-origin"),
            ("strict-transport-security", ""),
        ] {
            assert_eq!(header(&answer, name), value, "{path}: {name}");
        }
        assert!(header(&answer, "permissions-policy").contains("geolocation=()"), "{path}");
        let is_page = header(&answer, "content-type").starts_with("text/html");
        if !is_page {
            let policy = "default-src 'none'; frame-ancestors 'none'";
            assert_eq!(header(&answer, "content-security-policy"), policy, "{path}");
        }
    }
    let answer = server.get(TINY, "/api/v1/ledger/export").send().await.unwrap();
    assert_eq!(header(&answer, "x-content-type-options"), "nosniff");
}

#[tokio::test]
async fn https_is_for_ever_where_cookies_need_it() {
    let world = World::sqlite();
    let server = world.serve_with(&[("PAYRAIL_ROLE", "api"), ("PAYRAIL_SECURE_COOKIES", "1")]);
    for path in ["/", "/api/v1/me/"] {
        let answer = ask(&server, Method::GET, path).send().await.unwrap();
        assert_eq!(header(&answer, "strict-transport-security"), "max-age=31536000", "{path}");
    }
}

#[tokio::test]
async fn head_is_get_without_the_page() {
    let (_world, server) = world();
    for path in ["/", "/admin/", "/payouts"] {
        let got = browse(&server, path).await;
        let head = ask(&server, Method::HEAD, path).header(ACCEPT, HTML).send().await.unwrap();
        assert_eq!(head.status().as_u16(), 200, "{path}");
        for name in ["content-type", "cache-control", "content-length"] {
            assert_eq!(header(&head, name), header(&got, name), "{path}: {name}");
        }
        assert_eq!(head.text().await.unwrap(), "", "{path}");
    }
}

/// The files that the page names, if the dashboard was built into this program.
async fn assets(server: &Process) -> Vec<String> {
    let page = browse(server, "/").await.text().await.unwrap();
    let named: Vec<_> = page.split('"').filter(|part| part.starts_with("/assets/")).map(str::to_owned).collect();
    assert!(!named.is_empty() || page.contains("built without its dashboard"), "{page}");
    named
}

#[tokio::test]
async fn assets_are_kept_for_ever_and_sent_small() {
    let (_world, server) = world();
    for path in assets(&server).await {
        let plain = ask(&server, Method::GET, &path).send().await.unwrap();
        assert_eq!(plain.status().as_u16(), 200, "{path}");
        assert_eq!(header(&plain, "cache-control"), "public, max-age=31536000, immutable", "{path}");
        assert_eq!(header(&plain, "content-encoding"), "", "{path}");
        let varies = plain.headers().get_all("vary").iter().any(|value| value == "accept-encoding");
        let tag = header(&plain, "etag").to_owned();
        let media_type = header(&plain, "content-type").to_owned();
        if path.ends_with(".js") {
            assert_eq!(media_type, "text/javascript; charset=utf-8", "{path}");
        }
        let length = plain.bytes().await.unwrap().len();
        let again = ask(&server, Method::GET, &path).header(IF_NONE_MATCH, &tag).send().await.unwrap();
        assert_eq!((again.status().as_u16(), header(&again, "etag")), (304, tag.as_str()), "{path}");
        assert_eq!(again.bytes().await.unwrap().len(), 0);

        for (accepted, encoding) in [("gzip, deflate, br", "br"), ("gzip, br;q=0", "gzip"), ("identity", "")] {
            let sent = ask(&server, Method::GET, &path).header(ACCEPT_ENCODING, accepted).send().await.unwrap();
            let expected = if varies { encoding } else { "" };
            assert_eq!(header(&sent, "content-encoding"), expected, "{path}: {accepted}");
            assert_eq!(header(&sent, "content-type"), media_type, "{path}: {accepted}");
            assert_eq!(header(&sent, "etag") == tag, expected.is_empty(), "{path}: a tag is of what is sent");
            let sent = sent.bytes().await.unwrap().len();
            assert_eq!(sent < length, !expected.is_empty(), "{path}: {accepted}: {sent} of {length}");
        }
        let direct = ask(&server, Method::GET, &format!("{path}.br")).send().await.unwrap();
        assert_eq!(direct.status().as_u16(), 404, "{path}: only under its own name");
    }
}
