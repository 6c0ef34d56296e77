import DumpDirectory
import JSON

/// The receipts on the volume.
struct ReceiptShelf: Sendable {
  /// How many stay.
  static let kept = 50

  let directory: DumpDirectory

  /// The newest one that can be read.
  func newest() throws(DumpDirectoryError) -> (name: String, receipt: JSONObject)? {
    for name in try directory.smallFiles(prefix: DrainReceipt.prefix).reversed() {
      guard let bytes = try? directory.readSmallFile(name), let receipt = try? JSONParser().parseObject(bytes) else {
        continue
      }
      return (name, receipt)
    }
    return nil
  }

  /// How often each outcome stands in the receipts that are there.
  func outcomes() throws(DumpDirectoryError) -> [String: Int] {
    var counts: [String: Int] = [:]
    for name in try directory.smallFiles(prefix: DrainReceipt.prefix) {
      guard let bytes = try? directory.readSmallFile(name), let receipt = try? JSONParser().parseObject(bytes),
        let outcome = receipt["outcome"]?.string.flatMap({ DrainOutcome(rawValue: $0) })
      else { continue }
      counts[outcome.rawValue, default: 0] += 1
    }
    return counts
  }

  func prune() throws(DumpDirectoryError) {
    for name in try directory.smallFiles(prefix: DrainReceipt.prefix).dropLast(Self.kept) {
      try directory.removeSmallFile(name)
    }
  }
}
