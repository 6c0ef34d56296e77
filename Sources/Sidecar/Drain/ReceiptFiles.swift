import DumpDirectory
import JSON

/// The key by which receipts on the volume are counted.
enum ReceiptOutcome: Sendable, Hashable {
  case known(DrainOutcome)
  /// The receipt can't be read, or names an outcome that this version does not know.
  case unreadable

  /// The outcome in the metrics.
  var label: String {
    switch self {
    case .known(let outcome): outcome.rawValue
    case .unreadable: "unreadable"
    }
  }
}

/// The receipts on the volume.
struct ReceiptFiles: Sendable {
  /// How many receipts stay.
  static let kept = 50

  let directory: DumpDirectory

  /// The names of the receipts, oldest first. The first of several in one second has no number.
  private func names() throws(DumpDirectoryError) -> [String] {
    try directory.smallFiles(prefix: DrainReceipt.prefix).sorted {
      $0.dropLast(DrainReceipt.suffix.count) < $1.dropLast(DrainReceipt.suffix.count)
    }
  }

  /// The newest receipt that can be read, and the newer ones that can't be read, each with the reason.
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

  /// The number of receipts by outcome.
  func outcomes() throws(DumpDirectoryError) -> [ReceiptOutcome: Int] {
    var counts: [ReceiptOutcome: Int] = [:]
    for name in try names() {
      do {
        let receipt = try JSONParser().parseObject(directory.readSmallFile(name))
        let outcome = receipt["outcome"]?.string.flatMap { DrainOutcome(rawValue: $0) }
        counts[outcome.map { .known($0) } ?? .unreadable, default: 0] += 1
      } catch {
        // A receipt that was removed meanwhile does not count.
        if (error as? DumpDirectoryError)?.code == .notFound { continue }
        counts[.unreadable, default: 0] += 1
      }
    }
    return counts
  }

  /// Removes the oldest receipts.
  func prune() throws(DumpDirectoryError) {
    for name in try names().dropLast(Self.kept) {
      try directory.removeSmallFile(name)
    }
  }
}
