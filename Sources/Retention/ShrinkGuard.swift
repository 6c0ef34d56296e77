/// Flags dumps with fewer than half of the documents of their predecessor. After an accident, such as a start from an
/// empty directory, the small dumps that follow must not displace the large ones that are needed for a restore.
///
/// The dumps are judged from the oldest to the newest. The next dump is never compared with a flagged one, so all dumps
/// of a series of small ones are flagged.
package struct ShrinkGuard: Sendable {
  /// The number of documents of the newest dump that was not flagged.
  private var baseline: Int?

  /// Begins without a predecessor.
  package init() {}

  /// Judges the next good dump.
  ///
  /// - Parameters:
  ///   - documents: the dump's number of documents.
  ///   - isAccepted: whether an operator accepted the dump, or it passed before.
  /// - Returns: whether the dump is flagged.
  package mutating func flags(documents: Int, isAccepted: Bool) -> Bool {
    let documents = max(0, documents)
    // This is `documents * 2 < baseline`, without a product that could overflow.
    if !isAccepted, let baseline, documents < baseline - documents { return true }
    baseline = documents
    return false
  }

  /// Judges all dumps of a directory.
  ///
  /// - Parameter dumps: the dumps, newest first.
  /// - Returns: whether each dump is flagged, in the order of the dumps.
  package static func flags(_ dumps: [JudgedDump]) -> [Bool] {
    var flags = Array(repeating: false, count: dumps.count)
    var shrinkGuard = ShrinkGuard()
    for index in dumps.indices.reversed() {
      guard let documents = dumps[index].documents else { continue }
      flags[index] = shrinkGuard.flags(documents: documents, isAccepted: dumps[index].isAccepted)
    }
    return flags
  }
}
