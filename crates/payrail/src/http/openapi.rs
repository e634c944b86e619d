//! The OpenAPI document, collected from the handlers. What applies to all of them is added here. `payrail openapi`
//! prints it, `GET /api/v1/openapi.json` serves it, and docs/openapi.json is a copy.

use std::sync::LazyLock;

use axum::http::header;
use axum::response::IntoResponse;
use utoipa::openapi::path::{Operation, ParameterIn, PathItem};
use utoipa::openapi::schema::{ObjectBuilder, SchemaType, Type};
use utoipa::openapi::security::{ApiKey, ApiKeyValue, SecurityRequirement, SecurityScheme};
use utoipa::openapi::{
    Components, ComponentsBuilder, ContentBuilder, HeaderBuilder, InfoBuilder, OpenApi, OpenApiBuilder, Ref, RefOr,
    ResponseBuilder,
};

use crate::http::lookup::filter::StatusFilter;
use crate::http::plumbing::cookies;
use crate::http::routes;

const DESCRIPTION: &str = "A payout engine. Amounts are whole paise (₹1 = 100 paise), JSON integers. Times are RFC \
    3339, UTC, with microseconds. Lists are bare arrays; the next page is in the `Link` header (RFC 8288), whose query \
    the client follows. Every path works with and without a last slash. Every error has the members of `Problem`.";

/// The document as text, for a file.
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
    // Schemas that only a query uses are not collected automatically.
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

/// Adds the authentication, and the errors of any handler. A handler without authentication has `security(())`.
fn complete(operation: &mut Operation, schemes: &[&str]) {
    if operation.security.is_none() {
        let any_of = schemes.iter().map(|name| SecurityRequirement::new(*name, Vec::<String>::new()));
        operation.security = Some(any_of.collect());
        may_answer(operation, "401", "`not_authenticated`, `session_expired`, `invalid_api_key`: sign in");
        may_answer(operation, "403", "`cross_origin`, `forbidden`");
    }
    let query = query_parameters(operation);
    if !query.is_empty() {
        may_answer(operation, "400", "`invalid_parameter`");
    }
    let takes = |name: &str| query.iter().any(|it| it == name);
    if takes("limit") && (takes("before") || takes("after")) {
        says_next(operation);
    }
    if has_path_parameter(operation) {
        may_answer(operation, "404", "`not_found`");
    }
    if operation.request_body.is_some() {
        may_answer(operation, "400", "`invalid`, `parse_error`");
        may_answer(operation, "408", "`body_too_slow`: it was not complete in time; nothing was done");
        may_answer(operation, "413", "`body_too_large`");
        may_answer(operation, "415", "`unsupported_media_type`");
    }
    may_answer(operation, "500", "`internal`: the server's log has the cause");
    may_answer(operation, "503", "`unavailable`, `overloaded`, `outcome_unknown`: again after `Retry-After`");
}

fn query_parameters(operation: &Operation) -> Vec<String> {
    let parameters = operation.parameters.iter().flatten().filter_map(|parameter| match parameter {
        RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Query => Some(parameter.name.clone()),
        _ => None,
    });
    parameters.collect()
}

fn has_path_parameter(operation: &Operation) -> bool {
    let mut parameters = operation.parameters.iter().flatten();
    parameters.any(|it| matches!(it, RefOr::T(parameter) if parameter.parameter_in == ParameterIn::Path))
}

/// Headers of every page.
fn says_next(operation: &mut Operation) {
    let description = "RFC 8288: `<…>; rel=\"next\"`, if there may be more";
    let text = ObjectBuilder::new().schema_type(SchemaType::from_iter([Type::String, Type::Null]));
    let link = HeaderBuilder::new().schema(Some(text)).description(Some(description)).build();
    if let Some(RefOr::T(page)) = operation.responses.responses.get_mut("200") {
        page.headers.insert("Link".to_owned(), link.into());
    }
}

fn may_answer(operation: &mut Operation, status: &str, description: &str) {
    let problem = ContentBuilder::new().schema(Some(Ref::from_schema_name("Problem"))).build();
    let response = ResponseBuilder::new().description(description).content("application/json", problem).build();
    operation.responses.responses.entry(status.to_owned()).or_insert_with(|| response.into());
}
