import DumpDirectory
import JSON

/// The receipts on the volume.
struct ReceiptShelf: Sendable {
  /// How many stay.
  static let kept = 50

  let directory: DumpDirectory

  /// Oldest first; of several in one second the first has no number.
  private func names() throws(DumpDirectoryError) -> [String] {
    try directory.smallFiles(prefix: DrainReceipt.prefix).sorted {
      $0.dropLast(DrainReceipt.suffix.count) < $1.dropLast(DrainReceipt.suffix.count)
    }
  }

  /// The newest one that can be read, and those above it that can't, each with the reason.
  func newest() throws(DumpDirectoryError) -> (found: (name: String, receipt: JSONObject)?, passedOver: [String]) {
    var passedOver: [String] = []
    for name in try names().reversed() {
      do {
        return ((name, try JSONParser().parseObject(directory.readSmallFile(name))), passedOver)
      } catch {
        passedOver.append("\(name): \(error)")
      }
    }
    return (nil, passedOver)
  }

  /// What `outcomes` counts a receipt as that can't be read, or names an outcome that this version does not know.
  static let unreadable = "unreadable"

  /// How often each outcome stands in the receipts that are there.
  func outcomes() throws(DumpDirectoryError) -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in try names() {
      do {
        let receipt = try JSONParser().parseObject(directory.readSmallFile(name))
        let outcome = receipt["outcome"]?.string.flatMap { DrainOutcome(rawValue: $0) }
        counts[outcome.map(\.rawValue) ?? Self.unreadable, default: 0] += 1
      } catch {
        // One that is gone meanwhile counts no more.
        if (error as? DumpDirectoryError)?.code == .notFound { continue }
        counts[Self.unreadable, default: 0] += 1
      }
    }
    return counts
  }

  func prune() throws(DumpDirectoryError) {
    for name in try names().dropLast(Self.kept) {
      try directory.removeSmallFile(name)
    }
  }
}
