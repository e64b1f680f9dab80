use crate::Snapshot;
use aws_config::{BehaviorVersion, Region};
use aws_sdk_cloudwatch::Client;
use aws_sdk_cloudwatch::error::DisplayErrorContext;
use aws_sdk_cloudwatch::primitives::DateTime;
use aws_sdk_cloudwatch::types::{Dimension, MetricDatum, StandardUnit};
use aws_smithy_http_client::tls::rustls_provider::CryptoMode;
use aws_smithy_http_client::{Builder, tls};
use flumen_api::ServicesReport;
use tokio::runtime::Runtime;

/// Where metrics go.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Place {
    /// Namespace of the metrics.
    pub namespace: String,
    /// Names and values of their dimensions.
    pub dimensions: Vec<(String, String)>,
    /// Region; none: that of the environment or the instance.
    pub region: Option<String>,
    /// Another address than that of AWS.
    pub endpoint: Option<String>,
}

/// One value.
#[derive(Clone, Debug, PartialEq)]
pub struct Datum {
    /// Name of the metric.
    pub name: &'static str,
    /// Value.
    pub value: f64,
    /// Unit, as CloudWatch spells it.
    pub unit: &'static str,
}

/// Metrics that were not taken.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CloudWatchError {
    /// The runtime of the client.
    #[error("cannot start the client: {0}")]
    Runtime(#[from] std::io::Error),
    /// What AWS, or the way to it, says.
    #[error("CloudWatch does not take the metrics: {0}")]
    Refused(String),
}

/// Sends values to CloudWatch, with the credentials of the environment, a profile, or the instance's role.
#[derive(Debug)]
pub struct Publisher {
    runtime: Runtime,
    client: Client,
    place: Place,
}

/// What happened between two snapshots; nothing when the daemon did not answer one of them, no time went by, or its
/// counters began anew.
pub fn data(before: &Snapshot, now: &Snapshot) -> Vec<Datum> {
    let sums = |snapshot: &Snapshot| {
        snapshot.reasons.as_ref().map(|report| {
            report.interfaces.iter().fold([0_u64; 3], |[packets, bytes, dropped], one| {
                [packets + one.received.packets, bytes + one.received.bytes, dropped + one.dropped.packets]
            })
        })
    };
    let time = now.time_ms.checked_sub(before.time_ms).filter(|time| *time > 0);
    let before_services = before.services.as_ref();
    let (Some(time), Some(before), Some(sum)) = (time, sums(before), sums(now)) else {
        return Vec::new();
    };
    let seconds = time as f64 / 1000.0;
    let growth = |at: usize| sum[at].checked_sub(before[at]).map(|growth| growth as f64);
    let (Some(packets), Some(bytes), Some(dropped)) = (growth(0), growth(1), growth(2)) else {
        return Vec::new();
    };
    let mut data = vec![
        Datum { name: "PacketsPerSecond", value: packets / seconds, unit: "Count/Second" },
        Datum { name: "BytesPerSecond", value: bytes / seconds, unit: "Bytes/Second" },
        Datum { name: "Errors", value: dropped, unit: "Count" },
    ];
    if let Some(hit_rate) = hit_rate(before_services, now.services.as_ref()) {
        data.push(Datum { name: "NATHitRate", value: hit_rate, unit: "Percent" });
    }
    if let Some(status) = &now.status {
        data.push(Datum { name: "Sessions", value: status.sessions as f64, unit: "Count" });
    }
    data
}

/// Share of the inner packets of traffic mirrors that rules translated, in percent; none without such packets.
fn hit_rate(before: Option<&ServicesReport>, now: Option<&ServicesReport>) -> Option<f64> {
    let sums = |report: &ServicesReport| {
        report.interfaces.iter().fold([0_u64; 2], |[inner, translated], one| {
            [inner + one.counters.inner_packets, translated + one.counters.nat_applied]
        })
    };
    let ([inner_before, translated_before], [inner, translated]) = (sums(before?), sums(now?));
    let inner = inner.checked_sub(inner_before).filter(|inner| *inner > 0)?;
    Some(100.0 * translated.checked_sub(translated_before)? as f64 / inner as f64)
}

