/// The name of a counter that tasks share.
package struct CounterKey: Hashable, Sendable {
  /// The thing that is counted.
  package enum Kind: UInt8, Sendable, CaseIterable {
    case rate = 1
    case throttle = 2
    case bandwidth = 3
  }

  /// The thing that is counted.
  package let kind: Kind
  /// The bytes of the user's name.
  package let name: [UInt8]

  /// The name of a counter.
  package init(_ kind: Kind, _ name: [UInt8]) { (self.kind, self.name) = (kind, name) }
}

/// The counters of a task.
package protocol CounterSource: Sendable {
  /// A counter, which is made when there is none.
  func counter(_ key: CounterKey) -> any SharedCounter

  /// Shows all counters that were counted or adjusted.
  func forEach(_ body: (_ counter: any SharedCounter, _ key: () -> CounterKey) -> Void)

  /// Shows all counters, a part of them at a time, so that no call waits for a look at all of them. A counter may come
  /// twice, and one that is made meanwhile may be missing.
  func forEachInParts(_ body: (_ counter: any SharedCounter, _ key: () -> CounterKey) -> Void)

  /// Shows counters, each at most once, until the body returns false. A look begins where the one before ended, and
  /// goes on at the beginning after the last one.
  ///
  /// - Parameters:
  ///   - place: the place at which the look begins, at first 0.
  ///   - most: about the number of counters to show.
  /// - Returns: the place at which the next look begins.
  func forEach(
    from place: Int, atMost most: Int, _ body: (_ counter: any SharedCounter, _ key: () -> CounterKey) -> Bool
  ) -> Int

  /// Lets all counters of calls begin anew.
  func clearCalls()
}
