//! A gateway with players and teams, and requests to it.

use std::sync::Arc;

use axum::Router;
use axum::body::{Body, to_bytes};
use axum::http::{Request, Response, header};
use serde_json::Value;
use ssectl_gateway::resource::{
    Field, FieldKind, Key, KeyKind, Log, Resource, Resources, Setter, router,
};
use tower::ServiceExt;

fn text(name: &str, required: bool) -> Field {
    let kind = FieldKind::Text {
        max_length: 20,
        one_of: Vec::new(),
    };
    Field {
        name: name.to_owned(),
        kind,
        required,
    }
}

pub(crate) fn declared() -> Vec<Resource> {
    let setter = |path: &str, field: &str| Setter {
        path: path.to_owned(),
        field: field.to_owned(),
    };
    vec![
        Resource {
            name: "players".to_owned(),
            key: Key {
                name: "id".to_owned(),
                kind: KeyKind::Serial,
            },
            fields: vec![
                text("name", true),
                text("team", false),
                Field {
                    name: "goals".to_owned(),
                    kind: FieldKind::Integer { min: 0, max: 1000 },
                    required: false,
                },
            ],
            setters: vec![setter("teams", "team")],
        },
        Resource {
            name: "teams".to_owned(),
            key: Key {
                name: "name".to_owned(),
                kind: KeyKind::Text { max_length: 20 },
            },
            fields: vec![text("city", true)],
            setters: vec![setter("place", "city")],
        },
    ]
}

pub(crate) struct Gateway {
    pub(crate) resources: Arc<Resources>,
    router: Router,
}

pub(crate) struct Answer {
    pub(crate) status: u16,
    pub(crate) body: Value,
    response: Response<()>,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> &str {
        self.response
            .headers()
            .get(name)
            .map_or("", |value| value.to_str().unwrap())
    }
}

impl Gateway {
    pub(crate) fn new(log: Option<Arc<dyn Log>>, replica: &str) -> Self {
        let resources = Resources::new(declared(), log, replica.to_owned()).unwrap();
        let resources = Arc::new(resources);
        let router = router(&declared(), &resources);
        Self { resources, router }
    }

    pub(crate) async fn ask(&self, method: &str, path: &str, body: &str) -> Answer {
        self.ask_with(method, path, body, &[]).await
    }

    pub(crate) async fn ask_with(
        &self,
        method: &str,
        path: &str,
        body: &str,
        headers: &[(&str, &str)],
    ) -> Answer {
        let mut request = Request::builder().method(method).uri(path);
        let typed = headers.iter().any(|(name, _)| *name == "content-type");
        if !body.is_empty() && !typed {
            request = request.header(header::CONTENT_TYPE, "application/json");
        }
        for (name, value) in headers {
            request = request.header(*name, *value);
        }
        let request = request.body(Body::from(body.to_owned())).unwrap();
        let response = self.router.clone().oneshot(request).await.unwrap();
        let (parts, body) = response.into_parts();
        let bytes = to_bytes(body, usize::MAX).await.unwrap();
        let body = match bytes.is_empty() {
            true => Value::Null,
            false => serde_json::from_slice(&bytes).unwrap(),
        };
        Answer {
            status: parts.status.as_u16(),
            body,
            response: Response::from_parts(parts, ()),
        }
    }
}
