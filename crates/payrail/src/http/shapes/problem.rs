//! The description of errors in the OpenAPI document. `plumbing/problem.rs` makes them.

use utoipa::openapi::schema::{AdditionalProperties, ObjectBuilder, SchemaType, Type};
use utoipa::openapi::{RefOr, Schema};
use utoipa::{PartialSchema, ToSchema};

use crate::http::plumbing::problem::Problem;

const DESCRIPTION: &str = "Every error: the members of RFC 9457 (Problem Details for HTTP APIs) and a stable `code` \
    to branch on. A bad field of a request is a further member under its own name: an array of sentences. Some \
    errors have members of their own, such as `available_balance_paise` beside `insufficient_balance`.";

impl PartialSchema for Problem {
    fn schema() -> RefOr<Schema> {
        let text = |description: &str| ObjectBuilder::new().schema_type(Type::String).description(Some(description));
        ObjectBuilder::new()
            .schema_type(SchemaType::new(Type::Object))
            .description(Some(DESCRIPTION))
            .property("type", text("Always `about:blank`: the status says the kind, `code` the case."))
            .required("type")
            .property("title", text("The status in words."))
            .required("title")
            .property(
                "status",
                ObjectBuilder::new().schema_type(Type::Integer).description(Some("The HTTP status code.")),
            )
            .required("status")
            .property("detail", text("What went wrong and what to do, for people."))
            .required("detail")
            .property("code", text("The case; stable."))
            .required("code")
            .additional_properties(Some(AdditionalProperties::FreeForm(true)))
            .into()
    }
}

impl ToSchema for Problem {}
