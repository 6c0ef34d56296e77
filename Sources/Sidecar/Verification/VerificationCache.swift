import Cryptography
import DumpDirectory
import DumpFormat
import DumpReports
import JSON

/// The sidecar's memory from run to run: the dumps that it has verified, with the results.
///
/// If the cache is lost or does not fit, dumps are verified once more, and a dump that shrank is flagged again.
struct VerificationCache: Sendable, Equatable {
  /// The name of the file. Each stem has a file of its own, so that two sidecars can share a directory.
  static func fileName(of location: DumpLocation) -> String {
    let isStandard = location.stem.hasSameBytes(as: DumpLocation.defaultStem)
    return isStandard ? ".gatehouse-sidecar.json" : ".gatehouse-sidecar-\(location.stem).json"
  }

  private static let version = 1
  /// The largest size of the file in bytes, 1 GiB. A rule of retention keeps 1,000,000 dumps at most, and a journal
  /// goes on from each. A dump and its journal have 1 KB here: two notes, and their names once more where they are
  /// copied.
  static let maximumSize = 1 << 30

  /// The result of verifying one file.
  struct Note: Sendable, Equatable {
    let identity: FileIdentity
    let verification: Verification<GoodDump>
    /// The keys that were configured when the file was read.
    let keys: KeyMarks
  }

  /// The results by the names of the dumps.
  var dumps: [UTF8Key: Note] = [:]
  /// The results of verifying journals.
  var journals = JournalNotes()
  /// The names of dumps that are never flagged as shrunk: an operator accepted them, or they had not shrunk when they
  /// were new. Without the latter, a slow decline would look like an accident once the dumps in between are pruned.
  var accepted: Set<UTF8Key> = []
  /// The names of dumps and journals that have a copy in S3.
  var copied: Set<UTF8Key> = []
  /// The place of these copies.
  var offsite = CopyNotes()

  init() {}
}

extension VerificationCache {
  /// Reads the JSON of a cache.
  ///
  /// - Returns: `nil` when the bytes are no cache of this version.
  init?(_ bytes: [UInt8]) {
    guard let object = try? JSONParser().parseObject(bytes), object["version"]?.number?.int == Self.version,
      let known = object["dumps"]?.object
    else { return nil }
    for member in known.members {
      guard let note = Note(member.value) else { return nil }
      dumps[UTF8Key(member.key)] = note
    }
    guard let journals = JournalNotes(object["journals"]) else { return nil }
    self.journals = journals
    accepted = Self.names(object["accepted"])
    copied = Self.names(object["copied"])
    offsite = CopyNotes(object["offsite"])
  }

  private static func names(_ value: JSONValue?) -> Set<UTF8Key> {
    Set((value?.strings ?? []).map { UTF8Key($0) })
  }

  /// The cache as JSON.
  var json: JSONValue {
    [
      "version": .integer(Self.version),
      "dumps": .object(JSONObject(dumps.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value.json) })),
      "journals": journals.json, "accepted": .strings(accepted.sorted().map(\.text)),
      "copied": .strings(copied.sorted().map(\.text)), "offsite": offsite.json,
    ]
  }

  /// The purpose of the code that authenticates the cache. Without a key, nobody who can write to the volume can make a
  /// dump count as verified, and so have good ones pruned.
  private static let purpose = "sidecar-notes-v1"

  /// Reads the file of a cache.
  ///
  /// - Returns: `nil` unless the bytes are authenticated by one of the keys.
  init?(sealed bytes: [UInt8], _ keyring: DumpKeyring) {
    for key in keyring.all {
      if let cache = VerificationCache(sealed: bytes, key) {
        self = cache
        return
      }
    }
    return nil
  }

  /// - Returns: `nil` unless the bytes are authenticated by this key.
  init?(sealed bytes: [UInt8], _ key: DumpKey) {
    guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return nil }
    let content = Array(bytes[..<end])
    guard let code = Hexadecimal.decode(bytes[(end + 1)...]),
      (try? key.isAuthentic(code, of: content, purpose: Self.purpose)) == true
    else { return nil }
    self.init(content)
  }

  /// The bytes of the file: JSON, and the code that authenticates it on a line of its own.
  func sealed(_ key: DumpKey) throws -> [UInt8] {
    let content = JSONWriter.bytes(json)
    let code = try key.authenticationCode(of: content, purpose: Self.purpose)
    return content + [UInt8(ascii: "\n")] + Array(Hexadecimal.encode(code).utf8)
  }

  /// Records the result of verifying a dump. A dump that these keys don't decrypt keeps the result of other keys.
  mutating func record(
    _ verification: Verification<GoodDump>, of name: String, _ identity: FileIdentity, _ keys: KeyMarks
  ) {
    if case .unopened = verification, let before = dumps[UTF8Key(name)], before.identity == identity,
      !before.keys.isSubset(of: keys)
    {
      return
    }
    dumps[UTF8Key(name)] = Note(identity: identity, verification: verification, keys: keys)
  }

  /// The result of verifying a file, as far as it holds for these keys.
  func verification(of name: String, _ identity: FileIdentity?, _ keys: KeyMarks) -> Verification<GoodDump>? {
    guard let note = dumps[UTF8Key(name)], note.identity == identity else { return nil }
    // A dump that the earlier keys did not decrypt may be encrypted with a key that is new.
    if note.verification.fault != nil, !keys.isSubset(of: note.keys) { return nil }
    return note.verification
  }

  /// Takes in the cache of another process. Where both know a dump, the result of the other is younger.
  mutating func merge(_ other: VerificationCache) {
    dumps.merge(other.dumps) { $1 }
    journals.merge(other.journals)
    accepted.formUnion(other.accepted)
    mergeCopies(other)
  }

  /// Removes dumps and journals that are gone.
  mutating func removeAll(except names: Set<UTF8Key>) {
    journals.removeAll(except: names)
    dumps = dumps.filter { names.contains($0.key) }
    accepted.formIntersection(names)
    copied.formIntersection(names)
  }
}

extension VerificationCache.Note {
  fileprivate init?(_ value: JSONValue) {
    guard let note = value.object, let identity = FileIdentity(note) else { return nil }
    self.identity = identity
    keys = KeyMarks(note["keys"]?.strings ?? [])
    if let error = note["error"]?.string {
      verification = note["unopened"] == true ? .unopened(error) : .damaged(error)
      return
    }
    guard let header = DumpHeader(reading: { note[$0] }),
      let documents = note["documents"]?.number?.int,
      let sha256 = note["sha256"]?.string, let collections = note["collections"]?.object,
      case let counts = collections.members.compactMap({ member in
        member.value.number?.int.map { GoodDump.Collection(name: member.key, documents: $0) }
      }), counts.count == collections.members.count
    else { return nil }
    verification = .good(GoodDump(header: header, documents: documents, sha256: sha256, collections: counts))
  }

  fileprivate var json: JSONValue {
    var note = identity.json
    note["keys"] = .strings(keys.texts)
    switch verification {
    case .damaged(let error): note["error"] = .string(error)
    case .unopened(let error):
      note["error"] = .string(error)
      note["unopened"] = true
    case .good(let good): for (key, value) in good.fields { note[key] = value }
    }
    return .object(note)
  }
}
