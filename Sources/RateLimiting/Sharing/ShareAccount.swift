/// A part of every limit: a half, a quarter and so on, in the windows that begin within a time.
package struct SharePart: Sendable, Equatable {
  /// How often the limit is halved.
  package let halvings: Int
  /// The first moment at which a window begins that has the part, in Unix seconds.
  package let from: Int
  /// The moment from which on a window has the part no more.
  package let until: Int

  /// A part.
  package init(halvings: Int, from: Int = .min, until: Int = .max) {
    (self.halvings, self.from, self.until) = (halvings, from, until)
  }

  /// The largest number of halvings. A smaller part is nothing.
  package static let mostHalvings = 40

  func value(of limit: Int, windowStart: Int) -> Int {
    from <= windowStart && windowStart < until ? limit >> halvings : 0
  }

  /// The part without windows that begin at a moment or later.
  func before(_ moment: Int) -> SharePart? {
    from < moment ? SharePart(halvings: halvings, from: from, until: min(until, moment)) : nil
  }

  /// The part without windows that begin before a moment.
  func since(_ moment: Int) -> SharePart? {
    until > moment ? SharePart(halvings: halvings, from: max(from, moment), until: until) : nil
  }
}

/// That which one task may use of every limit: what it got, less what it gave.
///
/// The accounts of all tasks together are never more than the limit. Each half is rounded down for the task that gets
/// it, and up for the task that gives it.
package struct ShareAccount: Sendable, Equatable {
  /// That which this task got.
  package private(set) var got: [SharePart]
  /// That which this task gave.
  package private(set) var given: [SharePart]

  /// An account.
  package init(got: [SharePart] = [], given: [SharePart] = []) {
    (self.got, self.given) = (got, given)
    settle()
  }

  /// All of every limit.
  package static let whole = ShareAccount(got: [SharePart(halvings: 0)])
  /// Nothing.
  package static let nothing = ShareAccount()

  /// The part of a limit in a window.
  ///
  /// That which was given is taken from the largest part, and rounded only once: so a larger limit never leaves less.
  package func value(of limit: Int, windowStart: Int) -> Int {
    var (value, largest) = (0, Int.max)
    for part in got where part.from <= windowStart && windowStart < part.until {
      // The other parts count as they are.
      if largest != .max { value += limit >> max(largest, part.halvings) }
      largest = min(largest, part.halvings)
    }
    guard largest != .max else { return 0 }
    let whole = limit >> largest
    var left = 1 << SharePart.mostHalvings
    for part in given where part.from <= windowStart && windowStart < part.until {
      left -= 1 << min(SharePart.mostHalvings + largest - part.halvings, 60)
    }
    guard left < 1 << SharePart.mostHalvings else { return value + whole }
    guard left > 0 else { return value }
    let product = whole.multipliedFullWidth(by: left)
    let mask: UInt = 1 << SharePart.mostHalvings - 1
    let rest = product.high << (Int.bitWidth - SharePart.mostHalvings) | Int(product.low >> SharePart.mostHalvings)
    return value + rest + (product.low & mask > 0 ? 1 : 0)
  }

  /// The account with another one's parts.
  package func adding(_ other: ShareAccount) -> ShareAccount {
    ShareAccount(got: got + other.got, given: given + other.given)
  }

  /// The account after parts were given.
  package func giving(_ parts: [SharePart]) -> ShareAccount { ShareAccount(got: got, given: given + parts) }

  /// The account without windows that begin at a moment or later.
  package func before(_ moment: Int) -> ShareAccount {
    ShareAccount(got: got.compactMap { $0.before(moment) }, given: given.compactMap { $0.before(moment) })
  }

  /// The account without windows that begin before a moment.
  package func since(_ moment: Int) -> ShareAccount {
    ShareAccount(got: got.compactMap { $0.since(moment) }, given: given.compactMap { $0.since(moment) })
  }

  /// The number of parts.
  package var count: Int { got.count + given.count }

  /// The latest moment at which parts begin or end.
  package var lastChange: Int? {
    (got + given).flatMap { [$0.from, $0.until] }.filter { $0 != .min && $0 != .max }.max()
  }

  /// The largest parts that leave at least as much.
  ///
  /// Only the largest part that was got counts, because rounded parts do not add up to their sum.
  package func half() -> [SharePart] {
    let moments = Set((got + given).flatMap { [$0.from, $0.until] }).sorted()
    var parts: [SharePart] = []
    for (from, until) in zip(moments, moments.dropFirst()) {
      guard let largest = got.filter({ $0.from <= from && from < $0.until }).map(\.halvings).min() else { continue }
      var left = 1 << (SharePart.mostHalvings - largest)
      for part in given where part.from <= from && from < part.until {
        left -= 1 << max(0, SharePart.mostHalvings - part.halvings)
      }
      var halvings = largest + 1
      while halvings <= SharePart.mostHalvings, 2 << (SharePart.mostHalvings - halvings) > left { halvings += 1 }
      guard halvings <= SharePart.mostHalvings else { continue }
      parts.append(SharePart(halvings: halvings, from: from, until: until))
    }
    return Self.joined(parts)
  }

  /// Removes what was both got and given, and joins parts that follow each other.
  private mutating func settle() {
    (got, given) = (Self.joined(got), Self.joined(given))
    // Equal parts for different times cancel where the times overlap.
    var index = 0
    while index < given.count {
      let taken = given[index]
      let match = got.firstIndex {
        $0.halvings == taken.halvings && $0.from < taken.until && taken.from < $0.until
      }
      guard let match else {
        index += 1
        continue
      }
      let source = got[match]
      let (from, until) = (max(source.from, taken.from), min(source.until, taken.until))
      got.replaceSubrange(match...match, with: [source.before(from), source.since(until)].compactMap { $0 })
      given.replaceSubrange(index...index, with: [taken.before(from), taken.since(until)].compactMap { $0 })
    }
    (got, given) = (Self.joined(got), Self.joined(given))
  }

  private static func joined(_ parts: [SharePart]) -> [SharePart] {
    var result: [SharePart] = []
    for part in parts.sorted(by: { ($0.halvings, $0.from, $0.until) < ($1.halvings, $1.from, $1.until) })
    where part.from < part.until {
      if let last = result.last, last.halvings == part.halvings, last.until == part.from {
        result[result.count - 1] = SharePart(halvings: part.halvings, from: last.from, until: part.until)
      } else {
        result.append(part)
      }
    }
    return result
  }
}
