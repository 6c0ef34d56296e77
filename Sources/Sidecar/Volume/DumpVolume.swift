import Clocks
import DumpDirectory
import DumpFormat
import DumpReports
import JSON
import Retention
import Settings
import Synchronization
import Threads

/// The dump directory as the sidecar sees it: dumps with the results of verifying them, which a cache remembers.
///
/// Every call blocks for as long as the volume takes, so all calls run on a worker whose caller does not wait for a
/// hung volume.
final class DumpVolume: Sendable {
  /// The keys, which are read again when their files change.
  let keys: VolumeKeys
  /// `MEM_DUMP_PATH`, for messages.
  let dumpPath: String
  private let access: CacheAccess
  private let steady: @Sendable () -> Duration
  private let settings: DumpSettings
  private let workingDirectory: String
  /// The largest size of the cache's file in bytes.
  private let maximumNotes: Int
  /// How often the cache is written while a long row of dumps is verified. Each write writes all of it.
  static let savePeriod = Duration.seconds(5)
  /// Why the file of the cache can't be read or written.
  let cacheFault = OngoingFault()
  let headers = JournalHeaders()
  let unreadDumps = UnreadDumps()
  private let opened = Mutex<DumpDirectory?>(nil)
  private let state = Mutex(CacheState())

  /// The cache in memory, and the file that it was last the same as.
  private struct CacheState: Sendable {
    var cache = VerificationCache()
    var identity: FileIdentity?
    /// Whether none of the keys authenticates the file.
    var isForeign = false
    /// Whether the cache holds something that the file lacks.
    var isUnsaved = false
    /// When the cache is written next, while several dumps are verified.
    var nextSave: Duration?
  }

  /// Reads nothing yet.
  ///
  /// - Parameters:
  ///   - access: what this process does with the file of the cache.
  ///   - maximumNotes: the largest size of the cache's file in bytes.
  ///   - steady: a clock that only goes forward.
  init(
    _ settings: DumpSettings, workingDirectory: String, cache access: CacheAccess,
    maximumNotes: Int = VerificationCache.maximumSize, steady: @escaping @Sendable () -> Duration = SteadyClock.now
  ) throws {
    self.settings = settings
    self.workingDirectory = workingDirectory
    keys = try VolumeKeys(settings)
    self.access = access
    self.maximumNotes = maximumNotes
    self.steady = steady
    dumpPath = settings.path
  }

  /// The keys in force.
  var keyring: DumpKeyring { keys.present.keyring }

  /// The dump directory. Resolving its path asks the volume already.
  var directory: DumpDirectory {
    get throws(DumpDirectoryError) {
      if let directory = opened.withLock({ $0 }) { return directory }
      let directory = DumpDirectory(try DumpLocation(settings, workingDirectory: workingDirectory))
      // The gateway makes the directory. Until then its path may come to mean another place.
      if directory.exists { opened.withLock { $0 = directory } }
      return directory
    }
  }

  /// The dumps, newest first, with what is known of each.
  ///
  /// - Parameter isCancelled: asked behind each dump, beginning with the one whose name is the latest. The others are
  ///   left out then.
  func dumps(isCancelled: () -> Bool = { false }) throws(DumpDirectoryError) -> [KnownDump] {
    var entries = try directory.catalogue(keyring, isCancelled: isCancelled)
    // The gateway writes with a new key only after the files of the keys have changed.
    if entries.contains(where: { $0.access == .noKey }), keys.refresh() {
      renewCache()
      entries = try directory.catalogue(keyring, isCancelled: isCancelled)
    }
    let (known, marks) = (refreshedCache, keys.present.marks)
    return entries.map { entry in
      let identity: FileIdentity?
      var readFault: String?
      do throws(DumpDirectoryError) {
        identity = try FileIdentity(of: entry.path)
      } catch {
        (identity, readFault) = (nil, "\(error)")
      }
      // The order of this dump among the others is not known now, and no start could load it. An earlier result must
      // not let it displace a dump that is good.
      if case .unreadable(let reason) = entry.access {
        return KnownDump(entry: entry, identity: identity, verification: nil, readFault: reason)
      }
      return KnownDump(
        entry: entry, identity: identity, verification: known.verification(of: entry.name, identity, marks),
        readFault: readFault)
    }
  }

  /// The files beside the dumps that are not ours.
  func leftAlone() throws(DumpDirectoryError) -> LeftAlone { try directory.leftAlone() }

  /// Reads every byte of a dump and caches the result. A dump that can't be read at the moment stays unverified.
  ///
  /// - Parameters:
  ///   - settling: how long a file that does not verify must stay unchanged before that result counts. A gateway that
  ///     names dumps before they are complete may still be writing it.
  ///   - isCancelled: asked now and then; a cancelled dump stays unverified.
  func verify(
    _ dump: KnownDump, settling: Duration? = nil, isCancelled: () -> Bool = { false }
  ) -> KnownDump {
    // The result counts for the keys that gave it.
    let keys = keys.present
    var dump = check(dump, keys.keyring, isCancelled: isCancelled)
    if !isCancelled() { unreadDumps.note(dump.name, isRead: dump.readFault == nil) }
    if let settling, dump.verification?.fault != nil, !isCancelled() { Wakeup().wait(until: Deadline(in: settling)) }
    // A file that has changed meanwhile is another one, and is verified in the next round.
    guard let verification = dump.verification, let identity = dump.identity,
      (try? FileIdentity(of: dump.entry.path)) == identity
    else {
      dump.verification = nil
      if dump.readFault == nil { dump.readFault = "the file changed while it was read" }
      return dump
    }
    change { $0.record(verification, of: dump.name, identity, keys.marks) }
    return dump
  }

