//! A client of HTTP/1.1 and of SQS's JSON protocol, over plain sockets.

use std::io::{BufRead, BufReader, Read, Write};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

use serde_json::{Value, json};

/// How long an answer may take.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);

/// A signature whose scope is SQS in us-east-1.
pub(crate) const SIGNED: (&str, &str) = (
    "Authorization",
    "AWS4-HMAC-SHA256 Credential=test/20260101/us-east-1/sqs/aws4_request, SignedHeaders=host, Signature=0",
);

/// An answer.
#[derive(Debug)]
pub(crate) struct Answer {
    pub(crate) status: u16,
    /// Names in small letters.
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: String,
}

impl Answer {
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }

    pub(crate) fn json(&self) -> Value {
        serde_json::from_str(&self.body).unwrap_or_else(|_| panic!("no JSON: {self:?}"))
    }
}

/// A connection.
pub(crate) struct Client {
    stream: BufReader<TcpStream>,
    address: SocketAddr,
}

impl Client {
    pub(crate) fn connect(address: SocketAddr) -> Self {
        Self::try_connect(address).expect("the emulator listens")
    }

    pub(crate) fn try_connect(address: SocketAddr) -> Option<Self> {
        let stream = TcpStream::connect(address).ok()?;
        stream.set_read_timeout(Some(PATIENCE)).ok()?;
        stream.set_nodelay(true).ok()?;
        Some(Self {
            stream: BufReader::new(stream),
            address,
        })
    }

    /// Sends a request; nothing if the connection breaks.
    pub(crate) fn try_request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Option<Answer> {
        let mut request = format!("{method} {path} HTTP/1.1\r\nHost: {}\r\n", self.address);
        for (name, value) in headers {
            request.push_str(&format!("{name}: {value}\r\n"));
        }
        request.push_str(&format!("Content-Length: {}\r\n\r\n", body.len()));
        let stream = self.stream.get_mut();
        stream.write_all(request.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        self.read_answer()
    }

    fn read_answer(&mut self) -> Option<Answer> {
        let status = self.read_line()?.split(' ').nth(1)?.parse().ok()?;
        let mut headers = Vec::new();
        loop {
            let line = self.read_line()?;
            let Some((name, value)) = line.split_once(':') else {
                break;
            };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
        let mut answer = Answer {
            status,
            headers,
            body: String::new(),
        };
        let length = answer
            .header("content-length")
            .map_or(Some(0), |text| text.parse().ok())?;
        let mut body = vec![0; length];
        self.stream.read_exact(&mut body).ok()?;
        answer.body = String::from_utf8(body).expect("answers are text");
        Some(answer)
    }

    fn read_line(&mut self) -> Option<String> {
        let mut line = String::new();
        let read = self.stream.read_line(&mut line).ok()?;
        (read > 0).then(|| line.trim_end().to_owned())
    }

    pub(crate) fn request(
        &mut self,
        method: &str,
        path: &str,
        headers: &[(&str, &str)],
        body: &[u8],
    ) -> Answer {
        self.try_request(method, path, headers, body)
            .expect("an answer")
    }

    /// Calls an operation of SQS; nothing if the connection breaks.
    pub(crate) fn try_call(&mut self, operation: &str, parameters: &Value) -> Option<Answer> {
        let target = format!("AmazonSQS.{operation}");
        let headers = [
            SIGNED,
            ("X-Amz-Target", &target),
            ("Content-Type", "application/x-amz-json-1.0"),
        ];
        self.try_request("POST", "/", &headers, parameters.to_string().as_bytes())
    }

    /// Calls an operation of SQS, which has to succeed.
    pub(crate) fn call(&mut self, operation: &str, parameters: &Value) -> Value {
        let answer = self.try_call(operation, parameters).expect("an answer");
        assert_eq!(answer.status, 200, "{operation}: {answer:?}");
        answer.json()
    }

    /// Creates a queue and returns its URL.
    pub(crate) fn create(&mut self, name: &str, attributes: Value) -> String {
        let created = self.call(
            "CreateQueue",
            &json!({"QueueName": name, "Attributes": attributes}),
        );
        created["QueueUrl"].as_str().unwrap().to_owned()
    }

    /// Up to ten messages, hidden for twelve hours.
    pub(crate) fn receive(&mut self, url: &str) -> Vec<Value> {
        let parameters = json!({"QueueUrl": url, "MaxNumberOfMessages": 10, "VisibilityTimeout": 43_200,
            "MessageAttributeNames": ["All"], "AttributeNames": ["All"]});
        let received = self.call("ReceiveMessage", &parameters);
        received["Messages"].as_array().cloned().unwrap_or_default()
    }
}
