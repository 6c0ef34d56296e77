import Logging
import Testing

@testable import Sidecar

@Suite("SidecarMetrics")
struct SidecarMetricsTests {
  @Test("are written in the format of Prometheus")
  func prometheus() throws {
    let metrics = SidecarMetrics()
    metrics.change {
      $0.newestVerified = .init(createdAt: 1000, bytes: 5, documents: 2)
      $0.drains[.known(.drained)] = 1
      $0.isOffsite = true
      $0.newestCopied = 940
      $0.standbyLag = 2
      $0.role = .standby
    }
    metrics.countFailure(.volume)
    let text = metrics.snapshot.text(now: 1060)
    for line in [
      "gatehouse_sidecar_newest_verified_dump_age_seconds 60", "gatehouse_sidecar_newest_verified_dump_bytes 5",
      "gatehouse_sidecar_failures_total{cause=\"volume\"} 1", "gatehouse_sidecar_drains_total{outcome=\"drained\"} 1",
      "gatehouse_sidecar_offsite_lag_seconds 60", "gatehouse_sidecar_standby_lag_seconds 2",
      "# TYPE gatehouse_sidecar_dumps gauge",
      "gatehouse_sidecar_role{role=\"standby\"} 1", "gatehouse_sidecar_role{role=\"holder\"} 0",
    ] {
      #expect(text.split(separator: "\n").contains(Substring(line)), "\(line)")
    }
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      #expect(line.wholeMatch(of: /gatehouse_sidecar_[a-z_]+(\{[a-z]+="[a-z_]+"\})? [0-9]+/) != nil, "\(line)")
    }
  }

  @Test("count the watch as running for as long as its drain may take")
  func turns() {
    let metrics = SidecarMetrics()
    metrics.noteTurn(lasting: .seconds(-61))
    #expect(!metrics.isFresh)
    metrics.noteTurn(lasting: .seconds(115))
    #expect(metrics.isFresh)
  }

  @Test("are on one line of the log, under names that a filter of logs can read")
  func status() {
    let metrics = SidecarMetrics()
    #expect(
      Set(metrics.snapshot.status(now: 1060).keys)
        == [
          "service_ready", "service_writer", "dumps", "dump_bytes", "damaged_dumps", "unverified_dumps",
          "volume_busy_seconds", "journals", "journal_bytes", "damaged_journals", "journal_missing",
          "role",
        ])
    metrics.change {
      $0.newestVerified = .init(createdAt: 1000, bytes: 5, documents: 2)
      $0.isServiceReady = true
      $0.isOffsite = true
      $0.newestCopied = 940
      $0.standbyLag = 2
    }
    let line = metrics.snapshot.status(now: 1060)
    #expect(line["dump_age_seconds"] == .stringConvertible(60))
    #expect(line["service_ready"] == .stringConvertible(1))
    #expect(line["offsite_lag_seconds"] == .stringConvertible(60))
    #expect(line["standby_lag_seconds"] == .stringConvertible(2))
  }
}