impl Publisher {
    /// A client; nothing is sent yet.
    ///
    /// # Errors
    /// [`CloudWatchError::Runtime`].
    pub fn new(place: Place) -> Result<Publisher, CloudWatchError> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        let http = Builder::new().tls_provider(tls::Provider::Rustls(CryptoMode::Ring)).build_https();
        let mut loader = aws_config::defaults(BehaviorVersion::latest()).http_client(http);
        if let Some(region) = &place.region {
            loader = loader.region(Region::new(region.clone()));
        }
        if let Some(endpoint) = &place.endpoint {
            loader = loader.endpoint_url(endpoint);
        }
        let client = Client::new(&runtime.block_on(loader.load()));
        Ok(Publisher { runtime, client, place })
    }

    /// Sends values of one time, milliseconds since 1970. Without values nothing is sent.
    ///
    /// # Errors
    /// [`CloudWatchError::Refused`], after the attempts that are usual with AWS.
    pub fn publish(&self, time_ms: u64, data: &[Datum]) -> Result<(), CloudWatchError> {
        if data.is_empty() {
            return Ok(());
        }
        let dimension =
            |(name, value): &(String, String)| Dimension::builder().name(name).value(value).build();
        let dimensions: Vec<Dimension> = self.place.dimensions.iter().map(dimension).collect();
        let time = DateTime::from_millis(i64::try_from(time_ms).unwrap_or(i64::MAX));
        let datum = |datum: &Datum| {
            MetricDatum::builder()
                .metric_name(datum.name)
                .value(datum.value)
                .unit(StandardUnit::from(datum.unit))
                .timestamp(time)
                .set_dimensions(Some(dimensions.clone()))
                .build()
        };
        let request = self.client.put_metric_data().namespace(&self.place.namespace);
        let request = request.set_metric_data(Some(data.iter().map(datum).collect()));
        let sent = self.runtime.block_on(request.send());
        sent.map(drop).map_err(|error| CloudWatchError::Refused(DisplayErrorContext(&error).to_string()))
    }
}

#[cfg(test)]
mod tests {
    use super::{Datum, data};
    use crate::Snapshot;
    use crate::families::tests::{mirror, snapshot};

    #[test]
    fn rates_are_of_the_time_between_two_snapshots_and_errors_of_all_interfaces() {
        let data = data(&snapshot(1000, 100, 1), &snapshot(11_000, 850_100, 4));
        assert_eq!(
            data,
            [
                Datum { name: "PacketsPerSecond", value: 85_000.0, unit: "Count/Second" },
                Datum { name: "BytesPerSecond", value: 8_500_000.0, unit: "Bytes/Second" },
                Datum { name: "Errors", value: 3.0, unit: "Count" },
                Datum { name: "Sessions", value: 12.0, unit: "Count" },
            ]
        );
    }

    #[test]
    fn the_share_of_translated_packets_is_of_the_time_between_and_none_without_packets() {
        let with = |services| Snapshot { services: Some(services), ..snapshot(1000, 100, 1) };
        let later = |services| Snapshot { time_ms: 2000, ..with(services) };
        let rate = |before: &Snapshot, now: &Snapshot| {
            data(before, now).into_iter().find(|datum| datum.name == "NATHitRate").map(|datum| datum.value)
        };
        assert_eq!(rate(&with(mirror(100, 100)), &later(mirror(1100, 850))), Some(75.0));
        assert_eq!(rate(&with(mirror(100, 100)), &later(mirror(100, 100))), None, "no packets");
        assert_eq!(rate(&with(mirror(100, 100)), &later(mirror(50, 0))), None, "it began anew");
        assert_eq!(rate(&snapshot(1000, 100, 1), &later(mirror(50, 0))), None, "no services before");
    }

    #[test]
    fn nothing_is_said_of_a_time_that_cannot_be_compared() {
        let one = snapshot(1000, 100, 1);
        assert_eq!(data(&one, &one), [], "no time");
        assert_eq!(data(&Snapshot::default(), &one), [], "no daemon");
        assert_eq!(data(&one, &snapshot(2000, 99, 1)), [], "it began anew");
    }
}
