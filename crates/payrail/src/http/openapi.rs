//! The OpenAPI document: gathered from the handlers, with what holds for all of them said here once.
//! `payrail openapi` prints it, `GET /api/v1/openapi.json` serves it, docs/openapi.json keeps it.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::path::{Operation, PathItem};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ComponentsBuilder, ContentBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, ResponseBuilder,
};

use super::cookies;
use super::routes;
use super::search::StatusFilter;

const DESCRIPTION: &str = "A payout engine. Amounts are whole paise (₹1 = 100 paise), JSON integers. Times are RFC \
    3339, UTC, with microseconds. Lists are bare arrays; the next page is in the `Link` header (RFC 8288), whose query \
    the client follows. Every path works with and without a last slash. Every error has the members of `Problem`.";

/// The document as text, ready to be kept in a file.
pub fn text() -> String {
    let mut text = document().to_pretty_json().unwrap_or_default();
    text.push('\n');
    text
}

static TEXT: LazyLock<String> = LazyLock::new(text);

pub async fn serve() -> impl IntoResponse {
    ([(header::CONTENT_TYPE, "application/json")], TEXT.as_str())
}

fn document() -> OpenApi {
    let info = InfoBuilder::new().title("PayRail").version(env!("CARGO_PKG_VERSION")).description(Some(DESCRIPTION));
    let mut document = OpenApiBuilder::new().info(info.build()).components(Some(components())).build();
    for mut part in routes::parts() {
        for operation in part.document.paths.paths.values_mut().flat_map(operations) {
            complete(operation, part.schemes);
            operation.tags = Some(vec![part.tag.to_owned()]);
        }
        document = document.nest(part.path, part.document);
    }
    document
}

fn components() -> Components {
    let key = "`Api-Key <key>`; the scheme in any case.";
    // What only a query speaks of is not gathered by itself.
    let mut components = ComponentsBuilder::new().schema_from::<StatusFilter>().build();
    components.add_security_scheme(
        "ApiKey",
        SecurityScheme::ApiKey(ApiKey::Header(ApiKeyValue::with_description("Authorization", key))),
    );
    for (name, cookie, whose) in [
        ("MerchantSession", cookies::MERCHANT, "A merchant's session, from `POST /api/v1/session`."),
        ("OperatorSession", cookies::OPERATOR, "An operator's session, from `POST /admin/api/v1/session`."),
    ] {
        let description = format!("{whose} Over HTTPS its name begins with `__Host-`.");
        let value = ApiKeyValue::with_description(cookie.name, &description);
        components.add_security_scheme(name, SecurityScheme::ApiKey(ApiKey::Cookie(value)));
    }
    components
}

fn operations(item: &mut PathItem) -> impl Iterator<Item = &mut Operation> {
    [&mut item.get, &mut item.post, &mut item.put, &mut item.patch, &mut item.delete].into_iter().flatten()
}

/// Who may call, and what any handler may answer. A handler that needs nobody says so: `security(())`.
fn complete(operation: &mut Operation, schemes: &[&str]) {
    if operation.security.is_none() {
        let any_of = schemes.iter().map(|name| SecurityRequirement::new(*name, Vec::<String>::new()));
        operation.security = Some(any_of.collect());
        may_answer(operation, "401", "`not_authenticated`, `session_expired`, `invalid_api_key`: sign in");
        may_answer(operation, "403", "`cross_origin`, `forbidden`");
    }
    if operation.request_body.is_some() {
        may_answer(operation, "408", "`body_too_slow`: it was not complete in time; nothing was done");
        may_answer(operation, "413", "`body_too_large`");
        may_answer(operation, "415", "`unsupported_media_type`");
    }
    may_answer(operation, "500", "`internal`: the server's log has the cause");
    may_answer(operation, "503", "`unavailable`, `overloaded`, `outcome_unknown`: again after `Retry-After`");
}

fn may_answer(operation: &mut Operation, status: &str, description: &str) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description).content("application/json", problem).build();
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
}
