import Clocks
import Logging
import Synchronization

/// Lets copies be made where S3 has those of this volume's history, or where it has none and this volume has claimed
/// the place. It tells when they are of another one. It is asked only when there is something to copy.
final class CopyGate: Sendable {
  private struct State: Sendable {
    var admission = CopyAdmission()
    /// The fault that the last look found.
    var fault: String?
    /// Whether the last look found that all copies are of this volume's history. It stays when another task makes the
    /// copies, as that one copies the same volume.
    var isOwn = false
  }

  private let bucket: String
  private let metrics: SidecarMetrics
  private let logger: Logger
  private let now: @Sendable () -> Duration
  private let present = Mutex(State())
  /// The threads of dumps and journals look one after the other, so that the second one finds the answer.
  private let looking = Mutex(())

  /// The longest time for a look at S3, which asks for each dump there once.
  private static let limit = Duration.seconds(120)

  init(
    _ configuration: OffsiteConfiguration, metrics: SidecarMetrics, logger: Logger,
    now: @escaping @Sendable () -> Duration = SteadyClock.now
  ) {
    bucket = configuration.bucket
    self.metrics = metrics
    self.logger = logger
    self.now = now
  }

  /// The present decision.
  var state: CopyAdmission.State { present.withLock { $0.admission.state } }

  /// Why no copies may be made, or `nil` when nothing is known to be wrong.
  var fault: String? { present.withLock { $0.fault } }

  /// The time until the next look at S3, while no copies are made.
  var pause: Duration { present.withLock { $0.admission.pause } }

  /// Looks at S3, unless it is known that copies may be made.
  ///
  /// - Returns: whether copies may be made now.
  func opens(_ store: OffsiteStore, _ volume: DumpVolume, _ deadline: Deadline = .never) throws -> Bool {
    try looking.withLock { _ in
      guard state != .open else { return true }
      switch try CopyLineage(store: store, volume: volume).look(deadline.within(Self.limit)) {
      case .own(let highest, let isEmpty):
        volume.useCopies(at: store.place, upTo: highest, isEmpty: isEmpty)
        looked(nil)
        return true
      case .foreign(let fault):
        looked(fault)
        return false
      }
    }
  }

  /// Looks at S3 for the last copy of this task, unless the last look found what is needed for it. A drain has no time
  /// to ask for each dump there once more, when the gateway has just given up its lease.
  ///
  /// - Returns: whether the copy may be made.
  func opensLast(_ store: OffsiteStore, _ volume: DumpVolume, _ deadline: Deadline) throws -> Bool {
    if present.withLock({ $0.isOwn }) { return true }
    return try opens(store, volume, deadline)
  }

  /// Has S3 looked at again before the next copy.
  func recheck() {
    present.withLock { state in
      state.admission.recheck()
      state.isOwn = false
    }
  }

  /// Begins anew, as this task does not make the copies any more.
  func forget() {
    present.withLock { state in
      state.admission.forget()
      state.fault = nil
    }
    metrics.change { $0.isOffsiteRefused = false }
  }

  private func looked(_ fault: String?) {
    let (isFirst, change) = present.withLock { state in
      let isFirst = state.fault == nil
      state.fault = fault
      state.isOwn = fault == nil
      return (isFirst, state.admission.looked(isOwn: fault == nil, at: now()))
    }
    switch (change, fault) {
    case (.began?, let fault?):
      metrics.countFailure(.offsite)
      metrics.change { $0.isOffsiteRefused = true }
      logger.error(
        "S3 has copies of another history, so nothing is copied; set another OFFSITE_S3_PREFIX, or move them away",
        metadata: ["offsite.bucket": "\(bucket)", "error": "\(fault)"])
    case (.ended?, _):
      metrics.change { $0.isOffsiteRefused = false }
      logger.notice("S3 has no copies of another history any more, so copying goes on")
    case (nil, let fault?) where isFirst:
      logger.info("S3 has a copy that the volume does not show yet", metadata: ["reason": "\(fault)"])
    default: break
    }
  }
}
