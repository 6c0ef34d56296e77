import DumpDirectory
import DumpFormat
import DumpReports
import Glibc
import JSON
import Retention

/// Finds the dump that the gateway says it wrote, verifies it, and compares it with the gateway's answer. It blocks for
/// as long as the volume does.
struct DumpCheck: Sendable {
  /// Why a dump could not be verified.
  enum Failure: Error, Sendable, CustomStringConvertible {
    case notOnVolume(String)
    case damaged(String)
    case unreadable(String)

    var description: String {
      switch self {
      case .notOnVolume(let text), .damaged(let text), .unreadable(let text): text
      }
    }

    var outcome: DrainOutcome {
      switch self {
      case .notOnVolume: .notOnVolume
      case .damaged: .damaged
      case .unreadable: .volumeFailed
      }
    }
  }

  /// The result of verifying a dump.
  enum Result: Sendable {
    case verified(Checked)
    /// The dump directory holds no dump.
    case noDump
    case failed(Failure)
    /// The volume did not answer in time.
    case late
  }

  /// A dump that verifies.
  struct Checked: Sendable {
    let dump: KnownDump
    let good: GoodDump
    let predecessor: (name: String, documents: Int)?
    let shrank: Bool
    /// The name of a newer dump of a later epoch, which a start would take instead.
    let supersededBy: String?
  }

  let volume: DumpVolume

  /// Verifies the dump of an answer.
  func check(_ answer: DumpAnswer) throws -> Checked {
    let dumps = try listed()
    guard let index = dumps.firstIndex(where: { $0.name.hasSameBytes(as: answer.name) }), isHere(answer, dumps[index])
    else {
      throw Failure.notOnVolume(
        "the gateway wrote '\(answer.path)', and that is not on this volume ('\(volume.dumpPath)'); both containers need the same volume and MEM_DUMP_PATH"
      )
    }
    let checked = try verified(index, of: dumps)
    let good = checked.good
    let differences = [
      differs("sha256", answer.sha256, good.sha256), differs("bytes", answer.bytes, checked.dump.entry.bytes),
      differs("documents", answer.documents, good.documents), differs("created_at", answer.createdAt, good.createdAt),
      differs(
        "collections", answer.collections,
        Dictionary(good.collections.map { (UTF8Key($0.name), $0.documents) }) { $1 }),
    ].compactMap { $0 }
    guard differences.isEmpty else {
      throw Failure.damaged(
        "'\(answer.name)' verifies, but is not the dump that the gateway wrote: \(differences.joined(separator: "; "))")
    }
    return checked
  }

  /// Verifies the newest dump of the directory.
  ///
  /// - Returns: `nil` when there is none.
  func checkNewest() throws -> Checked? {
    let dumps = try listed()
    return dumps.isEmpty ? nil : try verified(0, of: dumps)
  }

  private func listed() throws -> [KnownDump] {
    do {
      return try volume.dumps()
    } catch {
      throw Failure.unreadable("the volume can't be read: \(error)")
    }
  }

  private func verified(_ index: Int, of dumps: [KnownDump]) throws -> Checked {
    let known = dumps[index]
    let dump = known.verification == nil ? volume.verify(known) : known
    switch dump.verification {
    case nil: throw Failure.unreadable("'\(dump.name)' can't be read: \(dump.readFault ?? "unknown")")
    case .damaged(let reason)?, .unopened(let reason)?:
      throw Failure.damaged("'\(dump.name)' does not verify: \(reason)")
    case .good(let good)?:
      let before = dumps[(index + 1)...].first { $0.isGood }
      let predecessor = before.flatMap { before in before.verification?.good.map { (before.name, $0.documents) } }
      var all = dumps
      all[index] = dump
      let shrank = ShrinkGuard.flags(volume.judged(all))[index]
      let later = dumps[..<index].first { ($0.entry.epoch ?? 0) > good.order?.epoch ?? .max }
      return Checked(dump: dump, good: good, predecessor: predecessor, shrank: shrank, supersededBy: later?.name)
    }
  }

  /// Whether a path of the gateway's container may be this dump. The volume may be mounted elsewhere there, so the path
  /// need not exist here. If it does exist, it must be this file.
  private func isHere(_ answer: DumpAnswer, _ dump: KnownDump) -> Bool {
    guard answer.path.beginsWithBytes("/"), let real = realpath(answer.path, nil) else { return true }
    defer { free(real) }
    return String(cString: real).hasSameBytes(as: dump.entry.path)
  }

  private func differs<Value: Equatable>(_ what: String, _ said: Value?, _ found: Value) -> String? {
    guard let said, said != found else { return nil }
    return "\(what) is \(found), the gateway said \(said)"
  }
}
