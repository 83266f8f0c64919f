//! gRPC over HTTP/2: messages as bytes, which the table of operations decodes.

use std::sync::Arc;
use std::time::Duration;

use bytes::{Buf, BufMut, Bytes};
use http::{HeaderMap, Request, Response};
use http_body_util::Full;
use hyper::body::Incoming;
use tokio::time::Instant;
use tokio_stream::wrappers::ReceiverStream;
use tonic::body::Body;
use tonic::codec::{Codec, CompressionEncoding, DecodeBuf, Decoder, EncodeBuf, Encoder};
use tonic::codegen::{BoxFuture, Service};
use tonic::server::Grpc;
use tonic::{Status, Streaming};

use super::call::Call;
use super::operations::{Operation, Run};
use super::service::PubSub;
use super::stream;

/// Bytes of a request of a stream, at most: they carry ack ids, 512 KiB of them.
const STREAM_REQUEST: usize = 1 << 20;

/// Whether a request is one of gRPC.
pub(super) fn is_grpc(headers: &HeaderMap) -> bool {
    let kind = headers.get(http::header::CONTENT_TYPE);
    kind.is_some_and(|kind| kind.as_bytes().starts_with(b"application/grpc"))
}

/// When the client stops waiting, by the header `grpc-timeout`: up to eight digits and a unit.
pub(super) fn deadline(headers: &HeaderMap) -> Option<Instant> {
    let text = headers.get("grpc-timeout")?.to_str().ok()?;
    let (digits, unit) = text.split_at_checked(text.len().checked_sub(1)?)?;
    let number: u64 = digits.parse().ok().filter(|_| digits.len() <= 8)?;
    let duration = match unit {
        "H" => Duration::from_secs(number * 3600),
        "M" => Duration::from_secs(number * 60),
        "S" => Duration::from_secs(number),
        "m" => Duration::from_millis(number),
        "u" => Duration::from_micros(number),
        "n" => Duration::from_nanos(number),
        _ => return None,
    };
    Instant::now().checked_add(duration)
}

/// Answers a request with one message.
pub(super) async fn unary(
    operation: &'static Operation,
    call: Call,
    request: Request<Full<Bytes>>,
    limit: usize,
) -> Response<Body> {
    let mut server = Grpc::new(Raw)
        .accept_compressed(CompressionEncoding::Gzip)
        .send_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(limit);
    server.unary(Unary(operation, Some(call)), request).await
}

/// Answers a request with many messages.
pub(super) async fn streaming(service: Arc<PubSub>, request: Request<Incoming>) -> Response<Body> {
    let mut server = Grpc::new(Raw)
        .accept_compressed(CompressionEncoding::Gzip)
        .max_decoding_message_size(STREAM_REQUEST);
    server.streaming(Stream(service), request).await
}

/// An answer that is an error.
pub(super) fn failure(status: &Status) -> Response<Body> {
    status.clone().into_http()
}

/// An operation, run once.
struct Unary(&'static Operation, Option<Call>);

impl Service<tonic::Request<Bytes>> for Unary {
    type Response = tonic::Response<Bytes>;
    type Error = Status;
    type Future = BoxFuture<Self::Response, Status>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Status>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Bytes>) -> Self::Future {
        let (operation, call) = (self.0, self.1.take());
        Box::pin(async move {
            let call = call.ok_or_else(|| Status::internal("a request was answered twice"))?;
            let answer = run(operation, &call, request.into_inner()).await?;
            Ok(tonic::Response::new(answer.into()))
        })
    }
}

/// Runs an operation until the client stops waiting.
pub(super) async fn run(
    operation: &'static Operation,
    call: &Call,
    request: Bytes,
) -> Result<Vec<u8>, Status> {
    match &operation.run {
        Run::Now(run) => run(call, request),
        Run::Later(run) => {
            let answer = run(call, request);
            let Some(deadline) = call.deadline else {
                return answer.await;
            };
            let late = tokio::time::timeout_at(deadline, answer).await;
            late.unwrap_or_else(|_| Err(Status::deadline_exceeded("Deadline exceeded.")))
        }
        Run::Stream => Err(Status::unimplemented("this is a stream of gRPC")),
    }
}

/// StreamingPull.
struct Stream(Arc<PubSub>);

impl Service<tonic::Request<Streaming<Bytes>>> for Stream {
    type Response = tonic::Response<ReceiverStream<Result<Bytes, Status>>>;
    type Error = Status;
    type Future = std::future::Ready<Result<Self::Response, Status>>;

    fn poll_ready(
        &mut self,
        _: &mut std::task::Context<'_>,
    ) -> std::task::Poll<Result<(), Status>> {
        std::task::Poll::Ready(Ok(()))
    }

    fn call(&mut self, request: tonic::Request<Streaming<Bytes>>) -> Self::Future {
        // The head of the answer goes out at once: there are clients that wait for it.
        let answers = stream::open(Arc::clone(&self.0), request.into_inner());
        std::future::ready(Ok(tonic::Response::new(ReceiverStream::new(answers))))
    }
}

/// Messages that stay bytes.
#[derive(Clone, Copy, Debug)]
struct Raw;

impl Codec for Raw {
    type Encode = Bytes;
    type Decode = Bytes;
    type Encoder = Self;
    type Decoder = Self;

    fn encoder(&mut self) -> Self {
        Self
    }

    fn decoder(&mut self) -> Self {
        Self
    }
}

impl Encoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn encode(&mut self, item: Bytes, buffer: &mut EncodeBuf<'_>) -> Result<(), Status> {
        buffer.put(item);
        Ok(())
    }
}

impl Decoder for Raw {
    type Item = Bytes;
    type Error = Status;

    fn decode(&mut self, buffer: &mut DecodeBuf<'_>) -> Result<Option<Bytes>, Status> {
        Ok(Some(buffer.copy_to_bytes(buffer.remaining())))
    }
}
