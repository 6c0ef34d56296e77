import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import Settings
import Synchronization
import Threads

/// The volume as the sidecar sees it. Every call here blocks for as long as the volume takes: all run on the worker that
/// may hang.
final class DumpVolume: Sendable {
  let keyring: DumpKeyring
  /// `MEM_DUMP_PATH`, for messages.
  let place: String
  private let keys: KeyMarks
  private let access: NotesAccess
  private let steady: @Sendable () -> Duration
  private let settings: DumpSettings
  private let workingDirectory: String
  /// Of a long row of dumps the notes are written this often: each time all of them are.
  static let savePeriod = Duration.seconds(5)
  /// Why the notes can't be read or written.
  let notesTrouble = Trouble()
  private let opened = Mutex<DumpDirectory?>(nil)
  private let shelf = Mutex(Shelf())

  /// What becomes of the notes that this process makes.
  enum NotesAccess: Sendable {
    /// Written, also over a file that opens with none of the keys: it is damaged, or of keys that are gone.
    case owner
    /// Written, unless the file opens with none of the keys: this process may be the one that has the wrong keys.
    case guest
    /// Kept in memory: nothing on the volume changes.
    case reader
  }

  /// The notes as they are in memory, and the file that they were last the same as.
  private struct Shelf: Sendable {
    var notes = SidecarNotes()
    var identity: FileIdentity?
    /// The file was sealed with none of the keys.
    var isForeign = false
    /// Something in them is not in the file.
    var isUnsaved = false
    /// While several dumps are verified: when the notes are written next.
    var nextSave: Duration?
  }

  /// Looks at nothing yet.
  ///
  /// - Parameters:
  ///   - access: what becomes of the notes that this process makes.
  ///   - steady: a clock that only goes forward.
  init(
    _ settings: DumpSettings, workingDirectory: String, notes access: NotesAccess,
    steady: @escaping @Sendable () -> Duration = SteadyClock.now
  ) throws {
    self.settings = settings
    self.workingDirectory = workingDirectory
    keyring = settings.keyring
    keys = try KeyMarks(settings.keyring)
    self.access = access
    self.steady = steady
    place = settings.path
  }

  /// The directory of dumps. Finding out where it is asks the volume already.
  var directory: DumpDirectory {
    get throws(DumpDirectoryError) {
      if let directory = opened.withLock({ $0 }) { return directory }
      let directory = DumpDirectory(try DumpLocation(settings, workingDirectory: workingDirectory))
      // The service makes it; what its path means can change until then.
      if directory.exists { opened.withLock { $0 = directory } }
      return directory
    }
  }

  /// The dumps, newest first, with what is known of each.
  func dumps() throws(DumpDirectoryError) -> [KnownDump] {
    let known = loadedNotes
    return try directory.catalogue(keyring).map { entry in
      let identity: FileIdentity?
      var trouble: String?
      do throws(DumpDirectoryError) {
        identity = try FileIdentity(of: entry.path)
      } catch {
        (identity, trouble) = (nil, "\(error)")
      }
      // Where it stands among the others is not known now, and no start could load it: what was found earlier must not let it take
      // the place of one that is good.
      if case .unreadable(let reason) = entry.access {
        return KnownDump(entry: entry, identity: identity, verification: nil, trouble: reason)
      }
      return KnownDump(
        entry: entry, identity: identity, verification: known.verification(of: entry.name, identity, keys),
        trouble: trouble)
    }
  }

  /// What stands beside the dumps and is not ours.
  func leftAlone() throws(DumpDirectoryError) -> LeftAlone { try directory.leftAlone() }

  /// Reads every byte of a dump and notes what came of it. A dump that can't be read just now stays unverified.
  ///
  /// - Parameters:
  ///   - settling: how long a file that does not verify must stay as it is before that is believed: a service that gives
  ///     dumps their name before they are whole may still be writing it.
  ///   - isCancelled: asked now and then; a dump that is given up stays unverified.
  func verify(
    _ dump: KnownDump, settling: Duration? = nil, isCancelled: () -> Bool = { false }
  ) -> KnownDump {
    var dump = check(dump, isCancelled: isCancelled)
    if let settling, dump.verification?.fault != nil, !isCancelled() { Wakeup().wait(until: Deadline(in: settling)) }
    // A file that changed meanwhile is another one: it comes again.
    guard let verification = dump.verification, let identity = dump.identity,
      (try? FileIdentity(of: dump.entry.path)) == identity
    else {
      dump.verification = nil
      if dump.trouble == nil { dump.trouble = "the file changed while it was read" }
      return dump
    }
    change { $0.note(verification, of: dump.name, identity, keys) }
    return dump
  }

