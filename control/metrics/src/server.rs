use crate::{Snapshot, exposition};
use axum::Router;
use axum::http::StatusCode;
use axum::http::header::CONTENT_TYPE;
use axum::response::{IntoResponse, Response};
use axum::routing::get;
use std::io::Result;
use std::net::{SocketAddr, TcpListener};
use std::sync::Arc;

/// A door for Prometheus: `GET /metrics`. Also `GET /health`, for load balancers: 200 while the daemon answers, else 503.
#[derive(Debug)]
pub struct Server(TcpListener);

type Ask = Arc<dyn Fn() -> Snapshot + Send + Sync>;

impl Server {
    /// Listens.
    ///
    /// # Errors
    /// When the address is taken, or not this host's.
    pub fn bind(address: SocketAddr) -> Result<Server> {
        let listener = TcpListener::bind(address)?;
        listener.set_nonblocking(true)?;
        Ok(Server(listener))
    }

    /// Where it listens.
    ///
    /// # Errors
    /// When the kernel does not tell.
    pub fn address(&self) -> Result<SocketAddr> {
        self.0.local_addr()
    }

    /// Serves for ever on the calling thread; `ask` is called for each request, on threads of its own.
    ///
    /// # Errors
    /// When the runtime cannot be started, or the socket fails.
    pub fn run(self, ask: impl Fn() -> Snapshot + Send + Sync + 'static) -> Result<()> {
        let ask: Ask = Arc::new(ask);
        let (metrics_ask, health_ask) = (Arc::clone(&ask), ask);
        let routes = Router::new()
            .route("/metrics", get(move || metrics(Arc::clone(&metrics_ask))))
            .route("/health", get(move || health(Arc::clone(&health_ask))));
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let listener = tokio::net::TcpListener::from_std(self.0)?;
            axum::serve(listener, routes).await
        })
    }
}

async fn metrics(ask: Ask) -> Response {
    const FORMAT: &str = "text/plain; version=0.0.4; charset=utf-8";
    match tokio::task::spawn_blocking(move || exposition(&ask())).await {
        Ok(text) => ([(CONTENT_TYPE, FORMAT)], text).into_response(),
        Err(_) => StatusCode::INTERNAL_SERVER_ERROR.into_response(),
    }
}

async fn health(ask: Ask) -> StatusCode {
    match tokio::task::spawn_blocking(move || ask().status.is_some()).await {
        Ok(true) => StatusCode::OK,
        _ => StatusCode::SERVICE_UNAVAILABLE,
    }
}

#[cfg(test)]
mod tests {
    use super::Server;
    use crate::Snapshot;
    use crate::families::tests::snapshot;
    use std::io::{Read, Write};
    use std::net::{SocketAddr, TcpStream};
    use std::sync::Arc;
    use std::sync::atomic::{AtomicBool, Ordering};

    fn request(address: SocketAddr, line: &str) -> String {
        let mut stream = TcpStream::connect(address).unwrap();
        write!(stream, "{line} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        answer
    }

    #[test]
    fn prometheus_gets_metrics_and_a_load_balancer_the_daemons_health() {
        let server = Server::bind("127.0.0.1:0".parse().unwrap()).unwrap();
        let address = server.address().unwrap();
        let up = Arc::new(AtomicBool::new(true));
        let answers = Arc::clone(&up);
        std::thread::spawn(move || {
            server.run(
                move || {
                    if answers.load(Ordering::Relaxed) { snapshot(0, 10, 3) } else { Snapshot::default() }
                },
            )
        });
        let answer = request(address, "GET /metrics");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        assert!(answer.to_lowercase().contains("content-type: text/plain; version=0.0.4"), "{answer}");
        assert!(
            answer.contains("\nflumen_up 1\n") && answer.contains("reason=\"policy-denied\"} 3\n"),
            "{answer}"
        );
        assert!(request(address, "GET /health").starts_with("HTTP/1.1 200 "));
        assert!(request(address, "GET /").starts_with("HTTP/1.1 404 "));
        assert!(request(address, "POST /metrics").starts_with("HTTP/1.1 405 "));
        up.store(false, Ordering::Relaxed);
        assert!(request(address, "GET /metrics").contains("\nflumen_up 0\n"));
        assert!(request(address, "GET /health").starts_with("HTTP/1.1 503 "));
    }
}
