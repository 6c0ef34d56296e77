import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import HTTPClient
import Logging
import Retention
import Threads

/// Copies a dump to S3 within the time that is left to a drain.
///
/// It has a client and a thread of its own, so neither a copy that the watch has under way nor a hung volume delays it
/// past its deadline.
struct DrainCopy: Sendable {
  private let configuration: OffsiteConfiguration
  private let retention: RetentionPolicy
  private let settings: HTTPClient.Settings
  private let volume: DumpVolume
  private let gate: CopyGate
  private let logger: Logger

  private static let tries = 3

  /// - Parameter gate: of the watch that ends with this drain, or `nil` without a watch.
  /// - Returns: `nil` where no copies are configured.
  init?(
    _ configuration: SidecarConfiguration, _ settings: HTTPClient.Settings, volume: DumpVolume, gate: CopyGate?,
    logger: Logger
  ) {
    guard let offsite = configuration.offsite else { return nil }
    self.configuration = offsite
    if let gate {
      self.gate = gate
    } else {
      self.gate = CopyGate(offsite, metrics: SidecarMetrics(), logger: logger)
    }
    retention = configuration.retention
    self.settings = settings
    self.volume = volume
    self.logger = logger
  }

  var bucket: String { configuration.bucket }

  /// Copies a dump.
  ///
  /// - Parameter dump: a verified dump, or `nil` for the newest verified one of the volume.
  func run(_ dump: KnownDump?, until deadline: Deadline) -> DrainReceipt.Copy {
    let start = SteadyClock.now()
    var result = attempt(dump, until: deadline)
    result.took = SteadyClock.now() - start
    return result
  }

  private func attempt(_ dump: KnownDump?, until deadline: Deadline) -> DrainReceipt.Copy {
    let worker = Worker()
    let found = worker.run(until: deadline) { [self] in
      let known = try dump ?? volume.dumps().first(where: \.isGood)
      return (known, known.map { volume.isCopied($0.name, to: configuration.place) } ?? false)
    }
    var result = DrainReceipt.Copy(bucket: bucket, reason: "")
    switch found {
    case .done((nil, _)):
      result.reason = "there is no verified dump"
    case .done((let dump?, true)):
      (result.dump, result.isThere, result.reason) = (dump.name, true, "it was copied before the drain")
    case .done((let dump?, false)):
      result.dump = dump.name
      switch worker.run(until: deadline, { [self] in try put(dump, deadline.keeping(.milliseconds(50))) }) {
      case .done:
        (result.isThere, result.reason) = (true, nil)
        // Without this record, the next start copies the dump once more.
        _ = worker.run(until: deadline) { [self] in volume.markCopied(dump.name, at: configuration.place) }
      case .failed(let error): result.reason = "\(error)"
      case .late: result.reason = "S3, or the volume, did not answer in time"
      }
    case .failed(let error): result.reason = "the volume can't be read: \(error)"
    case .late: result.reason = "the volume did not answer in time"
    }
    return result
  }

  /// Tries a few times, as there may be no later opportunity.
  private func put(_ dump: KnownDump, _ deadline: Deadline) throws {
    guard let good = dump.verification?.good else { throw OffsiteError(.mismatch, "'\(dump.name)' is not verified") }
    let source = try volume.directory.source(of: dump.entry.path)
    let store = OffsiteStore(configuration, retention: retention, http: try HTTPClient(settings), logger: logger)
    var pause = RetryPause()
    var generator = SystemRandomNumberGenerator()
    for number in 1... {
      do {
        try admit(store, deadline)
        if let order = good.order { volume.noteCopy(of: JournalNumber(order), at: store.place) }
        return try store.put(dump, good, source, deadline)
      } catch let error as OffsiteError where error.mayPass && number < Self.tries {
        let wait = pause.next(using: &generator)
        guard wait < deadline.left else { throw error }
        Wakeup().wait(until: Deadline(in: wait))
      }
    }
  }

  /// - Throws: `OffsiteError` `otherHistory` when S3 has copies that the volume does not know. There is no time to wait
  ///   for a volume that lists them late.
  private func admit(_ store: OffsiteStore, _ deadline: Deadline) throws {
    guard try !gate.opensLast(store, volume, deadline) else { return }
    let words = ["S3 has copies of another history", gate.fault].compactMap(\.self)
    throw OffsiteError(.otherHistory, words.joined(separator: ": "))
  }
}
