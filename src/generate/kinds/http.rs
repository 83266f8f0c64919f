//! `http` and `combined`: requests to a web server, as JSON and as the log line that Apache and
//! nginx write.

use super::{Body, Moment};
use crate::generate::json::{Record, push_int};
use crate::generate::rng::{Draws, Purpose, Seed};

static AGENTS: &[&str] = &[
    "Mozilla/5.0 (X11; Linux x86_64; rv:140.0) Gecko/20100101 Firefox/140.0",
    "Mozilla/5.0 (Macintosh; Intel Mac OS X 10_15_7) AppleWebKit/605.1.15 (KHTML, like Gecko) Version/18.5 Safari/605.1.15",
    "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/138.0.0.0 Safari/537.36",
    "curl/8.14.1",
    "python-requests/2.32.4",
];

/// Methods with the path they go to; a number is put after a path that ends in a slash.
static ROUTES: &[(&str, &str)] = &[
    ("GET", "/"),
    ("GET", "/health"),
    ("GET", "/players"),
    ("GET", "/players/"),
    ("GET", "/players/"),
    ("GET", "/teams"),
    ("GET", "/teams/"),
    ("GET", "/static/app.js"),
    ("POST", "/players"),
    ("PUT", "/players/"),
    ("DELETE", "/players/"),
];

#[derive(Debug)]
pub(super) struct Requests {
    seed: Seed,
    json: bool,
}

/// One request and its answer.
struct Request {
    agent: &'static str,
    method: &'static str,
    path: &'static str,
    id: u64,
    status: u64,
    bytes: u64,
    micros: u64,
}

impl Requests {
    pub(super) fn json(seed: Seed) -> Self {
        Self { seed, json: true }
    }

    pub(super) fn log_line(seed: Seed) -> Self {
        Self { seed, json: false }
    }

    fn request(&self, client: u64, draws: &mut Draws) -> Request {
        let agent = self.seed.draws(Purpose::Entity, client).pick(AGENTS);
        let (method, path) = draws.pick(ROUTES);
        let id = 1 + draws.below(1_000);
        let status = match (draws.below(1_000), method) {
            (0..5, _) => 500,
            (5..8, _) => 503,
            (8..20, _) => 401,
            (20..60, _) if path.ends_with('/') => 404,
            (_, "POST") => 201,
            (_, "DELETE") => 204,
            (60..150, "GET") => 304,
            _ => 200,
        };
        let bytes = if matches!(status, 204 | 304) {
            0
        } else {
            100 + draws.below(90) * draws.below(90)
        };
        // The product of two even draws: mostly fast, sometimes very slow.
        let micros = 300 + draws.below(900) * draws.below(900) / if status < 500 { 20 } else { 1 };
        Request {
            agent,
            method,
            path,
            id,
            status,
            bytes,
            micros,
        }
    }

    fn write_json(request: &Request, moment: &Moment, record: &mut Record<'_>) {
        record.begin();
        record.int("seq", moment.seq);
        record.time("time", moment.at);
        record.string("client", |out| push_address(out, moment.entity));
        record.text("method", request.method);
        record.string("path", |out| request.push_path(out));
        record.int("status", request.status);
        record.int("bytes", request.bytes);
        record.fixed("duration_ms", request.micros as i64, 3);
        record.text("agent", request.agent);
        record.end();
    }

    fn write_line(request: &Request, moment: &Moment, record: &mut Record<'_>) {
        record.value("client", |out| push_address(out, moment.entity));
        record.out.extend_from_slice(b" - - [");
        moment.at.push_log_date(record.out);
        record.out.extend_from_slice(b"] \"");
        record.out.extend_from_slice(request.method.as_bytes());
        record.out.push(b' ');
        record.value("path", |out| request.push_path(out));
        record.out.extend_from_slice(b" HTTP/1.1\" ");
        record.value("status", |out| push_int(out, request.status));
        record.out.push(b' ');
        match request.bytes {
            0 => record.out.push(b'-'),
            bytes => push_int(record.out, bytes),
        }
        record.out.extend_from_slice(b" \"-\" \"");
        record.out.extend_from_slice(request.agent.as_bytes());
        record.out.push(b'"');
    }
}

impl Body for Requests {
    fn write(&self, moment: &Moment, draws: &mut Draws, record: &mut Record<'_>) {
        let request = self.request(moment.entity, draws);
        if self.json {
            Self::write_json(&request, moment, record);
        } else {
            Self::write_line(&request, moment, record);
        }
    }
}

impl Request {
    fn push_path(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.path.as_bytes());
        if self.path.len() > 1 && self.path.ends_with('/') {
            push_int(out, self.id);
        }
    }
}

/// Appends the address of a client, in the private network 10.0.0.0/8 (RFC 1918).
fn push_address(out: &mut Vec<u8>, client: u64) {
    out.extend_from_slice(b"10");
    for byte in &(client as u32).to_be_bytes()[1..] {
        out.push(b'.');
        push_int(out, *byte);
    }
}