  private func check(_ known: KnownDump, isCancelled: () -> Bool) -> KnownDump {
    var dump = known
    do throws(DumpDirectoryError) {
      let (found, trouble) = try directory.verification(of: dump.entry.path, keyring, isCancelled: isCancelled)
      dump.verification = found
      if let trouble { dump.trouble = trouble }
    } catch {
      (dump.verification, dump.trouble) = (nil, "\(error)")
    }
    return dump
  }

  /// The same for a file anywhere, of which nothing is noted.
  func verify(path: String) -> KnownDump {
    let known = KnownDump(entry: DumpEntry(path: path), identity: nil)
    return check(known, isCancelled: { false })
  }

  var accepted: Set<String> { loadedNotes.accepted }
  var copied: Set<String> { loadedNotes.copied }

  func accept(_ names: some Collection<String>) {
    guard !loadedNotes.accepted.isSuperset(of: names) else { return }
    change { $0.accepted.formUnion(names) }
  }

  func markCopied(_ name: String) { change { $0.copied.insert(name) } }

  /// Forgets what is noted of dumps that are gone.
  func forget(except names: Set<String>) {
    var kept = loadedNotes
    kept.keep(only: names)
    if kept != loadedNotes { change { $0.keep(only: names) } }
  }

  /// Verifies several dumps and writes what is noted of them together: at the end, and now and then before it. Who is killed
  /// in between verifies some of them once more.
  func savingTogether<Value>(_ body: () throws -> Value) rethrows -> Value {
    shelf.withLock { $0.nextSave = steady() + Self.savePeriod }
    defer {
      shelf.withLock { shelf in
        shelf.nextSave = nil
        save(&shelf)
      }
    }
    return try body()
  }

  private var loadedNotes: SidecarNotes { shelf.withLock { refreshed(&$0) } }

  private func change(_ body: (inout SidecarNotes) -> Void) {
    shelf.withLock { shelf in
      var changed = refreshed(&shelf)
      body(&changed)
      shelf.notes = changed
      shelf.isUnsaved = true
      if let next = shelf.nextSave {
        guard steady() >= next else { return }
        shelf.nextSave = steady() + Self.savePeriod
      }
      save(&shelf)
    }
  }

  private func save(_ shelf: inout Shelf) {
    guard shelf.isUnsaved else { return }
    switch access {
    case .reader: return
    case .guest where shelf.isForeign: return
    case .guest, .owner: break
    }
    // On a full or read-only volume they live in memory only, and dumps are verified again after the next start.
    do {
      let bytes = try refreshed(&shelf).sealed(keyring.sealing)
      let directory = try directory
      let path = try directory.writeSmallFile(
        SidecarNotes.fileName(of: directory.location), bytes, replaces: true)
      shelf.identity = try? FileIdentity(of: path)
      (shelf.isForeign, shelf.isUnsaved) = (false, false)
      notesTrouble.note(nil)
    } catch {
      notesTrouble.note("they can't be written: \(error)")
    }
  }

  /// The notes with what another process, as a command of an operator, has noted meanwhile.
  private func refreshed(_ shelf: inout Shelf) -> SidecarNotes {
    // Whoever asks for the dumps hears why the directory can't be found.
    guard let directory = try? directory else { return shelf.notes }
    let name = SidecarNotes.fileName(of: directory.location)
    do throws(DumpDirectoryError) {
      let identity = try FileIdentity(of: "\(directory.location.directory)/\(name)")
      guard identity != shelf.identity else { return shelf.notes }
      shelf.identity = identity
      let read = SidecarNotes(sealed: try directory.readSmallFile(name), keyring)
      if let read { shelf.notes.merge(read) }
      shelf.isForeign = read == nil
      if read == nil { notesTrouble.note("they are damaged, or sealed with another key") }
    } catch {
      // There are none yet.
      if error.code == .notFound { return shelf.notes }
      shelf.isForeign = true
      notesTrouble.note("they can't be read: \(error)")
    }
    return shelf.notes
  }
}
