/// That which one task has given to another of its share of one counter, or got.
///
/// It belongs to one window. In windows of a few seconds, in which nothing can be moved in time, it belongs to a window
/// and all later ones. It fits into one word, so that a call reads it at once.
package struct Adjustment: Sendable, Equatable {
  /// The length in seconds up to which an adjustment stays for later windows.
  package static let longestLasting = 5
  /// The amount that leaves nothing of a share.
  package static let least = -(1 << 27)
  /// The largest amount.
  package static let most = 1 << 27 - 1

  /// The word; 0 for no adjustment.
  package let word: UInt64

  /// No adjustment.
  package static let none = Adjustment(word: 0)

  /// The adjustment of a word.
  package init(word: UInt64) { self.word = word }

  /// An adjustment.
  ///
  /// - Parameters:
  ///   - amount: in units of the counter; one below `least` leaves nothing.
  ///   - number: the number of the window.
  ///   - window: its length in seconds.
  package init(_ amount: Int, number: UInt64, window: Int) {
    let amount = Int32(min(max(amount, Self.least), Self.most))
    let low = UInt32(bitPattern: amount << 4) | UInt32(Self.kind(of: window)) << 1 | 1
    word = number << 32 | UInt64(low)
  }

  /// The number of the window.
  package var number: UInt64 { word >> 32 }
  /// In units of the counter.
  package var amount: Int { Int(Int32(truncatingIfNeeded: word) >> 4) }

  /// Whether this belongs to windows of a length.
  package func isOf(_ window: Int) -> Bool { word != 0 && Int(word >> 1 & 7) == Self.kind(of: window) }

  /// The amount in a window, or `nil` when the window has nothing.
  package func amount(in number: UInt64, window: Int) -> Int? {
    guard isOf(window) else { return 0 }
    // A thread that was held up may ask for a window of which the adjustment is not known any more.
    guard number >= self.number else { return nil }
    guard window <= Self.longestLasting || number == self.number else { return 0 }
    return amount == Self.least ? nil : amount
  }

  private static let lengths = [1, 60, 3600, 86_400, 604_800, 2_592_000, 31_536_000]

  private static func kind(of window: Int) -> Int {
    for (kind, length) in lengths.enumerated() where length == window { return kind }
    return lengths.count
  }
}
