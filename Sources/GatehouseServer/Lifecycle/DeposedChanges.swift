import Logging
import Persistence

/// Changes that were acknowledged here and that the volume's state does not have: another task took the lease before a dump held
/// them. They are kept in a dump of their own, which no start takes by itself.
actor DeposedChanges {
  struct Report: Sendable {
    let count: Int
    /// Since when they are in no dump, for people.
    let since: String
    /// Where they are kept; `nil`: nowhere but in memory.
    var path: String?
  }

  /// The changes of the present state are in memory only, and another state is about to take its place.
  struct NotKept: Error, CustomStringConvertible {
    let count: Int

    var description: String {
      "\(count) acknowledged changes are only in this task's memory, and they can't be kept aside yet; make room on the volume, or put its permissions right"
    }
  }

  private let dumper: Dumper
  private let logger: Logger
  /// Of the present state.
  private var report: Report?
  /// Of states that another task's have replaced since.
  private(set) var earlier: [Report] = []

  init(dumper: Dumper, logger: Logger) {
    self.dumper = dumper
    self.logger = logger
  }

  /// Keeps the changes of the present state, if there are any, unless that was done before.
  ///
  /// - Returns: `nil` when there are none.
  func keep() async -> Report? {
    let count = await dumper.unsavedChanges
    // One that was being made when the others were kept is not among them.
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
      // Said once, though it is tried again and again.
      if report?.count != count {
        logger.error(
          "acknowledged changes are only in this task's memory: they could not be kept. They are tried again when the task stops, or takes the lease again",
          metadata: metadata(present).merging(["error": "\(error)"]) { $1 })
      }
    }
    report = present
    return present
  }

  /// The present state is the volume's again, with its changes.
  func forget() { report = nil }

  /// Another state is about to take the place of the present one: its changes must be kept before that.
  ///
  /// - Throws: `NotKept` when they are not. The state must stay then.
  func leaveBehind() async throws(NotKept) {
    guard let left = await keep() else { return }
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
