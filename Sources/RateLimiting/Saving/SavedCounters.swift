/// That which counters counted in windows that have not ended, for the task that starts next.
///
/// Windows of a few seconds are left out: they are over before a task has started.
package struct SavedCounters: Sendable, Equatable {
  /// The count of one window.
  package struct Entry: Sendable, Equatable {
    /// The counter's name.
    package let key: CounterKey
    /// The length of the window in seconds.
    package let window: Int
    /// The number of the window.
    package let number: UInt64
    /// The calls or bytes that the window does not allow any more.
    package let used: Int
  }

  /// Versions of the layout. Another version is not read.
  private static let version: UInt8 = 1

  /// In no order.
  package private(set) var entries: [Entry] = []

  /// Reads the counters of a task.
  ///
  /// - Parameter now: the time that decides about windows, in Unix seconds.
  package init(_ counters: any CounterSource, now: Int) {
    counters.forEachInParts { counter, key in
      let use = counter.use()
      guard use.window > Adjustment.longestLasting else { return }
      let number = max(use.used > 0 ? use.number : 0, use.adjustment.isOf(use.window) ? use.adjustment.number : 0)
      // That which was given to another task counts as used, since that task may have used it.
      let given =
        switch use.adjustment.amount(in: number, window: use.window) {
        case nil: use.limit
        case let amount?: max(0, -amount) * counter.unit
        }
      let (used, _) = use.used(in: number).addingReportingOverflow(given)
      guard used > 0, number >= Window.number(of: use.window, now) else { return }
      entries.append(Entry(key: key(), window: use.window, number: number, used: used))
    }
  }

  /// Lets the counters of a task go on from here. What they counted themselves stays.
  package func restore(to counters: any CounterSource) {
    for entry in entries {
      counters.counter(entry.key).restore(entry.used, number: entry.number, window: entry.window)
    }
  }

  /// The layout: a version, the number of entries, and for each the kind of the counter in one byte, the name with its
  /// length in two bytes, the window's length and number in four bytes each, and the count in eight bytes.
  package var bytes: [UInt8] {
    var writer = ShareWriter()
    writer.add(Self.version)
    writer.add(all: entries) { writer, entry in
      writer.add(entry.key)
      writer.add(UInt32(entry.window))
      writer.add(UInt32(truncatingIfNeeded: entry.number))
      writer.add(Int64(entry.used))
    }
    return writer.bytes
  }

  /// Reads the layout.
  ///
  /// - Returns: `nil` when the bytes are of another version, or none of this layout.
  package init?(_ bytes: [UInt8]) {
    var reader = ShareReader(bytes)
    do {
      guard try reader.number(UInt8.self) == Self.version else { return nil }
      entries = try reader.list { reader throws(ShareFault) in
        Entry(
          key: try reader.key(), window: try reader.number(UInt32.self, in: 1...Int(Int32.max)),
          number: UInt64(try reader.number(UInt32.self)), used: try reader.number(Int64.self, in: 1...Int.max))
      }
      try reader.end()
    } catch {
      return nil
    }
  }
}
