import Clocks
import Logging
import Synchronization

/// What Prometheus is told. Counters count from the start of the process.
final class SidecarMetrics: Sendable {
  struct Values: Sendable {
    var newestVerified: Newest?
    /// Dumps on the volume, and their bytes; the trash not among them.
    var dumps = 0
    var bytes = 0
    var unverified = 0
    var damaged = 0
    var verified = 0
    var pruned = 0
    var unlinked = 0
    /// By cause.
    var failures: [String: Int] = [:]
    /// Receipts on the volume, by outcome: this process ends with its own drain.
    var drains: [String: Int] = [:]
    var isServiceReady = false
    /// Whether it takes changes: not on standby, and not while its volume is full.
    var isServiceWriter = false
    /// Seconds for which a call of the volume has been under way.
    var volumeBusy = 0
    /// Of the newest copy offsite; `nil` where none is kept there.
    var newestCopied: Int?
    var isOffsite = false

    struct Newest: Sendable {
      let createdAt: Int
      let bytes: Int
      let documents: Int
    }
  }

  private let values = Mutex(Values())
  private let lastTurn = Mutex(SteadyClock.now())

  /// Whether the watch has gone round a short while ago.
  var isFresh: Bool { SteadyClock.now() - lastTurn.withLock { $0 } < .seconds(60) }

  /// - Parameter duration: for how long the next turn may not come, though all is well.
  func noteTurn(lasting duration: Duration = .zero) { lastTurn.withLock { $0 = SteadyClock.now() + duration } }

  func change(_ body: (inout Values) -> Void) { values.withLock { body(&$0) } }
  func countFailure(_ cause: String) { change { $0.failures[cause, default: 0] += 1 } }
  var snapshot: Values { values.withLock { $0 } }
}

extension SidecarMetrics.Values {
  /// Seconds by which the newest copy is behind; `nil` where none is kept.
  private var offsiteLag: Int? {
    guard isOffsite else { return nil }
    return newestVerified.map { max(0, $0.createdAt - (newestCopied ?? 0)) } ?? 0
  }

  /// The figures of one log line, from which a log service makes metrics. Names without dots: CloudWatch's filters read a
  /// dot as a step into an object.
  ///
  /// - Parameter now: Unix seconds.
  func status(now: Int) -> Logger.Metadata {
    let figures: [(name: String, value: Int?)] = [
      ("service_ready", isServiceReady ? 1 : 0), ("service_writer", isServiceWriter ? 1 : 0),
      ("dump_age_seconds", newestVerified.map { max(0, now - $0.createdAt) }),
      ("dumps", dumps), ("dump_bytes", bytes), ("damaged_dumps", damaged), ("unverified_dumps", unverified),
      ("volume_busy_seconds", volumeBusy), ("offsite_lag_seconds", offsiteLag),
    ]
    return Logger.Metadata(
      uniqueKeysWithValues: figures.compactMap { figure in figure.value.map { (figure.name, .stringConvertible($0)) } })
  }

  /// The text format of Prometheus, version 0.0.4.
  ///
  /// - Parameter now: Unix seconds.
  func text(now: Int) -> String {
    var text = PrometheusText()
    if let newestVerified {
      text.gauge(
        "newest_verified_dump_age_seconds", "Since the newest verified dump was made.",
        max(0, now - newestVerified.createdAt))
      text.gauge("newest_verified_dump_timestamp_seconds", "When it was made.", newestVerified.createdAt)
      text.gauge("newest_verified_dump_bytes", "Its size.", newestVerified.bytes)
      text.gauge("newest_verified_dump_documents", "What it holds.", newestVerified.documents)
    }
    text.gauge("dumps", "Dumps on the volume.", dumps)
    text.gauge("dump_bytes", "Bytes of all dumps on the volume.", bytes)
    text.gauge("unverified_dumps", "Dumps that were not verified yet.", unverified)
    text.gauge("damaged_dumps", "Dumps that do not verify.", damaged)
    text.gauge("service_ready", "Whether the service is ready.", isServiceReady ? 1 : 0)
    text.gauge("service_writer", "Whether the service takes changes.", isServiceWriter ? 1 : 0)
    text.gauge("volume_busy_seconds", "How long the volume has not answered.", volumeBusy)
    if let offsiteLag {
      text.gauge(
        "offsite_lag_seconds", "By how much the newest copy in S3 is older than the newest verified dump.", offsiteLag)
    }
    text.counter("verified_dumps_total", "Dumps verified.", [("", verified)])
    text.counter("pruned_dumps_total", "Dumps moved to the trash.", [("", pruned)])
    text.counter("unlinked_dumps_total", "Dumps unlinked from the trash.", [("", unlinked)])
    text.counter(
      "failures_total", "What failed, by cause.",
      failures.sorted { $0.key < $1.key }.map { ("cause=\"\($0.key)\"", $0.value) })
    text.counter(
      "drains_total", "Drains whose receipts are on the volume, by outcome.",
      drains.sorted { $0.key < $1.key }.map { ("outcome=\"\($0.key)\"", $0.value) })
    return text.lines
  }
}

private struct PrometheusText {
  private(set) var lines = ""

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    header(name, help, "gauge")
    lines += "gatehouse_sidecar_\(name) \(value)\n"
  }

  mutating func counter(_ name: String, _ help: String, _ values: [(labels: String, value: Int)]) {
    header(name, help, "counter")
    for (labels, value) in values {
      lines += "gatehouse_sidecar_\(name)\(labels.isEmpty ? "" : "{\(labels)}") \(value)\n"
    }
  }

  private mutating func header(_ name: String, _ help: String, _ type: String) {
    lines += "# HELP gatehouse_sidecar_\(name) \(help)\n# TYPE gatehouse_sidecar_\(name) \(type)\n"
  }
}
