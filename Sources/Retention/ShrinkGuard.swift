/// Flags dumps that hold fewer than half of the documents of their predecessor. After an accident, such as a start from
/// an empty volume, the small dumps that follow must not displace the large ones that an operator would restore.
///
/// Good dumps are judged from the oldest to the newest. The next dump is never compared with a flagged one, so every dump
/// of a row of small ones is flagged.
package struct ShrinkGuard: Sendable {
  /// Documents of the newest dump that was not flagged.
  private var baseline: Int?

  /// Makes a guard that has judged nothing.
  package init() {}

  /// Judges the next good dump.
  ///
  /// - Parameters:
  ///   - documents: the number of its documents.
  ///   - isAccepted: whether it is never flagged.
  /// - Returns: whether the dump is flagged.
  package mutating func flags(documents: Int, isAccepted: Bool) -> Bool {
    let documents = max(0, documents)
    // documents * 2 < baseline, without a product that could overflow.
    if !isAccepted, let baseline, documents < baseline - documents { return true }
    baseline = documents
    return false
  }

  /// Judges all dumps of a volume.
  ///
  /// - Parameter dumps: newest first.
  /// - Returns: whether each dump is flagged, in the same order.
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
