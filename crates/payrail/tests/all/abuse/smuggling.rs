//! Requests that a proxy may parse differently than the server. A request hidden in another one is never executed.

use super::impatient;
use super::wire::{ORDER, Told, Wire, get, order, order_head, payouts};
use crate::support::{Process, TINY, World};

/// The answer to these bytes, and the number of payouts that they created.
async fn sent(server: &Process, bytes: &str) -> (Told, usize) {
    let before = payouts(server).await;
    let mut wire = Wire::to(server).await;
    wire.say(bytes).await;
    let told = wire.heard_out().await;
    assert!(!told.0.contains("HTTP/1.1 5"), "{bytes}\n\n{}", told.0);
    (told, payouts(server).await - before)
}

#[tokio::test(flavor = "multi_thread")]
async fn a_body_has_one_length() {
    let world = World::sqlite();
    let server = impatient(&world);
    let (length, hidden) = (ORDER.len(), order());
    let chunked = format!("{length:x}\r\n{ORDER}\r\n0\r\n\r\n");
    let refused = |lines: String| (lines, [400].to_vec(), 0);
    // A `Content-Length` beside chunks is ignored, and the connection ends with the answer: what follows is not read.
    let last = |lines: String| (lines, [201].to_vec(), 1);
    for (lines, statuses, made) in [
        last(format!("Content-Length: {length}\r\nTransfer-Encoding: chunked\r\n")),
        last("Content-Length: 4\r\nTransfer-Encoding: chunked\r\n".to_owned()),
        last("Transfer-Encoding: chunked\r\nContent-Length: 4\r\n".to_owned()),
        last("Transfer-Encoding: chunked\r\nContent-Length: 0\r\nContent-Length: 9\r\n".to_owned()),
        refused("Content-Length: 4\r\nContent-Length: 5\r\nTransfer-Encoding: chunked\r\n".to_owned()),
        refused("Transfer-Encoding: chunked, identity\r\n".to_owned()),
        refused("Transfer-Encoding: xchunked\r\n".to_owned()),
        refused("Transfer-Encoding: \"chunked\"\r\n".to_owned()),
        refused("Transfer-Encoding: chunked\r\nTransfer-Encoding: identity\r\n".to_owned()),
        refused("Transfer-Encoding : chunked\r\n".to_owned()),
        refused("Transfer-Encoding:\r\n chunked\r\n".to_owned()),
        refused("Transfer-Encoding\r\n: chunked\r\n".to_owned()),
        refused(" Transfer-Encoding: chunked\r\n".to_owned()),
        refused("X: y\rTransfer-Encoding: chunked\r\n".to_owned()),
        refused("Transfer-Encoding: chunked\0\r\n".to_owned()),
        refused("Content-Length: +5\r\n".to_owned()),
        refused("Content-Length: 0x5\r\n".to_owned()),
        refused("Content-Length: 5 5\r\n".to_owned()),
        refused("Content-Length: 5, 5\r\n".to_owned()),
        refused("Content-Length: 5, 6\r\n".to_owned()),
        refused("Content-Length:\r\n".to_owned()),
        refused("Content-Length: 18446744073709551616\r\n".to_owned()),
        refused("Content-Length: 5\r\nContent-Length: 6\r\n".to_owned()),
        refused("Content-Length : 5\r\n".to_owned()),
    ] {
        let bytes = format!("{}{chunked}{hidden}", order_head(&lines));
        let (told, payouts) = sent(&server, &bytes).await;
        assert_eq!((told.statuses(), payouts), (statuses, made), "{lines:?}: {}", told.0);
    }
    // HTTP/1.0 has no chunks.
    let old = order_head("Transfer-Encoding: chunked\r\n").replace("HTTP/1.1", "HTTP/1.0");
    let (told, made) = sent(&server, &format!("{old}{chunked}{hidden}")).await;
    assert_eq!((told.status(), made), (400, 0), "{}", told.0);
    // A GET with a body is answered; its body is not the next request.
    let carrying = get("/api/v1/me/").replace("Host:", &format!("Content-Length: {}\r\nHost:", hidden.len()));
    let (told, made) = sent(&server, &format!("{carrying}{hidden}")).await;
    assert_eq!((told.statuses(), made), ([200].to_vec(), 0), "{}", told.0);
    world.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_header_has_one_name_and_one_value() {
    let world = World::sqlite();
    let server = impatient(&world);
    let length = format!("Connection: close\r\nContent-Length: {}\r\n", ORDER.len());
    let head = order_head(&length);
    let key_line = head.lines().find(|line| line.starts_with("Idempotency-Key")).unwrap();
    for (what, bad, status) in [
        ("two keys", head.replace(key_line, &format!("{key_line}\r\n{key_line}1")), 400),
        ("the same key twice", head.replace(key_line, &format!("{key_line}\r\n{key_line}")), 400),
        ("a key of another spelling", head.replace("Idempotency-Key", "Idempotency_Key"), 400),
        ("a space before the colon", head.replace("Idempotency-Key:", "Idempotency-Key :"), 400),
        ("a value on the next line", head.replace("Idempotency-Key: ", "Idempotency-Key:\r\n "), 400),
        ("a carriage return in it", head.replace("Idempotency-Key: ", "X: y\rIdempotency-Key: "), 400),
        ("NUL in it", head.replace(key_line, &format!("{key_line}\0")), 400),
        ("bytes that are no text", head.replace(key_line, "Idempotency-Key: \u{ff}\u{fe}"), 400),
        ("a key without an end", head.replace(key_line, &format!("{key_line}{}", "0".repeat(5_000))), 400),
        ("no key to come in by", head.replace("Authorization", "Authorisation"), 401),
        ("two schemes", head.replace("Api-Key ", "Api-Key Api-Key "), 401),
        ("two types", head.replace("application/json", "text/plain\r\nContent-Type: application/json"), 415),
    ] {
        let (told, made) = sent(&server, &format!("{bad}{ORDER}")).await;
        assert_eq!((told.status(), made), (status, 0), "{what}: {}", told.0);
    }
    // Of two credentials only the first counts.
    for (first, second, status) in [("nobody", TINY, 401), (TINY, "nobody", 201)] {
        let two = format!("Authorization: Api-Key {first}\r\nAuthorization: Api-Key {second}");
        let both = order_head(&length).replace(&format!("Authorization: Api-Key {TINY}"), &two);
        let (told, made) = sent(&server, &format!("{both}{ORDER}")).await;
        assert_eq!((told.status(), made), (status, usize::from(status == 201)), "{first}: {}", told.0);
    }
    // Headers that some frameworks obey have no meaning here.
    for lines in [
        "X-HTTP-Method-Override: DELETE\r\n",
        "X-Original-URL: /api/v1/nothing\r\nX-Rewrite-URL: /api/v1/nothing\r\n",
        "X-Forwarded-For: 127.0.0.1\r\nX-Forwarded-Host: evil.example\r\nForwarded: for=127.0.0.1\r\n",
        "Trailer: Idempotency-Key\r\nTE: trailers\r\n",
        "Upgrade: h2c\r\nHTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA\r\n",
        "Upgrade: websocket\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n",
        "Host: evil.example\r\n",
    ] {
        let (told, made) = sent(&server, &format!("{}{ORDER}", order_head(&format!("{length}{lines}")))).await;
        assert_eq!((told.status(), made), (201, 1), "{lines:?}: {}", told.0);
        assert!(!told.0.contains("evil.example"), "{}", told.0);
    }
    world.verify();
}

#[tokio::test(flavor = "multi_thread")]
async fn a_target_is_a_path() {
    let world = World::sqlite();
    let server = impatient(&world);
    for (line, statuses) in [
        // Servers must accept the absolute form, which proxies use. Only its path is read.
        ("GET http://evil.example/api/v1/me/ HTTP/1.1", &[200][..]),
        ("GET https://user:word@evil.example:1/api/v1/nothing HTTP/1.1", &[404]),
        ("GET http://169.254.169.254/latest/meta-data/ HTTP/1.1", &[404]),
        ("GET ftp://evil.example/api/v1/me/ HTTP/1.1", &[200, 400]),
        ("GET file:///etc/passwd HTTP/1.1", &[400, 404]),
        ("CONNECT evil.example:443 HTTP/1.1", &[404, 405, 400]),
        ("OPTIONS * HTTP/1.1", &[404, 405, 400]),
        ("TRACE /api/v1/me/ HTTP/1.1", &[405]),
        ("TRACK /api/v1/me/ HTTP/1.1", &[405]),
        ("get /api/v1/me/ HTTP/1.1", &[405]),
        ("PROPFIND /healthz HTTP/1.1", &[405]),
        ("GET /api/v1/../v1/me/ HTTP/1.1", &[404]),
        ("GET /api/v1/%2e%2e/v1/me/ HTTP/1.1", &[404]),
        ("GET /api/v1/%252e%252e/me/ HTTP/1.1", &[404]),
        ("GET /api/v1//me/ HTTP/1.1", &[404]),
        ("GET //api/v1/me/ HTTP/1.1", &[200]),
        ("GET /api%2fv1%2fme HTTP/1.1", &[404]),
        ("GET /api/v1/me;x=y HTTP/1.1", &[404]),
        ("GET /api/v1/me/%00 HTTP/1.1", &[404]),
        ("GET /api/v1/me/..%5c..%5c HTTP/1.1", &[404]),
        ("GET /..%2f..%2f..%2fetc%2fpasswd HTTP/1.1", &[404]),
        ("GET /assets/../../Cargo.toml HTTP/1.1", &[404]),
        ("GET /assets/%2e%2e/index.html HTTP/1.1", &[404]),
        ("GET /admin/../api/v1/me/ HTTP/1.1", &[404]),
        ("GET /api/v1/me/#fragment HTTP/1.1", &[200, 400, 404]),
        ("GET api/v1/me/ HTTP/1.1", &[400, 404]),
        ("GET /api/v1/me/ HTTP/9.9", &[400]),
        ("GET /api/v1/me/ HTTP/1.1 ", &[400]),
        ("GET  /api/v1/me/ HTTP/1.1", &[400]),
        ("GET\t/api/v1/me/\tHTTP/1.1", &[400]),
        ("GET /api/v1/m\u{e9}/ HTTP/1.1", &[400, 404]),
        ("GET /api/v1/me/\0 HTTP/1.1", &[400]),
        ("GET /api/v1/me/", &[400, 0]),
        ("PRI * HTTP/2.0", &[400, 404, 405, 505, 0]),
    ] {
        let rest = get("").split_once("\r\n").unwrap().1.replace("Host:", "Connection: close\r\nHost:");
        let (told, _) = sent(&server, &format!("{line}\r\n{rest}")).await;
        assert!(statuses.contains(&told.status()), "{line}: {}", told.0);
        assert!(!told.0.contains("TRACE /") && !told.0.contains("root:"), "{line}: {}", told.0);
        if told.status() == 200 {
            assert!(told.0.contains("tiny@example.com"), "{line}: {}", told.0);
        }
    }
    assert_eq!(payouts(&server).await, 0);
}
