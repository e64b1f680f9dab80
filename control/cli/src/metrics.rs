//! `flumen metrics`: what the gateway has counted, for those who watch it. A process of its own, so that the daemon opens
//! no door and reads nothing of theirs.

use crate::args::Connection;
use crate::ask::ask;
use crate::failure::{Failure, Outcome};
use crate::output::{Output, complain};
use clap::{Args, Subcommand};
use flumen_api::{Request, Response};
use flumen_metrics::{Place, Publisher, Server, Snapshot, data, exposition, write_textfile};
use serde::Serialize;
use std::net::SocketAddr;
use std::path::PathBuf;
use std::time::{Duration, Instant, SystemTime, UNIX_EPOCH};

/// A command about metrics.
#[derive(Debug, Subcommand)]
pub(crate) enum Metrics {
    /// Print all metrics, as Prometheus reads them
    Show,
    /// Answer Prometheus at /metrics, and load balancers at /health
    Serve {
        /// Address and port
        #[arg(long, value_name = "ADDRESS:PORT", default_value = "127.0.0.1:9464")]
        listen: SocketAddr,
    },
    /// Write a file for node-exporter's textfile collector, again and again
    Textfile {
        /// The file, in the collector's directory; its name ends with .prom
        file: PathBuf,
        #[command(flatten)]
        pace: Pace,
    },
    /// Send rates and errors to CloudWatch, again and again
    #[command(after_help = "Credentials: the environment's, a profile's, or those of the instance's role.")]
    Cloudwatch {
        /// Namespace of the metrics
        #[arg(long, value_name = "NAME", default_value = "VXLAN/Pipeline")]
        namespace: String,
        /// Dimension of the metrics; may be given again
        #[arg(long = "dimension", value_name = "NAME=VALUE", value_parser = dimension)]
        dimensions: Vec<(String, String)>,
        /// Region [default: that of the environment or the instance]
        #[arg(long, value_name = "REGION")]
        region: Option<String>,
        /// Another address than that of AWS
        #[arg(long, value_name = "URL")]
        endpoint: Option<String>,
        #[command(flatten)]
        pace: Pace,
    },
}

/// How often something is done.
#[derive(Args, Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Seconds from one time to the next
    #[arg(long, value_name = "SECONDS", default_value_t = 60, value_parser = clap::value_parser!(u64).range(1..=86_400))]
    interval: u64,
    /// End after so many times [default: go on]
    #[arg(long, value_name = "N", value_parser = clap::value_parser!(u64).range(1..))]
    count: Option<u64>,
}

#[derive(Serialize)]
struct Exposed {
    prometheus: String,
}

/// Runs `flumen metrics`.
pub(crate) fn run(command: &Metrics, connection: &Connection, output: Output) -> Outcome {
    match command {
        Metrics::Show => {
            let exposed = Exposed { prometheus: exposition(&snapshot(connection)?) };
            Ok(output.report(&exposed, |exposed| exposed.prometheus.clone())?)
        }
        Metrics::Serve { listen } => {
            let failed =
                |error: std::io::Error| Failure::Failed(format!("cannot listen on {listen}: {error}"));
            let server = Server::bind(*listen).map_err(failed)?;
            let connection = connection.clone();
            complain(&format!("metrics at http://{}/metrics\n", server.address().map_err(failed)?));
            server.run(move || snapshot(&connection).unwrap_or_default()).map_err(failed)
        }
        Metrics::Textfile { file, pace } => pace.keep(|| {
            let snapshot = snapshot(connection).unwrap_or_default();
            write_textfile(file, &exposition(&snapshot))
                .map_err(|error| Failure::Failed(format!("cannot write {}: {error}", file.display())))
        }),
        Metrics::Cloudwatch { namespace, dimensions, region, endpoint, pace } => {
            let place = Place {
                namespace: namespace.clone(),
                dimensions: dimensions.clone(),
                region: region.clone(),
                endpoint: endpoint.clone(),
            };
            let publisher = Publisher::new(place).map_err(|error| Failure::Failed(error.to_string()))?;
            let mut before = snapshot(connection).unwrap_or_default();
            pace.after_each(|| {
                let now = snapshot(connection).unwrap_or_default();
                let sent = publisher.publish(now.time_ms, &data(&before, &now));
                before = now;
                sent.map_err(|error| Failure::Failed(error.to_string()))
            })
        }
    }
}

/// What the daemon reports now.
fn snapshot(connection: &Connection) -> Result<Snapshot, Failure> {
    let mismatch = || Failure::Failed("the daemon answers something else".to_owned());
    let Response::Status(status) = ask(connection, &Request::Status)? else { return Err(mismatch()) };
    let Response::Reasons(reasons) = ask(connection, &Request::ShowReasons { zeroes: true })? else {
        return Err(mismatch());
    };
    let Response::Services(services) = ask(connection, &Request::ShowServices)? else {
        return Err(mismatch());
    };
    let since = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let time_ms = u64::try_from(since.as_millis()).unwrap_or(u64::MAX);
    Ok(Snapshot { time_ms, status: Some(status), reasons: Some(reasons), services: Some(services) })
}

fn dimension(text: &str) -> Result<(String, String), String> {
    match text.split_once('=') {
        Some((name, value)) if !name.is_empty() && !value.is_empty() => {
            Ok((name.to_owned(), value.to_owned()))
        }
        _ => Err("use NAME=VALUE: InstanceId=i-0123".to_owned()),
    }
}

// === impl Pace ===

impl Pace {
    /// Does something now and after each interval. A failure is told, and is the end only of the last time.
    fn keep(self, mut once: impl FnMut() -> Outcome) -> Outcome {
        let mut done = 0;
        let mut next = Instant::now();
        loop {
            let outcome = once();
            done += 1;
            if self.count == Some(done) {
                return outcome;
            }
            if let Err(failure) = outcome {
                complain(&format!("{}\n", failure.text()));
            }
            next += Duration::from_secs(self.interval);
            std::thread::sleep(next.saturating_duration_since(Instant::now()));
        }
    }

    /// Does something after each interval.
    fn after_each(self, once: impl FnMut() -> Outcome) -> Outcome {
        std::thread::sleep(Duration::from_secs(self.interval));
        self.keep(once)
    }
}

#[cfg(test)]
mod tests {
    use super::{Pace, dimension};
    use crate::failure::Failure;

    #[test]
    fn a_failure_is_the_end_only_of_the_last_time() {
        let pace = Pace { interval: 0, count: Some(3) };
        let mut times = 0;
        let outcome = pace.keep(|| {
            times += 1;
            if times < 3 { Err(Failure::Failed("not yet".into())) } else { Ok(()) }
        });
        assert!(outcome.is_ok() && times == 3);
        assert!(pace.keep(|| Err(Failure::Failed("never".into()))).is_err());
    }

    #[test]
    fn a_dimension_has_a_name_and_a_value() {
        assert_eq!(dimension("InstanceId=i-1=2"), Ok(("InstanceId".into(), "i-1=2".into())));
        assert!(["", "a", "a=", "=b"].iter().all(|text| dimension(text).is_err()));
    }
}
