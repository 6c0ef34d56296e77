import DumpDirectory
import JSON

/// What the sidecar remembers from run to run: which dumps it has verified, and what came of it.
///
/// A cache. When it is lost or does not fit, dumps are verified once more, and a dump that shrank is flagged again.
struct SidecarNotes: Sendable, Equatable {
  static let fileName = ".gatehouse-sidecar.json"
  private static let version = 1

  struct Note: Sendable, Equatable {
    let identity: FileIdentity
    let verification: Verification
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
    if let error = note["error"]?.string {
      verification = .damaged(error)
      return
    }
    guard let documents = note["documents"]?.number?.int, let sha256 = note["sha256"]?.string,
      let createdAt = note["created_at"]?.string, let format = note["format"]?.string,
      let collections = note["collections"]?.object
    else { return nil }
    verification = .good(
      Verification.Good(
        documents: documents, sha256: sha256, createdAt: createdAt, format: format,
        collections: collections.members.map { .init(name: $0.key, documents: $0.value.number?.int ?? 0) }))
  }

  fileprivate var json: JSONValue {
    var note: JSONObject = [
      "bytes": .integer(identity.bytes), "modified_at_ns": .integer(identity.modifiedAt),
      "inode": .string(String(identity.inode)),
    ]
    switch verification {
    case .damaged(let error): note["error"] = .string(error)
    case .good(let good): for (key, value) in good.fields { note[key] = value }
    }
    return .object(note)
  }
}

extension Verification.Good {
  /// As it stands in notes and receipts.
  var fields: [(String, JSONValue)] {
    [
      ("format", .string(format)), ("created_at", .string(createdAt)), ("documents", .integer(documents)),
      ("sha256", .string(sha256)),
      ("collections", .object(JSONObject(collections.map { ($0.name, .integer($0.documents)) }))),
    ]
  }
}
