import Cryptography
import DumpDirectory
import DumpFormat
import DumpReports
import JSON

/// What the sidecar remembers from run to run: which dumps it has verified, and what came of it.
///
/// A cache. When it is lost or does not fit, dumps are verified once more, and a dump that shrank is flagged again.
struct SidecarNotes: Sendable, Equatable {
  /// The notes of each stem have a file of their own, so that two sidecars can share a directory.
  static func fileName(of location: DumpLocation) -> String {
    let isStandard = location.stem.hasSameBytes(as: DumpLocation.defaultStem)
    return isStandard ? ".gatehouse-sidecar.json" : ".gatehouse-sidecar-\(location.stem).json"
  }

  private static let version = 1

  struct Note: Sendable, Equatable {
    let identity: FileIdentity
    let verification: Verification
    /// With which keys it was read.
    let keys: KeyMarks
  }

  /// By the dumps' names.
  var dumps: [String: Note] = [:]
  /// Names of dumps that count although a comparison with what is left may say that they shrank: those that an operator
  /// has accepted, and those that had not shrunk when they came. Without the second, a slow decline would look like an
  /// accident once the dumps between were pruned.
  var accepted: Set<String> = []
  /// Names of dumps that are safe offsite.
  var copied: Set<String> = []

  init() {}
}

extension SidecarNotes {
  /// - Returns: `nil` when the bytes are no notes of this version.
  init?(_ bytes: [UInt8]) {
    guard let object = try? JSONParser().parseObject(bytes), object["version"]?.number?.int == Self.version,
      let notes = object["dumps"]?.object
    else { return nil }
    for member in notes.members {
      guard let note = Note(member.value) else { return nil }
      dumps[member.key] = note
    }
    accepted = Set(object["accepted"]?.strings ?? [])
    copied = Set(object["copied"]?.strings ?? [])
  }

  var json: JSONValue {
    [
      "version": .integer(Self.version),
      "dumps": .object(JSONObject(dumps.sorted { $0.key < $1.key }.map { ($0.key, $0.value.json) })),
      "accepted": .strings(accepted.sorted()),
      "copied": .strings(copied.sorted()),
    ]
  }

  /// What vouches for the notes: who can write to the volume, but has no key, can't make a dump pass as verified, and so
  /// can't have good ones pruned.
  private static let purpose = "sidecar-notes-v1"

  /// - Returns: `nil` unless the bytes were sealed with one of the keys.
  init?(sealed bytes: [UInt8], _ keyring: DumpKeyring) {
    for key in keyring.all {
      if let notes = SidecarNotes(sealed: bytes, key) {
        self = notes
        return
      }
    }
    return nil
  }

  /// - Returns: `nil` unless the bytes were sealed with this key.
  init?(sealed bytes: [UInt8], _ key: DumpKey) {
    guard let end = bytes.lastIndex(of: UInt8(ascii: "\n")) else { return nil }
    let content = Array(bytes[..<end])
    guard let code = Hexadecimal.decode(bytes[(end + 1)...]),
      (try? key.isAuthentic(code, of: content, purpose: Self.purpose)) == true
    else { return nil }
    self.init(content)
  }

  /// The notes as they stand in their file: JSON, and the code that vouches for it on a line of its own.
  func sealed(_ key: DumpKey) throws -> [UInt8] {
    let content = JSONWriter.bytes(json)
    let code = try key.authenticationCode(of: content, purpose: Self.purpose)
    return content + [UInt8(ascii: "\n")] + Array(Hexadecimal.encode(code).utf8)
  }

  /// Notes what reading a dump showed, unless more is known: that keys do not open what others have opened says nothing.
  mutating func note(_ verification: Verification, of name: String, _ identity: FileIdentity, _ keys: KeyMarks) {
    if case .unopened = verification, let before = dumps[name], before.identity == identity,
      !before.keys.isSubset(of: keys)
    {
      return
    }
    dumps[name] = Note(identity: identity, verification: verification, keys: keys)
  }

  /// What is known of a file, as far as it holds for whoever has these keys.
  func verification(of name: String, _ identity: FileIdentity?, _ keys: KeyMarks) -> Verification? {
    guard let note = dumps[name], note.identity == identity else { return nil }
    // Another key may open what did not open.
    if note.verification.fault != nil, !keys.isSubset(of: note.keys) { return nil }
    return note.verification
  }

  /// Takes in what another process has noted; where both know a dump, the other's is younger.
  mutating func merge(_ other: SidecarNotes) {
    dumps.merge(other.dumps) { $1 }
    accepted.formUnion(other.accepted)
    copied.formUnion(other.copied)
  }

  /// Forgets dumps that are gone.
  mutating func keep(only names: Set<String>) {
    dumps = dumps.filter { names.contains($0.key) }
    accepted.formIntersection(names)
    copied.formIntersection(names)
  }
}

extension SidecarNotes.Note {
  fileprivate init?(_ value: JSONValue) {
    guard let note = value.object, let bytes = note["bytes"]?.number?.int,
      let modifiedAt = note["modified_at_ns"]?.number?.int, let inode = note["inode"]?.string.flatMap({ UInt64($0) })
    else { return nil }
    identity = FileIdentity(bytes: bytes, modifiedAt: modifiedAt, inode: inode)
    keys = KeyMarks(note["keys"]?.strings ?? [])
    if let error = note["error"]?.string {
      verification = note["unopened"] == true ? .unopened(error) : .damaged(error)
      return
    }
    guard let header = DumpHeader(reading: { note[$0] }),
      let documents = note["documents"]?.number?.int,
      let sha256 = note["sha256"]?.string, let collections = note["collections"]?.object,
      case let counts = collections.members.compactMap({ member in
        member.value.number?.int.map { Verification.Good.Collection(name: member.key, documents: $0) }
      }), counts.count == collections.members.count
    else { return nil }
    verification = .good(
      Verification.Good(header: header, documents: documents, sha256: sha256, collections: counts))
  }

  fileprivate var json: JSONValue {
    var note: JSONObject = [
      "bytes": .integer(identity.bytes), "modified_at_ns": .integer(identity.modifiedAt),
      "inode": .string(String(identity.inode)), "keys": .strings(keys.texts),
    ]
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
