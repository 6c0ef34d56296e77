import DumpDirectory
import DumpReports
import JSON

/// The part of the verification cache about journals.
struct JournalNotes: Sendable, Equatable {
  /// The result of verifying one file.
  fileprivate struct Note: Sendable, Equatable {
    let identity: FileIdentity
    let verification: Verification<GoodJournal>
    /// The keys that were configured when the file was read.
    let keys: KeyMarks
  }

  fileprivate var notes: [UTF8Key: Note] = [:]

  init() {}

  /// Records the result of verifying a journal.
  mutating func record(
    _ verification: Verification<GoodJournal>, of name: String, _ identity: FileIdentity, _ keys: KeyMarks
  ) {
    notes[UTF8Key(name)] = Note(identity: identity, verification: verification, keys: keys)
  }

  /// The result of verifying a file, as far as it holds for these keys.
  func verification(of name: String, _ identity: FileIdentity, _ keys: KeyMarks) -> Verification<GoodJournal>? {
    guard let note = notes[UTF8Key(name)], note.identity == identity else { return nil }
    // A journal that the earlier keys did not decrypt may be encrypted with a key that is new.
    if note.verification.fault != nil, !keys.isSubset(of: note.keys) { return nil }
    return note.verification
  }

  /// Takes in the notes of another process. Where both know a journal, the result of the other is younger.
  mutating func merge(_ other: JournalNotes) { notes.merge(other.notes) { $1 } }

  /// Removes journals that are gone.
  mutating func removeAll(except names: Set<UTF8Key>) { notes = notes.filter { names.contains($0.key) } }
}

extension JournalNotes {
  /// - Parameter value: the member of the cache, which older programs did not write.
  /// - Returns: `nil` when it is no member of this program.
  init?(_ value: JSONValue?) {
    guard let value else { return }
    guard let members = value.object?.members else { return nil }
    for member in members {
      guard let note = Note(member.value) else { return nil }
      notes[UTF8Key(member.key)] = note
    }
  }

  /// The notes as JSON.
  var json: JSONValue {
    .object(JSONObject(notes.sorted { $0.key < $1.key }.map { ($0.key.text, $0.value.json) }))
  }
}

extension JournalNotes.Note {
  fileprivate init?(_ value: JSONValue) {
    guard let note = value.object, let identity = FileIdentity(note) else { return nil }
    self.identity = identity
    keys = KeyMarks(note["keys"]?.strings ?? [])
    if let error = note["error"]?.string {
      verification = note["unopened"] == true ? .unopened(error) : .damaged(error)
      return
    }
    guard let commits = note["commits"]?.number?.int, let end = note["end"]?.number?.int else { return nil }
    verification = .good(
      .init(
        commits: commits, first: note["first_us"]?.number?.int, last: note["last_us"]?.number?.int, bytes: end,
        isClosed: note["closed"] == true, torn: note["torn"]?.number?.int ?? 0))
  }

  fileprivate var json: JSONValue {
    var note = identity.json
    note["keys"] = .strings(keys.texts)
    switch verification {
    case .damaged(let error): note["error"] = .string(error)
    case .unopened(let error):
      note["error"] = .string(error)
      note["unopened"] = true
    case .good(let good):
      note["commits"] = .integer(good.commits)
      note["first_us"] = good.first.map { .integer($0) }
      note["last_us"] = good.last.map { .integer($0) }
      note["end"] = .integer(good.bytes)
      note["closed"] = .bool(good.isClosed)
      note["torn"] = .integer(good.torn)
    }
    return .object(note)
  }
}

extension FileIdentity {
  /// Reads an identity from a note of the cache.
  init?(_ note: JSONObject) {
    guard let bytes = note["bytes"]?.number?.int, let modifiedAt = note["modified_at_ns"]?.number?.int,
      let inode = note["inode"]?.string.flatMap({ UInt64($0) })
    else { return nil }
    self.init(bytes: bytes, modifiedAt: modifiedAt, inode: inode)
  }

  /// The members of a note.
  var json: JSONObject {
    ["bytes": .integer(bytes), "modified_at_ns": .integer(modifiedAt), "inode": .string(String(inode))]
  }
}
