//! Which request of REST is which operation: the annotations of the `.proto` files.

use std::sync::LazyLock;

use http::Method;
use prost_reflect::{DynamicMessage, MethodDescriptor, Value};

use super::template::Template;
use crate::pubsub::descriptors::pool;

/// One way to ask for an operation.
#[derive(Debug)]
pub(super) struct Route {
    verb: Method,
    template: Template,
    pub(super) method: MethodDescriptor,
    pub(super) body: Body,
}

/// Where the body of a request goes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Body {
    /// There is none.
    None,
    /// It is the whole message.
    Whole,
    /// It is this field.
    Field(String),
}

static ROUTES: LazyLock<Vec<Route>> = LazyLock::new(|| {
    let services = pool().services();
    let methods = services.flat_map(|service| service.methods().collect::<Vec<_>>());
    let mut routes: Vec<_> = methods.flat_map(routes_of).collect();
    // `schemas/a:commit` is a schema with a verb, and no schema of that name.
    routes.sort_by_key(|route| !route.template.has_verb());
    routes
});

/// The route of a request, and the fields that its path gives.
pub(super) fn find(
    verb: &Method,
    path: &str,
) -> Option<(&'static Route, Vec<(&'static str, String)>)> {
    let of_verb = ROUTES.iter().filter(|route| route.verb == *verb);
    let mut found = of_verb.filter_map(|route| Some((route, route.template.matches(path)?)));
    found.next()
}

fn routes_of(method: MethodDescriptor) -> Vec<Route> {
    let options = method.options();
    let Some(extension) = pool().get_extension_by_name("google.api.http") else {
        return Vec::new();
    };
    let rule = options.get_extension(&extension);
    let Value::Message(rule) = rule.as_ref() else {
        return Vec::new();
    };
    let more = rule.get_field_by_name("additional_bindings");
    let more = more.as_deref().and_then(Value::as_list);
    let more = more.into_iter().flatten().filter_map(Value::as_message);
    let rules = std::iter::once(rule).chain(more);
    let mut routes: Vec<_> = rules.filter_map(|rule| route_of(rule, &method)).collect();
    if method.name() == "GetIamPolicy" {
        // Pub/Sub has it as a GET, where the shared file has a POST.
        routes.extend(routes.first().map(|post| Route {
            verb: Method::GET,
            body: Body::None,
            template: post.template.clone(),
            method: method.clone(),
        }));
    }
    routes
}

fn route_of(rule: &DynamicMessage, method: &MethodDescriptor) -> Option<Route> {
    let text = |field: &str| {
        let value = rule.get_field_by_name(field)?;
        value
            .as_str()
            .filter(|text| !text.is_empty())
            .map(str::to_owned)
    };
    let verbs = [
        ("get", Method::GET),
        ("put", Method::PUT),
        ("post", Method::POST),
        ("delete", Method::DELETE),
        ("patch", Method::PATCH),
    ];
    let mut found = verbs
        .into_iter()
        .filter_map(|(field, verb)| Some((verb, text(field)?)));
    let (verb, path) = found.next()?;
    Some(Route {
        verb,
        template: Template::parse(&path),
        method: method.clone(),
        body: match text("body").as_deref() {
            None => Body::None,
            Some("*") => Body::Whole,
            Some(field) => Body::Field(field.to_owned()),
        },
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn requests_find_their_operations() {
        for (verb, path, method) in [
            (Method::PUT, "/v1/projects/p/topics/t", "CreateTopic"),
            (Method::PATCH, "/v1/projects/p/topics/t", "UpdateTopic"),
            (Method::GET, "/v1/projects/p/topics", "ListTopics"),
            (
                Method::GET,
                "/v1/projects/p/topics/t/subscriptions",
                "ListTopicSubscriptions",
            ),
            (Method::POST, "/v1/projects/p/subscriptions/s:pull", "Pull"),
            (
                Method::POST,
                "/v1/projects/p/subscriptions/s:detach",
                "DetachSubscription",
            ),
            (Method::POST, "/v1/projects/p/schemas", "CreateSchema"),
            (Method::GET, "/v1/projects/p/schemas/s", "GetSchema"),
            (
                Method::GET,
                "/v1/projects/p/schemas/s:listRevisions",
                "ListSchemaRevisions",
            ),
            (
                Method::DELETE,
                "/v1/projects/p/schemas/s@1:deleteRevision",
                "DeleteSchemaRevision",
            ),
            (
                Method::POST,
                "/v1/projects/p/topics/t:testIamPermissions",
                "TestIamPermissions",
            ),
            (
                Method::GET,
                "/v1/projects/p/topics/t:getIamPolicy",
                "GetIamPolicy",
            ),
        ] {
            let found = find(&verb, path).map(|(route, _)| route.method.name().to_owned());
            assert_eq!(found.as_deref(), Some(method), "{path}");
        }
        assert!(find(&Method::GET, "/").is_none());
        assert!(find(&Method::POST, "/v1/projects/p/topics/t:nothing").is_none());
    }
}
