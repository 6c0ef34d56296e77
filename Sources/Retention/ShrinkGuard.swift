/// Flags dumps that hold fewer than half of the documents of their predecessor: after an accident, such as a start from
/// an empty volume, the small dumps that follow must not push out the large ones that one would restore.
///
/// Judges good dumps from the oldest to the newest. A flagged dump does not become what the next is compared with, so
/// that all of a row of small dumps are flagged.
package struct ShrinkGuard: Sendable {
  /// Documents of the newest dump that was not flagged.
  private var baseline: Int?

  package init() {}

  /// - Parameters:
  ///   - documents: of the next good dump.
  ///   - isAccepted: someone has said that this dump is as it should be.
  /// - Returns: whether the dump is flagged.
  package mutating func flags(documents: Int, isAccepted: Bool) -> Bool {
    let documents = max(0, documents)
    // documents * 2 < baseline, without a product that could overflow.
    if !isAccepted, let baseline, documents < baseline - documents { return true }
    baseline = documents
    return false
  }

  /// - Parameters:
  ///   - dumps: newest first.
  ///   - accepted: names of dumps that are never flagged: those that an operator accepted, and those that the caller
  ///     remembers to have passed. Pruning removes the steps of a slow decline, and what is left of it looks like an
  ///     accident to whoever judges it anew.
  /// - Returns: whether each dump is flagged, in the same order.
  package static func flags(_ dumps: [JudgedDump], accepted: Set<String>) -> [Bool] {
    var flags = Array(repeating: false, count: dumps.count)
    var shrinkGuard = ShrinkGuard()
    for index in dumps.indices.reversed() {
      guard let documents = dumps[index].documents else { continue }
      flags[index] = shrinkGuard.flags(documents: documents, isAccepted: accepted.contains(dumps[index].name))
    }
    return flags
  }
}
