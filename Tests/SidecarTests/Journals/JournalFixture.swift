import Clocks
import DumpDirectory
import DumpFormat
import Foundation
import Logging
import Retention
import Settings
import Testing

@testable import Sidecar

/// Dumps and journals of one directory, written as the gateway does.
struct JournalFixture {
  static let key = "a key of the tests, long enough for HKDF alone"
  static let begun = 1_795_464_697
  private static let keyring = DumpKeyring(sealing: DumpKey(key))

  let directory: DumpDirectory
  let volume: DumpVolume

  init(in root: URL, cache: DumpVolume.CacheAccess = .owner) throws {
    var reader = EnvironmentReader(["MEM_ENCRYPTION_KEY": Self.key, "MEM_DUMP_PATH": "d.bin"]) { _ in "" }
    let settings = try #require(DumpSettings(&reader, isProduction: false))
    directory = DumpDirectory(try DumpLocation(path: "d.bin", workingDirectory: root.path()))
    volume = try DumpVolume(settings, workingDirectory: root.path(), cache: cache)
  }

  static func number(_ sequence: Int, epoch: Int = 1) throws -> JournalNumber {
    try #require(JournalNumber(epoch: epoch, sequence: sequence))
  }

  private static func time(_ age: Int) -> String { CivilTime(unixSeconds: begun + age).extended }

  /// Writes a dump without documents.
  ///
  /// - Parameter at: seconds after `begun`.
  func dump(_ sequence: Int, epoch: Int = 1, at: Int) throws {
    try dump(DumpOrder(epoch: epoch, sequence: sequence), at: at)
  }

  /// Writes a dump without documents, and without an order if that is `nil`, as Doorman does.
  func dump(_ order: DumpOrder?, at: Int) throws {
    var dump = try directory.beginDump(to: directory.location, at: Self.begun + at) { file in
      try DumpWriter(
        header: DumpHeader(createdAt: Self.time(at), order: order), key: DumpKey(Self.key), sink: file)
    }
    try dump.beginGroup("users")
    _ = try dump.seal().publish()
  }

  /// Writes a journal of some commits.
  ///
  /// - Returns: the place behind them.
  @discardableResult
  func journal(
    _ sequence: Int, epoch: Int = 1, _ start: JournalStart, at: Int, commits: Int = 2, closes: Bool = true
  ) throws -> JournalStart {
    let number = try Self.number(sequence, epoch: epoch)
    let header = JournalHeader(number: number, start: start, createdAt: Self.time(at), writer: "test")
    var sealer = try JournalSealer(header, key: Self.keyring.sealing)
    var file = directory.newJournal(number, beginning: sealer.beginning)
    for commit in 1...commits {
      var content: [UInt8] = []
      let change = JournalChange(collection: "users", id: "u\(commit)", before: nil, after: Array("{}".utf8))
      JournalCommit(number: commit, time: (Self.begun + at) * 1_000_000, actor: nil, changes: [change])
        .encode(into: &content)
      file.append(try sealer.seal(content))
    }
    let place = JournalPlace(journal: number, commits: commits, tag: sealer.tag)
    if closes { file.append(try sealer.close()) }
    try file.synchronize()
    return .journal(place)
  }

  func path(_ sequence: Int, epoch: Int = 1) -> String {
    "\(directory.location.directory)/d.journal-\(epoch)-\(sequence)"
  }

  /// The dumps and journals, verified.
  func verified() throws -> (dumps: [KnownDump], journals: [KnownJournal]) {
    let dumps = try volume.dumps().map { $0.verification == nil ? volume.verify($0) : $0 }
    let journals = try volume.journals(beside: dumps)
    return (dumps, journals.map { $0.isVerificationDue ? volume.verify($0, among: journals) : $0 })
  }

  func pruner(_ policy: RetentionPolicy) -> Pruner {
    Pruner(
      volume: volume, policy: policy, trash: TrashPolicy(keepFor: 60),
      logger: Logger(label: "t") { _ in SwiftLogNoOpLogHandler() })
  }
}
