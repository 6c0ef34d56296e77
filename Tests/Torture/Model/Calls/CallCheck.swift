/// Checks the recorded calls of all clients.
package enum CallCheck {
  /// A key whose answers no order of its calls explains.
  package struct Fault: Sendable {
    /// The key.
    package let key: String
    /// The shortest beginning of the history that has the fault, in the order of the ends.
    package let calls: [Call]

    /// Lines for people: the call that can't be explained, and those before it.
    package var lines: [String] {
      let last = calls.suffix(12).map { "  " + $0.line }
      return ["no order of the calls about '\(key)' explains the last of these:"] + last
    }
  }

  /// The result for all keys.
  package struct Result: Sendable {
    /// The keys with a fault.
    package var faults: [Fault] = []
    /// The number of keys.
    package var keys = 0
    /// The number of calls.
    package var calls = 0
    /// The keys for which the search took too long.
    package var undecided: [String] = []
  }

  /// Checks a history.
  package static func check(_ calls: [Call]) -> Result {
    var result = Result(calls: calls.count)
    for (key, calls) in Dictionary(grouping: calls, by: \.key).sorted(by: { $0.key < $1.key }) {
      result.keys += 1
      var search = OrderSearch(calls)
      switch search.run() {
      case .explained: break
      case .undecided: result.undecided.append(key)
      case .impossible: result.faults.append(Fault(key: key, calls: shortest(calls)))
      }
    }
    return result
  }

  /// The shortest beginning with a fault. What goes on at its end has no outcome yet.
  private static func shortest(_ calls: [Call]) -> [Call] {
    let ends = calls.compactMap(\.ended).sorted()
    var (low, high) = (0, ends.count - 1)
    while low < high {
      let middle = (low + high) / 2
      var search = OrderSearch(beginning(of: calls, at: ends[middle]))
      if search.run() == .impossible { high = middle } else { low = middle + 1 }
    }
    guard ends.indices.contains(low) else { return calls }
    return beginning(of: calls, at: ends[low]).sorted { ($0.ended ?? $0.begun) < ($1.ended ?? $1.begun) }
  }

  private static func beginning(of calls: [Call], at time: Double) -> [Call] {
    calls.filter { $0.begun <= time }.map { call in
      guard let end = call.ended, end > time else { return call }
      var open = call
      (open.ended, open.outcome) = (nil, .unknown)
      return open
    }
  }
}
