/// The layout that reports and answers have in common.
package enum ShareMessage {
  /// The version of the layout. A task does not read another one, and then has no share.
  static let version: UInt8 = 1
  /// The largest number of parts of an account.
  static let mostParts = 256
  /// The bytes of entries in one message.
  static let entryBytes = 512 << 10
  /// The bytes of the largest message.
  package static let largest = 2 << 20
  /// The counters that a task looks at for one message. A look at a million takes longer than a message may.
  static let looks = 100_000
}

/// An amount that belongs to a window of a counter.
struct ShareEntry: Equatable, Sendable {
  let key: CounterKey
  /// The length of the window in seconds.
  let window: Int
  let number: UInt64
  /// The number that the window allows, or 0 when the sender never counted there.
  let limit: Int
  /// In units of the counter.
  let amount: Int

  var size: Int { 23 + key.name.count }

  static func write(_ writer: inout ShareWriter, _ entry: ShareEntry) {
    writer.add(entry.key)
    writer.add(UInt32(entry.window))
    writer.add(UInt32(truncatingIfNeeded: entry.number))
    writer.add(Int64(entry.limit))
    writer.add(Int32(min(max(entry.amount, Adjustment.least), Adjustment.most)))
  }

  static func read(_ reader: inout ShareReader) throws(ShareFault) -> ShareEntry {
    ShareEntry(
      key: try reader.key(), window: try reader.number(UInt32.self, in: 1...Int(Int32.max)),
      number: UInt64(try reader.number(UInt32.self)), limit: try reader.number(Int64.self, in: 0...Int.max),
      amount: try reader.number(Int32.self, in: Adjustment.least...Adjustment.most))
  }
}

/// One message of a transfer: an account with amounts of counters that differ from it. It takes several messages when
/// there are many.
struct SharePage: Equatable, Sendable {
  /// The number of the transfer in its session.
  var transfer: UInt32
  /// From 0.
  var index: Int
  var count: Int
  var account: ShareAccount
  /// The first moment at which a window begins that the transfer is about.
  var from: Int
  /// The last second in which the sender counted, or 0.
  var closedAt: Int
  var entries: [ShareEntry]

  /// Whether the account has all windows that begin later. Otherwise others have parts of them.
  var isWhole: Bool { account.got.contains { $0.until == .max } }

  static func write(_ writer: inout ShareWriter, _ page: SharePage) {
    writer.add(page.transfer)
    writer.add(UInt32(page.index))
    writer.add(UInt32(page.count))
    writer.add(page.account)
    writer.add(Int64(page.from))
    writer.add(Int64(page.closedAt))
    writer.add(all: page.entries, ShareEntry.write)
  }

  static func read(_ reader: inout ShareReader) throws(ShareFault) -> SharePage {
    let page = SharePage(
      transfer: try reader.number(), index: Int(try reader.number(UInt32.self)),
      count: Int(try reader.number(UInt32.self)), account: try reader.account(),
      from: Int(try reader.number(Int64.self)), closedAt: Int(try reader.number(Int64.self)),
      entries: try reader.list(ShareEntry.read))
    guard page.index < page.count else { throw ShareFault() }
    return page
  }

  /// The pages of a transfer, at least one.
  static func pages(
    _ transfer: UInt32, _ account: ShareAccount, from: Int, closedAt: Int, _ entries: [ShareEntry]
  ) -> [SharePage] {
    var lists: [[ShareEntry]] = [[]]
    var size = 0
    for entry in entries {
      if size + entry.size > ShareMessage.entryBytes, !lists[lists.count - 1].isEmpty {
        lists.append([])
        size = 0
      }
      lists[lists.count - 1].append(entry)
      size += entry.size
    }
    return lists.enumerated().map { index, list in
      SharePage(
        transfer: transfer, index: index, count: lists.count, account: account, from: from, closedAt: closedAt,
        entries: list)
    }
  }
}

/// The pages of a transfer that came.
struct SharePages: Sendable {
  private(set) var first: SharePage?
  private(set) var received = 0
  private(set) var entries: [ShareEntry] = []

  var isComplete: Bool { first.map { received == $0.count } ?? false }

  /// The number of pages that did not come yet, when the first one did.
  var left: Int {
    guard let first else { return 0 }
    return first.count - received
  }

  /// Keeps only that the pages came.
  mutating func forgetEntries() { entries = [] }

  /// Takes the next page. Another transfer begins anew.
  mutating func take(_ page: SharePage) {
    if first?.transfer != page.transfer { self = SharePages() }
    guard page.index == received else { return }
    if first == nil { first = page }
    received += 1
    entries += page.entries
  }
}
