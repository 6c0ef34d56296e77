import Clocks
import Logging
import Synchronization

/// The metrics of the sidecar. Counters count from the start of the process.
final class SidecarMetrics: Sendable {
  /// The cause of a failure, as the metrics name it.
  enum Cause: String, Sendable, CaseIterable {
    case damaged
    case damagedJournal = "damaged_journal"
    case ecsMetadata = "ecs_metadata"
    case ecsProtection = "ecs_protection"
    case httpClient = "http_client"
    case metricsPort = "metrics_port"
    case missingJournal = "missing_journal"
    case notes
    case offsite
    case prune
    case shrank
    case threads
    case unreadable
    case volume
    case volumeHangs = "volume_hangs"
  }

  /// The values at one time.
  struct Values: Sendable {
    var newestVerified: Newest?
    /// The dumps on the volume, and their bytes, without the trash.
    var dumps = 0
    var bytes = 0
    var unverified = 0
    var damaged = 0
    var verified = 0
    var pruned = 0
    /// The journals on the volume, and their bytes, without the trash.
    var journals = 0
    var journalBytes = 0
    var damagedJournals = 0
    /// Whether a journal is missing between the newest verified dump and the newest journal.
    var isJournalMissing = false
    var verifiedJournals = 0
    var prunedJournals = 0
    var unlinked = 0
    var failures: [Cause: Int] = [:]
    /// The receipts on the volume by outcome, as this process ends with its own drain.
    var drains: [ReceiptOutcome: Int] = [:]
    var isServiceReady = false
    /// Whether the gateway takes changes. It does not on standby, nor while its volume is full.
    var isServiceWriter = false
    /// The seconds by which a gateway on standby is behind the writer, or `nil` where there is no such lag.
    var standbyLag: Int?
    /// The role of this task on its volume.
    var role = VolumeRole.Word.unknown
    /// The seconds for which a system call on the volume has been under way.
    var volumeBusy = 0
    /// When the newest dump that has a copy in S3 was made, in Unix seconds, or `nil` when there is no copy.
    var newestCopied: Int?
    var isOffsite = false
    /// Whether nothing is copied to S3, because it has copies of another history.
    var isOffsiteRefused = false
    /// When the last copy of journals began that left nothing out, by the steady clock, or `nil` where none are copied.
    var journalsCopied: Duration?

    /// The newest verified dump.
    struct Newest: Sendable {
      /// Unix seconds.
      let createdAt: Int
      let bytes: Int
      let documents: Int
    }
  }

  private let values = Mutex(Values())
  private let lastTurn = Mutex(SteadyClock.now())

  /// Whether the watch has made a turn within the last minute.
  var isFresh: Bool { SteadyClock.now() - lastTurn.withLock { $0 } < .seconds(60) }

  /// Notes a turn of the watch.
  ///
  /// - Parameter duration: how much later than usual the next turn may come.
  func noteTurn(lasting duration: Duration = .zero) { lastTurn.withLock { $0 = SteadyClock.now() + duration } }

  /// Changes the values.
  func change(_ body: (inout Values) -> Void) { values.withLock { body(&$0) } }

  /// Counts a failure.
  func countFailure(_ cause: Cause) { change { $0.failures[cause, default: 0] += 1 } }

  /// The values at this time.
  var snapshot: Values { values.withLock { $0 } }
}

extension SidecarMetrics.Values {
  /// The seconds by which the newest copy is behind, or `nil` where no copies are configured.
  private var offsiteLag: Int? {
    guard isOffsite else { return nil }
    return newestVerified.map { max(0, $0.createdAt - (newestCopied ?? 0)) } ?? 0
  }

  /// The seconds of changes that are not in S3 at most, or `nil` where no copies are configured.
  private var journalLag: Int? {
    journalsCopied.map { Int((SteadyClock.now() - $0).components.seconds) }
  }

