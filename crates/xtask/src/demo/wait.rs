//! Waiting for a condition, with a deadline and never for longer than needed.

use crate::run::Failure;
use std::future::Future;
use std::time::Duration;
use tokio::time::{Instant, sleep};

/// How often a condition is looked at again.
const PACE: Duration = Duration::from_millis(40);

/// How long a person would wait before saying that something is broken.
pub(crate) const PATIENCE: Duration = Duration::from_secs(30);

/// Looks again and again until `look` finds something; the error says what was awaited.
pub(crate) async fn until<T, F, Fut>(what: &str, within: Duration, mut look: F) -> Result<T, Failure>
where
    F: FnMut() -> Fut,
    Fut: Future<Output = Result<Option<T>, Failure>>,
{
    let deadline = Instant::now() + within;
    loop {
        if let Some(found) = look().await? {
            return Ok(found);
        }
        if Instant::now() >= deadline {
            return Err(format!("waited {} s in vain for {what}", within.as_secs()).into());
        }
        sleep(PACE).await;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(within: Duration, found_at: u32) -> (Result<u32, String>, u32) {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_time().build().unwrap();
        let mut looks = 0;
        let result = runtime.block_on(until("a thing", within, || {
            looks += 1;
            let found = (looks == found_at).then_some(looks);
            async move { Ok(found) }
        }));
        (result.map_err(|failure| failure.to_string()), looks)
    }

    #[test]
    fn what_is_there_is_found_at_once() {
        assert_eq!(check(Duration::ZERO, 1), (Ok(1), 1));
        assert_eq!(check(PATIENCE, 2), (Ok(2), 2));
    }

    #[test]
    fn what_does_not_come_is_named() {
        assert_eq!(check(Duration::ZERO, 9).0, Err("waited 0 s in vain for a thing".to_owned()));
    }
}
