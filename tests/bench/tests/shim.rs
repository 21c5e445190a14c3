//! The short form of the torture of the channel's socket.

use bench::shim::{Settings, run};

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn channels_stand_work_and_close_over_links_that_fail() {
    let report = run(Settings { cycles: 40, ..Settings::default() }).await;
    let report = report.unwrap_or_else(|failure| panic!("{failure}"));
    assert_eq!(report.cycles, 40);
    assert!(report.swaps > 0, "links were replaced under the channels");
}