  /// The metrics of one log line, from which a log service makes its own. The names have no dots, as CloudWatch's
  /// filters read a dot as a step into an object.
  ///
  /// - Parameter now: Unix seconds.
  func status(now: Int) -> Logger.Metadata {
    let figures: [(name: String, value: Int?)] = [
      ("service_ready", isServiceReady ? 1 : 0), ("service_writer", isServiceWriter ? 1 : 0),
      ("standby_lag_seconds", standbyLag),
      ("dump_age_seconds", newestVerified.map { max(0, now - $0.createdAt) }),
      ("dumps", dumps), ("dump_bytes", bytes), ("damaged_dumps", damaged), ("unverified_dumps", unverified),
      ("journals", journals), ("journal_bytes", journalBytes),
      ("damaged_journals", damagedJournals), ("journal_missing", isJournalMissing ? 1 : 0),
      ("volume_busy_seconds", volumeBusy), ("offsite_lag_seconds", offsiteLag),
      ("offsite_journal_lag_seconds", journalLag),
      ("offsite_refused", isOffsite ? (isOffsiteRefused ? 1 : 0) : nil),
    ]
    var line: Logger.Metadata = [:]
    for figure in figures {
      if let value = figure.value { line[figure.name] = .stringConvertible(value) }
    }
    let words: [(name: String, value: String)] = [("role", role.rawValue)]
    for word in words { line[word.name] = "\(word.value)" }
    return line
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
    text.gauge("journals", "Journals on the volume.", journals)
    text.gauge("journal_bytes", "Bytes of all journals on the volume.", journalBytes)
    text.gauge("damaged_journals", "Journals that do not verify.", damagedJournals)
    text.gauge(
      "journal_missing", "Whether a journal is missing behind the newest verified dump.", isJournalMissing ? 1 : 0)
    text.gauge("service_ready", "Whether the gateway is ready.", isServiceReady ? 1 : 0)
    text.gauge("service_writer", "Whether the gateway takes changes.", isServiceWriter ? 1 : 0)
    if let standbyLag {
      text.gauge("standby_lag_seconds", "By how much a gateway on standby is behind the writer.", standbyLag)
    }
    text.gauges(
      "role", "The role of this task on its volume.",
      VolumeRole.Word.allCases.map { ("role=\"\($0.rawValue)\"", $0 == role ? 1 : 0) })
    text.gauge("volume_busy_seconds", "How long the volume has not answered.", volumeBusy)
    if let offsiteLag {
      text.gauge(
        "offsite_lag_seconds", "By how much the newest copy in S3 is older than the newest verified dump.", offsiteLag)
    }
    if let journalLag {
      text.gauge("offsite_journal_lag_seconds", "Since everything in journals was copied to S3.", journalLag)
    }
    if isOffsite {
      text.gauge(
        "offsite_refused", "Whether nothing is copied to S3, as it has copies of another history.",
        isOffsiteRefused ? 1 : 0)
    }
    text.counter("verified_dumps_total", "Dumps verified.", [("", verified)])
    text.counter("pruned_dumps_total", "Dumps moved to the trash.", [("", pruned)])
    text.counter("unlinked_dumps_total", "Dumps and journals unlinked from the trash.", [("", unlinked)])
    text.counter("verified_journals_total", "Journals verified.", [("", verifiedJournals)])
    text.counter("pruned_journals_total", "Journals moved to the trash.", [("", prunedJournals)])
    text.counter(
      "failures_total", "What failed, by cause.",
      failures.map { ($0.key.rawValue, $0.value) }.sorted { $0.0 < $1.0 }.map { ("cause=\"\($0.0)\"", $0.1) })
    text.counter(
      "drains_total", "Drains whose receipts are on the volume, by outcome.",
      drains.map { ($0.key.label, $0.value) }.sorted { $0.0 < $1.0 }.map { ("outcome=\"\($0.0)\"", $0.1) })
    return text.lines
  }
}

private struct PrometheusText {
  private(set) var lines = ""

  mutating func gauge(_ name: String, _ help: String, _ value: Int) {
    header(name, help, "gauge")
    lines += "gatehouse_sidecar_\(name) \(value)\n"
  }

  mutating func gauges(_ name: String, _ help: String, _ values: [(labels: String, value: Int)]) {
    header(name, help, "gauge")
    for (labels, value) in values { lines += "gatehouse_sidecar_\(name){\(labels)} \(value)\n" }
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
