import DumpDirectory
package import DumpFormat
import JSON

/// The judgement of a start on the journals: whether they lead from a good dump to the newest change.
package enum JournalChainVerdict: Sendable, Equatable {
  /// These journals lead from a dump, or from an empty state, to the newest change.
  case whole(dump: String?, journals: [JournalNumber])
  /// A file is missing, so a start would refuse. With the reason, in a sentence.
  case broken(String)
  /// It can't be told, because a dump or a journal does not open (`isBad`) or can't be read. With the reason.
  case unknown(String, isBad: Bool)
}

extension JournalHistory {
  /// Follows the journals from the newest good dump, of which every byte is read.
  package func chain() -> JournalChainVerdict {
    var gap: String?
    for dump in dumps {
      let (found, trouble) = directory.verification(of: dump.path, keyring)
      switch found {
      case .damaged?: continue
      case .unopened(let reason)?: return .unknown("\(dump.name): \(reason)", isBad: true)
      case nil: return .unknown("\(dump.name): \(trouble ?? "it can't be read")", isBad: false)
      case .good(let good)?:
        let base: JournalBase
        do {
          base = JournalBase(identity: try directory.identity(of: dump.path, keyring), order: good.order)
        } catch {
          return .unknown("\(dump.name): \(error)", isBad: false)
        }
        if let uncovered = uncovered(by: base) { return .broken(uncovered) }
        switch chain(from: base, dump.name) {
        // The journals may go on from an older dump, as after a task that wrote its dump without the lease.
        case .broken(let reason): gap = gap ?? reason
        case let verdict: return verdict
        }
      }
    }
    // The changes of a first start may be in journals only.
    switch chain(from: .empty, nil) {
    case .broken(let reason): return .broken(gap ?? reason)
    case let verdict: return verdict
    }
  }

  private func chain(from base: JournalBase, _ dump: String?) -> JournalChainVerdict {
    let newer = journals.filter { journal in base.order.map { journal.entry.number >= JournalNumber($0) } ?? true }
    // A journal whose beginning was cut off has no header, no fault and no commits.
    if let closed = newer.first(where: { $0.header == nil && $0.error != nil }), let reason = closed.error {
      return .unknown("\(closed.entry.name): \(reason)", isBad: closed.verification?.fault != nil)
    }
    switch JournalChain.from(base, through: newer.compactMap(\.header)) {
    case .chain(let links): return .whole(dump: dump, journals: links.map(\.journal))
    case .gap(let newest, let missing, _):
      return .broken("the changes in journal \(newest) can't be restored, because \(missing) is missing")
    case .none: return .whole(dump: dump, journals: [])
    }
  }

  /// The reason why a start refuses a dump without an order, as Doorman's, although no journal follows it: no dump of
  /// this program holds the newest changes.
  private func uncovered(by base: JournalBase) -> String? {
    guard base.order == nil, case .none = JournalChain.from(base, through: journals.compactMap(\.header)),
      let newest = journals.last, newest.verification?.good?.commits != 0
    else { return nil }
    if let order = dumps.compactMap(\.order).max(), newest.entry.number < JournalNumber(order) { return nil }
    return
      "journal \(newest.entry.number) has changes that no dump holds, and the newest dump is of another program and does not follow them"
  }
}
