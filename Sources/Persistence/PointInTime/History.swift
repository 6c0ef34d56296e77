import DumpFormat

/// A dump, with its place in the history.
struct HistoryDump: Sendable, Equatable {
  let path: String
  let order: DumpOrder?
  /// See `DumpIdentity`.
  let identity: String
  /// The dump's time, in microseconds of Unix time.
  let time: Int

  var number: JournalNumber? { order.map(JournalNumber.init) }
}

/// The order of the states that the dumps and journals of a directory hold. It comes from the places that journals
/// name as their starts, and from the numbers of dumps. No clock is asked.
///
/// Each item is a state, or a run of states, of one writer. A dump is an item of its own where no journal has its
/// number.
struct History: Sendable, Equatable {
  /// The way from the item before.
  enum Link: Sendable, Equatable {
    /// The item begins with the state with which the one before ends.
    case continuous
    /// Another state was put in place, as by a restore. Up to then, the state was that of the item before.
    case replaced
    /// Nothing tells which states there were between the two items.
    case unknown
  }

  /// The part of a journal that belongs to the history.
  enum Limit: Sendable, Equatable {
    case everything
    /// Another task went on from this place. What follows it was never acknowledged.
    case place(JournalPlace)
    /// Another task went on from the state of the journal's beginning.
    case beginning
  }

  enum Content: Sendable, Equatable {
    case dump(HistoryDump)
    /// A journal, with the dump of its number if that is there.
    case journal(JournalHeader, Limit, dump: HistoryDump?)
  }

  struct Item: Sendable, Equatable {
    let content: Content
    var link: Link
  }

  /// The items, the oldest first.
  private(set) var items: [Item] = []
  /// All dumps, also those that were never the state.
  let dumps: [HistoryDump]
  /// Whether the states behind the last item are unknown.
  let isEndUnknown: Bool

  /// Finds the order.
  ///
  /// - Parameters:
  ///   - journals: the headers of the journals that can be read.
  ///   - unreadable: the numbers of the other journals.
  ///   - dumps: the dumps, the newest first (see `DumpSequence`).
  init(journals: [JournalHeader], unreadable: Set<JournalNumber> = [], dumps: [HistoryDump]) {
    self.dumps = dumps
    let trace = HistoryTrace(journals: journals, dumps: dumps)
    let ordered = Array(dumps.filter { $0.order != nil }.reversed())
    let numbers = Set(trace.legs.map(\.header.number))
    let own = Dictionary(ordered.compactMap { dump in dump.number.map { ($0, dump) } }) { first, _ in first }
    let last = trace.legs.last?.header.number
    isEndUnknown = unreadable.contains { number in
      last.map { $0 < number } != false && ordered.last?.number.map { $0 <= number } != false
    }
    var rest = ordered.filter { dump in dump.number.map { number in !numbers.contains(number) } == true }[...]
    for leg in trace.legs {
      while let dump = rest.first, let number = dump.number, number < leg.header.number {
        rest.removeFirst()
        place(dump, before: leg)
      }
      if case .dump(let start) = leg.source, start.order == nil {
        items.append(Item(content: .dump(start), link: .unknown))
      }
      items.append(
        Item(
          content: .journal(leg.header, leg.limit, dump: own[leg.header.number]), link: link(to: leg)))
    }
    for dump in rest { items.append(Item(content: .dump(dump), link: link(to: dump))) }
    placeUnordered(dumps)
  }

  /// Adds a dump without a journal, if it belongs to the history.
  private mutating func place(_ dump: HistoryDump, before leg: HistoryTrace.Leg) {
    let isBehindSource: Bool =
      switch leg.source {
      case .journal: true
      case .dump(let source):
        if let order = source.order, let own = dump.order { order < own } else { false }
      case .none: false
      }
    guard isBehindSource else {
      return items.append(Item(content: .dump(dump), link: link(to: dump)))
    }
    // A dump of the same writer without a journal: nothing changed between the two. One of an earlier writer is that
    // of a task that had lost the lease: the next one had gone on from an earlier place.
    guard dump.order?.epoch == leg.header.number.epoch else { return }
    items.append(Item(content: .dump(dump), link: .continuous))
  }

  private func link(to leg: HistoryTrace.Leg) -> Link {
    switch leg.source {
    case .journal, .dump: return .continuous
    case .none:
      guard leg.header.start == .ownDump else { return .unknown }
      return replacement(at: leg.header.number)
    }
  }

  private func link(to dump: HistoryDump) -> Link {
    dump.number.map { replacement(at: $0) } ?? .unknown
  }

  /// The link to a state that no journal leads to. A writer that has a journal writes each change to it. So up to its
  /// next dump its state was replaced, or stayed the same.
  private func replacement(at number: JournalNumber) -> Link {
    guard case .journal(let header, _, _)? = items.last?.content, header.number.epoch == number.epoch,
      header.number.sequence + 1 == number.sequence
    else { return .unknown }
    return .replaced
  }

  /// Adds the dumps without an order, as Doorman's, that no journal names. The journals around one in the middle show
  /// that it was never the state.
  private mutating func placeUnordered(_ dumps: [HistoryDump]) {
    var below: HistoryDump?
    for dump in dumps.reversed() {
      guard dump.order == nil else {
        below = dump
        continue
      }
      guard !items.contains(where: { $0.content == .dump(dump) }) else { continue }
      var index = 0
      if let below {
        guard let place = items.firstIndex(where: { $0.dump == below }) else { continue }
        index = place + 1
      }
      guard index == items.count || items[index].link == .unknown else { continue }
      items.insert(Item(content: .dump(dump), link: .unknown), at: index)
      below = dump
    }
  }
}

extension History.Item {
  /// The dump that has the item's first state.
  var dump: HistoryDump? {
    switch content {
    case .dump(let dump): dump
    case .journal(_, _, let dump): dump
    }
  }
}
