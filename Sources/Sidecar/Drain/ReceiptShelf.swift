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

  func prune() throws(DumpDirectoryError) {
    for name in try directory.smallFiles(prefix: DrainReceipt.prefix).dropLast(Self.kept) {
      try directory.removeSmallFile(name)
    }
  }
}
