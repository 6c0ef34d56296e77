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

  private let dumper: Dumper
  private let logger: Logger
  private var report: Report?

  init(dumper: Dumper, logger: Logger) {
    self.dumper = dumper
    self.logger = logger
  }

  /// Keeps the changes, if there are any, unless that was done before.
  ///
  /// - Returns: `nil` when there are none.
  func keep() async -> Report? {
    if let report, report.path != nil { return report }
    let count = await dumper.unsavedChanges
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
      logger.error(
        "acknowledged changes are only in this task's memory: they could not be kept. They are tried again when the task stops",
        metadata: metadata(present).merging(["error": "\(error)"]) { $1 })
    }
    report = present
    return present
  }

  /// The state of this task is the volume's again.
  func forget() { report = nil }

  nonisolated func metadata(_ report: Report) -> Logger.Metadata {
    [
      "changes": .stringConvertible(report.count), "changes.since": "\(report.since)",
      "dump.path": "\(report.path ?? "none")",
    ]
  }
}
