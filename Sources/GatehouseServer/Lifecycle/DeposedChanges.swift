import Logging
import Persistence

/// Acknowledged changes that the volume's state lacks, because another task took the lease before a dump held them. They are
/// saved in a dump of their own, which no start loads.
actor DeposedChanges {
  struct Report: Sendable {
    let count: Int
    /// The dump or the start after which they were made, as a phrase for people.
    let since: String
    /// The dump that holds them, or `nil` while they are in memory only.
    var path: String?
  }

  /// The changes of the present state are in memory only, so no other state may replace it.
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
  /// Reports on states that another task's states replaced since.
  private(set) var earlier: [Report] = []

  init(dumper: Dumper, logger: Logger) {
    self.dumper = dumper
    self.logger = logger
  }

  /// Saves the changes of the present state, if there are any and they are not saved yet.
  ///
  /// - Returns: `nil` when there are none.
  func save() async -> Report? {
    let count = await dumper.unsavedChanges
    // A change that was being made when the others were saved is not among them.
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
      // This is logged once, although it is tried again and again.
      if report?.count != count {
        logger.error(
          "acknowledged changes are only in this task's memory: they could not be kept. They are tried again when the task stops, or takes the lease again",
          metadata: metadata(present).merging(["error": "\(error)"]) { $1 })
      }
    }
    report = present
    return present
  }

  /// Forgets the report: the volume's state holds the changes after all.
  func clear() { report = nil }

  /// Saves the changes before another state replaces the present one.
  ///
  /// - Throws: `NotKept` when they can't be saved. The state must not be replaced then.
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