  private func check(_ known: KnownDump, _ keyring: DumpKeyring, isCancelled: () -> Bool) -> KnownDump {
    var dump = known
    do throws(DumpDirectoryError) {
      let (found, fault) = try directory.verification(of: dump.entry.path, keyring, isCancelled: isCancelled)
      dump.verification = found
      if let fault { dump.readFault = fault }
    } catch {
      (dump.verification, dump.readFault) = (nil, "\(error)")
    }
    return dump
  }

  /// Reads every byte of a file anywhere, and caches nothing.
  func verify(path: String) -> KnownDump {
    let known = KnownDump(entry: DumpEntry(path: path), identity: nil)
    return check(known, keyring, isCancelled: { false })
  }

  /// The dumps as the retention rules see them.
  func judged(_ dumps: [KnownDump]) -> [JudgedDump] {
    let accepted = refreshedCache.accepted
    return dumps.map { $0.judged(isAccepted: accepted.contains(UTF8Key($0.name))) }
  }

  /// Accepts dumps, so that they are never flagged as shrunk.
  func accept(_ names: [String]) {
    let keys = names.map { UTF8Key($0) }
    guard !refreshedCache.accepted.isSuperset(of: keys) else { return }
    change { $0.accepted.formUnion(keys) }
  }

  /// Writes what was recorded and not written yet.
  ///
  /// - Returns: whether the file has all of it.
  @discardableResult
  func saveCache() -> Bool {
    state.withLock { state in
      save(&state)
      return !state.isUnsaved
    }
  }

  /// The result of verifying a journal, as far as it is known.
  func known(_ journal: String, _ identity: FileIdentity) -> Verification<GoodJournal>? {
    refreshedCache.journals.verification(of: journal, identity, keys.present.marks)
  }

  /// Caches the result of verifying a journal.
  ///
  /// - Parameter marks: of the keys that gave it.
  func record(
    _ verification: Verification<GoodJournal>, of journal: String, _ identity: FileIdentity, _ marks: KeyMarks
  ) {
    change { $0.journals.record(verification, of: journal, identity, marks) }
  }

  /// Writes the cache anew, with the key that is in force.
  func renewCache() { change { _ in } }

  /// Removes dumps and journals that are gone from the cache.
  func forgetAll(except names: [String]) {
    headers.forgetAll(except: names)
    let (before, keys) = (refreshedCache, Set(names.map { UTF8Key($0) }))
    unreadDumps.forgetAll(except: keys)
    var kept = before
    kept.removeAll(except: keys)
    if kept != before { change { $0.removeAll(except: keys) } }
  }

  /// Verifies several dumps and writes the cache for all of them: at the end, and now and then before. A process that
  /// is killed in between verifies some of them once more.
  func savingCacheOnce<Value>(_ body: () throws -> Value) rethrows -> Value {
    state.withLock { $0.nextSave = steady() + Self.savePeriod }
    defer {
      state.withLock { state in
        state.nextSave = nil
        save(&state)
      }
    }
    return try body()
  }
}

extension DumpVolume {
  /// The cache with what other processes have noted.
  var refreshedCache: VerificationCache { state.withLock { refresh(&$0) } }

  /// Changes the cache.
  ///
  /// - Parameter isSaved: whether that is written at once, unless several dumps are verified just now.
  func change(isSaved: Bool = true, _ body: (inout VerificationCache) -> Void) {
    state.withLock { state in
      _ = refresh(&state)
      // In place: a copy for each of many journals would cost the square of their number.
      body(&state.cache)
      state.isUnsaved = true
      guard isSaved else { return }
      if let next = state.nextSave {
        guard steady() >= next else { return }
        state.nextSave = steady() + Self.savePeriod
      }
      save(&state)
    }
  }

  private func save(_ state: inout CacheState) {
    guard state.isUnsaved else { return }
    switch access {
    case .reader: return
    case .guest where state.isForeign: return
    case .guest, .owner: break
    }
    // On a full or read-only volume the cache lives in memory only, and dumps are verified again after the next start.
    do {
      let bytes = try refresh(&state).sealed(keyring.sealing)
      // The file that is there is of more use than one that nobody reads.
      guard bytes.count <= maximumNotes else {
        cacheFault.note("they have more than the \(maximumNotes) bytes that are read")
        return
      }
      let directory = try directory
      let path = try directory.writeSmallFile(
        VerificationCache.fileName(of: directory.location), bytes, replaces: true)
      state.identity = try? FileIdentity(of: path)
      (state.isForeign, state.isUnsaved) = (false, false)
      cacheFault.note(nil)
    } catch {
      cacheFault.note("they can't be written: \(error)")
    }
  }

  /// The cache with what another process, such as an operator's command, has written meanwhile.
  private func refresh(_ state: inout CacheState) -> VerificationCache {
    // A caller that asks for the dumps learns why the directory can't be found.
    guard let directory = try? directory else { return state.cache }
    let name = VerificationCache.fileName(of: directory.location)
    do throws(DumpDirectoryError) {
      let identity = try FileIdentity(of: "\(directory.location.directory)/\(name)")
      guard identity != state.identity else { return state.cache }
      let read = VerificationCache(sealed: try directory.readSmallFile(name, maximum: maximumNotes), keyring)
      // A file that could not be read is read again, even if it does not change.
      state.identity = identity
      if let read { state.cache.merge(read) }
      if read == nil {
        cacheFault.note("they are damaged, or encrypted with another key")
      } else if state.isForeign {
        cacheFault.note(nil)
      }
      state.isForeign = read == nil
    } catch {
      // There is no file yet.
      if error.code == .notFound { return state.cache }
      state.isForeign = true
      cacheFault.note("they can't be read: \(error)")
    }
    return state.cache
  }
}
