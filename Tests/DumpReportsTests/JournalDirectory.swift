import DumpDirectory
import DumpFormat
import DumpReports
import Foundation
import JSON
import Testing

/// A directory with dumps and journals, written as the gateway does.
struct JournalDirectory {
  static let key = "a key of the tests, long enough for HKDF alone"
  static let begun = 1_795_464_697
  /// The names of users, and a secret that is easy to find.
  static let guide = DocumentGuide(
    nameFields: { $0 == "users" ? ["username"] : [] }, hides: { _, path, _ in path.last == "password" },
    maskedText: { $0.replacing("hunter2", with: "***") })

  let keyring = DumpKeyring(sealing: DumpKey(key))
  let directory: DumpDirectory

  init(in root: URL) throws {
    directory = DumpDirectory(try DumpLocation(path: "d.bin", workingDirectory: root.path()))
    try directory.prepare()
  }

  static func number(_ sequence: Int) throws -> JournalNumber {
    try #require(JournalNumber(epoch: 1, sequence: sequence))
  }

  func path(_ sequence: Int) -> String { "\(directory.location.directory)/d.journal-1-\(sequence)" }

  /// Writes a dump.
  ///
  /// - Parameter sequence: `nil` for a dump without an order, as Doorman's.
  @discardableResult
  func dump(
    _ sequence: Int?, users: [JSONObject] = [], format: DumpFormatName = .dmp2, key: String = Self.key
  ) throws -> WrittenDump {
    let order = try sequence.map { try #require(DumpOrder(epoch: 1, sequence: $0)) }
    let age = sequence ?? 50
    let header = DumpHeader(
      format: format, createdAt: "2026-11-23T20:12:\(String(format: "%02d", age))Z", order: order)
    var dump = try directory.beginDump(to: directory.location, at: Self.begun + age) { file in
      try DumpWriter(header: header, key: DumpKey(key), sink: file)
    }
    try dump.beginGroup("users")
    for user in users { try JSONWriter.bytes(user).withUnsafeBytes { try dump.append($0) } }
    return try dump.seal().publish()
  }

  /// Writes a journal with one commit in each chunk, a second apart.
  ///
  /// - Returns: the place behind the last commit.
  @discardableResult
  func journal(
    _ sequence: Int, _ start: JournalStart, _ commits: [(actor: String?, changes: [JournalChange])],
    closes: Bool = true
  ) throws -> JournalStart {
    let number = try Self.number(sequence)
    let header = JournalHeader(number: number, start: start, createdAt: "2026-11-23T20:11:37Z", writer: "test/1")
    var sealer = try JournalSealer(header, key: keyring.sealing)
    var file = directory.newJournal(number, beginning: sealer.beginning)
    for (index, commit) in commits.enumerated() {
      var content: [UInt8] = []
      JournalCommit(
        number: index + 1, time: (Self.begun + index) * 1_000_000, actor: commit.actor, changes: commit.changes
      ).encode(into: &content)
      file.append(try sealer.seal(content))
    }
    let place = JournalPlace(journal: number, commits: commits.count, tag: sealer.tag)
    if closes { file.append(try sealer.close()) }
    try file.synchronize()
    return .journal(place)
  }

  static func added(_ id: String, _ name: String) -> JournalChange {
    let user: JSONObject = ["_id": .string(id), "username": .string(name), "password": "hunter2"]
    return JournalChange(collection: "users", id: id, before: nil, after: JSONWriter.bytes(user))
  }

  static func changed(_ id: String, _ name: String) -> JournalChange {
    JournalChange(collection: "users", id: id, before: 1, after: added(id, name).after)
  }

  static func removed(_ id: String) -> JournalChange {
    JournalChange(collection: "users", id: id, before: 1, after: nil)
  }

  /// Adds bytes to a file, or cuts some off.
  func append(_ bytes: [UInt8], to path: String) throws {
    try (Data(contentsOf: URL(filePath: path)) + Data(bytes)).write(to: URL(filePath: path))
  }

  func cut(_ count: Int, from path: String) throws {
    try Data(contentsOf: URL(filePath: path)).dropLast(count).write(to: URL(filePath: path))
  }

  func flip(_ offset: Int, in path: String) throws {
    var bytes = try Data(contentsOf: URL(filePath: path))
    bytes[offset] ^= 1
    try bytes.write(to: URL(filePath: path))
  }

  func history(verifies: Bool = true, key: String = Self.key) throws -> JournalHistory {
    try JournalHistory(directory, DumpKeyring(sealing: DumpKey(key)), verifies: verifies)
  }

  /// The output of `journal verify` for the whole directory.
  func check(key: String = Self.key) throws -> JournalCheck {
    let history = try history(key: key)
    return JournalCheck(
      history.journals.map { (report: $0, follows: $0.header.map(history.follows)) }, chain: history.chain(),
      in: directory.location.directory)
  }
}
