/// The calls of one sender that were taken: the highest counter, and which of those below it came.
struct ReplayWindow: Sendable, Equatable {
  /// Counters below the highest one that are remembered. Older ones count as having come.
  static let size = 1024

  private var highest: UInt64?
  /// A bit for each counter, at its remainder.
  private var bits = [UInt64](repeating: 0, count: size / 64)

  /// Takes a counter.
  ///
  /// - Returns: `false` when it came before, or is too old to tell.
  mutating func take(_ counter: UInt64) -> Bool {
    guard let highest else {
      self.highest = counter
      set(counter)
      return true
    }
    if counter > highest {
      if counter - highest >= UInt64(Self.size) {
        for index in bits.indices { bits[index] = 0 }
      } else {
        for skipped in highest + 1...counter { clear(skipped) }
      }
      self.highest = counter
    } else if highest - counter >= UInt64(Self.size) || isSet(counter) {
      return false
    }
    set(counter)
    return true
  }

  private static func place(_ counter: UInt64) -> (word: Int, bit: UInt64) {
    let place = Int(counter % UInt64(size))
    return (place / 64, 1 << UInt64(place % 64))
  }

  private func isSet(_ counter: UInt64) -> Bool {
    let (word, bit) = Self.place(counter)
    return bits[word] & bit != 0
  }

  private mutating func set(_ counter: UInt64) {
    let (word, bit) = Self.place(counter)
    bits[word] |= bit
  }

  private mutating func clear(_ counter: UInt64) {
    let (word, bit) = Self.place(counter)
    bits[word] &= ~bit
  }
}

/// The calls that were taken of all senders. Nothing is forgotten while the process lives: a call of a forgotten sender
/// could be repeated.
struct ReplayGuard: Sendable {
  /// A window takes about 200 bytes.
  static let mostSenders = 8192

  private var windows: [PeerName: ReplayWindow] = [:]

  /// Takes an authentic call.
  mutating func take(_ counter: UInt64, of sender: PeerName) throws(PeerRefusal) {
    var window: ReplayWindow
    if let known = windows[sender] {
      window = known
    } else {
      guard windows.count < Self.mostSenders else { throw .tooManySenders }
      window = ReplayWindow()
    }
    guard window.take(counter) else { throw .replayed }
    windows[sender] = window
  }
}
