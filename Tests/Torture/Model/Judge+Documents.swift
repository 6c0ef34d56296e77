extension Request {
  /// The name of the document with which a document is deleted, or `nil` for one that has none above it.
  package static func parent(of name: String) -> String? {
    name.firstIndex(of: "/").map { String(name[..<$0]) }
  }
}

/// The rule for changes of several documents: all of them are there, or none.
extension Judge {
  /// The requests about each name. A request that deletes a document is also about those below it.
  static func byName(_ requests: [Request]) -> [String: [Request]] {
    var all = Dictionary(grouping: requests.filter { !$0.name.isEmpty }, by: \.name)
    for name in Array(all.keys) {
      guard let above = Request.parent(of: name) else { continue }
      all[name, default: []] += all[above, default: []].filter { $0.kind == .delete }
    }
    return all
  }

  /// The first document that a change left behind, or took alone, with the number of the others.
  var tornViolations: [Violation] {
    guard let final = history.final else { return [] }
    let found = (leftBehind(final) + takenAlone(final)).sorted()
    guard let first = found.first else { return [] }
    let others = found.count > 1 ? "; and \(found.count - 1) more" : ""
    return [Violation(rule: .torn, sentence: first + others)]
  }

  /// The gateway makes no document below one that is not there, and deletes both together.
  private func leftBehind(_ final: [String: String]) -> [String] {
    final.keys.compactMap { name in
      guard let above = Request.parent(of: name), final[above] == nil else { return nil }
      return "'\(name)' is there without '\(above)'"
    }
  }

  /// A deletion without an answer was made or not. If it was not, what was acknowledged below is there, too.
  private func takenAlone(_ final: [String: String]) -> [String] {
    let isRestored = history.operations.contains { $0.kind == .restore && !$0.isRefused }
    // Without a journal, or behind a restore, it may never have been saved.
    guard history.isJournaled, !isRestored else { return [] }
    return Self.byName(history.operations).compactMap { name, requests in
      guard let above = Request.parent(of: name), final[above] != nil, final[name] == nil else { return nil }
      let (deletions, others) = (requests.filter { $0.kind == .delete }, requests.filter { $0.kind != .delete })
      guard !deletions.isEmpty, deletions.allSatisfy({ $0.answer == .unknown && $0.name == above }),
        !others.isEmpty, others.allSatisfy({ $0.answer == .acknowledged })
      else { return nil }
      return "'\(above)' is there without '\(name)', which was acknowledged and has no deletion of its own"
    }
  }
}
