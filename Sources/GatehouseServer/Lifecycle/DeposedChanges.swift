import Logging
import Persistence

/// Acknowledged changes that the dump directory's state lacks, because another task took the lease before a dump
/// contained them. They are saved in a separate dump, which no start loads.
actor DeposedChanges {
  struct Report: Sendable {
    let count: Int
    /// The dump or the start after which the changes were made, as a phrase for messages.
    let since: String
    /// The dump that contains the changes, or `nil` while they are only in memory.
    var path: String?
  }

  /// The changes of the present state are only in memory, so no other state may replace it.
  struct NotKept: Error, CustomStringConvertible {
    let count: Int

    var description: String {
      "\(count) acknowledged changes are only in this task's memory, and they can't be kept aside yet; make room on the volume, or put its permissions right"
    }
  }

  private let dumper: Dumper
  private let logger: Logger
  /// The report on the present state.
  private var report: Report?
  /// The reports on earlier states, which states of other tasks replaced.
  private(set) var earlier: [Report] = []

  init(dumper: Dumper, logger: Logger) {
    self.dumper = dumper
    self.logger = logger
  }

  /// Saves the changes of the present state, if there are any that are not saved yet.
  ///
  /// - Returns: the report, or `nil` when there are no changes.
  func save() async -> Report? {
    let count = await dumper.unsavedChanges
    // A change that was being made while the others were saved is missing from that dump.
    if let report, report.path != nil, count <= report.count { return report }
    guard count > 0 else { return nil }
    let origin = await dumper.origin
    var present = Report(
      count: count, since: origin.map { "the dump \($0.path) of \($0.createdAt)" } ?? "the start, as there was no dump")
    do {
      let path = try await dumper.keepDeposed()
      present.path = path
      logger.error(
        "acknowledged changes are in no dump of the volume's state; they are kept in a dump of their own, which no start takes by itself",
        metadata: metadata(present))
    } catch {
      // The error is logged once, although the attempt is repeated.
      if report?.count != count {
        logger.error(
          "acknowledged changes are only in this task's memory: they could not be kept. They are tried again when the task stops, or takes the lease again",
          metadata: metadata(present).merging(["error": "\(error)"]) { $1 })
      }
    }
    report = present
    return present
  }

  /// Discards the report, because the state in the dump directory contains the changes after all.
  func clear() { report = nil }

  /// Saves the changes before another state replaces the present one.
  ///
  /// - Throws: `NotKept` when they can't be saved. In that case the state must not be replaced.
  func saveBeforeReplacing() async throws(NotKept) {
    guard let left = await save() else { return }
    guard left.path != nil else { throw NotKept(count: left.count) }
    earlier.append(left)
    report = nil
  }

  nonisolated func metadata(_ report: Report) -> Logger.Metadata {
    [
      "changes": .stringConvertible(report.count), "changes.since": "\(report.since)",
      "dump.path": "\(report.path ?? "none")",
    ]
  }
}
